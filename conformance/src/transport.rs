//! The ways in which the packets of a session travel.

use std::fmt;

/// The way a session's packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "judge", derive(clap::ValueEnum))]
pub enum Transport {
    /// HTTP long-polling only.
    Polling,
    /// A WebSocket from the start.
    Websocket,
    /// Opened with polling, then upgraded to a WebSocket.
    Upgraded,
}

impl Transport {
    /// Every transport, in the order of reports.
    pub const ALL: &'static [Transport] = &[Transport::Polling, Transport::Websocket, Transport::Upgraded];

    /// The word used in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Polling => "polling",
            Transport::Websocket => "websocket",
            Transport::Upgraded => "upgraded",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
