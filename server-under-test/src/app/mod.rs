//! The application of the testee contract, version 1: a remote control for the server it runs on.

mod address;
mod command;
mod echo;
mod wrong;

use bytes::Bytes;
use siospec_codec::{
    json::Json,
    socket::{Args, EventName},
};

pub(crate) use echo::release_echo;

use crate::{
    engine::signals::Reason,
    fault::Fault,
    hub::{Emission, Hub},
    socket::{
        acks::Collected,
        namespace::{AckPurpose, SocketRef},
        value::{Composer, Value},
    },
};

/// The namespaces that exist from the start.
pub(crate) const NAMESPACES: [&str; 3] = ["/", "/custom", "/auth"];

/// Whether a namespace of this name comes into being on first use.
pub(crate) fn is_dynamic(name: &str) -> bool {
    name.strip_prefix("/dynamic-")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()))
}

/// A middleware said no.
pub(crate) struct Refusal {
    pub(crate) message: &'static str,
    /// JSON.
    pub(crate) data: &'static str,
}

/// Whether a client with this CONNECT payload may join the namespace.
pub(crate) fn admit(namespace: &str, auth: Option<&str>, refused_before: bool) -> Result<(), Refusal> {
    let auth = auth.and_then(|auth| Json::parse(auth).ok());
    let token = auth.and_then(|auth| auth.get("token")).and_then(Json::as_json_str);
    let may = namespace != "/auth" || token.is_some_and(|token| token.unescape() == "open sesame");
    match may && !refused_before {
        true => Ok(()),
        false => Err(Refusal { message: "not authorized", data: r#"{"code":"E_AUTH"}"# }),
    }
}

/// A socket joined.
pub(crate) fn on_connection(hub: &mut Hub, socket: SocketRef) {
    let Some((id, auth)) = hub.socket(socket).map(|it| (it.id.clone(), Value::json(&*it.auth))) else {
        return;
    };
    let recovered = is_recovered(hub, socket);
    if !recovered {
        hub.emit(socket, emission("auth", [&auth]));
    }
    if recovered && hub.config().faulty(Fault::RecoveredUnannounced) {
        return;
    }
    let mut arrived = Composer::default();
    arrived.string(&id);
    tell_watchers(hub, socket, "arrived", &[&arrived.finish()]);
}

/// Whether a socket has come back after the loss of its connection.
fn is_recovered(hub: &Hub, socket: SocketRef) -> bool {
    let ticket = hub.socket(socket).and_then(|socket| socket.ticket.as_ref());
    ticket.is_some_and(|ticket| ticket.recovered)
}

/// A socket goes; it is still in its rooms.
pub(crate) fn on_disconnecting(hub: &mut Hub, socket: SocketRef, reason: Reason) {
    let Some(id) = hub.socket(socket).map(|it| it.id.clone()) else { return };
    let (mut name, mut why, mut left) = (Composer::default(), Composer::default(), Composer::default());
    name.string(&id);
    why.string(reason.name());
    left.strings(hub.namespace(socket.namespace).rooms.of(socket.key));
    tell_watchers(hub, socket, "left", &[&name.finish(), &why.finish(), &left.finish()]);
}

fn tell_watchers(hub: &mut Hub, about: SocketRef, event: &str, args: &[&Value]) {
    let watchers: Vec<_> =
        hub.namespace(about.namespace).watchers.iter().copied().filter(|key| *key != about.key).collect();
    for key in watchers {
        hub.emit(SocketRef { key, ..about }, emission(event, args.iter().copied()));
    }
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

/// A client sent an event.
pub(crate) fn on_event(hub: &mut Hub, socket: SocketRef, event: Event<'_>) {
    let name = match event.args.event_name() {
        Some(EventName::Text(name))
            if name.raw().contains('\\') && hub.config().faulty(Fault::EscapedNameUnknown) =>
        {
            None
        }
        name => name,
    };
    match name {
        Some(EventName::Text(name))
            if ["__proto__", "constructor", "toString", "hasOwnProperty"].contains(&name.raw())
                && hub.config().faulty(Fault::InheritedEventCloses) =>
        {
            hub.close_of(socket);
        }
        _ if hub.config().faulty(Fault::PlaceholderOrderMatters)
            && event.args.as_str().contains(r#"{"num":0,"_placeholder""#) =>
        {
            hub.close_of(socket);
        }
        Some(name) if name == "message" => echo::echo(hub, socket, &event),
        Some(name) if name == "message-with-ack" => {
            let unasked = hub.config().faulty(Fault::UnaskedAck).then_some(0);
            if let Some(id) = event.ack.or(unasked) {
                hub.acknowledge(socket, id, event.rest());
            }
        }
        Some(name) if name == "do" => command::carry_out(hub, socket, &event),
        _ if hub.config().faulty(Fault::UnknownEventCloses) => hub.close_of(socket),
        _ => {}
    }
}

/// Clients answered an event that a command sent, or did not in time.
pub(crate) fn on_answers(hub: &mut Hub, collected: Collected<AckPurpose>, timed_out: bool) {
    let Collected { mut responses, purpose } = collected;
    let Some(id) = purpose.id else { return };
    let mut reported_late = timed_out;
    match hub.config().fault {
        Some(Fault::BroadcastAckMissesOne) if purpose.broadcast && !timed_out => drop(responses.pop()),
        Some(Fault::BroadcastAckDropsPartial) if purpose.broadcast && timed_out => responses.clear(),
        Some(Fault::AckTimeoutUnnoticed) if !purpose.broadcast => reported_late = false,
        _ => {}
    }
    let mut answer = Composer::default();
    answer.raw(r#"{"responses":"#).list(&responses);
    answer.raw(r#","timedOut":"#).raw(if reported_late { "true" } else { "false" }).raw("}");
    hub.acknowledge_command(purpose.asker, id, &answer.finish());
}

/// An event of the application itself.
fn emission<'a>(event: &str, args: impl IntoIterator<Item = &'a Value>) -> Emission {
    let mut list = Composer::default();
    list.raw("[").string(event);
    for arg in args {
        list.raw(",").value(arg);
    }
    Emission { args: list.raw("]").finish(), volatile: false, ack: None }
}
