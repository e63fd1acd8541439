//! Clients of version 3 of Engine.IO, who are in the main namespace from the start.

use siospec_server::{Config, engine::signals::SocketId};

use super::rig::{Client, Rig};

fn rig() -> Rig {
    Rig::with(Config { old_clients: true, ..Config::testee() })
}

fn on_websocket(rig: &mut Rig, query: &str) -> (Client, SocketId) {
    let (client, socket, heard) = rig.websocket_with(query);
    assert!(heard[0].starts_with("0{"), "{heard:?}");
    assert_eq!(heard[1..], ["40", r#"42["auth",{}]"#]);
    (client, socket)
}

#[test]
fn payloads_have_lengths_in_utf_16_units() {
    let mut rig = rig();
    let (client, handshake) = rig.polling_with("EIO=3&b64=1");
    let (length, rest) = handshake.split_once(':').unwrap();
    let open = &rest[..length.parse().unwrap()];
    assert!(open.starts_with("0{") && open.ends_with('}'), "{open}");
    assert_eq!(&rest[open.len()..], r#"2:4013:42["auth",{}]"#);
    // € is one unit, and 😀 is two.
    assert_eq!(rig.post(client, r#"19:42["message","€😀"]"#), "ok");
    assert_eq!(rig.poll(client), r#"24:42["message-back","€😀"]"#);
    assert_eq!(rig.post(client, r#"15:42["message",1]15:42["message",2]"#), "ok");
    assert_eq!(rig.poll(client), r#"20:42["message-back",1]20:42["message-back",2]"#);
}

#[test]
fn bytes_travel_as_they_are_or_as_base64() {
    let event = r#"451-["message",{"_placeholder":true,"num":0}]"#;
    let back = r#"451-["message-back",{"_placeholder":true,"num":0}]"#;
    let mut rig = rig();
    let (client, _) = rig.polling_with("EIO=3&b64=1");
    assert_eq!(rig.post(client, &format!("{}:{event}10:b4AQIDBA==", event.len())), "ok");
    assert_eq!(rig.poll(client), format!("{}:{back}10:b4AQIDBA==", back.len()));

    let (client, _) = rig.polling_with("EIO=3");
    let mut body = vec![0, 4, 5, 0xff];
    body.extend(event.bytes());
    body.extend([1, 5, 0xff, 4, 1, 2, 3, 4]);
    assert_eq!(rig.post_octets(client, &body), "ok");
    let mut answer = vec![0, 5, 0, 0xff];
    answer.extend(back.bytes());
    answer.extend([1, 5, 0xff, 4, 1, 2, 3, 4]);
    assert_eq!(rig.poll(client), format!("{answer:?}"));

    let (client, socket) = on_websocket(&mut rig, "EIO=3");
    rig.text(client, socket, event);
    rig.binary(client, socket, b"\x04abc");
    assert_eq!(rig.messages(client, socket), [back, r#"b"\x04abc""#]);

    let (client, socket) = on_websocket(&mut rig, "EIO=3&b64=1");
    rig.text(client, socket, event);
    rig.text(client, socket, "b4AQID");
    assert_eq!(rig.messages(client, socket), [back, "b4AQID"]);
}

#[test]
fn the_client_pings() {
    let mut rig = rig();
    let (client, socket) = on_websocket(&mut rig, "EIO=3");
    rig.advance(400);
    rig.text(client, socket, "2");
    assert_eq!(rig.messages(client, socket), ["3"]);
    // Nothing else extends the time.
    rig.advance(400);
    rig.text(client, socket, r#"42["message"]"#);
    assert_eq!(rig.messages(client, socket), [r#"42["message-back"]"#]);
    rig.advance(99);
    assert_eq!(rig.messages(client, socket), [""; 0]);
    rig.advance(1);
    assert_eq!(rig.messages(client, socket), ["<close>"]);
}

#[test]
fn a_pong_of_the_client_or_a_bad_length_closes() {
    for body in ["1:3", "7:4hello", "4:4hello", "4hello", "x:4", ""] {
        let mut rig = rig();
        let (client, _) = rig.polling_with("EIO=3");
        assert_eq!(rig.post(client, body), "ok");
        let last = rig.poll(client);
        assert!(["1:1", "Session ID unknown"].contains(&last.as_str()), "{body}: {last}");
    }
}

#[test]
fn a_poll_is_released_during_the_upgrade() {
    let mut rig = rig();
    let (client, _) = rig.polling_with("EIO=3");
    let held = rig.get(client);
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    assert_eq!(rig.messages(client, socket), ["3probe"]);
    assert_eq!(rig.answer(held), "1:6");
    rig.text(client, socket, "5");
    rig.text(client, socket, r#"42["message"]"#);
    assert_eq!(rig.messages(client, socket), [r#"42["message-back"]"#]);
}

#[test]
fn namespaces_are_as_in_version_four_of_socket_io() {
    let mut rig = rig();
    let (client, socket) = on_websocket(&mut rig, "EIO=3");
    for (packet, answers) in [
        ("40/custom?token=x", &["40/custom,", r#"42/custom,["auth",{}]"#][..]),
        ("40/nowhere", &[r#"44/nowhere,{"message":"Invalid namespace"}"#]),
        ("40/auth", &[r#"44/auth,{"code":"E_AUTH"}"#]),
    ] {
        rig.text(client, socket, packet);
        assert_eq!(rig.messages(client, socket), answers, "{packet}");
    }
    rig.text(client, socket, r#"420["do",{"op":"session"}]"#);
    let session = rig.messages(client, socket).remove(0);
    let sid = rig.session(client).sid();
    assert!(session.contains(&format!(r#""id":"{sid}""#)), "{session}");
}

#[test]
fn old_clients_are_strangers_unless_they_are_wanted() {
    let mut rig = Rig::new();
    let (_, handshake) = rig.polling_with("EIO=3");
    assert!(handshake.starts_with("0{"), "the dialect is that of version 4: {handshake}");
}
