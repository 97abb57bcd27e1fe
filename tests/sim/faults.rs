//! What tests can make go wrong.

use futures::StreamExt;
use gonogo::sim::{Fault, world::Cluster};
use reqwest::Method;

use super::Bed;

const CART: &str = "/apis/apps/v1/namespaces/shop/deployments/cart";

#[tokio::test]
async fn faults_by_prefix_and_their_end() {
    let bed = Bed::at(20).await;
    let handle = bed.sim.handle();
    let get = || bed.http.get(bed.url(Cluster::Eu1, CART)).send();
    handle.fault("k8s/eu-1", Fault::Status(429));
    let answer = get().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"30".parse().unwrap()));
    handle.fault("k8s/eu-1", Fault::Html);
    let answer = get().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    handle.kill("k8s/eu-1");
    assert!(get().await.is_err());
    let other = bed.http.get(bed.url(Cluster::Us1, CART)).send().await.unwrap();
    assert_eq!(other.status().as_u16(), 200, "other clusters live on");
    handle.heal("k8s/eu-1");
    assert_eq!(get().await.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn a_cut_answer_belongs_to_a_write_that_was_made() {
    let bed = Bed::at(20).await;
    let handle = bed.sim.handle();
    handle.fault("k8s", Fault::Cut);
    let patch = bed
        .http
        .patch(bed.url(Cluster::Eu1, CART))
        .header("content-type", "application/merge-patch+json")
        .body(r#"{"spec":{"paused":true}}"#);
    let answer = patch.send().await;
    let whole = match answer {
        Ok(answer) => answer.bytes().await.is_ok(),
        Err(_) => false,
    };
    assert!(!whole, "the answer breaks off");
    handle.heal("k8s");
    assert_eq!(bed.get(CART).await["spec"]["paused"], true);
}

#[tokio::test]
async fn a_killed_server_ends_its_watches() {
    let bed = Bed::at(20).await;
    let answer = bed.http.get(bed.url(Cluster::Eu1, "/api/v1/namespaces?watch=true")).send().await.unwrap();
    let mut stream = answer.bytes_stream();
    let mut seen = String::new();
    while seen.lines().count() < 5 {
        seen.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    bed.sim.handle().kill("k8s/eu-1");
    assert!(stream.next().await.is_none_or(|piece| piece.is_err()));
}

#[tokio::test]
async fn the_date_is_the_simulated_one() {
    let bed = Bed::at(20).await;
    let answer = bed.http.get(bed.url(Cluster::Eu1, "/version")).header("audit-id", "op-1.1.0").send().await.unwrap();
    assert_eq!(answer.headers()["date"], "Tue, 10 Mar 2026 09:20:00 GMT");
    assert_eq!(answer.headers()["audit-id"], "op-1.1.0");
}

#[tokio::test]
async fn only_loopback_is_served() {
    let clock = std::sync::Arc::new(|| gonogo::sim::T0);
    let started = gonogo::sim::start(gonogo::sim::Params::default(), clock, Some("0.0.0.0:0".parse().unwrap()), None).await;
    assert_eq!(started.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn unknown_paths_are_404_in_plain_text() {
    let bed = Bed::at(20).await;
    for path in ["/", "/frob", "/k8s/nowhere/api"] {
        let answer = bed.http.request(Method::GET, format!("{}{path}", bed.sim.endpoints().base)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{path}");
    }
}
