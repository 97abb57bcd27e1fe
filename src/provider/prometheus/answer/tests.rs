use super::*;

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
