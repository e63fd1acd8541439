//! Values read into types, beside serde_json.

use serde_json::Value as Anything;
use siospec_codec::json::{Json, Kind};
use siospec_codec::msgpack::{self, Value};
use siospec_codec::socket::{Body, Packet};
use siospec_codec::typed::ReadError;
use std::collections::BTreeMap;

/// JSON becomes what serde_json makes of it, or is refused where it refuses; attachments stand where
/// placeholders stood; MessagePack becomes what it is as JSON; errors lie inside their value.
pub fn holds(data: &[u8]) {
    if let Ok(value) = Value::parse(data) {
        messagepack(value);
    }
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(json) = Json::parse(text) {
        let ours = json.read::<Anything>();
        let theirs = serde_json::from_str::<Anything>(json.as_str());
        assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok());
        lies_inside(json.as_str().len(), ours.err());
        lies_inside(json.as_str().len(), json.read::<Vec<BTreeMap<String, Option<u32>>>>().err());
        borrows(text, json);
    }
    if let Ok(packet) = Packet::decode(text) {
        attachments(&packet);
    }
}

fn lies_inside(length: usize, error: Option<ReadError>) {
    if let Some(error) = error {
        assert!(error.offset < length && !error.reason.is_empty() && error.to_string().contains("at byte"));
    }
}

/// A string without escapes is borrowed from the input; one with escapes is not to be had so.
fn borrows(text: &str, json: Json<'_>) {
    let Some(string) = json.as_json_str() else {
        assert!(json.read::<&str>().is_err());
        return;
    };
    match json.read::<&str>() {
        Ok(borrowed) => {
            crate::assert_inside(text, borrowed);
            assert_eq!(borrowed, string.raw());
        }
        Err(_) => assert!(string.raw().contains('\\')),
    }
}

/// Each placeholder among the arguments is the attachment of its number, each other argument is no bytes.
fn attachments(packet: &Packet<'_>) {
    let (Body::Event { args, .. } | Body::Ack { args, .. }) = packet.body else { return };
    // serde_json refuses half a surrogate pair, also in a name that nobody reads.
    let halves = args.as_str().contains("\\ud") || args.as_str().contains("\\uD");
    let attachments: Vec<[u8; 1]> =
        (0..).map(|number| [number]).take(packet.attachments() as usize).collect();
    for (index, argument) in args.iter().enumerate() {
        let claims = argument.get("_placeholder").and_then(Json::as_bool) == Some(true);
        let read = args.read_at_with::<&[u8], _>(index, &attachments).expect("there are as many");
        match argument.get("num").and_then(Json::as_u64) {
            Some(_) if halves || twice(argument) => {}
            Some(num) if claims && (num as usize) < attachments.len() => {
                assert_eq!(read, Ok(&attachments[num as usize][..]));
            }
            _ => assert!(read.is_err() || matches!(argument.kind(), Kind::String)),
        }
    }
    let all = args.read_with::<Vec<Anything>, _>(&attachments);
    if let Ok(all) = &all {
        assert_eq!(all.len(), args.len());
        if matches!(packet.body, Body::Event { .. }) {
            let behind =
                args.read_event_with::<Vec<Anything>, _>(&attachments).expect("all of them were read");
            assert_eq!(behind, all[1..]);
        }
    }
    lies_inside(args.as_str().len(), all.err());
    lies_inside(args.as_str().len(), args.read::<(String, u8)>().err());
    lies_inside(args.as_str().len(), args.read_event::<(String, Vec<u8>)>().err());
}

/// Whether what makes a placeholder is written twice: the first one does not count, and may be what serde_json
/// cannot hold.
fn twice(argument: Json<'_>) -> bool {
    ["_placeholder", "num"].into_iter().any(|name| {
        argument.members().is_some_and(|members| members.filter(|(member, _)| *member == *name).count() > 1)
    })
}

/// What serde_json can hold is what the value is as JSON.
fn messagepack(value: Value<'_>) {
    let read = value.read::<Anything>();
    lies_inside(value.as_bytes().len(), value.read::<Vec<BTreeMap<String, Option<u32>>>>().err());
    let Ok(read) = read else {
        lies_inside(value.as_bytes().len(), read.err());
        return;
    };
    if value.kind() == msgpack::Kind::Text {
        assert_eq!(read.as_str(), value.as_str());
    }
    if let Some(number) = value.as_integer().filter(|_| value.kind() == msgpack::Kind::Integer) {
        assert_eq!(read.as_number().and_then(serde_json::Number::as_i128), Some(number));
    }
    if let (Some(elements), Some(list)) = (value.elements(), read.as_array()) {
        assert_eq!(list.len(), elements.count());
    }
}
