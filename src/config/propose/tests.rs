use super::*;
use crate::{
    config::{Inputs, RealDisk, load_text},
    domain::ObjectKey,
};

fn workload(namespace: &str, name: &str, kind: WorkloadKind) -> FoundWorkload {
    FoundWorkload { key: ObjectKey::new(namespace, name).unwrap(), kind }
}

fn place(context: &str, namespaces: &[&str], workloads: &[(&str, WorkloadKind)]) -> FoundPlace {
    let all = namespaces.iter().flat_map(|ns| workloads.iter().map(|(name, kind)| workload(ns, name, *kind)));
    FoundPlace {
        context: context.into(),
        server: Some(format!("https://{context}.example")),
        namespaces: namespaces.iter().map(|n| (*n).into()).collect(),
        workloads: all.collect(),
    }
}

fn company() -> Lying {
    use WorkloadKind::{Deployment, Rollout, StatefulSet};
    let stg = [("cart", Deployment), ("payment", Rollout), ("cart-canary", Deployment)];
    let prod = [
        ("cart", Deployment),
        ("payment", Rollout),
        ("payment", Deployment),
        ("media-blue", Deployment),
        ("media-green", Deployment),
        ("db", StatefulSet),
    ];
    let jobs = ["test (cart)", "test (payment)", "deploy (media)", "plan"];
    Lying {
        places: vec![place("eu-1", &["shop"], &prod), place("stg", &["shop"], &stg)],
        repo: Some(("acme/shop".parse().unwrap(), None)),
        workflows: vec![FoundWorkflow {
            file: "ci-cd.yml".into(),
            name: "CI".into(),
            jobs: jobs.iter().map(|j| SafeText::clean(j)).collect(),
        }],
        prometheus: Some("https://prom.example".into()),
        presets: vec!["istio".into()],
    }
}

/// What the loader makes of a text.
fn settings(text: &str) -> crate::config::Settings {
    let loaded = load_text(std::path::Path::new("t.toml"), text, &Inputs::bare(&RealDisk));
    loaded.unwrap_or_else(|f| panic!("{f:#?}\n{text}")).settings
}

#[test]
fn a_company_from_nothing() {
    let (text, notes) = propose(None, &company()).unwrap();
    insta::assert_snapshot!("company", text);
    assert!(notes.is_empty(), "{notes:?}");
    let settings = settings(&text);
    let names: Vec<&str> = settings.topology.environments.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["staging", "production"]);
    let services: Vec<String> = settings.topology.services.iter().map(|s| format!("{}={}", s.name, s.workload)).collect();
    assert_eq!(services, ["cart=deployment/cart", "db=statefulset/db", "media=deployment/media-blue", "payment=rollout/payment"]);
    // The database has no job of its own, so the defaults do not speak of pipelines.
    let bound: Vec<bool> = settings.topology.services.iter().map(|s| s.pipeline.is_some()).collect();
    assert_eq!(bound, [true, false, true, true]);
}

#[test]
fn a_second_run_changes_nothing() {
    let (text, _) = propose(None, &company()).unwrap();
    assert_eq!(propose(Some(&text), &company()).unwrap().0, text);
}

#[test]
fn what_a_person_wrote_is_kept_to_the_letter_and_only_what_is_new_is_added() {
    let own = "# mine\n[environment.live]   # our word for it\norder = 3\nclusters.main = { server = \"https://eu-1.example/\", namespace = 'shop' }\n\n\
               [service.kasse]\nworkload = \"rollout/payment\" # the till\n";
    let (text, _) = propose(Some(own), &company()).unwrap();
    for line in own.lines() {
        assert!(text.lines().any(|l| l == line), "{line:?} is gone from\n{text}");
    }
    assert!(!text.contains("[defaults]"), "defaults would change what is there:\n{text}");
    assert!(!text.contains("eu-1\"") && !text.contains("service.payment"), "known already:\n{text}");
    let settings = settings(&text);
    let names: Vec<&str> = settings.topology.environments.iter().map(|e| e.name.as_str()).collect();
    // Staging would have been third, and that is taken.
    assert_eq!(names, ["live", "staging"]);
    let services: Vec<&str> = settings.topology.services.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(services, ["kasse", "cart", "db", "media"]);
}

#[test]
fn one_cluster_with_an_environment_per_namespace() {
    let found = Lying {
        places: vec![place("one", &["shop-dev", "shop-prod", "pay-prod"], &[("web", WorkloadKind::Deployment)])],
        ..Lying::default()
    };
    let (text, _) = propose(None, &found).unwrap();
    let settings = settings(&text);
    let placings: Vec<String> = settings
        .topology
        .environments
        .iter()
        .flat_map(|e| e.clusters.iter().map(move |c| format!("{} {} {}", e.name, c.cluster, c.namespace)))
        .collect();
    assert_eq!(placings, ["dev one shop-dev", "production one-shop-prod shop-prod", "production one-pay-prod pay-prod"]);
}

#[test]
fn hostile_names_stay_inside_their_quotes_and_comments() {
    let context = "x\"]\n[github]\ntoken_command=[\"sh\"]\u{202e}prod";
    let found = Lying { places: vec![place(context, &["shop"], &[("web", WorkloadKind::Deployment)])], ..Lying::default() };
    let (text, _) = propose(None, &found).unwrap();
    assert!(settings(&text).github.is_none(), "{text}");
    assert_eq!(settings(&text).clusters[0].context.as_deref(), Some(context));
}

#[test]
fn jobs_that_name_only_some_services_are_bound_to_those() {
    let mut found = company();
    found.workflows[0].jobs.truncate(1);
    let (text, _) = propose(None, &found).unwrap();
    let settings = settings(&text);
    let bound: Vec<(&str, bool)> = settings.topology.services.iter().map(|s| (s.name.as_str(), s.pipeline.is_some())).collect();
    assert_eq!(bound, [("cart", true), ("db", false), ("media", false), ("payment", false)]);
    // Where every service has its jobs, one line says it for all.
    let mut found = company();
    found.places[0].workloads.retain(|w| w.kind != WorkloadKind::StatefulSet);
    let (text, _) = propose(None, &found).unwrap();
    assert!(text.contains("[defaults]\npipeline = { github = \"acme/shop\"") && text.matches("pipeline").count() == 1, "{text}");
}
