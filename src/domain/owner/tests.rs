//! Tables: what plans and marks say, and the owners they make.

use super::*;
use crate::domain::{
    BlueGreenSpec, CanarySpec, Rollout, RouteKind, Routing, Writer,
    rows::{self, live},
};

fn meta(namespace: &str, name: &str, marks: &[(MarkKind, &str)], writers: &[&str]) -> Meta {
    Meta {
        key: ObjectKey::new(namespace, name).unwrap(),
        marks: marks.iter().map(|(kind, name)| Mark { kind: *kind, name: (*name).into() }).collect(),
        writers: writers.iter().map(|w| Writer { manager: (*w).into(), operation: "Update".into(), at: None }).collect(),
        ..rows::meta(name, "u")
    }
}

fn rollout(name: &str, strategy: RolloutStrategy) -> Rollout {
    Rollout { strategy, ..rows::rollout(name, "one", "one") }
}

fn cluster() -> ClusterState {
    let route = RouteRef { kind: RouteKind::VirtualService, namespace: Some("mesh".into()), name: "edge".into(), rules: vec![] };
    let here = RouteRef { namespace: None, name: "payment".into(), ..route.clone() };
    let canary = RolloutStrategy::Canary(CanarySpec {
        steps: vec![],
        canary_service: Some("payment-canary".into()),
        stable_service: Some("payment-stable".into()),
        router: Some("istio".into()),
        routing: Routing { routes: vec![here, route], destination_rule: Some("payment".into()), ..Routing::default() },
        max_weight: 100,
        background: vec![],
    });
    let switch = RolloutStrategy::BlueGreen(BlueGreenSpec {
        active_service: "media".into(),
        preview_service: Some("media-next".into()),
        auto_promotion: true,
        auto_promotion_seconds: None,
        post_analysis: false,
    });
    ClusterState { rollouts: live(vec![rollout("payment", canary), rollout("media", switch)]), ..ClusterState::default() }
}

fn said(resource: &str, meta: &Meta) -> Vec<String> {
    owners(&cluster(), resource, meta).iter().map(ToString::to_string).collect()
}

#[test]
fn the_plan_of_a_rollout_names_what_it_writes() {
    let at_once = |name: &str| vec![format!("Argo Rollouts rollout {name} undoes a change at once")];
    for (resource, namespace, name, want) in [
        ("virtualservice", "shop", "payment", at_once("payment")),
        ("virtualservice", "mesh", "edge", at_once("payment")),
        ("virtualservice", "shop", "edge", vec![]),
        ("httproute", "shop", "payment", vec![]),
        ("destinationrule", "shop", "payment", at_once("payment")),
        ("service", "shop", "payment-canary", at_once("payment")),
        ("service", "other", "payment-canary", vec![]),
        ("service", "shop", "media-next", at_once("media")),
        ("deployment", "shop", "payment", vec![]),
    ] {
        assert_eq!(said(resource, &meta(namespace, name, &[], &[])), want, "{resource} {namespace}/{name}");
    }
}

#[test]
fn marks_say_who_undoes_a_change_and_how_soon() {
    use MarkKind::{
        ArgoTracking, Controller, FlaggerCanary, FluxHelm, FluxKustomization, FluxOff, GatewayCanary, Helm, Instance,
        ManagedByRollouts,
    };
    let of = |marks: &[(MarkKind, &str)], writers: &[&str]| said("deployment", &meta("shop", "cart", marks, writers));
    let argo = "Argo CD app shop undoes a change within seconds if it self-heals, else at the next sync";
    for (marks, writers, want) in [
        (&[(ArgoTracking, "shop")][..], &[][..], vec![argo]),
        (&[(ArgoTracking, "shop"), (Instance, "shop")], &["argocd-controller"], vec![argo]),
        (&[(Instance, "shop")], &["argocd-application-controller"], vec![argo]),
        (&[(Instance, "shop")], &["helm"], vec![]),
        (
            &[(FluxKustomization, "flux-system/apps")],
            &[],
            vec!["Flux kustomization flux-system/apps undoes a change at its next reconciliation"],
        ),
        (&[(FluxKustomization, "apps"), (FluxOff, "")], &[], vec!["Flux kustomization apps is told to leave it alone"]),
        (&[(FluxHelm, "shop"), (Helm, "shop")], &[], vec!["Flux helm release shop undoes a change at its next reconciliation"]),
        (&[(Helm, "shop")], &[], vec!["Helm release shop undoes a change at the next upgrade"]),
        (
            &[(Helm, "shop"), (FlaggerCanary, "cart")],
            &[],
            vec![
                "Flagger canary cart undoes a change at its next tick, and goes on from a changed weight",
                "Helm release shop undoes a change at the next upgrade",
            ],
        ),
        (&[(GatewayCanary, "in-progress")], &[], vec!["Argo Rollouts canary in-progress undoes a change at once"]),
        (&[(Controller, "Widget w")], &[], vec!["a controller object Widget w may undo a change"]),
    ] {
        assert_eq!(of(marks, writers), want, "{marks:?} {writers:?}");
    }
    let both = said("service", &meta("shop", "payment-canary", &[(ManagedByRollouts, "payment")], &[]));
    assert_eq!(both.len(), 1, "the plan and the mark are one owner");
}
