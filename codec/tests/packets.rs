//! What packets mean and how they are written, case by case.

use siospec_codec::engine::{self, Data, Handshake};
use siospec_codec::socket::{AckId, Args, Assembler, Body, Namespace, Owned, Packet, placeholders};
use siospec_codec::{DecodeError, Encode, ErrorKind, Leniency, Limits, Profile};

fn kind<T>(result: Result<T, DecodeError>) -> Option<(ErrorKind, usize)> {
    result.err().map(|error| (error.kind, error.offset))
}

#[test]
fn an_event_has_a_name_arguments_and_an_id() {
    let packet = Packet::decode(r#"2/admin,12["caf\u00e9",{"a":[1,"]"]},null] "#).unwrap();
    assert_eq!(packet.namespace, "/admin");
    let Body::Event { args, ack: Some(AckId(12)), attachments: None } = packet.body else {
        panic!("{packet:?}");
    };
    assert_eq!(args.event_name().unwrap(), "café");
    let values: Vec<_> = args.iter().map(|value| value.as_str()).collect();
    assert_eq!(values, [r#""caf\u00e9""#, r#"{"a":[1,"]"]}"#, "null"]);
    assert_eq!(packet.to_text(), r#"2/admin,12["caf\u00e9",{"a":[1,"]"]},null]"#);
    assert_eq!(packet.encoded_len(), packet.to_text().len());
}

#[test]
fn errors_say_what_and_where() {
    let cases = [
        ("", ErrorKind::EmptyPacket, 0),
        ("7", ErrorKind::UnknownPacketType, 0),
        ("2", ErrorKind::MissingPayload, 1),
        ("2[]", ErrorKind::MissingEventName, 1),
        ("2[ null]", ErrorKind::InvalidEventName, 3),
        (r#"2["\u0063onnect"]"#, ErrorKind::ReservedEventName, 2),
        (r#"2-1["a"]"#, ErrorKind::ExpectedArray, 1),
        (r#"2["a""#, ErrorKind::UnexpectedEnd, 5),
        (r#"2["a"]x"#, ErrorKind::TrailingCharacters, 6),
        (r#"29007199254740992["a"]"#, ErrorKind::AckIdTooLarge, 1),
        ("3[]", ErrorKind::MissingAckId, 1),
        (r#"51["a"]"#, ErrorKind::InvalidAttachmentCount, 2),
        (r#"50-["a"]"#, ErrorKind::NoAttachments, 1),
        (r#"511-["a"]"#, ErrorKind::TooManyAttachments, 1),
        (r#"51-["a",{"_placeholder":true,"num":1}]"#, ErrorKind::PlaceholderOutOfRange, 8),
        (r#"51-["a",{"\u005fplaceholder":true}]"#, ErrorKind::InvalidPlaceholder, 8),
    ];
    for (text, expected, offset) in cases {
        assert_eq!(kind(Packet::decode(text)), Some((expected, offset)), "{text}");
    }
}

#[test]
fn the_reference_profile_takes_what_javascript_takes() {
    let reference = Profile::reference();
    for text in
        ["", " ", "2", "21", "3", "3[]", "31", "01", r#"2 ["a"]"#, r#"5 0x1 -["a"]"#, r#"4"no""#, "51-"]
    {
        assert!(Packet::decode(text).is_err(), "{text}");
        assert!(Packet::decode_as(text, &reference).is_ok(), "{text}");
    }
    let reserved = r#"2["connect"]"#;
    assert!(Packet::decode_as(reserved, &reference).is_err());
    let lenient = Profile { leniency: Leniency::RESERVED_EVENT_NAME, ..Profile::STRICT };
    assert!(Packet::decode_as(reserved, &lenient).is_ok());
}

#[test]
fn a_payload_ends_at_the_first_error() {
    let body = "4a\u{1e}bAQID\u{1e}x\u{1e}4b";
    let packets: Vec<_> = engine::packets(body).collect();
    let [Ok(first), Ok(engine::Packet::Message(Data::Base64(bytes))), Err(error)] = packets[..] else {
        panic!("{packets:?}");
    };
    assert_eq!(first, engine::Packet::message("a"));
    assert_eq!((bytes.decoded_len(), bytes.to_vec()), (3, vec![1, 2, 3]));
    assert_eq!(error, DecodeError { kind: ErrorKind::UnknownPacketType, offset: 9 });
    let binary = engine::Packet::binary(&[0xFB, 0xEF, 0xFF, 0]);
    assert_eq!(binary.to_text(), "b++//AA==");
    assert_eq!(binary.encoded_len(), 9);
}

#[test]
fn a_handshake_survives_the_way_out_and_back() {
    let handshake = Handshake {
        sid: "a\"b".into(),
        upgrades: vec!["websocket".into()],
        ping_interval_ms: 25_000,
        ping_timeout_ms: 20_000,
        max_payload_bytes: 1_000_000,
    };
    let text = handshake.to_text();
    assert_eq!(
        text,
        r#"{"sid":"a\"b","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    );
    assert_eq!(Handshake::decode(&text).unwrap(), handshake);
    assert_eq!(kind(Handshake::decode(r#"{"sid":1}"#)), Some((ErrorKind::InvalidField, 7)));
    assert_eq!(kind(Handshake::decode(" {}")), Some((ErrorKind::MissingField, 3)));
}

#[test]
fn attachments_complete_a_packet() {
    let mut assembler = Assembler::new(Limits::default());
    let header =
        r#"52-["a",{"x":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0},"_placeholder"]"#;
    assert!(assembler.text(header).unwrap().is_none());
    assert!(assembler.binary(vec![1]).unwrap().is_none());
    let message = assembler.binary(vec![2]).unwrap().unwrap();
    let Body::Event { args, .. } = message.packet().body else { panic!("{message:?}") };
    let found: Vec<_> = placeholders(args).map(|found| (found.num, &args.as_str()[found.range])).collect();
    assert_eq!(found, [(1, r#"{"_placeholder":true,"num":1}"#), (0, r#"{"_placeholder":true,"num":0}"#)]);
    assert_eq!(kind(assembler.binary(vec![3])), Some((ErrorKind::UnexpectedAttachment, 0)));
    assert!(assembler.text(header).unwrap().is_none());
    assert_eq!(kind(assembler.text("2[\"a\"]")), Some((ErrorKind::TextInsteadOfAttachment, 0)));
    assert!(!assembler.is_waiting());
}

#[test]
fn an_owned_packet_is_borrowed_again() {
    let owned: Owned = Owned::decode("0/admin,{\"token\":1}".into()).unwrap();
    let packet = owned.clone().packet().to_text();
    assert_eq!(packet, "0/admin,{\"token\":1}");
    assert_eq!(owned.packet(), Packet::decode(&packet).unwrap());
    assert_eq!(Packet::decode("0/").unwrap().namespace, Namespace::ROOT);
    let (name, query) = Namespace::new("/admin?token=1?2").unwrap().split_query();
    assert_eq!((name.as_str(), query), ("/admin", Some("token=1?2")));
    assert_eq!(Namespace::ROOT.split_query(), (Namespace::ROOT, None));
    assert_eq!(Args::new(" [1, 2] ").unwrap().len(), 2);
}
