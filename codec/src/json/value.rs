//! One JSON value, and the values inside it.

use super::{JsonStr, scan, skip, skip_blanks};
use crate::{DecodeError, Limits};
use core::fmt;

/// A slice of text that is proven to be exactly one JSON value, without blanks around it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Json<'a>(&'a str);

/// Which of JSON's six types a value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number of any size.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl<'a> Json<'a> {
    /// The value `null`.
    pub const NULL: Self = Self("null");

    /// The value `[]`.
    pub const EMPTY_ARRAY: Self = Self("[]");

    /// Reads a text that is one JSON value; blanks around it are dropped.
    ///
    /// # Errors
    /// Where the text departs from RFC 8259, or nests deeper than the default [`Limits::max_depth`].
    pub fn parse(text: &'a str) -> Result<Self, DecodeError> {
        Self::parse_with(text, Limits::DEFAULT.max_depth)
    }

    /// Like [`parse`](Self::parse), with at most `max_depth` arrays and objects inside one another.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(text: &'a str, max_depth: usize) -> Result<Self, DecodeError> {
        Ok(scan(text, 0, max_depth)?.of(text))
    }

    /// A value that was already scanned.
    #[inline(always)]
    pub(crate) fn cut(text: &'a str, start: usize, end: usize) -> Self {
        text.get(start..end).map_or(Self::NULL, Self)
    }

    /// The value as it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The value's type.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'"') => Kind::String,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The string that this is, if it is one.
    #[must_use]
    pub fn as_json_str(self) -> Option<JsonStr<'a>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        Some(JsonStr::proven(inner))
    }

    /// The truth value that this is, if it is one.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The number that this is, rounded to a double as JavaScript does; infinite if it is too large for one.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        if self.kind() == Kind::Number { self.0.parse().ok() } else { None }
    }

    /// The whole number that this is, in whatever form it is written (`10`, `1e1`, `10.0`). Exact up to 2^53.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        if let Ok(number) = self.0.parse() {
            return if self.kind() == Kind::Number { Some(number) } else { None };
        }
        // Above 2^53 a double no longer tells one whole number from the next.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = self.as_f64()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=2^53")]
        let whole = if (0.0..=EXACT).contains(&number) { number as u64 } else { return None };
        #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "exact up to 2^53")]
        let exact = whole as f64 == number;
        exact.then_some(whole)
    }

    /// The values of an array, if this is one.
    #[must_use]
    pub fn elements(self) -> Option<Elements<'a>> {
        (self.kind() == Kind::Array).then_some(self.array_elements())
    }

    /// The values of what is known to be an array.
    pub(crate) const fn array_elements(self) -> Elements<'a> {
        Elements { text: self.0, at: 1 }
    }

    /// The members of an object in the order written, if this is one. A name may come several times.
    #[must_use]
    pub fn members(self) -> Option<Members<'a>> {
        (self.kind() == Kind::Object).then_some(Members::at(self.0, 0))
    }

    /// The value of the last member of this name, if this is an object that has one.
    ///
    /// The last one counts, as in `JSON.parse`.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        self.members()?.filter(|(member, _)| *member == *name).last().map(|(_, value)| value)
    }
}

impl Default for Json<'_> {
    fn default() -> Self {
        Self::NULL
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({})", self.0)
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The values of an array, in order.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    /// The array; everything before `at` is read.
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        let bytes = self.text.as_bytes();
        let start = next_item(bytes, self.at)?;
        let end = skip::value(bytes, start);
        self.at = end;
        self.text.get(start..end).map(Json)
    }
}

/// The members of an object, in the order written.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    /// The object; everything before `at` is read.
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (JsonStr<'a>, Json<'a>);

    fn next(&mut self) -> Option<(JsonStr<'a>, Json<'a>)> {
        let bytes = self.text.as_bytes();
        let start = next_item(bytes, self.at)?;
        let end = skip::string(bytes, start);
        let name = self.text.get(start..end).map(Json)?.as_json_str()?;
        let colon = skip_blanks(bytes, end);
        let start = skip_blanks(bytes, colon + 1);
        let end = skip::value(bytes, start);
        self.at = end;
        Some((name, self.text.get(start..end).map(Json)?))
    }
}

impl<'a> Members<'a> {
    /// The members of the object that begins at `at` of a proven text.
    pub(crate) const fn at(text: &'a str, at: usize) -> Self {
        Self { text, at: at + 1 }
    }

    /// How far the object is read, in bytes.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }
}

/// Where the next element or member begins, if the container does not end first.
fn next_item(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = skip_blanks(bytes, at);
    if bytes.get(at) == Some(&b',') {
        at = skip_blanks(bytes, at + 1);
    }
    match bytes.get(at) {
        None | Some(b']' | b'}') => None,
        Some(_) => Some(at),
    }
}
