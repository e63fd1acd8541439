//! What waits to be sent to a client.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes};
use bytestring::ByteString;

/// One Engine.IO packet as it travels in a websocket message of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The packet type and its text.
    Text(Text),
    /// The payload of a binary message packet.
    Binary(Bytes),
}

impl Frame {
    /// A text packet.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text::new(text.into()))
    }

    /// The payload bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.as_str().len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// Text that is shared instead of copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(ByteString);

impl Text {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// Copies the text.
    #[must_use]
    pub fn copied(text: &str) -> Self {
        Self(text.into())
    }

    /// Shares the bytes if they are UTF-8, else copies them with the broken parts replaced by U+FFFD.
    #[must_use]
    pub fn from_bytes_lossy(bytes: Bytes) -> Self {
        match ByteString::try_from(bytes.clone()) {
            Ok(text) => Self(text),
            Err(_) => Self::new(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    /// The text without its first bytes, which must be whole characters.
    #[must_use]
    pub fn skip(self, bytes: usize) -> Self {
        let mut rest = self.0.into_bytes();
        rest.advance(bytes);
        Self(rest.try_into().expect("only whole characters are skipped"))
    }

    /// Shares a part of this text.
    #[must_use]
    pub fn share(&self, part: &str) -> Self {
        Self(self.0.slice_ref(part))
    }
}

/// The queue of frames towards one client, with its size in bytes.
#[derive(Debug, Default)]
pub struct Outbox {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// How many frames have left.
    gone: u64,
    /// Which frames are not to be compressed, counted from the first ever; rarely any.
    plain: VecDeque<u64>,
}

impl Outbox {
    /// Appends a frame.
    pub fn push(&mut self, frame: Frame) {
        self.bytes += frame.len_bytes();
        self.frames.push_back(frame);
    }

    /// Appends a frame that is not to be compressed.
    pub fn push_plain(&mut self, frame: Frame) {
        self.plain.push_back(self.gone + self.frames.len() as u64);
        self.push(frame);
    }

    /// Puts frames before all others.
    pub fn push_first(&mut self, frames: VecDeque<Frame>) {
        self.plain.iter_mut().for_each(|at| *at += frames.len() as u64);
        for frame in frames.into_iter().rev() {
            self.bytes += frame.len_bytes();
            self.frames.push_front(frame);
        }
    }

    /// Whether the oldest frame is not to be compressed.
    #[must_use]
    pub fn is_next_plain(&self) -> bool {
        self.plain.front() == Some(&self.gone)
    }

    /// Whether frames wait, none of which is to be compressed.
    #[must_use]
    pub fn is_all_plain(&self) -> bool {
        !self.frames.is_empty() && self.plain.len() == self.frames.len()
    }

    /// Takes the oldest frame.
    pub fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len_bytes();
        self.plain.pop_front_if(|at| *at == self.gone);
        self.gone += 1;
        Some(frame)
    }

    /// Takes all frames.
    pub fn take(&mut self) -> VecDeque<Frame> {
        self.bytes = 0;
        self.plain.clear();
        std::mem::take(&mut self.frames)
    }

    /// The frames, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The payload bytes that wait.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.bytes
    }
}
