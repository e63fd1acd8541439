//! What is due when.

use std::{collections::BTreeMap, time::Instant};

use crate::{
    engine::signals::Reason,
    socket::namespace::{NamespaceId, SessionId, SocketRef},
};

/// What happens at a point in time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Timer {
    /// The connection must have joined a namespace.
    Connect(SessionId),
    /// The time for an acknowledgement is over.
    Ack(NamespaceId, u64),
    /// The time for a lookup on other nodes is over.
    Find(u64),
    /// The connection is closed; only with a fault.
    Close(SessionId),
    /// The connection is cut.
    Cut(SessionId),
    /// The loss of a connection is noticed; only with a fault.
    Ended(SessionId, Reason),
    /// An event that nothing overtook leaves; only with a fault.
    Release(SessionId),
    /// An answer that was held back leaves; only with a fault.
    ReleaseEcho(SocketRef),
}

/// Names a timer, so that it can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimerKey(Instant, u64);

/// Timers in the order they are due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    timers: BTreeMap<TimerKey, Timer>,
    count: u64,
}

impl Timers {
    pub(super) fn set(&mut self, at: Instant, timer: Timer) -> TimerKey {
        self.count += 1;
        let key = TimerKey(at, self.count);
        self.timers.insert(key, timer);
        key
    }

    pub(super) fn cancel(&mut self, key: TimerKey) {
        self.timers.remove(&key);
    }

    /// Takes the next timer that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        let entry = self.timers.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    pub(super) fn len(&self) -> usize {
        self.timers.len()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|(key, _)| key.0)
    }
}
