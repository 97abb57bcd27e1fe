//! A blue-green rollout: what users get, what waits behind the preview Service, and what is still warm.

use jiff::Timestamp;
use ratatui::{layout::Rect, text::Span};

use super::{Canvas, delegated, facts};
use crate::{
    action::Verb,
    domain::{BlueGreenStand, ClusterName, Delegated, EnvironmentName, SideStand},
    tui::{
        command::Command,
        glyph::Glyph,
        model::{Model, ServiceRow, age},
        theme::Token,
        widget::put,
    },
};

/// A blue-green rollout that is under way, or whose earlier revision is still warm.
pub(super) struct Busy<'a> {
    environment: &'a EnvironmentName,
    sides: Vec<(&'a ClusterName, &'a Delegated, &'a BlueGreenStand)>,
}

/// The last environment in which something is under way.
pub(super) fn busy<'a>(m: &'a Model, row: &ServiceRow) -> Option<Busy<'a>> {
    m.snapshot.topology.environments.iter().rev().find_map(|e| {
        let sides: Vec<_> = delegated(m, row, &e.name)
            .into_iter()
            .filter_map(|(cluster, d)| Some((cluster, d, d.blue_green.as_ref()?)))
            .filter(|(_, d, stand)| !stand.switched || !d.warm.is_empty() || d.phase.as_str() != "Healthy")
            .collect();
        (!sides.is_empty()).then_some(Busy { environment: &e.name, sides })
    })
}

/// Draws it: a block per cluster, as many as there is room for.
pub(super) fn draw(c: &mut Canvas<'_>, area: Rect, busy: &Busy<'_>) {
    let look = c.look;
    let mut y = 0;
    for (cluster, d, stand) in &busy.sides {
        let place = format!("{} {cluster}", busy.environment);
        let mut words = vec![look.span(Token::Dim, format!("{place}  "))];
        words.extend(state(c, d, stand));
        facts::line(c, area, y, &words);
        y = side(c, area, y + 1, "active", &stand.active, Token::Baseline);
        if let Some(preview) = stand.preview.as_ref().filter(|p| p.hash != stand.active.hash) {
            y = side(c, area, y, "preview", preview, Token::Canary);
        }
        for warm in d.warm.iter().filter(|w| Some(&w.hash) != stand.preview.as_ref().map(|p| &p.hash)) {
            let words = facts::warm(c, warm);
            facts::line(c, area, y, &words);
            y += 1;
        }
        for fact in d.analyses.iter().flat_map(|a| facts::analysis(c, a, "")).collect::<Vec<_>>() {
            facts::line(c, area, y, &fact.words);
            y += 1;
        }
        y += 1;
    }
    let key = c.m.keymap.shown(Command::Act(Verb::Abort));
    let waits = busy.sides.iter().any(|(_, d, stand)| !stand.switched && d.phase.as_str() != "Degraded");
    if waits && !key.is_empty() && area.height > y {
        let x = put(c.buf, area, 0, area.height - 1, "back  ", look.style(Token::Dim));
        let x = put(c.buf, area, x, area.height - 1, &key, look.style(Token::Key));
        put(c.buf, area, x, area.height - 1, " abort", look.style(Token::Dim));
    }
}

/// Where it stands, in a few words.
fn state(c: &Canvas<'_>, d: &Delegated, stand: &BlueGreenStand) -> Vec<Span<'static>> {
    let look = c.look;
    let ago = |at: Timestamp| age(c.m.now.duration_since(at).as_secs());
    let since = d.since.map(|at| format!(" {}", ago(at))).unwrap_or_default();
    let message = d.message.as_ref().map(ToString::to_string).unwrap_or_default();
    match (d.phase.as_str(), stand.switches_at) {
        ("Paused", Some(at)) if message == "BlueGreenPause" => {
            let left = at.duration_since(c.m.now).as_secs().max(0);
            vec![look.span(Token::Running, format!("switches by itself in {}", facts::in_coarse(left)))]
        }
        ("Paused", None) if message == "BlueGreenPause" => {
            vec![look.sign(Token::Waiting, Glyph::Waiting), look.span(Token::Waiting, format!(" waits for the switch{since}"))]
        }
        ("Paused", _) => vec![look.span(Token::Hold, format!("paused{since}: {message}"))],
        ("Degraded", _) => vec![look.span(Token::NoGo, message)],
        ("Healthy", _) => vec![look.span(Token::Go, "switched")],
        (phase, _) => vec![look.span(Token::Running, format!("{}: {message}", phase.to_lowercase()))],
    }
}

fn side(c: &mut Canvas<'_>, area: Rect, y: u16, name: &str, side: &SideStand, token: Token) -> u16 {
    let look = c.look;
    let version = side.version.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
    let pods = side.available.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let behind = match side.endpoints {
        Some(0) => look.span(Token::NoGo, "no ready endpoint"),
        Some(n) => look.span(Token::Dim, format!("{n} ready endpoints")),
        None => look.span(Token::Unknown, "endpoints not known"),
    };
    let words = [
        look.span(Token::Dim, format!("{name:<9}")),
        look.span(token, version),
        look.span(Token::Dim, format!("  {pods} pods, ")),
        behind,
    ];
    facts::line(c, area, y, &words);
    y + 1
}
