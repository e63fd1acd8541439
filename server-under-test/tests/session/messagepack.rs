//! Packets as MessagePack: one binary message each.

use siospec_codec::msgpack::{Packet, from_socket, to_socket};
use siospec_codec::socket;
use siospec_server::{Config, Parser};

use super::rig::{Client, Rig};
use siospec_server::engine::signals::SocketId;

fn rig() -> Rig {
    Rig::with(Config { parser: Parser::MessagePack, ..Config::testee() })
}

/// What is sent to a client, as the text packets that mean the same and their attachments.
fn heard(rig: &mut Rig, client: Client, socket: SocketId) -> Vec<(String, Vec<Vec<u8>>)> {
    let messages = rig.binary_messages(client, socket);
    let read = messages.iter().map(|bytes| {
        let packet = Packet::decode(bytes).expect("the server sends packets");
        let transcoded = to_socket(&packet);
        (transcoded.text, transcoded.attachments.iter().map(|part| part.to_vec()).collect())
    });
    read.collect()
}

/// Sends the MessagePack packet that means the same as a text packet.
fn say(rig: &mut Rig, client: Client, socket: SocketId, text: &str, attachments: &[&[u8]]) {
    let packet = socket::Packet::decode(text).expect("tests say what is right");
    let mut bytes = Vec::new();
    from_socket(&packet, attachments, &mut bytes).expect("they attach what they name");
    rig.binary(client, socket, &bytes);
}

fn member(rig: &mut Rig) -> (Client, SocketId) {
    let (client, socket, _) = rig.websocket();
    say(rig, client, socket, "0", &[]);
    let heard = heard(rig, client, socket);
    assert!(heard[0].0.starts_with(r#"0{"sid":""#), "{heard:?}");
    assert_eq!(heard[1].0, r#"2["auth",{}]"#);
    (client, socket)
}

#[test]
fn events_and_acknowledgements_hold_their_bytes() {
    let mut rig = rig();
    let (client, socket) = member(&mut rig);
    let list = r#"["message",{"_placeholder":true,"num":0},"é",[1.5,null,{"_placeholder":true,"num":1}]]"#;
    say(&mut rig, client, socket, &format!("52-{list}"), &[b"one", b""]);
    let back = list.replace("message", "message-back");
    assert_eq!(heard(&mut rig, client, socket), [(format!("52-{back}"), vec![b"one".to_vec(), Vec::new()])]);
    let many: Vec<String> = (0..20).map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#)).collect();
    let mut bytes = Vec::new();
    let json = format!(r#"["message-with-ack",{}]"#, many.join(","));
    let args = socket::Args::new(&json).unwrap();
    let body = socket::Body::Event { args, ack: Some(socket::AckId(7)), attachments: Some(20) };
    let packet = socket::Packet { namespace: socket::Namespace::ROOT, body };
    from_socket(&packet, &[b"x"; 20], &mut bytes).unwrap();
    rig.binary(client, socket, &bytes);
    let heard = heard(&mut rig, client, socket);
    assert_eq!(heard[0].1.len(), 20);
    assert!(heard[0].0.starts_with("620-7["), "{heard:?}");
}

#[test]
fn an_object_that_looks_like_a_placeholder_is_an_object() {
    let mut rig = rig();
    let (client, socket) = member(&mut rig);
    let list = r#"["message",{"_placeholder":true,"num":0}]"#;
    say(&mut rig, client, socket, &format!("2{list}"), &[]);
    let back = list.replace("message", "message-back");
    assert_eq!(heard(&mut rig, client, socket), [(format!("2{back}"), Vec::new())]);
}

#[test]
fn refusals_are_packets_too() {
    let mut rig = rig();
    let (client, socket) = member(&mut rig);
    say(&mut rig, client, socket, "0/nowhere,", &[]);
    let refusal = r#"4/nowhere,{"message":"Invalid namespace"}"#.to_owned();
    assert_eq!(heard(&mut rig, client, socket), [(refusal, Vec::new())]);
}

#[test]
fn what_is_no_packet_closes() {
    let mut map_with_trailing = Vec::new();
    from_socket(&socket::Packet::decode("1").unwrap(), &[b""; 0], &mut map_with_trailing).unwrap();
    map_with_trailing.push(0);
    for bytes in
        [&b"\xc1"[..], b"", b"\x82\xa4type", b"\xdf\xff\xff\xff\xff", b"\x81\xa4type\x02", &map_with_trailing]
    {
        let mut rig = rig();
        let (client, socket) = member(&mut rig);
        rig.binary(client, socket, bytes);
        assert_eq!(rig.messages(client, socket), ["<close>"], "{bytes:?}");
    }
    let mut rig = rig();
    let (client, socket) = member(&mut rig);
    rig.text(client, socket, r#"42["message"]"#);
    assert_eq!(rig.messages(client, socket), ["<close>"]);
}
