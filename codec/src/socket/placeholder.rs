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
use crate::json::window::{self, Either};
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
#[inline]
pub(super) fn check(args: Args<'_>, count: u32, profile: &Profile) -> Result<(), DecodeError> {
    if are_usual(args.as_str(), count) { Ok(()) } else { check_each(args, count, profile) }
}

/// Whether every placeholder is written as encoders write it, and stands for one of `count` attachments; found
/// without looking at the structure. If not, nothing is said.
///
/// Without a backslash, a name is written as it is meant, and a quote is never part of a string. So whatever
/// claims to be a placeholder has an underscore to be found by, and the quote of [`USUAL`], behind which there
/// is a letter, begins a string: the brace before it cannot be part of one.
fn are_usual(args: &str, count: u32) -> bool {
    let bytes = args.as_bytes();
    let mut at = 0;
    loop {
        at = window::find::<Either<b'_', b'\\'>>(bytes, at);
        match bytes.get(at) {
            None => return true,
            Some(b'_') => {}
            Some(_) => return false,
        }
        let object = at.checked_sub(2).and_then(|start| bytes.get(start..)).unwrap_or_default();
        match object.strip_prefix(USUAL) {
            Some([digit @ b'0'..=b'9', b'}', ..]) if u32::from(digit - b'0') < count => at += USUAL.len(),
            None if !bytes.get(at..).unwrap_or_default().starts_with(b"_placeholder") => at += 1,
            _ => return false,
        }
    }
}

/// How every encoder writes a placeholder, up to its number.
const USUAL: &[u8] = br#"{"_placeholder":true,"num":"#;

/// Like [`check`], however the placeholders are written.
fn check_each(args: Args<'_>, count: u32, profile: &Profile) -> Result<(), DecodeError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String};

    /// Arguments of all kinds of pieces: the quick answer is never given where the thorough one differs.
    #[test]
    fn the_quick_way_agrees_with_the_thorough_one() {
        let pieces = [
            r#"{"_placeholder":true,"num":0}"#,
            r#"{"_placeholder":true,"num":1}"#,
            r#"{"_placeholder":true,"num":10}"#,
            r#"{"num":5,"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":0,"num":7}"#,
            r#"{"_placeholder":false,"num":9}"#,
            r#"{"\u005fplaceholder":true,"num":9}"#,
            r#"{"a_b":"_placeholder","c":{"_placeholder":true,"num":1}}"#,
            r#""{\"_placeholder\":true,\"num\":9}""#,
            r#"{"_placeholder":true}"#,
            r#""_""#,
            "1",
        ];
        let mut quick = 0;
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    let text: String = format!("[{first},{second},[{third}]]");
                    let args = Args::new(&text).expect("JSON");
                    for count in [0, 1, 2, 11] {
                        let thorough = check_each(args, count, &Profile::STRICT);
                        if are_usual(&text, count) {
                            assert_eq!(thorough, Ok(()), "{text}");
                            quick += 1;
                        }
                        assert_eq!(check(args, count, &Profile::STRICT), thorough, "{text}");
                    }
                }
            }
        }
        assert!(quick > 100);
    }
}
