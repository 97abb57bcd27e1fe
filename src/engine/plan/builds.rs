//! The builds of a service that were seen anywhere, with their digests: what can be promoted is what was seen to run.

use std::sync::Arc;

use super::scene::{Scene, each, named};
use crate::domain::{
    BuildNotes, ContainerImage, ContainerTemplate, Digest, EnvironmentName, Exit, Health, ImageRef, Labels, ObjectKey, Placement,
    Refusal, SafeText, Snapshot, Template, VERSION_LABEL, Version, Workload,
};

/// A build of a service, as it was seen somewhere.
#[derive(Debug, Clone)]
pub(super) struct Build {
    /// Where.
    pub environment: EnvironmentName,
    /// The version, with its digest.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// The image of each container, with the digest that its pods ran where that is known.
    pub images: Vec<(SafeText, ImageRef)>,
    /// What its template says of it there.
    pub notes: BuildNotes,
    /// Whether users of that environment get it.
    pub serving: bool,
}

/// Every build of the service that some environment knows by digest.
pub(super) fn all(c: &Scene<'_>) -> Vec<Build> {
    c.s.placements.values().filter(|p| p.key.service == c.service.name).flat_map(|p| of(c.s, p)).collect()
}

fn of(s: &Snapshot, p: &Placement) -> Vec<Build> {
    let Some(cluster) = s.clusters.get(&p.key.cluster) else { return vec![] };
    let sets = cluster.replica_sets.value();
    let build = |r: &crate::domain::Revision| {
        let digest = r.version.digest.clone()?;
        let key = ObjectKey::new(&p.namespace, &r.name).ok()?;
        let template = sets.and_then(|sets| sets.get(&key)).map(|set| &set.template);
        let images = template.map(|t| images(s, p, &r.uid, t, &digest)).unwrap_or_default();
        let (version, notes) = (r.version.clone(), notes(template));
        Some(Build { environment: p.key.environment.clone(), version, digest, images, notes, serving: r.serving })
    };
    let mut out: Vec<Build> = p.revisions.iter().filter_map(build).collect();
    // Of the idle side of a pair only the version is joined.
    if let Some(sides) = &p.sides {
        for side in [&sides.blue, &sides.green] {
            let Some((version, digest)) = side.version.as_ref().and_then(|v| Some((v.clone(), v.digest.clone()?))) else {
                continue;
            };
            let key = ObjectKey::new(&p.namespace, &side.workload.name).ok();
            let deployment = key.and_then(|key| cluster.deployments.value()?.get(&key));
            let template = deployment.map(|d| &d.workload.template);
            let images = template.map(|t| pinned(t, &digest)).unwrap_or_default();
            let notes = notes(template);
            out.push(Build { environment: p.key.environment.clone(), version, digest, images, notes, serving: false });
        }
    }
    out
}

/// What a template says of its build and another one can say as well.
fn notes(template: Option<&Template>) -> BuildNotes {
    template.map(|t| t.build().carried()).unwrap_or_default()
}

/// The images of a template, the first with the digest that is known to run.
fn pinned(template: &Template, digest: &Digest) -> Vec<(SafeText, ImageRef)> {
    let of = |(i, c): (usize, &ContainerTemplate)| {
        let digest = if i == 0 { Some(digest.clone()) } else { c.image.digest.clone() };
        (c.name.clone(), ImageRef { digest, ..c.image.clone() })
    };
    template.containers.iter().enumerate().map(of).collect()
}

/// The same with what pods of the revision tell of the other containers.
fn images(s: &Snapshot, p: &Placement, uid: &Arc<str>, template: &Template, digest: &Digest) -> Vec<(SafeText, ImageRef)> {
    let pods = s.clusters.get(&p.key.cluster).and_then(|c| c.pods.value());
    let pod = pods.and_then(|pods| pods.values().find(|pod| pod.ready && pod.owner.as_ref() == Some(uid)));
    let mut out = pinned(template, digest);
    for (i, (_, image)) in out.iter_mut().enumerate().skip(1) {
        let seen = pod.and_then(|pod| pod.digests.get(i).cloned().flatten());
        image.digest = seen.or_else(|| image.digest.take());
    }
    out
}

/// The build that an action is about: the one that is named, else the one that the environment before serves.
pub(super) fn wanted(c: &Scene<'_>, to: Option<&SafeText>) -> Result<Build, Refusal> {
    match to {
        Some(text) => called(c, text.as_str()),
        None => before(c),
    }
}

fn before(c: &Scene<'_>) -> Result<Build, Refusal> {
    let here = &c.environment.name;
    let service = &c.service.name;
    let before = c.s.topology.before(here).ok_or_else(|| {
        Refusal::new(format!("{here} is the first environment: nothing comes before it"))
            .hint("--to VERSION names what it is to get")
            .exit(Exit::Usage)
    })?;
    let there = c.s.placements_of(service, &before.name);
    let unknown = |what: String| Refusal::new(what).hint(format!("gonogo status --env {}", before.name)).exit(Exit::Unknown);
    if let Some(p) = there.iter().find(|p| !current(c.s, p)) {
        return Err(unknown(format!("what {} serves of {service} is not current on {}", before.name, p.key.cluster)));
    }
    let Some(first) = there.iter().find_map(|p| p.version.as_ref()) else {
        return Err(unknown(format!("what {} serves of {service} is not known", before.name)));
    };
    if there.iter().any(|p| p.version.as_ref().is_none_or(|v| !v.same_build(first))) {
        let all = each(there.iter().map(|p| (*p, named(p.version.as_ref()))));
        return Err(Refusal::new(format!("{} serves several versions of {service}: {all}", before.name))
            .hint("--to VERSION names the one that is meant"));
    }
    if let Some(p) = there.iter().find(|p| p.wanted_version.as_ref().is_some_and(|w| !w.same_build(first))) {
        return Err(Refusal::new(format!("a rollout of {service} is under way in {}", before.name))
            .hint(format!(
                "wait for it, or name the version: --to {}",
                named(p.version.as_ref()).split(' ').next().unwrap_or_default()
            ))
            .exit(Exit::Hold));
    }
    let found = there.iter().flat_map(|p| of(c.s, p)).find(|b| b.serving && b.version.same_build(first));
    found.ok_or_else(|| unknown(format!("the digest of {service} {first} in {} is not known", before.name)))
}

/// Whether what is known of a placement is current.
pub(super) fn current(s: &Snapshot, p: &Placement) -> bool {
    let Some(c) = s.clusters.get(&p.key.cluster) else { return false };
    let workloads = match p.workload.kind {
        crate::domain::WorkloadKind::Rollout => c.rollouts.live().is_some(),
        crate::domain::WorkloadKind::Canary => c.canaries.live().is_some(),
        _ => c.deployments.live().is_some(),
    };
    workloads
        && c.replica_sets.live().is_some()
        && c.pods.live().is_some()
        && !matches!(p.health, Health::Unknown(_) if p.version.is_none())
}

fn called(c: &Scene<'_>, text: &str) -> Result<Build, Refusal> {
    let service = &c.service.name;
    let mut found: Vec<Build> = all(c).into_iter().filter(|b| super::scene::is_called(&b.version, text)).collect();
    // The same build seen in several places: where it comes from, else the one that tells most.
    let before = c.s.topology.before(&c.environment.name).map(|e| &e.name);
    let tells = |b: &Build| (Some(&b.environment) == before, b.serving, b.images.len());
    found.sort_by(|a, b| a.digest.cmp(&b.digest).then_with(|| tells(b).cmp(&tells(a))));
    found.dedup_by_key(|b| b.digest.clone());
    match found.len() {
        0 => {
            let mut known: Vec<String> =
                all(c).iter().filter(|b| b.serving).map(|b| format!("{} ({})", b.version, b.environment)).collect();
            known.sort();
            known.dedup();
            Err(Refusal::new(format!("no environment has run {service} {text}, so its digest is not known")).hint(
                if known.is_empty() {
                    "deploy it to the first environment".to_owned()
                } else {
                    format!("running: {}", known.join(", "))
                },
            ))
        }
        1 => Ok(found.swap_remove(0)),
        _ => {
            let digests: Vec<String> = found.iter().map(|b| b.digest.to_string()).collect();
            Err(Refusal::new(format!("{service} {text} is the tag of {} builds", digests.len()))
                .hint(format!("name the digest: --to {}", digests.join(" or --to "))))
        }
    }
}

/// What the template of a workload is to say of a build: what it says where the build comes from. Its label stays as it
/// is where pods are found by it, for with another value they would not be found any more.
pub(super) fn notes_for(c: &Scene<'_>, p: &Placement, build: &Build, workload: &Workload) -> BuildNotes {
    let namespace = |of: &ObjectKey| of.namespace == p.namespace;
    let cluster = c.cluster(p);
    let services = cluster.and_then(|c| c.services.value()).into_iter().flat_map(|all| all.values());
    let rules = cluster.and_then(|c| c.destination_rules.value()).into_iter().flat_map(|all| all.values());
    let finds = |labels: &Labels| labels.contains_key(VERSION_LABEL);
    let found = finds(&workload.selector)
        || services.filter(|s| namespace(&s.meta.key)).any(|s| finds(&s.selector))
        || rules.flat_map(|r| &r.subsets).any(|s| finds(&s.labels));
    let version = if found { workload.template.labels.get(VERSION_LABEL).cloned() } else { build.notes.version.clone() };
    BuildNotes { version, ..build.notes.clone() }
}

/// The images that the containers of `template` get of a build, without those that they have already.
pub(super) fn images_for(build: &Build, template: &Template, what: &str) -> Result<Vec<ContainerImage>, Refusal> {
    let mut out = vec![];
    for (i, container) in template.containers.iter().enumerate() {
        // A lone container may have another name there.
        let named = build.images.iter().find(|(name, _)| *name == container.name);
        let first = || build.images.first().filter(|_| i == 0 && template.containers.len() == 1);
        let Some((_, image)) = named.or_else(first) else {
            if i == 0 {
                let why = format!("{what} has a container {}, of which {} says nothing", container.name, build.version);
                return Err(Refusal::new(why).hint("its containers differ between the environments: change the manifest"));
            }
            continue;
        };
        // Every environment keeps its own registry; the digest is what names the build.
        let image = ImageRef { name: container.image.name.clone(), ..image.clone() };
        if image.digest.is_some() && image != container.image {
            out.push(ContainerImage { name: container.name.clone(), image: SafeText::capped(&image.to_string(), usize::MAX) });
        }
    }
    Ok(out)
}
