//! What runs on top of the hub.

pub(crate) mod engine_echo;
pub(crate) mod testee;

use std::fmt;

use bytes::Bytes;
use siospec_codec::{json::Json, socket::Args};

use crate::{
    adapter::Found,
    engine::{
        admission::Query,
        signals::{Manner, Reason},
    },
    hub::{AskingNode, Emission, Hub},
    socket::{
        acks::Collected,
        namespace::{AckPurpose, FindPurpose, NamespaceId, SessionId, SocketRef},
        value::{Composer, Value},
    },
};

/// An application. The hub asks and tells it, and must not be kept waiting.
pub(crate) trait Application: fmt::Debug + Send + Sync {
    /// The namespaces that exist from the start; the first is the main one.
    fn namespaces(&self) -> Vec<&str>;

    /// Whether a namespace of this name comes into being on first use.
    fn is_dynamic(&self, name: &str) -> bool;

    /// Whether a client may join a namespace.
    fn admit(&self, applicant: &Applicant<'_>) -> Admission;

    /// A socket joined.
    fn on_connection(&self, hub: &mut Hub, socket: SocketRef);

    /// A socket goes; it is still in its rooms.
    fn on_disconnecting(&self, hub: &mut Hub, socket: SocketRef, reason: Reason);

    /// A client sent an event.
    fn on_event(&self, hub: &mut Hub, socket: SocketRef, event: Event<'_>);

    /// Another node sent an event to this one, for no client: a list that begins with its name. Whoever asks is to be told
    /// with [`Hub::answer_node`].
    fn on_server_side(&self, hub: &mut Hub, namespace: NamespaceId, args: Value, asker: Option<AskingNode>);

    /// Clients or nodes answered what they were asked, or did not in time.
    fn on_answers(&self, hub: &mut Hub, collected: Collected<AckPurpose>, timed_out: bool);

    /// The sockets that were looked for; or so many nodes did not answer in time.
    fn on_found(&self, hub: &mut Hub, purpose: FindPurpose, found: Result<Vec<Found>, usize>);

    /// Whether messages are for the application as they are, without Socket.IO.
    fn is_raw(&self) -> bool {
        false
    }
}

/// A client that wants to join a namespace.
#[derive(Debug)]
pub(crate) struct Applicant<'a> {
    pub(crate) session: SessionId,
    pub(crate) namespace: &'a str,
    /// The CONNECT payload, if it sent one.
    pub(crate) auth: Option<&'a str>,
    /// The parameters of the first request of its connection.
    pub(crate) query: &'a Query,
    /// It was refused before; only with a fault that remembers.
    pub(crate) refused_before: bool,
}

/// What becomes of an applicant.
#[derive(Debug)]
pub(crate) enum Admission {
    Granted,
    Refused(Refusal),
    /// [`Hub::admitted`] follows.
    Pending,
}

/// A middleware said no.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    /// JSON.
    pub(crate) data: Option<String>,
}

/// An event of a client.
pub(crate) struct Event<'a> {
    /// Its name and what follows.
    pub(crate) args: Args<'a>,
    /// The id under which the client wants an acknowledgement.
    pub(crate) ack: Option<u64>,
    pub(crate) attachments: &'a [Bytes],
}

impl<'a> Event<'a> {
    /// What follows the name.
    fn values(&self) -> impl Iterator<Item = Json<'a>> {
        self.args.iter().skip(1)
    }

    /// What follows the name, as a list.
    fn rest(&self) -> Value {
        let mut list = Composer::default();
        list.raw("[");
        self.add_rest(&mut list, false);
        list.raw("]").finish()
    }

    fn add_rest(&self, list: &mut Composer, mut comma: bool) {
        if self.attachments.is_empty() {
            return self.add_rest_as_it_is(list, comma);
        }
        for value in self.values() {
            if comma {
                list.raw(",");
            }
            comma = true;
            list.part(value.as_str(), self.attachments);
        }
    }

    /// Without attachments nothing needs to be numbered anew.
    fn add_rest_as_it_is(&self, list: &mut Composer, comma: bool) {
        let args = self.args.as_str();
        let Some(name) = self.args.iter().next().map(Json::as_str) else { return };
        // Both are parts of the same text.
        let end = name.as_ptr().addr() + name.len() - args.as_ptr().addr();
        let rest = args[end..args.len() - 1].trim_start();
        match rest.strip_prefix(',') {
            Some(rest) if !comma => list.raw(rest),
            _ => list.raw(rest),
        };
    }
}

/// An event of the application itself.
fn emission<'a>(event: &str, args: impl IntoIterator<Item = &'a Value>) -> Emission {
    let mut list = Composer::default();
    list.raw("[").string(event);
    for arg in args {
        list.raw(",").value(arg);
    }
    Emission { args: list.raw("]").finish(), manner: Manner::default(), ack: None }
}
