//! From a polling body down to whole messages, beside a second reader that was written from the texts alone.

use crate::naive;
use siospec_codec::engine::{self, Data};
use siospec_codec::socket::{Args, Assembler, Body, Packet};
use siospec_codec::testing::{EngineData, EnginePacket};

/// What a connection that brings this body would see: the packets of the body, and of each message the
/// Socket.IO packet, or the attachment. Both readers see the same, up to the first error.
pub fn holds(data: &[u8]) {
    let Ok(body) = core::str::from_utf8(data) else { return };
    let mut obvious = naive::engine::payload(body).into_iter();
    let mut assembler = Assembler::<Vec<u8>>::new(siospec_codec::Limits::DEFAULT);
    let mut model = naive::assembler::Model::new(siospec_codec::Limits::DEFAULT.max_attachment_bytes);
    for packet in engine::packets(body) {
        let twin = obvious.next().expect("as many packets");
        let Ok(packet) = packet else {
            assert_eq!(twin, None);
            break;
        };
        let twin = twin.expect("both or none refuse");
        assert_eq!(EnginePacket::of(&packet), twin);
        let (ours, expected) = match (packet, &twin) {
            (engine::Packet::Message(Data::Text(text)), EnginePacket::Message(EngineData::Text(again))) => {
                same_packet(text);
                (assembler.text(text), model.text(again))
            }
            (
                engine::Packet::Message(Data::Base64(text)),
                EnginePacket::Message(EngineData::Binary(bytes)),
            ) => (assembler.binary(text.to_vec()), model.binary(bytes)),
            _ => continue,
        };
        let ours = ours.map(|whole| whole.map(|whole| (whole.text.text().to_string(), whole.attachments)));
        let refused = ours.is_err();
        assert_eq!(ours.map_err(|error| error.kind), expected);
        if refused {
            // An error is final for the connection.
            return;
        }
    }
    assert_eq!(obvious.next(), None);
}

fn same_packet(text: &str) {
    let decoded = Packet::decode(text).ok();
    let Some(expected) = naive::socket::packet(text) else { return };
    assert_eq!(decoded.map(|packet| naive::socket::Parts::of(&packet)), expected);
    if let Some(Packet { body: Body::Event { args, .. } | Body::Ack { args, .. }, .. }) = decoded {
        same_arguments(args);
    }
}

/// Each argument is what serde_json sees in its place.
fn same_arguments(args: Args<'_>) {
    let Ok(expected) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(args.as_str()) else {
        return; // Nested more deeply than serde_json reads.
    };
    let ours: Vec<&str> = args.iter().map(siospec_codec::json::Json::as_str).collect();
    assert_eq!(ours, expected.iter().map(|raw| raw.get()).collect::<Vec<_>>());
    if let Some(name) = args.event_name()
        && let Ok(expected) = serde_json::from_str::<String>(ours[0])
    {
        assert_eq!(name.to_string(), expected);
    }
}
