//! Keeps count of open arrays and objects.

use crate::{DecodeError, ErrorKind};
use alloc::vec::Vec;

/// Which of the arrays and objects around a value are objects: a stack of bits.
///
/// The innermost levels are in one word below a bit that marks its end; the other words are rarely looked at.
/// Three words need no heap; more exist only where a caller raises the limit.
pub(super) struct Nesting {
    inner: u64,
    /// The word is full as soon as it reaches this.
    full: u64,
    max_depth: usize,
}

/// The levels around those of the innermost word, in full words of [`WORD_LEVELS`].
#[derive(Default)]
pub(super) struct Outer {
    words: [u64; 2],
    used: usize,
    /// What does not fit there, the outermost one first.
    spilled: Vec<u64>,
}

/// How many levels a word holds: one bit marks the end.
const WORD_LEVELS: usize = 63;

impl Nesting {
    /// The innermost word when nothing is open.
    pub(super) const NOTHING: u64 = 0b1;
    /// The innermost word when one array is open.
    pub(super) const ARRAY: u64 = 0b10;

    #[inline(always)]
    pub(super) fn new(inner: u64, max_depth: usize) -> Self {
        Self { inner, full: 1 << max_depth.min(WORD_LEVELS), max_depth }
    }

    /// Opens an array or an object that begins at `at`.
    #[inline(always)]
    pub(super) fn push(
        &mut self,
        object: bool,
        at: usize,
        outer: &mut Option<Outer>,
    ) -> Result<(), DecodeError> {
        if self.inner >= self.full {
            let outer = outer.get_or_insert_default();
            (self.inner, self.full) = outer.spill(self.inner, self.max_depth, at)?;
        }
        self.inner = self.inner << 1 | u64::from(object);
        Ok(())
    }

    /// Closes the innermost one; tells whether it was the last.
    #[inline(always)]
    pub(super) fn pop(&mut self, outer: &mut Option<Outer>) -> bool {
        self.inner >>= 1;
        if self.inner > Self::NOTHING {
            return false;
        }
        match outer.as_mut().and_then(Outer::refill) {
            Some(word) => (self.inner, self.full) = (word, 1 << WORD_LEVELS),
            None => return true,
        }
        false
    }

    #[inline(always)]
    pub(super) fn in_object(&self) -> bool {
        self.inner & 1 == 1
    }
}

impl Outer {
    /// Puts a word aside that is full; gives an empty one, and when that is full.
    #[cold]
    fn spill(&mut self, word: u64, max_depth: usize, at: usize) -> Result<(u64, u64), DecodeError> {
        let depth = self.used * WORD_LEVELS + word.ilog2() as usize;
        if depth >= max_depth {
            return Err(DecodeError::new(ErrorKind::TooDeep, at));
        }
        match self.words.get_mut(self.used) {
            Some(free) => *free = word,
            None => self.spilled.push(word),
        }
        self.used += 1;
        Ok((Nesting::NOTHING, 1 << (max_depth - depth).min(WORD_LEVELS)))
    }

    /// The word put aside last.
    #[cold]
    fn refill(&mut self) -> Option<u64> {
        self.used = self.used.checked_sub(1)?;
        self.words.get(self.used).copied().or_else(|| self.spilled.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens and closes at random, against a list of what is open.
    #[test]
    fn the_bits_are_those_of_a_list() {
        for max_depth in [1, 2, 62, 63, 64, 126, 127, 128, 400, usize::MAX] {
            let (mut open, mut outer) = (Nesting::new(Nesting::ARRAY, max_depth), None);
            let mut list = alloc::vec![false];
            let mut random = 0x9E37_79B9_7F4A_7C15_u64;
            for step in 0..20_000 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // Upwards for a while, then downwards.
                if random % 16 < if step % 2000 < 1000 { 10 } else { 6 } {
                    let object = random & 16 == 0;
                    let pushed = open.push(object, step, &mut outer);
                    if list.len() < max_depth {
                        assert_eq!(pushed, Ok(()));
                        list.push(object);
                    } else {
                        assert_eq!(pushed, Err(DecodeError::new(ErrorKind::TooDeep, step)));
                    }
                } else if list.len() > 1 {
                    list.pop();
                    assert!(!open.pop(&mut outer));
                }
                assert_eq!(open.in_object(), *list.last().expect("one is never closed"), "{}", list.len());
            }
            for left in (0..list.len()).rev() {
                assert_eq!(open.pop(&mut outer), left == 0);
            }
        }
    }
}
