//! What happened, for the events pane.

use jiff::Timestamp;
use serde::Serialize;

use super::SafeText;

/// One line of the events pane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When it was noticed.
    pub at: Timestamp,
    /// Who or what: a source, a person, `verdict`.
    pub who: SafeText,
    /// What, in one line.
    pub what: SafeText,
    /// Whether it needs attention.
    pub trouble: bool,
}
