//! Trust in a repository's file: what it would reach, and the consent that is bound to its hash.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{
    fault::Fault,
    layers::{Inputs, load_as},
    settings::Settings,
};

/// Whether a repository's file is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Consent to this very text is recorded.
    Trusted,
    /// Consent to another text of this file is recorded: it changed since.
    Changed,
    /// Nobody consented.
    Never,
}

/// What a repository's file would do that it may not do untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Widening {
    /// Hosts that requests and credentials would go to.
    pub hosts: Vec<String>,
    /// Clusters that would be watched, and how they are found.
    pub clusters: Vec<String>,
    /// What may start programs.
    pub programs: Vec<String>,
    /// Keys that would hold, dotted.
    pub keys: Vec<String>,
}

/// A repository's file, as somebody is asked to trust it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The file.
    pub file: PathBuf,
    /// The SHA-256 of its text, in hex: what consent is bound to.
    pub hash: String,
    /// Whether it is trusted already.
    pub trust: Trust,
    /// What it would do.
    pub reach: Widening,
}

/// The SHA-256 of a text, in hex.
pub(super) fn hash_of(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

/// The lines of the trust file: hash, and the file that it was; a line without one speaks of any file.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (hash, path) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        (!hash.is_empty()).then_some((hash, path.trim()))
    })
}

/// Whether consent to `file` with this hash is recorded.
pub(super) fn of(inputs: &Inputs<'_>, file: &Path, hash: &str) -> Trust {
    let recorded = inputs.trust_file().and_then(|f| inputs.disk.read(&f).ok());
    let text = recorded.map(|s| s.text).unwrap_or_default();
    let shown = file.display().to_string();
    if lines(&text).any(|(h, path)| h == hash && (path.is_empty() || path == shown)) {
        Trust::Trusted
    } else if lines(&text).any(|(_, path)| path == shown) {
        Trust::Changed
    } else {
        Trust::Never
    }
}

/// What `file`, or the repository's file where none is named, would do if it were trusted.
///
/// # Errors
/// There is no such file, or it is wrong: every fault at once.
pub fn asked(inputs: &Inputs<'_>, file: Option<&Path>) -> Result<Asked, Vec<Fault>> {
    let file = match file {
        Some(file) => inputs.cwd.join(file),
        None => inputs.repository_file().ok_or_else(|| {
            let what = "no repository file: .gonogo.toml or gonogo.toml from here upwards";
            vec![Fault::file(&inputs.cwd, what, "name the file")]
        })?,
    };
    let stored = inputs
        .disk
        .read(&file)
        .map_err(|e| vec![Fault::file(&file, format!("cannot be read: {e}"), "check its path and permissions")])?;
    let hash = hash_of(&stored.text);
    let (without, with) = (load_as(inputs, Some((&file, false)))?, load_as(inputs, Some((&file, true)))?);
    let keys = without.notes.iter().filter(|n| n.file == file).map(|n| n.key.clone()).collect();
    let reach = reach(&without.settings, &with.settings, keys);
    Ok(Asked { trust: of(inputs, &file, &hash), file, hash, reach })
}

fn reach(without: &Settings, with: &Settings, keys: Vec<String>) -> Widening {
    let mut out = Widening { keys, ..Widening::default() };
    if let Some(github) = with.github.as_ref().filter(|g| without.github.as_ref() != Some(g)) {
        out.hosts.push(format!(
            "{}: runs and rules of the repositories that it names, with your token for {}",
            github.api, github.host
        ));
        if let Some(file) = &github.token_places.file {
            out.hosts.push(format!("{}: the token of {}", github.api, file.display()));
        }
        if let Some(env) = &github.token_places.env {
            out.hosts.push(format!("{}: the token of the variable {env}", github.api));
        }
    }
    for metrics in with.prometheus.iter().filter(|p| !without.prometheus.contains(p)) {
        let token = if metrics.token.is_some() { ", with a token" } else { "" };
        out.hosts.push(format!("{}: metrics{token}", metrics.address));
    }
    for cluster in with.clusters.iter().filter(|c| !without.clusters.contains(c)) {
        let how = match (&cluster.context, &cluster.server) {
            (Some(context), _) => format!("context {context:?}"),
            (None, Some(server)) => format!("the context that reaches {server}"),
            (None, None) => "the current context".to_owned(),
        };
        let namespaces = cluster.namespaces.join(", ");
        out.clusters.push(format!("{}: {how}, namespaces {namespaces}", cluster.name));
        if let Some(file) = &cluster.kubeconfig {
            out.programs.push(format!("{}: a kubeconfig may name credential programs", file.display()));
        }
    }
    out.programs.sort();
    out.programs.dedup();
    out
}

/// The text of the trust file with consent to `asked`, in place of any earlier one to that file.
pub fn granted(inputs: &Inputs<'_>, asked: &Asked) -> String {
    format!("{}{}  {}\n", revoked(inputs, asked), asked.hash, asked.file.display())
}

/// The text of the trust file without any consent to the file of `asked`.
pub fn revoked(inputs: &Inputs<'_>, asked: &Asked) -> String {
    let recorded = inputs.trust_file().and_then(|f| inputs.disk.read(&f).ok());
    let text = recorded.map(|s| s.text).unwrap_or_default();
    let shown = asked.file.display().to_string();
    lines(&text)
        .filter(|(hash, path)| *path != shown && !(path.is_empty() && *hash == asked.hash))
        .map(|(hash, path)| format!("{hash}  {path}\n"))
        .collect()
}
