//! The machine by itself, and against a model of the world.

mod evidence;
mod model;
