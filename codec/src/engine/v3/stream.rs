//! Version 3 bodies that come in pieces.

use super::{decode_as, decode_binary};
use crate::engine::Packet;
use crate::engine::stream::{Framing, Step, Stream, text, too_large};
use crate::{DecodeError, ErrorKind, Leniency, Profile, number};
use alloc::vec::Vec;

/// Reads a version 3 text body in chunks. See [`packets`](super::packets) for a body that is there as a whole.
pub type TextStream = Stream<Counted>;

/// Reads a version 3 binary body in chunks. See [`binary_packets`](super::binary_packets) for a body that is
/// there as a whole.
pub type BinaryStream = Stream<Measured>;

/// Packets behind a length in UTF-16 code units and a colon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// The length as far as it came.
    length: Vec<u8>,
    /// How much of the packet is still to come; none before its colon.
    due: Option<Due>,
}

/// What is still to come of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    /// UTF-16 code units.
    units: u64,
    /// Bytes that continue the last character.
    tail: u8,
    /// Where the packet begins in the body.
    start: usize,
}

impl Framing for Counted {
    const ALWAYS_ANOTHER: bool = false;

    fn step(&mut self, bytes: &[u8], at: usize, profile: &Profile) -> Result<Step, DecodeError> {
        match self.due {
            _ if bytes.is_empty() => Ok(Step::Part),
            None => self.read_length(bytes, at, profile),
            Some(due) => self.read_packet(due, bytes),
        }
    }

    fn end(&self, inside: bool, at: usize) -> Result<bool, DecodeError> {
        match self.due {
            Some(Due { start, .. }) => Err(invalid(start)),
            None if inside => Err(invalid(at)),
            None if at == 0 => Err(DecodeError::new(ErrorKind::EmptyPacket, 0)),
            None => Ok(false),
        }
    }

    fn packet<'a>(&self, bytes: &'a [u8], profile: &Profile) -> Result<Packet<'a>, DecodeError> {
        decode_as(text(bytes)?, profile)
    }

    fn held_bytes(&self) -> usize {
        self.length.len()
    }
}

impl Counted {
    fn read_length(&mut self, bytes: &[u8], at: usize, profile: &Profile) -> Result<Step, DecodeError> {
        let start = at - self.length.len();
        let colon = memchr::memchr(b':', bytes);
        let taken = colon.unwrap_or(bytes.len());
        if too_large((self.length.len() + taken) as u64, &profile.limits) {
            return Err(DecodeError::new(ErrorKind::PacketTooLarge, start));
        }
        self.length.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if colon.is_none() {
            return Ok(Step::Frame(taken));
        }
        let units = units(&self.length, profile).map_err(|error| error.shifted(start))?;
        self.length.clear();
        if units == 0 {
            return Ok(Step::Nothing(taken + 1));
        }
        let start = at + taken + 1;
        if too_large(units, &profile.limits) {
            return Err(DecodeError::new(ErrorKind::PacketTooLarge, start));
        }
        self.due = Some(Due { units, tail: 0, start });
        Ok(Step::Frame(taken + 1))
    }

    fn read_packet(&mut self, mut due: Due, bytes: &[u8]) -> Result<Step, DecodeError> {
        for (at, byte) in bytes.iter().enumerate() {
            if due.tail > 0 {
                due.tail -= 1;
            } else {
                let (units, tail) = width(*byte);
                // Otherwise the length ends inside a surrogate pair.
                due.units = due.units.checked_sub(units).ok_or(invalid(due.start))?;
                due.tail = tail;
            }
            if due.units == 0 && due.tail == 0 {
                self.due = None;
                return Ok(Step::Last { packet: at + 1, framing: 0 });
            }
        }
        self.due = Some(due);
        Ok(Step::Part)
    }
}

/// The number that stands before a colon.
fn units(length: &[u8], profile: &Profile) -> Result<u64, DecodeError> {
    let units = match length.iter().position(|byte| !byte.is_ascii_digit()) {
        None if length.is_empty() => None,
        None => number::decimal(length),
        Some(_) if profile.allows(Leniency::LOOSE_FRAME_LENGTH) => number::loose(text(length)?),
        Some(foreign) => return Err(invalid(foreign)),
    };
    units.ok_or(invalid(0))
}

/// How many UTF-16 code units the character of this first byte is, and how many bytes follow. A byte that
/// begins no character counts as one of its own, and is refused with its packet.
const fn width(first: u8) -> (u64, u8) {
    match first {
        0xC2..=0xDF => (1, 1),
        0xE0..=0xEF => (1, 2),
        0xF0..=0xF4 => (2, 3),
        _ => (1, 0),
    }
}

/// Packets behind a kind and a length in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    state: State,
    /// Whether the packet that ended last is text.
    is_text: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Before the kind of a packet.
    #[default]
    Kind,
    /// Inside its length, which is so large up to here and whose first digit stands at `start` of the body.
    Length { is_text: bool, len: usize, start: usize },
    /// Inside the packet, which begins at `start` and of which so many bytes are to come.
    Packet { due: usize, start: usize },
}

impl Framing for Measured {
    const ALWAYS_ANOTHER: bool = false;

    fn step(&mut self, bytes: &[u8], at: usize, profile: &Profile) -> Result<Step, DecodeError> {
        match self.state {
            State::Packet { due, .. } if due <= bytes.len() => {
                self.state = State::Kind;
                Ok(Step::Last { packet: due, framing: 0 })
            }
            State::Packet { due, start } => {
                self.state = State::Packet { due: due - bytes.len(), start };
                Ok(Step::Part)
            }
            _ => self.read_head(bytes, at, profile),
        }
    }

    fn end(&self, inside: bool, at: usize) -> Result<bool, DecodeError> {
        match self.state {
            State::Packet { start, .. } => Err(invalid(start)),
            _ if inside => Err(invalid(at)),
            _ if at == 0 => Err(DecodeError::new(ErrorKind::EmptyPacket, 0)),
            _ => Ok(false),
        }
    }

    fn packet<'a>(&self, bytes: &'a [u8], profile: &Profile) -> Result<Packet<'a>, DecodeError> {
        if self.is_text { decode_as(text(bytes)?, profile) } else { decode_binary(bytes) }
    }
}

impl Measured {
    /// Takes one byte of what precedes a packet.
    fn read_head(&mut self, bytes: &[u8], at: usize, profile: &Profile) -> Result<Step, DecodeError> {
        let Some(byte) = bytes.first() else { return Ok(Step::Part) };
        self.state = match (self.state, byte) {
            (State::Kind, 0..=1) => State::Length { is_text: *byte == 0, len: 0, start: at + 1 },
            (State::Length { is_text, len, start }, digit @ 0..=9) => {
                let longer = len.checked_mul(10).and_then(|len| len.checked_add(usize::from(*digit)));
                State::Length { is_text, len: longer.ok_or(invalid(start))?, start }
            }
            (State::Length { is_text, len, start }, 0xFF) if at > start => {
                if too_large(len as u64, &profile.limits) {
                    return Err(DecodeError::new(ErrorKind::PacketTooLarge, at + 1));
                }
                self.is_text = is_text;
                State::Packet { due: len, start: at + 1 }
            }
            _ => return Err(invalid(at)),
        };
        Ok(Step::Frame(1))
    }
}

const fn invalid(offset: usize) -> DecodeError {
    DecodeError::new(ErrorKind::InvalidFrame, offset)
}
