use proptest::prelude::*;

use super::*;
use crate::{
    action::{Action, Verb},
    domain::{Exit, Refusal, StationKind},
    tui::model::{PlanCard, fixture},
};

fn press(m: &mut Model, keys: &str) -> Vec<Effect> {
    let steps = crate::tui::input::parse_keys(keys).unwrap();
    steps
        .into_iter()
        .flat_map(|step| match step {
            crate::tui::input::Step::Key(key) => update(m, Message::Key(key)),
            crate::tui::input::Step::Paste(text) => update(m, Message::Paste(text.into())),
            crate::tui::input::Step::Wait(_) => vec![],
        })
        .collect()
}

fn abort() -> Action {
    Action::parse(["abort", "payment", "--env", "production"]).unwrap()
}

fn card() -> PlanCard {
    fixture::card(1, abort())
}

#[test]
fn abort_needs_no_selection_and_works_from_every_pane_and_over_every_dialog() {
    for keys in ["A", "5A", "8A", "vA", "?A", "aA", ":themes<enter>A", "jjjA", "fA"] {
        let mut m = fixture::model(120, 40);
        assert_eq!(press(&mut m, keys).last(), Some(&Effect::Plan(abort())), "{keys}");
    }
    let mut m = fixture::model(120, 40);
    assert_eq!(press(&mut m, "/A"), [], "in a field letters are text");
    assert_eq!(m.filter.text, "A");
}

#[test]
fn several_rollouts_give_a_choice_that_starts_at_the_selected_one() {
    let mut m = fixture::model(120, 40);
    let mut snapshot = (*m.snapshot).clone();
    let placements = Arc::make_mut(&mut snapshot.placements);
    for p in placements.values_mut().filter(|p| p.key.service.as_str() == "cart" && p.key.environment.as_str() == "production") {
        p.canary = Some(fixture::canary());
    }
    for cluster in ["eu-1", "us-1"] {
        let state = snapshot.clusters.get_mut(&cluster.parse::<crate::domain::ClusterName>().unwrap()).unwrap();
        let state = Arc::make_mut(state);
        let mut rollouts = (**state.rollouts.value().unwrap()).clone();
        rollouts.insert(crate::domain::ObjectKey::new("shop", "cart").unwrap(), crate::domain::rows::rollout("cart", "a", "b"));
        state.rollouts = crate::domain::Feed::Live { value: Arc::new(rollouts), at: fixture::now() };
    }
    update(&mut m, Message::Snapshot(Arc::new(snapshot)));
    assert_eq!(press(&mut m, "A"), []);
    let Some(Overlay::Choose { actions, at, .. }) = m.overlays.last() else { panic!("{:?}", m.overlays) };
    assert_eq!((actions.len(), actions[*at].target().service.as_str()), (2, "payment"));
    assert_eq!(press(&mut m, "y"), [], "a choice is not consent");
    assert_eq!(
        press(&mut m, "k<enter>").last(),
        Some(&Effect::Plan(Action::parse(["abort", "cart", "--env", "production"]).unwrap()))
    );
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut m = fixture::model(120, 40);
    assert_eq!(press(&mut m, ":retry<enter>"), []);
    let Some(Overlay::Refused { why, .. }) = m.overlays.last() else { panic!("{:?}", m.overlays) };
    assert!(!why.is_empty());
    press(&mut m, "<esc>");
    m.read_only = true;
    assert_eq!(press(&mut m, "A"), []);
    assert!(matches!(m.overlays.last(), Some(Overlay::Refused { why, .. }) if why.as_str().starts_with("read-only")));
    assert!(choices(&m).iter().all(|c| c.targets.is_err()), "the menu lists every action, with its reason");
}

#[test]
fn what_is_not_known_yet_is_asked_for_again_when_it_is() {
    let whole = Arc::new(fixture::snapshot());
    let mut early = (*whole).clone();
    for state in early.clusters.values_mut() {
        *state = Arc::default();
    }
    for p in Arc::make_mut(&mut early.placements).values_mut() {
        p.canary = None;
    }
    let early = Arc::new(early);
    let world = |m: &mut Model, s: &Arc<Snapshot>| update(m, Message::Snapshot(Arc::clone(s)));
    for keys in ["A", "H", "P"] {
        let mut m = fixture::model(120, 40);
        world(&mut m, &early);
        assert_eq!(press(&mut m, keys), [], "{keys}");
        assert_eq!(world(&mut m, &early), [], "{keys}");
        let Some(Overlay::Refused { why, again: Some(_), .. }) = m.overlays.last() else { panic!("{keys}: {:?}", m.overlays) };
        assert!(why.as_str().contains("has not been read yet"), "{keys}: {why}");
        let effects = world(&mut m, &whole);
        let Some(Effect::Plan(action)) = effects.last() else { panic!("{keys}: {effects:?}") };
        assert_eq!(action.target(), abort().target(), "{keys}");
        assert!(m.overlays.is_empty(), "{keys}");
        // Who has closed it waits for nothing.
        world(&mut m, &early);
        press(&mut m, &format!("{keys}<esc>"));
        assert_eq!(world(&mut m, &whole), [], "{keys}");
    }
    // The card of the ways back, too; it stays as it is until more is known, and finds the rollout under way.
    let mut m = fixture::model(120, 40);
    world(&mut m, &early);
    press(&mut m, "j");
    let effects = press(&mut m, "B");
    let Some(Effect::FindWays(target)) = effects.last() else { panic!("{effects:?}") };
    let way = Verb::Rollback.on(target.clone());
    update(&mut m, Message::Ways(target.clone(), vec![way.clone()]));
    assert_eq!(world(&mut m, &early), [], "it is being planned");
    update(&mut m, Message::Way(way.clone(), Err(Refusal::new("not read yet").exit(Exit::Unknown))));
    assert_eq!(world(&mut m, &early), [Effect::FindWays(target.clone())]);
    assert_eq!(update(&mut m, Message::Ways(target.clone(), vec![way.clone()])), [Effect::Ways(vec![way])]);
    assert!(matches!(m.overlays.last(), Some(Overlay::Ways(ways)) if ways.unknown()), "{:?}", m.overlays);
    assert_eq!(world(&mut m, &whole), [Effect::FindWays(abort().target().clone())]);
}

#[test]
fn quit_works_over_every_dialog_but_not_in_a_field() {
    for keys in ["q", "?q", "vq", "aq", ":themes<enter>q", "<c-c>", ":<c-c>"] {
        assert_eq!(press(&mut fixture::model(80, 24), keys).last(), Some(&Effect::Quit), "{keys}");
    }
    assert_eq!(press(&mut fixture::model(80, 24), ":q"), []);
    assert_eq!(press(&mut fixture::model(80, 24), ":quit<enter>"), [Effect::Quit]);
}

#[test]
fn a_still_picture_stays_and_the_newest_comes_back() {
    let mut m = fixture::model(120, 40);
    press(&mut m, "f");
    let mut newer = fixture::snapshot();
    Arc::make_mut(&mut newer.verdict).sentence = "newer".into();
    update(&mut m, Message::Snapshot(Arc::new(newer)));
    assert_ne!(m.snapshot.verdict.sentence.as_str(), "newer");
    press(&mut m, "f");
    assert_eq!((m.snapshot.verdict.sentence.as_str(), m.still.is_none()), ("newer", true));
}

#[test]
fn the_filter_shows_matches_and_turns_round() {
    let mut m = fixture::model(120, 40);
    press(&mut m, "/car<enter>");
    assert_eq!(m.service_rows().iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["cart"]);
    press(&mut m, "<esc>");
    assert_eq!(m.service_rows().len(), 5);
    press(&mut m, "/!a<enter>");
    assert_eq!(
        m.service_rows().iter().map(|r| r.name.as_str()).collect::<Vec<_>>(),
        ["order", "recommendation"].into_iter().filter(|n| !n.contains('a')).collect::<Vec<_>>()
    );
    press(&mut m, "/<esc>");
    assert!(m.filter.text.is_empty(), "Esc in the field clears");
}

#[test]
fn the_cursor_follows_its_service() {
    let mut m = fixture::model(120, 40);
    assert_eq!(m.selected().unwrap().name.as_str(), "payment", "the release comes first");
    press(&mut m, "jj");
    let chosen = m.selected().unwrap().name.clone();
    let mut snapshot = fixture::snapshot();
    Arc::make_mut(&mut snapshot.verdict).scope = vec!["cart".parse().unwrap(), chosen.clone()];
    update(&mut m, Message::Snapshot(Arc::new(snapshot)));
    assert_eq!(m.selected().unwrap().name, chosen);
    press(&mut m, "G");
    assert_eq!(m.selected().unwrap().name.as_str(), m.board.services.last().unwrap().name.as_str());
}

#[test]
fn the_worst_thing_is_one_key_away() {
    let mut m = fixture::model(120, 40);
    press(&mut m, "G!");
    assert_eq!((m.focus, m.selected().unwrap().name.as_str()), (Pane::Canary, "payment"));
    let mut snapshot = fixture::snapshot();
    let report = Arc::make_mut(&mut snapshot.verdict);
    report.stations.retain(|s| s.kind == StationKind::Ci);
    update(&mut m, Message::Snapshot(Arc::new(snapshot)));
    press(&mut m, "1!");
    assert_eq!(m.focus, Pane::Services);
    assert!(m.flash.is_some());
}

#[test]
fn a_theme_is_shown_while_it_is_chosen_and_taken_back() {
    let mut m = fixture::model(120, 40);
    assert_eq!(press(&mut m, ":themes<enter>j"), [Effect::Theme("light".into())]);
    assert_eq!(press(&mut m, "<esc>"), [Effect::Theme("dark".into())]);
    assert_eq!(press(&mut m, ":themes<enter>j<enter>").last(), Some(&Effect::Theme("light".into())));
    assert_eq!(press(&mut m, ":theme mono<enter>"), [Effect::Theme("mono".into())]);
}

#[test]
fn the_palette_finds_by_letters_and_takes_whole_commands() {
    let m = fixture::model(120, 40);
    assert_eq!(entries(&m, "abo")[0].name, "abort");
    assert_eq!(entries(&m, "thmmono")[0].name, "theme mono");
    let mut m = m;
    assert_eq!(press(&mut m, ":abort payment --env production<enter>"), [Effect::Plan(abort())]);
    assert_eq!(press(&mut m, ":service cart<enter>"), []);
    assert_eq!(m.selected().unwrap().name.as_str(), "cart");
    press(&mut m, ":zzzz<enter>");
    assert!(m.flash.as_ref().unwrap().text.as_str().contains("zzzz"));
}

#[test]
fn pasted_text_is_dropped_outside_a_field() {
    let mut m = fixture::model(120, 40);
    assert_eq!(press(&mut m, "<paste A>"), []);
    assert!(m.overlays.is_empty() && m.flash.is_some());
    press(&mut m, "/<paste cart>");
    assert_eq!(m.filter.text, "cart");
}

#[test]
fn the_brief_has_five_lines() {
    let mut m = fixture::model(120, 40);
    let effects = press(&mut m, "y");
    let [Effect::Copy(lines)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0].as_str(), "NO-GO payment 4.1.7 > 4.2.0 on production");
    assert_eq!(lines[4].as_str(), "as of 2026-11-24 10:20:00Z");
}

#[test]
fn panes_by_number_tab_and_tabs() {
    let mut m = fixture::model(120, 40);
    for (key, pane) in ["1", "2", "3", "4", "5", "6", "7", "8"].into_iter().zip(Pane::ALL) {
        press(&mut m, key);
        assert_eq!(m.focus, pane);
    }
    press(&mut m, "1<s-tab>");
    assert_eq!(m.focus, Pane::Events);
    let mut m = fixture::model(80, 24);
    press(&mut m, "]");
    assert_eq!((m.focus, m.tab), (Pane::Services, Pane::Runs), "the tab turns and the keys stay where they were");
    press(&mut m, "<tab>");
    assert_eq!(m.focus, Pane::Runs);
    press(&mut m, "+");
    assert!(m.zoom);
    press(&mut m, "<esc>");
    assert!(!m.zoom);
}

fn any_message() -> impl Strategy<Value = Message> {
    let keys = "jkhlgGABPHOav!nNyftRr1234578[]+_:/? q";
    prop_oneof![
        20 => proptest::sample::select(keys.chars().collect::<Vec<_>>()).prop_map(|c| Message::Key(Key::char(c))),
        8 => proptest::sample::select(vec![Code::Enter, Code::Esc, Code::Tab, Code::Backspace, Code::Up, Code::Down, Code::PageDown, Code::Home])
            .prop_map(|code| Message::Key(Key::plain(code))),
        1 => any::<char>().prop_map(|c| Message::Key(Key::char(c))),
        1 => ".{0,12}".prop_map(|s| Message::Paste(s.into())),
        1 => (0u16..220, 0u16..70).prop_map(|(x, y)| Message::Click(x, y)),
        1 => (0u16..220, 0u16..70, -3i16..4).prop_map(|(x, y, by)| Message::Scroll(x, y, by)),
        1 => (0u16..220, 0u16..70).prop_map(|(x, y)| Message::Resize(x, y)),
        1 => Just(Message::Snapshot(Arc::new(fixture::snapshot()))),
        1 => Just(Message::Planned(abort(), Ok(Box::new(card())))),
        1 => Just(Message::Planned(abort(), Err(Refusal::new("no")))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is pressed: nothing panics, also not in drawing, and nothing but planning is ever asked for.
    #[test]
    fn any_keys_are_safe(messages in proptest::collection::vec(any_message(), 1..60)) {
        let mut m = fixture::model(100, 30);
        let look = crate::tui::look::Look::full();
        for message in messages {
            let effects = update(&mut m, message);
            prop_assert!(m.overlays.len() < 200);
            for effect in effects {
                let harmless = matches!(effect, Effect::Plan(_) | Effect::Replan(_) | Effect::FindWays(_) | Effect::Ways(_) | Effect::Fence | Effect::Notify(_) | Effect::Refresh | Effect::Copy(_) | Effect::Theme(_) | Effect::Suspend | Effect::Quit);
                prop_assert!(harmless);
            }
            let mut buf = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, m.size.0, m.size.1));
            let map = crate::tui::view::draw_into(&m, &look, &mut buf);
            update(&mut m, Message::Drawn(map));
        }
    }
}

#[test]
fn every_action_can_be_asked_for_by_name() {
    use strum::IntoEnumIterator as _;
    let m = fixture::model(120, 40);
    for verb in Verb::iter() {
        let name: &'static str = verb.into();
        assert!(entries(&m, name).iter().any(|e| e.does == Does::Run(Command::Act(verb))), "{name}");
    }
}

#[test]
fn a_log_is_opened_on_what_is_selected_and_an_abort_comes_through() {
    use crate::domain::{LogNews, LogSource, PodArm};
    let source = |m: &Model| m.log().map(|v| v.ask.source.clone());
    let mut m = fixture::model(120, 40);
    press(&mut m, "L");
    assert!(matches!(source(&m), Some(LogSource::Pods { arm: None, ref service, .. }) if service.as_str() == "payment"));
    let first = m.log().unwrap().session;
    assert_eq!(press(&mut m, "A").last(), Some(&Effect::Plan(abort())), "no log stands in the way of an abort");
    press(&mut m, "<esc>!L");
    assert!(matches!(source(&m), Some(LogSource::Pods { arm: Some(PodArm::Canary), .. })), "two keys to the log of the cause");
    let second = m.log().unwrap().session;
    assert_ne!(first, second);
    let about = |text: &str| vec![LogNews::About(text.into())];
    update(&mut m, Message::Log { session: first, news: about("old"), ended: true });
    update(&mut m, Message::Log { session: second, news: about("new"), ended: false });
    let view = m.log().unwrap();
    assert_eq!((view.about.len(), view.about[0].as_str(), view.ended), (1, "new", false));
    press(&mut m, "e");
    assert!(m.log().unwrap().errors && m.log().unwrap().session == second, "a filter reads nothing anew");
    press(&mut m, "s");
    assert_ne!(m.log().unwrap().session, second);
    press(&mut m, "/n");
    assert_eq!((m.log().unwrap().search.as_str(), m.overlays.len()), ("n", 1), "in a field letters are text");
    press(&mut m, "<esc><esc>");
    assert!(m.log().is_none() && m.overlays.is_empty());
    press(&mut m, "e");
    assert!(m.overlays.is_empty(), "the keys of a log mean nothing without one");
}

#[test]
fn an_address_is_opened_or_copied_and_nothing_is_sent_for_it() {
    let mut m = fixture::model(120, 40);
    assert_eq!(press(&mut m, "o"), []);
    assert!(m.overlays.is_empty() && m.flash.is_some(), "without an address the way to one is said");
    let mut snapshot = (*m.snapshot).clone();
    let topology = Arc::make_mut(&mut snapshot.topology);
    for service in &mut topology.services {
        service.links =
            vec![crate::domain::LinkTemplate { name: "logs".into(), url: "https://logs.acme.example/{version}".into() }];
    }
    update(&mut m, Message::Snapshot(Arc::new(snapshot)));
    let url = crate::domain::SafeText::from("https://logs.acme.example/4.2.0");
    assert_eq!(press(&mut m, "o<enter>"), [Effect::Open(url.clone())]);
    assert_eq!(press(&mut m, "y"), [Effect::Copy(vec![url])]);
    press(&mut m, "<esc>i<enter><esc>");
    assert!(m.overlays.is_empty());
}
