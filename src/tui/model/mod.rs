//! What the screen knows: a tree of small structs, changed only by `update`. Time is a field.

mod board;
mod consent;
mod cursor;
#[cfg(test)]
pub(crate) mod fixture;
mod logs;
mod map;
mod opened;
mod operation;
mod overlay;
mod pane;
mod ways;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

pub use board::{Board, CanaryCell, RunRow, ServiceRow, Tone, VersionCell, figures, verdict_tone};
pub use consent::{ARMING, Confirm, Fence, Hand, Line, OPEN, QUIET, REPEAT, SILENCE, Stamp, pictured, reason_of};
pub use cursor::Cursor;
pub use logs::LogView;
pub use map::{Area, ScreenMap};
pub use opened::{Part, parts};
pub use operation::{News, Operation};
pub use overlay::{Bound, Group, Overlay, PlanCard, PlanRow};
pub use pane::Pane;
pub use ways::{Way, Ways};

use super::keymap::Keymap;
use crate::domain::{Event, RunKey, SafeText, ServiceChanges, ServiceName, Snapshot, Topology, Verdict, VerdictReport, Waiting};

/// A short word about what was done, gone after a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// The word.
    pub text: SafeText,
    /// Until when it is shown; a word about trouble stays until the next key.
    pub until: Option<Timestamp>,
}

/// One line of the runs pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunLine {
    /// A run, by its row.
    Run(usize),
    /// A part of the opened run above it.
    Part(Part),
}

/// What is filtered out of the service and run rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// As typed; a leading `!` turns it round.
    pub text: String,
}

impl Filter {
    /// Whether a row with these words stays.
    pub fn keeps(&self, words: &[&str]) -> bool {
        let (invert, wanted) = self.parts();
        if wanted.is_empty() {
            return true;
        }
        words.iter().any(|w| w.to_lowercase().contains(&wanted)) != invert
    }

    /// The letters that a row must hold, for marking them; none when they must not be there.
    pub fn found(&self) -> Option<String> {
        let (invert, wanted) = self.parts();
        (!invert && !wanted.is_empty()).then_some(wanted)
    }

    fn parts(&self) -> (bool, String) {
        let trimmed = self.text.trim();
        match trimmed.strip_prefix('!') {
            Some(rest) => (true, rest.trim().to_lowercase()),
            None => (false, trimmed.to_lowercase()),
        }
    }
}

/// A percentile of latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Percentile {
    /// The median.
    P50,
    /// The one that limits speak of.
    #[default]
    P95,
    /// The worst hundredth.
    P99,
}

impl Percentile {
    /// The one after it, in a ring.
    pub fn next(self) -> Self {
        match self {
            Self::P50 => Self::P95,
            Self::P95 => Self::P99,
            Self::P99 => Self::P50,
        }
    }
}

/// Everything that the screen knows.
#[derive(Debug, Clone)]
pub struct Model {
    /// The present time.
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The picture of the world that is shown.
    pub snapshot: Arc<Snapshot>,
    /// While the picture is held still: since when, and the newest picture.
    pub still: Option<(Timestamp, Arc<Snapshot>)>,
    /// The rows of the panes.
    pub board: Arc<Board>,
    /// The pane that has the keys.
    pub focus: Pane,
    /// The tab of the detail below 100 columns.
    pub tab: Pane,
    /// Whether the focused pane is shown alone.
    pub zoom: bool,
    /// The selected service.
    pub services: Cursor<ServiceName>,
    /// The services that are marked: what is asked for is for all of them.
    pub marks: BTreeSet<ServiceName>,
    /// The selected run.
    pub runs: Cursor<RunKey>,
    /// The run that is opened.
    pub opened: Option<RunKey>,
    /// First line of the changes shown.
    pub changes_offset: usize,
    /// First event shown, counted from the newest.
    pub events: usize,
    /// The percentile of latency that graphs show.
    pub percentile: Percentile,
    /// The time at which graphs are read out, in points back from the newest.
    pub graph_cursor: Option<usize>,
    /// The filter.
    pub filter: Filter,
    /// What stands over the screen, the topmost last.
    pub overlays: Vec<Overlay>,
    /// How many logs were opened so far.
    pub log_sessions: u64,
    /// A short word.
    pub flash: Option<Flash>,
    /// Local times instead of UTC.
    pub zone: Option<TimeZone>,
    /// The zone that `t` changes to.
    pub local: TimeZone,
    /// The theme in force.
    pub theme: String,
    /// The themes there are.
    pub themes: Vec<String>,
    /// The keys in force.
    pub keymap: Arc<Keymap>,
    /// Whether every change is refused.
    pub read_only: bool,
    /// The time of what arrives from the terminal.
    pub at: Stamp,
    /// What the terminal was asked, and what it answered.
    pub line: Line,
    /// The keys and pastes of the last moment, oldest first.
    pub hands: Vec<Hand>,
    /// Until when production is open for what goes forward.
    pub open_until: Option<Stamp>,
    /// Whether somebody looks: the terminal's window has the focus.
    pub watched: bool,
    /// The verdict that was last told, once the world had settled.
    pub told: Option<Verdict>,
    /// What waits for the person, as far as it was told, once the world had settled.
    pub called: Option<Vec<Waiting>>,
    /// What is under way or was, oldest first.
    pub operations: Vec<Operation>,
    /// Where everything was drawn last.
    pub map: ScreenMap,
}

impl Model {
    /// A model of a world of which only the configuration is known.
    pub fn new(now: Timestamp, size: (u16, u16), topology: Arc<Topology>, keymap: Arc<Keymap>) -> Self {
        let snapshot = Arc::new(Snapshot {
            at: now,
            topology,
            focus: None,
            clusters: BTreeMap::new(),
            pipelines: Arc::default(),
            metrics: crate::domain::Feed::Waiting,
            placements: Arc::default(),
            verdict: Arc::new(VerdictReport::of(vec![], vec![])),
            events: Arc::default(),
            closely: vec![],
            settled: false,
        });
        let board = Arc::new(Board::of(&snapshot));
        Self {
            now,
            size,
            snapshot,
            still: None,
            board,
            focus: Pane::Services,
            tab: Pane::Canary,
            zoom: false,
            services: Cursor::default(),
            marks: BTreeSet::new(),
            runs: Cursor::default(),
            opened: None,
            changes_offset: 0,
            events: 0,
            percentile: Percentile::default(),
            graph_cursor: None,
            filter: Filter::default(),
            overlays: vec![],
            log_sessions: 0,
            flash: None,
            zone: None,
            local: TimeZone::UTC,
            theme: "dark".to_owned(),
            themes: super::theme::Theme::built_in_names().map(str::to_owned).collect(),
            keymap,
            read_only: false,
            at: Stamp::ZERO,
            line: Line::default(),
            hands: vec![],
            open_until: None,
            watched: true,
            told: None,
            called: None,
            operations: vec![],
            map: ScreenMap::default(),
        }
    }

    /// The log that is open, on top or below a dialog.
    pub fn log(&self) -> Option<&LogView> {
        self.overlays.iter().rev().find_map(|o| if let Overlay::Logs(view) = o { Some(&**view) } else { None })
    }

    /// The same, to be changed.
    pub fn log_mut(&mut self) -> Option<&mut LogView> {
        self.overlays.iter_mut().rev().find_map(|o| if let Overlay::Logs(view) = o { Some(&mut **view) } else { None })
    }

    /// Whether any source has answered.
    pub fn any_data(&self) -> bool {
        let s = &self.snapshot;
        s.clusters.values().any(|c| c.deployments.answered() || c.rollouts.answered())
            || s.pipelines.runs.values().any(crate::domain::Feed::answered)
            || s.metrics.answered()
    }

    /// The service rows that pass the filter.
    pub fn service_rows(&self) -> Vec<&ServiceRow> {
        self.board.services.iter().filter(|s| self.filter.keeps(&[s.name.as_str()])).collect()
    }

    /// The run rows that pass the filter.
    pub fn run_rows(&self) -> Vec<&RunRow> {
        self.board.runs.iter().filter(|r| self.filter.keeps(&[&r.subject, &r.what, &r.detail])).collect()
    }

    /// The lines of the runs pane: a run, or a part of the one that is opened.
    pub fn run_lines(&self) -> Vec<RunLine> {
        let mut out = vec![];
        for (at, row) in self.run_rows().into_iter().enumerate() {
            out.push(RunLine::Run(at));
            if self.opened.as_ref() == Some(&row.key) {
                let runs = self.snapshot.pipelines.runs.get(&row.key.repo).and_then(crate::domain::Feed::value);
                let run = runs.and_then(|runs| runs.iter().find(|r| r.key == row.key));
                out.extend(run.map(|run| parts(&self.snapshot, run)).unwrap_or_default().into_iter().map(RunLine::Part));
            }
        }
        out
    }

    /// The first line of the runs pane to show in a room: the selected run is seen, and as much of what is opened below
    /// it as there is room for.
    pub fn runs_offset(&self, lines: &[RunLine], room: usize) -> usize {
        let keys: Vec<RunKey> = self.run_rows().iter().map(|r| r.key.clone()).collect();
        let Some(selected) = self.runs.row(&keys) else { return 0 };
        let at = lines.iter().position(|l| *l == RunLine::Run(selected)).unwrap_or(0);
        let end = at + lines[at..].iter().skip(1).take_while(|l| matches!(l, RunLine::Part(_))).count();
        let offset = super::widget::scroll(self.runs.offset, Some(end), lines.len(), room);
        offset.min(at).max(if room == 0 { at } else { 0 })
    }

    /// What the selected service gets with the release.
    pub fn changes(&self) -> &[ServiceChanges] {
        let selected = self.selected().and_then(|row| self.board.changes.get(&row.name));
        selected.map(Vec::as_slice).unwrap_or_default()
    }

    /// The row of the selected service, filtered or not.
    pub fn selected(&self) -> Option<&ServiceRow> {
        let rows = self.service_rows();
        let keys: Vec<ServiceName> = rows.iter().map(|r| r.name.clone()).collect();
        self.services.row(&keys).map(|at| rows[at])
    }

    /// The services that are marked, in the order of their rows; those that the filter hides, too.
    pub fn marked(&self) -> impl Iterator<Item = &ServiceName> {
        self.board.services.iter().map(|row| &row.name).filter(|name| self.marks.contains(*name))
    }

    /// The newest picture, also while the screen stands still.
    pub fn newest(&self) -> &Arc<Snapshot> {
        self.still.as_ref().map_or(&self.snapshot, |(_, newest)| newest)
    }

    /// The operations that have not ended.
    pub fn under_way(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|o| !o.ended())
    }

    /// How long production stays open for what goes forward; `None` while it is not.
    pub fn open_for(&self) -> Option<SignedDuration> {
        self.open_until.map(|until| until.saturating_sub(self.at)).filter(|left| left.is_positive() && !self.read_only)
    }

    /// When the model changes without anybody's doing, on the clock of the terminal.
    pub fn wake(&self) -> Option<Stamp> {
        let dialog = match self.overlays.last() {
            Some(Overlay::Confirm(confirm)) => confirm.wake(self.at),
            _ => None,
        };
        [dialog, self.open_until].into_iter().flatten().min()
    }

    /// A time as people read it: `14:07`, in the chosen zone.
    pub fn clock(&self, at: Timestamp) -> String {
        self.written(at, "%H:%M")
    }

    /// The present time, to the second while something is under way: a quiet screen writes nothing.
    pub fn clock_now(&self) -> String {
        let seconds = self.under_way().next().is_some();
        self.written(self.now, if seconds { "%H:%M:%S" } else { "%H:%M" })
    }

    fn written(&self, at: Timestamp, form: &str) -> String {
        match &self.zone {
            None => at.strftime(form).to_string(),
            Some(zone) => at.to_zoned(zone.clone()).strftime(form).to_string(),
        }
    }

    /// What happened in the world and from here, oldest first.
    pub fn happened(&self) -> Vec<Event> {
        let mut all: Vec<Event> = self.snapshot.events.to_vec();
        all.extend(self.operations.iter().filter_map(Operation::event));
        all.sort_by_key(|e| e.at);
        all
    }

    /// The mark behind a time: `Z` for UTC.
    pub fn zone_mark(&self) -> &'static str {
        if self.zone.is_none() { "Z" } else { "" }
    }
}

/// How current a source is. A watch may be quiet for a minute and a poll may rest as long: that is no age worth a word,
/// and a quiet screen writes nothing.
pub fn freshness(seconds: i64) -> String {
    if seconds < 75 { "live".to_owned() } else { age(seconds) }
}

/// How long something took or lies back, in steps so coarse that a second is not a new frame.
pub fn age(seconds: i64) -> String {
    match seconds {
        ..10 => "live".to_owned(),
        10..60 => format!("{} s", seconds / 10 * 10),
        60..5_400 => format!("{} min", seconds / 60),
        5_400..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_move_in_coarse_steps() {
        for (seconds, want) in [
            (-3, "live"),
            (9, "live"),
            (12, "10 s"),
            (59, "50 s"),
            (60, "1 min"),
            (5_399, "89 min"),
            (7_300, "2 h"),
            (200_000, "2 days"),
        ] {
            assert_eq!(age(seconds), want);
        }
        assert_eq!((freshness(74), freshness(90)), ("live".to_owned(), "1 min".to_owned()));
    }

    #[test]
    fn a_filter_keeps_and_inverts() {
        let filter = |text: &str| Filter { text: text.into() };
        assert!(filter("").keeps(&["payment"]) && filter("PAY").keeps(&["payment"]) && !filter("x").keeps(&["payment"]));
        assert!(!filter("!pay").keeps(&["payment"]) && filter("!pay").keeps(&["cart"]) && filter("!").keeps(&["cart"]));
        assert_eq!((filter("Pay").found(), filter("!pay").found()), (Some("pay".to_owned()), None));
    }
}
