//! The named subset of PromQL that the embedded world speaks, with the numbers of Prometheus 2.42.
//!
//! The language is parsed by `promql-parser`; what is in the subset is computed, everything else is refused by name.
//! An expression is evaluated over a whole grid of instants at once, one column per series, so that grouping and
//! matching are worked out once and not at each of the steps of a range query.

mod aggregate;
mod binary;
mod eval;
mod function;
mod quantile;
mod rate;
mod series;
#[cfg(test)]
mod tests;

pub use eval::{Column, Grid, Value, evaluate, matchers, raw};
pub use series::{Labels, STALE, Samples, Series};

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is wrong or outside the subset: 400 `bad_data`.
    BadData(String),
    /// The query cannot be carried out on these series: 422 `execution`.
    Execution(String),
}

impl Fault {
    /// The refusal of something that Prometheus knows and the embedded world does not.
    fn outside(name: impl std::fmt::Display) -> Self {
        Self::BadData(format!("not part of the embedded world's PromQL: {name}"))
    }
}
