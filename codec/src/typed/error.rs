//! Why a value does not fit a type, and where.

use crate::json::Json;
use crate::msgpack;
use crate::socket::Args;
use alloc::string::{String, ToString};
use core::fmt;
use serde_path_to_error::{Path, Segment};

/// Why a value could not be read into a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// Which argument is at fault, counted from 1; the name of an event does not count. None where no single
    /// one is, and outside of arguments.
    pub argument: Option<usize>,
    /// Where the value at fault begins, in bytes of the value or of [`Args::as_str`].
    pub offset: usize,
    /// What is wrong, in the words of serde.
    pub reason: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(argument) = self.argument {
            write!(f, "argument {argument}: ")?;
        }
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl core::error::Error for ReadError {}

/// An error before it is told what it is an error in.
pub(super) struct At {
    path: Path,
    reason: String,
}

impl At {
    pub(super) fn new(path: &Path, error: &impl fmt::Display) -> Self {
        let said = error.to_string();
        // serde_json names a line and a column, which mean nothing in a part of a message.
        let reason = said.split_once(" at line ").map_or(said.as_str(), |(reason, _)| reason);
        Self { path: path.clone(), reason: reason.to_string() }
    }

    pub(super) fn in_value(self, json: Json<'_>) -> ReadError {
        let offset = within(json.as_str(), self.fault(json).as_str());
        ReadError { argument: None, offset, reason: self.reason }
    }

    /// In an array, whose first value is the argument of this number.
    pub(super) fn in_arguments(self, args: Args<'_>, first: usize) -> ReadError {
        let index = match self.path.iter().next() {
            Some(Segment::Seq { index }) if *index < args.len() => Some(index + first),
            _ => None,
        };
        ReadError { argument: index, ..self.in_value(args.as_json()) }
    }

    /// In one argument alone.
    pub(super) fn in_argument(self, args: Args<'_>, index: usize, argument: Json<'_>) -> ReadError {
        let offset = within(args.as_str(), self.fault(argument).as_str());
        // The name of an event is its argument 0.
        let number = if args.event_name().is_some() { index } else { index + 1 };
        ReadError { argument: Some(number), offset, reason: self.reason }
    }

    pub(super) fn in_msgpack(self, value: msgpack::Value<'_>) -> ReadError {
        let fault = self.path.iter().try_fold(value, |value, segment| match segment {
            Segment::Seq { index } => value.elements()?.nth(*index),
            Segment::Map { key } => {
                value.members()?.find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
            }
            _ => Some(value),
        });
        let fault = fault.map_or(value.as_bytes(), msgpack::Value::as_bytes);
        let offset = (fault.as_ptr() as usize).saturating_sub(value.as_bytes().as_ptr() as usize);
        ReadError { argument: None, offset, reason: self.reason }
    }

    /// The value that the path leads to, or the last one on the way that is there.
    fn fault<'a>(&self, mut json: Json<'a>) -> Json<'a> {
        for segment in &self.path {
            let inner = match segment {
                Segment::Seq { index } => json.elements().and_then(|mut elements| elements.nth(*index)),
                Segment::Map { key } => json.get(key),
                Segment::Enum { .. } | Segment::Unknown => continue,
            };
            let Some(inner) = inner else { break };
            json = inner;
        }
        json
    }
}

/// Where `inner` begins in `outer`, a part of which it is.
fn within(outer: &str, inner: &str) -> usize {
    (inner.as_ptr() as usize).saturating_sub(outer.as_ptr() as usize).min(outer.len())
}
