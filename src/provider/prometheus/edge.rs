//! What is in front of the pods: it also answers the requests that never reached one.

use super::{
    answer::Answer,
    preset::{Edge, EdgeBy, is_5xx},
    query::{WINDOW, WINDOW_SECONDS},
    text::{any_of, joined, one_of, quoted},
};
use crate::domain::{EdgeMetrics, MetricTarget, NoValue, SafeText};

/// How much more than the services' share an edge must see fail to be worth a sentence: half a percent of all requests.
const WORTH: f64 = 0.005;

/// The query of an edge for targets of one place.
pub fn query(edge: &Edge, targets: &[&MetricTarget], labels: &str) -> Option<String> {
    let first = targets.first()?;
    let namespaces: Vec<&str> = first.namespaces.iter().map(|n| &**n).collect();
    let (by, own) = match edge.by {
        EdgeBy::Router(label) => {
            let routes: Vec<&str> = targets.iter().flat_map(|t| t.routes.iter().map(|r| &**r)).collect();
            if routes.is_empty() {
                return None;
            }
            let names = format!("((http|grpc)route-)?{}-{}-.+@.+", any_of(&namespaces), any_of(&routes));
            (Some(label), format!("{label}=~{}", quoted(&names)))
        }
        EdgeBy::Service { namespace, label } => {
            let services: Vec<&str> = targets.iter().flat_map(|t| super::batch::services(t)).collect();
            (Some(label), format!("{namespace}{},{label}{}", one_of(&namespaces), one_of(&services)))
        }
        EdgeBy::Everything => (None, String::new()),
    };
    let selector = joined([edge.fixed, &*own, labels]);
    let by = joined([by.unwrap_or_default(), edge.code]);
    Some(format!("sum by ({by}) (increase({}{{{selector}}}[{WINDOW}]))", edge.counter))
}

/// What an edge says of one target; `None` where it says nothing.
pub fn of(edge: &Edge, answer: &Answer, target: &MetricTarget) -> Option<EdgeMetrics> {
    let says: SafeText = edge.says.into();
    if let Err(why) = answer.whole() {
        return Some(EdgeMetrics { says, errors: Err(why.clone()), rps: Err(why) });
    }
    let mine = |value: &str| match edge.by {
        EdgeBy::Everything => true,
        EdgeBy::Service { .. } => super::batch::services(target).contains(&value),
        EdgeBy::Router(_) => is_router(target, value),
    };
    let label = match edge.by {
        EdgeBy::Everything => None,
        EdgeBy::Service { label, .. } | EdgeBy::Router(label) => Some(label),
    };
    let (mut all, mut bad, mut any) = (0.0, 0.0, false);
    for row in answer.series.iter().filter(|s| label.is_none_or(|l| s.label(l).is_some_and(mine))) {
        let Ok(value) = row.number() else {
            return Some(EdgeMetrics { says, errors: Err(NoValue::NotFinite), rps: Err(NoValue::NotFinite) });
        };
        any = true;
        all += value;
        if row.label(edge.code).is_some_and(is_5xx) {
            bad += value;
        }
    }
    let errors = if all > 0.0 { Ok(bad / all) } else { Err(NoValue::Empty) };
    any.then(|| EdgeMetrics { says, errors, rps: Ok(all / WINDOW_SECONDS) })
}

/// Whether a router is that of one of the target's routes: `httproute-NS-ROUTE-gw-…@…`, or `NS-ROUTE-HASH@…` with the
/// custom resources, where nothing but the hash may follow the name.
fn is_router(target: &MetricTarget, name: &str) -> bool {
    let name = name.split('@').next().unwrap_or(name);
    let gateway = ["httproute-", "grpcroute-"].iter().find_map(|prefix| name.strip_prefix(prefix));
    let inside = gateway.unwrap_or(name);
    let names = target.namespaces.iter().flat_map(|ns| target.routes.iter().map(move |r| format!("{ns}-{r}-")));
    names.into_iter().any(|prefix| {
        inside.strip_prefix(&*prefix).is_some_and(|rest| {
            if gateway.is_some() {
                rest.starts_with("gw-")
            } else {
                !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit())
            }
        })
    })
}

/// The sentence that has to be said where an edge sees more fail than the services do.
pub fn sentence(edge: &EdgeMetrics, services: &crate::domain::Measure) -> Option<SafeText> {
    let seen = *edge.errors.as_ref().ok()?;
    let percent = |v: f64| format!("{:.1} %", v * 100.0);
    match services {
        Ok(own) if seen - own <= WORTH => None,
        Ok(own) => Some(format!("{} say {} 5xx, services say {}", edge.says, percent(seen), percent(*own)).into()),
        Err(_) if seen <= WORTH => None,
        Err(_) => Some(format!("{} say {} 5xx, services say nothing", edge.says, percent(seen)).into()),
    }
}
