//! The bed of this run, and the foreign clients that know it.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::ops::Deref;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for something that takes a second or two when the machine is idle.
pub const LIMIT: Duration = Duration::from_secs(150);

static PLAIN: OnceLock<Result<Bed, String>> = OnceLock::new();
static DELIVERY: OnceLock<Result<Bed, String>> = OnceLock::new();
static SKIPPED: AtomicUsize = AtomicUsize::new(0);
static USERS: RwLock<()> = RwLock::new(());

/// What kubectl calls a kind, and where the API server keeps it.
const KEPT: [(&str, &str, &str); 3] = [
    ("deployment", "apis/apps/v1", "deployments"),
    ("rollouts.argoproj.io", "apis/argoproj.io/v1alpha1", "rollouts"),
    ("service", "api/v1", "services"),
];

/// The running bed, as its `bed.json` describes it.
pub struct Bed {
    described: Value,
}

/// The bed for as long as `guard` is held.
pub struct Use<G> {
    bed: &'static Bed,
    _guard: G,
}

impl<G> Deref for Use<G> {
    type Target = Bed;

    fn deref(&self) -> &Bed {
        self.bed
    }
}

/// The bed beside other tests; `None` where it is missing, which has then been said and counted.
pub fn shared() -> Option<Use<RwLockReadGuard<'static, ()>>> {
    let bed = started(&PLAIN, "GONOGO_BED", None)?;
    let guard = USERS.read().unwrap_or_else(PoisonError::into_inner);
    Some(Use { bed, _guard: guard })
}

/// The bed without other tests, for those that kill parts of it.
pub fn alone() -> Option<Use<RwLockWriteGuard<'static, ()>>> {
    let bed = started(&PLAIN, "GONOGO_BED", None)?;
    let guard = USERS.write().unwrap_or_else(PoisonError::into_inner);
    Some(Use { bed, _guard: guard })
}

/// The bed with delivery controllers and traffic, a second one beside the other; `None` where it is missing.
///
/// Its parts are not to be killed.
pub fn delivery() -> Option<&'static Bed> {
    started(&DELIVERY, "GONOGO_DELIVERY_BED", Some("--delivery"))
}

fn started(bed: &'static OnceLock<Result<Bed, String>>, given: &str, flavour: Option<&str>) -> Option<&'static Bed> {
    match bed.get_or_init(|| start(given, flavour)) {
        Ok(bed) => Some(bed),
        Err(why) => {
            let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "the bed is missing, and with CI=true that is a failure: {why}"
            );
            notice(&format!("SKIPPED real-system test no. {count}: {why}"));
            None
        }
    }
}

fn start(given: &str, flavour: Option<&str>) -> Result<Bed, String> {
    let dir = if let Some(dir) = std::env::var_os(given) {
        PathBuf::from(dir)
    } else {
        let dir = tempfile::Builder::new().prefix("gonogo-bed-").tempdir().map_err(|e| e.to_string())?.keep();
        let up = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/up.sh");
        let began = Instant::now();
        let output = Command::new("bash")
            .arg(up)
            .arg(&dir)
            .args(["--while", &std::process::id().to_string()])
            .args(flavour)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| e.to_string())?;
        if output.status.code() == Some(3) {
            std::fs::remove_dir(&dir).map_err(|e| e.to_string())?;
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        assert!(output.status.success(), "{}", shown("up.sh", &output));
        let place = dir.display();
        notice(&format!("bed {} ready after {:.1?} in {place}", flavour.unwrap_or("plain"), began.elapsed()));
        dir
    };
    let described = std::fs::read(dir.join("bed.json")).map_err(|e| format!("{}: {e}", dir.display()))?;
    let described = serde_json::from_slice(&described).map_err(|e| e.to_string())?;
    Ok(Bed { described })
}

/// Written past the capture of the test harness, in one piece: a skip must be seen.
pub fn notice(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

impl Bed {
    /// A word of `bed.json`, by JSON pointer.
    pub fn word(&self, pointer: &str) -> &str {
        self.described.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in bed.json"))
    }

    /// A program where it reaches the bed, to be given arguments.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let words = self.described["enter"].as_array().unwrap_or_else(|| panic!("no enter in bed.json"));
        let mut words = words.iter().filter_map(Value::as_str);
        let Some(enter) = words.next() else { return Command::new(program) };
        let mut command = Command::new(enter);
        command.args(words).arg(program);
        command
    }

    /// A fresh namespace; it goes away with the bed.
    pub fn namespace(&self) -> Namespace<'_> {
        let manifest = "{apiVersion: v1, kind: Namespace, metadata: {generateName: t-}}";
        let name = run_with(self.kubectl_command().args(["create", "-o", "name", "-f", "-"]), manifest);
        let name = name.trim().trim_start_matches("namespace/").to_owned();
        Namespace { bed: self, name }
    }

    /// kubectl as admin, to be given arguments.
    pub fn kubectl_command(&self) -> Command {
        let mut command = self.command(self.word("/programs/kubectl"));
        command.env("KUBECONFIG", self.word("/kubeconfig/admin"));
        command.env("KUBECACHEDIR", format!("{}/kubecache", self.word("/dir")));
        command
    }

    /// What promtool answers to an instant query, as the list of samples.
    pub fn query(&self, promql: &str) -> Vec<Value> {
        let mut promtool = self.command(self.word("/programs/promtool"));
        let said = run(promtool.args(["query", "instant", "-o", "json", self.word("/prometheus/url"), promql]));
        serde_json::from_str(&said).unwrap()
    }

    /// Sets arms of the exporter; see the head of `bed/exporter.mjs`.
    pub fn serve(&self, arms: &Value) {
        self.post(&format!("{}/set", self.word("/exporter/url")), &arms.to_string());
    }

    /// Sends `body` to one of the bed's own servers, which must take it.
    pub fn post(&self, url: &str, body: &str) {
        run_with(self.command("curl").args(["-sS", "--fail", "-d", "@-", url]), body);
    }

    /// How many requests whose path contains `part` have met a fate at the proxy; see the head of `bed/cut.mjs`.
    pub fn met(&self, part: &str) -> usize {
        let said = run(self.command("curl").args(["-sS", "--fail", &format!("{}/met", self.word("/cut/url"))]));
        let met: Vec<Value> = serde_json::from_str(&said).unwrap();
        met.iter().filter(|m| m["path"].as_str().unwrap().contains(part)).count()
    }

    /// What the judge wrote down of the requests to GitHub paths that begin with `prefix`.
    pub fn judged(&self, prefix: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.word("/github/judged")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["path"].as_str().unwrap().starts_with(prefix)).collect()
    }

    /// Kills a part of the bed as a crash would.
    pub fn kill(&self, part: &str) {
        let pid = std::fs::read_to_string(self.word(&format!("/parts/{part}/pid"))).unwrap();
        run(Command::new("kill").args(["-9", pid.trim()]));
    }

    /// Starts a part again after [`Bed::kill`]; it is not ready yet.
    pub fn restart(&self, part: &str) {
        run(Command::new("sh").arg(self.word(&format!("/parts/{part}/start"))));
    }
}

/// A namespace of one test.
pub struct Namespace<'a> {
    pub bed: &'a Bed,
    pub name: String,
}

impl Namespace<'_> {
    /// What kubectl answers in this namespace.
    pub fn kubectl<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        run(self.bed.kubectl_command().args(["--namespace", &self.name]).args(args))
    }

    /// `kubectl get … -o json`.
    pub fn get(&self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(["get", "-o", "json"].into_iter().chain(what.split_whitespace()))).unwrap()
    }

    /// An object as the API server keeps it: cheaper than [`Namespace::get`], for what is asked again and again.
    pub fn live(&self, object: &str) -> Value {
        let (kind, name) = object.split_once('/').unwrap();
        let (_, group, plural) = KEPT.iter().find(|(k, ..)| *k == kind).unwrap_or_else(|| panic!("no place is known of {kind}"));
        let path = format!("/{group}/namespaces/{}/{plural}/{name}", self.name);
        let mut reader = UnixStream::connect(self.bed.word("/reader")).unwrap();
        // Of HTTP 1.0 the end of the answer is the end of the connection.
        write!(reader, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        reader.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.contains(" 200 OK"), "{path}: {answer}");
        serde_json::from_str(body).unwrap()
    }

    /// Applies a manifest.
    pub fn apply(&self, manifest: &Value) {
        let mut kubectl = self.bed.kubectl_command();
        run_with(kubectl.args(["--namespace", &self.name, "apply", "-f", "-"]), &manifest.to_string());
    }

    /// A Deployment with Service and labels `app=name`; the end of the tag (`2-crash`) says how its pods behave.
    ///
    /// Only who misbehaves is short of time: a controller that just lost its API server may take longer than the 5 s
    /// after which a test wants to see a Deployment given up.
    pub fn deploy(&self, name: &str, tag: &str, replicas: u32) {
        let deadline = if tag.contains('-') { 5 } else { 600 };
        let labels = serde_json::json!({ "app": name });
        self.apply(&serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "labels": labels }, "spec": {
                "replicas": replicas, "progressDeadlineSeconds": deadline, "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": {
                    "containers": [{ "name": name, "image": format!("registry.example/shop/{name}:{tag}") }] } } } },
            { "apiVersion": "v1", "kind": "Service", "metadata": { "name": name }, "spec": {
                "selector": labels, "ports": [{ "port": 80 }] } },
        ] }));
    }
}

/// Runs a program that must succeed; its standard output.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", shown(&format!("{command:?}"), &output));
    String::from_utf8(output.stdout).unwrap()
}

/// The same with `input` on its standard input.
pub fn run_with(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", shown(&format!("{command:?}"), &output));
    String::from_utf8(output.stdout).unwrap()
}

fn shown(what: &str, output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    format!("{what}: {}\n{out}\n{err}", output.status)
}

/// Asks until there is an answer; fails after [`LIMIT`] with what was waited for and the last thing seen.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        let asked = Instant::now();
        match ask() {
            Ok(answer) => return answer,
            Err(seen) => assert!(began.elapsed() < LIMIT, "waited {LIMIT:?} for {what}; last seen: {seen}"),
        }
        // a pause between questions, the longer the busier the machine is: who waits must not take it from what is waited for
        std::thread::park_timeout((asked.elapsed() * 2).clamp(Duration::from_millis(100), Duration::from_secs(2)));
    }
}
