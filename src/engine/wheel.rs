//! Who drives a release in an environment: a word to others before they act, and never a guard.
//!
//! It is read when a plan is made, and again after consent: whoever took the wheel in between is named, and asked about
//! by a new plan. Going back asks nobody. Who acts takes the wheel, for as long as the cockpit stays armed; that this
//! cannot be written stops nothing.

use super::{
    Engine,
    plan::{Driving, Plan, Wheel},
};
use crate::domain::{ClusterName, Driver, Exit, Identity, ObjectKey, Refusal, SafeText};
use futures::future::join_all;

/// How somebody who drives is called: the user that the server knows, and the host.
pub(super) fn holder(identity: &Identity) -> SafeText {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    SafeText::capped(&format!("{} on {host}", identity.user), 120)
}

/// Somebody else who drives.
pub(super) fn other<'a>(driver: Option<&'a Driver>, identity: Option<&Identity>) -> Option<&'a Driver> {
    driver.filter(|d| d.drives() && identity.map(holder).is_none_or(|us| us != d.holder))
}

/// Every wheel of a plan, with the cluster where it is.
fn wheels(plan: &Plan) -> impl Iterator<Item = (&Driving, &Wheel)> {
    plan.driving().iter().flat_map(|d| d.wheels.iter().map(move |wheel| (d, wheel)))
}

impl Engine {
    /// Whether nobody else took the wheel since a plan was made.
    ///
    /// # Errors
    /// Refused with 5 where somebody did.
    pub(super) async fn wheel_is_as_seen(&self, plan: &Plan) -> Result<(), Refusal> {
        if plan.back() {
            return Ok(());
        }
        let now = wheels(plan).map(async |(d, wheel)| Some((d, wheel, self.driver_of(&d.cluster, &wheel.lease).await?)));
        for (d, wheel, driver) in join_all(now).await.into_iter().flatten() {
            let seen = wheel.driver.as_ref().map(|d| &d.holder);
            if let Some(taken) = other(Some(&driver), d.identity.as_ref())
                && seen != Some(&taken.holder)
            {
                return Err(Refusal::new(format!("{taken} on {}, since this plan was made", d.cluster))
                    .hint("talk to each other; a new plan shows who drives")
                    .exit(Exit::Changed));
            }
        }
        Ok(())
    }

    /// Says that we drive.
    pub(super) async fn take_wheel(&self, plan: &Plan) {
        join_all(wheels(plan).map(async |(d, Wheel { lease, .. })| {
            let identity = d.identity.as_ref()?;
            let role = self.workloads(&d.cluster)?;
            // Over what stands there now: a refusal means that another one was faster, and that is said there.
            let seen = self.driver_of(&d.cluster, lease).await;
            let audit = format!("{}.w", plan.id());
            role.drive(lease, &holder(identity), seen.as_ref(), &audit).await.ok()
        }))
        .await;
    }

    async fn driver_of(&self, cluster: &ClusterName, lease: &ObjectKey) -> Option<Driver> {
        self.workloads(cluster)?.driver(lease).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::DRIVES;

    #[test]
    fn who_drives_is_somebody_else_while_his_time_lasts() {
        let us = Identity { server: "s".into(), uid: None, user: "alice".into() };
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let driver = |who: SafeText, read| Driver {
            holder: who,
            since: at(0),
            renewed: at(0),
            lasts: DRIVES,
            read: at(read),
            version: "1".into(),
        };
        let bob = driver("bob on host7".into(), 3);
        assert_eq!(other(Some(&bob), Some(&us)), Some(&bob));
        assert_eq!(other(Some(&driver(holder(&us), 3)), Some(&us)), None, "it is us");
        assert_eq!(other(Some(&driver("bob on host7".into(), 20)), Some(&us)), None, "his time is over");
        assert_eq!(other(Some(&bob), None), Some(&bob), "who we are is not known");
        assert_eq!(other(None, Some(&us)), None);
    }
}
