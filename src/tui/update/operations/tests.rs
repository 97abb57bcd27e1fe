use std::sync::Arc;

use super::*;
use crate::{
    domain::{ClusterName, Exit, Feed, Problem, ProblemKind, Refusal, Snapshot},
    engine::operation::Stand,
    tui::{
        message::Message,
        model::{Pane, fixture},
        update::update,
    },
};

fn consented() -> Model {
    fixture::consented(100, 30)
}

fn hear(m: &mut Model, stands: [Stand; 2], outcome: Option<(Exit, &str)>) -> Vec<Effect> {
    let stands = Ok(fixture::progress(stands, outcome));
    update(m, Message::Progress(Box::new(News { plan: Some(1), stands })))
}

fn key(m: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = vec![];
    for step in crate::tui::input::parse_keys(keys).unwrap() {
        if let crate::tui::input::Step::Key(key) = step {
            effects = update(m, Message::Key(key));
        }
    }
    effects
}

#[test]
fn sent_accepted_and_done_are_three_words_and_k_of_n_is_told() {
    let mut m = consented();
    assert_eq!(m.operations[0].words(), "being written down");
    for (stands, words, share) in [
        ([Stand::Sending, Stand::Waiting], "sent", (0, 2)),
        ([Stand::Accepted, Stand::Waiting], "accepted", (0, 2)),
        ([Stand::Reached, Stand::Sending], "sent", (1, 2)),
    ] {
        hear(&mut m, stands, None);
        assert_eq!((m.operations[0].words().as_str(), m.operations[0].share()), (words, share));
        assert!(m.operations[0].event().is_none(), "what goes on is no event");
    }
    hear(&mut m, [Stand::Reached; 2], Some((Exit::Done, "done on both")));
    let event = m.happened().pop().unwrap();
    assert_eq!(
        (event.who.as_str(), event.what.as_str(), event.trouble),
        ("mira", "ABORT payment: done on both; undo: gonogo retry payment --env production", false)
    );
}

#[test]
fn a_good_end_is_said_for_six_seconds_and_trouble_until_the_next_key() {
    let mut m = consented();
    hear(&mut m, [Stand::Reached; 2], Some((Exit::Done, "done")));
    assert!(m.flash.as_ref().unwrap().until.is_some());
    update(&mut m, Message::Tick(fixture::now() + jiff::SignedDuration::from_secs(6)));
    assert!(m.flash.is_none());
    for exit in [Exit::Failed, Exit::Unknown, Exit::Changed] {
        let mut m = consented();
        hear(&mut m, [Stand::Reached, Stand::Unknown], Some((exit, "no")));
        update(&mut m, Message::Tick(fixture::now() + jiff::SignedDuration::from_hours(6)));
        assert_eq!(m.flash.as_ref().unwrap().text.as_str(), "ABORT payment: no");
        key(&mut m, "j");
        assert!(m.flash.is_none());
    }
    let mut m = consented();
    update(&mut m, Message::Progress(Box::new(News { plan: Some(1), stands: Err(Refusal::new("no journal")) })));
    assert_eq!((m.under_way().count(), m.flash.as_ref().unwrap().text.as_str()), (0, "ABORT payment: not done: no journal"));
}

#[test]
fn who_does_not_look_is_called_once_for_an_end_and_for_a_verdict() {
    for (watched, calls) in [(true, 0), (false, 1)] {
        let mut m = consented();
        update(&mut m, Message::Focus(watched));
        assert_eq!(hear(&mut m, [Stand::Accepted; 2], None), [], "only the end is news");
        assert_eq!(hear(&mut m, [Stand::Reached; 2], Some((Exit::Done, "done"))).len(), calls);
        assert_eq!(hear(&mut m, [Stand::Reached; 2], Some((Exit::Done, "done"))), [], "once");

        let with = |verdict| {
            let mut world = fixture::snapshot();
            Arc::make_mut(&mut world.verdict).verdict = verdict;
            Message::Snapshot(Arc::new(world))
        };
        assert_eq!(update(&mut m, with(Verdict::NoGo)), [], "the same verdict");
        let told = update(&mut m, with(Verdict::Go));
        assert_eq!(told.len(), calls, "watched: {watched}");
        assert_eq!(update(&mut m, with(Verdict::Go)), [], "once");
        key(&mut m, "f");
        assert_eq!(update(&mut m, with(Verdict::Hold)).len(), calls, "a still picture hides no verdict");
    }
    // What is read for the first time is no change.
    let mut m = Model::new(fixture::now(), (80, 24), fixture::topology(), Arc::default());
    m.watched = false;
    assert_eq!(update(&mut m, Message::Snapshot(Arc::new(fixture::snapshot()))), []);
}

#[test]
fn who_does_not_look_is_called_once_for_each_thing_that_waits_for_a_person() {
    let waits = |who: &[&str]| {
        let mut world = fixture::snapshot();
        let eu = Arc::make_mut(world.clusters.get_mut(&"eu-1".parse::<ClusterName>().unwrap()).unwrap());
        let mut rollouts = (**eu.rollouts.value().unwrap()).clone();
        for (key, r) in &mut rollouts {
            r.paused = who.contains(&&*key.name);
        }
        eu.rollouts = Feed::Live { value: Arc::new(rollouts), at: fixture::now() };
        world
    };
    let dead = |mut world: Snapshot| {
        let eu = Arc::make_mut(world.clusters.get_mut(&"eu-1".parse::<ClusterName>().unwrap()).unwrap());
        let problem = Problem::new(ProblemKind::Timeout, "10 s");
        eu.rollouts = Feed::Stale { value: Arc::clone(eu.rollouts.value().unwrap()), at: fixture::now(), why: problem };
        world
    };
    let hear = |m: &mut Model, world: Snapshot| update(m, Message::Snapshot(Arc::new(world)));
    for (watched, calls) in [(true, 0), (false, 1)] {
        let mut m = Model::new(fixture::now(), (80, 24), fixture::topology(), Arc::default());
        m.watched = watched;
        assert_eq!(hear(&mut m, waits(&[])), [], "what is read for the first time is no news");
        let told = hear(&mut m, waits(&["payment"]));
        assert_eq!(told.len(), calls, "watched: {watched}: {told:?}");
        if let Some(Effect::Notify(words)) = told.first() {
            assert!(words.as_str().starts_with("needs you: payment in production: paused"), "{words}");
        }
        assert_eq!(hear(&mut m, waits(&["payment"])), [], "once");
        assert_eq!(hear(&mut m, dead(waits(&["payment"]))), [], "a source in trouble");
        assert_eq!(hear(&mut m, waits(&["payment"])), [], "that comes back has nothing new to say");
        assert_eq!(hear(&mut m, waits(&[])), [], "an answer calls nobody");
        assert_eq!(hear(&mut m, waits(&["payment"])).len(), calls, "asked again, it is asked again");
    }
    let mut m = Model::new(fixture::now(), (80, 24), fixture::topology(), Arc::default());
    m.watched = false;
    assert_eq!(hear(&mut m, Snapshot { settled: false, ..waits(&["payment"]) }), []);
    assert_eq!(hear(&mut m, waits(&["payment"])), [], "while it is being read nothing is news");
}

#[test]
fn leaving_asks_while_something_is_under_way() {
    let mut m = consented();
    assert_eq!(key(&mut m, "q"), []);
    assert!(matches!(m.overlays.last(), Some(Overlay::Leaving)));
    assert_eq!(key(&mut m, "<enter>"), []);
    assert_eq!(key(&mut m, "n"), []);
    assert!(m.overlays.is_empty());
    assert_eq!(key(&mut m, "qy"), [Effect::Quit]);
    let mut m = consented();
    assert_eq!(key(&mut m, "<c-c><c-c>"), [Effect::Quit], "asked twice, it is meant");
    let mut m = consented();
    key(&mut m, "q");
    hear(&mut m, [Stand::Reached; 2], Some((Exit::Done, "done")));
    assert!(m.overlays.is_empty(), "the question is answered by the end");
    assert_eq!(key(&mut m, "q"), [Effect::Quit]);
}

#[test]
fn what_an_earlier_start_left_open_is_shown_first() {
    let mut m = fixture::model(100, 30);
    let open = Ok(fixture::progress([Stand::Settling, Stand::Unknown], None));
    update(&mut m, Message::Progress(Box::new(News { plan: None, stands: open })));
    assert!(matches!(m.overlays.last(), Some(Overlay::Operations(0))));
    let ended = Ok(fixture::progress([Stand::Reached; 2], Some((Exit::Done, "it was done"))));
    update(&mut m, Message::Progress(Box::new(News { plan: None, stands: ended })));
    assert_eq!((m.operations.len(), m.under_way().count()), (1, 0), "the same operation");
    // Over what somebody is doing nothing is pushed.
    let mut m = fixture::model(100, 30);
    key(&mut m, "?");
    let open = Ok(fixture::progress([Stand::Settling, Stand::Unknown], None));
    update(&mut m, Message::Progress(Box::new(News { plan: None, stands: open })));
    assert!(matches!(m.overlays.last(), Some(Overlay::Help(_))));
    assert_eq!(m.focus, Pane::Services);
}

#[test]
fn the_list_does_not_grow_without_end_and_loses_nothing_that_is_open() {
    let mut m = consented();
    for n in 2..120 {
        m.operations.push(Operation { plan: Some(n), ..m.operations[0].clone() });
        let stands = Ok(fixture::progress([Stand::Reached; 2], Some((Exit::Done, "done"))));
        update(&mut m, Message::Progress(Box::new(News { plan: Some(n), stands })));
    }
    assert_eq!(m.operations.len(), KEPT);
    assert_eq!(m.under_way().count(), 1);
}
