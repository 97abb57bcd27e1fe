//! The endpoints of Prometheus's HTTP API (`/api/v1`), over anything that holds samples.

use std::collections::BTreeSet;

use ::http::{Method, StatusCode, header::ALLOW};
use jiff::Timestamp;
use promql_parser::parser::Expr;
use serde_json::{Value as Json, json};

use super::answer::{failure, instant_result, matrix_result, metric, range_result, success};
use super::parameter::Parameters;
use super::promql::{Fault, Grid, Labels, Samples, evaluate, raw};
use crate::sim::http::{self, Request, Response};

/// What the endpoints need to know besides samples.
pub struct Source<'a> {
    /// The series.
    pub samples: &'a dyn Samples,
    /// Now: what a query without `time` asks for.
    pub now: Timestamp,
    /// The oldest instant that there can be samples of.
    pub begin: Timestamp,
    /// Name, type and help of each metric.
    pub metadata: &'a [(&'a str, &'a str, &'a str)],
}

/// The scrape configuration that the world's Prometheus would have.
const CONFIG: &str = "global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\n  evaluation_interval: 15s\n";

/// Answers a request whose path begins with `/api/v1` or `/-/`.
pub fn answer(source: &Source, request: &Request) -> Response {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (posts, known) = match path.as_slice() {
        ["-", "ready" | "healthy"] => (false, true),
        ["api", "v1", "query" | "query_range" | "labels" | "series"] => (true, true),
        ["api", "v1", "label", _, "values"]
        | ["api", "v1", "metadata" | "targets" | "rules" | "alerts"]
        | ["api", "v1", "status", "buildinfo" | "config"] => (false, true),
        _ => (false, false),
    };
    if !known {
        return http::text(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n");
    }
    if request.method != Method::GET && !(posts && request.method == Method::POST) {
        let mut response = http::text(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "Method Not Allowed\n");
        let allowed = if posts { "GET, OPTIONS, POST" } else { "GET, OPTIONS" };
        response.headers_mut().insert(ALLOW, ::http::HeaderValue::from_static(allowed));
        return response;
    }
    let mut parameters = request.query.clone();
    if posts && request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        parameters.extend(http::pairs(&String::from_utf8_lossy(&request.body)));
    }
    let parameters = Parameters(parameters);
    let data = match path.as_slice() {
        ["-", "ready"] => return http::text(StatusCode::OK, "text/plain; charset=utf-8", "Prometheus Server is Ready.\n"),
        ["-", _] => return http::text(StatusCode::OK, "text/plain; charset=utf-8", "Prometheus Server is Healthy.\n"),
        ["api", "v1", "query"] => query(source, &parameters),
        ["api", "v1", "query_range"] => query_range(source, &parameters),
        ["api", "v1", "series"] => series(source, &parameters),
        ["api", "v1", "labels"] => labels(source, &parameters),
        ["api", "v1", "label", name, "values"] => values(source, &parameters, name),
        ["api", "v1", "metadata"] => Ok(metadata(source, parameters.get("metric"))),
        ["api", "v1", "targets"] => Ok(targets(source)),
        ["api", "v1", "rules"] => Ok(json!({"groups": []})),
        ["api", "v1", "alerts"] => Ok(json!({"alerts": []})),
        ["api", "v1", "status", "config"] => Ok(json!({"yaml": CONFIG})),
        _ => Ok(json!({
            "version": "2.42.0", "revision": "embedded", "branch": "gonogo", "buildUser": "gonogo",
            "buildDate": "20260301-00:00:00", "goVersion": "",
        })),
    };
    data.map_or_else(|fault| failure(&fault), |data| success(&data))
}

fn query(source: &Source, parameters: &Parameters) -> Result<Json, Fault> {
    let at = parameters.instant("time", source.now.as_millisecond())?;
    let expr = parameters.query()?;
    match &expr {
        Expr::MatrixSelector(selector) => Ok(matrix_result(&raw(source.samples, selector, at)?)),
        expr => Ok(instant_result(&evaluate(source.samples, expr, Grid::instant(at))?, at)),
    }
}

fn query_range(source: &Source, parameters: &Parameters) -> Result<Json, Fault> {
    let grid = parameters.grid()?;
    let expr = parameters.query()?;
    let kind = match &expr {
        Expr::MatrixSelector(_) | Expr::Subquery(_) => Some("range vector"),
        Expr::StringLiteral(_) => Some("string"),
        _ => None,
    };
    if let Some(kind) = kind {
        let message = format!("invalid expression type \"{kind}\" for range query, must be Scalar or instant Vector");
        return Err(Fault::BadData(message));
    }
    Ok(range_result(&evaluate(source.samples, &expr, grid)?, grid))
}

/// The labels of every series that one of the selectors finds; of all without selectors.
fn found(source: &Source, parameters: &Parameters) -> Result<BTreeSet<Labels>, Fault> {
    let start = parameters.instant("start", source.begin.as_millisecond())?;
    let end = parameters.instant("end", source.now.as_millisecond())?;
    let mut selectors = parameters.selectors()?;
    if selectors.is_empty() {
        selectors.push(Vec::new());
    }
    // What exists is the same every few minutes: samples of a whole day are not read to know the names.
    let start = start.max(end - 3_600_000);
    let series = selectors.iter().flat_map(|matchers| source.samples.select(matchers, start, end));
    Ok(series.map(|series| series.labels).collect())
}

fn series(source: &Source, parameters: &Parameters) -> Result<Json, Fault> {
    if !parameters.0.iter().any(|(key, _)| key == "match[]") {
        return Err(Fault::BadData("no match[] parameter provided".to_owned()));
    }
    Ok(found(source, parameters)?.iter().map(metric).collect())
}

fn labels(source: &Source, parameters: &Parameters) -> Result<Json, Fault> {
    let found = found(source, parameters)?;
    let names: BTreeSet<&str> = found.iter().flat_map(Labels::iter).map(|(name, _)| name).collect();
    Ok(json!(names))
}

fn values(source: &Source, parameters: &Parameters, name: &str) -> Result<Json, Fault> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !name.starts_with(first) || !name.chars().all(|c| first(c) || c.is_ascii_digit()) {
        return Err(Fault::BadData(format!("invalid label name: {name:?}")));
    }
    let found = found(source, parameters)?;
    let values: BTreeSet<&str> = found.iter().map(|labels| labels.get(name)).filter(|value| !value.is_empty()).collect();
    Ok(json!(values))
}

fn metadata(source: &Source, only: &str) -> Json {
    let wanted = source.metadata.iter().filter(|(name, ..)| only.is_empty() || *name == only);
    wanted.map(|(name, kind, help)| ((*name).to_owned(), json!([{"type": kind, "help": help, "unit": ""}]))).collect()
}

/// The targets are what `up` knows of.
fn targets(source: &Source) -> Json {
    let now = source.now.as_millisecond();
    let matcher = promql_parser::label::Matcher::new(promql_parser::label::MatchOp::Equal, "__name__", "up");
    let target = |series: &super::promql::Series| {
        let (at, up) = series.samples.iter().rev().find(|(_, value)| !value.is_nan()).copied()?;
        let scraped = Timestamp::from_millisecond(at).ok()?.to_string();
        let labels = series.labels.nameless();
        let address = labels.get("instance").to_owned();
        Some(json!({
            "discoveredLabels": {"__address__": address},
            "labels": metric(&labels),
            "scrapePool": labels.get("job"),
            "scrapeUrl": format!("http://{address}/metrics"),
            "globalUrl": format!("http://{address}/metrics"),
            "lastError": "",
            "lastScrape": scraped,
            "lastScrapeDuration": 0.004,
            "health": if up > 0.0 { "up" } else { "down" },
            "scrapeInterval": "15s",
            "scrapeTimeout": "10s",
        }))
    };
    let active: Vec<Json> = source.samples.select(&[matcher], now - 300_000, now).iter().filter_map(target).collect();
    json!({"activeTargets": active, "droppedTargets": []})
}
