//! Looking at sixteen bytes at once.
//!
//! A window near the end of the text begins before the place asked for and is shifted, so that any text of
//! sixteen bytes or more is read by windows up to its last byte; shorter ones are read byte by byte.

use ::wide::u8x16;

/// A set of bytes to look for, told in three ways that must agree.
pub(crate) trait Wanted {
    /// Whether this byte is in the set.
    fn byte(byte: u8) -> bool;

    /// Sets the high bit of every byte that is in the set.
    fn mark(window: u8x16) -> u8x16;

    /// Whether none of these bytes is in the set, in fewer steps than marking all of them takes.
    fn absent(block: &[u8; 64]) -> bool;
}

/// What ends a run of plain characters in a string: a quote, a backslash or a control character.
pub(crate) struct Special;

impl Wanted for Special {
    #[inline(always)]
    fn byte(byte: u8) -> bool {
        matches!(byte, b'"' | b'\\' | 0..0x20)
    }

    #[inline(always)]
    fn mark(window: u8x16) -> u8x16 {
        let swapped = swapped(window);
        swapped.min(u8x16::splat(0x20)).simd_eq(swapped) | window.simd_eq(u8x16::splat(b'\\'))
    }

    #[inline(always)]
    fn absent(block: &[u8; 64]) -> bool {
        // The least of what only quotes and control characters make small, and of what only a backslash makes
        // zero.
        let (mut low, mut backslash) = (u8x16::splat(0xFF), u8x16::splat(0xFF));
        for window in windows(block) {
            low = low.min(swapped(window));
            backslash = backslash.min(window ^ u8x16::splat(b'\\'));
        }
        let found = low.min(u8x16::splat(0x20)).simd_eq(low) | backslash.simd_eq(u8x16::splat(0));
        found.to_bitmask() == 0
    }
}

/// Swaps quotes and blanks: then quotes and control characters are all those up to 0x20.
#[inline(always)]
fn swapped(window: u8x16) -> u8x16 {
    window ^ u8x16::splat(b'"' ^ b' ')
}

/// One of two bytes.
pub(crate) struct Either<const A: u8, const B: u8>;

/// What ends a run of plain characters in a string known to be valid: a quote or a backslash.
pub(crate) type Quote = Either<b'"', b'\\'>;

/// What ends the name of a namespace.
pub(crate) type Comma = Either<b',', b','>;

impl<const A: u8, const B: u8> Wanted for Either<A, B> {
    #[inline(always)]
    fn byte(byte: u8) -> bool {
        byte == A || byte == B
    }

    #[inline(always)]
    fn mark(window: u8x16) -> u8x16 {
        window.simd_eq(u8x16::splat(A)) | window.simd_eq(u8x16::splat(B))
    }

    #[inline(always)]
    fn absent(block: &[u8; 64]) -> bool {
        let mut least = u8x16::splat(0xFF);
        for window in windows(block) {
            least = least.min(window ^ u8x16::splat(A)).min(window ^ u8x16::splat(B));
        }
        least.simd_eq(u8x16::splat(0)).to_bitmask() == 0
    }
}

/// What no text of ASCII alone holds.
pub(crate) struct NotAscii;

impl Wanted for NotAscii {
    #[inline(always)]
    fn byte(byte: u8) -> bool {
        !byte.is_ascii()
    }

    #[inline(always)]
    fn mark(window: u8x16) -> u8x16 {
        window
    }

    #[inline(always)]
    fn absent(block: &[u8; 64]) -> bool {
        let found = windows(block).fold(u8x16::splat(0), |found, window| found | window);
        found.to_bitmask() == 0
    }
}

#[inline(always)]
fn windows(block: &[u8; 64]) -> impl Iterator<Item = u8x16> {
    block.as_chunks().0.iter().map(|window: &[u8; 16]| u8x16::from(*window))
}

/// The first offset at or after `at` that holds one of the bytes wanted; the length if none does.
///
/// `at` may be anywhere in the text or right behind it.
#[inline(always)]
pub(crate) fn find<W: Wanted>(bytes: &[u8], at: usize) -> usize {
    match marks::<W>(bytes, at) {
        Some((0, end)) => find_far::<W>(bytes, end),
        Some((marks, _)) => at + marks.trailing_zeros() as usize,
        None => find_slowly::<W>(bytes, at),
    }
}

/// Which bytes from `at` on are among those wanted, as bits, the lowest one for `at`; and up to where was looked.
///
/// None for a text that is too short for windows.
#[inline(always)]
pub(crate) fn marks<W: Wanted>(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let (window, start) = look(bytes, at)?;
    Some((behind(W::mark(window), at - start), start + 16))
}

/// The sixteen bytes at `at`, or the last ones of the text, and where they begin. None if the text is shorter.
#[inline(always)]
fn look(bytes: &[u8], at: usize) -> Option<(u8x16, usize)> {
    let start = at.min(bytes.len().checked_sub(16)?);
    let window: &[u8; 16] = bytes.get(start..)?.first_chunk()?;
    Some((u8x16::from(*window), start))
}

/// The marks of a window as bits, without so many of the first ones.
#[inline(always)]
fn behind(marks: u8x16, before: usize) -> u32 {
    // No window begins more than seventeen bytes before the place asked for, so that nothing is cut off.
    #[expect(clippy::cast_possible_truncation, reason = "it is at most 17")]
    marks.to_bitmask().wrapping_shr(before as u32)
}

/// Like [`find`], for what is further away.
#[inline(never)]
pub(crate) fn find_far<W: Wanted>(bytes: &[u8], mut at: usize) -> usize {
    let near = at + 64;
    while at < bytes.len() {
        let Some((marks, end)) = marks::<W>(bytes, at) else { break };
        if marks != 0 {
            return at + marks.trailing_zeros() as usize;
        }
        at = end;
        if at == near {
            let (blocks, _) = bytes.get(at..).unwrap_or_default().as_chunks::<64>();
            at += 64 * blocks.iter().take_while(|block| W::absent(block)).count();
        }
    }
    bytes.len()
}

/// Like [`find`], for texts without a whole window.
#[inline(never)]
fn find_slowly<W: Wanted>(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| W::byte(*byte)).map_or(bytes.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "a panic in a test is the failure report")]

    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn special_bytes_are_found_wherever_they_are() {
        agrees::<Special>(b"x\xff !#[]");
    }

    #[test]
    fn quotes_are_found_wherever_they_are() {
        agrees::<Quote>(b"x\xff !#[]\x00");
    }

    #[test]
    fn commas_are_found_wherever_they_are() {
        agrees::<Comma>(b"x\xff+-\x00");
    }

    #[test]
    fn foreign_bytes_are_found_wherever_they_are() {
        agrees::<NotAscii>(b"x\x7f +-\x00");
    }

    /// Every byte at every place of texts up to three blocks long, against looking one by one.
    fn agrees<W: Wanted>(filler: &[u8]) {
        for byte in 0..=255 {
            for len in [0, 1, 15, 16, 17, 40, 161] {
                let mut bytes: Vec<u8> = filler.iter().copied().cycle().take(len).collect();
                for place in 0..len {
                    let before = bytes[place];
                    bytes[place] = byte;
                    for start in [0, 1, 7, 16, 20].into_iter().filter(|start| *start <= len) {
                        assert_eq!(find::<W>(&bytes, start), one_by_one::<W>(&bytes, start), "{bytes:?}");
                    }
                    bytes[place] = before;
                }
            }
        }
        assert_eq!(find::<W>(b"", 0), 0);
    }

    fn one_by_one<W: Wanted>(bytes: &[u8], at: usize) -> usize {
        (at..bytes.len()).find(|at| W::byte(bytes[*at])).unwrap_or(bytes.len())
    }

    #[test]
    fn every_special_byte_of_a_window_is_marked() {
        let text: Vec<u8> = (0..=255).chain(*b"plain \"quoted\" and \\ escaped \n").collect();
        for at in 0..=text.len() {
            let (marks, end) = marks::<Special>(&text, at).expect("a long text");
            assert_eq!(end, text.len().min(at + 16));
            for (bit, byte) in text[at..end].iter().enumerate() {
                assert_eq!(marks >> bit & 1 == 1, Special::byte(*byte), "{at} + {bit}");
            }
            assert_eq!(marks >> (end - at), 0);
        }
        assert_eq!(marks::<Special>(b"short", 0), None);
    }
}
