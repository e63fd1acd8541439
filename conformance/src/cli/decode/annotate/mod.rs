//! What each part of a packet means, and where it lies.

mod engine;
mod messagepack;
mod parts;
mod socket;

use std::ops::Range;

use siospec_codec::DecodeError;

pub(super) use parts::count;

/// Everything about an input: its packets up to the first error.
#[derive(Debug, Default)]
pub(super) struct Annotation {
    pub(super) packets: Vec<Packet>,
    pub(super) error: Option<DecodeError>,
    /// Announced attachments that did not come.
    pub(super) missing: u32,
}

/// A packet and its parts.
#[derive(Debug)]
pub(super) struct Packet {
    /// In bytes of the input.
    pub(super) range: Range<usize>,
    pub(super) parts: Vec<Part>,
    /// Whether it is bytes, also where these could be read as text.
    pub(super) is_binary: bool,
}

/// A part of a packet. Parts that lie inside another one follow it.
#[derive(Debug)]
pub(super) struct Part {
    /// In bytes of the input.
    pub(super) range: Range<usize>,
    /// How many parts it lies in.
    pub(super) depth: usize,
    pub(super) meaning: String,
}

/// The protocol versions and parsers that an input may be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Dialect {
    pub(super) engine: Engine,
    pub(super) parser: Parser,
}

/// The version of Engine.IO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Engine {
    V3,
    #[default]
    V4,
}

/// The parser of Socket.IO packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Parser {
    /// Text packets, with attachments in messages of their own
    #[default]
    Default,
    /// MessagePack, as socket.io-msgpack-parser writes it
    Msgpack,
}

/// What brings an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// A polling body.
    Body,
    /// A WebSocket frame of text.
    TextFrame,
    /// A WebSocket frame of bytes.
    BinaryFrame,
    /// Nothing: a Socket.IO packet alone.
    Nothing,
}

/// Annotates what one side sends over one connection, in order: an attachment may come in another message than
/// the packet that announces it.
#[derive(Debug, Default)]
pub(super) struct Reader {
    dialect: Dialect,
    announced: u32,
    missing: u32,
}

impl Reader {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, ..Self::default() }
    }

    pub(super) fn read(&mut self, input: &[u8], carrier: Carrier) -> Annotation {
        let mut packets = Vec::new();
        let read = match (carrier, self.dialect.engine) {
            (Carrier::Nothing, _) => self.message(&mut packets, input),
            (Carrier::Body, Engine::V4) => self.body(&mut packets, input),
            (Carrier::Body, Engine::V3) => self.body_v3(&mut packets, input),
            (Carrier::TextFrame, _) => self.text_frame(&mut packets, input),
            (Carrier::BinaryFrame, _) => self.binary_frame(&mut packets, input),
        };
        if read.is_err() {
            // An error is final for what came before it.
            (self.announced, self.missing) = (0, 0);
        }
        Annotation { packets, error: read.err(), missing: self.missing }
    }
}
