//! Follows one kind in one namespace: list, then watch from that version on, and again after every trouble.
//!
//! A watch that is silent for 75 s proves nothing, and is no trouble either: an API server sends bookmarks of a kind only
//! after its first event since the server's start, so a kind in which nothing happens stays silent (seen on 1.36). Such
//! a watch is given up for a fresh list, which is proof of life; only where that fails too, there is trouble.
//!
//! After trouble the list is always fresh: only a list proves that nothing was missed, for example when the server came
//! back from a backup and its versions started anew. A watch that simply ends is taken up again where it ended.
//!
//! An object of which no row can be made is left out, and the log says so: it is then missing, and what is missing is
//! never taken for healthy, while its neighbours stay current. One whose *change* cannot be read is taken out for the
//! same reason: its old row would be shown as current. Only where no object of a list can be read, the answer as a whole
//! is not understood, and that is trouble.

use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    backoff::Backoff,
    fault,
    kind::Kind,
    project::{self, Odd},
    transport::{JSON, Transport},
    wire,
};
use crate::{
    domain::{Problem, ProblemKind, Row},
    provider::role::Timer,
};

/// What was heard of one namespace.
pub(super) enum Heard<R: Row> {
    /// All of it.
    Listed(Vec<R>),
    /// One object is new or changed.
    Changed(R),
    /// One object is gone.
    Gone(R::Key),
    /// Nothing changed.
    Alive,
    /// It cannot be read.
    Trouble(Problem),
}

/// Objects on one page of a list.
const PAGE: u32 = 500;
/// A list of more pages than this never ends.
const PAGES: usize = 2_000;
/// A watch is asked to end after so many seconds.
const WATCH: u32 = 290;

/// A follower of kind `K` in one namespace.
pub(super) struct Follower<'a, K: Kind> {
    pub transport: &'a Transport,
    pub timer: &'a dyn Timer,
    pub namespace: &'a str,
    /// The place of the namespace among those followed.
    pub index: usize,
    pub out: mpsc::Sender<(usize, Heard<K::Row>)>,
    /// The group that serves the kind here, an index into `K::GROUPS`.
    pub group: usize,
}

/// The forms in which an answer can be asked for.
struct Form {
    metadata: &'static str,
}

/// A server that cannot do it answers 406 and not with the whole: there is no second choice after it.
const LIST: Form = Form { metadata: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" };
const EVENTS: Form = Form { metadata: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" };

impl Form {
    const fn of<K: Kind>(&self) -> &'static str {
        if K::METADATA_OF.is_some() { self.metadata } else { JSON }
    }
}

/// Why a watch ended.
enum Ended {
    /// The server ended or cut it.
    Cut,
    /// The history is gone.
    Expired(Problem),
    /// Nothing was heard for too long.
    Silent,
    /// Anything else.
    Failed(Problem),
}

impl<K: Kind> Follower<'_, K> {
    async fn tell(&self, heard: Heard<K::Row>) {
        self.out.send((self.index, heard)).await.ok();
    }

    /// Follows for ever.
    pub async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let problem = self.round(&mut backoff).await;
            let wait = backoff.next(&problem, self.timer.now());
            self.tell(Heard::Trouble(problem)).await;
            self.timer.sleep(wait).await;
        }
    }

    /// Lists and watches until something is wrong.
    async fn round(&mut self, backoff: &mut Backoff) -> Problem {
        let mut fresh = true;
        'list: loop {
            let (rows, mut version) = match self.list().await {
                Ok(listed) => listed,
                Err(problem) => return problem,
            };
            self.tell(Heard::Listed(rows)).await;
            let mut silent = 0;
            loop {
                let mut heard = false;
                let ended = self.watch(&mut version, &mut heard).await;
                if heard {
                    backoff.reset();
                    silent = 0;
                    fresh = true;
                }
                match ended {
                    Ended::Failed(problem) => return problem,
                    Ended::Silent => continue 'list,
                    // The normal way after a restart of the server; twice in a row it is no longer normal.
                    Ended::Expired(problem) => {
                        if !std::mem::take(&mut fresh) {
                            return problem;
                        }
                        continue 'list;
                    }
                    Ended::Cut if heard => {}
                    // A proxy in between may cut a watch in which nothing happens; to come back at once for ever
                    // would be a storm, so the third such end is trouble.
                    Ended::Cut => {
                        silent += 1;
                        if silent == 3 {
                            return Problem::new(ProblemKind::Server, format!("{}: cut again and again", self.what("watch")));
                        }
                    }
                }
            }
        }
    }

    fn what(&self, verb: &str) -> String {
        format!("{verb} {} in {}", K::PLURAL, self.namespace)
    }

    /// The path of the collection with its query, to which more can be added.
    fn path(&self, query: &str) -> String {
        // The namespace is a checked name.
        let path = format!("/{}/namespaces/{}/{}?{query}", K::GROUPS[self.group], self.namespace, K::PLURAL);
        K::METADATA_OF.map_or(path.clone(), |labels| format!("{path}&labelSelector={}", escaped(labels)))
    }

    /// Every row, and the version from which to watch on.
    async fn list(&mut self) -> Result<(Vec<K::Row>, String), Problem> {
        let what = self.what("list");
        let mut answer = self.pages(&what).await;
        if answer.as_ref().is_err_and(|p| p.kind == ProblemKind::Expired) {
            // The list took longer than the server keeps its history: once more.
            answer = self.pages(&what).await;
        }
        for group in 0..K::GROUPS.len() {
            if !answer.as_ref().is_err_and(|p| p.kind == ProblemKind::NotFound) {
                break;
            }
            if group != self.group {
                self.group = group;
                answer = self.pages(&what).await;
            }
        }
        answer.map_err(|p| match p.kind {
            ProblemKind::NotFound if K::CUSTOM => {
                self.group = 0;
                Problem::new(ProblemKind::NotInstalled, format!("{what}: the cluster does not know this kind"))
            }
            _ => p,
        })
    }

    async fn pages(&self, what: &str) -> Result<(Vec<K::Row>, String), Problem> {
        let unreadable = |why: &str| Problem::new(ProblemKind::Unreadable, format!("{what}: {why}"));
        let (mut rows, mut odd, mut next) = (Vec::new(), 0_usize, None::<String>);
        for _ in 0..PAGES {
            let from = next.as_deref().map(|token| format!("&continue={}", escaped(token))).unwrap_or_default();
            let body = self.transport.get_as(&self.path(&format!("limit={PAGE}{from}")), LIST.of::<K>(), what).await?;
            let page = page::<K>(&body).map_err(|e| unreadable(&e.to_string()))?;
            for item in page.items.unwrap_or_default() {
                match item {
                    Ok(row) => rows.push(row),
                    Err(why) => {
                        tracing::warn!(what, %why, "an object is left out");
                        odd += 1;
                    }
                }
            }
            next = page.metadata.next.filter(|token| !token.is_empty());
            if next.is_none() {
                let version = page.metadata.resource_version.filter(|v| !v.is_empty());
                let version = version.ok_or_else(|| unreadable("the answer is no list"))?;
                if rows.is_empty() && odd > 0 {
                    return Err(unreadable("none of its objects can be read"));
                }
                return Ok((rows, version));
            }
        }
        Err(unreadable("the list does not end"))
    }

    /// Watches from `version` on, and moves it.
    async fn watch(&self, version: &mut String, heard: &mut bool) -> Ended {
        let what = self.what("watch");
        let from = escaped(version);
        let query = format!("watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH}&resourceVersion={from}");
        let mut lines = match self.transport.lines(&self.path(&query), EVENTS.of::<K>(), &what).await {
            Ok(lines) => lines,
            Err(problem) if problem.kind == ProblemKind::Expired => return Ended::Expired(problem),
            Err(problem) => return Ended::Failed(problem),
        };
        loop {
            let line = match lines.next().await {
                Ok(Some(line)) => line,
                // Where the connection broke off, what came before holds all the same.
                Ok(None) => return Ended::Cut,
                Err(problem) if problem.kind == ProblemKind::Server => return Ended::Cut,
                Err(problem) if problem.kind == ProblemKind::Timeout => return Ended::Silent,
                Err(problem) => return Ended::Failed(problem),
            };
            match read::<K>(&line, &what) {
                Ok(Told { at, heard: event }) => {
                    *version = at;
                    *heard = true;
                    self.tell(event).await;
                }
                Err(problem) if problem.kind == ProblemKind::Expired => return Ended::Expired(problem),
                Err(problem) => return Ended::Failed(problem),
            }
        }
    }
}

/// One event of a watch.
struct Told<R: Row> {
    /// The version after it.
    at: String,
    heard: Heard<R>,
}

fn read<K: Kind>(line: &[u8], what: &str) -> Result<Told<K::Row>, Problem> {
    let unreadable = |why: &str| Problem::new(ProblemKind::Unreadable, format!("{what}: {why}"));
    let event: wire::Event<Value> = serde_json::from_slice(line).map_err(|e| unreadable(&e.to_string()))?;
    if event.kind == "ERROR" {
        let status: wire::Status = serde_json::from_value(event.object).unwrap_or_default();
        return Err(fault::of_event(&status, what));
    }
    // What names the object is read apart: an object of a strange shape still has a name and a version.
    let bare: wire::Bare =
        serde::Deserialize::deserialize(&event.object).map_err(|e: serde_json::Error| unreadable(&e.to_string()))?;
    let at = bare.metadata.resource_version.clone().filter(|v| !v.is_empty());
    let at = at.ok_or_else(|| unreadable("an event has no version"))?;
    let left_out = |why: &str| tracing::warn!(what, why, "an object is left out");
    let heard = match (event.kind.as_str(), project::key(&bare.metadata)) {
        ("BOOKMARK", _) => Heard::Alive,
        // No row was ever made of such a name.
        ("ADDED" | "MODIFIED" | "DELETED", Err(why)) => {
            left_out(why.0);
            Heard::Alive
        }
        ("DELETED", Ok(key)) => Heard::Gone(key),
        ("ADDED" | "MODIFIED", Ok(key)) => match item::<K>(event.object) {
            Ok(row) => Heard::Changed(row),
            Err(why) => {
                left_out(&why);
                Heard::Gone(key)
            }
        },
        (other, _) => return Err(unreadable(&format!("an event of the unknown type {other:?}"))),
    };
    Ok(Told { at, heard })
}

fn item<K: Kind>(raw: Value) -> Result<K::Row, String> {
    let raw: K::Wire = serde_json::from_value(raw).map_err(|e| e.to_string())?;
    K::row(raw).map_err(|odd: Odd| odd.to_string())
}

/// A page of rows. Read in one go without ever holding whole objects; where that fails, once more and item by item, to
/// leave out only the one that is at fault.
fn page<K: Kind>(body: &[u8]) -> Result<wire::Page<Result<K::Row, String>>, serde_json::Error> {
    let (metadata, items) = if let Ok(page) = serde_json::from_slice::<wire::Page<K::Wire>>(body) {
        let row = |raw| K::row(raw).map_err(|odd| odd.to_string());
        (page.metadata, page.items.map(|all| all.into_iter().map(row).collect()))
    } else {
        let page: wire::Page<Value> = serde_json::from_slice(body)?;
        (page.metadata, page.items.map(|all| all.into_iter().map(item::<K>).collect()))
    };
    Ok(wire::Page { metadata, items })
}

/// A value of a query, percent-encoded.
pub(super) fn escaped(raw: &str) -> String {
    use std::fmt::Write as _;
    raw.bytes().fold(String::with_capacity(raw.len()), |mut out, b| {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(b));
        } else {
            write!(out, "%{b:02X}").ok();
        }
        out
    })
}

#[cfg(test)]
mod tests;
