use proptest::prelude::*;

use super::super::{Button, Mouse, MouseKind};
use super::*;

fn decode(bytes: &[u8]) -> Vec<Input> {
    Decoder::default().feed(bytes)
}

/// Everything there is to say about bytes after which the line falls silent.
fn decode_all(bytes: &[u8]) -> Vec<Input> {
    let mut decoder = Decoder::default();
    let mut out = decoder.feed(bytes);
    for _ in 0..=STRING_SILENCES {
        out.extend(decoder.idle());
    }
    assert!(!decoder.pending(), "silence ends everything");
    out
}

fn key(text: &str) -> Input {
    Input::Key(text.parse().expect(text))
}

fn keys(texts: &[&str]) -> Vec<Input> {
    texts.iter().map(|text| key(text)).collect()
}

#[test]
fn keys_in_their_many_forms() {
    let cases: &[(&[u8], &str)] = &[
        (b"j", "j"),
        (b"G", "G"),
        (b" ", "<space>"),
        ("é".as_bytes(), "é"),
        ("支".as_bytes(), "支"),
        (b"\r", "<enter>"),
        (b"\n", "<c-j>"),
        (b"\t", "<tab>"),
        (b"\x7f", "<bs>"),
        (b"\x08", "<c-h>"),
        (b"\x03", "<c-c>"),
        (b"\x1a", "<c-z>"),
        (b"\0", "<c-space>"),
        (b"\x1c", "<c-\\>"),
        (b"\x1f", "<c-_>"),
        (b"\x1b[A", "<up>"),
        (b"\x1bOA", "<up>"),
        (b"\x1b[1;5A", "<c-up>"),
        (b"\x1bO5A", "<up>"),
        (b"\x1b[1;2D", "<s-left>"),
        (b"\x1b[1;8C", "<c-a-s-right>"),
        (b"\x1b[H", "<home>"),
        (b"\x1b[4~", "<end>"),
        (b"\x1b[5~", "<pgup>"),
        (b"\x1b[6;5~", "<c-pgdn>"),
        (b"\x1b[3~", "<del>"),
        (b"\x1b[2~", "<ins>"),
        (b"\x1bOP", "<f1>"),
        (b"\x1b[[A", "<f1>"),
        (b"\x1b[[E", "<f5>"),
        (b"\x1b[15~", "<f5>"),
        (b"\x1b[17~", "<f6>"),
        (b"\x1b[24~", "<f12>"),
        (b"\x1b[1;2P", "<s-f1>"),
        (b"\x1b[R", "<f3>"),
        (b"\x1b[34~", "<f20>"),
        (b"\x1b[Z", "<s-tab>"),
        (b"\x1bOM", "<enter>"),
        (b"\x1bOp", "0"),
        (b"\x1bOk", "+"),
        (b"\x1bx", "<a-x>"),
        (b"\x1bX\x1b\\", "?"),
        (b"\x1b/", "<a-/>"),
        (b"\x1b ", "<a-space>"),
        (b"\x1b\r", "<a-enter>"),
        (b"\x1b\x7f", "<a-bs>"),
        ("\x1bé".as_bytes(), "<a-é>"),
        (b"\x1b\x04", "<c-a-d>"),
        (b"\x1b[97;5u", "<c-a>"),
        (b"\x1b[97;2u", "A"),
        (b"\x1b[97:65;2u", "A"),
        (b"\x1b[49:33;2u", "!"),
        (b"\x1b[97;6u", "<c-A>"),
        (b"\x1b[27u", "<esc>"),
        (b"\x1b[13;2u", "<s-enter>"),
        (b"\x1b[9;5u", "<c-tab>"),
        (b"\x1b[97;5:1u", "<c-a>"),
        (b"\x1b[97;5:2u", "<c-a>"),
        (b"\x1b[97;133u", "<c-a>"),
        (b"\x1b[57399u", "0"),
        (b"\x1b[57414u", "<enter>"),
        (b"\x1b[27;5;100~", "<c-d>"),
        (b"\x1b[57376u", "<f13>"),
    ];
    for (bytes, wanted) in cases {
        let wanted = if *wanted == "?" { Input::Unknown } else { key(wanted) };
        assert_eq!(decode(bytes), [wanted], "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_no_key_is_swallowed_whole() {
    let answers: &[&[u8]] = &[
        b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        b"\x1b]52;c;cHJvbW90ZQ==\x07",
        b"\x1bP>|XTerm(390)\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b]lpromote\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b^y\x1b\\",
        b"\x1bXy\x07y\x1b\\",
        b"\x1b[?2026;2$y",
        b"\x1b[?1;2c",
        b"\x1b[24;80R",
        b"\x1b[?1u",
        b"\x1b[3n",
        b"\x1b[97;9u",
        b"\x1b[57441u",
        b"\x1b[M !!",
        b"\x1b[99999999999999999999~",
        b"\x1b[;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;y",
        b"\x1b]0;\xff\xfey\x07",
    ];
    for answer in answers {
        assert_eq!(decode(answer), [Input::Unknown], "{}", answer.escape_ascii());
        let mut then = answer.to_vec();
        then.extend(b"q");
        assert_eq!(decode(&then), [Input::Unknown, key("q")], "{}", answer.escape_ascii());
    }
    assert_eq!(decode(b"\x1b[97;1:3u"), [], "the release of a key");
}

#[test]
fn reports_of_the_terminal() {
    assert_eq!(decode(b"\x1b[0n"), [Input::Status]);
    assert_eq!(decode(b"\x1b[I\x1b[O"), [Input::Focus(true), Input::Focus(false)]);
    let mouse = |kind, x, y| Mouse { kind, x, y, ctrl: false, alt: false, shift: false };
    assert_eq!(decode(b"\x1b[<0;1;1M"), [Input::Mouse(mouse(MouseKind::Press(Button::Left), 0, 0))]);
    assert_eq!(decode(b"\x1b[<2;300;40m"), [Input::Mouse(mouse(MouseKind::Release(Button::Right), 299, 39))]);
    assert_eq!(decode(b"\x1b[<32;2;3M"), [Input::Mouse(mouse(MouseKind::Drag(Button::Left), 1, 2))]);
    assert_eq!(decode(b"\x1b[<35;2;3M"), [Input::Mouse(mouse(MouseKind::Move, 1, 2))]);
    let ctrl = Mouse { ctrl: true, ..mouse(MouseKind::ScrollDown, 1, 2) };
    assert_eq!(decode(b"\x1b[<64;2;3M\x1b[<81;2;3M"), [Input::Mouse(mouse(MouseKind::ScrollUp, 1, 2)), Input::Mouse(ctrl)]);
    assert_eq!(decode(b"\x1b[<0;0;1M"), [Input::Unknown], "columns count from 1");
}

#[test]
fn a_paste_is_one_input_and_harmless() {
    let paste = |text: &str| vec![Input::Paste(text.to_owned())];
    assert_eq!(decode(b"\x1b[200~promote\ry\x1b[201~"), paste("promote\ny"));
    assert_eq!(decode(b"\x1b[200~a\r\nb\tc\x1b[201~"), paste("a\nb\tc"));
    assert_eq!(decode(b"\x1b[200~a\x1b[A\x1b]0;x\x07b\x1b[201~"), paste("a[A]0;xb"));
    assert_eq!(decode("\x1b[200~a\u{202e}\u{200b}é\x1b[201~".as_bytes()), paste("aé"));
    assert_eq!(decode(b"\x1b[200~\x1b[200~x\x1b[201~"), paste("[200~x"));
    assert_eq!(decode(b"\x1b[200~\xff\x1b[201~"), paste("\u{fffd}"));
    assert_eq!(decode(b"\x1b[200~\x1b[201~q"), [paste(""), keys(&["q"])].concat());
    assert_eq!(decode(b"\x1b[201~"), [Input::Unknown], "an end without a beginning");
}

#[test]
fn a_paste_has_a_limit_and_its_end_is_still_seen() {
    let mut bytes = b"\x1b[200~".to_vec();
    bytes.resize(bytes.len() + PASTE_CAP + 100_000, b'x');
    bytes.extend(b"\x1b[201~q");
    let inputs = decode(&bytes);
    assert_eq!(inputs.len(), 2);
    assert_eq!(inputs[1], key("q"));
    assert!(matches!(&inputs[0], Input::Paste(text) if text.len() == PASTE_CAP));
}

#[test]
fn ctrl_c_works_inside_whatever_is_stuck() {
    for stuck in [&b"\x1b[200~abc"[..], b"\x1b]0;abc", b"\x1bPabc", b"\x1b[1;", b"\x1b["] {
        let mut decoder = Decoder::default();
        decoder.feed(stuck);
        assert!(decoder.pending());
        assert!(decoder.feed(b"\x03").contains(&key("<c-c>")), "{}", stuck.escape_ascii());
    }
    let after = decode(b"\x1b[200~a\x03p\ry\x1b[201~");
    assert_eq!(after, [key("<c-c>"), Input::Paste("ap\ny".to_owned())], "a paste cannot end itself with it");
}

#[test]
fn silence_decides_what_is_left_open() {
    assert_eq!(decode_all(b"\x1b"), keys(&["<esc>"]));
    assert_eq!(decode_all(b"\x1b\x1b"), keys(&["<esc>", "<esc>"]));
    assert_eq!(decode_all(b"\x1bO"), keys(&["<a-O>"]));
    assert_eq!(decode_all(b"\x1b["), keys(&["<a-[>"]));
    for open in [&b"\x1b[1;5"[..], b"\x1b]0;y", b"\x1bP", b"\x1b]0;y\x1b", b"\x1b[M ", b"\x1b[["] {
        assert_eq!(decode_all(open), [Input::Unknown], "{}", open.escape_ascii());
    }
    assert_eq!(decode_all(b"\x1b[200~half"), [Input::Paste("half".to_owned())]);
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b[1;");
    assert_eq!(decoder.idle(), [], "a slow line may still deliver the rest");
    assert_eq!(decoder.feed(b"5A"), keys(&["<c-up>"]));
}

#[test]
fn eight_bit_garbage_is_no_key() {
    assert_eq!(decode(b"\x9b31m")[0], Input::Unknown);
    assert_eq!(decode(b"\xff\xfe"), [Input::Unknown, Input::Unknown]);
    assert_eq!(decode("\u{9b}".as_bytes()), [Input::Unknown]);
    assert_eq!(decode(b"\xe6\x94\x1b[A"), keys(&["<up>"]), "half a letter before a sequence");
    assert_eq!(decode(b"\xe6a"), [Input::Unknown, key("a")]);
}

/// Bytes as terminals and attackers send them.
fn traffic() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<u8>().prop_map(|byte| vec![byte]),
        2 => proptest::sample::select(vec![
            &b"\x1b"[..], b"\x1b[", b"\x1b]", b"\x1bP", b"\x1b_", b"\x1bO", b"\x1b\\", b"\x07", b"\x1b[200~", b"\x1b[201~",
            b"\x1b[A", b"\x1b[1;5A", b"\x1b[<0;1;1M", b"\x1b[0n", b"\x1b[97;5u", b"\x1b[M", b"\x1b[[", b"\x03",
            "é支".as_bytes(), b"\xe6", b"\x18", b"promote\ry", b"65535", b";", b":",
        ]).prop_map(<[u8]>::to_vec),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn how_bytes_are_split_makes_no_difference(bytes in traffic(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut decoder = Decoder::default();
        let mut split = Vec::new();
        for pair in cuts.windows(2) {
            split.extend(decoder.feed(&bytes[pair[0]..pair[1]]));
        }
        let mut whole = Decoder::default();
        prop_assert_eq!(split, whole.feed(&bytes));
        prop_assert_eq!(decoder.idle(), whole.idle());
        prop_assert_eq!(decoder.pending(), whole.pending());
    }

    #[test]
    fn no_bytes_panic_and_silence_ends_everything(bytes in traffic()) {
        decode_all(&bytes);
    }

    #[test]
    fn the_content_of_a_string_never_becomes_keys(
        opener in proptest::sample::select(vec!["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX"]),
        content in "[ -~é\r\n\t\u{90}]{0,40}",
    ) {
        let inputs = decode(format!("{opener}{content}\x1b\\").as_bytes());
        prop_assert_eq!(inputs, [Input::Unknown]);
    }

    #[test]
    fn the_content_of_a_paste_never_becomes_keys(content in "[ -~é\r\n\t\x1b\x07]{0,40}") {
        prop_assume!(!content.contains("\x1b[201~") && !format!("{content}\x1b[201~").contains("\x1b[201~\x1b"));
        let inputs = decode(format!("\x1b[200~{content}\x1b[201~").as_bytes());
        prop_assert!(matches!(&inputs[..], [Input::Paste(_)]), "{:?}", inputs);
    }

    #[test]
    fn every_sequence_before_a_key_leaves_the_key(bytes in traffic()) {
        let mut decoder = Decoder::default();
        decoder.feed(&bytes);
        for _ in 0..=STRING_SILENCES {
            decoder.idle();
        }
        // Half a letter may still be open; it ends with the key and does not eat it.
        let inputs = decoder.feed(b"q");
        prop_assert_eq!(inputs.last(), Some(&key("q")));
    }
}
