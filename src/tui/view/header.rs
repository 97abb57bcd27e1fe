//! The first line: what is released, where, how, when.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, layout};
use crate::{
    domain::Policy,
    tui::{
        glyph::Glyph,
        model::age,
        theme::Token,
        widget::{badge, put_line, put_line_right, text},
    },
};

/// Draws the first line.
pub fn draw(c: &mut Canvas<'_>, area: Rect) {
    let (m, look) = (c.m, c.look);
    let wide = area.width >= layout::TWO;
    let mut right: Vec<Span<'_>> = vec![];
    if let Some((since, _)) = &m.still {
        let seconds = m.now.duration_since(*since).as_secs();
        let ago = if seconds < 10 { String::new() } else { format!(" {}", age(seconds)) };
        right.push(look.span(Token::HoldFill, format!(" STILL{ago} ")));
        right.push(Span::raw("  "));
    }
    let guarded = m.snapshot.environment().filter(|e| e.readonly || e.policy == Policy::Production);
    match m.open_for() {
        _ if m.read_only => right.push(look.span(Token::Dim, "[RO] forced  ")),
        Some(left) => {
            // The last minute counts as one.
            let minutes = (left.as_secs() + 59) / 60;
            right.push(look.span(Token::Armed, format!("[RW {minutes}m left]  ")));
        }
        None if guarded.is_some_and(|e| e.readonly) => right.push(look.span(Token::Dim, "[RO] by configuration  ")),
        None if guarded.is_some() => right.push(look.span(Token::Dim, "[RO]  ")),
        None => {}
    }
    right.push(look.span(Token::Dim, format!("{}{} ", m.clock_now(), m.zone_mark())));
    let right = Line::from(right);
    let right_wide = text::columns(right.width());

    let mut x = 0;
    if wide {
        x = badge(c.buf, area, "gonogo", Token::Brand, look) + 1;
    }
    let mut left: Vec<Span<'_>> = vec![Span::raw(" ")];
    match &m.board.release {
        Some((name, from, to)) => {
            left.push(look.span(Token::Bright, name.as_str()));
            if !to.is_empty() && to != from {
                left.push(look.span(Token::Dim, format!(" {from} {} ", look.glyph(Glyph::To))));
                left.push(look.span(Token::Bright, to.as_str()));
            }
        }
        None if m.any_data() => left.push(look.span(Token::Dim, "nothing on its way")),
        None => left.push(look.span(Token::Dim, "reading")),
    }
    if let Some(target) = m.snapshot.environment() {
        let token = if target.policy == Policy::Production { Token::Production } else { Token::Text };
        left.push(Span::raw(if wide { "   " } else { "  " }));
        left.push(look.span(token, target.name.as_str()));
        let clusters: Vec<&str> = target.clusters.iter().map(|p| p.cluster.as_str()).collect();
        left.push(look.span(Token::Dim, format!("  {}", clusters.join(" "))));
    }
    let room = Rect { width: area.width.saturating_sub(right_wide + 1), ..area };
    put_line(c.buf, room, x, 0, &Line::from(left));
    put_line_right(c.buf, area, 0, &right);
}
