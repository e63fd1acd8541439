//! Who loses its connection comes back as the same socket, and is sent what it missed.

use std::time::Duration;

use siospec_server::{
    Config,
    engine::signals::{Input, SocketId},
};

use super::rig::{Client, Member, Rig};

/// A member, and what it needs to come back.
struct Traveller {
    member: Member,
    pid: String,
    offset: String,
}

fn config() -> Config {
    Config { recovery_window: Some(Duration::from_secs(2)), ..Config::testee() }
}

fn rig() -> Rig {
    Rig::with(config())
}

/// The part of a text behind this name and before the next quote.
fn word(text: &str, name: &str) -> String {
    let (_, rest) = text.split_once(name).unwrap_or_else(|| panic!("{name} in {text}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

fn traveller(rig: &mut Rig, namespace: &str) -> Traveller {
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, &format!("40{namespace}"));
    let heard = rig.messages(client, socket);
    let [connected, greeting] = &heard[..] else { panic!("{heard:?}") };
    let member = Member { client, socket, id: word(connected, r#""sid":""#) };
    Traveller { member, pid: word(connected, r#""pid":""#), offset: word(greeting, r##"{},""##) }
}

fn loses(rig: &mut Rig, traveller: &Traveller) {
    rig.input(traveller.member.client, Input::SocketClosed(traveller.member.socket));
}

/// What is said to a client that comes back with this id and offset.
fn returns(rig: &mut Rig, namespace: &str, pid: &str, offset: &str) -> (Client, SocketId, Vec<String>) {
    let (client, socket, _) = rig.websocket();
    let packet = format!(r#"40{namespace}{{"pid":"{pid}","offset":"{offset}"}}"#);
    rig.text(client, socket, &packet);
    let heard = rig.messages(client, socket);
    (client, socket, heard)
}

fn is_greeted(heard: &[String]) -> bool {
    heard.iter().any(|text| text.contains(r#"["auth""#))
}

#[test]
fn nothing_is_said_of_recovery_unless_it_is_on() {
    let mut rig = Rig::new();
    let member = rig.member();
    assert_eq!(rig.say(&member, r#"42["message",1]"#), [r#"42["message-back",1]"#]);
    let (_, _, heard) = returns(&mut rig, "", "x", "#1");
    assert!(is_greeted(&heard) && !heard[0].contains("pid"), "{heard:?}");
}

#[test]
fn events_end_with_an_offset_unless_they_are_volatile_or_asked_to_be_acknowledged() {
    let mut rig = rig();
    let it = traveller(&mut rig, "");
    assert_eq!(it.offset, "#1");
    assert_ne!(it.pid, it.member.id);
    assert_eq!(rig.say(&it.member, r#"42["message",1]"#), [r##"42["message-back",1,"#2"]"##]);
    rig.say(&it.member, r#"451-["message",{"_placeholder":true,"num":0}]"#);
    rig.binary(it.member.client, it.member.socket, b"x");
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let header = format!(r##"451-["message-back",{placeholder},"#3"]"##);
    assert_eq!(rig.hears(&it.member), [header, r#"b"x""#.to_owned()]);
    let volatile = r#""op":"emit","event":"e","volatile":true"#;
    assert_eq!(rig.command(&it.member, volatile)[0], r#"42["e"]"#);
    let asking = r#""op":"emit","event":"e","ack":true,"timeout":100"#;
    assert_eq!(rig.command(&it.member, asking)[0], r#"420["e"]"#);
    assert_eq!(rig.say(&it.member, r#"421["message-with-ack",1]"#), ["431[1]"]);
}

#[test]
fn who_comes_back_is_the_same_socket_and_is_sent_what_it_missed_first() {
    let mut rig = rig();
    let other = traveller(&mut rig, "");
    let it = traveller(&mut rig, "");
    rig.command(&it.member, r#""op":"join","rooms":["red"]"#);
    rig.command(&it.member, r#""op":"set-data","data":{"n":1}"#);
    loses(&mut rig, &it);
    let id = &it.member.id;
    for address in [
        r#""to":["red"]"#,
        r#""to":["blue"]"#,
        &format!(r#""to":["{id}"]"#),
        r#""broadcast":true"#,
        r#""broadcast":true,"except":["red"]"#,
        r#""via":"server""#,
        r#""via":"server","volatile":true"#,
    ] {
        rig.command(&other.member, &format!(r#""op":"emit","event":"e","args":[{address:?}],{address}"#));
    }
    let (client, socket, heard) = returns(&mut rig, "", &it.pid, &it.offset);
    let [red, own, all, server, connected] = &heard[..] else { panic!("{heard:#?}") };
    for (event, address) in [(red, "red"), (own, id), (all, "broadcast"), (server, "server")] {
        assert!(event.starts_with(r#"42["e""#) && event.contains(address), "{event}");
    }
    assert_eq!(*connected, format!(r#"40{{"sid":"{id}","pid":"{}"}}"#, it.pid));
    let again = Member { client, socket, id: id.clone() };
    let session = rig.command(&again, r#""op":"session""#).remove(0);
    assert!(session.contains(r#""recovered":true"#) && session.contains(r#""data":{"n":1}"#), "{session}");
    assert!(session.contains(&format!(r#""rooms":["{id}","red"]"#)), "{session}");
    // What was sent last while it was away is where it stands now.
    rig.input(client, Input::SocketClosed(socket));
    let (_, _, heard) = returns(&mut rig, "", &it.pid, server.rsplit('"').nth(1).unwrap());
    assert_eq!(heard.len(), 1, "{heard:?}");
}

#[test]
fn those_who_went_on_purpose_do_not_come_back() {
    for (how, comes_back) in [
        ("41", false),
        (r#"42["do",{"op":"disconnect"}]"#, false),
        (r#"42["do",{"op":"disconnect","close":true}]"#, false),
        ("what is this", false),
        ("4what is this", true),
        ("1", true),
    ] {
        let mut rig = rig();
        let it = traveller(&mut rig, "");
        rig.text(it.member.client, it.member.socket, how);
        if how == "1" {
            loses(&mut rig, &it);
        }
        let (_, _, heard) = returns(&mut rig, "", &it.pid, &it.offset);
        assert_eq!(is_greeted(&heard), !comes_back, "{how}: {heard:?}");
    }
}

#[test]
fn who_came_back_and_then_left_does_not_come_back_again() {
    let mut rig = rig();
    let it = traveller(&mut rig, "");
    loses(&mut rig, &it);
    let (client, socket, heard) = returns(&mut rig, "", &it.pid, &it.offset);
    assert!(!is_greeted(&heard), "{heard:?}");
    rig.text(client, socket, "41");
    let (_, _, heard) = returns(&mut rig, "", &it.pid, &it.offset);
    assert!(is_greeted(&heard), "{heard:?}");
}

#[test]
fn a_session_is_recoverable_until_its_time_is_over() {
    for (ms, comes_back) in [(0, true), (2000, true), (2001, false), (60_000, false)] {
        let mut rig = rig();
        let it = traveller(&mut rig, "");
        loses(&mut rig, &it);
        rig.advance(ms);
        let (_, _, heard) = returns(&mut rig, "", &it.pid, &it.offset);
        assert_eq!(is_greeted(&heard), !comes_back, "{ms} ms: {heard:?}");
    }
}

#[test]
fn who_heard_nothing_for_long_comes_back_though_its_offset_is_no_longer_in_the_log() {
    let mut rig = rig();
    let it = traveller(&mut rig, "");
    for _ in 0..20 {
        rig.advance(300);
        rig.say(&it.member, "3");
    }
    loses(&mut rig, &it);
    let (_, _, heard) = returns(&mut rig, "", &it.pid, &it.offset);
    assert!(!is_greeted(&heard), "{heard:?}");
}

#[test]
fn what_does_not_fit_together_restores_nothing() {
    let mut rig = rig();
    let it = traveller(&mut rig, "");
    let elsewhere = traveller(&mut rig, "/custom,");
    loses(&mut rig, &it);
    loses(&mut rig, &elsewhere);
    let ours = (&*it.pid, &*it.offset);
    for (pid, offset) in [
        ("unknown", ours.1),
        (ours.0, "bogus"),
        (ours.0, "#99"),
        (ours.0, "#0"),
        (ours.0, "1"),
        (ours.0, ""),
        (ours.0, &*elsewhere.offset),
        (&*elsewhere.pid, ours.1),
    ] {
        let (_, _, heard) = returns(&mut rig, "", pid, offset);
        assert!(is_greeted(&heard), "{pid} {offset}: {heard:?}");
    }
    for payload in [format!(r#"{{"pid":"{}"}}"#, it.pid), format!(r#"{{"pid":"{}","offset":1}}"#, it.pid)] {
        let (client, socket, _) = rig.websocket();
        rig.text(client, socket, &format!("40{payload}"));
        assert!(is_greeted(&rig.messages(client, socket)), "{payload}");
    }
    let connected = traveller(&mut rig, "");
    let (_, _, heard) = returns(&mut rig, "", &connected.pid, &connected.offset);
    assert!(is_greeted(&heard), "it is still there: {heard:?}");
    let (_, _, heard) = returns(&mut rig, "", ours.0, ours.1);
    assert!(!is_greeted(&heard), "{heard:?}");
}

#[test]
fn who_comes_back_was_let_in_before() {
    let mut rig = rig();
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, r#"40/auth,{"token":"open sesame"}"#);
    let heard = rig.messages(client, socket);
    let (pid, offset) = (word(&heard[0], r#""pid":""#), word(&heard[1], r#"},""#));
    rig.input(client, Input::SocketClosed(socket));
    let (_, _, heard) = returns(&mut rig, "/auth,", &pid, &offset);
    assert!(heard[0].starts_with("40/auth,"), "{heard:?}");
    let (_, _, heard) = returns(&mut rig, "/auth,", "unknown", &offset);
    assert!(heard[0].starts_with("44/auth,"), "{heard:?}");
}
