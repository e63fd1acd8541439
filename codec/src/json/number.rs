//! Reads numbers.
//!
//! ```text
//! number = [ "-" ] ( "0" / 1-9 *digit ) [ "." 1*digit ] [ e [sign] 1*digit ]   RFC 8259, section 6
//! ```

use crate::{DecodeError, ErrorKind};

/// Reads the number at `at`; gives the offset behind it.
#[inline(always)]
pub(super) fn number(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    match short_number(bytes, at) {
        Some(end) => Ok(end),
        None => any_number(bytes, at),
    }
}

/// Like [`number`], where a digit from 1 to 9 is certain to be at `at`.
#[inline(always)]
pub(super) fn natural_number(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    match short_rest(bytes, at + 1) {
        Some(end) => Ok(end),
        None => any_number(bytes, at),
    }
}

/// Like [`number`], for one that has no exponent, at most sixteen digits before its point and seven behind.
#[inline(always)]
fn short_number(bytes: &[u8], at: usize) -> Option<usize> {
    let first = at + usize::from(bytes.get(at) == Some(&b'-'));
    match bytes.get(first)? {
        b'1'..=b'9' => short_rest(bytes, first + 1),
        // A zero is all there is in front of the point.
        b'0' => match *bytes.get(first + 1)? {
            b'0'..=b'9' => None,
            next => short_fraction(bytes, first + 1, next),
        },
        _ => None,
    }
}

/// Reads what follows the first digit of such a number.
#[inline(always)]
fn short_rest(bytes: &[u8], at: usize) -> Option<usize> {
    let (end, next) = behind_digits(bytes, at)?;
    short_fraction(bytes, end, next)
}

/// Reads what follows the digits in front of the point, which begins with `next`.
#[inline(always)]
fn short_fraction(bytes: &[u8], mut end: usize, mut next: u8) -> Option<usize> {
    if next == b'.' {
        let places = end + 1;
        (end, next) = behind_few_digits(bytes, places)?;
        if end == places {
            return None;
        }
    }
    if next | 0x20 == b'e' { None } else { Some(end) }
}

/// Where the digits at `at` end, and with what. None if they are more than fifteen, or the text ends too soon to
/// tell.
///
/// The first eight are read byte by byte, as [`name`](super::string::name) does, for the same reason.
#[inline(always)]
fn behind_digits(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    let (word, rest) = bytes.get(at..)?.split_first_chunk::<8>()?;
    for (count, byte) in word.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return Some((at + count, *byte));
        }
    }
    few_digits(rest).map(|(count, next)| (at + 8 + count, next))
}

/// Where at most seven digits at `at` end, and with what.
#[inline(always)]
fn behind_few_digits(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    few_digits(bytes.get(at..)?).map(|(count, next)| (at + count, next))
}

/// With how many digits, at most seven, these bytes begin, and what follows.
#[inline(always)]
fn few_digits(bytes: &[u8]) -> Option<(usize, u8)> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    // Digits become 0 to 9; adding 0x76 sets the high bit of what is more. A carry only reaches what is behind.
    let values = word ^ 0x3030_3030_3030_3030;
    let foreign = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    if foreign == 0 {
        return None;
    }
    let bits = foreign.trailing_zeros() & !7;
    #[expect(clippy::cast_possible_truncation, reason = "the byte is what is wanted")]
    let next = (word >> bits) as u8;
    Some((bits as usize / 8, next))
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

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "a panic in a test is the failure report")]

    use super::*;
    use alloc::vec::Vec;

    /// Numbers put together from pieces of all kinds: the quick answer is that of the thorough one.
    #[test]
    fn the_quick_way_agrees_with_the_thorough_one() {
        let signs: [&[u8]; 3] = [b"", b"-", b"--"];
        let runs: [&[u8]; 10] = [
            b"",
            b"0",
            b"7",
            b"01",
            b"12345678",
            b"123456789",
            b"123456789012345",
            b"1234567890123456",
            b"12345678901234567",
            b"/:",
        ];
        let points: [&[u8]; 5] = [b"", b".", b"e", b"E+", b"x"];
        let ends: [&[u8]; 4] = [b"", b",", b"}]", b", and enough behind it"];
        let mut quick = 0;
        for sign in signs {
            for whole in runs {
                for point in points {
                    for places in runs {
                        for end in ends {
                            let text: Vec<u8> = [sign, whole, point, places, end].concat();
                            let thorough = any_number(&text, 0);
                            if let Some(end) = short_number(&text, 0) {
                                assert_eq!(thorough, Ok(end), "{:?}", text.escape_ascii());
                                quick += 1;
                            }
                            assert_eq!(number(&text, 0), thorough, "{:?}", text.escape_ascii());
                            if matches!(text.first(), Some(b'1'..=b'9')) {
                                assert_eq!(natural_number(&text, 0), thorough, "{:?}", text.escape_ascii());
                            }
                        }
                    }
                }
            }
        }
        assert!(quick > 200, "{quick}");
    }

    #[test]
    fn digits_end_where_they_do_whatever_follows() {
        for digits in 0..=18 {
            for next in 0..=255_u8 {
                let mut text = alloc::vec![b'4'; digits];
                text.push(next);
                text.resize(40, b'.');
                let expected = text.iter().position(|byte| !byte.is_ascii_digit()).expect("a point");
                let expected = (expected < 16).then(|| (expected, text[expected]));
                assert_eq!(behind_digits(&text, 0), expected);
                assert_eq!(behind_few_digits(&text, 0), expected.filter(|(end, _)| *end < 8));
            }
        }
    }
}
