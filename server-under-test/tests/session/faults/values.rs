//! Scenes of values, memberships, operators and hostile names.

use siospec_server::Config;

use super::Notes;
use crate::rig::{Member, Rig};

pub(super) fn values(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    let many = (0..12).map(|number| format!(",{number}")).collect::<String>();
    let deep = format!("{}1{}", "[".repeat(30), "]".repeat(30));
    for args in [
        String::new(),
        many,
        format!(",{deep}"),
        ",9007199254740991,0.12345".to_owned(),
        r#",{"_placeholder":true,"num":0}"#.to_owned(),
    ] {
        notes.add(rig.say(&member, &format!(r#"42["message"{args}]"#)));
    }
    notes.text
}

pub(super) fn attachments(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    let ten = (0..10).map(|num| format!(r#",{{"_placeholder":true,"num":{num}}}"#)).collect::<String>();
    rig.say(&member, &format!(r#"4510-["message"{ten}]"#));
    (0..10).for_each(|_| rig.binary(member.client, member.socket, b"x"));
    notes.add(rig.hears(&member));
    rig.say(&member, r#"451-["message",{"num":0,"_placeholder":true}]"#);
    rig.binary(member.client, member.socket, &[7; 100_000]);
    notes.add(rig.hears(&member).iter().map(|heard| heard.len()).collect::<Vec<_>>());
    notes.text
}

pub(super) fn repeated_acks(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    for packet in
        [r#"42["message-with-ack",1]"#, r#"427["message-with-ack",2]"#, r#"427["message-with-ack",3]"#]
    {
        notes.add(rig.say(&member, packet));
    }
    notes.text
}

pub(super) fn memberships(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let [one, two, three] = [(); 3].map(|()| rig.member());
    let members = [&one, &two, &three];
    let own = format!(r#""op":"leave","rooms":["{}"]"#, two.id);
    for command in [
        r#""op":"join","rooms":["a","b"]"#,
        r#""op":"join","rooms":["a"]"#,
        r#""op":"leave","rooms":["a","b"]"#,
        r#""op":"join","rooms":["a"]"#,
        &own,
    ] {
        rig.command(&two, command);
        notes.add(rig.command(&two, r#""op":"session""#));
    }
    for command in [r#""op":"emit","event":"e","to":["a"]"#, r#""op":"emit","event":"e","broadcast":true"#] {
        for speaker in [&one, &two] {
            everybody(&mut rig, &mut notes, &members, speaker, command);
        }
    }
    notes.text
}

pub(super) fn operators(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let [one, two] = [(); 2].map(|()| rig.member());
    let large = format!(r#""op":"emit","event":"e","broadcast":true,"args":["{}"]"#, "x".repeat(70_000));
    for command in [
        r#""op":"emit","event":"e","broadcast":true,"volatile":true"#,
        r#""op":"emit","event":"e","broadcast":true,"compress":false"#,
        r#""op":"emit","event":"e","via":"server","local":true"#,
        &large,
    ] {
        everybody(&mut rig, &mut notes, &[&one, &two], &one, command);
    }
    notes.text
}

pub(super) fn closing_sockets(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let [one, two] = [(); 2].map(|()| rig.member());
    rig.command(&two, r#""op":"join","rooms":["a"]"#);
    let command = r#""op":"disconnect-sockets","via":"server","to":["a"],"close":true"#;
    everybody(&mut rig, &mut notes, &[&one, &two], &one, command);
    notes.text
}

pub(super) fn hostile_names(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    for packet in ["40/__proto__,", r#"42["toString"]"#, r#"42["message",1]"#] {
        notes.add(rig.say(&member, packet));
    }
    notes.text
}

/// One carries out a command, and all hear what comes of it.
fn everybody(rig: &mut Rig, notes: &mut Notes, members: &[&Member], speaker: &Member, command: &str) {
    notes.add(rig.command(speaker, command));
    for member in members {
        notes.add(rig.hears(member));
    }
}
