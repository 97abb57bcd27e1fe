//! `gonogo init`: asks what lies around for what it is, and makes a configuration of it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::join_all;

use super::{first, world};
use crate::{
    cli::Global,
    config::{ClusterConnection, Disk as _, FoundPlace, Inputs, Lying, RealDisk, Settings, is_system, load_text, propose},
    domain::{Exit, FoundInCluster, Problem, ProblemKind, Repo, SafeText},
    engine::clock::Clock,
    headless::{self, InitArgs, Printer, Proposal, say},
    provider::{
        github, kube,
        role::{Pipelines as _, Timer, Workloads as _},
    },
};

/// Contexts that are asked unnamed: who has more names those that count.
const CONTEXTS: usize = 12;

/// Namespaces of one context that are taken unnamed.
const NAMESPACES: usize = 8;

/// What `init` is asked.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// The contexts to look at; all of the kubeconfig where none is named.
    pub contexts: Vec<String>,
    /// The namespaces to look at; those with workloads where none is named.
    pub namespaces: Vec<String>,
    /// The address of Prometheus, where it is not found in a cluster.
    pub prometheus: Option<String>,
    /// The file to write, or `default`.
    pub write: Option<PathBuf>,
    /// How much is said and asked.
    pub ask: InitArgs,
}

/// Looks around, proposes a configuration, and writes it on consent.
pub async fn run(global: &Global, args: &Args, printer: &mut Printer) -> io::Result<Exit> {
    let inputs = world::inputs(global);
    let Some(file) = target(&inputs, global, args) else {
        let nowhere = Problem::new(ProblemKind::Config, "there is no folder for the configuration");
        return Ok(Printer::problem(&nowhere.hint("name the file with --write")));
    };
    let old = match RealDisk.read(&file) {
        Ok(stored) => Some(stored.text),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => {
            let problem = Problem::new(ProblemKind::Config, format!("{}: {e}", file.display()));
            return Ok(Printer::problem(&problem));
        }
    };
    let before = match load_text(&file, old.as_deref().unwrap_or_default(), &inputs) {
        Ok(loaded) => loaded.settings,
        Err(found) => return Ok(world::faults(&found)),
    };
    let mut notes = vec![];
    let mut lying = match look(&inputs, args, &before, &mut notes).await {
        Ok(lying) => lying,
        Err(problem) => return Ok(Printer::problem(&problem)),
    };
    if lying.places.is_empty() && lying.repo.is_none() {
        for note in &notes {
            say(note.as_str(), None);
        }
        let nothing = Problem::new(ProblemKind::Config, "nothing was found that a configuration could be made of");
        return Ok(Printer::problem(&nothing.hint("a kubeconfig, or a clone of a repository on GitHub, is a beginning")));
    }
    if lying.prometheus.is_some() {
        lying.presets = presets(&file, old.as_deref(), &lying, &inputs).await;
    }
    let fits = |text: &str| load_text(&file, text, &inputs).is_ok();
    let proposed = |lying: &Lying| propose(old.as_deref(), lying);
    let mut made = proposed(&lying);
    if let (Some(address), true) = (lying.prometheus.clone(), made.as_ref().is_ok_and(|(text, _)| !fits(text))) {
        // A way to metrics that this version cannot go is told and not written.
        lying.prometheus = None;
        notes.push(format!("{address} looks like Prometheus; name an address of it with --prometheus").into());
        made = proposed(&lying);
    }
    let (new, more) = match made {
        Ok(made) => made,
        Err(e) => {
            let problem = Problem::new(ProblemKind::Config, format!("{}: {e}", file.display()));
            return Ok(Printer::problem(&problem));
        }
    };
    if let Err(found) = load_text(&file, &new, &inputs) {
        say("what was found makes no configuration that holds; name contexts and namespaces", None);
        return Ok(world::faults(&found));
    }
    notes.extend(more);
    headless::init(&Proposal { file: &file, old, new, notes }, args.ask, printer)
}

/// The file to write: the one that is named, else the one that is read.
fn target(inputs: &Inputs<'_>, global: &Global, args: &Args) -> Option<PathBuf> {
    match args.write.as_deref() {
        Some(path) if path != Path::new("default") => Some(inputs.cwd.join(path)),
        Some(_) => inputs.user_file(),
        None => global.config.as_ref().map(|f| inputs.cwd.join(f)).or_else(|| inputs.user_file()),
    }
}

async fn look(inputs: &Inputs<'_>, args: &Args, before: &Settings, notes: &mut Vec<SafeText>) -> Result<Lying, Problem> {
    let timer: Arc<dyn Timer> = Arc::new(Clock::real());
    let mut lying = Lying { prometheus: args.prometheus.clone(), ..Lying::default() };
    for (place, found) in places(args, &timer, notes).await? {
        if lying.prometheus.is_none() && before.topology.metrics.is_none() {
            lying.prometheus = found.metrics.first().map(ToString::to_string);
        }
        lying.places.push(place);
    }
    if let Some((repo, host)) = first::remote(inputs, before.github.as_ref().map(|g| g.host.as_str())) {
        match workflows(&repo, before, inputs, &timer).await {
            Ok(workflows) => lying.workflows = workflows,
            Err(problem) => notes.push(problem.what.clone()),
        }
        lying.repo = Some((repo, Some(host).filter(|h| h != github::PUBLIC)));
    }
    Ok(lying)
}

/// Every context that counts, with what runs there; one that does not answer is noted and left out.
async fn places(
    args: &Args,
    timer: &Arc<dyn Timer>,
    notes: &mut Vec<SafeText>,
) -> Result<Vec<(FoundPlace, FoundInCluster)>, Problem> {
    let Some(contexts) = kube::contexts(None)? else { return Ok(vec![]) };
    let mut wanted: Vec<kube::Context> = vec![];
    for name in &args.contexts {
        let Some(context) = contexts.all.iter().find(|c| &c.name == name) else {
            let all: Vec<&str> = contexts.all.iter().map(|c| c.name.as_str()).collect();
            let problem = Problem::new(ProblemKind::Config, format!("the kubeconfig has no context {name:?}"));
            return Err(problem.hint(format!("it has {}", all.join(", "))));
        };
        wanted.push(context.clone());
    }
    if wanted.is_empty() && contexts.all.len() > CONTEXTS {
        wanted.extend(contexts.current().cloned());
        let count = contexts.all.len();
        notes.push(format!("the kubeconfig has {count} contexts; only the current one was looked at: use --context").into());
    } else if wanted.is_empty() {
        wanted = contexts.all.clone();
    }
    let looked = join_all(wanted.iter().map(|context| async move { (context, place(context, args, timer).await) })).await;
    let mut out = vec![];
    for (context, found) in looked {
        match found {
            Ok(found) => {
                // The rest stands, and what is missing is said: a person adds it, or runs this again.
                let part = |p: &Problem| format!("context {}: not all was found: {}", context.name, p.what).into();
                notes.extend(found.troubles.iter().map(part));
                out.extend(settle(context, args, found, notes));
            }
            Err(problem) => notes.push(format!("context {}: {}", context.name, problem.what).into()),
        }
    }
    Ok(out)
}

async fn place(context: &kube::Context, args: &Args, timer: &Arc<dyn Timer>) -> Result<FoundInCluster, Problem> {
    let connection = ClusterConnection {
        name: "found".parse().map_err(|_| Problem::new(ProblemKind::Internal, "a name that is none"))?,
        kubeconfig: None,
        context: Some(context.name.clone()),
        server: None,
        namespaces: vec![context.namespace.as_str().into()],
    };
    let cluster = kube::connect(&connection, Arc::clone(timer)).await?;
    let namespaces: Vec<Arc<str>> = args.namespaces.iter().map(|n| n.as_str().into()).collect();
    let found = cluster.discover(&namespaces).await;
    match found.troubles.first() {
        Some(problem) if found.workloads.is_empty() => Err(problem.clone()),
        _ => Ok(found),
    }
}

/// Which namespaces of a context count.
fn settle(
    context: &kube::Context,
    args: &Args,
    mut found: FoundInCluster,
    notes: &mut Vec<SafeText>,
) -> Option<(FoundPlace, FoundInCluster)> {
    let mut all: Vec<Arc<str>> = found.workloads.iter().map(|w| w.key.namespace.clone()).collect();
    all.sort();
    all.dedup();
    let own: Arc<str> = context.namespace.as_str().into();
    let namespaces: Vec<Arc<str>> = if args.namespaces.is_empty() {
        let some: Vec<Arc<str>> = all.into_iter().filter(|n| !is_system(n)).collect();
        if &*own != "default" && (some.contains(&own) || some.is_empty()) {
            let others: Vec<&str> = some.iter().filter(|n| **n != own).map(|n| &**n).collect();
            if !others.is_empty() {
                let others = others.join(", ");
                notes.push(format!("context {}: its own namespace {own} was taken; there is also {others}", context.name).into());
            }
            vec![own]
        } else if some.len() > NAMESPACES {
            let what = format!("context {}: {} namespaces have workloads: use --namespace", context.name, some.len());
            notes.push(what.into());
            return None;
        } else if some.is_empty() {
            vec![own]
        } else {
            some
        }
    } else {
        let named: Vec<Arc<str>> = args.namespaces.iter().map(|n| n.as_str().into()).collect();
        // A namespace that is not in this cluster is in another one.
        let here: Vec<Arc<str>> = named.into_iter().filter(|n| all.contains(n)).collect();
        if here.is_empty() {
            notes.push(format!("context {}: nothing runs in {}", context.name, args.namespaces.join(", ")).into());
            return None;
        }
        here
    };
    found.workloads.retain(|w| namespaces.contains(&w.key.namespace));
    let workloads = found.workloads.clone();
    let place = FoundPlace { context: context.name.clone(), server: context.server.clone(), namespaces, workloads };
    Some((place, found))
}

/// The workflows of a repository, read as the configuration says that GitHub is reached.
async fn workflows(
    repo: &Repo,
    before: &Settings,
    inputs: &Inputs<'_>,
    timer: &Arc<dyn Timer>,
) -> Result<Vec<crate::domain::FoundWorkflow>, Problem> {
    let mut settings = before.clone();
    if settings.github.is_none() {
        let text = "[github]\n";
        let loaded = load_text(Path::new("what was found"), text, inputs);
        settings.github = loaded.ok().and_then(|l| l.settings.github);
    }
    world::token(&mut settings).await?;
    let Some(connection) = &settings.github else { return Ok(vec![]) };
    let env = |name: &str| inputs.env.get(name).cloned();
    github::connect(connection, Arc::clone(timer), env)?.discover(repo).await
}

/// The presets that the source has metrics of, asked over the configuration that would be written.
async fn presets(file: &Path, old: Option<&str>, lying: &Lying, inputs: &Inputs<'_>) -> Vec<String> {
    let Ok((text, _)) = propose(old, lying) else { return vec![] };
    let Ok(loaded) = load_text(file, &text, inputs) else { return vec![] };
    match super::roles(&loaded.settings, &Clock::real()).await.metrics {
        Some(Ok(metrics)) => metrics.discover().await.unwrap_or_default().into_iter().map(str::to_owned).collect(),
        _ => vec![],
    }
}
