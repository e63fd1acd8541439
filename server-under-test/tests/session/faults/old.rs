//! Scenes with clients of version 3.

use siospec_server::{
    Config,
    engine::{admission::Query, jsonp::Jsonp},
};

use super::Notes;
use crate::rig::Rig;

fn stage(config: &Config) -> Rig {
    Rig::with(Config { old_clients: true, ..config.clone() })
}

pub(super) fn old_polling(config: Config) -> String {
    let mut notes = Notes::default();
    for query in ["EIO=3&b64=1", "EIO=3"] {
        let mut rig = stage(&config);
        let (client, handshake) = rig.polling_with(query);
        notes.add(handshake);
        notes.add(rig.post(client, r#"17:42["message","€"]"#));
        notes.add(rig.poll(client));
        notes.add(rig.post(client, r#"18:42["message","😀"]15:42["message",1]"#));
        notes.add(rig.poll(client));
        let event = r#"451-["message",{"_placeholder":true,"num":0}]"#;
        let mut body = vec![0, 4, 5, 0xff];
        body.extend(event.bytes());
        body.extend([1, 2, 0xff, 4, 1]);
        notes.add(rig.post_octets(client, &body));
        notes.add(rig.poll(client));
        let held = rig.get(client);
        let socket = rig.open_socket(client);
        rig.text(client, socket, "2probe");
        notes.add(rig.answer(held));
    }
    let mut rig = stage(&config);
    let (client, _) = rig.polling_with("EIO=3");
    notes.add(rig.post(client, "9:4"));
    notes.add(rig.poll(client));
    notes.text
}

pub(super) fn old_websocket(config: Config) -> String {
    let mut notes = Notes::default();
    let mut rig = stage(&config);
    let (client, socket, heard) = rig.websocket_with("EIO=3");
    notes.add(heard);
    for packet in ["2", "40/custom?x=1", r#"451-["message",{"_placeholder":true,"num":0}]"#] {
        rig.text(client, socket, packet);
        notes.add(rig.messages(client, socket));
    }
    rig.binary(client, socket, b"\x04a");
    notes.add(rig.messages(client, socket));
    rig.advance(300);
    rig.text(client, socket, "2");
    rig.advance(300);
    notes.add(rig.messages(client, socket));
    rig.advance(501);
    notes.add(rig.messages(client, socket));
    notes.text
}

pub(super) fn scripts(config: Config) -> String {
    let mut notes = Notes::default();
    let config = Config { old_clients: true, ..config };
    let jsonp = Jsonp::of(&config, &Query::parse(&config, "j=0"));
    notes.add(jsonp.map(|jsonp| jsonp.script(&config, b"2:40")));
    notes.add(Jsonp::payload(&config, b"d=2:40"));
    notes.text
}
