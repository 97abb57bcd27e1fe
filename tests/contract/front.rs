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
    Recorded(fn(&str) -> Option<Told>),
}

/// A recorded answer.
pub enum Told {
    /// JSON.
    Json(Value),
    /// Text; where it is followed, the answer does not end.
    Text(String),
    /// Sent on to this path.
    Led(&'static str),
}

impl Behind {
    /// A system at `base` that speaks plain HTTP.
    pub fn plain(base: &str) -> Self {
        // The same TLS as the program's; none is spoken here.
        rustls::crypto::ring::default_provider().install_default().ok();
        // Where it leads to is passed on, not followed.
        let redirects = reqwest::redirect::Policy::none();
        Self::System(base.to_owned(), reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap())
    }
}

/// What becomes of an answer.
#[derive(Clone)]
pub enum Fault {
    /// Not even asked: this status, these headers, this body.
    Say(u16, Vec<(&'static str, String)>, &'static [u8]),
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
    thief: Arc<Thief>,
    _tasks: JoinSet<()>,
}

/// The other host.
#[derive(Default)]
struct Thief {
    requests: AtomicUsize,
    /// Requests that carried a credential.
    credentials: AtomicUsize,
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
        let (thief, mut tasks) = (Arc::<Thief>::default(), JoinSet::new());
        let noted = Arc::clone(&thief);
        let elsewhere = listen(&mut tasks, move |request| {
            noted.requests.fetch_add(1, Ordering::SeqCst);
            noted.credentials.fetch_add(usize::from(request.headers().contains_key("authorization")), Ordering::SeqCst);
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
        self.thief.requests.load(Ordering::SeqCst)
    }

    /// How many of those carried a credential.
    pub fn betrayed(&self) -> usize {
        self.thief.credentials.load(Ordering::SeqCst)
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
                let (parts, body) = self.ask(request, &target, breaks).await.into_parts();
                let bytes = body.collect().await.unwrap().to_bytes();
                let mut value: Value = serde_json::from_slice(&bytes).unwrap();
                change(&mut value);
                http::Response::from_parts(parts, whole(value.to_string()))
            }
            None => self.ask(request, &target, breaks).await,
        }
    }

    /// What stands behind says. Entity tags stay behind: a changed answer must not be taken for the old one.
    async fn ask(
        &self,
        request: http::Request<hyper::body::Incoming>,
        target: &str,
        breaks: watch::Receiver<u64>,
    ) -> http::Response<Body> {
        let says = |status: u16, kind: &str| http::Response::builder().status(status).header("content-type", kind);
        let json = |status, text: String| says(status, "application/json").body(whole(text)).unwrap();
        let (base, client) = match &self.behind {
            // A recorded watch tells nothing and stays open.
            Behind::Recorded(_) if target.contains("watch=true") => {
                return says(200, "application/json").body(guarded(stream::pending(), breaks)).unwrap();
            }
            Behind::Recorded(answers) => {
                return match answers(target) {
                    Some(Told::Json(value)) => json(200, value.to_string()),
                    Some(Told::Text(text)) if target.contains("follow=true") => {
                        let text = stream::iter([Ok(Bytes::from(text))]);
                        says(200, "text/plain").body(guarded(text.chain(stream::pending()), breaks)).unwrap()
                    }
                    Some(Told::Text(text)) => says(200, "text/plain").body(whole(text)).unwrap(),
                    Some(Told::Led(path)) => says(302, "text/plain").header("location", path).body(whole("")).unwrap(),
                    None => json(404, r#"{"kind":"Status","code":404,"message":"not found"}"#.to_owned()),
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
            Ok(answer) => {
                let mut response = http::Response::builder().status(answer.status().as_u16());
                for name in ["content-type", "location"] {
                    if let Some(value) = answer.headers().get(name) {
                        response = response.header(name, value);
                    }
                }
                response.body(guarded(answer.bytes_stream().map_err(io::Error::other), breaks)).unwrap()
            }
            Err(why) => json(502, format!("{{\"message\":\"{why}\"}}")),
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
