//! The screen front.
