//! engineioxide's packets and polling bodies.

use super::{Operation, Run};
use crate::corpus::{Item, Kind};
use bytes::Bytes;
use engineioxide_core::{Packet, PacketBuf, ProtocolVersion, Str, payload};
use futures_util::{FutureExt, StreamExt};
use std::hint::black_box;

pub(super) fn make(operation: Operation, item: &'static Item) -> Option<Run> {
    match (operation, item.kind) {
        (Operation::Engine, Kind::Engine) => {
            let parse = parser(item);
            parse()?;
            Some(Box::new(move || usize::from(black_box(parse()).is_some())))
        }
        (Operation::Engine, Kind::Payload) => reader(item.text.clone().into(), ProtocolVersion::V4),
        (Operation::Version3, Kind::Payload) => reader(item.version_3()?.into(), ProtocolVersion::V3),
        (Operation::EncodeEngine, Kind::Engine) => {
            let packet = parser(item)()?;
            Some(Box::new(move || black_box(String::from(black_box(&packet).clone())).len()))
        }
        (Operation::EncodeEngine, Kind::Payload) => {
            let packets = decode(&Bytes::from(item.text.clone()), ProtocolVersion::V4)?;
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

fn parser(item: &'static Item) -> impl Fn() -> Option<Packet> {
    let text = Str::from(item.text.clone());
    move || Packet::parse(ProtocolVersion::V4, black_box(&text).clone()).ok()
}

fn reader(body: Bytes, version: ProtocolVersion) -> Option<Run> {
    decode(&body, version)?;
    Some(Box::new(move || black_box(decode(black_box(&body), version)).map_or(0, |packets| packets.len())))
}

/// Polls the decoder to its end: the whole body is there, so it never waits.
fn decode(body: &Bytes, version: ProtocolVersion) -> Option<Vec<Packet>> {
    let body = http_body_util::Full::new(body.clone());
    let mut decoder = std::pin::pin!(payload::decoder(body, None, version, u64::MAX));
    let mut packets = Vec::new();
    while let Some(packet) = decoder.next().now_or_never().flatten() {
        packets.push(packet.ok()?);
    }
    Some(packets)
}
