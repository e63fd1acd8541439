//! How sessions end.

use siospec_server::engine::signals::Input;

use super::rig::Rig;

#[test]
fn a_client_closes_polling() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let held = rig.get(client);
    assert_eq!(rig.post(client, "1"), "ok");
    assert_eq!(rig.answer(held), "6");
    assert_eq!(rig.poll(client), "Session ID unknown");
}

#[test]
fn a_client_closes_a_websocket_with_a_packet() {
    let mut rig = Rig::new();
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, "1");
    assert_eq!(rig.messages(client, socket), ["<close>"]);
}

#[test]
fn the_server_tells_a_held_get() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let held = rig.get(client);
    rig.input(client, Input::Close);
    assert_eq!(rig.answer(held), "1");
    assert_eq!(rig.poll(client), "Session ID unknown");
}

#[test]
fn the_server_tells_the_next_poll() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.input(client, Input::Close);
    assert_eq!(rig.poll(client), "6|1");
    assert_eq!(rig.poll(client), "Session ID unknown");
}

#[test]
fn what_was_sent_before_is_delivered_first() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    rig.post(client, r#"421["do",{"op":"disconnect","close":true}]"#);
    assert_eq!(rig.poll(client), "431[{}]|41");
    assert_eq!(rig.poll(client), "6|1");
    assert_eq!(rig.poll(client), "Session ID unknown");

    let member = rig.member();
    assert_eq!(
        rig.say(&member, r#"421["do",{"op":"disconnect","close":true}]"#),
        ["431[{}]", "41", "<close>"]
    );
}

#[test]
fn a_post_that_is_incomplete_is_cut_when_the_server_closes() {
    for polls in [false, true] {
        let mut rig = Rig::new();
        let (client, _) = rig.polling();
        if polls {
            rig.get(client);
        }
        let post = rig.post_begins(client);
        rig.input(client, Input::Close);
        assert_eq!(rig.answer(post), "cut");
    }
}

#[test]
fn a_closed_session_that_is_never_polled_is_forgotten() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.input(client, Input::Close);
    rig.advance(29_999);
    assert!(!rig.session(client).is_closed());
    rig.advance(1);
    assert!(rig.session(client).is_closed());
}

#[test]
fn a_cut_says_nothing() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    rig.post(client, r#"421["do",{"op":"drop"}]"#);
    rig.poll(client);
    let held = rig.get(client);
    rig.advance(49);
    assert_eq!(rig.answer(held), "held");
    rig.advance(1);
    assert_eq!(rig.answer(held), "cut");

    let member = rig.member();
    rig.command(&member, r#""op":"drop""#);
    rig.advance(50);
    assert_eq!(rig.hears(&member), ["<cut>"]);
}

#[test]
fn a_stopping_server_drops_what_waits() {
    let mut rig = Rig::new();
    let member = rig.member();
    rig.text(member.client, member.socket, r#"42["message",1]"#);
    rig.input(member.client, Input::ShutDown);
    assert_eq!(rig.hears(&member), ["<close>"]);
}

#[test]
fn every_end_closes_a_probing_websocket() {
    for end in [Input::Close, Input::Cut, Input::ShutDown] {
        let mut rig = Rig::new();
        let (client, _) = rig.polling();
        let socket = rig.open_socket(client);
        rig.text(client, socket, "2probe");
        assert_eq!(rig.messages(client, socket), ["3probe"]);
        rig.input(client, end);
        assert_eq!(rig.messages(client, socket), ["<close>"]);
    }
}
