//! One MessagePack value, and the values inside it.

use super::scan::{Head, head, scan, skip};
use crate::{DecodeError, ErrorKind, Limits};
use core::fmt;

/// Bytes that are proven to be exactly one MessagePack value, all text in it UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Value<'a>(&'a [u8]);

/// Which type a value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `nil`
    Nil,
    /// JavaScript's `undefined`, an extension of type 0 with a byte 0: observed in notepack.io 2.2.0.
    Undefined,
    /// `true` or `false`
    Bool,
    /// A whole number.
    Integer,
    /// A floating point number.
    Float,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// An extension.
    Extension,
    /// An array.
    Array,
    /// A map; names may be of any type.
    Map,
}

impl<'a> Value<'a> {
    /// The value `nil`.
    pub const NIL: Self = Self(&[0xC0]);

    /// Reads bytes that are one value, with the default [`Limits::max_depth`].
    ///
    /// # Errors
    /// [`Truncated`](ErrorKind::Truncated), [`TrailingBytes`](ErrorKind::TrailingBytes),
    /// [`ReservedByte`](ErrorKind::ReservedByte), [`InvalidUtf8`](ErrorKind::InvalidUtf8) or
    /// [`TooDeep`](ErrorKind::TooDeep).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::parse_with(bytes, Limits::DEFAULT.max_depth)
    }

    /// Like [`parse`](Self::parse), with at most `max_depth` arrays and maps inside one another.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(bytes: &'a [u8], max_depth: usize) -> Result<Self, DecodeError> {
        let end = scan(bytes, 0, max_depth)?;
        if end < bytes.len() {
            return Err(DecodeError::new(ErrorKind::TrailingBytes, end));
        }
        Ok(Self(bytes))
    }

    /// A value that was already scanned.
    pub(super) const fn proven(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The value as it was written.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The value's type.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.head().kind
    }

    /// The text that this is, if it is one.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        let head = self.head();
        let text = if head.kind == Kind::Text { self.body(head) } else { return None };
        core::str::from_utf8(text).ok()
    }

    /// The bytes that this is, if it is some.
    #[must_use]
    pub fn as_binary(self) -> Option<&'a [u8]> {
        let head = self.head();
        (head.kind == Kind::Bytes).then(|| self.body(head))
    }

    /// The truth value that this is, if it is one.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.0 {
            [0xC2] => Some(false),
            [0xC3] => Some(true),
            _ => None,
        }
    }

    /// The whole number that this is, whatever its form; a float counts if nothing lies behind its point.
    #[must_use]
    pub fn as_integer(self) -> Option<i128> {
        let head = self.head();
        match (head.kind, self.0.first()?) {
            (Kind::Integer, byte @ 0x00..=0x7F) => Some(i128::from(*byte)),
            (Kind::Integer, byte @ 0xE0..=0xFF) => Some(i128::from(*byte) - 256),
            (Kind::Integer, byte) => {
                let body = self.body(head);
                let unsigned = body.iter().fold(0, |number: i128, byte| number << 8 | i128::from(*byte));
                // Above the largest positive number of its width, a signed one is negative.
                let signed = *byte >= 0xD0 && body.first().is_some_and(|first| *first >= 0x80);
                Some(if signed { unsigned - (1 << (body.len() * 8)) } else { unsigned })
            }
            (Kind::Float, _) => {
                let float = self.as_f64()?;
                #[expect(clippy::cast_possible_truncation, reason = "compared with the original")]
                let whole = float as i128;
                #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "a whole double survives")]
                let exact = whole as f64 == float && whole != i128::MAX;
                exact.then_some(whole)
            }
            _ => None,
        }
    }

    /// The number that this is, rounded to a double.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        let head = self.head();
        match (head.kind, self.body(head)) {
            (Kind::Float, body) if body.len() == 4 => {
                Some(f64::from(f32::from_be_bytes(body.try_into().ok()?)))
            }
            (Kind::Float, body) => Some(f64::from_be_bytes(body.try_into().ok()?)),
            #[expect(clippy::cast_precision_loss, reason = "rounding is what is asked for")]
            (Kind::Integer, _) => self.as_integer().map(|number| number as f64),
            _ => None,
        }
    }

    /// The values of an array, if this is one.
    #[must_use]
    pub fn elements(self) -> Option<Elements<'a>> {
        let head = self.head();
        (head.kind == Kind::Array).then_some(Elements { bytes: self.0, at: head.end, left: head.items })
    }

    /// The pairs of a map in the order written, if this is one.
    #[must_use]
    pub fn members(self) -> Option<Members<'a>> {
        let head = self.head();
        (head.kind == Kind::Map).then_some(Members(Elements {
            bytes: self.0,
            at: head.end,
            left: head.items,
        }))
    }

    /// How many values an array holds, or how many pairs a map.
    #[must_use]
    pub fn count(self) -> Option<u64> {
        let head = self.head();
        match head.kind {
            Kind::Array => Some(head.items),
            Kind::Map => Some(head.items / 2),
            _ => None,
        }
    }

    fn head(self) -> Head {
        // A proven value has a head.
        head(self.0, 0).unwrap_or(Head { kind: Kind::Nil, start: 0, end: 0, items: 0 })
    }

    fn body(self, head: Head) -> &'a [u8] {
        self.0.get(head.start..head.end).unwrap_or_default()
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({:02x?})", self.0)
    }
}

/// The values of an array, in order.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    bytes: &'a [u8],
    /// Everything before is read.
    at: usize,
    left: u64,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let end = skip(self.bytes, self.at);
        let value = self.bytes.get(self.at..end).map(Value)?;
        self.at = end;
        Some(value)
    }
}

/// The pairs of a map, in the order written.
#[derive(Debug, Clone)]
pub struct Members<'a>(Elements<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Value<'a>, Value<'a>);

    fn next(&mut self) -> Option<(Value<'a>, Value<'a>)> {
        Some((self.0.next()?, self.0.next()?))
    }
}

impl Members<'_> {
    /// How far the map is read, in bytes.
    pub(super) const fn position(&self) -> usize {
        self.0.at
    }
}
