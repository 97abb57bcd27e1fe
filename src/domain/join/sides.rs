//! Blue-green by the selector of a Service, without a controller.

use super::{
    Health, Joiner, ObjectKey,
    revision::{Rev, version},
    route::selects,
};
use crate::domain::{BlueGreen, Delivery, Deployment, Labels, Side, SideName, Sides, WorkloadRef};

impl<'a> Joiner<'a, '_> {
    /// Works out which side serves, before the workload is joined: it is that side's.
    pub(super) fn sides(&mut self, b: &BlueGreen) {
        let [blue, green] = [&b.blue, &b.green].map(|w| self.deployment_of(w));
        let labels = |d: Option<&'a Deployment>| d.map(|d| d.workload.template.labels.clone()).unwrap_or_default();
        let (of_blue, of_green) = (labels(blue), labels(green));
        let active = self.service(&b.service).and_then(|s| match [&of_blue, &of_green].map(|l| selects(&s.selector, l)) {
            [true, false] => Some(SideName::Blue),
            [false, true] => Some(SideName::Green),
            _ => None,
        });
        let (serving, idle) = if active == Some(SideName::Green) { (&of_green, &of_blue) } else { (&of_blue, &of_green) };
        let preview = b.preview.clone().or_else(|| {
            let others = self.services_of(idle).into_iter().filter(|s| s.meta.key.name != b.service);
            others.filter(|s| active.is_some() && !selects(&s.selector, serving)).map(|s| s.meta.key.name.clone()).next()
        });
        let endpoints = |side: SideName| match active {
            Some(active) if active == side => self.ready_of(&b.service),
            Some(_) => self.ready_of(preview.as_ref()?),
            None => None,
        };
        let side = |name: SideName, workload: &WorkloadRef, d: Option<&'a Deployment>| Side {
            workload: workload.clone(),
            version: d.map(|d| {
                let revs = self.replica_sets(&d.workload.meta.uid);
                let newest = revs.iter().find(|r| r.number.is_some() && r.number == d.revision);
                newest.map_or_else(|| version(&d.workload.template, &[]), Rev::version)
            }),
            pods: d.map(|d| d.workload.counts()).unwrap_or_default(),
            endpoints: endpoints(name),
        };
        let sides = Sides {
            service: b.service.clone(),
            active,
            blue: side(SideName::Blue, &b.blue, blue),
            green: side(SideName::Green, &b.green, green),
            preview,
        };
        if let Some((serving, _)) = sides.active_and_idle() {
            self.placement.workload = serving.workload.clone();
        }
        self.placement.sides = Some(sides);
    }

    /// What the switch adds, once the serving side is joined.
    pub(super) fn switched(&mut self, b: &BlueGreen) {
        self.placement.delivery = Some(Delivery::BlueGreen);
        if let Some(service) = self.service(&b.service) {
            self.owned("service", &service.meta);
        }
        if let Some((serving, _)) = self.placement.sides.as_ref().and_then(|s| s.active_and_idle()) {
            // A side that is scaled to nothing is well by itself, and users who are sent there get errors.
            if serving.endpoints == Some(0) && matches!(self.placement.health, Health::Pass | Health::Progressing(_)) {
                let why = format!("service {} leads to {}, which has no ready endpoint", b.service, serving.workload);
                self.placement.health = Health::Fail(vec![why.into()]);
            }
            return;
        }
        if self.placement.sides.is_none() {
            return;
        }
        // Which of the two serves is not known, and neither is what users get.
        self.placement.version = None;
        self.placement.wanted_version = None;
        let name = &b.service;
        self.placement.health = match self.service(name).map(|s| &s.selector) {
            _ if self.cluster.services.live().is_none() => Health::Unknown("services are not read yet".into()),
            None => Health::Fail(vec![format!("service {name} does not exist").into()]),
            Some(selector) if self.both(b, selector) => {
                Health::Unknown(format!("service {name} selects {} and {} alike", b.blue, b.green).into())
            }
            Some(_) => Health::Fail(vec![format!("service {name} selects neither {} nor {}", b.blue, b.green).into()]),
        };
    }

    fn both(&self, b: &BlueGreen, selector: &Labels) -> bool {
        [&b.blue, &b.green].iter().all(|w| self.deployment_of(w).is_some_and(|d| selects(selector, &d.workload.template.labels)))
    }

    fn deployment_of(&self, workload: &WorkloadRef) -> Option<&'a Deployment> {
        self.cluster.deployments.value()?.get(&ObjectKey::new(&self.placement.namespace, &workload.name).ok()?)
    }
}
