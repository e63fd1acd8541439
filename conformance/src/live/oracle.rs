//! Whatever decides that something is wrong: each has a name, and can be switched off.

use std::{collections::BTreeSet, fmt};

/// An oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Oracle {
    /// The server's process ended
    ProcessEnded,
    /// A well-behaved client is refused, or cannot connect
    Refused,
    /// A bystander's echo does not come in time
    BystanderLate,
    /// A bystander lost its connection
    BystanderDropped,
    /// A bystander got what was not meant for it
    CrossTalk,
    /// The server printed a stack trace, a panic, or that nobody handled an error
    Stderr,
    /// An HTTP request got no answer
    Unanswered,
    /// A connection that broke RFC 6455 was not closed
    NotClosed,
    /// An HTTP request was answered with a status of 500 or above
    ServerError,
    /// A session that nobody uses is still there after its ping budget
    SessionKept,
    /// Pings come more often than the handshake announces
    Heartbeat,
    /// More was accepted than the handshake announces
    Limit,
    /// An acknowledgement holds something else than what was sent
    Answer,
    /// A client that kept to the protocol lost an answer, got it twice, or in another order
    Delivery,
    /// A packet came that the state of its connection does not allow, or that is none
    State,
    /// Memory is kept after the connections were closed
    MemoryKept,
    /// Memory is held far above what was sent, on a connection that is open
    MemoryHeld,
    /// Memory beyond the limit of the run
    MemoryLimit,
    /// Far more time on the processor than ordinary messages of the same size take
    Cpu,
    /// Threads stay behind
    Threads,
    /// Descriptors stay behind
    Descriptors,
}

/// What kind of harm it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Class {
    /// The server is gone
    Crash,
    /// It, or part of it, answers no more
    Hang,
    /// It keeps what nobody needs
    Leak,
    /// It answers what is not right
    Wrong,
}

/// The oracles that are switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oracles(BTreeSet<Oracle>);

impl Oracle {
    /// Every oracle.
    pub const ALL: [Oracle; 21] = [
        Oracle::ProcessEnded,
        Oracle::Refused,
        Oracle::BystanderLate,
        Oracle::BystanderDropped,
        Oracle::CrossTalk,
        Oracle::Stderr,
        Oracle::Unanswered,
        Oracle::NotClosed,
        Oracle::ServerError,
        Oracle::SessionKept,
        Oracle::Heartbeat,
        Oracle::Limit,
        Oracle::Answer,
        Oracle::Delivery,
        Oracle::State,
        Oracle::MemoryKept,
        Oracle::MemoryHeld,
        Oracle::MemoryLimit,
        Oracle::Cpu,
        Oracle::Threads,
        Oracle::Descriptors,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Oracle::ProcessEnded => "process-ended",
            Oracle::Refused => "refused",
            Oracle::BystanderLate => "bystander-late",
            Oracle::BystanderDropped => "bystander-dropped",
            Oracle::CrossTalk => "cross-talk",
            Oracle::Stderr => "stderr",
            Oracle::Unanswered => "unanswered",
            Oracle::NotClosed => "not-closed",
            Oracle::ServerError => "server-error",
            Oracle::SessionKept => "session-kept",
            Oracle::Heartbeat => "heartbeat",
            Oracle::Limit => "limit",
            Oracle::Answer => "answer",
            Oracle::Delivery => "delivery",
            Oracle::State => "state",
            Oracle::MemoryKept => "memory-kept",
            Oracle::MemoryHeld => "memory-held",
            Oracle::MemoryLimit => "memory-limit",
            Oracle::Cpu => "cpu",
            Oracle::Threads => "threads",
            Oracle::Descriptors => "descriptors",
        }
    }

    /// The oracle of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|oracle| oracle.name() == name)
    }

    /// What kind of harm it tells of.
    pub const fn class(self) -> Class {
        match self {
            Oracle::ProcessEnded | Oracle::Refused => Class::Crash,
            Oracle::BystanderLate | Oracle::Unanswered | Oracle::NotClosed | Oracle::Cpu => Class::Hang,
            Oracle::MemoryKept
            | Oracle::MemoryHeld
            | Oracle::MemoryLimit
            | Oracle::Threads
            | Oracle::Descriptors
            | Oracle::SessionKept => Class::Leak,
            Oracle::BystanderDropped
            | Oracle::CrossTalk
            | Oracle::Stderr
            | Oracle::ServerError
            | Oracle::Heartbeat
            | Oracle::Limit
            | Oracle::Answer
            | Oracle::Delivery
            | Oracle::State => Class::Wrong,
        }
    }

    /// Whether it weighs what the server takes up, so that nothing else may go on meanwhile.
    pub(super) const fn weighs(self) -> bool {
        matches!(
            self,
            Oracle::MemoryKept | Oracle::MemoryHeld | Oracle::Cpu | Oracle::Threads | Oracle::Descriptors
        )
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Class {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Crash => "crash",
            Class::Hang => "hang",
            Class::Leak => "leak",
            Class::Wrong => "wrong",
        }
    }
}

impl Oracles {
    /// Only these, or all if there are none; without those.
    pub fn new(only: &[Oracle], without: &[Oracle]) -> Self {
        let all = if only.is_empty() { &Oracle::ALL[..] } else { only };
        Self(all.iter().filter(|oracle| !without.contains(oracle)).copied().collect())
    }

    /// Whether an oracle is switched on.
    pub fn holds(&self, oracle: Oracle) -> bool {
        self.0.contains(&oracle)
    }
}
