//! The transport: one query, one answer, all limits.

use std::{sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::Bytes;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use prometheus_http_query::{Client, Error};
use reqwest::Url;

use super::answer::Answer;
use crate::{
    config::{Address, PrometheusConnection},
    domain::{Problem, ProblemKind},
    provider::{
        http::{self, Carrier},
        role::Timer,
    },
};

/// How long a query may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Longer queries go by POST: addresses have limits that bodies have not.
const LONG: usize = 2_000;

/// A query is asked again at once, so often at most, after a failure that is over by then: a 5xx, a cut answer.
/// Queries change nothing, so asking twice is harmless.
const TRIES: usize = 3;

/// How many targets share a query.
const MANY: usize = 500;

/// The same where a query has to fit into an address: whoever carries it may only read, and so only GETs.
const FEW: usize = 60;

/// A source: the way there, its credential, and its name in messages.
#[derive(Clone)]
pub struct Source {
    way: Way,
    name: String,
    /// Tells when a server that asks for patience is to be asked again.
    timer: Arc<dyn Timer>,
}

#[derive(Clone)]
enum Way {
    Direct { client: Client, authorization: Option<HeaderValue> },
    Carried(Arc<dyn Carrier>),
}

/// What was answered, before it is read.
struct Raw {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Source {
    /// Prepares a source; nothing is sent. `carrier` is the way through an API server where the connection asks for one;
    /// `alone` says that there is no other source to tell it from.
    pub fn new(
        connection: &PrometheusConnection,
        carrier: Option<Arc<dyn Carrier>>,
        alone: bool,
        timer: Arc<dyn Timer>,
    ) -> Result<Self, Problem> {
        let config = |what: &str| Problem::new(ProblemKind::Config, what);
        let name = if alone { "prometheus".to_owned() } else { format!("prometheus {}", connection.name) };
        let way = match (&connection.address, carrier) {
            (Address::Proxy { .. }, Some(carrier)) => Way::Carried(carrier),
            (Address::Proxy { cluster, .. }, None) => {
                return Err(config(&format!("metrics: the way leads through cluster {cluster}, which is not connected")));
            }
            (Address::Url(url), _) => {
                let mut base = http::base("metrics.prometheus", url)?;
                // The client joins paths with a slash of its own.
                let path = base.path().trim_end_matches('/').to_owned();
                base.set_path(&path);
                let authorization = connection.token.as_ref().map(|token| {
                    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                        .map_err(|_| config("metrics: the token has characters that no header can carry"))?;
                    value.set_sensitive(true);
                    Ok::<_, Problem>(value)
                });
                let client = http::client(&base, TIMEOUT)?;
                let client = Client::from(client, base.as_str()).map_err(|_| config("metrics.prometheus: not an address"))?;
                Way::Direct { client, authorization: authorization.transpose()? }
            }
        };
        Ok(Self { way, name, timer })
    }

    /// Where it is, for people.
    pub fn address(&self) -> String {
        match &self.way {
            Way::Direct { client, .. } => client.base_url().as_str().trim_end_matches('/').to_owned(),
            Way::Carried(carrier) => carrier.address(),
        }
    }

    /// Reads a path below the base address whole, once.
    pub async fn plain(&self, path: &str) -> Result<Bytes, Problem> {
        let (status, body) = match &self.way {
            Way::Direct { client, authorization } => {
                let mut request = client.inner().get(format!("{}/{path}", self.address()));
                if let Some(value) = authorization {
                    request = request.header(header::AUTHORIZATION, value.clone());
                }
                let response = request.send().await.map_err(|e| http::failure(&e, &self.name))?;
                (response.status(), http::read(response.bytes_stream().boxed(), &self.name).await?)
            }
            Way::Carried(carrier) => carrier.get(path).await.map(|answer| (answer.status, answer.body))?,
        };
        match http::kind_of(status) {
            Some(kind) => Err(Problem::new(kind, format!("{} answered {status}", self.name))),
            None => Ok(body),
        }
    }

    /// How many targets may share a query.
    pub fn most(&self) -> usize {
        if matches!(self.way, Way::Carried(_)) { FEW } else { MANY }
    }

    /// Asks for the value at the server's own present time.
    pub async fn instant(&self, query: &str) -> Result<Answer, Problem> {
        self.again(|| self.ask_instant(query, None)).await
    }

    /// Asks for the value at a time.
    pub async fn instant_at(&self, query: &str, at: Timestamp) -> Result<Answer, Problem> {
        self.again(|| self.ask_instant(query, Some(at))).await
    }

    /// Asks for the values from `start` to `end`, both included, `step` apart.
    pub async fn range(&self, query: &str, start: Timestamp, end: Timestamp, step: SignedDuration) -> Result<Answer, Problem> {
        self.again(|| self.ask_range(query, start, end, step)).await
    }

    async fn ask_instant(&self, query: &str, at: Option<Timestamp>) -> Result<Raw, Problem> {
        match &self.way {
            Way::Direct { client, authorization } => {
                let mut builder = client.query(query);
                if let Some(at) = at {
                    builder = builder.at(at.as_second());
                }
                if let Some(value) = authorization {
                    builder = builder.header(header::AUTHORIZATION, value.clone());
                }
                self.raw(async { if query.len() > LONG { builder.post_raw().await } else { builder.get_raw().await } }).await
            }
            Way::Carried(carrier) => {
                let at = at.map(|at| at.as_second().to_string());
                let time = at.as_deref().map(|at| ("time", at));
                carried(carrier, "api/v1/query", [("query", query)].into_iter().chain(time)).await
            }
        }
    }

    async fn ask_range(&self, query: &str, start: Timestamp, end: Timestamp, step: SignedDuration) -> Result<Raw, Problem> {
        match &self.way {
            Way::Direct { client, authorization } => {
                let mut builder = client.query_range(query, start.as_second(), end.as_second(), step.as_secs_f64());
                if let Some(value) = authorization {
                    builder = builder.header(header::AUTHORIZATION, value.clone());
                }
                self.raw(async { if query.len() > LONG { builder.post_raw().await } else { builder.get_raw().await } }).await
            }
            Way::Carried(carrier) => {
                let [start, end] = [start, end].map(|at| at.as_second().to_string());
                let step = step.as_secs_f64().to_string();
                let all = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
                carried(carrier, "api/v1/query_range", all).await
            }
        }
    }

    async fn raw(&self, request: impl Future<Output = Result<reqwest::Response, Error>>) -> Result<Raw, Problem> {
        let response = request.await.map_err(|e| http::failure(&e, &self.name))?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Raw { status, headers, body: http::read(response.bytes_stream().boxed(), &self.name).await? })
    }

    async fn again<F: Future<Output = Result<Raw, Problem>>>(&self, ask: impl Fn() -> F) -> Result<Answer, Problem> {
        let mut tries = 0;
        loop {
            tries += 1;
            match ask().await.and_then(|raw| self.read(&raw)) {
                Err(problem) if problem.kind == ProblemKind::Server && tries < TRIES => {}
                other => return other,
            }
        }
    }

    fn read(&self, raw: &Raw) -> Result<Answer, Problem> {
        let status = raw.status;
        if status.is_redirection() {
            let hint = "the setting metrics.prometheus should name where it leads";
            return Err(Problem::new(ProblemKind::Config, format!("{} answered {status}: it is elsewhere", self.name)).hint(hint));
        }
        let patience = http::retry_after(&raw.headers, self.timer.now());
        Answer::parse(status, &raw.body, &self.name).map_err(|problem| match (problem.kind, patience) {
            (ProblemKind::Auth, _) => problem.hint("set a token that may read metrics"),
            (ProblemKind::RateLimited | ProblemKind::Server, Some(until)) => problem.until(until),
            _ => problem,
        })
    }
}

/// Sends a query by a carrier.
async fn carried<'a>(
    carrier: &Arc<dyn Carrier>,
    path: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Raw, Problem> {
    // Only for its way of writing pairs into an address.
    let mut url = Url::parse("http://carrier.invalid/")
        .map_err(|e| Problem::new(ProblemKind::Internal, format!("an address of our own: {e}")))?;
    url.query_pairs_mut().extend_pairs(pairs);
    let answer = carrier.get(&format!("{path}?{}", url.query().unwrap_or_default())).await?;
    Ok(Raw { status: answer.status, headers: answer.headers, body: answer.body })
}
