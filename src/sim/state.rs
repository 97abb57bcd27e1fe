//! The running world: the model, the clock it is given, and what was changed so far.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use super::world::{WeightChange, World};

/// Where simulated time comes from; the world never reads the wall clock.
pub type SimClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything that requests share.
pub struct State {
    world: RwLock<Arc<World>>,
    clock: SimClock,
}

impl State {
    /// A world that nobody has asked yet.
    pub fn new(world: World, clock: SimClock) -> Self {
        Self { world: RwLock::new(Arc::new(world)), clock }
    }

    /// The model as it stands, changes included.
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Simulated now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Notes that a canary's weight was changed, so that traffic follows.
    pub fn note_weight(&self, change: WeightChange) {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut world).note_weight(change);
    }
}
