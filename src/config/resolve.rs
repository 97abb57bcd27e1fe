//! From the joined tree to the settings.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{
    fault::{Fault, near},
    file::{ClusterFile, EnvironmentFile, File, FreezeFile, GithubFile, KeysFile, PolicyFile},
    layers::Inputs,
    metrics::metrics,
    service::{bad_name, services},
    settings::{ClusterConnection, GithubConnection, Settings, TokenPlaces, UiSettings},
    tree::Node,
    values::is_url,
};
use crate::domain::{
    ClusterName, Environment, EnvironmentName, Freeze, Placing, Policy, SafeText, Timing, Topology, Window, glob,
};

/// What the tree comes down to; faults go to `faults`.
pub(super) fn settings(root: &Node, inputs: &Inputs<'_>, faults: &mut Vec<Fault>) -> Settings {
    // The shape check took out what does not fit.
    let file: File = serde_json::from_value(root.json()).unwrap_or_else(|e| {
        faults.push(root.at.fault(e.to_string(), ""));
        File::default()
    });
    let mut out = Resolver { root, inputs, faults, clusters: vec![] };
    let mut environments = out.environments(&file.environment);
    let github = out.github(file.github.as_ref());
    let keys = out.keys(&file.keys);
    let mut clusters = out.clusters;
    let (prometheus, metrics) = metrics(root, &file, &clusters, inputs, faults).unzip();
    let mut services = services(root, faults);
    if let Some(only) = &file.only {
        if let Some(names) = &only.services {
            services.retain(|s| names.iter().any(|n| glob(n, s.name.as_str())));
        }
        if let Some(names) = &only.environments {
            environments.retain(|e| names.iter().any(|n| glob(n, e.name.as_str())));
            let kept = |c: &ClusterConnection| environments.iter().flat_map(|e| &e.clusters).any(|p| p.cluster == c.name);
            clusters.retain(kept);
        }
    }
    let pipelines = services.iter().any(|s| s.pipeline.is_some());
    let discover = root.get(&["service"]).is_none_or(|s| s.entries().is_empty()) && !clusters.is_empty();
    let ui = file.ui.unwrap_or_default();
    Settings {
        topology: Arc::new(Topology { environments, services, metrics, pipelines }),
        clusters,
        github: (pipelines || file.github.is_some()).then_some(github),
        prometheus: prometheus.unwrap_or_default(),
        ui: UiSettings { theme: ui.theme, ascii: ui.ascii.unwrap_or(false), mouse: ui.mouse.unwrap_or(true), keys },
        read_only: file.read_only.unwrap_or(false),
        discover,
    }
}

/// A time, or the beginning of the day that comes `days` after a date.
fn moment(text: &str, zone: &TimeZone, days: i64) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let date = text.parse::<Date>().ok().filter(|_| text.len() == 10)?;
    Some(date.checked_add(days.days()).ok()?.to_zoned(zone.clone()).ok()?.timestamp())
}

struct Resolver<'a, 'i> {
    root: &'a Node,
    inputs: &'a Inputs<'i>,
    faults: &'a mut Vec<Fault>,
    clusters: Vec<ClusterConnection>,
}

impl Resolver<'_, '_> {
    fn wrong(&mut self, path: &[&str], what: impl Into<String>, mend: &str) {
        self.faults.push(self.root.place(path).fault(what, mend));
    }

    fn environments(&mut self, files: &BTreeMap<String, EnvironmentFile>) -> Vec<Environment> {
        let mut out: Vec<(i64, Environment)> = vec![];
        let names: Vec<String> =
            self.root.get(&["environment"]).map(|n| n.entries().iter().map(|(k, _)| k.clone()).collect()).unwrap_or_default();
        for (name, file) in names.iter().filter_map(|n| Some((n, files.get(n)?))) {
            let path = ["environment", name.as_str()];
            let clusters = self.placings(name, file);
            if file.clusters.is_empty() {
                self.wrong(&path, "has no cluster", "write clusters.NAME = { context = \"…\", namespace = \"…\" }");
            }
            if file.order.is_none() && files.len() > 1 {
                self.wrong(&path, "has no order", "write order = 1 for the first place on the path, 2 for the next");
            }
            let order = file.order.unwrap_or(0);
            if let Some((_, other)) = file.order.and_then(|order| out.iter().find(|(o, _)| *o == order)) {
                let what = format!("order {order} is that of environment {} too", other.name);
                self.faults.push(self.root.place(&["environment", name, "order"]).fault(what, "give each its own"));
            }
            let timing = self.timing(name, file);
            match name.parse::<EnvironmentName>() {
                Ok(id) => {
                    let policy = if file.policy == Some(PolicyFile::Open) { Policy::Open } else { Policy::Production };
                    let readonly = file.readonly.unwrap_or(false);
                    out.push((order, Environment { name: id, policy, readonly, timing, clusters }));
                }
                Err(e) => self.faults.extend(self.root.get(&path).map(|n| bad_name(n, name, &e))),
            }
        }
        out.sort_by_key(|(order, _)| *order);
        out.into_iter().map(|(_, e)| e).collect()
    }

    /// When releases may go to an environment.
    fn timing(&mut self, name: &str, file: &EnvironmentFile) -> Timing {
        let window = file.window.as_deref().and_then(|text| {
            // A zone that this host does not know is no fault of the file; the window then says that it cannot tell.
            let window = Window::parse(text, |zone| TimeZone::get(zone).ok());
            if window.is_none() {
                let what = format!("{text:?} is not a window");
                self.wrong(&["environment", name, "window"], what, "write \"Mon-Thu 09:00-16:00 Europe/Berlin\"");
            }
            window
        });
        let zone = window.as_ref().and_then(Window::zone).cloned().unwrap_or(TimeZone::UTC);
        let freezes = file.freeze.iter().filter_map(|f| self.freeze(name, f, &zone)).collect();
        Timing { window, freezes }
    }

    fn freeze(&mut self, name: &str, file: &FreezeFile, zone: &TimeZone) -> Option<Freeze> {
        const MEND: &str = "write { from = \"2026-12-20\", to = \"2027-01-04\", reason = \"…\" }";
        let mut time = |text: Option<&String>, key: &str, days: i64| {
            let found = text.and_then(|t| moment(t, zone, days));
            if found.is_none() {
                self.wrong(&["environment", name, "freeze"], format!("a freeze has no {key} that is a date or a time"), MEND);
            }
            found
        };
        let (from, to) = (time(file.from.as_ref(), "from", 0)?, time(file.to.as_ref(), "to", 1)?);
        if from >= to {
            self.wrong(&["environment", name, "freeze"], "a freeze ends before it begins", MEND);
            return None;
        }
        let reason = file.reason.as_deref().unwrap_or("no reason is given");
        Some(Freeze { from, to, reason: SafeText::clean(reason) })
    }

    fn placings(&mut self, environment: &str, file: &EnvironmentFile) -> Vec<Placing> {
        let mut out = vec![];
        let names: Vec<String> = self
            .root
            .get(&["environment", environment, "clusters"])
            .map(|n| n.entries().iter().map(|(k, _)| k.clone()).collect())
            .unwrap_or_default();
        for (name, cluster) in names.iter().filter_map(|n| Some((n, file.clusters.get(n)?))) {
            let path = ["environment", environment, "clusters", name];
            match name.parse::<ClusterName>() {
                Ok(id) => out.extend(self.cluster(&path, id, cluster)),
                Err(e) => self.faults.extend(self.root.get(&path).map(|n| bad_name(n, name, &e))),
            }
        }
        out
    }

    fn cluster(&mut self, path: &[&str], name: ClusterName, file: &ClusterFile) -> Option<Placing> {
        let below = |key| [path, &[key]].concat();
        let namespace: Arc<str> = file.namespace.as_deref().unwrap_or("default").into();
        if crate::domain::ObjectKey::new(&namespace, "x").is_err() {
            self.wrong(&below("namespace"), format!("{namespace:?} cannot name a namespace"), "write \"shop\"");
            return None;
        }
        if file.context.is_some() && file.server.is_some() {
            self.wrong(path, "names a context and a server", "name one of them");
            return None;
        }
        if let Some(server) = file.server.as_deref().filter(|s| !is_url(s)) {
            self.wrong(&below("server"), format!("{server:?} is not an address"), "write \"https://…\"");
            return None;
        }
        let kubeconfig = file.kubeconfig.as_deref().map(|p| self.path(&below("kubeconfig"), p));
        let found = ClusterConnection {
            name: name.clone(),
            kubeconfig,
            context: file.context.clone(),
            server: file.server.clone(),
            namespaces: vec![namespace.clone()],
        };
        match self.clusters.iter_mut().find(|c| c.name == name) {
            None => self.clusters.push(found),
            Some(old) if (&old.kubeconfig, &old.context, &old.server) == (&found.kubeconfig, &found.context, &found.server) => {
                if !old.namespaces.contains(&namespace) {
                    old.namespaces.push(namespace.clone());
                }
            }
            Some(_) => {
                self.wrong(path, "is reached in another way in another environment", "give it a name of its own");
                return None;
            }
        }
        Some(Placing { cluster: name, namespace })
    }

    /// A path of a file: `~` is the home directory, and what is not absolute starts beside the file.
    fn path(&self, key: &[&str], text: &str) -> PathBuf {
        if let Some(rest) = text.strip_prefix("~/") {
            return self.inputs.home.join(rest);
        }
        self.root.place(key).file.parent().unwrap_or(Path::new("")).join(text)
    }

    fn github(&mut self, file: Option<&GithubFile>) -> GithubConnection {
        let file = file.cloned().unwrap_or_default();
        let host = file.host.unwrap_or_else(|| "github.com".to_owned());
        if !is_url(&format!("https://{host}")) || host.contains('/') {
            self.wrong(&["github", "host"], format!("{host:?} is not a host"), "write \"github.com\"");
        }
        if file.api.as_deref().is_some_and(|api| !is_url(api)) {
            self.wrong(&["github", "api"], "this is not an address", "write \"https://HOST/api/v3\"");
        }
        if file.token_command.as_ref().is_some_and(Vec::is_empty) {
            self.wrong(&["github", "token_command"], "names no program", "write [\"PROGRAM\", \"ARGUMENT\"]");
        }
        let token_file = file.token_file.as_deref().map(|p| self.path(&["github", "token_file"], p));
        if let Some(path) = &token_file
            && let Ok(stored) = self.inputs.disk.read(path)
            && stored.mode.is_some_and(|m| m & 0o077 != 0)
        {
            let mend = format!("run: chmod 600 {}", path.display());
            self.wrong(&["github", "token_file"], "others can read this file", &mend);
        }
        let api = file.api.unwrap_or_else(|| match host.as_str() {
            "github.com" => "https://api.github.com".to_owned(),
            host => format!("https://{host}/api/v3"),
        });
        GithubConnection {
            host,
            api: api.trim_end_matches('/').to_owned(),
            token: None,
            token_source: None,
            token_places: TokenPlaces { env: file.token_env, file: token_file, command: file.token_command },
        }
    }

    fn keys(&mut self, files: &BTreeMap<String, KeysFile>) -> BTreeMap<String, Vec<String>> {
        let mut out = BTreeMap::new();
        for (name, keys) in files {
            if !self.inputs.known_keys.is_empty() && !self.inputs.known_keys.contains(&name.as_str()) {
                let meant = near(name, self.inputs.known_keys.iter().copied());
                let mend = meant.map_or_else(|| "see: gonogo keys".to_owned(), |m| format!("did you mean {m:?}?"));
                self.wrong(&["keys", name], format!("unknown binding {name:?}"), &mend);
            }
            let keys = match keys {
                KeysFile::One(key) => vec![key.clone()],
                KeysFile::Several(keys) => keys.clone(),
            };
            out.insert(name.clone(), keys);
        }
        out
    }
}
