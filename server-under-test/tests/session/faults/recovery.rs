//! Scenes of sessions that come back.

use std::time::Duration;

use siospec_server::{Config, engine::signals::Input};

use super::Notes;
use crate::rig::{Member, Rig};

/// A server whose sessions can come back for two seconds.
fn stage(config: Config) -> Rig {
    Rig::with(Config { recovery_window: Some(Duration::from_secs(2)), ..config })
}

/// A member in a namespace; its private id, and the offset of its greeting.
fn traveller(rig: &mut Rig, notes: &mut Notes, connect: &str) -> (Member, String, String) {
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, connect);
    let heard = rig.messages(client, socket);
    notes.add(&heard);
    let connected: Vec<&str> = heard.first().map(|text| text.split('"').collect()).unwrap_or_default();
    let word = |index: usize| connected.get(index).copied().unwrap_or_default().to_owned();
    (Member { client, socket, id: word(3) }, word(7), last_word(&heard))
}

/// The offset of the last event that was heard.
fn last_word(heard: &[String]) -> String {
    heard.last().and_then(|text| text.rsplit('"').nth(1)).unwrap_or_default().to_owned()
}

fn loses(rig: &mut Rig, member: &Member) {
    rig.input(member.client, Input::SocketClosed(member.socket));
}

/// Comes back with this id and offset.
fn returns(rig: &mut Rig, notes: &mut Notes, namespace: &str, pid: &str, offset: &str) -> Member {
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, &format!(r#"40{namespace}{{"pid":"{pid}","offset":"{offset}"}}"#));
    notes.add(rig.messages(client, socket));
    Member { client, socket, id: String::new() }
}

pub(super) fn offsets(config: Config) -> String {
    let (mut rig, mut notes) = (stage(config), Notes::default());
    let (it, pid, _) = traveller(&mut rig, &mut notes, "40");
    notes.add(pid == it.id);
    notes.add(rig.say(&it, r#"42["message",1]"#));
    notes.add(rig.say(&it, r#"421["message-with-ack",1]"#));
    rig.say(&it, r#"451-["message",{"_placeholder":true,"num":0}]"#);
    rig.binary(it.client, it.socket, b"x");
    notes.add(rig.hears(&it));
    for command in
        [r#""op":"emit","event":"e","volatile":true"#, r#""op":"emit","event":"e","ack":true,"timeout":100"#]
    {
        notes.add(rig.command(&it, command));
    }
    notes.text
}

pub(super) fn comes_back(config: Config) -> String {
    let (mut rig, mut notes) = (stage(config), Notes::default());
    let (other, ..) = traveller(&mut rig, &mut notes, "40");
    rig.command(&other, r#""op":"watch""#);
    let (it, pid, _) = traveller(&mut rig, &mut notes, "40");
    rig.command(&it, r#""op":"join","rooms":["red"]"#);
    rig.command(&it, r#""op":"set-data","data":{"n":1}"#);
    rig.command(&it, r#""op":"emit","event":"mine","broadcast":true"#);
    let offset = last_word(&rig.say(&it, r#"42["message",1]"#));
    rig.command(&it, r#""op":"emit","event":"mine","broadcast":true"#);
    loses(&mut rig, &it);
    for address in [
        r#""to":["red"]"#,
        r#""to":["blue"]"#,
        r#""broadcast":true"#,
        r#""broadcast":true,"except":["red"]"#,
        r#""via":"server","volatile":true"#,
        r#""via":"server","ack":true,"timeout":1"#,
        r#""via":"server","namespace":"/custom""#,
    ] {
        rig.command(&other, &format!(r#""op":"emit","event":"e","args":[1],{address}"#));
    }
    let binary =
        r#"451-["do",{"op":"emit","event":"b","via":"server","args":[{"_placeholder":true,"num":0}]}]"#;
    rig.say(&other, binary);
    rig.binary(other.client, other.socket, b"x");
    let again = returns(&mut rig, &mut notes, "", &pid, &offset);
    notes.add(rig.command(&again, r#""op":"session""#));
    notes.add(rig.hears(&other));
    loses(&mut rig, &again);
    returns(&mut rig, &mut notes, "", &pid, &offset);
    notes.text
}

pub(super) fn comes_back_wrongly(config: Config) -> String {
    let (mut rig, mut notes) = (stage(config), Notes::default());
    let (it, pid, offset) = traveller(&mut rig, &mut notes, "40");
    loses(&mut rig, &it);
    for (namespace, pid, offset) in
        [("/custom,", &*pid, &*offset), ("", "somebody", &*offset), ("", &*pid, "bogus")]
    {
        returns(&mut rig, &mut notes, namespace, pid, offset);
    }
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, &format!(r#"40{{"pid":"{pid}"}}"#));
    notes.add(rig.messages(client, socket));
    let (it, pid, offset) = traveller(&mut rig, &mut notes, r#"40/auth,{"token":"open sesame"}"#);
    loses(&mut rig, &it);
    returns(&mut rig, &mut notes, "/auth,", &pid, &offset);
    notes.text
}

pub(super) fn goes_for_good(config: Config) -> String {
    let mut notes = Notes::default();
    for how in ["41", r#"42["do",{"op":"disconnect"}]"#] {
        let mut rig = stage(config.clone());
        let (it, pid, offset) = traveller(&mut rig, &mut notes, "40");
        rig.say(&it, how);
        returns(&mut rig, &mut notes, "", &pid, &offset);
    }
    let mut rig = stage(config.clone());
    let (it, pid, offset) = traveller(&mut rig, &mut notes, "40");
    loses(&mut rig, &it);
    rig.advance(2001);
    returns(&mut rig, &mut notes, "", &pid, &offset);
    let mut rig = stage(config.clone());
    let (_, pid, offset) = traveller(&mut rig, &mut notes, "40");
    rig.advance(501);
    returns(&mut rig, &mut notes, "", &pid, &offset);
    let mut rig = stage(config);
    let (it, pid, offset) = traveller(&mut rig, &mut notes, "40");
    for _ in 0..10 {
        rig.advance(300);
        rig.say(&it, "3");
    }
    loses(&mut rig, &it);
    returns(&mut rig, &mut notes, "", &pid, &offset);
    notes.text
}
