use serde_json::{Value, json};

use super::{
    super::{LINGER, SETTLE},
    Phase, Position, canary,
};
use crate::sim::world::release::SCRIPT;

type Short = (Phase, usize, u32, (u32, u32), f64);

/// Phase, step, weight, pods and minutes from now of all that a patch leads to.
fn after(at: Position, status: &Value, patch: &Value) -> Option<Vec<Short>> {
    let before = json!({"spec": {"paused": at.held}, "status": status});
    let mut object = before.clone();
    json_patch::merge(&mut object, patch);
    let short = |p: Position| (p.phase, p.step, p.weight, p.pods, p.minute - 20.0);
    canary(at, &before, &object, 20.0, 5).map(|positions| positions.into_iter().map(short).collect())
}

#[test]
fn verbs_of_a_rollout() {
    use Phase::{Aborted, Paused, Progressing, Promoted};
    let paused = SCRIPT[2];
    let waiting = json!({"currentStepIndex": 3, "pauseConditions": [{"reason": "CanaryPauseStep"}]});
    let last = Position { step: 5, weight: 50, pods: (5, 3), ..paused };
    let gone = Position { step: 0, weight: 0, phase: Aborted, pods: (5, 0), ..paused };
    let stopped = json!({"currentStepIndex": 0, "abort": true});
    let held = Position { held: true, ..paused };
    let step = |patch: Value| json!({"status": patch});
    let table = [
        (
            "promote",
            paused,
            &waiting,
            step(json!({"pauseConditions": null})),
            Some(vec![(Progressing, 4, 20, (5, 3), 0.0), (Paused, 5, 50, (5, 3), SETTLE)]),
        ),
        (
            "the last step",
            last,
            &waiting,
            step(json!({"pauseConditions": null})),
            Some(vec![
                (Progressing, 6, 50, (5, 5), 0.0),
                (Promoted, 7, 100, (5, 5), SETTLE),
                (Promoted, 7, 100, (0, 5), SETTLE + LINGER),
            ]),
        ),
        (
            "promote --full",
            paused,
            &waiting,
            step(json!({"promoteFull": true})),
            Some(vec![
                (Progressing, 6, 20, (5, 5), 0.0),
                (Promoted, 7, 100, (5, 5), SETTLE),
                (Promoted, 7, 100, (0, 5), SETTLE + LINGER),
            ]),
        ),
        (
            "step back",
            paused,
            &waiting,
            step(json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": 0})),
            Some(vec![(Progressing, 0, 20, (5, 1), 0.0), (Paused, 1, 5, (5, 1), SETTLE)]),
        ),
        (
            "abort",
            paused,
            &waiting,
            step(json!({"abort": true, "promoteFull": false})),
            Some(vec![(Aborted, 0, 0, (5, 1), 0.0), (Aborted, 0, 0, (5, 0), LINGER)]),
        ),
        ("abort under promoteFull", paused, &waiting, step(json!({"abort": true, "promoteFull": true})), None),
        ("promote when aborted", gone, &stopped, step(json!({"pauseConditions": null, "currentStepIndex": 1})), None),
        (
            "retry",
            gone,
            &stopped,
            step(json!({"abort": false})),
            Some(vec![(Progressing, 0, 0, (5, 1), 0.0), (Paused, 1, 5, (5, 1), SETTLE)]),
        ),
        ("pause", paused, &waiting, json!({"spec": {"paused": true}}), Some(vec![(Paused, 3, 20, (5, 1), 0.0)])),
        ("resume", held, &waiting, json!({"spec": {"paused": false}}), Some(vec![(Paused, 3, 20, (5, 1), 0.0)])),
        ("an annotation", paused, &waiting, json!({"metadata": {"annotations": {"a": "b"}}}), None),
    ];
    for (name, at, status, patch, expected) in table {
        let close = |got: Vec<Short>| {
            got.into_iter().map(|(a, b, c, d, minute)| (a, b, c, d, (minute * 1000.0).round() / 1000.0)).collect::<Vec<_>>()
        };
        assert_eq!(after(at, status, &patch).map(close), expected, "{name}");
    }
}
