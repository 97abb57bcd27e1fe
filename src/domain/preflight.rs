//! What a pod template needs and promises: what is looked at before its pods are let in or brought back.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::SafeText;

/// The pod template of which something is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateOf {
    /// That of the object itself, as it is wanted now.
    Wanted,
    /// That of an earlier revision: the name and uid of its ReplicaSet.
    Revision {
        /// Its name.
        name: Arc<str>,
        /// Its uid.
        uid: Arc<str>,
    },
}

/// Where configuration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret. Its values are never read.
    Secret,
}

impl ConfigKind {
    /// Its name as kubectl takes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmap",
            Self::Secret => "secret",
        }
    }
}

/// A piece of configuration that a template asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Needed {
    /// Where it stands.
    pub kind: ConfigKind,
    /// The name of the object.
    pub name: Arc<str>,
    /// The key in it, where one is named.
    pub key: Option<SafeText>,
}

impl std::fmt::Display for Needed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.name)?;
        self.key.iter().try_for_each(|key| write!(f, " key {key}"))
    }
}

/// Whether something is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "why")]
pub enum There {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That cannot be told.
    Unknown(SafeText),
}

/// What a version promises about going back to or from it (`gonogo.dev/rollback`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackMark {
    /// Going back over it is safe.
    Safe,
    /// Going back over it breaks something.
    Unsafe,
    /// Nobody knows.
    Unknown,
}

/// What a pod template promises of formats that it shares with others, in its annotations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Promises {
    /// `gonogo.dev/requires.CONTRACT`: the values of the contract with which it works: `>=40,<=42`.
    pub requires: BTreeMap<SafeText, SafeText>,
    /// `gonogo.dev/provides.CONTRACT`: the value that it brings.
    pub provides: BTreeMap<SafeText, SafeText>,
    /// `gonogo.dev/rollback`.
    pub rollback: Option<RollbackMark>,
    /// `gonogo.dev/rollback-note`: what breaks.
    pub note: Option<SafeText>,
}

/// Where a shared format stands, by the newest migration Job that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContractStand {
    /// Its value.
    pub value: SafeText,
    /// The Job.
    pub by: Arc<str>,
    /// `expand`, `contract`, `data`, `irreversible`, or whatever it says.
    pub kind: Option<SafeText>,
    /// What it did, for people.
    pub note: Option<SafeText>,
}

/// What was found of a template's needs and promises.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TemplateFacts {
    /// The configuration that it asks for and cannot start without, and whether that is there.
    pub needs: Vec<(Needed, There)>,
    /// ExternalSecrets behind the Secrets that it asks for, by name, and whether they are in sync.
    pub external: Vec<(Arc<str>, There)>,
    /// What it promises.
    pub promises: Promises,
    /// Where the contracts stand. Empty where no migration ran.
    pub contracts: BTreeMap<SafeText, ContractStand>,
    /// Why the contracts cannot be told.
    pub contracts_unknown: Option<SafeText>,
    /// How many seconds pods of the workload took from their making to readiness: the one in the middle.
    pub starts: Option<u32>,
}

/// Whether a value lies in a range of the form `>=40,<=42`, `42` or `*`; `None` where one of the two cannot be read.
///
/// Values are compared number by number: `4.10` is after `4.9`.
pub fn in_range(value: &str, range: &str) -> Option<bool> {
    let numbers = |text: &str| -> Option<Vec<u64>> { text.trim().split('.').map(|part| part.parse().ok()).collect() };
    let value = numbers(value)?;
    let mut all = true;
    for part in range.split(',').map(str::trim) {
        if part == "*" {
            continue;
        }
        let split = part.find(|c: char| c.is_ascii_digit())?;
        let (sign, bound) = part.split_at(split);
        let bound = numbers(bound)?;
        all &= match sign.trim() {
            ">=" => value >= bound,
            "<=" => value <= bound,
            ">" => value > bound,
            "<" => value < bound,
            "" | "=" => value == bound,
            _ => return None,
        };
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_compared_number_by_number() {
        for (value, range, want) in [
            ("42", ">=40,<=42", Some(true)),
            ("43", ">=40,<=42", Some(false)),
            ("4.10", ">4.9", Some(true)),
            ("4.9", "<4.10", Some(true)),
            ("41", "41", Some(true)),
            ("41", "=42", Some(false)),
            ("7", "*", Some(true)),
            ("42", "<=41", Some(false)),
            ("v42", ">=40", None),
            ("42", "~>40", None),
            ("42", "", None),
            ("42", ">=", None),
        ] {
            assert_eq!(in_range(value, range), want, "{value} in {range}");
        }
    }
}
