//! What can be made to go wrong, per system and at run time, for tests.

use std::{collections::BTreeMap, io, time::Duration};

use futures::stream;
use http_body_util::BodyExt;
use tokio::sync::watch;

use super::http::{self, Body};

/// One way to go wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The answer comes, but late.
    Delay(Duration),
    /// Nothing is done, and this status comes with a plain text; 429 and 503 carry `retry-after: 30`.
    Status(u16),
    /// Nothing is done, and this comes.
    Reply {
        /// HTTP status code.
        status: u16,
        /// Header names and values.
        headers: Vec<(String, String)>,
        /// The whole body.
        body: String,
    },
    /// A login page comes in place of JSON, with status 200.
    Html,
    /// The request is carried out, and the connection breaks in the middle of the answer.
    Cut,
    /// The request is carried out, and this status comes in place of the answer: a proxy that lost its patience.
    After(u16),
    /// Nothing is done, and nothing ever comes; open streams fall silent.
    Hang,
    /// The connection is closed without an answer, open streams too: a dead server.
    Dead,
}

/// The faults in force, by prefix: `gh`, `prom`, `k8s`, `k8s/eu-1`, or longer paths below them.
#[derive(Debug)]
pub struct Faults(watch::Sender<BTreeMap<String, Fault>>);

impl Default for Faults {
    fn default() -> Self {
        Self(watch::Sender::new(BTreeMap::new()))
    }
}

impl Faults {
    /// Sets or lifts the fault of a prefix.
    pub fn set(&self, prefix: &str, fault: Option<Fault>) {
        let prefix = prefix.trim_matches('/').to_owned();
        self.0.send_modify(|map| match fault {
            Some(fault) => drop(map.insert(prefix, fault)),
            None => drop(map.remove(&prefix)),
        });
    }

    /// Lifts all.
    pub fn clear(&self) {
        self.0.send_modify(BTreeMap::clear);
    }

    /// The fault of a path: that of the longest prefix.
    pub fn of(&self, path: &str) -> Option<Fault> {
        find(&self.0.borrow(), path)
    }

    /// A body that breaks or falls silent when its path does.
    pub fn guard(&self, path: String, body: Body) -> Body {
        let state = (body, self.0.subscribe(), path, false);
        http::stream(stream::unfold(state, |(mut body, mut faults, path, over)| async move {
            loop {
                if over {
                    return None;
                }
                let fault = find(&faults.borrow_and_update(), &path);
                match fault {
                    Some(Fault::Dead | Fault::Cut) => return Some((Err(broken()), (body, faults, path, true))),
                    Some(Fault::Hang) => drop(faults.changed().await),
                    _ => tokio::select! {
                        biased;
                        _ = faults.changed() => {}
                        frame = body.frame() => {
                            let data = frame?.map(|frame| frame.into_data().unwrap_or_default());
                            return Some((data, (body, faults, path, false)));
                        }
                    },
                }
            }
        }))
    }
}

fn find(map: &BTreeMap<String, Fault>, path: &str) -> Option<Fault> {
    let path = path.trim_matches('/');
    let below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    map.iter()
        .filter(|(prefix, _)| prefix.is_empty() || below(prefix))
        .max_by_key(|(prefix, _)| prefix.len())
        .map(|(_, fault)| fault.clone())
}

/// The error that breaks a connection.
pub fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "cut by a fault")
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults};

    #[test]
    fn the_longest_prefix_wins() {
        let faults = Faults::default();
        faults.set("k8s", Some(Fault::Html));
        faults.set("/k8s/eu-1/", Some(Fault::Hang));
        let table = [("/k8s/eu-1/api", Some(Fault::Hang)), ("/k8s/eu-11/api", Some(Fault::Html)), ("/gh/user", None)];
        for (path, expected) in table {
            assert_eq!(faults.of(path), expected, "{path}");
        }
        faults.set("k8s/eu-1", None);
        assert_eq!(faults.of("/k8s/eu-1/api"), Some(Fault::Html));
        faults.clear();
        assert_eq!(faults.of("/k8s/eu-1/api"), None);
    }
}
