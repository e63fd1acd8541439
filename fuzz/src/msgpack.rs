//! MessagePack values and packets.

use crate::naive;
use arbitrary::{Arbitrary, Unstructured};
use siospec_codec::json::Json;
use siospec_codec::msgpack::{self, Body, Packet, Value};
use siospec_codec::socket::AckId;
use siospec_codec::testing::SocketPacket;
use siospec_codec::{Profile, socket};

/// The verdict on any bytes is the naive twin's; a value survives the way through JSON; what is decoded and
/// encoded stays as it is; text packets survive the way through MessagePack.
pub fn holds(data: &[u8]) {
    let value = Value::parse(data);
    let twin = naive::msgpack::value(data, 128);
    assert_eq!(value.is_ok(), twin.is_some_and(|rest| rest.is_empty()), "{value:?}");
    match value {
        Ok(value) => becomes_json(value),
        Err(error) => assert!(error.offset <= data.len()),
    }
    let lenient = Packet::decode_as(data, &Profile::reference());
    match Packet::decode(data) {
        Ok(packet) => {
            assert_eq!(lenient, Ok(packet));
            stays(&packet);
        }
        Err(error) => assert!(error.offset <= data.len()),
    }
    if let Ok(model) = SocketPacket::arbitrary(&mut Unstructured::new(data)) {
        survives(&model.borrow());
    }
}

/// Once through JSON, a value stays as it is.
fn becomes_json(value: Value<'_>) {
    let once = msgpack::to_json(value);
    let json = Json::parse_with(&once.text, usize::MAX).expect("what is written is JSON");
    let mut bytes = Vec::new();
    let written = msgpack::from_json(json, Some(&once.attachments), &mut bytes);
    // A map of the input may look like a placeholder; it then stands for other bytes, or for none.
    if once.text.matches("\"_placeholder\":true").count() == once.attachments.len() {
        assert_eq!(written, Ok(()));
        let value = Value::parse_with(&bytes, usize::MAX).expect("what is written is MessagePack");
        assert_eq!(msgpack::to_json(value), once);
    }
}

fn stays(packet: &Packet<'_>) {
    let mut bytes = Vec::new();
    packet.encode(&mut bytes);
    assert_eq!(Packet::decode(&bytes), Ok(*packet));
    if let Body::Event { ack: Some(id), .. } = packet.body {
        assert!(id <= AckId::MAX);
    }
}

/// Text to MessagePack and back: the same packet, as far as a double can hold its numbers.
fn survives(packet: &socket::Packet<'_>) {
    let attachments: Vec<Vec<u8>> = (0..packet.attachments()).map(|at| vec![7; at as usize]).collect();
    let mut bytes = Vec::new();
    msgpack::from_socket(packet, &attachments, &mut bytes).expect("every attachment is there");
    let decoded = Packet::decode(&bytes).expect("a packet");
    assert_eq!(decoded.namespace, packet.namespace);
    let back = msgpack::to_socket(&decoded);
    let text = socket::Packet::decode(&back.text).expect("a text packet");
    let mut again = Vec::new();
    msgpack::from_socket(&text, &back.attachments, &mut again).expect("every attachment is there");
    assert_eq!(msgpack::to_socket(&Packet::decode(&again).expect("a packet")), back);
}
