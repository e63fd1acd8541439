//! Acknowledgements, both ways.

use super::rig::Rig;

#[test]
fn events_are_acknowledged_with_their_id() {
    let mut rig = Rig::new();
    let member = rig.member();
    for (event, ack) in [
        (r#"420["message-with-ack"]"#, "430[]"),
        (r#"429007199254740991["message-with-ack",1,"2"]"#, r#"439007199254740991[1,"2"]"#),
        (r#"427["message-with-ack",{"a":[null]}]"#, r#"437[{"a":[null]}]"#),
    ] {
        assert_eq!(rig.say(&member, event), [ack]);
    }
    assert!(rig.say(&member, r#"421["unknown"]"#).is_empty());
    assert!(rig.say(&member, "4399[]").is_empty());
}

#[test]
fn attachments_come_back_in_order() {
    let mut rig = Rig::new();
    let member = rig.member();
    let event =
        r#"452-5["message-with-ack",{"a":[{"_placeholder":true,"num":1}]},{"num":0,"_placeholder":true}]"#;
    rig.say(&member, event);
    rig.binary(member.client, member.socket, b"zero");
    rig.binary(member.client, member.socket, b"one");
    assert_eq!(
        rig.hears(&member),
        [
            r#"462-5[{"a":[{"_placeholder":true,"num":0}]},{"_placeholder":true,"num":1}]"#,
            r#"b"one""#,
            r#"b"zero""#,
        ]
    );
}

#[test]
fn a_client_answers() {
    let mut rig = Rig::new();
    let member = rig.member();
    let ask = r#""op":"emit","event":"q","ack":true,"timeout":100"#;
    assert_eq!(rig.command(&member, ask), [r#"420["q"]"#]);
    assert_eq!(
        rig.say(&member, r#"430["yes","no"]"#),
        [r#"432000000[{"responses":["yes"],"timedOut":false}]"#]
    );
    assert!(rig.say(&member, r#"430["again"]"#).is_empty());
    rig.advance(100);
    assert_eq!(rig.hears(&member), Vec::<String>::new());
}

#[test]
fn a_client_answers_with_binary() {
    let mut rig = Rig::new();
    let member = rig.member();
    rig.command(&member, r#""op":"emit","event":"q","ack":true,"timeout":100"#);
    rig.say(&member, r#"461-0[{"_placeholder":true,"num":0}]"#);
    rig.binary(member.client, member.socket, b"yes");
    let answer = r#"461-2000000[{"responses":[{"_placeholder":true,"num":0}],"timedOut":false}]"#;
    assert_eq!(rig.hears(&member), [answer, r#"b"yes""#]);
}

#[test]
fn silence_times_out_and_a_late_answer_has_no_effect() {
    let mut rig = Rig::new();
    let member = rig.member();
    rig.command(&member, r#""op":"emit","event":"q","ack":true,"timeout":100"#);
    rig.advance(99);
    assert!(rig.hears(&member).is_empty());
    rig.advance(1);
    assert_eq!(rig.hears(&member), [r#"432000000[{"responses":[],"timedOut":true}]"#]);
    assert!(rig.say(&member, r#"430["late"]"#).is_empty());
}

#[test]
fn a_broadcast_collects_what_comes_in_time() {
    let mut rig = Rig::new();
    let [a, b, c] = [(); 3].map(|()| rig.member());
    let ask = r#""op":"emit","event":"q","via":"server","ack":true,"timeout":100"#;
    assert_eq!(rig.command(&a, ask), [r#"420["q"]"#]);
    rig.say(&c, r#"430["c"]"#);
    rig.say(&c, r#"430["twice"]"#);
    rig.say(&a, "430[]");
    assert_eq!(rig.hears(&b), [r#"420["q"]"#]);
    rig.advance(100);
    assert_eq!(rig.hears(&a), [r#"432000000[{"responses":["c",null],"timedOut":true}]"#]);
}

#[test]
fn nobody_is_waited_for() {
    let mut rig = Rig::new();
    let member = rig.member();
    let ask = r#""op":"emit","event":"q","via":"server","to":["empty"],"ack":true,"timeout":100"#;
    assert_eq!(rig.command(&member, ask), [r#"432000000[{"responses":[],"timedOut":false}]"#]);
}
