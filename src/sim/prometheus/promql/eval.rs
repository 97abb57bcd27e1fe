//! The walk over the parsed expression.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use promql_parser::label::{METRIC_NAME, MatchOp, Matcher};
use promql_parser::parser::{Call, Expr, MatrixSelector, Offset, VectorSelector};

use super::series::{Labels, STALE, Samples, Series};
use super::{Fault, aggregate, binary, function};

/// How old a sample may be and still stand for an instant, in milliseconds: Prometheus's default of five minutes.
pub const LOOKBACK: i64 = 300_000;

/// The instants at which an expression is evaluated: one for an instant query, the steps of a range query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The first instant in milliseconds since 1970.
    pub start: i64,
    /// Milliseconds between two instants; irrelevant for one.
    pub step: i64,
    /// How many instants.
    pub count: usize,
}

impl Grid {
    /// One instant.
    pub fn instant(at: i64) -> Self {
        Self { start: at, step: 1, count: 1 }
    }

    /// The instants, in milliseconds.
    pub fn instants(self) -> impl Iterator<Item = i64> {
        (0i64..).take(self.count).map(move |index| self.start + self.step * index)
    }

    fn end(self) -> i64 {
        self.start + self.step * i64::try_from(self.count.saturating_sub(1)).unwrap_or(i64::MAX)
    }
}

/// A series on the grid: its value at each instant, if it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What identifies it.
    pub labels: Labels,
    /// One place per instant of the grid.
    pub values: Vec<Option<f64>>,
}

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number per instant.
    Scalar(Vec<f64>),
    /// Series, in the order in which they came about.
    Vector(Vec<Column>),
}

/// Evaluates a parsed expression at each instant of the grid.
pub fn evaluate(samples: &dyn Samples, expr: &Expr, grid: Grid) -> Result<Value, Fault> {
    Evaluator { samples, grid }.value(expr)
}

/// The samples of a range selector at one instant, which only an instant query may ask for.
pub fn raw(samples: &dyn Samples, selector: &MatrixSelector, at: i64) -> Result<Vec<Series>, Fault> {
    let (back, range) = (offset(&selector.vs)?, millis(selector.range)?);
    let mut found = samples.select(&matchers(&selector.vs)?, at - back - range, at - back);
    for series in &mut found {
        series.samples.retain(|(_, value)| value.to_bits() != STALE);
    }
    found.retain(|series| !series.samples.is_empty());
    Ok(found)
}

/// What the functions need to know of the evaluation under way.
pub struct Evaluator<'a> {
    samples: &'a dyn Samples,
    /// The instants asked for.
    pub grid: Grid,
}

impl Evaluator<'_> {
    /// The value of an expression that is a number or an instant vector.
    pub fn value(&self, expr: &Expr) -> Result<Value, Fault> {
        match expr {
            Expr::NumberLiteral(number) => Ok(Value::Scalar(vec![number.val; self.grid.count])),
            Expr::Paren(paren) => self.value(&paren.expr),
            Expr::VectorSelector(selector) => Ok(Value::Vector(self.instant(selector, |_, value| value)?)),
            Expr::Call(call) => function::call(self, call),
            Expr::Aggregate(aggregation) => {
                let input = self.vector(&aggregation.expr)?;
                Ok(Value::Vector(aggregate::aggregate(aggregation.op, aggregation.modifier.as_ref(), &input)?))
            }
            Expr::Binary(operation) => {
                let (left, right) = (self.value(&operation.lhs)?, self.value(&operation.rhs)?);
                binary::binary(operation.op, operation.modifier.as_ref(), left, right)
            }
            Expr::Unary(unary) => match self.value(&unary.expr)? {
                Value::Scalar(values) => Ok(Value::Scalar(values.into_iter().map(|value| -value).collect())),
                Value::Vector(columns) => map(columns, |value| -value),
            },
            Expr::MatrixSelector(_) => Err(Fault::outside("a range vector outside a function")),
            Expr::StringLiteral(_) => Err(Fault::outside("string literals")),
            Expr::Subquery(_) => Err(Fault::outside("subqueries")),
            Expr::Extension(_) => Err(Fault::outside("extensions")),
        }
    }

    /// The value of an expression that must be an instant vector.
    pub fn vector(&self, expr: &Expr) -> Result<Vec<Column>, Fault> {
        match self.value(expr)? {
            Value::Vector(columns) => Ok(columns),
            Value::Scalar(_) => Err(Fault::BadData("expected type instant vector, got scalar".into())),
        }
    }

    /// The value of an expression that must be a number.
    pub fn scalar(&self, expr: &Expr) -> Result<Vec<f64>, Fault> {
        match self.value(expr)? {
            Value::Scalar(values) => Ok(values),
            Value::Vector(_) => Err(Fault::BadData("expected type scalar, got instant vector".into())),
        }
    }

    /// The samples of a selector at each instant; `take` gets the sample's own instant and its value.
    pub fn instant(&self, selector: &VectorSelector, take: fn(i64, f64) -> f64) -> Result<Vec<Column>, Fault> {
        let back = offset(selector)?;
        let found = self.select(selector, LOOKBACK, back)?;
        let column = |series: &Series| Column {
            labels: series.labels.clone(),
            values: self
                .grid
                .instants()
                .map(|at| series.at(at - back, LOOKBACK).map(|(time, value)| take(time, value)))
                .collect(),
        };
        Ok(found.iter().map(column).filter(|column| column.values.iter().any(Option::is_some)).collect())
    }

    /// What `compute` makes of the samples in the window before each instant; it gets the samples and the edges of the
    /// window in milliseconds.
    pub fn range(
        &self,
        selector: &MatrixSelector,
        compute: impl Fn(&[(i64, f64)], i64, i64) -> Option<f64>,
    ) -> Result<Vec<Column>, Fault> {
        let back = offset(&selector.vs)?;
        let range = millis(selector.range)?;
        let found = self.select(&selector.vs, range, back)?;
        let value = |series: &Series, at: i64| {
            let (start, end) = (at - back - range, at - back);
            compute(series.between(start, end), start, end)
        };
        let columns = found.iter().map(|series| Column {
            labels: series.labels.nameless(),
            values: self.grid.instants().map(|at| value(series, at)).collect(),
        });
        merge(columns.filter(|column| column.values.iter().any(Option::is_some)).collect())
    }

    fn select(&self, selector: &VectorSelector, before: i64, back: i64) -> Result<Vec<Series>, Fault> {
        let matchers = matchers(selector)?;
        Ok(self.samples.select(&matchers, self.grid.start - back - before, self.grid.end() - back))
    }
}

/// The matchers of a selector, its name among them.
pub fn matchers(selector: &VectorSelector) -> Result<Vec<Matcher>, Fault> {
    if !selector.matchers.or_matchers.is_empty() {
        return Err(Fault::outside("or between matchers"));
    }
    let name = selector.name.iter().map(|name| Matcher::new(MatchOp::Equal, METRIC_NAME, name));
    Ok(name.chain(selector.matchers.matchers.iter().cloned()).collect())
}

/// How far back a selector looks, in milliseconds; negative looks ahead.
fn offset(selector: &VectorSelector) -> Result<i64, Fault> {
    if selector.at.is_some() {
        return Err(Fault::outside("the @ modifier"));
    }
    match selector.offset {
        None => Ok(0),
        Some(Offset::Pos(duration)) => millis(duration),
        Some(Offset::Neg(duration)) => millis(duration).map(|millis| -millis),
    }
}

fn millis(duration: Duration) -> Result<i64, Fault> {
    // A hundred years at most, so that no sum of instants overflows.
    i64::try_from(duration.as_millis())
        .ok()
        .filter(|millis| *millis <= 100 * 365 * 86_400_000)
        .ok_or_else(|| Fault::BadData("duration out of range".into()))
}

/// A function of each value; the name of the metric goes.
pub fn map(columns: Vec<Column>, f: impl Fn(f64) -> f64) -> Result<Value, Fault> {
    let columns = columns.into_iter().map(|column| Column {
        labels: column.labels.nameless(),
        values: column.values.into_iter().map(|value| value.map(&f)).collect(),
    });
    Ok(Value::Vector(merge(columns.collect())?))
}

/// Joins columns that have become one series because a label went; two values at one instant are an error.
pub fn merge(columns: Vec<Column>) -> Result<Vec<Column>, Fault> {
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(columns.len());
    let mut merged: Vec<Column> = Vec::with_capacity(columns.len());
    for column in columns {
        match places.entry(column.labels.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(merged.len());
                merged.push(column);
            }
            Entry::Occupied(entry) => {
                let Some(first) = merged.get_mut(*entry.get()) else { continue };
                for (slot, value) in first.values.iter_mut().zip(column.values) {
                    if slot.is_some() && value.is_some() {
                        return Err(Fault::Execution("vector cannot contain metrics with the same labelset".into()));
                    }
                    *slot = slot.or(value);
                }
            }
        }
    }
    Ok(merged)
}

/// The argument of a call at a place.
pub fn argument(call: &Call, index: usize) -> Result<&Expr, Fault> {
    call.args
        .args
        .get(index)
        .map(|argument| &**argument)
        .ok_or_else(|| Fault::BadData(format!("missing argument of {}", call.func.name)))
}
