//! An upgrade that fails costs the websocket, never the session.

use siospec_server::engine::signals::Input;

use super::rig::Rig;

#[test]
fn anything_but_the_sequence_closes_only_the_websocket() {
    for first in ["2", "2foo", "3probe", "4hello", "1", "6", "abc", ""] {
        let mut rig = Rig::new();
        let (client, _) = rig.polling();
        let socket = rig.open_socket(client);
        rig.text(client, socket, first);
        assert_eq!(rig.messages(client, socket), ["<close>"], "{first:?}");
        rig.post(client, "40");
        assert!(rig.poll(client).starts_with("40{"), "{first:?}");
    }
}

#[test]
fn binary_and_messages_after_the_probe_close_only_the_websocket() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let socket = rig.open_socket(client);
    rig.binary(client, socket, &[1]);
    assert_eq!(rig.messages(client, socket), ["<close>"]);
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.text(client, socket, "40");
    assert_eq!(rig.messages(client, socket), ["<close>"]);
    let held = rig.get(client);
    assert_eq!(rig.answer(held), "held", "polls are no longer released");
}

#[test]
fn a_lost_websocket_leaves_polling_and_another_may_try() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let lost = rig.open_socket(client);
    rig.text(client, lost, "2probe");
    rig.input(client, Input::SocketClosed(lost));
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.text(client, socket, "5");
    rig.text(client, socket, "40");
    assert!(rig.messages(client, socket).last().is_some_and(|last| last.starts_with(r#"42["auth""#)));
}

#[test]
fn time_runs_out_for_the_websocket_only() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    for _ in 0..9 {
        rig.advance(100);
        rig.post(client, "3");
    }
    rig.post(client, "40");
    rig.advance(99);
    assert_eq!(rig.messages(client, socket), ["3probe"]);
    rig.advance(1);
    assert_eq!(rig.messages(client, socket), ["<close>"]);
    assert!(rig.poll(client).starts_with("40{"));
    let held = rig.get(client);
    assert_eq!(rig.answer(held), "held");
}
