//! The transport: one query, one answer, all limits.

use std::{sync::Arc, time::Duration};

use ::http::{HeaderValue, header};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use prometheus_http_query::{Client, Error};

use super::answer::Answer;
use crate::{
    config::PrometheusConnection,
    domain::{Problem, ProblemKind},
    provider::{http, role::Timer},
};

/// How long a query may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Longer queries go by POST: addresses have limits that bodies have not.
const LONG: usize = 2_000;

/// A query is asked again at once, so often at most, after a failure that is over by then: a 5xx, a cut answer.
/// Queries change nothing, so asking twice is harmless.
const TRIES: usize = 3;

/// The address and credential of a source.
#[derive(Clone)]
pub struct Source {
    client: Client,
    authorization: Option<HeaderValue>,
    name: String,
    /// Tells when a server that asks for patience is to be asked again.
    timer: Arc<dyn Timer>,
}

impl Source {
    /// Prepares a source; nothing is sent.
    pub fn new(connection: &PrometheusConnection, timer: Arc<dyn Timer>) -> Result<Self, Problem> {
        let mut base = http::base("metrics.prometheus", &connection.url)?;
        // The client joins paths with a slash of its own.
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let config = |what: &str| Problem::new(ProblemKind::Config, what);
        let authorization = connection.token.as_ref().map(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .map_err(|_| config("metrics: the token has characters that no header can carry"))?;
            value.set_sensitive(true);
            Ok(value)
        });
        let client = http::client(&base, TIMEOUT)?;
        Ok(Self {
            client: Client::from(client, base.as_str()).map_err(|_| config("metrics.prometheus: not an address"))?,
            authorization: authorization.transpose()?,
            name: "prometheus".to_owned(),
            timer,
        })
    }

    /// The base address, for people.
    pub fn address(&self) -> String {
        self.client.base_url().as_str().trim_end_matches('/').to_owned()
    }

    /// Reads a path below the base address whole, once.
    pub async fn plain(&self, path: &str) -> Result<bytes::Bytes, Problem> {
        let mut request = self.client.inner().get(format!("{}{path}", self.address()));
        if let Some(value) = &self.authorization {
            request = request.header(header::AUTHORIZATION, value.clone());
        }
        let response = request.send().await.map_err(|e| http::failure(&e, &self.name))?;
        if let Some(kind) = http::kind_of(response.status()) {
            return Err(Problem::new(kind, format!("{} answered {}", self.name, response.status())));
        }
        http::read(response.bytes_stream().boxed(), &self.name).await
    }

    /// Asks for the value at the server's own present time.
    pub async fn instant(&self, query: &str) -> Result<Answer, Problem> {
        self.again(|| async {
            let mut builder = self.client.query(query);
            if let Some(value) = &self.authorization {
                builder = builder.header(header::AUTHORIZATION, value.clone());
            }
            if query.len() > LONG { builder.post_raw().await } else { builder.get_raw().await }
        })
        .await
    }

    /// Asks for the values from `start` to `end`, both included, `step` apart.
    pub async fn range(&self, query: &str, start: Timestamp, end: Timestamp, step: SignedDuration) -> Result<Answer, Problem> {
        self.again(|| async {
            let mut builder = self.client.query_range(query, start.as_second(), end.as_second(), step.as_secs_f64());
            if let Some(value) = &self.authorization {
                builder = builder.header(header::AUTHORIZATION, value.clone());
            }
            if query.len() > LONG { builder.post_raw().await } else { builder.get_raw().await }
        })
        .await
    }

    async fn again<F: Future<Output = Result<reqwest::Response, Error>>>(&self, ask: impl Fn() -> F) -> Result<Answer, Problem> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.once(ask()).await {
                Err(problem) if problem.kind == ProblemKind::Server && tries < TRIES => {}
                other => return other,
            }
        }
    }

    async fn once(&self, request: impl Future<Output = Result<reqwest::Response, Error>>) -> Result<Answer, Problem> {
        let response = request.await.map_err(|e| http::failure(&e, &self.name))?;
        let status = response.status();
        if status.is_redirection() {
            let hint = "the setting metrics.prometheus should name where it leads";
            return Err(Problem::new(ProblemKind::Config, format!("{} answered {status}: it is elsewhere", self.name)).hint(hint));
        }
        let patience = http::retry_after(response.headers(), self.timer.now());
        let body = http::read(response.bytes_stream().boxed(), &self.name).await?;
        let answer = Answer::parse(status, &body, &self.name);
        answer.map_err(|problem| match (problem.kind, patience) {
            (ProblemKind::Auth, _) => problem.hint("set a token that may read metrics"),
            (ProblemKind::RateLimited | ProblemKind::Server, Some(until)) => problem.until(until),
            _ => problem,
        })
    }
}
