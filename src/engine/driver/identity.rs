//! Who the clusters are, and who we are to them: asked again before anything is sent.
//!
//! A plan is consented to for one cluster and one user. In between a context may have been turned to another server, a
//! tunnel have been opened to another place, or a token have been changed for somebody else's.

use std::time::Duration;

use futures::future::join_all;

use crate::{
    domain::{ClusterName, Exit, Identity, Problem, ProblemKind, Refusal},
    engine::{journal::Begun, operation::Parts, service::ConnectedCluster},
};

/// How long a cluster is asked who we are, of real time.
const WHO: Duration = Duration::from_secs(5);

/// The same before what goes back, which waits for nobody for long.
const BRIEFLY: Duration = Duration::from_secs(2);

/// How often a cluster is asked before what goes forward: on a bad link one answer in ten is lost.
const TRIES: u32 = 3;

/// Who we are to the clusters of an operation, as far as they answer at once.
pub(super) async fn who(clusters: &[ConnectedCluster], begun: &Begun) -> Vec<Identity> {
    let of = clusters.iter().filter(|(name, _)| begun.targets.iter().any(|t| t.cluster == *name));
    let asked = join_all(of.map(|(name, _)| ask(clusters, name, WHO, 1))).await;
    asked.into_iter().filter_map(Result::ok).collect()
}

/// Whether every cluster is the one that was planned for, and takes us for whom it did then.
///
/// # Errors
/// Refused with 5 where one does not, and with 4 where that cannot be read; what goes back goes on then, for the link may
/// just be bad.
pub(super) async fn as_planned(clusters: &[ConnectedCluster], parts: &Parts) -> Result<(), Refusal> {
    let back = parts.begun.goes_back;
    let (limit, tries) = if back { (BRIEFLY, 1) } else { (WHO, TRIES) };
    let asked = parts.who.iter().map(async |(name, planned)| (name, planned, ask(clusters, name, limit, tries).await));
    for (name, planned, said) in join_all(asked).await {
        let unknown = match said {
            Ok(now) => match another(name, planned, &now) {
                Some(what) => {
                    return Err(Refusal::new(format!("{what}: nothing was sent"))
                        .hint("plan anew, and look at who you are there")
                        .exit(Exit::Changed));
                }
                // The address is ours; only its own word tells a cluster from another.
                None if now.uid.is_none() && planned.uid.is_some() => "it does not say its uid any more".to_owned(),
                None => continue,
            },
            Err(problem) => problem.to_string(),
        };
        if !back {
            return Err(Refusal::new(format!("whether {name} still is the cluster of this plan is not known: {unknown}"))
                .hint("nothing was sent; try again")
                .exit(Exit::Unknown));
        }
    }
    Ok(())
}

/// What is another than it was, if anything is.
fn another(name: &ClusterName, planned: &Identity, now: &Identity) -> Option<String> {
    match (&planned.uid, &now.uid) {
        (Some(was), Some(is)) if was != is => return Some(format!("{name} is another cluster now: uid {is}, planned for {was}")),
        (None, _) if planned.server != now.server => {
            return Some(format!("{name} is at another address now: {}, planned for {}", now.server, planned.server));
        }
        _ => {}
    }
    (planned.user != now.user).then(|| format!("{name} takes us for {} now, planned by {}", now.user, planned.user))
}

async fn ask(clusters: &[ConnectedCluster], name: &ClusterName, limit: Duration, tries: u32) -> Result<Identity, Problem> {
    let role = match clusters.iter().find(|(known, _)| known == name) {
        Some((_, Ok(role))) => role,
        Some((_, Err(problem))) => return Err(problem.clone()),
        None => return Err(Problem::new(ProblemKind::Unreachable, format!("no cluster is named {name}"))),
    };
    let asked = async {
        let mut said = role.identity().await;
        for _ in 1..tries {
            if said.as_ref().map_or_else(Problem::refused, |_| true) {
                break;
            }
            said = role.identity().await;
        }
        said
    };
    let late = || Err(Problem::new(ProblemKind::Timeout, format!("no answer within {} s", limit.as_secs())));
    tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| late())
}
