//! The peers, as they are published.

use crate::corpus::{Item, Kind};
use crate::{Operation, Run};
use bytes::Bytes;
use engineioxide_core::{Packet as EnginePacket, PacketBuf, ProtocolVersion, Str, payload};
use futures_util::{FutureExt, StreamExt};
use socketioxide_core::Value;
use socketioxide_core::packet::{Packet, PacketData};
use socketioxide_core::parser::{Parse, ParseConfig, ParseError, ParserState};
use socketioxide_parser_common::CommonParser;
use std::hint::black_box;

/// socketioxide's usual parser. It does not look at the JSON while decoding.
pub fn socketioxide(operation: Operation, item: &'static Item) -> Option<Run> {
    if item.kind != Kind::Socket {
        return None;
    }
    // The transport hands over a counted slice of its buffer: cloning it costs a count.
    let text = Str::from(item.text.clone());
    let (config, state) = (ParseConfig::default(), ParserState::default());
    let decode = move || match CommonParser.decode_str(&config, &state, black_box(&text).clone()) {
        Ok(packet) => packet,
        Err(ParseError::NeedsMoreBinaryData) => {
            let parts = item.attachments.iter();
            let last = parts.map(|part| CommonParser.decode_bin(&config, &state, part.clone())).last();
            last.expect("an attachment").expect("a whole packet")
        }
        Err(error) => panic!("{error}"),
    };
    match operation {
        Operation::Decode => Some(Box::new(move || black_box(decode()).ns.len())),
        Operation::Route => {
            event(&mut decode())?;
            Some(Box::new(move || {
                let mut packet = decode();
                let value = event(&mut packet).expect("an event");
                CommonParser.read_event(value).expect("a name").len()
            }))
        }
        Operation::Encode => {
            let packet = decode();
            Some(Box::new(move || black_box(CommonParser.encode(packet.clone())).len()))
        }
    }
}

fn event(packet: &mut Packet) -> Option<&mut Value> {
    match &mut packet.inner {
        PacketData::Event(value, _) | PacketData::BinaryEvent(value, _) => Some(value),
        _ => None,
    }
}

/// engineioxide's packets and payloads.
pub fn engineioxide(operation: Operation, item: &'static Item) -> Option<Run> {
    let text = Str::from(item.text.clone());
    let parse = move || EnginePacket::parse(ProtocolVersion::V4, black_box(&text).clone());
    match (item.kind, operation) {
        (Kind::Engine, Operation::Decode) => {
            parse().ok()?;
            Some(Box::new(move || usize::from(black_box(parse()).is_ok())))
        }
        (Kind::Engine, Operation::Encode) => {
            let packet = parse().ok()?;
            Some(Box::new(move || String::from(packet.clone()).len()))
        }
        (Kind::Payload, Operation::Decode) => {
            let body = Bytes::from(item.text.clone());
            Some(Box::new(move || black_box(decode_payload(black_box(&body))).len()))
        }
        (Kind::Payload, Operation::Encode) => {
            let packets = decode_payload(&Bytes::from(item.text.clone()));
            Some(Box::new(move || {
                let buffers = packets.iter().map(|packet| {
                    let mut buffer = PacketBuf::new();
                    buffer.push(packet.clone());
                    buffer
                });
                let stream = futures_util::stream::iter(buffers);
                let body = payload::encoder(stream, ProtocolVersion::V4, false, u64::MAX).now_or_never();
                body.expect("nothing to wait for").data.len()
            }))
        }
        _ => None,
    }
}

fn decode_payload(body: &Bytes) -> Vec<EnginePacket> {
    let body = http_body_util::Full::new(body.clone());
    let mut decoder = std::pin::pin!(payload::decoder(body, None, ProtocolVersion::V4, u64::MAX));
    let mut packets = Vec::new();
    while let Some(packet) = decoder.next().now_or_never().flatten() {
        packets.push(packet.expect("a packet"));
    }
    packets
}

/// serde_json, which only checks the JSON: a floor for whoever does that.
pub fn ignored_json(operation: Operation, item: &'static Item) -> Option<Run> {
    let start = item.text.find(['[', '{'])?;
    let json = (item.kind == Kind::Socket && operation == Operation::Decode).then(|| &item.text[start..])?;
    Some(Box::new(move || {
        usize::from(serde_json::from_str::<serde::de::IgnoredAny>(black_box(json)).is_ok())
    }))
}
