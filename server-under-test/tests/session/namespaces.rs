//! Several namespaces on one connection.

use super::rig::Rig;

#[test]
fn namespaces_are_independent() {
    let mut rig = Rig::new();
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, "40/custom");
    let custom = rig.messages(client, socket);
    assert!(custom[0].starts_with(r#"40/custom,{"sid":""#));
    assert_eq!(custom[1], r#"42/custom,["auth",{}]"#);
    rig.text(client, socket, "40");
    let main = rig.messages(client, socket);
    assert_ne!(main[0].split('"').nth(3), custom[0].split('"').nth(3), "each has an id of its own");
    rig.text(client, socket, r#"42/custom,7["message-with-ack",1]"#);
    rig.text(client, socket, "41/custom,");
    rig.text(client, socket, r#"42["message",1]"#);
    assert_eq!(rig.messages(client, socket), ["43/custom,7[1]", r#"42["message-back",1]"#]);
}

#[test]
fn an_event_for_a_namespace_not_joined_closes() {
    for namespace in ["/custom", "/nope", "/auth"] {
        let mut rig = Rig::new();
        let member = rig.member();
        assert_eq!(rig.say(&member, &format!(r#"42{namespace},["message"]"#)), ["<close>"]);
    }
}

#[test]
fn leaving_is_silent_and_coming_back_gives_a_new_id() {
    let mut rig = Rig::new();
    let member = rig.member();
    assert!(rig.say(&member, "41").is_empty());
    let again = rig.say(&member, "40");
    assert!(again[0].starts_with("40{") && !again[0].contains(&member.id));
}

#[test]
fn unknown_namespaces_are_named_verbatim() {
    let mut rig = Rig::new();
    let member = rig.member();
    for name in
        ["/random", "/custom?x=1", "/CUSTOM", "/custom/", "//", "/é", "/a\u{1e}b", "/dynamic-", "/dynamic-x"]
    {
        let refusal = format!(r#"44{name},{{"message":"Invalid namespace"}}"#);
        assert_eq!(rig.say(&member, &format!("40{name},")), [refusal]);
    }
}

#[test]
fn dynamic_namespaces_come_into_being_by_joining_only() {
    let mut rig = Rig::new();
    let member = rig.member();
    let emit = r#""op":"emit","event":"x","via":"server","namespace":"/dynamic-7""#;
    assert_eq!(rig.command(&member, emit), [r#"432000000[{"error":"no namespace \"/dynamic-7\""}]"#]);
    assert!(rig.say(&member, "40/dynamic-7,")[0].starts_with("40/dynamic-7,{"));
    assert_eq!(rig.command(&member, emit), [r#"42/dynamic-7,["x"]"#, "432000000[{}]"]);
}

#[test]
fn the_server_disconnects_one_namespace() {
    let mut rig = Rig::new();
    let member = rig.member();
    rig.say(&member, "40/custom,");
    assert_eq!(
        rig.say(&member, r#"42/custom,1["do",{"op":"disconnect"}]"#),
        ["43/custom,1[{}]", "41/custom,"]
    );
    assert_eq!(rig.say(&member, r#"42["message"]"#), [r#"42["message-back"]"#]);
    rig.say(&member, "40/custom,");
    assert_eq!(
        rig.command(&member, r#""op":"disconnect","close":true"#),
        ["432000000[{}]", "41", "41/custom,", "<close>"]
    );
}
