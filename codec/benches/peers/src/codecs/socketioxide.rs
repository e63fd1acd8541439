//! socketioxide's parsers. Neither looks at the payload while decoding.

use super::{Operation, Run};
use crate::corpus::{Item, Kind};
use engineioxide_core::Str;
use socketioxide_core::Value;
use socketioxide_core::packet::{Packet, PacketData};
use socketioxide_core::parser::{Parse, ParseConfig, ParseError, ParserState};
use socketioxide_parser_common::CommonParser;
use socketioxide_parser_msgpack::MsgPackParser;
use std::hint::black_box;

fn config() -> ParseConfig {
    ParseConfig { max_incoming_binary_buf_size: 1 << 30, ..ParseConfig::default() }
}

pub(super) fn common(operation: Operation, item: &'static Item) -> Option<Run> {
    if item.kind != Kind::Socket {
        return None;
    }
    // The transport hands over a counted slice of its buffer: cloning it costs a count.
    let text = Str::from(item.text.clone());
    let (config, state) = (config(), ParserState::default());
    let decode = move || match CommonParser.decode_str(&config, &state, black_box(&text).clone()) {
        Ok(packet) => Some(packet),
        Err(ParseError::NeedsMoreBinaryData) => {
            let parts = item.attachments.iter();
            parts.map(|part| CommonParser.decode_bin(&config, &state, part.clone())).last()?.ok()
        }
        Err(_) => None,
    };
    let mut packet = decode()?;
    match operation {
        Operation::Split => Some(Box::new(move || black_box(decode().expect("a packet")).ns.len())),
        Operation::Event => {
            event(&mut packet)?;
            Some(Box::new(move || {
                let mut packet = decode().expect("a packet");
                let value = event(&mut packet).expect("an event");
                CommonParser.read_event(value).expect("a name").len()
            }))
        }
        // Of a binary packet it gives the text and the attachments, so only texts are like for like.
        Operation::Encode | Operation::EncodeInto => {
            Some(Box::new(move || black_box(CommonParser.encode(black_box(&packet).clone())).len()))
        }
        _ => None,
    }
}

fn event(packet: &mut Packet) -> Option<&mut Value> {
    match &mut packet.inner {
        PacketData::Event(value, _) | PacketData::BinaryEvent(value, _) => Some(value),
        _ => None,
    }
}

pub(super) fn msgpack(operation: Operation, item: &'static Item) -> Option<Run> {
    if operation != Operation::MessagePack {
        return None;
    }
    let bytes = item.msgpack()?;
    let (config, state) = (config(), ParserState::default());
    let decode = move || MsgPackParser.decode_bin(&config, &state, black_box(&bytes).clone()).ok();
    decode()?;
    Some(Box::new(move || black_box(decode().expect("a packet")).ns.len()))
}
