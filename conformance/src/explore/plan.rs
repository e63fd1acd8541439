//! What several clients do, one step after the other.

use std::fmt;

use super::Shape;
use crate::{scenario::Transport, stage::name_of};

/// A list of steps. Any part of it is legal too: a step that makes no sense where it stands is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who acts.
    pub client: usize,
    /// In which namespace.
    pub namespace: usize,
    /// What it does.
    pub act: Act,
    /// Whether the next step follows without waiting for the answer to this one.
    pub flows: bool,
}

/// What a client can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Opens a connection.
    Open(Transport),
    /// Moves a connection that polls to a WebSocket.
    Upgrade,
    /// Joins the namespace.
    Enter,
    /// Leaves it.
    Exit,
    /// Joins rooms.
    Join(Vec<u8>),
    /// Leaves rooms.
    Leave(Vec<u8>),
    /// Leaves the room that is named after it.
    LeaveOwn,
    /// Emits an event.
    Emit {
        /// To whom.
        to: Audience,
        /// What.
        shape: Shape,
        /// With further operators of the server API.
        with: Operators,
        /// Whether acknowledgements are asked for, and who gives some.
        answers: Option<Answers>,
    },
    /// Sends an event that comes back.
    Echo(Shape),
    /// Sends an event that is acknowledged with what it holds; nothing: not even an argument.
    Ask(Option<Shape>, Id),
    /// Sends an event that nobody listens for.
    Unheard,
    /// Lists sockets.
    Lookup(Audience),
    /// Asks what the server knows of it.
    Session,
    /// Keeps something with its socket.
    Keep(Shape),
    /// Makes others join or leave rooms.
    MoveOthers(Audience, Vec<u8>, bool),
    /// Disconnects others; with their connections.
    RemoveOthers(Audience, bool),
    /// Asks to be disconnected; with its connection.
    Disconnect(bool),
    /// Loses its connection.
    Drop,
    /// Comes back after a loss, over this transport.
    Return(Transport),
}

/// The acknowledgement id that a question carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id {
    /// The next one, counted from 0.
    Next,
    /// One beyond 32 bits.
    Huge,
    /// That of the question before.
    Again,
    /// None: no acknowledgement is asked for.
    None,
}

/// Operators that change how an event is sent, and not to whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Operators {
    /// `volatile`
    pub volatile: bool,
    /// `local`
    pub local: bool,
    /// `compress(false)`
    pub uncompressed: bool,
}

/// Which clients acknowledge; bit N is the client with the number N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// All.
    All,
    /// All but these.
    But(u8),
    /// All, these only when it is too late.
    Late(u8),
}

/// To whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// `via: "server"`
    pub by_server: bool,
    /// `broadcast`
    pub broadcast: bool,
    /// Rooms.
    pub to: Vec<Place>,
    /// Rooms left out.
    pub except: Vec<Place>,
    /// Another namespace.
    pub elsewhere: Option<usize>,
}

/// A room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// One of the play.
    Room(u8),
    /// That which is named after the socket of a client.
    Own(usize),
}

impl Audience {
    /// Just the one that speaks.
    pub fn is_itself(&self) -> bool {
        !self.by_server && !self.broadcast && self.to.is_empty() && self.except.is_empty()
    }
}

impl Plan {
    /// Whether somebody has to be told who leaves.
    pub fn has_leavers(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.act, Act::Exit | Act::Drop))
    }

    /// The transport of the first connection; the others name their own.
    pub fn over(&self) -> Transport {
        let first = self.steps.iter().find_map(|step| match step.act {
            Act::Open(over) => Some(over),
            _ => None,
        });
        first.unwrap_or(Transport::Websocket)
    }

    /// The clients that take part.
    pub fn clients(&self) -> Vec<usize> {
        let mut clients: Vec<usize> = self.steps.iter().map(|step| step.client).collect();
        clients.sort_unstable();
        clients.dedup();
        clients
    }
}

impl Act {
    /// Whether the next step may follow before this one is done.
    pub const fn can_flow(&self) -> bool {
        match self {
            Act::Upgrade
            | Act::Join(_)
            | Act::Leave(_)
            | Act::Echo(_)
            | Act::Ask(..)
            | Act::Lookup(_)
            | Act::Session => true,
            Act::Emit { answers, .. } => answers.is_none(),
            _ => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: {}", name_of(self.client), self.namespace, self.act)?;
        if self.flows { f.write_str(" (and goes on)") } else { Ok(()) }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::Open(over) => write!(f, "opens over {over}"),
            Act::Upgrade => f.write_str("upgrades its connection"),
            Act::Enter => f.write_str("joins the namespace"),
            Act::Exit => f.write_str("leaves the namespace"),
            Act::Join(rooms) => write!(f, "joins rooms {rooms:?}"),
            Act::Leave(rooms) => write!(f, "leaves rooms {rooms:?}"),
            Act::LeaveOwn => f.write_str("leaves its own room"),
            Act::Emit { to, with, answers, .. } => {
                write!(f, "emits {to}")?;
                for (on, name) in
                    [(with.volatile, "volatile"), (with.local, "local"), (with.uncompressed, "uncompressed")]
                {
                    if on {
                        write!(f, ", {name}")?;
                    }
                }
                if answers.is_some() { f.write_str(", asking for acknowledgements") } else { Ok(()) }
            }
            Act::Echo(_) => f.write_str("sends message"),
            Act::Ask(..) => f.write_str("sends message-with-ack"),
            Act::Unheard => f.write_str("sends an event that nobody listens for"),
            Act::Lookup(of) => write!(f, "looks up {of}"),
            Act::Session => f.write_str("asks for its session"),
            Act::Keep(_) => f.write_str("sets its data"),
            Act::MoveOthers(whom, rooms, true) => write!(f, "makes {whom} join rooms {rooms:?}"),
            Act::MoveOthers(whom, rooms, false) => write!(f, "makes {whom} leave rooms {rooms:?}"),
            Act::RemoveOthers(whom, close) => write!(f, "disconnects {whom}, close: {close}"),
            Act::Disconnect(close) => write!(f, "asks to be disconnected, close: {close}"),
            Act::Drop => f.write_str("loses its connection"),
            Act::Return(over) => write!(f, "comes back over {over}"),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.by_server, self.broadcast) {
            (true, _) => "io",
            (_, true) => "socket.broadcast",
            _ => "socket",
        })?;
        if let Some(namespace) = self.elsewhere {
            write!(f, ".of({namespace})")?;
        }
        for (operator, places) in [("to", &self.to), ("except", &self.except)] {
            for place in places {
                match place {
                    Place::Room(room) => write!(f, ".{operator}(r{room})")?,
                    Place::Own(client) => write!(f, ".{operator}({}'s id)", name_of(*client))?,
                }
            }
        }
        Ok(())
    }
}
