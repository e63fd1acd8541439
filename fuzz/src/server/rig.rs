//! A server without a network and with a clock that is moved by hand: sessions and a hub, wired as the driver wires
//! them, and everything they do compared with what they have to do.

use super::client::Client;
use super::model::{Model, Who};
use siospec_server::engine::admission::Query;
use siospec_server::engine::session::Session;
use siospec_server::engine::sid::Sids;
use siospec_server::engine::signals::{Answer, Input, Output, Reason, RequestId, SocketId, Transport};
use siospec_server::hub::{self, Census, Effect, Hub};
use siospec_server::socket::namespace::SessionId;
use siospec_server::{Config, Fault};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a session may hold beside messages: a ping, an open packet, answers to probes.
const SLACK_BYTES: usize = 1000;

pub(super) struct Rig {
    pub(super) config: Arc<Config>,
    pub(super) now: Instant,
    start: Instant,
    hub: Hub,
    sids: Sids,
    pub(super) clients: Vec<Client>,
    pub(super) model: Model,
    /// Those that are not answered yet.
    requests: BTreeMap<u64, Who>,
    ids: u64,
    trace: Vec<String>,
}

impl Rig {
    pub(super) fn new(recovery: bool, fault: Option<Fault>) -> Self {
        let config = Arc::new(Config {
            max_payload_bytes: 2000,
            max_outbox_bytes: 3000,
            connect_timeout: Duration::from_millis(450),
            upgrade_timeout: Duration::from_millis(350),
            farewell_timeout: Duration::from_millis(250),
            recovery_window: recovery.then_some(Duration::from_millis(400)),
            fault,
            ..Config::testee()
        });
        let now = Instant::now();
        Self {
            hub: Hub::new(config.clone(), now),
            sids: Sids::new(config.clone()),
            config,
            now,
            start: now,
            clients: Vec::new(),
            model: Model::new(),
            requests: BTreeMap::new(),
            ids: 0,
            trace: Vec::new(),
        }
    }

    /// A client opens a session.
    pub(super) fn open(&mut self, websocket: bool, attentive: bool) {
        let (sid, who) = (self.sids.session(), self.clients.len());
        let socket = websocket.then(|| SocketId(self.next_id()));
        let (session, transport) = match socket {
            Some(socket) => (
                Session::open_websocket(self.config.clone(), sid.clone(), socket, self.now),
                Transport::WebSocket,
            ),
            None => (Session::open_polling(self.config.clone(), sid.clone(), self.now), Transport::Polling),
        };
        self.clients.push(Client::new(session, socket, attentive, self.now));
        self.model.opened(self.config.max_payload_bytes);
        let query = Query::parse(&self.config, "EIO=4");
        self.hub.handle(SessionId(who as u64), hub::Input::Opened { sid, transport, query }, self.now);
        match socket {
            Some(_) => self.settle(),
            None => self.get(who),
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Something happens to a session, and to others because of it.
    pub(super) fn input(&mut self, who: Who, input: Input) {
        self.clients[who].session.handle(input, self.now);
        self.settle();
    }

    /// A request that is to be answered.
    fn request(&mut self, who: Who) -> RequestId {
        let id = self.next_id();
        self.requests.insert(id, who);
        RequestId(id)
    }

    pub(super) fn get(&mut self, who: Who) {
        let request = self.request(who);
        let client = &mut self.clients[who];
        let overlaps = client.get.is_some();
        if overlaps {
            client.may_end(Reason::TransportError);
        } else {
            client.get = Some(request);
        }
        self.input(who, Input::Get(request));
        if overlaps {
            self.assert_ended(who);
        }
    }

    pub(super) fn post_begins(&mut self, who: Who) {
        let request = self.request(who);
        let client = &mut self.clients[who];
        let overlaps = client.post.is_some() && client.carrier.is_none();
        if overlaps {
            client.may_end(Reason::TransportError);
        } else {
            client.post.get_or_insert(request);
        }
        self.input(who, Input::PostBegun(request));
        if overlaps {
            self.assert_ended(who);
        }
    }

    /// The driver or the client gives a request up: nobody waits for an answer.
    pub(super) fn give_up(&mut self, request: RequestId) {
        self.requests.remove(&request.0);
    }

    /// Lets sessions and the hub say all they have to say, one thing at a time.
    fn settle(&mut self) {
        self.carry_out(&[]);
        while let Some((who, output)) = self.next_output() {
            let (input, closing) = match output {
                Output::Answer(request, answer) => {
                    self.answered(request, answer);
                    continue;
                }
                Output::Upgraded => (hub::Input::Upgraded, Vec::new()),
                Output::Text(text) => {
                    let closing = self.model.text(who, text.as_str(), self.now);
                    (hub::Input::Text(text), closing)
                }
                Output::Binary(bytes) => {
                    let closing = self.model.binary(who, bytes.clone(), self.now);
                    (hub::Input::Binary(bytes), closing)
                }
                Output::Ended(reason) => {
                    self.ended(who, reason);
                    (hub::Input::Ended(reason), Vec::new())
                }
            };
            self.hub.handle(SessionId(who as u64), input, self.now);
            self.carry_out(&closing);
        }
        for client in &self.clients {
            let held = client.session.waiting_bytes();
            assert!(held <= self.config.max_outbox_bytes + SLACK_BYTES, "a session holds {held} bytes");
        }
    }

    fn next_output(&mut self) -> Option<(Who, Output)> {
        let mut clients = self.clients.iter_mut().enumerate();
        clients.find_map(|(who, it)| it.session.poll().map(|output| (who, output)))
    }

    /// Does what the hub says, and expects it to close these connections and no others.
    fn carry_out(&mut self, closing: &[Who]) {
        let mut closed = Vec::new();
        while let Some(effect) = self.hub.poll() {
            let (session, input) = match effect {
                Effect::Send(session, outgoing) => (session, Input::Send(outgoing)),
                Effect::Close(session) => {
                    closed.push(session.0 as Who);
                    (session, Input::Close)
                }
                Effect::Cut(session) => (session, Input::Cut),
                Effect::Tell(..) => unreachable!("it is no node of a cluster"),
            };
            let client = &mut self.clients[session.0 as Who];
            match input {
                Input::Close => client.may_end(Reason::ForcedClose),
                Input::Cut => client.may_end(Reason::TransportClose),
                _ if self.model.due_bytes(session.0 as Who) + SLACK_BYTES > self.config.max_outbox_bytes => {
                    client.may_end(Reason::TransportError);
                }
                _ => {}
            }
            client.session.handle(input, self.now);
        }
        assert_eq!(closed, closing, "the connections that the hub closes");
    }

    fn answered(&mut self, request: RequestId, answer: Answer) {
        let Some(who) = self.requests.remove(&request.0) else { panic!("{request:?} is answered again") };
        let client = &mut self.clients[who];
        client.get.take_if(|it| *it == request);
        client.post.take_if(|it| *it == request);
        match answer {
            Answer::Payload(body) => {
                let body = String::from_utf8(body).expect("payloads are text");
                body.split('\u{1e}').for_each(|packet| self.hear(who, packet));
            }
            answer => self.note(format!("{who} {answer:?}")),
        }
    }

    fn ended(&mut self, who: Who, reason: Reason) {
        self.note(format!("{who} ended: {reason:?}"));
        self.model.gone(who);
        let budget = self.config.ping_interval + self.config.ping_timeout;
        let client = &mut self.clients[who];
        assert_eq!(client.ended.replace(reason), None, "a session ends once");
        match reason {
            Reason::PingTimeout => assert!(self.now >= client.alive + budget, "it had time left to answer"),
            _ => assert!(client.may_end.contains(&reason), "{who} did nothing that ends with {reason:?}"),
        }
    }

    /// Moves the clock, and lets everything that is due on the way happen when it is due.
    pub(super) fn advance(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.model.expire(self.now);
            let late = self.not_admitted();
            self.hub.handle_timeout(self.now);
            late.iter().for_each(|who| self.model.gone(*who));
            self.carry_out(&late);
            self.settle();
            for who in 0..self.clients.len() {
                if self.clients[who].session.deadline().is_some_and(|at| at <= self.now) {
                    self.input(who, Input::Timeout);
                }
            }
            self.attend();
        }
        self.now = end;
        let budget = self.config.ping_interval + self.config.ping_timeout;
        for client in self.clients.iter().filter(|it| it.ended.is_none()) {
            assert!(self.now < client.perhaps_alive + budget, "a session outlives its client");
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.clients.iter().filter_map(|it| it.session.deadline()).chain(self.hub.deadline()).min()
    }

    /// Whoever was given the time to join a namespace, and did not.
    fn not_admitted(&self) -> Vec<Who> {
        let late = |who: &Who| {
            let client = &self.clients[*who];
            let due = client.opened + self.config.connect_timeout;
            client.ended.is_none() && due <= self.now && !self.model.is_admitted(*who)
        };
        (0..self.clients.len()).filter(late).collect()
    }

    pub(super) fn note(&mut self, what: String) {
        let at = (self.now - self.start).as_millis();
        self.trace.push(format!("{at} {what}"));
    }

    /// What nobody needs any more is gone: every session is over, and the longest time has passed.
    pub(super) fn finish(mut self) -> Vec<String> {
        assert!(self.clients.iter().all(|it| it.session.is_closed()), "a session is not over");
        assert_eq!(self.hub.census(), Census::default(), "something is left");
        assert_eq!(self.hub.deadline(), None);
        assert!(self.requests.is_empty(), "requests without an answer: {:?}", self.requests);
        for who in 0..self.clients.len() {
            self.read(who);
            assert!(self.clients[who].sockets.is_empty(), "a websocket is left open");
            assert_eq!(self.clients[who].session.deadline(), None);
            assert_eq!(self.clients[who].session.poll(), None);
        }
        self.trace
    }
}
