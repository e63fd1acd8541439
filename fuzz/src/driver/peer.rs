//! Clients of a server in memory.

use super::choppy::Choppy;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use siospec_server::{Attached, Service};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

const PATH: &str = "/socket.io/?EIO=4";

/// How the connections of a script are chopped up.
pub(super) struct Network {
    service: Service,
    /// How many bytes may be under way in each direction.
    capacity: usize,
    /// Takes turns: reads and writes of the server, and of the client.
    numbers: Vec<Vec<u8>>,
    next: usize,
}

impl Network {
    pub(super) fn new(server: &Attached, capacity: usize, numbers: Vec<Vec<u8>>) -> Self {
        Self { service: server.service(), capacity, numbers, next: 0 }
    }

    fn numbers(&mut self) -> Vec<u8> {
        self.next += 1;
        self.numbers.get(self.next % self.numbers.len().max(1)).cloned().unwrap_or_default()
    }

    /// A connection to the server.
    pub(super) fn connect(&mut self) -> Choppy {
        let (near, far) = tokio::io::duplex(self.capacity);
        let far = Choppy::new(far, self.numbers(), self.numbers());
        let service = TowerToHyperService::new(self.service.clone());
        let served = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(far), service)
            .with_upgrades();
        // How it ends is told by what its client receives.
        tokio::spawn(async { drop(served.await) });
        Choppy::new(near, self.numbers(), self.numbers())
    }

    /// A client on polling.
    pub(super) async fn polling(&mut self) -> Polling {
        let mut sender = self.http().await;
        let (status, body) = request(&mut sender, "GET", &format!("{PATH}&transport=polling"), "").await;
        assert_eq!(status, 200);
        let sid = body.split('"').nth(3).expect("a handshake").to_owned();
        Polling { sender, sid, packets: Vec::new() }
    }

    pub(super) async fn http(&mut self) -> SendRequest<Full<Bytes>> {
        let (sender, connection) = handshake(TokioIo::new(self.connect())).await.expect("no input is needed");
        tokio::spawn(async { drop(connection.with_upgrades().await) });
        sender
    }

    /// A client on a websocket: for a session of its own, or for that of another.
    pub(super) async fn websocket(&mut self, sid: Option<&str>) -> Websocket {
        let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
        let request = Request::get(format!("{PATH}&transport=websocket{sid}"))
            .header("host", "test")
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            // RFC 6455, section 1.3: this key, and that answer.
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(Full::default())
            .expect("a request");
        let response = self.http().await.send_request(request).await.expect("a response");
        let accept = response.headers().get("sec-websocket-accept").map(|it| it.as_bytes());
        assert_eq!(accept, Some(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".as_slice()));
        let stream = TokioIo::new(hyper::upgrade::on(response).await.expect("a websocket"));
        Websocket(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }
}

/// The status and the body of the response.
pub(super) async fn request(
    sender: &mut SendRequest<Full<Bytes>>,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, String) {
    sender.ready().await.expect("the connection stays open");
    let request = Request::builder().method(method).uri(path).header("host", "test");
    let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).expect("a request");
    let response: Response<Incoming> = sender.send_request(request).await.expect("a response");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a whole body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

pub(super) struct Polling {
    sender: SendRequest<Full<Bytes>>,
    pub(super) sid: String,
    /// Received, and not asked for yet; the last one first.
    packets: Vec<String>,
}

impl Polling {
    fn path(&self) -> String {
        format!("{PATH}&transport=polling&sid={}", self.sid)
    }

    pub(super) async fn post(&mut self, packets: &[String]) {
        let (path, body) = (self.path(), packets.join("\u{1e}"));
        let reply = request(&mut self.sender, "POST", &path, &body).await;
        assert_eq!(reply, (200, "ok".to_owned()));
    }

    /// The next packet.
    pub(super) async fn next(&mut self) -> String {
        while self.packets.is_empty() {
            let path = self.path();
            let (status, body) = request(&mut self.sender, "GET", &path, "").await;
            assert_eq!(status, 200, "{body}");
            self.packets = body.split('\u{1e}').rev().map(str::to_owned).collect();
        }
        self.packets.pop().unwrap_or_default()
    }
}

pub(super) struct Websocket(WebSocketStream<TokioIo<Upgraded>>);

impl Websocket {
    /// Sends a message in as many frames as there are pieces, with a ping between them; it leaves with the next flush.
    pub(super) async fn feed(&mut self, message: &[u8], is_text: bool, cuts: &[u8]) {
        let mut rest = message;
        let mut kind = if is_text { Data::Text } else { Data::Binary };
        for cut in cuts {
            let (piece, others) = rest.split_at(rest.len().min(usize::from(*cut)));
            rest = others;
            self.put(Frame::message(piece.to_vec(), OpCode::Data(kind), false)).await;
            self.put(Frame::ping(piece.iter().take(125).copied().collect::<Vec<_>>())).await;
            kind = Data::Continue;
        }
        self.put(Frame::message(rest.to_vec(), OpCode::Data(kind), true)).await;
    }

    async fn put(&mut self, frame: Frame) {
        self.0.feed(Message::Frame(frame)).await.expect("the connection stays open");
    }

    pub(super) async fn say(&mut self, text: &str) {
        self.feed(text.as_bytes(), true, &[]).await;
        self.flush().await;
    }

    pub(super) async fn flush(&mut self) {
        self.0.flush().await.expect("the connection stays open");
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> Message {
        loop {
            match self.0.next().await.expect("the connection stays open").expect("a message") {
                Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    pub(super) async fn close(mut self) {
        // The server may have gone first.
        let _ = self.0.close(None).await;
        while let Some(Ok(_)) = self.0.next().await {}
    }
}
