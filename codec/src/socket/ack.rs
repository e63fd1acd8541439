//! Acknowledgement ids.

use core::fmt;

/// Ties an acknowledgement to its event. Chosen by whoever sent the event, unique per namespace and
/// connection while it is unanswered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AckId(pub u64);

impl AckId {
    /// The largest id that every implementation can hold: 2^53−1, `Number.MAX_SAFE_INTEGER` in JavaScript.
    pub const MAX: Self = Self(9_007_199_254_740_991);

    /// Stands for an id that a lenient profile let through and no integer holds: a missing one, or the
    /// `Infinity` and `NaN` of socket.io-parser. It answers no event.
    pub const UNMATCHED: Self = Self(u64::MAX);
}

impl fmt::Display for AckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<u64> for AckId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}
