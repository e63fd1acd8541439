//! The quick way through MessagePack: everything usual, and no word on why something is not.
//!
//! Whoever gets no answer here asks [`scan`](super::scan) or [`packet`](super::packet), which answer everything.

use super::packet::{Body, Packet};
use super::value::{Kind, Value};
use crate::Profile;
use crate::json::window::{self, NotAscii};
use crate::socket::{AckId, Namespace};

/// How many arrays and maps may be open at once.
const LEVELS: usize = 16;

/// Reads one whole value that begins at `at`; gives the offset behind it. None for what is wrong, and for what is
/// too deep for it.
#[inline]
pub(super) fn scan(bytes: &[u8], mut at: usize, max_depth: usize) -> Option<usize> {
    // How many values are due where we are, and in what is around.
    let (mut due, mut around, mut depth) = (1_u64, [0_u64; LEVELS], 0);
    loop {
        while due > 0 {
            due -= 1;
            let byte = *bytes.get(at)?;
            at += 1;
            let form = *FORMS.get(usize::from(byte))?;
            if form < TEXT {
                // Where this leads beyond the end, nothing more is found.
                at += usize::from(form);
                continue;
            }
            // A bit of its own: as a value like the rest, it would be looked up among the rare ones.
            if form & SHORT != 0 {
                // Not out of the table: the next value would have to wait for it.
                let len = usize::from(byte & 0x0F);
                match bytes.get(at..).and_then(<[u8]>::first_chunk) {
                    Some(word) if foreign_bits(*word, len) == 0 => {}
                    _ => _ = text(bytes, at, len)?,
                }
                at += len;
                continue;
            }
            let items = match form {
                TEXT => {
                    at = text(bytes, at, usize::from(byte & 0x1F))?;
                    continue;
                }
                ARRAY => u64::from(byte & 0x0F),
                MAP => u64::from(byte & 0x0F) * 2,
                _ => {
                    let (end, items) = long(bytes, byte, at)?;
                    at = end;
                    if !is_container(byte) {
                        continue;
                    }
                    items
                }
            };
            if depth >= max_depth {
                return None;
            }
            *around.get_mut(depth)? = due;
            depth += 1;
            due = items;
        }
        if depth == 0 {
            return (at <= bytes.len()).then_some(at);
        }
        depth -= 1;
        due = *around.get(depth)?;
    }
}

/// What each first byte says: how many bytes follow it, or one of the names below.
#[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
static FORMS: [u8; 256] = {
    let mut forms = [0; 256];
    let mut byte = 0x80;
    while byte < 0xE0 {
        forms[byte] = match byte {
            0x80..=0x8F => MAP,
            0x90..=0x9F => ARRAY,
            0xA1..=0xA8 => SHORT,
            0xA0..=0xBF => TEXT,
            0xC0 | 0xC2 | 0xC3 => 0,
            0xCC | 0xD0 => 1,
            0xCD | 0xD1 => 2,
            0xCA | 0xCE | 0xD2 => 4,
            0xCB | 0xCF | 0xD3 => 8,
            _ => LONG,
        };
        byte += 1;
    }
    forms
};

/// A text of one to eight bytes: most of them.
const SHORT: u8 = 0x80;
/// Another text whose length is in the first byte.
const TEXT: u8 = 32;
/// An array whose length is in the first byte.
const ARRAY: u8 = 34;
/// A map whose length is in the first byte.
const MAP: u8 = 35;
/// Anything else.
const LONG: u8 = 36;

const fn is_container(byte: u8) -> bool {
    is_array(byte) || is_map(byte)
}

const fn is_array(byte: u8) -> bool {
    matches!(byte, 0x90..=0x9F | 0xDC | 0xDD)
}

const fn is_map(byte: u8) -> bool {
    matches!(byte, 0x80..=0x8F | 0xDE | 0xDF)
}

/// Something but zero if one of the first bytes, at least one of them, is not ASCII.
#[inline(always)]
const fn foreign_bits(word: [u8; 8], len: usize) -> u64 {
    // What is behind the text is shifted out.
    (u64::from_le_bytes(word) & 0x8080_8080_8080_8080) << (64 - len * 8)
}

/// The offset behind a text of so many bytes, if it is UTF-8.
#[inline(always)]
fn text(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    let end = at.checked_add(len)?;
    if len <= 16
        && let Some((marks, seen_to)) = window::marks::<NotAscii>(bytes, at)
        && marks & !(u32::MAX << len) == 0
    {
        return (end <= seen_to).then_some(end);
    }
    other_text(bytes.get(at..end)?).then_some(end)
}

/// Whether these bytes are UTF-8, looked at more closely than [`text`] does.
#[inline(never)]
fn other_text(bytes: &[u8]) -> bool {
    let last = bytes.len().saturating_sub(16);
    match (window::marks::<NotAscii>(bytes, 0), window::marks::<NotAscii>(bytes, last)) {
        (Some((0, _)), Some((0, _))) if last <= 16 => true,
        // A long one costs most where it is not ASCII.
        (Some((0, _)), _) if bytes.len() < 256 => {
            window::find::<NotAscii>(bytes, 16) == bytes.len() || is_utf8(bytes)
        }
        _ => is_utf8(bytes),
    }
}

fn is_utf8(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Of a value that begins with this byte before `at` and has its length in bytes of its own: the offset behind
/// its head, if there are values inside, or behind all of it; and how many are inside.
#[inline(always)]
fn long(bytes: &[u8], byte: u8, at: usize) -> Option<(usize, u64)> {
    match (byte, bytes.get(at)?) {
        (0xD9, len) => Some((text(bytes, at + 1, usize::from(*len))?, 0)),
        (0xC4, len) => Some((at + 1 + usize::from(*len), 0)),
        _ => longer(bytes, at - 1),
    }
}

#[inline(never)]
fn longer(bytes: &[u8], at: usize) -> Option<(usize, u64)> {
    let head = super::scan::head(bytes, at).ok()?;
    match head.kind {
        Kind::Text => text(bytes, head.start, head.end - head.start).map(|end| (end, 0)),
        _ => Some((head.end, head.items)),
    }
}

/// Reads a packet as socket.io-msgpack-parser and its likes write it: each member once, its type and its id in
/// the usual forms, and nothing that a strict profile would refuse.
pub(super) fn packet<'a>(bytes: &'a [u8], profile: &Profile) -> Option<Packet<'a>> {
    let pairs = match bytes.first()? {
        head @ 0x82..=0x84 => head & 0x0F,
        _ => return None,
    };
    let (mut kind, mut namespace, mut data, mut id) = (None, None, None, None);
    let mut at = 1;
    for _ in 0..pairs {
        match bytes.get(at..)? {
            [0xA4, b't', b'y', b'p', b'e', digit @ 0..=4, ..] if kind.is_none() => {
                kind = Some(*digit);
                at += 6;
            }
            [0xA3, b'n', b's', b'p', rest @ ..] if namespace.is_none() => {
                let (name, len) = name(rest)?;
                namespace = Some(name);
                at += 4 + len;
            }
            [0xA4, b'd', b'a', b't', b'a', ..] if data.is_none() => {
                let end = scan(bytes, at + 5, profile.limits.max_depth.checked_sub(1)?)?;
                data = Some(Value::proven(bytes.get(at + 5..end)?));
                at = end;
            }
            [0xA2, b'i', b'd', rest @ ..] if id.is_none() => {
                let (number, len) = unsigned(rest)?;
                id = Some(AckId(number));
                at += 3 + len;
            }
            _ => return None,
        }
    }
    let namespace = namespace.filter(|name| name.as_str().len() <= profile.limits.max_namespace_bytes)?;
    if at != bytes.len() {
        return None;
    }
    let map = |data: Value<'a>| data.as_bytes().first().is_some_and(|first| is_map(*first)).then_some(data);
    let array =
        |data: Value<'a>| data.as_bytes().first().is_some_and(|first| is_array(*first)).then_some(data);
    let body = match (kind?, data, id) {
        (0, None, None) => Body::Connect(None),
        (0, Some(data), None) => Body::Connect(Some(map(data)?)),
        (1, None, None) => Body::Disconnect,
        (2, Some(data), ack) if has_name(data.as_bytes()) => Body::Event { args: data, ack },
        (3, Some(data), Some(id)) => Body::Ack { args: array(data)?, id },
        (4, Some(data), None) => Body::ConnectError(map(data)?),
        _ => return None,
    };
    Some(Packet { namespace, body })
}

/// Whether these bytes are an array that begins with a text or a number.
fn has_name(bytes: &[u8]) -> bool {
    let first = match bytes {
        [0x91..=0x9F, first, ..] => first,
        // Neither would be this long if it were empty.
        [0xDC, _, _, first, ..] | [0xDD, _, _, _, _, first, ..] => first,
        _ => return false,
    };
    matches!(first, 0x00..=0x7F | 0xA0..=0xBF | 0xCA..=0xD3 | 0xD9..=0xDB | 0xE0..=0xFF)
}

/// The name of a namespace that these bytes begin with, and how many of them it takes.
fn name(bytes: &[u8]) -> Option<(Namespace<'_>, usize)> {
    let (start, len) = match bytes {
        [0xA1, b'/', ..] => return Some((Namespace::ROOT, 2)),
        [head @ 0xA0..=0xBF, ..] => (1, usize::from(head & 0x1F)),
        [0xD9, len, ..] => (2, usize::from(*len)),
        _ => return None,
    };
    let text = core::str::from_utf8(bytes.get(start..start + len)?).ok()?;
    Some((Namespace::new(text).ok()?, start + len))
}

/// The number that these bytes begin with, if it is an id that every implementation can hold, and how many of
/// them it takes.
fn unsigned(bytes: &[u8]) -> Option<(u64, usize)> {
    let (number, len) = match *bytes {
        [number @ 0..=0x7F, ..] => (u64::from(number), 1),
        [0xCC, number, ..] => (u64::from(number), 2),
        [0xCD, a, b, ..] => (u64::from(u16::from_be_bytes([a, b])), 3),
        [0xCE, a, b, c, d, ..] => (u64::from(u32::from_be_bytes([a, b, c, d])), 5),
        [0xCF, a, b, c, d, e, f, g, h, ..] => (u64::from_be_bytes([a, b, c, d, e, f, g, h]), 9),
        _ => return None,
    };
    (number <= AckId::MAX.0).then_some((number, len))
}
