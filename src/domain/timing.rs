//! When releases may go to an environment: a window in the week, and freezes. Plain data of the configuration.

use std::fmt;

use jiff::{
    Timestamp, ToSpan,
    civil::{Time, Weekday},
    tz::TimeZone,
};
use serde::Serialize;

use super::{SafeText, Verdict};

/// The days as they are written.
const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

/// Hours of some days: `Mon-Thu 09:00-16:00 Europe/Berlin`.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    text: SafeText,
    days: Vec<Weekday>,
    from: Time,
    to: Time,
    /// `None` where this host does not know the zone: then nothing can be told, and that is not "open".
    zone: Option<TimeZone>,
}

impl Serialize for Window {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.text)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

fn day(text: &str) -> Option<usize> {
    DAYS.iter().position(|(name, _)| *name == text)
}

/// `Mon`, or `Fri-Mon` over the end of the week.
fn days(text: &str) -> Option<Vec<Weekday>> {
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (day(from)?, day(to)?),
        None => (day(text)?, day(text)?),
    };
    let count = (to + 7 - from) % 7 + 1;
    Some((0..count).map(|i| DAYS[(from + i) % 7].1).collect())
}

/// `09:00`, always with two digits.
fn time(text: &str) -> Option<Time> {
    if text.len() == 5 { text.parse().ok() } else { None }
}

impl Window {
    /// Reads a window; `zone` knows the zones of this host.
    pub fn parse(text: &str, zone: impl Fn(&str) -> Option<TimeZone>) -> Option<Self> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [on, hours, name] = parts.as_slice() else { return None };
        let mut all = vec![];
        for part in on.split(',') {
            all.extend(days(part)?);
        }
        let (from, to) = hours.split_once('-')?;
        let (from, to) = (time(from)?, time(to)?);
        let named = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'));
        (named && from < to).then(|| Self { text: text.into(), days: all, from, to, zone: zone(name) })
    }

    /// The zone in which it is meant, where this host knows it.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// Whether it is open at a time; `None` where that cannot be told.
    pub fn open(&self, at: Timestamp) -> Option<bool> {
        let here = at.to_zoned(self.zone.clone()?);
        let time = here.time();
        Some(self.days.contains(&here.weekday()) && self.from <= time && time < self.to)
    }

    /// When it opens next after a time, within the coming eight days.
    pub fn opens(&self, at: Timestamp) -> Option<Timestamp> {
        let zone = self.zone.clone()?;
        let today = at.to_zoned(zone.clone()).date();
        (0..=8).find_map(|i: i32| {
            let date = today.checked_add(i.days()).ok()?;
            if !self.days.contains(&date.weekday()) {
                return None;
            }
            let opens = date.to_datetime(self.from).to_zoned(zone.clone()).ok()?.timestamp();
            (opens > at).then_some(opens)
        })
    }
}

/// A time in which nothing goes forward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freeze {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Why.
    pub reason: SafeText,
}

impl Freeze {
    /// Whether it holds at a time.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// When releases may go to an environment. Without either: always.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Timing {
    /// The window; outside of it nothing goes forward.
    pub window: Option<Window>,
    /// Freezes.
    pub freezes: Vec<Freeze>,
}

impl Timing {
    /// Whether anything is configured.
    pub fn any(&self) -> bool {
        self.window.is_some() || !self.freezes.is_empty()
    }

    /// What it says at a time, and why: open GO, closed HOLD with the next opening, frozen NO-GO with its reason.
    pub fn at(&self, at: Timestamp) -> (Verdict, SafeText) {
        if let Some(freeze) = self.freezes.iter().find(|f| f.holds(at)) {
            return (Verdict::NoGo, format!("frozen until {}: {}", clock(freeze.to, self.zone()), freeze.reason).into());
        }
        let Some(window) = &self.window else { return (Verdict::Go, "no freeze".into()) };
        match window.open(at) {
            Some(true) => (Verdict::Go, format!("open: {window}").into()),
            Some(false) => {
                let next = window.opens(at).map(|t| format!("; opens {}", clock(t, self.zone()))).unwrap_or_default();
                (Verdict::Hold, format!("closed: {window}{next}").into())
            }
            None => (Verdict::Unknown, format!("{window}: this host does not know the zone").into()),
        }
    }

    fn zone(&self) -> Option<&TimeZone> {
        self.window.as_ref().and_then(Window::zone)
    }
}

/// A time for people, in the window's own zone.
fn clock(at: Timestamp, zone: Option<&TimeZone>) -> String {
    at.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC)).strftime("%a %d %b %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two hours east of Greenwich, all year.
    fn zone(name: &str) -> Option<TimeZone> {
        (name == "Two/East").then(|| TimeZone::fixed(jiff::tz::offset(2)))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_opens_and_closes_in_its_own_zone() {
        let w = Window::parse("Mon-Thu,Sat 09:00-16:00 Two/East", zone).unwrap();
        // 2026-03-10 is a Tuesday.
        for (when, open, opens) in [
            ("2026-03-10T06:59:59Z", false, "2026-03-10T07:00:00Z"),
            ("2026-03-10T07:00:00Z", true, "2026-03-11T07:00:00Z"),
            ("2026-03-10T13:59:59Z", true, "2026-03-11T07:00:00Z"),
            ("2026-03-10T14:00:00Z", false, "2026-03-11T07:00:00Z"),
            ("2026-03-13T08:00:00Z", false, "2026-03-14T07:00:00Z"),
            ("2026-03-14T23:00:00Z", false, "2026-03-16T07:00:00Z"),
        ] {
            assert_eq!((w.open(at(when)), w.opens(at(when))), (Some(open), Some(at(opens))), "{when}");
        }
    }

    #[test]
    fn what_is_no_window_is_none() {
        for bad in ["", "Mon-Thu", "Mon-Thu 9-16 UTC", "Mo-Do 09:00-16:00 UTC", "Mon 16:00-09:00 UTC", "Mon 09:00-25:00 UTC"] {
            assert_eq!(Window::parse(bad, zone), None, "{bad}");
        }
        let over = Window::parse("Fri-Mon 00:00-23:59 Two/East", zone).unwrap();
        assert_eq!(over.open(at("2026-03-15T12:00:00Z")), Some(true), "a Sunday");
        assert_eq!(over.open(at("2026-03-10T12:00:00Z")), Some(false), "a Tuesday");
    }

    #[test]
    fn a_freeze_beats_the_window_and_an_unknown_zone_is_not_open() {
        let window = Window::parse("Mon-Sun 00:00-23:59 Two/East", zone);
        let freeze = Freeze { from: at("2026-03-10T00:00:00Z"), to: at("2026-03-11T00:00:00Z"), reason: "sale".into() };
        let timing = Timing { window, freezes: vec![freeze] };
        let (verdict, why) = timing.at(at("2026-03-10T12:00:00Z"));
        assert_eq!((verdict, why.as_str()), (Verdict::NoGo, "frozen until Wed 11 Mar 02:00 +02: sale"));
        assert_eq!(timing.at(at("2026-03-11T00:00:00Z")).0, Verdict::Go, "the end is not part of it");
        let nowhere = Timing { window: Window::parse("Mon-Sun 00:00-23:59 Mars/Base", zone), freezes: vec![] };
        assert_eq!(nowhere.at(at("2026-03-10T12:00:00Z")).0, Verdict::Unknown);
        let closed = Timing { window: Window::parse("Mon 09:00-16:00 Two/East", zone), freezes: vec![] };
        let (verdict, why) = closed.at(at("2026-03-10T12:00:00Z"));
        assert_eq!((verdict, why.as_str()), (Verdict::Hold, "closed: Mon 09:00-16:00 Two/East; opens Mon 16 Mar 09:00 +02"));
    }
}
