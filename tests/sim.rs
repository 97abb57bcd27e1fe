//! The embedded world, asked by real clients over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "sim/control.rs"]
mod control;
#[path = "sim/deploy.rs"]
mod deploy;
#[path = "sim/faults.rs"]
mod faults;
#[path = "sim/kube.rs"]
mod kube_api;
#[path = "sim/kubectl.rs"]
mod kubectl;
#[path = "sim/record.rs"]
mod record;
#[path = "sim/rollout.rs"]
mod rollout;
#[path = "sim/strict.rs"]
mod strict;

use std::sync::{Arc, Mutex};

use gonogo::sim::{self, Params, Scenario, Sim, T0, world::Cluster};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// A world under a clock that the test turns.
struct Bed {
    sim: Sim,
    clock: Arc<Mutex<Timestamp>>,
    http: reqwest::Client,
}

impl Bed {
    async fn at(minutes: i64) -> Self {
        Self::of(Params { scenario: Scenario::Calm, seed: 1, t0: T0 }, minutes).await
    }

    async fn of(params: Params, minutes: i64) -> Self {
        // Fails when another test has installed it already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = Arc::new(Mutex::new(params.t0 + SignedDuration::from_mins(minutes)));
        let shown = Arc::clone(&clock);
        let sim = sim::start(params, Arc::new(move || *shown.lock().unwrap()), None, None).await.unwrap();
        Self { sim, clock, http: reqwest::Client::new() }
    }

    fn turn(&self, minutes: i64) {
        *self.clock.lock().unwrap() = T0 + SignedDuration::from_mins(minutes);
    }

    /// Lets simulated time pass.
    fn wait(&self, milliseconds: i64) {
        *self.clock.lock().unwrap() += SignedDuration::from_millis(milliseconds);
    }

    fn url(&self, cluster: Cluster, path: &str) -> String {
        format!("{}/k8s/{}{path}", self.sim.endpoints().base, cluster.name())
    }

    /// A request to the API server of `eu-1`: code and JSON body (null if it is none).
    async fn ask(&self, method: Method, path: &str, media: &str, body: &str) -> (u16, Value) {
        let request = self.http.request(method, self.url(Cluster::Eu1, path)).header("content-type", media).body(body.to_owned());
        let answer = request.send().await.unwrap();
        let code = answer.status().as_u16();
        (code, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (code, value) = self.ask(Method::GET, path, "", "").await;
        assert_eq!(code, StatusCode::OK.as_u16(), "{path}: {value}");
        value
    }

    /// The labels of what an instant query finds.
    async fn get_prometheus(&self, query: &str) -> Vec<Value> {
        let url = format!("{}/api/v1/query", self.sim.endpoints().prometheus);
        let answer = self.http.get(url).query(&[("query", query)]).send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["data"]["result"].as_array().unwrap().iter().map(|found| found["metric"].clone()).collect()
    }
}
