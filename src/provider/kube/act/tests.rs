use super::*;
use crate::domain::ProblemKind;

fn target(kind: WorkloadKind) -> ChangeTarget {
    ChangeTarget { cluster: "eu-1".parse().unwrap(), kind, key: ObjectKey::new("shop", "payment").unwrap() }
}

fn seen() -> Seen {
    Seen {
        uid: "u-1".into(),
        resource_version: "41".into(),
        fingerprint: "f".into(),
        ops: vec!["a1".into()],
        step: Some(1),
        paused: false,
        promote_full: false,
    }
}

/// What a person is shown of a request, in one line each.
fn shown(requests: &[Request]) -> Vec<String> {
    requests.iter().map(|r| format!("{} {} {} {} {}", r.verb, r.path, r.content_type, r.body, r.guard)).collect()
}

#[test]
fn a_pause_is_guarded_and_marked() {
    let requests = render(&target(WorkloadKind::Deployment), Change::Pause, &seen(), Some("eu admin's")).unwrap();
    assert_eq!(
        shown(&requests),
        [concat!(
            "PATCH /apis/apps/v1/namespaces/shop/deployments/payment?fieldManager=gonogo application/merge-patch+json ",
            r#"{"metadata":{"resourceVersion":"41","annotations":{"gonogo.dev/ops":"a1,{op}"}},"spec":{"paused":true}} guarded"#
        )]
    );
    assert_eq!(
        requests[0].by_hand.as_str(),
        r"kubectl --context 'eu admin'\''s' -n shop rollout pause deployment/payment",
        "a context's name is not a command"
    );
    let requests = render(&target(WorkloadKind::Rollout), Change::Pause, &seen(), None).unwrap();
    assert_eq!(
        shown(&requests),
        [concat!(
            "PATCH /apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment?fieldManager=gonogo application/merge-patch+json ",
            r#"{"metadata":{"resourceVersion":"41","annotations":{"gonogo.dev/ops":"a1,{op}"}},"spec":{"paused":true}} guarded"#
        )]
    );
}

#[test]
fn the_marker_keeps_sixteen() {
    let seen = Seen { ops: (0..16).map(|i| format!("o{i}").into()).collect(), ..seen() };
    let marker = marker(&seen);
    assert_eq!(marker.split(',').count(), 16);
    assert!(marker.starts_with("o1,") && marker.ends_with(",o15,{op}"));
}

#[test]
fn an_abort_tests_what_was_seen() {
    let abort = "PATCH /apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment/status?fieldManager=gonogo application/json-patch+json ";
    let lead = concat!(
        r#"[{"op":"replace","path":"/metadata/resourceVersion","value":"41"},"#,
        r#"{"op":"test","path":"/metadata/uid","value":"u-1"},"#
    );
    let at = |step: &str, more: &str| {
        format!(
            r#"{abort}{lead}{{"op":"test","path":"/status/currentStepIndex","value":{step}}},{{"op":"add","path":"/status/abort","value":true}}{more}] guarded"#
        )
    };
    let of = |seen: &Seen| shown(&render(&target(WorkloadKind::Rollout), Change::Abort, seen, None).unwrap());
    assert_eq!(of(&seen()), [at("1", "")]);
    assert_eq!(of(&Seen { step: None, ..seen() }), [at("null", "")], "blue-green has no steps");
    assert_eq!(
        of(&Seen { promote_full: true, ..seen() }),
        [at("1", r#",{"op":"replace","path":"/status/promoteFull","value":false}"#)]
    );
    let both = of(&Seen { paused: true, ..seen() });
    assert_eq!(both.len(), 2, "under a pause by hand, the status alone is half an abort");
    assert!(both[1].ends_with(
        r#"{"metadata":{"uid":"u-1","annotations":{"gonogo.dev/ops":"a1,{op}"}},"spec":{"paused":false}} idempotent"#
    ));
    let by_hand = &render(&target(WorkloadKind::Rollout), Change::Abort, &seen(), None).unwrap()[0].by_hand;
    assert_eq!(
        by_hand.as_str(),
        r#"kubectl -n shop patch rollouts.argoproj.io payment --subresource=status --type=merge -p '{"status":{"abort":true}}'"#
    );
}

#[test]
fn a_deployment_has_no_abort() {
    let problem = render(&target(WorkloadKind::Deployment), Change::Abort, &seen(), None).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Invalid);
}
