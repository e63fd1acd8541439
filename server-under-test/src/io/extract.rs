//! What handlers take from messages.

use std::{error::Error, fmt, sync::Arc};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use siospec_codec::{json::Json, socket::Args as Values};

use super::{Io, Operator, Socket, WriteError, handlers::Handlers, server_side, write};
use crate::{engine::signals, hub::AskingNode, socket::namespace::SocketRef};

/// Why something cannot be taken from a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(pub(super) String);

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Rejection {}

/// What a handler is called for.
#[derive(Debug)]
pub struct Message {
    pub(super) app: Arc<Handlers>,
    pub(super) namespace: Arc<str>,
    /// None before there is a socket, or where another node speaks.
    pub(super) socket: Option<Socket>,
    pub(super) query: Arc<crate::engine::admission::Query>,
    pub(super) auth: Option<Arc<str>>,
    pub(super) cause: Cause,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Cause {
    Applies,
    Joined,
    /// A client sent an event.
    Event(Call),
    /// Another node sent an event, which no client sees.
    ServerSide(Call),
    Left {
        reason: signals::Reason,
        rooms: Vec<String>,
    },
}

/// An event.
#[derive(Debug)]
pub(super) struct Call {
    /// A list that begins with its name.
    pub(super) args: String,
    pub(super) attachments: Vec<Bytes>,
    pub(super) asker: Option<Asker>,
}

/// Who waits for an acknowledgement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asker {
    /// A client, which knows the question by this number.
    Client(SocketRef, u64),
    Node(AskingNode),
}

/// Something that is taken from a message.
pub trait FromMessage: Sized {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// The message does not have it.
    fn from_message(message: &Message) -> Result<Self, Rejection>;
}

fn rejected<T>(why: impl fmt::Display) -> Result<T, Rejection> {
    Err(Rejection(why.to_string()))
}

impl Message {
    fn call(&self) -> Option<&Call> {
        match &self.cause {
            Cause::Event(call) | Cause::ServerSide(call) => Some(call),
            Cause::Applies | Cause::Joined | Cause::Left { .. } => None,
        }
    }

    fn values(&self) -> Result<(Values<'_>, &[Bytes]), Rejection> {
        match self.call() {
            Some(call) => {
                Ok((Values::new(&call.args).expect("the arguments of an event"), &call.attachments))
            }
            None => rejected("only events have arguments"),
        }
    }

    fn needs_client(&self) -> Result<(), Rejection> {
        match self.cause {
            Cause::ServerSide(_) => rejected("another node speaks, and no client"),
            _ => Ok(()),
        }
    }
}

/// The socket that it is about. There is none before a client has joined, and none where another node speaks.
impl FromMessage for Socket {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        message.needs_client()?;
        message.socket.clone().map_or_else(|| rejected("there is no socket yet"), Ok)
    }
}

/// The whole server.
impl FromMessage for Io {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        Ok(Io::new(message.app.clone()))
    }
}

/// Everybody in the namespace that it is about.
impl FromMessage for Operator {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        Ok(Self::all(message.app.clone(), &message.namespace))
    }
}

/// The first argument of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<T>(pub T);

impl<T: DeserializeOwned> FromMessage for Data<T> {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        let (values, attachments) = message.values()?;
        match values.read_at_with(1, attachments) {
            Some(read) => read.map(Self).or_else(rejected),
            None => rejected("an argument lacks"),
        }
    }
}

/// All arguments of an event, usually as a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Args<T>(pub T);

impl<T: DeserializeOwned> FromMessage for Args<T> {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        let (values, attachments) = message.values()?;
        values.read_event_with(attachments).map(Self).or_else(rejected)
    }
}

/// The name of an event; of one whose name is a number, its digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName(pub String);

impl FromMessage for EventName {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        Ok(Self(name_of(message.values()?.0)))
    }
}

pub(super) fn name_of(values: Values<'_>) -> String {
    match values.event_name() {
        Some(siospec_codec::socket::EventName::Text(name)) => name.unescape().into_owned(),
        _ => values.iter().next().map(|name| name.as_str().to_owned()).unwrap_or_default(),
    }
}

/// The client or the node that sent the event waits for an acknowledgement. An event for which it does not has none: take
/// an `Option<Ack>`.
#[derive(Debug)]
#[must_use = "somebody waits for it"]
pub struct Ack {
    app: Arc<Handlers>,
    asker: Asker,
}

impl Ack {
    /// Acknowledges. A tuple is several values, of which another node is told the first only; `()` is none.
    ///
    /// # Errors
    ///
    /// The values cannot be sent.
    pub fn send(self, values: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
        match self.asker {
            Asker::Client(socket, id) => {
                let values = write::answer(values)?;
                self.app.act(|hub| hub.acknowledge(socket, id, values));
            }
            Asker::Node(node) => {
                let value = server_side::answer(values)?;
                self.app.act(|hub| hub.answer_node(node, value));
            }
        }
        Ok(())
    }
}

impl FromMessage for Ack {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        match message.call().and_then(|call| call.asker) {
            Some(asker) => Ok(Self { app: message.app.clone(), asker }),
            None => rejected("nobody wants an acknowledgement"),
        }
    }
}

/// What the client sent with CONNECT; `{}` if it sent nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<T>(pub T);

impl<T: DeserializeOwned> FromMessage for Auth<T> {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        message.needs_client()?;
        let auth = Json::parse(message.auth.as_deref().unwrap_or("{}")).expect("a packet is JSON");
        auth.read().map(Self).or_else(|error| rejected(format_args!("the payload of CONNECT: {error}")))
    }
}

/// The parameters of the first request of the connection.
#[derive(Clone, Debug)]
pub struct Query(Arc<crate::engine::admission::Query>);

impl Query {
    /// The value of a parameter; of several the last.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }
}

impl FromMessage for Query {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        message.needs_client()?;
        Ok(Self(message.query.clone()))
    }
}

/// Why a socket goes: `transport close`, `ping timeout`, `client namespace disconnect` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(signals::Reason);

impl Reason {
    /// The name that socket.io 4.8 gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl FromMessage for Reason {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        match message.cause {
            Cause::Left { reason, .. } => Ok(Self(reason)),
            _ => rejected("the socket does not go"),
        }
    }
}

/// The rooms in which a socket was when it went, its own among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rooms(pub Vec<String>);

impl FromMessage for Rooms {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        match &message.cause {
            Cause::Left { rooms, .. } => Ok(Self(rooms.clone())),
            _ => rejected("the socket does not go"),
        }
    }
}

/// What the application was given with [`App::state`](super::App::state).
#[derive(Debug)]
pub struct State<T>(pub Arc<T>);

impl<T: Send + Sync + 'static> FromMessage for State<T> {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        match message.app.state() {
            Some(state) => Ok(Self(state)),
            None => {
                rejected(format_args!("the application has no state of type {}", std::any::type_name::<T>()))
            }
        }
    }
}

impl<T: FromMessage> FromMessage for Option<T> {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        Ok(T::from_message(message).ok())
    }
}

impl<T: FromMessage> FromMessage for Result<T, Rejection> {
    fn from_message(message: &Message) -> Result<Self, Rejection> {
        Ok(T::from_message(message))
    }
}
