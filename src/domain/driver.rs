//! Who drives a release in an environment: a word to others, and never a guard. What guards a write is the version that
//! it names.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{EnvironmentName, IdError, ObjectKey, SafeText, ServiceName};

/// How long somebody drives after an act: as long as the cockpit stays armed.
pub const DRIVES: SignedDuration = SignedDuration::from_mins(15);

/// Somebody who drives, as the Lease in the cluster says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Driver {
    /// Who: the user that the server knows, and the host.
    pub holder: SafeText,
    /// Since when.
    pub since: Timestamp,
    /// The last act.
    pub renewed: Timestamp,
    /// For how long an act counts.
    pub lasts: SignedDuration,
    /// The server's time when this was read, where it tells; else ours.
    pub read: Timestamp,
    /// The version of the Lease: a takeover names it.
    pub version: Arc<str>,
}

impl Driver {
    /// Whether the last act still counts. By the server's clock: whose clock wrote it is not known.
    pub fn drives(&self) -> bool {
        !self.holder.is_empty() && self.read.duration_since(self.renewed) < self.lasts
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = self.read.duration_since(self.since).as_mins().max(0);
        write!(f, "{} drives since {ago} min", self.holder)
    }
}

/// The Lease of a service in an environment, while no release was started: `gonogo-SERVICE-ENVIRONMENT`.
///
/// # Errors
/// The two together are longer than a name may be.
pub fn lease_of(namespace: &str, service: &ServiceName, environment: &EnvironmentName) -> Result<ObjectKey, IdError> {
    ObjectKey::new(namespace, &format!("gonogo-{service}-{environment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_drives_is_said_until_the_time_is_over_by_the_servers_clock() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let driver = |holder: &str, read| Driver {
            holder: holder.into(),
            since: at(0),
            renewed: at(10),
            lasts: DRIVES,
            read: at(read),
            version: "1".into(),
        };
        assert!(driver("alice", 24).drives());
        assert!(!driver("alice", 25).drives());
        assert!(!driver("", 11).drives(), "let go");
        assert_eq!(driver("alice on laptop", 12).to_string(), "alice on laptop drives since 12 min");
    }
}
