//! Who comes and who goes, and why.

use siospec_server::engine::signals::Input;

use super::rig::{Member, Rig};

fn watched() -> (Rig, Member, Member) {
    let mut rig = Rig::new();
    let watcher = rig.member();
    rig.command(&watcher, r#""op":"watch""#);
    let other = rig.member();
    assert_eq!(rig.hears(&watcher), [format!(r#"42["arrived","{}"]"#, other.id)]);
    (rig, watcher, other)
}

fn left(other: &Member, reason: &str) -> [String; 1] {
    [format!(r#"42["left","{0}","{reason}",["{0}"]]"#, other.id)]
}

#[test]
fn reasons_have_names() {
    let (mut rig, watcher, other) = watched();
    rig.say(&other, "41");
    assert_eq!(rig.hears(&watcher), left(&other, "client namespace disconnect"));

    let (mut rig, watcher, other) = watched();
    rig.command(&other, r#""op":"disconnect""#);
    assert_eq!(rig.hears(&watcher), left(&other, "server namespace disconnect"));

    let (mut rig, watcher, other) = watched();
    rig.say(&other, "4abc");
    assert_eq!(rig.hears(&watcher), left(&other, "forced close"));

    let (mut rig, watcher, other) = watched();
    rig.input(other.client, Input::SocketClosed(other.socket));
    assert_eq!(rig.hears(&watcher), left(&other, "transport close"));

    let (mut rig, watcher, other) = watched();
    rig.input(other.client, Input::SocketFailed(other.socket));
    assert_eq!(rig.hears(&watcher), left(&other, "transport error"));

    let (mut rig, watcher, other) = watched();
    rig.say(&other, "abc");
    assert_eq!(rig.hears(&watcher), left(&other, "parse error"));

    let (mut rig, watcher, other) = watched();
    rig.advance(300);
    rig.say(&watcher, "3");
    rig.advance(200);
    assert_eq!(rig.hears(&watcher), left(&other, "ping timeout"));
}

#[test]
fn rooms_are_told_as_they_were() {
    let (mut rig, watcher, other) = watched();
    rig.command(&other, r#""op":"join","rooms":["r"]"#);
    rig.say(&other, "41");
    let reason = "client namespace disconnect";
    assert_eq!(rig.hears(&watcher), [format!(r#"42["left","{0}","{reason}",["{0}","r"]]"#, other.id)]);
    assert_eq!(
        rig.command(&watcher, r#""op":"sockets","via":"server","to":["r"]"#),
        [r#"432000000[{"sockets":[]}]"#]
    );
}
