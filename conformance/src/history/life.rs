//! The life of one socket: from when to when it was there, and in which rooms.

use serde_json::Value;

use super::sure::Sure;

/// The time from a question to its answer: what was asked for happened somewhere in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: usize,
    /// [`usize::MAX`] if no answer came.
    pub(super) to: usize,
}

/// A connection that was lost, and whether the socket came back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Break {
    /// From here on it may be gone.
    pub(super) fades: usize,
    /// From here on it is.
    pub(super) gone: Option<usize>,
    pub(super) returns: Option<usize>,
    pub(super) recovered: Option<usize>,
}

/// Rooms joined or left.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    pub(super) when: Window,
    pub(super) rooms: Vec<String>,
    pub(super) join: bool,
    /// Whether it was certainly for this socket.
    pub(super) certain: bool,
}

/// See [`self`].
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) client: usize,
    pub(super) namespace: String,
    pub(super) auth: Value,
    pub(super) prompt: bool,
    pub(super) connects: usize,
    pub(super) connected: Option<usize>,
    pub(super) sid: Option<String>,
    /// The ids by which it can come back, and when it was told.
    pub(super) pids: Vec<(usize, Option<String>)>,
    pub(super) greetings: Vec<usize>,
    /// From where on it may be no more.
    pub(super) ends: Vec<usize>,
    pub(super) breaks: Vec<Break>,
    /// For good.
    pub(super) gone: Option<usize>,
    pub(super) refused: Option<usize>,
    pub(super) effects: Vec<Effect>,
    /// Fences that were answered.
    pub(super) fences: Vec<Window>,
}

impl Window {
    /// Whether it is over before the other begins.
    pub(super) fn precedes(self, other: Window) -> bool {
        self.to < other.from
    }

    pub(super) fn overlaps(self, other: Window) -> bool {
        !self.precedes(other) && !other.precedes(self)
    }
}

impl Life {
    /// Whether it was there. What lasts reaches it after a loss too, if it comes back.
    pub(super) fn is_there(&self, when: Window, lasting: bool) -> Sure {
        if self.connects > when.to || self.gone.is_some_and(|gone| gone < when.from) {
            return Sure::No;
        }
        let connected = self.connected.is_some_and(|connected| connected < when.from);
        if !connected || self.ends.iter().any(|&end| end < when.to) {
            return Sure::Maybe;
        }
        let breaks = self.breaks.iter().filter(|it| it.fades < when.to);
        breaks.map(|it| it.lets(when, lasting)).fold(Sure::Yes, Sure::and)
    }

    /// Whether it was in a room; `initially` is whether it was in the beginning.
    pub(super) fn is_in(&self, room: &str, when: Window, initially: bool) -> Sure {
        let about = || self.effects.iter().filter(|it| it.rooms.iter().any(|named| named == room));
        let before = |it: &&Effect| it.certain && it.when.precedes(when);
        let is_last = |it: &Effect| !about().filter(before).any(|later| it.when.precedes(later.when));
        let mut last =
            about().filter(|it| it.when.from < when.to && is_last(it)).map(|it| it.join).collect::<Vec<_>>();
        if !about().any(|it| before(&it)) {
            last.push(initially);
        }
        match (last.contains(&true), last.contains(&false)) {
            (true, false) => Sure::Yes,
            (false, true) => Sure::No,
            _ => Sure::Maybe,
        }
    }

    /// Whether it had joined a room at some time before.
    pub(super) fn was_in(&self, room: &str, before: usize) -> bool {
        self.sid.as_deref() == Some(room)
            || self
                .effects
                .iter()
                .any(|it| it.join && it.when.from < before && it.rooms.iter().any(|named| named == room))
    }

    /// A fence that was set after this and answered.
    pub(super) fn fence_after(&self, after: usize) -> Option<Window> {
        self.fences.iter().copied().find(|fence| fence.from > after)
    }

    /// Whether a loss that the socket came back from lies between two entries.
    pub(super) fn came_back_between(&self, from: usize, to: usize) -> bool {
        self.breaks.iter().any(|it| it.returns.is_some_and(|returns| from < returns && returns < to))
    }

    /// Whether a loss that the socket came back from began and ended between two entries.
    pub(super) fn was_lost_between(&self, from: usize, to: usize) -> bool {
        self.breaks.iter().any(|it| from < it.fades && it.returns.is_some_and(|returns| returns < to))
    }

    /// Whether something that arrives here may do so: it has been let in, or it is on its way back.
    pub(super) fn may_hear_at(&self, at: usize) -> bool {
        self.connected.is_some_and(|connected| connected < at)
    }
}

impl Break {
    fn lets(&self, when: Window, lasting: bool) -> Sure {
        let back = self.recovered.filter(|&recovered| recovered < when.from);
        match (back, self.recovered, self.gone) {
            (Some(_), ..) => Sure::Yes,
            // On its way back, or never: either is right.
            (None, Some(recovered), _) if lasting => {
                let returns = Window { from: self.returns.unwrap_or(self.fades), to: recovered };
                if when.overlaps(returns) { Sure::Maybe } else { Sure::Yes }
            }
            (None, recovered, Some(gone)) if !lasting && gone < when.from => {
                let away = match (self.returns, recovered) {
                    (Some(returns), _) => when.to < returns,
                    (None, _) => true,
                };
                if away { Sure::No } else { Sure::Maybe }
            }
            _ => Sure::Maybe,
        }
    }
}
