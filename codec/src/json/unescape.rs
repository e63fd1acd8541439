//! JSON strings: what their escapes mean, and how to write them.

use crate::Sink;
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

/// The inside of a JSON string as it was written, without the quotes.
///
/// Two of them are equal when they are written alike; compare with a `str` to compare meanings.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct JsonStr<'a>(&'a str);

impl<'a> JsonStr<'a> {
    pub(crate) const fn proven(raw: &'a str) -> Self {
        Self(raw)
    }

    /// The string as it was written, escapes and all, without the quotes.
    #[must_use]
    pub const fn raw(self) -> &'a str {
        self.0
    }

    /// What the string means. Allocates only where there is an escape.
    ///
    /// Half a surrogate pair, which JSON can write and UTF-8 cannot, becomes U+FFFD.
    #[must_use]
    pub fn unescape(self) -> Cow<'a, str> {
        if self.is_escaped() { Cow::Owned(self.chars().collect()) } else { Cow::Borrowed(self.0) }
    }

    /// The characters that the string means.
    #[must_use]
    pub fn chars(self) -> Chars<'a> {
        Chars { rest: self.0.chars() }
    }

    fn is_escaped(self) -> bool {
        self.0.as_bytes().contains(&b'\\')
    }
}

impl PartialEq<str> for JsonStr<'_> {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        if self.0 == other {
            return !self.is_escaped();
        }
        // What an escape means is shorter than the escape.
        self.0.len() > other.len() && self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for JsonStr<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Debug for JsonStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// Shows what the string means.
impl fmt::Display for JsonStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.chars().try_for_each(|character| f.write_char(character))
    }
}

/// The characters that a JSON string means.
#[derive(Debug, Clone)]
pub struct Chars<'a> {
    rest: core::str::Chars<'a>,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' => Some(self.escape()),
            plain => Some(plain),
        }
    }
}

impl Chars<'_> {
    /// What the escape means whose backslash was just read.
    fn escape(&mut self) -> char {
        match self.rest.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.unicode(),
            Some(itself) => itself,
            None => char::REPLACEMENT_CHARACTER,
        }
    }

    /// What four hexadecimal digits mean, and four more if they are the first half of a pair.
    fn unicode(&mut self) -> char {
        let unit = self.code_unit();
        if !(0xD800..0xDC00).contains(&unit) {
            return char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        // Look ahead on a copy: what is no second half stands for itself.
        let mut ahead = self.clone();
        if ahead.rest.next() == Some('\\') && ahead.rest.next() == Some('u') {
            let second = ahead.code_unit();
            if (0xDC00..0xE000).contains(&second) {
                *self = ahead;
                let scalar = 0x1_0000 + ((unit - 0xD800) << 10) + (second - 0xDC00);
                return char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
        }
        char::REPLACEMENT_CHARACTER
    }

    fn code_unit(&mut self) -> u32 {
        let digits = self.rest.by_ref().take(4);
        digits.fold(0, |unit, digit| unit << 4 | digit.to_digit(16).unwrap_or(0))
    }
}

/// Writes a string as JSON, with its quotes. Escapes what has to be escaped and nothing else, as
/// `JSON.stringify` does.
pub fn quote(text: &str, sink: &mut impl Sink) {
    sink.write("\"");
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let (Some(plain), Some(byte), Some(behind)) =
            (rest.get(..at), rest.as_bytes().get(at), rest.get(at + 1..))
        else {
            break;
        };
        sink.write(plain);
        write_escape(*byte, sink);
        rest = behind;
    }
    sink.write(rest);
    sink.write("\"");
}

fn write_escape(byte: u8, sink: &mut impl Sink) {
    match byte {
        b'"' => sink.write("\\\""),
        b'\\' => sink.write("\\\\"),
        0x8 => sink.write("\\b"),
        0xC => sink.write("\\f"),
        b'\n' => sink.write("\\n"),
        b'\r' => sink.write("\\r"),
        b'\t' => sink.write("\\t"),
        _ => {
            let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
            let mut escape = String::from("\\u00");
            escape.push(digit(byte >> 4));
            escape.push(digit(byte & 0xF));
            sink.write(&escape);
        }
    }
}
