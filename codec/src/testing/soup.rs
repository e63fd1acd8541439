//! Texts that are nearly packets: a valid one with a few words dropped into it.

use super::{JsonText, SocketPacket};
use crate::Encode;
use alloc::string::String;
use arbitrary::{Arbitrary, Result, Unstructured};

/// What is worth dropping into a text: separators, names the protocols know, numbers at the edges of types.
pub const WORDS: &[&str] = &[
    "\u{1e}",
    "-",
    ",",
    "/",
    "?",
    "[",
    "]",
    "{",
    "}",
    "\"",
    ":",
    " ",
    "\u{a0}",
    "\u{0}",
    "\n",
    "é",
    "😀",
    "=",
    "+",
    ".",
    "e",
    "b",
    "0x1",
    "0",
    "1",
    "10",
    "2147483648",
    "4294967296",
    "9007199254740991",
    "9007199254740993",
    "18446744073709551616",
    "1e21",
    "null",
    "true",
    "[\"a\"]",
    "[\"connect\"]",
    "{\"_placeholder\":true,\"num\":0}",
    "\"_placeholder\"",
    "\"num\"",
    "2probe",
    "3probe",
    "\\",
    "\\u0000",
    "\\ud800",
    "bAQID",
];

/// A text that may or may not be a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soup(pub String);

impl<'a> Arbitrary<'a> for Soup {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut text = match u.int_in_range(0..=5)? {
            1 => JsonText::arbitrary(u)?.0,
            2 => socket_text(u)?,
            3 => String::from("4") + &socket_text(u)?,
            _ => String::new(),
        };
        for _ in 0..u.int_in_range(0..=3)? {
            let mut at = u.int_in_range(0..=text.len())?;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            if u.ratio(1, 3)? {
                text.truncate(at);
            }
            text.insert_str(at, u.choose(WORDS)?);
        }
        Ok(Self(text))
    }
}

/// A few words in a row.
pub(super) fn words(u: &mut Unstructured<'_>) -> Result<String> {
    (0..u.int_in_range(0..=4)?).map(|_| u.choose(WORDS).copied()).collect()
}

fn socket_text(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(SocketPacket::arbitrary(u)?.borrow().to_text())
}
