//! Socket.IO packets in MessagePack.

use siospec_codec::{
    DecodeError,
    msgpack::{self, Body, Kind, Packet, Value},
};

use super::parts::{Parts, count};
use crate::report::text::elide;

/// Characters of a packet written as text.
const TEXT: usize = 120;

/// Annotates a packet that begins at `at` of the input.
pub(super) fn annotate(parts: &mut Parts<'_>, at: usize, bytes: &[u8]) -> Result<(), DecodeError> {
    let packet = Packet::decode(bytes).map_err(|error| error.shifted(at))?;
    let members: Vec<_> = Value::parse(bytes)?.members().into_iter().flatten().collect();
    let first = members.first().and_then(|(name, _)| parts.place(name.as_bytes()));
    let head = first.map_or(at + bytes.len(), |name| name.start);
    parts.add(
        at..head,
        0,
        format!("a map with {}, which as text is {}", count(members.len(), "member"), as_text(&packet)),
    );
    for (name, value) in members {
        let (Some(named), Some(place)) = (parts.place(name.as_bytes()), parts.place(value.as_bytes())) else {
            continue;
        };
        let meaning = member(name.as_str().unwrap_or_default(), value, &packet);
        parts.add(named.start..place.end, 0, meaning);
        if name.as_str() == Some("data") {
            data(parts, value, matches!(packet.body, Body::Event { .. }));
        }
    }
    Ok(())
}

/// What a packet in base64 means, whose bytes are not in the input. An error points at the base64.
pub(super) fn in_base64(bytes: &[u8], at: usize) -> Result<String, DecodeError> {
    let packet = Packet::decode(bytes).map_err(|error| DecodeError::new(error.kind, at))?;
    Ok(format!("{} of MessagePack, which as text is {}", count(bytes.len(), "byte"), as_text(&packet)))
}

fn as_text(packet: &Packet<'_>) -> String {
    elide(&msgpack::to_socket(packet).text, TEXT).into_owned()
}

fn member(name: &str, value: Value<'_>, packet: &Packet<'_>) -> String {
    match (name, packet.body) {
        ("type", Body::Connect(_)) => {
            "type: Socket.IO CONNECT: joins the namespace, or confirms that".to_owned()
        }
        ("type", Body::Disconnect) => "type: Socket.IO DISCONNECT: leaves the namespace".to_owned(),
        ("type", Body::ConnectError(_)) => "type: Socket.IO CONNECT_ERROR: the namespace refuses".to_owned(),
        ("type", Body::Event { .. }) => "type: Socket.IO EVENT".to_owned(),
        ("type", Body::Ack { .. }) => "type: Socket.IO ACK".to_owned(),
        ("nsp", _) => format!("nsp: the namespace {}", packet.namespace),
        ("id", Body::Event { ack: Some(id), .. }) => format!("id: asks for an acknowledgement under id {id}"),
        ("id", Body::Ack { id, .. }) => format!("id: acknowledges the event of id {id}"),
        ("data", Body::Event { args, .. }) => {
            format!("data: an event with {}", count(args.count().map_or(0, arguments_of_event), "argument"))
        }
        ("data", Body::Ack { args, .. }) => {
            format!("data: the answer: {}", count(args.count().map_or(0, small), "argument"))
        }
        ("data", _) => "data: the payload".to_owned(),
        _ => format!("{name}, {}: ignored", kind(value)),
    }
}

fn data(parts: &mut Parts<'_>, value: Value<'_>, is_event: bool) {
    for (number, element) in value.elements().into_iter().flatten().enumerate() {
        let Some(place) = parts.place(element.as_bytes()) else { continue };
        let meaning = match element.as_str() {
            Some(name) if is_event && number == 0 => format!("its name, {name:?}"),
            Some(text) => {
                format!("argument {}, text {:?}", number + usize::from(!is_event), elide(text, TEXT))
            }
            None => format!("argument {}, {}", number + usize::from(!is_event), kind(element)),
        };
        parts.add(place, 1, meaning);
    }
    for (name, value) in value.members().into_iter().flatten() {
        let (Some(named), Some(place)) = (parts.place(name.as_bytes()), parts.place(value.as_bytes())) else {
            continue;
        };
        parts.add(named.start..place.end, 1, format!("{}, {}", name.as_str().unwrap_or("?"), kind(value)));
    }
}

fn arguments_of_event(elements: u64) -> usize {
    small(elements.saturating_sub(1))
}

fn small(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn kind(value: Value<'_>) -> &'static str {
    match value.kind() {
        Kind::Nil => "nil",
        Kind::Undefined => "undefined, as JavaScript writes it",
        Kind::Bool => "a truth value",
        Kind::Integer => "a whole number",
        Kind::Float => "a floating point number",
        Kind::Text => "text",
        Kind::Bytes => "bytes",
        Kind::Extension => "an extension",
        Kind::Array => "an array",
        Kind::Map => "a map",
    }
}
