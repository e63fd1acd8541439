//! The arguments of an event or an acknowledgement: one JSON array.

use crate::json::{Elements, Json, JsonStr, Kind};
use crate::{DecodeError, ErrorKind};
use core::fmt;

/// The event names that emitters in JavaScript use for themselves.
///
/// The protocol text is silent; observed in socket.io-parser 4.2.7.
pub const RESERVED_EVENT_NAMES: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// A slice proven to be one JSON array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Args<'a>(Json<'a>);

/// What an event is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventName<'a> {
    /// A string; compare it with `==`, or unescape it.
    Text(JsonStr<'a>),
    /// A number as it was written.
    Number(&'a str),
}

impl<'a> Args<'a> {
    /// No arguments: `[]`. What an absent payload reads as where a lenient profile allows one.
    pub const EMPTY: Self = Self(Json::EMPTY_ARRAY);

    /// Arguments written as a JSON array; blanks around it are dropped.
    ///
    /// # Errors
    /// Where the text is not JSON; [`ExpectedArray`](ErrorKind::ExpectedArray) where it is something else.
    pub fn new(text: &'a str) -> Result<Self, DecodeError> {
        let json = Json::parse(text)?;
        match json.kind() {
            Kind::Array => Ok(Self(json)),
            _ => Err(DecodeError::new(ErrorKind::ExpectedArray, text.len() - text.trim_start().len())),
        }
    }

    /// A value that is known to be an array.
    pub(super) const fn proven(array: Json<'a>) -> Self {
        Self(array)
    }

    /// The array as it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0.as_str()
    }

    /// The array as a JSON value.
    #[must_use]
    pub const fn as_json(self) -> Json<'a> {
        self.0
    }

    /// The arguments in order; of an event, the first one is its name.
    pub fn iter(self) -> Elements<'a> {
        self.0.array_elements()
    }

    /// How many there are. Reads the whole array.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// What the event is called: the first argument, if that is a string or a number. Every strictly decoded
    /// event has a name; an acknowledgement may begin with anything.
    #[must_use]
    pub fn event_name(self) -> Option<EventName<'a>> {
        let first = self.iter().next()?;
        match first.kind() {
            Kind::String => first.as_json_str().map(EventName::Text),
            Kind::Number => Some(EventName::Number(first.as_str())),
            _ => None,
        }
    }
}

impl<'a> IntoIterator for Args<'a> {
    type Item = Json<'a>;
    type IntoIter = Elements<'a>;

    fn into_iter(self) -> Elements<'a> {
        self.iter()
    }
}

impl EventName<'_> {
    /// Whether this is one of [`RESERVED_EVENT_NAMES`].
    #[must_use]
    pub fn is_reserved(self) -> bool {
        match self {
            Self::Text(name) => RESERVED_EVENT_NAMES.iter().any(|reserved| name == **reserved),
            Self::Number(_) => false,
        }
    }
}

/// Whether a name without escapes is one of [`RESERVED_EVENT_NAMES`].
#[inline(always)]
pub(super) fn is_reserved(name: &str) -> bool {
    // Nearly every name is ruled out by its length or its first letter.
    name.len() >= 7
        && matches!(name.as_bytes().first(), Some(b'c' | b'd' | b'n' | b'r'))
        && RESERVED_EVENT_NAMES.contains(&name)
}

impl PartialEq<str> for EventName<'_> {
    fn eq(&self, other: &str) -> bool {
        match self {
            Self::Text(name) => *name == *other,
            Self::Number(_) => false,
        }
    }
}

impl PartialEq<&str> for EventName<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for EventName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(name) => name.fmt(f),
            Self::Number(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "a panic in a test is the failure report"
    )]

    use super::*;
    use alloc::format;

    #[test]
    fn reserved_names_are_told_from_others() {
        for name in RESERVED_EVENT_NAMES {
            for other in [name, &name[1..], &name[..name.len() - 1], &format!("{name}s")] {
                let written = EventName::Text(JsonStr::proven(other));
                assert_eq!(is_reserved(other), other == name, "{other}");
                assert_eq!(written.is_reserved(), other == name, "{other}");
            }
            let escaped = format!("\\u{:04x}{}", u32::from(name.as_bytes()[0]), &name[1..]);
            assert!(EventName::Text(JsonStr::proven(&escaped)).is_reserved(), "{escaped}");
        }
    }
}
