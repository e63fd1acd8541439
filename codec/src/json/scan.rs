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
    let end = value(bytes, start, max_depth)?;
    let rest = skip_blanks(bytes, end);
    if rest < bytes.len() {
        return Err(DecodeError::new(ErrorKind::TrailingCharacters, rest));
    }
    Ok(Scanned { start, end })
}

/// The first offset at or after `at` that holds no blank.
pub(crate) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Reads one value that begins exactly at `at`; gives the offset behind it.
fn value(bytes: &[u8], mut at: usize, max_depth: usize) -> Result<usize, DecodeError> {
    let mut open = Nesting::default();
    loop {
        // A value is due at `at`.
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
        // A value has ended at `at`: close what closes, then the next one is due.
        loop {
            if open.depth == 0 {
                return Ok(at);
            }
            at = skip_blanks(bytes, at);
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
                _ => return Err(unexpected(bytes, at)),
            }
            at += 1;
        }
    }
}

/// Reads a member's name, the colon and the blanks around it; gives the offset of the member's value.
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
fn string(bytes: &[u8], mut at: usize) -> Result<usize, DecodeError> {
    loop {
        at = skip_plain(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(bytes, at)?,
            Some(_) => return Err(DecodeError::new(ErrorKind::ControlCharacter, at)),
            None => return Err(DecodeError::new(ErrorKind::UnexpectedEnd, bytes.len())),
        }
    }
}

/// The first offset at or after `at` that holds a quote, a backslash or a control character.
fn skip_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word(bytes, at) {
        let special = special_bytes(word);
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// The eight bytes at `at`, the first one lowest.
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(chunk.try_into().ok()?))
}

/// Sets the high bit of the lowest byte that is a quote, a backslash or a control character.
///
/// Higher bytes may be marked wrongly by a borrow, the lowest marked one is always right.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let zero_quote = quote.wrapping_sub(ONES) & !quote;
    let zero_backslash = backslash.wrapping_sub(ONES) & !backslash;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero_quote | zero_backslash | control) & HIGHS
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
fn number(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    let first = if bytes.get(at) == Some(&b'-') { at + 1 } else { at };
    let mut end = match bytes.get(first) {
        Some(b'0') => first + 1,
        _ => digits(bytes, first)?,
    };
    if bytes.get(end) == Some(&b'.') {
        end = digits(bytes, end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        end += 1;
        if let Some(b'+' | b'-') = bytes.get(end) {
            end += 1;
        }
        end = digits(bytes, end)?;
    }
    // `01` would otherwise be a number followed by another.
    match bytes.get(end) {
        Some(b'0'..=b'9') => Err(DecodeError::new(ErrorKind::InvalidNumber, end)),
        _ => Ok(end),
    }
}

/// Reads at least one digit.
fn digits(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    let mut end = at;
    while let Some(b'0'..=b'9') = bytes.get(end) {
        end += 1;
    }
    match end {
        _ if end > at => Ok(end),
        _ if end == bytes.len() => Err(DecodeError::new(ErrorKind::UnexpectedEnd, end)),
        _ => Err(DecodeError::new(ErrorKind::InvalidNumber, end)),
    }
}

fn literal(bytes: &[u8], at: usize, word: &[u8]) -> Result<usize, DecodeError> {
    for (offset, expected) in (at..).zip(word) {
        if bytes.get(offset) != Some(expected) {
            return Err(unexpected(bytes, offset));
        }
    }
    Ok(at + word.len())
}

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
    fn push(&mut self, object: bool, max_depth: usize, at: usize) -> Result<(), DecodeError> {
        if self.depth >= max_depth {
            return Err(DecodeError::new(ErrorKind::TooDeep, at));
        }
        if self.depth.is_multiple_of(64) && self.depth > 0 {
            if self.depth > 64 {
                self.spilled.push(self.outer);
            }
            self.outer = self.inner;
        }
        self.depth += 1;
        self.inner = self.inner << 1 | u64::from(object);
        Ok(())
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.inner >>= 1;
        if self.depth.is_multiple_of(64) {
            self.inner = self.outer;
            self.outer = self.spilled.pop().unwrap_or(0);
        }
    }

    fn in_object(&self) -> bool {
        self.inner & 1 == 1
    }
}
