//! JSON texts of every shape.

use alloc::string::String;
use arbitrary::{Arbitrary, Result, Unstructured};

/// A text that is one JSON value, blanks inside it included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(pub String);

impl<'a> Arbitrary<'a> for JsonText {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut text = String::new();
        value(u, 4, &mut text)?;
        Ok(Self(text))
    }
}

const NUMBERS: &[&str] =
    &["0", "-0", "7", "-1", "0.5", "1.0", "1e1", "2E-3", "9007199254740993", "1e400", "-12.75e+2"];

/// Pieces of strings, as they are written.
const PIECES: &[&str] = &[
    "a",
    "news",
    "é",
    "€",
    "😀",
    "\u{7f}",
    "\u{2028}",
    " ",
    "_placeholder",
    "num",
    "-",
    ",",
    "/",
    "[",
    "}",
    "1",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b",
    "\\f",
    "\\n",
    "\\r",
    "\\t",
    "\\u0000",
    "\\u00E9",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\udE00",
    "\\u001e",
];

/// Writes a value that nests at most `depth` arrays and objects. Without data: `null`.
pub(super) fn value(u: &mut Unstructured<'_>, depth: usize, text: &mut String) -> Result<()> {
    match u.int_in_range(0..=if depth == 0 { 4 } else { 7 })? {
        0 => text.push_str("null"),
        1 => text.push_str(if u.arbitrary()? { "true" } else { "false" }),
        2 => text.push_str(u.choose(NUMBERS)?),
        3 | 4 => string(u, text)?,
        5 | 6 => {
            text.push('[');
            list(u, text, |u, text| value(u, depth - 1, text))?;
            text.push(']');
        }
        _ => object(u, depth, text)?,
    }
    Ok(())
}

/// Writes an object.
pub(super) fn object(u: &mut Unstructured<'_>, depth: usize, text: &mut String) -> Result<()> {
    text.push('{');
    list(u, text, |u, text| {
        string(u, text)?;
        blank(u, text)?;
        text.push(':');
        blank(u, text)?;
        value(u, depth.saturating_sub(1), text)
    })?;
    text.push('}');
    Ok(())
}

/// Writes up to four items with commas between them.
pub(super) fn list(
    u: &mut Unstructured<'_>,
    text: &mut String,
    mut item: impl FnMut(&mut Unstructured<'_>, &mut String) -> Result<()>,
) -> Result<()> {
    blank(u, text)?;
    for at in 0..u.int_in_range(0..=4)? {
        if at > 0 {
            text.push(',');
            blank(u, text)?;
        }
        item(u, text)?;
        blank(u, text)?;
    }
    Ok(())
}

/// Writes a string with its quotes.
pub(super) fn string(u: &mut Unstructured<'_>, text: &mut String) -> Result<()> {
    text.push('"');
    for _ in 0..u.int_in_range(0..=12)? {
        text.push_str(u.choose(PIECES)?);
    }
    text.push('"');
    Ok(())
}

fn blank(u: &mut Unstructured<'_>, text: &mut String) -> Result<()> {
    text.push_str(match u.int_in_range(0..=15)? {
        1 => " ",
        2 => "\n\t",
        3 => "\r",
        _ => "",
    });
    Ok(())
}
