//! What holds for every workload, whichever controller looks after it.

use super::{Joiner, revision::Rev};
use crate::domain::{Digest, Feed, Helm, HelmMark, HelmRevision, Pod, SafeText, Template, Version, Workload};

/// The newest revisions of a Helm release that a placement keeps; Helm keeps ten as well.
const HELM: usize = 10;

impl Joiner<'_, '_> {
    /// Takes what every workload says; gives why its pods do not run, clearest cause first. `template` is the wanted one,
    /// wherever it stands.
    pub(super) fn common(&mut self, w: &Workload, template: &Template, revs: &[Rev<'_>], pods: &[&Pod]) -> Vec<SafeText> {
        let here: Vec<&Pod> = pods.iter().copied().filter(|p| !p.ending).collect();
        let p = &mut *self.placement;
        p.pods = w.counts();
        p.min_ready = w.min_ready;
        p.unprobed = template.unprobed();
        p.restarts = here.iter().map(|p| p.restarts).sum();
        p.drift = drift(revs);
        self.placement.endpoints = self.endpoints(w, template);
        self.placement.helm = w.meta.helm.as_ref().map(|mark| self.helm(mark));
        causes(&here)
    }

    fn helm(&self, mark: &HelmMark) -> Helm {
        let feed = &self.cluster.helm_releases;
        let mine = |r: &&HelmRevision| r.key.namespace == mark.release.namespace && r.name == mark.release.name;
        let mut history: Vec<HelmRevision> = feed.value().into_iter().flat_map(|s| s.values()).filter(mine).cloned().collect();
        history.sort_by_key(|r| std::cmp::Reverse(r.revision));
        history.truncate(HELM);
        let why = match feed {
            Feed::Waiting => Some("not read yet".into()),
            Feed::Stale { why, .. } | Feed::Down { why, .. } => Some(why.what.clone()),
            Feed::Live { .. } => history.is_empty().then(|| "no Secret of it is in the namespaces that are read".into()),
        };
        Helm { mark: mark.clone(), history, why }
    }
}

/// Why pods do not run, without doubles.
pub(super) fn causes(pods: &[&Pod]) -> Vec<SafeText> {
    const BROKEN: [&str; 9] = [
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "Unschedulable",
    ];
    let mut out: Vec<SafeText> = vec![];
    for word in BROKEN {
        let hit: Vec<&&Pod> = pods.iter().filter(|p| p.waiting.as_ref().is_some_and(|w| w.as_str() == word)).collect();
        if let Some(first) = hit.first() {
            let detail = first.message.as_ref().map(|m| format!(": {m}")).unwrap_or_default();
            out.push(format!("{} of {} pods {word}{detail}", hit.len(), pods.len()).into());
        }
    }
    out
}

/// Pods of one tag that run different digests.
fn drift(revs: &[Rev<'_>]) -> Option<SafeText> {
    let mut builds: Vec<Version> = vec![];
    for rev in revs {
        let Some(tag) = rev.template.containers.first().and_then(|c| c.image.tag.as_ref()) else { continue };
        for pod in rev.pods.iter().filter(|p| !p.ending) {
            let Some(Some(digest)) = pod.digests.first() else { continue };
            let version = Version { tag: tag.clone(), digest: Some(digest.clone()), commit: None };
            if let Some(other) = builds.iter().find(|b| b.same_tag_other_digest(&version)) {
                let other = other.digest.as_ref().map(Digest::short).unwrap_or_default();
                return Some(format!("{tag} is two builds here: {} and {other}", digest.short()).into());
            }
            builds.push(version);
        }
    }
    None
}
