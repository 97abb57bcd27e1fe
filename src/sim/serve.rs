//! The listeners and the table that says which system answers a path.

use std::{io, sync::Arc, time::Duration};

use ::http::{HeaderName, HeaderValue, StatusCode, header};
use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    task::JoinSet,
};

use super::{
    fault::{self, Fault},
    github,
    http::{self, Request, Response, Shared},
    kube,
};

/// Bodies above this are refused, as the API server does.
const LARGEST: usize = 3 * 1024 * 1024;

/// A system that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Kubernetes,
    Prometheus,
    GitHub,
    /// Where GitHub keeps logs: another place, which wants no token.
    Blob,
}

impl System {
    /// The first segment of its paths, and of the names of its faults.
    fn prefix(self) -> &'static str {
        match self {
            Self::Kubernetes => "k8s",
            Self::Prometheus => "prom",
            Self::GitHub => "gh",
            Self::Blob => "blob",
        }
    }

    async fn handle(self, shared: &Shared, request: Request) -> Response {
        match self {
            Self::Kubernetes => kube::handle(shared, request),
            Self::Prometheus => {
                let shared = Arc::clone(shared);
                // A query over hours is some milliseconds of pure computing, which other connections need not wait for.
                let answer = tokio::task::spawn_blocking(move || shared.prometheus().answer(&shared, &request)).await;
                answer.unwrap_or_else(|_| http::text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "panicked\n"))
            }
            Self::GitHub => shared.github().answer(shared, &request),
            Self::Blob => github::log::store(shared, &request),
        }
    }
}

/// Which system a path belongs to, and the path behind its prefix.
fn route(path: &str, github: bool) -> Option<(System, &str)> {
    let below = |prefix: &str| path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if let Some(rest) = below("/k8s") {
        Some((System::Kubernetes, rest))
    } else if let Some(rest) = below("/prom") {
        Some((System::Prometheus, rest))
    } else if let Some(rest) = below("/blob") {
        Some((System::Blob, rest))
    } else if let Some(rest) = below("/gh/api/v3").or_else(|| below("/gh")).or_else(|| below("/api/v3")) {
        Some((System::GitHub, rest))
    } else {
        // gh speaks to a Unix socket or to api.github.com, without any prefix.
        (github || below("/repos").is_some()).then_some((System::GitHub, path))
    }
}

async fn answer(shared: Shared, request: ::http::Request<Incoming>, unix: bool) -> io::Result<Response> {
    let (head, body) = request.into_parts();
    let host = head.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost").to_owned();
    let plain = unix || host == "api.github.com";
    let Some((system, rest)) = route(head.uri.path(), plain) else {
        return Ok(http::text(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n"));
    };
    let place = format!("{}{rest}", system.prefix());
    // The record of writes is no part of the system that a fault breaks.
    let record = system == System::Kubernetes && place.ends_with(kube::audit::PATH);
    let weather = || shared.weather().and_then(|weather| weather.next(head.method.as_str(), &place));
    let fault = if record { None } else { shared.faults().of(&place).or_else(weather) };
    match &fault {
        Some(Fault::Dead) => return Err(fault::broken()),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::Status(code)) => return Ok(refuse(*code)),
        Some(Fault::Reply { status, headers, body }) => return Ok(reply(*status, headers, body)),
        Some(Fault::Html) => {
            return Ok(http::text(
                StatusCode::OK,
                "text/html; charset=utf-8",
                "<!doctype html><title>Sign in</title><p>Please sign in.\n",
            ));
        }
        Some(Fault::Cut | Fault::After(_)) | None => {}
    }
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        return Ok(http::text(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "request entity too large\n"));
    };
    let base = if host == "api.github.com" { format!("https://{host}") } else { format!("http://{host}/{}", system.prefix()) };
    let request = Request {
        method: head.method,
        path: rest.to_owned(),
        query: http::pairs(head.uri.query().unwrap_or("")),
        headers: head.headers,
        body: body.to_bytes(),
        base,
    };
    let mut response = system.handle(&shared, request).await;
    if let Some(Fault::After(code)) = fault {
        return Ok(refuse(code));
    }
    // Clients compare times with the server's; without this hyper would write the wall clock's.
    let date = shared.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    if fault == Some(Fault::Cut) {
        return Ok(cut(response).await);
    }
    let whole = hyper::body::Body::size_hint(response.body()).exact();
    Ok(if whole.is_some() { response } else { response.map(|body| shared.faults().guard(place, body)) })
}

fn refuse(code: u16) -> Response {
    let later = matches!(code, 429 | 503).then(|| ("retry-after".to_owned(), "30".to_owned()));
    reply(code, later.as_slice(), &format!("fault {code}\n"))
}

fn reply(code: u16, headers: &[(String, String)], body: &str) -> Response {
    let mut response =
        http::text(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "text/plain", body.to_owned());
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The first half of an answer that promises all of it.
async fn cut(response: Response) -> Response {
    let whole = hyper::body::Body::size_hint(response.body()).exact();
    let (mut head, body) = response.into_parts();
    let bytes = match whole {
        Some(_) => body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default(),
        None => Bytes::from_static(b"{"),
    };
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len().max(2)));
    let half = bytes.slice(..bytes.len() / 2);
    ::http::Response::from_parts(head, http::stream(stream::iter([Ok(half), Err(fault::broken())])))
}

async fn serve(shared: Shared, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, unix: bool) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move {
            let pass = || shared.door().send_modify(|count| *count += 1);
            pass();
            let answer = answer(Arc::clone(&shared), request, unix).await;
            pass();
            answer
        }
    });
    // A client that goes away is no news.
    drop(http1::Builder::new().serve_connection(TokioIo::new(io), service).await);
}

/// Accepts connections until dropped; the connections end with it.
pub async fn tcp(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((io, _)) => {
                // Without this a small answer can wait 40 ms for an acknowledgement.
                drop(io.set_nodelay(true));
                connections.spawn(serve(Arc::clone(&shared), io, false));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// The same for a Unix socket.
pub async fn unix(listener: UnixListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((io, _)) => drop(connections.spawn(serve(Arc::clone(&shared), io, true))),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::{System, route};

    #[test]
    fn paths_find_their_system() {
        let table = [
            ("/k8s/eu-1/api", false, Some((System::Kubernetes, "/eu-1/api"))),
            ("/prom/api/v1/query", false, Some((System::Prometheus, "/api/v1/query"))),
            ("/gh/repos/a/b", false, Some((System::GitHub, "/repos/a/b"))),
            ("/gh/api/v3/repos/a/b", false, Some((System::GitHub, "/repos/a/b"))),
            ("/repos/a/b", false, Some((System::GitHub, "/repos/a/b"))),
            ("/user", true, Some((System::GitHub, "/user"))),
            ("/user", false, None),
            ("/blob/job-logs/1.txt", false, Some((System::Blob, "/job-logs/1.txt"))),
            ("/k8sx", false, None),
        ];
        for (path, github, expected) in table {
            assert_eq!(route(path, github), expected, "{path}");
        }
    }
}
