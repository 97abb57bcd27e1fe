//! The contract of `Workloads::watch` and of the acting half, against a server that says what the test wants.
//!
//! The server is hyper on loopback, so the real client, its time-outs and its reading of broken answers are in play.
//! The clock does not wait: every back-off is noted and over at once.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture, stream};
use gonogo::{
    config::ClusterConnection,
    domain::{
        ArmName, Change, ChangeTarget, ClusterUpdate, ContainerLog, Deployment, LogNews, LogOrigin, ObjectKey, ObjectKind,
        Problem, ProblemKind, Route, Settled, SourceUpdate, Update,
    },
    provider::{
        kube::{self, KubeCluster},
        role::{LogSink, Sink, Timer, Workloads},
    },
};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Frame, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// What the server says once.
#[derive(Clone)]
enum Say {
    /// This status and JSON.
    Json(u16, Value),
    /// JSON with a Retry-After.
    Later(u16, &'static str),
    /// A page of something in between.
    Html,
    /// The beginning of an answer, then a cut connection.
    Cut(&'static str),
    /// These lines; then the end, or with `true` silence.
    Lines(Vec<Value>, bool),
    /// A line as it is, then silence.
    Raw(&'static str),
    /// Plain text, as a log comes; then the end, or with `true` silence.
    Text(&'static str, bool),
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A scripted API server: queues of answers by plural and verb (`list`, `watch`, `get`, `patch`). With an empty queue a
/// list is empty, a watch is silent, and anything else is 404.
#[derive(Default)]
struct Script {
    answers: Mutex<HashMap<(String, &'static str), VecDeque<Say>>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn answer(&self, method: &http::Method, path: &str, query: &str) -> http::Response<Body> {
        self.asked.lock().unwrap().push(format!("{method} {path}?{query}"));
        let parts: Vec<&str> = path.split('/').collect();
        let at = parts.iter().position(|p| *p == "namespaces").unwrap() + 2;
        let verb = match (method.as_str(), parts.len() > at + 1, query.contains("watch=true")) {
            ("PATCH", ..) => "patch",
            (_, true, _) => "get",
            (_, _, true) => "watch",
            _ => "list",
        };
        let next = self.answers.lock().unwrap().get_mut(&(parts[at].to_owned(), verb)).and_then(VecDeque::pop_front);
        let say = next.unwrap_or_else(|| match verb {
            "list" => list("1", &[]),
            "watch" => Say::Lines(vec![], true),
            _ => Say::Json(404, json!({"kind": "Status", "code": 404, "message": "not found"})),
        });
        let mut response = http::Response::builder().header("content-type", "application/json");
        let whole = |body: String| body_of(vec![Ok(Bytes::from(body))], false);
        let body = match say {
            Say::Json(status, value) => {
                response = response.status(status);
                whole(value.to_string())
            }
            Say::Later(status, after) => {
                response = response.status(status).header("retry-after", after);
                whole("{}".into())
            }
            Say::Html => {
                return http::Response::builder().header("content-type", "text/html").body(whole("<html>".into())).unwrap();
            }
            Say::Cut(begun) => {
                // hyper sends what it holds when the body has nothing more for now, and drops it on an error.
                let broken = stream::once(async {
                    tokio::task::yield_now().await;
                    Err(io::Error::other("cut"))
                });
                let pieces = stream::iter([Ok(Bytes::from(begun))]).chain(broken);
                StreamBody::new(pieces.map(|p| p.map(Frame::data))).boxed_unsync()
            }
            Say::Lines(lines, open) => body_of(lines.iter().map(|l| Ok(format!("{l}\n").into())).collect(), open),
            Say::Raw(line) => body_of(vec![Ok(line.into())], true),
            Say::Text(text, open) => {
                let body = body_of(vec![Ok(text.into())], open);
                return http::Response::builder().header("content-type", "text/plain").body(body).unwrap();
            }
        };
        response.body(body).unwrap()
    }
}

fn body_of(pieces: Vec<io::Result<Bytes>>, open: bool) -> Body {
    let rest = if open { stream::pending().left_stream() } else { stream::empty().right_stream() };
    StreamBody::new(stream::iter(pieces).chain(rest).map(|p| p.map(Frame::data))).boxed_unsync()
}

/// A clock whose waits are noted and over at once.
#[derive(Default)]
struct Hasty(Mutex<Vec<Duration>>);

impl Timer for Hasty {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(duration);
        Box::pin(tokio::task::yield_now())
    }
}

struct World {
    script: Arc<Script>,
    clock: Arc<Hasty>,
    cluster: Arc<KubeCluster>,
    updates: mpsc::Receiver<SourceUpdate>,
    _folder: tempfile::TempDir,
    tasks: tokio::task::JoinSet<()>,
}

/// A cluster whose server answers by `answers`, and, unless `still`, a watch on it.
async fn world(namespaces: &[&str], answers: &[(&str, &'static str, Vec<Say>)], still: bool) -> World {
    let script = Arc::new(Script::default());
    for (plural, verb, says) in answers {
        script.answers.lock().unwrap().insert(((*plural).to_owned(), *verb), says.iter().cloned().collect());
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = tokio::task::JoinSet::new();
    let served = Arc::clone(&script);
    tasks.spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            let served = Arc::clone(&served);
            connections.spawn(async move {
                let answer = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let response =
                        served.answer(request.method(), request.uri().path(), request.uri().query().unwrap_or_default());
                    async move { Ok::<_, Infallible>(response) }
                });
                http1::Builder::new().serve_connection(TokioIo::new(tcp), answer).await.ok();
            });
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let text = json!({"apiVersion": "v1", "kind": "Config", "current-context": "one",
        "clusters": [{"name": "k", "cluster": {"server": format!("http://127.0.0.1:{port}/k8s")}}],
        "contexts": [{"name": "one", "context": {"cluster": "k", "user": "u", "namespace": "shop"}}],
        "users": [{"name": "u", "user": {}}]});
    std::fs::write(&file, text.to_string()).unwrap();
    let connection = connection(Some(file), namespaces);
    let clock = Arc::new(Hasty::default());
    let cluster = Arc::new(kube::connect(&connection, Arc::clone(&clock) as Arc<dyn Timer>).await.unwrap());
    let (sink, updates) = Sink::new();
    if !still {
        let cluster = Arc::clone(&cluster);
        tasks.spawn(async move { cluster.watch(sink).await });
    }
    World { script, clock, cluster, updates, _folder: folder, tasks }
}

fn connection(kubeconfig: Option<std::path::PathBuf>, namespaces: &[&str]) -> ClusterConnection {
    ClusterConnection {
        name: "eu-1".parse().unwrap(),
        kubeconfig,
        context: None,
        server: None,
        namespaces: namespaces.iter().map(|n| (*n).into()).collect(),
    }
}

impl World {
    /// The next update that `pick` wants.
    async fn next<T>(&mut self, pick: impl Fn(SourceUpdate) -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Some(hit) = pick(self.updates.recv().await.expect("the watch goes on")) {
                    return hit;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("an update in time")
    }

    /// The next update of the Deployments, in short; signs of life are left out.
    async fn deployments(&mut self) -> String {
        self.next(|u| match u {
            SourceUpdate::Cluster(_, ClusterUpdate::Deployments(Update::Alive)) => None,
            SourceUpdate::Cluster(_, ClusterUpdate::Deployments(u)) => Some(short(&u)),
            _ => None,
        })
        .await
    }

    fn asked(&self, part: &str) -> Vec<String> {
        self.script.asked.lock().unwrap().iter().filter(|a| a.contains(part)).cloned().collect()
    }

    fn waited(&self) -> Vec<u64> {
        self.clock.0.lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

/// `= a:1 b:2` a list with versions, `+ a:1`, `- a`, `! Kind`.
fn short(update: &Update<Deployment>) -> String {
    let name = |d: &Deployment| format!(" {}:{}", d.workload.meta.key.name, d.workload.meta.resource_version);
    match update {
        Update::Replace(rows) => format!("={}", rows.iter().map(name).collect::<String>()),
        Update::Upsert(row) => format!("+{}", name(row)),
        Update::Remove(key) => format!("- {}", key.name),
        Update::Alive => "alive".into(),
        Update::Trouble(p) => format!("! {:?}", p.kind),
    }
}

fn object(name: &str, version: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("u-{name}"), "resourceVersion": version}, "spec": {}})
}

fn list(version: &str, items: &[Value]) -> Say {
    Say::Json(200, json!({"kind": "List", "metadata": {"resourceVersion": version}, "items": items}))
}

fn page(next: &str, items: &[Value]) -> Say {
    Say::Json(200, json!({"kind": "List", "metadata": {"resourceVersion": "5", "continue": next}, "items": items}))
}

fn event(kind: &str, object: Value) -> Value {
    json!({"type": kind, "object": object})
}

fn gone() -> Value {
    event("ERROR", json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (3494)"}))
}

fn status(code: u16, message: &str) -> Say {
    Say::Json(code, json!({"kind": "Status", "status": "Failure", "code": code, "message": message}))
}

#[tokio::test]
async fn pages_are_one_list_and_events_follow_from_its_version() {
    let events = vec![event("ADDED", object("c", "6")), event("DELETED", object("a", "7"))];
    let mut w = world(
        &["shop"],
        &[
            ("deployments", "list", vec![page("to/ken==", &[object("a", "1")]), list("5", &[object("b", "2")])]),
            ("deployments", "watch", vec![Say::Lines(events, true)]),
        ],
        false,
    )
    .await;
    assert_eq!(w.deployments().await, "= a:1 b:2");
    // Both come in one telling, in the order of their names.
    assert_eq!((w.deployments().await, w.deployments().await), ("- a".into(), "+ c:6".into()));
    let asked = w.asked("/deployments");
    assert!(asked[0].starts_with("GET /k8s/apis/apps/v1/namespaces/shop/deployments?limit=500"), "{asked:?}");
    assert!(asked[1].ends_with("&continue=to%2Fken%3D%3D"), "{asked:?}");
    assert!(asked[2].contains("watch=true&allowWatchBookmarks=true") && asked[2].ends_with("resourceVersion=5"), "{asked:?}");
}

#[tokio::test]
async fn a_bookmark_is_life_and_moves_the_version() {
    let bookmark = event("BOOKMARK", json!({"kind": "Pod", "metadata": {"resourceVersion": "77"}, "spec": {"containers": null}}));
    let mut w = world(&["shop"], &[("pods", "watch", vec![Say::Lines(vec![bookmark], false)])], false).await;
    w.next(|u| matches!(u, SourceUpdate::Cluster(_, ClusterUpdate::Pods(Update::Alive))).then_some(())).await;
    // The watch ended; it goes on from the bookmark, without a list or trouble in between.
    while !w.asked("/pods").iter().any(|a| a.ends_with("resourceVersion=77")) {
        tokio::task::yield_now().await;
    }
    assert_eq!(w.asked("/pods?limit").len(), 1);
}

#[tokio::test]
async fn an_expired_history_is_a_fresh_list_and_no_trouble() {
    let mut w = world(
        &["shop"],
        &[
            ("deployments", "list", vec![list("5", &[object("a", "1")]), list("9", &[object("b", "8")])]),
            ("deployments", "watch", vec![Say::Lines(vec![gone()], false)]),
        ],
        false,
    )
    .await;
    assert_eq!(w.deployments().await, "= a:1");
    assert_eq!(w.deployments().await, "= b:8", "swapped in at once");
}

#[tokio::test]
async fn a_history_that_always_expires_is_trouble() {
    let lists = (0..3).map(|_| list("5", &[])).collect();
    let watches = (0..2).map(|_| Say::Lines(vec![gone()], false)).collect();
    let mut w = world(&["shop"], &[("deployments", "list", lists), ("deployments", "watch", watches)], false).await;
    w.next(|u| {
        matches!(u, SourceUpdate::Cluster(_, ClusterUpdate::Deployments(Update::Trouble(p))) if p.kind == ProblemKind::Expired)
            .then_some(())
    })
    .await;
    assert_eq!(w.deployments().await, "=");
}

#[tokio::test]
async fn a_watch_that_is_cut_goes_on_where_it_was() {
    let first = Say::Cut(
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\",\"uid\":\"u\",\"resourceVersion\":\"6\"},\"spec\":{}}}\n{\"type\":\"ADD",
    );
    let then = Say::Lines(vec![event("MODIFIED", object("a", "7"))], true);
    let mut w = world(&["shop"], &[("deployments", "watch", vec![first, then])], false).await;
    assert_eq!(w.deployments().await, "=");
    let mut last = w.deployments().await;
    if last == "+ a:6" {
        last = w.deployments().await;
    }
    assert_eq!(last, "+ a:7");
    assert_eq!(w.asked("/deployments?limit").len(), 1, "no list in between");
    assert!(w.asked("/deployments?watch")[1].ends_with("resourceVersion=6"));
}

#[tokio::test]
async fn a_watch_that_is_cut_again_and_again_is_trouble() {
    let cuts = (0..3).map(|_| Say::Lines(vec![], false)).collect();
    let mut w = world(&["shop"], &[("deployments", "watch", cuts)], false).await;
    assert_eq!(
        (w.deployments().await, w.deployments().await, w.deployments().await),
        ("=".into(), "! Server".into(), "=".into())
    );
}

#[tokio::test]
async fn faults_have_kinds_and_the_list_after_them_is_fresh() {
    let forbidden = r#"deployments.apps is forbidden: User "mallory" cannot list resource "deployments""#;
    for (say, kind) in [
        (status(401, "Unauthorized"), ProblemKind::Auth),
        (status(403, forbidden), ProblemKind::Forbidden),
        (status(404, "the server could not find the requested resource"), ProblemKind::NotFound),
        (status(500, "etcd"), ProblemKind::Server),
        (Say::Later(429, "7"), ProblemKind::RateLimited),
        (Say::Html, ProblemKind::Unreadable),
        (Say::Json(200, json!({"hello": "world"})), ProblemKind::Unreadable),
        (Say::Json(200, json!([])), ProblemKind::Unreadable),
        (Say::Cut("{\"kind\":\"List\",\"items\":["), ProblemKind::Server),
    ] {
        let mut w = world(&["shop"], &[("deployments", "list", vec![say, list("5", &[object("a", "1")])])], false).await;
        let problem: Problem = w
            .next(
                |u| if let SourceUpdate::Cluster(_, ClusterUpdate::Deployments(Update::Trouble(p))) = u { Some(p) } else { None },
            )
            .await;
        assert_eq!(problem.kind, kind, "{problem}");
        if kind == ProblemKind::Forbidden {
            assert!(problem.what.as_str().contains("cannot list resource"), "{problem}");
        }
        if kind == ProblemKind::RateLimited {
            assert_eq!(problem.until, Some(Timestamp::from_second(7).unwrap()));
        }
        assert_eq!(w.deployments().await, "= a:1", "after {kind:?}");
        if kind == ProblemKind::RateLimited {
            assert!(w.waited().contains(&7), "as long as the server asked for");
        }
    }
}

#[tokio::test]
async fn a_watch_may_be_forbidden_where_a_list_is_not() {
    let mut w = world(&["shop"], &[("deployments", "watch", vec![status(403, "cannot watch")])], false).await;
    assert_eq!((w.deployments().await, w.deployments().await), ("=".into(), "! Forbidden".into()));
}

#[tokio::test]
async fn garbage_in_a_watch_is_trouble_and_a_fresh_list() {
    for line in [
        "<html>\n",
        "{\"type\":\"DANCED\",\"object\":{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\",\"resourceVersion\":\"3\"}}}\n",
        "{\"type\":\"ADDED\",\"object\":{}}\n",
    ] {
        let mut w = world(&["shop"], &[("deployments", "watch", vec![Say::Raw(line)])], false).await;
        assert_eq!(w.deployments().await, "=");
        assert_eq!(w.deployments().await, "! Unreadable", "{line}");
        assert_eq!(w.deployments().await, "=");
    }
}

#[tokio::test]
async fn a_kind_that_is_not_installed_is_asked_for_once_a_minute() {
    let missing = || status(404, "the server could not find the requested resource");
    let mut w = world(&["shop"], &[("rollouts", "list", vec![missing()])], false).await;
    let kind = w
        .next(|u| if let SourceUpdate::Cluster(_, ClusterUpdate::Rollouts(Update::Trouble(p))) = u { Some(p.kind) } else { None })
        .await;
    assert_eq!(kind, ProblemKind::NotInstalled);
    w.next(|u| matches!(u, SourceUpdate::Cluster(_, ClusterUpdate::Rollouts(Update::Replace(_)))).then_some(())).await;
    assert!(w.waited().contains(&60));
}

#[tokio::test]
async fn a_forbidden_kind_of_route_degrades_its_section_only() {
    let no = || status(403, "httproutes is forbidden");
    let route = json!({"metadata": object("cart", "3")["metadata"], "spec": {"weighted": {"services": [{"name": "cart"}]}}});
    let odd = json!({"metadata": object("odd", "4")["metadata"], "spec": {}});
    let answers = [("httproutes", "list", vec![no(), no(), no()]), ("traefikservices", "list", vec![list("5", &[route, odd])])];
    let mut w = world(&["shop"], &answers, false).await;
    let (mut forbidden, mut rows) = (None, None);
    while forbidden.is_none() || rows.is_none() {
        let heard = w.next(|u| match u {
            SourceUpdate::Cluster(_, ClusterUpdate::HttpRoutes(Update::Trouble(p))) => Some(Err(p.kind)),
            SourceUpdate::Cluster(_, ClusterUpdate::TraefikServices(Update::Replace(all))) => Some(Ok(all)),
            _ => None,
        });
        match heard.await {
            Err(kind) => forbidden = Some(kind),
            Ok(all) => rows = Some(all),
        }
    }
    assert_eq!(forbidden, Some(ProblemKind::Forbidden));
    let names: Vec<_> = rows.iter().flatten().map(|r| r.meta.key.name.to_string()).collect();
    assert_eq!(names, ["cart"], "one that cannot be read is left out, the others stay");
}

#[tokio::test]
async fn an_older_istio_serves_an_older_version() {
    let route = json!({"metadata": object("payment", "3")["metadata"],
        "spec": {"http": [{"route": [{"destination": {"host": "payment-canary"}, "weight": 20}, {"destination": {"host": "payment"}, "weight": 80}]}]}});
    let answers = vec![status(404, "not found"), list("5", &[route])];
    let mut w = world(&["shop"], &[("virtualservices", "list", answers)], false).await;
    let rows: Vec<Route> = w
        .next(|u| match u {
            SourceUpdate::Cluster(_, ClusterUpdate::VirtualServices(Update::Replace(rows))) => Some(rows),
            SourceUpdate::Cluster(_, ClusterUpdate::VirtualServices(u)) => panic!("{u:?}"),
            _ => None,
        })
        .await;
    let canary = ArmName { service: Some("payment-canary".into()), subset: None };
    assert_eq!(rows[0].share(&[], &canary).map(|s| s.percent()), Some(20.0));
    while w.asked("/virtualservices?watch").is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(
        w.asked("/virtualservices?watch")[0].contains("/networking.istio.io/v1beta1/"),
        "the watch asks the version that answered"
    );
}

#[tokio::test]
async fn one_unreadable_object_is_left_out_and_its_neighbours_stay() {
    let odd = json!({"metadata": object("odd", "3")["metadata"], "spec": {"replicas": "three"}});
    let hostile = object("pay\u{202e}ment", "4");
    let escape = object("\u{1b}[2J", "4");
    let first = list("5", &[object("a", "1"), odd.clone(), hostile.clone(), escape, object("b", "2")]);
    // `a` takes a shape that cannot be read: its old row must not stay as if it were current.
    let events =
        vec![event("MODIFIED", hostile), event("MODIFIED", json!({"metadata": object("a", "6")["metadata"], "spec": 7}))];
    let mut w = world(
        &["shop"],
        &[("deployments", "list", vec![first]), ("deployments", "watch", vec![Say::Lines(events, true)])],
        false,
    )
    .await;
    assert_eq!(w.deployments().await, "= a:1 b:2");
    assert_eq!(w.deployments().await, "- a");

    let mut w = world(&["shop"], &[("deployments", "list", vec![list("5", &[odd])])], false).await;
    assert_eq!(w.deployments().await, "! Unreadable", "where none can be read, the shape is not understood");
}

#[tokio::test]
async fn a_flood_is_told_as_its_last_word() {
    let events: Vec<Value> = (10..400).map(|v| event("MODIFIED", object("a", &v.to_string()))).collect();
    let mut w = world(&["shop"], &[("deployments", "watch", vec![Say::Lines(events, true)])], false).await;
    assert_eq!(w.deployments().await, "=");
    let mut told = 1;
    while w.deployments().await != "+ a:399" {
        told += 1;
    }
    assert!(told < 60, "{told} updates for 390 changes");
}

#[tokio::test]
async fn several_namespaces_are_swapped_in_together() {
    let mut w =
        world(&["shop", "pay"], &[("deployments", "list", vec![list("5", &[]), status(403, "no"), list("6", &[])])], false).await;
    let mut seen = vec![w.deployments().await];
    while seen.last().unwrap() != "=" {
        seen.push(w.deployments().await);
    }
    assert_eq!(seen, ["! Forbidden", "="]);
    assert_eq!((w.asked("/shop/deployments?limit").is_empty(), w.asked("/pay/deployments?limit").is_empty()), (false, false));
}

fn target(kind: ObjectKind) -> ChangeTarget {
    ChangeTarget { cluster: "eu-1".parse().unwrap(), kind, key: ObjectKey::new("shop", "payment").unwrap() }
}

#[tokio::test]
async fn a_look_reads_the_state_and_for_an_abort_the_route() {
    let rollout = json!({"metadata": {"name": "payment", "namespace": "shop", "uid": "u", "resourceVersion": "9", "generation": 2},
        "spec": {"strategy": {"canary": {"canaryService": "payment-canary", "trafficRouting": {"istio": {"virtualService": {"name": "payment"}}}}}},
        "status": {"observedGeneration": "2", "phase": "Degraded", "abort": true, "currentStepIndex": 0}});
    let route = |weight: u32| {
        json!({"metadata": object("payment", "3")["metadata"], "spec": {"http": [{"route": [
            {"destination": {"host": "payment-canary"}, "weight": weight}, {"destination": {"host": "payment"}, "weight": 100 - weight}]}]}})
    };
    let w = world(
        &["shop"],
        &[
            ("rollouts", "get", vec![Say::Json(200, rollout.clone()), Say::Json(200, rollout)]),
            ("virtualservices", "get", vec![Say::Json(200, route(20)), Say::Json(200, route(0))]),
        ],
        true,
    )
    .await;
    let (seen, settled) = w.cluster.look(&target(ObjectKind::Rollout), &Change::Abort, "t.r1").await.unwrap();
    assert_eq!((&*seen.uid, &*seen.resource_version, seen.rollout.step), ("u", "9", Some(0)));
    assert_eq!(settled, Settled::NotYet("the route still sends 20 % to the canary".into()), "the phase alone proves nothing");
    let (_, settled) = w.cluster.look(&target(ObjectKind::Rollout), &Change::Abort, "t.r1").await.unwrap();
    assert_eq!(settled, Settled::Reached);
    let problem = w.cluster.look(&target(ObjectKind::Deployment), &Change::Pause, "t.r1").await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::NotFound);
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_is_sent_once() {
    let stale = Say::Json(409, json!({"kind": "Status", "code": 409, "message": "the object has been modified"}));
    let answers = vec![Say::Json(200, object("payment", "41")), stale, Say::Later(503, "1")];
    let w = world(
        &["shop"],
        &[("deployments", "get", vec![Say::Json(200, object("payment", "41"))]), ("deployments", "patch", answers)],
        true,
    )
    .await;
    let target = target(ObjectKind::Deployment);
    let (seen, settled) = w.cluster.look(&target, &Change::Pause, "t.r1").await.unwrap();
    assert_eq!(settled, Settled::Absent("it is not paused".into()));
    let request = &w.cluster.render(&target, &Change::Pause, &seen).unwrap()[0];
    let receipt = w.cluster.dry_run(&target, request, "t.r2").await.unwrap();
    assert_eq!((receipt.status, receipt.resource_version.as_deref()), (200, Some("41")));
    let problem = w.cluster.dry_run(&target, request, "t.r2").await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Conflict);
    let problem = w.cluster.dry_run(&target, request, "t.r2").await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Server);
    let sent = w.asked("PATCH");
    assert_eq!(sent.len(), 3, "a client that repeats a write on its own would have sent more: {sent:?}");
    assert!(sent.iter().all(|s| s.ends_with("?fieldManager=gonogo&dryRun=All")), "{sent:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let mut w = world(&["shop"], &[], true).await;
    w.tasks.shutdown().await;
    let problem = w.cluster.look(&target(ObjectKind::Deployment), &Change::Pause, "t.r1").await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Unreachable, "{problem}");
}

#[tokio::test]
async fn a_kubeconfig_is_asked_by_context_and_by_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let cluster = |name: &str, server: &str| json!({"name": name, "cluster": {"server": server}});
    let context = |name: &str, cluster: &str| json!({"name": name, "context": {"cluster": cluster, "user": "u"}});
    let text = json!({"apiVersion": "v1", "kind": "Config", "current-context": "stg",
        "clusters": [cluster("eu", "https://eu.k8s.acme.example:443/"), cluster("stg", "https://stg.k8s.acme.example")],
        "contexts": [context("eu-me", "eu"), context("eu-admin", "eu"), context("stg", "stg"), context("broken", "nowhere")],
        "users": [{"name": "u", "user": {"token": "very-secret"}}]});
    std::fs::write(&file, text.to_string()).unwrap();
    let contexts = kube::contexts(Some(&file)).unwrap().unwrap();
    assert_eq!(contexts.current().map(|c| (c.name.as_str(), c.namespace.as_str())), Some(("stg", "default")));
    let timer = || Arc::new(Hasty::default()) as Arc<dyn Timer>;
    let base = connection(Some(file), &["shop"]);
    let asks = |context: Option<&str>, server: Option<&str>| ClusterConnection {
        context: context.map(Into::into),
        server: server.map(Into::into),
        ..base.clone()
    };
    for good in [asks(None, None), asks(Some("eu-me"), None), asks(None, Some("https://STG.k8s.acme.example/"))] {
        kube::connect(&good, timer()).await.unwrap();
    }
    for (bad, part) in [
        (asks(Some("prod"), None), "it has eu-me, eu-admin, stg, broken"),
        (asks(None, Some("https://us.k8s.acme.example")), "it has eu-me, eu-admin, stg, broken"),
        (asks(None, Some("https://eu.k8s.acme.example")), "eu-me, eu-admin"),
        (asks(Some("broken"), None), "nowhere"),
        (ClusterConnection { namespaces: vec!["Shop".into()], ..asks(None, None) }, "Shop"),
        (ClusterConnection { kubeconfig: Some(folder.path().join("absent")), ..asks(None, None) }, "absent"),
    ] {
        let problem = kube::connect(&bad, timer()).await.unwrap_err();
        let text = format!("{problem} {:?}", problem.hint);
        assert_eq!(problem.kind, ProblemKind::Config, "{text}");
        assert!(text.contains(part) && !text.contains("very-secret"), "{text}");
    }
}

fn container(follow: bool) -> ContainerLog {
    let origin = LogOrigin::Pod {
        cluster: "eu-1".parse().unwrap(),
        namespace: "shop".into(),
        pod: "payment-1".into(),
        container: Some("payment".into()),
        arm: None,
    };
    let since = Some(jiff::SignedDuration::from_secs(60));
    ContainerLog { origin: Arc::new(origin), previous: false, since, follow, tail: Some(5) }
}

/// The first `count` pieces of a log, and how it ended if it did.
async fn read_log(w: &World, follow: bool, count: usize) -> (Vec<String>, Option<Result<(), Problem>>) {
    let (sink, mut news) = LogSink::new();
    let ask = container(follow);
    let mut reading = Box::pin(w.cluster.log(&ask, sink));
    let (mut out, mut ended) = (vec![], None);
    let wait = async {
        while out.len() < count {
            tokio::select! {
                biased;
                Some(piece) = news.recv() => out.push(match piece {
                    LogNews::Line(line) => format!("{:?} {}", line.level, line.text),
                    LogNews::Trouble(source, problem) => format!("{source}! {:?}", problem.kind),
                    other => format!("{other:?}"),
                }),
                end = &mut reading, if ended.is_none() => ended = Some(end),
                else => break,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the log in time");
    (out, ended)
}

#[tokio::test]
async fn a_log_goes_on_after_a_cut_and_a_restart_without_a_line_twice() {
    let answers = vec![
        Say::Cut(
            "2026-03-10T09:00:01.5Z level=info one\n2026-03-10T09:00:02.1Z two\n2026-03-10T09:00:02.1Z two again\n2026-03-10T09:00:03Z thr",
        ),
        // The server repeats from the second on.
        Say::Text("2026-03-10T09:00:02.1Z two\n2026-03-10T09:00:02.1Z two again\n2026-03-10T09:00:03Z three\n", false),
        // The container has ended; its next one is not there yet.
        status(400, "container \"payment\" in pod \"payment-1\" is waiting to start: CrashLoopBackOff"),
        Say::Text("2026-03-10T09:00:03Z three\n2026-03-10T09:00:09Z four\n", true),
    ];
    let w = world(&["shop"], &[("pods", "get", answers)], true).await;
    let (out, ended) = read_log(&w, true, 6).await;
    let want = ["Info level=info one", "Plain two", "Plain two again", "Plain three", "1! Invalid", "Plain four"];
    assert_eq!((out.as_slice(), ended.is_none()), (&want.map(str::to_owned)[..], true));
    let asked = w.asked("GET");
    assert!(
        asked[0].ends_with(
            "/namespaces/shop/pods/payment-1/log?timestamps=true&container=payment&sinceSeconds=60&tailLines=5&follow=true"
        ),
        "{asked:?}"
    );
    assert!(asked[1].ends_with("&sinceTime=2026-03-10T09%3A00%3A02.1Z&follow=true"), "{asked:?}");
    assert!(asked[3].ends_with("&sinceTime=2026-03-10T09%3A00%3A03Z&follow=true"), "{asked:?}");
}

#[tokio::test]
async fn a_log_that_is_read_once_ends_well_or_says_why_not() {
    let text =
        "2026-03-10T09:00:01Z \u{1b}[31mred\u{1b}[0m \u{1b}[2J\u{202e}x\nno time\n2026-03-10T09:00:02Z last without an end";
    let w = world(&["shop"], &[("pods", "get", vec![Say::Text(text, false)])], true).await;
    let (out, ended) = read_log(&w, false, 9).await;
    assert_eq!(out, ["Plain red \u{fffd}[2J\u{fffd}x", "Plain no time", "Plain last without an end"]);
    assert_eq!(ended, Some(Ok(())));
    assert!(w.asked("GET")[0].ends_with("&tailLines=5&limitBytes=67108864"));
    for (say, follow, kind) in [
        (status(403, "pods \"payment-1\" is forbidden"), true, ProblemKind::Forbidden),
        (status(404, "pods \"payment-1\" not found"), true, ProblemKind::NotFound),
        (status(400, "previous terminated container \"payment\" not found"), false, ProblemKind::Invalid),
        (Say::Later(429, "1"), false, ProblemKind::RateLimited),
        (Say::Later(503, "1"), false, ProblemKind::Server),
        (Say::Html, false, ProblemKind::Unreadable),
        (Say::Cut("2026-03-10T09:00:01Z one\n2026-03-10T09:00:02Z tw"), false, ProblemKind::Server),
    ] {
        let w = world(&["shop"], &[("pods", "get", vec![say])], true).await;
        let (out, ended) = read_log(&w, follow, 9).await;
        let problem = ended.unwrap().unwrap_err();
        assert_eq!(problem.kind, kind, "{problem}");
        assert!(out.iter().all(|line| line == "Plain one"), "what is cut is not told as whole: {out:?}");
    }
}
