//! Every observed behaviour of the parsers has a vector or a test (`fixtures/coverage.json`), and so has every
//! published vulnerability of one. Behaviours that no single input shows have their test here.

#![expect(clippy::unwrap_used, reason = "a panic in a test is the failure report")]

use serde::Deserialize;
use serde_json::Value;
use siospec_codec::engine::{self, Data};
use siospec_codec::json::Json;
use siospec_codec::msgpack;
use siospec_codec::socket::{Args, Assembler, Body, Namespace, Packet};
use siospec_codec::{Encode, Limits};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    behaviours: BTreeMap<String, Proof>,
    vulnerabilities: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Proof {
    #[serde(default)]
    vectors: Vec<String>,
    #[serde(default)]
    tests: Vec<String>,
    /// Why no codec can be at fault.
    not_ours: Option<String>,
}

/// How many rows the catalogue of behaviours has of each kind; they are numbered from 1 on.
const ROWS: [(&str, usize); 3] = [("SIO-PK", 73), ("SIO4-PK", 3), ("SIO-MP", 19)];

#[test]
fn every_behaviour_has_a_vector_or_a_test() {
    let behaviours = coverage().behaviours;
    let rows: BTreeSet<String> = ROWS
        .iter()
        .flat_map(|(kind, count)| (1..=*count).map(move |row| format!("{kind}-{row:03}")))
        .collect();
    assert_eq!(behaviours.keys().cloned().collect::<BTreeSet<_>>(), rows);
    let known = vectors();
    for (row, Proof { vectors, tests, not_ours }) in behaviours {
        assert_eq!(vectors.is_empty() && tests.is_empty(), not_ours.is_some(), "{row}");
        for vector in &vectors {
            assert!(known.contains(vector), "{row}: there is no vector {vector}");
        }
        for test in &tests {
            let (file, name) = test.split_once(": ").unwrap_or_else(|| panic!("{row}: {test}"));
            let source =
                fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(source.contains(&format!("#[test]\nfn {name}()")), "{row}: {file} has no test {name}");
        }
    }
}

#[test]
fn every_published_vulnerability_has_a_vector() {
    let known = vectors();
    let vulnerabilities = coverage().vulnerabilities;
    assert!(vulnerabilities.len() >= 9);
    for (name, vectors) in vulnerabilities {
        assert!(!vectors.is_empty(), "{name}");
        for vector in &vectors {
            assert!(known.contains(vector), "{name}: there is no vector {vector}");
        }
    }
}

#[test]
fn a_ping_between_a_packet_and_its_attachments_changes_nothing() {
    let body = "451-[\"a\",{\"_placeholder\":true,\"num\":0}]\u{1e}3\u{1e}2\u{1e}bAQID";
    let mut assembler = Assembler::<Vec<u8>>::new(Limits::DEFAULT);
    let mut messages = Vec::new();
    for packet in engine::packets(body) {
        let message = match packet.unwrap() {
            engine::Packet::Message(Data::Text(text)) => assembler.text(text).unwrap(),
            engine::Packet::Message(Data::Base64(text)) => assembler.binary(text.to_vec()).unwrap(),
            _ => None,
        };
        messages.extend(message);
    }
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.attachments, [[1, 2, 3]]);
}

#[test]
fn encoding_leaves_out_the_main_namespace_alone() {
    let admin = Namespace::new("/admin").unwrap();
    let args = |text| Args::new(text).unwrap();
    assert_eq!(Packet::event(Namespace::ROOT, args(r#"["foo"]"#)).to_text(), r#"2["foo"]"#);
    assert_eq!(Packet::event(admin, args(r#"["bar"]"#)).to_text(), r#"2/admin,["bar"]"#);
    assert_eq!(Packet { namespace: Namespace::ROOT, body: Body::Disconnect }.to_text(), "1");
    assert_eq!(Packet { namespace: admin, body: Body::Disconnect }.to_text(), "1/admin,");
    assert_eq!(Packet { namespace: admin, body: Body::Connect(None) }.to_text(), "0/admin,");
}

#[test]
fn placeholders_are_numbered_in_the_order_written() {
    // ["m", 01, {"a": [02]}] of type 2 in the main namespace
    let bytes = b"\x83\xa4type\x02\xa4data\x93\xa1m\xc4\x01\x01\x81\xa1a\x91\xc4\x01\x02\xa3nsp\xa1/";
    let packet = msgpack::Packet::decode(bytes).unwrap();
    let text = msgpack::to_socket(&packet);
    let expected = r#"52-["m",{"_placeholder":true,"num":0},{"a":[{"_placeholder":true,"num":1}]}]"#;
    assert_eq!((text.text.as_str(), &text.attachments[..]), (expected, &[&b"\x01"[..], b"\x02"][..]));
}

#[test]
fn what_json_lacks_is_null() {
    let nan = [0xCB, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0];
    let undefined = [0xD4, 0, 0];
    for bytes in [&nan[..], &undefined, &[0xC0]] {
        assert_eq!(msgpack::to_json(msgpack::Value::parse(bytes).unwrap()).text, "null", "{bytes:02x?}");
    }
    // A number beyond the range of a double is infinite for whoever computes with it.
    let mut bytes = Vec::new();
    msgpack::from_json(Json::parse("1e400").unwrap(), None::<&[Vec<u8>]>, &mut bytes).unwrap();
    assert_eq!(msgpack::to_json(msgpack::Value::parse(&bytes).unwrap()).text, "null");
}

#[test]
fn a_reset_assembler_begins_anew() {
    let mut assembler = Assembler::<Vec<u8>>::new(Limits::DEFAULT);
    assert_eq!(assembler.text(r#"51-["a",{"_placeholder":true,"num":0}]"#), Ok(None));
    assembler.reset();
    assert!(!assembler.is_waiting());
    assert!(assembler.text(r#"2["b"]"#).unwrap().is_some());
    assert!(assembler.binary(vec![1]).is_err());
}

#[test]
fn messagepack_over_polling_is_base64() {
    let connect = b"\x82\xa4type\x00\xa3nsp\xa1/";
    let mut body = String::new();
    engine::payload::encode(&[engine::Packet::binary(connect), engine::Packet::binary(connect)], &mut body);
    assert_eq!(body, "bgqR0eXBlAKNuc3ChLw==\u{1e}bgqR0eXBlAKNuc3ChLw==");
    for packet in engine::packets(&body) {
        let engine::Packet::Message(Data::Base64(text)) = packet.unwrap() else { panic!("{body}") };
        let bytes = text.to_vec();
        assert_eq!(msgpack::Packet::decode(&bytes).unwrap().body, msgpack::Body::Connect(None));
    }
}

fn coverage() -> Coverage {
    let text = fs::read_to_string(root().join("fixtures/coverage.json")).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("coverage.json: {error}"))
}

/// The name of every vector: layer and id.
fn vectors() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root().join("fixtures/vectors")).unwrap() {
        let file: Value = serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let layer = file["layer"].as_str().unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            names.insert(format!("{layer}/{}", vector["id"].as_str().unwrap()));
        }
    }
    names
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
