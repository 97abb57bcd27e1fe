//! Values that are written as text: shares, durations, addresses.

use jiff::{SignedDuration, Span};

/// `0.1%` as a share, 0 to 1.
pub(super) fn percent(text: &str) -> Option<f64> {
    let number: f64 = text.trim().strip_suffix('%')?.trim_end().parse().ok()?;
    (0.0..=100.0).contains(&number).then_some(number / 100.0)
}

/// `500ms`, `15s`, `1m 30s`; longer than nothing.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    text.trim().parse::<SignedDuration>().ok().filter(SignedDuration::is_positive)
}

/// `30d`, `4w`, `12h`; longer than nothing.
pub(super) fn is_span(text: &str) -> bool {
    text.trim().parse::<Span>().is_ok_and(jiff::Span::is_positive)
}

/// Whether `text` is an http or https address with a host, and without credentials, query and fragment.
pub(super) fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    !host.is_empty()
        && !host.starts_with(':')
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '?' | '#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        for (text, want) in [("0.1%", Some(0.001)), ("5 %", Some(0.05)), ("0%", Some(0.0)), ("100%", Some(1.0))] {
            assert_eq!(percent(text), want, "{text}");
        }
        for bad in ["0.1", "101%", "-1%", "NaN%", "%", "inf%", "one%"] {
            assert_eq!(percent(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("500ms"), Some(SignedDuration::from_millis(500)));
        assert_eq!(duration("1m 30s"), Some(SignedDuration::from_secs(90)));
        for bad in ["", "500", "-5s", "0s", "soon"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
        assert!(is_span("30d") && is_span("4w") && !is_span("0d") && !is_span("30"));
    }

    #[test]
    fn addresses() {
        assert!(is_url("https://prom.acme.example") && is_url("http://127.0.0.1:9090/base"));
        for bad in ["prom:9090", "https://", "http://:9", "https://me:secret@prom", "https://a b", "ftp://x", "https://x?y=1"] {
            assert!(!is_url(bad), "{bad}");
        }
    }
}
