//! A log on the screen: the lines that are kept, and what of them is shown.

use std::collections::VecDeque;

use jiff::SignedDuration;
use tui_textarea::TextArea;

use crate::domain::{Level, LogAsk, LogLine, LogNews, LogSource, PodArm, Problem, SafeText};

/// How far back a log can be asked to reach; the last is everything that is kept.
const SPANS: [Option<SignedDuration>; 5] = [
    Some(SignedDuration::from_mins(1)),
    Some(SignedDuration::from_mins(5)),
    Some(SignedDuration::from_mins(15)),
    Some(SignedDuration::from_hours(1)),
    None,
];

/// Lines of each container that are asked for at first.
const TAIL: u32 = 1_000;

/// A log on the screen.
#[derive(Debug, Clone)]
pub struct LogView {
    /// Which reading this is: what an earlier one still has to say is passed over.
    pub session: u64,
    /// What is asked for.
    pub ask: LogAsk,
    /// The newest lines.
    pub lines: VecDeque<LogLine>,
    /// How many lines came before the first one that is kept.
    pub gone: u64,
    /// How many lines were left out before they got here.
    pub dropped: u64,
    /// How many sources are being read; not told yet at first.
    pub reading: Option<u32>,
    /// Whether all is said.
    pub ended: bool,
    /// What was said of the log itself, the newest last.
    pub about: Vec<SafeText>,
    /// What could not be read, the newest last.
    pub troubles: Vec<(SafeText, Problem)>,
    /// The number of the first line that is shown, counted from the first that ever came; at the end of the log while none
    /// is named.
    pub top: Option<u64>,
    /// Only lines that look like errors.
    pub errors: bool,
    /// Whether long lines go on in the next row.
    pub wrap: bool,
    /// What is searched for; empty for nothing.
    pub search: String,
    /// The field in which a search is typed.
    pub typing: Option<Box<TextArea<'static>>>,
}

impl LogView {
    /// Lines that are kept at most.
    pub const MOST: usize = 10_000;
    /// Words and troubles that are kept at most.
    const WORDS: usize = 8;

    /// A log that is about to be read.
    pub fn new(session: u64, source: LogSource) -> Self {
        let pods = matches!(source, LogSource::Pods { .. });
        let mut ask = LogAsk::of(source);
        if pods {
            ask = LogAsk { follow: true, since: SPANS[2], tail: Some(TAIL), ..ask };
        }
        Self {
            session,
            ask,
            lines: VecDeque::new(),
            gone: 0,
            dropped: 0,
            reading: None,
            ended: false,
            about: vec![],
            troubles: vec![],
            top: None,
            errors: false,
            wrap: false,
            search: String::new(),
            typing: None,
        }
    }

    /// The same view on another ask, read anew.
    fn again(&mut self, ask: LogAsk) {
        let (errors, wrap, search) = (self.errors, self.wrap, std::mem::take(&mut self.search));
        let fresh = Self::new(self.session + 1, ask.source.clone());
        *self = Self { ask, errors, wrap, search, ..fresh };
    }

    /// Takes in what was heard.
    pub fn hear(&mut self, news: Vec<LogNews>, ended: bool) {
        for piece in news {
            match piece {
                LogNews::Line(line) => {
                    if self.lines.len() == Self::MOST {
                        self.lines.pop_front();
                        self.gone += 1;
                    }
                    self.lines.push_back(line);
                }
                LogNews::About(words) => push(&mut self.about, words, Self::WORDS),
                LogNews::Reading(count) => self.reading = Some(count),
                LogNews::Dropped(count) => self.dropped += count,
                LogNews::Trouble(source, problem) => push(&mut self.troubles, (source, problem), Self::WORDS),
            }
        }
        self.ended |= ended;
    }

    /// The numbers of the lines that pass the filter, in order.
    pub fn shown(&self) -> Vec<u64> {
        let passes = |line: &LogLine| !self.errors || line.level == Level::Error;
        (self.gone..).zip(&self.lines).filter(|(_, line)| passes(line)).map(|(number, _)| number).collect()
    }

    /// The line with a number, while it is kept.
    pub fn line(&self, number: u64) -> Option<&LogLine> {
        self.lines.get(usize::try_from(number.checked_sub(self.gone)?).ok()?)
    }

    /// Where in `shown` the screen of `room` rows begins.
    pub fn start(&self, shown: &[u64], room: usize) -> usize {
        let end = shown.len().saturating_sub(room);
        self.top.map_or(end, |top| shown.partition_point(|number| *number < top).min(end))
    }

    /// Moves by rows; at the end it follows again.
    pub fn scroll(&mut self, by: isize, room: usize) {
        let shown = self.shown();
        let to = self.start(&shown, room).saturating_add_signed(by);
        self.top = if to + room >= shown.len() { None } else { shown.get(to).copied() };
    }

    /// Whether a line holds what is searched for.
    pub fn found(&self, line: &LogLine) -> bool {
        !self.search.is_empty() && line.text.as_str().to_lowercase().contains(&self.search.to_lowercase())
    }

    /// Goes to the next line that is searched for, or to the one before; from the end of the log on: to the first, or to the
    /// last. Whether there is one.
    pub fn seek(&mut self, forward: bool) -> bool {
        let shown = self.shown();
        let hit = |number: &&u64| self.line(**number).is_some_and(|line| self.found(line));
        let at = self.top.map(|top| shown.partition_point(|number| *number < top));
        let found = match (forward, at) {
            (true, at) => shown.iter().skip(at.map_or(0, |at| at + 1)).find(hit),
            (false, at) => shown.iter().take(at.unwrap_or(shown.len())).rev().find(hit),
        };
        let found = found.copied();
        self.top = found.or(self.top);
        found.is_some()
    }

    /// Reaches further back, and from everything on to the last minute again.
    pub fn next_span(&mut self) {
        let at = SPANS.iter().position(|s| *s == self.ask.since).map_or(0, |at| (at + 1) % SPANS.len());
        self.again(LogAsk { since: SPANS[at], ..self.ask.clone() });
    }

    /// Canary, stable, both.
    pub fn next_arm(&mut self) {
        let mut ask = self.ask.clone();
        if let LogSource::Pods { arm, .. } = &mut ask.source {
            *arm = match arm {
                None => Some(PodArm::Canary),
                Some(PodArm::Canary) => Some(PodArm::Stable),
                Some(PodArm::Stable) => None,
            };
            self.again(ask);
        }
    }

    /// The log before the last restart, and back.
    pub fn turn_previous(&mut self) {
        let previous = !self.ask.previous;
        let since = if previous { None } else { SPANS[2] };
        // What has ended cannot be waited for.
        self.again(LogAsk { previous, follow: !previous, since, ..self.ask.clone() });
    }

    /// Whether it is about pods: those have sides, spans and a log before the present one.
    pub fn of_pods(&self) -> bool {
        matches!(self.ask.source, LogSource::Pods { .. })
    }
}

fn push<T: PartialEq>(all: &mut Vec<T>, new: T, most: usize) {
    all.retain(|old| *old != new);
    all.push(new);
    if all.len() > most {
        all.remove(0);
    }
}

#[cfg(test)]
mod tests;
