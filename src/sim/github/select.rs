//! Which runs a list request asks for.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::history::Attempt;
use super::reply::Reply;
use crate::sim::http::Request;
use crate::sim::world::World;

/// GitHub's words for `status`, which are states and conclusions in one list.
const STATUSES: [&str; 14] = [
    "completed",
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "skipped",
    "stale",
    "success",
    "timed_out",
    "in_progress",
    "queued",
    "requested",
    "waiting",
    "pending",
];

/// The filters of a list of runs.
#[derive(Debug, Default)]
pub struct Filter {
    actor: Option<String>,
    branch: Option<String>,
    event: Option<String>,
    status: Option<String>,
    sha: Option<String>,
    suite: Option<u64>,
    created: Option<(Timestamp, Timestamp)>,
    /// Whether runs come with their pull requests.
    pub pulls: bool,
}

impl Filter {
    /// Reads the parameters; 422 where GitHub would refuse one.
    #[expect(clippy::result_large_err, reason = "an answer is an answer")]
    pub fn of(request: &Request) -> Result<Self, Reply> {
        let text = |name: &str| request.param(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let status = text("status");
        if let Some(status) = status.as_deref().filter(|status| !STATUSES.contains(status)) {
            return Err(Reply::invalid("WorkflowRun", "status", status));
        }
        let created = text("created");
        let interval = match &created {
            None => None,
            Some(text) => Some(interval(text).ok_or_else(|| Reply::invalid("WorkflowRun", "created", text))?),
        };
        let suite = match text("check_suite_id") {
            None => None,
            Some(id) => Some(id.parse().map_err(|_| Reply::invalid("WorkflowRun", "check_suite_id", &id))?),
        };
        Ok(Self {
            actor: text("actor"),
            branch: text("branch"),
            event: text("event"),
            status,
            sha: text("head_sha"),
            suite,
            created: interval,
            pulls: request.param("exclude_pull_requests") != Some("true"),
        })
    }

    /// Whether a run passes.
    pub fn accepts(&self, world: &World, attempt: &Attempt) -> bool {
        let run = &attempt.run;
        let is = |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|wanted| wanted == have);
        let created = world.instant(attempt.created);
        let status = self.status.as_deref();
        is(&self.actor, run.actor)
            && is(&self.branch, run.branch)
            && is(&self.event, run.event)
            && is(&self.sha, &run.sha)
            && status.is_none_or(|s| s == run.state.status() || Some(s) == run.state.conclusion())
            && self.suite.is_none_or(|suite| suite == super::run::suite(run))
            && self.created.is_none_or(|(from, to)| (from..=to).contains(&created))
    }
}

/// GitHub's search syntax for instants: `X`, `>X`, `>=X`, `<X`, `<=X`, `X..Y` and `*` for an open end.
fn interval(text: &str) -> Option<(Timestamp, Timestamp)> {
    let second = jiff::SignedDuration::from_secs(1);
    let (min, max) = (Timestamp::MIN, Timestamp::MAX);
    if let Some((from, to)) = text.split_once("..") {
        let from = if from == "*" { min } else { moment(from)?.0 };
        return Some((from, if to == "*" { max } else { moment(to)?.1 }));
    }
    if let Some(rest) = text.strip_prefix(">=") {
        return Some((moment(rest)?.0, max));
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return Some((min, moment(rest)?.1));
    }
    if let Some(rest) = text.strip_prefix('>') {
        return Some((moment(rest)?.1.checked_add(second).ok()?, max));
    }
    if let Some(rest) = text.strip_prefix('<') {
        return Some((min, moment(rest)?.0.checked_sub(second).ok()?));
    }
    moment(text)
}

/// First and last second of an instant or of a day in UTC.
fn moment(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some((instant, instant));
    }
    let day: Date = text.parse().ok()?;
    let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some((start, start.checked_add(jiff::SignedDuration::from_secs(86_399)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn instants_are_given_in_githubs_search_syntax() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant");
        let noon = at("2026-03-10T12:00:00Z");
        for (text, inside, outside) in [
            (">=2026-03-10T12:00:00Z", noon, at("2026-03-10T11:59:59Z")),
            (">2026-03-10T11:59:59Z", noon, at("2026-03-10T11:59:59Z")),
            ("<=2026-03-10T12:00:00Z", noon, at("2026-03-10T12:00:01Z")),
            ("<2026-03-11", noon, at("2026-03-11T00:00:00Z")),
            (">2026-03-09", noon, at("2026-03-09T23:59:59Z")),
            ("2026-03-10", noon, at("2026-03-11T00:00:00Z")),
            ("2026-03-10..2026-03-11", at("2026-03-11T23:00:00Z"), at("2026-03-12T00:00:00Z")),
            ("*..2026-03-10", noon, at("2026-03-11T00:00:00Z")),
            ("2026-03-10T12:00:00+00:00..*", noon, at("2026-03-10T11:59:59Z")),
        ] {
            let (from, to) = interval(text).unwrap_or_else(|| panic!("{text}"));
            assert!((from..=to).contains(&inside) && !(from..=to).contains(&outside), "{text}");
        }
        for text in ["yesterday", ">=", "..", "2026-13-01"] {
            assert_eq!(interval(text), None, "{text}");
        }
    }
}
