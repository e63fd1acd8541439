//! The ways in which a history can be wrong.

use std::fmt;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anomaly {
    /// What had to reach somebody did not.
    Lost,
    /// It came more than once.
    Duplicate,
    /// It reached somebody it was not for.
    Leak,
    /// It came back to its sender.
    SelfEcho,
    /// One sender's events came in another order than they were sent.
    Reordered,
    /// It reached somebody who had left before.
    StaleRoom,
    /// It came before the namespace had let the client in.
    BeforeConnect,
    /// One question got several answers, or an answer nobody asked for.
    DoubleAck,
    /// An answer belongs to another question.
    AckCrosstalk,
    /// Who came back is missing something, or was not let back in.
    RecoveryGap,
    /// Who came back heard something again.
    RecoveryRepeat,
    /// It is not what was sent.
    Corrupt,
    /// The application says something that contradicts what it was told.
    WrongAnswer,
    /// A namespace or a connection ended that nobody had ended.
    CutOff,
}

/// An anomaly and its witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub anomaly: Anomaly,
    /// One sentence: what had to be, and what was.
    pub what: String,
    /// The entries that show it, the guilty one last.
    pub witness: Vec<usize>,
    /// At which client it shows.
    pub client: usize,
}

impl Anomaly {
    /// Every anomaly, in the order of reports.
    pub const ALL: [Anomaly; 14] = [
        Anomaly::Lost,
        Anomaly::Duplicate,
        Anomaly::Leak,
        Anomaly::SelfEcho,
        Anomaly::Reordered,
        Anomaly::StaleRoom,
        Anomaly::BeforeConnect,
        Anomaly::DoubleAck,
        Anomaly::AckCrosstalk,
        Anomaly::RecoveryGap,
        Anomaly::RecoveryRepeat,
        Anomaly::Corrupt,
        Anomaly::WrongAnswer,
        Anomaly::CutOff,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Anomaly::Lost => "LOST",
            Anomaly::Duplicate => "DUPLICATE",
            Anomaly::Leak => "LEAK",
            Anomaly::SelfEcho => "SELF-ECHO",
            Anomaly::Reordered => "REORDERED",
            Anomaly::StaleRoom => "STALE-ROOM",
            Anomaly::BeforeConnect => "BEFORE-CONNECT",
            Anomaly::DoubleAck => "DOUBLE-ACK",
            Anomaly::AckCrosstalk => "ACK-CROSSTALK",
            Anomaly::RecoveryGap => "RECOVERY-GAP",
            Anomaly::RecoveryRepeat => "RECOVERY-REPEAT",
            Anomaly::Corrupt => "CORRUPT",
            Anomaly::WrongAnswer => "WRONG-ANSWER",
            Anomaly::CutOff => "CUT-OFF",
        }
    }

    /// What it means, in one sentence.
    pub const fn says(self) -> &'static str {
        match self {
            Anomaly::Lost => "What is sent reaches everybody it is for.",
            Anomaly::Duplicate => "What is sent arrives once.",
            Anomaly::Leak => "What is sent reaches nobody it is not for.",
            Anomaly::SelfEcho => "What a socket sends to others does not come back to it.",
            Anomaly::Reordered => "What one socket sends arrives in the order it was sent.",
            Anomaly::StaleRoom => "Who has left hears no more.",
            Anomaly::BeforeConnect => "Nothing is said in a namespace before its answer to CONNECT.",
            Anomaly::DoubleAck => "What asks for an acknowledgement gets one, and nothing else does.",
            Anomaly::AckCrosstalk => "An acknowledgement answers the event that asked for it.",
            Anomaly::RecoveryGap => {
                "Who comes back in time is let in as the one that left, and hears what it missed."
            }
            Anomaly::RecoveryRepeat => "Who comes back hears nothing again.",
            Anomaly::Corrupt => "What arrives is what was sent.",
            Anomaly::WrongAnswer => "What the server tells about its sockets is what it was told.",
            Anomaly::CutOff => "A connection lasts until somebody ends it.",
        }
    }

    /// The anomaly of this name, in whatever case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|anomaly| anomaly.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
