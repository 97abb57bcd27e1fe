use std::sync::Arc;

use super::*;
use crate::domain::{LogOrigin, ProblemKind};

fn line(text: &str) -> LogNews {
    let origin = LogOrigin::Job { run: 1, job: "x".into(), step: None };
    LogNews::Line(LogLine::new(None, Arc::new(origin), text, Level::Plain))
}

fn view(lines: impl IntoIterator<Item = String>) -> LogView {
    let source =
        LogSource::Pods { service: "payment".parse().unwrap(), environment: None, cluster: None, arm: None, container: None };
    let mut view = LogView::new(1, source);
    view.hear(lines.into_iter().map(|l| line(&l)).collect(), false);
    view
}

#[test]
fn memory_is_bounded_and_a_place_in_the_log_stays_where_it_is() {
    let mut v = view((0..100).map(|i| format!("line {i}")));
    assert_eq!(v.start(&v.shown(), 10), 90, "the end is followed");
    v.scroll(-40, 10);
    assert_eq!(v.line(v.top.unwrap()).unwrap().text.as_str(), "line 50");
    v.hear((100..150).map(|i| line(&format!("line {i}"))).collect(), false);
    let shown = v.shown();
    assert_eq!(v.line(shown[v.start(&shown, 10)]).unwrap().text.as_str(), "line 50", "what is read does not run away");
    v.hear((0..2 * LogView::MOST).map(|i| line(&i.to_string())).collect(), false);
    assert_eq!((v.lines.len(), v.gone), (LogView::MOST, LogView::MOST as u64 + 150));
    assert_eq!(v.start(&v.shown(), 10), 0, "what is gone is gone: the oldest that is kept");
    v.scroll(isize::MAX / 2, 10);
    assert_eq!(v.top, None, "at the end it follows again");
    for _ in 0..50 {
        v.hear(vec![LogNews::Trouble("x".into(), Problem::new(ProblemKind::Server, "a"))], false);
    }
    assert_eq!(v.troubles.len(), 1, "the same trouble is one");
}

#[test]
fn errors_are_filtered_and_searched_for_without_losing_the_place() {
    let mut v = view((0..100).map(|i| if i % 10 == 3 { format!("ERROR {i}") } else { format!("fine {i}") }));
    v.search = "error 2".to_owned();
    assert!(v.seek(true));
    assert_eq!(v.line(v.top.unwrap()).unwrap().text.as_str(), "ERROR 23");
    assert!(!v.seek(true) && !v.seek(false), "it is the only one");
    v.errors = true;
    let shown = v.shown();
    assert_eq!((shown.len(), shown[v.start(&shown, 3)]), (10, 23));
}

#[test]
fn another_ask_is_another_reading() {
    let mut v = view(["a".to_owned()]);
    v.errors = true;
    v.next_arm();
    assert_eq!((v.session, v.lines.len(), v.errors), (2, 0, true));
    assert!(matches!(v.ask.source, LogSource::Pods { arm: Some(PodArm::Canary), .. }));
    for want in [Some(60), None, Some(1), Some(5), Some(15)] {
        v.next_span();
        assert_eq!(v.ask.since.map(|s| s.as_mins()), want);
    }
    v.turn_previous();
    assert_eq!((v.ask.previous, v.ask.follow, v.ask.since), (true, false, None));
    v.turn_previous();
    assert_eq!((v.ask.previous, v.ask.follow, v.session), (false, true, 9));
}
