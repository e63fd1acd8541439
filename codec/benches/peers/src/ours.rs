//! This project's codec. It checks all of the JSON while decoding.

use crate::corpus::{Item, Kind};
use crate::{Operation, Run};
use bytes::Bytes;
use siospec_codec::engine::{self, Data};
use siospec_codec::socket::{Assembler, Body, EventName, Packet};
use siospec_codec::{Encode, Limits};
use std::hint::black_box;

pub fn make(operation: Operation, item: &'static Item) -> Option<Run> {
    let text = item.text.as_str();
    match (operation, item.kind) {
        (Operation::Decode | Operation::Route, Kind::Socket) => {
            let event = matches!(Packet::decode(text), Ok(Packet { body: Body::Event { .. }, .. }));
            let route = operation == Operation::Route;
            (event || !route).then(|| socket(item, route))
        }
        (Operation::Decode, Kind::Engine) => {
            Some(Box::new(move || taken(engine::Packet::decode(black_box(text)).expect("a packet"))))
        }
        (Operation::Decode, Kind::Payload) => Some(Box::new(move || {
            engine::packets(black_box(text)).map(|packet| taken(packet.expect("a packet"))).sum()
        })),
        (Operation::Encode, Kind::Socket) => {
            let packet = Packet::decode(text).expect("a packet");
            Some(Box::new(move || black_box(black_box(&packet).to_text()).len()))
        }
        (Operation::Encode, Kind::Engine | Kind::Payload) => {
            let packets: Vec<_> =
                engine::packets(text).map(|packet| plain(packet.expect("a packet"))).collect();
            Some(Box::new(move || {
                let packets = black_box(&packets);
                let mut body = String::with_capacity(engine::payload::encoded_len(packets));
                engine::payload::encode(packets, &mut body);
                black_box(body).len()
            }))
        }
        (Operation::Route, _) => None,
    }
}

fn socket(item: &'static Item, route: bool) -> Run {
    let text = item.text.as_str();
    if item.attachments.is_empty() {
        return Box::new(move || {
            let packet = Packet::decode(black_box(text)).expect("a packet");
            if route { name_len(packet.body) } else { black_box(&packet).namespace.as_str().len() }
        });
    }
    Box::new(move || {
        let mut assembler = Assembler::<Bytes>::new(Limits::default());
        let mut message = assembler.text(black_box(text)).expect("a packet");
        for attachment in &item.attachments {
            message = assembler.binary(attachment.clone()).expect("an attachment");
        }
        let message = message.expect("a whole message");
        if route { name_len(message.packet().body) } else { black_box(&message).attachments.len() }
    })
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

/// The packet with its bytes instead of base64, so that encoding has something to do.
fn plain(packet: engine::Packet<'static>) -> engine::Packet<'static> {
    match packet {
        engine::Packet::Message(Data::Base64(text)) => engine::Packet::binary(text.to_vec().leak()),
        packet => packet,
    }
}
