//! What routes and Services say of a placement: who gets which share, what goes elsewhere first, and what users get.

use std::sync::Arc;

use super::Joiner;
use crate::domain::{
    ArmName, ArmRole, Backend, KubeService, Labels, Meta, Note, NoteKind, Route, RouteArm, RouteKind, RouteRef, RouteRule,
    SafeText, ServiceEndpoints, Template, Traffic, TrafficArm, Weight, Workload, owners,
};

/// The most rules in front that are named.
const AHEAD: usize = 5;

/// Whose traffic is looked for.
#[derive(Debug, Default)]
pub(in crate::domain) struct Subject {
    /// The routes that a controller's plan names; empty: those that lead to an arm or to a Service of the pods.
    pub routes: Vec<RouteRef>,
    /// The arm of the revision under test.
    pub canary: ArmName,
    /// The arm of the serving revision.
    pub stable: ArmName,
    /// Further arms that lead to the same pods: the Services that select them.
    pub own: Vec<ArmName>,
}

impl Subject {
    fn arms(&self) -> Vec<ArmName> {
        [&self.canary, &self.stable].into_iter().chain(&self.own).cloned().collect()
    }

    fn role(&self, arm: &RouteArm) -> ArmRole {
        if self.canary.fits(arm) {
            ArmRole::Canary
        } else if self.stable.fits(arm) || self.own.iter().any(|n| n.fits(arm)) {
            ArmRole::Stable
        } else {
            ArmRole::Other
        }
    }
}

/// What stands behind an arm.
enum Behind {
    Ready(u32),
    NoService,
    NoSubset,
    Unknown,
}

/// Whether labels carry all that a selector asks for. A selector that asks for nothing selects nothing.
pub(super) fn selects(selector: &Labels, labels: &Labels) -> bool {
    !selector.is_empty() && selector.iter().all(|(k, v)| labels.get(k) == Some(v))
}

impl<'a> Joiner<'a, '_> {
    /// The Service of that name in the placement's namespace.
    pub(super) fn service(&self, name: &str) -> Option<&'a KubeService> {
        let services = self.cluster.services.value()?;
        services.values().find(|s| *s.meta.key.name == *name && s.meta.key.namespace == self.placement.namespace)
    }

    /// The Services of the placement's namespace that select pods with these labels.
    pub(super) fn services_of(&self, labels: &Labels) -> Vec<&'a KubeService> {
        let services = self.cluster.services.value().into_iter().flat_map(|s| s.values());
        services.filter(|s| s.meta.key.namespace == self.placement.namespace && selects(&s.selector, labels)).collect()
    }

    /// Ready endpoints of a Service of the placement's namespace; `None` where the endpoints controller has not come to
    /// it, or cannot be read.
    pub(super) fn ready_of(&self, service: &Arc<str>) -> Option<u32> {
        Some(self.cluster.endpoints_of(&self.placement.namespace, service)?.ready)
    }

    /// The Services that lead to pods of a workload, with what stands behind them.
    ///
    /// A Service leads there if it selects the template's labels, or if it asks for all that the workload selects and
    /// for more: the hash of one of its revisions.
    pub(super) fn endpoints(&self, w: &Workload, template: &Template) -> Vec<ServiceEndpoints> {
        let services = self.cluster.services.value().into_iter().flat_map(|s| s.values());
        services
            .filter(|s| s.meta.key.namespace == w.meta.key.namespace && !s.selector.is_empty())
            .filter(|s| selects(&s.selector, &template.labels) || selects(&w.selector, &s.selector))
            .filter_map(|s| self.cluster.endpoints_of(&s.meta.key.namespace, &s.meta.key.name))
            .collect()
    }

    /// Services that lead to the pods, stand in no route and have no ready endpoint. Of those in a route the traffic
    /// speaks: what gets no share may stand empty.
    pub(super) fn unanswered(&self) -> Vec<SafeText> {
        let p = &self.placement;
        let routed = |name: &Arc<str>| p.traffic.as_ref().is_some_and(|t| t.arms.iter().any(|a| a.service == *name));
        let empty = p.endpoints.iter().filter(|e| e.ready == 0 && p.pods.wanted > 0 && !routed(&e.service));
        let say = |e: &ServiceEndpoints| {
            let last = if e.serving > 0 { format!(": {} that end still serve", e.serving) } else { String::new() };
            format!("service {} has no ready endpoint{last}", e.service).into()
        };
        empty.map(say).collect()
    }

    /// What users get that they should not.
    pub(super) fn unserved(&self) -> Vec<SafeText> {
        self.placement.traffic.iter().flat_map(|t| t.notes_of(NoteKind::Broken)).cloned().collect()
    }

    /// Notes who owns an object of the placement.
    pub(super) fn owned(&mut self, resource: &str, meta: &Meta) {
        let mut all = std::mem::take(&mut self.placement.owners);
        all.extend(owners(self.cluster, resource, meta));
        all.sort_by_key(|o| (o.undo, o.system));
        self.placement.owners = all;
    }

    /// The live routes that carry the subject's traffic, the one that counts first: those that the plan names in its
    /// order, else those that split between its arms before those that only lead there.
    fn routes(&self, subject: &Subject) -> Vec<(RouteRef, Route)> {
        let home = &self.placement.namespace;
        let live = |kind: RouteKind| self.cluster.routes(kind).live().into_iter().flat_map(|s| s.values());
        if !subject.routes.is_empty() {
            let named = subject.routes.iter().filter_map(|name| {
                let route = live(name.kind).find(|r| name.names(r.kind, &r.meta.key, home))?;
                Some((name.clone(), self.whole(route)))
            });
            return named.collect();
        }
        let arms = subject.arms();
        let leads = |rule: &RouteRule| rule.arms.iter().any(|a| arms.iter().any(|n| n.fits(a)));
        let mut found: Vec<(RouteRef, Route)> = RouteKind::ALL
            .into_iter()
            .flat_map(live)
            .filter(|r| r.meta.key.namespace == *home && r.canary.is_none())
            .filter(|r| r.rules.iter().any(leads))
            .map(|r| (r.name(), self.whole(r)))
            .collect();
        let splits = |r: &Route| r.weighted(&[], &arms).is_some_and(|i| r.rules[i].arms.len() > 1);
        found.sort_by_key(|(_, r)| !splits(r));
        found
    }

    /// A route with what stands in other objects: the canary Ingresses of an Ingress.
    fn whole(&self, route: &Route) -> Route {
        if route.kind != RouteKind::Ingress {
            return route.clone();
        }
        let all = self.cluster.ingresses.live().into_iter().flat_map(|s| s.values());
        route.with_canaries(all.filter(|r| r.meta.key.namespace == route.meta.key.namespace))
    }

    /// The traffic of a subject; `None` where no route leads to it.
    pub(super) fn traffic(&self, subject: &Subject) -> Option<Traffic> {
        let found = self.routes(subject);
        let Some((name, route)) = found.first() else { return self.unread(subject) };
        let mut notes: Vec<Note> =
            route.complaints().iter().map(|c| Note::new(NoteKind::Status, format!("{name}: {c}"))).collect();
        let arms = subject.arms();
        let Some(rule) = route.weighted(&name.rules, &arms).and_then(|i| Some((i, route.rules.get(i)?))) else {
            notes.push(Note::new(NoteKind::Status, format!("{name} has no rule that leads to what its owner names")));
            return Some(Traffic { by: name.clone(), set: None, actual: None, arms: vec![], notes });
        };
        let (index, rule) = rule;
        let set = rule.share(&subject.canary);
        notes.extend(self.broken(name, rule));
        notes.extend(self.ahead(route, index));
        let copies = rule.mirrors.iter().map(|m| Note::new(NoteKind::Mirror, format!("mirror {} % to {}", m.share, m.to)));
        notes.extend(copies);
        // Several routes, or several rules of one, that disagree: users are split by the way they come.
        for (other, more) in &found[1..] {
            let there = more.weighted(&other.rules, &arms).and_then(|i| more.rules[i].share(&subject.canary));
            if let Some(there) = there.filter(|w| Some(*w) != set) {
                notes.push(Note::new(NoteKind::Apart, format!("{other} sets {there} %")));
            }
        }
        notes.sort_by_key(|n| n.kind);
        notes.dedup();
        let seen = |a: &RouteArm| TrafficArm {
            service: a.service.clone(),
            subset: a.subset.clone(),
            role: subject.role(a),
            set: rule.share_of(a),
            ready: if let Behind::Ready(n) = self.behind(a) { Some(n) } else { None },
        };
        Some(Traffic { by: name.clone(), set, actual: None, arms: rule.arms.iter().map(seen).collect(), notes })
    }

    /// What is to be said where a plan names routes, and none of them can be read.
    fn unread(&self, subject: &Subject) -> Option<Traffic> {
        let by = subject.routes.first()?.clone();
        let section = self.cluster.routes(by.kind);
        let (kind, why) = match (section.problem(), section.answered()) {
            // A part of the picture is missing; nothing is wrong with the route for all that is known.
            (Some(problem), _) => (NoteKind::Apart, format!("{by} cannot be read: {}", problem.what)),
            (None, false) => (NoteKind::Apart, format!("{by} is not read yet")),
            (None, true) => (NoteKind::Status, format!("{by} does not exist, and the plan names it")),
        };
        Some(Traffic { by, set: None, actual: None, arms: vec![], notes: vec![Note::new(kind, why)] })
    }

    fn behind(&self, arm: &RouteArm) -> Behind {
        if arm.backend != Backend::Service || arm.namespace.is_some() || !self.cluster.services.answered() {
            return Behind::Unknown;
        }
        let Some(service) = self.service(&arm.service) else {
            return if self.cluster.services.live().is_some() { Behind::NoService } else { Behind::Unknown };
        };
        let Some(subset) = &arm.subset else {
            return self.ready_of(&arm.service).map_or(Behind::Unknown, Behind::Ready);
        };
        let (Some(rules), Some(pods)) = (self.cluster.destination_rules.live(), self.cluster.pods.live()) else {
            return Behind::Unknown;
        };
        let here = |ns: &Arc<str>| *ns == self.placement.namespace;
        let mut subsets = rules
            .values()
            .filter(|r| r.service == arm.service && r.namespace.as_ref().map_or(here(&r.meta.key.namespace), here))
            .flat_map(|r| &r.subsets);
        let Some(subset) = subsets.find(|s| s.name == *subset) else { return Behind::NoSubset };
        let fits =
            |labels: &Labels| selects(&service.selector, labels) && subset.labels.iter().all(|(k, v)| labels.get(k) == Some(v));
        let ready = pods.values().filter(|p| p.ready && !p.ending && here(&p.key.namespace) && fits(&p.labels));
        Behind::Ready(ready.count() as u32)
    }

    /// What users get where a share leads to nobody, whatever the route's status says.
    fn broken(&self, name: &RouteRef, rule: &RouteRule) -> Vec<Note> {
        let mut out = vec![];
        if rule.instead.is_none() && !rule.arms.is_empty() && rule.arms.iter().all(|a| a.weight == 0) {
            out.push(Note::new(NoteKind::Broken, format!("all requests fail: no destination of {name} has a weight")));
        }
        for arm in rule.arms.iter().filter(|a| a.weight > 0) {
            let share = rule.share_of(arm);
            let who = if share.percent() > 99.95 { "all requests".to_owned() } else { format!("{share} % of requests") };
            let what = |code: u16, why: String| Note::new(NoteKind::Broken, format!("{who} get {code}: {why}"));
            match self.behind(arm) {
                Behind::Ready(0) if name.kind == RouteKind::Ingress && rule.arms.len() > 1 => {
                    // ingress-nginx forgets a canary without endpoints.
                    let text = format!("{arm} has no ready endpoint: its {share} % go to the other Service");
                    out.push(Note::new(NoteKind::Status, text));
                }
                Behind::Ready(0) => out.push(what(503, format!("{arm} has no ready endpoint"))),
                Behind::NoService => {
                    // As seen on Traefik with Gateway API; Istio has no cluster to send to, ingress-nginx no upstream.
                    let code = if matches!(name.kind, RouteKind::VirtualService | RouteKind::Ingress) { 503 } else { 500 };
                    out.push(what(code, format!("service {} does not exist", arm.service)));
                }
                Behind::NoSubset => out.push(what(503, format!("no DestinationRule makes {arm}"))),
                Behind::Ready(_) | Behind::Unknown => {}
            }
        }
        out
    }

    /// The rules that take requests before the weights are asked.
    fn ahead(&self, route: &Route, weighted: usize) -> Vec<Note> {
        let gateway = matches!(route.kind, RouteKind::HttpRoute | RouteKind::GrpcRoute);
        let all = route.rules[weighted].matches.is_empty();
        let first = |(i, r): &(usize, &RouteRule)| {
            // Gateway API asks the narrowest rule first, wherever it stands. An Ingress's paths are apart.
            let narrower = gateway && all && !r.matches.is_empty();
            *i != weighted && (*i < weighted || narrower) && (route.kind != RouteKind::Ingress || r.name.is_some())
        };
        let rules: Vec<&RouteRule> = route.rules.iter().enumerate().filter(first).map(|(_, r)| r).collect();
        let empty = |r: &RouteRule| {
            let with_traffic = r.arms.iter().filter(|a| a.weight > 0);
            let nobody = |a: &RouteArm| matches!(self.behind(a), Behind::Ready(0) | Behind::NoService | Behind::NoSubset);
            with_traffic.clone().count() > 0 && with_traffic.clone().all(nobody)
        };
        let say = |r: &&RouteRule| {
            let nobody = if empty(r) { ", where nobody answers" } else { "" };
            let text = if r.matches.is_empty() {
                format!("a rule in front takes everything and {}{nobody}: the weights decide nothing", r.leads())
            } else {
                format!("{} {} first{nobody}", r.takes(), r.leads())
            };
            Note::new(NoteKind::Ahead, text)
        };
        let more = rules.len().saturating_sub(AHEAD);
        let rest = (more > 0).then(|| Note::new(NoteKind::Ahead, format!("{more} more rules stand in front")));
        rules.iter().take(AHEAD).map(say).chain(rest).collect()
    }

    /// The traffic of pods that no controller's plan speaks of, and the arm of the revision under test, where a route
    /// splits between them and others.
    ///
    /// Which arm is under test nobody says: the one that is called canary, else the later one.
    pub(super) fn traffic_of_pods(&self, labels: &Labels) -> (Subject, Option<Traffic>) {
        let own = self.own_arms(labels);
        let mut subject = Subject { own: own.clone(), ..Subject::default() };
        if own.is_empty() {
            return (subject, None);
        }
        if let Some((name, route)) = self.routes(&subject).into_iter().next()
            && let Some(rule) = route.weighted(&name.rules, &own).and_then(|i| route.rules.get(i))
        {
            let is_own = |a: &RouteArm| own.iter().any(|n| n.fits(a));
            let called = |a: &RouteArm| a.subset.as_ref().unwrap_or(&a.service).contains("canary");
            let mine = rule.arms.iter().position(is_own);
            let other = rule.arms.iter().enumerate().find(|(_, a)| !is_own(a) && a.backend == Backend::Service);
            if let (Some(mine), Some((at, other))) = (mine, other)
                && rule.arms.len() == 2
                && !called(&rule.arms[mine])
                && (called(other) || mine < at)
            {
                subject.canary = ArmName { service: Some(other.service.clone()), subset: other.subset.clone() };
            }
        }
        let traffic = self.traffic(&subject);
        (subject, traffic)
    }

    /// The arms that lead to pods with these labels: Services that select them, and subsets of wider Services.
    fn own_arms(&self, labels: &Labels) -> Vec<ArmName> {
        let mut out = vec![];
        for service in self.services_of(labels) {
            let name = Some(service.meta.key.name.clone());
            let rules = self.cluster.destination_rules.value().into_iter().flat_map(|s| s.values());
            let subsets: Vec<_> = rules
                .filter(|r| r.service == service.meta.key.name && r.meta.key.namespace == self.placement.namespace)
                .flat_map(|r| &r.subsets)
                .collect();
            let mine = subsets.iter().filter(|s| selects(&s.labels, labels));
            out.extend(mine.map(|s| ArmName { service: name.clone(), subset: Some(s.name.clone()) }));
            if subsets.is_empty() {
                out.push(ArmName { service: name, subset: None });
            }
        }
        out
    }

    /// The share that the live route sends to the canary.
    pub(super) fn live_share(&self) -> Option<Weight> {
        self.placement.traffic.as_ref()?.set
    }

    /// Notes who owns the route that carries the traffic.
    pub(super) fn own_route(&mut self) {
        let Some(by) = self.placement.traffic.as_ref().map(|t| t.by.clone()) else { return };
        let home = self.placement.namespace.clone();
        let routes = self.cluster.routes(by.kind).value().into_iter().flat_map(|s| s.values());
        if let Some(route) = routes.into_iter().find(|r| by.names(r.kind, &r.meta.key, &home)) {
            self.owned(by.kind.resource(), &route.meta);
        }
    }
}
