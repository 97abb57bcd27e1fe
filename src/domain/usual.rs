//! How long a run usually takes.

use jiff::SignedDuration;

use super::{Feed, Phase, Run, Snapshot};

/// How many runs are looked at.
const LAST: usize = 10;

/// From how many runs on there is a usual time.
const ENOUGH: usize = 3;

/// The median time of the last good runs of the workflow of `run` among `runs`, newest first; none where there are fewer
/// than three others.
pub fn usual<'a>(run: &Run, runs: impl IntoIterator<Item = &'a Run>) -> Option<SignedDuration> {
    let like = |r: &&Run| {
        r.key.repo == run.key.repo
            && r.workflow == run.workflow
            && r.key.id != run.key.id
            && matches!(&r.phase, Phase::Done(_))
            && r.phase.passed()
    };
    let mut times: Vec<SignedDuration> = runs.into_iter().filter(like).filter_map(Run::took).take(LAST).collect();
    times.sort();
    (times.len() >= ENOUGH).then(|| times[times.len() / 2])
}

/// A time as people read it: `0m48s`, `6m12s`, `1h07m`.
pub fn span(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    if seconds < 3_600 {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60)
    }
}

impl Snapshot {
    /// How long a run of this workflow usually takes.
    pub fn usual_of(&self, run: &Run) -> Option<SignedDuration> {
        let runs = self.pipelines.runs.get(&run.key.repo).and_then(Feed::value)?;
        usual(run, runs.iter())
    }
}
