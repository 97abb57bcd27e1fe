//! What the adapters over plain HTTP share: how a client is made, how a body is read, and how failures are named.
//!
//! A client belongs to one origin. It follows redirects within that origin only, so that a credential never reaches
//! another host; it uses the proxies of the environment, but none towards loopback; it asks once and never again by
//! itself.

use std::{error::Error, iter::successors, time::Duration};

use ::http::{HeaderMap, StatusCode, header};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::{Client, ClientBuilder, Url, redirect};
use serde::de::DeserializeOwned;

use super::tls;
use crate::domain::{Problem, ProblemKind};

/// Takes requests to something that only it can reach: a Service behind an API server.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// What is reached and how, for people.
    fn address(&self) -> String;

    /// GETs a path below the root of what is reached, its query included. Gives the answer of what is reached, whatever
    /// its status; what the carrier itself refuses or cannot do is a problem.
    async fn get(&self, path: &str) -> Result<Carried, Problem>;
}

/// What a carrier brought back.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body, at most [`BODY_CAP`] bytes.
    pub body: Bytes,
}

/// Says who we are: `gonogo/<version>`.
pub const USER_AGENT: &str = concat!("gonogo/", env!("CARGO_PKG_VERSION"));

/// The greatest body that is read, in bytes, after decompression.
pub const BODY_CAP: usize = 32 * 1024 * 1024;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How many redirects within one origin are followed.
const REDIRECTS: usize = 3;

/// A client for the origin of `base`, whose requests may take `timeout` from connect to the last byte.
pub fn client(base: &Url, timeout: Duration) -> Result<Client, Problem> {
    tls::install();
    let redirects = redirect::Policy::custom(|attempt| {
        let same = attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
        if same && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
    });
    build(base, Client::builder().timeout(timeout).redirect(redirects))
}

/// A client for the origin of `base` that follows no redirect and reads as long as something comes: `silence` is the
/// longest wait for the next piece.
pub fn streaming(base: &Url, silence: Duration) -> Result<Client, Problem> {
    tls::install();
    build(base, Client::builder().read_timeout(silence).redirect(redirect::Policy::none()))
}

fn build(base: &Url, builder: ClientBuilder) -> Result<Client, Problem> {
    let mut builder = builder.user_agent(USER_AGENT).connect_timeout(CONNECT);
    if is_loopback(base) {
        builder = builder.no_proxy();
        if base.scheme() == "http" {
            // Without TLS on the way no certificates are needed, so a host without a CA bundle will do.
            builder = builder.tls_certs_only([]);
        }
    }
    builder.build().map_err(|e| {
        Problem::new(ProblemKind::Config, format!("cannot prepare HTTP for {}: {}", origin(base), root(&e)))
            .hint("HTTPS needs CA certificates: install the package ca-certificates or set SSL_CERT_FILE")
    })
}

/// An address from the configuration. `what` names its place there.
pub fn base(what: &str, raw: &str) -> Result<Url, Problem> {
    let wrong = |why: &str| Problem::new(ProblemKind::Config, format!("{what}: {why}"));
    let url = Url::parse(raw).map_err(|e| wrong(&format!("not an address: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("an address begins with https:// or http:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("credentials do not belong into an address").hint("use the token setting instead"));
    }
    Ok(url)
}

/// Scheme, host and port, as people know them.
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Whether an address leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        address.map_or(host == "localhost" || host.ends_with(".localhost"), |a| a.is_loopback())
    })
}

/// Reads a whole body of at most [`BODY_CAP`] bytes.
pub async fn read<E: Error + 'static>(
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    source: &str,
) -> Result<Bytes, Problem> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|e| failure(&e, source))?;
        if whole.len() + piece.len() > BODY_CAP {
            return Err(Problem::new(ProblemKind::Unreadable, format!("{source}: the answer is over {} MiB", BODY_CAP >> 20)));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Reads JSON; tells HTML, as captive portals and login pages send it, from JSON of a wrong shape.
pub fn json<T: DeserializeOwned>(body: &[u8], source: &str) -> Result<T, Problem> {
    let unreadable = |why: String| Problem::new(ProblemKind::Unreadable, format!("{source}: {why}"));
    if body.trim_ascii_start().starts_with(b"<") {
        let hint = "something between here and there answers in its place: a proxy or a login page?";
        return Err(unreadable("HTML instead of JSON".into()).hint(hint));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut reader).map_err(|e| match e.path().to_string().as_str() {
        "." => unreadable(format!("not the JSON that was expected: {}", e.inner())),
        path => unreadable(format!("not the JSON that was expected at {path}: {}", e.inner())),
    })
}

/// The problem behind a request that got no whole answer.
pub fn failure(error: &(dyn Error + 'static), source: &str) -> Problem {
    let http = causes(error).filter_map(|e| e.downcast_ref::<reqwest::Error>());
    let (mut kind, mut what) = (ProblemKind::Server, "the answer was cut");
    for e in http {
        if e.is_timeout() {
            (kind, what) = (ProblemKind::Timeout, "no answer in time");
            break;
        }
        if e.is_connect() {
            (kind, what) = (ProblemKind::Unreachable, "no connection");
            break;
        }
    }
    if kind == ProblemKind::Timeout {
        return Problem::new(kind, format!("{source}: {what}"));
    }
    Problem::new(kind, format!("{source}: {what}: {}", root(error)))
}

/// The innermost cause: the one that says something.
fn root(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |e: &&'a (dyn Error + 'static)| (**e).source())
}

/// The kind of problem that a status stands for where nothing more is known; `None` for a success.
pub fn kind_of(status: StatusCode) -> Option<ProblemKind> {
    Some(match status.as_u16() {
        200..=299 => return None,
        401 => ProblemKind::Auth,
        403 => ProblemKind::Forbidden,
        404 => ProblemKind::NotFound,
        408 | 504 => ProblemKind::Timeout,
        409 => ProblemKind::Conflict,
        410 => ProblemKind::Expired,
        429 => ProblemKind::RateLimited,
        400..=499 => ProblemKind::Invalid,
        500..=599 => ProblemKind::Server,
        _ => ProblemKind::Unreadable,
    })
}

/// When a server that asks for patience wants to be asked again: `Retry-After` in seconds or as a date.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse::<u32>() {
        Ok(seconds) => now.checked_add(SignedDuration::from_secs(seconds.into())).ok(),
        Err(_) => rfc2822::DateTimeParser::new().parse_timestamp(value).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_host_and_carry_no_secret() {
        assert_eq!(origin(&base("metrics", "https://prom.acme.example:9090/x").unwrap()), "https://prom.acme.example:9090");
        for bad in ["prom:9090", "ftp://x", "https://", "https://me:hunter2@x", "https://me@x", ""] {
            let problem = base("metrics.prometheus", bad).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::Config, "{bad}");
            assert!(!problem.what.as_str().contains("hunter2"));
        }
    }

    #[test]
    fn loopback_is_known_by_address_and_by_name() {
        for (raw, want) in [
            ("http://127.0.0.1:1/gh", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("http://localhost:80", true),
            ("http://x.localhost", true),
            ("http://10.0.0.1", false),
            ("https://localhost.example", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(raw).unwrap()), want, "{raw}");
        }
    }

    #[test]
    fn html_is_told_from_wrong_json() {
        let html = json::<u8>(b"\n<!doctype html>", "github").unwrap_err();
        assert_eq!((html.kind, html.what.as_str()), (ProblemKind::Unreadable, "github: HTML instead of JSON"));
        let wrong = json::<std::collections::BTreeMap<String, Vec<u8>>>(b"{\"a\":[1,\"x\"]}", "github").unwrap_err();
        assert!(wrong.what.as_str().contains("at a[1]"), "{wrong}");
    }

    #[test]
    fn retry_after_speaks_seconds_or_dates() {
        let now: Timestamp = "2026-01-06T10:00:00Z".parse().unwrap();
        for (value, want) in [
            ("30", Some("2026-01-06T10:00:30Z")),
            ("Tue, 06 Jan 2026 10:01:00 GMT", Some("2026-01-06T10:01:00Z")),
            ("soon", None),
            ("-1", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, value.parse().unwrap());
            assert_eq!(retry_after(&headers, now), want.map(|w| w.parse().unwrap()), "{value}");
        }
    }
}
