//! When which session wants to be called.

use std::{cmp::Reverse, collections::BinaryHeap, time::Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::socket::namespace::SessionId;

/// One timer for all sessions: they are many, and most of their deadlines move before they are reached.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: Mutex<BinaryHeap<Reverse<(Instant, SessionId)>>>,
    earlier: Notify,
}

impl Timers {
    /// The session is to be called then.
    pub(super) fn arm(&self, at: Instant, session: SessionId) {
        let mut due = self.due.lock();
        let is_first = due.peek().is_none_or(|Reverse((first, _))| at < *first);
        due.push(Reverse((at, session)));
        if is_first {
            self.earlier.notify_one();
        }
    }

    /// Something else than a session wants to be called earlier.
    pub(super) fn rearm(&self) {
        self.earlier.notify_one();
    }

    /// Waits until [`Timers::first`] or what else is waited for may be earlier than before.
    pub(super) async fn earlier(&self) {
        self.earlier.notified().await;
    }

    pub(super) fn first(&self) -> Option<Instant> {
        self.due.lock().peek().map(|Reverse((at, _))| *at)
    }

    /// A session that is to be called by now.
    pub(super) fn pop(&self, now: Instant) -> Option<SessionId> {
        let mut due = self.due.lock();
        due.peek().filter(|Reverse((at, _))| *at <= now)?;
        due.pop().map(|Reverse((_, session))| session)
    }
}
