//! A server that answers what a test says, and remembers what it was asked. Faults that no honest server shows are made
//! on the bare connection.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Asked {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What comes back.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A whole answer.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// An answer that breaks off in the middle of its body.
    Cut,
    /// 200 and a body that never ends, until the client has had enough.
    Endless,
    /// The connection is closed without a word.
    Closed,
}

impl Answer {
    /// 200 with JSON.
    pub fn json(body: impl Into<String>) -> Self {
        Self::Whole(200, vec![("content-type", "application/json".into())], body.into())
    }

    /// A status with JSON.
    pub fn status(status: u16, body: impl Into<String>) -> Self {
        Self::Whole(status, vec![("content-type", "application/json".into())], body.into())
    }

    /// The same with one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Whole(_, headers, _) = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

/// A running server; it ends when dropped.
pub struct Server {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: AbortHandle,
}

impl Server {
    /// Starts one.
    pub async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(vec![]));
        let (answer, noted) = (Arc::new(answer), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&noted));
                connections.spawn(async move { connection(stream, &*answer, &asked).await });
            }
        });
        Self { base, asked, task: task.abort_handle() }
    }

    /// What was asked since the last time, in order.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connection(
    mut stream: TcpStream,
    answer: &(dyn Fn(&Asked) -> Answer + Send + Sync),
    asked: &Mutex<Vec<Asked>>,
) -> Option<()> {
    let mut buffer = vec![];
    loop {
        let request = request(&mut stream, &mut buffer).await?;
        asked.lock().unwrap().push(request.clone());
        match answer(&request) {
            Answer::Whole(status, headers, body) => {
                let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
                let length = if status == 304 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
                stream.write_all(format!("HTTP/1.1 {status} X\r\n{headers}{length}\r\n{body}").as_bytes()).await.ok()?;
            }
            Answer::Cut => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"workflow_";
                stream.write_all(head.as_bytes()).await.ok()?;
                return None;
            }
            Answer::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[").await.ok()?;
                let piece = vec![b' '; 1 << 20];
                loop {
                    stream.write_all(&piece).await.ok()?;
                }
            }
            Answer::Closed => return None,
        }
    }
}

async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Asked> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ').map(str::to_owned);
            let (method, target) = (first.next()?, first.next()?);
            let headers: Vec<(String, String)> =
                lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
            let length = headers.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
            if buffer.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&buffer[end + 4..end + 4 + length]).into_owned();
                buffer.drain(..end + 4 + length);
                return Some(Asked { method, target, headers, body });
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
