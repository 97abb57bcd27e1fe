//! What is to be known of a rollout beside its figures: gates, analyses, the plan, what is still warm. Lines in the
//! order of their weight; a pane shows as many as it has room for.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, delegated};
use crate::{
    domain::{Analysis, AnalysisMetric, AnalysisPhase, Canary, Delegated, FlaggerStand, GateStand, NoteKind, WarmRevision},
    tui::{
        glyph::Glyph,
        model::{CanaryCell, ServiceRow, age},
        theme::Token,
        widget::{put, put_line},
    },
};

/// One line, and whether it speaks against going on as if nothing were.
pub(super) struct Fact {
    /// The line.
    pub words: Vec<Span<'static>>,
    /// Whether somebody should read it first.
    pub loud: bool,
}

/// The lines of a canary that is under way.
pub(super) fn of(c: &Canvas<'_>, row: &ServiceRow, cell: &CanaryCell) -> Vec<Fact> {
    let mut out = vec![];
    let all = delegated(c.m, row, &cell.environment);
    let several = cell.arms.len() > 1;
    for (cluster, canary) in &cell.arms {
        let place = if several { format!("{cluster}: ") } else { String::new() };
        out.extend(apart(c, canary, &place));
    }
    let mine: Vec<_> = all.iter().filter(|(name, _)| cell.arms.iter().any(|(a, _)| a == *name)).collect();
    for (at, (cluster, d)) in mine.iter().enumerate() {
        // What the clusters have in common is said once; they mostly stand alike.
        let alike = mine.iter().take(at).any(|(_, before)| before.flagger == d.flagger && words(before) == words(d));
        if alike {
            continue;
        }
        let place = if at > 0 { format!("{cluster}: ") } else { String::new() };
        out.extend(d.flagger.iter().flat_map(|f| flagger(c, f, cell, &place)));
        out.extend(d.analyses.iter().flat_map(|a| analysis(c, a, &place)));
        out.extend(d.warm.iter().map(|w| Fact { words: warm(c, w), loud: false }));
    }
    out.extend(cell.notes.iter().map(|n| match n.kind {
        NoteKind::Broken => fact(c, Token::NoGo, Glyph::NoGo, n.text.to_string(), true),
        NoteKind::Status => fact(c, Token::Hold, Glyph::Hold, n.text.to_string(), true),
        NoteKind::Ahead | NoteKind::Mirror | NoteKind::Apart => {
            Fact { words: vec![c.look.span(Token::Dim, n.text.to_string())], loud: false }
        }
    }));
    // The measured share is as old as the figures; while they are fresh, the feed's age says it.
    let old = cell.measured.map(|at| c.m.now.duration_since(at).as_secs()).filter(|s| *s >= 30);
    out.extend(
        old.map(|s| Fact { words: vec![c.look.span(Token::Stale, format!("the actual share is {} old", age(s)))], loud: false }),
    );
    out.sort_by_key(|f| !f.loud);
    out
}

/// What an analysis comes to, without times and names: clusters that agree are one line.
fn words(d: &Delegated) -> Vec<(String, String)> {
    d.analyses.iter().flat_map(|a| &a.metrics).map(|m| (m.name.to_string(), m.phase.to_string())).collect()
}

fn fact(c: &Canvas<'_>, token: Token, glyph: Glyph, text: String, loud: bool) -> Fact {
    let sign = c.look.sign(token, glyph);
    Fact { words: vec![sign, Span::raw(" "), c.look.span(if loud { token } else { Token::Dim }, text)], loud }
}

fn apart(c: &Canvas<'_>, canary: &Canary, place: &str) -> Option<Fact> {
    let (planned, set) = canary.apart()?;
    let text = format!("{place}its step asks for {planned} %, the route gives {set} %");
    Some(fact(c, Token::Hold, Glyph::Hold, text, true))
}

fn flagger(c: &Canvas<'_>, f: &FlaggerStand, cell: &CanaryCell, place: &str) -> Vec<Fact> {
    let mut out = vec![];
    for gate in f.holding() {
        out.push(fact(c, Token::Waiting, Glyph::Waiting, format!("{place}gate {} holds ({})", gate.name, gate.kind), true));
    }
    if f.failed_checks > 0 {
        let text = format!("{place}{} of {} checks failed", f.failed_checks, f.threshold);
        out.push(fact(c, Token::Hold, Glyph::Hold, text, true));
    } else {
        let text = format!("{place}no check failed of {}, one every {}", f.threshold, every(f.interval));
        out.push(fact(c, Token::Go, Glyph::Go, text, false));
    }
    if cell.set().is_some_and(|set| (set - f.said.percent()).abs() > 0.5) {
        let text = format!("{place}its status tells {} %; the route counts", f.said);
        out.push(fact(c, Token::Dim, Glyph::Differs, text, false));
    }
    let later: Vec<String> =
        f.gates.iter().filter(|g| g.stand != GateStand::Holds).map(|g| format!("{} ({})", g.name, g.kind)).collect();
    if !later.is_empty() {
        out.push(fact(c, Token::Dim, Glyph::Nothing, format!("{place}gates {}", later.join(", ")), false));
    }
    out
}

fn every(seconds: i64) -> String {
    if seconds % 60 == 0 { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
}

/// An analysis: one line per metric, or one for it all where only the rollout tells of it.
pub(super) fn analysis(c: &Canvas<'_>, a: &Analysis, place: &str) -> Vec<Fact> {
    let before = if a.current { "" } else { "before: " };
    if a.metrics.is_empty() {
        let why = a.why.as_ref().map(|w| format!(": {w}")).unwrap_or_default();
        let (token, glyph) = sign(&a.phase);
        let loud = a.current && (a.phase.bad() || a.phase == AnalysisPhase::Inconclusive);
        return vec![fact(c, token, glyph, format!("{place}{before}{} analysis {}{why}", a.kind, a.phase), loud)];
    }
    a.metrics.iter().map(|m| metric(c, a, m, &format!("{place}{before}"))).collect()
}

fn metric(c: &Canvas<'_>, a: &Analysis, m: &AnalysisMetric, place: &str) -> Fact {
    let newest = m.last.as_ref().map(|l| &l.phase);
    let phase = if m.phase.ended() { &m.phase } else { newest.unwrap_or(&m.phase) };
    let against = phase.bad() || *phase == AnalysisPhase::Inconclusive;
    let (token, glyph) = if against { sign(phase) } else { sign(&m.phase) };
    let dry = if m.dry_run { " (dry run)" } else { "" };
    let mut text = format!("{place}{} {} of {} ok{dry}", m.name, m.successful, m.count);
    match m.why().filter(|_| against) {
        Some(why) => {
            let why = why.as_str().strip_prefix(m.name.as_str()).unwrap_or(why.as_str()).trim_start();
            text.push_str(&format!("  last {why}"));
        }
        None => text.push_str(&format!("  {} analysis {}", a.kind, a.phase)),
    }
    fact(c, token, glyph, text, against && a.current && !m.dry_run)
}

fn sign(phase: &AnalysisPhase) -> (Token, Glyph) {
    match phase {
        AnalysisPhase::Pending | AnalysisPhase::Running => (Token::Running, Glyph::Running),
        AnalysisPhase::Successful => (Token::Go, Glyph::Go),
        AnalysisPhase::Failed | AnalysisPhase::Error => (Token::NoGo, Glyph::NoGo),
        AnalysisPhase::Inconclusive => (Token::Hold, Glyph::Hold),
        AnalysisPhase::Unknown(_) => (Token::Unknown, Glyph::Unknown),
    }
}

/// A revision that still has pods, and for how long.
pub(super) fn warm(c: &Canvas<'_>, w: &WarmRevision) -> Vec<Span<'static>> {
    let look = c.look;
    let left = w.until.map(|until| until.duration_since(c.m.now).as_secs());
    let until = match left {
        None => "kept".to_owned(),
        Some(..1) => "gone any moment".to_owned(),
        Some(left) => format!("gone in {}", in_coarse(left)),
    };
    vec![
        look.span(Token::Dim, "warm     "),
        look.span(Token::Text, w.version.to_string()),
        look.span(Token::Dim, format!("  {} pods, {until}", w.available)),
    ]
}

/// A time that is left, in steps of ten seconds and then of minutes, so that a second is not a frame.
pub(super) fn in_coarse(seconds: i64) -> String {
    if seconds < 60 { format!("{} s", (seconds + 9) / 10 * 10) } else { age(seconds) }
}

/// Draws as many lines as there is room for, and the plan where there is much of it.
pub(super) fn draw(c: &mut Canvas<'_>, area: Rect, facts: &[Fact], cell: &CanaryCell) {
    for (y, fact) in (0..area.height).zip(facts) {
        line(c, area, y, &fact.words);
    }
    let y = facts.len() as u16 + 1;
    let Some((_, canary)) = cell.arms.first() else { return };
    if canary.steps.is_empty() || area.height < y + 4 {
        return;
    }
    plan(c, Rect { y: area.y + y, height: area.height - y, ..area }, canary);
}

/// One line, cut at the edge.
pub(super) fn line(c: &mut Canvas<'_>, area: Rect, y: u16, words: &[Span<'static>]) {
    let mut x = 0;
    for span in words {
        let room = usize::from(area.width.saturating_sub(x));
        let cut = c.look.cut(&span.content, room).into_owned();
        x = put_line(c.buf, area, x, y, &Line::from(Span::styled(cut, span.style)));
    }
}

/// The steps, with the present one; of a long plan those around it.
fn plan(c: &mut Canvas<'_>, area: Rect, canary: &Canary) {
    let look = c.look;
    let here = canary.step.map(|s| s as usize);
    put(c.buf, area, 0, 0, "PLAN", look.style(Token::Dim));
    let rows = usize::from(area.height - 1);
    let from = here.unwrap_or(0).saturating_sub(rows / 2).min(canary.steps.len().saturating_sub(rows));
    for (y, (at, step)) in (1u16..).zip(canary.steps.iter().enumerate().skip(from).take(rows)) {
        let (sign, token) = match here {
            Some(here) if at == here => (look.sign(Token::Canary, Glyph::SliderAt), Token::Bright),
            Some(here) if at < here => (look.sign(Token::Go, Glyph::Go), Token::Dim),
            _ => (look.sign(Token::Faint, Glyph::Nothing), Token::Dim),
        };
        let words = [sign, Span::raw(format!(" {:>2} ", at + 1)), look.span(token, step.to_string())];
        line(c, area, y, &words);
    }
}
