//! From a change and what was seen to the requests that remain to be sent. Pure.

use serde_json::{Map, Value, json};

use super::{
    by_hand::{self, kubectl},
    by_us, path_of,
};
use crate::{
    domain::{
        BodyKind, BuildNotes, Change, ChangeTarget, ContainerImage, Guarantee, Labels, Method, NOTE, NoteChange, OP, ObjectKind,
        Problem, ProblemKind, Request, SafeText, Seen, quoted,
    },
    provider::kube::project::OPS,
};

/// Where the marker stands.
const MARKER: &str = "gonogo.dev/ops";
/// Where a word on who wrote last stands.
const NOTED: &str = "gonogo.dev/last";

/// The marker after one more operation.
pub(super) fn marker(seen: &Seen) -> String {
    let kept = &seen.ops[seen.ops.len().saturating_sub(OPS - 1)..];
    kept.iter().map(|op| &**op).chain([OP]).collect::<Vec<_>>().join(",")
}

fn invalid(what: impl AsRef<str>) -> Problem {
    Problem::new(ProblemKind::Invalid, what)
}

/// What makes requests to one target.
struct Writer<'a> {
    target: &'a ChangeTarget,
    seen: &'a Seen,
    context: Option<&'a str>,
}

/// The requests that remain until `change` is asked for; none once the object asks for it.
pub fn render(target: &ChangeTarget, change: &Change, seen: &Seen, context: Option<&str>) -> Result<Vec<Request>, Problem> {
    let w = Writer { target, seen, context };
    match (target.kind, change) {
        (ObjectKind::Service, Change::Select { selector }) => Ok(vec![w.select(selector)]),
        (ObjectKind::Service, _) => Err(invalid("a Service takes a selector and nothing else")),
        (_, Change::Select { .. }) => Err(invalid("only a Service is switched")),
        (kind, Change::Pause | Change::Resume) => Ok(vec![w.paused(kind, *change == Change::Pause)]),
        (ObjectKind::Deployment, Change::Restart { at }) => {
            let spec = json!({"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": at.to_string()}}}});
            Ok(vec![w.merge(spec, &format!("rollout restart {}", by_hand::name(target)))])
        }
        (ObjectKind::Rollout, Change::Restart { at }) => {
            let spec = json!({"restartAt": at.to_string()});
            let line = by_hand::merge(target, None, &json!({"spec": &spec}));
            Ok(vec![w.merge(spec, &line)])
        }
        (_, Change::Image { images, build }) => Ok(vec![w.images(images, build, None)?]),
        (ObjectKind::Deployment, Change::Fill { images, build, replicas }) => {
            Ok(vec![w.images(images, build, Some(*replicas))?])
        }
        (ObjectKind::Deployment, Change::Retire) => {
            Ok(vec![w.merge(json!({"replicas": 0}), &format!("scale {} --replicas=0", by_hand::name(target)))])
        }
        (ObjectKind::Deployment, Change::Template { name, .. }) => Ok(w.template(name).into_iter().collect()),
        (ObjectKind::Rollout, Change::Template { name, hash, .. }) => {
            Ok(w.template(name).into_iter().chain(w.rest(hash.as_deref())).collect())
        }
        (ObjectKind::Rollout, Change::Abort) => Ok(w.abort()),
        (ObjectKind::Rollout, Change::Retry) => Ok(vec![w.status(
            vec![test("/status/abort", true), json!({"op": "replace", "path": "/status/abort", "value": false})],
            &json!({"abort": false}),
        )]),
        (ObjectKind::Rollout, Change::Step { .. }) => Ok(vec![w.step()?]),
        (ObjectKind::Rollout, Change::Full { revision }) => Ok(vec![w.full(revision)]),
        (ObjectKind::Rollout, Change::Fill { .. } | Change::Retire) => {
            Err(invalid("a Rollout fills and retires its sides by itself"))
        }
        (ObjectKind::Deployment, Change::Abort | Change::Retry | Change::Step { .. } | Change::Full { .. }) => {
            Err(invalid("a Deployment has no steps").hint("pause it, or roll back"))
        }
    }
}

fn test(path: &str, value: impl Into<Value>) -> Value {
    json!({"op": "test", "path": path, "value": value.into()})
}

/// A key as a part of a JSON pointer (RFC 6901).
fn pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl Writer<'_> {
    fn request(&self, rest: &str, content_type: BodyKind, body: Value, marked: bool, by_hand: &str) -> Request {
        Request {
            verb: Method::Patch,
            path: SafeText::clean(&path_of(self.target, &by_us(rest))),
            content_type,
            body,
            guard: Guarantee::Guarded,
            marked,
            by_hand: kubectl(self.context, self.target, by_hand),
        }
    }

    /// A merge patch of the wanted state, with version and marker.
    fn merge(&self, spec: Value, by_hand: &str) -> Request {
        let body = json!({
            "metadata": {
                "resourceVersion": &*self.seen.resource_version,
                "annotations": {MARKER: marker(self.seen), NOTED: NOTE},
            },
            "spec": spec,
        });
        self.request("", BodyKind::MergePatch, body, true, by_hand)
    }

    /// Where a merge patch cannot say it: a list of lines, led by the version. Stale, that one is answered 409; a
    /// failing `test` is a 422 without details.
    fn lines(&self, change: Vec<Value>, by_hand: &str) -> Request {
        let mut lines = self.led();
        lines.extend(change);
        if !self.seen.annotated {
            lines.push(json!({"op": "add", "path": "/metadata/annotations", "value": {}}));
        }
        for (key, value) in [(MARKER, marker(self.seen)), (NOTED, NOTE.to_owned())] {
            lines.push(json!({"op": "add", "path": format!("/metadata/annotations/{}", pointer(key)), "value": value}));
        }
        self.request("", BodyKind::JsonPatch, Value::Array(lines), true, by_hand)
    }

    /// The same to the status, which takes no marker.
    fn status(&self, change: Vec<Value>, plain: &Value) -> Request {
        let mut lines = self.led();
        lines.extend(change);
        let line = by_hand::merge(self.target, Some("status"), &json!({"status": plain}));
        self.request("/status", BodyKind::JsonPatch, Value::Array(lines), false, &line)
    }

    fn led(&self) -> Vec<Value> {
        vec![
            json!({"op": "replace", "path": "/metadata/resourceVersion", "value": &*self.seen.resource_version}),
            test("/metadata/uid", &*self.seen.uid),
        ]
    }

    fn paused(&self, kind: ObjectKind, paused: bool) -> Request {
        let line = match kind {
            ObjectKind::Deployment => {
                format!("rollout {} {}", if paused { "pause" } else { "resume" }, by_hand::name(self.target))
            }
            _ => by_hand::merge(self.target, None, &json!({"spec": {"paused": paused}})),
        };
        self.merge(json!({"paused": paused}), &line)
    }

    /// The images, and with them what the template says of their build: in one request, so that no revision has the one
    /// without the other.
    fn images(&self, images: &[ContainerImage], build: &BuildNotes, replicas: Option<u32>) -> Result<Request, Problem> {
        let mut lines = vec![];
        let mut words = vec![];
        for image in images {
            let at = self.seen.containers.iter().position(|c| *c == image.name);
            let at = at.ok_or_else(|| invalid(format!("it has no container {}", image.name)))?;
            let of = format!("/spec/template/spec/containers/{at}");
            lines.push(test(&format!("{of}/name"), image.name.as_str()));
            lines.push(json!({"op": "replace", "path": format!("{of}/image"), "value": image.image.as_str()}));
            words.push(quoted(&format!("{}={}", image.name, image.image)));
        }
        let notes = self.notes(build);
        let set = notes.is_empty();
        lines.extend(notes);
        let mut by_hand = format!("set image {} {}", by_hand::name(self.target), words.join(" "));
        if let Some(replicas) = replicas {
            lines.push(json!({"op": "replace", "path": "/spec/replicas", "value": replicas}));
            by_hand = format!(
                "{by_hand} && {}",
                kubectl(self.context, self.target, &format!("scale {} --replicas={replicas}", by_hand::name(self.target)))
            );
        }
        if !set {
            // One revision by hand, too.
            by_hand = by_hand::json(self.target, &Value::Array(lines.clone()));
        }
        Ok(self.lines(lines, &by_hand))
    }

    /// What the template says of its build, where that is to be another word.
    fn notes(&self, build: &BuildNotes) -> Vec<Value> {
        let of = "/spec/template/metadata";
        let changes = self.seen.build.until(build);
        let first = changes.iter().any(|c| !c.label) && !self.seen.noted;
        let all = first.then(|| json!({"op": "add", "path": format!("{of}/annotations"), "value": {}}));
        let line = |c: &NoteChange| {
            let path = format!("{of}/{}/{}", if c.label { "labels" } else { "annotations" }, pointer(&c.key));
            match &c.to {
                // Adds, and replaces what is there.
                Some(value) => json!({"op": "add", "path": path, "value": value.as_str()}),
                None => json!({"op": "remove", "path": path}),
            }
        };
        all.into_iter().chain(changes.iter().map(line)).collect()
    }

    /// The template of an earlier revision, where it does not stand there already.
    fn template(&self, name: &str) -> Option<Request> {
        let template = self.seen.template.as_deref()?;
        let replace = json!({"op": "replace", "path": "/spec/template", "value": template});
        let line = match self.target.kind {
            ObjectKind::Deployment => {
                format!("rollout undo {}   # to the revision of replicaset {name}", by_hand::name(self.target))
            }
            _ => format!("argo rollouts undo {}   # to the revision of replicaset {name}", self.target.key.name),
        };
        Some(self.lines(vec![replace], &line))
    }

    /// The rest of a roll back: the earlier revision takes all steps at once. Only where the controller would take them
    /// one by one: what is stable already needs none.
    fn rest(&self, hash: Option<&str>) -> Option<Request> {
        let hash = hash?;
        let r = &self.seen.rollout;
        (r.stable.as_deref() != Some(hash) && !r.promote_full).then(|| self.full(hash))
    }

    fn full(&self, revision: &str) -> Request {
        // Sent before the controller has seen the newest template, it is answered 200 and dropped.
        self.status(
            vec![test("/status/currentPodHash", revision), json!({"op": "add", "path": "/status/promoteFull", "value": true})],
            &json!({"promoteFull": true}),
        )
    }

    fn abort(&self) -> Vec<Request> {
        let r = &self.seen.rollout;
        let mut requests = vec![];
        if !r.aborted {
            let mut lines =
                vec![test("/status/currentStepIndex", r.step), json!({"op": "add", "path": "/status/abort", "value": true})];
            let mut plain = json!({"abort": true});
            if r.promote_full {
                // The controller takes an abort back while this is set (argo-rollouts#4461).
                lines.push(json!({"op": "replace", "path": "/status/promoteFull", "value": false}));
                plain = json!({"abort": true, "promoteFull": false});
            }
            requests.push(self.status(lines, &plain));
        }
        if self.seen.paused {
            // While paused by hand, the controller moves the route back and leaves the pods and Services as they are.
            requests.push(self.paused(ObjectKind::Rollout, false));
        }
        requests
    }

    /// Out of the pause that was seen, and of no other.
    fn step(&self) -> Result<Request, Problem> {
        let r = &self.seen.rollout;
        let Some(pause) = &r.pause else {
            // To move the index now would skip the step at which it is, an analysis maybe.
            return Err(invalid("it does not wait at a step").hint("look again in a moment"));
        };
        let mut lines = vec![];
        if r.step.is_some() {
            lines.push(test("/status/currentStepIndex", r.step));
        }
        if let Some(since) = pause.since {
            lines.push(test("/status/pauseConditions/0/startTime", since.to_string()));
        }
        lines.push(json!({"op": "remove", "path": "/status/pauseConditions"}));
        let mut plain = Map::from_iter([("pauseConditions".to_owned(), Value::Null)]);
        if pause.reason.as_str().starts_with("Inconclusive")
            && let Some(step) = r.step
        {
            // The controller would run the same analysis again: on past it, as its own command line does.
            lines.push(json!({"op": "add", "path": "/status/controllerPause", "value": false}));
            lines.push(json!({"op": "replace", "path": "/status/currentStepIndex", "value": step + 1}));
            plain.insert("controllerPause".to_owned(), Value::Bool(false));
            plain.insert("currentStepIndex".to_owned(), Value::from(step + 1));
        }
        Ok(self.status(lines, &Value::Object(plain)))
    }

    /// The whole selector: what it has now and should not have goes.
    fn select(&self, selector: &Labels) -> Request {
        let gone = self.seen.selector.keys().filter(|k| !selector.contains_key(*k)).map(|k| (k.to_string(), Value::Null));
        let kept = selector.iter().map(|(k, v)| (k.to_string(), Value::from(&**v)));
        let spec = json!({"selector": Value::Object(gone.chain(kept).collect())});
        let line = by_hand::merge(self.target, None, &json!({"spec": &spec}));
        self.merge(spec, &line)
    }
}
