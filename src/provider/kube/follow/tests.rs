use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{
    domain::Deployment,
    provider::{kube::kind::Deployments, tls},
};

struct Still;

impl Timer for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

/// Answers lists until `lists` are given, and opens every watch without ever saying anything.
async fn serve(listener: TcpListener, lists: usize) {
    let (mut given, mut silent) = (0, vec![]);
    while let Ok((mut tcp, _)) = listener.accept().await {
        let mut request = vec![];
        while !request.ends_with(b"\r\n\r\n") {
            let Ok(byte) = tcp.read_u8().await else { break };
            request.push(byte);
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        if String::from_utf8_lossy(&request).contains("watch=true") {
            tcp.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await.ok();
            silent.push(tcp);
        } else if given < lists {
            given += 1;
            let body = r#"{"metadata":{"resourceVersion":"5"},"items":[]}"#;
            tcp.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.ok();
        } else {
            tcp.write_all(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.ok();
        }
    }
}

#[tokio::test]
async fn silence_asks_for_a_fresh_list_and_only_its_failure_is_trouble() {
    tls::install();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let mut config = kube::Config::new(url);
    config.default_retry = false;
    let transport = Transport::new(config, Arc::new(Still)).unwrap().silent_after(Duration::from_millis(20));
    let (out, mut heard) = mpsc::channel::<(usize, Heard<Deployment>)>(8);
    let follower = Follower::<Deployments> { transport: &transport, timer: &Still, namespace: "shop", index: 0, out, group: 0 };
    let told = async {
        let mut told = vec![];
        loop {
            match heard.recv().await {
                Some((_, Heard::Listed(_))) => told.push("listed".to_owned()),
                Some((_, Heard::Trouble(problem))) => return [told, vec![format!("{:?}", problem.kind)]].concat(),
                _ => panic!("nothing else was said"),
            }
        }
    };
    tokio::select! {
        () = follower.run() => {}
        () = serve(listener, 3) => {}
        told = told => assert_eq!(told, ["listed", "listed", "listed", "Server"]),
    }
}
