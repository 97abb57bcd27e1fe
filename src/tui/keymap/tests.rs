use strum::IntoEnumIterator as _;

use super::*;
use crate::{action::Verb, tui::input::Code};

fn overrides(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), v.iter().map(|s| (*s).to_owned()).collect())).collect()
}

#[test]
fn the_table_has_no_conflict_and_every_row_a_text() {
    let map = Keymap::default();
    for b in map.bindings() {
        assert!(!b.row.run.about().is_empty(), "{}", b.row.run.name());
    }
    let mut names: Vec<&str> = map.bindings().iter().map(|b| b.row.run.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), BINDINGS.len(), "a name for overrides means one command");
}

#[test]
fn every_action_and_every_command_has_a_key() {
    let map = Keymap::default();
    let mut letters: Vec<char> = Verb::iter().map(crate::tui::update::letter).collect();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters.len(), Verb::iter().count(), "a letter of the menu means one action");
    for verb in Verb::iter() {
        let key = Key::char(crate::tui::update::letter(verb));
        assert_eq!(map.find(key, &[Scope::Always, Scope::Move]), None, "{verb:?}: the letter moves or acts in the menu too");
        assert!(!matches!(key.code, Code::Char('n' | 'q')), "{verb:?}");
    }
    for key in ["T", "X", "s", "u", "~", "Y", "z"] {
        assert_eq!(map.find(key.parse().unwrap(), &[Scope::Always, Scope::Main, Scope::Move]), None, "{key} is kept free");
    }
    for ui in Ui::iter() {
        assert!(
            BINDINGS.iter().any(|b| match (b.run, ui) {
                (Command::Ui(Ui::Focus(_)), Ui::Focus(_)) => true,
                (Command::Ui(other), _) => other == ui,
                _ => false,
            }),
            "{ui:?}"
        );
    }
}

#[test]
fn no_default_needs_a_key_that_tmux_and_screen_keep() {
    for b in Keymap::default().bindings() {
        for key in &b.keys {
            let kept = key.ctrl && matches!(key.code, Code::Char('a' | 'b'));
            assert!(!(key.alt || kept), "{key}");
        }
    }
}

#[test]
fn users_move_disable_and_are_told_what_is_wrong() {
    let map = Keymap::with(&overrides(&[("why", &["w", "<c-w>"]), ("zoom", &[])])).unwrap();
    assert_eq!(map.find(Key::char('w'), &[Scope::Main]), Some(Command::Ui(Ui::Why)));
    assert_eq!(map.find(Key::char('v'), &[Scope::Main]), None);
    assert_eq!(map.find(Key::char('+'), &[Scope::Main]), None);
    for (given, want) in [
        (overrides(&[("why", &["j"])]), "[keys] j would mean both why and down"),
        (overrides(&[("wy", &["w"])]), "[keys] wy: no command has this name; `gonogo keys` lists them"),
        (overrides(&[("quit", &[])]), "[keys] quit: it needs a key, or there is no way out"),
    ] {
        assert_eq!(Keymap::with(&given).unwrap_err(), want);
    }
    assert!(Keymap::with(&overrides(&[("why", &["<x-y>"])])).unwrap_err().contains("is no key"));
}
