//! What an untrusted client may cost.

use siospec_server::{
    Config,
    engine::polling::{BodyBuffer, BodyError},
};

use super::rig::Rig;

#[test]
fn a_client_that_never_reads_is_closed() {
    let mut config = Config::testee();
    config.max_outbox_bytes = 1000;
    let mut rig = Rig::with(config);
    let member = rig.member();
    let event = format!(r#"42["message","{}"]"#, "x".repeat(300));
    for _ in 0..3 {
        rig.text(member.client, member.socket, &event);
    }
    assert!(!rig.session(member.client).is_closed());
    rig.text(member.client, member.socket, &event);
    assert_eq!(rig.hears(&member), ["<close>"], "what waited is dropped");
}

#[test]
fn a_body_may_be_as_large_as_announced() {
    let mut config = Config::testee();
    config.max_payload_bytes = 10;
    let mut buffer = BodyBuffer::new(&config);
    assert_eq!(buffer.push("12345".into()), Ok(()));
    assert_eq!(buffer.push("67890".into()), Ok(()));
    assert_eq!(buffer.push("1".into()), Err(BodyError::TooLarge));
    let mut buffer = BodyBuffer::new(&config);
    buffer.push(vec![0xe2, 0x82].into()).unwrap();
    buffer.push(vec![0xac].into()).unwrap();
    assert_eq!(buffer.finish(), "€");
}

#[test]
fn deep_nesting_is_survived() {
    let mut rig = Rig::new();
    let member = rig.member();
    for depth in [100, 126, 127, 128, 10_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let other = rig.member();
        rig.say(&other, &format!(r#"42["message",{deep}]"#));
        rig.say(&other, &format!(r#"421["do",{{"op":"set-data","data":{deep}}}]"#));
        let header =
            format!(r#"451-1["do",{{"op":"set-data","data":[{deep},{{"_placeholder":true,"num":0}}]}}]"#);
        rig.say(&other, &header);
        rig.binary(other.client, other.socket, b"x");
        rig.command(&other, r#""op":"session""#);
        rig.command(&member, r#""op":"sockets","via":"server""#);
    }
    assert_eq!(rig.say(&member, r#"421["message-with-ack"]"#), ["431[]"]);
}

#[test]
fn probes_that_are_not_read_run_out() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let socket = rig.open_socket(client);
    for _ in 0..1000 {
        rig.text(client, socket, "2probe");
    }
    assert_eq!(rig.messages(client, socket), ["<close>"]);
    rig.post(client, "40");
    assert!(rig.poll(client).starts_with("40{"), "the session stays");
}
