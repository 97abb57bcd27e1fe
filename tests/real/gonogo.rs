//! gonogo as a person on this bed would run it.

use std::process::Command;

use serde_json::Value;

use crate::bed::{self, Bed, Namespace};

/// gonogo with a home, a configuration and somebody's kubeconfig.
pub struct Gonogo<'a> {
    bed: &'a Bed,
    home: tempfile::TempDir,
    kubeconfig: String,
}

impl<'a> Gonogo<'a> {
    /// For `who`, with `services` as Deployments of their names in the namespace, as environment `production`, and
    /// with metrics and pipelines.
    pub fn new(namespace: &Namespace<'a>, who: &str, services: &[&str]) -> Self {
        let Namespace { bed, name } = namespace;
        let more = format!(
            "[metrics]\nprometheus = \"{}\"\npreset = \"plain\"\nscrape = \"1s\"\n\
             [github]\napi = \"{}\"\n[defaults]\npipeline = {{ github = \"{name}/shop\", workflow = \"build.yml\" }}\n",
            bed.word("/prometheus/url"),
            bed.word("/github/url"),
        );
        Self::with(namespace, who, services, &more)
    }

    /// The same with nothing but the cluster.
    pub fn on_the_cluster(namespace: &Namespace<'a>, who: &str, services: &[&str]) -> Self {
        Self::with(namespace, who, services, "")
    }

    fn with(namespace: &Namespace<'a>, who: &str, services: &[&str], more: &str) -> Self {
        let services = services.iter().map(|name| format!("[service.{name}]\nworkload = \"deployment/{name}\"\n"));
        Self::configured(namespace, who, &format!("{more}{}", services.collect::<String>()))
    }

    /// For `who`, with the namespace as environment `production`, and `config`.
    pub fn configured(namespace: &Namespace<'a>, who: &str, config: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let Namespace { bed, name } = namespace;
        let cluster = format!("{{ context = \"bed\", namespace = \"{name}\" }}");
        let config = format!("[environment.production]\norder = 1\nclusters.bed = {cluster}\n{config}");
        std::fs::write(home.path().join("gonogo.toml"), config).unwrap();
        Self { bed, home, kubeconfig: bed.word(&format!("/kubeconfig/{who}")).to_owned() }
    }

    fn file(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    /// What the command needs of the environment, and nothing of the machine's own.
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", self.home.path().to_str().unwrap().to_owned()),
            ("KUBECONFIG", self.kubeconfig.clone()),
            ("GH_TOKEN", "bed-token".to_owned()),
            ("GONOGO_CONFIG", self.file("gonogo.toml")),
            ("GONOGO_STATE_DIR", self.file("state")),
        ]
    }

    /// The program, to be given arguments.
    pub fn command(&self) -> Command {
        let mut command = self.bed.command(PROGRAM);
        command.env_clear().envs(self.environment());
        command
    }

    /// The program on a disk without space left, after `gonogo FIRST` has used it, to be given arguments.
    pub fn on_a_full_disk(&self, first: &str) -> Command {
        const SCRIPT: &str = r#"set -e
mkdir -p "$GONOGO_STATE_DIR"
mount -t tmpfs -o size=1400k,mode=700 none "$GONOGO_STATE_DIR"
"$0" $FIRST >"$HOME/first" 2>&1 </dev/null || { cat "$HOME/first"; exit 1; }
dd if=/dev/zero of="$GONOGO_STATE_DIR/of-somebody-else" bs=1k 2>/dev/null || true
exec "$0" "$@""#;
        let mut command = self.bed.command("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT, PROGRAM]);
        command.env_clear().envs(self.environment()).env("FIRST", first);
        command
    }

    /// `gonogo … --output json`.
    pub fn json(&self, args: &[&str]) -> Value {
        let said = bed::run(self.command().args(args).args(["--output", "json"]));
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{args:?}: {e}\n{said}"))
    }
}

/// The compiled program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_gonogo");

/// The only placement of a service in a status.
pub fn placement<'a>(status: &'a Value, service: &str) -> &'a Value {
    let services = status["services"].as_array().unwrap();
    let service = services.iter().find(|s| s["name"] == service).unwrap_or_else(|| panic!("no {service} in {status:#}"));
    let [placement] = &service["placements"].as_array().unwrap()[..] else { panic!("not one placement: {service:#}") };
    placement
}
