//! What a history is made of.

use std::time::Duration;

use serde_json::Value;

use super::Address;

/// Number of a socket: one stay of one client in one namespace.
pub type SocketId = usize;
/// Number of a call.
pub type CallId = usize;

/// What was done and seen, in the order it was seen at our end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The entries.
    pub entries: Vec<Entry>,
    /// What is known of the server and changes what has to be.
    pub traits: Traits,
}

/// What changes what has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Each socket is in a room that is named after it.
    pub own_rooms: bool,
    /// Lost sessions come back.
    pub recovers: bool,
    /// New sockets are greeted with the payload of their CONNECT.
    pub greets: bool,
}

/// One thing that was done or seen, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Time since the history began.
    pub at: Duration,
    /// What it was.
    pub record: Record,
}

/// What can be done and seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A client asks for a namespace; the socket is new.
    Connects {
        /// The socket to be.
        socket: SocketId,
        /// Whose it is.
        client: usize,
        /// Where.
        namespace: String,
        /// The payload that it is greeted with.
        auth: Value,
        /// Whether its connection is a WebSocket, which takes volatile events at any time.
        prompt: bool,
    },
    /// It is let in, under this id.
    Connected {
        /// The socket.
        socket: SocketId,
        /// Its id.
        sid: String,
        /// The id by which it can come back, if it got one.
        pid: Option<String>,
    },
    /// The application greets it.
    Greeted {
        /// The socket.
        socket: SocketId,
        /// The greeting's arguments.
        args: Vec<Value>,
    },
    /// Its client leaves the namespace.
    Leaves {
        /// The socket.
        socket: SocketId,
    },
    /// From here on its connection may be lost.
    Fades {
        /// The socket.
        socket: SocketId,
    },
    /// It is not there any more.
    Gone {
        /// The socket.
        socket: SocketId,
    },
    /// Its client asks for it again after a loss.
    Returns {
        /// The socket.
        socket: SocketId,
    },
    /// It is back, as the one it was.
    Recovered {
        /// The socket.
        socket: SocketId,
        /// The id by which it can come back again.
        pid: Option<String>,
    },
    /// It was asked for in time, and the server made another of it.
    Refused {
        /// The socket.
        socket: SocketId,
    },
    /// The whole connection of a client is closed.
    Closed {
        /// The client.
        client: usize,
    },
    /// A socket asks the server for something.
    Calls {
        /// Its number.
        call: CallId,
        /// Who asks.
        by: SocketId,
        /// What for.
        what: Call,
    },
    /// The acknowledgement of a call.
    Answered {
        /// Of which.
        call: CallId,
        /// Its values.
        values: Vec<Value>,
    },
    /// It is known that no acknowledgement of a call comes.
    Unanswered {
        /// Of which.
        call: CallId,
    },
    /// An acknowledgement that no call waits for.
    Stray {
        /// Who got it.
        client: usize,
        /// In which namespace.
        namespace: String,
        /// Its id.
        id: u64,
        /// Its values.
        values: Vec<Value>,
    },
    /// An event arrives.
    Hears {
        /// At whom.
        client: usize,
        /// In which namespace.
        namespace: String,
        /// The socket that the client has there, or asks for.
        socket: Option<SocketId>,
        /// The number of the emission, its first argument; nothing if it cannot be read.
        uid: Option<u64>,
        /// The other arguments.
        args: Vec<Value>,
        /// Whether an offset stood behind them.
        offset: bool,
    },
    /// A socket that asked to be told who comes is told so.
    Told {
        /// Who is told.
        socket: SocketId,
        /// The id of the one that came.
        sid: String,
    },
    /// A socket acknowledges an event.
    Replies {
        /// Who.
        socket: SocketId,
        /// Which emission.
        uid: u64,
        /// With this value.
        value: Value,
    },
    /// Everything that could still come has been waited for.
    Waited,
    /// Something that is no packet arrives.
    Garbled {
        /// At whom.
        client: usize,
        /// What it is.
        what: String,
    },
}

/// What a socket can ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Emit an event.
    Emit(Emission),
    /// Send the event back; the call itself is not answered.
    Echo(Emission),
    /// Acknowledge these values.
    Ask {
        /// The values.
        values: Vec<Value>,
        /// Whether an acknowledgement is asked for at all.
        asks: bool,
    },
    /// Join rooms, or leave them.
    Move {
        /// Which sockets; nothing: the one that asks.
        whom: Option<Address>,
        /// Which rooms.
        rooms: Vec<String>,
        /// Join or leave.
        join: bool,
    },
    /// Disconnect sockets.
    Remove {
        /// Which; nothing: the one that asks.
        whom: Option<Address>,
        /// Their connections too.
        close: bool,
    },
    /// List sockets.
    Lookup(Address),
    /// What the socket is.
    Session,
    /// Keep something with the socket.
    Keep(Value),
    /// Be told who comes and goes.
    Watch,
    /// Lose the connection; the answer may be lost with it.
    Drop,
    /// What has been sent to the socket before is to arrive before the answer.
    Fence,
}

/// An event on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Emission {
    /// Its number, which is unlike any other's.
    pub uid: u64,
    /// Where.
    pub namespace: String,
    /// For whom.
    pub address: Address,
    /// It may be dropped.
    pub volatile: bool,
    /// The time for acknowledgements, if it asks for some.
    pub asks: Option<Duration>,
    /// Its arguments behind the number.
    pub args: Vec<Value>,
}

impl Default for Traits {
    /// A server that keeps every promise, without recovery.
    fn default() -> Self {
        Self { own_rooms: true, recovers: false, greets: true }
    }
}

impl History {
    /// What a call asks for.
    pub fn call(&self, number: CallId) -> Option<&Call> {
        self.entries.iter().rev().find_map(|entry| match &entry.record {
            Record::Calls { call, what, .. } if *call == number => Some(what),
            _ => None,
        })
    }

    /// Adds an entry.
    pub fn push(&mut self, at: Duration, record: Record) {
        self.entries.push(Entry { at, record });
    }
}
