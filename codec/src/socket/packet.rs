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
        match self.bare_event() {
            Some(event) => event.encode(sink),
            None => self.shaped(sink),
        }
    }

    #[inline]
    fn to_text(&self) -> String {
        match self.bare_event() {
            Some(event) => event.to_text(),
            None => self.shaped(AsText),
        }
    }
}

impl<'a> Packet<'a> {
    /// What is written of an event that is nothing but its arguments, as most are.
    #[inline(always)]
    fn bare_event(&self) -> Option<Pieces<'a>> {
        match self.body {
            Body::Event { args, ack: None, attachments: None } if self.namespace.is_root() => {
                Some(Pieces { kind: "2", payload: args.as_str(), ..Pieces::default() })
            }
            _ => None,
        }
    }

    /// Hands over what is written of any packet.
    #[inline(never)]
    fn shaped<T: Taker>(&self, taker: T) -> T::Output {
        let namespace = if self.namespace.is_root() { "" } else { self.namespace.as_str() };
        let pieces = |kind, payload| Pieces { kind, namespace, payload, ..Pieces::default() };
        let (mut count_digits, mut ack_digits) = (itoa::Buffer::new(), itoa::Buffer::new());
        // A copy of the code for each shape, in which what lacks is no question any more.
        match self.body {
            Body::Event { args, ack: None, attachments: None } => taker.take(&pieces("2", args.as_str())),
            Body::Event { args, ack: Some(AckId(id)), attachments: None } => {
                taker.take(&Pieces { ack: ack_digits.format(id), ..pieces("2", args.as_str()) })
            }
            Body::Ack { args, id: AckId(id), attachments: None } => {
                taker.take(&Pieces { ack: ack_digits.format(id), ..pieces("3", args.as_str()) })
            }
            Body::Event { args, ack, attachments: Some(count) } => taker.take(&Pieces {
                attachments: count_digits.format(count),
                ack: ack.map_or("", |AckId(id)| ack_digits.format(id)),
                ..pieces("5", args.as_str())
            }),
            Body::Ack { args, id: AckId(id), attachments: Some(count) } => taker.take(&Pieces {
                attachments: count_digits.format(count),
                ack: ack_digits.format(id),
                ..pieces("6", args.as_str())
            }),
            Body::Connect(payload) => taker.take(&pieces("0", payload.map_or("", Json::as_str))),
            Body::Disconnect => taker.take(&pieces("1", "")),
            Body::ConnectError(payload) => taker.take(&pieces("4", payload.as_str())),
        }
    }
}

/// What is done with the pieces of a packet.
trait Taker {
    type Output;

    fn take(self, pieces: &Pieces<'_>) -> Self::Output;
}

/// Makes a text of them.
struct AsText;

impl Taker for AsText {
    type Output = String;

    #[inline(always)]
    fn take(self, pieces: &Pieces<'_>) -> String {
        pieces.to_text()
    }
}

impl<S: Sink> Taker for &mut S {
    type Output = ();

    #[inline(always)]
    fn take(self, pieces: &Pieces<'_>) {
        pieces.encode(self);
    }
}

/// What is written of a packet: its parts, each of them perhaps empty.
#[derive(Default)]
struct Pieces<'a> {
    kind: &'static str,
    /// How many there are, in digits.
    attachments: &'a str,
    /// Empty for the main one.
    namespace: &'a str,
    /// The id, in digits.
    ack: &'a str,
    payload: &'a str,
}

impl Encode for Pieces<'_> {
    #[inline(always)]
    fn encode(&self, sink: &mut impl Sink) {
        sink.write(self.kind);
        if !self.attachments.is_empty() {
            sink.write(self.attachments);
            sink.write("-");
        }
        if !self.namespace.is_empty() {
            sink.write(self.namespace);
            sink.write(",");
        }
        if !self.ack.is_empty() {
            sink.write(self.ack);
        }
        sink.write(self.payload);
    }

    #[inline(always)]
    fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.encoded_len());
        self.encode(&mut text);
        text
    }
}
