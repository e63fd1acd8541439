//! Handles: one socket, and the server as a whole.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use siospec_codec::json::Json;

use super::{
    Answer, AskError, Operator, ServerSideError, WriteError,
    extract::{Cause, Message},
    handlers::Handlers,
    operator::check_name,
    write,
};
use crate::{
    engine::{
        admission::Query,
        signals::{Manner, Transport},
    },
    hub::Emission,
    socket::namespace::SocketRef,
};

/// A client in a namespace. Copies are the same socket; once it is gone, what is done with it has no effect.
#[derive(Clone)]
pub struct Socket {
    pub(super) app: Arc<Handlers>,
    pub(super) at: SocketRef,
    namespace: Arc<str>,
    id: Arc<str>,
    auth: Option<Arc<str>>,
    query: Arc<Query>,
}

impl Socket {
    pub(super) fn new(
        app: Arc<Handlers>,
        at: SocketRef,
        namespace: Arc<str>,
        id: &str,
        auth: Option<&str>,
        query: Query,
    ) -> Self {
        Self { app, at, namespace, id: id.into(), auth: auth.map(Into::into), query: Arc::new(query) }
    }

    pub(super) fn message(&self, cause: Cause) -> Message {
        Message {
            app: self.app.clone(),
            namespace: self.namespace.clone(),
            socket: Some(self.clone()),
            query: self.query.clone(),
            auth: self.auth.clone(),
            cause,
        }
    }

    /// Its id in this namespace, which the client knows as well. A room of this name holds just this socket.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether it is still there.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.app.act(|hub| hub.socket(self.at).is_some())
    }

    /// Whether it came back after the loss of its connection: it has its rooms and its data, and its client is sent
    /// what it missed.
    #[must_use]
    pub fn recovered(&self) -> bool {
        self.app.act(|hub| {
            hub.socket(self.at)
                .and_then(|socket| socket.ticket.as_ref())
                .is_some_and(|ticket| ticket.recovered)
        })
    }

    /// `polling` or `websocket`; none once it is gone.
    #[must_use]
    pub fn transport(&self) -> Option<&'static str> {
        self.app.act(|hub| hub.handshake(self.at).map(|(transport, _)| Transport::name(transport)))
    }

    /// Sends an event to this client. A tuple is several arguments, `()` none; bytes become attachments.
    ///
    /// # Errors
    ///
    /// The arguments cannot be sent, or the name of the event is a reserved one.
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), WriteError> {
        check_name(event)?;
        let args = write::event(event, &args)?;
        self.app.act(|hub| hub.emit(self.at, Emission { args, manner: Manner::default(), ack: None }));
        Ok(())
    }

    /// Sends an event to this client, and waits for its acknowledgement: the first value of it.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`], or no acknowledgement came in time.
    pub async fn ask(&self, event: &str, args: impl Serialize, wait: Duration) -> Result<Answer, AskError> {
        check_name(event)?;
        let args = write::event(event, &args)?;
        let (purpose, answers) = self.app.expect_answers();
        self.app.act(|hub| {
            if hub.socket(self.at).is_none() {
                return self.app.give_up(purpose);
            }
            hub.emit(self.at, Emission { args, manner: Manner::default(), ack: Some((purpose, wait)) });
        });
        let answers = answers.await.map_err(|_| AskError::TimedOut)?;
        answers.responses.into_iter().next().ok_or(AskError::TimedOut)
    }

    /// Everybody else in the namespace.
    pub fn broadcast(&self) -> Operator {
        Operator::beside(self)
    }

    /// Everybody else in a room. To several rooms: [`Operator::to`].
    pub fn to(&self, room: impl Into<String>) -> Operator {
        self.broadcast().to(room)
    }

    /// Everybody else, but for those in a room.
    pub fn except(&self, room: impl Into<String>) -> Operator {
        self.broadcast().except(room)
    }

    /// This client alone; an event is dropped if it cannot leave at once.
    pub fn volatile(&self) -> Operator {
        Operator::only(self).volatile()
    }

    /// This client alone; an event is not compressed if `compress` is false, whatever the connection could do.
    pub fn compress(&self, compress: bool) -> Operator {
        Operator::only(self).compress(compress)
    }

    /// Joins rooms.
    pub fn join(&self, rooms: impl IntoIterator<Item = impl AsRef<str>>) {
        self.app.act(|hub| rooms.into_iter().for_each(|room| hub.join_room(self.at, room.as_ref())));
    }

    /// Leaves rooms.
    pub fn leave(&self, rooms: impl IntoIterator<Item = impl AsRef<str>>) {
        self.app.act(|hub| rooms.into_iter().for_each(|room| hub.leave_room(self.at, room.as_ref())));
    }

    /// The rooms it is in, its own among them.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.app.act(|hub| {
            hub.namespace(self.at.namespace)
                .rooms
                .of(self.at.key)
                .into_iter()
                .map(ToOwned::to_owned)
                .collect()
        })
    }

    /// Keeps something with the socket; [`Operator::sockets`] shows it.
    ///
    /// # Errors
    ///
    /// The data cannot be JSON.
    pub fn set_data(&self, data: &impl Serialize) -> Result<(), WriteError> {
        let data = write::value(data)?;
        self.app.act(|hub| {
            if let Some(socket) = hub.socket_mut(self.at) {
                socket.data = data;
            }
        });
        Ok(())
    }

    /// What is kept with the socket; none if it does not fit the type, or the socket is gone.
    #[must_use]
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        let data = self.app.act(|hub| hub.socket(self.at).map(|socket| socket.data.clone()))?;
        Json::parse(data.as_json()).expect("values are JSON").read_with(data.attachments()).ok()
    }

    /// Removes the socket from its namespace; with `close` the whole connection ends.
    pub fn disconnect(&self, close: bool) {
        self.app.act(|hub| hub.disconnect(self.at, close));
    }

    /// The whole server.
    #[must_use]
    pub fn io(&self) -> Io {
        Io::new(self.app.clone())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// A server as a whole.
#[derive(Clone, Debug)]
pub struct Io {
    app: Arc<Handlers>,
}

impl Io {
    pub(crate) fn new(app: Arc<Handlers>) -> Self {
        Self { app }
    }

    /// Everybody in a namespace.
    pub fn of(&self, namespace: &str) -> Operator {
        Operator::all(self.app.clone(), namespace)
    }

    /// Everybody in a room of the main namespace.
    pub fn to(&self, room: impl Into<String>) -> Operator {
        self.of("/").to(room)
    }

    /// Everybody in the main namespace, but for those in a room.
    pub fn except(&self, room: impl Into<String>) -> Operator {
        self.of("/").except(room)
    }

    /// Sends an event to everybody in the main namespace.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`].
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), WriteError> {
        self.of("/").emit(event, args)
    }

    /// Sends an event to the other nodes of the cluster, for their handlers in the main namespace.
    ///
    /// # Errors
    ///
    /// As [`Operator::server_side_emit`].
    pub fn server_side_emit(&self, event: &str, args: impl Serialize) -> Result<(), WriteError> {
        self.of("/").server_side_emit(event, args)
    }

    /// As [`Operator::server_side_ask`], for the main namespace.
    ///
    /// # Errors
    ///
    /// As [`Operator::server_side_ask`].
    pub async fn server_side_ask(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Vec<Answer>, ServerSideError> {
        self.of("/").server_side_ask(event, args).await
    }
}
