//! Istio's DestinationRules.

use std::sync::Arc;

use serde::Serialize;

use super::super::{Labels, Meta};

/// A subset of a host's pods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subset {
    /// Its name.
    pub name: Arc<str>,
    /// The labels that its pods carry beside those of the Service's selector.
    pub labels: Labels,
}

/// An Istio DestinationRule, as far as it makes subsets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DestinationRule {
    /// What every object carries.
    pub meta: Meta,
    /// The Service that it speaks of (the first label of its host).
    pub service: Arc<str>,
    /// The Service's namespace, where it is another than the rule's.
    pub namespace: Option<Arc<str>>,
    /// The subsets.
    pub subsets: Vec<Subset>,
}
