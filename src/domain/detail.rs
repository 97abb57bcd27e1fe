//! What there is to know of a placement's workload, in a few lines for people.

use super::{Placement, Revision, SafeText};

/// How many earlier revisions are named.
const EARLIER: usize = 3;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Whether it is worth a worry.
    pub warns: bool,
    /// What it says.
    pub text: SafeText,
}

impl Placement {
    /// What its workload is and how it changes; what of it proves less than it seems; who made it; what came before.
    pub fn details(&self) -> Vec<Detail> {
        let mut out = vec![Detail { warns: false, text: self.nature().into() }];
        let mut say = |warns, text: String| out.push(Detail { warns, text: text.into() });
        if !self.unprobed.is_empty() {
            let names: Vec<&str> = self.unprobed.iter().map(SafeText::as_str).collect();
            say(true, format!("no readiness probe in {}: Available proves nothing", names.join(", ")));
        }
        for e in self.endpoints.iter().filter(|e| e.ready < e.total) {
            let ending = if e.terminating > 0 { format!(", {} on their way out", e.terminating) } else { String::new() };
            say(
                e.ready == 0 && self.pods.wanted > 0,
                format!("service {}: {} of {} endpoints ready{ending}", e.service, e.ready, e.total),
            );
        }
        if let Some(helm) = &self.helm {
            let failed =
                helm.history.first().is_some_and(|r| r.status.as_str() == "failed" || r.status.as_str().starts_with("pending"));
            say(failed, helm.to_string());
        }
        let earlier: Vec<String> = self.revisions.iter().filter(|r| !r.wanted).take(EARLIER).map(named).collect();
        if !earlier.is_empty() {
            say(false, format!("earlier: {}", earlier.join(", ")));
        }
        out
    }

    /// `deployment/cart rev 14 · rolling, surge 25%, unavailable 25%`
    fn nature(&self) -> String {
        let mut words = vec![match self.revisions.iter().find(|r| r.wanted).and_then(|r| r.number) {
            Some(number) => format!("{} rev {number}", self.workload),
            None => self.workload.to_string(),
        }];
        words.extend(self.paused.then(|| "paused".to_owned()));
        words.extend(self.strategy.as_ref().map(ToString::to_string));
        words.extend((self.min_ready > 0).then(|| format!("available after {} s", self.min_ready)));
        words.join(" · ")
    }
}

fn named(r: &Revision) -> String {
    match r.number {
        Some(number) => format!("{} (rev {number})", r.version),
        None => r.version.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Helm, HelmMark, ObjectKey, PlacementKey, PodCounts, ServiceEndpoints, UpdateStrategy, Version, WorkloadKind, WorkloadRef,
    };

    fn bare() -> Placement {
        let key = PlacementKey {
            service: "cart".parse().unwrap(),
            environment: "production".parse().unwrap(),
            cluster: "eu-1".parse().unwrap(),
        };
        Placement::unread(key, "shop".into(), WorkloadRef { kind: WorkloadKind::Deployment, name: "cart".into() })
    }

    fn said(p: &Placement) -> Vec<String> {
        p.details().iter().map(|d| format!("{}{}", if d.warns { "! " } else { "" }, d.text)).collect()
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        assert_eq!(said(&bare()), ["deployment/cart"]);
    }

    #[test]
    fn a_full_one_says_it_in_a_few_lines() {
        let revision = |number: i64, tag: &str, wanted: bool| Revision {
            uid: tag.into(),
            name: tag.into(),
            number: Some(number),
            version: Version { tag: tag.into(), digest: None, commit: None },
            created: None,
            cause: None,
            pods: PodCounts::default(),
            wanted,
            serving: wanted,
        };
        let service =
            |ready, terminating| ServiceEndpoints { service: "cart".into(), ready, serving: ready, terminating, total: 3 };
        let mut p = Placement {
            strategy: Some(UpdateStrategy::Recreate),
            paused: true,
            min_ready: 30,
            unprobed: vec!["main".into(), "side".into()],
            pods: PodCounts { wanted: 3, ready: 3, available: 3 },
            endpoints: vec![service(3, 0), service(2, 1)],
            revisions: [5, 4, 3, 2, 1].map(|n| revision(n, &format!("{n}.0"), n == 5)).into(),
            helm: Some(Helm {
                mark: HelmMark { release: ObjectKey::new("shop", "store").unwrap(), chart: None },
                history: vec![],
                why: None,
            }),
            ..bare()
        };
        assert_eq!(
            said(&p),
            [
                "deployment/cart rev 5 · paused · recreate: down while it updates · available after 30 s",
                "! no readiness probe in main, side: Available proves nothing",
                "service cart: 2 of 3 endpoints ready, 1 on their way out",
                "helm release store, history unknown",
                "earlier: 4.0 (rev 4), 3.0 (rev 3), 2.0 (rev 2)",
            ]
        );
        p.endpoints = vec![service(0, 0)];
        assert_eq!(said(&p)[2], "! service cart: 0 of 3 endpoints ready");
    }
}
