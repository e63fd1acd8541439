//! The assembler as a list of what came.

use siospec_codec::ErrorKind;
use siospec_codec::socket::Packet;

/// A packet's text and its attachments.
pub type Whole = (String, Vec<Vec<u8>>);

/// Holds at most one packet, and all its attachments.
#[derive(Debug)]
pub struct Model {
    held: Option<Whole>,
    max_bytes: usize,
}

impl Model {
    /// Holds nothing yet.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self { held: None, max_bytes }
    }

    /// Whether attachments are due.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.held.is_some()
    }

    /// Takes a text.
    ///
    /// # Errors
    /// Where it comes at the wrong time or is no packet.
    pub fn text(&mut self, text: &str) -> Result<Option<Whole>, ErrorKind> {
        if self.held.take().is_some() {
            return Err(ErrorKind::TextInsteadOfAttachment);
        }
        Packet::decode(text).map_err(|error| error.kind)?;
        self.held = Some((text.to_owned(), Vec::new()));
        Ok(self.whole())
    }

    /// Takes an attachment.
    ///
    /// # Errors
    /// Where it comes at the wrong time or is too much.
    pub fn binary(&mut self, bytes: &[u8]) -> Result<Option<Whole>, ErrorKind> {
        let Some((_, attachments)) = &mut self.held else {
            return Err(ErrorKind::UnexpectedAttachment);
        };
        attachments.push(bytes.to_vec());
        if attachments.concat().len() > self.max_bytes {
            self.held = None;
            return Err(ErrorKind::AttachmentsTooLarge);
        }
        Ok(self.whole())
    }

    /// Hands out what is held once nothing lacks.
    fn whole(&mut self) -> Option<Whole> {
        self.held.take_if(|(text, attachments)| {
            let due = Packet::decode(text).map_or(0, |packet| packet.attachments());
            attachments.len() == due as usize
        })
    }
}
