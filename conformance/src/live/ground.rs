//! The server under attack as an attacker sees it.

use std::{sync::Arc, time::Duration};

/// Where the server is, and what its handshake announces.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Host and port.
    pub authority: String,
    /// Request path, with slashes at both ends.
    pub path: Arc<str>,
    /// Whole header lines added to every request.
    pub headers: String,
    /// Query parameters added to every request.
    pub query: String,
    /// Time between two pings.
    pub ping_interval: Duration,
    /// Time to answer one.
    pub ping_timeout: Duration,
    /// Whether the first ping comes at once.
    pub begins_with_ping: bool,
    /// Largest payload, bytes.
    pub max_payload_bytes: usize,
    /// Whether `message-with-ack` is acknowledged with what it was sent with.
    pub echoes: bool,
    /// Stretches every deadline.
    pub scale: f64,
}

impl Ground {
    /// The time after which the server gives up a session from which nothing comes.
    pub(super) fn budget(&self) -> Duration {
        self.ping_interval + self.ping_timeout
    }

    /// A deadline on this machine.
    pub(super) fn scaled(&self, ms: u64) -> Duration {
        Duration::from_millis(ms).mul_f64(self.scale)
    }

    /// Path and query of a request.
    pub(super) fn target(&self, query: &str) -> String {
        let joined = match (query.is_empty(), self.query.is_empty()) {
            (_, true) => query.to_owned(),
            (true, false) => self.query.clone(),
            (false, false) => format!("{query}&{}", self.query),
        };
        if joined.is_empty() { self.path.to_string() } else { format!("{}?{joined}", self.path) }
    }
}
