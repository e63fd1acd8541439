//! Scenes of namespaces and delivery.

use siospec_server::{Config, engine::signals::Input};

use super::Notes;
use crate::rig::{Member, Rig};

pub(super) fn connect(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let (client, socket, open) = rig.websocket();
    notes.add(open);
    for packet in
        [r#"40{"token":1}"#, "40/custom", "40/random?x=1,", "40/CUSTOM,", "40/dynamic-7,", "40/auth,"]
    {
        rig.text(client, socket, packet);
        notes.add(rig.messages(client, socket));
    }
    rig.text(client, socket, r#"40/auth,{"token":"open sesame"}"#);
    notes.add(rig.messages(client, socket));
    notes.text
}

pub(super) fn connect_later(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let (client, socket, _) = rig.websocket();
    for _ in 0..10 {
        rig.advance(100);
        rig.text(client, socket, "3");
    }
    notes.add(rig.messages(client, socket).last());
    notes.text
}

pub(super) fn connect_wrong(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, r#"42["message"]"#);
    notes.add(rig.messages(client, socket));
    let member = rig.member();
    notes.add(rig.say(&member, "40"));
    notes.text
}

pub(super) fn malformed(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    for packet in ["4abc", "42{}", "42[]", r#"42"a""#, r#"42abc["x"]"#, r#"42-1["x"]"#, r#"42["a""#] {
        let member = rig.member();
        notes.add((packet, rig.say(&member, packet)));
    }
    notes.text
}

pub(super) fn namespaces(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let (client, socket, _) = rig.websocket();
    for packet in ["40/custom,", "40", r#"42/custom,["message",1]"#] {
        rig.text(client, socket, packet);
        notes.add(rig.messages(client, socket));
    }
    let (client, socket, _) = rig.websocket();
    for packet in ["40/custom,", r#"42["message",1]"#] {
        rig.text(client, socket, packet);
        notes.add(rig.messages(client, socket));
    }
    notes.text
}

pub(super) fn stray_events(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    notes.add(rig.say(&member, r#"42/custom,["message",1]"#));
    let member = rig.member();
    rig.say(&member, "41");
    notes.add(rig.say(&member, r#"42["message",1]"#));
    notes.text
}

pub(super) fn events(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    for event in [
        r#"42["message",null,1]"#,
        r#"42["mess\u0061ge",1]"#,
        r#"42["unknown"]"#,
        r#"42["message","1-2"]"#,
        r#"42["message",{"__proto__":{"x":1}}]"#,
        &format!(r#"42["message","{}"]"#, "x".repeat(100_000)),
    ] {
        let member = rig.member();
        notes.add(rig.say(&member, event));
    }
    notes.text
}

pub(super) fn event_order(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    for number in 1..=5 {
        rig.text(member.client, member.socket, &format!(r#"42["message",{number}]"#));
    }
    notes.add(rig.hears(&member));
    notes.text
}

pub(super) fn acks(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.say(&member, "40/custom,");
    for event in [
        r#"420["message-with-ack",1]"#,
        r#"427["message-with-ack",1]"#,
        r#"429007199254740991["message-with-ack",1]"#,
        r#"421000001["message-with-ack"]"#,
        r#"42/custom,5["message-with-ack",1]"#,
    ] {
        notes.add(rig.say(&member, event));
    }
    notes.text
}

pub(super) fn asks(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let [a, b] = [(); 2].map(|()| rig.member());
    let one = r#""op":"emit","event":"q","ack":true,"timeout":100"#;
    let all = r#""op":"emit","event":"q","via":"server","ack":true,"timeout":100"#;
    let nobody = r#""op":"emit","event":"q","via":"server","to":["x"],"ack":true,"timeout":100"#;
    notes.add(rig.command(&a, one));
    notes.add(rig.say(&a, r#"430["text"]"#));
    rig.advance(101);
    rig.command(&b, one);
    rig.say(&b, r#"461-1[{"_placeholder":true,"num":0}]"#);
    rig.binary(b.client, b.socket, b"x");
    notes.add(rig.hears(&b));
    notes.add(rig.command(&a, one));
    rig.advance(101);
    notes.add(rig.hears(&a));
    notes.add(rig.say(&a, r#"432["late"]"#));
    notes.add(rig.say(&b, "4399[]"));
    for member in [&a, &b] {
        rig.say(member, "3");
    }
    rig.command(&a, all);
    rig.say(&a, "433[1]");
    rig.say(&b, "433[2]");
    notes.add(rig.hears(&a));
    rig.command(&a, all);
    rig.say(&b, "434[2]");
    rig.advance(101);
    notes.add(rig.hears(&a));
    notes.add(rig.command(&a, nobody));
    notes.text
}

pub(super) fn binary(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.say(&member, "40/custom,");
    let [p0, p1] = [0, 1].map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#));
    for (header, attachments) in [
        (format!(r#"452-["message",{p0},{p1}]"#), vec!["a", "b"]),
        (format!(r#"451-7["message-with-ack",{p0}]"#), vec!["a"]),
        (format!(r#"451-/custom,["message",{p0}]"#), vec!["a"]),
        (format!(r#"451-["message",{{"x":[{p0}]}}]"#), vec!["a"]),
        (format!(r#"451-["message",{p0}]"#), vec![""]),
    ] {
        rig.say(&member, &header);
        attachments.iter().for_each(|it| rig.binary(member.client, member.socket, it.as_bytes()));
        notes.add(rig.hears(&member));
    }
    let member = rig.member();
    for number in 0..12 {
        rig.say(&member, &format!(r#"451-["message",{p0}]"#));
        rig.binary(member.client, member.socket, &[number]);
        notes.add(rig.hears(&member));
    }
    notes.text
}

pub(super) fn binary_wrong(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.binary(member.client, member.socket, b"x");
    notes.add(rig.hears(&member));
    let member = rig.member();
    rig.say(&member, r#"451-["message",{"_placeholder":true,"num":0}]"#);
    notes.add(rig.say(&member, r#"42["message"]"#));
    let member = rig.member();
    rig.say(&member, r#"451-["message",{"_placeholder":true,"num":1}]"#);
    rig.binary(member.client, member.socket, b"x");
    notes.add(rig.hears(&member));
    notes.text
}

pub(super) fn leaving(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    notes.add(&member.id);
    rig.say(&member, "40/custom,");
    notes.add(rig.say(&member, "41/custom,"));
    notes.add(rig.say(&member, r#"42["message"]"#));
    rig.say(&member, "41");
    notes.add(rig.say(&member, "40"));
    notes.text
}

pub(super) fn removed(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.say(&member, "40/custom,");
    notes.add(rig.say(&member, r#"42/custom,1000001["do",{"op":"disconnect"}]"#));
    notes.add(rig.say(&member, r#"42["message"]"#));
    notes.add(rig.command(&member, r#""op":"disconnect","close":true"#));
    notes.text
}

pub(super) fn watch(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let [watcher, leaver, dropped] = [(); 3].map(|()| rig.member());
    notes.add([&watcher.id, &leaver.id, &dropped.id]);
    rig.command(&watcher, r#""op":"watch""#);
    rig.say(&leaver, "41");
    notes.add(rig.hears(&watcher));
    rig.input(dropped.client, Input::SocketClosed(dropped.socket));
    notes.add(rig.hears(&watcher));
    notes.text
}

/// What each of the members hears when the first one carries out a command.
fn carry_out(rig: &mut Rig, notes: &mut Notes, members: &[Member], command: &str) {
    let mut heard = vec![rig.command(&members[0], command)];
    rig.advance(1);
    heard.extend(members[1..].iter().map(|member| rig.hears(member)));
    notes.add(heard);
}

pub(super) fn rooms(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let members = [(); 4].map(|()| rig.member());
    members.iter().for_each(|it| notes.add(&it.id));
    rig.say(&members[3], "40/custom,");
    rig.say(&members[3], r#"42/custom,["do",{"op":"join","rooms":["a"]}]"#);
    rig.command(&members[0], r#""op":"join","rooms":["a","b"]"#);
    rig.command(&members[1], r#""op":"join","rooms":["a","b"]"#);
    rig.command(&members[2], r#""op":"join","rooms":["b"]"#);
    for address in [
        r#""to":["a"]"#,
        r#""to":["a","b"]"#,
        r#""to":["b"],"except":["a"]"#,
        r#""via":"server","to":["a"]"#,
        r#""to":["nobody"]"#,
        &format!(r#""via":"server","to":["{}"]"#, members[2].id),
        &format!(r#""to":["{}"]"#, members[0].id),
    ] {
        carry_out(&mut rig, &mut notes, &members, &format!(r#""op":"emit","event":"e",{address}"#));
    }
    notes.add(rig.command(&members[1], r#""op":"session""#));
    rig.command(&members[1], r#""op":"leave","rooms":["a"]"#);
    carry_out(&mut rig, &mut notes, &members, r#""op":"emit","event":"e","to":["a"]"#);
    rig.say(&members[2], "41");
    notes.add(rig.command(&members[0], r#""op":"sockets","via":"server","to":["b"]"#));
    notes.text
}

pub(super) fn broadcast(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let members = [(); 4].map(|()| rig.member());
    rig.say(&members[3], "40/custom,");
    rig.command(&members[1], r#""op":"join","rooms":["a"]"#);
    for address in [
        r#""broadcast":true"#,
        r#""broadcast":true,"except":["a"]"#,
        r#""via":"server""#,
        r#""via":"server","namespace":"/custom""#,
    ] {
        carry_out(&mut rig, &mut notes, &members, &format!(r#""op":"emit","event":"e",{address}"#));
    }
    let binary =
        r#"451-["do",{"op":"emit","event":"e","broadcast":true,"args":[{"_placeholder":true,"num":0}]}]"#;
    rig.say(&members[0], binary);
    rig.binary(members[0].client, members[0].socket, b"x");
    notes.add(members.each_ref().map(|member| rig.hears(member)));
    rig.text(members[0].client, members[0].socket, r#"42["do",{"op":"emit","event":"first"}]"#);
    carry_out(&mut rig, &mut notes, &members, r#""op":"emit","event":"second","via":"server""#);
    rig.say(&members[2], "41");
    carry_out(&mut rig, &mut notes, &members, r#""op":"emit","event":"e","broadcast":true"#);
    notes.text
}

pub(super) fn outsiders(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let members = [(); 3].map(|()| rig.member());
    members.iter().for_each(|it| notes.add(&it.id));
    rig.command(&members[1], &format!(r#""op":"join","rooms":["{}"]"#, members[0].id));
    let to_first = format!(r#""op":"emit","event":"e","via":"server","to":["{}"]"#, members[0].id);
    carry_out(&mut rig, &mut notes, &members, &to_first);
    rig.say(&members[0], r#"40/auth,{"token":"open sesame"}"#);
    notes.add(rig.say(&members[1], "40/auth,"));
    rig.say(&members[0], r#"42/auth,["do",{"op":"emit","event":"e","via":"server"}]"#);
    notes.add(rig.hears(&members[1]));
    for member in &members {
        rig.say(member, "40/dynamic-1,");
        rig.command(member, r#""op":"join","rooms":["red"]"#);
    }
    rig.input(members[2].client, Input::SocketClosed(members[2].socket));
    rig.command(&members[0], r#""op":"emit","event":"e","to":["red"]"#);
    rig.say(&members[0], r#"42/dynamic-1,["do",{"op":"emit","event":"e","broadcast":true}]"#);
    notes.add(rig.hears(&members[1]));
    let late = rig.member();
    notes.add(rig.say(&late, "40/dynamic-1,"));
    notes.text
}

pub(super) fn sockets(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let members = [(); 3].map(|()| rig.member());
    members.iter().for_each(|it| notes.add(&it.id));
    rig.command(&members[1], r#""op":"join","rooms":["a"]"#);
    rig.command(&members[1], r#""op":"set-data","data":{"x":1}"#);
    for command in [
        r#""op":"sockets","via":"server","to":["a"]"#,
        r#""op":"sockets-join","via":"server","rooms":["j"]"#,
        r#""op":"sockets","via":"server","to":["j"]"#,
        r#""op":"sockets-leave","via":"server","to":["a"],"rooms":["j"]"#,
        r#""op":"sockets","via":"server","to":["j"]"#,
        r#""op":"disconnect-sockets","via":"server","to":["a"]"#,
    ] {
        carry_out(&mut rig, &mut notes, &members, command);
    }
    notes.text
}
