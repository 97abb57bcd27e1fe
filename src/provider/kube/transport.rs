//! The one way to an API server: time-outs, size caps, and what an answer that is none of ours is called.
//!
//! `kube` gives the connection, TLS and credentials; its own reading of answers is not used, because it knows no cap,
//! hides bookmarks, and repeats writes on its own.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use http::{Request, Response, header};
use http_body_util::BodyExt;
use jiff::{Timestamp, fmt::rfc2822};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder},
};
use tokio::sync::Mutex;

use super::fault;
use crate::{
    domain::{Problem, ProblemKind},
    provider::{lines::LineCutter, role::Timer},
};

/// A whole answer must be there in this time. Real time: a clock that stands still must not wait for ever for a server
/// that never answers.
const WHOLE: Duration = Duration::from_secs(10);

/// A watch without a line for so long may be dead: bookmarks come every 60 s, where they come.
const SILENCE: Duration = Duration::from_secs(75);

/// The largest answer, and the longest line of a watch, in bytes.
const CAP: usize = 64 << 20;

/// As much of an error's body as is read.
const ERROR_CAP: usize = 64 << 10;

/// The plain form of answers.
pub(super) const JSON: &str = "application/json";

/// A way to one API server.
pub(super) struct Transport {
    config: Config,
    timer: Arc<dyn Timer>,
    /// Made at the first request where a credential program must run for it, else from the start.
    client: Mutex<Option<Client>>,
    silence: Duration,
}

/// A client for `config`. Runs the credential program if the configuration names one.
fn build(config: Config) -> Result<Client, kube::Error> {
    Ok(ClientBuilder::try_from(config)?.build())
}

impl Transport {
    /// A way there. Does not touch the network.
    pub fn new(config: Config, timer: Arc<dyn Timer>) -> Result<Self, Problem> {
        let client = if runs_program(&config) {
            None
        } else {
            Some(build(config.clone()).map_err(|e| {
                // Nothing was sent yet: whatever is wrong is wrong in files.
                let mut problem = fault::of_error(&e, "the connection cannot be set up");
                problem.kind = ProblemKind::Config;
                problem
                    .hint("look at the certificates that the kubeconfig names, and at the CA bundle of this host (SSL_CERT_FILE)")
            })?)
        };
        Ok(Self { config, timer, client: Mutex::new(client), silence: SILENCE })
    }

    async fn client(&self, what: &str) -> Result<Client, Problem> {
        let mut slot = self.client.lock().await;
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let config = self.config.clone();
        // The program may take seconds, or ask a server of its own.
        let made = tokio::task::spawn_blocking(move || build(config)).await;
        let client = made.map_err(|_| Problem::new(ProblemKind::Internal, format!("{what}: the client could not be made")))?;
        let client = client.map_err(|e| fault::of_error(&e, what))?;
        *slot = Some(client.clone());
        Ok(client)
    }

    /// Sends a request and gives the answer if it is 2xx and says that it is JSON.
    pub async fn send(&self, request: Request<Vec<u8>>, what: &str) -> Result<Response<Body>, Problem> {
        let response = self.answered(request, what).await?;
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !kind.contains("json") {
            let said = format!("{what}: the answer is {kind:?} instead of JSON");
            return Err(Problem::new(ProblemKind::Unreadable, said).hint("is something between here and the API server?"));
        }
        Ok(response)
    }

    /// Sends a request and gives the answer if it is 2xx.
    async fn answered(&self, request: Request<Vec<u8>>, what: &str) -> Result<Response<Body>, Problem> {
        let client = self.client(what).await?;
        let response = client.send(request.map(Body::from)).await.map_err(|e| fault::of_error(&e, what))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status == http::StatusCode::UNAUTHORIZED && runs_program(&self.config) {
            // The next try asks the program for a new credential.
            *self.client.lock().await = None;
        }
        let wait = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_owned);
        // An error whose body cannot be read is still that error.
        let body = collect(response.into_body(), ERROR_CAP, what).await.unwrap_or_default();
        Err(fault::of_answer(status, wait.as_deref(), &body, what, self.timer.now()))
    }

    /// Sends a request and reads the whole answer.
    pub async fn whole(&self, request: Request<Vec<u8>>, what: &str) -> Result<(u16, Bytes), Problem> {
        in_time(WHOLE, what, async {
            let response = self.send(request, what).await?;
            let status = response.status().as_u16();
            Ok((status, collect(response.into_body(), CAP, what).await?))
        })
        .await
    }

    /// Reads what a path answers with, whatever its status and kind: what is behind a proxy speaks for itself.
    pub async fn raw(&self, path: &str, what: &str) -> Result<(http::StatusCode, http::HeaderMap, Bytes), Problem> {
        in_time(WHOLE, what, async {
            let client = self.client(what).await?;
            let response =
                client.send(request(path, JSON, what)?.map(Body::from)).await.map_err(|e| fault::of_error(&e, what))?;
            let (status, headers) = (response.status(), response.headers().clone());
            if status == http::StatusCode::UNAUTHORIZED && runs_program(&self.config) {
                *self.client.lock().await = None;
            }
            Ok((status, headers, collect(response.into_body(), CAP, what).await?))
        })
        .await
    }

    /// Reads a path whole.
    pub async fn get(&self, path: &str, what: &str) -> Result<Bytes, Problem> {
        self.get_as(path, JSON, what).await
    }

    /// Reads a path whole, in the form that `accept` asks for.
    pub async fn get_as(&self, path: &str, accept: &str, what: &str) -> Result<Bytes, Problem> {
        Ok(self.whole(request(path, accept, what)?, what).await?.1)
    }

    /// Reads a path whole, and the time that the server has, where it says so.
    pub async fn dated(&self, path: &str, what: &str) -> Result<(Bytes, Option<Timestamp>), Problem> {
        in_time(WHOLE, what, async {
            let response = self.send(request(path, JSON, what)?, what).await?;
            let date = response.headers().get(header::DATE).and_then(|v| v.to_str().ok());
            let date = date.and_then(|d| rfc2822::DateTimeParser::new().parse_timestamp(d).ok());
            Ok((collect(response.into_body(), CAP, what).await?, date))
        })
        .await
    }

    /// The address of the server, for people.
    pub fn server(&self) -> String {
        self.config.cluster_url.to_string().trim_end_matches('/').to_owned()
    }

    /// What kind of credential is used, for people; never the credential itself.
    pub fn credential(&self) -> String {
        let auth = &self.config.auth_info;
        if let Some(exec) = &auth.exec {
            return format!("the program {}", exec.command.as_deref().unwrap_or("of the kubeconfig"));
        }
        let kinds = [
            (auth.token_file.is_some(), "a token file"),
            (auth.token.is_some(), "a token of the kubeconfig"),
            (auth.client_certificate.is_some() || auth.client_certificate_data.is_some(), "a client certificate"),
            (auth.username.is_some(), "a password of the kubeconfig"),
            (auth.auth_provider.is_some(), "an auth provider of the kubeconfig"),
        ];
        kinds.iter().find(|(set, _)| *set).map_or("no credential", |(_, kind)| kind).to_owned()
    }

    /// The same, given up after another silence than the usual.
    #[cfg(test)]
    pub fn silent_after(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// Reads a path line by line, in the form that `accept` asks for.
    pub async fn lines(&self, path: &str, accept: &str, what: &str) -> Result<Lines, Problem> {
        let response = in_time(WHOLE, what, self.send(request(path, accept, what)?, what)).await?;
        Ok(Lines { body: response.into_body(), held: BytesMut::new(), scanned: 0, silence: self.silence, what: what.to_owned() })
    }
}

impl Transport {
    /// Reads a path line by line as plain text, a log: up to `most` bytes, where there is a limit.
    pub async fn text(&self, path: &str, what: &str, most: Option<u64>) -> Result<TextLines, Problem> {
        // As kubectl asks: errors come as JSON, the log as text.
        let request = request(path, "application/json, */*", what)?;
        let response = in_time(WHOLE, what, self.answered(request, what)).await?;
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if kind.contains("html") {
            let said = format!("{what}: a web page instead of a log");
            return Err(Problem::new(ProblemKind::Unreadable, said).hint("is something between here and the API server?"));
        }
        Ok(TextLines {
            body: response.into_body(),
            cutter: LineCutter::default(),
            silence: self.silence,
            what: what.to_owned(),
            left: most,
            over: false,
        })
    }
}

/// The lines of a text that goes on.
pub(super) struct TextLines {
    body: Body,
    cutter: LineCutter,
    silence: Duration,
    what: String,
    /// How many more bytes are read; without end where there is no limit.
    left: Option<u64>,
    over: bool,
}

impl TextLines {
    /// Whether as much was read as was to be read: there may be more.
    pub fn capped(&self) -> bool {
        self.left == Some(0)
    }

    /// The next line; `None` when the server ended the answer, or the limit is reached.
    pub async fn next(&mut self) -> Result<Option<String>, Problem> {
        loop {
            if let Some(line) = self.cutter.next() {
                return Ok(Some(line));
            }
            if self.over {
                return Ok(self.cutter.rest());
            }
            let frame = tokio::time::timeout(self.silence, self.body.frame()).await.map_err(|_| {
                let said = format!("{}: nothing was heard for {} s", self.what, self.silence.as_secs_f32());
                Problem::new(ProblemKind::Timeout, said)
            })?;
            match frame {
                None => self.over = true,
                Some(frame) => {
                    let frame = frame.map_err(|e| cut(&e, &self.what))?;
                    if let Some(data) = frame.data_ref() {
                        self.cutter.push(data);
                        // The server was asked for no more either; not every one that answers in its place listens.
                        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                        self.over |= self.capped();
                    }
                }
            }
        }
    }
}

fn runs_program(config: &Config) -> bool {
    config.auth_info.exec.is_some()
}

fn request(path: &str, accept: &str, what: &str) -> Result<Request<Vec<u8>>, Problem> {
    // The path is made of checked names; a failure here is a fault of ours.
    Request::get(path)
        .header(header::ACCEPT, accept)
        .body(Vec::new())
        .map_err(|e| Problem::new(ProblemKind::Internal, format!("{what}: {e}")))
}

async fn in_time<T>(limit: Duration, what: &str, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(Problem::new(ProblemKind::Timeout, format!("{what}: no answer within {} s", limit.as_secs_f32())))
    })
}

/// A body up to `cap` bytes.
async fn collect(mut body: Body, cap: usize, what: &str) -> Result<Bytes, Problem> {
    let mut out = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| cut(&e, what))?;
        if let Some(data) = frame.data_ref() {
            if out.len() + data.len() > cap {
                return Err(too_large(cap, what));
            }
            out.extend_from_slice(data);
        }
    }
    Ok(out.freeze())
}

/// An answer that broke off. Whatever broke it, the server had begun to answer.
fn cut(error: &kube::Error, what: &str) -> Problem {
    let mut problem = fault::of_error(error, what);
    if problem.kind == ProblemKind::Unreachable {
        problem.kind = ProblemKind::Server;
        problem.hint = None;
    }
    problem
}

fn too_large(cap: usize, what: &str) -> Problem {
    Problem::new(ProblemKind::Unreadable, format!("{what}: the answer is larger than {} MiB", cap >> 20))
}

/// The lines of an answer that goes on.
pub(super) struct Lines {
    body: Body,
    held: BytesMut,
    /// How far `held` is known to have no line end.
    scanned: usize,
    silence: Duration,
    what: String,
}

impl Lines {
    /// The next line; `None` when the server ended the answer. A line that was cut off is dropped.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            if let Some(end) = self.held[self.scanned..].iter().position(|b| *b == b'\n') {
                let line = self.held.split_to(self.scanned + end).freeze();
                self.held.advance(1);
                self.scanned = 0;
                if line.is_empty() {
                    continue;
                }
                return Ok(Some(line));
            }
            self.scanned = self.held.len();
            let frame = tokio::time::timeout(self.silence, self.body.frame()).await.map_err(|_| {
                let said = format!("{}: nothing was heard for {} s", self.what, self.silence.as_secs_f32());
                Problem::new(ProblemKind::Timeout, said)
            })?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|e| cut(&e, &self.what))?;
            if let Some(data) = frame.data_ref() {
                if self.held.len() + data.len() > CAP {
                    return Err(too_large(CAP, &self.what));
                }
                self.held.extend_from_slice(data);
            }
        }
    }
}
