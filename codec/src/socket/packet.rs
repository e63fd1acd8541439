//! One Socket.IO packet.

use super::{AckId, Args, Namespace, layout};
use crate::json::Json;
use crate::{DecodeError, Encode, Limits, Profile, Sink};
use alloc::string::String;

/// A packet of Socket.IO. Borrows from the text of the Engine.IO message it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packet<'a> {
    /// Whom it concerns.
    pub namespace: Namespace<'a>,
    /// What it says.
    pub body: Body<'a>,
}

/// What a packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Body<'a> {
    /// `0`: a client joins the namespace, or the server confirms; the payload is an object.
    Connect(Option<Json<'a>>),
    /// `1`: one side leaves the namespace.
    Disconnect,
    /// `4`: the server refuses the namespace; the payload is an object.
    ConnectError(Json<'a>),
    /// `2`, and `5` with attachments: an event.
    Event {
        /// The event's name and its arguments.
        args: Args<'a>,
        /// Under which id an acknowledgement is asked for, if one is.
        ack: Option<AckId>,
        /// How many binary messages follow; none for type `2`.
        attachments: Option<u32>,
    },
    /// `3`, and `6` with attachments: the answer to an event.
    Ack {
        /// The answer's arguments.
        args: Args<'a>,
        /// Which event is answered.
        id: AckId,
        /// How many binary messages follow; none for type `3`.
        attachments: Option<u32>,
    },
}

impl<'a> Packet<'a> {
    /// Reads a packet, strictly and with default limits.
    ///
    /// # Errors
    /// What is wrong with the packet, and where. An event's name and the placeholders of a binary packet are
    /// checked here too, so that a decoded packet needs no further checks.
    pub fn decode(text: &'a str) -> Result<Self, DecodeError> {
        Self::decode_as(text, &Profile::STRICT)
    }

    /// Like [`decode`](Self::decode), with other limits.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_with(text: &'a str, limits: &Limits) -> Result<Self, DecodeError> {
        Self::decode_as(text, &Profile::strict(*limits))
    }

    /// Like [`decode`](Self::decode), as strict as the profile asks.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_as(text: &'a str, profile: &Profile) -> Result<Self, DecodeError> {
        layout::packet(text, profile)
    }

    /// An event without acknowledgement or attachments.
    #[must_use]
    pub const fn event(namespace: Namespace<'a>, args: Args<'a>) -> Self {
        Self { namespace, body: Body::Event { args, ack: None, attachments: None } }
    }

    /// How many binary messages follow this packet.
    #[must_use]
    pub const fn attachments(&self) -> u32 {
        match self.body {
            Body::Event { attachments: Some(count), .. } | Body::Ack { attachments: Some(count), .. } => {
                count
            }
            _ => 0,
        }
    }
}

/// Writes the packet as Socket.IO protocol, version 5, "Packet encoding" asks: the main namespace left out,
/// any other one followed by a comma.
impl Encode for Packet<'_> {
    #[inline]
    fn encode(&self, sink: &mut impl Sink) {
        Written::of(self).encode(sink);
    }

    #[inline]
    fn to_text(&self) -> String {
        // Looked into once, and then counted and written.
        Written::of(self).to_text()
    }
}

/// What is written of a packet.
struct Written<'a> {
    kind: &'static str,
    attachments: Option<u32>,
    namespace: Namespace<'a>,
    ack: Option<AckId>,
    payload: &'a str,
}

impl<'a> Written<'a> {
    #[inline(always)]
    fn of(packet: &Packet<'a>) -> Self {
        let (kind, attachments, ack, payload) = match packet.body {
            Body::Connect(payload) => ("0", None, None, payload.map_or("", Json::as_str)),
            Body::Disconnect => ("1", None, None, ""),
            Body::ConnectError(payload) => ("4", None, None, payload.as_str()),
            Body::Event { args, ack, attachments } => {
                (if attachments.is_none() { "2" } else { "5" }, attachments, ack, args.as_str())
            }
            Body::Ack { args, id, attachments } => {
                (if attachments.is_none() { "3" } else { "6" }, attachments, Some(id), args.as_str())
            }
        };
        Self { kind, attachments, namespace: packet.namespace, ack, payload }
    }
}

impl Encode for Written<'_> {
    #[inline(always)]
    fn encode(&self, sink: &mut impl Sink) {
        sink.write(self.kind);
        if let Some(count) = self.attachments {
            sink.write_decimal(u64::from(count));
            sink.write("-");
        }
        if !self.namespace.is_root() {
            sink.write(self.namespace.as_str());
            sink.write(",");
        }
        if let Some(AckId(id)) = self.ack {
            sink.write_decimal(id);
        }
        sink.write(self.payload);
    }
}
