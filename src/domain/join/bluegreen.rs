//! Blue-green rollouts and earlier revisions that still have pods, joined to a placement.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{Joiner, canary::Revisions, revision::Rev};
use crate::domain::{
    Analysis, AnalysisKind, BlueGreenSpec, BlueGreenStand, Rollout, RolloutStrategy, RunNote, SideStand, WarmRevision,
};

impl Joiner<'_, '_> {
    pub(super) fn blue_green(&self, r: &Rollout, spec: &BlueGreenSpec, sets: &Revisions<'_>) -> BlueGreenStand {
        // What a Service selects is what counts; the controller's word stands in where the Service cannot be read.
        let side = |service: &Arc<str>, said: Option<&Arc<str>>| {
            let live = self.service(service).map(|s| s.selector.get("rollouts-pod-template-hash").cloned());
            let hash = live.unwrap_or_else(|| said.cloned());
            let set = sets.by_hash(hash.as_ref());
            SideStand {
                service: service.clone(),
                version: set.map(Rev::version),
                available: set.map(|s| s.counts.available),
                endpoints: self.ready_of(service),
                hash,
            }
        };
        let active = side(&spec.active_service, r.active_hash.as_ref());
        let preview = spec.preview_service.as_ref().map(|s| side(s, r.preview_hash.as_ref()));
        let waits = r.pauses.first().filter(|(why, _)| why.as_str() == "BlueGreenPause").and_then(|(_, since)| *since);
        let seconds =
            spec.auto_promotion_seconds.filter(|_| spec.auto_promotion).map(|s| SignedDuration::from_secs(i64::from(s)));
        BlueGreenStand {
            auto_promotion: spec.auto_promotion,
            switches_at: waits.zip(seconds).and_then(|(since, wait)| since.checked_add(wait).ok()),
            switched: active.hash.is_some() && active.hash == r.current_hash,
            active,
            preview,
        }
    }

    /// Revisions that still have pods and are neither wanted nor stable; after a switch also the one before it.
    pub(super) fn warm(r: &Rollout, sets: &Revisions<'_>) -> Vec<WarmRevision> {
        let serving = |hash: Option<&Arc<str>>| {
            hash.is_some()
                && match r.strategy {
                    // The controller takes down what it has given a deadline, whatever the status calls it.
                    RolloutStrategy::BlueGreen(_) => hash == r.active_hash.as_ref(),
                    _ => hash == r.stable_hash.as_ref(),
                }
        };
        let wanted = |hash: Option<&Arc<str>>| hash == r.current_hash.as_ref() && !r.aborted;
        sets.all
            .iter()
            .filter(|s| s.counts.available > 0 && !serving(s.hash) && !wanted(s.hash))
            .map(|s| WarmRevision {
                hash: s.hash.cloned(),
                version: s.version(),
                available: s.counts.available,
                until: s.scale_down,
            })
            .collect()
    }

    /// The analyses of the wanted revision, newest first, then the one that stopped the revision before it; where runs
    /// cannot be read, what the Rollout itself tells of them.
    pub(super) fn analyses(&self, r: &Rollout) -> Vec<Analysis> {
        let Some(runs) = self.cluster.analysis_runs.value() else { return r.runs.iter().map(told).collect() };
        let mut mine: Vec<_> = runs.values().filter(|a| a.owner.as_ref() == Some(&r.workload.meta.uid)).collect();
        mine.sort_by(|a, b| (b.started, &b.meta.key).cmp(&(a.started, &a.meta.key)));
        let of_now = |hash: Option<&Arc<str>>| hash.is_some() && hash == r.current_hash.as_ref();
        let mut out: Vec<Analysis> = mine.iter().filter(|a| of_now(a.hash.as_ref())).map(|a| Analysis::of(a, true)).collect();
        // A run that the status names and the list has not brought yet.
        let missing = r.runs.iter().filter(|n| !mine.iter().any(|a| *a.meta.key.name == *n.name.as_str()));
        out.extend(missing.map(told));
        let newest = mine.iter().filter_map(|a| a.revision).max();
        let before = mine.iter().find(|a| !of_now(a.hash.as_ref()) && a.phase.bad() && a.revision == newest);
        out.extend(before.map(|a| Analysis::of(a, false)));
        out
    }
}

/// A run of which only the Rollout tells.
fn told(note: &RunNote) -> Analysis {
    Analysis {
        name: note.name.clone(),
        kind: note.kind,
        step: None,
        current: note.kind != AnalysisKind::Other,
        phase: note.phase.clone(),
        why: note.message.clone(),
        started: None,
        completed: None,
        metrics: vec![],
    }
}
