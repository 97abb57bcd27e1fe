//! Queries that a person wrote: what is filled in, and how old their samples are. Pure but for the asking.

use promql_parser::parser::{self, Expr, VectorSelector};

use super::{
    batch::pods,
    preset::Dialect,
    query::WINDOW,
    source::Source,
    text::{joined, one_of, quoted, regex},
};
use crate::domain::{Measure, MetricTarget, NoValue, OwnQueries, SourceSettings};

/// A query with everything filled in.
pub fn filled(text: &str, target: &MetricTarget, dialect: Dialect, source: &SourceSettings, window: &str) -> String {
    let names = |of: &mut dyn Iterator<Item = &str>| -> String {
        let mut all: Vec<String> = of.map(regex).collect();
        all.sort();
        all.dedup();
        let joined = quoted(&all.join("|"));
        // What stands between the quotes of a matcher.
        joined[1..joined.len() - 1].to_owned()
    };
    let namespaces: Vec<&str> = target.namespaces.iter().map(|n| &**n).collect();
    let place = dialect.place;
    let mut arm =
        joined([&*format!("{}{}", place.namespace, one_of(&namespaces)), &*format!("{}=~{}", place.pod, quoted(&pods(target)))]);
    for (name, template) in &source.labels {
        arm.push_str(&format!(",{name}{}", super::batch::label(template, target)));
    }
    text.replace("{arm}", &arm)
        .replace("{window}", window)
        .replace("{namespace}", &names(&mut namespaces.iter().copied()))
        .replace("{cluster}", &names(&mut target.clusters.iter().map(|c| c.as_str())))
        .replace("{workload}", &names(&mut std::iter::once(&*target.workload.name)))
        .replace("{service}", &names(&mut std::iter::once(target.key.service.as_str())))
        .replace("{environment}", &names(&mut std::iter::once(target.key.environment.as_str())))
}

/// When the newest sample behind a query was taken: a rate outlives its samples, so its own time says nothing. `None` for
/// a query that reads nothing.
pub fn newest(query: &str) -> Option<String> {
    let expr = parser::parse(query).ok()?;
    let mut found = vec![];
    selectors(&expr, &mut found);
    let taken: Vec<String> = found.iter().map(|s| format!("max(timestamp({s}))")).collect();
    (!taken.is_empty()).then(|| format!("max({})", taken.join(" or ")))
}

fn selectors(expr: &Expr, out: &mut Vec<String>) {
    let mut note = |selector: &VectorSelector| {
        let bare = VectorSelector { offset: None, at: None, ..selector.clone() }.to_string();
        if !out.contains(&bare) {
            out.push(bare);
        }
    };
    match expr {
        Expr::VectorSelector(selector) => note(selector),
        Expr::MatrixSelector(selector) => note(&selector.vs),
        Expr::Call(call) => call.args.args.iter().for_each(|a| selectors(a, out)),
        Expr::Aggregate(aggregate) => selectors(&aggregate.expr, out),
        Expr::Unary(unary) => selectors(&unary.expr, out),
        Expr::Paren(paren) => selectors(&paren.expr, out),
        Expr::Subquery(sub) => selectors(&sub.expr, out),
        Expr::Binary(binary) => {
            selectors(&binary.lhs, out);
            selectors(&binary.rhs, out);
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

/// The queries of the configuration with their figures, in the order errors, p50, p95, p99, requests per second.
pub fn all(own: &OwnQueries) -> [Option<&str>; 5] {
    [&own.errors, &own.p50, &own.p95, &own.p99, &own.rps].map(Option::as_deref)
}

/// The value of one own query, if its samples are fresh.
pub async fn value(source: &Source, query: &str, scrape: jiff::SignedDuration) -> Measure {
    let down = |p: crate::domain::Problem| NoValue::Down { problem: p.what };
    let value = source.instant(query).await.map_err(down)?.one()?;
    if let Some(newest) = newest(query) {
        let newest = source.instant(&newest).await.map_err(down)?;
        newest.whole()?;
        super::figure::fresh(&newest.series.iter().collect::<Vec<_>>(), None, scrape)?;
    }
    Ok(value)
}

/// The same with the window of the figures.
pub fn for_figures(text: &str, target: &MetricTarget, dialect: Dialect, source: &SourceSettings) -> String {
    filled(text, target, dialect, source, WINDOW)
}
