//! One host, one credential, one request at a time.
//!
//! octocrab carries the requests over our own HTTP client, without its retries, cache and redirects. Documents that
//! were read whole and understood are kept with their entity tags, in their parsed form: asking again for what did not
//! change costs nothing of the budget.

use std::{any::Any, collections::HashMap, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use octocrab::{
    AuthState, Octocrab, OctocrabBuilder,
    service::middleware::{auth_header::AuthHeaderLayer, extra_headers::ExtraHeadersLayer, reqwest_connector::ReqwestConnector},
};
use reqwest::Url;
use serde::Deserialize;

use super::{repo::halts, wire::gate};
use crate::{
    config::GithubConnection,
    domain::{Budget, Problem, ProblemKind, SafeText},
    provider::http,
};

/// How long a request may take: GitHub itself gives up after 10 s, and a command that asks once has patience for two.
const TIMEOUT: Duration = Duration::from_secs(12);

/// The version of the API that we read.
const VERSION: &str = "2022-11-28";

/// A read that failed with a 5xx or was cut is asked again at once, so often at most.
const TRIES: usize = 3;

/// How long to stay away where a rate limit does not say until when, at first.
const SECONDARY: SignedDuration = SignedDuration::from_secs(60);

/// A kept document that nobody asked for in so many rounds is dropped.
const KEPT: u64 = 20;

/// What it takes to talk to a host. Nothing is sent before [`open`](Self::open).
#[derive(Clone)]
pub struct Setup {
    client: reqwest::Client,
    base: Url,
    authorization: Option<HeaderValue>,
    source: Option<&'static str>,
    name: String,
}

impl Setup {
    /// Checks a connection. Fails with a problem of kind `Config`.
    pub fn new(connection: &GithubConnection) -> Result<Self, Problem> {
        let base = http::base("github", &connection.api)?;
        let authorization = connection.token.as_ref().map(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
                let source = connection.token_source.unwrap_or("the configuration");
                Problem::new(ProblemKind::Config, format!("the token from {source} has characters that no header can carry"))
            })?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Self {
            client: http::client(&base, TIMEOUT)?,
            authorization: authorization.transpose()?,
            source: connection.token_source,
            name: connection.host.clone(),
            base,
        })
    }

    /// Where the token came from, for people; none without one.
    pub fn source(&self) -> Option<&'static str> {
        self.authorization.as_ref().map(|_| self.source.unwrap_or("the configuration"))
    }

    /// The base of the API, for people.
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The address of the API.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The host, as people know it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds to a request to the API what every such request carries, the token too.
    pub fn authorized(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let request = request.header(header::ACCEPT, "application/vnd.github+json").header("x-github-api-version", VERSION);
        match &self.authorization {
            Some(value) => request.header(header::AUTHORIZATION, value.clone()),
            None => request,
        }
    }

    /// Makes it ready. Must run inside the runtime: octocrab starts a task of its own.
    pub fn open(&self) -> Result<Transport, Problem> {
        let uri: Uri = self.base.as_str().parse().map_err(|_| Problem::new(ProblemKind::Config, "github: not an address"))?;
        let fixed = [
            (header::USER_AGENT, HeaderValue::from_static(http::USER_AGENT)),
            (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static(VERSION)),
        ];
        let Ok(octocrab) = OctocrabBuilder::new_empty()
            .with_service(ReqwestConnector::new(self.client.clone()))
            .with_layer(&ExtraHeadersLayer::new(Arc::new(fixed.to_vec())))
            .with_layer(&AuthHeaderLayer::new(self.authorization.clone(), uri.clone(), uri))
            .with_auth(AuthState::None)
            .build();
        Ok(Transport {
            octocrab,
            setup: self.clone(),
            kept: HashMap::new(),
            round: 0,
            limited: 0,
            budget: None,
            cost: 0,
            asked: None,
            me: None,
        })
    }
}

struct Kept {
    tag: HeaderValue,
    value: Arc<dyn Any + Send + Sync>,
    next: bool,
    used: u64,
}

/// A document, and whether another page follows.
pub struct Page<T> {
    /// The document.
    pub value: Arc<T>,
    /// Whether the list goes on.
    pub next: bool,
}

/// The way to one host.
pub struct Transport {
    octocrab: Octocrab,
    setup: Setup,
    kept: HashMap<String, Kept>,
    round: u64,
    limited: u32,
    /// What is left, as of the last answer that said so.
    pub budget: Option<Budget>,
    /// Requests that counted since this was last set to 0.
    pub cost: u64,
    /// How long the server wants to be left alone between two rounds.
    pub asked: Option<Duration>,
    /// Whose token it is, once that was asked; inside, `None` where it is nobody's.
    #[expect(clippy::option_option, reason = "not asked yet, or nobody in particular")]
    pub me: Option<Option<SafeText>>,
}

#[derive(Deserialize)]
struct Message {
    message: Option<String>,
}

impl Transport {
    /// Notes that a round ends; documents that are no longer asked for are dropped.
    pub fn end_round(&mut self) {
        self.round += 1;
        let round = self.round;
        self.kept.retain(|_, kept| kept.used + KEPT > round);
    }

    /// Reads `path`, which begins with `/`, below the base address. `what` names the document for people.
    pub async fn get<T: Any + Send + Sync>(
        &mut self,
        path: &str,
        what: &str,
        now: Timestamp,
        parse: impl Fn(&[u8]) -> Result<T, Problem>,
    ) -> Result<Page<T>, Problem> {
        let address = format!("{}{path}", self.setup.base.as_str().trim_end_matches('/'));
        let mut tries = 0;
        loop {
            tries += 1;
            match self.once(&address, what, now, &parse).await {
                Err(problem) if problem.kind == ProblemKind::Server && tries < TRIES => {}
                other => return other,
            }
        }
    }

    /// Reads `path` once, without entity tag, and gives the headers too: they tell of the token.
    pub async fn probe(&mut self, path: &str, what: &str, now: Timestamp) -> Result<(HeaderMap, Bytes), Problem> {
        let address = format!("{}{path}", self.setup.address());
        let failed = |e: &(dyn std::error::Error + 'static)| http::failure(e, &self.setup.name);
        let response = self.octocrab._get(address.as_str()).await.map_err(|e| failed(&e))?;
        let (parts, body) = response.into_parts();
        self.note(&parts.headers);
        let body = http::read(body.into_data_stream(), &self.setup.name).await?;
        if parts.status != StatusCode::OK {
            return Err(self.refusal(parts.status, &parts.headers, &body, what, now));
        }
        Ok((parts.headers, body))
    }

    /// Whose token it is. A token of an app or of a job is nobody's.
    pub async fn whoami(&mut self, now: Timestamp) -> Result<Option<SafeText>, Problem> {
        if let Some(me) = &self.me {
            return Ok(me.clone());
        }
        let me = if self.setup.authorization.is_none() {
            None
        } else {
            match self.get("/user", "the owner of the token", now, |body| gate::login(body, "user")).await {
                Ok(page) => (*page.value).clone(),
                Err(problem) if halts(&problem) => return Err(problem),
                Err(_) => None,
            }
        };
        self.me = Some(me.clone());
        Ok(me)
    }

    async fn once<T: Any + Send + Sync>(
        &mut self,
        address: &str,
        what: &str,
        now: Timestamp,
        parse: impl Fn(&[u8]) -> Result<T, Problem>,
    ) -> Result<Page<T>, Problem> {
        let round = self.round;
        let mut headers = HeaderMap::new();
        let kept = self.kept.get_mut(address).and_then(|kept| {
            kept.used = round;
            let value = kept.value.clone().downcast::<T>().ok()?;
            headers.insert(header::IF_NONE_MATCH, kept.tag.clone());
            Some(Page { value, next: kept.next })
        });
        let failed = |e: &(dyn std::error::Error + 'static)| http::failure(e, &self.setup.name);
        let response = self.octocrab._get_with_headers(address, Some(headers)).await.map_err(|e| failed(&e))?;
        let (parts, body) = response.into_parts();
        // Answers that did not change are free, but only for those who say who they are.
        self.cost += u64::from(parts.status != StatusCode::NOT_MODIFIED || self.setup.authorization.is_none());
        self.note(&parts.headers);
        if parts.status == StatusCode::NOT_MODIFIED
            && let Some(page) = kept
        {
            return Ok(page);
        }
        let body = http::read(body.into_data_stream(), &self.setup.name).await?;
        if parts.status != StatusCode::OK {
            return Err(self.refusal(parts.status, &parts.headers, &body, what, now));
        }
        self.limited = 0;
        let value = Arc::new(parse(&body)?);
        let next = follows(&parts.headers);
        if let Some(tag) = parts.headers.get(header::ETAG) {
            self.kept.insert(address.to_owned(), Kept { tag: tag.clone(), value: value.clone(), next, used: round });
        } else {
            self.kept.remove(address);
        }
        Ok(Page { value, next })
    }

    fn note(&mut self, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        if let (Some(remaining), Some(limit)) = (number("x-ratelimit-remaining"), number("x-ratelimit-limit")) {
            let reset = number("x-ratelimit-reset").and_then(|s| Timestamp::from_second(i64::try_from(s).ok()?).ok());
            self.budget = Some(Budget { remaining, limit, reset });
        }
        self.asked = number("x-poll-interval").map(|seconds| Duration::from_secs(seconds.min(3_600)));
    }

    /// What an answer other than 200 means.
    fn refusal(&mut self, status: StatusCode, headers: &HeaderMap, body: &[u8], what: &str, now: Timestamp) -> Problem {
        let name = &self.setup.name;
        let said = serde_json::from_slice::<Message>(body).ok().and_then(|m| m.message).unwrap_or_default();
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let spent = header("x-ratelimit-remaining") == Some("0");
        let after = http::retry_after(headers, now);
        let told = said.to_ascii_lowercase().contains("rate limit");
        if status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::FORBIDDEN && (spent || after.is_some() || told)) {
            self.limited += 1;
            let reset = self.budget.as_ref().filter(|_| spent).and_then(|b| b.reset).filter(|reset| *reset > now);
            let doubling = SECONDARY.saturating_mul(1 << (self.limited - 1).min(5));
            let until = after.or(reset).unwrap_or_else(|| now.checked_add(doubling).unwrap_or(now));
            let mut problem = Problem::new(ProblemKind::RateLimited, format!("{name}: the request budget is spent")).until(until);
            if self.setup.authorization.is_none() {
                problem = problem.hint("without a token 60 requests an hour are allowed: set GH_TOKEN or run gh auth login");
            }
            return problem;
        }
        let said = if said.is_empty() { status.to_string() } else { said };
        match status {
            StatusCode::UNAUTHORIZED => {
                let hint = match self.setup.source {
                    Some(source) => format!("the token from {source} is wrong or has expired: replace it or run gh auth login"),
                    None => "set GH_TOKEN or run gh auth login".to_owned(),
                };
                Problem::new(ProblemKind::Auth, format!("{name} does not know this token: {said}")).hint(hint)
            }
            StatusCode::FORBIDDEN => {
                let problem = Problem::new(ProblemKind::Forbidden, format!("{what}: {said}"));
                match (header("x-github-sso"), header("x-accepted-github-permissions")) {
                    (Some(sso), _) => problem.hint(format!("authorise the token for the organisation: {sso}")),
                    (None, Some(needed)) => problem.hint(format!("the token needs {needed}")),
                    (None, None) => problem,
                }
            }
            StatusCode::NOT_FOUND => {
                let hint = match self.setup.source {
                    Some(source) => format!("may the token from {source} read it?"),
                    None => "private repositories need a token: set GH_TOKEN or run gh auth login".to_owned(),
                };
                Problem::new(ProblemKind::NotFound, format!("{what}: not found or no access")).hint(hint)
            }
            status if status.is_redirection() => {
                Problem::new(ProblemKind::Unreadable, format!("{what}: {name} points to another host, which is not followed"))
            }
            status => {
                let kind = http::kind_of(status).unwrap_or(ProblemKind::Unreadable);
                Problem::new(kind, format!("{what}: {said}"))
            }
        }
    }
}

/// Whether `Link` names a next page. Its address is not used: it may lead to another host.
fn follows(headers: &HeaderMap) -> bool {
    let link = headers.get(header::LINK).and_then(|v| v.to_str().ok()).unwrap_or_default();
    link.split(',').any(|part| part.split(';').skip(1).any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next")))
}
