//! When something was changed: marks on the axis of time.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Event, History, ServiceName};

/// How near to each other two marks of one change lie.
const SAME: SignedDuration = SignedDuration::from_secs(90);

/// What is written under a mark, at most so long.
const LABEL: usize = 10;

/// The changes of a service that were noticed while watching: `4.2.0` for a version, `20 %` for a weight.
pub fn noticed(events: &[Event], service: &ServiceName) -> Vec<(Timestamp, String)> {
    let mine = |e: &&Event| {
        matches!(e.who.as_str(), "version" | "canary")
            && e.what.as_str().strip_prefix(service.as_str()).is_some_and(|rest| rest.starts_with(' '))
    };
    let label = |e: &Event| Some(e.what.as_str().split_once('▸')?.1.trim().chars().take(LABEL).collect::<String>());
    let mut out: Vec<(Timestamp, String)> = vec![];
    for (at, label) in events.iter().filter(mine).filter_map(|e| Some((e.at, label(e)?))) {
        // Every cluster tells of the same change.
        if !out.iter().any(|(before, said)| *said == label && at.duration_since(*before).abs() <= SAME) {
            out.push((at, label));
        }
    }
    out
}

/// Marks of both kinds; what was noticed is more exact than what the rates say of the same change.
pub fn joined(noticed: Vec<(Timestamp, String)>, seen: Vec<(Timestamp, f64)>) -> Vec<(Timestamp, String)> {
    let mut out = noticed;
    for (at, weight) in seen {
        let label = format!("{weight:.0} %");
        if !out.iter().any(|(other, said)| *said == label && at.duration_since(*other).abs() <= SAME) {
            out.push((at, label));
        }
    }
    out.sort_by_key(|(at, _)| *at);
    out
}

/// When the canary's share of the requests came near another step of its plan: read from the rates themselves, because
/// nobody writes down when a route was changed. A share counts once it stood for three points.
pub fn moves(canary: &History, base: &History, detents: &[f64]) -> Vec<(Timestamp, f64)> {
    if detents.is_empty() || canary.step != base.step || canary.step <= SignedDuration::ZERO {
        return vec![];
    }
    let shift = canary.start.duration_since(base.start).as_secs() / canary.step.as_secs().max(1);
    let near = |i: usize| -> Option<f64> {
        let other = usize::try_from(i as i64 + shift).ok()?;
        let (test, rest) = (*canary.rps.get(i)?, *base.rps.get(other)?);
        let share = test / (test + rest) * 100.0;
        if !share.is_finite() || share < 0.5 {
            return None;
        }
        detents
            .iter()
            .copied()
            .filter(|d| (d - share).abs() <= (d * 0.25).max(2.0))
            .min_by(|a, b| (a - share).abs().total_cmp(&(b - share).abs()))
    };
    let mut out: Vec<(Timestamp, f64)> = vec![];
    for i in 0..canary.rps.len() {
        let Some(weight) = near(i) else { continue };
        let stands = (i + 1..i + 3).all(|j| near(j) == Some(weight));
        if stands && out.last().is_none_or(|(_, last)| (*last - weight).abs() > f64::EPSILON) {
            out.push((canary.at(i), weight));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::History;

    fn history(rps: &[f64]) -> History {
        History {
            start: Timestamp::UNIX_EPOCH,
            step: SignedDuration::from_secs(30),
            errors: vec![],
            p50: vec![],
            p95: vec![],
            p99: vec![],
            rps: rps.to_vec(),
        }
    }

    #[test]
    fn a_step_is_seen_in_the_rates_once_it_stands() {
        let canary = history(&[f64::NAN, 5.0, 5.1, 4.9, 5.0, 12.0, 20.0, 20.2, 19.8, 20.0]);
        let base = history(&[100.0, 95.0, 95.0, 95.0, 95.0, 88.0, 80.0, 80.0, 80.0, 80.0]);
        let got: Vec<(i64, f64)> =
            moves(&canary, &base, &[5.0, 20.0, 50.0]).into_iter().map(|(t, w)| (t.as_second(), w)).collect();
        assert_eq!(got, [(30, 5.0), (180, 20.0)]);
        assert!(moves(&canary, &base, &[]).is_empty(), "without a plan nothing is guessed");
    }

    #[test]
    fn what_was_noticed_marks_the_time_once() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let event =
            |seconds, who: &str, what: &str| Event { at: at(seconds), who: who.into(), what: what.into(), trouble: false };
        let events = [
            event(100, "version", "payment eu-1 4.1.7 ▸ 4.2.0"),
            event(110, "version", "payment us-1 4.1.7 ▸ 4.2.0"),
            event(120, "version", "payments eu-1 1 ▸ 2"),
            event(200, "canary", "payment eu-1 weight 5 ▸ 20 %"),
            event(210, "canary", "payment eu-1 paused at 20 %"),
            event(300, "ci", "shop #7 passed: payment ▸ x"),
        ];
        let marks = noticed(&events, &"payment".parse().unwrap());
        assert_eq!(marks, [(at(100), "4.2.0".to_owned()), (at(200), "20 %".to_owned())]);
        let all = joined(marks, vec![(at(230), 20.0), (at(20), 5.0)]);
        let shown: Vec<&str> = all.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(shown, ["5 %", "4.2.0", "20 %"]);
    }
}
