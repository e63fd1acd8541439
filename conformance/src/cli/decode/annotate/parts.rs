//! A list of parts while it grows.

use std::ops::Range;

use siospec_codec::json::{Json, Kind};

use super::{Packet, Part};

/// The parts of one packet, and the input they lie in.
pub(super) struct Parts<'a> {
    pub(super) input: &'a [u8],
    pub(super) list: Vec<Part>,
}

impl<'a> Parts<'a> {
    pub(super) const fn of(input: &'a [u8]) -> Self {
        Self { input, list: Vec::new() }
    }

    pub(super) fn into_packet(self, range: Range<usize>) -> Packet {
        Packet { range, parts: self.list, is_binary: false }
    }

    pub(super) fn into_binary_packet(self, range: Range<usize>) -> Packet {
        Packet { is_binary: true, ..self.into_packet(range) }
    }

    pub(super) fn add(&mut self, range: Range<usize>, depth: usize, meaning: impl Into<String>) {
        self.list.push(Part { range, depth, meaning: meaning.into() });
    }

    /// A part that may be empty, and then is none.
    pub(super) fn add_some(&mut self, range: Range<usize>, meaning: impl Into<String>) {
        if !range.is_empty() {
            self.add(range, 0, meaning);
        }
    }

    pub(super) fn object(
        &mut self,
        json: Json<'_>,
        meaning: &str,
        explain: fn(&str, Json<'_>) -> Option<String>,
    ) {
        let Some(whole) = self.place(json.as_str().as_bytes()) else { return };
        self.add(whole, 0, meaning);
        for (name, value) in json.members().into_iter().flatten() {
            let Some(range) = self.place(value.as_str().as_bytes()) else { continue };
            let name = name.unescape();
            let meaning = explain(&name, value).unwrap_or_else(|| format!("{name}, {}", kind(value)));
            self.add(range, 1, meaning);
        }
    }

    pub(super) fn digits(&self, at: usize) -> usize {
        self.input.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// Where `inner` lies in the input, if it is a part of it and not merely equal to one.
    pub(super) fn place(&self, inner: &[u8]) -> Option<Range<usize>> {
        let start = (inner.as_ptr() as usize).checked_sub(self.input.as_ptr() as usize)?;
        let end = start + inner.len();
        (end <= self.input.len()).then_some(start..end)
    }
}

pub(super) fn kind(json: Json<'_>) -> &'static str {
    match json.kind() {
        Kind::Null => "null",
        Kind::Bool => "a truth value",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

pub(in super::super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
