use super::*;
use crate::domain::Arm;

const SCRAPE: SignedDuration = SignedDuration::from_secs(15);

fn answer(body: &str) -> Answer {
    Answer::parse(StatusCode::OK, body.as_bytes(), "prometheus").unwrap()
}

fn vector(series: &str) -> Answer {
    answer(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#))
}

fn value(value: &str) -> String {
    format!(r#"{{"metric":{{}},"value":[1000,"{value}"]}}"#)
}

#[test]
fn only_one_finite_number_is_a_figure() {
    let warned = r#"{"status":"success","warnings":["half of it"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1000,"1"]}]}}"#;
    let noted = r#"{"status":"success","infos":["not a counter"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1000,"1"]}]}}"#;
    for (answer, want) in [
        (vector(&value("0.25")), Ok(0.25)),
        (vector(&value("0")), Ok(0.0)),
        (vector(""), Err(NoValue::Empty)),
        (vector(&value("NaN")), Err(NoValue::NotFinite)),
        (vector(&value("+Inf")), Err(NoValue::NotFinite)),
        (vector(&value("-Inf")), Err(NoValue::NotFinite)),
        (vector(&value("1e400")), Err(NoValue::NotFinite)),
        (vector(&format!("{},{}", value("1"), value("1"))), Err(NoValue::Several { count: 2 })),
        (answer(r#"{"status":"success","data":{"resultType":"scalar","result":[1000,"3"]}}"#), Ok(3.0)),
        (answer(r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#), Err(NoValue::Empty)),
        (answer(warned), Err(NoValue::Warned { warning: "half of it".into() })),
        (answer(noted), Ok(1.0)),
    ] {
        assert_eq!(answer.one(), want, "{answer:?}");
    }
}

#[test]
fn refusals_keep_their_words() {
    for (status, body, kind, what) in [
        (
            400,
            r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            ProblemKind::Invalid,
            "prometheus: bad_data: parse error",
        ),
        (422, r#"{"status":"error","errorType":"execution","error":"many"}"#, ProblemKind::Server, "prometheus: execution: many"),
        (503, r#"{"status":"error","errorType":"timeout","error":"slow"}"#, ProblemKind::Timeout, "prometheus: timeout: slow"),
        (200, r#"{"status":"error","errorType":"new_kind","error":"odd"}"#, ProblemKind::Server, "prometheus: new_kind: odd"),
        (200, r#"{"status":"partial"}"#, ProblemKind::Server, "prometheus: "),
        (200, r#"{"status":"success"}"#, ProblemKind::Unreadable, "prometheus: success without data"),
        (
            200,
            r#"{"status":"success","data":{"resultType":"tensor","result":[]}}"#,
            ProblemKind::Unreadable,
            "prometheus: a result of the unknown kind tensor",
        ),
        (
            200,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}"#,
            ProblemKind::Unreadable,
            "prometheus: a native histogram where a number was expected",
        ),
        (
            200,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"many"]}]}}"#,
            ProblemKind::Unreadable,
            "prometheus: a value that is no number",
        ),
        (200, "<html>log in</html>", ProblemKind::Unreadable, "prometheus: HTML instead of JSON"),
        (502, "<html>bad gateway</html>", ProblemKind::Server, "prometheus answered 502 Bad Gateway"),
        (401, "", ProblemKind::Auth, "prometheus answered 401 Unauthorized"),
        (403, "no", ProblemKind::Forbidden, "prometheus answered 403 Forbidden"),
        (404, "404 page not found", ProblemKind::NotFound, "prometheus answered 404 Not Found"),
        (429, "", ProblemKind::RateLimited, "prometheus answered 429 Too Many Requests"),
    ] {
        let problem = Answer::parse(StatusCode::from_u16(status).unwrap(), body.as_bytes(), "prometheus").unwrap_err();
        assert_eq!((problem.kind, problem.what.as_str()), (kind, what), "{status} {body}");
    }
    let cut = Answer::parse(StatusCode::OK, b"{\"status\":\"success\",\"da", "prometheus").unwrap_err();
    assert_eq!(cut.kind, ProblemKind::Unreadable);
}

fn key() -> MetricKey {
    MetricKey { service: "payment".parse().unwrap(), environment: "production".parse().unwrap(), arm: Arm::Canary }
}

fn code(code: &str, requests: &str) -> String {
    format!(r#"{{"metric":{{"response_code":"{code}"}},"value":[1000,"{requests}"]}}"#)
}

fn judged(change: impl FnOnce(&mut Answers)) -> ArmMetrics {
    let mut answers = Answers {
        counts: Ok(vector(&[code("200", "285"), code("404", "9"), code("500", "4"), code("503", "2")].join(","))),
        p95: Ok(vector(&value("0.08"))),
        newest: Ok(vector(&value("990"))),
        last: None,
    };
    change(&mut answers);
    figures(key(), Preset::Istio, &answers, SCRAPE)
}

#[test]
fn figures_of_a_healthy_source() {
    let arm = judged(|_| ());
    assert_eq!((arm.requests, arm.rps, arm.errors, arm.p95), (Ok(300.0), Ok(1.0), Ok(0.02), Ok(0.08)));
}

#[test]
fn no_errors_are_zero_and_no_traffic_is_nothing() {
    let arm = judged(|a| a.counts = Ok(vector(&code("200", "300"))));
    assert_eq!((arm.errors, arm.requests), (Ok(0.0), Ok(300.0)));
    let arm = judged(|a| {
        a.counts = Ok(vector(&code("200", "0")));
        a.p95 = Ok(vector(&value("NaN")));
    });
    assert_eq!((arm.errors, arm.p95), (Err(NoValue::Empty), Err(NoValue::Empty)));
    assert_eq!((arm.requests, arm.rps), (Ok(0.0), Ok(0.0)), "idle is known, not unknown");
    let arm = judged(|a| a.counts = Ok(vector("")));
    assert_eq!((arm.errors, arm.requests, arm.rps), (Err(NoValue::Empty), Err(NoValue::Empty), Err(NoValue::Empty)));
}

#[test]
fn old_samples_are_worth_nothing() {
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    for (newest, want) in [("965", None), ("964", Some(at(964))), ("700", Some(at(700))), ("1036", Some(at(1036)))] {
        let arm = judged(|a| a.newest = Ok(vector(&value(newest))));
        let stale = want.map(|newest| NoValue::Stale { newest });
        assert_eq!(arm.errors.err(), stale, "{newest}");
        assert_eq!(arm.requests.err(), stale, "{newest}");
        assert_eq!(arm.p95.err(), stale, "{newest}");
    }
    // Rates outlive the samples that they are made of by the window.
    let arm = judged(|a| a.newest = Ok(vector("")));
    assert_eq!(arm.errors, Err(NoValue::Empty));
    let arm = judged(|a| (a.newest, a.last) = (Ok(vector("")), Some(at(400))));
    assert_eq!(arm.errors, Err(NoValue::Stale { newest: at(400) }));
}

#[test]
fn a_figure_that_failed_says_why_and_leaves_the_others() {
    let slow = Problem::new(ProblemKind::Timeout, "too slow");
    let down = NoValue::Down { problem: "too slow".into() };
    let arm = judged(|a| a.p95 = Err(slow.clone()));
    assert_eq!((arm.errors, arm.p95), (Ok(0.02), Err(down.clone())));
    let arm = judged(|a| a.counts = Err(slow.clone()));
    assert_eq!((arm.errors, arm.p95, arm.rps), (Err(down.clone()), Err(down.clone()), Err(down.clone())));
    // Figures whose age is not known are not figures.
    let arm = judged(|a| a.newest = Err(slow));
    assert_eq!((arm.errors, arm.p95), (Err(down.clone()), Err(down)));
    for counts in [code("200", "NaN"), format!("{},{}", code("200", "1"), code("500", "+Inf"))] {
        let arm = judged(|a| a.counts = Ok(vector(&counts)));
        assert_eq!(arm.errors, Err(NoValue::NotFinite));
    }
}

#[test]
fn graphs_have_gaps_where_there_was_nothing() {
    let start = Timestamp::from_second(900).unwrap();
    let step = SignedDuration::from_secs(15);
    let line = |values: &str| {
        Ok(answer(&format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{values}]}}]}}}}"#
        )))
    };
    let failed = Err(Problem::new(ProblemKind::Timeout, "slow"));
    let got =
        history([&line(r#"[900,"0"],[930,"0.5"],[945,"NaN"],[990,"7"]"#), &failed, &Ok(vector(""))], start, step, 5).unwrap();
    let shown =
        |line: &[f64]| line.iter().map(|v| if v.is_nan() { "-".to_owned() } else { v.to_string() }).collect::<Vec<_>>().join(" ");
    assert_eq!(shown(&got.errors), "0 - 0.5 - -");
    assert_eq!(shown(&got.p95), "- - - - -");
    assert_eq!(shown(&got.rps), "- - - - -");
    assert!(history([&failed, &failed, &failed], start, step, 5).is_none());
}
