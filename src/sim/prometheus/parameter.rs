//! The parameters of Prometheus's HTTP API: instants, durations, selectors.

use jiff::Timestamp;
use promql_parser::label::Matcher;
use promql_parser::parser::{self, Expr};

use super::promql::{Fault, Grid, matchers};

/// The most steps of a range query.
const POINTS: i64 = 11_000;

/// The parameters of a request, from its query and from a form in its body.
pub struct Parameters(pub Vec<(String, String)>);

impl Parameters {
    /// The first value of a name; empty where there is none, as Go's `FormValue` has it.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// An instant in milliseconds, or `default` where the parameter is missing.
    pub fn instant(&self, name: &str, default: i64) -> Result<i64, Fault> {
        match self.get(name) {
            "" => Ok(default),
            text => instant(text).ok_or_else(|| {
                invalid(name, &format!("Invalid time value for '{name}': cannot parse \"{text}\" to a valid timestamp"))
            }),
        }
    }

    /// An instant in milliseconds that must be there.
    fn required(&self, name: &str) -> Result<i64, Fault> {
        let text = self.get(name);
        instant(text).ok_or_else(|| invalid(name, &format!("cannot parse \"{text}\" to a valid timestamp")))
    }

    /// The grid of a range query.
    pub fn grid(&self) -> Result<Grid, Fault> {
        let (start, end) = (self.required("start")?, self.required("end")?);
        if end < start {
            return Err(invalid("end", "end timestamp must not be before start time"));
        }
        let text = self.get("step");
        let step = duration(text).ok_or_else(|| invalid("step", &format!("cannot parse \"{text}\" to a valid duration")))?;
        if step <= 0 {
            return Err(invalid(
                "step",
                "zero or negative query resolution step widths are not accepted. Try a positive integer",
            ));
        }
        let steps = (end - start) / step;
        if steps > POINTS {
            return Err(Fault::BadData(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution \
                 (?step=XX)"
                    .to_owned(),
            ));
        }
        Ok(Grid { start, step, count: usize::try_from(steps + 1).unwrap_or(1) })
    }

    /// The parsed query; `timeout` is checked and then ignored.
    pub fn query(&self) -> Result<Expr, Fault> {
        let timeout = self.get("timeout");
        if !timeout.is_empty() && duration(timeout).is_none() {
            return Err(invalid("timeout", &format!("cannot parse \"{timeout}\" to a valid duration")));
        }
        let text = self.get("query");
        if text.trim().is_empty() {
            return Err(invalid("query", "1:1: parse error: no expression found in input"));
        }
        parser::parse(text).map_err(|error| invalid("query", &format!("1:1: parse error: {error}")))
    }

    /// The `match[]` selectors.
    pub fn selectors(&self) -> Result<Vec<Vec<Matcher>>, Fault> {
        let texts = self.0.iter().filter(|(key, _)| key == "match[]");
        texts
            .map(|(_, text)| match parser::parse(text) {
                Ok(Expr::VectorSelector(selector)) => matchers(&selector),
                Ok(_) => Err(invalid("match[]", "expected type vector selector")),
                Err(error) => Err(invalid("match[]", &format!("1:1: parse error: {error}"))),
            })
            .collect()
    }
}

fn invalid(name: &str, why: &str) -> Fault {
    Fault::BadData(format!("invalid parameter \"{name}\": {why}"))
}

/// Seconds since 1970, or RFC 3339, in milliseconds.
fn instant(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        // Far beyond what jiff can say; Prometheus has such limits too.
        return (seconds.abs() < 1e11).then(|| (seconds * 1000.0).round() as i64);
    }
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// Seconds, or Prometheus's own notation (`1h30m`), in milliseconds.
fn duration(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.abs() < 1e10).then(|| (seconds * 1000.0).round() as i64);
    }
    let duration = promql_parser::util::parse_duration(text).ok()?;
    i64::try_from(duration.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str) -> Parameters {
        Parameters(crate::sim::http::pairs(query))
    }

    #[test]
    fn instants_and_durations() {
        for (text, millis) in [
            ("1773133200", Some(1_773_133_200_000)),
            ("1773133200.25", Some(1_773_133_200_250)),
            ("2026-03-10T09:00:00Z", Some(1_773_133_200_000)),
            ("2026-03-10T10:00:00.5+01:00", Some(1_773_133_200_500)),
            ("now", None),
            ("NaN", None),
            ("1e300", None),
        ] {
            assert_eq!(instant(text), millis, "{text}");
        }
        for (text, millis) in
            [("15", Some(15_000)), ("0.5", Some(500)), ("1h30m", Some(5_400_000)), ("15s", Some(15_000)), ("x", None), ("", None)]
        {
            assert_eq!(duration(text), millis, "{text}");
        }
    }

    /// The words are those of Prometheus 2.42, taken by hand.
    #[test]
    fn ranges_are_checked_as_prometheus_checks_them() {
        for (query, message) in [
            ("start=1&end=2", "invalid parameter \"step\": cannot parse \"\" to a valid duration"),
            (
                "start=1&end=2&step=0",
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer",
            ),
            (
                "start=1&end=2&step=-1",
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer",
            ),
            ("start=3&end=2&step=1", "invalid parameter \"end\": end timestamp must not be before start time"),
            ("end=2&step=1", "invalid parameter \"start\": cannot parse \"\" to a valid timestamp"),
            (
                "start=0&end=11001&step=1",
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
            ),
        ] {
            assert_eq!(parameters(query).grid(), Err(Fault::BadData(message.to_owned())), "{query}");
        }
        let grid = parameters("start=0&end=11000&step=1").grid();
        assert_eq!(grid, Ok(Grid { start: 0, step: 1000, count: 11_001 }));
    }

    #[test]
    fn selectors_are_instant_vectors() {
        let found = parameters("match[]=up&match[]=%7Bjob%3D~%22shop.*%22%7D").selectors().expect("two selectors");
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
        assert!(parameters("match[]=up%5B5m%5D").selectors().is_err());
        assert!(parameters("match[]=%7B%7D").selectors().is_err());
    }
}
