//! A front before a system that makes of its answers what a test wants: one way to every fault, whatever stands behind.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Frame, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// What stands behind.
#[derive(Clone)]
pub enum Behind {
    /// A running system: its base address, and the client that reaches it.
    System(String, reqwest::Client),
    /// Answers as they were recorded, by path and query; `None` is 404.
    Recorded(fn(&str) -> Option<Value>),
}

impl Behind {
    /// A system at `base` that speaks plain HTTP.
    pub fn plain(base: &str) -> Self {
        // The same TLS as the program's; none is spoken here.
        rustls::crypto::ring::default_provider().install_default().ok();
        Self::System(base.to_owned(), reqwest::Client::builder().no_proxy().build().unwrap())
    }
}

/// What becomes of an answer.
#[derive(Clone)]
pub enum Fault {
    /// Not even asked: this status, these headers, this body.
    Say(u16, Vec<(&'static str, String)>, &'static str),
    /// Broken off in the middle of the body.
    Cut,
    /// 100 MB of an answer that does not end.
    Huge,
    /// Sent on to another host, which notes whom it was sent.
    Elsewhere,
    /// Never.
    Never,
    /// JSON, changed.
    Changed(fn(&mut Value)),
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Which requests meet which fault: those that contain the first word and not the second, unless that is empty.
pub type Rule = (&'static str, &'static str, Fault);

#[derive(Default)]
struct Rules {
    /// Requests whose path and query contain a rule's first word and not its second meet its fault.
    faults: Vec<Rule>,
    /// How many requests met the first one.
    met: usize,
}

/// A running front; it ends when dropped.
pub struct Front {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    rules: Arc<Mutex<Rules>>,
    /// Counts up to break open streams.
    breaks: watch::Sender<u64>,
    thief: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

struct Shared {
    behind: Behind,
    rules: Arc<Mutex<Rules>>,
    breaks: watch::Receiver<u64>,
    elsewhere: String,
}

impl Front {
    /// Starts one.
    pub async fn before(behind: Behind) -> Self {
        let (thief, mut tasks) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        let stolen = Arc::clone(&thief);
        let elsewhere = listen(&mut tasks, move |request| {
            // Whatever it is sent: a request is one too many, with a credential or without.
            stolen.fetch_add(1, Ordering::SeqCst);
            drop(request);
            async { http::Response::new(whole("{}")) }
        })
        .await;
        let rules = Arc::<Mutex<Rules>>::default();
        let breaks = watch::Sender::new(0);
        let shared = Arc::new(Shared { behind, rules: Arc::clone(&rules), breaks: breaks.subscribe(), elsewhere });
        let url = listen(&mut tasks, move |request| {
            let shared = Arc::clone(&shared);
            async move { shared.answer(request).await }
        })
        .await;
        Self { url, rules, breaks, thief, _tasks: tasks }
    }

    /// From now on these are the faults.
    pub fn fault(&self, faults: Vec<Rule>) {
        *self.rules.lock().unwrap() = Rules { faults, met: 0 };
    }

    /// No more faults.
    pub fn heal(&self) {
        *self.rules.lock().unwrap() = Rules::default();
    }

    /// Breaks every open stream.
    pub fn break_streams(&self) {
        self.breaks.send_modify(|n| *n += 1);
    }

    /// How many requests met the first of the faults.
    pub fn met(&self) -> usize {
        self.rules.lock().unwrap().met
    }

    /// How many requests arrived at another host.
    pub fn stolen(&self) -> usize {
        self.thief.load(Ordering::SeqCst)
    }
}

async fn listen<F, A>(tasks: &mut JoinSet<()>, answer: F) -> String
where
    F: Fn(http::Request<hyper::body::Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = http::Response<Body>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            let answer = answer.clone();
            connections.spawn(async move {
                let service = service_fn(move |request| {
                    let answer = answer(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await.ok();
            });
        }
    });
    url
}

impl Shared {
    async fn answer(&self, request: http::Request<hyper::body::Incoming>) -> http::Response<Body> {
        let target = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
        // Before the rules are looked at: who asks just before a fault must not miss the break that comes with it.
        let mut breaks = self.breaks.clone();
        breaks.mark_unchanged();
        let fault = {
            let mut rules = self.rules.lock().unwrap();
            let meets = |(path, but, _): &Rule| target.contains(path) && (but.is_empty() || !target.contains(but));
            let index = rules.faults.iter().position(meets);
            rules.met += usize::from(index == Some(0));
            index.map(|index| rules.faults[index].2.clone())
        };
        let json = |status: u16| http::Response::builder().status(status).header("content-type", "application/json");
        match fault {
            Some(Fault::Say(status, headers, body)) => {
                let mut response = http::Response::builder().status(status);
                if !headers.iter().any(|(name, _)| *name == "content-type") {
                    response = response.header("content-type", "application/json");
                }
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(whole(body)).unwrap()
            }
            Some(Fault::Cut) => {
                // hyper sends what it holds when the body has nothing more for now, and drops it on an error.
                let broken = stream::once(async {
                    tokio::task::yield_now().await;
                    Err(io::Error::other("cut"))
                });
                json(200).body(streamed(stream::iter([Ok(Bytes::from_static(b"{\"items\":["))]).chain(broken))).unwrap()
            }
            Some(Fault::Huge) => {
                let piece = Bytes::from(vec![b' '; 1 << 20]);
                json(200).body(streamed(stream::iter((0..100).map(move |_| Ok(piece.clone()))))).unwrap()
            }
            Some(Fault::Elsewhere) => {
                json(302).header("location", format!("{}{target}", self.elsewhere)).body(whole("{}")).unwrap()
            }
            Some(Fault::Never) => std::future::pending().await,
            Some(Fault::Changed(change)) => {
                let (status, body) = self.ask(request, &target, breaks).await;
                let bytes = body.collect().await.unwrap().to_bytes();
                let mut value: Value = serde_json::from_slice(&bytes).unwrap();
                change(&mut value);
                json(status).body(whole(value.to_string())).unwrap()
            }
            None => {
                let (status, body) = self.ask(request, &target, breaks).await;
                json(status).body(body).unwrap()
            }
        }
    }

    /// What stands behind says. Entity tags stay behind: a changed answer must not be taken for the old one.
    async fn ask(
        &self,
        request: http::Request<hyper::body::Incoming>,
        target: &str,
        breaks: watch::Receiver<u64>,
    ) -> (u16, Body) {
        let (base, client) = match &self.behind {
            // A recorded watch tells nothing and stays open.
            Behind::Recorded(_) if target.contains("watch=true") => return (200, guarded(stream::pending(), breaks)),
            Behind::Recorded(answers) => {
                return match answers(target) {
                    Some(value) => (200, whole(value.to_string())),
                    None => (404, whole(r#"{"kind":"Status","code":404,"message":"not found"}"#)),
                };
            }
            Behind::System(base, client) => (base, client),
        };
        let (parts, body) = request.into_parts();
        let mut sent = client.request(parts.method, format!("{base}{target}"));
        for name in ["authorization", "accept", "content-type", "user-agent", "x-github-api-version"] {
            if let Some(value) = parts.headers.get(name) {
                sent = sent.header(name, value);
            }
        }
        let body = body.collect().await.unwrap().to_bytes();
        match sent.body(body).send().await {
            Ok(answer) => (answer.status().as_u16(), guarded(answer.bytes_stream().map_err(io::Error::other), breaks)),
            Err(why) => (502, whole(format!("{{\"message\":\"{why}\"}}"))),
        }
    }
}

/// A body that breaks with the others.
fn guarded(body: impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static, mut breaks: watch::Receiver<u64>) -> Body {
    let broken = stream::once(async move {
        breaks.changed().await.ok();
        Err(io::Error::other("cut"))
    });
    // The body ends as it ends; before that, a break ends it.
    let body = body.map(Some).chain(stream::iter([None]));
    let ends = |piece: &Option<_>| futures::future::ready(piece.is_some());
    streamed(stream::select(body, broken.map(Some)).take_while(ends).filter_map(futures::future::ready))
}

fn whole(body: impl Into<Bytes>) -> Body {
    http_body_util::Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()
}

fn streamed(pieces: impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(pieces.map(|p| p.map(Frame::data))).boxed_unsync()
}
