//! The functions of the subset.

use std::collections::HashMap;

use promql_parser::label::{BUCKET_LABEL, METRIC_NAME, MatchOp};
use promql_parser::parser::{Call, Expr};
use regex::Regex;

use super::Fault;
use super::eval::{Column, Evaluator, Value, argument, map, matchers, merge};
use super::quantile::bucket_quantile;
use super::rate::extrapolated;
use super::series::Labels;

/// Calls a function, or refuses it by name.
pub fn call(eval: &Evaluator, call: &Call) -> Result<Value, Fault> {
    match call.func.name {
        "rate" => counter(eval, call, true),
        "increase" => counter(eval, call, false),
        "histogram_quantile" => histogram_quantile(eval, call),
        "time" => Ok(Value::Scalar(eval.grid.instants().map(seconds).collect())),
        "timestamp" => timestamp(eval, call),
        "scalar" => scalar(eval, call),
        "vector" => {
            let values = eval.scalar(argument(call, 0)?)?;
            let column = Column { labels: Labels::default(), values: values.into_iter().map(Some).collect() };
            Ok(Value::Vector(vec![column]))
        }
        "absent" => absent(eval, call),
        "label_replace" => label_replace(eval, call),
        "abs" => map(eval.vector(argument(call, 0)?)?, f64::abs),
        "clamp_min" => clamp(eval, call, |value, limit| if value < limit { limit } else { value }),
        "clamp_max" => clamp(eval, call, |value, limit| if value > limit { limit } else { value }),
        name => Err(Fault::outside(format_args!("{name}()"))),
    }
}

fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

fn counter(eval: &Evaluator, call: &Call, per_second: bool) -> Result<Value, Fault> {
    match unwrapped(argument(call, 0)?) {
        Expr::MatrixSelector(selector) => {
            Ok(Value::Vector(eval.range(selector, |samples, start, end| extrapolated(samples, start, end, per_second))?))
        }
        Expr::Subquery(_) => Err(Fault::outside("subqueries")),
        _ => Err(Fault::BadData(format!("expected type range vector in call to function \"{}\"", call.func.name))),
    }
}

fn unwrapped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => unwrapped(&paren.expr),
        other => other,
    }
}

/// The instant of the sample for a plain selector, else the instant of the evaluation.
fn timestamp(eval: &Evaluator, call: &Call) -> Result<Value, Fault> {
    let inner = argument(call, 0)?;
    if let Expr::VectorSelector(selector) = unwrapped(inner) {
        return map(eval.instant(selector, |time, _| seconds(time))?, |time| time);
    }
    let columns = eval.vector(inner)?;
    let dated = columns.into_iter().map(|column| Column {
        values: column.values.iter().zip(eval.grid.instants()).map(|(v, at)| v.map(|_| seconds(at))).collect(),
        labels: column.labels,
    });
    map(dated.collect(), |time| time)
}

/// The one value of a vector of one, else NaN.
fn scalar(eval: &Evaluator, call: &Call) -> Result<Value, Fault> {
    let columns = eval.vector(argument(call, 0)?)?;
    let only = |step: usize| {
        let mut values = columns.iter().filter_map(|column| column.values.get(step).copied().flatten());
        match (values.next(), values.next()) {
            (Some(value), None) => value,
            _ => f64::NAN,
        }
    };
    Ok(Value::Scalar((0..eval.grid.count).map(only).collect()))
}

/// 1 where the vector is empty, under the labels that its equality matchers prescribe.
fn absent(eval: &Evaluator, call: &Call) -> Result<Value, Fault> {
    let inner = argument(call, 0)?;
    let labels = match unwrapped(inner) {
        Expr::VectorSelector(selector) => {
            let matchers = matchers(selector)?;
            let alone = |name: &str| matchers.iter().filter(|matcher| matcher.name == name).count() == 1;
            Labels::new(
                matchers
                    .iter()
                    .filter(|m| m.op == MatchOp::Equal && m.name != METRIC_NAME && alone(&m.name))
                    .map(|m| (m.name.as_str(), m.value.as_str())),
            )
        }
        _ => Labels::default(),
    };
    let columns = eval.vector(inner)?;
    let empty = |step: usize| columns.iter().all(|column| column.values.get(step).copied().flatten().is_none());
    let values = (0..eval.grid.count).map(|step| empty(step).then_some(1.0)).collect();
    Ok(Value::Vector(vec![Column { labels, values }]))
}

/// Sets a label to what a regular expression finds in another one; where it does not match, nothing changes.
fn label_replace(eval: &Evaluator, call: &Call) -> Result<Value, Fault> {
    let columns = eval.vector(argument(call, 0)?)?;
    let [to, replacement, from, pattern] = [1, 2, 3, 4].map(|at| text(call, at));
    let (to, replacement, from, pattern) = (to?, replacement?, from?, pattern?);
    let invalid = |what: &str, text: &str| Fault::Execution(format!("invalid {what} in label_replace(): {text}"));
    let regex = Regex::new(&format!("^(?s:{pattern})$")).map_err(|_| invalid("regular expression", pattern))?;
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !to.starts_with(letter) || !to.chars().all(|c| letter(c) || c.is_ascii_digit()) {
        return Err(invalid("destination label name", to));
    }
    let replaced = columns.into_iter().map(|column| {
        let Some(found) = regex.captures(column.labels.get(from)) else { return column };
        let mut value = String::new();
        found.expand(replacement, &mut value);
        let set = std::iter::once((to, value.as_str()));
        let labels = Labels::new(set.chain(column.labels.iter().filter(|(name, _)| *name != to)));
        Column { labels, values: column.values.clone() }
    });
    Ok(Value::Vector(merge(replaced.collect())?))
}

/// An argument that must be a string.
fn text(call: &Call, index: usize) -> Result<&str, Fault> {
    match unwrapped(argument(call, index)?) {
        Expr::StringLiteral(literal) => Ok(&literal.val),
        _ => Err(Fault::BadData(format!("expected type string in call to function \"{}\"", call.func.name))),
    }
}

fn clamp(eval: &Evaluator, call: &Call, bounded: impl Fn(f64, f64) -> f64) -> Result<Value, Fault> {
    let columns = eval.vector(argument(call, 0)?)?;
    let limits = eval.scalar(argument(call, 1)?)?;
    let clamped = columns.into_iter().map(|column| Column {
        // A limit that is no number takes every value with it.
        values: column
            .values
            .iter()
            .zip(&limits)
            .map(|(value, limit)| value.map(|value| if limit.is_nan() { f64::NAN } else { bounded(value, *limit) }))
            .collect(),
        labels: column.labels,
    });
    map(clamped.collect(), |value| value)
}

fn histogram_quantile(eval: &Evaluator, call: &Call) -> Result<Value, Fault> {
    let quantiles = eval.scalar(argument(call, 0)?)?;
    let columns = eval.vector(argument(call, 1)?)?;
    let mut order: Vec<(Labels, Vec<(f64, &Column)>)> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    for column in &columns {
        let Some(bound) = bound(column.labels.get(BUCKET_LABEL)) else { continue };
        let labels = column.labels.filter(|name| name != BUCKET_LABEL && name != METRIC_NAME);
        let place = *places.entry(labels.clone()).or_insert_with(|| {
            order.push((labels, Vec::new()));
            order.len() - 1
        });
        if let Some((_, buckets)) = order.get_mut(place) {
            buckets.push((bound, column));
        }
    }
    let quantile = |buckets: &[(f64, &Column)], step: usize, quantile: f64| {
        let here = buckets.iter().filter_map(|(bound, column)| Some((*bound, column.values.get(step).copied()??)));
        let here: Vec<(f64, f64)> = here.collect();
        (!here.is_empty()).then(|| bucket_quantile(quantile, here))
    };
    let column = |(labels, buckets): (Labels, Vec<(f64, &Column)>)| Column {
        labels,
        values: quantiles.iter().enumerate().map(|(step, q)| quantile(&buckets, step, *q)).collect(),
    };
    Ok(Value::Vector(order.into_iter().map(column).collect()))
}

/// The upper bound that an `le` label names.
fn bound(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        text => text.parse().ok(),
    }
}
