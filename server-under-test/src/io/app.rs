//! What an application is made of.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use super::handler::{Admit, Admitting, Before, Checking, Handler, Handling};

/// An application: its namespaces, and what they share.
#[derive(Default)]
pub struct App {
    pub(super) namespaces: Vec<Arc<Namespace>>,
    pub(super) state: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl App {
    /// An application without namespaces. The main one is there all the same: nobody is turned away from it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a namespace. Of several that fit a name the first one counts, those with a fixed name before others.
    #[must_use]
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespaces.push(Arc::new(namespace));
        self
    }

    /// Something that handlers get as [`State`](super::State); one of each type.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.state.insert(TypeId::of::<T>(), Arc::new(state));
        self
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("namespaces", &self.namespaces).finish_non_exhaustive()
    }
}

/// Which namespaces the handlers are for.
pub(super) enum Pattern {
    Name(String),
    Matching(Box<dyn Fn(&str) -> bool + Send + Sync>),
}

/// A namespace and its handlers, or a family of namespaces that come into being when a client asks for one.
pub struct Namespace {
    pub(super) pattern: Pattern,
    pub(super) admit: Vec<Admitting>,
    pub(super) before: Vec<Checking>,
    pub(super) connect: Vec<Handling>,
    pub(super) events: HashMap<String, Vec<Handling>>,
    pub(super) any: Vec<Handling>,
    pub(super) server_side: HashMap<String, Vec<Handling>>,
    pub(super) disconnect: Vec<Handling>,
}

impl Namespace {
    /// The namespace of this name; a slash is put in front where it lacks.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let name = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
        Self::of(Pattern::Name(name))
    }

    /// Every namespace whose name, with its slash, fits.
    #[must_use]
    pub fn matching(fits: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::of(Pattern::Matching(Box::new(fits)))
    }

    fn of(pattern: Pattern) -> Self {
        Self {
            pattern,
            admit: Vec::new(),
            before: Vec::new(),
            connect: Vec::new(),
            events: HashMap::new(),
            any: Vec::new(),
            server_side: HashMap::new(),
            disconnect: Vec::new(),
        }
    }

    /// A middleware: decides whether a client may join, before there is a socket. Several are asked one after the
    /// other, until one refuses.
    #[must_use]
    pub fn admit<M>(mut self, middleware: impl Admit<M>) -> Self {
        self.admit.push(middleware.erase());
        self
    }

    /// A middleware of sockets: sees every event before its handlers, which do not see it if this one refuses.
    #[must_use]
    pub fn before<M>(mut self, middleware: impl Before<M>) -> Self {
        self.before.push(middleware.erase());
        self
    }

    /// Runs when a client has joined, before any of its events.
    #[must_use]
    pub fn connect<M>(mut self, handler: impl Handler<M>) -> Self {
        self.connect.push(handler.erase());
        self
    }

    /// Runs for every event of this name.
    #[must_use]
    pub fn on<M>(mut self, event: &str, handler: impl Handler<M>) -> Self {
        self.events.entry(event.to_owned()).or_default().push(handler.erase());
        self
    }

    /// Runs for every event, before the handlers of its name.
    #[must_use]
    pub fn on_any<M>(mut self, handler: impl Handler<M>) -> Self {
        self.any.push(handler.erase());
        self
    }

    /// Runs for every event of this name that another node of the cluster sends with
    /// [`Operator::server_side_emit`](super::Operator::server_side_emit) or `server_side_ask`.
    ///
    /// No client has to do with it: what a client has cannot be taken from the message, and the middlewares do not see it.
    /// The node that asks waits for [`Ack::send`](super::Ack::send) in vain where no handler calls it, or where there is
    /// none of this name.
    #[must_use]
    pub fn on_server_side<M>(mut self, event: &str, handler: impl Handler<M>) -> Self {
        self.server_side.entry(event.to_owned()).or_default().push(handler.erase());
        self
    }

    /// Runs when a socket goes, whoever ends it; with [`Reason`](super::Reason) and [`Rooms`](super::Rooms), those it
    /// was in until then.
    #[must_use]
    pub fn disconnect<M>(mut self, handler: impl Handler<M>) -> Self {
        self.disconnect.push(handler.erase());
        self
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.pattern {
            Pattern::Name(name) => name,
            Pattern::Matching(_) => "matching",
        };
        f.debug_struct("Namespace")
            .field("name", &name)
            .field("events", &self.events.keys())
            .finish_non_exhaustive()
    }
}
