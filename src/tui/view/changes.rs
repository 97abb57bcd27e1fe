//! Pane 3: what the selected service gets with the release.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, unset};
use crate::{
    domain::{ChangeSet, ChangedFile, Feed, Found, ServiceChanges, ServiceName},
    tui::{
        glyph::Glyph,
        model::{Area, Pane, age},
        theme::Token,
        widget::{put, put_line},
    },
};

/// Draws the pane.
pub fn draw(c: &mut Canvas<'_>, area: Rect, tabs: bool) {
    let (m, look) = (c.m, c.look);
    let selected = m.selected().map(|row| row.name.clone());
    let changes = m.changes();
    let mut note = vec![];
    if let (Some(name), Some(first)) = (&selected, changes.first()) {
        note.push(look.span(Token::Text, name.to_string()));
        note.push(look.span(Token::Dim, format!(" {} {} {}", first.from, look.glyph(Glyph::To), first.to)));
    }
    let records = m.snapshot.pipelines.deployments.values().find_map(Feed::problem);
    let status = records.map(|p| look.span(Token::Hold, p.to_string())).into_iter().collect::<Vec<_>>();
    let inner = unset::frame(c, Pane::Changes, area, tabs, Line::from(note), Line::from(status));
    if inner.width < 8 || inner.height == 0 {
        return;
    }
    let inner = Rect { x: inner.x + 1, width: inner.width - 2, ..inner };
    let lines = if changes.is_empty() {
        vec![Line::from(look.span(Token::Dim, nothing(c, selected.as_ref())))]
    } else {
        changes.iter().flat_map(|one| lines(c, one, changes.len() > 1)).collect()
    };
    let room = usize::from(inner.height);
    let skip = m.changes_offset.min(lines.len().saturating_sub(room));
    for (y, line) in (0u16..).zip(lines.iter().skip(skip).take(room)) {
        let end = put_line(c.buf, inner, 0, y, line);
        if usize::from(end) < line.width() {
            put(c.buf, inner, inner.width - 1, y, look.glyph(Glyph::Ellipsis), look.style(Token::Dim));
        }
    }
    c.map.note(inner, Area::Rows(Pane::Changes, skip));
}

/// Why there is nothing.
fn nothing(c: &Canvas<'_>, selected: Option<&ServiceName>) -> String {
    let m = c.m;
    if !m.snapshot.topology.pipelines {
        return "not configured: [defaults] pipeline = { github = \"owner/name\", workflow = \"ci.yml\" }".to_owned();
    }
    let others: Vec<&str> = m.board.changes.keys().map(ServiceName::as_str).collect();
    match (selected, &others[..]) {
        (None, _) => "no service is selected".to_owned(),
        (Some(name), []) => format!("nothing of {name} is on its way"),
        (Some(name), others) => format!("nothing of {name} is on its way; in the release: {}", others.join(", ")),
    }
}

fn lines(c: &Canvas<'_>, one: &ServiceChanges, several: bool) -> Vec<Line<'static>> {
    let look = c.look;
    let mut out = vec![];
    if several {
        let clusters = one.clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        out.push(Line::from(look.span(Token::Dim, format!("{clusters}  from {}", one.from))));
    }
    match &one.found {
        Found::Waiting => out.push(Line::from(look.span(Token::Dim, "reading"))),
        Found::Unknown { why } => {
            out.push(Line::from(vec![
                look.sign(Token::Unknown, Glyph::Unknown),
                Span::raw(" "),
                look.span(Token::Unknown, why.to_string()),
            ]));
        }
        Found::Known(set) => known(c, one, set, &mut out),
    }
    out
}

/// What asks for care first, then what people read, then what they look up.
fn known(c: &Canvas<'_>, one: &ServiceChanges, set: &ChangeSet, out: &mut Vec<Line<'static>>) {
    let look = c.look;
    let base = one.range.as_ref().map(|r| format!("  {}..{}", r.base.short(), r.head.short())).unwrap_or_default();
    out.push(Line::from(vec![look.span(Token::Text, set.summary()), look.span(Token::Faint, base)]));
    for why in &set.missing {
        out.push(Line::from(vec![look.sign(Token::Unknown, Glyph::Unknown), look.span(Token::Dim, format!(" {why}"))]));
    }
    let mut file = |kind: &'static str, glyph: Span<'static>, f: &ChangedFile| {
        out.push(Line::from(vec![
            glyph,
            look.span(Token::Text, format!(" {kind:<9} ")),
            look.span(Token::Text, f.path.to_string()),
            look.span(Token::Dim, format!("  {} +{} -{}", f.how, f.added, f.removed)),
        ]));
    };
    for f in &set.migrations {
        file("migration", look.sign(Token::Hold, Glyph::Must), f);
    }
    for f in &set.config {
        file("config", look.sign(Token::Dim, Glyph::Dot), f);
    }
    for p in &set.pulls {
        let labels = p.labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let by = p.author.as_ref().map(|a| format!("  {a}")).unwrap_or_default();
        out.push(Line::from(vec![
            look.span(Token::Link, format!("#{} ", p.number)),
            look.span(Token::Text, p.title.to_string()),
            look.span(Token::Dim, by),
            look.span(Token::Hold, if labels.is_empty() { String::new() } else { format!("  {labels}") }),
        ]));
    }
    for commit in &set.listed {
        let when = commit.at.map(|at| age(c.m.now.duration_since(at).as_secs())).unwrap_or_default();
        out.push(Line::from(vec![
            look.span(Token::Dim, format!("{} ", commit.sha.short())),
            look.span(Token::Text, commit.subject.to_string()),
            look.span(Token::Dim, format!("  {}  {when}", commit.author)),
        ]));
    }
    out.push(Line::from(look.span(Token::Faint, "flags: not configured")));
}
