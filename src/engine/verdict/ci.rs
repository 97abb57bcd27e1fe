//! CI: the required checks of the commits in the release.

use super::{Scope, not_current, reason};
use crate::domain::{Evidence, Reason, RunState, Service, Snapshot, Station, StationKind, Verdict};

pub fn station(s: &Snapshot, scope: &Scope) -> Station {
    if !s.topology.pipelines {
        return Station::not_configured(
            StationKind::Ci,
            "no pipeline is configured: [defaults] pipeline = { github = \"OWNER/REPO\" }",
        );
    }
    let bound: Vec<&&Service> = scope.services.iter().filter(|x| x.pipeline.is_some()).collect();
    if bound.is_empty() {
        return Station::not_configured(StationKind::Ci, "no service of the release has a pipeline");
    }
    if !scope.release {
        let text = "nothing is on its way, so no check is required".into();
        return Station::of(StationKind::Ci, vec![Reason { verdict: Verdict::Go, service: None, text, evidence: vec![] }]);
    }
    Station::of(StationKind::Ci, bound.into_iter().map(|x| service(s, scope, x)).collect())
}

fn service(s: &Snapshot, scope: &Scope, service: &Service) -> Reason {
    let Some(binding) = &service.pipeline else { return reason(Verdict::Unknown, service, "has no pipeline") };
    let unknown = |text: String| reason(Verdict::Unknown, service, text);
    let Some(feed) = s.pipelines.runs.get(&binding.repo) else {
        return unknown(format!("runs of {} are not read yet", binding.repo));
    };
    if let Some(why) = not_current(feed) {
        return unknown(format!("runs of {}: {why}", binding.repo));
    }
    let Some(version) = s.arriving(service, scope.environment) else {
        return unknown("the version to release is not known".to_owned());
    };
    let Some(commit) = &version.commit else {
        return unknown(format!("{version} names no commit: set annotation org.opencontainers.image.revision on its pods"));
    };
    let Some(run) = s.run_of(&service.name, commit) else {
        return unknown(format!("no run of commit {} ({version}) is found", commit.short()));
    };
    let required = if binding.required.is_empty() {
        let rules = s.pipelines.required.get(&(binding.repo.clone(), binding.branch.clone())).and_then(Option::as_ref);
        rules.map(|r| r.0.iter().filter(|c| binding.matches_job(c.as_str())).cloned().collect()).unwrap_or_default()
    } else {
        binding.required.clone()
    };
    let number = run.number;
    let mut out = match run.state_for(binding, &required) {
        RunState::Passed { flaky: false } => reason(Verdict::Go, service, format!("#{number} passed")),
        RunState::Passed { flaky: true } => {
            reason(Verdict::Go, service, format!("#{number} passed on attempt {}: flaky", run.key.attempt))
        }
        RunState::Failed(job) => reason(Verdict::NoGo, service, format!("#{number} {job} failed")),
        RunState::Running(job) => reason(Verdict::Hold, service, format!("#{number} {job} is running")),
        RunState::Waiting(job) => reason(Verdict::Hold, service, format!("#{number} {job} waits for a decision")),
        RunState::Unchanged => reason(Verdict::Unknown, service, format!("#{number} left its jobs out: unchanged is not passed")),
        RunState::Unknown(why) => reason(Verdict::Unknown, service, format!("#{number}: {why}")),
    };
    out.evidence.push(Evidence::new(
        format!("{} #{number}", binding.repo),
        format!("{} at {}: {}", run.workflow, commit.short(), run.phase),
    ));
    out
}
