//! What is certain, and what concurrency leaves open.

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sure {
    Yes,
    No,
    /// Either is right.
    Maybe,
}

impl Sure {
    pub(super) fn of(it: bool) -> Self {
        if it { Sure::Yes } else { Sure::No }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Sure::No, _) | (_, Sure::No) => Sure::No,
            (Sure::Yes, Sure::Yes) => Sure::Yes,
            _ => Sure::Maybe,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        !(!self).and(!other)
    }

    pub(super) fn is_yes(self) -> bool {
        self == Sure::Yes
    }

    pub(super) fn is_no(self) -> bool {
        self == Sure::No
    }
}

impl std::ops::Not for Sure {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Sure::Yes => Sure::No,
            Sure::No => Sure::Yes,
            Sure::Maybe => Sure::Maybe,
        }
    }
}
