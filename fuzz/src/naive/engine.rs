//! Engine.IO packets and payloads by splitting strings.

use super::base64;
use siospec_codec::testing::{EngineData, EnginePacket};

/// Engine.IO protocol, version 4, "Packet encoding".
#[must_use]
pub fn packet(text: &str) -> Option<EnginePacket> {
    let kind = text.chars().next()?;
    let data: String = text.chars().skip(1).collect();
    Some(match kind {
        '0' => EnginePacket::Open(data),
        '1' => EnginePacket::Close,
        '2' => EnginePacket::Ping(data),
        '3' => EnginePacket::Pong(data),
        '4' => EnginePacket::Message(EngineData::Text(data)),
        '5' => EnginePacket::Upgrade,
        '6' => EnginePacket::Noop,
        'b' => EnginePacket::Message(EngineData::Binary(base64::decode(&data)?)),
        _ => return None,
    })
}

/// The packets of a polling body; the first bad one, a `None`, is the last.
#[must_use]
pub fn payload(body: &str) -> Vec<Option<EnginePacket>> {
    let mut packets = Vec::new();
    for text in body.split('\u{1e}') {
        packets.push(packet(text));
        if packets.last() == Some(&None) {
            break;
        }
    }
    packets
}
