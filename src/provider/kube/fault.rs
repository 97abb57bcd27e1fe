//! From what went wrong on the wire to a [`Problem`] with a kind, so that waiting and advice depend on one table.

use std::io;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::wire;
use crate::domain::{Problem, ProblemKind};

/// The longest message of a server that is shown: a validation error repeats the whole object.
const MESSAGE: usize = 200;

/// What an answer other than 2xx says. `what` names the request: "list pods in shop".
pub(super) fn of_answer(status: StatusCode, retry_after: Option<&str>, body: &[u8], what: &str, now: Timestamp) -> Problem {
    let said: Option<wire::Status> = serde_json::from_slice(body).ok();
    let wait = said.as_ref().and_then(|s| s.details.as_ref()).and_then(|d| d.retry_after_seconds).map(i64::from);
    let wait = retry_after.and_then(|s| s.trim().parse::<i64>().ok()).or(wait).filter(|s| (0..=3_600).contains(s));
    let until = wait.and_then(|s| now.checked_add(SignedDuration::from_secs(s)).ok());
    let details = said.as_ref().and_then(|s| s.details.as_ref());
    if status == StatusCode::UNPROCESSABLE_ENTITY && details.is_some_and(|d| d.name.is_none() && d.causes.is_none()) {
        // A wrong field is named; where nothing is, a line of the patch itself did not hold: a `test` failed.
        return Problem::new(ProblemKind::Conflict, format!("{what}: the object is not as it was seen"));
    }
    // An answer that is no Status comes from something in between: its page would only fill the screen.
    let said = said.and_then(|s| s.message).filter(|m| !m.is_empty()).unwrap_or_else(|| format!("HTTP {status}"));
    problem(status.as_u16(), &said, what, until)
}

/// What the ERROR event of a watch says.
pub(super) fn of_event(said: &wire::Status, what: &str) -> Problem {
    problem(said.code.unwrap_or(500), said.message.as_deref().unwrap_or("no reason given"), what, None)
}

fn problem(code: u16, said: &str, what: &str, until: Option<Timestamp>) -> Problem {
    let said: String = said.chars().take(MESSAGE).collect();
    let (kind, hint) = match code {
        401 => (ProblemKind::Auth, Some("the credential is missing, wrong or expired: log in again")),
        403 => (ProblemKind::Forbidden, Some("ask for this right, or use a context that has it")),
        404 => (ProblemKind::NotFound, None),
        // No API server says it: something in between did, and what that passed on before is not known.
        408 => (ProblemKind::Timeout, None),
        409 => (ProblemKind::Conflict, None),
        410 => (ProblemKind::Expired, None),
        429 => (ProblemKind::RateLimited, None),
        400..=499 => (ProblemKind::Invalid, None),
        500..=599 => (ProblemKind::Server, None),
        _ => (ProblemKind::Unreadable, Some("is this the address of a Kubernetes API server?")),
    };
    let mut problem = Problem::new(kind, format!("{what}: {said}"));
    if let Some(hint) = hint {
        problem = problem.hint(hint);
    }
    match until {
        Some(until) => problem.until(until),
        None => problem,
    }
}

/// Why no answer, or no whole answer, came.
pub(super) fn of_error(error: &kube::Error, what: &str) -> Problem {
    if let kube::Error::Auth(auth) = error {
        return of_auth(auth, what);
    }
    let mut kind = ProblemKind::Unreachable;
    let mut last: &dyn std::error::Error = error;
    loop {
        if let Some(io) = last.downcast_ref::<io::Error>() {
            kind = match io.kind() {
                io::ErrorKind::TimedOut => ProblemKind::Timeout,
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => ProblemKind::Server,
                _ => kind,
            };
        }
        if let Some(hyper) = last.downcast_ref::<hyper::Error>() {
            if hyper.is_incomplete_message() || hyper.is_body_write_aborted() {
                kind = ProblemKind::Server;
            } else if hyper.is_parse() {
                kind = ProblemKind::Unreadable;
            }
        }
        let Some(source) = last.source() else { break };
        last = source;
    }
    let problem = Problem::new(kind, format!("{what}: {last}"));
    match kind {
        ProblemKind::Unreachable if last.is::<rustls::Error>() => {
            problem.hint("the kubeconfig must name the CA and the address that the server's certificate was made for")
        }
        ProblemKind::Unreachable => problem.hint("is the address right, and the network or VPN up?"),
        _ => problem,
    }
}

/// The credential could not be made. What the program printed is not repeated beyond its own error text: its output
/// may hold a token.
pub(super) fn of_auth(error: &kube::client::AuthError, what: &str) -> Problem {
    use kube::client::AuthError;
    let said = match error {
        AuthError::AuthExecRun { out, .. } => {
            let stderr = String::from_utf8_lossy(&out.stderr);
            let line = stderr.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it says nothing").to_owned();
            format!("the credential program of the kubeconfig failed: {line}")
        }
        AuthError::AuthExecStart(e) => format!("the credential program of the kubeconfig cannot be started: {e}"),
        AuthError::AuthExecParse(_) => "the credential program of the kubeconfig answered what is no credential".to_owned(),
        other => other.to_string(),
    };
    Problem::new(ProblemKind::Auth, format!("{what}: {said}")).hint("log in again, or mend the user in the kubeconfig")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, retry: Option<&str>, body: &str) -> Problem {
        of_answer(StatusCode::from_u16(status).unwrap(), retry, body.as_bytes(), "list pods in shop", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn answers_have_kinds() {
        use ProblemKind::{Auth, Conflict, Expired, Forbidden, Invalid, NotFound, RateLimited, Server, Timeout, Unreadable};
        let no_details = r#"{"kind":"Status","code":422,"details":{},"message":"error in our request"}"#;
        let named =
            r#"{"kind":"Status","code":422,"details":{"name":"payment","causes":[{"field":"spec"}]},"message":"is invalid"}"#;
        for (status, body, kind) in [
            (401, "", Auth),
            (403, "", Forbidden),
            (404, "", NotFound),
            (408, "", Timeout),
            (409, "", Conflict),
            (410, "", Expired),
            (422, no_details, Conflict),
            (422, named, Invalid),
            (429, "", RateLimited),
            (500, "<html>", Server),
            (504, "", Server),
            (302, "", Unreadable),
        ] {
            assert_eq!(of(status, None, body).kind, kind, "{status} {body}");
        }
        let body = r#"{"kind":"Status","code":403,"message":"pods is forbidden: User \"mallory\" cannot list resource \"pods\"\u001b[2J"}"#;
        let told = of(403, None, body);
        assert_eq!(
            told.what.as_str(),
            "list pods in shop: pods is forbidden: User \"mallory\" cannot list resource \"pods\"\u{fffd}[2J"
        );
        assert!(!of(500, None, "<html><body>login</body>").what.as_str().contains("html"), "a page is not repeated");
        assert!(of(422, None, &named.replace("is invalid", &"x".repeat(9_000))).what.as_str().len() < 400);
    }

    #[test]
    fn the_server_says_how_long_to_wait() {
        let at = |s| Some(Timestamp::from_second(s).unwrap());
        assert_eq!(of(429, Some("7"), "").until, at(7));
        assert_eq!(of(503, None, r#"{"details":{"retryAfterSeconds":3}}"#).until, at(3));
        assert_eq!(of(429, Some("-1"), "").until, None);
        assert_eq!(of(429, Some("99999999"), "").until, None, "not for ever");
    }
}
