//! What belongs to the run that is opened, line by line: times, gates, locks, jobs, steps, earlier attempts.

use super::{Tone, board::phase_tone};
use crate::domain::{Gate, Job, Loaded, MayI, Phase, Run, Snapshot, span};

/// One line below a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How far it is moved in.
    pub level: u16,
    /// How it stands.
    pub tone: Tone,
    /// What it is.
    pub what: String,
    /// How long it took; may be empty.
    pub took: String,
    /// The rest.
    pub detail: String,
}

impl Part {
    fn new(tone: Tone, what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { level: 1, tone, what: what.into(), took: String::new(), detail: detail.into() }
    }
}

/// Who has to decide, in a few words: me first.
pub fn who(gate: &Gate) -> String {
    match &gate.may_i {
        MayI::Yes => "needs you".to_owned(),
        MayI::No(_) | MayI::Unknown(_) => format!("needs {}", gate.who()),
    }
}

/// How long it has taken against what is usual, where there is a usual time.
pub fn against_usual(snapshot: &Snapshot, run: &Run) -> Option<String> {
    let usual = span(snapshot.usual_of(run)?);
    let began = run.started.unwrap_or(run.created);
    Some(match run.took() {
        Some(took) => format!("usual {usual}, took {}", span(took)),
        // Minutes only: a second is not a new frame.
        None => format!("usual {usual}, now {}m", snapshot.at.duration_since(began).as_mins().max(0)),
    })
}

/// The lines below an opened run.
pub fn parts(snapshot: &Snapshot, run: &Run) -> Vec<Part> {
    let mut out = vec![];
    let by = run.actor.as_ref().map(|a| format!("{} by {a}", run.event)).unwrap_or_else(|| run.event.to_string());
    let commit = run.commit.as_ref().map(|c| format!("{}  ", c.short())).unwrap_or_default();
    let usual = against_usual(snapshot, run).map(|u| format!("  {u}")).unwrap_or_default();
    out.push(Part::new(Tone::Quiet, format!("{commit}{by}{usual}"), ""));
    take(&mut out, &run.gates, "gates", |out, gates| {
        for gate in gates {
            let (may, tone) = match &gate.may_i {
                MayI::Yes => ("you may decide".to_owned(), Tone::Person),
                MayI::No(why) => (format!("not you: {why}"), Tone::Hold),
                MayI::Unknown(why) => (format!("may you? {why}"), Tone::Unknown),
            };
            let branches = gate.branches.as_ref().map(|b| format!("  {b}")).unwrap_or_default();
            out.push(Part::new(tone, format!("gate {}", gate.environment), format!("{may}  by {}{branches}", gate.who())));
        }
    });
    take(&mut out, &run.reviews, "reviews", |out, reviews| {
        for r in reviews {
            let by = r.by.as_ref().map_or("somebody", |b| b.as_str());
            out.push(Part::new(Tone::Quiet, format!("{by} {}", r.state), r.comment.to_string()));
        }
    });
    take(&mut out, &run.locks, "locks", |out, locks| {
        for lock in locks {
            let ahead: Vec<String> = lock.ahead.iter().map(|m| format!("{} {}", m.name, number(snapshot, run, &m.run))).collect();
            let behind = if ahead.is_empty() { "nobody is named".to_owned() } else { format!("behind {}", ahead.join(", ")) };
            let job = lock.job.as_ref().map(|j| format!("{j}  ")).unwrap_or_default();
            out.push(Part::new(Tone::Running, format!("{job}in line for {}", lock.group), behind));
        }
    });
    take(&mut out, &run.jobs, "jobs", |out, jobs| jobs_of(out, jobs));
    take(&mut out, &run.earlier, "earlier attempts", |out, earlier| {
        for attempt in earlier {
            let broken: Vec<String> = attempt.jobs.iter().filter(|j| j.phase.failed()).map(|j| j.name.to_string()).collect();
            let (tone, words) =
                if broken.is_empty() { (Tone::Quiet, "nothing failed".to_owned()) } else { (Tone::Bad, broken.join(", ")) };
            out.push(Part::new(tone, format!("attempt {}", attempt.number), words));
        }
    });
    out
}

/// What is known, or why it is not.
fn take<T>(out: &mut Vec<Part>, loaded: &Loaded<T>, what: &str, show: impl Fn(&mut Vec<Part>, &T)) {
    match loaded {
        Loaded::Ok(value) => show(out, value),
        Loaded::NotAsked => {}
        Loaded::Failed(problem) => out.push(Part::new(Tone::Unknown, what, problem.to_string())),
    }
}

fn jobs_of(out: &mut Vec<Part>, jobs: &[Job]) {
    let (left_out, shown): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|j| j.phase.skipped());
    for job in shown {
        let (ended, all) = job.progress();
        let steps = if all > 0 { format!("{ended}/{all} steps") } else { job.phase.to_string() };
        let took = job.started.zip(job.ended).map(|(from, to)| span(to.duration_since(from))).unwrap_or_default();
        out.push(Part { took, ..Part::new(phase_tone(&job.phase), job.name.to_string(), steps) });
        if job.phase == Phase::Running || job.phase.failed() {
            for step in &job.steps {
                let took = step.started.zip(step.ended).map(|(from, to)| span(to.duration_since(from))).unwrap_or_default();
                let part = Part::new(phase_tone(&step.phase), step.name.to_string(), "");
                out.push(Part { level: 2, took, ..part });
            }
        }
    }
    if !left_out.is_empty() {
        out.push(Part::new(Tone::Skipped, format!("{} jobs left out", left_out.len()), ""));
    }
}

/// The number that people quote for a run of the same repository; its id where it is not among ours.
fn number(snapshot: &Snapshot, of: &Run, id: &str) -> String {
    let runs = snapshot.pipelines.runs.get(&of.key.repo).and_then(crate::domain::Feed::value);
    let found = runs.and_then(|runs| runs.iter().find(|r| *r.key.id == *id));
    found.map_or_else(|| id.to_owned(), |r| format!("#{}", r.number))
}
