//! A client that does as it is told.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use siospec_server::{Config, Server};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, error::Error},
};

pub(crate) const POLLING: &str = "?EIO=4&transport=polling";
pub(crate) const WEBSOCKET: &str = "?EIO=4&transport=websocket";

/// A server whose heartbeat is slow enough to be left unanswered.
pub(crate) async fn start() -> Server {
    start_with(patient()).await
}

pub(crate) fn patient() -> Config {
    Config { cors_origin: None, ..Config::default() }
}

pub(crate) async fn start_with(config: Config) -> Server {
    Server::bind(config, "127.0.0.1:0").await.expect("a free port")
}

/// An HTTP response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The session id in an open packet.
    pub(crate) fn sid(&self) -> String {
        self.body.split('"').nth(3).expect("an open packet").to_owned()
    }
}

/// Sends these bytes, and reads until the server closes the connection.
pub(crate) async fn raw(server: SocketAddr, request: impl AsRef<[u8]>) -> Response {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    stream.write_all(request.as_ref()).await.expect("the server reads");
    finish(stream).await
}

/// Reads a response until the server closes the connection.
pub(crate) async fn finish(mut stream: TcpStream) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("an orderly end");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Response { status, head: head.to_owned(), body: body.replace('\u{1e}', "|") }
}

pub(crate) async fn request(
    server: SocketAddr,
    method: &str,
    query: &str,
    headers: &str,
    body: &str,
) -> Response {
    let length = body.len();
    let head =
        format!("{method} /socket.io/{query} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}");
    raw(server, format!("{head}Content-Length: {length}\r\n\r\n{body}")).await
}

pub(crate) async fn get(server: SocketAddr, sid: &str) -> Response {
    request(server, "GET", &format!("{POLLING}&sid={sid}"), "", "").await
}

pub(crate) async fn post(server: SocketAddr, sid: &str, body: &str) -> Response {
    request(server, "POST", &format!("{POLLING}&sid={sid}"), "", &body.replace('|', "\u{1e}")).await
}

/// Opens a polling session.
pub(crate) async fn open(server: SocketAddr) -> String {
    request(server, "GET", POLLING, "", "").await.sid()
}

/// Opens a polling session that has joined the main namespace.
pub(crate) async fn joined(server: SocketAddr) -> String {
    let sid = open(server).await;
    post(server, &sid, "40").await;
    get(server, &sid).await;
    sid
}

/// Starts a GET.
pub(crate) async fn start_get(server: SocketAddr, sid: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    let head =
        format!("GET /socket.io/{POLLING}&sid={sid} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    stream
}

/// A websocket.
pub(crate) struct Ws(pub(crate) WebSocketStream<TcpStream>);

impl Ws {
    pub(crate) async fn connect(server: SocketAddr, query: &str) -> Self {
        Self::try_connect(server, query).await.expect("a websocket")
    }

    pub(crate) async fn try_connect(server: SocketAddr, query: &str) -> Result<Self, Box<Error>> {
        let stream = TcpStream::connect(server).await.expect("the server listens");
        let (stream, _) = client_async(format!("ws://{server}/socket.io/{query}"), stream).await?;
        Ok(Self(stream))
    }

    /// A websocket session in the main namespace.
    pub(crate) async fn joined(server: SocketAddr) -> Self {
        let mut ws = Self::connect(server, WEBSOCKET).await;
        ws.next().await;
        ws.send("40").await;
        ws.next().await;
        ws.next().await;
        ws
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the server reads");
    }

    pub(crate) async fn send_binary(&mut self, bytes: &[u8]) {
        self.0.send(Message::binary(bytes.to_vec())).await.expect("the server reads");
    }

    /// The next message, as text.
    pub(crate) async fn next(&mut self) -> String {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
            Some(Ok(Message::Close(frame))) => {
                format!("close {:?}", frame.map(|frame| u16::from(frame.code)))
            }
            Some(Ok(other)) => format!("{other:?}"),
            Some(Err(_)) | None => "gone".to_owned(),
        }
    }
}
