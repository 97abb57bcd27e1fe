//! Values that are written as text: shares, durations, windows, addresses.

use jiff::{SignedDuration, Span, civil::Time};

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

/// Whether `text` is days, hours and a time zone: `Mon-Thu 09:00-16:00 Europe/Berlin`.
///
/// Whether the zone exists is for the station that reckons with it: zone data is the host's.
pub(super) fn is_window(text: &str) -> bool {
    let mut parts = text.split_whitespace();
    let (Some(days), Some(hours), Some(zone), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day = |d: &str| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&d);
    let days = days.split(',').all(|d| d.split_once('-').map_or_else(|| day(d), |(from, to)| day(from) && day(to)));
    let time = |t: &str| t.len() == 5 && t.parse::<Time>().is_ok();
    let hours = hours.split_once('-').is_some_and(|(from, to)| time(from) && time(to) && from < to);
    let zone = zone.starts_with(|c: char| c.is_ascii_uppercase())
        && zone.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'));
    days && hours && zone
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
    fn windows() {
        for good in ["Mon-Thu 09:00-16:00 Europe/Berlin", "Mon,Wed-Fri 00:00-23:59 UTC"] {
            assert!(is_window(good), "{good}");
        }
        for bad in ["", "Mon-Thu", "Mon-Thu 9-16 UTC", "Mo-Do 09:00-16:00 UTC", "Mon 16:00-09:00 UTC", "Mon 09:00-25:00 UTC"] {
            assert!(!is_window(bad), "{bad}");
        }
    }

    #[test]
    fn addresses() {
        assert!(is_url("https://prom.acme.example") && is_url("http://127.0.0.1:9090/base"));
        for bad in ["prom:9090", "https://", "http://:9", "https://me:secret@prom", "https://a b", "ftp://x", "https://x?y=1"] {
            assert!(!is_url(bad), "{bad}");
        }
    }
}
