//! What an untrusted input may cost.

/// Bounds on what an input may ask for.
///
/// The defaults take whatever fits into the reference server's default `maxPayload` of 10^6 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Packets in one polling payload. Default 500 000: two bytes each fill the default `maxPayload`.
    pub max_packets: usize,
    /// Bytes of one packet that a payload in pieces may make its reader hold. Default 1 000 000, the default
    /// `maxPayload`.
    pub max_packet_bytes: usize,
    /// Attachments of one packet. Default 10, as in socket.io-parser since 4.2.6.
    pub max_attachments: u32,
    /// Bytes of all attachments of one packet. Default 10 000 000: ten of the default `maxPayload`.
    pub max_attachment_bytes: usize,
    /// Arrays and objects inside one another. Default 128; up to there the scanner needs no heap.
    pub max_depth: usize,
    /// Bytes of a namespace's name. Default 1024.
    pub max_namespace_bytes: usize,
}

impl Limits {
    /// The default limits, as a constant.
    pub const DEFAULT: Self = Self {
        max_packets: 500_000,
        max_packet_bytes: 1_000_000,
        max_attachments: 10,
        max_attachment_bytes: 10_000_000,
        max_depth: 128,
        max_namespace_bytes: 1024,
    };

    /// The limits of socket.io-parser 4.2.7: ten attachments, and nothing else is bounded.
    pub const REFERENCE: Self = Self {
        max_packets: usize::MAX,
        max_packet_bytes: usize::MAX,
        max_attachments: 10,
        max_attachment_bytes: usize::MAX,
        max_depth: usize::MAX,
        max_namespace_bytes: usize::MAX,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
