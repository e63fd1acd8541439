//! What is read and written: 72 items in 18 classes, and long strings; the same in every run.

mod items;
mod random;

use bytes::Bytes;
use random::Random;
use siospec_codec::socket::{Body, Packet};
use siospec_codec::{Encode, Limits, Profile, engine, msgpack};

/// How an item is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Socket.IO packet, with its attachments.
    Socket,
    /// An Engine.IO packet.
    Engine,
    /// A polling body.
    Payload,
    /// One JSON string.
    Text,
}

/// One packet or payload.
pub struct Item {
    pub name: &'static str,
    pub class: &'static str,
    pub kind: Kind,
    pub text: String,
    pub attachments: Vec<Bytes>,
    /// How many packets the text holds.
    pub packets: usize,
}

/// The names of the classes, in order.
pub fn classes() -> Vec<&'static str> {
    items::CLASSES.iter().map(|(class, ..)| *class).collect()
}

/// The items of these classes. Each class has a generator of its own, so that it is the same without the others.
pub fn items(classes: &[&str]) -> Vec<Item> {
    let mut items = Vec::new();
    for (at, (class, kind, make)) in items::CLASSES.into_iter().enumerate() {
        if classes.contains(&class) {
            let mut random = Random(0x5105_FEED_C0DE_2026 ^ at as u64);
            for (name, text, sizes) in make(&mut random) {
                let attachments = sizes.iter().map(|size| random.bytes(*size).into()).collect();
                items.push(Item::new(name, class, kind, text, attachments));
            }
        }
    }
    items
}

impl Item {
    fn new(
        name: &'static str,
        class: &'static str,
        kind: Kind,
        text: String,
        attachments: Vec<Bytes>,
    ) -> Self {
        let packets = if kind == Kind::Payload { engine::packets(&text).count() } else { 1 };
        Self { name, class, kind, text, attachments, packets }
    }

    /// A Socket.IO packet as MessagePack.
    pub fn msgpack(&self) -> Option<Bytes> {
        if self.kind != Kind::Socket {
            return None;
        }
        let mut bytes = Vec::new();
        msgpack::from_socket(&self.socket_packet(&self.text), &self.attachments, &mut bytes)
            .expect("every attachment is there");
        Some(bytes.into())
    }

    /// A polling body as Engine.IO version 3 writes it.
    pub fn version_3(&self) -> Option<String> {
        if self.kind != Kind::Payload {
            return None;
        }
        let packets: Vec<_> = engine::packets(&self.text).map(|packet| packet.expect("a packet")).collect();
        let mut body = String::new();
        engine::v3::encode_payload(&packets, &mut body);
        Some(body)
    }

    fn socket_packet<'a>(&self, text: &'a str) -> Packet<'a> {
        Packet::decode_as(text, &profile()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The JSON texts in it, in order.
    pub fn documents(&self) -> Vec<String> {
        let payload = |text: &str| match self.socket_packet(text).body {
            Body::Connect(payload) => payload.map(|json| json.as_str().to_owned()),
            Body::Disconnect => None,
            Body::ConnectError(payload) => Some(payload.as_str().to_owned()),
            Body::Event { args, .. } | Body::Ack { args, .. } => Some(args.as_str().to_owned()),
        };
        match self.kind {
            Kind::Text => vec![self.text.clone()],
            Kind::Socket => payload(&self.text).into_iter().collect(),
            Kind::Engine | Kind::Payload => {
                let packets = engine::packets(&self.text).map(|packet| packet.expect("a packet"));
                packets
                    .filter_map(|packet| match packet {
                        engine::Packet::Open(handshake) => Some(handshake.to_owned()),
                        engine::Packet::Message(engine::Data::Text(text)) => payload(text),
                        _ => None,
                    })
                    .collect()
            }
        }
    }
}

/// What the decoders may be asked for: strict, and attachments of any size.
pub fn profile() -> Profile {
    Profile::strict(Limits { max_attachment_bytes: 1 << 30, ..Limits::DEFAULT })
}

/// Bytes as a polling body carries them.
fn base64(bytes: &[u8]) -> String {
    engine::Packet::binary(bytes).to_text()
}
