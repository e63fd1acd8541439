//! Decoding does not touch the heap, and encoding asks for one buffer.

use allocation_counter::{AllocationInfo, measure};
use siospec_codec::engine::{self, Packets, packets, payload};
use siospec_codec::json::Json;
use siospec_codec::msgpack;
use siospec_codec::socket::{Body, EventName, Header, Packet, placeholders};
use siospec_codec::testing::{EnginePacket, SocketPacket, Soup};
use siospec_codec::{Encode, Limits, Profile};
use std::hint::black_box;

fn allocations(run: impl FnOnce()) -> u64 {
    let AllocationInfo { count_total, .. } = measure(run);
    count_total
}

/// Models from a fixed sequence of bytes, the same in every run.
fn models<T: for<'a> arbitrary::Arbitrary<'a>>(count: usize) -> Vec<T> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let bytes = |next: &mut dyn FnMut() -> [u8; 8]| (0..40).flat_map(|_| next()).collect::<Vec<u8>>();
    let made = (0..count).map(|_| T::arbitrary(&mut arbitrary::Unstructured::new(&bytes(&mut next))));
    made.flatten().collect()
}

#[test]
fn decoding_a_socket_packet_allocates_nothing() {
    let texts: Vec<String> =
        models::<SocketPacket>(500).iter().map(|model| model.borrow().to_text()).collect();
    assert!(texts.len() > 400);
    for text in &texts {
        let count = allocations(|| {
            let packet = Packet::decode(text).expect("the generator makes packets");
            if let Body::Event { args, .. } | Body::Ack { args, .. } = packet.body {
                for argument in args {
                    black_box(argument.members().map(Iterator::count));
                }
                if let Some(EventName::Text(name)) = args.event_name() {
                    black_box((name == "news", name.chars().count()));
                }
                black_box(placeholders(args).count());
            }
            black_box(packet.encoded_len());
        });
        assert_eq!(count, 0, "{text}");
    }
}

#[test]
fn decoding_a_messagepack_packet_allocates_nothing() {
    for model in models::<SocketPacket>(200) {
        let packet = model.borrow();
        let attachments = vec![[7_u8; 9]; packet.attachments() as usize];
        let mut bytes = Vec::new();
        msgpack::from_socket(&packet, &attachments, &mut bytes).expect("every attachment is there");
        let count = allocations(|| {
            let packet = msgpack::Packet::decode(&bytes).expect("a packet");
            if let msgpack::Body::Event { args, .. } | msgpack::Body::Ack { args, .. } = packet.body {
                black_box(args.elements().map(Iterator::count));
            }
        });
        assert_eq!(count, 0, "{bytes:02x?}");
    }
}

#[test]
fn a_verdict_on_anything_allocates_nothing() {
    for Soup(text) in models(500) {
        for profile in [Profile::STRICT, Profile::reference()] {
            let count = allocations(|| {
                let _ = black_box(Packet::decode_as(&text, &profile));
                let _ = black_box(Header::split_as(&text, &profile));
                let _ = black_box(engine::Packet::decode_as(&text, &profile));
                let _ = black_box(Json::parse(&text));
            });
            assert_eq!(count, 0, "{text}");
        }
    }
}

#[test]
fn reading_a_payload_allocates_nothing() {
    let models: Vec<EnginePacket> = models(200);
    let packets_sent: Vec<_> = models.iter().map(EnginePacket::borrow).collect();
    let mut body = String::new();
    payload::encode(&packets_sent, &mut body);
    let mut read = 0;
    let count =
        allocations(|| read = Packets::with_limits(packets(&body), &Limits::DEFAULT).flatten().count());
    assert_eq!((count, read), (0, packets_sent.len()));
}

#[test]
fn the_deepest_allowed_json_allocates_nothing() {
    let depth = Limits::DEFAULT.max_depth;
    let text = "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(allocations(|| assert!(Json::parse(&text).is_ok())), 0);
    // Beyond it, one bit a level.
    let text = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    let info = measure(|| assert!(Json::parse_with(&text, usize::MAX).is_ok()));
    assert!(info.bytes_max <= 1_000_000 / 8 * 3, "{info:?}");
}

#[test]
fn encoding_asks_for_one_buffer() {
    for model in models::<SocketPacket>(100) {
        let packet = model.borrow();
        assert_eq!(allocations(|| drop(black_box(packet.to_text()))), 1);
    }
    let bytes = vec![7; 100_000];
    assert_eq!(allocations(|| drop(black_box(engine::Packet::binary(&bytes).to_text()))), 1);
}
