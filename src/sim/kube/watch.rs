//! Watches: changes as they come, bookmarks, and the honest end of a log.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use ::http::StatusCode;
use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};

use super::{
    super::{
        http::{self, Request, Response, Shared},
        world::Cluster,
    },
    Target,
    media::Form,
    read,
    select::Selector,
    status::Refusal,
    store::Change,
};

/// How often an idle watch looks at the clock. Real time: the simulated one may stand still.
const LOOK: Duration = Duration::from_millis(250);
/// The distance of bookmarks, in real time and in simulated time: neither the client's socket, which knows the one, nor
/// its clock, which may know the other, is to find the watch silent.
const BOOKMARKS: Duration = Duration::from_mins(1);
/// How long a watch lasts that names no `timeoutSeconds`.
const LIFE: u64 = 45 * 60;

struct Watcher {
    shared: Shared,
    cluster: Cluster,
    target: Target,
    selector: Selector,
    form: Form,
    cursor: u64,
    queue: VecDeque<Value>,
    bookmarks: bool,
    look: Interval,
    remind: Interval,
    /// Simulated time of the last bookmark.
    reminded: Timestamp,
    end: Pin<Box<Sleep>>,
    over: bool,
}

/// Opens a watch.
pub fn watch(shared: &Shared, cluster: Cluster, target: &Target, request: &Request) -> Result<Response, Refusal> {
    let form = Form::of(request)?;
    let selector = read::selector(target.kind, request)?;
    let flag = |name: &str| request.param(name).is_some_and(|value| value == "true" || value == "1");
    let bookmarks = flag("allowWatchBookmarks");
    let initial = flag("sendInitialEvents");
    let rule = request.param("resourceVersionMatch").unwrap_or("");
    match (initial, rule) {
        (true, "NotOlderThan") | (false, "") => {}
        (true, _) => return Err(read::invalid_match("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")),
        (false, _) => {
            return Err(read::invalid_match("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
        }
    }
    let seconds = match request.param("timeoutSeconds") {
        Some(text) => text.parse().map_err(|_| Refusal::bad(format!("unable to parse timeoutSeconds: {text}")))?,
        None => LIFE,
    };
    let from = read::version(request)?.filter(|version| *version != 0);
    let store = shared.cluster(cluster);
    let current = store.version();
    let present =
        if initial || from.is_none() { store.list(target.kind, target.namespace.as_deref(), current) } else { Vec::new() };
    drop(store);
    let cursor = if initial { current } else { from.unwrap_or(current) };
    let added = present.iter().filter(|object| selector.matches(object)).map(|object| event("ADDED", &form.shape(object)));
    let mut queue: VecDeque<Value> = added.collect();
    if initial && bookmarks {
        queue.push_back(bookmark(target, current, true));
    }
    let mut remind = interval(BOOKMARKS);
    remind.reset();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watcher = Watcher {
        shared: Shared::clone(shared),
        cluster,
        target: target.clone(),
        selector,
        form,
        cursor,
        queue,
        bookmarks,
        look,
        remind,
        reminded: shared.now(),
        end: Box::pin(sleep(Duration::from_secs(seconds))),
        over: false,
    };
    let mut response = http::text(StatusCode::OK, "application/json", "");
    *response.body_mut() = http::stream(stream::unfold(watcher, |mut watcher| async move {
        let line = watcher.next().await?;
        Some((Ok(line), watcher))
    }));
    Ok(response)
}

impl Watcher {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(value) = self.queue.pop_front() {
                return Some(Bytes::from(format!("{value}\n")));
            }
            if self.over {
                return None;
            }
            let mut bell = self.fill();
            if !self.queue.is_empty() {
                continue;
            }
            tokio::select! {
                _ = bell.changed() => {}
                _ = self.look.tick() => {
                    let now = self.shared.now();
                    if self.bookmarks && now.duration_since(self.reminded).unsigned_abs() >= BOOKMARKS {
                        self.reminded = now;
                        self.queue.push_back(bookmark(&self.target, self.cursor, false));
                    }
                }
                _ = self.remind.tick(), if self.bookmarks => self.queue.push_back(bookmark(&self.target, self.cursor, false)),
                () = &mut self.end => {
                    self.over = true;
                    if self.bookmarks {
                        self.queue.push_back(bookmark(&self.target, self.cursor, false));
                    }
                }
            }
        }
    }

    /// Reads on in the log; gives back the bell that tells of what comes after.
    fn fill(&mut self) -> tokio::sync::watch::Receiver<u64> {
        let store = self.shared.cluster(self.cluster);
        let mut bell = store.listen();
        bell.mark_unchanged();
        if self.cursor < store.oldest() {
            self.queue.push_back(event("ERROR", &Refusal::expired(self.cursor, store.oldest()).object()));
            self.over = true;
        } else {
            for change in store.since(self.target.kind, self.target.namespace.as_deref(), self.cursor) {
                self.queue.extend(self.told(&change));
            }
            self.cursor = self.cursor.max(store.version());
        }
        bell
    }

    /// What a change looks like through the selector.
    fn told(&self, change: &Change) -> Option<Value> {
        let seen = |object: &Option<std::sync::Arc<Value>>| object.as_ref().is_some_and(|object| self.selector.matches(object));
        let object = change.new.as_ref().or(change.old.as_ref())?;
        let kind = match (seen(&change.old), seen(&change.new)) {
            (false, false) => return None,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        let mut shown = self.form.shape(if kind == "DELETED" { change.old.as_ref()? } else { object });
        shown["metadata"]["resourceVersion"] = change.version.to_string().into();
        Some(event(kind, &shown))
    }
}

fn event(kind: &str, object: &Value) -> Value {
    json!({"type": kind, "object": object})
}

fn bookmark(target: &Target, version: u64, end: bool) -> Value {
    let mut object = json!({"kind": target.kind.kind, "apiVersion": target.kind.api_version(), "metadata": {"resourceVersion": version.to_string()}});
    if end {
        object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    if target.kind.plural == "pods" {
        object["spec"] = json!({"containers": null});
    }
    event("BOOKMARK", &object)
}
