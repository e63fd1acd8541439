//! Payloads of Engine.IO version 3, in UTF-16 like their authors and in bytes.

use super::{base64, engine};
use siospec_codec::testing::{EngineData, EnginePacket};

/// Engine.IO protocol, version 3, "Packet", as text.
#[must_use]
pub fn packet(text: &str) -> Option<EnginePacket> {
    match text.strip_prefix('b') {
        Some(rest) => {
            Some(EnginePacket::Message(EngineData::Binary(base64::decode(rest.strip_prefix('4')?)?)))
        }
        None => engine::packet(text),
    }
}

/// The packets of a text body; the first bad one, a `None`, is the last.
#[must_use]
pub fn payload(body: &str) -> Vec<Option<EnginePacket>> {
    let mut rest: Vec<u16> = body.encode_utf16().collect();
    let mut packets = if rest.is_empty() { vec![None] } else { Vec::new() };
    while !rest.is_empty() && packets.last() != Some(&None) {
        let Some(text) = cut(&mut rest) else {
            packets.push(None);
            break;
        };
        if !text.is_empty() {
            packets.push(packet(&text));
        }
    }
    packets
}

/// Takes the first packet's text away.
fn cut(rest: &mut Vec<u16>) -> Option<String> {
    let colon = rest.iter().position(|unit| *unit == u16::from(b':'))?;
    let length = String::from_utf16(&rest[..colon]).ok()?;
    let all_digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length: usize = if all_digits { length.parse().ok()? } else { return None };
    let end = (colon + 1).checked_add(length).filter(|end| *end <= rest.len())?;
    let text = String::from_utf16(&rest[colon + 1..end]).ok();
    rest.drain(..end);
    text
}

/// The packets of a binary body; the first bad one, a `None`, is the last.
#[must_use]
pub fn binary_payload(body: &[u8]) -> Vec<Option<EnginePacket>> {
    let mut rest = body.to_vec();
    let mut packets = if rest.is_empty() { vec![None] } else { Vec::new() };
    while !rest.is_empty() && packets.last() != Some(&None) {
        packets.push(cut_binary(&mut rest));
    }
    packets
}

/// Takes the first packet away.
fn cut_binary(rest: &mut Vec<u8>) -> Option<EnginePacket> {
    let kind = rest[0];
    let end_of_length = 1 + rest.iter().skip(1).position(|byte| *byte == 0xFF)?;
    let digits = &rest[1..end_of_length];
    let all_digits = !digits.is_empty() && digits.iter().all(|digit| *digit <= 9);
    let length: String = digits.iter().map(|digit| char::from(b'0'.wrapping_add(*digit))).collect();
    let length: usize = if all_digits { length.parse().ok()? } else { return None };
    let end = (end_of_length + 1).checked_add(length).filter(|end| *end <= rest.len())?;
    let bytes: Vec<u8> = rest.drain(..end).skip(end_of_length + 1).collect();
    match kind {
        0 => packet(&String::from_utf8(bytes).ok()?),
        1 if bytes.first() == Some(&4) => {
            Some(EnginePacket::Message(EngineData::Binary(bytes[1..].to_vec())))
        }
        _ => None,
    }
}
