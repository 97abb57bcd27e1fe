//! The envelope of Prometheus's HTTP API and the shapes of its results.

use ::http::StatusCode;
use serde_json::{Map, Value as Json, json};

use super::promql::{Column, Fault, Grid, Labels, Series, Value};
use crate::sim::http::{self, Response};

/// 200 with `data`.
pub fn success(data: &Json) -> Response {
    http::json(StatusCode::OK, &json!({"status": "success", "data": data}))
}

/// The error envelope: 400 `bad_data` or 422 `execution`.
pub fn failure(fault: &Fault) -> Response {
    let (status, kind, message) = match fault {
        Fault::BadData(message) => (StatusCode::BAD_REQUEST, "bad_data", message),
        Fault::Execution(message) => (StatusCode::UNPROCESSABLE_ENTITY, "execution", message),
    };
    http::json(status, &json!({"status": "error", "errorType": kind, "error": message}))
}

/// The answer to an instant query at `at` milliseconds.
pub fn instant_result(value: &Value, at: i64) -> Json {
    match value {
        Value::Scalar(values) => {
            json!({"resultType": "scalar", "result": sample(at, values.first().copied().unwrap_or(f64::NAN))})
        }
        Value::Vector(columns) => {
            let value = |column: &Column| column.values.first().copied().flatten();
            let entry = |c: &Column| Some(json!({"metric": metric(&c.labels), "value": sample(at, value(c)?)}));
            json!({"resultType": "vector", "result": columns.iter().filter_map(entry).collect::<Vec<_>>()})
        }
    }
}

/// The answer to a range query; series come sorted by their labels.
pub fn range_result(value: &Value, grid: Grid) -> Json {
    let line = |labels: &Labels, values: &mut dyn Iterator<Item = Option<f64>>| {
        let samples = grid.instants().zip(values).filter_map(|(at, value)| value.map(|value| (at, value)));
        Series { labels: labels.clone(), samples: samples.collect() }
    };
    let mut found: Vec<Series> = match value {
        Value::Scalar(values) => vec![line(&Labels::default(), &mut values.iter().map(|value| Some(*value)))],
        Value::Vector(columns) => columns.iter().map(|c| line(&c.labels, &mut c.values.iter().copied())).collect(),
    };
    found.retain(|series| !series.samples.is_empty());
    found.sort_by(|a, b| a.labels.cmp(&b.labels));
    matrix_result(&found)
}

/// Series as a `matrix`.
pub fn matrix_result(found: &[Series]) -> Json {
    let values = |series: &Series| series.samples.iter().map(|(at, value)| sample(*at, *value)).collect::<Vec<_>>();
    let entry = |series: &Series| json!({"metric": metric(&series.labels), "values": values(series)});
    json!({"resultType": "matrix", "result": found.iter().map(entry).collect::<Vec<_>>()})
}

/// Labels as an object.
pub fn metric(labels: &Labels) -> Json {
    Json::Object(labels.iter().map(|(name, value)| (name.to_owned(), value.into())).collect::<Map<_, _>>())
}

/// `[seconds, "value"]`
fn sample(at: i64, value: f64) -> Json {
    let at = if at % 1000 == 0 { json!(at / 1000) } else { json!(at as f64 / 1000.0) };
    json!([at, number(value)])
}

/// A number as Go's `FormatFloat(…, 'f', -1, 64)` writes it.
fn number(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, text) in [
            (1.0, "1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (-0.0, "-0"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
