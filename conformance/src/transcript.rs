//! What crossed the wire in a case: who, when, which way, which bytes.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{siot::Step, tape::Tape};

/// Number of an entry in its transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId(pub usize);

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the actor to the server.
    Sent,
    /// From the server to the actor.
    Received,
    /// A remark of the actor, nothing on the wire.
    Note,
}

/// One thing that crossed the wire.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Time since the case began.
    pub at: Duration,
    /// The actor at our end.
    pub actor: Arc<str>,
    /// Which way it went.
    pub way: Way,
    /// What it was, as a person would read it.
    pub what: String,
}

/// The record of a case, shared by its actors.
#[derive(Debug, Clone)]
pub struct Transcript {
    began: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
    /// The same as steps that can be played again.
    pub tape: Tape,
}

impl Transcript {
    /// An empty record that counts time from now, of a case whose rooms and events begin with `tag`.
    pub fn begin(tag: &str) -> Self {
        Self { began: Instant::now(), entries: Arc::default(), tape: Tape::of(tag) }
    }

    /// Adds an entry.
    pub fn record(&self, actor: &Arc<str>, way: Way, what: impl Into<String>) -> EntryId {
        let entry = Entry { at: self.began.elapsed(), actor: Arc::clone(actor), way, what: what.into() };
        let mut entries = self.lock();
        entries.push(entry);
        EntryId(entries.len() - 1)
    }

    /// Takes a step down.
    pub(crate) fn take(&self, step: Step, entry: Option<EntryId>) {
        self.tape.take(self.began.elapsed(), step, entry);
    }

    /// A copy of all entries so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        // A panicking actor leaves whole entries behind.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// The entry as one line of a timeline: `+0.004  alice → server   GET …`.
    pub fn line(&self) -> String {
        let way = match self.way {
            Way::Sent => format!("{} → server", self.actor),
            Way::Received => format!("server → {}", self.actor),
            Way::Note => format!("({})", self.actor),
        };
        format!("+{:.3}  {way:<18} {}", self.at.as_secs_f64(), self.what)
    }
}
