//! `sum`, `avg`, `min`, `max` and `count` over groups of columns.

use std::collections::HashMap;

use promql_parser::label::METRIC_NAME;
use promql_parser::parser::LabelModifier;
use promql_parser::parser::token::{T_AVG, T_COUNT, T_MAX, T_MIN, T_SUM, TokenType};

use super::Fault;
use super::eval::Column;
use super::series::Labels;

/// Aggregates the columns by the labels of `by (…)` or the rest of `without (…)`; without either into one group.
pub fn aggregate(op: TokenType, modifier: Option<&LabelModifier>, input: &[Column]) -> Result<Vec<Column>, Fault> {
    let fold = match op.id() {
        T_SUM => |state: f64, value: f64, _: f64| state + value,
        T_AVG => mean,
        T_MIN => |state: f64, value: f64, _: f64| if value < state || state.is_nan() { value } else { state },
        T_MAX => |state: f64, value: f64, _: f64| if value > state || state.is_nan() { value } else { state },
        T_COUNT => |_: f64, _: f64, count: f64| count,
        _ => return Err(Fault::outside(op)),
    };
    let first = if op.id() == T_COUNT { |_: f64| 1.0 } else { |value: f64| value };
    let mut groups: HashMap<Labels, usize> = HashMap::new();
    let mut output: Vec<(Column, Vec<f64>)> = Vec::new();
    for column in input {
        let labels = group_of(&column.labels, modifier);
        let index = *groups.entry(labels.clone()).or_insert_with(|| {
            let steps = column.values.len();
            output.push((Column { labels, values: vec![None; steps] }, vec![0.0; steps]));
            output.len() - 1
        });
        let Some((group, counts)) = output.get_mut(index) else { continue };
        for ((state, count), value) in group.values.iter_mut().zip(counts).zip(&column.values) {
            if let Some(value) = *value {
                *count += 1.0;
                *state = Some(state.map_or_else(|| first(value), |state| fold(state, value, *count)));
            }
        }
    }
    Ok(output.into_iter().map(|(column, _)| column).collect())
}

/// The running mean of Prometheus; sum divided by count would differ in the last digit.
fn mean(state: f64, value: f64, count: f64) -> f64 {
    let same_infinity = value.is_infinite() && (state > 0.0) == (value > 0.0);
    if state.is_infinite() && (same_infinity || value.is_finite()) {
        return state;
    }
    state + (value / count - state / count)
}

/// The labels that name the group of a series.
fn group_of(labels: &Labels, modifier: Option<&LabelModifier>) -> Labels {
    match modifier {
        None => Labels::default(),
        Some(LabelModifier::Include(by)) => labels.filter(|name| by.labels.iter().any(|label| label == name)),
        Some(LabelModifier::Exclude(without)) => {
            labels.filter(|name| name != METRIC_NAME && without.labels.iter().all(|label| label != name))
        }
    }
}
