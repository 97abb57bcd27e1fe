//! The first run, without any configuration: what lies around this machine, and the card when nothing does.

use std::{fmt::Write as _, path::Path};

use crate::{
    config::{Found, FoundContext, Inputs, Looked},
    domain::Repo,
    provider::{github, kube},
};

/// What lies around: the kubeconfig's current context, the remote of the repository, a token.
pub async fn found(inputs: &Inputs<'_>) -> Found {
    let contexts = kube::contexts(None).ok().flatten();
    let current = contexts.as_ref().and_then(kube::Contexts::current);
    let remote = remote(inputs, None);
    let has_token = match &remote {
        None => false,
        Some((_, host)) => {
            let env = |name: &str| inputs.env.get(name).cloned();
            github::token(host, env, |_| None).is_some() || github::gh_auth_token(host).await.is_some()
        }
    };
    let remote_host = remote.as_ref().map(|(_, host)| host.clone()).filter(|h| h != github::PUBLIC);
    Found {
        kube: current.map(|c| FoundContext { context: c.name.clone(), namespace: c.namespace.clone() }),
        kube_places: format!("KUBECONFIG, {}", inputs.home.join(".kube/config").display()),
        remote: remote.map(|(repo, _)| repo),
        remote_host,
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
    out.push_str("  gonogo init              writes a configuration from what lies around\n");
    out.push_str("  gonogo --config FILE     reads a configuration; config.example.toml shows every key");
    out
}

/// The repository that remote `origin` of the git repository around the current directory names, and its host: where
/// that is GitHub, or the host that the configuration or `GH_HOST` says is one.
pub fn remote(inputs: &Inputs<'_>, configured: Option<&str>) -> Option<(Repo, String)> {
    let config = git_config(inputs)?;
    let named = inputs.env.get("GH_HOST").map(|h| h.trim().to_owned());
    let hosts = [Some(github::PUBLIC.to_owned()), configured.map(str::to_owned), named];
    remote_of(&config, &hosts.into_iter().flatten().collect::<Vec<_>>())
}

/// The configuration of the repository around the current directory; in a work tree or a submodule, `.git` is a file
/// that says where the rest is.
fn git_config(inputs: &Inputs<'_>) -> Option<String> {
    let read = |path: &Path| inputs.disk.read(path).ok().map(|s| s.text);
    let git = inputs.cwd.ancestors().map(|d| d.join(".git")).find(|p| inputs.disk.exists(p))?;
    if let Some(config) = read(&git.join("config")) {
        return Some(config);
    }
    let folder = git.parent()?.join(read(&git)?.trim().strip_prefix("gitdir:")?.trim());
    let common = read(&folder.join("commondir")).map(|c| folder.join(c.trim()));
    read(&common.unwrap_or(folder).join("config"))
}

fn remote_of(config: &str, hosts: &[String]) -> Option<(Repo, String)> {
    let mut origin = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            origin = line == "[remote \"origin\"]";
        } else if origin && let Some(url) = line.strip_prefix("url").and_then(|l| l.trim_start().strip_prefix('=')) {
            let url = url.trim();
            // `ssh://git@host:22/owner/name.git`, `https://host/owner/name`, `git@host:owner/name.git`.
            let (rest, split) = match url.split_once("://") {
                Some((_, rest)) => (rest, '/'),
                None => (url, ':'),
            };
            let (host, path) = rest.split_once(split)?;
            let host = host.rsplit('@').next()?.split(':').next()?;
            let host = hosts.iter().find(|h| h.eq_ignore_ascii_case(host))?;
            let repo = path.trim_start_matches('/').trim_end_matches('/').trim_end_matches(".git").parse().ok()?;
            return Some((repo, host.clone()));
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
            ("https://me:secret@github.com/acme/shop.git", Some("acme/shop")),
            ("ssh://git@ghe.example:22/acme/shop.git", Some("acme/shop")),
            ("https://gitlab.example/acme/shop", None),
            ("https://evil.example/github.com/acme/shop", None),
            ("https://github.com.evil.example/acme/shop", None),
            ("git@github.com", None),
        ] {
            let config = format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n");
            let hosts = ["github.com".to_owned(), "ghe.example".to_owned()];
            assert_eq!(remote_of(&config, &hosts).map(|(r, _)| r.to_string()).as_deref(), want, "{url}");
        }
        let hosts = ["github.com".to_owned()];
        assert_eq!(remote_of("[remote \"fork\"]\n\turl = git@github.com:me/shop.git\n", &hosts), None);
    }

    #[test]
    fn a_work_tree_leads_to_the_remote_of_its_repository() {
        let folder = tempfile::tempdir().unwrap();
        let (main, tree) = (folder.path().join("main"), folder.path().join("tree/below"));
        std::fs::create_dir_all(main.join(".git/worktrees/tree")).unwrap();
        std::fs::create_dir_all(&tree).unwrap();
        std::fs::write(main.join(".git/config"), "[remote \"origin\"]\nurl = git@github.com:acme/shop.git\n").unwrap();
        std::fs::write(main.join(".git/worktrees/tree/commondir"), "../..\n").unwrap();
        let gitdir = format!("gitdir: {}\n", main.join(".git/worktrees/tree").display());
        std::fs::write(folder.path().join("tree/.git"), gitdir).unwrap();
        let inputs = Inputs { cwd: tree, ..Inputs::bare(&crate::config::RealDisk) };
        let (repo, host) = remote(&inputs, None).unwrap();
        assert_eq!((repo.to_string().as_str(), host.as_str()), ("acme/shop", "github.com"));
    }
}
