//! A polling body: packets joined by U+001E.
//!
//! ```text
//! payload = packet *( %x1E packet )
//! ```
//!
//! Source: Engine.IO protocol, version 4, "Packet encoding", "HTTP long-polling". There is no escape: text
//! that holds U+001E arrives as two packets. An empty body is one empty packet, which is an error, as in
//! engine.io-parser 5.2.3.

use super::Packet;
use crate::{DecodeError, Encode, ErrorKind, Limits, Profile, Sink};

/// What stands between two packets.
pub const SEPARATOR: &str = "\u{1e}";

/// The packets of a polling body, with default limits.
#[must_use]
pub const fn packets(body: &str) -> Packets<'_> {
    Packets { rest: Some(body), offset: 0, count: 0, profile: Profile::STRICT }
}

/// Writes packets as one polling body.
pub fn encode(packets: &[Packet<'_>], sink: &mut impl Sink) {
    let mut separator = "";
    for packet in packets {
        sink.write(separator);
        packet.encode(sink);
        separator = SEPARATOR;
    }
}

/// How many bytes [`encode`] writes.
#[must_use]
pub fn encoded_len(packets: &[Packet<'_>]) -> usize {
    let mut counter = crate::Counter::default();
    encode(packets, &mut counter);
    counter.bytes()
}

/// Reads a polling body packet by packet.
///
/// Ends after the first error: what precedes a bad packet counts, what follows it does not. Offsets are
/// relative to the body.
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    /// What is not read yet; none once the last packet or an error came.
    rest: Option<&'a str>,
    /// Where that begins in the body.
    offset: usize,
    count: usize,
    profile: Profile,
}

impl Packets<'_> {
    /// The same packets, with at most [`Limits::max_packets`] of them.
    #[must_use]
    pub const fn with_limits(mut self, limits: &Limits) -> Self {
        self.profile.limits = *limits;
        self
    }

    /// The same packets, read as strictly as the profile asks.
    #[must_use]
    pub const fn with_profile(mut self, profile: &Profile) -> Self {
        self.profile = *profile;
        self
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        if self.count >= self.profile.limits.max_packets {
            return Some(Err(DecodeError::new(ErrorKind::TooManyPackets, self.offset)));
        }
        self.count += 1;
        let start = self.offset;
        let text = match memchr::memchr(0x1E, rest.as_bytes()) {
            None => rest,
            Some(at) => {
                self.rest = rest.get(at + 1..);
                self.offset += at + 1;
                rest.get(..at).unwrap_or_default()
            }
        };
        let packet = Packet::decode_as(text, &self.profile).map_err(|error| error.shifted(start));
        if packet.is_err() {
            self.rest = None;
        }
        Some(packet)
    }
}

impl core::iter::FusedIterator for Packets<'_> {}
