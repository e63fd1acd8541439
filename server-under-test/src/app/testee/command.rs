//! The event `do`: a direct image of the server API.

use std::{borrow::Cow, time::Duration};

use siospec_codec::{json::Kind, socket::RESERVED_EVENT_NAMES};

use super::{
    address::{Address, Fields},
    is_recovered, wrong,
};
use crate::{
    adapter::Found,
    app::Event,
    config::Parser,
    fault::Fault,
    hub::{Emission, Hub, NODES_WAIT},
    socket::{
        namespace::{AckPurpose, CommandAck, FindPurpose, SocketRef},
        value::{Composer, Value},
    },
};

/// How long after its answer `drop` cuts the connection.
const DROP_DELAY: Duration = Duration::from_millis(50);

/// A command under way.
struct Command<'a> {
    socket: SocketRef,
    fields: Fields<'a>,
    event: &'a Event<'a>,
}

/// What a command leads to.
enum Answer {
    /// `{}`.
    Done,
    Value(Value),
    /// It was given already, or will be.
    Given,
}

/// Carries out the command of a `do` event, and answers it.
pub(super) fn carry_out(hub: &mut Hub, socket: SocketRef, event: &Event<'_>) {
    let fields = event.values().next().filter(|value| value.kind() == Kind::Object);
    let result = match fields {
        Some(fields) => Command { socket, fields: Fields(fields), event }.run(hub),
        None => Err("a command is an object".to_owned()),
    };
    let answer = match result {
        Ok(Answer::Done) => Value::json("{}"),
        Ok(Answer::Value(value)) => value,
        Ok(Answer::Given) => return,
        Err(error) => {
            let mut answer = Composer::default();
            answer.raw(r#"{"error":"#).string(&error).raw("}").finish()
        }
    };
    if let Some(id) = event.ack {
        hub.acknowledge_command(socket, id, &answer);
    }
}

impl Command<'_> {
    fn run(&self, hub: &mut Hub) -> Result<Answer, String> {
        let op = self.fields.text("op")?.unwrap_or_default();
        match &*op {
            "about" => Ok(about(hub)),
            "emit" => self.emit(hub),
            "join" => self.join(hub),
            "leave" => self.leave(hub),
            "session" => Ok(self.session(hub)),
            "set-data" => self.set_data(hub),
            "sockets" => self.sockets(hub),
            "sockets-join" => self.sockets_join(hub),
            "sockets-leave" => self.sockets_leave(hub),
            "disconnect-sockets" => self.disconnect_sockets(hub),
            "disconnect" => {
                self.answer_now(hub);
                hub.disconnect(self.socket, self.fields.flag("close"));
                Ok(Answer::Given)
            }
            "drop" => {
                hub.cut_after(self.socket, DROP_DELAY);
                Ok(Answer::Done)
            }
            "watch" => {
                hub.namespace_mut(self.socket.namespace).watchers.insert(self.socket.key);
                Ok(Answer::Done)
            }
            // There is nobody to send it to without a cluster.
            "server-side-emit" if hub.config().cluster.is_none() => Err("not offered".to_owned()),
            "server-side-emit" => self.server_side_emit(hub),
            _ => Err(format!("unknown op {op:?}")),
        }
    }

    /// The name of the event that the command is to send, and all of it as a list.
    fn event_to_send(&self, hub: &Hub) -> Result<(Cow<'_, str>, Value), String> {
        let event = self.fields.text("event")?.ok_or("the name of an event is needed")?;
        if RESERVED_EVENT_NAMES.contains(&&*event) && !hub.config().faulty(Fault::ReservedNameSent) {
            return Err(format!("{event:?} is a reserved event name"));
        }
        let mut args = Composer::default();
        args.raw("[").string(&event);
        if let Some(list) = self.fields.get("args") {
            for arg in list.elements().ok_or("args must be a list")? {
                args.raw(",").part(arg.as_str(), self.event.attachments);
            }
        }
        Ok((event, args.raw("]").finish()))
    }

    fn server_side_emit(&self, hub: &mut Hub) -> Result<Answer, String> {
        let (_, args) = self.event_to_send(hub)?;
        let wants = self.fields.flag("ack");
        let purpose = AckPurpose::ServerSideCommand(self.socket, self.event.ack);
        hub.server_side_emit(self.socket.namespace, args, wants.then_some((purpose, NODES_WAIT)));
        Ok(if wants { Answer::Given } else { Answer::Done })
    }

    fn emit(&self, hub: &mut Hub) -> Result<Answer, String> {
        let (event, args) = self.event_to_send(hub)?;
        let mut address = Address::read(hub, self.socket, self.fields)?;
        wrong::remember_rooms(hub, self.socket, &mut address);
        let ack = match (self.fields.flag("ack"), address.timeout) {
            (false, _) => None,
            (true, None) => return Err("ack needs a timeout".to_owned()),
            (true, Some(wait)) => {
                let broadcast = !address.is_self;
                let ack = CommandAck { asker: self.socket, id: self.event.ack, broadcast };
                Some((AckPurpose::Command(ack), wait))
            }
        };
        let answer = if ack.is_some() { Answer::Given } else { Answer::Done };
        if event == "error" && hub.config().faulty(Fault::ErrorEventLost) {
            return Ok(answer);
        }
        if wrong::is_dropped(hub, self.fields) || wrong::is_swept_away(hub, self.socket, self.fields) {
            return Ok(answer);
        }
        if !address.is_self && wrong::is_lost(hub, self.socket, &address) {
            return Ok(answer);
        }
        let emission = Emission { args, manner: address.manner, ack };
        if address.is_self {
            hub.emit_overtakable(self.socket, emission);
        } else {
            let namespace = match hub.config().fault {
                Some(Fault::OfNamespaceIgnored) => self.socket.namespace,
                _ => address.namespace,
            };
            hub.broadcast(namespace, address.hearers(hub), emission);
        }
        Ok(answer)
    }

    fn join(&self, hub: &mut Hub) -> Result<Answer, String> {
        for (index, room) in self.fields.texts("rooms")?.iter().enumerate() {
            if !wrong::join_is_ignored(hub, self.socket, room, index) {
                hub.namespace_mut(self.socket.namespace).rooms.join(self.socket.key, room);
            }
        }
        Ok(Answer::Done)
    }

    fn leave(&self, hub: &mut Hub) -> Result<Answer, String> {
        for (index, room) in self.fields.texts("rooms")?.iter().enumerate() {
            if !wrong::leave_is_ignored(hub, self.socket, room, index) {
                hub.namespace_mut(self.socket.namespace).rooms.leave(self.socket.key, room);
            }
        }
        Ok(Answer::Done)
    }

    fn session(&self, hub: &Hub) -> Answer {
        let (Some(socket), Some((transport, query))) = (hub.socket(self.socket), hub.handshake(self.socket))
        else {
            return Answer::Given;
        };
        let hidden = hub.config().faulty(Fault::SessionRoomsEmpty);
        let rooms = match hidden {
            true => Vec::new(),
            false => hub.namespace(self.socket.namespace).rooms.of(self.socket.key),
        };
        let mut answer = Composer::default();
        let recovered = is_recovered(hub, self.socket) && !hub.config().faulty(Fault::RecoveredUnsaid);
        answer.raw(r#"{"id":"#).string(&socket.id);
        answer.raw(r#","recovered":"#).raw(if recovered { "true" } else { "false" });
        answer.raw(r#","rooms":"#).strings(rooms);
        answer.raw(r#","data":"#).value(&socket.data).raw(r#","transport":"#).string(transport.name());
        answer.raw(r#","auth":"#).raw(&socket.auth).raw(r#","query":{"#);
        for (index, (name, value)) in query.iter().enumerate() {
            answer.raw(if index > 0 { "," } else { "" }).string(name).raw(":").string(value);
        }
        Answer::Value(answer.raw("}}").finish())
    }

    fn set_data(&self, hub: &mut Hub) -> Result<Answer, String> {
        let data = self.fields.get("data").ok_or("set-data needs data")?;
        let data = Value::cut(data.as_str(), self.event.attachments);
        let kept = !hub.config().faulty(Fault::DataNotKept);
        if let Some(socket) = hub.socket_mut(self.socket).filter(|_| kept) {
            socket.data = data;
        }
        Ok(Answer::Done)
    }

    fn sockets(&self, hub: &mut Hub) -> Result<Answer, String> {
        let mut address = Address::read_others(hub, self.socket, self.fields)?;
        if hub.config().faulty(Fault::FetchIgnoresRoom) {
            address.to.clear();
        }
        let purpose = FindPurpose::Command(self.socket, self.event.ack);
        hub.find(address.namespace, address.audience(), purpose);
        Ok(Answer::Given)
    }

    fn sockets_join(&self, hub: &mut Hub) -> Result<Answer, String> {
        let (address, rooms) = self.others_and_rooms(hub)?;
        if !hub.config().faulty(Fault::SocketsJoinIgnored) {
            hub.join_all(address.namespace, address.audience(), &rooms);
        }
        Ok(Answer::Done)
    }

    fn sockets_leave(&self, hub: &mut Hub) -> Result<Answer, String> {
        let (address, rooms) = self.others_and_rooms(hub)?;
        if !hub.config().faulty(Fault::SocketsLeaveIgnored) {
            hub.leave_all(address.namespace, address.audience(), &rooms);
        }
        Ok(Answer::Done)
    }

    fn disconnect_sockets(&self, hub: &mut Hub) -> Result<Answer, String> {
        let address = Address::read_others(hub, self.socket, self.fields)?;
        self.answer_now(hub);
        if !hub.config().faulty(Fault::SocketsDisconnectIgnored) {
            let close = self.fields.flag("close") && !hub.config().faulty(Fault::SocketsDisconnectStaysOpen);
            hub.disconnect_all(address.namespace, address.audience(), close);
        }
        Ok(Answer::Given)
    }

    fn others_and_rooms(&self, hub: &Hub) -> Result<(Address, Vec<String>), String> {
        Ok((Address::read_others(hub, self.socket, self.fields)?, self.fields.texts("rooms")?))
    }

    /// Answers before acting, where the act would make it impossible.
    fn answer_now(&self, hub: &mut Hub) {
        if let Some(id) = self.event.ack {
            hub.acknowledge_command(self.socket, id, &Value::json("{}"));
        }
    }
}

/// Answers a command that looked sockets up.
pub(super) fn found(hub: &mut Hub, asker: SocketRef, id: Option<u64>, found: Result<Vec<Found>, usize>) {
    let mut answer = Composer::default();
    match found {
        Ok(sockets) => {
            answer.raw(r#"{"sockets":["#);
            for (index, socket) in sockets.iter().enumerate() {
                answer.raw(if index > 0 { "," } else { "" }).raw(r#"{"id":"#).string(&socket.id);
                answer.raw(r#","rooms":"#).strings(&socket.rooms);
                answer.raw(r#","data":"#).value(&socket.data).raw("}");
            }
            answer.raw("]}");
        }
        Err(nodes) => {
            let error = format!("{nodes} nodes did not answer in time");
            answer.raw(r#"{"error":"#).string(&error).raw("}");
        }
    }
    if let Some(id) = id {
        hub.acknowledge_command(asker, id, &answer.finish());
    }
}

/// Answers a command that asked the other nodes.
pub(super) fn nodes_answered(
    hub: &mut Hub,
    asker: SocketRef,
    id: Option<u64>,
    responses: &[Value],
    timed_out: bool,
) {
    let mut answer = Composer::default();
    if timed_out {
        let error = format!("not every node answered in time, only {}", responses.len());
        answer.raw(r#"{"error":"#).string(&error).raw("}");
    } else {
        answer.raw(r#"{"responses":"#).list(responses).raw("}");
    }
    if let Some(id) = id {
        hub.acknowledge_command(asker, id, &answer.finish());
    }
}

fn about(hub: &Hub) -> Answer {
    const ALWAYS: [&str; 16] = [
        "polling",
        "websocket",
        "upgrade",
        "binary",
        "rooms",
        "except",
        "local",
        "timeout",
        "acks",
        "broadcast-acks",
        "volatile",
        "compress",
        "sockets",
        "drop",
        "watch",
        "dynamic-namespaces",
    ];
    let config = hub.config();
    let sometimes = [
        (true, "middleware"),
        (config.cors_origin.is_some(), "cors"),
        (config.cookie.is_some(), "cookie"),
        (config.bundle.is_some(), "client-bundle"),
        (config.recovery_window.is_some(), "recovery"),
        (config.cluster.is_some(), "cluster"),
        (config.cluster.is_some(), "server-side-emit"),
        (config.parser == Parser::MessagePack, "msgpack"),
        (config.old_clients, "eio3"),
        (config.old_clients, "jsonp"),
    ];
    let features =
        ALWAYS.into_iter().chain(sometimes.into_iter().filter_map(|(on, name)| on.then_some(name)));
    let mut answer = Composer::default();
    answer.raw(r#"{"contract":1,"name":"siospec-server","version":"#).string(env!("CARGO_PKG_VERSION"));
    answer.raw(r#","language":"Rust","features":"#).strings(features).raw("}");
    Answer::Value(answer.finish())
}
