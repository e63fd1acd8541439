//! This project's codec.

use super::{Operation, Run};
use crate::corpus::{Item, Kind, profile};
use bytes::Bytes;
use siospec_codec::engine::{self, Data, base64};
use siospec_codec::json::Json;
use siospec_codec::socket::{Assembler, Body, EventName, Header, Packet};
use siospec_codec::{Encode, Profile, msgpack};
use std::hint::black_box;

pub(super) fn make(operation: Operation, item: &'static Item) -> Option<Run> {
    match operation {
        Operation::Split if item.kind == Kind::Socket => Some(split(item)),
        Operation::Event if item.kind == Kind::Socket => event(item),
        Operation::Json if !item.documents().is_empty() => Some(json(item)),
        Operation::Engine => engine(item),
        Operation::Version3 => version_3(item),
        Operation::MessagePack => {
            let (bytes, profile) = (item.msgpack()?, profile());
            Some(Box::new(move || {
                let packet = msgpack::Packet::decode_as(black_box(&bytes), &profile).expect("a packet");
                black_box(&packet).namespace.as_str().len()
            }))
        }
        Operation::FromBase64 => {
            let text = base64_text(item)?;
            Some(Box::new(move || {
                black_box(base64::decode(black_box(text), &Profile::STRICT).expect("base64")).len()
            }))
        }
        Operation::ToBase64 => {
            let bytes = base64::decode(base64_text(item)?, &Profile::STRICT).expect("base64");
            Some(Box::new(move || {
                let mut text = String::with_capacity(base64::encoded_len(bytes.len()));
                siospec_codec::Sink::write_base64(&mut text, black_box(&bytes));
                black_box(text).len()
            }))
        }
        Operation::Encode if item.kind == Kind::Socket => {
            let packet = Packet::decode(&item.text).expect("a packet");
            Some(Box::new(move || black_box(black_box(&packet).to_text()).len()))
        }
        Operation::EncodeInto if item.kind == Kind::Socket => {
            let packet = Packet::decode(&item.text).expect("a packet");
            let mut buffer = String::with_capacity(item.text.len());
            Some(Box::new(move || {
                buffer.clear();
                black_box(&packet).encode(&mut buffer);
                black_box(&buffer).len()
            }))
        }
        Operation::EncodeEngine => encode_engine(item),
        _ => None,
    }
}

fn base64_text(item: &'static Item) -> Option<&'static str> {
    if item.class == "eio-b64" { item.text.get(1..) } else { None }
}

fn split(item: &'static Item) -> Run {
    let (text, profile) = (item.text.as_str(), profile());
    Box::new(move || {
        let header = Header::split_as(black_box(text), &profile).expect("a packet");
        if let Some(count) = header.attachments() {
            let mut attachments = Vec::with_capacity(count as usize);
            attachments.extend(item.attachments.iter().cloned());
            black_box(&attachments);
        }
        black_box(&header).payload().len() + header.namespace().as_str().len()
    })
}

fn event(item: &'static Item) -> Option<Run> {
    let (text, profile) = (item.text.as_str(), profile());
    if !matches!(Packet::decode(text), Ok(Packet { body: Body::Event { .. }, .. })) {
        return None;
    }
    if item.attachments.is_empty() {
        return Some(Box::new(move || {
            name_len(Packet::decode_as(black_box(text), &profile).expect("a packet").body)
        }));
    }
    Some(Box::new(move || {
        let mut assembler = Assembler::<Bytes>::with_profile(profile);
        let mut message = assembler.text(black_box(text)).expect("a packet");
        for attachment in &item.attachments {
            message = assembler.binary(attachment.clone()).expect("an attachment");
        }
        name_len(message.expect("a whole message").packet().body)
    }))
}

/// The length of an event's name.
fn name_len(body: Body<'_>) -> usize {
    match body {
        Body::Event { args, .. } => match args.event_name() {
            Some(EventName::Text(name)) => name.unescape().len(),
            _ => 0,
        },
        _ => 0,
    }
}

fn json(item: &'static Item) -> Run {
    let (text, profile) = (item.text.as_str(), profile());
    match item.kind {
        Kind::Text => Box::new(move || Json::parse(black_box(text)).expect("JSON").as_str().len()),
        Kind::Socket => Box::new(move || socket_packet(black_box(text), &profile)),
        Kind::Engine | Kind::Payload => Box::new(move || {
            let packets = engine::packets(black_box(text)).with_profile(&profile);
            packets
                .map(|packet| match packet.expect("a packet") {
                    engine::Packet::Message(Data::Text(text)) => socket_packet(text, &profile),
                    engine::Packet::Open(text) => Json::parse(text).expect("JSON").as_str().len(),
                    packet => {
                        black_box(&packet);
                        1
                    }
                })
                .sum()
        }),
    }
}

fn socket_packet(text: &str, profile: &Profile) -> usize {
    let packet = Packet::decode_as(text, profile).expect("a packet");
    black_box(&packet).namespace.as_str().len()
}

fn engine(item: &'static Item) -> Option<Run> {
    let text = item.text.as_str();
    match item.kind {
        Kind::Engine => {
            Some(Box::new(move || taken(engine::Packet::decode(black_box(text)).expect("a packet"))))
        }
        Kind::Payload => Some(Box::new(move || {
            engine::packets(black_box(text)).map(|packet| taken(packet.expect("a packet"))).sum()
        })),
        Kind::Socket | Kind::Text => None,
    }
}

fn version_3(item: &'static Item) -> Option<Run> {
    let body = item.version_3()?;
    Some(Box::new(move || {
        engine::v3::packets(black_box(&body)).map(|packet| taken(packet.expect("a packet"))).sum()
    }))
}

/// What a receiver would take from a packet: base64 decoded, the rest as it is.
fn taken(packet: engine::Packet<'_>) -> usize {
    match packet {
        engine::Packet::Message(Data::Base64(text)) => black_box(text.to_vec()).len(),
        packet => {
            black_box(&packet);
            1
        }
    }
}

fn encode_engine(item: &'static Item) -> Option<Run> {
    if !matches!(item.kind, Kind::Engine | Kind::Payload) {
        return None;
    }
    let packets: Vec<_> =
        engine::packets(&item.text).map(|packet| plain(packet.expect("a packet"))).collect();
    Some(Box::new(move || {
        let packets = black_box(&packets);
        let mut body = String::with_capacity(engine::payload::encoded_len(packets));
        engine::payload::encode(packets, &mut body);
        black_box(body).len()
    }))
}

/// The packet with its bytes instead of base64, so that encoding has something to do.
fn plain(packet: engine::Packet<'static>) -> engine::Packet<'static> {
    match packet {
        engine::Packet::Message(Data::Base64(text)) => engine::Packet::binary(text.to_vec().leak()),
        packet => packet,
    }
}
