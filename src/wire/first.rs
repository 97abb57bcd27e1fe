//! The first run, without any configuration: what can be found is shown, and nothing is written.

use std::{fmt::Write as _, path::Path};

use crate::{config::Inputs, domain::Repo, provider::kube};

/// A configuration over what this machine has, or the card that says what was looked for.
pub fn configuration(inputs: &Inputs) -> Result<String, String> {
    let kube = kube::contexts(None).ok().flatten();
    let context = kube.as_ref().and_then(kube::Contexts::current);
    let remote = remote(inputs, &inputs.cwd);
    let mut out = String::new();
    if let Some(context) = context {
        let name = id(&context.name);
        writeln!(out, "[environment.{name}]").ok();
        let (named, namespace) = (quoted(&context.name), quoted(&context.namespace));
        writeln!(out, "clusters.{name} = {{ context = {named}, namespace = {namespace} }}").ok();
    }
    if let Some(repo) = &remote {
        writeln!(out, "[defaults]\npipeline = {{ github = \"{repo}\" }}").ok();
        if context.is_none() {
            writeln!(out, "[service.{}]", id(repo.name())).ok();
        }
    }
    if out.is_empty() { Err(card(inputs)) } else { Ok(out) }
}

/// What was looked for and where, and what to do now.
fn card(inputs: &Inputs) -> String {
    let mut out = String::from("nothing is configured yet, and nothing was found\n\n  looked for\n");
    let user = inputs.user_file().map(|p| p.display().to_string()).unwrap_or_default();
    writeln!(out, "    your configuration         {user}").ok();
    writeln!(out, "    the repository's           .gonogo.toml, gonogo.toml from {} upwards", inputs.cwd.display()).ok();
    writeln!(out, "    a kubeconfig               KUBECONFIG, {}", inputs.home.join(".kube/config").display()).ok();
    writeln!(out, "    a GitHub remote            in the git repository around {}", inputs.cwd.display()).ok();
    out.push_str("\n  gonogo demo                  opens the cockpit on an embedded company\n");
    out.push_str("  gonogo --config FILE         reads a configuration; config.example.toml shows every key");
    out
}

/// The GitHub repository that remote `origin` of the git repository around `from` names.
fn remote(inputs: &Inputs, from: &Path) -> Option<Repo> {
    let config = from.ancestors().map(|d| d.join(".git/config")).find(|p| inputs.disk.exists(p))?;
    remote_of(&inputs.disk.read(&config).ok()?.text)
}

fn remote_of(config: &str) -> Option<Repo> {
    let mut origin = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            origin = line == "[remote \"origin\"]";
        } else if origin && let Some(url) = line.strip_prefix("url").and_then(|l| l.trim_start().strip_prefix('=')) {
            let path = url.trim().split_once("github.com")?.1;
            return path.trim_start_matches([':', '/']).trim_end_matches(".git").parse().ok();
        }
    }
    None
}

/// A name that the configuration takes, made of one that it may not.
fn id(raw: &str) -> String {
    let clean: String = raw.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let clean = clean.trim_matches('-');
    if clean.is_empty() { "here".to_owned() } else { clean.to_owned() }
}

fn quoted(raw: &str) -> toml::Value {
    toml::Value::from(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_is_read_in_every_form_that_git_writes() {
        for (url, want) in [
            ("git@github.com:acme/shop.git", Some("acme/shop")),
            ("https://github.com/acme/shop", Some("acme/shop")),
            ("ssh://git@github.com/acme/shop.git", Some("acme/shop")),
            ("https://gitlab.example/acme/shop", None),
        ] {
            let config = format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n");
            assert_eq!(remote_of(&config).map(|r| r.to_string()).as_deref(), want, "{url}");
        }
        assert_eq!(remote_of("[remote \"fork\"]\n\turl = git@github.com:me/shop.git\n"), None);
    }

    #[test]
    fn any_context_becomes_a_name() {
        assert_eq!(id("arn:aws:eks:eu-1:123:cluster/Prod_1"), "arn-aws-eks-eu-1-123-cluster-prod-1");
        assert_eq!(id("***"), "here");
    }
}
