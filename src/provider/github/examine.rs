//! Is GitHub there, whose token is it, how long does it hold, and can what is configured be read?

use std::collections::BTreeSet;

use ::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822, fmt::strtime};
use serde::Deserialize;

use super::{Github, discover, transport::Transport};
use crate::{
    domain::{Finding, ProblemKind, Repo, RunsWanted},
    provider::http,
};

/// A token that ends sooner than this is worth a warning.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Scopes that nothing here ever needs: a token with them is worth more to a thief than to us.
const TOO_WIDE: [&str; 6] = ["delete_repo", "admin:org", "admin:enterprise", "admin:repo_hook", "admin:public_key", "user"];

#[derive(Deserialize)]
struct User {
    login: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    permissions: Option<Permissions>,
}

#[derive(Deserialize)]
struct Permissions {
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    maintain: bool,
    #[serde(default)]
    push: bool,
}

/// Everything, in the order in which one stands on the other.
pub(super) async fn examine(github: &Github, wanted: &RunsWanted) -> Vec<Finding> {
    let mut transport = match github.setup.open() {
        Ok(transport) => transport,
        Err(problem) => return vec![Finding::problem("reachable", &problem)],
    };
    let sent = github.timer.now();
    let known = github.setup.source();
    // The rate limit can be read by everybody, and costs nothing.
    let (headers, _) = match transport.probe("/rate_limit", "rate limit", sent).await {
        Ok(answer) => answer,
        Err(problem) => return vec![Finding::problem("reachable", &problem)],
    };
    let received = github.timer.now();
    let took = received.duration_since(sent).as_millis();
    let mut out = vec![Finding::ok("reachable", format!("{}, answered in {took} ms", github.setup.address()))];
    let date = text(&headers, header::DATE.as_str()).and_then(|d| rfc2822::DateTimeParser::new().parse_timestamp(d).ok());
    out.extend(date.map(|date| Finding::clock(date, sent, received)));
    match known {
        None => out.push(Finding::warn(
            "token",
            "no token: public repositories only, and few requests an hour",
            "set GH_TOKEN or run gh auth login",
        )),
        Some(source) => {
            out.push(identity(&mut transport, source, received).await);
            out.extend(expiry(&headers, received));
            out.push(scopes(&headers));
        }
    }
    if let Some(budget) = &transport.budget {
        let says = format!("{} of {} requests are left this hour", budget.remaining, budget.limit);
        let low = budget.remaining * 100 < budget.limit * 15;
        out.push(if low {
            Finding::warn("budget", says, "it is shared with everything that uses this token")
        } else {
            Finding::ok("budget", says)
        });
    }
    for repo in wanted.workflows.iter().map(|w| &w.repo).collect::<BTreeSet<_>>() {
        out.extend(repository(&mut transport, repo, wanted, received).await);
    }
    out
}

async fn identity(transport: &mut Transport, source: &str, now: Timestamp) -> Finding {
    match transport.probe("/user", "user", now).await {
        Ok((_, body)) => match http::json::<User>(&body, "github").ok().and_then(|u| u.login) {
            Some(login) => Finding::ok("identity", format!("{login}, by the token from {source}")),
            None => Finding::warn("identity", format!("the token from {source} has no user"), "is this GitHub?"),
        },
        // What runs in Actions and what an app has: they may read, but are nobody.
        Err(problem) if problem.kind == ProblemKind::Forbidden || problem.kind == ProblemKind::NotFound => {
            let says = format!("an app, by the token from {source}: it can read, and cannot approve deployments");
            Finding::ok("identity", says)
        }
        Err(problem) => Finding::problem("identity", &problem),
    }
}

/// When the token ends, where the server says so.
fn expiry(headers: &HeaderMap, now: Timestamp) -> Option<Finding> {
    let told = text(headers, "github-authentication-token-expiration")?;
    let Some(at) = instant(told) else {
        return Some(Finding::warn(
            "expiry",
            format!("the token ends at {told:?}, which cannot be read"),
            "look at its settings",
        ));
    };
    let left = at.duration_since(now);
    let days = left.as_hours() / 24;
    let says = format!("the token ends on {}, in {days} days", at.strftime("%Y-%m-%d %H:%MZ"));
    Some(if left < SOON {
        Finding::warn("expiry", says, "make a new one before a release needs it")
    } else {
        Finding::ok("expiry", says)
    })
}

/// `2026-12-01 00:00:00 UTC`, and with an offset in place of the zone.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = text.strip_suffix("UTC").map_or_else(|| text.to_owned(), |rest| format!("{rest}+0000"));
    strtime::parse("%Y-%m-%d %H:%M:%S %z", &text).ok()?.to_timestamp().ok()
}

fn scopes(headers: &HeaderMap) -> Finding {
    let Some(told) = text(headers, "x-oauth-scopes") else {
        return Finding::ok("scopes", "the token tells none: its rights are given per repository");
    };
    let scopes: Vec<&str> = told.split(',').map(str::trim).filter(|s| !s.is_empty()).collect();
    if scopes.is_empty() {
        return Finding::warn("scopes", "the token has no scope: public repositories only", "give it the scope repo");
    }
    let wide: Vec<&str> = scopes.iter().copied().filter(|s| TOO_WIDE.contains(s)).collect();
    let says = format!("the token may {}", scopes.join(", "));
    if wide.is_empty() {
        return Finding::ok("scopes", says);
    }
    Finding::warn("scopes", says, format!("nothing here needs {}: a token without it is safer", wide.join(", ")))
}

/// Whether a repository and the workflows that the configuration names in it can be read, and what else we may there.
async fn repository(transport: &mut Transport, repo: &Repo, wanted: &RunsWanted, now: Timestamp) -> Vec<Finding> {
    let may = match transport.probe(&format!("/repos/{repo}"), &repo.to_string(), now).await {
        Err(problem) => return vec![Finding::problem("read", &problem)],
        Ok((_, body)) => http::json::<Repository>(&body, "github").ok().and_then(|r| r.permissions),
    };
    let workflows = match discover::workflows(transport, repo, now).await {
        Err(problem) => return vec![Finding::problem("read", &problem)],
        Ok(workflows) => workflows,
    };
    let files: Vec<&str> = workflows.iter().filter_map(|w| w.file()).collect();
    let named: BTreeSet<&str> =
        wanted.workflows.iter().filter(|w| &w.repo == repo).filter_map(|w| w.workflow.as_deref()).collect();
    let mut out = vec![];
    let missing: Vec<&str> = named.iter().copied().filter(|n| !files.contains(n)).collect();
    if missing.is_empty() {
        let which = if named.is_empty() { "every workflow".to_owned() } else { named.into_iter().collect::<Vec<_>>().join(", ") };
        out.push(Finding::ok("read", format!("{repo}: {which}")));
    } else {
        let says = format!("{repo} has no active workflow {}", missing.join(", "));
        out.push(Finding::fail(
            "read",
            says,
            format!("it has {}", if files.is_empty() { "none".to_owned() } else { files.join(", ") }),
        ));
    }
    let role = match may {
        Some(p) if p.admin => "administer",
        Some(p) if p.maintain => "maintain",
        Some(p) if p.push => "push, re-run and dispatch",
        Some(_) => "only read",
        None => return out,
    };
    out.push(Finding::ok("act", format!("{repo}: we may {role}")));
    out
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Grade;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn the_end_of_a_token_is_told_in_time() {
        let now: Timestamp = "2026-03-10T09:00:00Z".parse().unwrap();
        for (told, grade, word) in [
            ("2026-03-12 09:00:00 UTC", Grade::Warn, "in 2 days"),
            ("2026-06-12 09:00:00 UTC", Grade::Ok, "on 2026-06-12 09:00Z, in 94 days"),
            ("2026-06-12 09:00:00 +0200", Grade::Ok, "on 2026-06-12 07:00Z"),
            ("soon", Grade::Warn, "cannot be read"),
        ] {
            let found = expiry(&headers("github-authentication-token-expiration", told), now).unwrap();
            assert!(found.grade == grade && found.says.as_str().contains(word), "{told}: {found:?}");
        }
        assert_eq!(expiry(&HeaderMap::new(), now), None);
    }

    #[test]
    fn scopes_that_nobody_needs_are_said() {
        for (told, grade) in [("repo, workflow", Grade::Ok), ("", Grade::Warn), ("repo, delete_repo", Grade::Warn)] {
            assert_eq!(scopes(&headers("x-oauth-scopes", told)).grade, grade, "{told}");
        }
        assert_eq!(scopes(&HeaderMap::new()).grade, Grade::Ok);
    }
}
