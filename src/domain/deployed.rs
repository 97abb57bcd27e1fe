//! What the pipeline system itself says was deployed where. A job may deploy without leaving such a record, so that what
//! is live is never taken from here: clusters say that.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{SafeText, Sha};

/// How a deployment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeployState {
    /// Waits for a decision.
    Waiting,
    /// Not started.
    Queued,
    /// Under way.
    Running,
    /// Done.
    Success,
    /// Did not work.
    Failure,
    /// Overtaken by a newer one.
    Inactive,
    /// A word that we do not know.
    Other(SafeText),
}

impl fmt::Display for DeployState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Success => "done",
            Self::Failure => "failed",
            Self::Inactive => "inactive",
            Self::Other(word) => word.as_str(),
        })
    }
}

/// The record of one deployment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeploymentRecord {
    /// The system's id.
    pub id: Arc<str>,
    /// The environment, as the pipeline system calls it.
    pub environment: SafeText,
    /// The commit.
    pub commit: Option<Sha>,
    /// The branch or tag that was asked for.
    pub branch: Option<SafeText>,
    /// How it stands; `None` where nobody asked, because a newer one went to the same place.
    pub state: Option<DeployState>,
    /// Who made it.
    pub creator: Option<SafeText>,
    /// When it was made.
    pub created: Timestamp,
    /// When its state last changed.
    pub updated: Timestamp,
}
