//! Base64 by writing out the bits.

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, section 4: padded, the unused bits zero.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let bits = digits.chars().map(bits).collect::<Option<Vec<_>>>()?.concat();
    let (bytes, rest) = cut(&bits);
    // The padding fills the last group of four; what it does not fill was written with zeros.
    let whole = text.chars().count().is_multiple_of(4) && rest.len() < 6;
    (whole && !rest.contains(&true)).then_some(bytes)
}

/// Node's `Buffer.from(text, "base64")`.
#[must_use]
pub fn decode_forgiving(text: &str) -> Vec<u8> {
    let digits = text.split('=').next().unwrap_or_default().replace('-', "+").replace('_', "/");
    let bits: Vec<_> = digits.chars().filter_map(bits).collect();
    cut(&bits.concat()).0
}

/// The six bits of a digit, the highest one first.
fn bits(digit: char) -> Option<[bool; 6]> {
    let value = ALPHABET.find(digit)?;
    Some([32, 16, 8, 4, 2, 1].map(|bit| value & bit != 0))
}

/// The whole bytes, and the bits left over.
fn cut(bits: &[bool]) -> (Vec<u8>, &[bool]) {
    let mut groups = bits.chunks_exact(8);
    let byte = |group: &[bool]| group.iter().fold(0, |byte, bit| byte * 2 + u8::from(*bit));
    (groups.by_ref().map(byte).collect(), groups.remainder())
}
