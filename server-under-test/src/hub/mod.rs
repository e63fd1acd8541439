//! Between connections and namespaces.

mod census;
mod cluster;
mod comeback;
mod delivery;
mod membership;
mod timers;
mod wrong;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use siospec_codec::socket::{Assembler, Body, Message};

pub use census::Census;
use cluster::Peers;
pub(crate) use cluster::{AskingNode, NODES_WAIT};
pub(crate) use delivery::Emission;
use timers::{Timer, TimerKey, Timers};

use crate::{
    adapter::{Message as Told, NodeId},
    app::{self, Application, testee::Testee},
    config::Config,
    engine::{
        admission::Query,
        dialect,
        outbox::{Frame, Text},
        sid::Sids,
        signals::{Outgoing, Reason, Transport},
    },
    fault::Fault,
    socket::{
        acks::Answered,
        client::{Client, Incoming, Violation},
        namespace::{AckPurpose, Namespace, NamespaceId, SessionId, Socket, SocketRef},
        recovery::Recovery,
        value::Value,
    },
};

/// The most namespaces there can be; clients bring dynamic ones into being.
const MAX_NAMESPACES: usize = 10_000;

/// All connections and all namespaces of a server.
///
/// Law: after every [`Hub::handle`], call [`Hub::poll`] until it returns `None` and carry out what it says, in that
/// order and before anything else is handed in; then wait until [`Hub::deadline`], and call [`Hub::handle_timeout`].
#[derive(Debug)]
pub struct Hub {
    config: Arc<Config>,
    app: Arc<dyn Application>,
    now: Instant,
    /// The ids are ours, so that nobody can make them collide.
    connections: FxHashMap<SessionId, Connection>,
    namespaces: Vec<Namespace>,
    names: HashMap<Arc<str>, NamespaceId>,
    next_socket: u64,
    sids: Sids,
    timers: Timers,
    effects: VecDeque<Effect>,
    /// What is kept for those who lose their connection, if it is to be kept.
    recovery: Option<Box<Recovery>>,
    /// Events that a later broadcast may overtake; only with a fault.
    overtaken: HashMap<SessionId, Outgoing>,
    /// What lost connections had begun to say, by the payload of their CONNECT; only with a fault.
    halves: HashMap<String, Assembler<Bytes>>,
    /// The other nodes of the cluster; none without one.
    peers: Peers,
}

#[derive(Debug)]
struct Connection {
    client: Client,
    sid: String,
    transport: Transport,
    query: Query,
    connect_timer: TimerKey,
    /// Its client speaks version 3 of Engine.IO, and version 4 of Socket.IO.
    is_old: bool,
    /// The sids it had; only with a fault.
    former_sids: HashMap<String, String>,
    /// The namespaces that refused it; only with a fault.
    refusals: HashSet<String>,
}

/// Something happened.
#[derive(Debug)]
pub enum Input {
    /// A session was opened.
    Opened {
        /// Its Engine.IO id.
        sid: String,
        /// The transport it began with.
        transport: Transport,
        /// The parameters of its first request.
        query: Query,
    },
    /// It changed to websocket.
    Upgraded,
    /// A text message arrived.
    Text(Text),
    /// A binary message arrived.
    Binary(Bytes),
    /// It is over.
    Ended(Reason),
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Send.
    Send(SessionId, Outgoing),
    /// Close, after what was sent.
    Close(SessionId),
    /// Drop the connection without a goodbye.
    Cut(SessionId),
    /// Tell another node, or all of them.
    Tell(Option<NodeId>, Told),
}

impl Hub {
    /// A server without connections that runs the application of the testee contract.
    #[must_use]
    pub fn new(config: Arc<Config>, now: Instant) -> Self {
        Self::with_app(config, Arc::new(Testee), now)
    }

    /// A server without connections, with the namespaces of the application.
    pub(crate) fn with_app(config: Arc<Config>, app: Arc<dyn Application>, now: Instant) -> Self {
        let mut hub = Self {
            sids: Sids::new(config.clone()),
            recovery: Recovery::new(&config).map(Box::new),
            config,
            app: app.clone(),
            now,
            connections: FxHashMap::default(),
            namespaces: Vec::new(),
            names: HashMap::new(),
            next_socket: 0,
            timers: Timers::default(),
            effects: VecDeque::new(),
            overtaken: HashMap::new(),
            halves: HashMap::new(),
            peers: Peers::default(),
        };
        for name in app.namespaces() {
            hub.create_namespace(name);
        }
        hub
    }

    /// Something happened to a session.
    pub fn handle(&mut self, session: SessionId, input: Input, now: Instant) {
        self.now = now;
        match input {
            Input::Opened { sid, transport, query } => self.opened(session, sid, transport, query),
            Input::Upgraded => {
                if let Some(connection) = self.connections.get_mut(&session) {
                    connection.transport = Transport::WebSocket;
                }
            }
            Input::Text(text) if self.app.is_raw() => {
                self.effects.push_back(Effect::Send(session, app::engine_echo::echo(Frame::Text(text))));
            }
            Input::Binary(bytes) if self.app.is_raw() => {
                self.effects.push_back(Effect::Send(session, app::engine_echo::echo(Frame::Binary(bytes))));
            }
            Input::Text(text) => self.incoming(session, |client| client.text(text.as_str())),
            Input::Binary(bytes) => self.incoming(session, |client| client.binary(bytes)),
            Input::Ended(Reason::TransportClose) if self.config.faulty(Fault::DropUnnoticed) => {
                let later = now + self.config.ping_interval + self.config.ping_timeout;
                self.timers.set(later, Timer::Ended(session, Reason::TransportClose));
            }
            Input::Ended(reason) => self.ended(session, reason),
        }
    }

    /// The deadline is reached.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        while let Some(timer) = self.timers.pop(now) {
            match timer {
                Timer::Connect(session) => {
                    let idle = self.connections.get(&session).is_some_and(|it| !it.client.is_admitted());
                    if idle && !self.app.is_raw() && !self.config.faulty(Fault::NoConnectTimeout) {
                        self.close(session);
                    }
                }
                Timer::Ack(namespace, id) => {
                    let collected = self.namespaces[namespace.0].acks.expire(id);
                    self.answered(collected, true);
                }
                Timer::Find(question) => self.expire_find(question),
                Timer::Close(session) => self.close(session),
                Timer::Cut(session) => self.effects.push_back(Effect::Cut(session)),
                Timer::Ended(session, reason) => self.ended(session, reason),
                Timer::Release(session) => self.release_overtaken(session),
                Timer::ReleaseEcho(socket) => app::testee::release_echo(self, socket),
            }
        }
        if let Some(recovery) = &mut self.recovery {
            recovery.expire(now);
        }
    }

    /// The application is about to act on its own; [`Hub::poll`] follows, as after [`Hub::handle`].
    pub(crate) fn act_at(&mut self, now: Instant) {
        self.now = now;
    }

    /// What is to be done next, if anything.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`Hub::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let forgetting = self.recovery.as_ref().and_then(|recovery| recovery.deadline());
        self.timers.deadline().into_iter().chain(forgetting).min()
    }

    fn opened(&mut self, session: SessionId, sid: String, transport: Transport, query: Query) {
        let connect_timer = self.timers.set(self.now + self.config.connect_timeout, Timer::Connect(session));
        let is_old = dialect::is_old(&self.config, &query);
        let client = Client::new(self.config.clone());
        let (former_sids, refusals) = (HashMap::new(), HashSet::new());
        let connection =
            Connection { client, sid, transport, query, connect_timer, former_sids, refusals, is_old };
        self.connections.insert(session, connection);
        if is_old && !self.app.is_raw() && !self.config.faulty(Fault::OldNotConnected) {
            // Before version 5 of Socket.IO, whoever connected was in the main namespace.
            self.connect(session, "/", None);
        }
    }

    fn incoming(
        &mut self,
        session: SessionId,
        read: impl FnOnce(&mut Client) -> Result<Option<Incoming>, Violation>,
    ) {
        let Some(connection) = self.connections.get_mut(&session) else { return };
        match read(&mut connection.client) {
            Ok(None) => {}
            Ok(Some(Incoming::Connect { namespace, auth })) => self.connect(session, &namespace, auth),
            Ok(Some(Incoming::Leave(socket))) => self.client_leaves(socket),
            Ok(Some(Incoming::Event(socket, message))) => self.event(socket, &message),
            Ok(Some(Incoming::Ack(socket, message))) => self.ack(socket, &message),
            Ok(Some(Incoming::Stray(message))) => {
                let name = message.packet().namespace.as_str().to_owned();
                if let Some(namespace) = self.names.get(&*name).copied() {
                    let socket = self.join_silently(session, namespace);
                    self.event(socket, &message);
                }
            }
            Err(_) if self.config.faulty(Fault::BrokenPacketDropsQueue) => {
                self.ended(session, Reason::ForcedClose);
                self.effects.push_back(Effect::Cut(session));
            }
            Err(_) => self.close(session),
        }
    }

    fn event(&mut self, socket: SocketRef, message: &Message<Bytes>) {
        if let Body::Event { args, ack, .. } = message.packet().body {
            let event = app::Event { args, ack: ack.map(|id| id.0), attachments: &message.attachments };
            self.app.clone().on_event(self, socket, event);
        }
    }

    fn ack(&mut self, socket: SocketRef, message: &Message<Bytes>) {
        let Body::Ack { args, id, attachments } = message.packet().body else { return };
        let lost = match attachments {
            None => Fault::ClientAckLost,
            Some(_) => Fault::ClientBinaryAckLost,
        };
        if self.config.faulty(lost)
            || (args.as_str().starts_with("[\"connect\"") && self.config.faulty(Fault::ReservedAckLost))
        {
            return;
        }
        let value = match self.config.faulty(Fault::BroadcastAckTakesLast) {
            true => Value::nth(args, args.iter().count().saturating_sub(1), &message.attachments),
            false => Value::nth(args, 0, &message.attachments),
        };
        let acks = &mut self.namespaces[socket.namespace.0].acks;
        let abroad = match acks.purpose(id.0) {
            Some(AckPurpose::Node(node, question)) => {
                let namespace = socket.namespace;
                Some((AskingNode { node: *node, namespace, question: *question }, value.clone()))
            }
            _ => None,
        };
        match acks.answer(id.0, socket.key, value) {
            answered @ (Answered::Complete(_) | Answered::Taken) => {
                if let Some((node, value)) = abroad {
                    self.answer_node(node, value);
                } else if let Answered::Complete(collected) = answered {
                    self.answered(Some(collected), false);
                }
            }
            Answered::Unknown if self.config.faulty(Fault::UnknownAckCloses) => self.close_of(socket),
            Answered::Late if self.config.faulty(Fault::LateAckCloses) => self.close_of(socket),
            Answered::Unknown | Answered::Late => {}
        }
    }
}

/// What the application asks for.
impl Hub {
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn namespace(&self, id: NamespaceId) -> &Namespace {
        &self.namespaces[id.0]
    }

    pub(crate) fn namespace_mut(&mut self, id: NamespaceId) -> &mut Namespace {
        &mut self.namespaces[id.0]
    }

    /// The namespace of this name, if it exists already.
    pub(crate) fn find_namespace(&self, name: &str) -> Option<NamespaceId> {
        self.names.get(name).copied()
    }

    pub(crate) fn socket(&self, socket: SocketRef) -> Option<&Socket> {
        self.namespaces[socket.namespace.0].sockets.get(&socket.key).map(|socket| &**socket)
    }

    pub(crate) fn socket_mut(&mut self, socket: SocketRef) -> Option<&mut Socket> {
        self.namespaces[socket.namespace.0].sockets.get_mut(&socket.key).map(|socket| &mut **socket)
    }

    /// Lets a socket join a room, if it is there.
    pub(crate) fn join_room(&mut self, socket: SocketRef, room: &str) {
        if self.socket(socket).is_some() {
            self.namespace_mut(socket.namespace).rooms.join(socket.key, room);
        }
    }

    /// Lets a socket leave a room.
    pub(crate) fn leave_room(&mut self, socket: SocketRef, room: &str) {
        self.namespace_mut(socket.namespace).rooms.leave(socket.key, room);
    }

    /// The transport and the first query of the connection of a socket.
    pub(crate) fn handshake(&self, socket: SocketRef) -> Option<(Transport, &Query)> {
        let connection = self.connections.get(&self.socket(socket)?.session)?;
        Some((connection.transport, &connection.query))
    }

    /// Cuts the connection of a socket after a while.
    pub(crate) fn cut_after(&mut self, socket: SocketRef, delay: Duration) {
        if let Some(session) = self.socket(socket).map(|socket| socket.session) {
            self.timers.set(self.now + delay, Timer::Cut(session));
        }
    }

    /// Lets [`app::testee::release_echo`] be called after a while.
    pub(crate) fn release_echo_after(&mut self, socket: SocketRef, delay: Duration) {
        self.timers.set(self.now + delay, Timer::ReleaseEcho(socket));
    }

    /// Sends a packet to a socket.
    pub(crate) fn send_to(&mut self, socket: SocketRef, outgoing: Outgoing) {
        if let Some(session) = self.socket(socket).map(|socket| socket.session) {
            self.send(session, outgoing);
        }
    }

    /// Closes the connection of a socket, because its client broke a rule.
    pub(crate) fn close_of(&mut self, socket: SocketRef) {
        if let Some(session) = self.socket(socket).map(|socket| socket.session) {
            self.close(session);
        }
    }
}
