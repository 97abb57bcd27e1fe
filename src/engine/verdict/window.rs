//! WINDOW: may releases go there at this time?

use super::Scope;
use crate::domain::{Evidence, Reason, Snapshot, Station, StationKind};

pub fn station(s: &Snapshot, scope: &Scope) -> Station {
    let timing = &scope.environment.timing;
    if !timing.any() {
        return Station::not_configured(StationKind::Window, "no window is configured: window = \"Mon-Thu 09:00-16:00 UTC\"");
    }
    let (verdict, text) = timing.at(s.at);
    let evidence = timing.window.iter().map(|w| Evidence::new("configuration", w.to_string())).collect();
    Station::of(StationKind::Window, vec![Reason { verdict, service: None, text, evidence }])
}
