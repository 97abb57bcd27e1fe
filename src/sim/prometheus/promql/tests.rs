//! The answers of a real Prometheus 2.42 to `tests/fixtures/promql/cases.json` over the samples in `series.txt` beside
//! it, and what the subset refuses.

use promql_parser::parser::{self, Expr};
use serde_json::{Value as Json, json};

use super::super::answer::{instant_result, matrix_result, range_result};
use super::*;

struct Table(Vec<Series>);

impl Samples for Table {
    fn select(&self, matchers: &[promql_parser::label::Matcher], start: i64, end: i64) -> Vec<Series> {
        let found = self.0.iter().filter(|series| series.labels.matches(matchers));
        let cut = found.map(|s| Series { labels: s.labels.clone(), samples: s.between(start, end).to_vec() });
        cut.filter(|series| !series.samples.is_empty()).collect()
    }
}

/// `name{labels} <first instant in ms> <value or _ every 15 s>`
fn table() -> Table {
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let (key, first) = (words.next().expect("a key"), words.next().expect("an instant"));
        let (name, labels) = key.trim_end_matches('}').split_once('{').expect("labels");
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').expect("a pair");
            (key.to_owned(), value.trim_matches('"').to_owned())
        };
        let labels = labels.split(',').map(pair).chain([("__name__".to_owned(), name.to_owned())]);
        let first: i64 = first.parse().expect("milliseconds");
        let value = |(index, word): (i64, &str)| match word {
            "_" => None,
            "+Inf" => Some((first + 15_000 * index, f64::INFINITY)),
            word => Some((first + 15_000 * index, word.parse().expect("a number"))),
        };
        Series { labels: Labels::new(labels), samples: (0..).zip(words).filter_map(value).collect() }
    };
    let mut series: Vec<Series> = include_str!("../../../../tests/fixtures/promql/series.txt").lines().map(parse).collect();
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Table(series)
}

fn answer(case: &Json) -> Json {
    let expr = parser::parse(case["query"].as_str().expect("a query")).expect("the query parses");
    let millis = |key: &str| case[key].as_f64().map(|seconds| (seconds * 1000.0).round() as i64);
    let table = table();
    let result = if let Some(at) = millis("time") {
        if let Expr::MatrixSelector(selector) = &expr {
            raw(&table, selector, at).map(|found| matrix_result(&found))
        } else {
            evaluate(&table, &expr, Grid::instant(at)).map(|value| instant_result(&value, at))
        }
    } else {
        let (start, end, step) =
            (millis("start").expect("a start"), millis("end").expect("an end"), millis("step").expect("a step"));
        let grid = Grid { start, step, count: ((end - start) / step + 1) as usize };
        evaluate(&table, &expr, grid).map(|value| range_result(&value, grid))
    };
    match result {
        Ok(data) => json!({"status": "success", "data": data}),
        Err(Fault::Execution(error)) => json!({"status": "error", "errorType": "execution", "error": error}),
        Err(Fault::BadData(error)) => json!({"status": "error", "errorType": "bad_data", "error": error}),
    }
}

/// Instant vectors have no order; numbers agree when they differ by less than the last two of seventeen digits.
fn same(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Json::String(a), Json::String(b)) => {
            a == b || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if (a - b).abs() <= 1e-14 * b.abs())
        }
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

fn sorted(mut answer: Json) -> Json {
    if let Some(list) = answer["data"]["result"].as_array_mut() {
        list.sort_by_key(|entry| entry["metric"].to_string());
    }
    answer
}

#[test]
fn answers_as_prometheus_does() {
    let cases: Vec<Json> = serde_json::from_str(include_str!("../../../../tests/fixtures/promql/cases.json")).expect("JSON");
    assert!(cases.len() > 130, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let (ours, theirs) = (sorted(answer(case)), sorted(case["answer"].clone()));
        if !same(&ours, &theirs) {
            wrong.push(format!("{}\n  ours   {ours}\n  theirs {theirs}", case["query"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn refuses_by_name_what_is_not_in_the_subset() {
    for (query, name) in [
        ("irate(up[5m])", "irate()"),
        ("sum_over_time(up[5m])", "sum_over_time()"),
        ("topk(3, up)", "topk"),
        ("quantile(0.9, up)", "quantile"),
        ("group(up)", "group"),
        ("stddev(up)", "stddev"),
        ("up % 2", "%"),
        ("up ^ 2", "^"),
        ("up atan2 up", "atan2"),
        ("up * on (job) group_left sum by (job) (up)", "group_left"),
        ("sum by (job) (up) * on (job) group_right up", "group_right"),
        ("up @ 1773133800", "the @ modifier"),
        ("rate(up[5m] @ end())", "the @ modifier"),
        ("rate(sum(up)[5m:1m])", "subqueries"),
        ("rate((up[5m:1m]))", "subqueries"),
        ("label_join(up, \"a\", \"b\", \"c\")", "label_join()"),
        ("\"text\"", "string literals"),
    ] {
        let expr = parser::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let refusal = evaluate(&table(), &expr, Grid::instant(1_773_133_800_000));
        assert_eq!(refusal, Err(Fault::outside(name)), "{query}");
    }
}

#[test]
fn an_end_mark_ends_a_series_at_once() {
    let labels = Labels::new([("__name__", "up")]);
    let table = Table(vec![Series { labels, samples: vec![(0, 1.0), (15_000, 2.0), (30_000, f64::from_bits(STALE))] }]);
    let at = |query: &str, millis: i64| {
        let value = evaluate(&table, &parser::parse(query).expect("parses"), Grid::instant(millis)).expect("a value");
        let Value::Vector(columns) = value else { panic!("a vector") };
        columns.first().and_then(|column| column.values[0])
    };
    assert_eq!(at("up", 29_999), Some(2.0));
    assert_eq!(at("up", 30_000), None);
    assert_eq!(at("increase(up[30s])", 30_000), Some(2.0), "the mark is no sample of a window");
}

#[test]
fn a_label_is_made_from_another_one() {
    let ask = |query: &str| evaluate(&table(), &parser::parse(query).expect("it parses"), Grid::instant(1_773_133_800_000));
    let labels = |query: &str| match ask(query) {
        Ok(Value::Vector(columns)) => {
            let mut all: Vec<String> = columns.iter().map(|c| c.labels.to_string()).collect();
            all.sort();
            all
        }
        other => panic!("{query}: {other:?}"),
    };
    let made = labels(r#"label_replace(up{job="shop"}, "host", "h-$1", "instance", "(.):.*")"#);
    let want = [("h-x", "x:1"), ("h-y", "y:1")]
        .map(|(host, at)| format!("{{__name__=\"up\", host=\"{host}\", instance=\"{at}\", job=\"shop\"}}"));
    assert_eq!(made, want);
    // The expression must match the whole value; an empty result takes the label away.
    let same = labels(r#"label_replace(up{job="shop"}, "host", "h", "instance", "x")"#);
    assert_eq!(same, labels(r#"up{job="shop"}"#));
    let gone = labels(r#"label_replace(up{instance="x:1"}, "instance", "", "instance", ".*")"#);
    assert_eq!(gone, ["{__name__=\"up\", job=\"shop\"}"]);
    for (query, why) in [
        (r#"label_replace(up, "instance", "", "instance", ".*")"#, "vector cannot contain metrics with the same labelset"),
        (r#"label_replace(up, "a", "b", "c", "(")"#, "invalid regular expression in label_replace(): ("),
        (r#"label_replace(up, "0a", "b", "c", "d")"#, "invalid destination label name in label_replace(): 0a"),
    ] {
        assert_eq!(ask(query), Err(Fault::Execution(why.to_owned())), "{query}");
    }
}
