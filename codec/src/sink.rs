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
    #[inline]
    fn write_decimal(&mut self, number: u64) {
        match number {
            0..10 => self.write(digits(number, 1)),
            10..100 => self.write(digits(number, 2)),
            _ => write_large_decimal(number, self),
        }
    }
}

/// Writes a number of more than two digits, two by two.
#[inline(never)]
fn write_large_decimal(number: u64, sink: &mut (impl Sink + ?Sized)) {
    let mut pairs = [0; 10]; // u64::MAX has 20 digits
    let mut rest = number;
    let mut used = 0;
    for pair in &mut pairs {
        *pair = rest % 100;
        rest /= 100;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    let mut pairs = pairs.iter().take(used).rev();
    if let Some(first) = pairs.next() {
        sink.write(digits(*first, if *first < 10 { 1 } else { 2 }));
    }
    pairs.for_each(|pair| sink.write(digits(*pair, 2)));
}

/// The last digits, one or two of them, of a number below 100.
#[inline(always)]
fn digits(number: u64, count: usize) -> &'static str {
    const PAIRS: &str = "0001020304050607080910111213141516171819\
        2021222324252627282930313233343536373839\
        4041424344454647484950515253545556575859\
        6061626364656667686970717273747576777879\
        8081828384858687888990919293949596979899";
    let end = usize::try_from(number).map_or(0, |number| number * 2 + 2);
    PAIRS.get(end.saturating_sub(count)..end).unwrap_or_default()
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

    #[inline]
    fn write_decimal(&mut self, number: u64) {
        self.0 = self.0.saturating_add(number.checked_ilog10().map_or(1, |log| log as usize + 1));
    }

    fn write_base64(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(base64::encoded_len(bytes.len()));
    }
}
