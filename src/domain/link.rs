//! Addresses of other tools, per service: logs, traces, dashboards, the runbook, the run.

use std::sync::Arc;

use serde::Serialize;

use super::{EnvironmentName, SafeText, ServiceName, Snapshot};

/// What a template can be filled with. `{service}` is filled in when the configuration is read.
pub const HOLES: [&str; 5] = ["environment", "cluster", "namespace", "version", "commit"];

/// An address with holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkTemplate {
    /// What it leads to: `logs`, `traces`, `dashboard`, `runbook`, …
    pub name: SafeText,
    /// The address; begins with `https://` or `http://`.
    pub url: Arc<str>,
}

/// An address that can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What it leads to.
    pub name: SafeText,
    /// The address.
    pub url: SafeText,
}

impl LinkTemplate {
    /// Why a text cannot be a template, in words for the person who wrote it; and how to mend it.
    pub fn fault(url: &str) -> Option<(String, String)> {
        let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
            return Some((format!("{url:?} is not an address"), "write \"https://…\"".to_owned()));
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() || host.starts_with(':') || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Some((format!("{url:?} is not an address"), "write \"https://HOST/…\" without spaces".to_owned()));
        }
        if host.contains('@') {
            return Some(("credentials do not belong into an address".to_owned(), "leave out what stands before @".to_owned()));
        }
        if host.contains(['{', '}']) {
            let what = "a host is not made of what a cluster says".to_owned();
            return Some((what, "use placeholders behind the host only".to_owned()));
        }
        for hole in holes(url) {
            if !HOLES.contains(&hole) {
                let known: Vec<String> = ["service"].iter().chain(&HOLES).map(|h| format!("{{{h}}}")).collect();
                return Some((format!("unknown placeholder {{{hole}}}"), format!("known: {}", known.join(", "))));
            }
        }
        None
    }

    /// The address for a place; `None` where something that it needs is not known.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Option<Link> {
        let mut out = String::new();
        let mut rest = &*self.url;
        while let Some((before, tail)) = rest.split_once('{') {
            let (hole, after) = tail.split_once('}')?;
            out.push_str(before);
            out.push_str(&escaped(&value(hole)?));
            rest = after;
        }
        out.push_str(rest);
        Some(Link { name: self.name.clone(), url: SafeText::from(out) })
    }
}

/// The names between braces.
fn holes(url: &str) -> impl Iterator<Item = &str> {
    url.split('{').skip(1).map(|part| part.split('}').next().unwrap_or(part))
}

/// Percent-encodes everything but what is always harmless: what fills a hole must not end a path or begin a query.
fn escaped(raw: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    raw.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Whether a text is an address that a browser may be given.
pub fn is_web(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(|c: char| c.is_whitespace() || c == '\u{FFFD}')
}

/// Where to look next for a service in an environment: what the configuration names, then its newest run.
pub fn links(s: &Snapshot, service: &ServiceName, environment: Option<&EnvironmentName>) -> Vec<Link> {
    let Some(configured) = s.topology.service(service) else { return vec![] };
    let placements = environment.map(|e| s.placements_of(service, e)).unwrap_or_default();
    let place = placements.first();
    // The version that is on its way is the one that is looked into.
    let version = place.and_then(|p| p.wanted_version.as_ref().or(p.version.as_ref()));
    let value = |hole: &str| match hole {
        "environment" => environment.map(ToString::to_string),
        "cluster" => place.map(|p| p.key.cluster.to_string()),
        "namespace" => place.map(|p| p.namespace.to_string()),
        "version" => version.map(|v| v.tag.to_string()),
        "commit" => version.and_then(|v| v.commit.as_ref()).map(ToString::to_string),
        _ => None,
    };
    let mut out: Vec<Link> = configured.links.iter().filter_map(|template| template.fill(value)).collect();
    if let Some(runbook) = &configured.runbook
        && is_web(runbook.as_str())
        && !out.iter().any(|l| l.name.as_str() == "runbook")
    {
        out.push(Link { name: "runbook".into(), url: runbook.clone() });
    }
    if let Some((run, _)) = s.ci_of(service)
        && let Some(url) = run.url.as_ref().filter(|url| is_web(url.as_str()))
    {
        out.push(Link { name: format!("run #{}", run.number).into(), url: url.clone() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_checked_and_filled_with_care() {
        let good = "https://logs.acme.example/q?s=cart&e={environment}&v={version}#x";
        assert_eq!(LinkTemplate::fault(good), None);
        for (bad, told) in [
            ("logs.acme.example", "not an address"),
            ("javascript:alert(1)", "not an address"),
            ("https://", "not an address"),
            ("https://a b/", "not an address"),
            ("https://me:secret@logs", "credentials"),
            ("https://{cluster}.acme.example/", "a host"),
            ("https://logs/{pod}", "unknown placeholder {pod}"),
            ("https://logs/{", "unknown placeholder {}"),
        ] {
            assert!(LinkTemplate::fault(bad).is_some_and(|(what, _)| what.contains(told)), "{bad}");
        }
        let template = LinkTemplate { name: "logs".into(), url: good.into() };
        let link = template.fill(|hole| Some(format!("{hole}/&\u{202e}"))).unwrap();
        assert_eq!(
            link.url.as_str(),
            "https://logs.acme.example/q?s=cart&e=environment%2F%26%E2%80%AE&v=version%2F%26%E2%80%AE#x"
        );
        assert_eq!(template.fill(|hole| (hole == "version").then(String::new)), None, "what is not known is not made up");
    }
}
