//! Validated ids. An id from outside is rejected when it is wrong, never cleaned: cleaning would change
//! which object a write hits.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    /// What the text was meant to be: "service", "repository", …
    pub what: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a {}: {}", self.what, self.rule)
    }
}

impl std::error::Error for IdError {}

/// The rule of a DNS subdomain (RFC 1123), which Kubernetes asks of most object names.
fn is_name(s: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    s.len() <= 253
        && edge(s.chars().next())
        && edge(s.chars().next_back())
        && s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

const NAME_RULE: &str = "lower-case letters, digits, '-' and '.', first and last a letter or digit, at most 253";

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(s: &str) -> Result<Self, IdError> {
                if is_name(s) { Ok(Self(s.into())) } else { Err(IdError { what: $what, rule: NAME_RULE }) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type!(
    /// The name of a service, as the configuration spells it.
    ServiceName,
    "service name"
);
impl ServiceName {
    /// Services in words, for titles: by name where there are at most two, else by their number.
    pub fn all(first: &Self, also: &[Self]) -> String {
        match also {
            [] => first.to_string(),
            [other] => format!("{first}, {other}"),
            more => format!("{} services", more.len() + 1),
        }
    }
}

name_type!(
    /// The name of an environment.
    EnvironmentName,
    "environment name"
);
name_type!(
    /// The name that the configuration gives to a cluster.
    ClusterName,
    "cluster name"
);
name_type!(
    /// The name of a source of data, as shown beside its age: `eu-1`, `github`, `prometheus`.
    SourceName,
    "source name"
);

/// Namespace and name of an object within one cluster and kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectKey {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// A key, or the reason why the two cannot name an object.
    pub fn new(namespace: &str, name: &str) -> Result<Self, IdError> {
        for part in [namespace, name] {
            if !is_name(part) {
                return Err(IdError { what: "object name", rule: NAME_RULE });
            }
        }
        Ok(Self { namespace: namespace.into(), name: name.into() })
    }
}

impl<'de> Deserialize<'de> for ObjectKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            namespace: String,
            name: String,
        }
        let Raw { namespace, name } = Raw::deserialize(d)?;
        Self::new(&namespace, &name).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A repository, `owner/name`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repo {
    owner: Arc<str>,
    name: Arc<str>,
}

impl Repo {
    /// The owner: a person or an organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name, without the owner.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Repo {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        const RULE: &str = "owner/name, of letters, digits, '-', '_' and '.'";
        let ok = |p: &str| {
            !p.is_empty()
                && p.len() <= 100
                && p != "."
                && p != ".."
                && p.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        match s.split_once('/') {
            Some((owner, name)) if ok(owner) && ok(name) => Ok(Self { owner: owner.into(), name: name.into() }),
            _ => Err(IdError { what: "repository", rule: RULE }),
        }
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.owner, self.name))
    }
}

impl fmt::Debug for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Repo {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Repo {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A git commit id: 7 to 64 hexadecimal digits (short ids are allowed, so compare with [`Sha::same`]).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Sha(Arc<str>);

impl Sha {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as people quote it.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }

    /// Whether both name the same commit, as far as the shorter one says.
    pub fn same(&self, other: &Self) -> bool {
        self.0.starts_with(&*other.0) || other.0.starts_with(&*self.0)
    }
}

impl FromStr for Sha {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        if (7..=64).contains(&s.len()) && s.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)) {
            Ok(Self(s.into()))
        } else {
            Err(IdError { what: "commit", rule: "7 to 64 lower-case hexadecimal digits" })
        }
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_rejected_not_cleaned() {
        for bad in ["", "Payment", "pay ment", "-pay", "pay-", "pay\u{202e}", "../x"] {
            assert!(bad.parse::<ServiceName>().is_err(), "{bad:?}");
            assert!(ObjectKey::new("shop", bad).is_err(), "{bad:?}");
        }
        assert_eq!("payment-2".parse::<ServiceName>().unwrap().as_str(), "payment-2");
        for bad in ["acme", "acme/", "/shop", "acme/shop/x", "acme/..", "ac me/shop"] {
            assert!(bad.parse::<Repo>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_short_commit_names_the_long_one() {
        let long: Sha = "4be1c7a0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6".parse().unwrap();
        let short: Sha = "4be1c7a".parse().unwrap();
        assert!(long.same(&short) && short.same(&long));
        assert!(!long.same(&"4be1c7b".parse().unwrap()));
    }
}
