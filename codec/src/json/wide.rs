//! Looking at many bytes at once, without `unsafe`: words as integers, blocks as loops that the compiler turns
//! into a handful of vector instructions.

/// A set of bytes to look for, told in two ways that must agree.
pub(super) trait Wanted {
    /// Whether this byte is in the set. Without short cuts (`|`, not `||`), which no vector could take.
    fn byte(byte: u8) -> bool;

    /// The high bit of the lowest byte of a word that is in the set; bits above it mean nothing.
    fn word(word: u64) -> u64;
}

/// What ends a run of plain characters in a string: a quote, a backslash or a control character.
pub(super) struct Special;

impl Wanted for Special {
    #[inline(always)]
    fn byte(byte: u8) -> bool {
        (byte == b'"') | (byte == b'\\') | (byte < 0x20)
    }

    #[inline(always)]
    fn word(word: u64) -> u64 {
        Quote::word(word) | word.wrapping_sub(ONES * 0x20) & !word
    }
}

/// What ends a run of plain characters in a string known to be valid: a quote or a backslash.
pub(super) struct Quote;

impl Wanted for Quote {
    #[inline(always)]
    fn byte(byte: u8) -> bool {
        (byte == b'"') | (byte == b'\\')
    }

    #[inline(always)]
    fn word(word: u64) -> u64 {
        zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64))
    }
}

/// The first offset at or after `at` that holds one of the bytes wanted; the length if none does.
#[inline(always)]
pub(super) fn find<W: Wanted>(bytes: &[u8], mut at: usize) -> usize {
    match find_in_word::<W>(bytes, at) {
        // Most runs end within a word; only long ones are worth wider steps.
        Some(8) => at += 8 + skip_blocks::<W>(bytes.get(at + 8..).unwrap_or_default()),
        Some(found) => return at + found,
        None => {}
    }
    while let Some(found) = find_in_word::<W>(bytes, at) {
        at += found;
        if found < 8 {
            return at;
        }
    }
    while bytes.get(at).is_some_and(|byte| !W::byte(*byte)) {
        at += 1;
    }
    at
}

/// How many of the eight bytes at `at` precede the first one wanted; none if fewer than eight are left.
#[inline(always)]
pub(super) fn find_in_word<W: Wanted>(bytes: &[u8], at: usize) -> Option<usize> {
    let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
    Some((W::word(word) & HIGHS).trailing_zeros() as usize / 8)
}

/// How many bytes come in whole blocks before a block that holds a byte wanted.
///
/// A function of its own and a loop without exit, so that the compiler makes vectors of it.
#[inline(never)]
fn skip_blocks<W: Wanted>(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<32>();
    let plain = blocks.iter().take_while(|block| {
        let mut found = 0;
        for byte in *block {
            found |= u8::from(W::byte(*byte));
        }
        found == 0
    });
    plain.count() * 32
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Sets the high bit of each byte that is zero, up to the first one: a borrow may mark bytes above it
/// wrongly, the lowest mark is always right.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn special_bytes_are_found_wherever_they_are() {
        agrees::<Special>(b"x\xff !#[]");
    }

    #[test]
    fn quotes_are_found_wherever_they_are() {
        agrees::<Quote>(b"x\xff !#[]");
    }

    /// Every byte at every place of texts up to three blocks long, against looking one by one.
    fn agrees<W: Wanted>(filler: &[u8]) {
        for byte in 0..=255 {
            for len in [0, 1, 7, 8, 9, 15, 16, 17, 24, 49, 80, 99] {
                for place in 0..len {
                    let mut bytes: Vec<u8> = filler.iter().copied().cycle().take(len).collect();
                    *bytes.get_mut(place).expect("a place of the text") = byte;
                    let naive = bytes.iter().position(|byte| W::byte(*byte)).unwrap_or(len);
                    for start in [0, 1, 7].into_iter().filter(|start| *start <= place) {
                        assert_eq!(find::<W>(&bytes, start), naive, "{bytes:?}");
                    }
                }
            }
        }
        assert_eq!(find::<W>(b"", 5), 5);
    }
}
