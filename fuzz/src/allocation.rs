//! What any input costs on the heap.

use allocation_counter::{AllocationInfo, measure};
use arbitrary::{Arbitrary, Unstructured};
use siospec_codec::engine::stream::{Framing, Separated, Stream};
use siospec_codec::engine::v3::{self, Counted, Measured};
use siospec_codec::engine::{self, Handshake};
use siospec_codec::json::Json;
use siospec_codec::socket::{Assembler, Body, Packet, placeholders};
use siospec_codec::testing::SocketPacket;
use siospec_codec::{Encode, Limits, Profile, msgpack};
use std::hint::black_box;

/// Decoding allocates nothing at all; what has to allocate holds at most a fixed number of bytes and a small
/// multiple of the input, and moves no more than that over all of its steps. Work follows the input's length:
/// iterators end within it, and the heap sees no quadratic copying.
///
/// The heap is counted for this thread alone.
pub fn holds(data: &[u8]) {
    bytes_are_decoded_for_nothing(data);
    streams_hold_one_packet(data);
    messagepack_grows_with_its_input(data);
    if let Ok(text) = core::str::from_utf8(data) {
        text_is_decoded_for_nothing(text);
        handshakes_grow_with_their_input(text);
        depth_costs_bits(text);
        assembling_keeps_one_copy(text);
    }
    if let Ok(model) = SocketPacket::arbitrary(&mut Unstructured::new(data)) {
        let packet = model.borrow();
        let mut text = String::new();
        let cost = measure(|| text = packet.to_text());
        assert_eq!((cost.count_total, cost.bytes_total), (1, text.len() as u64), "{text}");
    }
}

fn costs_nothing(what: &str, run: impl FnOnce()) {
    let AllocationInfo { count_total, .. } = measure(run);
    assert_eq!(count_total, 0, "{what} allocates");
}

/// At most so many bytes at a time, and at most twice as many over all: a buffer that grows by doubling moves
/// what it holds about once more.
fn costs_at_most(what: &str, bytes: usize, run: impl FnOnce()) {
    let cost = measure(run);
    assert!(cost.bytes_max <= bytes as u64, "{what} holds more than {bytes} bytes: {cost:?}");
    assert!(cost.bytes_total <= 2 * bytes as u64, "{what} moves more than {} bytes: {cost:?}", 2 * bytes);
}

fn text_is_decoded_for_nothing(text: &str) {
    for profile in [Profile::STRICT, Profile::strict(Limits { max_depth: 128, ..Limits::REFERENCE })] {
        costs_nothing("a packet", || {
            let _ = black_box(engine::Packet::decode_as(text, &profile));
            let _ = black_box(v3::decode_as(text, &profile));
            if let Ok(packet) = Packet::decode_as(text, &profile) {
                walk(&packet);
            }
        });
    }
    let (mut steps, mut steps_v3) = (0, 0);
    costs_nothing("a payload", || {
        steps = engine::packets(text).count();
        steps_v3 = v3::packets(text).count();
    });
    assert!(steps <= text.len() + 1 && steps_v3 <= text.len() + 1);
}

/// Looks at all of a packet; no part of it is met more often than it has bytes.
fn walk(packet: &Packet<'_>) {
    let (Body::Event { args, .. } | Body::Ack { args, .. }) = packet.body else { return };
    let length = args.as_str().len();
    let mut met = 0;
    for argument in args {
        met += 1;
        met += argument.elements().map_or(0, Iterator::count) + argument.members().map_or(0, Iterator::count);
    }
    assert!(met <= length && placeholders(args).count() <= length);
}

fn bytes_are_decoded_for_nothing(data: &[u8]) {
    let mut steps = 0;
    costs_nothing("a binary packet", || {
        let _ = black_box(v3::decode_binary(data));
        steps = v3::binary_packets(data).count();
    });
    assert!(steps <= data.len() + 1);
}

fn handshakes_grow_with_their_input(text: &str) {
    // An upgrade of three bytes, `"",`, becomes a string of 24 in a list that doubles.
    costs_at_most("a handshake", 128 + 24 * text.len(), || {
        let _ = black_box(Handshake::decode(text));
    });
}

fn depth_costs_bits(text: &str) {
    costs_at_most("deep JSON", 256 + text.len(), || {
        let _ = black_box(Json::parse_with(text, usize::MAX));
    });
}

fn streams_hold_one_packet(data: &[u8]) {
    let limits = Limits { max_packet_bytes: 64, ..Limits::DEFAULT };
    in_single_bytes::<Separated>(data, limits);
    in_single_bytes::<Counted>(data, limits);
    in_single_bytes::<Measured>(data, limits);
}

fn in_single_bytes<F: Framing>(data: &[u8], limits: Limits) {
    // Two buffers of the limit, each up to twice as large as what it holds.
    costs_at_most("a stream", 4 * limits.max_packet_bytes + 16, || {
        let mut stream = Stream::<F>::with_profile(Profile::strict(limits));
        for mut byte in data.chunks(1) {
            while let Ok(Some(packet)) = stream.read(&mut byte) {
                black_box(packet);
            }
        }
        let _ = black_box(stream.finish());
    });
}

fn assembling_keeps_one_copy(text: &str) {
    let limits = Limits { max_attachment_bytes: 1000, ..Limits::DEFAULT };
    // The text behind its reference count, and a list that doubles up to the attachments announced.
    costs_at_most("an assembler", 1024 + 2 * text.len(), || {
        let mut assembler = Assembler::<&[u8]>::new(limits);
        let _ = black_box(assembler.text(text));
        for piece in text.as_bytes().chunks(400) {
            let _ = black_box(assembler.binary(piece));
        }
    });
}

fn messagepack_grows_with_its_input(data: &[u8]) {
    // A count of eight bytes for each open array or map; a list that grows holds its old half as well.
    costs_at_most("a MessagePack packet", 64 + 32 * data.len().min(2 * Limits::DEFAULT.max_depth), || {
        let _ = black_box(msgpack::Packet::decode(data));
    });
    let Ok(value) = msgpack::Value::parse(data) else { return };
    let mut json = msgpack::Transcoded::default();
    // A byte such as that of an empty bin's becomes a placeholder and a slice, and nine of a float up to 330 digits.
    costs_at_most("MessagePack as JSON", 256 + 128 * data.len(), || json = msgpack::to_json(value));
    let proven = Json::parse_with(&json.text, usize::MAX).expect("what is written is JSON");
    costs_at_most("JSON as MessagePack", 1024 + 64 * json.text.len(), || {
        let _ = black_box(msgpack::from_json(proven, Some(&json.attachments), &mut Vec::new()));
    });
}
