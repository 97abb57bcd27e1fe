//! The first hour: `init`, `doctor`, `config trust` and `status --short`, as the real binary, on an embedded world that
//! is reached like any real system.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[expect(dead_code, reason = "each test binary uses its part")]
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use gonogo::{
    sim::{Fault, Handle, Scenario},
    wire::demo::{Demo, Options},
};
use serde_json::Value;
use support::{Ended, gonogo, run, run_in};

/// What must never be written or printed.
const TOKEN: &str = "acme-demo";

/// A person with an empty home, and a company that answers in this process.
struct Person {
    demo: Demo,
    home: tempfile::TempDir,
}

impl Person {
    /// The company's time is the real one, so that its clock agrees with ours; else it is a Tuesday long ago.
    async fn new(live: bool) -> Self {
        let options = Options { scenario: Scenario::Calm, live, ..Options::default() };
        Self { demo: Demo::start(options).await.unwrap(), home: tempfile::tempdir().unwrap() }
    }

    fn fault(&self) -> Handle {
        self.demo.sim.handle()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A clone of the company's monorepo, and how its GitHub and Prometheus are reached.
    fn clone_the_shop(&self) {
        self.write(".git/config", "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n");
        let github = &self.demo.sim.endpoints().github;
        self.write("gonogo.toml", &format!("# by hand\n[github]\napi = \"{github}\" # ours\ntoken_env = \"SHOP_TOKEN\"\n"));
    }

    /// Runs the binary; what it prints never holds the token.
    fn run(&self, args: &[&str]) -> Ended {
        let mut command = gonogo(self.home.path(), args);
        command.env("KUBECONFIG", self.demo.folder.path().join("kubeconfig")).env("SHOP_TOKEN", TOKEN);
        // The company lives on other threads of this process.
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ended = Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!ended.out.contains(TOKEN) && !ended.err.contains(TOKEN), "{args:?} tells the token");
        ended
    }

    fn doctor(&self, args: &[&str]) -> (i32, Value) {
        let ended = self.run(&[&["doctor", "--output", "json"], args].concat());
        let root = serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{e}: {}{}", ended.out, ended.err));
        (ended.code, root)
    }
}

/// The findings of a source as `grade about says`, one a line.
fn findings(root: &Value, source: &str) -> String {
    let sources = root["sources"].as_array().unwrap();
    let one = sources.iter().find(|s| s["source"] == source).unwrap_or_else(|| panic!("no {source} in {root:#}"));
    let line = |f: &Value| {
        format!("{} {} {}\n", f["grade"].as_str().unwrap(), f["about"].as_str().unwrap(), f["says"].as_str().unwrap())
    };
    one["findings"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_what_check_and_doctor_find_good() {
    let person = Person::new(true).await;
    person.clone_the_shop();
    let before = person.read("gonogo.toml");
    let prometheus = person.demo.sim.endpoints().prometheus.clone();
    let init = ["init", "--write", "gonogo.toml", "--prometheus", &prometheus];

    let unasked = person.run(&init);
    assert_eq!((unasked.code, person.read("gonogo.toml")), (3, before.clone()), "{}", unasked.err);
    assert!(unasked.out.contains("+[environment.dev]") && unasked.err.contains("--yes"), "{}{}", unasked.out, unasked.err);
    assert!(!unasked.err.contains("context "), "a context was left out: {}", unasked.err);
    let looked = person.run(&[&init[..], &["--dry-run"]].concat());
    assert_eq!((looked.code, &looked.out, person.read("gonogo.toml")), (0, &unasked.out, before.clone()));

    let written = person.run(&[&init[..], &["--yes"]].concat());
    assert_eq!(written.code, 0, "{}{}", written.out, written.err);
    let text = person.read("gonogo.toml");
    assert!(text.starts_with(&before) && !text.contains(TOKEN), "{text}");
    let base = &person.demo.sim.endpoints().base;
    insta::assert_snapshot!("init", text.replace(base.as_str(), "http://127.0.0.1:PORT"));

    let check = person.run(&["config", "check", "--config", "gonogo.toml"]);
    assert_eq!((check.code, check.err.as_str()), (0, ""), "{}", check.out);
    let (code, root) = person.doctor(&["--config", "gonogo.toml"]);
    // What was found and serves nobody has no figures; nothing else is to be said.
    assert_eq!((code, &root["schema"], &root["grade"]), (0, &"gonogo/v1/doctor".into(), &"warn".into()), "{root:#}");
    let all = root["sources"].as_array().unwrap().iter().flat_map(|s| s["findings"].as_array().unwrap());
    let warned: Vec<&str> = all.filter(|f| f["grade"] != "ok").map(|f| f["says"].as_str().unwrap()).collect();
    let idle = ["catalog-db serving in production: no data", "log-agent serving in production: no data"];
    assert_eq!(warned, idle);
    let github = findings(&root, "github.com");
    assert!(github.contains("ok identity demo, by the token from token_env"), "{github}");
    assert!(github.contains("ok read acme/shop: ci-cd.yml"), "{github}");
    let cluster = findings(&root, "eu-1");
    assert!(
        cluster.contains("ok identity demo (release-managers, system:authenticated), by a token of the kubeconfig"),
        "{cluster}"
    );
    assert!(cluster.contains("ok clock agrees"), "{cluster}");
    let prometheus = findings(&root, "prometheus");
    for arm in ["cart serving", "payment canary", "payment baseline"] {
        assert!(prometheus.contains(&format!("ok data {arm} in production: requests")), "{arm}: {prometheus}");
    }

    // A second run finds nothing new, and neither does one after a person has written to the file.
    let again = person.run(&init);
    assert!(again.code == 0 && again.out.contains("nothing new"), "{}{}", again.out, again.err);
    let own = text.replace("[service.cart]", "# the basket\n[service.cart]\nrunbook = \"call Ada\"  # she knows");
    person.write("gonogo.toml", &own);
    assert_eq!(person.run(&init).code, 0);
    let less = own.replace("[service.auth]", "");
    person.write("gonogo.toml", &less);
    let mended = person.run(&[&init[..], &["--yes"]].concat());
    assert_eq!(mended.code, 0, "{}", mended.err);
    let changed: Vec<&str> =
        mended.out.lines().filter(|l| l.starts_with(['+', '-']) && l.len() > 3 && !l.starts_with("--")).collect();
    assert_eq!(changed.iter().filter(|l| l.starts_with('-')).count(), 0, "{}", mended.out);
    assert!(changed.contains(&"+[service.auth]"), "{changed:?}");
    assert!(person.read("gonogo.toml").contains("runbook = \"call Ada\"  # she knows"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_kubeconfig_is_enough_and_some_contexts_can_be_named() {
    let person = Person::new(true).await;
    let config = ".config/gonogo/config.toml";
    let written = person.run(&["init", "--yes"]);
    assert_eq!(written.code, 0, "{}{}", written.out, written.err);
    let text = person.read(config);
    assert!(text.contains("context = \"us-1\"") && !text.contains("[github]") && !text.contains("pipeline"), "{text}");
    let (code, root) = person.doctor(&[]);
    assert_eq!((code, &root["grade"]), (0, &"ok".into()), "{root:#}");
    assert!(findings(&root, "configuration").contains("ok file"), "{root:#}");

    fs::remove_file(person.path(config)).unwrap();
    assert_eq!(person.run(&["init", "--yes", "--context", "stg"]).code, 0);
    let text = person.read(config);
    assert!(text.contains("[environment.staging]") && !text.contains("us-1"), "{text}");
    let missing = person.run(&["init", "--context", "nowhere"]);
    assert!(missing.code == 2 && missing.err.contains("it has dev, stg, eu-1, us-1"), "{}", missing.err);
    let elsewhere = person.run(&["init", "--namespace", "nowhere"]);
    assert!(elsewhere.code == 2 && elsewhere.err.contains("nothing runs in nowhere"), "{}", elsewhere.err);

    // A file with faults is not touched, and a cluster that is away is left out and said.
    person.write(config, "[environment.x]\nbogus = 1\n");
    let broken = person.run(&["init", "--yes"]);
    assert!(broken.code == 2 && broken.err.contains("unknown key \"bogus\""), "{}", broken.err);
    fs::remove_file(person.path(config)).unwrap();
    person.fault().kill("k8s/us-1");
    let rest = person.run(&["init", "--yes"]);
    assert!(rest.code == 0 && rest.err.contains("context us-1: "), "{}", rest.err);
    assert!(!person.read(config).contains("us-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_each_fault_beside_what_is_well() {
    let person = Person::new(true).await;
    let kubeconfig = person.demo.folder.path().join("kubeconfig");
    person.write("demo.toml", &person.demo.text.replace("[github]", "[github]\ntoken_env = \"SHOP_TOKEN\""));
    // A token that ends soon and may too much, a cluster that is away, one that forbids, one where we are somebody else.
    let headers = [
        ("github-authentication-token-expiration", "2020-01-01 00:00:00 UTC"),
        ("x-oauth-scopes", "repo, delete_repo"),
        ("content-type", "application/json"),
    ];
    let headers = headers.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
    person.fault().fault("gh/rate_limit", Fault::Reply { status: 200, headers, body: "{}".into() });
    person.fault().kill("k8s/us-1");
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    let denied = Fault::Reply { status: 201, headers: json, body: r#"{"status":{"allowed":false}}"#.into() };
    person.fault().fault("k8s/eu-1/apis/authorization.k8s.io", denied);
    let viewer = fs::read_to_string(&kubeconfig).unwrap().replace(TOKEN, "acme-viewer");
    fs::write(&kubeconfig, viewer).unwrap();

    let (code, root) = person.doctor(&["--config", "demo.toml"]);
    assert_eq!((code, &root["grade"]), (1, &"fail".into()));
    let dev = findings(&root, "dev");
    assert!(dev.contains("ok identity viewer") && dev.contains("change nothing: this is a place to watch from"), "{dev}");
    assert!(!dev.contains("fail"), "{dev}");
    let us = findings(&root, "us-1");
    assert!(us.starts_with("fail reachable http://127.0.0.1:") && us.lines().count() == 1, "{us}");
    let eu = findings(&root, "eu-1");
    assert!(eu.contains("fail read in shop we may not list and watch deployments, statefulsets, daemonsets,"), "{eu}");
    let github = findings(&root, "github.com");
    for told in ["warn expiry the token ends on 2020-01-01", "warn scopes the token may repo, delete_repo", "ok read acme/shop"] {
        assert!(github.contains(told), "{told}: {github}");
    }
    let text = person.run(&["doctor", "--config", "demo.toml"]);
    assert!(text.code == 1 && text.out.contains("make a new one before a release needs it"), "{}", text.out);

    // A token that is not known, and a source that answers with a login page.
    person.fault().heal("gh/rate_limit");
    person.fault().fault("gh", Fault::Status(401));
    person.fault().fault("prom", Fault::Html);
    let (code, root) = person.doctor(&["--config", "demo.toml"]);
    assert_eq!(code, 1);
    let github = findings(&root, "github.com");
    assert!(github.starts_with("fail reachable github.com does not know this token"), "{github}");
    assert!(findings(&root, "prometheus").starts_with("fail reachable prometheus: HTML instead of JSON"), "{root:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_a_clock_that_is_wrong_and_data_that_are_missing() {
    let person = Person::new(false).await;
    // A label that no series has: the queries are answered, and with nothing.
    let text = person.demo.text.replace("cluster = \"{cluster}\"", "cluster = \"{cluster}-x\"");
    person.write("demo.toml", &text);
    let (code, root) = person.doctor(&["--config", "demo.toml"]);
    assert_eq!((code, &root["grade"]), (0, &"warn".into()), "{root:#}");
    for source in ["dev", "github.com", "prometheus"] {
        let all = findings(&root, source);
        assert!(all.contains("warn clock the clock of this host is "), "{source}: {all}");
    }
    let prometheus = findings(&root, "prometheus");
    assert!(prometheus.contains("warn data payment serving in production: no data"), "{prometheus}");
}

#[test]
fn doctor_ends_with_2_where_the_configuration_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.toml"), "bogus = 1\n").unwrap();
    assert_eq!(run_in(folder.path(), &["doctor", "--config", "bad.toml"]).code, 2);
    assert_eq!(run(&["doctor"]).code, 2, "nothing is configured");
    assert_eq!(run(&["init", "--yes"]).code, 2, "nothing is there");
}

const REPOSITORY: &str = "[environment.lab]\norder = 9\nclusters.lab = { context = \"lab\", kubeconfig = \"kube\", namespace = \"shop\" }\n\
    [metrics]\nprometheus = \"https://prom.evil.example\"\n[github]\napi = \"https://evil.example/api\"\ntoken_command = [\"touch\", \"pwned\"]\n";

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("gonogo.toml"), REPOSITORY).unwrap();
    folder
}

#[test]
fn trust_shows_what_a_file_reaches_and_is_bound_to_its_text() {
    let folder = repository();
    let run = |args: &[&str]| run_in(folder.path(), args);
    let unasked = run(&["config", "trust"]);
    assert_eq!(unasked.code, 3, "{}", unasked.err);
    for told in [
        "https://prom.evil.example: metrics",
        "https://evil.example/api: runs and rules",
        "lab: context \"lab\", namespaces shop",
        "kube: a kubeconfig may name credential programs",
        "environment.lab",
    ] {
        assert!(unasked.out.contains(told), "{told}: {}", unasked.out);
    }
    let notes = |words: &str| {
        let check = run(&["config", "check"]);
        assert_eq!(check.code, 0, "{}", check.err);
        check.err.lines().filter(|l| l.contains(words)).count()
    };
    assert_eq!(notes("not trusted: gonogo config trust"), 3, "nothing was recorded");
    let trusted = run(&["config", "trust", "--yes"]);
    assert!(trusted.code == 0 && trusted.out.contains("is trusted until it changes"), "{}{}", trusted.out, trusted.err);
    assert_eq!((notes("trust: gonogo"), notes("")), (0, 1));
    assert_eq!(notes("a repository's file never starts a program"), 1);
    run(&["doctor"]);
    assert!(!folder.path().join("pwned").exists(), "a trusted file started a program");
    let again = run(&["config", "trust", "--output", "json"]);
    let root: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((again.code, &root["schema"], &root["trusted"]), (0, &"gonogo/v1/trust".into(), &true.into()));

    fs::write(folder.path().join("gonogo.toml"), format!("{REPOSITORY}\n")).unwrap();
    assert_eq!(notes("it changed since it was trusted: gonogo config trust"), 3);
    let changed = run(&["config", "trust"]);
    assert!(changed.code == 3 && changed.out.contains("it changed since it was trusted"), "{}", changed.out);
    assert_eq!(run(&["config", "trust", "--yes"]).code, 0);
    assert_eq!(notes("gonogo config trust"), 0);
    let revoked = run(&["config", "trust", "--revoke"]);
    assert!(revoked.code == 0 && revoked.out.contains("is not trusted any more"), "{}", revoked.out);
    assert_eq!(notes("not trusted: gonogo config trust"), 3);
    // A copy elsewhere is another file: what it names lies beside it.
    assert_eq!(run(&["config", "trust", "--yes"]).code, 0);
    let copy = repository();
    let state = folder.path().join(".local/state/gonogo");
    let elsewhere = run_in(copy.path(), &["config", "check", "--state-dir", state.to_str().unwrap()]);
    assert!(elsewhere.err.contains("not trusted"), "{}", elsewhere.err);
    assert_eq!(run_in(tempfile::tempdir().unwrap().path(), &["config", "trust"]).code, 2, "there is no such file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_short_status_is_what_was_seen_last() {
    let nothing = run(&["status", "--short"]);
    assert_eq!((nothing.code, nothing.out.as_str(), nothing.err.as_str()), (0, "? no gonogo snapshot\n", ""));
    let demo = run(&["status", "--short", "--demo=canary-regression"]);
    assert_eq!((demo.code, demo.out.as_str()), (0, "● NO-GO payment 20% canary 4.0% err · 0s\n"), "{}", demo.err);

    let person = Person::new(true).await;
    person.write("gonogo.toml", "");
    person.write("demo.toml", &person.demo.text);
    assert_eq!(person.run(&["status", "--config", "demo.toml", "--env", "dev"]).code, 0);
    assert_eq!(person.run(&["status", "--short"]).out, "? no gonogo snapshot\n", "dev alone is not what the prompt shows");
    assert_eq!(person.run(&["status", "--config", "demo.toml"]).code, 0);
    let short = person.run(&["status", "--short", "--ascii"]);
    assert!(short.code == 0 && short.out.starts_with("* GO payment 20% canary 0."), "{}", short.out);
    assert!(short.out.trim_end().ends_with('s') && short.out.is_ascii(), "{}", short.out);
    let root: Value = serde_json::from_str(&person.run(&["status", "--short", "--output", "json"]).out).unwrap();
    assert_eq!((&root["schema"], &root["verdict"], &root["stale"]), (&"gonogo/v1/short".into(), &"go".into(), &false.into()));
    assert_eq!(person.run(&["status", "--short", "--env", "dev"]).out, "? no gonogo snapshot\n");
    let last = person.path(".local/state/gonogo/last.json");
    let kept = fs::read_to_string(&last).unwrap();
    let old = kept.replacen(&root["at"].as_str().unwrap()[..4], "2020", 1);
    fs::write(&last, old).unwrap();
    let stale = person.run(&["status", "--short"]);
    assert!(stale.out.starts_with("? UNKNOWN stale · was GO payment · ") && stale.out.ends_with("d\n"), "{}", stale.out);

    // A state directory that cannot be written to costs the prompt its line, and no command anything.
    let blocked = person.run(&["status", "--config", "demo.toml", "--state-dir", "demo.toml/below"]);
    assert_eq!((blocked.code, blocked.err.as_str()), (0, ""));
    assert!(!Path::new("demo.toml/below").exists());
}
