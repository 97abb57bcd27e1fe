//! Real requests through Traefik to fake pods, and what Prometheus scrapes of them.

use serde_json::{Value, json};

use super::{apply, pods, service};
use crate::bed::{self, Namespace, run, until};
use crate::gonogo::{Gonogo, placement};
use crate::screen::Screen;

/// What lies behind Traefik under one name, and users who ask for it.
pub struct Shop<'a> {
    pub namespace: Namespace<'a>,
    pub host: String,
    /// Who told Traefik of the services, as its metrics name him.
    pub by: &'static str,
}

impl<'a> Shop<'a> {
    /// Two Deployments behind one HTTPRoute that nobody but people write: `web` of v1 and `web-canary` of v2, which gets `weight` % from the beginning; 50 requests a second.
    fn open(namespace: Namespace<'a>, weight: u32) -> Self {
        let deployment = |name: &str, tag: &str| {
            let (selector, template) = pods(name, tag);
            json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name }, "spec": {
                "replicas": 2, "selector": selector, "template": template } })
        };
        let shop = Self { host: format!("{}.example", namespace.name), namespace, by: "kubernetesgateway" };
        let mut items = vec![deployment("web", "v1"), deployment("web-canary", "v2")];
        items.extend([service("web", "web"), service("web-canary", "web-canary"), shop.route(weight)]);
        apply(&shop.namespace, &items);
        shop.namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web", "deployment/web-canary"]);
        shop.until_current();
        shop.users(50);
        shop.until_users_get("v2", f64::from(weight));
        shop
    }

    fn route(&self, weight: u32) -> Value {
        let [name, namespace] = ["/gateway/name", "/gateway/namespace"].map(|word| self.namespace.bed.word(word));
        let arm = |name: &str, weight: u32| json!({ "name": name, "port": 80, "weight": weight });
        json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": { "name": "web" }, "spec": {
            "parentRefs": [{ "name": name, "namespace": namespace }], "hostnames": [self.host],
            "rules": [{ "backendRefs": [arm("web", 100 - weight), arm("web-canary", weight)] }] } })
    }

    /// Waits for Traefik to say that the newest route is in force.
    fn until_current(&self) {
        until("the route's status", || {
            let route = self.namespace.get("httproutes/web");
            let conditions = route["status"]["parents"][0]["conditions"].as_array().cloned().unwrap_or_default();
            let current = |kind: &str| {
                conditions.iter().any(|c| {
                    c["type"] == kind && c["status"] == "True" && c["observedGeneration"] == route["metadata"]["generation"]
                })
            };
            if current("Accepted") && current("ResolvedRefs") { Ok(()) } else { Err(route["status"].to_string()) }
        });
    }

    pub fn users(&self, rate: u32) {
        let bed = self.namespace.bed;
        bed.post(&format!("{}/set", bed.word("/users/url")), &json!({ &self.host: rate }).to_string());
    }

    /// What became of the requests of the last two seconds: the share of `what`, an image tag or a code, in percent.
    fn share(&self, what: &str) -> Result<f64, String> {
        let bed = self.namespace.bed;
        let url = format!("{}/seen/{}?last=2", bed.word("/users/url"), self.host);
        let seen: Value = serde_json::from_str(&run(bed.command("curl").args(["-sS", "--fail", &url]))).unwrap();
        let sent = seen["sent"].as_f64().unwrap();
        let here = seen["tags"][what].as_f64().or(seen["codes"][what].as_f64()).unwrap_or(0.0);
        if sent >= 40.0 { Ok(here * 100.0 / sent) } else { Err(format!("only {seen}")) }
    }

    pub fn until_users_get(&self, what: &str, percent: f64) {
        until(&format!("{percent} % {what}"), || match self.share(what)? {
            share if (share - percent).abs() <= 2.0 => Ok(()),
            share => Err(share.to_string()),
        });
    }

    /// gonogo over this shop, with Traefik's metrics.
    pub fn gonogo(&self, workload: &str) -> Gonogo<'a> {
        let metrics = format!(
            "[metrics]\nprometheus = \"{}\"\npreset = \"traefik\"\nscrape = \"1s\"\n\
             [service.web]\nworkload = \"{workload}\"\n",
            self.namespace.bed.word("/prometheus/url")
        );
        Gonogo::configured(&self.namespace, "reader", &metrics)
    }

    /// The canary's share of all requests of the last five minutes, as promtool reads it from Traefik's own counters.
    fn measured(&self) -> Result<f64, String> {
        self.share_of("web-canary", "web")
    }

    /// The share of `canary` of all requests of the last five minutes that went there or to `stable`.
    pub fn share_of(&self, canary: &str, stable: &str) -> Result<f64, String> {
        let requests = |service: &str| {
            let (namespace, by) = (&self.namespace.name, self.by);
            let names = format!("{namespace}-{service}-[^-]*-80@{by}|{namespace}-{service}-80@{by}");
            format!("sum(increase(traefik_service_requests_total{{service=~\"{names}\"}}[5m]))")
        };
        let (canary, stable) = (requests(canary), requests(stable));
        match &self.namespace.bed.query(&format!("100 * {canary} / ({canary} + {stable})"))[..] {
            [sample] => Ok(sample["value"][1].as_str().unwrap().parse().unwrap()),
            other => Err(format!("{other:?}")),
        }
    }
}

impl Drop for Shop<'_> {
    fn drop(&mut self) {
        self.users(0);
    }
}

/// What gonogo says once it has figures of both arms.
pub fn with_figures(gonogo: &Gonogo<'_>) -> Value {
    until("figures of both arms", || {
        let status = gonogo.json(&["status"]);
        let ours = placement(&status, "web");
        if ours["traffic"]["actual"]["weight"].is_number() { Ok(ours.clone()) } else { Err(format!("{status:#}")) }
    })
}

#[test]
fn a_route_at_20_percent_is_set_to_20_and_measured_at_20() {
    let Some(bed) = bed::delivery() else { return };
    let shop = Shop::open(bed.namespace(), 20);
    let gonogo = shop.gonogo("deployment/web");
    // A rate knows nothing of the first requests of a series: the share comes to rest some scrapes after the traffic.
    let ours = until("20 % of the traffic, as promtool measures it", || {
        let ours = with_figures(&gonogo);
        assert_eq!(ours["traffic"]["set"], 20.0, "{ours:#}");
        let theirs = shop.measured()?;
        let actual = ours["traffic"]["actual"]["weight"].as_f64().unwrap();
        let same = (actual - 20.0).abs() <= 3.0 && (actual - theirs).abs() <= 1.0;
        if same { Ok(ours) } else { Err(format!("{actual}, promtool says {theirs}: {ours:#}")) }
    });
    assert_eq!((&ours["version"]["tag"], &ours["canary"]["canary"]["tag"]), (&json!("v1"), &json!("v2")), "{ours:#}");

    // Nobody is behind the canary any more. Traefik still calls the route accepted and its references resolved.
    shop.namespace.kubectl(["scale", "deployment/web-canary", "--replicas=0"]);
    shop.until_users_get("503", 20.0);
    shop.until_current();
    let ours = until("what users get", || {
        let status = gonogo.json(&["status"]);
        let ours = placement(&status, "web").clone();
        let notes = ours["traffic"]["notes"].to_string();
        if notes.contains("503") { Ok(ours) } else { Err(format!("{status:#}")) }
    });
    let canary = ours["traffic"]["arms"].as_array().unwrap().iter().find(|arm| arm["service"] == "web-canary").unwrap();
    assert_eq!((&canary["ready"], &canary["set"]), (&json!(0), &json!(20.0)), "{ours:#}");
    assert_eq!(ours["health"]["state"], "fail", "{ours:#}");
    assert_eq!(gonogo.json(&["status"])["verdict"], "no-go");
}

#[test]
fn a_route_whose_traffic_has_not_moved_yet() {
    let Some(bed) = bed::delivery() else { return };
    let shop = Shop::open(bed.namespace(), 5);
    let gonogo = shop.gonogo("deployment/web");
    let before = with_figures(&gonogo);
    assert_eq!(before["traffic"]["set"], 5.0, "{before:#}");
    shop.namespace.apply(&shop.route(20));
    shop.until_current();
    let after = with_figures(&gonogo);
    assert_eq!(after["traffic"]["set"], 20.0, "{after:#}");
    let actual = after["traffic"]["actual"]["weight"].as_f64().unwrap();
    assert!((actual - 5.0).abs() <= 3.0, "the old share, not the one that was asked for: {after:#}");
    let mut screen = Screen::start(&gonogo.command());
    screen.until("both figures", |text| text.contains("set 20 %") && text.contains("actual"));
    shop.until_users_get("v2", 20.0);
}
