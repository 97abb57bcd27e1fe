//! The adapter to kube.
