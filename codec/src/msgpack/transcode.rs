//! Between text packets with attachments and MessagePack, so that an application sees one form whatever
//! parser the connection uses.

use super::value::{Elements, Kind, Members, Value};
use super::{Body, Packet};
use crate::json::{self, Json, JsonStr, quote};
use crate::socket::{self, placeholder};
use crate::{DecodeError, ErrorKind, Sink};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Text, and the bytes that its placeholders stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transcoded<'a> {
    /// JSON, or a text packet; bytes are `{"_placeholder":true,"num":n}`.
    pub text: String,
    /// The attachments, in the order of their numbers.
    pub attachments: Vec<&'a [u8]>,
}

/// Writes a packet as the text packet that means the same. Its attachments are as many as it holds, whatever
/// limit a decoder of text may have; a map that looks like a placeholder is one from then on, and reserved
/// event names, which MessagePack packets may have, are refused by strict decoders of text.
#[must_use]
pub fn to_socket<'a>(packet: &Packet<'a>) -> Transcoded<'a> {
    let (data, ack) = match packet.body {
        Body::Connect(data) => (data, None),
        Body::Disconnect => (None, None),
        Body::ConnectError(data) => (Some(data), None),
        Body::Event { args, ack } => (Some(args), ack),
        Body::Ack { args, id } => (Some(args), Some(id)),
    };
    let mut data = data.map(to_json).unwrap_or_default();
    let count = data.attachments.len();
    let (kind, binary) = match packet.body {
        Body::Connect(_) => ("0", "0"),
        Body::Disconnect => ("1", "1"),
        Body::ConnectError(_) => ("4", "4"),
        Body::Event { .. } => ("2", "5"),
        Body::Ack { .. } => ("3", "6"),
    };
    let mut text = String::from(if count > 0 { binary } else { kind });
    if count > 0 && kind != binary {
        text.write_decimal(count as u64);
        text.push('-');
    }
    if !packet.namespace.is_root() {
        text.push_str(packet.namespace.as_str());
        text.push(',');
    }
    if let Some(socket::AckId(id)) = ack {
        text.write_decimal(id);
    }
    text.push_str(&data.text);
    data.text = text;
    data
}

/// Appends a text packet as the MessagePack packet that means the same.
///
/// # Errors
/// [`PlaceholderOutOfRange`](ErrorKind::PlaceholderOutOfRange) where an attachment lacks.
pub fn from_socket(
    packet: &socket::Packet<'_>,
    attachments: &[impl AsRef<[u8]>],
    bytes: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let (kind, data, id, binary) = match packet.body {
        socket::Body::Connect(data) => (0, data, None, None),
        socket::Body::Disconnect => (1, None, None, None),
        socket::Body::ConnectError(data) => (4, Some(data), None, None),
        socket::Body::Event { args, ack, attachments } => (2, Some(args.as_json()), ack, attachments),
        socket::Body::Ack { args, id, attachments } => (3, Some(args.as_json()), Some(id), attachments),
    };
    header(kind, data.is_some(), id.is_some(), bytes);
    if let Some(data) = data {
        from_json(data, binary.map(|_| attachments), bytes)?;
    }
    footer(packet.namespace, id, bytes);
    Ok(())
}

/// Writes a value as JSON. What JSON lacks becomes what `JSON.stringify` makes of it: `undefined`, infinities
/// and NaN are `null`, extensions too. Names that are no text are written as text.
#[must_use]
pub fn to_json(value: Value<'_>) -> Transcoded<'_> {
    let mut out = Transcoded::default();
    let mut open: Vec<Inside<Elements<'_>, Members<'_>>> = Vec::new();
    let mut next = Some(value);
    loop {
        match next.map(|value| (value, value.elements(), value.members())) {
            Some((_, Some(elements), _)) => {
                out.text.push('[');
                open.push(Inside::Array(elements));
            }
            Some((_, _, Some(members))) => {
                out.text.push('{');
                open.push(Inside::Map(members));
            }
            Some((value, None, None)) => scalar(value, &mut out),
            None => {}
        }
        let Some(inside) = open.last_mut() else { return out };
        // Strings end with a quote, so this is the beginning of an array or an object.
        let separator = if out.text.ends_with(['[', '{']) { "" } else { "," };
        let end = match inside {
            Inside::Array(elements) => {
                next = elements.next();
                ']'
            }
            Inside::Map(members) => {
                let pair = members.next();
                next = pair.map(|(_, value)| value);
                if let Some((name, _)) = pair {
                    out.text.push_str(separator);
                    quote(name.as_str().unwrap_or(&to_json_name(name)), &mut out.text);
                    out.text.push(':');
                }
                '}'
            }
        };
        match (next, inside) {
            (None, _) => {
                out.text.push(end);
                open.pop();
            }
            (Some(_), Inside::Array(_)) => out.text.push_str(separator),
            (Some(_), Inside::Map(_)) => {}
        }
    }
}

/// Appends JSON as MessagePack. With attachments, what stands for one is replaced by it; without, objects that
/// look like placeholders are plain data. Members are written as they come, repeated ones included.
///
/// # Errors
/// [`PlaceholderOutOfRange`](ErrorKind::PlaceholderOutOfRange) where an attachment lacks; the offset is that
/// of the JSON as a whole.
pub fn from_json(
    json: Json<'_>,
    attachments: Option<&[impl AsRef<[u8]>]>,
    bytes: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let mut open: Vec<Inside<json::Elements<'_>, json::Members<'_>>> = Vec::new();
    let mut next = Some(json);
    loop {
        if let Some(json) = next {
            match (json.elements(), json.members()) {
                (Some(elements), _) => {
                    count([0x90, 0xDC, 0xDD], elements.clone().count(), bytes);
                    open.push(Inside::Array(elements));
                }
                (_, Some(members)) => match (attachments, placeholder::as_placeholder(json)) {
                    (Some(attachments), Some(num)) => binary(attachment(attachments, num)?, bytes),
                    _ => {
                        count([0x80, 0xDE, 0xDF], members.clone().count(), bytes);
                        open.push(Inside::Map(members));
                    }
                },
                _ => json_scalar(json, bytes),
            }
        }
        let Some(inside) = open.last_mut() else { return Ok(()) };
        next = match inside {
            Inside::Array(elements) => elements.next(),
            Inside::Map(members) => members.next().map(|(name, value)| {
                text(&name.unescape(), bytes);
                value
            }),
        };
        if next.is_none() {
            open.pop();
        }
    }
}

/// An array or a map that is being read.
enum Inside<A, M> {
    Array(A),
    Map(M),
}

fn to_json_name(name: Value<'_>) -> String {
    match name.as_integer() {
        Some(number) => format!("{number}"),
        None => String::new(),
    }
}

/// Writes anything but an array or a map.
fn scalar<'a>(value: Value<'a>, out: &mut Transcoded<'a>) {
    match value.kind() {
        Kind::Bool => out.text.push_str(if value.as_bool() == Some(true) { "true" } else { "false" }),
        Kind::Integer => out.text.push_str(&format!("{}", value.as_integer().unwrap_or(0))),
        Kind::Float => match value.as_f64() {
            Some(number) if number.is_finite() => out.text.push_str(&format!("{number}")),
            _ => out.text.push_str("null"),
        },
        Kind::Text => quote(value.as_str().unwrap_or_default(), &mut out.text),
        Kind::Bytes => {
            out.text.push_str("{\"_placeholder\":true,\"num\":");
            out.text.write_decimal(out.attachments.len() as u64);
            out.text.push('}');
            out.attachments.push(value.as_binary().unwrap_or_default());
        }
        _ => out.text.push_str("null"),
    }
}

/// Appends anything but an array or an object.
fn json_scalar(json: Json<'_>, bytes: &mut Vec<u8>) {
    match json.kind() {
        json::Kind::Bool => bytes.push(if json.as_bool() == Some(true) { 0xC3 } else { 0xC2 }),
        json::Kind::String => {
            text(&json.as_json_str().map(JsonStr::unescape).unwrap_or_default(), bytes);
        }
        json::Kind::Number => match (json.as_str().parse::<u64>(), json.as_str().parse::<i64>()) {
            (Ok(number), _) => unsigned(number, bytes),
            // Zero with a sign is no integer.
            (_, Ok(number)) if number < 0 => signed(number, bytes),
            _ => {
                bytes.push(0xCB);
                bytes.extend_from_slice(&json.as_f64().unwrap_or(f64::NAN).to_be_bytes());
            }
        },
        _ => bytes.push(0xC0),
    }
}

fn attachment<'a>(
    attachments: &'a [impl AsRef<[u8]>],
    num: Option<Json<'_>>,
) -> Result<&'a [u8], DecodeError> {
    let num = num.and_then(Json::as_u64).and_then(|num| usize::try_from(num).ok());
    let found = num.and_then(|num| attachments.get(num));
    found.map(AsRef::as_ref).ok_or(DecodeError::new(ErrorKind::PlaceholderOutOfRange, 0))
}

/// Appends the beginning of a packet: the map's head, its type, and the name of its data.
pub(super) fn header(kind: u8, data: bool, id: bool, bytes: &mut Vec<u8>) {
    bytes.push(0x82 + u8::from(data) + u8::from(id));
    text("type", bytes);
    bytes.push(kind);
    if data {
        text("data", bytes);
    }
}

/// Appends the rest of a packet, behind its data.
pub(super) fn footer(namespace: socket::Namespace<'_>, id: Option<socket::AckId>, bytes: &mut Vec<u8>) {
    text("nsp", bytes);
    text(namespace.as_str(), bytes);
    if let Some(socket::AckId(id)) = id {
        text("id", bytes);
        unsigned(id, bytes);
    }
}

fn text(text: &str, bytes: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(len @ 0..=31) => bytes.push(0xA0 | len),
        _ => length([0xD9, 0xDA, 0xDB], text.len(), bytes),
    }
    bytes.extend_from_slice(text.as_bytes());
}

fn binary(binary: &[u8], bytes: &mut Vec<u8>) {
    length([0xC4, 0xC5, 0xC6], binary.len(), bytes);
    bytes.extend_from_slice(binary);
}

/// Appends the head of an array or a map: the types with four, sixteen and 32 bits of length.
fn count([short, medium, long]: [u8; 3], count: usize, bytes: &mut Vec<u8>) {
    match u8::try_from(count) {
        Ok(count @ 0..=15) => bytes.push(short | count),
        // There is no form with eight bits.
        _ if count < 256 => bytes.extend_from_slice(&[medium, 0, u8::try_from(count).unwrap_or(0)]),
        _ => length([short, medium, long], count, bytes),
    }
}

/// Appends a type and a length: the types with eight, sixteen and 32 bits of it. Longer things do not exist
/// in MessagePack; inputs are bounded far below.
fn length([short, medium, long]: [u8; 3], len: usize, bytes: &mut Vec<u8>) {
    if let Ok(len) = u8::try_from(len) {
        bytes.extend_from_slice(&[short, len]);
    } else if let Ok(len) = u16::try_from(len) {
        bytes.push(medium);
        bytes.extend_from_slice(&len.to_be_bytes());
    } else {
        bytes.push(long);
        bytes.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
    }
}

fn unsigned(number: u64, bytes: &mut Vec<u8>) {
    if let Ok(number) = u8::try_from(number) {
        bytes.extend_from_slice(if number < 0x80 { &[] } else { &[0xCC] });
        bytes.push(number);
    } else if let Ok(number) = u16::try_from(number) {
        bytes.push(0xCD);
        bytes.extend_from_slice(&number.to_be_bytes());
    } else if let Ok(number) = u32::try_from(number) {
        bytes.push(0xCE);
        bytes.extend_from_slice(&number.to_be_bytes());
    } else {
        bytes.push(0xCF);
        bytes.extend_from_slice(&number.to_be_bytes());
    }
}

/// Appends a number below zero.
fn signed(number: i64, bytes: &mut Vec<u8>) {
    if let Ok(number) = i8::try_from(number) {
        bytes.extend_from_slice(if number >= -32 { &[] } else { &[0xD0] });
        bytes.extend_from_slice(&number.to_be_bytes());
    } else if let Ok(number) = i16::try_from(number) {
        bytes.push(0xD1);
        bytes.extend_from_slice(&number.to_be_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        bytes.push(0xD2);
        bytes.extend_from_slice(&number.to_be_bytes());
    } else {
        bytes.push(0xD3);
        bytes.extend_from_slice(&number.to_be_bytes());
    }
}
