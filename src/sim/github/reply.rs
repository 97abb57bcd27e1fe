//! GitHub's way of answering: errors with a documentation link, pages with `Link`, entity tags and the budget's headers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::sim::http::{self, Request, Response};

/// Requests per hour and user.
pub const LIMIT: u64 = 5_000;

/// The media types that GitHub's REST API gives out.
const MEDIA: [&str; 6] = [
    "*/*",
    "application/*",
    "application/json",
    "application/vnd.github+json",
    "application/vnd.github.v3+json",
    "application/vnd.github.v3.raw+json",
];

/// An answer before its headers: a status and a document.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The document.
    pub body: Json,
    /// What follows and precedes a page: relation and page number.
    pub links: Vec<(&'static str, usize)>,
    /// Where a redirect leads.
    pub location: Option<String>,
}

impl Reply {
    /// 200 with a document.
    pub fn ok(body: Json) -> Self {
        Self { status: StatusCode::OK, body, links: Vec::new(), location: None }
    }

    /// 302 to another address.
    pub fn found(location: String) -> Self {
        Self { status: StatusCode::FOUND, body: Json::Null, links: Vec::new(), location: Some(location) }
    }

    /// What GitHub says to a path that it does not know, and to what the user may not see.
    pub fn not_found() -> Self {
        Self::error(StatusCode::NOT_FOUND, "Not Found")
    }

    /// An error with a message.
    pub fn error(status: StatusCode, message: &str) -> Self {
        let body = json!({
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": status.as_str(),
        });
        Self { status, body, links: Vec::new(), location: None }
    }

    /// 422: a parameter that GitHub refuses.
    pub fn invalid(resource: &str, field: &str, value: &str) -> Self {
        let mut reply = Self::error(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        reply.body["errors"] = json!([{"resource": resource, "field": field, "code": "invalid", "message": format!("{value:?} is not a valid {field}")}]);
        reply
    }

    /// The page of a list that the request asks for, made into a document by `wrap`, which also gets the total.
    pub fn page<T>(request: &Request, list: &[T], wrap: impl FnOnce(usize, &[T]) -> Json) -> Self {
        let number = |name: &str| request.param(name).and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
        let size = number("per_page").unwrap_or(30).min(100);
        let page = number("page").unwrap_or(1);
        let last = list.len().div_ceil(size).max(1);
        let from = (page - 1).saturating_mul(size).min(list.len());
        let items = list.get(from..(from + size).min(list.len())).unwrap_or_default();
        let mut links = Vec::new();
        if page > 1 {
            links.extend([("first", 1), ("prev", (page - 1).min(last))]);
        }
        if page < last {
            links.extend([("next", page + 1), ("last", last)]);
        }
        Self { links, ..Self::ok(wrap(list.len(), items)) }
    }

    /// Adds what every answer carries; 304 where the client already has this document.
    pub fn finish(self, request: &Request, user: &str, budget: &Budget, now: Timestamp) -> Response {
        let text = if self.location.is_some() { String::new() } else { self.body.to_string() };
        let tag = entity_tag(user, &text);
        let known = self.status == StatusCode::OK
            && request.header("if-none-match").is_some_and(|tags| tags.split(',').any(|have| weak(have) == weak(&tag)));
        let free = known || request.path == "/rate_limit";
        let used = budget.spend(user, now, !free);
        let mut response = if known {
            let mut response = http::text(StatusCode::NOT_MODIFIED, "application/json; charset=utf-8", "");
            response.headers_mut().remove(header::CONTENT_TYPE);
            response
        } else {
            http::text(self.status, "application/json; charset=utf-8", text)
        };
        let headers = response.headers_mut();
        if self.status == StatusCode::OK {
            set(headers, "etag", &tag);
            set(headers, "cache-control", "private, max-age=60, s-maxage=60");
            set(headers, "vary", "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With");
        }
        if let Some(location) = &self.location {
            set(headers, "location", location);
        }
        if !self.links.is_empty() {
            let link = |(relation, page): &(&str, usize)| format!("<{}>; rel=\"{relation}\"", address(request, *page));
            set(headers, "link", &self.links.iter().map(link).collect::<Vec<_>>().join(", "));
        }
        set(headers, "x-github-media-type", "github.v3; format=json");
        set(headers, "x-github-api-version-selected", "2022-11-28");
        for (name, value) in used.headers() {
            set(headers, name, &value);
        }
        response
    }
}

/// Refuses a media type that GitHub does not have.
pub fn acceptable(request: &Request) -> bool {
    // gh sends the header without a value.
    let Some(accept) = request.header("accept").filter(|accept| !accept.trim().is_empty()) else { return true };
    let kind = |part: &str| part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    accept.split(',').map(kind).any(|kind| MEDIA.contains(&kind.as_str()) || kind.starts_with("application/vnd.github."))
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Entity tags belong to a user, as GitHub's do.
fn entity_tag(user: &str, text: &str) -> String {
    use std::fmt::Write as _;
    let hash = Sha256::new().chain_update(user).chain_update([0]).chain_update(text).finalize();
    let hex = hash.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("W/\"{hex}\"")
}

fn weak(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// The address of another page of the list that was asked for.
fn address(request: &Request, page: usize) -> String {
    let kept =
        request.query.iter().filter(|(key, _)| key != "page").map(|(key, value)| format!("{}={}&", encode(key), encode(value)));
    format!("{}{}?{}page={page}", request.base, request.path, kept.collect::<String>())
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What each user has spent in the current simulated hour.
#[derive(Debug, Default)]
pub struct Budget(Mutex<HashMap<String, (i64, u64)>>);

/// The state of a user's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Requests that counted.
    pub used: u64,
    /// When the budget is full again, in seconds since 1970.
    pub reset: i64,
}

impl Spent {
    /// The budget as `/rate_limit` and its headers tell it.
    pub fn remaining(self) -> u64 {
        LIMIT.saturating_sub(self.used)
    }

    fn headers(self) -> [(&'static str, String); 5] {
        [
            ("x-ratelimit-limit", LIMIT.to_string()),
            ("x-ratelimit-remaining", self.remaining().to_string()),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }
}

impl Budget {
    /// Counts a request, if it counts, and says what has been spent.
    pub fn spend(&self, user: &str, now: Timestamp, counts: bool) -> Spent {
        let hour = now.as_second().div_euclid(3_600);
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = users.entry(user.to_owned()).or_insert((hour, 0));
        if entry.0 != hour {
            *entry = (hour, 0);
        }
        entry.1 += u64::from(counts);
        Spent { used: entry.1, reset: (hour + 1) * 3_600 }
    }
}
