//! Packets that own their parts, and messages as a connection brings them.

use super::soup::words;
use super::{Soup, json};
use crate::json::Json;
use crate::{Encode, engine, socket};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Result, Unstructured};

/// An Engine.IO packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnginePacket {
    /// See [`engine::Packet::Open`].
    Open(String),
    /// See [`engine::Packet::Close`].
    Close,
    /// See [`engine::Packet::Ping`].
    Ping(String),
    /// See [`engine::Packet::Pong`].
    Pong(String),
    /// See [`engine::Packet::Message`].
    Message(EngineData),
    /// See [`engine::Packet::Upgrade`].
    Upgrade,
    /// See [`engine::Packet::Noop`].
    Noop,
}

/// What an Engine.IO message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineData {
    /// Text without U+001E, which a polling payload could not carry.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl EnginePacket {
    /// The packet, borrowed.
    #[must_use]
    pub fn borrow(&self) -> engine::Packet<'_> {
        match self {
            Self::Open(data) => engine::Packet::Open(data),
            Self::Close => engine::Packet::Close,
            Self::Ping(data) => engine::Packet::Ping(data),
            Self::Pong(data) => engine::Packet::Pong(data),
            Self::Message(EngineData::Text(text)) => engine::Packet::message(text),
            Self::Message(EngineData::Binary(bytes)) => engine::Packet::binary(bytes),
            Self::Upgrade => engine::Packet::Upgrade,
            Self::Noop => engine::Packet::Noop,
        }
    }

    /// The model of a decoded packet.
    #[must_use]
    pub fn of(packet: &engine::Packet<'_>) -> Self {
        use engine::Data;
        match *packet {
            engine::Packet::Open(data) => Self::Open(data.into()),
            engine::Packet::Close => Self::Close,
            engine::Packet::Ping(data) => Self::Ping(data.into()),
            engine::Packet::Pong(data) => Self::Pong(data.into()),
            engine::Packet::Message(Data::Text(text)) => Self::Message(EngineData::Text(text.into())),
            engine::Packet::Message(Data::Binary(bytes)) => Self::Message(EngineData::Binary(bytes.into())),
            engine::Packet::Message(Data::Base64(text)) => Self::Message(EngineData::Binary(text.to_vec())),
            engine::Packet::Upgrade => Self::Upgrade,
            engine::Packet::Noop => Self::Noop,
        }
    }
}

impl<'a> Arbitrary<'a> for EnginePacket {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let text = |u: &mut Unstructured<'a>| Ok(Soup::arbitrary(u)?.0.replace('\u{1e}', "-"));
        Ok(match u.int_in_range(0..=8)? {
            0 => Self::Noop,
            1 => Self::Open(text(u)?),
            2 => Self::Close,
            3 => Self::Ping(text(u)?),
            4 => Self::Pong(text(u)?),
            5 => Self::Upgrade,
            6 => Self::Message(EngineData::Binary(u.arbitrary()?)),
            _ => Self::Message(EngineData::Text(text(u)?)),
        })
    }
}

/// A Socket.IO packet that is valid strictly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPacket {
    /// With its slash.
    pub namespace: String,
    /// What it says.
    pub body: SocketBody,
}

/// What a Socket.IO packet says; payloads are JSON text without blanks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of socket::Body")]
pub enum SocketBody {
    /// See [`socket::Body::Connect`].
    Connect(Option<String>),
    /// See [`socket::Body::Disconnect`].
    Disconnect,
    /// See [`socket::Body::ConnectError`].
    ConnectError(String),
    /// See [`socket::Body::Event`].
    Event { args: String, ack: Option<u64>, attachments: Option<u32> },
    /// See [`socket::Body::Ack`].
    Ack { args: String, id: u64, attachments: Option<u32> },
}

impl SocketPacket {
    /// The packet, borrowed.
    ///
    /// # Panics
    /// Where the parts are not what a packet may hold.
    #[must_use]
    pub fn borrow(&self) -> socket::Packet<'_> {
        let json = |text| Json::parse(text).expect("the model holds JSON");
        let args = |text| socket::Args::new(text).expect("the model holds an array");
        let body = match &self.body {
            SocketBody::Connect(payload) => socket::Body::Connect(payload.as_deref().map(json)),
            SocketBody::Disconnect => socket::Body::Disconnect,
            SocketBody::ConnectError(payload) => socket::Body::ConnectError(json(payload)),
            SocketBody::Event { args: text, ack, attachments } => socket::Body::Event {
                args: args(text),
                ack: ack.map(socket::AckId),
                attachments: *attachments,
            },
            SocketBody::Ack { args: text, id, attachments } => {
                socket::Body::Ack { args: args(text), id: socket::AckId(*id), attachments: *attachments }
            }
        };
        let namespace = socket::Namespace::new(&self.namespace).expect("the model holds a name");
        socket::Packet { namespace, body }
    }
}

impl<'a> Arbitrary<'a> for SocketPacket {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let namespace = match u.int_in_range(0..=3)? {
            1 => String::from("/admin"),
            2 => format!("/{}", words(u)?.replace(',', ";")),
            _ => String::from("/"),
        };
        let object = |u: &mut Unstructured<'a>| {
            let mut text = String::new();
            json::object(u, 3, &mut text)?;
            Ok(text)
        };
        let body = match u.int_in_range(0..=7)? {
            0 => SocketBody::Disconnect,
            1 => SocketBody::Connect(if u.arbitrary()? { Some(object(u)?) } else { None }),
            2 => SocketBody::ConnectError(object(u)?),
            3 | 4 => {
                let attachments = attachments(u)?;
                SocketBody::Ack { args: args(u, attachments, false)?, id: ack_id(u)?, attachments }
            }
            _ => {
                let attachments = attachments(u)?;
                let ack = if u.arbitrary()? { Some(ack_id(u)?) } else { None };
                SocketBody::Event { args: args(u, attachments, true)?, ack, attachments }
            }
        };
        Ok(Self { namespace, body })
    }
}

fn attachments(u: &mut Unstructured<'_>) -> Result<Option<u32>> {
    Ok(match u.int_in_range(0..=20)? {
        count @ 1..=10 => Some(count),
        _ => None,
    })
}

fn ack_id(u: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match u.int_in_range(0..=3)? {
        0 => 0,
        1 => socket::AckId::MAX.0,
        _ => u.int_in_range(0..=socket::AckId::MAX.0)?,
    })
}

/// An array; for an event it begins with a name, for a binary packet it holds placeholders.
fn args(u: &mut Unstructured<'_>, attachments: Option<u32>, event: bool) -> Result<String> {
    let mut text = String::from("[");
    if event {
        let mut name = String::new();
        json::string(u, &mut name)?;
        // The generator's strings hold no reserved name.
        text.push_str(if u.ratio(1, 8)? { "-1.5" } else { &name });
    }
    for _ in 0..u.int_in_range(0..=4)? {
        if text.len() > 1 {
            text.push(',');
        }
        match attachments {
            Some(count) if u.arbitrary()? => {
                let num = u.int_in_range(0..=count - 1)?;
                text.push_str(&format!("[{{\"_placeholder\":true,\"num\":{num}}}]"));
            }
            // A generated value could claim to be a placeholder by accident.
            Some(_) => json::string(u, &mut text)?,
            None => json::value(u, 3, &mut text)?,
        }
    }
    text.push(']');
    Ok(text)
}

/// A message as a connection brings it to the assembler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Text, often a binary packet.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// The connection was lost.
    Reset,
}

impl<'a> Arbitrary<'a> for Operation {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=15)? {
            0 => Self::Reset,
            1 => Self::Text(Soup::arbitrary(u)?.0),
            2..=5 => Self::Text(SocketPacket::arbitrary(u)?.borrow().to_text()),
            6 => Self::Text(String::from("52-[\"a\"]")),
            _ => Self::Binary(u.arbitrary()?),
        })
    }
}
