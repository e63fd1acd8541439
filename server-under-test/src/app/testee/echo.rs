//! The event `message`, and all the ways to answer it wrongly.

use std::time::Duration;

use bytes::Bytes;
use siospec_codec::{
    json::{Json, Kind, quote},
    socket::placeholders,
};

use crate::{
    app::Event,
    engine::signals::{Manner, Outgoing},
    fault::Fault,
    hub::{Emission, Hub},
    socket::{
        namespace::{NamespaceId, SocketRef},
        value::{Composer, Value},
    },
};

/// How long an answer is held back for a later one, with the fault that wants it.
const HELD_BACK: Duration = Duration::from_millis(200);
const TRUNCATED_BYTES: usize = 64 << 10;

/// Answers `message` with `message-back` and the same values.
pub(super) fn echo(hub: &mut Hub, socket: SocketRef, event: &Event<'_>) {
    if hub.config().faulty(Fault::DashReadAsCount) && has_dash_after_digit(event.args.as_str()) {
        return hub.close_of(socket);
    }
    if hub.config().faulty(Fault::EmptyEventIgnored) && event.values().next().is_none() {
        return;
    }
    let mut list = Composer::with_capacity(event.args.as_str().len() + r#"-back"#.len());
    list.raw(r#"["message-back""#);
    match distorted(hub, socket, event) {
        Some(values) => {
            for value in values {
                list.raw(",").value(&value);
            }
        }
        None => event.add_rest(&mut list, true),
    }
    let args = mixed_up(hub, socket, list.raw("]").finish());
    let target = match hub.config().fault {
        Some(Fault::NamespaceAnswersOnMain) => on_main(hub, socket).unwrap_or(socket),
        _ => socket,
    };
    if hub.config().faulty(Fault::FourthEventAfterFifth) {
        return hold_back_fourth(hub, target, args);
    }
    hub.emit(target, Emission { args, manner: Manner::default(), ack: None });
}

/// The values as a fault makes them.
fn distorted(hub: &Hub, socket: SocketRef, event: &Event<'_>) -> Option<Vec<Value>> {
    let same = |json: Json<'_>| Value::cut(json.as_str(), event.attachments);
    let values = event.values();
    Some(match hub.config().fault? {
        Fault::NullArgumentDropped => values.filter(|value| value.kind() != Kind::Null).map(same).collect(),
        Fault::ProtoKeyDropped => values.map(|value| without_proto(value, event.attachments)).collect(),
        Fault::LargeStringTruncated => {
            values.map(|value| truncated(value).unwrap_or_else(|| same(value))).collect()
        }
        Fault::NestedAttachmentDropped => {
            values.map(|value| without_nested(value, event.attachments)).collect()
        }
        Fault::AttachmentsSwapped if socket.namespace == NamespaceId(0) => {
            let mut attachments = event.attachments.to_vec();
            let top_level = event.values().filter(|value| value.get("_placeholder").is_some()).count();
            if top_level >= 2 && attachments.len() >= 2 {
                attachments.swap(0, 1);
            }
            values.map(|value| Value::cut(value.as_str(), &attachments)).collect()
        }
        Fault::TextCutAtNul => values.map(|value| cut_at_nul(value).unwrap_or_else(|| same(value))).collect(),
        Fault::HalfCharactersDropped => {
            values.map(|value| without_halves(value).unwrap_or_else(|| same(value))).collect()
        }
        Fault::EmptyKeyDropped => values.map(|value| without_key(value, "", event.attachments)).collect(),
        Fault::FalsePlaceholderReplaced => {
            let is_false = |value: Json<'_>| value.get("_placeholder").and_then(Json::as_bool) == Some(false);
            values.map(|value| if is_false(value) { Value::json("null") } else { same(value) }).collect()
        }
        Fault::PlaceholdersReadInOrder | Fault::SecondPlaceEmptied if !event.attachments.is_empty() => {
            in_order(hub.config().fault, event)
        }
        Fault::ArgumentsCutAtTen => values.take(10).map(same).collect(),
        Fault::DeepValuesDropped => {
            let shallow = |value: Json<'_>| depth(value.as_str()) <= 20;
            values.map(|value| if shallow(value) { same(value) } else { Value::json("null") }).collect()
        }
        Fault::LargeNumbersWrap => {
            values.map(|value| wrapped(value).unwrap_or_else(|| same(value))).collect()
        }
        Fault::FractionsCut => values.map(|value| cut(value).unwrap_or_else(|| same(value))).collect(),
        Fault::PlaceholderInTextReplaced if event.attachments.is_empty() => {
            let alike = |value: Json<'_>| value.get("_placeholder").is_some();
            values.map(|value| if alike(value) { Value::json("null") } else { same(value) }).collect()
        }
        Fault::TenthAttachmentEmptied | Fault::LargeAttachmentTruncated => {
            let attachments = damaged(hub.config().fault, event.attachments);
            values.map(|value| Value::cut(value.as_str(), &attachments)).collect()
        }
        _ => return None,
    })
}

/// How deep lists and objects are nested in a text of JSON; brackets inside strings count, which only faults may do.
fn depth(text: &str) -> usize {
    let mut deepest = 0;
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// A whole number beyond 32 bits, wrapped.
fn wrapped(value: Json<'_>) -> Option<Value> {
    let number: i64 = value.as_str().parse().ok()?;
    (i32::try_from(number).is_err()).then(|| Value::json((number & i64::from(i32::MAX)).to_string()))
}

/// A number with two decimal places.
fn cut(value: Json<'_>) -> Option<Value> {
    let text = value.as_str();
    let number = value.as_f64().filter(|_| text.contains('.'))?;
    Some(Value::json(((number * 100.0).trunc() / 100.0).to_string()))
}

/// Attachments with one of two things wrong.
fn damaged(fault: Option<Fault>, attachments: &[Bytes]) -> Vec<Bytes> {
    let damaged = attachments.iter().enumerate().map(|(index, bytes)| match fault {
        Some(Fault::TenthAttachmentEmptied) if index == 9 => Bytes::new(),
        Some(Fault::LargeAttachmentTruncated) => bytes.slice(..bytes.len().min(TRUNCATED_BYTES)),
        _ => bytes.clone(),
    });
    damaged.collect()
}

/// A text up to its first U+0000.
fn cut_at_nul(value: Json<'_>) -> Option<Value> {
    let text = value.as_json_str()?.unescape();
    let mut kept = String::new();
    quote(text.split('\0').next().unwrap_or_default(), &mut kept);
    Some(Value::json(kept))
}

/// A text without what is half a surrogate pair, which reads as U+FFFD.
fn without_halves(value: Json<'_>) -> Option<Value> {
    let text = value.as_json_str()?.unescape();
    let mut kept = String::new();
    quote(&text.replace(char::REPLACEMENT_CHARACTER, ""), &mut kept);
    Some(Value::json(kept))
}

/// The values, attachments among them in the order they came, or each in one place only.
fn in_order(fault: Option<Fault>, event: &Event<'_>) -> Vec<Value> {
    let mut places = 0;
    let values = event.values().map(|value| {
        if value.get("_placeholder").and_then(Json::as_bool) != Some(true) {
            return Value::cut(value.as_str(), event.attachments);
        }
        let place = places;
        places += 1;
        let moved = format!(r#"{{"_placeholder":true,"num":{place}}}"#);
        match (fault, event.attachments.get(place)) {
            (Some(Fault::PlaceholdersReadInOrder), Some(_)) => Value::cut(&moved, event.attachments),
            (Some(Fault::SecondPlaceEmptied), Some(_)) => Value::cut(value.as_str(), event.attachments),
            _ => Value::json("null"),
        }
    });
    values.collect()
}

fn without_proto(value: Json<'_>, attachments: &[Bytes]) -> Value {
    without_key(value, "__proto__", attachments)
}

fn without_key(value: Json<'_>, key: &str, attachments: &[Bytes]) -> Value {
    let members = value.members().filter(|_| value.get(key).is_some());
    let Some(members) = members else { return Value::cut(value.as_str(), attachments) };
    let mut object = Composer::default();
    object.raw("{");
    for (index, (name, value)) in members.filter(|(name, _)| *name != *key).enumerate() {
        object
            .raw(if index > 0 { "," } else { "" })
            .string(&name.unescape())
            .raw(":")
            .part(value.as_str(), attachments);
    }
    object.raw("}").finish()
}

fn truncated(value: Json<'_>) -> Option<Value> {
    let text = value.as_json_str()?.unescape();
    let mut kept = String::new();
    quote(&text[..text.floor_char_boundary(TRUNCATED_BYTES)], &mut kept);
    Some(Value::json(kept))
}

/// The value with null instead of the attachments inside lists and objects.
fn without_nested(value: Json<'_>, attachments: &[Bytes]) -> Value {
    let list = format!("[{}]", value.as_str());
    let args = siospec_codec::socket::Args::new(&list).expect("a value in a list");
    let mut nested = Composer::default();
    let mut copied = 0;
    for placeholder in placeholders(args).filter(|it| it.range != (1..list.len() - 1)) {
        nested.raw(&list[copied..placeholder.range.start]).raw("null");
        copied = placeholder.range.end;
    }
    let json = nested.raw(&list[copied..]).finish().into_parts().0;
    Value::cut(&json[1..json.len() - 1], attachments)
}

/// The answer with the attachments of the one before, from the tenth on; only with a fault.
fn mixed_up(hub: &mut Hub, socket: SocketRef, args: Value) -> Value {
    if !hub.config().faulty(Fault::AttachmentsMixedUp) || args.attachments().is_empty() {
        return args;
    }
    let Some(socket) = hub.socket_mut(socket) else { return args };
    socket.quirks.binary_echoes += 1;
    let before = std::mem::replace(&mut socket.quirks.last_attachments, args.attachments().to_vec());
    match socket.quirks.binary_echoes >= 10 && before.len() == args.attachments().len() {
        true => Value::cut(args.as_json(), &before),
        false => args,
    }
}

fn on_main(hub: &Hub, socket: SocketRef) -> Option<SocketRef> {
    let session = hub.socket(socket)?.session;
    let main = NamespaceId(0);
    let (key, _) = hub.namespace(main).sockets.iter().find(|(_, other)| other.session == session)?;
    Some(SocketRef { namespace: main, key: *key })
}

fn hold_back_fourth(hub: &mut Hub, socket: SocketRef, args: Value) {
    let outgoing = hub.event_for(socket, args, Manner::default(), None);
    let Some(it) = hub.socket_mut(socket) else { return };
    it.quirks.echoes += 1;
    if it.quirks.echoes == 4 {
        it.quirks.held = Some(outgoing);
        return hub.release_echo_after(socket, HELD_BACK);
    }
    hub.send_to(socket, outgoing);
    release_echo(hub, socket);
}

/// Sends the answer that was held back.
pub(crate) fn release_echo(hub: &mut Hub, socket: SocketRef) {
    let held: Option<Outgoing> = hub.socket_mut(socket).and_then(|it| it.quirks.held.take());
    if let Some(outgoing) = held {
        hub.send_to(socket, outgoing);
    }
}

fn has_dash_after_digit(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| pair[0].is_ascii_digit() && pair[1] == b'-')
}
