//! The adapter to prometheus.
