//! A polling body that comes in pieces.
//!
//! HTTP hands a body over in chunks that end anywhere: inside a packet, a length or a character. A [`Stream`]
//! takes the chunks as they come and gives each packet as soon as its last byte is there. A packet that lies
//! in one chunk borrows from it; only one that is cut in two is copied.

use super::Packet;
use crate::{DecodeError, ErrorKind, Limits, Profile};
use alloc::vec::Vec;

/// Reads a version 4 body in chunks. See [`packets`](super::packets) for a body that is there as a whole.
pub type PayloadStream = Stream<Separated>;

/// Reads a polling body chunk by chunk.
///
/// Law: **how the body is cut into chunks changes nothing.** The packets and the error are those that the
/// reader of the whole body gives, at the same offsets; bytes that are no UTF-8, which that one never meets,
/// are an [`InvalidUtf8`](ErrorKind::InvalidUtf8), and a packet beyond [`Limits::max_packet_bytes`], or a length
/// that announces one, is a [`PacketTooLarge`](ErrorKind::PacketTooLarge). No more than that is held.
///
/// ```
/// use siospec_codec::engine::{Packet, PayloadStream};
///
/// let mut stream = PayloadStream::default();
/// let mut packets = Vec::new();
/// for mut chunk in [&b"42[\"a\"]\x1e4"[..], b"2[\"b\"]"] {
///     while let Some(packet) = stream.read(&mut chunk)? {
///         packets.push(format!("{packet:?}"));
///     }
/// }
/// packets.extend(stream.finish()?.map(|packet| format!("{packet:?}")));
/// assert_eq!(packets, [r#"2["a"]"#, r#"2["b"]"#].map(|text| format!("{:?}", Packet::message(text))));
/// # Ok::<(), siospec_codec::DecodeError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Stream<F> {
    framing: F,
    profile: Profile,
    /// What came so far of a packet that began in an earlier chunk.
    held: Vec<u8>,
    /// Whether what is held was given out, and goes with the next call.
    spent: bool,
    /// Whether a frame has begun and not ended.
    inside: bool,
    /// Frames begun.
    count: usize,
    /// Where the packet of the current frame begins in the body.
    start: usize,
    /// How many bytes of the body were taken.
    offset: usize,
    ended: bool,
}

impl<F: Framing> Stream<F> {
    /// Reads as strictly as the profile asks, within its limits.
    #[must_use]
    pub fn with_profile(profile: Profile) -> Self {
        Self { profile, ..Self::default() }
    }

    /// Takes bytes from the front of the chunk, up to the end of the next packet.
    ///
    /// None tells that the chunk is used up: more of the body is needed, or its end. After an error every
    /// chunk is swallowed.
    ///
    /// # Errors
    /// As the reader of the whole body; [`InvalidUtf8`](ErrorKind::InvalidUtf8) or
    /// [`PacketTooLarge`](ErrorKind::PacketTooLarge).
    pub fn read<'s, 'c: 's>(&'s mut self, chunk: &mut &'c [u8]) -> Result<Option<Packet<'s>>, DecodeError> {
        self.drop_spent();
        match self.find(chunk) {
            Ok(None) => Ok(None),
            Ok(Some(whole)) => {
                let bytes = whole.unwrap_or(&self.held);
                let packet = self.framing.packet(bytes, &self.profile);
                self.ended = packet.is_err();
                packet.map(Some).map_err(|error| error.shifted(self.start))
            }
            Err(error) => {
                *chunk = &[];
                Err(self.fail(error))
            }
        }
    }

    /// The body has ended: gives the packet that only its end completes.
    ///
    /// # Errors
    /// As [`read`](Self::read), where a packet is incomplete or the body was empty.
    pub fn finish(&mut self) -> Result<Option<Packet<'_>>, DecodeError> {
        self.drop_spent();
        if self.ended {
            return Ok(None);
        }
        self.ended = true;
        self.begin(false)?;
        if !self.framing.end(self.inside, self.offset)? {
            return Ok(None);
        }
        let packet = self.framing.packet(&self.held, &self.profile);
        packet.map(Some).map_err(|error| error.shifted(self.start))
    }

    /// How many bytes of an incomplete packet are held.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        if self.spent { 0 } else { self.held.len() + self.framing.held_bytes() }
    }

    fn drop_spent(&mut self) {
        if self.spent {
            self.held.clear();
            self.spent = false;
        }
    }

    fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.ended = true;
        self.held = Vec::new();
        error
    }

    /// Begins a frame if none is open and one has to be there.
    fn begin(&mut self, more: bool) -> Result<(), DecodeError> {
        if self.inside || !(more || F::ALWAYS_ANOTHER) {
            return Ok(());
        }
        if self.count >= self.profile.limits.max_packets {
            return Err(DecodeError::new(ErrorKind::TooManyPackets, self.offset));
        }
        self.count += 1;
        self.inside = true;
        self.start = self.offset;
        Ok(())
    }

    /// Looks for the end of the next packet, and takes what precedes it from the chunk. The inner option holds
    /// the packet's bytes if the chunk has all of them; otherwise they are held.
    #[expect(
        clippy::option_option,
        reason = "no packet yet, and a packet that is held, are different things"
    )]
    fn find<'c>(&mut self, chunk: &mut &'c [u8]) -> Result<Option<Option<&'c [u8]>>, DecodeError> {
        loop {
            if self.ended {
                *chunk = &[];
                return Ok(None);
            }
            self.begin(!chunk.is_empty())?;
            if !self.inside {
                return Ok(None);
            }
            let limit = self.profile.limits.max_packet_bytes;
            // One byte beyond the limit shows that it is broken, wherever the chunk ends.
            let room = limit.saturating_sub(self.held.len()).saturating_add(1);
            let bytes = chunk.get(..room).unwrap_or(chunk);
            let step = self.framing.step(bytes, self.offset, &self.profile)?;
            let (packet, framing) = match step {
                Step::Frame(used) | Step::Nothing(used) => (0, used),
                Step::Part => (bytes.len(), 0),
                Step::Last { packet, framing } => (packet, framing),
            };
            if self.held.len() + packet > limit {
                return Err(DecodeError::new(ErrorKind::PacketTooLarge, self.start));
            }
            let part = bytes.get(..packet).unwrap_or_default();
            *chunk = chunk.get(packet + framing..).unwrap_or_default();
            self.offset += packet + framing;
            match step {
                Step::Frame(_) => self.start = self.offset,
                Step::Nothing(_) => self.inside = false,
                Step::Part => self.held.extend_from_slice(part),
                Step::Last { .. } => {
                    self.inside = false;
                    if self.held.is_empty() {
                        return Ok(Some(Some(part)));
                    }
                    self.held.extend_from_slice(part);
                    self.spent = true;
                    return Ok(Some(None));
                }
            }
            if chunk.is_empty() && !matches!(step, Step::Frame(_)) {
                return Ok(None);
            }
        }
    }
}

/// How the packets of a body are told from one another.
///
/// Law: every byte of the body is shown once, in order; what a step does not take is shown again.
pub trait Framing: Default {
    /// Whether the body's begin and the end of a frame begin the next one, before any byte of it is there.
    const ALWAYS_ANOTHER: bool;

    /// Judges the next bytes of the open frame, the first of which stands at `at` of the body.
    ///
    /// # Errors
    /// Where the framing does not hold, with an offset into the body.
    fn step(&mut self, bytes: &[u8], at: usize, profile: &Profile) -> Result<Step, DecodeError>;

    /// Whether the end of the body after `at` bytes completes a packet; `inside` tells whether a frame is open.
    ///
    /// # Errors
    /// Where a frame is incomplete, or there was none and one had to be.
    fn end(&self, inside: bool, at: usize) -> Result<bool, DecodeError>;

    /// Reads the packet of the frame that has just ended. Offsets of errors count from its first byte.
    ///
    /// # Errors
    /// As the reader of a packet.
    fn packet<'a>(&self, bytes: &'a [u8], profile: &Profile) -> Result<Packet<'a>, DecodeError>;

    /// How many bytes the framing itself holds.
    fn held_bytes(&self) -> usize {
        0
    }
}

/// What the next bytes of a body are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many of them precede the packet.
    Frame(usize),
    /// So many of them are a frame that holds no packet.
    Nothing(usize),
    /// All of them belong to the packet, which goes on.
    Part,
    /// The packet ends.
    Last {
        /// So many of them are its last ones,
        packet: usize,
        /// and so many behind them separate it from the next.
        framing: usize,
    },
}

/// Packets separated by U+001E: the framing of version 4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Separated;

impl Framing for Separated {
    const ALWAYS_ANOTHER: bool = true;

    fn step(&mut self, bytes: &[u8], _: usize, _: &Profile) -> Result<Step, DecodeError> {
        let separator = memchr::memchr(0x1E, bytes);
        Ok(separator.map_or(Step::Part, |packet| Step::Last { packet, framing: 1 }))
    }

    fn end(&self, _: bool, _: usize) -> Result<bool, DecodeError> {
        Ok(true)
    }

    fn packet<'a>(&self, bytes: &'a [u8], profile: &Profile) -> Result<Packet<'a>, DecodeError> {
        Packet::decode_as(text(bytes)?, profile)
    }
}

/// The text that these bytes are.
pub(super) fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    let invalid = |error: core::str::Utf8Error| DecodeError::new(ErrorKind::InvalidUtf8, error.valid_up_to());
    core::str::from_utf8(bytes).map_err(invalid)
}

/// Whether so many bytes of a packet break the limit.
pub(super) fn too_large(bytes: u64, limits: &Limits) -> bool {
    usize::try_from(bytes).map_or(true, |bytes| bytes > limits.max_packet_bytes)
}
