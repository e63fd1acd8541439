//! What a part of the work costs when somebody does nothing but that part.

use super::{Operation, Run};
use crate::corpus::{Item, Kind};
use serde::de::IgnoredAny;
use std::hint::black_box;

/// serde_json, which checks the JSON and keeps nothing.
pub(super) fn ignored_json(operation: Operation, item: &'static Item) -> Option<Run> {
    let documents = if operation == Operation::Json { item.documents() } else { return None };
    if documents.is_empty() {
        return None;
    }
    Some(Box::new(move || {
        let documents = documents.iter();
        documents.map(|json| usize::from(serde_json::from_str::<IgnoredAny>(black_box(json)).is_ok())).sum()
    }))
}

/// base64-simd, with its defaults: the widest instructions that the machine has.
pub(super) fn base64(operation: Operation, item: &'static Item) -> Option<Run> {
    let text = if item.class == "eio-b64" { item.text.get(1..)? } else { return None };
    match operation {
        Operation::FromBase64 => Some(Box::new(move || {
            black_box(base64_simd::STANDARD.decode_to_vec(black_box(text)).expect("base64")).len()
        })),
        Operation::ToBase64 => {
            let bytes = base64_simd::STANDARD.decode_to_vec(text).expect("base64");
            Some(Box::new(move || black_box(base64_simd::STANDARD.encode_to_string(black_box(&bytes))).len()))
        }
        _ => None,
    }
}

/// simdutf8, which only looks for invalid UTF-8.
pub(super) fn utf8(operation: Operation, item: &'static Item) -> Option<Run> {
    if operation != Operation::Json || item.kind != Kind::Text {
        return None;
    }
    let bytes = item.text.as_bytes();
    Some(Box::new(move || simdutf8::basic::from_utf8(black_box(bytes)).expect("UTF-8").len()))
}

/// The standard library, which copies a text that is written already: what no encoder can go below.
pub(super) fn copy(operation: Operation, item: &'static Item) -> Option<Run> {
    if item.kind != Kind::Socket {
        return None;
    }
    let text = item.text.as_str();
    match operation {
        Operation::Encode => Some(Box::new(move || black_box(String::from(black_box(text))).len())),
        Operation::EncodeInto => {
            let mut buffer = String::with_capacity(text.len());
            Some(Box::new(move || {
                buffer.clear();
                buffer.push_str(black_box(text));
                black_box(&buffer).len()
            }))
        }
        _ => None,
    }
}
