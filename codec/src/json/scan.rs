//! Proves that a text is JSON, in one pass and without recursion.
//!
//! ```text
//! value  = object / array / string / number / "true" / "false" / "null"      RFC 8259, section 3
//! object = "{" [ string ":" value *( "," string ":" value ) ] "}"            section 4
//! array  = "[" [ value *( "," value ) ] "]"                                  section 5
//! number = [ "-" ] ( "0" / 1-9 *digit ) [ "." 1*digit ] [ e [sign] 1*digit ] section 6
//! string = quote *( unescaped / "\" one of "\/bfnrt / "\u" 4hex ) quote      section 7
//! blank  = space / tab / line feed / carriage return
//! ```
//!
//! A `\u` escape may be half of a surrogate pair: the grammar allows it and JavaScript sends it.

use super::nesting::Nesting;
use super::number::{natural_number, number};
use super::string::{name, string, string_or_plain};
use super::{Json, JsonStr};
use crate::{DecodeError, ErrorKind};

/// Where a value lies in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Finds the one JSON value that the text from byte `from` on consists of, blanks around it aside.
#[inline(always)]
pub(crate) fn scan(text: &str, from: usize, max_depth: usize) -> Result<Scanned, DecodeError> {
    let bytes = text.as_bytes();
    if bytes.get(from..) == Some(b"[]") && max_depth > 0 {
        return Ok(Scanned { start: from, end: from + 2 });
    }
    if matches!(bytes.get(from), Some(b'[' | b'{')) {
        let end = run(bytes, from, Nesting::NOTHING, max_depth)?;
        ends(bytes, end)?;
        return Ok(Scanned { start: from, end });
    }
    scan_any(bytes, from, max_depth)
}

/// Like [`scan`], whatever the text begins with.
#[inline(never)]
fn scan_any(bytes: &[u8], from: usize, max_depth: usize) -> Result<Scanned, DecodeError> {
    let start = skip_blanks(bytes, from);
    let end = match bytes.get(start) {
        Some(b'[' | b'{') => run(bytes, start, Nesting::NOTHING, max_depth)?,
        Some(b'"') => string(bytes, start + 1)?,
        Some(b't') => literal(bytes, start, b"true")?,
        Some(b'f') => literal(bytes, start, b"false")?,
        Some(b'n') => literal(bytes, start, b"null")?,
        Some(b'-' | b'0'..=b'9') => number(bytes, start)?,
        _ => return Err(unexpected(bytes, start)),
    };
    ends(bytes, end)?;
    Ok(Scanned { start, end })
}

impl Scanned {
    /// The value, given the text in which it was found.
    #[inline(always)]
    pub(crate) fn of(self, text: &str) -> Json<'_> {
        Json::cut(text, self.start, self.end)
    }
}

/// An array that begins with a string or a number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) array: Scanned,
    pub(crate) name: Name<'a>,
}

/// What such an array begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name<'a> {
    /// A string, where its quote is, and whether it is certain to mean what is written.
    Text { raw: JsonStr<'a>, at: usize, plain: bool },
    /// A number.
    Number,
}

/// Like [`scan`], for an array that begins at `from` with a string or a number; [`None`] if it begins
/// otherwise, in which case nothing is said about the rest.
#[inline(always)]
pub(crate) fn scan_named(
    text: &str,
    from: usize,
    max_depth: usize,
) -> Result<Option<Named<'_>>, DecodeError> {
    let bytes = text.as_bytes();
    if bytes.get(from) != Some(&b'[') || max_depth == 0 {
        return Ok(None);
    }
    let at = skip_blanks(bytes, from + 1);
    let (end, name) = match bytes.get(at) {
        Some(b'"') => {
            let (end, plain) = string_or_plain(bytes, at + 1)?;
            let raw = JsonStr::proven(text.get(at + 1..end - 1).unwrap_or_default());
            (end, Name::Text { raw, at, plain })
        }
        Some(b'-' | b'0'..=b'9') => (number(bytes, at)?, Name::Number),
        _ => return Ok(None),
    };
    // Many events are nothing but a name.
    let end = match bytes.get(end) {
        Some(b',') => run(bytes, end + 1, Nesting::ARRAY, max_depth)?,
        Some(b']') => end + 1,
        _ => rest_of_array(bytes, end, max_depth)?,
    };
    ends(bytes, end)?;
    Ok(Some(Named { array: Scanned { start: from, end }, name }))
}

/// The first offset at or after `at` that holds no blank.
#[inline]
pub(crate) fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    // Machines write JSON without blanks, and all blanks are below what they write.
    match bytes.get(at) {
        Some(byte) if *byte > b' ' => at,
        _ => skip_real_blanks(bytes, at),
    }
}

#[inline(never)]
fn skip_real_blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Checks that nothing but blanks follows.
#[inline(always)]
fn ends(bytes: &[u8], at: usize) -> Result<(), DecodeError> {
    if at >= bytes.len() {
        return Ok(());
    }
    let rest = skip_real_blanks(bytes, at);
    if rest < bytes.len() { Err(DecodeError::new(ErrorKind::TrailingCharacters, rest)) } else { Ok(()) }
}

/// Reads on behind an array's first element, from blanks on.
#[cold]
fn rest_of_array(bytes: &[u8], at: usize, max_depth: usize) -> Result<usize, DecodeError> {
    let at = skip_real_blanks(bytes, at);
    match bytes.get(at) {
        Some(b',') => run(bytes, at + 1, Nesting::ARRAY, max_depth),
        Some(b']') => Ok(at + 1),
        _ => Err(unexpected(bytes, at)),
    }
}

/// Reads on from where a value is due until every open array and object is closed; gives the offset behind.
/// Where nothing is open, the value has to be an array or an object.
///
/// Blanks are met where nothing else fits: machines write JSON without them.
#[inline(never)]
fn run(bytes: &[u8], mut at: usize, open: u64, max_depth: usize) -> Result<usize, DecodeError> {
    let mut open = Nesting::new(open, max_depth);
    // Apart from the rest, which can so be in registers.
    let mut outer = None;
    'value: loop {
        match bytes.get(at) {
            Some(b'"') => at = string(bytes, at + 1)?,
            Some(b'{') => {
                open.push(true, at, &mut outer)?;
                at += 1;
                if bytes.get(at) != Some(&b'"') {
                    at = skip_real_blanks(bytes, at);
                }
                if bytes.get(at) != Some(&b'}') {
                    at = key(bytes, at)?;
                    continue 'value;
                }
            }
            Some(b'[') => {
                open.push(false, at, &mut outer)?;
                at = skip_blanks(bytes, at + 1);
                if bytes.get(at) != Some(&b']') {
                    continue 'value;
                }
            }
            Some(b'1'..=b'9') => at = natural_number(bytes, at)?,
            Some(b'-' | b'0') => at = number(bytes, at)?,
            Some(b't') => at = literal(bytes, at, b"true")?,
            Some(b'f') => at = literal(bytes, at, b"false")?,
            Some(b'n') => at = literal(bytes, at, b"null")?,
            Some(b' ' | b'\n' | b'\r' | b'\t') => {
                at = skip_real_blanks(bytes, at);
                continue 'value;
            }
            _ => return Err(unexpected(bytes, at)),
        }
        // A value has ended, or an empty array or object is about to: close what closes.
        loop {
            match bytes.get(at) {
                Some(b',') => {
                    at += 1;
                    if open.in_object() {
                        at = key(bytes, at)?;
                    }
                    continue 'value;
                }
                Some(close @ (b'}' | b']')) => {
                    if open.in_object() != (*close == b'}') {
                        return Err(unexpected(bytes, at));
                    }
                    at += 1;
                    if open.pop(&mut outer) {
                        return Ok(at);
                    }
                }
                Some(b' ' | b'\n' | b'\r' | b'\t') => at = skip_real_blanks(bytes, at),
                _ => return Err(unexpected(bytes, at)),
            }
        }
    }
}

/// Reads a member's name, the colon and the blanks before and between them; gives the offset behind the colon.
#[inline(always)]
fn key(bytes: &[u8], mut at: usize) -> Result<usize, DecodeError> {
    if bytes.get(at) != Some(&b'"') {
        at = skip_real_blanks(bytes, at);
        if bytes.get(at) != Some(&b'"') {
            return Err(unexpected(bytes, at));
        }
    }
    at = name(bytes, at + 1)?;
    if bytes.get(at) != Some(&b':') {
        at = skip_real_blanks(bytes, at);
        if bytes.get(at) != Some(&b':') {
            return Err(unexpected(bytes, at));
        }
    }
    Ok(at + 1)
}

#[inline(always)]
fn literal<const N: usize>(bytes: &[u8], at: usize, word: &[u8; N]) -> Result<usize, DecodeError> {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(found) if found == word => Ok(at + N),
        _ => Err(misspelt(bytes, at, word)),
    }
}

/// Where the text departs from the word that begins at `at`.
#[cold]
fn misspelt(bytes: &[u8], at: usize, word: &[u8]) -> DecodeError {
    let mut offsets = (at..).zip(word);
    let wrong = offsets.find(|(offset, expected)| bytes.get(*offset) != Some(expected));
    unexpected(bytes, wrong.map_or(at, |(offset, _)| offset))
}

#[cold]
fn unexpected(bytes: &[u8], at: usize) -> DecodeError {
    let kind = if at < bytes.len() { ErrorKind::UnexpectedCharacter } else { ErrorKind::UnexpectedEnd };
    DecodeError::new(kind, at.min(bytes.len()))
}
