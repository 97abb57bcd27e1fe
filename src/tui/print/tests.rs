use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::*;

fn frame() -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, 20, 3));
    buf.set_string(0, 0, "NO-GO", Style::new().fg(Color::Indexed(233)).bg(Color::Red).add_modifier(Modifier::BOLD));
    buf.set_string(0, 1, "支払い <&> ok", Style::new().fg(Color::Rgb(1, 2, 3)));
    buf.set_string(0, 2, "╭──⣿▌●", Style::new());
    buf
}

#[test]
fn plain_text_has_wide_letters_once_and_no_trailing_spaces() {
    assert_eq!(plain(&frame()), "NO-GO\n支払い <&> ok\n╭──⣿▌●\n");
}

#[test]
fn the_style_grid_names_each_style_once() {
    insta::assert_snapshot!(styles(&frame()), @r"
    aaaaa
    b.b.b..bbb.bb

    a = 233 on Red bold
    b = #010203
    ");
}

#[test]
fn a_picture_escapes_text_and_draws_signs() {
    let picture = svg(&frame(), Ground::default());
    assert!(picture.contains(">支</text>") && picture.contains("&lt;&amp;&gt; ok"), "{picture}");
    assert!(!picture.contains('╭') && !picture.contains('⣿') && !picture.contains("<&"), "{picture}");
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    let hostile = {
        let mut buf = Buffer::empty(Rect::new(0, 0, 3, 1));
        buf[(0, 0)].set_symbol("\u{1b}");
        svg(&buf, Ground::default())
    };
    assert!(!hostile.contains('\u{1b}'));
}

#[test]
fn reverse_swaps_and_dim_fades() {
    let mut buf = Buffer::empty(Rect::new(0, 0, 2, 1));
    buf[(0, 0)].set_symbol("r").set_style(Style::new().fg(Color::Rgb(255, 0, 0)).add_modifier(Modifier::REVERSED));
    buf[(1, 0)].set_symbol("d").set_style(Style::new().fg(Color::Rgb(255, 255, 255)).add_modifier(Modifier::DIM));
    let picture = svg(&buf, Ground { background: (0, 0, 0), foreground: (9, 9, 9) });
    assert!(picture.contains("<path fill=\"#f00\"") && picture.contains("fill=\"#000\">r<"), "{picture}");
    assert!(picture.contains("fill=\"#999\">d<"), "{picture}");
}

#[test]
fn equal_frames_give_equal_pictures() {
    assert_eq!(svg(&frame(), Ground::default()), svg(&frame(), Ground::default()));
}
