//! The palette and the field of the filter.

use ratatui::{layout::Rect, text::Line, widgets::Widget as _};
use tui_textarea::TextArea;

use super::{Canvas, framed, middle};
use crate::tui::{
    model::Area,
    theme::Token,
    update::entries,
    widget::{Align, Column, Table, put, scroll, text},
};

/// A field of one row, with its cursor.
fn field(c: &mut Canvas<'_>, row: Rect, input: &TextArea<'static>) {
    let mut shown = input.clone();
    shown.set_style(c.look.style(Token::Bright));
    shown.set_cursor_line_style(c.look.style(Token::Bright));
    let row = row.intersection(c.buf.area);
    if row.width > 0 && row.height > 0 {
        (&shown).render(row, c.buf);
    }
}

/// Draws the palette.
pub fn draw(c: &mut Canvas<'_>, area: Rect, input: &TextArea<'static>, at: usize) {
    let typed = input.lines().first().cloned().unwrap_or_default();
    let found = entries(c.m, &typed);
    let height = (u16::try_from(found.len()).unwrap_or(u16::MAX).saturating_add(3)).clamp(6, 18);
    let rect = middle(area, 76, height.max(area.height.min(18)));
    let look = c.look;
    let status = Line::from(look.span(Token::Dim, format!("{} of {}", found.len().min(at + 1), found.len())));
    let inner = framed(c, rect, "Command", status, Token::Focus);
    put(c.buf, inner, 0, 0, ":", look.style(Token::Key));
    field(c, Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), height: 1, ..inner }, input);
    let list = Rect { x: inner.x - 1, y: inner.y + 1, width: inner.width + 1, height: inner.height.saturating_sub(1) };
    if found.is_empty() {
        put(c.buf, list, 3, 0, "no command has this name", look.style(Token::Dim));
        return;
    }
    let wide = found.iter().map(|e| text::width(&e.name)).max().unwrap_or(0).clamp(12, 34);
    let columns = [
        Column { width: text::columns(wide), ..Column::default() },
        Column { width: 10, grow: 1, give: 1, ..Column::default() },
        Column { width: 7, align: Align::Right, give: 2, ..Column::default() },
    ];
    let offset = scroll(0, Some(at), found.len(), usize::from(list.height));
    let table = Table {
        columns: &columns,
        rows: found.len(),
        offset,
        selected: Some(at),
        head: false,
        cell: &|row, column| {
            let e = &found[row];
            Line::from(match column {
                0 => look.span(if row == at { Token::Bright } else { Token::Text }, e.name.clone()),
                1 => look.span(Token::Dim, e.about.clone()),
                _ => look.span(Token::Key, e.key.clone()),
            })
        },
    };
    table.draw(list, c.buf, look);
    c.map.note(list, Area::Overlay);
}

/// Draws the field of the filter over the footer: what is filtered stays in sight.
pub fn filter(c: &mut Canvas<'_>, area: Rect, input: &TextArea<'static>) {
    let row = Rect { y: area.bottom() - 1, height: 1, ..area };
    for x in row.left()..row.right() {
        c.buf[(x, row.y)].reset();
    }
    let look = c.look;
    put(c.buf, row, 1, 0, "/", look.style(Token::Key));
    let words = format!("{} of {}  Enter keeps, Esc clears ", c.m.service_rows().len(), c.m.board.services.len());
    let wide = text::columns(text::width(&words));
    field(c, Rect { x: row.x + 3, width: row.width.saturating_sub(wide + 4), ..row }, input);
    put(c.buf, row, row.width.saturating_sub(wide), 0, &words, look.style(Token::Dim));
}
