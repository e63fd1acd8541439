//! Engine.IO packets, alone and in polling bodies.

use std::ops::Range;

use siospec_codec::{
    DecodeError, ErrorKind, Limits, Profile,
    engine::{self, Data, Handshake, v3},
    json::Json,
};

use super::{
    Engine, Packet, Parser, Reader, messagepack,
    parts::{Parts, count},
};

impl Reader {
    /// A body of version 4: packets separated by U+001E.
    pub(super) fn body(&mut self, packets: &mut Vec<Packet>, input: &[u8]) -> Result<(), DecodeError> {
        let text = text(input)?;
        for (piece, packet) in text.split(engine::payload::SEPARATOR).zip(engine::packets(text)) {
            let mut parts = Parts::of(input);
            let range = parts.place(piece.as_bytes()).unwrap_or_default();
            self.packet(&mut parts, range.clone(), packet?)?;
            packets.push(parts.into_packet(range));
        }
        Ok(())
    }

    /// A body of version 3, as text or as bytes: packets behind their lengths.
    pub(super) fn body_v3(&mut self, packets: &mut Vec<Packet>, input: &[u8]) -> Result<(), DecodeError> {
        if matches!(input.first(), Some(0 | 1)) {
            self.frames(packets, input, v3::BinaryStream::with_profile(endless()), 0xFF)
        } else {
            self.frames(packets, input, v3::TextStream::with_profile(endless()), b':')
        }
    }

    /// Cuts a body by its lengths, each of which ends with this byte.
    fn frames<F: engine::stream::Framing>(
        &mut self,
        packets: &mut Vec<Packet>,
        input: &[u8],
        mut stream: engine::stream::Stream<F>,
        end_of_length: u8,
    ) -> Result<(), DecodeError> {
        let mut rest = input;
        let mut at = 0;
        while let Some(packet) = stream.read(&mut rest)? {
            let end = input.len() - rest.len();
            let mut parts = Parts::of(input);
            let mut start = at;
            loop {
                let length = input[start..end].iter().position(|byte| *byte == end_of_length);
                let behind = start + length.map_or(0, |length| length + 1);
                let digits = &input[start..behind - 1];
                if digits.is_empty() || digits.iter().any(|digit| *digit != b'0') {
                    parts.add(start..behind, 0, length_means(digits));
                    start = behind;
                    break;
                }
                parts.add(start..behind, 0, "a packet of length 0, which is none");
                start = behind;
            }
            self.packet(&mut parts, start..end, packet)?;
            let is_binary = end_of_length == 0xFF && input.get(at) == Some(&1);
            let range = at..end;
            packets.push(if is_binary { parts.into_binary_packet(range) } else { parts.into_packet(range) });
            at = end;
        }
        stream.finish().map(drop)
    }

    pub(super) fn text_frame(&mut self, packets: &mut Vec<Packet>, input: &[u8]) -> Result<(), DecodeError> {
        let text = text(input)?;
        let packet = match self.dialect.engine {
            Engine::V4 => engine::Packet::decode(text)?,
            Engine::V3 => v3::decode(text)?,
        };
        let mut parts = Parts::of(input);
        self.packet(&mut parts, 0..input.len(), packet)?;
        packets.push(parts.into_packet(0..input.len()));
        Ok(())
    }

    pub(super) fn binary_frame(
        &mut self,
        packets: &mut Vec<Packet>,
        input: &[u8],
    ) -> Result<(), DecodeError> {
        let mut parts = Parts::of(input);
        let packet = match self.dialect.engine {
            Engine::V4 => engine::Packet::binary(input),
            Engine::V3 => v3::decode_binary(input)?,
        };
        self.packet(&mut parts, 0..input.len(), packet)?;
        packets.push(parts.into_binary_packet(0..input.len()));
        Ok(())
    }

    fn packet(
        &mut self,
        parts: &mut Parts<'_>,
        range: Range<usize>,
        packet: engine::Packet<'_>,
    ) -> Result<(), DecodeError> {
        let at = range.start;
        let mut plain = |meaning: &str, of_data: &str| {
            parts.add(at..at + 1, 0, meaning);
            parts.add_some(at + 1..range.end, of_data);
        };
        let (asks, answers) = match self.dialect.engine {
            Engine::V4 => ("the server asks whether the client lives", "the client lives"),
            Engine::V3 => ("the client asks whether the server lives", "the server lives"),
        };
        match packet {
            engine::Packet::Open(json) => {
                parts.add(at..at + 1, 0, "Engine.IO open: the server opens a session");
                let handshake = match self.dialect.engine {
                    Engine::V4 => Handshake::decode(json),
                    Engine::V3 => v3::decode_handshake(json),
                };
                handshake.map_err(|error| error.shifted(at + 1))?;
                let json = Json::parse(json).map_err(|error| error.shifted(at + 1))?;
                parts.object(json, "the handshake", handshake_field);
            }
            engine::Packet::Close => plain("Engine.IO close: the session ends", "ignored"),
            engine::Packet::Ping("probe") => {
                plain("Engine.IO ping", "a probe: the client tries this transport before it upgrades");
            }
            engine::Packet::Ping(_) => plain(&format!("Engine.IO ping: {asks}"), "its data"),
            engine::Packet::Pong("probe") => {
                plain("Engine.IO pong", "the answer to a probe: the transport works");
            }
            engine::Packet::Pong(_) => plain(&format!("Engine.IO pong: {answers}"), "its data"),
            engine::Packet::Upgrade => {
                plain("Engine.IO upgrade: the client moves to this transport", "ignored")
            }
            engine::Packet::Noop => plain("Engine.IO noop: nothing, releases a waiting poll", "ignored"),
            engine::Packet::Message(Data::Text(text)) => {
                parts.add(at..at + 1, 0, "Engine.IO message, text");
                if self.missing > 0 {
                    return Err(DecodeError::new(ErrorKind::TextInsteadOfAttachment, at));
                }
                self.socket(parts, at + 1, text)?;
            }
            engine::Packet::Message(Data::Base64(base64)) => {
                // Version 3 names the type behind the mark of base64.
                let data = at + if self.dialect.engine == Engine::V3 { 2 } else { 1 };
                parts.add(at..data, 0, "Engine.IO message, binary as base64");
                let meaning = match self.dialect.parser {
                    Parser::Msgpack => messagepack::in_base64(&base64.to_vec(), data)?,
                    Parser::Default => self.attachment(base64.decoded_len()),
                };
                parts.add_some(data..range.end, meaning);
            }
            engine::Packet::Message(Data::Binary(bytes)) => {
                let data = range.end - bytes.len();
                parts.add_some(at..data, "Engine.IO message, binary");
                if self.dialect.parser == Parser::Msgpack {
                    return messagepack::annotate(parts, data, bytes);
                }
                let meaning = self.attachment(bytes.len());
                parts.add(data..range.end, 0, meaning);
            }
        }
        Ok(())
    }

    fn attachment(&mut self, bytes: usize) -> String {
        let bytes = count(bytes, "byte");
        if self.missing == 0 {
            return format!("{bytes}; no packet here announced an attachment");
        }
        let number = self.announced - self.missing;
        self.missing -= 1;
        format!("{bytes}: attachment {number} of {}", self.announced)
    }

    /// Remembers how many attachments a packet announced.
    pub(super) fn expect(&mut self, attachments: u32) {
        (self.announced, self.missing) = (attachments, attachments);
    }
}

/// Everything is there already, so nothing has to be held.
fn endless() -> Profile {
    Profile::strict(Limits { max_packet_bytes: usize::MAX, ..Limits::DEFAULT })
}

fn length_means(digits: &[u8]) -> &'static str {
    match digits.first() {
        Some(0) => "text, and its length in bytes",
        Some(1) => "bytes, and how many",
        _ => "the packet's length in UTF-16 code units",
    }
}

fn text(input: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(input).map_err(|error| DecodeError::new(ErrorKind::InvalidUtf8, error.valid_up_to()))
}

fn handshake_field(name: &str, value: Json<'_>) -> Option<String> {
    Some(match name {
        "sid" => "sid: the session id, which every later request carries".to_owned(),
        "upgrades" => "upgrades: the transports that the session may move to".to_owned(),
        "pingInterval" => format!("pingInterval: a ping every {value} ms"),
        "pingTimeout" => format!("pingTimeout: each to be answered within {value} ms"),
        "maxPayload" => format!("maxPayload: at most {value} bytes in a payload"),
        _ => return None,
    })
}
