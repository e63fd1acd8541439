//! The application of the testee contract, version 1: a remote control for the server it runs on.

mod address;
mod command;
mod echo;
mod wrong;

use siospec_codec::{json::Json, socket::EventName};

pub(crate) use echo::release_echo;

use super::{Admission, Applicant, Application, Event, Refusal, emission};
use crate::{
    adapter::Found,
    engine::signals::{Manner, Reason},
    fault::Fault,
    hub::{AskingNode, Emission, Hub},
    socket::{
        acks::Collected,
        audience::Audience,
        namespace::{AckPurpose, FindPurpose, NamespaceId, SocketRef},
        value::{Composer, Value},
    },
};

/// See [`self`].
#[derive(Debug)]
pub(crate) struct Testee;

impl Application for Testee {
    fn namespaces(&self) -> Vec<&str> {
        vec!["/", "/custom", "/auth"]
    }

    fn is_dynamic(&self, name: &str) -> bool {
        name.strip_prefix("/dynamic-")
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()))
    }

    fn admit(&self, applicant: &Applicant<'_>) -> Admission {
        let auth = applicant.auth.and_then(|auth| Json::parse(auth).ok());
        let token = auth.and_then(|auth| auth.get("token")).and_then(Json::as_json_str);
        let may =
            applicant.namespace != "/auth" || token.is_some_and(|token| token.unescape() == "open sesame");
        if may && !applicant.refused_before {
            return Admission::Granted;
        }
        let data = Some(r#"{"code":"E_AUTH"}"#.to_owned());
        Admission::Refused(Refusal { message: "not authorized".to_owned(), data })
    }

    fn on_connection(&self, hub: &mut Hub, socket: SocketRef) {
        on_connection(hub, socket);
    }

    fn on_disconnecting(&self, hub: &mut Hub, socket: SocketRef, reason: Reason) {
        on_disconnecting(hub, socket, reason);
    }

    fn on_event(&self, hub: &mut Hub, socket: SocketRef, event: Event<'_>) {
        on_event(hub, socket, &event);
    }

    fn on_server_side(&self, hub: &mut Hub, namespace: NamespaceId, args: Value, asker: Option<AskingNode>) {
        on_server_side(hub, namespace, &args, asker);
    }

    fn on_answers(&self, hub: &mut Hub, collected: Collected<AckPurpose>, timed_out: bool) {
        on_answers(hub, collected, timed_out);
    }

    fn on_found(&self, hub: &mut Hub, purpose: FindPurpose, found: Result<Vec<Found>, usize>) {
        if let FindPurpose::Command(asker, id) = purpose {
            command::found(hub, asker, id, found);
        }
    }
}

/// A socket joined.
fn on_connection(hub: &mut Hub, socket: SocketRef) {
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
fn on_disconnecting(hub: &mut Hub, socket: SocketRef, reason: Reason) {
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

/// A client sent an event.
fn on_event(hub: &mut Hub, socket: SocketRef, event: &Event<'_>) {
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
        Some(name) if name == "message" => echo::echo(hub, socket, event),
        Some(name) if name == "message-with-ack" => {
            let unasked = hub.config().faulty(Fault::UnaskedAck).then_some(0);
            if let Some(id) = event.ack.or(unasked) {
                hub.acknowledge(socket, id, event.rest());
            }
        }
        Some(name) if name == "do" => command::carry_out(hub, socket, event),
        Some(name) if name == "ping" && hub.config().faulty(Fault::PingEventCloses) => {
            hub.close_of(socket);
        }
        _ if hub.config().faulty(Fault::UnknownEventAcked) => {
            if let Some(id) = event.ack {
                hub.acknowledge(socket, id, event.rest());
            }
        }
        _ if hub.config().faulty(Fault::UnknownEventCloses) => hub.close_of(socket),
        _ => {}
    }
}

/// Another node sent an event to this one.
fn on_server_side(hub: &mut Hub, namespace: NamespaceId, args: &Value, asker: Option<AskingNode>) {
    let mut told = Composer::default();
    told.raw(r#"["server-side","#).elements(args).raw("]");
    let emission = Emission { args: told.finish(), manner: Manner::default(), ack: None };
    let own_clients = Audience { to: &[], except: &[], without: None, local: true };
    hub.broadcast(namespace, own_clients, emission);
    if let Some(asker) = asker {
        let mut name = Composer::default();
        name.string(hub.config().node.as_deref().unwrap_or("node"));
        hub.answer_node(asker, name.finish());
    }
}

/// Clients answered an event that a command sent, or did not in time; or nodes did.
fn on_answers(hub: &mut Hub, collected: Collected<AckPurpose>, timed_out: bool) {
    let Collected { mut responses, purpose } = collected;
    let purpose = match purpose {
        AckPurpose::Command(purpose) => purpose,
        AckPurpose::ServerSideCommand(asker, id) => {
            return command::nodes_answered(hub, asker, id, &responses, timed_out);
        }
        AckPurpose::Handler(_) | AckPurpose::Node(..) => return,
    };
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
