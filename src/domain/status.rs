//! How far a rollout is: the tables that `kubectl rollout status` decides by, first match wins, and what kubectl does not
//! see: quota and admission failures, and pods that are replaced only when somebody deletes them.
//!
//! Source: kubernetes/kubectl `pkg/polymorphichelpers/rollout_status.go`.

use super::{Condition, DaemonSet, Deployment, SafeText, StatefulSet, UpdateStrategy, Workload};

/// How far a rollout is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolloutStatus {
    /// It will not get further by itself.
    Failed(SafeText),
    /// Under way.
    Waiting(SafeText),
    /// All pods that should be are of the wanted revision and available.
    Done,
}

use RolloutStatus::{Done, Failed, Waiting};

/// The status of a Deployment.
pub fn deployment_status(d: &Deployment) -> RolloutStatus {
    let w = &d.workload;
    if let Some(unseen) = unseen(w) {
        return unseen;
    }
    if let Some(c) = find(&w.conditions, "ReplicaFailure").filter(|c| c.status == Some(true)) {
        return Failed(format!("pods cannot be made: {}", c.message).into());
    }
    if find(&w.conditions, "Progressing").is_some_and(|c| c.reason.as_str() == "ProgressDeadlineExceeded") {
        return Failed("the progress deadline is exceeded".into());
    }
    if w.updated < w.wanted {
        return Waiting(format!("{} of {} pods updated", w.updated, w.wanted).into());
    }
    if w.replicas > w.updated {
        return Waiting(format!("{} old pods have yet to end", w.replicas - w.updated).into());
    }
    if w.available < w.updated {
        return Waiting(format!("{} of {} updated pods available", w.available, w.updated).into());
    }
    Done
}

/// The status of a StatefulSet. Done with a partition means that the pods above it are updated.
///
/// `status.currentRevision` is not asked: with `OnDelete` the controller never moves it, and otherwise the counts say
/// the same.
pub fn stateful_set_status(s: &StatefulSet) -> RolloutStatus {
    let w = &s.workload;
    if let Some(unseen) = unseen(w) {
        return unseen;
    }
    if w.ready < w.wanted {
        return Waiting(format!("{} of {} pods ready", w.ready, w.wanted).into());
    }
    let due =
        if let UpdateStrategy::Ordered { partition, .. } = s.strategy { w.wanted.saturating_sub(partition) } else { w.wanted };
    if w.updated < due {
        return old_pods(&s.strategy, w.updated, due);
    }
    if w.available < w.wanted {
        return Waiting(format!("{} of {} pods available", w.available, w.wanted).into());
    }
    Done
}

/// The status of a DaemonSet.
pub fn daemon_set_status(d: &DaemonSet) -> RolloutStatus {
    let w = &d.workload;
    if let Some(unseen) = unseen(w) {
        return unseen;
    }
    if w.updated < w.wanted {
        return old_pods(&d.strategy, w.updated, w.wanted);
    }
    if w.available < w.wanted {
        return Waiting(format!("{} of {} updated pods available", w.available, w.wanted).into());
    }
    Done
}

fn unseen(w: &Workload) -> Option<RolloutStatus> {
    (!w.observed()).then(|| Waiting("the newest wanted state is not observed yet".into()))
}

fn old_pods(strategy: &UpdateStrategy, updated: u32, due: u32) -> RolloutStatus {
    let progress = format!("{updated} of {due} pods updated");
    Waiting(match strategy {
        UpdateStrategy::OnDelete => format!("{progress}; the others wait until somebody deletes them").into(),
        _ => progress.into(),
    })
}

pub(super) fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.kind.as_str() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rows;

    fn said(status: RolloutStatus) -> String {
        match status {
            Done => "done".to_owned(),
            Waiting(why) => format!("waiting: {why}"),
            Failed(why) => format!("failed: {why}"),
        }
    }

    fn condition(kind: &str, status: bool, reason: &str) -> Condition {
        Condition { kind: kind.into(), status: Some(status), reason: reason.into(), message: "quota".into() }
    }

    #[test]
    fn the_first_match_of_the_table_wins() {
        let done = rows::workload("cart", "1.0");
        let late = condition("Progressing", false, "ProgressDeadlineExceeded");
        let quota = condition("ReplicaFailure", true, "FailedCreate");
        let unseen = "waiting: the newest wanted state is not observed yet";
        for (workload, want) in [
            (done.clone(), "done"),
            (Workload { observed_generation: Some(1), updated: 0, ..done.clone() }, unseen),
            (Workload { observed_generation: None, ..done.clone() }, unseen),
            (
                Workload { conditions: vec![late.clone()], updated: 1, ..done.clone() },
                "failed: the progress deadline is exceeded",
            ),
            (Workload { conditions: vec![quota, late], ..done.clone() }, "failed: pods cannot be made: quota"),
            (Workload { updated: 1, replicas: 4, ..done.clone() }, "waiting: 1 of 3 pods updated"),
            (Workload { replicas: 5, ..done.clone() }, "waiting: 2 old pods have yet to end"),
            (Workload { available: 2, ..done.clone() }, "waiting: 2 of 3 updated pods available"),
            (Workload { wanted: 0, replicas: 0, updated: 0, available: 0, ..done }, "done"),
        ] {
            assert_eq!(said(deployment_status(&Deployment { workload, ..rows::deployment() })), want);
        }
    }

    #[test]
    fn a_stateful_set_counts_ready_pods_first_and_keeps_to_its_partition() {
        let done = rows::workload("db", "1.0");
        let at = |partition| UpdateStrategy::Ordered { partition, unavailable: "1".into() };
        for (workload, strategy, want) in [
            (done.clone(), at(0), "done"),
            (
                Workload { observed_generation: Some(1), ..done.clone() },
                at(0),
                "waiting: the newest wanted state is not observed yet",
            ),
            (Workload { ready: 2, updated: 1, ..done.clone() }, at(0), "waiting: 2 of 3 pods ready"),
            (Workload { updated: 1, ..done.clone() }, at(0), "waiting: 1 of 3 pods updated"),
            (Workload { updated: 1, ..done.clone() }, at(1), "waiting: 1 of 2 pods updated"),
            (Workload { updated: 1, ..done.clone() }, at(2), "done"),
            (Workload { updated: 0, ..done.clone() }, at(9), "done"),
            (Workload { available: 2, ..done.clone() }, at(0), "waiting: 2 of 3 pods available"),
            (
                Workload { updated: 1, ..done.clone() },
                UpdateStrategy::OnDelete,
                "waiting: 1 of 3 pods updated; the others wait until somebody deletes them",
            ),
            (done.clone(), UpdateStrategy::OnDelete, "done"),
            (Workload { wanted: 0, replicas: 0, updated: 0, ready: 0, available: 0, ..done }, at(0), "done"),
        ] {
            assert_eq!(said(stateful_set_status(&StatefulSet { workload, strategy, ..rows::stateful_set() })), want);
        }
    }

    #[test]
    fn a_daemon_set_counts_updated_nodes_first() {
        let done = rows::workload("agent", "1.0");
        let rolling = rows::daemon_set().strategy;
        for (workload, strategy, want) in [
            (done.clone(), rolling.clone(), "done"),
            (
                Workload { observed_generation: Some(1), ..done.clone() },
                rolling.clone(),
                "waiting: the newest wanted state is not observed yet",
            ),
            (Workload { updated: 1, available: 2, ..done.clone() }, rolling.clone(), "waiting: 1 of 3 pods updated"),
            (Workload { available: 2, ..done.clone() }, rolling.clone(), "waiting: 2 of 3 updated pods available"),
            (Workload { wanted: 0, replicas: 0, updated: 0, available: 0, ..done.clone() }, rolling, "done"),
            (
                Workload { updated: 2, ..done },
                UpdateStrategy::OnDelete,
                "waiting: 2 of 3 pods updated; the others wait until somebody deletes them",
            ),
        ] {
            assert_eq!(said(daemon_set_status(&DaemonSet { workload, strategy })), want);
        }
    }
}
