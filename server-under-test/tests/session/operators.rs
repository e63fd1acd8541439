//! What the operators of the server API do to an event.

use super::rig::{Member, Rig};

fn two() -> (Rig, Member, Member) {
    let mut rig = Rig::new();
    let (one, other) = (rig.member(), rig.member());
    (rig, one, other)
}

#[test]
fn a_socket_speaks_to_the_others_of_its_node() {
    let (mut rig, one, other) = two();
    // The answer to the command is all that it hears itself.
    let answered = rig.command(&one, r#""op":"emit","event":"near","local":true"#);
    assert!(matches!(&answered[..], [answer] if answer.starts_with("43")), "{answered:?}");
    assert_eq!(rig.hears(&other), [r#"42["near"]"#]);
    let to_itself = rig.command(&one, r#""op":"emit","event":"mine""#);
    assert!(to_itself.contains(&r#"42["mine"]"#.to_owned()), "{to_itself:?}");
    assert!(rig.hears(&other).is_empty());
}

#[test]
fn what_is_not_to_be_compressed_is_known_until_it_leaves() {
    let (mut rig, one, other) = two();
    for event in [r#""a","compress":false"#, r#""b""#, r#""c","compress":false"#] {
        rig.command(&one, &format!(r#""op":"emit","broadcast":true,"event":{event}"#));
    }
    let heard = rig.hears(&other);
    let plain: Vec<bool> = heard.iter().map(|packet| packet.starts_with("plain ")).collect();
    assert_eq!(plain, [true, false, true], "{heard:?}");
}

#[test]
fn a_poll_is_left_uncompressed_if_nothing_in_it_wants_to_be_compressed() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    let emit = |event: &str, compress: bool| {
        format!(r#"42["do",{{"op":"emit","event":"{event}","compress":{compress}}}]"#)
    };
    rig.post(client, &emit("a", false));
    rig.post(client, &emit("b", false));
    assert_eq!(rig.poll(client), "plain 42[\"a\"]\u{1e}42[\"b\"]");
    rig.post(client, &emit("a", false));
    rig.post(client, &emit("b", true));
    assert_eq!(rig.poll(client), r#"42["a"]|42["b"]"#);
}
