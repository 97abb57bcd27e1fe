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

/// A frame as full as frames get.
fn crowded(width: u16, height: u16) -> Buffer {
    use crate::tui::look::Look;
    use crate::tui::theme::Token;
    use crate::tui::widget::{Chart, Limit, Marker, Panel, Slider, badge, evenly, put};
    let look = Look::full();
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    badge(&mut buf, Rect::new(0, 0, width, 1), "NO-GO", Token::NoGo, &look);
    let half = width / 2;
    let list = Rect::new(0, 1, half, height - 1);
    let inside = Panel { key: "1", title: "Services", status: "live · 2 s".into(), focus: true, ..Panel::default() }
        .draw(list, &mut buf, &look);
    for y in 0..inside.height {
        put(&mut buf, inside, 0, y, "  payment", look.style(Token::Bright));
        put(&mut buf, inside, 18, y, "✓", look.style(Token::Go));
        put(&mut buf, inside, 22, y, "4.2.0   4.2.0", look.style(Token::Dim));
        put(&mut buf, inside, 38, y, "4.1.7", look.style(Token::Canary));
        put(&mut buf, inside, 46, y, "3.92   611", look.style(Token::NoGo));
    }
    let right = Rect::new(half, 1, width - half, 6);
    let inside = Panel { key: "4", title: "Canary", ..Panel::default() }.draw(right, &mut buf, &look);
    Slider { set: 20.0, actual: Some(35.0), draft: None, steps: &[5.0, 50.0] }.draw(inside, &mut buf, &look);
    let wave = |top: f64, speed: f64| -> Vec<f64> { (0..300).map(|at| top * (1.0 + (f64::from(at) * speed).sin())).collect() };
    let (canary, baseline) = (evenly(&wave(2.0, 0.31)), evenly(&wave(0.6, 0.17)));
    let mut y = 7;
    while y + 12 <= height {
        let graph = Rect::new(half, y, width - half, 12);
        let inside = Panel { key: "5", title: "Errors %", ..Panel::default() }.draw(graph, &mut buf, &look);
        Chart {
            baseline: &baseline,
            canary: &canary,
            limit: Some(Limit { value: 1.0 }),
            markers: &[Marker { at: 0.2, label: "5 %" }],
            ends: ("13:37", "14:07"),
            ..Chart::default()
        }
        .draw(inside, &mut buf, &look);
        y += 12;
    }
    buf
}

#[test]
fn a_picture_of_a_full_screen_is_small() {
    let picture = svg(&crowded(200, 60), Ground::default());
    assert!(picture.len() < 100_000, "{} bytes", picture.len());
}
