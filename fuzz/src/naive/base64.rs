//! Base64 by writing out the bits.

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, section 4: padded, the unused bits zero.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let bits: Option<Vec<String>> =
        digits.chars().map(|digit| ALPHABET.find(digit).map(|value| format!("{value:06b}"))).collect();
    let (bytes, rest) = cut(&bits?.concat());
    // The padding fills the last group of four; what it does not fill was written with zeros.
    let whole = text.chars().count().is_multiple_of(4) && rest.len() < 6;
    (whole && !rest.contains('1')).then_some(bytes)
}

/// Node's `Buffer.from(text, "base64")`.
#[must_use]
pub fn decode_forgiving(text: &str) -> Vec<u8> {
    let digits = text.split('=').next().unwrap_or_default().replace('-', "+").replace('_', "/");
    let bits: String =
        digits.chars().filter_map(|digit| ALPHABET.find(digit)).map(|value| format!("{value:06b}")).collect();
    cut(&bits).0
}

/// The whole bytes, and the bits left over.
fn cut(bits: &str) -> (Vec<u8>, String) {
    let bits: Vec<char> = bits.chars().collect();
    let mut groups = bits.chunks_exact(8);
    let bytes = groups
        .by_ref()
        .map(|group| group.iter().fold(0, |byte, bit| byte * 2 + u8::from(*bit == '1')))
        .collect();
    (bytes, groups.remainder().iter().collect())
}
