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
    #[inline]
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
    #[inline]
    fn write_decimal(&mut self, number: u64) {
        self.write(itoa::Buffer::new().format(number));
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn write(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    fn write_base64(&mut self, bytes: &[u8]) {
        base64::encode_into(bytes, self);
    }
}

impl Sink for String {
    #[inline]
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
    #[inline]
    fn write(&mut self, text: &str) {
        self.0 = self.0.saturating_add(text.len());
    }

    fn write_base64(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(base64::encoded_len(bytes.len()));
    }
}
