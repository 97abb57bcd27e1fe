use std::collections::BTreeSet;

use serde_json::Value;

use super::{BEGINNING, Scene, all, moments, of};
use crate::sim::world::{Cluster, Params, SERVICES, World};

fn at(cluster: Cluster, minute: f64) -> Vec<(String, Value)> {
    let world = World::new(Params::default());
    all(Scene { world: &world, cluster, minute }).into_iter().map(|(kind, object)| (kind.plural.to_owned(), object)).collect()
}

fn one(objects: &[(String, Value)], plural: &str, name: &str) -> Value {
    objects.iter().find(|(p, o)| p == plural && o["metadata"]["name"] == name).map(|(_, o)| o.clone()).unwrap()
}

#[test]
fn names_are_unique_and_owners_exist() {
    for cluster in Cluster::ALL {
        let objects = at(cluster, 20.0);
        let keys: BTreeSet<_> = objects.iter().map(|(p, o)| (p.clone(), o["metadata"]["name"].to_string())).collect();
        assert_eq!(keys.len(), objects.len());
        let uids: BTreeSet<_> = objects.iter().map(|(_, o)| o["metadata"]["uid"].to_string()).collect();
        assert_eq!(uids.len(), objects.len());
        for (_, object) in &objects {
            for owner in object["metadata"]["ownerReferences"].as_array().into_iter().flatten() {
                assert!(uids.contains(&owner["uid"].to_string()), "{owner}");
            }
        }
    }
}

#[test]
fn every_object_of_a_service_names_it() {
    let world = World::new(Params::default());
    for service in &SERVICES {
        for (_, object) in of(Scene { world: &world, cluster: Cluster::Eu1, minute: 20.0 }, service) {
            assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/name"], service.name, "{}", object["metadata"]["name"]);
        }
    }
}

#[test]
fn the_rollout_follows_its_plan() {
    // minute, phase, step, weight
    let table = [
        (0.0, "Healthy", 7, 0),
        (3.0, "Progressing", 0, 0),
        (4.0, "Paused", 1, 5),
        (9.0, "Paused", 1, 5),
        (10.0, "Paused", 3, 20),
        (99.0, "Paused", 3, 20),
    ];
    for cluster in [Cluster::Eu1, Cluster::Us1] {
        for (minute, phase, step, weight) in table {
            let objects = at(cluster, minute);
            let status = one(&objects, "rollouts", "payment")["status"].clone();
            assert_eq!(
                (&status["phase"], &status["currentStepIndex"]),
                (&Value::from(phase), &Value::from(step)),
                "minute {minute}"
            );
            assert_eq!(status["canary"]["weights"]["canary"]["weight"], weight);
            let route = one(&objects, "virtualservices", "payment")["spec"]["http"][0]["route"].clone();
            assert_eq!((&route[0]["weight"], &route[1]["weight"]), (&Value::from(100 - weight), &Value::from(weight)));
        }
    }
    assert_eq!(one(&at(Cluster::Stg, 20.0), "rollouts", "payment")["status"]["phase"], "Healthy");
}

#[test]
fn objects_stand_still_between_moments() {
    let world = World::new(Params::default());
    let mut cuts: Vec<f64> = moments(&world, Cluster::Eu1).into_iter().map(|(minute, _)| minute).collect();
    cuts.retain(|minute| *minute < 60.0);
    cuts.insert(0, BEGINNING);
    cuts.push(60.0);
    for pair in cuts.windows(2) {
        let make = |minute: f64| {
            all(Scene { world: &world, cluster: Cluster::Eu1, minute }).into_iter().map(|(_, o)| o).collect::<Vec<_>>()
        };
        for (early, late) in make(pair[0]).iter().zip(make(pair[0] + (pair[1] - pair[0]) * 0.9)) {
            assert!(*early == late, "{} {} changes between {pair:?}", early["kind"], early["metadata"]["name"]);
        }
    }
}

#[test]
fn versions_map_to_commits_and_digests() {
    let objects = at(Cluster::Eu1, 20.0);
    let world = World::new(Params::default());
    let template = one(&objects, "rollouts", "payment")["spec"]["template"].clone();
    assert_eq!(template["metadata"]["annotations"]["org.opencontainers.image.revision"], world.commit("payment", "4.2.0"));
    let digests: BTreeSet<_> = objects
        .iter()
        .filter(|(p, o)| p == "pods" && o["metadata"]["labels"]["app.kubernetes.io/name"] == "payment")
        .map(|(_, o)| o["status"]["containerStatuses"][0]["imageID"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["4.1.7", "4.2.0"].map(|v| format!("registry.acme.example/shop/payment@{}", world.digest("payment", v)));
    assert_eq!(digests, BTreeSet::from(expected));
}

#[test]
fn flagger_walks_its_phases_in_staging_and_rests_elsewhere() {
    // minute, phase, the route's weight, what the status tells of it, pods of the canary
    for (minute, phase, weight, said, pods) in [
        (0.0, "Succeeded", 0, 0, 0),
        (6.0, "Waiting", 0, 0, 0),
        (9.0, "Progressing", 0, 0, 2),
        (20.0, "Progressing", 40, 40, 2),
        (23.0, "WaitingPromotion", 50, 0, 2),
    ] {
        let objects = at(Cluster::Stg, minute);
        let status = one(&objects, "canaries", "cart")["status"].clone();
        assert_eq!((&status["phase"], &status["canaryWeight"]), (&Value::from(phase), &Value::from(said)), "minute {minute}");
        assert_eq!(status["conditions"][0]["reason"], phase);
        let route = one(&objects, "virtualservices", "cart")["spec"]["http"][0]["route"].clone();
        assert_eq!((&route[0]["destination"]["host"], &route[1]["weight"]), (&Value::from("cart-primary"), &Value::from(weight)));
        assert_eq!(one(&objects, "deployments", "cart")["spec"]["replicas"], pods);
        assert_eq!(one(&objects, "deployments", "cart-primary")["spec"]["replicas"], 2);
    }
    for cluster in [Cluster::Dev, Cluster::Eu1, Cluster::Us1] {
        let objects = at(cluster, 99.0);
        assert_eq!(one(&objects, "canaries", "cart")["status"]["phase"], "Succeeded");
        assert_eq!(one(&objects, "deployments", "cart")["spec"]["replicas"], 0, "the primary serves");
    }
    let made = one(&at(Cluster::Stg, 20.0), "deployments", "cart-primary");
    assert_eq!(made["metadata"]["ownerReferences"][0]["kind"], "Canary");
}

#[test]
fn a_blue_green_rollout_waits_behind_its_preview_service() {
    let objects = at(Cluster::Stg, 20.0);
    let rollout = one(&objects, "rollouts", "catalog");
    let status = &rollout["status"];
    assert_eq!((&status["phase"], &status["message"]), (&Value::from("Paused"), &Value::from("BlueGreenPause")));
    assert!(status["currentStepIndex"].is_null() && status["canary"]["weights"].is_null(), "it has no steps and no weights");
    let selector = |name: &str| one(&objects, "services", name)["spec"]["selector"]["rollouts-pod-template-hash"].clone();
    assert_eq!((&selector("catalog"), &selector("catalog-preview")), (&status["stableRS"], &status["currentPodHash"]));
    assert_eq!(status["blueGreen"]["previewSelector"], status["currentPodHash"]);
    let run = status["blueGreen"]["prePromotionAnalysisRunStatus"]["name"].as_str().unwrap().to_owned();
    let run = one(&objects, "analysisruns", &run);
    assert_eq!(
        (&run["status"]["phase"], &run["metadata"]["labels"]["rollout-type"]),
        (&"Successful".into(), &"PrePromotion".into())
    );
    let idle = one(&at(Cluster::Eu1, 20.0), "rollouts", "catalog")["status"].clone();
    assert_eq!((&idle["phase"], &idle["blueGreen"]["activeSelector"]), (&Value::from("Healthy"), &idle["stableRS"]));
}

#[test]
fn the_analysis_beside_the_steps_measures_what_the_canary_does() {
    use crate::sim::world::Scenario;
    let measured = |scenario, minute| {
        let world = World::new(Params { scenario, ..Params::default() });
        let objects = of(Scene { world: &world, cluster: Cluster::Eu1, minute }, &SERVICES[1]);
        let run = objects.into_iter().find(|(kind, _)| kind.plural == "analysisruns").map(|(_, run)| run).unwrap();
        let result = run["status"]["metricResults"][0].clone();
        let count = |field: &str| result[field].as_u64().unwrap_or(0);
        (
            run["status"]["phase"].as_str().unwrap().to_owned(),
            count("count"),
            count("successful"),
            count("failed"),
            count("inconclusive"),
        )
    };
    assert_eq!(measured(Scenario::Calm, 20.0), ("Running".to_owned(), 8, 8, 0, 0));
    assert_eq!(measured(Scenario::CanaryRegression, 20.0), ("Running".to_owned(), 8, 3, 5, 0), "the limit is not reached");
    assert_eq!(measured(Scenario::StaleMetrics, 20.0), ("Running".to_owned(), 8, 5, 0, 3));
    assert_eq!(measured(Scenario::Calm, 90.0).0, "Successful");
}
