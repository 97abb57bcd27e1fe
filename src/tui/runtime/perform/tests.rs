use super::*;

fn written(text: &str, reach: Reach) -> String {
    String::from_utf8(notice(&SafeText::clean(text), reach)).unwrap()
}

fn reach(env: &[(&str, &str)]) -> Reach {
    Reach::of(&env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

#[test]
fn a_call_is_a_bell_and_one_notification_in_the_form_that_the_terminal_knows() {
    assert_eq!(written("NO-GO: payment", Reach::default()), "\x07\x1b]9;gonogo: NO-GO: payment\x1b\\");
    for term in ["rxvt-unicode-256color", "foot"] {
        assert_eq!(written("x; y", reach(&[("TERM", term)])), "\x07\x1b]777;notify;gonogo;x; y\x1b\\");
    }
    assert!(reach(&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")]).urxvt);
    assert!(!reach(&[("TERM", "xterm-256color"), ("VTE_VERSION", "")]).urxvt);
    // A multiplexer rings by itself, and hands the rest on only when it is wrapped.
    let wrapped = written("x", reach(&[("TMUX", "/s,1,0")]));
    assert_eq!(wrapped, "\x07\x1bPtmux;\x1b\x1b]9;gonogo: x\x1b\x1b\\\x1b\\");
}

#[test]
fn nothing_in_a_call_ends_it_or_begins_another_sequence() {
    let hostile = "a\x07b\x1b\\c\x1b]52;c;eA==\x07d\u{9c}e\u{9d}f\r\ng\u{202e}h";
    let out = written(hostile, Reach::default());
    let inside = out.strip_prefix("\x07\x1b]9;").and_then(|rest| rest.strip_suffix("\x1b\\")).expect("one sequence");
    assert!(inside.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{inside:?}");
    let long = written(&"x".repeat(5_000), Reach::default());
    assert!(long.chars().count() < 200, "{}", long.len());
}
