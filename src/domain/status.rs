//! How far a rollout is: the table that `kubectl rollout status` decides by, first match wins, and before it what
//! kubectl does not see: quota and admission failures.
//!
//! Source: kubernetes/kubectl `pkg/polymorphichelpers/rollout_status.go`.

use super::{Condition, Deployment, SafeText};

/// How far a rollout is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolloutStatus {
    /// It will not get further by itself.
    Failed(SafeText),
    /// Under way.
    Waiting(SafeText),
    /// All pods are of the wanted revision and available.
    Done,
}

/// The status of a Deployment.
pub fn deployment_status(d: &Deployment) -> RolloutStatus {
    use RolloutStatus::{Done, Failed, Waiting};
    if d.observed_generation < d.meta.generation {
        return Waiting("the newest wanted state is not observed yet".into());
    }
    if let Some(c) = find(&d.conditions, "ReplicaFailure").filter(|c| c.status == Some(true)) {
        return Failed(format!("pods cannot be made: {}", c.message).into());
    }
    if find(&d.conditions, "Progressing").is_some_and(|c| c.reason.as_str() == "ProgressDeadlineExceeded") {
        return Failed("the progress deadline is exceeded".into());
    }
    if d.updated < d.wanted {
        return Waiting(format!("{} of {} pods updated", d.updated, d.wanted).into());
    }
    if d.replicas > d.updated {
        return Waiting(format!("{} old pods have yet to end", d.replicas - d.updated).into());
    }
    if d.available < d.updated {
        return Waiting(format!("{} of {} updated pods available", d.available, d.updated).into());
    }
    Done
}

pub(super) fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.kind.as_str() == kind)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::{Meta, ObjectKey, Template, UpdateStrategy};

    /// A Deployment of three pods whose rollout is done.
    pub fn deployment() -> Deployment {
        Deployment {
            meta: Meta {
                key: ObjectKey::new("shop", "cart").unwrap(),
                uid: "u".into(),
                resource_version: "1".into(),
                generation: 2,
                created: None,
                ops: vec![],
                marks: vec![],
                writers: vec![],
            },
            wanted: 3,
            paused: false,
            strategy: UpdateStrategy::Recreate,
            observed_generation: 2,
            replicas: 3,
            updated: 3,
            ready: 3,
            available: 3,
            conditions: vec![],
            template: Template::default(),
            selector: [("app".into(), "cart".into())].into(),
            revision: Some(1),
        }
    }

    fn condition(kind: &str, status: bool, reason: &str) -> Condition {
        Condition { kind: kind.into(), status: Some(status), reason: reason.into(), message: "quota".into() }
    }

    #[test]
    fn the_first_match_of_the_table_wins() {
        let done = deployment();
        let late = condition("Progressing", false, "ProgressDeadlineExceeded");
        let quota = condition("ReplicaFailure", true, "FailedCreate");
        for (d, want) in [
            (done.clone(), "done"),
            (
                Deployment { observed_generation: 1, updated: 0, ..done.clone() },
                "waiting: the newest wanted state is not observed yet",
            ),
            (
                Deployment { conditions: vec![late.clone()], updated: 1, ..done.clone() },
                "failed: the progress deadline is exceeded",
            ),
            (Deployment { conditions: vec![quota, late], ..done.clone() }, "failed: pods cannot be made: quota"),
            (Deployment { updated: 1, replicas: 4, ..done.clone() }, "waiting: 1 of 3 pods updated"),
            (Deployment { replicas: 5, ..done.clone() }, "waiting: 2 old pods have yet to end"),
            (Deployment { available: 2, ..done.clone() }, "waiting: 2 of 3 updated pods available"),
            (Deployment { wanted: 0, replicas: 0, updated: 0, available: 0, ..done }, "done"),
        ] {
            let got = match deployment_status(&d) {
                RolloutStatus::Done => "done".to_owned(),
                RolloutStatus::Waiting(why) => format!("waiting: {why}"),
                RolloutStatus::Failed(why) => format!("failed: {why}"),
            };
            assert_eq!(got, want);
        }
    }
}
