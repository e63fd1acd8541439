//! Packets as MessagePack, each one binary message (socket.io-msgpack-parser 3.0.2).

use bytes::Bytes;
use siospec_codec::{
    DecodeError, ErrorKind, Limits, Profile,
    msgpack::{self, Kind, from_socket, to_socket},
    socket::{Body, Packet},
};

use crate::{
    config::Config,
    engine::{outbox::Frame, signals::Outgoing},
    fault::Fault,
};

/// Acknowledgement ids from here on are not the concern of faults.
const PRIVATE_IDS: u64 = 1_000_000;

/// Writes a packet; its attachments are inside.
#[must_use]
pub fn encode(config: &Config, packet: &Packet<'_>, attachments: Vec<Bytes>) -> Outgoing {
    if config.faulty(Fault::PackedBytesApart) {
        let plain = Packet { body: without_count(packet.body), ..*packet };
        return Outgoing { attachments, ..Outgoing::new(binary(&plain, &[])) };
    }
    let head = match binary(packet, &attachments) {
        Frame::Binary(bytes) => Frame::Binary(wrong(config, packet, bytes)),
        head => head,
    };
    Outgoing::new(head)
}

/// Reads a packet, as text and attachments. Nothing only with a fault.
///
/// # Errors
/// What is wrong with it, and where.
pub fn decode(
    config: &Config,
    limits: Limits,
    bytes: &Bytes,
) -> Result<Option<(String, Vec<Bytes>)>, DecodeError> {
    let amended = amended(config, bytes);
    let bytes = amended.as_ref().unwrap_or(bytes);
    let refused = match config.fault {
        Some(Fault::PackedKeyOrderMatters) => {
            !bytes.get(1..).is_some_and(|keys| keys.starts_with(b"\xa4type"))
        }
        Some(Fault::PackedUndefinedRefused) => bytes.windows(3).any(|three| three == [0xd4, 0, 0]),
        _ => false,
    };
    if refused {
        return Err(DecodeError { kind: ErrorKind::InvalidField, offset: 0 });
    }
    let packet = match msgpack::Packet::decode_as(bytes, &Profile::strict(limits)) {
        Ok(packet) => packet,
        Err(error) if is_ignored(config, error.kind) => return Ok(None),
        Err(error) => return Err(error),
    };
    let transcoded = to_socket(&packet);
    let attachments = transcoded.attachments.iter().map(|part| bytes.slice_ref(part)).collect();
    Ok(Some((transcoded.text, attachments)))
}

fn binary(packet: &Packet<'_>, attachments: &[Bytes]) -> Frame {
    let mut bytes = Vec::new();
    from_socket(packet, attachments, &mut bytes).expect("values name only attachments that they hold");
    Frame::Binary(bytes.into())
}

fn without_count(body: Body<'_>) -> Body<'_> {
    match body {
        Body::Event { args, ack, .. } => Body::Event { args, ack, attachments: None },
        Body::Ack { args, id, .. } => Body::Ack { args, id, attachments: None },
        body => body,
    }
}

/// A packet as a fault makes it.
fn wrong(config: &Config, packet: &Packet<'_>, bytes: Bytes) -> Bytes {
    let public = |id: u64| id < PRIVATE_IDS;
    match (config.fault, packet.body) {
        (Some(Fault::PackedTextAsBytes), Body::Event { .. }) => long_texts_as_bytes(&bytes),
        (Some(Fault::PackedLargeNumbersZero), Body::Event { .. }) => without_large_numbers(&bytes),
        (Some(Fault::PackedRootOmitted), Body::Ack { id, .. })
            if public(id.0) && packet.namespace.is_root() =>
        {
            let mut less: Vec<u8> = without(&bytes, b"\xa3nsp\xa1/");
            less[0] -= 1;
            less.into()
        }
        (Some(Fault::PackedAckIdAsText), Body::Ack { id, .. }) if public(id.0) => {
            with_id_as_text(&bytes, id.0).into()
        }
        (Some(Fault::PackedRefusalEmpty), Body::ConnectError(_)) => {
            let mut empty = Vec::from(*b"\x82\xa4type\x04\xa3nsp");
            empty.push(0xa0 | packet.namespace.as_str().len() as u8);
            empty.extend(packet.namespace.as_str().bytes());
            empty.into()
        }
        _ => bytes,
    }
}

/// The bytes without a part that occurs once.
fn without(bytes: &[u8], part: &[u8]) -> Vec<u8> {
    let at = bytes.windows(part.len()).rposition(|window| window == part);
    let (before, after) = at.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + part.len()..]));
    [before, after].concat()
}

/// A packet whose id is text.
fn with_id_as_text(bytes: &[u8], id: u64) -> Vec<u8> {
    let value = msgpack::Value::parse(bytes).expect("it was just written");
    let mut out = vec![bytes[0]];
    for (name, value) in value.members().expect("a packet is a map") {
        out.extend(name.as_bytes());
        match name.as_str() {
            Some("id") => {
                let id = id.to_string();
                out.push(0xa0 | id.len() as u8);
                out.extend(id.bytes());
            }
            _ => out.extend(value.as_bytes()),
        }
    }
    out
}

/// Numbers of 64 bits with 0 for each that is whole and too large for an integer.
fn without_large_numbers(bytes: &[u8]) -> Bytes {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(8) {
        let Some(Ok(number)) = bytes.get(at + 1..at + 9).map(<[u8; 8]>::try_from) else { break };
        if bytes[at] == 0xcb && f64::from_be_bytes(number).abs() > 1e19 {
            bytes[at + 1..at + 9].fill(0);
        }
    }
    bytes.into()
}

fn long_texts_as_bytes(bytes: &[u8]) -> Bytes {
    let packet = msgpack::Packet::decode(bytes).expect("it was just written");
    let msgpack::Body::Event { args, ack } = packet.body else { return Bytes::copy_from_slice(bytes) };
    let mut list = Vec::new();
    let mut count = 0;
    for value in args.elements().into_iter().flatten() {
        count += 1;
        match value.as_str().filter(|text| text.len() >= 256 && value.kind() == Kind::Text) {
            Some(text) => {
                list.push(0xc6);
                list.extend((text.len() as u32).to_be_bytes());
                list.extend(text.bytes());
            }
            None => list.extend(value.as_bytes()),
        }
    }
    let mut args = vec![0xdd];
    args.extend(u32::to_be_bytes(count));
    args.extend(list);
    let args = msgpack::Value::parse(&args).expect("a list of values");
    let mut out = Vec::new();
    msgpack::Packet { namespace: packet.namespace, body: msgpack::Body::Event { args, ack } }
        .encode(&mut out);
    out.into()
}

/// What a fault takes a message for.
fn amended(config: &Config, bytes: &Bytes) -> Option<Bytes> {
    match config.fault {
        Some(Fault::PackedBinaryTypesAccepted) => {
            let at = bytes.windows(6).position(|six| six == b"\xa4type\x05")?;
            let mut plain = bytes.to_vec();
            plain[at + 5] = 2;
            Some(plain.into())
        }
        Some(Fault::PackedTrailingIgnored) => {
            let error = msgpack::Value::parse(bytes).err()?;
            (error.kind == ErrorKind::TrailingBytes).then(|| bytes.slice(..error.offset))
        }
        Some(Fault::PackedRootAssumed) => {
            let error = msgpack::Packet::decode(bytes).err()?;
            let mut more = bytes.to_vec();
            *more.first_mut()? += 1;
            more.extend(b"\xa3nsp\xa1/");
            (error.kind == ErrorKind::MissingField).then(|| more.into())
        }
        _ => None,
    }
}

/// Whether a fault makes the server pass over what is wrong.
fn is_ignored(config: &Config, kind: ErrorKind) -> bool {
    match config.fault {
        Some(Fault::PackedGarbageIgnored) => {
            matches!(kind, ErrorKind::Truncated | ErrorKind::ReservedByte | ErrorKind::ExpectedObject)
        }
        Some(Fault::PackedMapIgnored) => kind == ErrorKind::ExpectedArray,
        _ => false,
    }
}
