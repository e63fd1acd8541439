//! The first packets of a connection.

use super::rig::Rig;

#[test]
fn connect_is_answered_before_events() {
    let mut rig = Rig::new();
    let (client, socket, open) = rig.websocket();
    assert!(open[0].starts_with("0{") && open[0].contains(r#""upgrades":[]"#));
    rig.text(client, socket, r#"40{"token":"123"}"#);
    let messages = rig.messages(client, socket);
    assert!(messages[0].starts_with(r#"40{"sid":""#));
    assert_eq!(messages[1..], [r#"42["auth",{"token":"123"}]"#]);
}

#[test]
fn a_first_packet_that_is_no_connect_closes() {
    for first in [r#"42["x"]"#, "41", "431[]", r#"44{"message":"x"}"#, "4abc", "4", r#"42/custom,["x"]"#] {
        let mut rig = Rig::new();
        let (client, socket, _) = rig.websocket();
        rig.text(client, socket, first);
        assert_eq!(rig.messages(client, socket), ["<close>"], "{first}");
    }
}

#[test]
fn a_connection_without_a_namespace_closes_in_time() {
    let mut rig = Rig::new();
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, "40/random,");
    for _ in 0..9 {
        rig.advance(100);
        rig.text(client, socket, "3");
    }
    rig.advance(99);
    assert_eq!(rig.messages(client, socket), [r#"44/random,{"message":"Invalid namespace"}"#]);
    rig.advance(1);
    assert_eq!(rig.messages(client, socket), ["<close>"]);
}

#[test]
fn one_namespace_is_enough_for_ever() {
    let mut rig = Rig::new();
    let member = rig.member();
    rig.say(&member, "41");
    for _ in 0..20 {
        rig.advance(100);
        rig.say(&member, "3");
    }
    assert!(rig.say(&member, "40")[0].starts_with("40{"));
}

#[test]
fn a_second_connect_closes() {
    let mut rig = Rig::new();
    let member = rig.member();
    assert_eq!(rig.say(&member, "40"), ["<close>"]);
}

#[test]
fn a_middleware_refuses_with_data_and_may_be_asked_again() {
    let mut rig = Rig::new();
    let member = rig.member();
    let refusal = r#"44/auth,{"message":"not authorized","data":{"code":"E_AUTH"}}"#;
    assert_eq!(rig.say(&member, "40/auth,"), [refusal]);
    assert_eq!(rig.say(&member, r#"40/auth,{"token":"wrong"}"#), [refusal]);
    assert!(rig.say(&member, r#"40/auth,{"token":"open sesame"}"#)[0].starts_with(r#"40/auth,{"sid""#));
}

#[test]
fn malformed_packets_close() {
    for packet in
        ["42[]", "42{}", r#"42"a""#, r#"42abc["x"]"#, r#"42-1["x"]"#, r#"42["a""#, "4511-[\"x\"]", "47"]
    {
        let mut rig = Rig::new();
        let member = rig.member();
        assert_eq!(rig.say(&member, packet), ["<close>"], "{packet}");
    }
}
