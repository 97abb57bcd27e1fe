//! A log: below the verdict, over everything else.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, footer, overlay};
use crate::{
    domain::{Level, LogLine, LogOrigin, LogSource, PodArm},
    tui::{
        command::{Command, Ui},
        glyph::Glyph,
        keymap::Scope,
        model::{Area, LogView},
        theme::Token,
        widget::{Panel, put, put_line, put_line_right, text},
    },
};

/// Columns and rows that a log needs.
const LEAST: (u16, u16) = (60, 14);

/// Draws the log.
pub fn draw(c: &mut Canvas<'_>, area: Rect, view: &LogView) {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return too_small(c, area);
    }
    let body = Rect { y: area.y + 3, height: area.height - 4, ..area };
    let look = c.look;
    let note = Line::from(look.span(Token::Text, view.ask.title()));
    let status = Line::from(look.span(Token::Dim, state(view)));
    let panel = Panel { key: "L", title: "Log", note, status, tone: Some(Token::Focus), over: true, ..Panel::default() };
    let inner = panel.draw(body, c.buf, look);
    let mut inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    for (token, words) in told(view) {
        if inner.height < 3 {
            break;
        }
        let words = look.cut(&words, usize::from(inner.width)).into_owned();
        put(c.buf, inner, 0, 0, &words, look.style(token));
        inner = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    }
    rows(c, inner, view);
    c.map.note(inner, Area::Overlay);
    count(c, Rect { y: body.bottom() - 1, height: 1, x: inner.x, width: inner.width }, view);
    keys(c, Rect { y: area.bottom() - 1, height: 1, ..area }, view);
}

fn too_small(c: &mut Canvas<'_>, area: Rect) {
    let rect = overlay::middle(area, 40, 3);
    let status = Line::from(c.look.span(Token::Dim, "Esc"));
    let inner = overlay::framed(c, rect, "Log", status, Token::Focus);
    let words = format!("a log needs {} x {}", LEAST.0, LEAST.1);
    put(c.buf, inner, 0, 0, &words, c.look.style(Token::Text));
}

/// How it is read: since when, how many pods, whether it goes on.
fn state(view: &LogView) -> String {
    let mut out = vec![];
    if view.ask.previous {
        out.push("before the last restart".to_owned());
    } else if view.of_pods() {
        out.push(view.ask.since.map_or("all that is kept".to_owned(), |s| format!("since {} min", s.as_mins())));
    }
    match view.reading {
        Some(count) if view.of_pods() && !view.ended => out.push(format!("{count} {}", if count == 1 { "pod" } else { "pods" })),
        _ => {}
    }
    out.push(
        match (view.ended, view.top) {
            (true, _) => "ended",
            (false, None) => "following",
            (false, Some(_)) => "still",
        }
        .to_owned(),
    );
    out.join(", ")
}

/// What must be known of the log before its lines are read.
fn told(view: &LogView) -> Vec<(Token, String)> {
    let about = view.about.iter().rev().take(2).rev().map(|words| (Token::Dim, words.to_string()));
    let troubles = view.troubles.iter().rev().take(3).rev().map(|(source, problem)| {
        let hint = problem.hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
        (Token::Stale, format!("~ {source}: {}{hint}", problem.what))
    });
    about.chain(troubles).collect()
}

fn rows(c: &mut Canvas<'_>, inner: Rect, view: &LogView) {
    let room = usize::from(inner.height);
    let shown = view.shown();
    if shown.is_empty() {
        let words = match (view.ended, view.lines.is_empty()) {
            (_, false) => "no line looks like an error",
            (true, true) => "nothing was written",
            (false, true) if view.reading.is_none() => "reading",
            (false, true) => "nothing was written yet",
        };
        put(c.buf, inner, 0, 0, words, c.look.style(Token::Dim));
        return;
    }
    let columns = Columns::of(view);
    let wide = usize::from(inner.width);
    let mut lines: Vec<Line<'static>> = vec![];
    let from = view.start(&shown, room);
    for number in &shown[from..] {
        let Some(line) = view.line(*number) else { continue };
        lines.extend(columns.line(c, view, line, wide));
        // At the end of the log the last rows count, else the first.
        if view.top.is_some() && lines.len() >= room {
            break;
        }
    }
    let skip = if view.top.is_none() { lines.len().saturating_sub(room) } else { 0 };
    for (y, line) in (0u16..).zip(lines.iter().skip(skip).take(room)) {
        put_line(c.buf, inner, 0, y, line);
    }
}

/// What stands in front of the lines: only what differs between them.
struct Columns {
    cluster: usize,
    pod: bool,
}

impl Columns {
    fn of(view: &LogView) -> Self {
        let mut clusters: Vec<&str> = vec![];
        let mut pods: Vec<&str> = vec![];
        for line in &view.lines {
            if let LogOrigin::Pod { cluster, pod, .. } = &*line.origin {
                if !clusters.contains(&cluster.as_str()) {
                    clusters.push(cluster.as_str());
                }
                if pods.len() < 2 && !pods.contains(&&**pod) {
                    pods.push(pod);
                }
            }
        }
        let cluster = if clusters.len() > 1 { clusters.iter().map(|c| text::width(c)).max().unwrap_or(0).min(8) } else { 0 };
        Self { cluster, pod: pods.len() > 1 }
    }

    fn line(&self, c: &Canvas<'_>, view: &LogView, line: &LogLine, wide: usize) -> Vec<Line<'static>> {
        let look = c.look;
        let ellipsis = look.glyph(Glyph::Ellipsis);
        let at = line.at.map_or("        ".to_owned(), |at| match &c.m.zone {
            None => at.strftime("%H:%M:%S").to_string(),
            Some(zone) => at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string(),
        });
        let mut head = vec![look.span(Token::Dim, at + " ")];
        if let LogOrigin::Pod { cluster, arm, .. } = &*line.origin {
            if self.cluster > 0 {
                head.push(look.span(Token::Dim, text::pad(cluster.as_str(), self.cluster, ellipsis) + " "));
            }
            let token = match arm {
                Some(PodArm::Canary) => Token::Canary,
                Some(PodArm::Stable) => Token::Baseline,
                None => Token::Dim,
            };
            if self.pod {
                head.push(look.span(token, text::pad(line.origin.short(), 5, ellipsis) + " "));
            }
            // A letter too, for those who see no colours; where one side is asked for, the title says it.
            if let (Some(arm), LogSource::Pods { arm: None, .. }) = (arm, &view.ask.source) {
                head.push(look.span(token, if *arm == PodArm::Canary { "c " } else { "s " }));
            }
        }
        let (token, sign) = match line.level {
            Level::Error => (Token::NoGo, look.glyph(Glyph::NoGo)),
            Level::Warn => (Token::Hold, look.glyph(Glyph::Hold)),
            Level::Info | Level::Plain => (Token::Text, " "),
            Level::Debug => (Token::Dim, " "),
        };
        head.push(look.span(token, format!("{sign} ")));
        let used: usize = head.iter().map(Span::width).sum();
        let room = wide.saturating_sub(used).max(1);
        let found = if view.search.is_empty() { None } else { Some(view.search.to_lowercase()) };
        let pieces: Vec<String> =
            if view.wrap { text::wrap(line.text.as_str(), room) } else { vec![look.cut(line.text.as_str(), room).into_owned()] };
        let mut out = vec![];
        for (row, piece) in pieces.into_iter().enumerate() {
            let mut spans = if row == 0 { std::mem::take(&mut head) } else { vec![Span::raw(" ".repeat(used))] };
            spans.extend(marked(c, &piece, found.as_deref(), token));
            out.push(Line::from(spans));
        }
        out
    }
}

/// A text with what is searched for marked.
fn marked(c: &Canvas<'_>, piece: &str, found: Option<&str>, token: Token) -> Vec<Span<'static>> {
    let look = c.look;
    let lower = piece.to_lowercase();
    let Some(wanted) = found.filter(|_| lower.len() == piece.len()) else {
        return vec![look.span(token, piece.to_owned())];
    };
    let (mut out, mut from) = (vec![], 0);
    while let Some(at) = lower[from..].find(wanted).map(|at| from + at) {
        let end = at + wanted.len();
        let (Some(before), Some(hit)) = (piece.get(from..at), piece.get(at..end)) else { break };
        out.push(look.span(token, before.to_owned()));
        out.push(look.span(Token::Found, hit.to_owned()));
        from = end;
    }
    out.push(look.span(token, piece.get(from..).unwrap_or_default().to_owned()));
    out
}

/// On the lower edge: how much there is, and what was left out.
fn count(c: &mut Canvas<'_>, edge: Rect, view: &LogView) {
    let look = c.look;
    let mut words = format!(" {} lines", view.lines.len());
    if view.errors {
        words = format!(" {} of {} lines look like errors", view.shown().len(), view.lines.len());
    }
    let left_out = view.gone + view.dropped;
    if left_out > 0 {
        words.push_str(&format!(", {left_out} lines dropped"));
    }
    put_line_right(c.buf, edge, 0, &Line::from(look.span(Token::Dim, words + " ")));
    if view.typing.is_some() || !view.search.is_empty() {
        let hits = view.lines.iter().filter(|l| view.found(l)).count();
        let cursor = if view.typing.is_some() { "_" } else { "" };
        let words = look.cut(&format!(" /{}{cursor}  {hits} found ", view.search), usize::from(edge.width / 2)).into_owned();
        put(c.buf, edge, 1, 0, &words, look.style(Token::Key));
    }
}

/// The keys of a log, from the keymap; or a short word.
fn keys(c: &mut Canvas<'_>, area: Rect, view: &LogView) {
    let (m, look) = (c.m, c.look);
    if m.flash.is_some() {
        return footer::draw(c, area);
    }
    for x in 0..area.width {
        put(c.buf, area, x, 0, " ", look.style(Token::Text));
    }
    let follow = if view.top.is_none() { "stop" } else { "follow" };
    let common = [(Ui::Still, follow), (Ui::Filter, "search"), (Ui::Copy, "copy")];
    let back = m.keymap.shown(Command::Ui(Ui::Back));
    let back = Line::from(vec![look.span(Token::Key, back), look.span(Token::Dim, " back ")]);
    let room = area.width.saturating_sub(text::columns(back.width()) + 1);
    put_line_right(c.buf, area, 0, &back);
    let own = m.keymap.bindings().iter().filter(|b| b.row.scope == Scope::Log).map(|b| (b.row.run, b.row.hint));
    let all = own.chain(common.map(|(ui, hint)| (Command::Ui(ui), hint)));
    let mut x = 1;
    for (run, hint) in all {
        let key = m.keymap.shown(run);
        let pods = matches!(run, Command::Ui(Ui::LogSince | Ui::LogArm | Ui::LogPrevious));
        if key.is_empty() || (pods && !view.of_pods()) {
            continue;
        }
        let spans = vec![look.span(Token::Key, key), look.span(Token::Dim, format!(" {hint}"))];
        let wide = text::columns(spans.iter().map(Span::width).sum::<usize>());
        if x + wide > room {
            continue;
        }
        put_line(c.buf, area, x, 0, &Line::from(spans));
        x += wide + 2;
    }
}
