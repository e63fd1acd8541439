//! What a handshake announced.

use serde_json::Value;

use crate::{
    transcript::EntryId,
    verdict::{Check, Stop},
};

/// The announcement of an open packet, read leniently: which fields are there is a rule of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Hello {
    /// Session id.
    pub sid: String,
    /// Transports the session may be upgraded to.
    pub upgrades: Vec<String>,
    /// Time between pings, ms.
    pub ping_interval_ms: u64,
    /// Time to answer a ping, ms.
    pub ping_timeout_ms: u64,
    /// Largest payload, bytes; nothing where none is announced.
    pub max_payload_bytes: Option<u64>,
    /// The JSON as it came.
    pub json: Value,
    /// Where in the transcript.
    pub at: EntryId,
}

/// Longer times are as good as for ever: nobody waits for their end.
const LONGEST_MS: u64 = 600_000;

impl Hello {
    /// The announced limit in bytes, if a payload of that size can be sent in good time.
    ///
    /// # Errors
    /// Unsupported if none is announced, or one that is too small or too large to be tried.
    pub fn testable_limit(&self) -> Check<usize> {
        const SMALLEST_BYTES: u64 = 200;
        const LARGEST_BYTES: u64 = 16 << 20;
        let limit = self.max_payload_bytes.filter(|limit| (SMALLEST_BYTES..=LARGEST_BYTES).contains(limit));
        limit.and_then(|limit| usize::try_from(limit).ok()).ok_or_else(|| {
            Stop::Unsupported("the server announces no maxPayload between 200 bytes and 16 MiB".to_owned())
        })
    }

    /// Reads an open packet, `0{…}`.
    ///
    /// # Errors
    /// A violation if it is none, or has no session id.
    pub fn read(packet: &str, at: EntryId) -> Check<Self> {
        let broken = || Stop::violation("an open packet, 0{\"sid\":…}", packet, at);
        let json: Value =
            packet.strip_prefix('0').and_then(|json| serde_json::from_str(json).ok()).ok_or_else(broken)?;
        let sid = json["sid"].as_str().filter(|sid| !sid.is_empty()).ok_or_else(broken)?.to_owned();
        let upgrades = json["upgrades"].as_array().into_iter().flatten();
        let upgrades = upgrades.filter_map(Value::as_str).map(str::to_owned).collect();
        // What is not announced gets the reference implementation's default.
        let number = |field: &str, default: u64| json[field].as_u64().unwrap_or(default).min(LONGEST_MS);
        Ok(Self {
            sid,
            upgrades,
            ping_interval_ms: number("pingInterval", 25_000),
            ping_timeout_ms: number("pingTimeout", 20_000),
            max_payload_bytes: json["maxPayload"].as_u64(),
            at,
            json,
        })
    }
}
