//! How errors and decoded packets read: whole values, as a person or a report would see them.

use siospec_codec::engine::{self, packets};
use siospec_codec::json::Json;
use siospec_codec::socket::{Assembler, Packet, placeholders};
use siospec_codec::{DecodeError, Encode, ErrorKind, Limits};
use std::fmt::Write;

/// The text with a mark below the byte an error is about.
fn marked(text: &str, error: &DecodeError) -> String {
    let before = text.get(..error.offset).expect("offsets lie on boundaries");
    format!("{text}\n{}^ {}\n", " ".repeat(before.chars().count()), error.kind)
}

fn errors<T>(texts: &[&'static str], decode: impl Fn(&'static str) -> Result<T, DecodeError>) -> String {
    texts.iter().map(|text| marked(text, &decode(text).err().expect("an error"))).collect()
}

#[test]
fn errors_of_socket_packets() {
    let texts = [
        "7",
        "0[]",
        r#"0/admin,12{"a":1}"#,
        "1{}",
        "2",
        "2[]",
        r#"2["a","#,
        r#"2["a",nul]"#,
        r#"2["é",'x']"#,
        r#"2["a"]["b"]"#,
        r#"2[{"toString":1}]"#,
        r#"2/chat,["\u0064isconnect"]"#,
        r#"2-1["a"]"#,
        r#"290071992547409910["a"]"#,
        "3[]",
        "31",
        r#"4"no""#,
        r#"51["a"]"#,
        r#"50-["a"]"#,
        r#"511-["a"]"#,
        r#"52-/a,7["€",[{"_placeholder":true,"num":2}]]"#,
        r#"51-["a",{"_placeholder":true,"num":"0"}]"#,
    ];
    insta::assert_snapshot!(errors(&texts, Packet::decode));
}

#[test]
fn errors_of_json() {
    let texts = [
        "",
        "[1,]",
        "{\"a\" 1}",
        "{1:2}",
        "01",
        "1.",
        "-",
        "1e",
        "tru",
        "\"a",
        "\"\\x\"",
        "\"\\u12",
        "[1}",
        "[[1]",
        "1 2",
    ];
    insta::assert_snapshot!(errors(&texts, Json::parse));
}

#[test]
fn errors_of_engine_packets() {
    let texts = ["", "7", "abc", "b!", "bAQ", "bAQ=", "bAR=="];
    insta::assert_snapshot!(errors(&texts, engine::Packet::decode));
}

#[test]
fn every_kind_of_error_reads_well() {
    let mut text = String::new();
    for kind in ErrorKind::ALL {
        writeln!(text, "{:<28}{}", kind.name(), DecodeError::new(*kind, 7)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn packets_taken_apart() {
    let mut text = String::new();
    for packet in [
        "0",
        r#"0/admin,{"token":"1"}"#,
        "1/admin,",
        r#"2["message",{"text":"hi"},null]"#,
        r#"2/admin,12["caf\u00e9"] "#,
        "2[1.5]",
        r#"312["ok"]"#,
        r#"4{"message":"not authorized"}"#,
        r#"52-/admin,7["up",{"_placeholder":true,"num":1},{"x":[{"_placeholder":true,"num":0}]}]"#,
    ] {
        let decoded = Packet::decode(packet).unwrap();
        writeln!(text, "{packet}\n{decoded:#?}\nagain: {}\n", decoded.to_text()).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_payload_taken_apart() {
    let body = "0{\"sid\":\"x\"}\u{1e}40{\"sid\":\"y\"}\u{1e}2probe\u{1e}bAQID\u{1e}6\u{1e}x\u{1e}4never";
    insta::assert_debug_snapshot!(packets(body).collect::<Vec<_>>());
}

#[test]
fn a_message_put_together() {
    let mut assembler = Assembler::new(Limits::default());
    let mut text = String::new();
    let header = r#"52-["up",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    writeln!(text, "{:?}", assembler.text(header)).unwrap();
    writeln!(text, "{:?}", assembler.binary(vec![1])).unwrap();
    let message = assembler.binary(vec![2, 3]).unwrap().unwrap();
    writeln!(text, "{message:#?}").unwrap();
    let args = message.text.args().unwrap();
    writeln!(text, "{:#?}", placeholders(args).collect::<Vec<_>>()).unwrap();
    insta::assert_snapshot!(text);
}
