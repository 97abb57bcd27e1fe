//! Moving about on the main screen.

use crate::{
    domain::{Found, RunKey, SafeText, ServiceChanges, ServiceName},
    tui::{
        effect::Effect,
        model::{Model, Overlay, Pane, RunLine, Tone, verdict_tone},
        widget::scroll,
    },
};

fn service_keys(m: &Model) -> Vec<ServiceName> {
    m.service_rows().iter().map(|r| r.name.clone()).collect()
}

fn run_keys(m: &Model) -> Vec<RunKey> {
    m.run_rows().iter().map(|r| r.key.clone()).collect()
}

/// After rows changed: every selection stays on its item and in sight.
pub fn follow(m: &mut Model) {
    let (services, runs) = (service_keys(m), run_keys(m));
    m.services.follow(&services);
    m.runs.follow(&runs);
    m.events = m.events.min(m.happened().len().saturating_sub(1));
    in_sight(m);
}

fn in_sight(m: &mut Model) {
    let services = service_keys(m);
    if let Some(room) = m.map.room(Pane::Services) {
        m.services.offset = scroll(m.services.offset, m.services.row(&services), services.len(), room);
    }
    if let Some(room) = m.map.room(Pane::Runs) {
        m.runs.offset = m.runs_offset(&m.run_lines(), room);
    }
}

/// Gives a pane the keys, and brings it to the front where panes share room.
pub fn focus(m: &mut Model, pane: Pane) {
    m.focus = pane;
    if Pane::TABS.contains(&pane) {
        m.tab = pane;
    }
}

/// The pane after or before, in the order of their numbers.
pub fn cycle(m: &mut Model, by: isize) {
    let tiled = m.size.0 >= 100 || m.zoom;
    // Where panes share room, the way leads over what is to be seen: services, the open tab, events.
    let order: Vec<Pane> = if tiled { Pane::ALL.to_vec() } else { vec![Pane::Services, m.tab, Pane::Events] };
    let at = order.iter().position(|p| *p == m.focus).unwrap_or(0);
    let next = (at as isize + by).rem_euclid(order.len() as isize);
    focus(m, order[next as usize]);
}

/// To another pane; in the graphs, to another time, and back to the newest at the end of it.
pub fn sideways(m: &mut Model, by: isize) {
    if m.focus != Pane::Graphs {
        return cycle(m, by);
    }
    let most = m.snapshot.metrics.value().into_iter().flat_map(|all| all.values());
    let most = most.filter_map(|a| a.history.as_ref()).map(|h| h.errors.len().saturating_sub(1)).max().unwrap_or(0);
    m.graph_cursor = match m.graph_cursor {
        None if by < 0 && most > 0 => Some(0),
        Some(0) if by > 0 => None,
        at => at.map(|at| at.saturating_add_signed(-by).min(most)),
    };
}

/// The next tab of the detail.
pub fn tab(m: &mut Model, by: isize) {
    let at = Pane::TABS.iter().position(|p| *p == m.tab).unwrap_or(0) as isize;
    let next = (at + by).rem_euclid(Pane::TABS.len() as isize);
    let was = m.focus;
    focus(m, Pane::TABS[next as usize]);
    if was == Pane::Services {
        m.focus = was;
    }
}

/// Moves the selection of the focused pane.
pub fn step(m: &mut Model, by: isize) {
    match m.focus {
        Pane::Runs => {
            let keys = run_keys(m);
            m.runs.step(&keys, by);
        }
        Pane::Changes if !m.changes().is_empty() => {
            let known = |c: &ServiceChanges| match &c.found {
                Found::Known(set) => {
                    3 + set.missing.len() + set.migrations.len() + set.config.len() + set.pulls.len() + set.listed.len()
                }
                _ => 2,
            };
            let last = m.changes().iter().map(known).sum::<usize>().saturating_sub(m.map.room(Pane::Changes).unwrap_or(1));
            m.changes_offset = m.changes_offset.saturating_add_signed(by).min(last);
        }
        Pane::Events => {
            let last = m.happened().len().saturating_sub(1);
            m.events = m.events.saturating_add_signed(by).min(last);
        }
        // The other panes speak of the selected service: moving in them moves it.
        _ => {
            let keys = service_keys(m);
            m.services.step(&keys, by);
            m.changes_offset = 0;
        }
    }
    in_sight(m);
}

/// Half a page.
pub fn page(m: &mut Model, by: isize) {
    let room = m.map.room(m.focus).unwrap_or(10).max(2) / 2;
    step(m, by * room as isize);
}

/// Selects a service; what the other panes show of it begins at its top.
fn select(m: &mut Model, row: usize) {
    let keys = service_keys(m);
    m.services.select(&keys, row);
    m.changes_offset = 0;
}

/// Selects a row of a pane.
pub fn pick(m: &mut Model, pane: Pane, row: usize) {
    match pane {
        Pane::Services => select(m, row),
        Pane::Runs => {
            let keys = run_keys(m);
            // A click on a part means its run.
            let above = m.run_lines().into_iter().take(row + 1).filter(|l| matches!(l, RunLine::Run(_))).count();
            m.runs.select(&keys, above.saturating_sub(1));
        }
        _ => {}
    }
    in_sight(m);
}

/// Enter: looks closer at what is selected.
pub fn open(m: &mut Model) -> Vec<Effect> {
    match m.focus {
        Pane::Services => {
            let has_canary = m.selected().is_some_and(|s| s.canary.is_some());
            focus(m, if has_canary { Pane::Canary } else { Pane::Graphs });
        }
        Pane::Runs => {
            let keys = run_keys(m);
            let Some(at) = m.runs.row(&keys) else { return vec![] };
            m.runs.select(&keys, at);
            let key = keys[at].clone();
            m.opened = if m.opened.as_ref() == Some(&key) { None } else { Some(key) };
            let closely = m.opened.iter().map(|k| (k.repo.clone(), k.id.clone())).collect();
            // A run speaks of services: the first of them becomes the selected one.
            let subject = m.run_rows().get(at).map(|r| r.subject.clone());
            let name = subject.as_deref().and_then(|s| s.split(' ').next()).map(str::to_owned);
            if let Some(at) = service_keys(m).iter().position(|k| Some(k.as_str()) == name.as_deref()) {
                select(m, at);
            }
            in_sight(m);
            return vec![Effect::Closely(closely)];
        }
        _ => m.zoom = !m.zoom,
    }
    vec![]
}

/// Marks the selected service, or takes its mark away.
pub fn mark(m: &mut Model) {
    let Some(name) = m.selected().map(|row| row.name.clone()) else { return };
    if !m.marks.remove(&name) {
        m.marks.insert(name);
    }
}

/// Escape: takes away what is in the way, the newest first.
pub fn back(m: &mut Model) -> Vec<Effect> {
    if m.focus == Pane::Runs && m.opened.take().is_some() {
        in_sight(m);
        return vec![Effect::Closely(vec![])];
    }
    if m.graph_cursor.take().is_some() {
        return vec![];
    }
    if m.zoom {
        m.zoom = false;
    } else if !m.filter.text.is_empty() {
        m.filter.text.clear();
        follow(m);
    } else if !m.marks.is_empty() {
        m.marks.clear();
    } else if m.focus != Pane::Services {
        m.focus = Pane::Services;
    }
    vec![]
}

/// Goes to what the verdict rests on: the service of the worst reason, and the pane that shows it.
pub fn worst(m: &mut Model) {
    use crate::domain::StationKind as K;
    let report = std::sync::Arc::clone(&m.snapshot.verdict);
    let worst = report.stations.iter().filter(|s| s.verdict.is_some()).min_by_key(|s| std::cmp::Reverse(s.verdict));
    let Some(station) = worst.filter(|s| verdict_tone(s.verdict) > Tone::Good) else {
        super::say(m, "nothing is in trouble");
        return;
    };
    if let Some(service) = station.reasons.iter().find_map(|r| r.service.clone()) {
        m.filter.text.clear();
        if let Some(at) = service_keys(m).iter().position(|k| *k == service) {
            select(m, at);
        }
        if station.kind == K::Ci {
            let rows: Vec<String> = m.run_rows().iter().map(|r| r.subject.clone()).collect();
            let keys = run_keys(m);
            if let Some(at) = rows.iter().position(|s| s.split(' ').next() == Some(service.as_str())) {
                m.runs.select(&keys, at);
            }
        }
    }
    focus(
        m,
        match station.kind {
            K::Ci => Pane::Runs,
            K::Env => Pane::Services,
            K::Canary => Pane::Canary,
            K::Slo => Pane::Graphs,
            K::Flags => Pane::Flags,
            K::List => Pane::Checklist,
            K::Window | K::Lock => Pane::Services,
        },
    );
    if matches!(station.kind, K::Window | K::Lock) {
        m.overlays.push(Overlay::Why(0));
    }
    in_sight(m);
}

/// The verdict in five lines, for a chat.
pub fn brief(m: &Model) -> Vec<SafeText> {
    let report = &m.snapshot.verdict;
    let release = m.board.release.as_ref().map(|(n, a, b)| format!("{n} {a} > {b}")).unwrap_or_else(|| "no release".to_owned());
    let place = m.snapshot.environment().map(|e| e.name.to_string()).unwrap_or_default();
    let stations: Vec<String> = report.stations.iter().filter_map(|s| s.verdict.map(|v| format!("{} {v}", s.kind))).collect();
    let canary = m.board.services.iter().find_map(|s| s.canary.as_ref().map(|c| (s, c)));
    let canary = canary.map_or_else(
        || "no canary under way".to_owned(),
        |(s, c)| {
            let set = c.set().map_or("?".to_owned(), |w| format!("{w:.0} %"));
            let actual = c.actual.map_or("?".to_owned(), |w| format!("{w:.1} %"));
            format!("canary {} at {set}, actual {actual}", s.name)
        },
    );
    vec![
        format!("{} {release} on {place}", report.verdict).into(),
        report.sentence.clone(),
        stations.join(", ").into(),
        canary.into(),
        format!("as of {}", m.snapshot.at.strftime("%Y-%m-%d %H:%M:%SZ")).into(),
    ]
}
