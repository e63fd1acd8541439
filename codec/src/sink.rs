//! Where encoded text goes: into a buffer, or only into a count.

use crate::engine::base64;
use alloc::string::String;
use alloc::vec::Vec;

/// Something that can be written as protocol text.
pub trait Encode {
    /// Writes the text.
    fn encode(&self, sink: &mut impl Sink);

    /// How many bytes [`encode`](Self::encode) writes.
    #[must_use]
    fn encoded_len(&self) -> usize {
        let mut counter = Counter::default();
        self.encode(&mut counter);
        counter.bytes()
    }

    /// The text on its own.
    #[must_use]
    fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.encoded_len());
        self.encode(&mut text);
        text
    }
}

/// Takes encoded text, piece by piece.
pub trait Sink {
    /// Takes the next piece.
    fn write(&mut self, text: &str);

    /// Takes these bytes as base64: standard alphabet, padded (RFC 4648, section 4).
    fn write_base64(&mut self, bytes: &[u8]) {
        base64::encode(bytes, |text| self.write(text));
    }

    /// Takes a number in decimal digits.
    fn write_decimal(&mut self, number: u64) {
        let mut digits = [b'0'; 20]; // u64::MAX has 20
        let mut rest = number;
        let mut used = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0'.wrapping_add(u8::try_from(rest % 10).unwrap_or(0));
            rest /= 10;
            used += 1;
            if rest == 0 {
                break;
            }
        }
        let text = digits.get(digits.len() - used..).and_then(|digits| core::str::from_utf8(digits).ok());
        self.write(text.unwrap_or("0"));
    }
}

impl Sink for Vec<u8> {
    fn write(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    fn write_base64(&mut self, bytes: &[u8]) {
        base64::encode_into(bytes, self);
    }
}

impl Sink for String {
    fn write(&mut self, text: &str) {
        self.push_str(text);
    }

    fn write_base64(&mut self, bytes: &[u8]) {
        base64::encode_into(bytes, self);
    }
}

/// A sink that only counts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counter(usize);

impl Counter {
    /// How many bytes came so far.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }
}

impl Sink for Counter {
    fn write(&mut self, text: &str) {
        self.0 = self.0.saturating_add(text.len());
    }

    fn write_base64(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(base64::encoded_len(bytes.len()));
    }
}
