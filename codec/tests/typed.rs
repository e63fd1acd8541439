//! Reading packets into types of an application: what is borrowed, what is refused, and what errors say.

#![expect(clippy::unwrap_used, reason = "a panic in a test is the failure report")]

use serde::Deserialize;
use siospec_codec::json::Json;
use siospec_codec::msgpack::{self, Value};
use siospec_codec::socket::{Args, Body, Packet};
use std::borrow::Cow;
use std::collections::BTreeMap;

const PNG: &[u8] = b"\x89PNG";

#[derive(Debug, PartialEq, Deserialize)]
struct Upload<'a> {
    name: &'a str,
    content: &'a [u8],
    tags: Option<Vec<&'a str>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shape<'a> {
    Point,
    Circle(f64),
    Image { data: &'a [u8] },
    Pair(Vec<u8>, &'a [u8]),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Wrapper<'a>(#[serde(borrow)] Option<&'a [u8]>);

fn args(text: &str) -> Args<'_> {
    match Packet::decode(text).unwrap().body {
        Body::Event { args, .. } | Body::Ack { args, .. } => args,
        other => panic!("{other:?} has no arguments"),
    }
}

fn lies_in(outer: &[u8], inner: &[u8]) -> bool {
    outer.as_ptr_range().start <= inner.as_ptr() && inner.as_ptr_range().end <= outer.as_ptr_range().end
}

#[test]
fn arguments_are_read_into_a_tuple() {
    let text = r#"42["chat","hi",[1,2],{"a":null}]"#.strip_prefix('4').unwrap();
    let read: (&str, (u8, u8), BTreeMap<&str, Option<bool>>) = args(text).read_event().unwrap();
    assert_eq!(read, ("hi", (1, 2), BTreeMap::from([("a", None)])));
    assert!(lies_in(text.as_bytes(), read.0.as_bytes()), "borrowed from the packet");

    let (name, rest): (&str, String) = args(r#"2["news","caf\u00e9"]"#).read().unwrap();
    assert_eq!((name, rest.as_str()), ("news", "café"));
    assert_eq!(
        args("31[]").read::<()>().map_err(|error| error.reason),
        Err("invalid type: sequence, expected unit".into())
    );
    assert_eq!(args("31[]").read::<[u8; 0]>(), Ok([]));
    assert_eq!(args("31[7]").read::<(i64,)>(), Ok((7,)));
    assert_eq!(args(r#"2["a"]"#).read_event::<[u8; 0]>(), Ok([]));
}

#[test]
fn one_argument_is_read_alone() {
    let args = args(r#"2["move",{"x":1},"left"]"#);
    assert_eq!(args.read_at(2), Some(Ok("left")));
    assert_eq!(args.read_at::<&str>(3), None);
    let error = args.read_at::<u8>(2).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "argument 2: invalid type: string \"left\", expected u8 at byte 16");
}

#[test]
fn placeholders_are_attachments_where_bytes_are_asked_for() {
    let args = args(
        r#"52-["up",{"name":"a","content":{"num":1,"x":{},"_placeholder":true},"tags":["x"]},{"_placeholder":true,"num":0}]"#,
    );
    let attachments = [b"zero".to_vec(), PNG.to_vec()];
    let (upload, other): (Upload<'_>, &[u8]) = args.read_event_with(&attachments).unwrap();
    assert_eq!(upload, Upload { name: "a", content: PNG, tags: Some(vec!["x"]) });
    assert!(
        lies_in(&attachments[0], other) && lies_in(&attachments[1], upload.content),
        "borrowed, not copied"
    );

    let owned: (serde_json::Value, Vec<u8>) = args.read_event_with(&attachments).unwrap();
    assert_eq!(owned.1, b"zero");
    assert_eq!(owned.0["content"]["num"], 1, "a type that asks for anything gets the JSON");
}

#[test]
fn placeholders_are_found_at_any_place_of_a_type() {
    let attachments = [PNG];
    let place = r#"{"_placeholder":true,"num":0}"#;
    let read = |json: String| Json::parse(&json).unwrap().read_with::<(), &[u8]>(&attachments).is_err();
    assert!(read(place.to_owned()), "unit is no bytes");
    let text =
        format!(r#"[{{"image":{{"data":{place}}}}},"point",{{"circle":1.5}},{{"pair":[{place},{place}]}}]"#);
    let shapes: Vec<Shape<'_>> = Json::parse(&text).unwrap().read_with(&attachments).unwrap();
    let pair = Shape::Pair(PNG.to_vec(), PNG);
    assert_eq!(shapes, [Shape::Image { data: PNG }, Shape::Point, Shape::Circle(1.5), pair]);
    let text = format!("[{place},null]");
    let wrappers: Vec<Wrapper<'_>> = Json::parse(&text).unwrap().read_with(&attachments).unwrap();
    assert_eq!(wrappers, [Wrapper(Some(PNG)), Wrapper(None)]);
    let whole = r#"{"_placeholder":true,"num":0.0}"#;
    assert_eq!(Json::parse(whole).unwrap().read_with::<&[u8], _>(&attachments), Ok(PNG));
    let beside = r#"{"x":[1e999,"\ud800"],"_placeholder":true,"num":0}"#;
    assert_eq!(Json::parse(beside).unwrap().read_with::<&[u8], _>(&attachments), Ok(PNG), "nobody holds x");
    assert_eq!(Json::parse("[1,2]").unwrap().read::<Vec<u8>>(), Ok(vec![1, 2]));
    assert_eq!(Json::parse("\"ab\"").unwrap().read::<&[u8]>(), Ok(&b"ab"[..]));
}

#[test]
fn errors_say_which_argument_and_which_byte() {
    let cases: [(&str, &str); 4] = [
        (r#"2["a",1]"#, "invalid length 1, expected a tuple of size 2 at byte 0"),
        (r#"2["a",1,"b",3]"#, "more arguments than expected at byte 0"),
        (r#"2["a",1, {"b":2}]"#, "argument 2: invalid type: map, expected a borrowed string at byte 8"),
        (r#"2["a","x","y"]"#, "argument 1: invalid type: string \"x\", expected u8 at byte 5"),
    ];
    for (text, expected) in cases {
        assert_eq!(args(text).read_event::<(u8, &str)>().unwrap_err().to_string(), expected, "{text}");
    }
    let inner = args(r#"31["ok",{"list":[{"id":1},{"id":"two"}]}]"#);
    let error = inner.read::<(&str, BTreeMap<&str, Vec<BTreeMap<&str, u8>>>)>().unwrap_err();
    assert_eq!((error.argument, error.offset), (Some(2), 30), "{error}");
    assert_eq!(inner.as_str().get(30..35), Some("\"two\""));

    // An escape has no text in the message that could be borrowed.
    let error = args(r#"2["a","\n"]"#).read_event::<(&str,)>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "argument 1: invalid type: string \"\\n\", expected a borrowed string at byte 5"
    );
    assert_eq!(args(r#"2["a","\n"]"#).read_event::<(Cow<'_, str>,)>().unwrap().0, "\n");
}

#[test]
fn a_placeholder_that_stands_for_nothing_is_an_error() {
    for (placeholder, offset) in [
        (r#"{"_placeholder":true,"num":1}"#, 3),
        (r#"{"_placeholder":true,"num":0.5}"#, 3),
        (r#"{"_placeholder":true,"num":-1}"#, 3),
        (r#"{"_placeholder":true}"#, 3),
        (r#"{"_placeholder":1,"num":0}"#, 3),
        ("{}", 3),
    ] {
        let text = format!("[1,{placeholder}]");
        let error = Args::new(&text).unwrap().read_with::<(u8, &[u8]), _>(&[PNG]).unwrap_err();
        assert_eq!((error.argument, error.offset), (Some(2), offset), "{placeholder}: {error}");
    }
}

#[test]
fn numbers_are_exact() {
    let json = Json::parse("[18446744073709551615,-9223372036854775808,1e3]").unwrap();
    assert_eq!(json.read::<(u64, i64, f64)>(), Ok((u64::MAX, i64::MIN, 1000.0)));
    assert!(Json::parse("256").unwrap().read::<u8>().is_err());
    assert_eq!(Json::parse("340282366920938463463374607431768211455").unwrap().read::<u128>(), Ok(u128::MAX));
}

#[test]
fn deep_json_is_an_error_and_no_overflow() {
    let text = "[".repeat(100_000) + &"]".repeat(100_000);
    let json = Json::parse_with(&text, usize::MAX).unwrap();
    assert_eq!(json.read::<serde_json::Value>().unwrap_err().reason, "recursion limit exceeded");
    let mut bytes = vec![0x91; 100_000];
    bytes.push(0xC0);
    let value = Value::parse_with(&bytes, usize::MAX).unwrap();
    assert_eq!(value.read::<serde_json::Value>().unwrap_err().reason, "depth limit exceeded");
}

#[test]
fn messagepack_is_read_and_borrowed_as_well() {
    let text = r#"51-["up",{"name":"a","content":{"_placeholder":true,"num":0},"tags":null},7,"point",{"circle":2}]"#;
    let mut bytes = Vec::new();
    msgpack::from_socket(&Packet::decode(text).unwrap(), &[PNG], &mut bytes).unwrap();
    let msgpack::Body::Event { args, .. } = msgpack::Packet::decode(&bytes).unwrap().body else {
        panic!("an event")
    };
    type Arguments<'a> = (&'a str, Upload<'a>, u8, Shape<'a>, Shape<'a>);
    let (name, upload, number, point, circle): Arguments<'_> = args.read().unwrap();
    assert_eq!((name, number, point, circle), ("up", 7, Shape::Point, Shape::Circle(2.0)));
    assert_eq!(upload, Upload { name: "a", content: PNG, tags: None });
    assert!(lies_in(&bytes, upload.content) && lies_in(&bytes, name.as_bytes()));

    let error = args.read::<(&str, Upload<'_>, &str, Shape<'_>, Shape<'_>)>().unwrap_err();
    assert_eq!(args.as_bytes()[error.offset], 7, "{error}");
}

#[test]
fn undefined_is_nothing_wherever_it_stands() {
    // ["a", undefined, {"b": undefined}]
    let bytes = [0x93, 0xA1, b'a', 0xD4, 0, 0, 0x81, 0xA1, b'b', 0xD4, 0, 0];
    let value = Value::parse(&bytes).unwrap();
    let read: (&str, Option<u8>, BTreeMap<&str, Option<u8>>) = value.read().unwrap();
    assert_eq!(read, ("a", None, BTreeMap::from([("b", None)])));
    assert_eq!(value.read::<serde_json::Value>().unwrap(), serde_json::json!(["a", null, {"b": null}]));
    assert!(value.read::<(&str, u8, ())>().is_err());
}
