//! The server pings, the client answers, silence ends the session.

use super::rig::Rig;

#[test]
fn a_ping_comes_an_interval_after_the_handshake_and_after_each_pong() {
    let mut rig = Rig::new();
    let (client, socket, _) = rig.websocket();
    rig.advance(299);
    assert!(rig.messages(client, socket).is_empty());
    rig.advance(1);
    assert_eq!(rig.messages(client, socket), ["2"]);
    rig.advance(10);
    rig.text(client, socket, "3");
    rig.advance(299);
    assert!(rig.messages(client, socket).is_empty());
    rig.advance(1);
    assert_eq!(rig.messages(client, socket), ["2"]);
}

#[test]
fn without_a_pong_a_websocket_closes() {
    let mut rig = Rig::new();
    let (client, socket, _) = rig.websocket();
    rig.advance(499);
    assert_eq!(rig.messages(client, socket), ["2"]);
    rig.advance(1);
    assert_eq!(rig.messages(client, socket), ["<close>"]);
    assert!(rig.session(client).is_closed());
}

#[test]
fn without_a_pong_a_held_get_is_told() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.advance(300);
    assert_eq!(rig.poll(client), "2");
    let held = rig.get(client);
    rig.advance(200);
    assert_eq!(rig.answer(held), "1");
    assert_eq!(rig.poll(client), "Session ID unknown");
}

#[test]
fn a_ping_waits_for_a_get() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.advance(450);
    assert_eq!(rig.poll(client), "2");
    assert_eq!(rig.post(client, "3"), "ok");
    rig.advance(299);
    assert!(!rig.session(client).is_closed());
}

#[test]
fn a_pong_that_nobody_asked_for_postpones_the_ping() {
    let mut rig = Rig::new();
    let (client, socket, _) = rig.websocket();
    rig.advance(200);
    rig.text(client, socket, "3");
    rig.advance(299);
    assert!(rig.messages(client, socket).is_empty());
    rig.advance(1);
    assert_eq!(rig.messages(client, socket), ["2"]);
}

#[test]
fn an_upgrade_does_not_move_the_heartbeat() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.advance(300);
    assert_eq!(rig.poll(client), "2");
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.text(client, socket, "5");
    rig.advance(200);
    let _ = rig.messages(client, socket);
    assert!(rig.session(client).is_closed(), "a pong that was due before the upgrade is due after it");
}

#[test]
fn a_client_that_pings_is_closed() {
    let mut rig = Rig::new();
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, "2");
    assert_eq!(rig.messages(client, socket), ["<close>"]);
}
