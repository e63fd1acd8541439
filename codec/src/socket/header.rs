//! A packet's header alone, for whoever only passes packets on.

use super::layout::{Kind, Parts};
use super::{AckId, Namespace, Packet};
use crate::{DecodeError, Profile};

/// Everything in front of a packet's payload, and the payload as text that nobody has looked at.
///
/// Splitting costs the same however long the packet is: enough to route by namespace, count attachments, match
/// acknowledgements, or pass the packet on. What it does **not** check is the payload: whether there has to be
/// one, whether it is JSON of the right type, what the event is called, and where the placeholders point. A
/// header that splits may belong to a packet that [`Packet::decode`] refuses; [`packet`](Self::packet) makes up
/// for the rest, and both together give the verdict and the errors that `Packet::decode` gives at once.
///
/// ```
/// use siospec_codec::{Profile, socket::{Header, Kind}};
///
/// let header = Header::split(r#"2/chat,7["hi",oops"#)?;
/// assert_eq!((header.kind(), header.namespace().as_str()), (Kind::Event, "/chat"));
/// assert_eq!(header.payload(), r#"["hi",oops"#);
/// assert_eq!(header.packet(&Profile::STRICT).unwrap_err().offset, 14);
/// # Ok::<(), siospec_codec::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Header<'a> {
    text: &'a str,
    parts: Parts,
}

impl<'a> Header<'a> {
    /// Reads a packet's header, strictly and with default limits.
    ///
    /// # Errors
    /// What is wrong with the header, and where.
    #[inline]
    pub fn split(text: &'a str) -> Result<Self, DecodeError> {
        Self::split_as(text, &Profile::STRICT)
    }

    /// Like [`split`](Self::split), as strict as the profile asks.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    #[inline]
    pub fn split_as(text: &'a str, profile: &Profile) -> Result<Self, DecodeError> {
        Ok(Self { text, parts: Parts::of(text, profile)? })
    }

    /// Reads the rest of the packet.
    ///
    /// # Errors
    /// What is wrong with the payload; the offset is that in the whole packet.
    pub fn packet(&self, profile: &Profile) -> Result<Packet<'a>, DecodeError> {
        Ok(self.parts.with_payload(self.text, self.parts.payload(self.text, profile)?))
    }

    /// What the packet is for.
    #[inline]
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.parts.kind
    }

    /// Whom the packet concerns.
    #[inline]
    #[must_use]
    pub fn namespace(&self) -> Namespace<'a> {
        self.parts.namespace(self.text)
    }

    /// The acknowledgement id. An acknowledgement that a lenient profile took without one has none.
    #[inline]
    #[must_use]
    pub const fn ack(&self) -> Option<AckId> {
        self.parts.ack
    }

    /// How many binary messages follow; none for a packet whose type has no attachments.
    #[inline]
    #[must_use]
    pub const fn attachments(&self) -> Option<u32> {
        self.parts.attachments
    }

    /// What follows the header, unchecked; empty if nothing does.
    #[inline]
    #[must_use]
    pub fn payload(&self) -> &'a str {
        self.text.get(self.parts.payload_at..).unwrap_or_default()
    }
}
