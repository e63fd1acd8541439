//! Puts a binary packet and its attachments together.
//!
//! Source: Socket.IO protocol, version 5, "Packet encoding": the attachments follow their packet in order,
//! with no other packet in between.

use super::{Owned, Packet};
use crate::{DecodeError, ErrorKind, Limits, Profile};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Turns the text and binary messages of one connection into whole packets.
///
/// Law: feed every Engine.IO message in the order it came. An error is final for the connection; the
/// assembler drops what it held and begins anew.
#[derive(Debug, Clone)]
pub struct Assembler<B> {
    profile: Profile,
    waiting: Option<Message<B>>,
    /// Bytes of the attachments held.
    held_bytes: usize,
}

/// A packet with all its attachments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message<B> {
    /// The packet.
    pub text: Owned<Arc<str>>,
    /// Its attachments in the order they came.
    pub attachments: Vec<B>,
}

impl<B> Message<B> {
    /// The packet, borrowed.
    #[must_use]
    pub fn packet(&self) -> Packet<'_> {
        self.text.packet()
    }

    fn is_whole(&self) -> bool {
        self.attachments.len() >= self.text.attachments() as usize
    }
}

impl<B: AsRef<[u8]>> Assembler<B> {
    /// Decodes strictly, with these limits.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self::with_profile(Profile::strict(limits))
    }

    /// Decodes as strictly as the profile asks.
    #[must_use]
    pub const fn with_profile(profile: Profile) -> Self {
        Self { profile, waiting: None, held_bytes: 0 }
    }

    /// Takes a text message; gives the packet unless it waits for attachments.
    ///
    /// # Errors
    /// As [`Packet::decode`], or [`TextInsteadOfAttachment`](ErrorKind::TextInsteadOfAttachment).
    pub fn text(&mut self, text: &str) -> Result<Option<Message<B>>, DecodeError> {
        if self.is_waiting() {
            self.reset();
            return Err(DecodeError::new(ErrorKind::TextInsteadOfAttachment, 0));
        }
        let text = Owned::copy_of(text, &self.profile)?;
        // The packet says how many there will be, but whoever sent it may be lying.
        let attachments = Vec::with_capacity(text.attachments().min(16) as usize);
        let message = Message { text, attachments };
        if message.is_whole() {
            return Ok(Some(message));
        }
        self.waiting = Some(message);
        Ok(None)
    }

    /// Takes a binary message; gives the packet when this was its last attachment.
    ///
    /// # Errors
    /// [`UnexpectedAttachment`](ErrorKind::UnexpectedAttachment) or
    /// [`AttachmentsTooLarge`](ErrorKind::AttachmentsTooLarge).
    pub fn binary(&mut self, bytes: B) -> Result<Option<Message<B>>, DecodeError> {
        let Some(message) = &mut self.waiting else {
            return Err(DecodeError::new(ErrorKind::UnexpectedAttachment, 0));
        };
        self.held_bytes = self.held_bytes.saturating_add(bytes.as_ref().len());
        if self.held_bytes > self.profile.limits.max_attachment_bytes {
            self.reset();
            return Err(DecodeError::new(ErrorKind::AttachmentsTooLarge, 0));
        }
        message.attachments.push(bytes);
        if !message.is_whole() {
            return Ok(None);
        }
        self.held_bytes = 0;
        Ok(self.waiting.take())
    }

    /// Whether attachments are due.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// How many attachments, and how many bytes of them, are held.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        (self.waiting.as_ref().map_or(0, |message| message.attachments.len()), self.held_bytes)
    }

    /// Drops what is held.
    pub fn reset(&mut self) {
        self.waiting = None;
        self.held_bytes = 0;
    }
}
