//! What a pod template says of the build in it, beside the images.

use std::{collections::BTreeMap, fmt, str::FromStr as _, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::domain::{SafeText, Sha};

/// The label that names the version of what runs (the labels that Kubernetes recommends).
pub const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// What a pod template says of the build that runs in it. Where an image is replaced and these words are not, they go on
/// speaking of the build before: checks are looked up of the wrong commit, and a roll back is judged by the wrong promises.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BuildNotes {
    /// The annotations that [describe](Self::describes) a build. A value stands as it is written; one that cannot be
    /// repeated without harm to a terminal is empty here, as if it said nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<Arc<str>, SafeText>,
    /// The value of [`VERSION_LABEL`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Arc<str>>,
}

/// One word that a template says of its build, and another is to say, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteChange {
    /// Whether it is a label; an annotation otherwise.
    pub label: bool,
    /// Its key.
    pub key: Arc<str>,
    /// What it says; `None` where it says nothing.
    pub from: Option<SafeText>,
    /// What it is to say.
    pub to: Option<SafeText>,
}

impl BuildNotes {
    /// Whether an annotation of a pod template speaks of the build in it: its commit, what it requires and provides of
    /// shared formats, whether going back over it is safe, and what the image says of itself in the words of OCI.
    pub fn describes(key: &str) -> bool {
        if key.starts_with("org.opencontainers.image.") {
            return true;
        }
        let Some(ours) = key.strip_prefix("gonogo.dev/") else { return false };
        ours.starts_with("requires.") || ours.starts_with("provides.") || matches!(ours, "commit" | "rollback" | "rollback-note")
    }

    /// The same without what says nothing: what another template can be given.
    #[must_use]
    pub fn carried(&self) -> Self {
        let said = self.annotations.iter().filter(|(_, value)| !value.is_empty());
        Self { annotations: said.map(|(k, v)| (k.clone(), v.clone())).collect(), version: self.version.clone() }
    }

    /// What must be said anew by a template that says this, until it says `to`. In the order of the keys, the label last.
    pub fn until(&self, to: &Self) -> Vec<NoteChange> {
        let mut keys: Vec<&Arc<str>> = self.annotations.keys().chain(to.annotations.keys()).collect();
        keys.sort();
        keys.dedup();
        let annotation = |key: &Arc<str>| NoteChange {
            label: false,
            key: key.clone(),
            from: self.annotations.get(key).cloned(),
            to: to.annotations.get(key).cloned(),
        };
        let text = |label: &Option<Arc<str>>| label.as_deref().map(SafeText::clean);
        let version = NoteChange { label: true, key: VERSION_LABEL.into(), from: text(&self.version), to: text(&to.version) };
        keys.into_iter().map(annotation).chain([version]).filter(|change| change.from != change.to).collect()
    }
}

impl fmt::Display for BuildNotes {
    /// In canonical form, as part of a fingerprint: `key=value` after `key=value`. No `;`, which parts a fingerprint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let annotations = self.annotations.iter().map(|(k, v)| (&**k, v.as_str()));
        let all = annotations.chain(self.version.as_deref().map(|v| ("label", v)));
        for (i, (key, value)) in all.enumerate() {
            let value = value.replace('%', "%25").replace(';', "%3B").replace(',', "%2C");
            write!(f, "{}{key}={value}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Display for NoteChange {
    /// For people: `revision 4be1c7a > 9d0c2f1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.key.strip_prefix("org.opencontainers.image.").or_else(|| self.key.strip_prefix("gonogo.dev/"));
        let name = if self.label { "label version" } else { short.unwrap_or(&self.key) };
        let word = |value: &Option<SafeText>| match value {
            None => "nothing".to_owned(),
            // Commits are named as people quote them.
            Some(v) => Sha::from_str(v.as_str()).map_or_else(|_| v.to_string(), |sha| sha.short().to_owned()),
        };
        write!(f, "{name} {} > {}", word(&self.from), word(&self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(annotations: &[(&str, &str)], version: Option<&str>) -> BuildNotes {
        BuildNotes {
            annotations: annotations.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            version: version.map(Into::into),
        }
    }

    #[test]
    fn what_speaks_of_a_build_is_told_from_what_speaks_of_a_place() {
        for key in [
            "gonogo.dev/commit",
            "gonogo.dev/requires.schema.users",
            "gonogo.dev/provides.queue",
            "gonogo.dev/rollback",
            "gonogo.dev/rollback-note",
            "org.opencontainers.image.revision",
            "org.opencontainers.image.version",
        ] {
            assert!(BuildNotes::describes(key), "{key}");
        }
        for key in ["gonogo.dev/ops", "gonogo.dev/last", "gonogo.dev/fence", "kubectl.kubernetes.io/restartedAt", "commit", ""] {
            assert!(!BuildNotes::describes(key), "{key}");
        }
    }

    #[test]
    fn the_way_from_one_to_another_sets_what_differs_and_takes_what_is_not_said_any_more() {
        let old = notes(&[("gonogo.dev/requires.a", "<=41"), ("gonogo.dev/rollback", "unsafe"), ("same", "x")], Some("1.0"));
        let commit = "4be1c7a0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6";
        let new = notes(&[("gonogo.dev/requires.a", ">=42"), ("org.opencontainers.image.revision", commit), ("same", "x")], None);
        let words: Vec<String> = old.until(&new).iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            ["requires.a <=41 > >=42", "rollback unsafe > nothing", "revision nothing > 4be1c7a", "label version 1.0 > nothing"]
        );
        assert_eq!(new.until(&new), []);
        assert_eq!(notes(&[("a", ""), ("b", "x")], None).carried(), notes(&[("b", "x")], None));
    }

    #[test]
    fn its_canonical_form_tells_all_apart_and_stays_in_its_part_of_a_fingerprint() {
        assert_eq!(notes(&[("a", "x;y,z=1%")], Some("1.0")).to_string(), "a=x%3By%2Cz=1%25,label=1.0");
        assert_ne!(notes(&[("a", "x,b=y")], None).to_string(), notes(&[("a", "x"), ("b", "y")], None).to_string());
    }
}
