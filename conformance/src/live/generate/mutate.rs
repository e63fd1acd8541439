//! One change, somewhere in the tree: a step, a head, a query, a packet, its JSON, a frame, or mere bytes.

use fastrand::Rng;

use super::{bytes, header, packet::Packet, query, steps, words};
use crate::siot::{Act, Data, Item, Step};

/// Changes something.
pub(super) fn mutate(rng: &mut Rng, all: &mut Vec<Step>, max_payload_bytes: usize) {
    // What is inside of steps is tried a few times: not every step has everything.
    for _ in 0..8 {
        if rng.u8(..100) < 40 {
            return steps::mutate(rng, all);
        }
        if all.is_empty() {
            return;
        }
        let at = rng.usize(..all.len());
        if let Step::Act(_, act) = &mut all[at]
            && inside(rng, act, max_payload_bytes)
        {
            return;
        }
    }
}

/// The texts of packets in an act.
pub(in crate::live) fn texts_of(act: &Act) -> Vec<&str> {
    match act {
        Act::Send(items) => items
            .iter()
            .filter_map(|item| match item {
                Item::Text(text) => Some(text.as_str()),
                Item::Binary(_) => None,
            })
            .collect(),
        Act::Request { body: Some(Data::Text(body)), .. } => body.split('\u{1e}').collect(),
        Act::Times(_, act) => texts_of(act),
        _ => Vec::new(),
    }
}

/// Changes something inside of an act; says whether there was something.
fn inside(rng: &mut Rng, act: &mut Act, most: usize) -> bool {
    match act {
        Act::Times(_, act) => return inside(rng, act, most),
        Act::Send(items) => items_of(rng, items, most),
        Act::Request { method, query, headers, body } => match rng.u8(..10) {
            0 => *method = verb(rng),
            1..4 => {
                let old = query.get_or_insert_with(|| "EIO=4&transport=polling&sid=$alice".to_owned());
                *old = query::mutated(rng, old);
            }
            4 | 5 => header::mutate(rng, headers),
            6 if body.is_none() => {
                *body = Some(Data::Text(words::pick(rng, &["40", "1", "3", "6", "x", ""]).to_owned()))
            }
            6 => chunked(headers, body),
            _ => match body {
                Some(Data::Text(text)) => *text = payload(rng, text, most),
                _ => return false,
            },
        },
        Act::Head { method, query, headers } => match rng.u8(..6) {
            0 => *method = verb(rng),
            1 | 2 => *query = query::mutated(rng, query),
            _ => header::mutate(rng, headers),
        },
        Act::Websocket(query) => {
            *query = query::mutated(rng, query);
        }
        Act::Bytes(Data::Text(text)) => *text = bytes::mutated(rng, text),
        Act::Frame { last, reserved, opcode, payload } => match rng.u8(..5) {
            0 => *last = !*last,
            1 => *reserved = rng.u8(..8),
            2 => *opcode = rng.u8(..16),
            3 => payload.resize([0, 1, 125, 126, 65_536][rng.usize(..5)], b'4'),
            _ => payload.truncate(rng.usize(..=payload.len())),
        },
        Act::Open(_) => *act = Act::Websocket(query::mutated(rng, "EIO=4&transport=websocket")),
        Act::Handshake => {
            *act = Act::Request {
                method: "GET".to_owned(),
                query: Some(query::mutated(rng, "EIO=4&transport=polling")),
                headers: Vec::new(),
                body: None,
            };
        }
        _ => return false,
    }
    true
}

fn items_of(rng: &mut Rng, items: &mut Vec<Item>, most: usize) {
    let at = rng.usize(..=items.len());
    match items.get_mut(at) {
        _ if rng.u8(..8) == 0 => {
            let item =
                if rng.bool() { Item::Binary(vec![4; rng.usize(..5)]) } else { Item::Text(packet(rng)) };
            items.insert(at, item);
        }
        Some(Item::Text(text)) => *text = one_text(rng, text, most),
        Some(Item::Binary(bytes)) => match rng.u8(..4) {
            0 => bytes.resize(sizes(rng, most), 7),
            1 => bytes.clear(),
            2 => items[at] = Item::Text(packet(rng)),
            _ => drop(items.remove(at)),
        },
        None => items.push(Item::Text(packet(rng))),
    }
}

/// A payload of a POST: its packets, or how they are joined.
fn payload(rng: &mut Rng, text: &str, most: usize) -> String {
    let mut packets: Vec<String> = text.split('\u{1e}').map(str::to_owned).collect();
    let at = rng.usize(..packets.len());
    match rng.u8(..8) {
        0 => packets.push(packet(rng)),
        1 => packets.push(String::new()),
        2 => {
            let times = [2, 16, 17, 100, 1000][rng.usize(..5)];
            let again = packets[at].clone();
            packets.extend(std::iter::repeat_n(again, times));
        }
        3 => return bytes::mutated(rng, text),
        4 => return format!("d={}", text.replace('\u{1e}', "%1e")),
        // As version 3 joins them.
        5 => {
            return packets
                .iter()
                .map(|packet| format!("{}:{packet}", packet.encode_utf16().count()))
                .collect();
        }
        _ => packets[at] = one_text(rng, &packets[at], most),
    }
    packets.join("\u{1e}")
}

fn one_text(rng: &mut Rng, text: &str, most: usize) -> String {
    match rng.u8(..12) {
        0 | 1 => bytes::mutated(rng, text),
        2 => packet(rng),
        3 => {
            // As long as the limit allows, and a little longer.
            let size = sizes(rng, most);
            format!("42[\"message\",\"{}\"]", "a".repeat(size.saturating_sub(16)))
        }
        4 => words::pick(rng, &["2", "3", "2probe", "3probe", "5", "6", "1", "0", "7", "b", "bAAAA", "4"])
            .to_owned(),
        _ => {
            let mut packet = Packet::of(text);
            packet.mutate(rng);
            packet.text()
        }
    }
}

/// A packet that may be meant.
fn packet(rng: &mut Rng) -> String {
    let namespace =
        if rng.u8(..4) == 0 { format!("{},", words::pick(rng, &words::NAMESPACES)) } else { String::new() };
    let event = words::pick(rng, &words::EVENTS);
    let value = words::pick(rng, &words::VALUES);
    let id = if rng.bool() { words::pick(rng, &words::NUMBERS) } else { "" };
    match rng.u8(..10) {
        0 => format!("40{namespace}"),
        1 => format!("40{namespace}{value}"),
        2 => format!("41{namespace}"),
        3..6 => format!("42{namespace}{id}[\"{event}\",{value}]"),
        6 => format!("43{namespace}{id}[{value}]"),
        7 => format!("44{namespace}{value}"),
        8 => format!("45{}-{namespace}{id}[\"{event}\",{value}]", words::pick(rng, &words::NUMBERS)),
        _ => format!("46{}-{namespace}{id}[{value}]", words::pick(rng, &words::NUMBERS)),
    }
}

fn sizes(rng: &mut Rng, most: usize) -> usize {
    let most = most.min(1 << 20);
    [0, 125, 126, 65_535, 65_536, most.saturating_sub(1), most, most + 1, most * 2, most * 4][rng.usize(..10)]
}

fn verb(rng: &mut Rng) -> String {
    words::pick(rng, &["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "CONNECT", "TRACE", "get"])
        .to_owned()
}

/// The same body in chunks.
fn chunked(headers: &mut Vec<(String, String)>, body: &mut Option<Data>) {
    if let Some(Data::Text(text)) = body
        && !headers.iter().any(|(name, _)| name == "Transfer-Encoding")
        && !text.contains('$')
    {
        headers.push(("Transfer-Encoding".to_owned(), "chunked".to_owned()));
        *text = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
    }
}
