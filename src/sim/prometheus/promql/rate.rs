//! `rate` and `increase`, extrapolated to the edges of the window as Prometheus does it.

use super::series::STALE;

/// The increase of a counter over a window in milliseconds, or that increase per second.
///
/// The first and last sample rarely stand at the edges of the window, so the increase is stretched to them: fully where
/// the edge is at most 1.1 sample distances away, else by half a distance, and never below the counter's zero.
pub fn extrapolated(samples: &[(i64, f64)], start: i64, end: i64, per_second: bool) -> Option<f64> {
    let live = || samples.iter().filter(|(_, value)| value.to_bits() != STALE);
    let (first, last, count) = (live().next()?, live().next_back()?, live().count());
    if count < 2 {
        return None;
    }
    let mut increase = last.1 - first.1;
    let mut before = first.1;
    for (_, value) in live() {
        if *value < before {
            increase += before;
        }
        before = *value;
    }
    let seconds = |from: i64, to: i64| (to - from) as f64 / 1000.0;
    let sampled = seconds(first.0, last.0);
    let distance = sampled / (count - 1) as f64;
    let mut to_start = seconds(start, first.0);
    let to_end = seconds(last.0, end);
    if increase > 0.0 && first.1 >= 0.0 {
        to_start = to_start.min(sampled * (first.1 / increase));
    }
    let stretch = |edge: f64| if edge < distance * 1.1 { edge } else { distance / 2.0 };
    let mut factor = (sampled + stretch(to_start) + stretch(to_end)) / sampled;
    if per_second {
        factor /= seconds(start, end);
    }
    Some(increase * factor)
}
