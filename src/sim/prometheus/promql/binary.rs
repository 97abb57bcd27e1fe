//! Arithmetic, comparison and set operators between scalars and columns.

use std::collections::{HashMap, HashSet};

use promql_parser::label::METRIC_NAME;
use promql_parser::parser::token::{
    T_ADD, T_DIV, T_EQLC, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS, T_MUL, T_NEQ, T_SUB, TokenType,
};
use promql_parser::parser::{BinModifier, LabelModifier, VectorMatchCardinality};

use super::Fault;
use super::eval::{Column, Value, merge};
use super::series::Labels;

/// What an operator makes of two numbers: the value, and whether a comparison holds.
type Operation = fn(f64, f64) -> (f64, bool);

/// The operator, or its refusal. A filtering comparison gives its left side.
#[expect(clippy::float_cmp, reason = "the language compares exactly")]
fn operation(op: TokenType) -> Result<Operation, Fault> {
    Ok(match op.id() {
        T_ADD => |a, b| (a + b, true),
        T_SUB => |a, b| (a - b, true),
        T_MUL => |a, b| (a * b, true),
        T_DIV => |a, b| (a / b, true),
        T_EQLC => |a, b| (a, a == b),
        T_NEQ => |a, b| (a, a != b),
        T_GTR => |a, b| (a, a > b),
        T_LSS => |a, b| (a, a < b),
        T_GTE => |a, b| (a, a >= b),
        T_LTE => |a, b| (a, a <= b),
        _ => return Err(Fault::outside(op)),
    })
}

/// Applies an operator. `bool` turns a comparison's filter into 0 and 1.
pub fn binary(op: TokenType, modifier: Option<&BinModifier>, left: Value, right: Value) -> Result<Value, Fault> {
    if let Some(modifier) = modifier {
        check(modifier)?;
    }
    let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
    if op.is_set_operator() {
        return match (left, right) {
            (Value::Vector(left), Value::Vector(right)) => Ok(Value::Vector(set(op, matching, &left, &right)?)),
            _ => Err(Fault::BadData(format!("set operator \"{op}\" not allowed in binary scalar expression"))),
        };
    }
    let apply = operation(op)?;
    let bool = modifier.is_some_and(|modifier| modifier.return_bool);
    let nameless = bool || !op.is_comparison_operator();
    let outcome = |(value, holds): (f64, bool)| match (bool, holds) {
        (true, _) => Some(f64::from(u8::from(holds))),
        (false, holds) => holds.then_some(value),
    };
    match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => {
            Ok(Value::Scalar(left.iter().zip(&right).map(|(a, b)| outcome(apply(*a, *b)).unwrap_or(f64::NAN)).collect()))
        }
        (Value::Vector(columns), Value::Scalar(scalar)) => {
            with_scalar(columns, &scalar, nameless, |value, scalar| outcome(apply(value, scalar)))
        }
        // Also from the right the vector's own value passes the filter.
        (Value::Scalar(scalar), Value::Vector(columns)) => with_scalar(columns, &scalar, nameless, |value, scalar| {
            let (result, holds) = apply(scalar, value);
            outcome((if op.is_comparison_operator() { value } else { result }, holds))
        }),
        (Value::Vector(left), Value::Vector(right)) => {
            let label = |labels: &Labels| {
                let labels = if nameless { labels.nameless() } else { labels.clone() };
                match matching {
                    Some(LabelModifier::Include(on)) => labels.filter(|name| on.labels.iter().any(|l| l == name)),
                    Some(LabelModifier::Exclude(ignoring)) => labels.filter(|name| ignoring.labels.iter().all(|l| l != name)),
                    None => labels,
                }
            };
            let columns = one_to_one(matching, &left, &right, label, |a, b| outcome(apply(a, b)))?;
            Ok(Value::Vector(merge(columns)?))
        }
    }
}

/// Refuses what is outside the subset: grouping and fill values.
fn check(modifier: &BinModifier) -> Result<(), Fault> {
    match modifier.card {
        VectorMatchCardinality::ManyToOne(_) => return Err(Fault::outside("group_left")),
        VectorMatchCardinality::OneToMany(_) => return Err(Fault::outside("group_right")),
        VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {}
    }
    match (modifier.fill_values.lhs, modifier.fill_values.rhs) {
        (None, None) => Ok(()),
        _ => Err(Fault::outside("fill")),
    }
}

fn with_scalar(
    columns: Vec<Column>,
    scalar: &[f64],
    nameless: bool,
    outcome: impl Fn(f64, f64) -> Option<f64>,
) -> Result<Value, Fault> {
    let columns = columns.into_iter().map(|column| Column {
        labels: if nameless { column.labels.nameless() } else { column.labels },
        values: column.values.iter().zip(scalar).map(|(v, s)| v.and_then(|v| outcome(v, *s))).collect(),
    });
    Ok(Value::Vector(merge(columns.collect())?))
}

/// The labels by which two series are a pair.
fn signature(labels: &Labels, matching: Option<&LabelModifier>) -> Labels {
    match matching {
        Some(LabelModifier::Include(on)) => labels.filter(|name| on.labels.iter().any(|label| label == name)),
        Some(LabelModifier::Exclude(ignoring)) => {
            labels.filter(|name| name != METRIC_NAME && ignoring.labels.iter().all(|label| label != name))
        }
        None => labels.nameless(),
    }
}

fn one_to_one(
    matching: Option<&LabelModifier>,
    left: &[Column],
    right: &[Column],
    label: impl Fn(&Labels) -> Labels,
    outcome: impl Fn(f64, f64) -> Option<f64>,
) -> Result<Vec<Column>, Fault> {
    let mut sides: HashMap<Labels, Vec<&Column>> = HashMap::new();
    for column in right {
        sides.entry(signature(&column.labels, matching)).or_default().push(column);
    }
    for (group, columns) in &sides {
        for step in 0..columns.first().map_or(0, |column| column.values.len()) {
            let mut here = columns.iter().filter(|column| column.values.get(step).is_some_and(Option::is_some));
            if let (Some(one), Some(other)) = (here.next(), here.next()) {
                return Err(Fault::Execution(format!(
                    "found duplicate series for the match group {group} on the right hand-side of the operation: \
                     [{}, {}];many-to-many matching not allowed: matching labels must be unique on one side",
                    other.labels, one.labels
                )));
            }
        }
    }
    let mut taken: HashSet<(Labels, usize)> = HashSet::new();
    let mut output = Vec::new();
    for column in left {
        let group = signature(&column.labels, matching);
        let Some(partners) = sides.get(&group) else { continue };
        let mut values = vec![None; column.values.len()];
        for (step, (slot, value)) in values.iter_mut().zip(&column.values).enumerate() {
            let partner = partners.iter().find_map(|partner| partner.values.get(step).copied().flatten());
            let (Some(a), Some(b)) = (*value, partner) else { continue };
            *slot = outcome(a, b);
            if slot.is_some() && !taken.insert((group.clone(), step)) {
                return Err(Fault::Execution(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)".into(),
                ));
            }
        }
        output.push(Column { labels: label(&column.labels), values });
    }
    Ok(output)
}

/// `and`, `or` and `unless`: whole samples pass or not, by their signature at each step.
fn set(op: TokenType, matching: Option<&LabelModifier>, left: &[Column], right: &[Column]) -> Result<Vec<Column>, Fault> {
    let present = |columns: &[Column]| {
        let mut seen: HashMap<Labels, Vec<bool>> = HashMap::new();
        for column in columns {
            let steps = seen.entry(signature(&column.labels, matching)).or_insert_with(|| vec![false; column.values.len()]);
            for (step, value) in steps.iter_mut().zip(&column.values) {
                *step |= value.is_some();
            }
        }
        seen
    };
    let masked = |columns: &[Column], seen: &HashMap<Labels, Vec<bool>>, wanted: bool| -> Vec<Column> {
        let mask = |column: &Column| {
            let steps = seen.get(&signature(&column.labels, matching));
            let there = |step: usize| steps.and_then(|steps| steps.get(step)).copied().unwrap_or(false);
            let values = column.values.iter().enumerate().map(|(step, value)| value.filter(|_| there(step) == wanted));
            Column { labels: column.labels.clone(), values: values.collect() }
        };
        columns.iter().map(mask).collect()
    };
    match op.id() {
        T_LAND => Ok(masked(left, &present(right), true)),
        T_LUNLESS => Ok(masked(left, &present(right), false)),
        T_LOR => {
            let mut all = left.to_vec();
            all.extend(masked(right, &present(left), false));
            merge(all)
        }
        _ => Err(Fault::outside(op)),
    }
}
