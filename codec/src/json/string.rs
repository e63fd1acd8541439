//! Reads strings.
//!
//! ```text
//! string = quote *( unescaped / "\" one of "\/bfnrt / "\u" 4hex ) quote      RFC 8259, section 7
//! ```

use super::window::{self, Special};
use crate::{DecodeError, ErrorKind};

/// Like [`string`], for a member's name.
///
/// Byte by byte, as is the beginning of a number, and all of it in line: a window costs no more steps, but what
/// follows has to wait for its result. The lengths of names and numbers repeat, so that a processor that
/// predicts branches need not wait.
#[inline(always)]
pub(super) fn name(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
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
pub(super) fn string(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    let end = window::find::<Special>(bytes, at);
    if bytes.get(end) == Some(&b'"') { Ok(end + 1) } else { rest_of_string(bytes, end) }
}

/// Like [`string`]; also tells whether the string is certain to hold no escape.
#[inline(always)]
pub(super) fn string_or_plain(bytes: &[u8], at: usize) -> Result<(usize, bool), DecodeError> {
    let end = window::find::<Special>(bytes, at);
    if bytes.get(end) == Some(&b'"') {
        return Ok((end + 1, true));
    }
    rest_of_string(bytes, end).map(|end| (end, false))
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
#[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
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

/// What ends the plain beginning of a string.
#[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Strings put together from pieces of all kinds, at every distance from the end of the text.
    #[test]
    fn strings_end_where_byte_by_byte_they_do() {
        let pieces: [&[u8]; 12] = [
            b"a",
            b"seven b",
            b"sixteen bytes of",
            b"\\n",
            b"\\\"",
            b"\\\\",
            b"\\u00e9",
            b"\\u12",
            b"\\x",
            b"\x01",
            b"\xc3\xa9",
            b"\"",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    for behind in [&b""[..], b"\"", b"\",[1,2]", b"\" a longer rest, without a quote"] {
                        let text: Vec<u8> = [first, second, third, behind].concat();
                        let expected = naive(&text, 0);
                        assert_eq!(string(&text, 0), expected, "{:?}", text.escape_ascii());
                        assert_eq!(name(&text, 0), expected, "{:?}", text.escape_ascii());
                    }
                }
            }
        }
    }

    fn naive(text: &[u8], mut at: usize) -> Result<usize, DecodeError> {
        loop {
            match text.get(at) {
                Some(b'"') => return Ok(at + 1),
                Some(b'\\') => at = naive_escape(text, at)?,
                Some(0..0x20) => return Err(DecodeError::new(ErrorKind::ControlCharacter, at)),
                Some(_) => at += 1,
                None => return Err(DecodeError::new(ErrorKind::UnexpectedEnd, at)),
            }
        }
    }

    fn naive_escape(text: &[u8], at: usize) -> Result<usize, DecodeError> {
        let digits = match text.get(at + 1) {
            Some(b'u') => 4,
            Some(byte) if b"\"\\/bfnrt".contains(byte) => 0,
            Some(_) => return Err(DecodeError::new(ErrorKind::InvalidEscape, at)),
            None => return Err(DecodeError::new(ErrorKind::UnexpectedEnd, text.len())),
        };
        for digit in 0..digits {
            match text.get(at + 2 + digit) {
                Some(byte) if byte.is_ascii_hexdigit() => {}
                Some(_) => return Err(DecodeError::new(ErrorKind::InvalidEscape, at)),
                None => return Err(DecodeError::new(ErrorKind::UnexpectedEnd, text.len())),
            }
        }
        Ok(at + 2 + digits)
    }
}
