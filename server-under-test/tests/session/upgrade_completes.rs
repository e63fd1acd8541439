//! From polling to websocket, step by step.

use super::rig::Rig;

#[test]
fn a_probe_is_answered_and_releases_every_get() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let held = rig.get(client);
    let socket = rig.open_socket(client);
    assert!(rig.messages(client, socket).is_empty());
    assert_eq!(rig.answer(held), "held");
    rig.text(client, socket, "2probe");
    assert_eq!(rig.messages(client, socket), ["3probe"]);
    assert_eq!(rig.answer(held), "6");
    assert_eq!(rig.poll(client), "6");
    assert_eq!(rig.poll(client), "6");
    rig.text(client, socket, "2probe");
    assert_eq!(rig.messages(client, socket), ["3probe"]);
}

#[test]
fn packets_win_over_noops() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.post(client, "40");
    assert!(rig.poll(client).starts_with("40{"));
    assert_eq!(rig.poll(client), "6");
}

#[test]
fn what_is_buffered_moves_over_in_order_and_once() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.post(client, r#"42["message",1]"#);
    rig.poll(client);
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.post(client, r#"42["message",2]"#);
    rig.text(client, socket, "5");
    rig.text(client, socket, r#"42["message",3]"#);
    assert_eq!(
        rig.messages(client, socket),
        ["3probe", r#"42["message-back",2]"#, r#"42["message-back",3]"#]
    );
}

#[test]
fn polling_is_over_after_the_upgrade() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.text(client, socket, "5");
    assert_eq!(rig.poll(client), "Bad request");
    assert_eq!(rig.post(client, "40"), "Bad request");
    rig.text(client, socket, "40");
    let messages = rig.messages(client, socket);
    assert!(messages[0] == "3probe" && messages[1].starts_with("40{"));
}

#[test]
fn a_post_in_flight_survives_the_upgrade() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let post = rig.post_begins(client);
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.text(client, socket, "5");
    assert_eq!(rig.post_body(client, post, "40"), "ok");
    assert!(rig.messages(client, socket)[1].starts_with("40{"));
}

#[test]
fn the_probe_may_be_left_out() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let held = rig.get(client);
    let socket = rig.open_socket(client);
    rig.text(client, socket, "5");
    assert_eq!(rig.answer(held), "6");
    rig.text(client, socket, "40");
    assert!(rig.messages(client, socket)[0].starts_with("40{"));
}

#[test]
fn a_second_websocket_is_closed() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let first = rig.open_socket(client);
    let second = rig.open_socket(client);
    assert_eq!(rig.messages(client, second), ["<close>"]);
    rig.text(client, first, "5");
    let third = rig.open_socket(client);
    assert_eq!(rig.messages(client, third), ["<close>"]);
    rig.text(client, third, "2probe");
    assert!(rig.messages(client, first).is_empty(), "the first one is unharmed");
}

#[test]
fn the_application_is_told() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    rig.post(client, r#"421["do",{"op":"session"}]"#);
    assert!(rig.poll(client).contains(r#""transport":"polling""#));
    let socket = rig.open_socket(client);
    rig.text(client, socket, "5");
    rig.text(client, socket, r#"421["do",{"op":"session"}]"#);
    assert!(rig.messages(client, socket)[0].contains(r#""transport":"websocket""#));
}
