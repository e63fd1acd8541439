//! A server without a network: sessions and a hub, wired as the driver wires them, and a clock that is moved by hand.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use siospec_server::{
    Config,
    engine::{
        admission::Query,
        dialect::Dialect,
        outbox::{Frame, Text},
        session::Session,
        sid::Sids,
        signals::{Answer, Input, Output, RequestId, SocketId, ToSocket, Transport},
    },
    hub::{self, Effect, Hub},
    socket::namespace::SessionId,
};

pub(crate) struct Rig {
    pub(crate) config: Arc<Config>,
    pub(crate) now: Instant,
    hub: Hub,
    sids: Sids,
    sessions: Vec<Session>,
    answers: HashMap<RequestId, Answer>,
    requests: u64,
    sockets: u64,
}

/// A client, by the number of its session.
pub(crate) type Client = usize;

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(Config::testee())
    }

    pub(crate) fn with(config: Config) -> Self {
        let (config, now) = (Arc::new(config), Instant::now());
        let hub = Hub::new(config.clone(), now);
        let sids = Sids::new(config.clone());
        let (sessions, answers) = (Vec::new(), HashMap::new());
        Self { config, now, hub, sids, sessions, answers, requests: 0, sockets: 0 }
    }

    /// Opens a session by polling; gives the body of the handshake response.
    pub(crate) fn polling(&mut self) -> (Client, String) {
        self.polling_with("EIO=4")
    }

    /// Opens a session by polling, with these parameters.
    pub(crate) fn polling_with(&mut self, query: &str) -> (Client, String) {
        let (sid, query) = (self.sids.session(), self.query(query));
        let session = Session::open_polling(self.config.clone(), sid.clone(), self.now);
        self.sessions.push(session.in_dialect(Dialect::of(&self.config, &query), self.now));
        let client = self.opened(sid, Transport::Polling, query);
        let handshake = self.poll(client);
        (client, handshake)
    }

    /// Opens a session on a websocket; gives its first messages.
    pub(crate) fn websocket(&mut self) -> (Client, SocketId, Vec<String>) {
        self.websocket_with("EIO=4")
    }

    /// Opens a session on a websocket, with these parameters.
    pub(crate) fn websocket_with(&mut self, query: &str) -> (Client, SocketId, Vec<String>) {
        let (sid, socket) = (self.sids.session(), self.new_socket());
        let query = self.query(query);
        let session = Session::open_websocket(self.config.clone(), sid.clone(), socket, self.now);
        self.sessions.push(session.in_dialect(Dialect::of(&self.config, &query), self.now));
        let client = self.opened(sid, Transport::WebSocket, query);
        let messages = self.messages(client, socket);
        (client, socket, messages)
    }

    /// Opens a websocket session that joined the main namespace, and has read everything so far.
    pub(crate) fn member(&mut self) -> Member {
        let (client, socket, _) = self.websocket();
        self.text(client, socket, "40");
        let connected = self.messages(client, socket).remove(0);
        let id = connected.split('"').nth(3).unwrap_or_default().to_owned();
        Member { client, socket, id }
    }

    fn query(&self, query: &str) -> Query {
        Query::parse(&self.config, &format!("{query}&transport=x"))
    }

    fn opened(&mut self, sid: String, transport: Transport, query: Query) -> Client {
        let client = self.sessions.len() - 1;
        let input = hub::Input::Opened { sid, transport, query };
        self.hub.handle(SessionId(client as u64), input, self.now);
        self.settle();
        client
    }

    fn new_socket(&mut self) -> SocketId {
        self.sockets += 1;
        SocketId(self.sockets)
    }

    pub(crate) fn session(&self, client: Client) -> &Session {
        &self.sessions[client]
    }

    pub(crate) fn input(&mut self, client: Client, input: Input) {
        self.sessions[client].handle(input, self.now);
        self.settle();
    }

    /// Starts a GET.
    pub(crate) fn get(&mut self, client: Client) -> RequestId {
        self.requests += 1;
        self.input(client, Input::Get(RequestId(self.requests)));
        RequestId(self.requests)
    }

    /// What a request was answered with, if it was.
    pub(crate) fn answer(&mut self, request: RequestId) -> String {
        match self.answers.remove(&request) {
            None => "held".to_owned(),
            Some(Answer::Payload(body)) => {
                String::from_utf8(body).expect("payloads are text").replace('\u{1e}', "|")
            }
            Some(Answer::Octets(body)) => format!("{body:?}"),
            Some(Answer::Plain(packets)) => {
                format!("plain {}", String::from_utf8_lossy(packets.packets().unwrap_or_default()))
            }
            Some(Answer::Taken) => "ok".to_owned(),
            Some(Answer::Refused(refusal)) => refusal.message().to_owned(),
            Some(Answer::Overlap) => "overlap".to_owned(),
            Some(Answer::Cut) => "cut".to_owned(),
        }
    }

    /// A GET and its answer; one that is held is given up by the test, not by the client.
    pub(crate) fn poll(&mut self, client: Client) -> String {
        let request = self.get(client);
        self.answer(request)
    }

    /// Starts a POST.
    pub(crate) fn post_begins(&mut self, client: Client) -> RequestId {
        self.requests += 1;
        self.input(client, Input::PostBegun(RequestId(self.requests)));
        RequestId(self.requests)
    }

    pub(crate) fn post_body(&mut self, client: Client, request: RequestId, body: &str) -> String {
        let body = Bytes::copy_from_slice(body.replace('|', "\u{1e}").as_bytes());
        self.input(client, Input::PostBody(request, body));
        self.answer(request)
    }

    /// A whole POST; `|` separates packets.
    pub(crate) fn post(&mut self, client: Client, body: &str) -> String {
        let request = self.post_begins(client);
        match self.answer(request).as_str() {
            "held" => self.post_body(client, request, body),
            refused => refused.to_owned(),
        }
    }

    /// A whole POST of bytes.
    pub(crate) fn post_octets(&mut self, client: Client, body: &[u8]) -> String {
        let request = self.post_begins(client);
        match self.answer(request).as_str() {
            "held" => {
                self.input(client, Input::PostOctets(request, Bytes::copy_from_slice(body)));
                self.answer(request)
            }
            refused => refused.to_owned(),
        }
    }

    /// Opens a websocket for a session.
    pub(crate) fn open_socket(&mut self, client: Client) -> SocketId {
        let socket = self.new_socket();
        self.input(client, Input::SocketOpened(socket));
        socket
    }

    pub(crate) fn text(&mut self, client: Client, socket: SocketId, text: &str) {
        self.input(client, Input::SocketText(socket, Text::new(text.to_owned())));
    }

    pub(crate) fn binary(&mut self, client: Client, socket: SocketId, bytes: &[u8]) {
        self.input(client, Input::SocketBinary(socket, Bytes::copy_from_slice(bytes)));
    }

    /// All that a websocket is sent.
    pub(crate) fn messages(&mut self, client: Client, socket: SocketId) -> Vec<String> {
        let mut messages = Vec::new();
        while let Some(next) = self.sessions[client].poll_socket(socket, self.now) {
            messages.push(match next {
                ToSocket::Frame(Frame::Text(text)) => text.as_str().to_owned(),
                ToSocket::Frame(Frame::Binary(bytes)) => format!("{bytes:?}"),
                ToSocket::Plain(frame) => format!("plain {frame:?}"),
                ToSocket::Close => "<close>".to_owned(),
                ToSocket::Cut => "<cut>".to_owned(),
            });
            if messages.last().is_some_and(|last| last.starts_with('<')) {
                break;
            }
        }
        messages
    }

    /// The binary messages among all that a websocket is sent.
    pub(crate) fn binary_messages(&mut self, client: Client, socket: SocketId) -> Vec<Bytes> {
        let mut messages = Vec::new();
        while let Some(next) = self.sessions[client].poll_socket(socket, self.now) {
            match next {
                ToSocket::Frame(Frame::Binary(bytes)) => messages.push(bytes),
                ToSocket::Frame(Frame::Text(_)) | ToSocket::Plain(_) => {}
                ToSocket::Close | ToSocket::Cut => break,
            }
        }
        messages
    }

    /// Says something as a member and reads everything that comes.
    pub(crate) fn say(&mut self, member: &Member, text: &str) -> Vec<String> {
        self.text(member.client, member.socket, text);
        self.hears(member)
    }

    pub(crate) fn hears(&mut self, member: &Member) -> Vec<String> {
        self.messages(member.client, member.socket)
    }

    /// Carries out a command as a member, with acknowledgement id 2000000.
    pub(crate) fn command(&mut self, member: &Member, command: &str) -> Vec<String> {
        self.say(member, &format!(r#"422000000["do",{{{command}}}]"#))
    }

    /// Moves the clock, and lets every deadline on the way be noticed when it is due.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        loop {
            let deadlines = self.sessions.iter().filter_map(Session::deadline).chain(self.hub.deadline());
            match deadlines.min() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.hub.handle_timeout(self.now);
                    self.settle();
                    for client in 0..self.sessions.len() {
                        if self.sessions[client].deadline().is_some_and(|at| at <= self.now) {
                            self.input(client, Input::Timeout);
                        }
                    }
                }
                _ => break,
            }
        }
        self.now = end;
    }

    /// As the driver: outputs go to the hub one at a time, its effects to the sessions before the next.
    fn settle(&mut self) {
        loop {
            while let Some(effect) = self.hub.poll() {
                let (id, input) = match effect {
                    Effect::Send(id, outgoing) => (id, Input::Send(outgoing)),
                    Effect::Close(id) => (id, Input::Close),
                    Effect::Cut(id) => (id, Input::Cut),
                    Effect::Tell(..) => unreachable!("it is no node of a cluster"),
                };
                self.sessions[id.0 as usize].handle(input, self.now);
            }
            let next = self
                .sessions
                .iter_mut()
                .enumerate()
                .find_map(|(id, it)| it.poll().map(|output| (id, output)));
            let Some((id, output)) = next else { return };
            let input = match output {
                Output::Answer(request, answer) => {
                    assert!(self.answers.insert(request, answer).is_none(), "a request is answered once");
                    continue;
                }
                Output::Upgraded => hub::Input::Upgraded,
                Output::Text(text) => hub::Input::Text(text),
                Output::Binary(bytes) => hub::Input::Binary(bytes),
                Output::Ended(reason) => hub::Input::Ended(reason),
            };
            self.hub.handle(SessionId(id as u64), input, self.now);
        }
    }
}

/// A client on a websocket, in the main namespace.
pub(crate) struct Member {
    pub(crate) client: Client,
    pub(crate) socket: SocketId,
    pub(crate) id: String,
}
