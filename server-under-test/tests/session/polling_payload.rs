//! What a POST carries, and what a poll brings.

use super::rig::Rig;

#[test]
fn packets_are_handled_and_answered_in_order() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    assert_eq!(rig.post(client, r#"42["message",1]|42["message",2]|421["message-with-ack",3]"#), "ok");
    assert_eq!(rig.poll(client), r#"42["message-back",1]|42["message-back",2]|431[3]"#);
}

#[test]
fn binary_travels_as_base64() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    rig.post(client, r#"451-["message",{"_placeholder":true,"num":0}]|b++//"#);
    assert_eq!(rig.poll(client), r#"451-["message-back",{"_placeholder":true,"num":0}]|b++//"#);
}

#[test]
fn what_precedes_a_bad_packet_counts_and_what_follows_does_not() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    let held = rig.get(client);
    assert_eq!(rig.post(client, r#"42["message",1]|xyz|42["message",2]"#), "ok");
    assert_eq!(rig.answer(held), r#"42["message-back",1]"#);
    assert_eq!(rig.poll(client), "Session ID unknown");
}

#[test]
fn packets_that_only_servers_send_are_ignored() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    assert_eq!(rig.post(client, "0{}|3|5|6|40"), "ok");
    assert!(rig.poll(client).starts_with("40{"));
}

#[test]
fn volatile_events_leave_at_once_or_never() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    let volatile = r#"42["do",{"op":"emit","event":"v","volatile":true}]"#;
    rig.post(client, volatile);
    let held = rig.get(client);
    assert_eq!(rig.answer(held), "held");
    rig.post(client, volatile);
    assert_eq!(rig.answer(held), r#"42["v"]"#);
}
