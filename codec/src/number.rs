//! Numbers in headers: digits, and what JavaScript's `Number()` makes of other text.

/// The value of decimal digits, if 64 bits hold it.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// The value of a text that `Number()` reads as a whole number not below zero and below 2^64.
///
/// Source: ECMAScript 2024, "StringToNumber". Rounded to the nearest double, as there.
pub(crate) fn loose(text: &str) -> Option<u64> {
    let text = text.trim_matches(is_blank);
    if text.is_empty() {
        return Some(0);
    }
    let value = match text.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => radix(digits, 16)?,
        [b'0', b'o' | b'O', digits @ ..] => radix(digits, 8)?,
        [b'0', b'b' | b'B', digits @ ..] => radix(digits, 2)?,
        _ => float(text)?,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "compared with the original below"
    )]
    let whole = value as u64;
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    #[expect(
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "a double that is whole survives the way back"
    )]
    let exact = value < LIMIT && whole as f64 == value;
    exact.then_some(whole)
}

/// White space and line ends, as ECMAScript 2024, "StringToNumber", trims them.
pub(crate) const fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r'
            | ' '
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
            | '\u{feff}'
    )
}

fn radix(digits: &[u8], radix: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0.0, |value, digit| {
        Some(value * f64::from(radix) + f64::from(char::from(*digit).to_digit(radix)?))
    })
}

/// `core` reads what ECMAScript calls a decimal literal, and beyond it only names such as `inf`.
fn float(text: &str) -> Option<f64> {
    let numeric = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if numeric { text.parse().ok() } else { None }
}
