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
use super::{Json, JsonStr};
use crate::{DecodeError, ErrorKind};
use alloc::vec::Vec;

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
            let special = window::find::<Special>(bytes, at + 1);
            let plain = bytes.get(special) == Some(&b'"');
            let end = if plain { special + 1 } else { rest_of_string(bytes, special)? };
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
            Some(b'-' | b'0'..=b'9') => at = number(bytes, at)?,
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

/// Like [`string`], for a member's name.
///
/// Byte by byte, as is the beginning of a number, and all of it in line: a window costs no more steps, but what
/// follows has to wait for its result. The lengths of names and numbers repeat, so that a processor that
/// predicts branches need not wait.
#[inline(always)]
fn name(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    match bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        Some(word) => {
            for (count, byte) in word.iter().enumerate() {
                if STRING_ENDS.get(usize::from(*byte)) != Some(&false) {
                    let end = at + count;
                    return if *byte == b'"' { Ok(end + 1) } else { rest_of_string(bytes, end) };
                }
            }
            string(bytes, at + 8)
        }
        None => string(bytes, at),
    }
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
    while let Some((mut marks, end)) = window::marks::<Special>(bytes, at) {
        if end >= bytes.len() && marks == 0 {
            return Err(DecodeError::new(ErrorKind::UnexpectedEnd, bytes.len()));
        }
        if marks == 0 {
            at = window::find_far::<Special>(bytes, end);
            continue;
        }
        // Where the last escape begins: it may reach beyond the window.
        let mut last = at;
        while marks != 0 {
            let bit = marks.trailing_zeros();
            last = at + bit as usize;
            match bytes.get(last) {
                Some(b'"') => return Ok(last + 1),
                Some(b'\\') => {}
                _ => return Err(DecodeError::new(ErrorKind::ControlCharacter, last)),
            }
            if !is_short_escape(bytes, last) {
                last = long_escape(bytes, last)? - 2;
                break;
            }
            // What a backslash escapes is not special.
            marks &= !(0b11 << bit);
        }
        at = if marks == 0 { end.max(last + 2) } else { last + 2 };
    }
    rest_of_short_string(bytes, at)
}

/// Like [`rest_of_string`], in a text without a whole window.
#[cold]
fn rest_of_short_string(bytes: &[u8], mut at: usize) -> Result<usize, DecodeError> {
    loop {
        at = window::find::<Special>(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(bytes, at)?,
            Some(_) => return Err(DecodeError::new(ErrorKind::ControlCharacter, at)),
            None => return Err(DecodeError::new(ErrorKind::UnexpectedEnd, bytes.len())),
        }
    }
}

/// Reads the escape whose backslash is at `at`; gives the offset behind it.
fn escape(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    if is_short_escape(bytes, at) { Ok(at + 2) } else { long_escape(bytes, at) }
}

/// Whether the escape whose backslash is at `at` has two characters.
#[inline(always)]
fn is_short_escape(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 1).and_then(|byte| SHORT_ESCAPES.get(usize::from(*byte))) == Some(&true)
}

/// What makes an escape of two characters with the backslash before it.
static SHORT_ESCAPES: [bool; 256] = {
    let mut short = [false; 256];
    let mut at = 0;
    while at < 8 {
        short[b"\"\\/bfnrt"[at] as usize] = true;
        at += 1;
    }
    short
};

/// Like [`escape`], for one that is not two characters long.
#[inline(never)]
fn long_escape(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    match bytes.get(at + 1) {
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

/// Like [`number`], for one that has no exponent, and at most fifteen digits on either side of its point.
#[inline(always)]
fn short_number(bytes: &[u8], at: usize) -> Option<usize> {
    let first = at + usize::from(bytes.get(at) == Some(&b'-'));
    let (mut end, mut next) = behind_digits(bytes, first)?;
    // A zero is all there is in front of the point.
    if end == first || end > first + 1 && bytes.get(first) == Some(&b'0') {
        return None;
    }
    if next == b'.' {
        let places = end + 1;
        (end, next) = behind_places(bytes, places)?;
        if end == places {
            return None;
        }
    }
    if next | 0x20 == b'e' { None } else { Some(end) }
}

/// Where the digits at `at` end, and with what. None if they are more than fifteen, or the text ends too soon to
/// tell.
#[inline(always)]
fn behind_digits(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    let rest = bytes.get(at..)?;
    let word = rest.first_chunk::<8>()?;
    for (count, byte) in word.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return Some((at + count, *byte));
        }
    }
    more_digits(rest.get(8..)?.first_chunk()?).map(|(count, next)| (at + 8 + count, next))
}

/// Like [`behind_digits`], all at once.
#[inline(always)]
fn behind_places(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    let rest = bytes.get(at..)?;
    let word = u64::from_le_bytes(*rest.first_chunk()?);
    // Digits become 0 to 9; adding 0x76 sets the high bit of what is more. A carry only reaches what is behind.
    let values = word ^ 0x3030_3030_3030_3030;
    let foreign = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    if foreign == 0 {
        return more_digits(rest.get(8..)?.first_chunk()?).map(|(count, next)| (at + 8 + count, next));
    }
    let bits = foreign.trailing_zeros() & !7;
    #[expect(clippy::cast_possible_truncation, reason = "the byte is what is wanted")]
    let next = (word >> bits) as u8;
    Some((at + bits as usize / 8, next))
}

/// How many digits these bytes begin with, and what follows, unless all of them are digits.
#[inline(never)]
fn more_digits(word: &[u8; 8]) -> Option<(usize, u8)> {
    word.iter().copied().enumerate().find(|(_, byte)| !byte.is_ascii_digit())
}

/// What ends the plain beginning of a string.
static STRING_ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        ends[byte] = true;
        byte += 1;
    }
    ends[b'"' as usize] = true;
    ends[b'\\' as usize] = true;
    ends
};

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
/// The innermost levels are in one word below a bit that marks its end; the other words are rarely looked at.
/// Three words need no heap; more exist only where a caller raises the limit.
struct Nesting {
    inner: u64,
    /// The word is full as soon as it reaches this.
    full: u64,
    max_depth: usize,
}

/// The levels around those of the innermost word, in full words of [`WORD_LEVELS`].
#[derive(Default)]
struct Outer {
    words: [u64; 2],
    used: usize,
    /// What does not fit there, the outermost one first.
    spilled: Vec<u64>,
}

/// How many levels a word holds: one bit marks the end.
const WORD_LEVELS: usize = 63;

impl Nesting {
    /// The innermost word when nothing is open.
    const NOTHING: u64 = 0b1;
    /// The innermost word when one array is open.
    const ARRAY: u64 = 0b10;

    #[inline(always)]
    fn new(inner: u64, max_depth: usize) -> Self {
        Self { inner, full: 1 << max_depth.min(WORD_LEVELS), max_depth }
    }

    /// Opens an array or an object that begins at `at`.
    #[inline(always)]
    fn push(&mut self, object: bool, at: usize, outer: &mut Option<Outer>) -> Result<(), DecodeError> {
        if self.inner >= self.full {
            let outer = outer.get_or_insert_default();
            (self.inner, self.full) = outer.spill(self.inner, self.max_depth, at)?;
        }
        self.inner = self.inner << 1 | u64::from(object);
        Ok(())
    }

    /// Closes the innermost one; tells whether it was the last.
    #[inline(always)]
    fn pop(&mut self, outer: &mut Option<Outer>) -> bool {
        self.inner >>= 1;
        if self.inner > Self::NOTHING {
            return false;
        }
        match outer.as_mut().and_then(Outer::refill) {
            Some(word) => (self.inner, self.full) = (word, 1 << WORD_LEVELS),
            None => return true,
        }
        false
    }

    #[inline(always)]
    fn in_object(&self) -> bool {
        self.inner & 1 == 1
    }
}

impl Outer {
    /// Puts a word aside that is full; gives an empty one, and when that is full.
    #[cold]
    fn spill(&mut self, word: u64, max_depth: usize, at: usize) -> Result<(u64, u64), DecodeError> {
        let depth = self.used * WORD_LEVELS + word.ilog2() as usize;
        if depth >= max_depth {
            return Err(DecodeError::new(ErrorKind::TooDeep, at));
        }
        match self.words.get_mut(self.used) {
            Some(free) => *free = word,
            None => self.spilled.push(word),
        }
        self.used += 1;
        Ok((Nesting::NOTHING, 1 << (max_depth - depth).min(WORD_LEVELS)))
    }

    /// The word put aside last.
    #[cold]
    fn refill(&mut self) -> Option<u64> {
        self.used = self.used.checked_sub(1)?;
        self.words.get(self.used).copied().or_else(|| self.spilled.pop())
    }
}
