//! The verdict: one pure function over a snapshot, the same for the screen, `status` and `check`.
//!
//! It fails closed: what cannot be established is UNKNOWN, and UNKNOWN blocks going forward.

mod canary;
mod ci;
mod env;
mod slo;
mod window;

use crate::domain::{
    Environment, EnvironmentName, Feed, Health, Placement, Reason, SafeText, Service, ServiceName, Snapshot, Station,
    StationKind, Verdict, VerdictReport,
};

/// What is asked. The default is the cockpit's question: may the release into the last environment go on?
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The environment; the one that the snapshot looks at where none is named.
    pub environment: Option<EnvironmentName>,
    /// The services; those under way where none is named.
    pub services: Vec<ServiceName>,
    /// The version that is meant to arrive; another one on its way is UNKNOWN.
    pub to: Option<SafeText>,
    /// Stations that must be configured.
    pub require: Vec<StationKind>,
}

/// Answers a question.
pub fn report(s: &Snapshot, q: &Question) -> VerdictReport {
    let environment = match &q.environment {
        Some(name) => s.topology.environment(name),
        None => s.environment(),
    };
    let Some(environment) = environment else {
        return VerdictReport::of(vec![], vec![]);
    };
    let scope = Scope::of(s, environment, &q.services);
    let mut stations = vec![
        ci::station(s, &scope),
        env::station(s, &scope),
        canary::station(s, &scope),
        slo::station(s, &scope),
        Station::not_configured(StationKind::Flags, "flags are not part of this build yet"),
        Station::not_configured(StationKind::List, "checklists are not part of this build yet"),
        window::station(s, &scope),
        Station::not_configured(StationKind::Lock, "locks are not part of this build yet"),
    ];
    for station in stations.iter_mut().filter(|x| x.verdict.is_none() && q.require.contains(&x.kind)) {
        let why = station.worst().map(|r| r.text.to_string()).unwrap_or_default();
        *station = Station::of(
            station.kind,
            vec![Reason {
                verdict: Verdict::Unknown,
                service: None,
                text: format!("required, but {why}").into(),
                evidence: vec![],
            }],
        );
    }
    if let Some(to) = &q.to
        && let Some(env) = stations.iter_mut().find(|x| x.kind == StationKind::Env)
    {
        let others = scope.services.iter().filter_map(|x| other_version(s, x, environment, to));
        let reasons: Vec<Reason> = env.reasons.iter().cloned().chain(others).collect();
        *env = Station::of(StationKind::Env, reasons);
    }
    VerdictReport::of(scope.named(), stations)
}

/// A reason when another version than `to` is what would arrive.
fn other_version(s: &Snapshot, service: &Service, environment: &Environment, to: &SafeText) -> Option<Reason> {
    match s.arriving(service, environment) {
        Some(v) if v.tag == *to => None,
        Some(v) => Some(reason(Verdict::Unknown, service, format!("{to} was asked for, and {v} is what would arrive"))),
        None => Some(reason(Verdict::Unknown, service, format!("{to} was asked for, and what would arrive is not known"))),
    }
}

/// What a verdict is about.
struct Scope<'a> {
    environment: &'a Environment,
    /// The services that count.
    services: Vec<&'a Service>,
    /// Whether a release is under way; if none is, the stations that speak of the environment look at every service.
    release: bool,
}

impl<'a> Scope<'a> {
    fn of(s: &'a Snapshot, environment: &'a Environment, named: &[ServiceName]) -> Self {
        let all = s.topology.services.iter();
        let chosen: Vec<&Service> = if named.is_empty() {
            all.filter(|x| under_way(s, x, environment)).collect()
        } else {
            all.filter(|x| named.contains(&x.name)).collect()
        };
        if chosen.is_empty() {
            return Self { environment, services: s.topology.services.iter().collect(), release: false };
        }
        Self { environment, services: chosen, release: true }
    }

    /// The services of the release; none where no release is under way.
    fn named(&self) -> Vec<ServiceName> {
        if self.release { self.services.iter().map(|s| s.name.clone()).collect() } else { vec![] }
    }

    fn placements(&self, s: &'a Snapshot, service: &Service) -> Vec<&'a Placement> {
        s.placements_of(&service.name, &self.environment.name)
    }
}

/// Whether a service is on its way into `environment`: its version there differs from the one before it, or a canary
/// is under way. What cannot be told counts as on its way, so that it is not passed over.
fn under_way(s: &Snapshot, service: &Service, environment: &Environment) -> bool {
    let here = s.placements_of(&service.name, &environment.name);
    if here.iter().any(|p| p.canary.as_ref().is_some_and(crate::domain::Canary::under_way)) {
        return true;
    }
    if here.iter().any(|p| matches!((&p.wanted_version, &p.version), (Some(a), Some(b)) if !a.same_build(b))) {
        return true;
    }
    let Some(before) = s.topology.before(&environment.name) else {
        return here.iter().any(|p| untold(p));
    };
    let there = s.placements_of(&service.name, &before.name);
    if here.iter().chain(&there).any(|p| untold(p)) {
        return true;
    }
    let (Some(next), false) = (there.iter().find_map(|p| p.version.as_ref()), here.is_empty()) else {
        return false;
    };
    here.iter().any(|p| p.version.as_ref().is_none_or(|v| v.tag != next.tag || v.same_tag_other_digest(next)))
}

/// Whether a placement's version is not known although it should be.
fn untold(p: &Placement) -> bool {
    p.version.is_none() && p.health != Health::Missing
}

fn reason(verdict: Verdict, service: &Service, text: impl Into<String>) -> Reason {
    Reason { verdict, service: Some(service.name.clone()), text: text.into().into(), evidence: vec![] }
}

/// Why a feed is not current, with the time since when.
fn not_current<T>(feed: &Feed<T>) -> Option<String> {
    match feed {
        Feed::Live { .. } => None,
        Feed::Waiting => Some("not read yet".to_owned()),
        Feed::Stale { at, why, .. } => Some(format!("{why} (since {})", at.strftime("%H:%M:%SZ"))),
        Feed::Down { since, why } => Some(format!("{why} (since {})", since.strftime("%H:%M:%SZ"))),
    }
}

#[cfg(test)]
mod tests;
