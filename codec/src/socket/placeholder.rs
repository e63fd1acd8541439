//! Placeholders: the objects that stand for attachments in the arguments of a binary packet.
//!
//! ```text
//! {"_placeholder":true,"num":0}
//! ```
//!
//! Source: Socket.IO protocol, version 5, "Packet encoding". Other members are ignored, the last one of a
//! name counts, and whatever stands for an attachment is not looked into: observed in socket.io-parser 4.2.7.
//! One difference is ours: a placeholder in a member that a later one of the same name hides is judged all the
//! same, because `JSON.parse` would have to be imitated to tell, and RFC 8259, section 4, wants names unique.

use super::Args;
use crate::json::{Json, Members, skip_blanks, skip_string};
use crate::{DecodeError, ErrorKind, Leniency, Profile};
use core::ops::Range;

/// One placeholder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Placeholder {
    /// Which attachment it stands for, from 0 on.
    pub num: u32,
    /// Where the object lies, in bytes of [`Args::as_str`].
    pub range: Range<usize>,
}

/// The placeholders in the arguments, in the order written.
///
/// Found by structure, so text that only looks like one inside a string does not count. Objects that are no
/// valid placeholder are left out; a binary packet that decodes has none.
#[must_use]
pub fn placeholders(args: Args<'_>) -> Placeholders<'_> {
    Placeholders { walk: Walk::new(args) }
}

/// Iterates over placeholders.
#[derive(Debug, Clone)]
pub struct Placeholders<'a> {
    walk: Walk<'a>,
}

impl Iterator for Placeholders<'_> {
    type Item = Placeholder;

    fn next(&mut self) -> Option<Placeholder> {
        loop {
            let found = self.walk.next()?;
            if let Some(num) = found.num.and_then(Json::as_u64).and_then(|num| u32::try_from(num).ok()) {
                return Some(Placeholder { num, range: found.range });
            }
        }
    }
}

/// Checks that every placeholder stands for one of `count` attachments.
pub(super) fn check(args: Args<'_>, count: u32, profile: &Profile) -> Result<(), DecodeError> {
    for found in Walk::new(args) {
        let error = |kind| Err(DecodeError::new(kind, found.range.start));
        let Some(num) = found.num.and_then(Json::as_f64) else {
            return error(ErrorKind::InvalidPlaceholder);
        };
        if !(0.0..f64::from(count)).contains(&num) {
            return error(ErrorKind::PlaceholderOutOfRange);
        }
        let whole = found.num.and_then(Json::as_u64).is_some();
        if !whole && !profile.allows(Leniency::FRACTIONAL_PLACEHOLDER) {
            return error(ErrorKind::InvalidPlaceholder);
        }
    }
    Ok(())
}

/// An object that claims to be a placeholder.
struct Found<'a> {
    range: Range<usize>,
    num: Option<Json<'a>>,
}

/// Walks through the arguments, object by object, without descending into placeholders.
///
/// Every object is read once more for each object around it, so the work is bounded by the text's length
/// times its depth, and the depth by [`Limits::max_depth`](crate::Limits::max_depth).
#[derive(Debug, Clone)]
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    fn new(args: Args<'a>) -> Self {
        Self { text: args.as_str(), at: 0 }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at)? {
                b'"' => self.at = skip_string(bytes, self.at),
                b'{' => {
                    let start = self.at;
                    let mut members = Members::at(self.text, start);
                    if let Some(num) = claim(&mut members) {
                        // Behind the last member only the brace is left.
                        self.at = skip_blanks(bytes, members.position()) + 1;
                        return Some(Found { range: start..self.at, num });
                    }
                    self.at = start + 1;
                }
                _ => self.at += 1,
            }
        }
    }
}

/// The number of an object that claims to be a placeholder; the inner option tells whether it has one.
#[expect(clippy::option_option, reason = "no claim and a claim without a number are different things")]
pub(crate) fn as_placeholder(object: Json<'_>) -> Option<Option<Json<'_>>> {
    claim(&mut object.members()?)
}

/// The same for an object's members.
#[expect(clippy::option_option, reason = "no claim and a claim without a number are different things")]
fn claim<'a>(members: &mut Members<'a>) -> Option<Option<Json<'a>>> {
    let (mut claims, mut num) = (false, None);
    for (name, value) in members {
        if name == "_placeholder" {
            claims = value.as_bool() == Some(true);
        } else if name == "num" {
            num = Some(value);
        }
    }
    claims.then_some(num)
}
