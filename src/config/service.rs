//! Services: the defaults, what differs, `{service}` filled in, and everything checked.

use std::sync::Arc;

use super::{
    fault::Fault,
    file::{BlueGreenFile, PipelineFile, ServiceFile, SloFile, WorkloadFile},
    tree::Node,
    values::{duration, is_span, percent},
};
use crate::domain::{
    Binding, BlueGreen, Limits, LinkTemplate, SafeText, Service, ServiceName, WARM, WorkloadKind, WorkloadRef, bad_glob,
};

/// What counts as a migration where nothing else is said.
const MIGRATIONS: &[&str] = &["**/migrations/**", "**/db/migrate/**", "*.sql"];

/// What counts as configuration where nothing else is said.
const CONFIG: &[&str] = &["**/config/**", "values*.yaml", "configmap*.yaml", "*.env", "*.properties"];

/// Every service of `root`, in the order of the file.
pub(super) fn services(root: &Node, faults: &mut Vec<Fault>) -> Vec<Service> {
    let Some(table) = root.get(&["service"]) else { return vec![] };
    let base = root.get(&["metrics", "slo"]).map(|slo| limits(slo, &slo_file(slo), faults)).unwrap_or_default();
    table.entries().iter().filter_map(|(name, own)| service(name, own, root, base, faults)).collect()
}

fn slo_file(node: &Node) -> SloFile {
    serde_json::from_value(node.json()).unwrap_or_default()
}

fn service(name: &str, own: &Node, root: &Node, base: Limits, faults: &mut Vec<Fault>) -> Option<Service> {
    let id: Option<ServiceName> = name.parse().map_err(|e| faults.push(bad_name(own, name, &e))).ok();
    let mut node = root.get(&["defaults"]).cloned().unwrap_or_else(|| own.clone());
    node.lay(own);
    node.fill("{service}", name);
    // The shape check took out what does not fit, so this cannot fail; if it does, the service is left out aloud.
    let file: ServiceFile = match serde_json::from_value(node.json()) {
        Ok(file) => file,
        Err(e) => {
            faults.push(own.at.fault(e.to_string(), ""));
            return None;
        }
    };
    let pipeline = file.pipeline.as_ref().map(|p| binding(&node, p, faults));
    let running = if let Some(workload) = &file.workload {
        running(&node, workload, faults)
    } else {
        faults.push(own.at.fault("has no workload", "write workload = \"deployment/{service}\" here or in [defaults]"));
        None
    };
    let mut slo = base;
    if let (Some(below), Some(file)) = (node.get(&["slo"]), &file.slo) {
        let own = limits(below, file, faults);
        slo = Limits { errors: own.errors.or(base.errors), p95: own.p95.or(base.p95) };
    }
    let links = links(&node, faults);
    let pipeline = match pipeline {
        Some(None) => return None,
        Some(Some(binding)) => Some(binding),
        None => None,
    };
    let (workload, blue_green) = running?;
    let runbook = file.runbook.as_deref().map(SafeText::clean);
    Some(Service { name: id?, pipeline, workload, blue_green, slo, runbook, links })
}

/// The addresses in other tools, in the order of the file; one that is none is left out aloud.
fn links(node: &Node, faults: &mut Vec<Fault>) -> Vec<LinkTemplate> {
    let entries = node.get(&["links"]).map(Node::entries).unwrap_or_default();
    let link = |(name, below): &(String, Node)| {
        let url = below.text().unwrap_or_default();
        match LinkTemplate::fault(url) {
            None => Some(LinkTemplate { name: SafeText::clean(name), url: url.into() }),
            Some((what, mend)) => {
                // Defaults are read once per service; their fault is told once.
                let fault = below.at.fault(what, mend);
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
                None
            }
        }
    };
    entries.iter().filter_map(link).collect()
}

/// The fault of a name that is none.
pub(super) fn bad_name(node: &Node, name: &str, why: &crate::domain::IdError) -> Fault {
    node.at.fault(format!("{name:?} is {why}"), "")
}

/// The workload, and the switch where there are two.
fn running(node: &Node, file: &WorkloadFile, faults: &mut Vec<Fault>) -> Option<(WorkloadRef, Option<BlueGreen>)> {
    match file {
        WorkloadFile::One(text) => Some((workload(node, &["workload"], text, faults)?, None)),
        WorkloadFile::Switched(file) => {
            let switch = blue_green(node, file.blue_green.as_ref(), faults)?;
            Some((switch.blue.clone(), Some(switch)))
        }
    }
}

fn blue_green(node: &Node, file: Option<&BlueGreenFile>, faults: &mut Vec<Fault>) -> Option<BlueGreen> {
    const MEND: &str =
        "write { blue-green = { service = \"NAME\", blue = \"deployment/NAME-blue\", green = \"deployment/NAME-green\" } }";
    let path = ["workload", "blue-green"];
    let Some(file) = file else {
        faults.push(node.place(&["workload"]).fault("says not what runs", MEND));
        return None;
    };
    let mut part = |key: &'static str, text: Option<&String>| {
        let Some(text) = text else {
            faults.push(node.place(&path).fault(format!("has no {key}"), MEND));
            return None;
        };
        let place = [path[0], path[1], key];
        if key == "service" {
            return name(node, &place, text, "a Service", faults).map(|n| (WorkloadKind::Deployment, n));
        }
        let side = workload(node, &place, text, faults)?;
        if side.kind != WorkloadKind::Deployment {
            let mend = "a Rollout switches by itself: write workload = \"rollout/NAME\"";
            faults.push(node.place(&place).fault(format!("{side} is no Deployment"), mend));
            return None;
        }
        Some((side.kind, side.name))
    };
    let (service, blue, green) =
        (part("service", file.service.as_ref()), part("blue", file.blue.as_ref()), part("green", file.green.as_ref()));
    let preview = match &file.preview {
        Some(text) => Some(name(node, &[path[0], path[1], "preview"], text, "a Service", faults)?),
        None => None,
    };
    let warm = file.warm.as_deref().map_or(Some(WARM), duration);
    if warm.is_none() {
        faults.push(node.place(&[path[0], path[1], "warm"]).fault("this is not a duration", "write \"30m\""));
    }
    let warm = warm.unwrap_or(WARM);
    let side = |(kind, name)| WorkloadRef { kind, name };
    let out = BlueGreen { service: service?.1, blue: side(blue?), green: side(green?), preview, warm };
    if out.blue == out.green {
        faults.push(node.place(&path).fault("blue and green are the same", "name two Deployments"));
        return None;
    }
    Some(out)
}

/// The name of an object.
fn name(node: &Node, path: &[&str], text: &str, what: &str, faults: &mut Vec<Fault>) -> Option<Arc<str>> {
    if text.parse::<ServiceName>().is_ok() {
        return Some(text.into());
    }
    faults.push(node.place(path).fault(format!("{text:?} cannot name {what}"), "write the name as kubectl shows it"));
    None
}

fn workload(node: &Node, path: &[&str], text: &str, faults: &mut Vec<Fault>) -> Option<WorkloadRef> {
    let mut wrong = |what: String| {
        faults.push(
            node.place(path).fault(what, "write deployment/NAME, statefulset/NAME, daemonset/NAME, rollout/NAME or canary/NAME"),
        );
        None
    };
    let Some((kind, name)) = text.split_once('/') else { return wrong(format!("{text:?} has no kind")) };
    let Some(kind) = WorkloadKind::ALL.into_iter().find(|k| k.word() == kind) else {
        return wrong(format!("unknown kind {kind:?}"));
    };
    match name.parse::<ServiceName>() {
        Ok(_) => Some(WorkloadRef { kind, name: name.into() }),
        Err(_) => wrong(format!("{name:?} cannot name a workload")),
    }
}

fn binding(node: &Node, file: &PipelineFile, faults: &mut Vec<Fault>) -> Option<Binding> {
    let repo = match file.github.as_deref().map(str::parse) {
        Some(Ok(repo)) => Some(repo),
        Some(Err(e)) => {
            faults.push(node.place(&["pipeline", "github"]).fault(format!("{e}"), "write \"acme/shop\""));
            None
        }
        None => {
            faults.push(node.place(&["pipeline"]).fault("has no repository", "write github = \"owner/name\""));
            None
        }
    };
    let mut globs = |key: &str, usual: &[&str]| -> Vec<Arc<str>> {
        let Some(items) = node.get(&["pipeline", key]).map(Node::items) else {
            return usual.iter().map(|u| (*u).into()).collect();
        };
        let mut out = vec![];
        for item in items {
            let text = item.text().unwrap_or_default();
            match bad_glob(text) {
                None => out.push(text.into()),
                Some(why) => faults.push(item.at.fault(format!("bad glob: {why}"), "write \"services/{service}/**\"")),
            }
        }
        out
    };
    let (paths, migrations, config) = (globs("paths", &[]), globs("migrations", MIGRATIONS), globs("config", CONFIG));
    if let Some(workflow) = file.workflow.as_deref()
        && !std::path::Path::new(workflow).extension().is_some_and(|e| e == "yml" || e == "yaml")
    {
        let at = node.place(&["pipeline", "workflow"]);
        faults.push(at.fault(format!("{workflow:?} is not a workflow file"), "write its file name: \"ci.yml\""));
    }
    Some(Binding {
        repo: repo?,
        workflow: file.workflow.as_deref().map(Into::into),
        job: file.job.as_deref().map(Into::into),
        paths,
        migrations,
        config,
        required: file.required.iter().flatten().map(|r| SafeText::clean(r)).collect(),
        branch: file.branch.as_deref().unwrap_or("main").into(),
    })
}

/// The limits of an `slo` table.
pub(super) fn limits(node: &Node, file: &SloFile, faults: &mut Vec<Fault>) -> Limits {
    let mut wrong = |key: &str, text: &str, what: &str, mend: &str| {
        faults.push(node.place(&[key]).fault(format!("{text:?} is not {what}"), mend));
    };
    let errors = file.errors.as_deref().and_then(|text| {
        let share = percent(text);
        if share.is_none() {
            wrong("errors", text, "a percentage from 0% to 100%", "write \"0.1%\"");
        }
        share
    });
    let p95 = file.p95.as_deref().and_then(|text| {
        let time = duration(text).map(|d| d.as_secs_f64());
        if time.is_none() {
            wrong("p95", text, "a duration", "write \"500ms\"");
        }
        time
    });
    if let Some(text) = file.window.as_deref().filter(|t| !is_span(t)) {
        wrong("window", text, "a span of time", "write \"30d\"");
    }
    Limits { errors, p95 }
}
