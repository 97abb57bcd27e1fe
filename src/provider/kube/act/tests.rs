use serde_json::{Value, json};

use super::{render as of_change, render::render, settle};
use crate::domain::{
    BuildNotes, Change, ChangeTarget, ContainerImage, Guarantee, Labels, ObjectKey, ObjectKind, Pausing, ProblemKind, Request,
    Rollout, RolloutPhase, Seen, SeenRollout, Settled, VERSION_LABEL, rows,
};

fn target(kind: ObjectKind) -> ChangeTarget {
    ChangeTarget { cluster: "eu-1".parse().unwrap(), kind, key: ObjectKey::new("shop", "payment").unwrap() }
}

fn pausing() -> Pausing {
    Pausing { reason: "CanaryPauseStep".into(), since: Some("2026-03-10T09:12:00Z".parse().unwrap()) }
}

fn seen() -> Seen {
    Seen {
        uid: "u-1".into(),
        resource_version: "41".into(),
        ops: vec!["a1".into()],
        annotated: true,
        observed: true,
        paused: false,
        rollout: SeenRollout {
            step: Some(1),
            pause: Some(pausing()),
            current: Some("new".into()),
            stable: Some("old".into()),
            ..SeenRollout::default()
        },
        ..Seen::deployment(&rows::deployment())
    }
}

fn images() -> Vec<ContainerImage> {
    vec![ContainerImage { name: "main".into(), image: "r.example/payment:2.0@sha256:ab".into() }]
}

/// What a person is shown of a request, in one line each.
fn shown(kind: ObjectKind, change: &Change, seen: &Seen) -> Vec<String> {
    let requests = render(&target(kind), change, seen, None).unwrap();
    let line = |r: &Request| {
        let path = r.path.as_str().strip_prefix("/apis/").or(r.path.as_str().strip_prefix("/api/")).unwrap_or_default();
        format!("{} {path} {} {}{}", r.verb, r.body, r.guard, if r.marked { ", marked" } else { "" })
    };
    requests.iter().map(line).collect()
}

fn rollout(seen: &Seen, change: &Change) -> Vec<String> {
    shown(ObjectKind::Rollout, change, seen)
}

const DEPLOYMENT: &str = "PATCH apps/v1/namespaces/shop/deployments/payment?fieldManager=gonogo";
const ROLLOUT: &str = "PATCH argoproj.io/v1alpha1/namespaces/shop/rollouts/payment?fieldManager=gonogo";
const STATUS: &str = "PATCH argoproj.io/v1alpha1/namespaces/shop/rollouts/payment/status?fieldManager=gonogo";
const META: &str = r#""metadata":{"resourceVersion":"41","annotations":{"gonogo.dev/ops":"a1,{op}","gonogo.dev/last":"{note}"}}"#;
const LED: &str =
    r#"{"op":"replace","path":"/metadata/resourceVersion","value":"41"},{"op":"test","path":"/metadata/uid","value":"u-1"}"#;
const MARK: &str = r#"{"op":"add","path":"/metadata/annotations/gonogo.dev~1ops","value":"a1,{op}"},{"op":"add","path":"/metadata/annotations/gonogo.dev~1last","value":"{note}"}"#;

#[test]
fn what_a_merge_patch_can_say_is_guarded_and_marked() {
    let at = "2026-03-10T09:20:00Z".parse().unwrap();
    let restarted = r#"{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-03-10T09:20:00Z"}}}}"#;
    for (kind, path, change, spec) in [
        (ObjectKind::Deployment, DEPLOYMENT, Change::Pause, r#"{"paused":true}"#),
        (ObjectKind::Deployment, DEPLOYMENT, Change::Resume, r#"{"paused":false}"#),
        (ObjectKind::Deployment, DEPLOYMENT, Change::Restart { at }, restarted),
        (ObjectKind::Deployment, DEPLOYMENT, Change::Retire, r#"{"replicas":0}"#),
        (ObjectKind::Rollout, ROLLOUT, Change::Pause, r#"{"paused":true}"#),
        (ObjectKind::Rollout, ROLLOUT, Change::Resume, r#"{"paused":false}"#),
        (ObjectKind::Rollout, ROLLOUT, Change::Restart { at }, r#"{"restartAt":"2026-03-10T09:20:00Z"}"#),
    ] {
        let want = format!(r#"{path} {{{META},"spec":{spec}}} guarded, marked"#);
        assert_eq!(shown(kind, &change, &seen()), [want], "{change:?}");
    }
}

#[test]
fn a_name_is_not_a_command() {
    let request = &render(&target(ObjectKind::Deployment), &Change::Pause, &seen(), Some("eu admin's")).unwrap()[0];
    assert_eq!(request.by_hand.as_str(), r"kubectl --context 'eu admin'\''s' -n shop rollout pause deployment/payment");
}

#[test]
fn the_marker_keeps_sixteen() {
    let seen = Seen { ops: (0..16).map(|i| format!("o{i}").into()).collect(), ..seen() };
    let marker = of_change::marker(&seen);
    assert_eq!(marker.split(',').count(), 16);
    assert!(marker.starts_with("o1,") && marker.ends_with(",o15,{op}"));
}

#[test]
fn an_image_is_put_into_the_container_of_that_name_and_the_first_annotation_does_not_wipe_others() {
    let change = Change::Image { images: images(), build: BuildNotes::default() };
    let lines = r#"{"op":"test","path":"/spec/template/spec/containers/0/name","value":"main"},{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"r.example/payment:2.0@sha256:ab"}"#;
    assert_eq!(shown(ObjectKind::Deployment, &change, &seen()), [format!("{DEPLOYMENT} [{LED},{lines},{MARK}] guarded, marked")]);
    let bare = Seen { annotated: false, ..seen() };
    let added = r#"{"op":"add","path":"/metadata/annotations","value":{}}"#;
    assert_eq!(rollout(&bare, &change), [format!("{ROLLOUT} [{LED},{lines},{added},{MARK}] guarded, marked")]);
    let filled = Change::Fill { images: images(), build: BuildNotes::default(), replicas: 3 };
    let scaled = r#"{"op":"replace","path":"/spec/replicas","value":3}"#;
    assert_eq!(
        shown(ObjectKind::Deployment, &filled, &seen()),
        [format!("{DEPLOYMENT} [{LED},{lines},{scaled},{MARK}] guarded, marked")]
    );
    let other = vec![ContainerImage { name: "side".into(), ..images()[0].clone() }];
    let change = Change::Image { images: other, build: BuildNotes::default() };
    let problem = render(&target(ObjectKind::Deployment), &change, &seen(), None).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Invalid);
}

/// What a template says of its build, by annotations and its label.
fn notes(annotations: &[(&str, &str)], version: Option<&str>) -> BuildNotes {
    let annotations = annotations.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    BuildNotes { annotations, version: version.map(Into::into) }
}

#[test]
fn with_an_image_comes_what_is_said_of_its_build_and_what_was_said_of_the_other_goes() {
    let build = notes(&[("gonogo.dev/commit", "4be1c7a0"), ("gonogo.dev/requires.schema", ">=42")], Some("2.0"));
    let change = Change::Image { images: images(), build: build.clone() };
    let of = |build: BuildNotes, noted| {
        let requests = render(&target(ObjectKind::Deployment), &change, &Seen { build, noted, ..seen() }, Some("eu")).unwrap();
        let lines = requests[0].body.as_array().unwrap().clone();
        let line = |l: &Value| {
            let path = l["path"].as_str().unwrap().strip_prefix("/spec/template/metadata/")?;
            Some(format!("{} {path} {}", l["op"].as_str().unwrap(), l["value"]))
        };
        (lines.iter().filter_map(line).collect::<Vec<_>>(), requests[0].by_hand.to_string())
    };
    let old = notes(&[("gonogo.dev/commit", "0123abc"), ("gonogo.dev/rollback", "unsafe")], Some("1.0"));
    let (lines, by_hand) = of(old, true);
    assert_eq!(
        lines,
        [
            r#"add annotations/gonogo.dev~1commit "4be1c7a0""#,
            r#"add annotations/gonogo.dev~1requires.schema ">=42""#,
            "remove annotations/gonogo.dev~1rollback null",
            r#"add labels/app.kubernetes.io~1version "2.0""#,
        ]
    );
    assert!(
        by_hand.starts_with(r#"kubectl --context eu -n shop patch deployment/payment --type=json -p '[{"op":"test""#),
        "{by_hand}"
    );
    assert!(by_hand.contains("requires.schema") && !by_hand.contains("resourceVersion"), "one revision by hand, too: {by_hand}");
    let (lines, _) = of(notes(&[], Some("2.0")), false);
    assert_eq!(lines[0], "add annotations {}", "the first annotation of a template has nowhere to go");
    assert_eq!(lines.len(), 3, "{lines:?}");
    let (lines, by_hand) = of(build, true);
    assert_eq!(lines, [""; 0], "what it says already is left alone");
    assert!(by_hand.contains("set image"), "{by_hand}");
}

#[test]
fn a_roll_back_puts_the_template_and_has_argo_take_all_steps_at_once() {
    let change = Change::Template { revision: "rs-1".into(), name: "payment-7".into(), hash: Some("seven".into()) };
    let template = json!({"spec": {"containers": []}});
    let before = Seen { template: Some(template.into()), ..seen() };
    let put = format!(
        r#"[{LED},{{"op":"replace","path":"/spec/template","value":{{"spec":{{"containers":[]}}}}}},{MARK}] guarded, marked"#
    );
    let full = format!(
        r#"{STATUS} [{LED},{{"op":"test","path":"/status/currentPodHash","value":"seven"}},{{"op":"add","path":"/status/promoteFull","value":true}}] guarded"#
    );
    assert_eq!(shown(ObjectKind::Deployment, &change, &before), [format!("{DEPLOYMENT} {put}")]);
    assert_eq!(rollout(&before, &change), [format!("{ROLLOUT} {put}"), full.clone()]);
    assert_eq!(rollout(&seen(), &change), [full], "once the template stands there, the rest remains");
    let back = SeenRollout { stable: Some("seven".into()), ..seen().rollout };
    assert_eq!(rollout(&Seen { rollout: back, ..seen() }, &change), [""; 0], "what is stable already needs no steps");
}

#[test]
fn an_abort_tests_what_was_seen() {
    let at = |step: &str, more: &str| {
        format!(
            r#"{STATUS} [{LED},{{"op":"test","path":"/status/currentStepIndex","value":{step}}},{{"op":"add","path":"/status/abort","value":true}}{more}] guarded"#
        )
    };
    let with = |change: fn(&mut Seen)| {
        let mut s = seen();
        change(&mut s);
        rollout(&s, &Change::Abort)
    };
    assert_eq!(with(|_| ()), [at("1", "")]);
    assert_eq!(with(|s| s.rollout.step = None), [at("null", "")], "blue-green has no steps");
    let both = with(|s| s.rollout.promote_full = true);
    assert_eq!(both, [at("1", r#",{"op":"replace","path":"/status/promoteFull","value":false}"#)]);
    let unpause = format!(r#"{ROLLOUT} {{{META},"spec":{{"paused":false}}}} guarded, marked"#);
    assert_eq!(with(|s| s.paused = true), [at("1", ""), unpause.clone()], "under a pause by hand the status is half an abort");
    let rest = with(|s| {
        s.paused = true;
        s.rollout.aborted = true;
    });
    assert_eq!(rest, [unpause]);
    let request = &render(&target(ObjectKind::Rollout), &Change::Abort, &seen(), None).unwrap()[0];
    assert_eq!(
        request.by_hand.as_str(),
        r#"kubectl -n shop patch rollouts.argoproj.io/payment --subresource=status --type=merge -p '{"status":{"abort":true}}'"#
    );
}

#[test]
fn a_step_leaves_the_pause_that_was_seen_and_no_other() {
    let change = Change::Step { revision: "new".into(), from: Some(1), pause: Some(pausing()) };
    let tests = r#"{"op":"test","path":"/status/currentStepIndex","value":1},{"op":"test","path":"/status/pauseConditions/0/startTime","value":"2026-03-10T09:12:00Z"},{"op":"remove","path":"/status/pauseConditions"}"#;
    assert_eq!(rollout(&seen(), &change), [format!("{STATUS} [{LED},{tests}] guarded")]);
    let inconclusive = Pausing { reason: "InconclusiveAnalysisRun".into(), ..pausing() };
    let stuck = Seen { rollout: SeenRollout { pause: Some(inconclusive), ..seen().rollout }, ..seen() };
    let past = r#"{"op":"add","path":"/status/controllerPause","value":false},{"op":"replace","path":"/status/currentStepIndex","value":2}"#;
    assert_eq!(rollout(&stuck, &change), [format!("{STATUS} [{LED},{tests},{past}] guarded")]);
    let moving = Seen { rollout: SeenRollout { pause: None, ..seen().rollout }, ..seen() };
    let problem = render(&target(ObjectKind::Rollout), &change, &moving, None).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Invalid, "to move on from no pause would skip a step");
}

#[test]
fn a_service_gets_the_whole_selector() {
    let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect::<Labels>();
    let seen = Seen { selector: labels(&[("app", "web"), ("old", "x")]), ..seen() };
    let change = Change::Select { selector: labels(&[("app", "web"), ("side", "green")]) };
    assert_eq!(
        shown(ObjectKind::Service, &change, &seen),
        [format!(
            r#"PATCH v1/namespaces/shop/services/payment?fieldManager=gonogo {{{META},"spec":{{"selector":{{"old":null,"app":"web","side":"green"}}}}}} guarded, marked"#
        )]
    );
}

#[test]
fn what_a_kind_has_no_word_for_is_refused() {
    for change in
        [Change::Abort, Change::Retry, Change::Full { revision: "x".into() }, Change::Select { selector: Labels::new() }]
    {
        assert_eq!(render(&target(ObjectKind::Deployment), &change, &seen(), None).unwrap_err().kind, ProblemKind::Invalid);
    }
    assert_eq!(render(&target(ObjectKind::Rollout), &Change::Retire, &seen(), None).unwrap_err().kind, ProblemKind::Invalid);
    assert_eq!(render(&target(ObjectKind::Service), &Change::Pause, &seen(), None).unwrap_err().kind, ProblemKind::Invalid);
}

#[test]
fn the_id_goes_into_the_marker_and_nowhere_else() {
    let template = json!({"metadata": {"annotations": {"note": "{op} {note}"}}});
    let seen = Seen { template: Some(template.clone().into()), ..seen() };
    let change = Change::Template { revision: "rs-1".into(), name: "payment-7".into(), hash: None };
    let sent = render(&target(ObjectKind::Deployment), &change, &seen, None).unwrap()[0].by("OP1", "by alice");
    let lines = sent.body.as_array().unwrap();
    let value = |path: &str| lines.iter().find(|l| l["path"] == path).map(|l| l["value"].clone());
    assert_eq!(value("/spec/template"), Some(template), "somebody else's letters are not ours");
    assert_eq!(value("/metadata/annotations/gonogo.dev~1ops"), Some(Value::from("a1,OP1")));
    assert_eq!(value("/metadata/annotations/gonogo.dev~1last"), Some(Value::from("by alice")));
    assert_eq!(sent.guard, Guarantee::Guarded);
}

/// What a Rollout says of a change, after it was changed in one place.
fn said(change: &Change, edit: impl Fn(&mut Rollout)) -> Settled {
    let mut row = rows::rollout("payment", "new", "old");
    row.step = Some(1);
    row.pauses = vec![(pausing().reason, pausing().since)];
    edit(&mut row);
    settle::rollout(&row, &Value::Null, change, false)
}

fn word(settled: &Settled) -> &'static str {
    match settled {
        Settled::Reached => "reached",
        Settled::NotYet(_) => "not yet",
        Settled::Absent(_) => "absent",
        Settled::Failed(_) => "failed",
    }
}

#[test]
fn a_step_is_done_when_the_controller_is_past_it() {
    let current = rows::rollout("payment", "new", "old").current_hash.unwrap();
    let change = Change::Step { revision: current, from: Some(1), pause: Some(pausing()) };
    let of = |edit: fn(&mut Rollout)| word(&said(&change, edit));
    assert_eq!(of(|_| ()), "absent", "it still waits");
    assert_eq!(of(|r| r.pauses.clear()), "not yet", "the pause is taken away, and nothing has moved");
    assert_eq!(of(|r| r.step = Some(2)), "reached");
    assert_eq!(of(|r| r.step = Some(0)), "absent", "somebody went back");
    assert_eq!(of(|r| r.aborted = true), "absent");
    assert_eq!(of(|r| r.current_hash = Some("other".into())), "absent");
}

#[test]
fn an_abort_under_promote_full_is_not_there_and_half_an_abort_is_not_done() {
    let of = |edit: fn(&mut Rollout)| word(&said(&Change::Abort, edit));
    assert_eq!(of(|r| r.promote_full = true), "absent");
    let aborted = |r: &mut Rollout| {
        r.aborted = true;
        r.phase = RolloutPhase::Degraded;
        r.weight = None;
    };
    assert_eq!(word(&said(&Change::Abort, aborted)), "reached");
    assert_eq!(
        word(&said(&Change::Abort, |r| {
            aborted(r);
            r.paused = true;
        })),
        "not yet"
    );
}

#[test]
fn a_deployment_is_done_when_all_its_pods_are_new_and_available() {
    let images = vec![ContainerImage { name: "main".into(), image: "r.example/cart:1.0".into() }];
    let build = BuildNotes { version: Some("1.0".into()), ..BuildNotes::default() };
    let change = Change::Image { images, build };
    let says = |d: &mut crate::domain::Deployment, version: &str| {
        d.workload.template.labels.insert(VERSION_LABEL.into(), version.into());
    };
    let of = |edit: fn(&mut crate::domain::Deployment)| {
        let mut row = rows::deployment();
        says(&mut row, "1.0");
        edit(&mut row);
        settle::deployment(&row, &Value::Null, &change, false)
    };
    assert_eq!(of(|_| ()), Settled::Reached);
    assert_eq!(of(|d| d.workload.observed_generation = Some(1)), Settled::NotYet("the controller has not seen it yet".into()));
    assert_eq!(of(|d| d.workload.updated = 1), Settled::NotYet("1 of 3 pods are new".into()));
    assert_eq!(of(|d| d.workload.replicas = 4), Settled::NotYet("1 old pods are still there".into()));
    assert_eq!(of(|d| d.workload.available = 2), Settled::NotYet("2 of 3 pods are available".into()));
    assert_eq!(of(|d| d.paused = true), Settled::NotYet("it is paused: no pod is replaced until it is resumed".into()));
    assert_eq!(
        of(|d| d.workload.template = rows::template("cart", "0.9")),
        Settled::Absent("container main runs r.example/cart:0.9".into())
    );
    assert_eq!(
        of(|d| drop(d.workload.template.labels.insert(VERSION_LABEL.into(), "0.9".into()))),
        Settled::Absent("its template says app.kubernetes.io/version: 0.9".into()),
        "the image without its words"
    );
}
