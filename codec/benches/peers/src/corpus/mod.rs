//! What is read and written: 72 items in 18 classes, and long strings; the same in every run.

mod items;
mod random;

use bytes::Bytes;
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
    /// The JSON texts in it, in order.
    pub json: Vec<String>,
    /// A Socket.IO packet as MessagePack.
    pub msgpack: Option<Bytes>,
    /// A polling body as Engine.IO version 3 writes it.
    pub version_3: Option<Bytes>,
}

/// The corpus.
pub fn items() -> Vec<Item> {
    items::make()
}

impl Item {
    fn new(name: &'static str, class: &'static str, kind: Kind, text: String) -> Self {
        let packets = engine::packets(&text).count();
        let mut item = Self {
            name,
            class,
            kind,
            text,
            attachments: Vec::new(),
            packets: if kind == Kind::Payload { packets } else { 1 },
            json: Vec::new(),
            msgpack: None,
            version_3: None,
        };
        item.json = item.documents();
        if kind == Kind::Payload {
            let packets: Vec<_> =
                engine::packets(&item.text).map(|packet| packet.expect("a packet")).collect();
            let mut body = String::new();
            engine::v3::encode_payload(&packets, &mut body);
            item.version_3 = Some(body.into());
        }
        item
    }

    /// The same item with what only a Socket.IO packet has.
    fn with_attachments(mut self, attachments: Vec<Bytes>) -> Self {
        let mut bytes = Vec::new();
        msgpack::from_socket(&self.socket_packet(&self.text), &attachments, &mut bytes)
            .expect("every attachment is there");
        self.msgpack = Some(bytes.into());
        self.attachments = attachments;
        self
    }

    fn socket_packet<'a>(&self, text: &'a str) -> Packet<'a> {
        Packet::decode_as(text, &profile()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn documents(&self) -> Vec<String> {
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
