//! Scenes of the transports.

use siospec_server::{
    Config,
    engine::{
        admission::{Admission, Head, Known, Query, admit},
        polling::{BodyBuffer, check_head},
        signals::{Input, Transport},
    },
};

use super::Notes;
use crate::rig::Rig;

pub(super) fn admission(config: Config) -> String {
    let mut notes = Notes::default();
    for (method, query, upgrade) in [
        ("GET", "transport=polling", false),
        ("GET", "EIO=5&transport=polling", false),
        ("GET", "EIO=4", false),
        ("GET", "EIO=4&transport=abc", false),
        ("GET", "EIO=4&transport=abc", true),
        ("GET", "EIO=4&transport=polling&sid=nothing", false),
        ("GET", "EIO=4&transport=polling&sid=former", false),
        ("POST", "EIO=4&transport=polling", false),
        ("PUT", "EIO=4&transport=polling", false),
        ("GET", "EIO=4&transport=websocket", false),
        ("GET", "EIO=4&transport=polling&foo=bar", false),
        ("GET", "EIO=4&transport=%70olling", false),
        ("GET", "EIO=4&transport=polling&t=1", false),
        ("GET", "EIO=3&transport=polling", false),
        ("GET", "EIO=4&transport=polling&sid=", false),
        ("GET", "EIO=4&transport=websocket&sid=alive", false),
    ] {
        let query = Query::parse(&config, query);
        let known = |sid: &str| match sid {
            "former" => Known::FormerSession { transport: Transport::WebSocket },
            "alive" => Known::Session,
            _ => Known::Nothing,
        };
        let admission = admit(&config, Head { method, query: &query, upgrade }, known);
        notes.add(matches!(admission, Ok(Admission::Open(_) | Admission::Join(_))));
    }
    notes.text
}

pub(super) fn bodies(config: Config) -> String {
    let config = Config { max_payload_bytes: 9, ..config };
    let mut notes = Notes::default();
    notes.add(check_head(&config, Some("application/json"), true));
    notes.add(check_head(&config, None, false));
    for body in ["123456789", "1234567890", "12345€€"] {
        notes.add(BodyBuffer::new(&config).push(body.into()));
    }
    let mut buffer = BodyBuffer::new(&config);
    notes.add([b"4\xe2".to_vec(), b"\x82\xac".to_vec()].map(|piece| buffer.push(piece.into())));
    notes.add(buffer.finish());
    notes.text
}

pub(super) fn open(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    notes.add(rig.polling().1);
    notes.add(rig.websocket().2);
    notes.text
}

/// A polling client in the main namespace.
fn joined(rig: &mut Rig) -> usize {
    let (client, _) = rig.polling();
    rig.post(client, "40");
    rig.poll(client);
    client
}

pub(super) fn polling(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    notes.add(rig.post(client, r#"42["message","a"]"#));
    notes.add(rig.poll(client));
    notes.text
}

pub(super) fn polling_many(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    let events: Vec<String> = (1..=16).map(|number| format!(r#"42["message",{number}]"#)).collect();
    rig.post(client, &events.join("|"));
    notes.add(rig.poll(client));
    notes.text
}

pub(super) fn polling_bad(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    let held = rig.get(client);
    rig.post(client, r#"xyz|421000001["message-with-ack"]"#);
    notes.add(rig.answer(held));
    notes.add(rig.post(client, "3"));
    notes.text
}

pub(super) fn polling_binary(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    rig.post(client, r#"451-["message",{"_placeholder":true,"num":0}]|b++//"#);
    notes.add(rig.poll(client));
    notes.text
}

pub(super) fn second_get(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    let first = rig.get(client);
    notes.add(rig.poll(client));
    notes.add(rig.answer(first));
    notes.add(rig.post(client, "3"));
    notes.text
}

pub(super) fn second_post(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    let first = rig.post_begins(client);
    notes.add(rig.post(client, r#"42["message",1]"#));
    notes.add(rig.answer(first));
    notes.add(rig.poll(client));
    notes.text
}

pub(super) fn polling_close(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let (client, _) = rig.polling();
    let held = rig.get(client);
    notes.add(rig.post(client, "1"));
    notes.add(rig.answer(held));
    notes.text
}

pub(super) fn websocket(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.text(member.client, member.socket, r#"42["message","😀"]"#);
    rig.text(member.client, member.socket, r#"42["message","b"]"#);
    notes.add(rig.hears(&member));
    rig.say(&member, r#"451-["message",{"_placeholder":true,"num":0}]"#);
    rig.binary(member.client, member.socket, b"4a");
    notes.add(rig.hears(&member));
    notes.add(rig.say(&member, "40/a\u{1e}b,"));
    notes.text
}

pub(super) fn websocket_bad(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    notes.add(rig.say(&member, "7"));
    notes.text
}

pub(super) fn websocket_close(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    notes.add(rig.say(&member, "1"));
    notes.text
}

pub(super) fn second_websocket(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    let second = rig.open_socket(member.client);
    rig.text(member.client, second, "2probe");
    notes.add(rig.messages(member.client, second));
    notes.text
}

pub(super) fn upgrade(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    rig.post(client, r#"42["message",1]"#);
    notes.add(rig.poll(client));
    let held = rig.get(client);
    let socket = rig.open_socket(client);
    notes.add(rig.messages(client, socket));
    let second = rig.open_socket(client);
    notes.add(rig.messages(client, second));
    rig.text(client, socket, "2probe");
    notes.add(rig.messages(client, socket));
    notes.add(rig.answer(held));
    let late = rig.get(client);
    notes.add(rig.answer(late));
    rig.post(client, r#"42["message",2]"#);
    rig.text(client, socket, "5");
    notes.add(rig.messages(client, socket));
    notes.add(rig.poll(client));
    notes.add(rig.post(client, "3"));
    rig.advance(300);
    notes.add(rig.messages(client, socket));
    notes.text
}

pub(super) fn upgrade_fails(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    let socket = rig.open_socket(client);
    rig.text(client, socket, "4hello");
    notes.add(rig.messages(client, socket));
    notes.add(rig.post(client, "3"));
    let client = joined(&mut rig);
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.input(client, Input::SocketClosed(socket));
    notes.add(rig.post(client, "3"));
    let client = joined(&mut rig);
    let socket = rig.open_socket(client);
    rig.text(client, socket, "2probe");
    rig.messages(client, socket);
    rig.post(client, "1");
    notes.add(rig.messages(client, socket));
    notes.text
}

pub(super) fn upgrade_times_out(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let client = joined(&mut rig);
    let socket = rig.open_socket(client);
    for _ in 0..10 {
        rig.advance(100);
        rig.post(client, "3");
    }
    notes.add(rig.messages(client, socket));
    notes.text
}

pub(super) fn heartbeat(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.advance(10);
    notes.add(rig.hears(&member));
    for _ in 0..3 {
        rig.advance(300);
        notes.add(rig.hears(&member));
        rig.say(&member, "3");
    }
    notes.text
}

pub(super) fn silence(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.advance(520);
    notes.add(rig.hears(&member).last());
    notes.text
}

pub(super) fn late_pong(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.advance(420);
    rig.hears(&member);
    notes.add(rig.say(&member, "3"));
    notes.text
}
