//! What a look says of a request whose answer is missing.

use std::sync::Arc;

use serde_json::json;

use super::super::{
    Looked,
    evidence::{Finding, Shot},
};
use crate::{
    domain::{BodyKind, Change, Guarantee, Method, OpId, Problem, ProblemKind, Request, Seen, Settled},
    engine::journal::Evidence,
};

#[test]
fn what_cannot_be_told_of_a_list_is_not_taken_for_done() {
    let sent = Request {
        verb: Method::Patch,
        path: "/object/status".into(),
        content_type: BodyKind::JsonPatch,
        body: json!([{"op": "add", "path": "/status/abort", "value": true}]),
        guard: Guarantee::Guarded,
        marked: false,
        by_hand: "kubectl".into(),
    };
    let seen = |version: &str| Seen { uid: "u".into(), resource_version: version.into(), ..Seen::default() };
    let shot = Shot { index: 0, number: 1, attempt: 1, seen: Arc::new(seen("1")), sent: Arc::new(sent.clone()), fences: 0 };
    let op = OpId::new(jiff::Timestamp::UNIX_EPOCH, 1);
    let found = |change: &Change, remain| {
        shot.found(&op, change, &Looked { seen: seen("2"), settled: Settled::NotYet("pods".into()), remain })
    };
    let reached = Finding::Applied(Evidence::State);
    assert_eq!(found(&Change::Abort, Ok(vec![])), reached);
    assert_eq!(found(&Change::Abort, Ok(vec![sent])), Finding::NotThere, "it is still to be sent");
    let odd = || Err(Problem::new(ProblemKind::Invalid, "its shape is not known"));
    assert_eq!(found(&Change::Abort, odd()), Finding::NotThere);
    assert_eq!(found(&Change::Pause, odd()), reached, "there it is in the state itself");
}
