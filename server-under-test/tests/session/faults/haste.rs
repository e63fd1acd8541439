//! Scenes of clients that do not wait, or stop in the middle.

use siospec_server::{Config, engine::signals::Input};

use super::Notes;
use crate::rig::Rig;

const HALF: &str = r#"451-["message",{"_placeholder":true,"num":0}]"#;

pub(super) fn behind_connect(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, HALF);
    rig.binary(client, socket, b"x");
    notes.add(rig.messages(client, socket));
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, "40{}");
    rig.text(client, socket, r#"42["message",1]"#);
    notes.add(rig.messages(client, socket));
    let member = rig.member();
    rig.say(&member, "40/auth,");
    notes.add(rig.say(&member, r#"42/auth,["message",1]"#));
    notes.text
}

pub(super) fn behind_the_end(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.say(&member, "41{}");
    notes.add(rig.say(&member, r#"42["message",1]"#));
    let member = rig.member();
    rig.command(&member, r#""op":"disconnect""#);
    notes.add(rig.say(&member, r#"42["message",1]"#));
    notes.text
}

pub(super) fn lost_at_once(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let stays = rig.member();
    notes.add(&stays.id);
    notes.add(rig.say(&stays, "40/dynamic-7,"));
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, "40/dynamic-7,");
    rig.input(client, Input::SocketClosed(socket));
    notes.add(rig.say(&stays, r#"42/dynamic-7,1["do",{"op":"sockets","via":"server"}]"#));
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, r#"40{"client":1}"#);
    rig.text(client, socket, HALF);
    rig.input(client, Input::SocketClosed(socket));
    let (client, socket, _) = rig.websocket();
    rig.text(client, socket, r#"40{"client":1}"#);
    rig.text(client, socket, r#"42["message",1]"#);
    notes.add(rig.messages(client, socket));
    notes.text
}

pub(super) fn halves(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    notes.add(rig.say(&member, r#"42["message","half \ud83d of it"]"#));
    rig.say(&member, r#"451-[{"_placeholder":true,"num":0}]"#);
    rig.binary(member.client, member.socket, b"message");
    notes.add(rig.hears(&member));
    notes.text
}

pub(super) fn several_at_once(config: Config) -> String {
    let (mut rig, mut notes) = (Rig::with(config), Notes::default());
    let member = rig.member();
    rig.command(&member, r#""op":"emit","event":"q","via":"server","ack":true,"timeout":100"#);
    notes.add(rig.say(&member, r#"430["first","last"]"#));
    for _ in 0..4 {
        rig.command(&member, r#""op":"emit","event":"v","volatile":true"#);
    }
    notes.add(rig.command(&member, r#""op":"emit","event":"lasting""#));
    let volatile = HALF.replace(r#""message","#, r#""do",{"op":"emit","event":"v","volatile":true,"args":["#);
    rig.text(member.client, member.socket, &volatile.replace("}]", "}]}]"));
    rig.binary(member.client, member.socket, b"x");
    notes.add(rig.hears(&member));
    notes.text
}
