//! Finds the ends of values in text that is already proven to be JSON.
//!
//! Every function is total all the same: on other text it ends somewhere inside the text.

use super::window::{self, Quote};

/// The offset behind the value that begins at `at`.
pub(super) fn value(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => string(bytes, at),
        Some(b'[' | b'{') => container(bytes, at),
        _ => scalar(bytes, at),
    }
}

/// The offset behind the string whose opening quote is at `at`.
pub(crate) fn string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    loop {
        at = window::find::<Quote>(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            // The byte behind a backslash is skipped, whatever it is.
            Some(_) => at += 2,
            None => return bytes.len(),
        }
    }
}

fn container(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string(bytes, at);
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Numbers and the three names end where punctuation or a blank begins.
fn scalar(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b',' | b']' | b'}' | b':' | b' ' | b'\n' | b'\r' | b'\t' => break,
            _ => at += 1,
        }
    }
    at
}
