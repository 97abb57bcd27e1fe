//! The embedded world: one seeded simulation that answers as GitHub, Kubernetes and Prometheus over loopback HTTP.
