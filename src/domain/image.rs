//! Image references and versions: what runs is named by digest, and shown by tag.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{IdError, SafeText, Sha};

/// An image digest, `sha256:` and 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Digest(Arc<str>);

impl Digest {
    /// The digest with its algorithm.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first four and the last two digits, as drawn: `a41f…07`.
    pub fn short(&self) -> String {
        let hex = &self.0["sha256:".len()..];
        format!("{}…{}", &hex[..4], &hex[62..])
    }
}

impl FromStr for Digest {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        let hex = s.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() == 64 && hex.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)) {
            Ok(Self(s.into()))
        } else {
            Err(IdError { what: "digest", rule: "sha256: and 64 lower-case hexadecimal digits" })
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// An image reference of a container: `registry/name:tag@digest`, tag and digest optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageRef {
    /// Registry and name.
    pub name: SafeText,
    /// The tag, if the reference has one.
    pub tag: Option<SafeText>,
    /// The digest, if the reference pins one.
    pub digest: Option<Digest>,
}

impl ImageRef {
    /// Takes a reference apart. Any text can be taken apart; what is not there is `None`.
    pub fn parse(raw: &str) -> Self {
        // kubelets write "docker-pullable://name@sha256:…" into imageID.
        let raw = raw.split_once("://").map_or(raw, |(_, rest)| rest);
        let (rest, digest) = match raw.split_once('@') {
            Some((rest, digest)) => (rest, digest.parse().ok()),
            None => (raw, raw.parse().ok()),
        };
        // A colon before the last slash belongs to the registry's port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') && !(rest.starts_with("sha256:")) => (name, Some(tag)),
            _ => (rest, None),
        };
        Self { name: name.into(), tag: tag.map(SafeText::clean), digest }
    }
}

impl fmt::Display for ImageRef {
    /// As a reference is written: `registry/name:tag@digest`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        self.tag.iter().try_for_each(|t| write!(f, ":{t}"))?;
        self.digest.iter().try_for_each(|d| write!(f, "@{d}"))
    }
}

/// The version of a placement: what the tag says, which digest really runs, and the commit it was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The tag, or the short digest where an image has none.
    pub tag: SafeText,
    /// The digest that runs, where pods or the reference tell it.
    pub digest: Option<Digest>,
    /// The commit, from annotation `org.opencontainers.image.revision` or `gonogo.dev/commit`, else from a tag that
    /// is a commit id.
    pub commit: Option<Sha>,
}

impl Version {
    /// Whether both are the same build: equal digests where both are known, else equal tags.
    pub fn same_build(&self, other: &Self) -> bool {
        match (&self.digest, &other.digest) {
            (Some(a), Some(b)) => a == b,
            _ => self.tag == other.tag,
        }
    }

    /// Whether both carry one tag, and yet are different builds.
    pub fn same_tag_other_digest(&self, other: &Self) -> bool {
        self.tag == other.tag && !self.same_build(other)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tag.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let d = format!("sha256:{}", "a".repeat(64));
        for (raw, name, tag, digest) in [
            ("nginx", "nginx", None, false),
            ("nginx:1.2", "nginx", Some("1.2"), false),
            ("localhost:5000/shop/payment", "localhost:5000/shop/payment", None, false),
            ("localhost:5000/shop/payment:4.2.0", "localhost:5000/shop/payment", Some("4.2.0"), false),
            (&format!("r.example/p:4.2.0@{d}"), "r.example/p", Some("4.2.0"), true),
            (&format!("docker-pullable://r.example/p@{d}"), "r.example/p", None, true),
            (&d, &d, None, true),
        ] {
            let image = ImageRef::parse(raw);
            assert_eq!(image.name.as_str(), name, "{raw}");
            assert_eq!(image.tag.as_ref().map(SafeText::as_str), tag, "{raw}");
            assert_eq!(image.digest.is_some(), digest, "{raw}");
        }
    }

    #[test]
    fn a_moved_tag_is_another_build() {
        let v = |c: &str| Version {
            tag: "1.0".into(),
            digest: Some(format!("sha256:{}", c.repeat(64)).parse().unwrap()),
            commit: None,
        };
        assert!(v("a").same_tag_other_digest(&v("b")));
        assert!(v("a").same_build(&v("a")));
        assert!(Version { digest: None, ..v("a") }.same_build(&v("b")), "without a digest the tag decides");
    }
}
