//! Decodes one input of a class and of a size, for `fuzz/work.sh` to count the instructions: `work CLASS BYTES`, or
//! `work list`.

use siospec_codec::engine::{self, Base64, Handshake, Packet as EnginePacket, PayloadStream, v3};
use siospec_codec::json::{Json, JsonStr};
use siospec_codec::msgpack;
use siospec_codec::socket::{Assembler, Body, Owned, Packet, placeholders};
use siospec_codec::{Encode, Limits, Profile};
use std::hint::black_box;

/// What is done with an input.
type Work = fn(&[u8]);

/// Each class: its name, what an input repeats, what stands before and behind, and the work.
const CLASSES: &[(&str, &str, &str, &str, Work)] = &[
    ("ack-id-digits", "2", "9", "[\"a\"]", socket),
    ("count-digits", "5", "1", "-[\"a\"]", socket),
    ("namespace", "0/", "n", ",", socket),
    ("string", "2[\"", "x", "\"]", socket),
    ("wide-characters", "2[\"", "é😀", "\"]", socket),
    ("escapes", "2[\"", "\\n\\\"", "\"]", socket),
    ("surrogates", "2[\"", "\\ud83d\\ude00", "\"]", socket),
    ("backslashes-at-the-end", "2[\"a\",\"", "\\\\", "", socket),
    ("numbers", "2[\"a\"", ",-1.5e3", "]", socket),
    ("digits", "2[\"a\",", "1", "]", socket),
    ("arrays", "2[\"a\"", ",[]", "]", socket),
    ("objects", "2[\"a\"", ",{\"a\":{\"b\":1}}", "]", socket),
    ("members", "2[\"a\",{\"z\":0", ",\"k\":1", "}]", socket),
    ("blanks", "2[\"a\",", " ", "1]", socket),
    ("unclosed-arrays", "2", "[", "", socket),
    ("placeholders", "51-[\"a\"", ",{\"_placeholder\":true,\"num\":0}", "]", socket),
    ("odd-placeholders", "51-[\"a\"", ",{\"num\":0, \"x\":{}, \"_placeholder\":true}", "]", socket),
    ("nearly-placeholders", "51-[\"a\"", ",{\"_placeholde\\u0072\":1}", "]", socket),
    ("nested-objects", "51-[\"a\"", NESTED, "]", socket),
    ("payload", "2", "\u{1e}2", "", payload),
    ("payload-in-pieces", "2", "\u{1e}2", "", in_pieces),
    ("message-in-pieces", "4", "x", "", in_pieces),
    ("payload-v3", "", "1:2", "", payload_v3),
    ("zero-packets-v3", "", "0:", "1:2", payload_v3),
    ("length-digits-v3", "", "0", "1:2", payload_v3),
    ("wide-packet-v3", "", "3:4😀", "", payload_v3),
    ("binary-payload-v3", "", "\u{0}\u{1}", "", binary_payload_v3),
    ("base64", "b", "AQID", "", base64),
    ("no-base64", "b", "AQ!ID", "", base64),
    (
        "handshake",
        "{\"sid\":\"a\",\"upgrades\":[\"w\"",
        ",\"w\"",
        "],\"pingInterval\":1,\"pingTimeout\":1,\"maxPayload\":1}",
        handshake,
    ),
    ("msgpack-nothing", "", "\u{0}", "", messagepack),
    ("msgpack-nested", "", "\u{1}", "", messagepack_nested),
    ("attachments", "", "x", "", attachments),
];

/// Forty objects inside one another, in each of which the next has to be looked for.
const NESTED: &str = concat!(
    ",{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
    "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":0",
    "}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}"
);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [list] if list == "list" => CLASSES.iter().for_each(|(name, ..)| println!("{name}")),
        [class, bytes] => {
            let found = CLASSES.iter().find(|(name, ..)| name == class);
            let (_, before, repeated, behind, work) = found.expect("a class that `list` names");
            let bytes: usize = bytes.parse().expect("a number of bytes");
            let input = format!("{before}{}{behind}", repeated.repeat(bytes / repeated.len()));
            work(input.as_bytes());
        }
        _ => panic!("usage: work CLASS BYTES"),
    }
}

fn text(input: &[u8]) -> &str {
    std::str::from_utf8(input).expect("a class of texts")
}

fn socket(input: &[u8]) {
    let text = text(input);
    for profile in [Profile::STRICT, Profile { limits: Limits::DEFAULT, ..Profile::reference() }] {
        let Ok(packet) = Packet::decode_as(text, &profile) else { continue };
        black_box((packet.to_text(), Owned::decode_as(text, &profile).is_ok()));
        let (Body::Event { args, .. } | Body::Ack { args, .. }) = packet.body else { continue };
        black_box(placeholders(args).count());
        for argument in args {
            black_box(argument.as_json_str().map(JsonStr::unescape));
            black_box((argument.members().map(Iterator::count), argument.as_f64()));
        }
    }
}

fn payload(input: &[u8]) {
    let packets: Vec<EnginePacket<'_>> = engine::packets(text(input)).flatten().collect();
    let mut again = String::new();
    engine::payload::encode(&packets, &mut again);
    black_box(again);
}

fn in_pieces(input: &[u8]) {
    let mut stream = PayloadStream::default();
    for mut piece in input.chunks(1) {
        while let Ok(Some(packet)) = stream.read(&mut piece) {
            black_box(packet);
        }
    }
    black_box(stream.finish().is_ok());
}

fn payload_v3(input: &[u8]) {
    black_box(v3::packets(text(input)).count());
    let mut stream = v3::TextStream::default();
    for mut piece in input.chunks(3) {
        while let Ok(Some(packet)) = stream.read(&mut piece) {
            black_box(packet);
        }
    }
}

/// The marks that no text holds are put in here.
fn binary_payload_v3(input: &[u8]) {
    let body: Vec<u8> = input.chunks_exact(2).flat_map(|_| [0, 1, 0xFF, b'2']).collect();
    black_box(v3::binary_packets(&body).count());
    let mut stream = v3::BinaryStream::default();
    for mut piece in body.chunks(1) {
        while let Ok(Some(packet)) = stream.read(&mut piece) {
            black_box(packet);
        }
    }
}

fn base64(input: &[u8]) {
    let digits = text(input).trim_start_matches('b');
    for profile in [Profile::STRICT, Profile::reference()] {
        black_box(Base64::parse_as(digits, &profile).map(Base64::to_vec).ok());
    }
}

fn handshake(input: &[u8]) {
    black_box(Handshake::decode(text(input)).is_ok());
}

/// An event whose arguments are these bytes as numbers.
fn messagepack(input: &[u8]) {
    let length = u32::try_from(input.len() + 1).expect("a small input").to_be_bytes();
    packet(&[&b"\xdd"[..], &length, b"\xa1a", input].concat());
}

/// An event of many arrays of thirty arrays inside one another.
fn messagepack_nested(input: &[u8]) {
    let count = input.len() / 31;
    let length = u32::try_from(count + 1).expect("a small input").to_be_bytes();
    let nested = [&[0x91; 30][..], &[0xC0]].concat().repeat(count);
    packet(&[&b"\xdd"[..], &length, b"\xa1a", &nested].concat());
}

fn packet(data: &[u8]) {
    let bytes = [&b"\x83\xa4type\x02\xa4data"[..], data, b"\xa3nsp\xa1/"].concat();
    let packet = msgpack::Packet::decode(&bytes).expect("an event");
    let text = msgpack::to_socket(&packet);
    let json = Json::parse(text.text.trim_start_matches('2')).expect("an array");
    let mut again = Vec::new();
    black_box(msgpack::from_json(json, None::<&[Vec<u8>]>, &mut again).is_ok());
}

fn attachments(input: &[u8]) {
    let mut assembler = Assembler::<&[u8]>::new(Limits::DEFAULT);
    for piece in input.chunks(10) {
        black_box(assembler.text("510-[\"a\"]").is_ok());
        for byte in piece.chunks(1) {
            black_box(assembler.binary(byte).is_ok());
        }
    }
}
