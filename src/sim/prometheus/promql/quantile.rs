//! `histogram_quantile` over classic buckets.

/// The quantile of cumulative buckets (upper bound, count), interpolated linearly inside the bucket it falls into.
///
/// NaN without a `+Inf` bucket, with fewer than two bounds or without observations; the last finite bound for what lies
/// beyond it; infinite for a quantile outside 0 to 1.
pub fn bucket_quantile(quantile: f64, mut buckets: Vec<(f64, f64)>) -> f64 {
    if quantile.is_nan() {
        return f64::NAN;
    }
    if quantile < 0.0 {
        return f64::NEG_INFINITY;
    }
    if quantile > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    if buckets.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
        return f64::NAN;
    }
    let buckets = monotonic(&buckets);
    let Some((&(_, observations), finite)) = buckets.split_last() else { return f64::NAN };
    let Some(&(highest, _)) = finite.last() else { return f64::NAN };
    if observations == 0.0 {
        return f64::NAN;
    }
    let rank = quantile * observations;
    let index = finite.partition_point(|(_, count)| *count < rank);
    let Some(&(bound, count)) = finite.get(index) else { return highest };
    let (lower, below) = match index.checked_sub(1).and_then(|before| finite.get(before)) {
        Some(&before) => before,
        None if bound <= 0.0 => return bound,
        None => (0.0, 0.0),
    };
    lower + (bound - lower) * ((rank - below) / (count - below))
}

/// Buckets with one bound added up, and counts that never fall (scrapes are not atomic).
#[expect(clippy::float_cmp, reason = "bounds come from equal texts")]
fn monotonic(sorted: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut result: Vec<(f64, f64)> = Vec::with_capacity(sorted.len());
    for &(bound, count) in sorted {
        match result.last_mut() {
            Some(last) if last.0 == bound => last.1 += count,
            _ => result.push((bound, count)),
        }
    }
    let mut highest = f64::NEG_INFINITY;
    for (_, count) in &mut result {
        highest = highest.max(*count);
        *count = highest;
    }
    result
}
