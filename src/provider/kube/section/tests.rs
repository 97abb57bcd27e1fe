use super::*;
use crate::domain::{Endpoints, ObjectKey, ProblemKind, rows};

fn row(namespace: &str, name: &str, ready: u32) -> Endpoints {
    Endpoints { key: ObjectKey::new(namespace, name).unwrap(), ..rows::endpoints(name, ready) }
}

fn trouble(what: &str) -> Heard<Endpoints> {
    Heard::Trouble(Problem::new(ProblemKind::Server, what))
}

/// Updates in short: `=` a list, `+` a row with its ready count, `-` one gone, `!` trouble.
fn short(updates: &[Update<Endpoints>]) -> Vec<String> {
    let name = |r: &Endpoints| format!("{}:{}", r.key, r.ready);
    let one = |u: &Update<Endpoints>| match u {
        Update::Replace(rows) => format!("={}", rows.iter().map(name).collect::<Vec<_>>().join(",")),
        Update::Upsert(r) => format!("+{}", name(r)),
        Update::Remove(k) => format!("-{k}"),
        Update::Alive => "alive".to_owned(),
        Update::Trouble(p) => format!("!{}", p.what),
    };
    updates.iter().map(one).collect()
}

#[test]
fn only_the_last_word_on_an_object_is_told() {
    let mut m = Merge::new(1);
    m.hear(0, Heard::Listed(vec![row("a", "x", 1)]));
    assert_eq!(short(&m.take()), ["=a/x:1"]);
    for ready in 2..60 {
        m.hear(0, Heard::Changed(row("a", "x", ready)));
    }
    m.hear(0, Heard::Changed(row("a", "y", 1)));
    m.hear(0, Heard::Gone(row("a", "y", 1).key));
    assert_eq!(short(&m.take()), ["+a/x:59", "-a/y"]);
    assert!(!m.any());
}

#[test]
fn a_list_overtakes_and_trouble_keeps_the_order() {
    let mut m = Merge::new(1);
    m.hear(0, Heard::Listed(vec![]));
    m.hear(0, Heard::Changed(row("a", "x", 1)));
    m.hear(0, trouble("cut"));
    assert_eq!(short(&m.take()), ["=", "+a/x:1", "!cut"]);
    m.hear(0, trouble("cut again"));
    m.hear(0, Heard::Listed(vec![row("a", "x", 2)]));
    assert_eq!(short(&m.take()), ["!cut again", "=a/x:2"]);
}

#[test]
fn several_namespaces_are_one_section() {
    let mut m = Merge::new(2);
    m.hear(0, Heard::Listed(vec![row("a", "x", 1)]));
    m.hear(0, Heard::Alive);
    assert!(!m.any() && !m.take_alive(), "not complete yet");
    m.hear(1, Heard::Listed(vec![row("b", "x", 1)]));
    assert_eq!(short(&m.take()), ["=a/x:1,b/x:1"]);
    m.hear(1, trouble("forbidden"));
    assert_eq!(short(&m.take()), ["!forbidden"]);
    m.hear(0, Heard::Changed(row("a", "x", 2)));
    m.hear(0, Heard::Alive);
    assert!(!m.any() && !m.take_alive(), "life in one namespace is none of the section");
    m.hear(0, trouble("cut"));
    m.hear(0, Heard::Listed(vec![row("a", "x", 3)]));
    assert_eq!(short(&m.take()), ["!cut", "!forbidden"], "the trouble that is left is the one that shows");
    m.hear(1, Heard::Listed(vec![]));
    assert_eq!(short(&m.take()), ["=a/x:3"]);
    m.hear(1, Heard::Alive);
    assert!(m.take_alive() && !m.take_alive());
}
