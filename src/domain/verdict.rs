//! The verdict: words for what the engine concludes, and how stations add up.

use std::fmt;

use serde::Serialize;

use super::{Exit, SafeText, ServiceName};

/// May the release go on? Ordered by rank: the greatest of several is the verdict of them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing speaks against it.
    Go,
    /// Needs more time, data or a person.
    Hold,
    /// Cannot be established; blocks going forward like HOLD.
    Unknown,
    /// Something speaks against it.
    NoGo,
}

impl Verdict {
    /// The exit code of `check`.
    pub fn exit(self) -> Exit {
        match self {
            Self::Go => Exit::Done,
            Self::Hold => Exit::Hold,
            Self::Unknown => Exit::Unknown,
            Self::NoGo => Exit::Refused,
        }
    }

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Hold => "hold",
            Self::Unknown => "unknown",
            Self::NoGo => "no-go",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Go => "GO",
            Self::Hold => "HOLD",
            Self::Unknown => "UNKNOWN",
            Self::NoGo => "NO-GO",
        })
    }
}

/// One line of the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::EnumIter, strum::EnumString)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum StationKind {
    /// Required checks of the commits in the release.
    Ci,
    /// The workloads: do they run, and do all clusters agree?
    Env,
    /// The revision under test against the baseline.
    Canary,
    /// Limits of the serving version.
    Slo,
    /// Flags that the release needs.
    Flags,
    /// Checklists.
    List,
    /// The time window and freezes.
    Window,
    /// Stop-the-line locks.
    Lock,
}

impl fmt::Display for StationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ci => "CI",
            Self::Env => "ENV",
            Self::Canary => "CANARY",
            Self::Slo => "SLO",
            Self::Flags => "FLAGS",
            Self::List => "LIST",
            Self::Window => "WINDOW",
            Self::Lock => "LOCK",
        })
    }
}

/// One sentence that speaks for or against, and of which service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// What it says of the release.
    pub verdict: Verdict,
    /// The service, if it speaks of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// The sentence, without the service's name.
    pub text: SafeText,
    /// What was looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// One fact that was looked at, and where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The source: `eu-1 rollout/payment`, `acme/shop #881`, `prometheus errors`.
    pub source: SafeText,
    /// What it said.
    pub said: SafeText,
}

impl Evidence {
    /// A fact.
    pub fn new(source: impl AsRef<str>, said: impl AsRef<str>) -> Self {
        Self { source: SafeText::clean(source.as_ref()), said: SafeText::clean(said.as_ref()) }
    }
}

/// One station and what it says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Station {
    /// Which one.
    pub kind: StationKind,
    /// What it says; `None` when it is not configured, and then it does not count.
    pub verdict: Option<Verdict>,
    /// Why, the worst first. Good stations say what they looked at.
    pub reasons: Vec<Reason>,
}

impl Station {
    /// A station that is not configured; `mend` says how to change that.
    pub fn not_configured(kind: StationKind, mend: &str) -> Self {
        let reason = Reason { verdict: Verdict::Unknown, service: None, text: mend.into(), evidence: vec![] };
        Self { kind, verdict: None, reasons: vec![reason] }
    }

    /// A station that says the worst of its reasons. Without a reason it has established nothing: UNKNOWN.
    pub fn of(kind: StationKind, mut reasons: Vec<Reason>) -> Self {
        if reasons.is_empty() {
            let text = "nothing was checked".into();
            reasons.push(Reason { verdict: Verdict::Unknown, service: None, text, evidence: vec![] });
        }
        reasons.sort_by_key(|r| std::cmp::Reverse(r.verdict));
        Self { kind, verdict: reasons.first().map(|r| r.verdict), reasons }
    }

    /// The worst reason.
    pub fn worst(&self) -> Option<&Reason> {
        self.reasons.first()
    }
}

/// The computed verdict with all that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictReport {
    /// The verdict.
    pub verdict: Verdict,
    /// One sentence that explains it.
    pub sentence: SafeText,
    /// The services of the release under way.
    pub scope: Vec<ServiceName>,
    /// All stations, in their fixed order.
    pub stations: Vec<Station>,
}

impl VerdictReport {
    /// Adds stations up: the worst configured one; UNKNOWN when none is configured.
    pub fn of(scope: Vec<ServiceName>, stations: Vec<Station>) -> Self {
        let worst = stations.iter().filter(|s| s.verdict.is_some()).max_by(|a, b| {
            // Of equal ones the first, which `max_by` would not keep.
            a.verdict.cmp(&b.verdict).then(std::cmp::Ordering::Greater)
        });
        let verdict = worst.and_then(|s| s.verdict).unwrap_or(Verdict::Unknown);
        let sentence = match worst {
            None => "no station is configured; config.example.toml shows how".into(),
            Some(_) if verdict == Verdict::Go => match scope.as_slice() {
                [] => "nothing is on its way; every station that is configured says go".into(),
                [one] => format!("{one}: every station that is configured says go"),
                many => format!("{} services: every station that is configured says go", many.len()),
            },
            Some(s) => match s.worst() {
                Some(Reason { service: Some(service), text, .. }) => format!("{service}: {text}"),
                Some(Reason { text, .. }) => text.to_string(),
                None => s.kind.to_string(),
            },
        };
        Self { verdict, sentence: sentence.into(), scope, stations }
    }

    /// The station of that kind.
    pub fn station(&self, kind: StationKind) -> Option<&Station> {
        self.stations.iter().find(|s| s.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station(kind: StationKind, verdict: Verdict) -> Station {
        Station::of(kind, vec![Reason { verdict, service: None, text: format!("{kind} {verdict}").into(), evidence: vec![] }])
    }

    #[test]
    fn no_go_beats_unknown_beats_hold_beats_go() {
        use StationKind::{Canary, Ci, Env, Slo};
        use Verdict::{Go, Hold, NoGo, Unknown};
        for (got, want) in [
            (vec![(Ci, Go)], Go),
            (vec![(Ci, Go), (Env, Hold)], Hold),
            (vec![(Ci, Hold), (Env, Unknown)], Unknown),
            (vec![(Ci, Unknown), (Slo, NoGo), (Canary, Unknown)], NoGo),
            (vec![], Unknown),
        ] {
            let stations = got.iter().map(|(k, v)| station(*k, *v)).collect();
            assert_eq!(VerdictReport::of(vec![], stations).verdict, want, "{got:?}");
        }
    }

    #[test]
    fn a_station_that_is_not_configured_does_not_count_and_nothing_checked_is_unknown() {
        let off = Station::not_configured(StationKind::Flags, "later");
        assert_eq!(VerdictReport::of(vec![], vec![off.clone()]).verdict, Verdict::Unknown);
        assert_eq!(VerdictReport::of(vec![], vec![off, station(StationKind::Ci, Verdict::Go)]).verdict, Verdict::Go);
        assert_eq!(Station::of(StationKind::Ci, vec![]).verdict, Some(Verdict::Unknown));
    }

    #[test]
    fn the_sentence_is_that_of_the_first_of_the_worst() {
        let stations = vec![station(StationKind::Ci, Verdict::NoGo), station(StationKind::Slo, Verdict::NoGo)];
        assert_eq!(VerdictReport::of(vec![], stations).sentence.as_str(), "CI NO-GO");
    }
}
