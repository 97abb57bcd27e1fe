//! The first run, without any configuration: what lies around this machine, and the card when nothing does.

use std::fmt::Write as _;

use crate::{
    config::{Found, FoundContext, Inputs, Looked},
    domain::Repo,
    provider::{github, kube},
};

/// What lies around: the kubeconfig's current context, the remote of the repository, a token.
pub async fn found(inputs: &Inputs<'_>) -> Found {
    let contexts = kube::contexts(None).ok().flatten();
    let current = contexts.as_ref().and_then(kube::Contexts::current);
    let remote = remote(inputs);
    let has_token = if remote.is_none() {
        false
    } else {
        let env = |name: &str| inputs.env.get(name).cloned();
        github::token(github::PUBLIC, env, |_| None).is_some() || github::gh_auth_token(github::PUBLIC).await.is_some()
    };
    Found {
        kube: current.map(|c| FoundContext { context: c.name.clone(), namespace: c.namespace.clone() }),
        kube_places: format!("KUBECONFIG, {}", inputs.home.join(".kube/config").display()),
        remote,
        remote_host: None,
        has_token,
        token_places: "GH_TOKEN, GITHUB_TOKEN, gh auth token".to_owned(),
    }
}

/// What was looked for and where, and what to do now.
pub fn card(looked_for: &[Looked]) -> String {
    let mut out = String::from("nothing is configured yet, and nothing was found\n\n  looked for\n");
    for looked in looked_for {
        writeln!(out, "    {:<22} {}", looked.what, looked.places).ok();
    }
    out.push_str("\n  gonogo demo              opens the cockpit on an embedded company\n");
    out.push_str("  gonogo --config FILE     reads a configuration; config.example.toml shows every key");
    out
}

/// The GitHub repository that remote `origin` of the git repository around the current directory names.
fn remote(inputs: &Inputs) -> Option<Repo> {
    let config = inputs.cwd.ancestors().map(|d| d.join(".git/config")).find(|p| inputs.disk.exists(p))?;
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
}
