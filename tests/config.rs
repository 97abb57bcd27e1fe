//! The configuration from outside: faults with their lines, layers, narrowing, the first run, the example.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use gonogo::{
    config::{
        Address, Disk, FirstRun, Found, FoundContext, Inputs, Loaded, Overrides, Reloader, Stored, first_run, load, load_text,
        schema,
    },
    domain::{Policy, ServiceName},
};
use sha2::{Digest, Sha256};

/// Files in memory.
#[derive(Default)]
struct Files(Mutex<BTreeMap<PathBuf, (String, u32)>>);

impl Files {
    fn with(files: &[(&str, &str)]) -> Self {
        let out = Self::default();
        for (path, text) in files {
            out.put(path, text);
        }
        out
    }

    fn put(&self, path: &str, text: &str) {
        self.0.lock().unwrap().insert(path.into(), (text.to_owned(), 0o600));
    }

    fn mode(&self, path: &str, mode: u32) {
        self.0.lock().unwrap().get_mut(Path::new(path)).unwrap().1 = mode;
    }

    fn drop(&self, path: &str) {
        self.0.lock().unwrap().remove(Path::new(path));
    }
}

impl Disk for Files {
    fn read(&self, path: &Path) -> io::Result<Stored> {
        let files = self.0.lock().unwrap();
        let (text, mode) = files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Stored { text: text.clone(), mode: Some(*mode) })
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.lock().unwrap().contains_key(path)
    }
}

fn inputs(disk: &Files) -> Inputs<'_> {
    Inputs {
        user_dir: Some("/home/ada/.config/gonogo".into()),
        state_dir: Some("/home/ada/.local/state/gonogo".into()),
        cwd: "/src/shop/services".into(),
        home: "/home/ada".into(),
        ..Inputs::bare(disk)
    }
}

const USER: &str = "/home/ada/.config/gonogo/config.toml";
const REPO: &str = "/src/shop/gonogo.toml";
const TRUSTED: &str = "/home/ada/.local/state/gonogo/trusted";

const BASE: &str = r#"
[environment.staging]
order = 1
policy = "open"
clusters.stg = { context = "stg", namespace = "shop" }
[environment.production]
order = 2
clusters.eu-1 = { server = "https://eu.acme.example", namespace = "shop" }
[metrics]
prometheus = "https://prom.acme.example/"
slo = { errors = "0.1%" }
[defaults]
workload = "deployment/{service}"
pipeline = { github = "acme/shop", workflow = "ci.yml", job = "* ({service})", paths = ["services/{service}/**"] }
[service.cart]
[service.payment]
workload = "rollout/payment"
pipeline.workflow = "pay.yml"
slo = { errors = "0.05%", p95 = "500ms" }
"#;

fn faults(text: &str) -> Vec<String> {
    let disk = Files::default();
    let mut inputs = inputs(&disk);
    inputs.known_keys = &["promote", "quit"];
    match load_text(Path::new("gonogo.toml"), text, &inputs) {
        Ok(_) => vec![],
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

fn good(loaded: Result<Loaded, Vec<gonogo::config::Fault>>) -> Loaded {
    loaded.unwrap_or_else(|f| panic!("{}", f.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

#[test]
fn every_fault_says_where_what_and_how_to_mend_it() {
    let environment = "[environment.a]\nclusters.x = {}\n";
    let table: &[(&str, &str)] = &[
        // Shape.
        ("read_olny = true", r#"1:1: read_olny: unknown key "read_olny"; did you mean "read_only"?"#),
        ("[ui]\nfont = 1", r#"2:1: ui.font: unknown key "font"; known here: theme, ascii, mouse"#),
        (
            "[github]\ntoken = 'x'",
            r#"2:1: github.token: unknown key "token"; a token never stands here: name it with token_env or token_file"#,
        ),
        ("read_only = 'true'", "1:1: read_only: this is text, not true or false; write true without quotes"),
        ("[metrics]\nprometheus = 9090", "2:1: metrics.prometheus: this is a whole number, not text; put it in quotes"),
        (
            "[defaults]\nworkload = 3\n[service.a]",
            "2:1: defaults.workload: this is a whole number, not text or a table; write text or a table",
        ),
        ("service = 3", "1:1: service: this is a whole number, not a table; write a table"),
        ("[only]\nservices = 'cart'", r#"2:1: only.services: this is text, not a list; write ["cart"]"#),
        ("[only]\nservices = ['cart', 3]", "2:21: only.services[1]: this is a whole number, not text; put it in quotes"),
        ("[keys]\npromote = 3", "2:1: keys.promote: this is a whole number, not text or a list; write text or a list"),
        (
            "[metrics]\nprometheus = 'https://p'\npreset = 'isto'",
            r#"3:1: metrics.preset: unknown value "isto"; did you mean "istio"?"#,
        ),
        (
            "[metrics]\nprometheus = 'https://p'\npreset = 'datadog'",
            r#"3:1: metrics.preset: unknown value "datadog"; write "auto" or "istio" or "linkerd" or "plain" or "native" or "traefik" or "ingress-nginx""#,
        ),
        ("a = 1 = 2", "1:7: unexpected key or value, expected newline, `#`; correct the TOML"),
        // Names.
        (
            "[environment.Prod]\nclusters.x = {}",
            "1:14: environment.Prod: \"Prod\" is not a environment name: lower-case letters, digits, '-' and '.', first and last a letter or digit, at most 253",
        ),
        (
            "[service.a]\nworkload = 'deployment/A'",
            r#"2:1: service.a.workload: "A" cannot name a workload; write deployment/NAME, statefulset/NAME, daemonset/NAME, rollout/NAME or canary/NAME"#,
        ),
        ("[keys]\npromot = 'P'", r#"2:1: keys.promot: unknown binding "promot"; did you mean "promote"?"#),
        // Environments.
        ("[environment.a]", r#"1:14: environment.a: has no cluster; write clusters.NAME = { context = "…", namespace = "…" }"#),
        (
            "[environment.a]\norder = 1\nclusters.x = {}\n[environment.b]\norder = 1\nclusters.x = {}",
            "5:1: environment.b.order: order 1 is that of environment a too; give each its own",
        ),
        (
            "[environment.a]\norder = 1\nclusters.x = {}\n[environment.b]\nclusters.x = {}",
            "4:14: environment.b: has no order; write order = 1 for the first place on the path, 2 for the next",
        ),
        (
            "[environment.a]\nwindow = 'weekdays'\nclusters.x = {}",
            r#"2:1: environment.a.window: "weekdays" is not a window; write "Mon-Thu 09:00-16:00 Europe/Berlin""#,
        ),
        (
            "[environment.a]\nclusters.x = { context = 'x', server = 'https://x' }",
            "2:10: environment.a.clusters.x: names a context and a server; name one of them",
        ),
        (
            "[environment.a]\nclusters.x = { server = 'x:6443' }",
            r#"2:16: environment.a.clusters.x.server: "x:6443" is not an address; write "https://…""#,
        ),
        (
            "[environment.a]\norder = 1\nclusters.x = { context = 'x' }\n[environment.b]\norder = 2\nclusters.x = { context = 'y' }",
            "6:10: environment.b.clusters.x: is reached in another way in another environment; give it a name of its own",
        ),
        // Services.
        ("[service.a]", r#"1:10: service.a: has no workload; write workload = "deployment/{service}" here or in [defaults]"#),
        (
            "[service.a]\nworkload = 'deploy/a'",
            r#"2:1: service.a.workload: unknown kind "deploy"; write deployment/NAME, statefulset/NAME, daemonset/NAME, rollout/NAME or canary/NAME"#,
        ),
        (
            "[service.a]\nworkload = 'a'",
            r#"2:1: service.a.workload: "a" has no kind; write deployment/NAME, statefulset/NAME, daemonset/NAME, rollout/NAME or canary/NAME"#,
        ),
        (
            "[service.a]\nworkload = 'rollout/a'\npipeline = { workflow = 'ci.yml' }",
            r#"3:1: service.a.pipeline: has no repository; write github = "owner/name""#,
        ),
        (
            "[service.a]\nworkload = 'rollout/a'\npipeline.github = 'shop'",
            r#"3:10: service.a.pipeline.github: not a repository: owner/name, of letters, digits, '-', '_' and '.'; write "acme/shop""#,
        ),
        (
            "[service.a]\nworkload = 'rollout/a'\npipeline = { github = 'a/b', paths = ['x/**', 'x/[a'] }",
            r#"3:47: service.a.pipeline.paths[1]: bad glob: only *, ** and ? stand for something; write "services/{service}/**""#,
        ),
        (
            "[service.a]\nworkload = 'rollout/a'\nslo.errors = '0.1'",
            r#"3:5: service.a.slo.errors: "0.1" is not a percentage from 0% to 100%; write "0.1%""#,
        ),
        (
            "[service.a]\nworkload = 'rollout/a'\nslo.p95 = 'fast'",
            r#"3:5: service.a.slo.p95: "fast" is not a duration; write "500ms""#,
        ),
        // Systems.
        ("[metrics]\nscrape = '15s'", r#"1:2: metrics: names no source; write prometheus = "https://…""#),
        (
            "[metrics]\nprometheus = 'https://me:secret@p'",
            r#"2:1: metrics.prometheus: this is not an address; write "https://…" without credentials"#,
        ),
        (
            "[metrics]\nprometheus = 'https://p'\nscrape = 'often'",
            r#"3:1: metrics.scrape: "often" is not a duration; write "15s""#,
        ),
        ("[github]\nhost = 'https://x'", r#"2:1: github.host: "https://x" is not a host; write "github.com""#),
        ("[github]\ntoken_command = []", r#"2:1: github.token_command: names no program; write ["PROGRAM", "ARGUMENT"]"#),
    ];
    assert!(faults(environment).is_empty());
    let mut wrong = String::new();
    for (text, want) in table {
        let got = faults(text);
        if got != [format!("gonogo.toml:{want}")] {
            wrong.push_str(&format!("{text}\n  want {want}\n  got  {got:#?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_file() {
    let text = "[ui]\nthem = 'x'\n[defaults]\nworkload = 'deploy/{service}'\n[service.a]\n[service.b]\n[environment.x]\n";
    assert_eq!(
        faults(text),
        [
            r#"gonogo.toml:2:1: ui.them: unknown key "them"; did you mean "theme"?"#,
            r#"gonogo.toml:4:1: defaults.workload: unknown kind "deploy"; write deployment/NAME, statefulset/NAME, daemonset/NAME, rollout/NAME or canary/NAME"#,
            r#"gonogo.toml:7:14: environment.x: has no cluster; write clusters.NAME = { context = "…", namespace = "…" }"#,
        ]
    );
}

#[test]
fn what_a_fault_quotes_cannot_reach_the_terminal_raw() {
    let text = faults("\"a\\u001b[2Jb\" = 1").join("\n");
    assert!(text.contains("unknown key") && !text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn a_service_repeats_only_what_differs() {
    let disk = Files::with(&[(USER, BASE)]);
    let settings = good(load(&inputs(&disk))).settings;
    let names: Vec<&str> = settings.topology.services.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["cart", "payment"]);
    let cart = &settings.topology.services[0];
    assert_eq!(cart.workload.to_string(), "deployment/cart");
    let pipeline = cart.pipeline.as_ref().unwrap();
    assert_eq!((pipeline.workflow.as_deref(), pipeline.job.as_deref()), (Some("ci.yml"), Some("* (cart)")));
    assert_eq!((&*pipeline.paths[0], &*pipeline.branch), ("services/cart/**", "main"));
    assert_eq!((cart.slo.errors, cart.slo.p95), (Some(0.001), None));
    let payment = &settings.topology.services[1];
    assert_eq!(payment.workload.to_string(), "rollout/payment");
    let pipeline = payment.pipeline.as_ref().unwrap();
    assert_eq!((pipeline.workflow.as_deref(), pipeline.job.as_deref()), (Some("pay.yml"), Some("* (payment)")));
    assert_eq!((payment.slo.errors, payment.slo.p95), (Some(0.0005), Some(0.5)));
    assert_eq!(settings.prometheus[0].address, Address::Url("https://prom.acme.example".into()));
    assert_eq!(settings.github.unwrap().api, "https://api.github.com");
    assert!(!settings.discover && !settings.read_only && settings.ui.mouse);
    let path: Vec<_> = settings.topology.environments.iter().map(|e| (e.name.as_str(), e.policy)).collect();
    assert_eq!(path, [("staging", Policy::Open), ("production", Policy::Production)]);
}

#[test]
fn a_cluster_of_several_environments_is_reached_once() {
    let text = "[environment.a]\norder = 2\nclusters.x = { context = 'x', namespace = 'a' }\n\
                [environment.b]\norder = 1\nclusters.x = { context = 'x', namespace = 'b' }";
    let disk = Files::default();
    let settings = good(load_text(Path::new("f"), text, &inputs(&disk))).settings;
    assert_eq!(settings.clusters.len(), 1);
    let namespaces: Vec<&str> = settings.clusters[0].namespaces.iter().map(AsRef::as_ref).collect();
    assert_eq!(namespaces, ["a", "b"]);
    assert_eq!(settings.topology.environments[0].name.as_str(), "b");
    assert!(settings.discover);
}

#[test]
fn flags_beat_the_environment_and_that_beats_files() {
    let disk = Files::with(&[(USER, "[ui]\ntheme = 'light'\nmouse = true\n[metrics]\nprometheus = 'https://file'")]);
    let mut inputs = inputs(&disk);
    let loaded = good(load(&inputs));
    assert_eq!(loaded.files, [PathBuf::from(USER)]);
    assert_eq!(loaded.settings.ui.theme.as_deref(), Some("light"));
    inputs.env = [("GONOGO_MOUSE", "false"), ("GONOGO_PROMETHEUS", "https://env")].map(|(k, v)| (k.into(), v.into())).into();
    inputs.flags = Overrides { theme: Some("mono".into()), ascii: true, read_only: true };
    let settings = good(load(&inputs)).settings;
    assert_eq!(settings.prometheus[0].address, Address::Url("https://env".into()));
    assert_eq!((settings.ui.theme.as_deref(), settings.ui.ascii, settings.ui.mouse), (Some("mono"), true, false));
    assert!(settings.read_only);
    inputs.env.insert("GONOGO_MOUSE".into(), "perhaps".into());
    let faults = load(&inputs).unwrap_err();
    assert_eq!(faults[0].to_string(), r#"GONOGO_MOUSE: "perhaps" is neither true nor false; write true or false"#);
}

#[test]
fn a_named_file_stands_instead_of_the_search() {
    let disk = Files::with(&[
        (USER, "read_only = true"),
        ("/src/shop/.git", ""),
        (REPO, "read_only = true"),
        ("/src/shop/services/my.toml", "[ui]\nascii = true"),
        ("/etc/g.toml", ""),
    ]);
    let mut inputs = inputs(&disk);
    inputs.env.insert("GONOGO_CONFIG".into(), "/etc/g.toml".into());
    assert_eq!(good(load(&inputs)).files, [PathBuf::from("/etc/g.toml")]);
    inputs.flag_file = Some("my.toml".into());
    let loaded = good(load(&inputs));
    assert_eq!(loaded.files, [PathBuf::from("/src/shop/services/my.toml")]);
    assert!(loaded.settings.ui.ascii && !loaded.settings.read_only);
    inputs.flag_file = Some("/none.toml".into());
    let faults = load(&inputs).unwrap_err();
    assert_eq!(faults[0].to_string(), "/none.toml: cannot be read: entity not found; check its path and permissions");
}

#[test]
fn the_search_ends_at_the_root_of_the_repository() {
    let disk = Files::with(&[("/src/gonogo.toml", ""), ("/src/shop/.git", "")]);
    let mut inputs = inputs(&disk);
    assert_eq!(inputs.repository_file(), None);
    disk.put(REPO, "");
    assert_eq!(inputs.repository_file(), Some(REPO.into()));
    disk.put("/src/shop/services/.gonogo.toml", "");
    assert_eq!(inputs.repository_file(), Some("/src/shop/services/.gonogo.toml".into()));
    // Outside a repository nothing above the directory is anybody's.
    inputs.cwd = "/src/other".into();
    assert_eq!(inputs.repository_file(), None);
}

const GREEDY: &str = r#"
read_only = false
[environment.staging]
policy = "production"
readonly = true
clusters.stg = { context = "evil" }
[environment.production]
policy = "open"
[environment.evil]
clusters.evil = { server = "https://evil.example" }
[metrics]
prometheus = "https://evil.example"
slo = { errors = "1%" }
[service.cart]
workload = "rollout/cart"
slo = { errors = "0.09%", p95 = "1s" }
[service.payment]
slo = { errors = "0.06%", p95 = "400ms" }
[service.evil]
workload = "deployment/evil"
[only]
services = ["cart", "payment"]
[github]
token_command = ["steal"]
[keys]
promote = "j"
"#;

#[test]
fn a_repository_file_narrows_until_it_is_trusted() {
    let disk = Files::with(&[(USER, BASE), ("/src/shop/.git", ""), (REPO, GREEDY)]);
    let loaded = good(load(&inputs(&disk)));
    assert_eq!(loaded.files, [PathBuf::from(USER), PathBuf::from(REPO)]);
    let notes: Vec<&str> = loaded.notes.iter().map(|n| n.key.as_str()).collect();
    assert_eq!(
        notes,
        [
            "read_only",
            "environment.staging.clusters",
            "environment.production.policy",
            "environment.evil",
            "metrics.prometheus",
            "metrics.slo.errors",
            "service.cart.workload",
            "service.payment.slo.errors",
            "service.evil",
            "github",
            "keys",
        ]
    );
    assert_eq!(
        loaded.notes[4].to_string(),
        "/src/shop/gonogo.toml:12:1: metrics.prometheus: ignored; not trusted: gonogo config trust"
    );
    let topology = &loaded.settings.topology;
    assert_eq!(topology.environments.len(), 2);
    assert!(topology.environments[0].readonly);
    assert!(topology.environments.iter().all(|e| e.policy == Policy::Production));
    assert_eq!(loaded.settings.clusters[0].context.as_deref(), Some("stg"));
    assert_eq!(loaded.settings.prometheus[0].address, Address::Url("https://prom.acme.example".into()));
    let slo = |name: &str| topology.service(&name.parse::<ServiceName>().unwrap()).unwrap().slo;
    assert_eq!((slo("cart").errors, slo("cart").p95), (Some(0.0009), Some(1.0)));
    assert_eq!((slo("payment").errors, slo("payment").p95), (Some(0.0005), Some(0.4)));
    assert!(loaded.settings.ui.keys.is_empty());
    assert!(loaded.settings.github.unwrap().token_places.command.is_none());
}

#[test]
fn limits_of_all_services_cannot_be_loosened_through_the_defaults() {
    let disk = Files::with(&[(USER, BASE), ("/src/shop/.git", ""), (REPO, "[defaults.slo]\nerrors = '0.2%'")]);
    assert_eq!(good(load(&inputs(&disk))).notes.len(), 1);
    disk.put(REPO, "[defaults.slo]\nerrors = '0.02%'");
    let loaded = good(load(&inputs(&disk)));
    assert!(loaded.notes.is_empty());
    assert_eq!(loaded.settings.topology.services[0].slo.errors, Some(0.0002));
}

#[test]
fn trust_is_bound_to_the_hash_of_the_file() {
    let trusted = "[environment.lab]\norder = 9\nclusters.lab = { context = 'lab' }";
    let disk = Files::with(&[(USER, BASE), ("/src/shop/.git", ""), (REPO, trusted)]);
    let hash: String = Sha256::digest(trusted).iter().map(|b| format!("{b:02x}")).collect();
    disk.put(TRUSTED, &format!("{hash}  {REPO}\n"));
    let loaded = good(load(&inputs(&disk)));
    assert!(loaded.notes.is_empty());
    assert_eq!(loaded.settings.topology.environments.len(), 3);
    disk.put(REPO, &format!("{trusted}\n"));
    let loaded = good(load(&inputs(&disk)));
    assert_eq!((loaded.notes.len(), loaded.settings.topology.environments.len()), (1, 2));
}

#[test]
fn only_leaves_clusters_out_that_nobody_needs() {
    let disk = Files::with(&[(USER, &format!("{BASE}\n[only]\nenvironments = ['prod*']\nservices = ['pay*']"))]);
    let settings = good(load(&inputs(&disk))).settings;
    let clusters: Vec<&str> = settings.clusters.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(clusters, ["eu-1"]);
    assert_eq!(settings.topology.services.len(), 1);
}

#[test]
fn a_token_file_that_others_can_read_is_refused() {
    let disk = Files::with(&[
        (USER, "[github]\ntoken_file = 'token'\n[metrics]\nprometheus = 'https://p'\ntoken_env = 'PT'"),
        ("/home/ada/.config/gonogo/token", "s3cret"),
    ]);
    let mut inputs = inputs(&disk);
    inputs.env.insert("PT".into(), "hidden\n".into());
    let settings = good(load(&inputs)).settings;
    assert_eq!(settings.github.as_ref().unwrap().token_places.file, Some("/home/ada/.config/gonogo/token".into()));
    assert_eq!(settings.prometheus[0].token.as_ref().unwrap().expose(), "hidden");
    assert!(!format!("{settings:?}").contains("hidden"));
    disk.mode("/home/ada/.config/gonogo/token", 0o640);
    let faults = load(&inputs).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        format!("{USER}:2:1: github.token_file: others can read this file; run: chmod 600 /home/ada/.config/gonogo/token")
    );
}

#[test]
fn a_broken_file_leaves_the_old_configuration_standing() {
    let disk = Files::with(&[(USER, BASE)]);
    let inputs = inputs(&disk);
    let mut reloader = Reloader::new(&inputs);
    assert!(reloader.poll(&inputs).is_none());
    disk.put(USER, "[ui]\ntheme = 'light'");
    assert_eq!(reloader.poll(&inputs).unwrap().unwrap().settings.ui.theme.as_deref(), Some("light"));
    assert!(reloader.poll(&inputs).is_none());
    disk.put(USER, "[ui");
    assert!(reloader.poll(&inputs).unwrap().is_err());
    assert!(reloader.poll(&inputs).is_none(), "said once");
    disk.drop(USER);
    let faults = reloader.poll(&inputs).unwrap().unwrap_err();
    assert_eq!(faults[0].to_string(), format!("{USER}: no configuration is left; what was read before still stands"));
    disk.put(USER, BASE);
    assert!(reloader.poll(&inputs).unwrap().is_ok());
    disk.put("/src/shop/services/gonogo.toml", "read_only = true");
    assert!(reloader.poll(&inputs).unwrap().unwrap().settings.read_only, "a new file counts");
}

#[test]
fn the_first_run_uses_what_lies_around() {
    let disk = Files::default();
    let inputs = inputs(&disk);
    assert!(good(load(&inputs)).files.is_empty());
    let mut found = Found {
        kube: Some(FoundContext { context: "arn:aws:eks:eu-1:1:cluster/Shop".into(), namespace: "shop".into() }),
        kube_places: "KUBECONFIG, ~/.kube/config".into(),
        remote: Some("acme/Shop.Web".parse().unwrap()),
        remote_host: None,
        has_token: true,
        token_places: "GH_TOKEN, gh auth token".into(),
    };
    let FirstRun::Found { settings, .. } = first_run(&inputs, &found) else { panic!("nothing") };
    assert!(settings.discover && settings.github.is_none());
    let environment = &settings.topology.environments[0];
    assert_eq!(environment.name.as_str(), "arn-aws-eks-eu-1-1-cluster-shop");
    assert_eq!((environment.policy, &*environment.clusters[0].namespace), (Policy::Production, "shop"));
    assert_eq!(settings.clusters[0].context.as_deref(), Some("arn:aws:eks:eu-1:1:cluster/Shop"));

    found.kube = None;
    let FirstRun::Found { settings, text } = first_run(&inputs, &found) else { panic!("nothing") };
    assert!(!settings.discover && settings.topology.pipelines);
    let service = &settings.topology.services[0];
    assert_eq!(service.name.as_str(), "shop.web");
    assert_eq!(service.pipeline.as_ref().unwrap().repo.to_string(), "acme/Shop.Web");
    assert!(load_text(Path::new("init"), &text, &inputs).is_ok());

    found.has_token = false;
    let FirstRun::Nothing { looked_for } = first_run(&inputs, &found) else { panic!("something") };
    let said: Vec<String> = looked_for.iter().map(|l| format!("{}: {}", l.what, l.places)).collect();
    assert_eq!(
        said,
        [
            format!("a configuration: {USER}, .gonogo.toml or gonogo.toml from /src/shop/services upwards"),
            "a cluster: KUBECONFIG, ~/.kube/config".to_owned(),
            "a token for GitHub: GH_TOKEN, gh auth token".to_owned(),
        ]
    );
}

const EXAMPLE: &str = include_str!("../config.example.toml");

/// The example with its commented keys and tables switched on.
fn switched_on() -> String {
    let key = |rest: &str| {
        rest.starts_with('[')
            || rest.split_once(" = ").is_some_and(|(k, _)| k.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)))
    };
    let on = |line: &str| line.strip_prefix("# ").filter(|rest| key(rest)).map_or_else(|| line.to_owned(), ToOwned::to_owned);
    EXAMPLE.lines().map(on).collect::<Vec<_>>().join("\n")
}

/// Metrics of two clusters, and what they come down to.
fn measured(metrics: &str) -> Result<Loaded, Vec<String>> {
    let clusters = "clusters.eu-1 = { context = 'eu' }\nclusters.us-1 = { context = 'us' }";
    let text = format!("{metrics}\n[environment.production]\n{clusters}\n[service.cart]\nworkload = 'deployment/cart'\n");
    let disk = Files::default();
    let loaded = load_text(Path::new("m.toml"), &text, &inputs(&disk));
    loaded.map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[test]
fn a_prometheus_in_every_cluster_is_one_source_each() {
    let settings = measured("[metrics]\nprometheus = 'kube:monitoring/prom:web'").unwrap().settings;
    let metrics = settings.topology.metrics.as_ref().unwrap();
    let shown: Vec<String> = settings.prometheus.iter().map(|c| format!("{} {}", c.name, c.address)).collect();
    assert_eq!(shown, ["eu-1 kube:monitoring/prom:web of cluster eu-1", "us-1 kube:monitoring/prom:web of cluster us-1"]);
    let clusters: Vec<_> = metrics.sources.iter().map(|s| s.clusters.clone().unwrap()[0].to_string()).collect();
    assert_eq!(clusters, ["eu-1", "us-1"]);

    let both = "[metrics]\nprometheus = 'https://p/'\npreset = 'istio'\nlabels = { a = '{cluster}' }\n[metrics.source.us]\nprometheus = 'https://us'\nclusters = ['us-1']\nlabels = {}";
    let settings = measured(both).unwrap().settings;
    let sources = &settings.topology.metrics.as_ref().unwrap().sources;
    let shown: Vec<String> = settings.prometheus.iter().map(|c| format!("{} {}", c.name, c.address)).collect();
    assert_eq!(shown, ["us https://us", "prometheus https://p"]);
    assert_eq!((&*sources[0].preset, sources[0].labels.len(), sources[1].labels.len()), ("istio", 0, 1));
    assert_eq!(sources[1].clusters, None, "every cluster that no other names");
}

#[test]
fn own_queries_are_laid_over_each_other() {
    let text = "[metrics]\nprometheus = 'https://p'\n[metrics.queries]\nerrors = 'a{{arm}}'\nrps = 'b'\n[[metrics.series]]\nname = 'q'\nquery = 'q{s=\"{service}\"}'\nlimit = 5\n[service.cart.metrics]\npreset = 'traefik'\nqueries = { rps = 'c' }\nseries = [{ name = 'q', query = 'own' }]";
    let settings = measured(&text.replace("[service.cart.metrics]", "[defaults.metrics]")).unwrap().settings;
    let metrics = settings.topology.metrics.as_ref().unwrap();
    let cart: ServiceName = "cart".parse().unwrap();
    let queries = metrics.queries_of(&cart);
    assert_eq!((queries.errors.as_deref(), queries.rps.as_deref()), (Some("a{{arm}}"), Some("c")));
    let series = metrics.series_of(&cart);
    assert_eq!((series.len(), &*series[0].query, series[0].limit), (1, "own", None));
    assert_eq!(metrics.services[&cart].preset.as_deref(), Some("traefik"));
    assert_eq!(metrics.series[0].limit, Some(5.0));
}

#[test]
fn faults_of_metrics_name_their_mend() {
    for (text, want) in [
        (
            "[metrics]\nprometheus = 'kube:prom'",
            "2:1: metrics.prometheus: \"kube:prom\" names no Service and port; write \"kube:NAMESPACE/SERVICE:PORT\"",
        ),
        ("[metrics.source.us]\nprometheus = 'https://p'", "names no clusters; write clusters = [\"NAME\"]"),
        ("[metrics.source.us]\nprometheus = 'https://p'\nclusters = ['ap']", "there is no cluster \"ap\"; known: eu-1, us-1"),
        (
            "[metrics.source.us]\nprometheus = 'kube:m/p:1'\nclusters = ['eu-1', 'us-1']",
            "is that of one cluster; name one cluster",
        ),
        ("[metrics]\nprometheus = 'https://p'\nqueries = { errors = 'sum(' }", "metrics.queries.errors: not PromQL: "),
        (
            "[metrics]\nprometheus = 'https://p'\n[[metrics.series]]\nname = 'q'",
            "a series has a name and a query; write name = \"…\" and query = \"…\"",
        ),
    ] {
        let faults = measured(text).map(drop).unwrap_err();
        assert!(faults.len() == 1 && faults[0].contains(want), "{text}: {faults:#?}");
    }
}

/// Every path of keys that the schema knows; `*` stands for a name.
fn known(schema: &serde_json::Value, root: &serde_json::Value, above: &str, out: &mut BTreeSet<String>) {
    let schema = schema["$ref"].as_str().and_then(|r| root.pointer(r.trim_start_matches('#'))).unwrap_or(schema);
    let mut below = |key: &str, schema| {
        let path = format!("{above}{key}");
        known(schema, root, &format!("{path}."), out);
        out.insert(path);
    };
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        below(key, schema);
    }
    if schema["additionalProperties"].is_object() {
        below("*", &schema["additionalProperties"]);
    }
}

fn used(value: &toml::Value, above: &str, known: &BTreeSet<String>, out: &mut BTreeSet<String>) {
    for (key, value) in value.as_table().into_iter().flatten() {
        let exact = format!("{above}{key}");
        let path = if known.contains(&exact) { exact } else { format!("{above}*") };
        used(value, &format!("{path}."), known, out);
        out.insert(path);
    }
}

#[test]
fn the_example_loads_with_and_without_its_commented_keys() {
    let disk = Files::default();
    for text in [EXAMPLE, &switched_on()] {
        let loaded = good(load_text(Path::new("config.example.toml"), text, &inputs(&disk)));
        assert!(loaded.notes.is_empty() && loaded.settings.topology.services.len() >= 2);
    }
}

#[test]
fn the_example_shows_every_key_of_the_schema() {
    let schema = schema();
    let mut keys = BTreeSet::new();
    known(&schema, &schema, "", &mut keys);
    assert!(keys.contains("environment.*.clusters.*.server") && keys.contains("service.*.pipeline.paths"), "{keys:#?}");
    let mut shown = BTreeSet::new();
    used(&toml::from_str(&switched_on()).unwrap(), "", &keys, &mut shown);
    // A service has the keys of the defaults, which are shown there.
    let missing: Vec<&String> = keys
        .iter()
        .filter(|k| {
            !shown.contains(*k) && !k.strip_prefix("service.*.").is_some_and(|rest| shown.contains(&format!("defaults.{rest}")))
        })
        .filter(|k| !(k.starts_with("defaults.slo") && shown.contains(&k.replace("defaults", "metrics"))))
        .filter(|k| !(k.starts_with("service.*.metrics.queries") || k.starts_with("defaults.metrics")))
        .filter(|k| !(k.starts_with("service.*.metrics.") && shown.contains(&k.replace("service.*.", ""))))
        .filter(|k| !(k.starts_with("service.*.slo") && shown.contains(&k.replace("service.*", "metrics"))))
        .collect();
    assert!(missing.is_empty(), "not in config.example.toml: {missing:#?}");
}

#[test]
fn the_schema_describes_every_key() {
    let schema = schema();
    let mut bare = vec![];
    let tables = schema["$defs"].as_object().unwrap().iter().map(|(n, s)| (n.as_str(), s));
    for (name, table) in tables.chain([("File", &schema)]) {
        for (key, property) in table["properties"].as_object().into_iter().flatten() {
            if property["description"].as_str().is_none_or(str::is_empty) {
                bare.push(format!("{name}.{key}"));
            }
        }
    }
    assert!(bare.is_empty(), "{bare:?}");
    assert!(!schema.to_string().contains("null"), "TOML has no null");
}
