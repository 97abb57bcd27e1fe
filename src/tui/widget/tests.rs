use proptest::prelude::*;
use ratatui::style::{Modifier, Style};

use super::*;
use crate::tui::glyph::Glyphs;
use crate::tui::print::{plain, styles};
use crate::tui::theme::{Depth, Theme, Token};

use crate::tui::look::{Band, Look};

fn buffer(width: u16, height: u16) -> Buffer {
    Buffer::empty(Rect::new(0, 0, width, height))
}

fn look(glyphs: Glyphs, depth: Depth) -> Look {
    Look::new(Theme::built_in("dark").expect("built in"), glyphs, depth)
}

fn shown(width: u16, height: u16, paint: impl FnOnce(Rect, &mut Buffer)) -> String {
    let mut buf = buffer(width, height);
    let area = buf.area;
    paint(area, &mut buf);
    plain(&buf)
}

fn panel(look: &Look) -> Panel<'static> {
    Panel {
        key: "1",
        title: "Services",
        note: look.span(Token::Dim, "all").into(),
        status: "live · 2 s".into(),
        ..Panel::default()
    }
}

#[test]
fn a_panel_says_its_name_at_the_left_and_its_state_at_the_right() {
    let look = Look::full();
    insta::assert_snapshot!(shown(40, 3, |area, buf| {
        assert_eq!(panel(&look).draw(area, buf, &look), Rect::new(1, 1, 38, 1));
    }), @r"
    ╭─ 1 Services all ───────── live · 2 s ╮
    │                                      │
    ╰──────────────────────────────────────╯
    ");
    insta::assert_snapshot!(shown(24, 2, |area, buf| {
        panel(&look).draw(area, buf, &look);
    }), @r"
    ╭─ 1 Services all ─────╮
    ╰──────────────────────╯
    ");
    let ascii = self::look(Glyphs::Ascii, Depth::Mono);
    insta::assert_snapshot!(shown(24, 3, |area, buf| {
        panel(&ascii).draw(area, buf, &ascii);
    }), @r"
    +- 1 Services all -----+
    |                      |
    +----------------------+
    ");
}

#[test]
fn the_pane_with_the_keys_and_a_dialog_have_another_frame() {
    let look = Look::full();
    let mut buf = buffer(20, 3);
    let area = buf.area;
    Panel { focus: true, ..panel(&look) }.draw(area, &mut buf, &look);
    assert_eq!(buf[(0, 0)].fg, look.style(Token::Focus).fg.expect("coloured"));
    buf.set_string(1, 1, "under it", Style::new());
    Panel { tone: Some(Token::Hold), over: true, ..panel(&look) }.draw(area, &mut buf, &look);
    assert_eq!(buf[(0, 0)].fg, look.style(Token::Hold).fg.expect("coloured"));
    assert!(!plain(&buf).contains("under"));
}

#[test]
fn the_verdict_is_a_block_in_every_depth() {
    let full = Look::full();
    let mut buf = buffer(10, 1);
    let area = buf.area;
    assert_eq!(badge(&mut buf, area, "NO-GO", Token::NoGo, &full), 7);
    insta::assert_snapshot!(format!("{}{}", plain(&buf).trim_start(), styles(&buf)), @r"
    NO-GO
    abbbbba
    a = on #F85149
    b = #0D1117 on #F85149 bold
    ");
    let mono = look(Glyphs::Ascii, Depth::Mono);
    assert_eq!(badge(&mut buf, area, "NO-GO", Token::NoGo, &mono), 7);
    assert_eq!(plain(&buf), "[NO-GO]\n");
    assert!(buf[(1, 0)].modifier.contains(Modifier::REVERSED));
}

#[test]
fn the_slider_shows_set_measured_and_the_allowed_steps() {
    let look = Look::full();
    let slider = Slider { set: 20.0, actual: Some(35.0), draft: None, steps: &[5.0, 20.0, 50.0, 100.0] };
    insta::assert_snapshot!(shown(42, 2, |area, buf| slider.draw(area, buf, &look)), @r"
    0 5     20           50                100
    ━━┼━━━━━●╌╌╌╌╌○╌╌╌╌╌╌┼╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┤
    ");
    let ascii = self::look(Glyphs::Ascii, Depth::Mono);
    let draft = Slider { draft: Some(50.0), actual: Some(20.0), ..slider };
    insta::assert_snapshot!(shown(42, 2, |area, buf| draft.draw(area, buf, &ascii)), @r"
    0 5     20           50                100
    ==+=====@------------@-------------------|
    ");
    assert_eq!(slider.cell(10, &look).to_string(), "━╌╌╌╌╌  20");
    assert_eq!(Slider { set: 12.5, ..slider }.cell(10, &look).to_string(), "━╌╌╌╌╌12.5");
    assert_eq!(Slider { set: 100.0, ..slider }.cell(10, &look).to_string(), "━━━━━━ 100");
    assert_eq!(Slider::default().cell(10, &look).to_string(), "·");
}

#[test]
fn a_missing_value_is_not_a_zero_in_a_sparkline() {
    let look = Look::full();
    let values = [9.0, 0.0, 1.0, f64::NAN, 4.0, 8.0];
    assert_eq!(shown(6, 1, |area, buf| sparkline(buf, area, &values, Some(8.0), Token::Canary, &look)), "█▁▁·▄█\n");
    assert_eq!(shown(8, 1, |area, buf| sparkline(buf, area, &values, None, Token::Canary, &look)), "  █▁▁·▄▇\n");
    assert_eq!(shown(3, 1, |area, buf| sparkline(buf, area, &values, None, Token::Canary, &look)), "·▄█\n");
    assert_eq!(shown(2, 1, |area, buf| sparkline(buf, area, &[0.0, 0.0], None, Token::Canary, &look)), "▁▁\n");
}

type Points = Vec<(f64, f64)>;

/// A canary that goes wrong in the second half, beside a calm baseline with a gap.
fn curves() -> (Points, Points) {
    let baseline: Vec<f64> =
        (0..60).map(|at| if (20..30).contains(&at) { f64::NAN } else { 0.2 + 0.1 * f64::from(at % 3) }).collect();
    let canary: Vec<f64> = (0..60).map(|at| if at < 36 { 0.2 } else { f64::from(at - 35).min(16.0) / 4.0 }).collect();
    (evenly(&baseline), evenly(&canary))
}

fn chart<'a>(baseline: &'a [(f64, f64)], canary: &'a [(f64, f64)]) -> Chart<'a> {
    Chart {
        baseline,
        canary,
        limit: Some(Limit { value: 1.0 }),
        markers: &[Marker { at: 0.2, label: "5 %" }, Marker { at: 0.5, label: "20 %" }],
        ends: ("13:37", "14:07"),
        ..Chart::default()
    }
}

#[test]
fn a_chart_has_two_curves_a_limit_and_what_was_done() {
    let (baseline, canary) = curves();
    let look = Look::full();
    insta::assert_snapshot!(shown(46, 9, |area, buf| {
        chart(&baseline, &canary).draw(area, buf, &look);
    }));
    let mut buf = buffer(46, 9);
    let area = buf.area;
    chart(&baseline, &canary[40..]).draw(area, &mut buf, &look);
    insta::assert_snapshot!(format!("{}{}", plain(&buf), styles(&buf)));
}

#[test]
fn a_chart_without_braille_without_unicode_and_without_colours() {
    let (baseline, canary) = curves();
    let blocks = look(Glyphs::Blocks, Depth::C16);
    insta::assert_snapshot!(shown(46, 9, |area, buf| {
        chart(&baseline, &canary).draw(area, buf, &blocks);
    }));
    let ascii = look(Glyphs::Ascii, Depth::Mono);
    insta::assert_snapshot!(shown(46, 9, |area, buf| {
        chart(&baseline, &canary).draw(area, buf, &ascii);
    }));
}

#[test]
fn a_gap_is_empty_and_never_a_line() {
    let look = Look::full();
    let points = [(0.0, 1.0), (0.25, 1.0), (0.3, f64::NAN), (0.75, 1.0), (1.0, 1.0)];
    let bare = Chart { canary: &points, bounds: Some((0.0, 2.0)), axes: false, ..Chart::default() };
    let text = shown(21, 1, |area, buf| {
        bare.draw(area, buf, &look);
    });
    assert_eq!(text.chars().skip(7).take(7).collect::<String>(), " ".repeat(7), "{text}");
    assert!(!text.starts_with(' ') && text.trim_end().chars().count() == 21, "{text}");
    let lone = [(0.5, 1.0)];
    let text = shown(21, 1, |area, buf| {
        Chart { canary: &lone, ..bare }.draw(area, buf, &look);
    });
    assert_eq!(text.trim().chars().count(), 1, "a single value is a dot");
}

#[test]
fn the_range_is_round_and_covers_the_limit() {
    let points = [(0.0, 3.2), (1.0, f64::INFINITY)];
    let chart = Chart { canary: &points, ..Chart::default() };
    assert_eq!(chart.range(), (0.0, 5.0));
    assert_eq!(Chart { limit: Some(Limit { value: 400.0 }), ..chart }.range(), (0.0, 500.0));
    assert_eq!(Chart { bounds: Some((1.0, 1.0)), ..chart }.range(), (0.0, 5.0), "bounds that are none");
    assert_eq!(Chart::default().range(), (0.0, 1.0));
}

const COLUMNS: [Column<'static>; 4] = [
    Column { head: "SERVICE", width: 10, grow: 1, align: Align::Left, give: 0 },
    Column { head: "PROD", width: 6, grow: 0, align: Align::Left, give: 0 },
    Column { head: "ERR %", width: 6, grow: 0, align: Align::Right, give: 1 },
    Column { head: "P95", width: 4, grow: 0, align: Align::Right, give: 2 },
];

const ROWS: [[&str; 4]; 4] = [
    ["payment", "4.1.7", "3.92", "611"],
    ["recommendations", "9.0.1", "0.09", "133"],
    ["支払い", "1.0.0", "0.00", "1"],
    ["auth", "2.8.1", "0.02", "41"],
];

fn services(selected: Option<usize>, offset: usize) -> Table<'static> {
    Table {
        columns: &COLUMNS,
        rows: ROWS.len(),
        offset,
        selected,
        head: true,
        cell: &|row, column| Line::from(ROWS[row][column]),
    }
}

#[test]
fn a_table_aligns_cuts_and_gives_columns_up() {
    let look = Look::full();
    insta::assert_snapshot!(shown(34, 6, |area, buf| {
        assert_eq!(services(Some(1), 0).draw(area, buf, &look), 0..4);
    }), @r"
      SERVICE       PROD    ERR %  P95
      payment       4.1.7    3.92  611
    ▌ recommendati… 9.0.1    0.09  133
      支払い        1.0.0    0.00    1
      auth          2.8.1    0.02   41
    ");
    insta::assert_snapshot!(shown(27, 3, |area, buf| {
        assert_eq!(services(None, 2).draw(area, buf, &look), 2..4);
    }), @r"
      SERVICE     PROD    ERR %
      支払い      1.0.0    0.00
      auth        2.8.1    0.02
    ");
    insta::assert_snapshot!(shown(12, 2, |area, buf| {
        services(None, 0).draw(area, buf, &look);
    }), @r"
      SERVICE
      payment
    ");
}

#[test]
fn the_selected_row_keeps_its_colours_and_gets_a_bar_and_a_band() {
    let look = Look::full();
    let mut buf = buffer(36, 5);
    let area = buf.area;
    services(Some(0), 0).draw(area, &mut buf, &look);
    let band = look.style(Token::Selected).bg.expect("a band");
    assert_eq!((buf[(0, 1)].symbol(), buf[(0, 1)].fg), ("▌", look.style(Token::Bar).fg.expect("coloured")));
    assert!((0..36).all(|x| buf[(x, 1)].bg == band && buf[(x, 2)].bg != band));
    let slow = Look::full().for_slow_line();
    assert_eq!(slow.band, Band::First);
    let mut buf = buffer(36, 5);
    services(Some(0), 0).draw(area, &mut buf, &slow);
    assert_eq!((0..36).filter(|x| buf[(*x, 1)].bg == band).count(), 17);
}

#[test]
fn only_rows_that_are_seen_are_asked_for() {
    let asked = std::cell::RefCell::new(Vec::new());
    let cell = |row: usize, _: usize| {
        asked.borrow_mut().push(row);
        Line::default()
    };
    let mut buf = buffer(10, 4);
    let area = buf.area;
    let columns = [Column { width: 5, ..Column::default() }];
    let table = Table { columns: &columns, rows: 100_000, offset: 50, selected: None, head: true, cell: &cell };
    assert_eq!(table.draw(area, &mut buf, &Look::full()), 50..53);
    assert_eq!(*asked.borrow(), [50, 51, 52]);
}

#[test]
fn scrolling_keeps_the_selection_in_sight_and_moves_little() {
    assert_eq!(scroll(0, Some(9), 20, 10), 0);
    assert_eq!(scroll(0, Some(10), 20, 10), 1);
    assert_eq!(scroll(5, Some(4), 20, 10), 4);
    assert_eq!(scroll(5, Some(7), 20, 10), 5);
    assert_eq!(scroll(15, None, 20, 10), 10, "no room is wasted at the end");
    assert_eq!(scroll(3, Some(50), 20, 10), 10, "a selection behind the end is the last row");
    assert_eq!(scroll(3, Some(0), 0, 10), 0);
    assert_eq!(scroll(0, Some(5), 20, 0), 0);
}

/// Paints everything into an area that may lie anywhere.
fn paint_all(area: Rect, buf: &mut Buffer, look: &Look) {
    let (baseline, canary) = curves();
    let inside = panel(look).draw(area, buf, look);
    services(Some(1), 1).draw(inside, buf, look);
    chart(&baseline, &canary).draw(area, buf, look);
    Slider { set: 20.0, actual: Some(19.6), draft: Some(50.0), steps: &[5.0, 50.0] }.draw(area, buf, look);
    sparkline(buf, area, &[1.0, f64::NAN, 3.0], None, Token::Canary, look);
    badge(buf, area, "UNKNOWN", Token::Unknown, look);
    put_line_right(buf, area, 0, &"far too long for most areas".into());
}

proptest! {
    #[test]
    fn no_area_panics_and_nothing_is_written_outside(
        (x, y, width, height) in (0u16..40, 0u16..12, 0u16..50, 0u16..14),
    ) {
        let area = Rect::new(x, y, width, height);
        for look in [Look::full(), look(Glyphs::Ascii, Depth::Mono)] {
            let mut buf = buffer(40, 10);
            paint_all(area, &mut buf, &look);
            for position in buf.area.positions().filter(|at| !area.contains(*at)) {
                prop_assert_eq!(&buf[position], &ratatui::buffer::Cell::EMPTY, "{:?}", position);
            }
        }
    }

    #[test]
    fn any_numbers_can_be_drawn(
        values in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..20),
        set in any::<f64>(), actual in any::<f64>(), limit in any::<f64>(), bounds in any::<(f64, f64)>(),
    ) {
        let look = Look::full();
        let mut buf = buffer(30, 6);
        let area = buf.area;
        let base = Chart { baseline: &values, canary: &values, limit: Some(Limit { value: limit }), ..Chart::default() };
        base.draw(area, &mut buf, &look);
        Chart { bounds: Some(bounds), ..base }.draw(area, &mut buf, &look);
        let slider = Slider { set, actual: Some(actual), draft: Some(limit), steps: &[actual] };
        slider.draw(area, &mut buf, &look);
        slider.cell(10, &look);
        sparkline(&mut buf, area, &[set, actual], Some(limit), Token::Canary, &look);
    }

    #[test]
    fn ascii_looks_write_ascii(width in 0u16..50, height in 0u16..14) {
        let look = look(Glyphs::Ascii, Depth::Mono);
        let mut buf = buffer(width, height);
        let area = buf.area;
        let (baseline, canary) = curves();
        chart(&baseline, &canary).draw(area, &mut buf, &look);
        let slider = Slider { set: 20.0, actual: Some(35.0), draft: None, steps: &[5.0] };
        slider.draw(area, &mut buf, &look);
        prop_assert!(plain(&buf).is_ascii());
    }
}
