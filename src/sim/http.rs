//! What the world's systems share on the wire: requests, answers, and who asks.

use std::{convert::Infallible, fmt, io, sync::Arc};

use ::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use serde_json::Value;

use super::state::State;

/// The running world, shared by all handlers.
pub type Shared = Arc<State>;

/// The body of an answer: whole, or a stream.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// An answer.
pub type Response = ::http::Response<Body>;

/// A request, read whole, with the system's prefix taken off its path.
#[derive(Clone, Debug)]
pub struct Request {
    /// The verb.
    pub method: Method,
    /// The path behind the system's prefix, beginning with `/`, still percent-encoded.
    pub path: String,
    /// The query's pairs in order, decoded.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Where the client reached this system, without a slash at the end, e.g. `http://127.0.0.1:4711/gh`; for links.
    pub base: String,
}

impl Request {
    /// The first value of a query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Who asks: `demo` without Authorization, the name in a token `acme-<name>`, none for any other credential.
    pub fn user(&self) -> Option<String> {
        let Some(value) = self.headers.get(::http::header::AUTHORIZATION) else { return Some("demo".to_owned()) };
        let (_, token) = value.to_str().ok()?.split_once(' ')?;
        let name = token.trim().strip_prefix(TOKEN)?;
        (!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then(|| name.to_owned())
    }

    /// The path's segments, percent-decoded.
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|part| !part.is_empty()).map(decode).collect()
    }
}

/// What every token of the company begins with; the user's name follows.
pub const TOKEN: &str = "acme-";

/// Undoes percent-encoding; broken escapes stay as they are.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The pairs of a query string or a form body, decoded.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let part = |text: &str| decode(&text.replace('+', " "));
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map_or_else(|| (part(pair), String::new()), |(key, value)| (part(key), part(value))))
        .collect()
}

/// An answer in JSON.
pub fn json(status: StatusCode, value: &Value) -> Response {
    text(status, "application/json", value.to_string())
}

/// An answer of a given media type.
pub fn text(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = ::http::Response::new(whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(::http::header::CONTENT_TYPE, ::http::HeaderValue::from_static(kind));
    response
}

/// A whole body.
pub fn whole(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// A body that comes piece by piece.
pub fn stream(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(pieces.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}
