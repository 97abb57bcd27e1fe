//! Who is scraped: every pod of the company, with the stretches of time in which it took a share of its arm's traffic.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::curves::{Flow, SCRAPE};
use crate::sim::world::crew::Crew;
use crate::sim::world::traffic::{Arm, EPOCH};
use crate::sim::world::workload::{Pod, START, Set};
use crate::sim::world::{Cluster, Delivery, NAMESPACE, SERVICES, Service, World, release};

/// A stretch of time (milliseconds, the end excluded) in which a pod has a share of its arm's traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// From.
    pub from: i64,
    /// Until.
    pub to: i64,
    /// Its share, 0 to 1.
    pub share: f64,
    /// The arm that it serves within it; none while it is idle.
    pub arm: Option<Arm>,
    /// Whether its arm is the stable one by then, whatever it began as: a canary that was promoted.
    pub promoted: bool,
}

/// One scraped pod.
#[derive(Clone, Debug)]
pub struct Target {
    /// The service that it belongs to.
    pub service: &'static Service,
    /// Its cluster.
    pub cluster: Cluster,
    /// The workload above it.
    pub owner: String,
    /// The version that it runs.
    pub version: String,
    /// Its labels: `cluster`, `environment`, `instance`, `job`, `namespace`, `pod`, `service`.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// When it was there, in order of time.
    pub spans: Vec<Span>,
}

impl Target {
    /// Its arm within a span, as a flow.
    pub fn flow(&self, span: &Span) -> Option<Flow> {
        Some(Flow { service: self.service, cluster: self.cluster, arm: span.arm? })
    }

    /// Whether it has ever served; one that has not only says that it is up.
    pub fn serves(&self) -> bool {
        self.spans.iter().any(|span| span.arm.is_some())
    }

    /// Whether the service's traffic goes through Istio.
    pub fn meshed(&self) -> bool {
        matches!(self.service.delivery, Delivery::RolloutCanary | Delivery::VirtualService | Delivery::Flagger)
    }

    /// The Kubernetes Service that its requests were sent to within a span.
    pub fn destination(&self, span: &Span) -> String {
        match (self.service.delivery, span.arm) {
            (Delivery::RolloutBlueGreen, _) => self.service.name.to_owned(),
            (Delivery::Flagger, _) => format!("{}-primary", self.service.name),
            (_, Some(Arm::Canary)) if !span.promoted => format!("{}-canary", self.service.name),
            (Delivery::RolloutCanary, _) => format!("{}-stable", self.service.name),
            _ => self.service.name.to_owned(),
        }
    }

    /// Every Service that its requests were ever sent to, in order of time.
    pub fn destinations(&self) -> Vec<String> {
        let mut all: Vec<String> = self.spans.iter().map(|span| self.destination(span)).collect();
        all.dedup();
        all
    }
}

/// Who was scraped by now, remembered until the next scrape: a hundred pods with their names are a tenth of a second of
/// work in a debug build.
#[derive(Debug, Default)]
pub struct Scraped(Mutex<Option<Known>>);

/// The world, the scrape and who was scraped until then.
type Known = (World, i64, Arc<Vec<Target>>);

impl Scraped {
    /// Every pod that there was until `end`.
    pub fn until(&self, world: &World, end: Timestamp) -> Arc<Vec<Target>> {
        let scrape = end.as_millisecond().div_euclid(SCRAPE);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, at, targets)) = known.as_ref()
            && *at == scrape
            && of == world
        {
            return Arc::clone(targets);
        }
        let targets = Arc::new(targets(world, end));
        *known = Some((world.clone(), scrape, Arc::clone(&targets)));
        targets
    }
}

/// Every pod that there was until `end`.
pub fn targets(world: &World, end: Timestamp) -> Vec<Target> {
    let placements = SERVICES.iter().flat_map(|service| Cluster::ALL.map(|cluster| (service, cluster)));
    placements.flat_map(|(service, cluster)| placement(world, service, cluster, end)).collect()
}

fn placement(world: &World, service: &'static Service, cluster: Cluster, end: Timestamp) -> Vec<Target> {
    let now = world.minutes(end);
    let arrived = world.arrived(service, cluster.environment()) + START;
    // Between two of these minutes nothing changes about the pods.
    let mut cuts = vec![EPOCH, arrived, release::STARTED, release::STARTED + START];
    cuts.extend(world.weights(service.name, cluster).iter().map(|(minute, _)| *minute));
    cuts.extend(world.stirred(service.name, cluster));
    cuts.retain(|cut| (EPOCH..=now).contains(cut));
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let mut order: Vec<Target> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (index, from) in cuts.iter().enumerate() {
        let to = cuts.get(index + 1);
        let span = |arm: Option<Arm>, share: f64| Span {
            from: world.instant(*from).as_millisecond(),
            to: to.map_or(i64::MAX, |to| world.instant(*to).as_millisecond()),
            share,
            arm,
            promoted: world.position(service.name, cluster, *from).is_some_and(|p| p.phase == release::Phase::Promoted),
        };
        let pods = pods(world, service, cluster, *from, *from < arrived);
        for pod in &pods {
            // What has long been there counts as ready, whatever the second.
            let serves = |pod: &Pod| pod.ready || pod.created < 0.0;
            let fellows = pods.iter().filter(|other| other.arm == pod.arm && serves(other)).count();
            let share = if serves(pod) { 1.0 / fellows as f64 } else { 0.0 };
            let place = *places.entry(pod.name.clone()).or_insert_with(|| {
                order.push(target(service, cluster, pod));
                order.len() - 1
            });
            if let Some(target) = order.get_mut(place) {
                target.spans.push(span(pod.arm, share));
            }
        }
    }
    order
}

/// The pods that are there from a minute on; before a version has arrived its predecessor serves.
fn pods(world: &World, service: &'static Service, cluster: Cluster, minute: f64, before: bool) -> Vec<Pod> {
    let mut sets: Vec<Set> = world.sets(service, cluster, minute);
    if before {
        let replicas = service.replicas(cluster);
        sets.retain(|set| set.replicas() == 0);
        sets.truncate(1);
        for set in &mut sets {
            (set.crew, set.arm) = (Crew::since(replicas, set.created), Some(Arm::Stable));
        }
    }
    // A canary is not scraped before it is ready.
    sets.retain(|set| set.arm != Some(Arm::Canary) || set.created + START <= minute);
    sets.iter().flat_map(|set| set.crew.pods().iter().map(|birth| world.pod(cluster, set, *birth, minute))).collect()
}

fn target(service: &'static Service, cluster: Cluster, pod: &Pod) -> Target {
    let labels = [
        ("cluster", cluster.name().to_owned()),
        ("environment", cluster.environment().name().to_owned()),
        ("instance", format!("{}:8080", pod.ip)),
        ("job", format!("{NAMESPACE}/{}", service.name)),
        ("namespace", NAMESPACE.to_owned()),
        ("pod", pod.name.clone()),
        ("service", service.name.to_owned()),
    ];
    Target {
        service,
        cluster,
        owner: pod.owner.clone(),
        version: pod.version.clone(),
        labels: labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        spans: Vec::new(),
    }
}
