//! The revisions of a workload, and which pods belong to which.

use std::sync::Arc;

use jiff::Timestamp;

use super::Joiner;
use crate::domain::{ImageRef, Meta, Pod, PodCounts, Revision, SafeText, Template, Version};

/// The newest revisions that a placement keeps: as many as a Deployment keeps unless told otherwise.
const REVISIONS: usize = 10;

/// What follows a StatefulSet's or DaemonSet's name in the label of its pods, or the whole name.
const HASH: &str = "controller-revision-hash";

/// One revision, with its pods.
#[derive(Clone)]
pub(super) struct Rev<'a> {
    pub meta: &'a Meta,
    pub number: Option<i64>,
    pub hash: Option<&'a Arc<str>>,
    pub cause: Option<&'a SafeText>,
    pub template: &'a Template,
    /// When its pods are taken down, where that is set.
    pub scale_down: Option<Timestamp>,
    pub counts: PodCounts,
    /// Its pods, those on their way out too.
    pub pods: Vec<&'a Pod>,
}

impl Rev<'_> {
    /// The version that its template names, with the digest that its pods run.
    pub fn version(&self) -> Version {
        version(self.template, &self.pods)
    }
}

/// The version that a template names, with the digest that pods of it really run where a node tells.
pub(super) fn version(template: &Template, pods: &[&Pod]) -> Version {
    let image = template.containers.first().map_or_else(|| ImageRef::parse("none"), |c| c.image.clone());
    let running = pods.iter().filter(|p| p.ready).find_map(|p| p.digests.first().cloned().flatten());
    let digest = running.or_else(|| image.digest.clone());
    let tag = image.tag.clone().or_else(|| digest.as_ref().map(|d| d.short().into())).unwrap_or_else(|| "untagged".into());
    let commit = template.commit.clone().or_else(|| tag.as_str().parse().ok());
    Version { tag, digest, commit }
}

/// Newest first, as the controllers sort them: a number may be there twice.
fn sorted(mut revs: Vec<Rev<'_>>) -> Vec<Rev<'_>> {
    revs.sort_by(|a, b| (b.number, b.meta.created, &b.meta.key).cmp(&(a.number, a.meta.created, &a.meta.key)));
    revs
}

impl<'a> Joiner<'a, '_> {
    /// The ReplicaSets of an owner, newest first.
    pub(super) fn replica_sets(&self, owner: &Arc<str>) -> Vec<Rev<'a>> {
        let Some(sets) = self.cluster.replica_sets.value() else { return vec![] };
        let mine = sets.values().filter(|s| s.owner.as_ref() == Some(owner));
        let mut revs: Vec<Rev<'a>> = mine
            .map(|s| Rev {
                meta: &s.meta,
                number: s.revision,
                hash: s.hash.as_ref(),
                cause: s.cause.as_ref(),
                template: &s.template,
                scale_down: s.scale_down,
                counts: PodCounts { wanted: s.wanted, ready: s.ready, available: s.available },
                pods: vec![],
            })
            .collect();
        for pod in self.cluster.pods.value().into_iter().flat_map(|pods| pods.values()) {
            if let Some(rev) = revs.iter_mut().find(|r| pod.owner.as_ref() == Some(&r.meta.uid)) {
                rev.pods.push(pod);
            }
        }
        sorted(revs)
    }

    /// The ControllerRevisions of an owner, newest first. Their counts are those of its pods.
    pub(super) fn controller_revisions(&self, owner: &Arc<str>) -> Vec<Rev<'a>> {
        let pods = self.pods_of(owner);
        let Some(all) = self.cluster.controller_revisions.value() else { return vec![] };
        let revs = all.values().filter(|r| r.owner.as_ref() == Some(owner)).map(|r| {
            let made = |p: &&&Pod| p.labels.get(HASH).is_some_and(|hash| r.made(hash));
            let pods: Vec<&'a Pod> = pods.iter().filter(made).copied().collect();
            let here = pods.iter().filter(|p| !p.ending);
            let ready = here.clone().filter(|p| p.ready).count() as u32;
            Rev {
                meta: &r.meta,
                number: Some(r.revision),
                hash: None,
                cause: r.cause.as_ref(),
                template: &r.template,
                scale_down: None,
                counts: PodCounts { wanted: here.count() as u32, ready, available: ready },
                pods,
            }
        });
        sorted(revs.collect())
    }

    /// The pods of an owner, those on their way out too.
    pub(super) fn pods_of(&self, owner: &Arc<str>) -> Vec<&'a Pod> {
        let Some(pods) = self.cluster.pods.value() else { return vec![] };
        pods.values().filter(|p| p.owner.as_ref() == Some(owner)).collect()
    }

    /// Keeps the history: the newest revisions, and older ones that still have pods.
    pub(super) fn keep(&mut self, revs: &[Rev<'_>], newest: Option<usize>, serving: Option<usize>) {
        let kept = revs
            .iter()
            .enumerate()
            .filter(|(i, r)| *i < REVISIONS || Some(*i) == newest || Some(*i) == serving || r.counts.wanted + r.counts.ready > 0);
        let revision = |(i, r): (usize, &Rev<'_>)| Revision {
            uid: r.meta.uid.clone(),
            name: r.meta.key.name.clone(),
            number: r.number,
            version: r.version(),
            created: r.meta.created,
            cause: r.cause.cloned(),
            pods: r.counts,
            wanted: Some(i) == newest,
            serving: Some(i) == serving,
        };
        self.placement.revisions = kept.map(revision).collect();
    }
}
