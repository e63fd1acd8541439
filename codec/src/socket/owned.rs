//! A packet that owns its text.

use super::layout::Layout;
use super::{Args, Body, Packet};
use crate::{DecodeError, Profile};
use alloc::sync::Arc;

/// Text together with where the parts of its packet lie, so that the packet is borrowed again without
/// parsing again. Cheap to clone when `S` is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owned<S = Arc<str>> {
    text: S,
    layout: Layout,
}

impl Owned<Arc<str>> {
    /// Decodes the text and keeps a copy of it.
    pub(super) fn copy_of(text: &str, profile: &Profile) -> Result<Self, DecodeError> {
        let layout = Layout::of(text, profile)?;
        Ok(Self { text: Arc::from(text), layout })
    }
}

impl<S: AsRef<str>> Owned<S> {
    /// Decodes the text, strictly and with default limits, and keeps it.
    ///
    /// # Errors
    /// As [`Packet::decode`].
    pub fn decode(text: S) -> Result<Self, DecodeError> {
        Self::decode_as(text, &Profile::STRICT)
    }

    /// Like [`decode`](Self::decode), as strict as the profile asks.
    ///
    /// # Errors
    /// As [`Packet::decode`].
    pub fn decode_as(text: S, profile: &Profile) -> Result<Self, DecodeError> {
        let layout = Layout::of(text.as_ref(), profile)?;
        Ok(Self { text, layout })
    }

    /// The packet.
    #[must_use]
    pub fn packet(&self) -> Packet<'_> {
        self.layout.packet(self.text.as_ref())
    }

    /// The arguments, if the packet is an event or an acknowledgement.
    #[must_use]
    pub fn args(&self) -> Option<Args<'_>> {
        match self.packet().body {
            Body::Event { args, .. } | Body::Ack { args, .. } => Some(args),
            _ => None,
        }
    }

    /// How many binary messages follow the packet.
    #[must_use]
    pub fn attachments(&self) -> u32 {
        self.layout.attachments()
    }

    /// The text as it came.
    #[must_use]
    pub fn text(&self) -> &S {
        &self.text
    }
}
