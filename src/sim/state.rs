//! The running world: the model, the clock it is given, and what was changed so far.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    fault::Faults,
    github::GitHub,
    kube::{audit::Audit, store::Store},
    prometheus::Prometheus,
    weather::Weather,
    world::{Cluster, Note, Scenario, World},
};

/// Where simulated time comes from; the world never reads the wall clock.
pub type SimClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything that requests share.
pub struct State {
    world: RwLock<Arc<World>>,
    clock: SimClock,
    /// Made when first asked for: half a second of work in a debug build, and a pure function of the world.
    clusters: [OnceLock<Mutex<Store>>; Cluster::ALL.len()],
    faults: Faults,
    weather: Option<Weather>,
    prometheus: Prometheus,
    github: GitHub,
    audit: Audit,
    door: watch::Sender<u64>,
}

impl State {
    /// A world that nobody has asked yet.
    pub fn new(world: World, clock: SimClock) -> Self {
        let flaky = world.params().scenario == Scenario::FlakyNetwork;
        Self {
            weather: flaky.then(|| Weather::new(world.seed())),
            world: RwLock::new(Arc::new(world)),
            clock,
            clusters: [const { OnceLock::new() }; Cluster::ALL.len()],
            faults: Faults::default(),
            prometheus: Prometheus::default(),
            github: GitHub::default(),
            audit: Audit::default(),
            door: watch::Sender::new(0),
        }
    }

    /// The model as it stands, changes included.
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Simulated now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The network, where it is a bad one.
    pub fn weather(&self) -> Option<&Weather> {
        self.weather.as_ref()
    }

    /// The company's Prometheus.
    pub fn prometheus(&self) -> &Prometheus {
        &self.prometheus
    }

    /// The company's GitHub.
    pub fn github(&self) -> &GitHub {
        &self.github
    }

    /// A cluster's objects, brought to now.
    pub fn cluster(&self, cluster: Cluster) -> MutexGuard<'_, Store> {
        let world = self.world();
        let store = self.clusters[cluster as usize].get_or_init(|| Mutex::new(Store::new(&world, cluster)));
        let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
        self.bring(&mut store, world.minutes(self.now()));
        store
    }

    /// Brings a cluster's objects to a minute; what controllers do on the way is noted.
    pub fn bring(&self, store: &mut Store, minute: f64) {
        while let Some(notes) = store.tick(&self.world(), minute) {
            self.note(notes);
        }
    }

    /// The writes to the clusters.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Counts what passes at the door: each request that has come, and each that is answered.
    pub fn door(&self) -> &watch::Sender<u64> {
        &self.door
    }

    /// Notes what writes have led to, so that objects, traffic and metrics follow.
    pub fn note(&self, notes: Vec<Note>) {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let world = Arc::make_mut(&mut world);
        for next in notes {
            world.note(next);
        }
    }
}
