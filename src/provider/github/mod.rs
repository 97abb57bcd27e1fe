//! The adapter to github.
