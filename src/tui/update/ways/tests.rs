use super::*;
use crate::{
    engine::plan::{Guard, Told, ways},
    tui::{
        input::{Step, parse_keys},
        message::Message,
        model::fixture,
        update::update,
    },
};

fn press(m: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = vec![];
    for step in parse_keys(keys).unwrap() {
        if let Step::Key(key) = step {
            effects.extend(update(m, Message::Key(key)));
        }
    }
    effects
}

/// Opens the card with these keys, and has its ways found.
fn open(m: &mut Model, keys: &str) -> Vec<Action> {
    let effects = press(m, keys);
    let Some(Effect::FindWays(target)) = effects.last() else { panic!("{keys}: {effects:?}") };
    assert!(matches!(m.overlays.last(), Some(Overlay::Ways(w)) if w.ways.is_empty()), "{keys}: it opens at once");
    assert_eq!(press(m, "1"), [], "{keys}: a digit does nothing yet");
    let s = m.newest().clone();
    let found = ways(target, &s, &Told::asking(s.at, Guard::default()));
    let asked = update(m, Message::Ways(target.clone(), found.clone()));
    assert_eq!(asked, [Effect::Ways(found.clone())], "{keys}: each is planned");
    assert_eq!(update(m, Message::Ways(target.clone(), vec![])), [], "{keys}: and found once");
    found
}

#[test]
fn the_card_opens_from_everywhere_with_an_abort_first_and_a_digit_shows_its_plan() {
    for keys in ["B", "5B", "?B", "vB", "fB", "jjB"] {
        let mut m = fixture::model(120, 40);
        let actions = open(&mut m, keys);
        let lines: Vec<String> = actions.iter().map(Action::command_line).collect();
        assert_eq!(lines[0], "gonogo abort payment --env production", "least harm first, of the rollout under way");
        assert!(lines[1].starts_with("gonogo rollback payment --env production"), "{lines:?}");
        assert_eq!(press(&mut m, "1"), [], "{keys}");
        assert!(matches!(m.overlays.last(), Some(Overlay::Ways(_))), "it is being planned");
        let card = fixture::card(7, actions[0].clone());
        update(&mut m, Message::Way(actions[0].clone(), Ok(Box::new(card))));
        assert_eq!(press(&mut m, "1"), []);
        let Some(Overlay::Confirm(confirm)) = m.overlays.last() else { panic!("{:?}", m.overlays) };
        assert_eq!(confirm.card.id, 7, "the plan that the card has shown");
        press(&mut m, "<esc>");
        assert!(matches!(m.overlays.last(), Some(Overlay::Ways(_))), "back to the card");
        update(&mut m, Message::Way(actions[1].clone(), Err(Refusal::new("the image is gone"))));
        press(&mut m, "29");
        assert!(matches!(m.overlays.last(), Some(Overlay::Ways(_))));
        press(&mut m, "<esc>");
        assert!(!m.overlays.iter().any(|o| matches!(o, Overlay::Ways(_))));
    }
}

#[test]
fn a_digit_is_a_choice_and_no_consent() {
    let mut m = fixture::model(120, 40);
    let actions = open(&mut m, "B");
    update(&mut m, Message::Way(actions[0].clone(), Ok(Box::new(fixture::card(7, actions[0].clone())))));
    assert_eq!(press(&mut m, "y"), []);
    assert_eq!(press(&mut m, "<enter>y"), [], "the dialog behind it is not armed yet");
    assert!(m.operations.is_empty());
}

#[test]
fn why_can_be_said_on_the_card_and_the_dialog_shows_it_again() {
    for (keys, why) in [("1", None), ("e1", Some("errors")), ("ec1", Some("cosmetic")), ("ee1", None)] {
        let mut m = fixture::model(120, 40);
        let actions = open(&mut m, "B");
        update(&mut m, Message::Way(actions[0].clone(), Ok(Box::new(fixture::card(7, actions[0].clone())))));
        for step in parse_keys(keys).unwrap() {
            let Step::Key(key) = step else { continue };
            let at = m.at + jiff::SignedDuration::from_secs(1);
            update(&mut m, Message::At(at));
            update(&mut m, Message::Key(key));
        }
        let Some(Overlay::Confirm(confirm)) = m.overlays.last() else { panic!("{keys}: {:?}", m.overlays) };
        assert_eq!(confirm.reason, why, "{keys}");
    }
    // Letters that come together were not meant.
    let mut m = fixture::model(120, 40);
    open(&mut m, "B");
    press(&mut m, "se");
    let Some(Overlay::Ways(ways)) = m.overlays.last() else { panic!("{:?}", m.overlays) };
    assert_eq!(ways.reason, None);
}
