//! One encoding into sinks of every kind, and packets that own their text.

use arbitrary::{Arbitrary, Unstructured};
use siospec_codec::engine::{self, Handshake};
use siospec_codec::socket::{Assembler, Body, Owned, Packet};
use siospec_codec::testing::SocketPacket;
use siospec_codec::{Counter, Encode, Limits, Sink};
use std::sync::Arc;

/// Every sink gets the same text, and as much as was announced; an owned packet is the borrowed one, whatever
/// owns its text; what is encoded once arrives at many.
pub fn holds(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(model) = SocketPacket::arbitrary(&mut u) else { return };
    let packet = model.borrow();
    let text = packet.to_text();
    same_everywhere(&packet, &text);
    let carried = engine::Packet::message(&text);
    same_everywhere(&carried, &carried.to_text());

    owns(&packet, &text);
    let attachments: Vec<Vec<u8>> =
        (0..packet.attachments()).map(|_| u.arbitrary().unwrap_or_default()).collect();
    for bytes in &attachments {
        let binary = engine::Packet::binary(bytes);
        same_everywhere(&binary, &binary.to_text());
    }
    arrives_at_many(&text, &attachments);
    if let Ok((sid, upgrades, numbers)) = <(String, Vec<String>, [u64; 3])>::arbitrary(&mut u) {
        announces(&sid, &upgrades, numbers);
    }
}

/// A sink that takes single pieces, as a socket would.
#[derive(Default)]
struct Pieces(Vec<String>);

impl Sink for Pieces {
    fn write(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

fn same_everywhere(value: &impl Encode, text: &str) {
    assert_eq!(value.encoded_len(), text.len());
    let (mut bytes, mut string, mut pieces) = (b"before".to_vec(), String::from("before"), Pieces::default());
    let mut counter = Counter::default();
    value.encode(&mut bytes);
    value.encode(&mut string);
    value.encode(&mut pieces);
    value.encode(&mut counter);
    assert_eq!(bytes.strip_prefix(b"before"), Some(text.as_bytes()));
    assert_eq!(string.strip_prefix("before"), Some(text));
    assert_eq!(pieces.0.concat(), text);
    assert_eq!(counter.bytes(), text.len());
    // Work follows the size: an empty name in a list, `"",`, comes in four pieces.
    assert!(pieces.0.len() <= 2 * text.len() + 8);
}

fn owns(packet: &Packet<'_>, text: &str) {
    let shared: Owned<Arc<str>> = Owned::decode(Arc::from(text)).expect("the model is valid");
    let string = Owned::decode(text.to_owned()).expect("the model is valid");
    let borrowed = Owned::decode(text).expect("the model is valid");
    assert_eq!(shared.packet(), *packet);
    assert_eq!(string.packet(), *packet);
    assert_eq!(borrowed.packet(), *packet);
    let clone = shared.clone();
    assert!(Arc::ptr_eq(clone.text(), shared.text()), "a clone shares the text");
    assert_eq!(clone, shared);
    assert_eq!(shared.attachments(), packet.attachments());
    let args = match packet.body {
        Body::Event { args, .. } | Body::Ack { args, .. } => Some(args),
        _ => None,
    };
    assert_eq!(shared.args(), args);
    assert_eq!(shared.packet().to_text(), text);
}

/// One text and one set of attachments, shared by every receiver.
fn arrives_at_many(text: &str, attachments: &[Vec<u8>]) {
    let shared: Vec<Arc<[u8]>> = attachments.iter().map(|bytes| Arc::from(bytes.as_slice())).collect();
    for _ in 0..3 {
        let mut receiver = Assembler::new(Limits::DEFAULT);
        let mut message = receiver.text(text).expect("the model is valid");
        for bytes in &shared {
            assert!(message.is_none() && receiver.is_waiting());
            message = receiver.binary(Arc::clone(bytes)).expect("it was announced");
        }
        let message = message.expect("nothing lacks");
        assert_eq!(message.packet().to_text(), text);
        let same = message.attachments.iter().zip(&shared).all(|(held, sent)| Arc::ptr_eq(held, sent));
        assert!(same && message.attachments.len() == shared.len(), "attachments are not copied");
    }
}

fn announces(sid: &str, upgrades: &[String], numbers: [u64; 3]) {
    let [ping_interval_ms, ping_timeout_ms, max_payload_bytes] = numbers;
    let handshake = Handshake {
        sid: sid.into(),
        upgrades: upgrades.iter().map(|name| name.as_str().into()).collect(),
        ping_interval_ms,
        ping_timeout_ms,
        max_payload_bytes,
    };
    let text = handshake.to_text();
    same_everywhere(&handshake, &text);
    assert_eq!(Handshake::decode(&text), Ok(handshake));
}
