use ratatui::layout::Rect;

use super::*;
use crate::{
    action::Verb,
    tui::{
        command::Command,
        message::Message,
        model::{Confirm, Group, Overlay, PlanCard, PlanRow, fixture},
        print,
        theme::{Depth, Theme},
        update::update,
    },
};

fn frame(m: &Model, look: &Look) -> (Buffer, ScreenMap) {
    let mut buf = Buffer::empty(Rect::new(0, 0, m.size.0, m.size.1));
    let map = draw_into(m, look, &mut buf);
    (buf, map)
}

fn press(m: &mut Model, keys: &str) {
    for step in crate::tui::input::parse_keys(keys).unwrap() {
        if let crate::tui::input::Step::Key(key) = step {
            update(m, Message::Key(key));
        }
    }
}

fn overlays(m: &mut Model) {
    let action = crate::action::Action::parse(["abort", "payment", "--env", "production"]).unwrap();
    let rows = vec![PlanRow::new(Group::How, "sends", "PATCH a path that is long ".repeat(20)); 12];
    let card = PlanCard { rows, ..fixture::card(1, action) };
    m.overlays = vec![
        Overlay::Why(3),
        Overlay::Help(900),
        Overlay::Menu(1),
        Overlay::Themes { at: 4, before: "dark".into() },
        Overlay::Operations(3),
        Overlay::Ways(Box::new(fixture::ways())),
        Overlay::Leaving,
        Overlay::Confirm(Box::new(Confirm { offset: 2, ..Confirm::new(Box::new(card)) })),
        Overlay::Refused {
            what: "abort".into(),
            why: "because ".repeat(30).into(),
            hint: Some("hint".into()),
            again: Some(Command::Act(Verb::Abort)),
        },
    ];
}

#[test]
fn any_size_is_safe_with_and_without_dialogs() {
    let look = Look::full();
    let sizes = (1..=24u16).chain((25..=210).step_by(13)).chain([79, 80, 99, 100, 159, 160, 500]);
    for width in sizes {
        for height in (1..=16u16).chain([19, 20, 24, 25, 26, 29, 30, 40, 60, 200]) {
            let mut m = fixture::model(width, height);
            frame(&m, &look);
            overlays(&mut m);
            frame(&m, &look);
            for keys in [":", "/", "+", "2+", "5+", "8"] {
                let mut m = fixture::model(width, height);
                press(&mut m, keys);
                frame(&m, &look);
            }
        }
    }
    let empty = Model::new(fixture::now(), (80, 24), fixture::topology(), std::sync::Arc::default());
    assert!(print::plain(&frame(&empty, &look).0).contains("READING"), "before the first answer nothing is claimed");
}

#[test]
fn the_verdict_never_leaves_the_screen() {
    for (width, height) in [(9, 1), (20, 3), (40, 8), (60, 14), (80, 24), (100, 20), (120, 40), (200, 60)] {
        for keys in ["", "v", "?", ":", "+", "A", "G"] {
            let mut m = fixture::model(width, height);
            press(&mut m, keys);
            let text = print::plain(&frame(&m, &Look::full()).0);
            assert!(text.contains("NO-GO"), "{width}x{height} {keys}:\n{text}");
        }
    }
}

#[test]
fn below_the_least_size_it_says_what_it_needs() {
    for (width, height) in [(39, 8), (40, 7), (12, 2), (30, 1)] {
        assert!(print::plain(&frame(&fixture::model(width, height), &Look::full()).0).contains("need 40x8"), "{width}x{height}");
    }
    assert!(!print::plain(&frame(&fixture::model(40, 8), &Look::full()).0).contains("need"));
}

#[test]
fn states_are_told_apart_without_colours() {
    let mono = Look::new(Theme::built_in("mono").unwrap(), crate::tui::glyph::Glyphs::Ascii, Depth::Mono);
    let (buf, _) = frame(&fixture::model(120, 40), &mono);
    let text = print::plain(&buf);
    assert!(text.is_ascii(), "{text}");
    for sign in ["[NO-GO]", "x CANARY", "+ CI", "= SLO", "- FLAGS"] {
        assert!(text.contains(sign), "{sign}:\n{text}");
    }
}

#[test]
fn moving_the_selection_touches_two_rows() {
    let mut m = fixture::model(120, 40);
    m.focus = crate::tui::model::Pane::Services;
    press(&mut m, "j");
    let look = Look::full().for_slow_line();
    let (before, _) = frame(&m, &look);
    press(&mut m, "j");
    let (after, _) = frame(&m, &look);
    let mut rows: Vec<u16> = before.diff(&after).iter().filter(|(x, ..)| *x < 72).map(|(_, y, _)| *y).collect();
    rows.dedup();
    assert_eq!(rows.len(), 2, "{rows:?}");
}

#[test]
fn a_second_is_no_new_frame() {
    let mut m = fixture::model(120, 40);
    let look = Look::full();
    let (before, _) = frame(&m, &look);
    let later = m.now + jiff::SignedDuration::from_secs(7);
    update(&mut m, Message::Tick(later));
    let (after, _) = frame(&m, &look);
    assert!(before.diff(&after).is_empty());
}

#[test]
fn a_pane_whose_source_is_in_trouble_says_since_when() {
    let mut m = fixture::model(120, 40);
    let mut snapshot = fixture::snapshot();
    let problem = crate::domain::Problem::new(crate::domain::ProblemKind::Timeout, "no answer in 10 s");
    let cluster: crate::domain::ClusterName = "eu-1".parse().unwrap();
    let mut state = (*snapshot.clusters[&cluster]).clone();
    state.deployments.trouble(fixture::now(), problem);
    snapshot.clusters.insert(cluster, std::sync::Arc::new(state));
    update(&mut m, Message::Snapshot(std::sync::Arc::new(snapshot)));
    update(&mut m, Message::Tick(fixture::now() + jiff::SignedDuration::from_mins(3)));
    let text = print::plain(&frame(&m, &Look::full()).0);
    assert!(text.contains("~ eu-1 deployments since 3 min"), "{text}");
    press(&mut m, "vG");
    let text = print::plain(&frame(&m, &Look::full()).0);
    assert!(text.contains("no answer in 10 s"), "{text}");
}

#[test]
fn clicks_land_on_what_is_drawn() {
    let mut m = fixture::model(120, 40);
    let (_, map) = frame(&m, &Look::full());
    update(&mut m, Message::Drawn(map));
    update(&mut m, Message::Click(10, 7));
    assert_eq!(m.selected().unwrap().name.as_str(), m.board.services[2].name.as_str());
    update(&mut m, Message::Click(90, 30));
    assert_eq!(m.focus, crate::tui::model::Pane::Graphs);
}

#[test]
fn the_help_page_lists_what_the_keymap_has() {
    let overrides = [("why".to_owned(), vec!["<c-w>".to_owned()])].into();
    let mut m = fixture::model(120, 60);
    m.keymap = std::sync::Arc::new(crate::tui::keymap::Keymap::with(&overrides).unwrap());
    press(&mut m, "?");
    let text = print::plain(&frame(&m, &Look::full()).0);
    assert!(text.contains("<c-w>") && text.contains("Why the verdict is what it is"), "{text}");
    assert!(text.lines().last().unwrap().contains("<c-w> why"), "the footer too: {text}");
}

#[test]
fn a_rate_limit_counts_down_and_a_budget_that_runs_out_is_said() {
    use crate::domain::{Budget, Feed, Problem, ProblemKind};
    let mut m = fixture::model(160, 40);
    let mut snapshot = fixture::snapshot();
    let now = fixture::now();
    let until = now + jiff::SignedDuration::from_mins(57);
    let mut pipelines = (*snapshot.pipelines).clone();
    let mut feed = Feed::Waiting;
    feed.trouble(now - jiff::SignedDuration::from_mins(3), Problem::new(ProblemKind::RateLimited, "spent").until(until));
    pipelines.runs.insert("acme/shop".parse().unwrap(), feed);
    pipelines.budget = Some(Budget { remaining: 7, limit: 5_000, reset: Some(until) });
    snapshot.pipelines = std::sync::Arc::new(pipelines);
    update(&mut m, Message::Snapshot(std::sync::Arc::new(snapshot)));
    press(&mut m, "2+");
    let text = print::plain(&frame(&m, &Look::full()).0);
    assert!(text.contains("7 of 5000 requests left, anew at 11:17Z"), "{text}");
    assert!(text.contains("~ acme/shop since 3 min, again in 57 min"), "{text}");
}

mod acts;
