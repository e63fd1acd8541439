//! The operators of the Socket.IO API.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use siospec_codec::{json::Json, socket::RESERVED_EVENT_NAMES, typed::ReadError};

use super::{Socket, WriteError, handlers::Handlers, write};
use crate::{
    adapter::Found,
    engine::signals::Manner,
    hub::{Emission, Hub},
    socket::{
        audience::Audience,
        namespace::{NamespaceId, SocketRef},
        value::Value,
    },
};

/// Nobody waits longer; a clock could not count on for ever.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How long [`Operator::ask`] waits unless it is told.
const USUAL_WAIT: Duration = Duration::from_secs(10);

/// Whom something is for, and how it is sent.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until something is done with it"]
pub struct Operator {
    pub(super) app: Arc<Handlers>,
    namespace: Arc<str>,
    /// The socket that speaks.
    speaker: Option<SocketRef>,
    /// Nobody but that one hears it.
    alone: bool,
    to: Vec<String>,
    except: Vec<String>,
    manner: Manner,
    local: bool,
    /// How long answers are waited for, if that was said.
    pub(super) wait: Option<Duration>,
}

impl Operator {
    pub(super) fn all(app: Arc<Handlers>, namespace: &str) -> Self {
        Self {
            app,
            namespace: namespace.into(),
            speaker: None,
            alone: false,
            to: Vec::new(),
            except: Vec::new(),
            manner: Manner::default(),
            local: false,
            wait: None,
        }
    }

    pub(super) fn beside(socket: &Socket) -> Self {
        Self { speaker: Some(socket.at), ..Self::all(socket.app.clone(), socket.namespace()) }
    }

    pub(super) fn only(socket: &Socket) -> Self {
        Self { alone: true, ..Self::beside(socket) }
    }

    /// Only those in this room, or in one of the other rooms that are named; everybody once.
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.alone = false;
        self.to.push(room.into());
        self
    }

    /// The same as [`Operator::to`].
    pub fn within(self, room: impl Into<String>) -> Self {
        self.to(room)
    }

    /// Not those in this room.
    pub fn except(mut self, room: impl Into<String>) -> Self {
        self.alone = false;
        self.except.push(room.into());
        self
    }

    /// Events are dropped for clients to whom they cannot leave at once.
    pub fn volatile(mut self) -> Self {
        self.manner.volatile = true;
        self
    }

    /// Whether events may be compressed where that is agreed; they may, unless told.
    pub fn compress(mut self, compress: bool) -> Self {
        self.manner.compress = compress;
        self
    }

    /// Only sockets of this node of the cluster ([`Config::cluster`](crate::Config::cluster)).
    pub fn local(mut self) -> Self {
        self.alone = false;
        self.local = true;
        self
    }

    /// How long [`Operator::ask`] waits, 10 s unless told; and [`Operator::server_side_ask`], 5 s unless told.
    pub fn timeout(mut self, wait: Duration) -> Self {
        self.wait = Some(wait.min(LONGEST_WAIT));
        self
    }

    /// Sends an event. A tuple is several arguments, `()` none; bytes become attachments.
    ///
    /// # Errors
    ///
    /// The arguments cannot be sent, or the name of the event is a reserved one.
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), WriteError> {
        check_name(event)?;
        let args = write::event(event, &args)?;
        self.app.act(|hub| self.send(hub, Emission { args, manner: self.manner, ack: None }));
        Ok(())
    }

    /// Sends an event, and waits for the acknowledgements of all who are addressed, or until the time is over.
    ///
    /// # Errors
    ///
    /// As [`Operator::emit`], or the server is gone.
    pub async fn ask(&self, event: &str, args: impl Serialize) -> Result<Answers, AskError> {
        check_name(event)?;
        let args = write::event(event, &args)?;
        let (purpose, answers) = self.app.expect_answers();
        let ack = Some((purpose, self.wait.unwrap_or(USUAL_WAIT)));
        let asked = self.app.act(|hub| {
            let there = self.place(hub).is_some();
            self.send(hub, Emission { args, manner: self.manner, ack });
            there
        });
        if !asked {
            self.app.give_up(purpose);
        }
        self.app.unless_stopped(answers).await.ok_or(AskError::TimedOut)
    }

    /// The addressed sockets, on all nodes.
    ///
    /// # Errors
    ///
    /// Other nodes of the cluster did not answer in time.
    pub async fn sockets(&self) -> Result<Vec<RemoteSocket>, NodesMissing> {
        if self.alone
            && let Some(speaker) = self.speaker
        {
            let found = self.app.act(|hub| hub.found(speaker));
            return Ok(found.into_iter().map(RemoteSocket).collect());
        }
        let (purpose, found) = self.app.expect_found();
        self.app.act(|hub| match self.place(hub) {
            Some(namespace) => hub.find(namespace, self.audience(), purpose),
            None => self.app.stop_finding(purpose),
        });
        // Where nobody tells, there is no such namespace, or the server is gone.
        let found = self.app.unless_stopped(found).await.unwrap_or_else(|| Ok(Vec::new()));
        found.map(|found| found.into_iter().map(RemoteSocket).collect()).map_err(NodesMissing)
    }

    /// Lets the addressed sockets join rooms.
    pub fn join(&self, rooms: impl IntoIterator<Item = impl AsRef<str>>) {
        let rooms: Vec<_> = rooms.into_iter().map(|room| room.as_ref().to_owned()).collect();
        self.app.act(|hub| match (self.alone_at(), self.place(hub)) {
            (Some(at), _) => rooms.iter().for_each(|room| hub.join_room(at, room)),
            (None, Some(namespace)) => hub.join_all(namespace, self.audience(), &rooms),
            (None, None) => {}
        });
    }

    /// Lets the addressed sockets leave rooms.
    pub fn leave(&self, rooms: impl IntoIterator<Item = impl AsRef<str>>) {
        let rooms: Vec<_> = rooms.into_iter().map(|room| room.as_ref().to_owned()).collect();
        self.app.act(|hub| match (self.alone_at(), self.place(hub)) {
            (Some(at), _) => rooms.iter().for_each(|room| hub.leave_room(at, room)),
            (None, Some(namespace)) => hub.leave_all(namespace, self.audience(), &rooms),
            (None, None) => {}
        });
    }

    /// Removes the addressed sockets from the namespace; with `close` their connections end.
    pub fn disconnect(&self, close: bool) {
        self.app.act(|hub| match (self.alone_at(), self.place(hub)) {
            (Some(at), _) => hub.disconnect(at, close),
            (None, Some(namespace)) => hub.disconnect_all(namespace, self.audience(), close),
            (None, None) => {}
        });
    }

    /// The socket, if it is the only one addressed.
    fn alone_at(&self) -> Option<SocketRef> {
        self.speaker.filter(|_| self.alone)
    }

    pub(super) fn place(&self, hub: &mut Hub) -> Option<NamespaceId> {
        hub.namespace_of_cluster(&self.namespace)
    }

    fn audience(&self) -> Audience<'_> {
        let without = self.speaker.map(|socket| socket.key);
        Audience { to: &self.to, except: &self.except, without, local: self.local }
    }

    fn send(&self, hub: &mut Hub, emission: Emission) {
        match (self.alone_at(), self.place(hub)) {
            (Some(at), _) => hub.emit(at, emission),
            (None, Some(namespace)) => hub.broadcast(namespace, self.audience(), emission),
            (None, None) => {}
        }
    }
}

pub(super) fn check_name(event: &str) -> Result<(), WriteError> {
    match RESERVED_EVENT_NAMES.contains(&event) {
        true => Err(WriteError::new(format!("{event:?} is a reserved event name"))),
        false => Ok(()),
    }
}

/// What clients acknowledged.
#[derive(Clone, Debug)]
pub struct Answers {
    /// One of each client that answered in time, in the order they came.
    pub responses: Vec<Answer>,
    /// Whether the time was over before all had answered.
    pub timed_out: bool,
}

/// The first value that a client, or another node, acknowledged with; null if there was none.
#[derive(Clone, Debug)]
pub struct Answer(pub(super) Value);

impl Answer {
    /// Reads it into a type.
    ///
    /// # Errors
    ///
    /// It does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        Json::parse(self.0.as_json()).expect("values are JSON").read_with(self.0.attachments())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskError {
    /// What was to be asked cannot be sent.
    Write(WriteError),
    /// No answer came in time, or none can come any more.
    TimedOut,
}

impl From<WriteError> for AskError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(error) => error.fmt(f),
            Self::TimedOut => f.write_str("no acknowledgement came in time"),
        }
    }
}

impl Error for AskError {}

/// So many nodes of a cluster did not say in time which sockets they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodesMissing(pub usize);

impl fmt::Display for NodesMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} nodes of the cluster did not answer in time", self.0)
    }
}

impl Error for NodesMissing {}

/// A socket as another one sees it, on whatever node.
#[derive(Clone, Debug)]
pub struct RemoteSocket(Found);

impl RemoteSocket {
    /// Its id, which is the name of its own room.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The rooms it is in.
    #[must_use]
    pub fn rooms(&self) -> &[String] {
        &self.0.rooms
    }

    /// What is kept with it.
    ///
    /// # Errors
    ///
    /// It does not fit the type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        let data = &self.0.data;
        Json::parse(data.as_json()).expect("values are JSON").read_with(data.attachments())
    }
}
