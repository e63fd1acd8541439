//! A namespace and the sockets in it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{acks::Acks, audience::Audience, rooms::Rooms, value::Value};
use crate::{adapter::NodeId, config::Config, engine::signals::Outgoing, fault::Fault};

/// A socket of any namespace; counted up, so that order is the order of joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey(pub u64);

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// One of the namespaces of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceId(pub usize);

/// A socket and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketRef {
    /// Its namespace.
    pub namespace: NamespaceId,
    /// The socket.
    pub key: SocketKey,
}

/// A namespace.
#[derive(Debug)]
pub struct Namespace {
    /// Its name, with the slash.
    pub name: Arc<str>,
    /// Who is in it.
    pub sockets: BTreeMap<SocketKey, Box<Socket>>,
    /// Its rooms.
    pub rooms: Rooms,
    /// The answers it waits for, and who wants them.
    pub acks: Acks<AckPurpose>,
    /// The sockets that asked to hear of arrivals and departures.
    pub watchers: BTreeSet<SocketKey>,
    /// Sockets that are gone; only with faults that do not let go.
    pub ghosts: BTreeMap<SocketKey, Box<Socket>>,
    /// The room that was left last; only with a fault.
    pub just_left: Option<String>,
    /// What was sent to all since somebody was lost; only with a fault.
    pub kept: Option<Vec<Outgoing>>,
}

/// Who wants an acknowledgement.
#[derive(Debug, Clone, Copy)]
pub enum AckPurpose {
    /// A command of the testee contract.
    Command(CommandAck),
    /// A command of the testee contract that asks other nodes: the socket whose command it was, and the acknowledgement id
    /// of it.
    ServerSideCommand(SocketRef, Option<u64>),
    /// A handler of an application, known by this number.
    Handler(u64),
    /// Another node, which knows the question by this number.
    Node(NodeId, u64),
}

/// Who wants to know which sockets there are.
#[derive(Debug, Clone, Copy)]
pub enum FindPurpose {
    /// A command of the testee contract: the socket whose command it was, and the acknowledgement id of it.
    Command(SocketRef, Option<u64>),
    /// A handler of an application, known by this number.
    Handler(u64),
}

/// Which command wants an acknowledgement, and how it is reported.
#[derive(Debug, Clone, Copy)]
pub struct CommandAck {
    /// The socket whose command it was.
    pub asker: SocketRef,
    /// The acknowledgement id of that command.
    pub id: Option<u64>,
    /// Whether several clients were asked.
    pub broadcast: bool,
}

/// One client in one namespace.
#[derive(Debug)]
pub struct Socket {
    /// Its public id.
    pub id: String,
    /// The connection it is on.
    pub session: SessionId,
    /// The CONNECT payload as it came.
    pub auth: String,
    /// What the application keeps with it.
    pub data: Value,
    /// How it can come back, if it can.
    pub ticket: Option<Box<Ticket>>,
    /// It joined without the client's asking; only with faults.
    pub implicit: bool,
    /// What faults need to remember.
    pub quirks: Quirks,
}

/// What a socket needs to come back after a loss of its connection.
#[derive(Clone, Debug, Default)]
pub struct Ticket {
    /// The id that only its client knows.
    pub pid: String,
    /// The number of the last event that was sent to it.
    pub last: u64,
    /// It has come back.
    pub recovered: bool,
}

/// What a socket remembers for the sake of faults.
#[derive(Debug, Default)]
pub struct Quirks {
    /// How many message events were answered.
    pub echoes: u64,
    /// How many of them were binary.
    pub binary_echoes: u64,
    /// The attachments of the one before.
    pub last_attachments: Vec<bytes::Bytes>,
    /// An answer held back.
    pub held: Option<Outgoing>,
    /// The first acknowledgement id below 1000000.
    pub first_ack: Option<u64>,
    /// The acknowledgement id of the event before.
    pub last_ack: Option<u64>,
    /// How often each room was joined.
    pub joins: HashMap<String, usize>,
    /// The rooms that were left.
    pub left: HashSet<String>,
    /// The rooms that the last message was for.
    pub last_to: Vec<String>,
    /// How many broadcasts it sent.
    pub broadcasts: u64,
    /// How many volatile events it asked for in a row.
    pub volatile_run: u64,
}

impl Namespace {
    /// A namespace without sockets.
    #[must_use]
    pub fn new(config: &Config, name: &str) -> Self {
        let remember = config.faulty(Fault::LateAckCloses) || config.faulty(Fault::UnknownAckCloses);
        Self {
            name: name.into(),
            sockets: BTreeMap::new(),
            rooms: Rooms::default(),
            acks: Acks::new(remember),
            watchers: BTreeSet::new(),
            ghosts: BTreeMap::new(),
            just_left: None,
            kept: None,
        }
    }

    /// The sockets that an audience is made of, or that a fault makes of it.
    #[must_use]
    pub fn audience(&self, audience: Audience<'_>, fault: Option<Fault>) -> Vec<SocketKey> {
        audience.resolve(fault, &self.rooms, self.sockets.keys().copied())
    }
}
