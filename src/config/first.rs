//! The first run: nothing is configured yet, and what lies around decides what is shown.

use std::path::Path;

use super::{
    layers::{Inputs, load_text},
    settings::Settings,
};
use crate::domain::Repo;

/// The current context of a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundContext {
    /// Its name.
    pub context: String,
    /// Its namespace.
    pub namespace: String,
}

/// What lies around; found by who starts the program, because finding it needs other floors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The current context of the kubeconfig.
    pub kube: Option<FoundContext>,
    /// Where a kubeconfig was looked for, for people.
    pub kube_places: String,
    /// The GitHub repository that the current directory's remote names.
    pub remote: Option<Repo>,
    /// The host of that remote, where it is not `github.com`.
    pub remote_host: Option<String>,
    /// Whether there is a token for GitHub.
    pub has_token: bool,
    /// Where a token was looked for, for people.
    pub token_places: String,
}

/// One thing that was looked for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What: "a configuration".
    pub what: &'static str,
    /// Where.
    pub places: String,
}

/// What a first run starts with.
#[derive(Debug, Clone)]
pub enum FirstRun {
    /// A configuration that follows from what was found.
    Found {
        /// What it comes down to.
        settings: Box<Settings>,
        /// The same as a file: what a person could begin with.
        text: String,
    },
    /// Nothing to look at.
    Nothing {
        /// What was looked for, and where.
        looked_for: Vec<Looked>,
    },
}

/// What to start with where no file configures anything: the current context, live; without one the runs of the
/// current directory's remote; else the list of what was looked for.
pub fn first_run(inputs: &Inputs<'_>, found: &Found) -> FirstRun {
    let texts = [found.kube.as_ref().map(context), remote(found)];
    for text in texts.into_iter().flatten() {
        // An odd name can make it fail; then the next source, or the card, is the better answer.
        if let Ok(loaded) = load_text(Path::new("what was found"), &text, inputs) {
            return FirstRun::Found { settings: Box::new(loaded.settings), text };
        }
    }
    let config = [inputs.user_file().map(|f| f.display().to_string()), Some(search(inputs))];
    let looked = |what, places: &str| Looked { what, places: places.to_owned() };
    let mut looked_for = vec![
        looked("a configuration", &config.into_iter().flatten().collect::<Vec<_>>().join(", ")),
        looked("a cluster", &found.kube_places),
    ];
    if found.remote.is_none() {
        looked_for.push(looked("a remote on GitHub", &inputs.cwd.display().to_string()));
    }
    if !found.has_token {
        looked_for.push(looked("a token for GitHub", &found.token_places));
    }
    FirstRun::Nothing { looked_for }
}

fn search(inputs: &Inputs<'_>) -> String {
    format!(".gonogo.toml or gonogo.toml from {} upwards", inputs.cwd.display())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn context(found: &FoundContext) -> String {
    let name = quoted(&name(&found.context));
    let (context, namespace) = (quoted(&found.context), quoted(&found.namespace));
    format!("[environment.{name}]\norder = 1\nclusters.{name} = {{ context = {context}, namespace = {namespace} }}\n")
}

fn remote(found: &Found) -> Option<String> {
    let repo = found.remote.as_ref().filter(|_| found.has_token)?;
    let name = name(repo.name());
    let host = found.remote_host.as_ref().map(|h| format!("[github]\nhost = {}\n", quoted(h))).unwrap_or_default();
    let (pipeline, workload) = (quoted(&repo.to_string()), quoted(&format!("deployment/{name}")));
    let name = quoted(&name);
    Some(format!("{host}[service.{name}]\npipeline.github = {pipeline}\nworkload = {workload}\n"))
}

/// A name that the loader takes: `arn:aws:eks:eu-1:1:cluster/Shop` becomes `arn-aws-eks-eu-1-1-cluster-shop`.
pub(super) fn name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' { c } else { '-' })
        .take(253)
        .collect();
    let name = name.trim_matches(|c| c == '-' || c == '.');
    if name.is_empty() { "here".to_owned() } else { name.to_owned() }
}
