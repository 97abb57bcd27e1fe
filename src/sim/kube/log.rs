//! `pods/log`: what the containers of the company have written, as a function of pod and time.
//!
//! Every two seconds a pod writes of one of its requests; the share of those that failed is the one that the metrics
//! show. Half an hour is kept, as a node would after rotation.

use std::time::Duration;

use ::http::StatusCode;
use bytes::Bytes;
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Interval, interval};

use super::{
    super::{
        http::{self, Request, Response, Shared},
        world::{Cluster, SERVICES, Service, World, names, traffic::Arm, workload},
    },
    Target,
    status::Refusal,
    store::Key,
};

/// Between two lines of a pod.
const EVERY: i64 = 2;
/// How far back a log reaches.
const KEPT: SignedDuration = SignedDuration::from_mins(30);
/// How often a log that is followed looks at the clock. Real time: the simulated one may stand still.
const LOOK: Duration = Duration::from_millis(250);

/// What of a log is asked for.
struct Wanted {
    timestamps: bool,
    follow: bool,
    since: Option<Timestamp>,
    tail: Option<usize>,
    limit: Option<usize>,
}

fn invalid(field: &str, why: &str) -> Refusal {
    Refusal::new(422, "Invalid", format!("PodLogOptions.\"\" is invalid: {field}: {why}"))
}

impl Wanted {
    fn of(request: &Request, now: Timestamp) -> Result<Self, Refusal> {
        let flag = |name: &str| request.param(name).is_some_and(|v| v == "true" || v == "1");
        let number = |name: &str, least: i64| match request.param(name).map(str::parse::<i64>) {
            None => Ok(None),
            Some(Ok(n)) if n >= least => Ok(Some(n)),
            Some(Ok(n)) => Err(invalid(name, &format!("Invalid value: {n}: must be greater than or equal to {least}"))),
            Some(Err(_)) => Err(Refusal::bad(format!("{name}: not a number"))),
        };
        let seconds = number("sinceSeconds", 1)?;
        let time = match request.param("sinceTime").map(str::parse::<Timestamp>) {
            None => None,
            Some(Ok(at)) => Some(at),
            Some(Err(_)) => return Err(Refusal::bad("sinceTime: not a time of RFC 3339")),
        };
        if seconds.is_some() && time.is_some() {
            return Err(invalid("sinceSeconds", "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }
        // The time goes on to the node in whole seconds.
        let time = time.and_then(|at| Timestamp::from_second(at.as_second()).ok());
        Ok(Self {
            timestamps: flag("timestamps"),
            follow: flag("follow"),
            since: time.or(seconds.and_then(|s| now.checked_sub(SignedDuration::from_secs(s)).ok())),
            tail: number("tailLines", 0)?.and_then(|n| usize::try_from(n).ok()),
            limit: number("limitBytes", 1)?.and_then(|n| usize::try_from(n).ok()),
        })
    }

    fn text(&self, lines: &[(Timestamp, String)]) -> String {
        lines.iter().map(|(at, line)| if self.timestamps { format!("{at} {line}\n") } else { format!("{line}\n") }).collect()
    }
}

/// A container and what it runs.
struct Writer {
    service: &'static Service,
    cluster: Cluster,
    pod: workload::Pod,
}

/// Answers a request for a log.
pub fn log(shared: &Shared, cluster: Cluster, target: &Target, request: &Request) -> Result<Response, Refusal> {
    let now = shared.now();
    let name = target.name.as_deref().unwrap_or("");
    let key = Key::new(target.kind, target.namespace.as_deref().unwrap_or(""), name);
    let object = shared.cluster(cluster).get(&key).ok_or_else(|| Refusal::not_found(target.kind, name))?;
    let wanted = Wanted::of(request, now)?;
    let containers: Vec<&str> =
        object["spec"]["containers"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect();
    let container = match request.param("container").filter(|c| !c.is_empty()) {
        Some(named) if containers.contains(&named) => named,
        Some(named) => return Err(Refusal::bad(format!("container {named} is not valid for pod {name}"))),
        None if containers.len() == 1 => containers[0],
        None => {
            let why = format!("a container name must be specified for pod {name}, choose one of: [{}]", containers.join(" "));
            return Err(Refusal::bad(why));
        }
    };
    if request.param("previous").is_some_and(|v| v == "true" || v == "1") {
        // No container of the company has crashed.
        return Err(Refusal::bad(format!("previous terminated container \"{container}\" in pod \"{name}\" not found")));
    }
    let world = shared.world();
    let writer = SERVICES.iter().find_map(|service| {
        let pod = world.pods(service, cluster, world.minutes(now)).into_iter().find(|pod| pod.name == name)?;
        Some(Writer { service, cluster, pod })
    });
    let Some(writer) = writer else { return Ok(http::text(StatusCode::OK, "text/plain", "")) };
    let from = now.checked_sub(KEPT).unwrap_or(now).max(wanted.since.unwrap_or(Timestamp::MIN));
    let mut lines = writer.lines(&world, from, now);
    if let Some(tail) = wanted.tail {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let mut text = wanted.text(&lines);
    if let Some(limit) = wanted.limit {
        text.truncate(limit);
    }
    if !wanted.follow {
        return Ok(http::text(StatusCode::OK, "text/plain", text));
    }
    let follower = Follower { shared: Shared::clone(shared), writer, wanted, from: now, first: Some(text), look: interval(LOOK) };
    let mut response = http::text(StatusCode::OK, "text/plain", "");
    *response.body_mut() = http::stream(stream::unfold(follower, |mut follower| async move {
        let piece = follower.next().await?;
        Some((Ok(piece), follower))
    }));
    Ok(response)
}

struct Follower {
    shared: Shared,
    writer: Writer,
    wanted: Wanted,
    from: Timestamp,
    first: Option<String>,
    look: Interval,
}

impl Follower {
    /// What was written next; the end when the pod is gone.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(text) = self.first.take().filter(|text| !text.is_empty()) {
            return Some(text.into());
        }
        loop {
            self.look.tick().await;
            let (world, now) = (self.shared.world(), self.shared.now());
            let Writer { service, cluster, pod } = &self.writer;
            if !world.pods(service, *cluster, world.minutes(now)).iter().any(|p| p.name == pod.name) {
                return None;
            }
            let lines = self.writer.lines(&world, self.from, now);
            self.from = now;
            if !lines.is_empty() {
                return Some(self.wanted.text(&lines).into());
            }
        }
    }
}

impl Writer {
    /// What was written from `from` on and before `to`.
    fn lines(&self, world: &World, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, String)> {
        let born = world.instant(self.pod.created);
        let mut out = vec![];
        if born >= from && born < to {
            let Writer { service, pod, .. } = self;
            out.push((born, format!("level=info msg=\"starting\" service={} version={}", service.name, pod.version)));
        }
        let first = from.max(born).as_second().div_euclid(EVERY);
        for beat in first..=to.as_second().div_euclid(EVERY) {
            let (at, line) = self.line(world, beat);
            if at >= from && at > born && at < to {
                out.push((at, line));
            }
        }
        out
    }

    fn line(&self, world: &World, beat: i64) -> (Timestamp, String) {
        let key = beat.to_string();
        let part = |what: &str| names::fraction(world.seed(), &["log", what, &self.pod.name, &key]);
        let nanoseconds = (part("nano") * 1_999_999_999.0) as i64;
        let at = Timestamp::from_second(beat * EVERY).unwrap_or_default() + SignedDuration::from_nanos(nanoseconds);
        let Self { service, cluster, pod } = self;
        let (errors, p95) = world.level(service, *cluster, pod.arm.unwrap_or(Arm::Stable), world.minutes(at));
        let ms = p95 * (0.3 + 0.7 * part("ms"));
        let trace = names::hex(world.seed(), &["trace", &pod.name, &key], 12);
        let request = format!("method=POST path=/{}s", service.name);
        let line = if part("error") < errors {
            let why = if service.name == "payment" { "card authorisation timed out" } else { "upstream answered 503" };
            format!("level=error msg=\"{why}\" {request} status=500 ms={ms:.0} trace={trace}")
        } else if part("slow") < 0.02 {
            format!("level=warn msg=\"slow request\" {request} status=200 ms={:.0} trace={trace}", ms * 3.0)
        } else {
            format!("level=info msg=\"request\" {request} status=200 ms={ms:.0} trace={trace}")
        };
        (at, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::world::{Params, Scenario};

    #[test]
    fn a_bad_canary_says_so_from_minute_12_on_and_pieces_make_the_whole() {
        let world = World::new(Params { scenario: Scenario::CanaryRegression, ..Params::default() });
        let service = SERVICES.iter().find(|s| s.name == "payment").unwrap();
        let now = world.instant(20.0);
        let pods = world.pods(service, Cluster::Eu1, world.minutes(now));
        let errors = |arm: Arm, from: f64, to: f64| -> usize {
            let mine = pods.iter().filter(|p| p.arm == Some(arm));
            mine.map(|pod| {
                let writer = Writer { service, cluster: Cluster::Eu1, pod: pod.clone() };
                let lines = writer.lines(&world, world.instant(from), world.instant(to));
                assert!(lines.is_sorted_by_key(|(at, _)| *at));
                let middle = world.instant(f64::midpoint(from, to));
                let halves = [(world.instant(from), middle), (middle, world.instant(to))];
                let halves: Vec<_> = halves.iter().flat_map(|(a, b)| writer.lines(&world, *a, *b)).collect();
                assert_eq!(halves, lines, "no line is lost or doubled where a follower looks");
                lines.iter().filter(|(_, line)| line.contains("level=error")).count()
            })
            .sum()
        };
        assert!(errors(Arm::Canary, 12.0, 20.0) >= 3, "{}", errors(Arm::Canary, 12.0, 20.0));
        assert!(errors(Arm::Canary, 2.0, 12.0) <= 2);
        assert!(errors(Arm::Stable, 12.0, 20.0) <= 4);
    }
}
