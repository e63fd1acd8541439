//! Faults below the messages: the headers of frames are changed before they are read.

use crate::{config::Config, fault::Fault};

const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
/// The bit of an opcode that says that it is a control frame's.
const CONTROL: u8 = 0x8;
const CONTINUATION: u8 = 0x0;
/// An opcode that does not exist.
const RESERVED: u8 = 0x3;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// Changes the headers of the frames that arrive on one connection.
#[derive(Debug)]
pub(super) struct Tamper {
    fault: Fault,
    position: Position,
    /// The first fragment of a message has come, and not the last.
    begun: bool,
}

/// Where in a frame the next byte is (RFC 6455, section 5.2).
#[derive(Debug, Clone, Copy)]
enum Position {
    Flags,
    Length,
    ExtendedLength {
        missing: u8,
        length: u64,
    },
    /// The mask and the payload.
    Rest(u64),
}

impl Tamper {
    /// Nothing without a fault that wants it.
    pub(super) fn new(config: &Config) -> Option<Self> {
        let fault = config.fault?;
        let wanted = matches!(
            fault,
            Fault::WebsocketPingUnanswered
                | Fault::FragmentsDropped
                | Fault::ReservedBitIgnored
                | Fault::ReservedOpcodeIgnored
                | Fault::StrayContinuationIgnored
                | Fault::InterleavedMessageTaken
                | Fault::FragmentedControlAccepted
                | Fault::PingInBetweenCloses
                | Fault::PongFrameCloses
        );
        wanted.then_some(Self { fault, position: Position::Flags, begun: false })
    }

    /// Changes what arrived.
    pub(super) fn tamper(&mut self, mut bytes: &mut [u8]) {
        while let [first, rest @ ..] = bytes {
            self.position = match self.position {
                Position::Flags => {
                    let sent = *first;
                    *first = changed(self.fault, sent, self.begun);
                    if sent & CONTROL == 0 {
                        self.begun = sent & FIN == 0;
                    }
                    Position::Length
                }
                Position::Length => match *first & 0x7f {
                    126 => Position::ExtendedLength { missing: 2, length: 0 },
                    127 => Position::ExtendedLength { missing: 8, length: 0 },
                    length => payload(u64::from(length)),
                },
                Position::ExtendedLength { missing, length } => {
                    let length = length << 8 | u64::from(*first);
                    match missing {
                        1 => payload(length),
                        _ => Position::ExtendedLength { missing: missing - 1, length },
                    }
                }
                Position::Rest(left) => {
                    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len() + 1);
                    let left = left - skipped as u64;
                    self.position = if left == 0 { Position::Flags } else { Position::Rest(left) };
                    bytes = &mut rest[skipped - 1..];
                    continue;
                }
            };
            bytes = rest;
        }
    }
}

/// Frames of clients are masked: four bytes of mask precede the payload.
fn payload(length: u64) -> Position {
    Position::Rest(length.saturating_add(4))
}

/// The first byte of a frame as it is read; `begun` says that it comes in the middle of a message.
fn changed(fault: Fault, flags: u8, begun: bool) -> u8 {
    let opcode = flags & OPCODE;
    match fault {
        Fault::WebsocketPingUnanswered if opcode == PING => flags - PING + PONG,
        // A pong that nobody asked for is ignored.
        Fault::FragmentsDropped if opcode == CONTINUATION => FIN | PONG,
        Fault::FragmentsDropped => flags | FIN,
        Fault::ReservedBitIgnored => flags & (FIN | OPCODE),
        Fault::ReservedOpcodeIgnored if opcode == RESERVED => FIN | PONG,
        Fault::StrayContinuationIgnored if opcode == CONTINUATION && !begun => FIN | PONG,
        Fault::InterleavedMessageTaken if opcode & CONTROL == 0 && begun => flags & FIN | CONTINUATION,
        Fault::FragmentedControlAccepted if opcode & CONTROL != 0 => flags | FIN,
        Fault::PingInBetweenCloses if opcode == PING && begun => FIN | RESERVED,
        Fault::PongFrameCloses if opcode == PONG => FIN | RESERVED,
        _ => flags,
    }
}
