//! Decides and acts: the store that alone writes the snapshot, the verdict, the plan, and the clock.

pub mod clock;
