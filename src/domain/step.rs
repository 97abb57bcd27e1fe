//! The steps of a canary's plan.

use std::fmt;

use jiff::SignedDuration;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{SafeText, Weight};

/// A step of a canary's plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Set the canary's weight.
    SetWeight(Weight),
    /// Wait; without a duration until somebody promotes.
    Pause(Option<SignedDuration>),
    /// Run an analysis, of these templates.
    Analysis(Vec<SafeText>),
    /// Run an experiment.
    Experiment,
    /// Scale the canary apart from its weight, and how.
    SetCanaryScale(SafeText),
    /// Route by header: a managed route, by name.
    SetHeaderRoute(SafeText),
    /// Mirror traffic: a managed route, by name, with the share.
    SetMirrorRoute(SafeText, Option<Weight>),
    /// A step of a plugin, by name.
    Plugin(SafeText),
    /// A step that we do not know; shown, never skipped.
    Unknown(SafeText),
}

impl Step {
    /// The kind in the words of Argo Rollouts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SetWeight(_) => "setWeight",
            Self::Pause(_) => "pause",
            Self::Analysis(_) => "analysis",
            Self::Experiment => "experiment",
            Self::SetCanaryScale(_) => "setCanaryScale",
            Self::SetHeaderRoute(_) => "setHeaderRoute",
            Self::SetMirrorRoute(..) => "setMirrorRoute",
            Self::Plugin(_) => "plugin",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether the plan itself waits at this step, for time, a person, or an answer.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Pause(_) | Self::Analysis(_) | Self::Experiment | Self::Plugin(_))
    }

    fn weight(&self) -> Option<Weight> {
        match self {
            Self::SetWeight(w) => Some(*w),
            Self::SetMirrorRoute(_, share) => *share,
            _ => None,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::SetWeight(_) | Self::Pause(_) | Self::Experiment => None,
            Self::Analysis(templates) => {
                let names: Vec<&str> = templates.iter().map(SafeText::as_str).collect();
                (!names.is_empty()).then(|| names.join(" "))
            }
            Self::SetCanaryScale(what) => Some(what.to_string()),
            Self::SetHeaderRoute(name) | Self::SetMirrorRoute(name, _) | Self::Plugin(name) | Self::Unknown(name) => {
                Some(name.to_string())
            }
        }
    }
}

impl fmt::Display for Step {
    /// In few words: `weight 20 %`, `pause 10m`, `analysis error-rate`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::SetWeight(w) => format!("weight {w} %"),
            Self::Pause(None) => "pause".to_owned(),
            Self::Pause(Some(d)) => format!("pause {}", span(*d)),
            Self::Analysis(_) => "analysis".to_owned(),
            Self::Experiment => "experiment".to_owned(),
            Self::SetCanaryScale(_) => "canary pods".to_owned(),
            Self::SetHeaderRoute(_) => "header route".to_owned(),
            Self::SetMirrorRoute(_, share) => {
                let share = share.map_or_else(String::new, |w| format!(" {w} %"));
                format!("mirror{share}")
            }
            Self::Plugin(_) => "plugin".to_owned(),
            Self::Unknown(_) => "unknown step".to_owned(),
        };
        let detail = self.detail().map(|d| format!(" {d}")).unwrap_or_default();
        f.pad(&format!("{word}{detail}"))
    }
}

fn span(d: SignedDuration) -> String {
    let s = d.as_secs();
    match (s / 3600, s % 3600 / 60, s % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, 0) => format!("{m}m"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, 0, 0) => format!("{h}h"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

impl Serialize for Step {
    /// `kind`, and of `weight` (percent), `seconds` and `detail` what the step has.
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let seconds = if let Self::Pause(Some(d)) = self { Some(d.as_secs()) } else { None };
        let mut out = s.serialize_struct("Step", 4)?;
        out.serialize_field("kind", self.kind())?;
        if let Some(weight) = self.weight() {
            out.serialize_field("weight", &weight)?;
        }
        if let Some(seconds) = seconds {
            out.serialize_field("seconds", &seconds)?;
        }
        if let Some(detail) = self.detail() {
            out.serialize_field("detail", &detail)?;
        }
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_in_words_and_in_json() {
        let secs = |s| Some(SignedDuration::from_secs(s));
        for (step, words, json) in [
            (Step::SetWeight(Weight::new(20.0)), "weight 20 %", r#"{"kind":"setWeight","weight":20.0}"#),
            (Step::Pause(None), "pause", r#"{"kind":"pause"}"#),
            (Step::Pause(secs(600)), "pause 10m", r#"{"kind":"pause","seconds":600}"#),
            (Step::Pause(secs(5400)), "pause 1h30m", r#"{"kind":"pause","seconds":5400}"#),
            (Step::Analysis(vec!["a".into(), "b".into()]), "analysis a b", r#"{"kind":"analysis","detail":"a b"}"#),
            (
                Step::SetMirrorRoute("m".into(), Some(Weight::new(35.0))),
                "mirror 35 % m",
                r#"{"kind":"setMirrorRoute","weight":35.0,"detail":"m"}"#,
            ),
            (Step::Unknown("teleport".into()), "unknown step teleport", r#"{"kind":"unknown","detail":"teleport"}"#),
        ] {
            assert_eq!(step.to_string(), words);
            assert_eq!(serde_json::to_string(&step).unwrap(), json);
        }
    }
}
