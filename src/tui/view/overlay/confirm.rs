//! A plan that waits for consent.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, framed, middle, reason, scrolled};
use crate::{
    domain::SafeText,
    tui::{
        glyph::Glyph,
        model::{Area, Confirm, Fence, Group, PlanRow},
        theme::Token,
        widget::{badge, put, put_line, text},
    },
};

/// Width of the names of the rows.
const NAMES: usize = 9;
/// Columns inside the frame from which the first two groups stand beside each other.
const BESIDE: usize = 100;

/// The rows of a group, wrapped.
fn rows(c: &Canvas<'_>, rows: &[&PlanRow], width: usize) -> Vec<Line<'static>> {
    let look = c.look;
    let room = width.saturating_sub(NAMES);
    let mut lines = vec![];
    for row in rows {
        let token = match (row.name, row.group) {
            _ if row.alarm => Token::NoGo,
            _ if row.changed => Token::Hold,
            ("where", _) => Token::Production,
            ("from", _) => Token::Canary,
            ("to", _) => Token::Bright,
            (_, Group::Same) => Token::Link,
            (_, Group::Exactly) => Token::Dim,
            _ => Token::Text,
        };
        // Without colour the sign tells it.
        let sign = match row {
            PlanRow { alarm: true, .. } => look.glyph(Glyph::Must),
            PlanRow { changed: true, .. } => look.glyph(Glyph::Differs),
            _ => "",
        };
        let hang = if sign.is_empty() { 0 } else { 2 };
        for (at, line) in text::wrap(row.text.as_str(), room.saturating_sub(hang)).into_iter().enumerate() {
            let (name, mark) = if at == 0 { (row.name, sign) } else { ("", "") };
            lines.push(Line::from(vec![
                look.span(Token::Dim, text::pad(name, NAMES, "")),
                look.span(token, text::pad(mark, hang, "") + &line),
            ]));
        }
    }
    lines
}

/// All rows; where there is room, what becomes of it stands beside how it is done.
fn body(c: &Canvas<'_>, confirm: &Confirm, width: usize) -> Vec<Line<'static>> {
    let of = |group: Group| -> Vec<&PlanRow> { confirm.card.rows.iter().filter(|r| r.group == group).collect() };
    let (what, how) = (of(Group::What), of(Group::How));
    let mut lines: Vec<Line<'static>> = vec![];
    if width >= BESIDE {
        let left = width / 2 - 2;
        let (a, b) = (rows(c, &what, left), rows(c, &how, width - left - 4));
        for at in 0..a.len().max(b.len()) {
            let mut line = a.get(at).cloned().unwrap_or_default();
            let gap = left + 4 - line.width().min(left);
            line.spans.push(Span::raw(" ".repeat(gap)));
            line.spans.extend(b.get(at).cloned().unwrap_or_default().spans);
            lines.push(line);
        }
    } else {
        lines.extend(rows(c, &what, width));
        lines.extend(rows(c, &how, width));
    }
    for group in [Group::Same, Group::Exactly] {
        let more = rows(c, &of(group), width);
        if !more.is_empty() {
            lines.push(Line::default());
            lines.extend(more);
        }
    }
    lines
}

/// What kind of change it is, for the upper edge and its colour.
fn kind(confirm: &Confirm) -> (&'static str, Token) {
    match (confirm.card.back, confirm.card.tier) {
        (true, 3) => ("back, and unsafe", Token::NoGo),
        (true, _) => ("takes exposure back", Token::Hold),
        (false, 3) => ("forward, wide or over a NO-GO", Token::NoGo),
        (false, 2) => ("forward, in production", Token::Focus),
        (false, _) => ("forward", Token::Focus),
    }
}

/// Whether keys count, in words: people, screen readers and scripts wait for `armed`.
fn state(c: &Canvas<'_>, confirm: &Confirm) -> Vec<Span<'static>> {
    let look = c.look;
    let m = c.m;
    let say = |token: Token, glyph: Glyph, words: String| vec![look.sign(token, glyph), look.span(token, format!(" {words}"))];
    if confirm.stale {
        return say(Token::Stale, Glyph::Stale, "the world has changed: the plan is being made anew".to_owned());
    }
    if !confirm.armed(m.at) {
        let words = match confirm.fence {
            Fence::Seen { .. } => "in a moment",
            Fence::Unseen | Fence::Asked { .. } => "waiting for the terminal",
        };
        return say(Token::Dim, Glyph::Waiting, words.to_owned());
    }
    let closed = confirm.card.arms && m.open_for().is_none();
    let words = if confirm.wants_name() {
        format!("armed: type {} and Enter", confirm.card.name)
    } else if closed {
        "armed: r opens production for 15 minutes".to_owned()
    } else {
        "armed: y does it now".to_owned()
    };
    say(if closed { Token::Hold } else { Token::Go }, Glyph::Go, words)
}

/// What is said where the terminal does not tell what it has drawn.
const DEAF: &str = "the terminal does not answer, only the delay protects";

/// What must stay in sight whatever is scrolled: what the typed name accepts, how far the fence holds, why it is done.
fn pinned(c: &Canvas<'_>, confirm: &Confirm, width: usize) -> Vec<Line<'static>> {
    let look = c.look;
    let mut out = vec![];
    if !confirm.card.accepts.is_empty() {
        let names: Vec<&str> = confirm.card.accepts.iter().map(SafeText::as_str).collect();
        for (at, line) in text::wrap(&format!("this accepts: {}", names.join(", ")), width.saturating_sub(2)).iter().enumerate() {
            let sign = if at == 0 { look.glyph(Glyph::Must) } else { "" };
            out.push(Line::from(look.span(Token::NoGo, format!("{} {line}", text::pad(sign, 1, "")))));
        }
    }
    if let Fence::Seen { heard: false, .. } = confirm.fence {
        out.push(Line::from(look.span(Token::Hold, look.cut(DEAF, width).into_owned())));
    }
    // On a low screen the plan comes first: why is a question that nobody has to answer.
    if c.m.size.1 >= 16 {
        let why = reason::lines(look, &confirm.card.action, confirm.typed_name(), confirm.reason, width);
        if confirm.wants_name() && !why.is_empty() {
            // A letter is one of the name as long as that is typed.
            let says = match confirm.reason {
                Some(word) => format!("why      {word}; a letter changes it, once the name is typed"),
                None => "why      one letter says it, once the name is typed".to_owned(),
            };
            out.push(Line::from(look.span(Token::Dim, look.cut(&says, width).into_owned())));
        } else {
            out.extend(why);
        }
    }
    out
}

/// Draws the dialog.
pub fn draw(c: &mut Canvas<'_>, area: Rect, confirm: &Confirm) {
    let look = c.look;
    let most = if area.width >= 112 { 112 } else { 88 };
    let wide = area.width.saturating_sub(8).clamp(40, most);
    let (words, tone) = kind(confirm);
    let width = usize::from(wide.saturating_sub(4));
    let lines = body(c, confirm, width);
    let mut pinned = pinned(c, confirm, width);
    let height = u16::try_from(lines.len() + pinned.len() + 6).unwrap_or(u16::MAX);
    let rect = middle(area, wide, height);
    let status = Line::from(look.span(Token::Dim, format!("{words} {} tier {}", look.glyph(Glyph::Dot), confirm.card.tier)));
    let title = confirm.card.title.as_str().to_owned();
    let inner = framed(c, rect, &title, status, tone);
    pinned.truncate(usize::from(inner.height.saturating_sub(3)));
    let tall = u16::from(inner.height >= 8);
    let (top, feet) = (tall, 2 + tall + text::columns(pinned.len()));
    let room = Rect { y: inner.y + top, height: inner.height.saturating_sub(feet + top), ..inner };
    scrolled(c, room, &lines, confirm.offset);
    let last = inner.height.saturating_sub(1);
    // Where there is no row to spare, the word on what is out of sight gives way.
    let clear = " ".repeat(usize::from(inner.width));
    for y in last.saturating_sub(1 + text::columns(pinned.len()))..=last {
        put(c.buf, inner, 0, y, &clear, look.style(Token::Text));
    }
    for (y, line) in (last.saturating_sub(1 + text::columns(pinned.len()))..).zip(&pinned) {
        put_line(c.buf, inner, 0, y, line);
    }
    put_line(c.buf, inner, 0, last.saturating_sub(1), &Line::from(state(c, confirm)));
    let closes = if confirm.wants_name() {
        let mut x = put(c.buf, inner, 0, last, &format!("type {}: ", confirm.card.name), look.style(Token::Text));
        x = put(c.buf, inner, x, last, &format!("{}_", confirm.typed), look.style(Token::Bright));
        put_line(c.buf, inner, x + 3, last, &Line::from(look.span(Token::Dim, "Esc closes")));
        c.map.note(rect, Area::Consent(confirm.card.id));
        return;
    } else {
        "Esc or n closes"
    };
    let ready = confirm.armed(c.m.at) && !confirm.stale && (!confirm.card.arms || c.m.open_for().is_some());
    let token = match tone {
        _ if !ready => Token::Unknown,
        Token::Focus => Token::Go,
        other => other,
    };
    let foot = Rect { y: inner.y + last, height: 1, ..inner };
    let mut x = if ready { badge(c.buf, foot, "y", token, look) } else { put(c.buf, foot, 0, 0, " y ", look.style(Token::Dim)) };
    let name = confirm.card.action.name();
    x = put(c.buf, foot, x + 1, 0, &format!("{name} now"), look.style(if ready { Token::Text } else { Token::Dim }));
    put(c.buf, foot, x + 3, 0, closes, look.style(Token::Dim));
    c.map.note(rect, Area::Consent(confirm.card.id));
}
