//! Scenes with packets as MessagePack.

use siospec_codec::{msgpack::from_socket, socket::Packet};
use siospec_server::{Config, Parser, engine::signals::SocketId};

use super::Notes;
use crate::rig::{Client, Rig};

fn member(config: &Config) -> (Rig, Client, SocketId) {
    let mut rig = Rig::with(Config { parser: Parser::MessagePack, ..config.clone() });
    let (client, socket, _) = rig.websocket();
    rig.binary(client, socket, &packed("0", &[]));
    rig.messages(client, socket);
    (rig, client, socket)
}

/// The MessagePack packet that means the same as a text packet.
fn packed(text: &str, attachments: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packet = Packet::decode(text).expect("scenes say what is right");
    from_socket(&packet, attachments, &mut bytes).expect("they attach what they name");
    bytes
}

pub(super) fn packets(config: Config) -> String {
    let mut notes = Notes::default();
    let (mut rig, client, socket) = member(&config);
    let long = format!(r#"2["message","{}"]"#, "x".repeat(300));
    for (text, attachments) in [
        (r#"51-["message",{"_placeholder":true,"num":0}]"#, &[&b"x"[..]][..]),
        (&long, &[]),
        (r#"2["message",1e300]"#, &[]),
        (r#"27["message-with-ack",1]"#, &[]),
        ("0/nowhere,", &[]),
    ] {
        rig.binary(client, socket, &packed(text, attachments));
        notes.add(rig.messages(client, socket));
    }
    notes.text
}

pub(super) fn oddities(config: Config) -> String {
    let mut notes = Notes::default();
    let trailing = [&packed(r#"2["message",1]"#, &[])[..], b"\0"].concat();
    for bytes in [
        &b"\x83\xa3nsp\xa1/\xa4type\x02\xa4data\x91\xa7message"[..],
        b"\x83\xa4type\x00\xa3nsp\xa7/custom\xa4data\xd4\x00\x00",
        b"\x83\xa4type\x05\xa3nsp\xa1/\xa4data\x91\xa7message",
        &trailing,
        b"\xc1",
        b"\x82\xa4type\x02\xa4data\x91\xa7message",
        b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x80",
    ] {
        let (mut rig, client, socket) = member(&config);
        rig.binary(client, socket, bytes);
        // Ids are all of one length.
        notes.add(rig.messages(client, socket).iter().map(String::len).collect::<Vec<_>>());
    }
    let (mut rig, client, socket) = member(&config);
    rig.text(client, socket, r#"42["message"]"#);
    notes.add(rig.messages(client, socket));
    notes.text
}
