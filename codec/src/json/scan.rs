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

use super::window::{self, Special};
use crate::{DecodeError, ErrorKind};
use alloc::vec::Vec;

/// Where a value lies in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Finds the one JSON value that the text from byte `from` on consists of, blanks around it aside.
pub(crate) fn scan(text: &str, from: usize, max_depth: usize) -> Result<Scanned, DecodeError> {
    let bytes = text.as_bytes();
    let start = skip_blanks(bytes, from);
    let end = run(bytes, start, Due::Value, Nesting::default(), max_depth)?;
    ends(bytes, end)?;
    Ok(Scanned { start, end })
}

/// Like [`scan`], for an array that begins at `from` with a string or a number. Also tells where that first
/// element lies; [`None`] if the array begins otherwise, in which case nothing is said about the rest.
pub(crate) fn scan_named(
    text: &str,
    from: usize,
    max_depth: usize,
) -> Result<Option<(Scanned, Scanned)>, DecodeError> {
    let bytes = text.as_bytes();
    if bytes.get(from) != Some(&b'[') || max_depth == 0 {
        return Ok(None);
    }
    let start = skip_blanks(bytes, from + 1);
    let end = match bytes.get(start) {
        Some(b'"') => string(bytes, start + 1)?,
        Some(b'-' | b'0'..=b'9') => number(bytes, start)?,
        _ => return Ok(None),
    };
    let mut open = Nesting::default();
    open.push(false, max_depth, from)?;
    let array_end = run(bytes, end, Due::End, open, max_depth)?;
    ends(bytes, array_end)?;
    Ok(Some((Scanned { start: from, end: array_end }, Scanned { start, end })))
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

fn skip_real_blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Checks that nothing but blanks follows.
fn ends(bytes: &[u8], at: usize) -> Result<(), DecodeError> {
    let rest = skip_blanks(bytes, at);
    if rest < bytes.len() { Err(DecodeError::new(ErrorKind::TrailingCharacters, rest)) } else { Ok(()) }
}

/// What comes next while scanning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    /// A value begins.
    Value,
    /// A value has just ended.
    End,
}

/// Reads until every open array and object is closed and one value is read; gives the offset behind it.
#[inline(always)]
fn run(
    bytes: &[u8],
    mut at: usize,
    mut due: Due,
    mut open: Nesting,
    max_depth: usize,
) -> Result<usize, DecodeError> {
    loop {
        if due == Due::Value {
            match bytes.get(at) {
                Some(b'"') => at = string(bytes, at + 1)?,
                Some(b'-' | b'0'..=b'9') => at = number(bytes, at)?,
                Some(b'{') => {
                    open.push(true, max_depth, at)?;
                    at = skip_blanks(bytes, at + 1);
                    if bytes.get(at) != Some(&b'}') {
                        at = key(bytes, at)?;
                        continue;
                    }
                    open.pop();
                    at += 1;
                }
                Some(b'[') => {
                    open.push(false, max_depth, at)?;
                    at = skip_blanks(bytes, at + 1);
                    if bytes.get(at) != Some(&b']') {
                        continue;
                    }
                    open.pop();
                    at += 1;
                }
                Some(b't') => at = literal(bytes, at, b"true")?,
                Some(b'f') => at = literal(bytes, at, b"false")?,
                Some(b'n') => at = literal(bytes, at, b"null")?,
                _ => return Err(unexpected(bytes, at)),
            }
        }
        // A value has ended at `at`: close what closes, then the next one is due.
        due = Due::Value;
        loop {
            if open.depth == 0 {
                return Ok(at);
            }
            match bytes.get(at) {
                Some(b',') => {
                    at = skip_blanks(bytes, at + 1);
                    if open.in_object() {
                        at = key(bytes, at)?;
                    }
                    break;
                }
                Some(b'}') if open.in_object() => open.pop(),
                Some(b']') if !open.in_object() => open.pop(),
                Some(b' ' | b'\n' | b'\r' | b'\t') => {
                    at = skip_real_blanks(bytes, at);
                    continue;
                }
                _ => return Err(unexpected(bytes, at)),
            }
            at += 1;
        }
    }
}

/// Reads a member's name, the colon and the blanks around it; gives the offset of the member's value.
#[inline(always)]
fn key(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    if bytes.get(at) != Some(&b'"') {
        return Err(unexpected(bytes, at));
    }
    let at = skip_blanks(bytes, string(bytes, at + 1)?);
    if bytes.get(at) != Some(&b':') {
        return Err(unexpected(bytes, at));
    }
    Ok(skip_blanks(bytes, at + 1))
}

/// Reads a string whose opening quote lies before `at`; gives the offset behind the closing one.
#[inline(always)]
fn string(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    let end = window::find::<Special>(bytes, at);
    if bytes.get(end) == Some(&b'"') { Ok(end + 1) } else { rest_of_string(bytes, end) }
}

/// Like [`string`], of which everything plain before `at` is read.
#[inline(never)]
fn rest_of_string(bytes: &[u8], mut at: usize) -> Result<usize, DecodeError> {
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(bytes, at)?,
            Some(_) => return Err(DecodeError::new(ErrorKind::ControlCharacter, at)),
            None => return Err(DecodeError::new(ErrorKind::UnexpectedEnd, bytes.len())),
        }
        at = window::find::<Special>(bytes, at);
    }
}

/// Reads the escape whose backslash is at `at`; gives the offset behind it.
fn escape(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            for offset in at + 2..at + 6 {
                match bytes.get(offset) {
                    Some(byte) if byte.is_ascii_hexdigit() => {}
                    Some(_) => return Err(DecodeError::new(ErrorKind::InvalidEscape, at)),
                    None => return Err(DecodeError::new(ErrorKind::UnexpectedEnd, bytes.len())),
                }
            }
            Ok(at + 6)
        }
        Some(_) => Err(DecodeError::new(ErrorKind::InvalidEscape, at)),
        None => Err(DecodeError::new(ErrorKind::UnexpectedEnd, bytes.len())),
    }
}

/// Reads the number at `at`; gives the offset behind it.
#[inline(always)]
fn number(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    match short_number(bytes, at) {
        Some(end) => Ok(end),
        None => any_number(bytes, at),
    }
}

/// Like [`number`], for one that is whole within a window and has no exponent.
#[inline(always)]
fn short_number(bytes: &[u8], at: usize) -> Option<usize> {
    let (digits, seen) = window::digits(bytes, at)?;
    let first = u32::from(bytes.get(at) == Some(&b'-'));
    let whole = (digits >> first).trailing_ones();
    // A zero is all there is in front of the point.
    if whole == 0 || whole > 1 && bytes.get(at + first as usize) == Some(&b'0') {
        return None;
    }
    let mut len = first + whole;
    if bytes.get(at + len as usize) == Some(&b'.') {
        // Digits beyond the window look like none at all.
        let places = digits.wrapping_shr(len + 1).trailing_ones();
        len += 1 + places;
        if places == 0 {
            return None;
        }
    }
    let end = at + len as usize;
    // Behind the window there may be more of it, unless that is where the text ends.
    let cut = len >= seen && end < bytes.len();
    if cut || matches!(bytes.get(end), Some(b'e' | b'E')) { None } else { Some(end) }
}

/// Like [`number`], byte by byte.
#[inline(never)]
fn any_number(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    let first = if bytes.get(at) == Some(&b'-') { at + 1 } else { at };
    let mut end = match bytes.get(first) {
        Some(b'0') => first + 1,
        _ => digits(bytes, first)?,
    };
    if bytes.get(end) == Some(&b'.') {
        end = digits(bytes, end + 1)?;
    }
    match bytes.get(end) {
        Some(b'e' | b'E') => exponent(bytes, end + 1),
        // `01` would otherwise be a number followed by another.
        Some(b'0'..=b'9') => Err(DecodeError::new(ErrorKind::InvalidNumber, end)),
        _ => Ok(end),
    }
}

/// Reads what follows the `e` before `at`.
fn exponent(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    let signed = matches!(bytes.get(at), Some(b'+' | b'-'));
    digits(bytes, at + usize::from(signed))
}

/// Reads at least one digit.
#[inline]
fn digits(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    // Byte by byte: numbers are short, words cost more than they save.
    let mut end = at;
    while bytes.get(end).is_some_and(u8::is_ascii_digit) {
        end += 1;
    }
    match end {
        _ if end > at => Ok(end),
        _ if end == bytes.len() => Err(DecodeError::new(ErrorKind::UnexpectedEnd, end)),
        _ => Err(DecodeError::new(ErrorKind::InvalidNumber, end)),
    }
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

/// Which of the arrays and objects around a value are objects: a stack of bits.
///
/// The innermost 128 need no heap; deeper ones exist only where a caller raises the limit.
#[derive(Default)]
struct Nesting {
    depth: usize,
    /// The innermost levels since the last multiple of 64, the innermost one lowest.
    inner: u64,
    /// The 64 levels around those.
    outer: u64,
    /// Words further out, the outermost one first.
    spilled: Vec<u64>,
}

impl Nesting {
    #[inline(always)]
    fn push(&mut self, object: bool, max_depth: usize, at: usize) -> Result<(), DecodeError> {
        if self.depth >= max_depth {
            return Err(DecodeError::new(ErrorKind::TooDeep, at));
        }
        if self.depth.is_multiple_of(64) && self.depth > 0 {
            self.spill();
        }
        self.depth += 1;
        self.inner = self.inner << 1 | u64::from(object);
        Ok(())
    }

    #[inline(always)]
    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.inner >>= 1;
        if self.depth.is_multiple_of(64) && self.depth > 0 {
            self.inner = self.outer;
            self.outer = self.spilled.pop().unwrap_or(0);
        }
    }

    /// Makes room for 64 levels more.
    #[cold]
    fn spill(&mut self) {
        if self.depth > 64 {
            self.spilled.push(self.outer);
        }
        self.outer = self.inner;
    }

    #[inline(always)]
    fn in_object(&self) -> bool {
        self.inner & 1 == 1
    }
}
