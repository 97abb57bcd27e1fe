//! The first hour on a real cluster: `init` writes what `doctor` finds good, and `doctor` says what kubectl says.

use serde_json::Value;

use crate::bed::{self, Bed};
use crate::gonogo::PROGRAM;

/// A person with an empty home and somebody's kubeconfig.
struct Person {
    home: tempfile::TempDir,
    kubeconfig: String,
}

impl Person {
    fn new(bed: &Bed, who: &str) -> Self {
        let kubeconfig = bed.word(&format!("/kubeconfig/{who}")).to_owned();
        Self { home: tempfile::tempdir().unwrap(), kubeconfig }
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = std::process::Command::new(PROGRAM);
        command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", self.home.path());
        command.env("KUBECONFIG", &self.kubeconfig).env("GH_TOKEN", "bed-token").current_dir(self.home.path());
        let output = command.args(args).stdin(std::process::Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn doctor(&self) -> (i32, Value) {
        let (code, out, err) = self.run(&["doctor", "--output", "json"]);
        (code, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}")))
    }
}

/// What is said of the cluster about `about`, in one text per grade.
fn said(root: &Value, about: &str, grade: &str) -> String {
    let sources = root["sources"].as_array().unwrap();
    let cluster = sources.iter().find(|s| s["findings"].as_array().unwrap().iter().any(|f| f["about"] == "identity"));
    let all = cluster.unwrap_or_else(|| panic!("no cluster in {root:#}"))["findings"].as_array().unwrap();
    let these = all.iter().filter(|f| f["about"] == about && (grade.is_empty() || f["grade"] == grade));
    these.map(|f| f["says"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn init_on_a_bare_kubeconfig_writes_what_doctor_finds_good() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    namespace.deploy("cart", "1", 1);
    namespace.deploy("cart-canary", "1", 1);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/cart"]);
    let person = Person::new(&bed, "admin");
    let init = ["init", "--namespace", &namespace.name];
    let (code, out, err) = person.run(&init);
    assert_eq!(code, 3, "{out}{err}");
    assert!(out.contains("+[service.cart]") && !out.contains("cart-canary"), "{out}");
    let (code, out, err) = person.run(&[&init[..], &["--yes"]].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(person.run(&["config", "check"]).0, 0);
    let (code, root) = person.doctor();
    assert_eq!(code, 0, "{root:#}");
    assert!(!root.to_string().contains("\"fail\""), "{root:#}");
    assert!(said(&root, "reachable", "ok").starts_with("Kubernetes v1."), "{root:#}");
    assert_eq!(said(&root, "clock", "ok"), "agrees with ours");
    let (code, out, err) = person.run(&init);
    assert!(code == 0 && out.contains("nothing new"), "{out}{err}");
}

#[test]
fn doctor_says_of_everybody_what_kubectl_says() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    namespace.deploy("cart", "1", 1);
    let can = |who: &str, verb: &str, resource: &str| {
        let mut kubectl = bed.kubectl_command();
        kubectl.env("KUBECONFIG", bed.word(&format!("/kubeconfig/{who}")));
        // Behind a slash kubectl reads the name of an object.
        let (resource, sub) = resource.split_once('/').unwrap_or((resource, ""));
        let sub = format!("--subresource={sub}");
        let output = kubectl.args(["auth", "can-i", verb, resource, &sub, "-n", &namespace.name]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim() == "yes"
    };
    let config = format!(
        "[environment.production]\norder = 1\nclusters.bed = {{ context = \"bed\", namespace = \"{0}\" }}\n\
         [service.cart]\nworkload = \"deployment/cart\"\n",
        namespace.name
    );
    for (who, codes) in [("alice", 0), ("bob", 0), ("reader", 0), ("mallory", 1)] {
        let person = Person::new(&bed, who);
        std::fs::write(person.home.path().join("own.toml"), &config).unwrap();
        let (code, out, err) = person.run(&["doctor", "--output", "json", "--config", "own.toml"]);
        let root: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}"));
        assert_eq!(code, codes, "{who}: {root:#}");
        assert!(said(&root, "identity", "ok").starts_with(&format!("{who} (")), "{who}: {root:#}");
        for (about, verb, resource, named) in [
            ("read", "list", "deployments", "deployments"),
            ("read", "watch", "pods", "pods"),
            ("read", "get", "pods/log", "pods/log"),
            ("act", "patch", "deployments", "deployments"),
            ("act", "patch", "rollouts.argoproj.io/status", "rollouts.argoproj.io/status"),
            ("act", "create", "leases.coordination.k8s.io", "leases.coordination.k8s.io"),
        ] {
            let all = said(&root, about, "");
            // `we may list and watch deployments, pods; get pods/log`: which of the phrases with this verb name it.
            let phrases = |begin: &str| {
                let lines = all.lines().filter_map(|l| l.split_once(begin)).map(|(_, rest)| rest.to_owned());
                let lines = lines.filter(|rest| !rest.starts_with("not "));
                let words = |rest: String| rest.split("; ").map(str::to_owned).collect::<Vec<_>>();
                let names = |phrase: &String| {
                    let mut words = phrase.split([' ', ',']).filter(|w| !w.is_empty());
                    phrase.split(' ').any(|w| w == verb) && words.any(|w| w == named)
                };
                lines.flat_map(words).any(|phrase| names(&phrase))
            };
            let (yes, no) = (phrases(" we may "), phrases(" we may not "));
            let want = can(who, verb, resource);
            let nothing = about == "act" && all.contains("we may change nothing");
            assert_eq!(yes, want, "{who} {verb} {resource}: {all}");
            assert_eq!(no || nothing, !want, "{who} {verb} {resource}: {all}");
        }
    }
}
