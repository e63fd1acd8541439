//! The versions of the Engine.IO protocol, and what differs between them in how packets are put together.

use bytes::Bytes;
use siospec_codec::{
    DecodeError, Encode as _,
    engine::{Packet, v3},
};

use super::{
    admission::{OLD_VERSION, Query},
    jsonp::Jsonp,
    outbox::Frame,
    polling::{SEPARATOR, encode_payload},
    signals::Answer,
};
use crate::{config::Config, fault::Fault};

/// How a session speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Version 4 of the protocol.
    Four,
    /// Version 3 of the protocol.
    Three {
        /// The client cannot read bytes, and is sent base64.
        base64: bool,
    },
}

impl Dialect {
    /// What a handshake with these parameters asks for.
    #[must_use]
    pub fn of(config: &Config, query: &Query) -> Self {
        match is_old(config, query) {
            true => Self::Three {
                base64: query.get("b64").is_some_and(|it| !it.is_empty())
                    || Jsonp::of(config, query).is_some(),
            },
            false => Self::Four,
        }
    }

    /// Whether it is version 3.
    #[must_use]
    pub fn is_old(self) -> bool {
        matches!(self, Self::Three { .. })
    }

    /// The answer to a poll that holds these packets.
    pub(super) fn payload(self, config: &Config, frames: &[&Frame]) -> Answer {
        let Self::Three { base64 } = self else {
            return Answer::Payload(encode_payload(config, frames.iter().copied()));
        };
        if config.faulty(Fault::OldHandshakeUnframed)
            && let [Frame::Text(open), rest @ ..] = frames
            && open.as_str().starts_with('0')
        {
            let mut body = open.as_str().as_bytes().to_vec();
            v3::encode_payload(&rest.iter().map(|frame| packet(frame)).collect::<Vec<_>>(), &mut body);
            return Answer::Payload(body);
        }
        let noop = matches!(frames, [Frame::Text(text)] if text.as_str() == "6");
        let is_binary = |frame: &&Frame| matches!(frame, Frame::Binary(_));
        let octets = !base64 && frames.iter().any(is_binary) || noop && config.faulty(Fault::OldNoopAsOctets);
        let packets: Vec<Packet<'_>> = frames.iter().map(|frame| packet(frame)).collect();
        if octets {
            let mut body = Vec::new();
            v3::encode_binary_payload(&packets, &mut body);
            return Answer::Octets(body);
        }
        if config.faulty(Fault::OldLengthsInBytes) || config.faulty(Fault::OldBase64Bare) {
            return Answer::Payload(wrong_payload(config, &packets));
        }
        let mut body = Vec::new();
        v3::encode_payload(&packets, &mut body);
        Answer::Payload(body)
    }

    /// The answer to a poll that holds packets without data.
    pub(super) fn control(self, config: &Config, packets: &[&str]) -> Answer {
        match self {
            Self::Four => Answer::Payload(packets.join(SEPARATOR.encode_utf8(&mut [0; 4])).into_bytes()),
            Self::Three { .. } => {
                let frames: Vec<Frame> = packets.iter().map(|packet| Frame::text(*packet)).collect();
                self.payload(config, &frames.iter().collect::<Vec<_>>())
            }
        }
    }

    /// A packet as a websocket message.
    pub(super) fn frame(self, config: &Config, frame: Frame) -> Frame {
        match (self, frame) {
            (Self::Three { base64: true }, Frame::Binary(bytes)) => {
                let mut text = String::new();
                v3::Text(Packet::binary(&bytes)).encode(&mut text);
                Frame::text(text)
            }
            (Self::Three { base64: false }, Frame::Binary(bytes))
                if !config.faulty(Fault::OldBinaryUnprefixed) =>
            {
                Frame::Binary([&[4], &bytes[..]].concat().into())
            }
            (_, frame) => frame,
        }
    }

    /// Reads a text packet.
    pub(super) fn decode(self, text: &str) -> Result<Packet<'_>, DecodeError> {
        match self {
            Self::Four => Packet::decode(text),
            Self::Three { .. } => v3::decode(text),
        }
    }

    /// Reads a binary websocket message: what it holds for the layer above.
    pub(super) fn decode_binary(self, config: &Config, bytes: Bytes) -> Result<Bytes, DecodeError> {
        match self {
            Self::Four => Ok(bytes),
            Self::Three { .. } if config.faulty(Fault::OldPrefixKept) => Ok(bytes),
            Self::Three { .. } => v3::decode_binary(&bytes).map(|_| bytes.slice(1..)),
        }
    }
}

/// Whether a request comes from a client of version 3 that is served.
pub(crate) fn is_old(config: &Config, query: &Query) -> bool {
    config.old_clients && query.get("EIO") == Some(OLD_VERSION)
}

fn packet(frame: &Frame) -> Packet<'_> {
    match frame {
        Frame::Binary(bytes) => Packet::binary(bytes),
        Frame::Text(text) => Packet::decode(text.as_str()).expect("the server writes packets"),
    }
}

fn wrong_payload(config: &Config, packets: &[Packet<'_>]) -> Vec<u8> {
    let mut body = String::new();
    for packet in packets {
        let mut text = String::new();
        v3::Text(*packet).encode(&mut text);
        if text.starts_with('b') && config.faulty(Fault::OldBase64Bare) {
            text.remove(1);
        }
        let length = match config.fault {
            Some(Fault::OldLengthsInBytes) => text.len(),
            _ => text.encode_utf16().count(),
        };
        body.push_str(&format!("{length}:{text}"));
    }
    body.into_bytes()
}
