//! Packets made from any bytes survive the way out and back.

use arbitrary::{Arbitrary, Unstructured};
use siospec_codec::engine::{self, packets, payload};
use siospec_codec::testing::{EngineData, EnginePacket, SocketPacket};
use siospec_codec::{Encode, socket};

/// A Socket.IO packet, alone and inside an Engine.IO message, and a payload of Engine.IO packets.
pub fn holds(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(model) = SocketPacket::arbitrary(&mut u) else { return };
    let packet = model.borrow();
    let text = packet.to_text();
    assert_eq!(text.len(), packet.encoded_len());
    assert_eq!(socket::Packet::decode(&text), Ok(packet));

    let Ok(models) = Vec::<EnginePacket>::arbitrary(&mut u) else { return };
    let mut sent: Vec<_> = models.iter().map(EnginePacket::borrow).collect();
    let carrier = EnginePacket::Message(EngineData::Text(text.replace('\u{1e}', " ")));
    sent.push(carrier.borrow());
    let mut body = Vec::new();
    payload::encode(&sent, &mut body);
    assert_eq!(body.len(), payload::encoded_len(&sent));
    let body = String::from_utf8(body).expect("payloads are text");
    let received: Result<Vec<_>, _> =
        packets(&body).map(|packet| packet.map(|packet| EnginePacket::of(&packet))).collect();
    let expected: Vec<_> = sent.iter().map(EnginePacket::of).collect();
    assert_eq!(received, Ok(expected));
    assert_eq!(engine::Packet::decode(&sent.last().expect("one was pushed").to_text()), Ok(carrier.borrow()));
}
