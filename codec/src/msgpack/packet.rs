//! One packet: a map with `type`, `nsp`, and perhaps `data` and `id`.
//!
//! Names may come in any order; of a repeated one the last counts, unknown ones are ignored. Stricter than
//! socket.io-msgpack-parser 3.0.2 where the Socket.IO protocol is; as there, reserved event names pass. Names
//! of namespaces without a slash or with a comma, which no text packet could carry, are refused by every
//! profile.

use super::quick;
use super::transcode::{footer, header};
use super::value::{Kind, Value};
use crate::socket::{AckId, Namespace};
use crate::{DecodeError, ErrorKind, Leniency, Profile};
use alloc::vec::Vec;

/// A packet. Borrows from the message it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packet<'a> {
    /// Whom it concerns.
    pub namespace: Namespace<'a>,
    /// What it says.
    pub body: Body<'a>,
}

/// What a packet says. See [`socket::Body`](crate::socket::Body), from which only the payloads differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Body<'a> {
    /// A client joins the namespace, or the server confirms; the payload is a map.
    Connect(Option<Value<'a>>),
    /// One side leaves the namespace.
    Disconnect,
    /// The server refuses the namespace; the payload is a map.
    ConnectError(Value<'a>),
    /// An event.
    Event {
        /// An array: the event's name and its arguments.
        args: Value<'a>,
        /// Under which id an acknowledgement is asked for, if one is.
        ack: Option<AckId>,
    },
    /// The answer to an event.
    Ack {
        /// An array: the answer's arguments.
        args: Value<'a>,
        /// Which event is answered.
        id: AckId,
    },
}

impl<'a> Packet<'a> {
    /// Reads a binary message, strictly and with default limits.
    ///
    /// # Errors
    /// What is wrong with the packet, and where.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode_as(bytes, &Profile::STRICT)
    }

    /// Like [`decode`](Self::decode), as strict as the profile asks.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_as(bytes: &'a [u8], profile: &Profile) -> Result<Self, DecodeError> {
        match quick::packet(bytes, profile) {
            Some(packet) => Ok(packet),
            None => Self::decode_thoroughly(bytes, profile),
        }
    }

    /// Like [`decode_as`](Self::decode_as), for everything that the quick way leaves: what is wrong, or unusual.
    #[cold]
    fn decode_thoroughly(bytes: &'a [u8], profile: &Profile) -> Result<Self, DecodeError> {
        let map = Value::parse_with(bytes, profile.limits.max_depth)?;
        let mut members = map.members().ok_or(DecodeError::new(ErrorKind::ExpectedObject, 0))?;
        let mut fields = Fields { end: bytes.len(), ..Fields::default() };
        while let Some((name, value)) = members.next() {
            let field = Field { value, offset: members.position() - value.as_bytes().len() };
            // JavaScript cannot tell an undefined member from none.
            let found = (value.kind() != Kind::Undefined).then_some(field);
            match name.as_str() {
                Some("type") => fields.kind = found,
                Some("nsp") => fields.namespace = found,
                Some("data") => fields.data = found,
                Some("id") => fields.id = found,
                _ => {}
            }
        }
        fields.packet(profile)
    }

    /// Appends the packet.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let (kind, data, id) = match self.body {
            Body::Connect(data) => (0, data, None),
            Body::Disconnect => (1, None, None),
            Body::Event { args, ack } => (2, Some(args), ack),
            Body::Ack { args, id } => (3, Some(args), Some(id)),
            Body::ConnectError(data) => (4, Some(data), None),
        };
        header(kind, data.is_some(), id.is_some(), bytes);
        bytes.extend_from_slice(data.map_or(&[], Value::as_bytes));
        footer(self.namespace, id, bytes);
    }
}

/// A value and where it begins.
#[derive(Clone, Copy)]
struct Field<'a> {
    value: Value<'a>,
    offset: usize,
}

impl Field<'_> {
    fn wrong(self, kind: ErrorKind) -> DecodeError {
        DecodeError::new(kind, self.offset)
    }
}

/// The members that count.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<Field<'a>>,
    namespace: Option<Field<'a>>,
    data: Option<Field<'a>>,
    id: Option<Field<'a>>,
    /// Where a member that lacks should have been.
    end: usize,
}

impl<'a> Fields<'a> {
    fn packet(&self, profile: &Profile) -> Result<Packet<'a>, DecodeError> {
        let missing = DecodeError::new(ErrorKind::MissingField, self.end);
        let kind = self.kind.ok_or(missing)?;
        let namespace = self.namespace.ok_or(missing)?;
        let name = namespace.value.as_str().ok_or(namespace.wrong(ErrorKind::InvalidField))?;
        if name.len() > profile.limits.max_namespace_bytes {
            return Err(namespace.wrong(ErrorKind::NamespaceTooLong));
        }
        let name = Namespace::new(name).map_err(|error| namespace.wrong(error.kind))?;
        let body = match kind.value.as_integer() {
            Some(0) => self.control(profile, || self.connect())?,
            Some(1) => self.control(profile, || self.disconnect())?,
            Some(2) => self.event(profile)?,
            Some(3) => self.acknowledgement(profile)?,
            Some(4) => self.control(profile, || self.connect_error(profile))?,
            _ => return Err(kind.wrong(ErrorKind::UnknownPacketType)),
        };
        Ok(Packet { namespace: name, body })
    }

    /// A packet that nobody acknowledges.
    fn control(
        &self,
        profile: &Profile,
        body: impl FnOnce() -> Result<Body<'a>, DecodeError>,
    ) -> Result<Body<'a>, DecodeError> {
        let id = self.ack_id(profile)?;
        match self.id {
            Some(field) if id.is_some() && !profile.allows(Leniency::ACK_ID_ON_CONTROL) => {
                Err(field.wrong(ErrorKind::UnexpectedAckId))
            }
            _ => body(),
        }
    }

    fn connect(&self) -> Result<Body<'a>, DecodeError> {
        match self.data {
            Some(data) if data.value.kind() != Kind::Map => Err(data.wrong(ErrorKind::ExpectedObject)),
            data => Ok(Body::Connect(data.map(|data| data.value))),
        }
    }

    fn disconnect(&self) -> Result<Body<'a>, DecodeError> {
        match self.data {
            Some(data) => Err(data.wrong(ErrorKind::UnexpectedPayload)),
            None => Ok(Body::Disconnect),
        }
    }

    fn connect_error(&self, profile: &Profile) -> Result<Body<'a>, DecodeError> {
        let data = self.data.ok_or(DecodeError::new(ErrorKind::MissingPayload, self.end))?;
        match data.value.kind() {
            Kind::Map => Ok(Body::ConnectError(data.value)),
            Kind::Text if profile.allows(Leniency::CONNECT_ERROR_STRING) => {
                Ok(Body::ConnectError(data.value))
            }
            _ => Err(data.wrong(ErrorKind::ExpectedObject)),
        }
    }

    fn event(&self, profile: &Profile) -> Result<Body<'a>, DecodeError> {
        let data = self.data.ok_or(DecodeError::new(ErrorKind::MissingPayload, self.end))?;
        let mut elements = data.value.elements().ok_or(data.wrong(ErrorKind::ExpectedArray))?;
        let wrong = match elements.next().map(Value::kind) {
            Some(Kind::Text | Kind::Integer | Kind::Float) => None,
            Some(_) => Some(ErrorKind::InvalidEventName),
            None => Some(ErrorKind::MissingEventName),
        };
        match wrong {
            Some(kind) if !profile.allows(Leniency::NAMELESS_EVENT) => Err(data.wrong(kind)),
            _ => Ok(Body::Event { args: data.value, ack: self.ack_id(profile)? }),
        }
    }

    fn acknowledgement(&self, profile: &Profile) -> Result<Body<'a>, DecodeError> {
        let data = self.data.ok_or(DecodeError::new(ErrorKind::MissingPayload, self.end))?;
        if data.value.kind() != Kind::Array {
            return Err(data.wrong(ErrorKind::ExpectedArray));
        }
        match self.ack_id(profile)? {
            Some(id) => Ok(Body::Ack { args: data.value, id }),
            None if profile.allows(Leniency::ACK_WITHOUT_ID) => {
                Ok(Body::Ack { args: data.value, id: AckId::UNMATCHED })
            }
            None => Err(DecodeError::new(ErrorKind::MissingAckId, self.end)),
        }
    }

    fn ack_id(&self, profile: &Profile) -> Result<Option<AckId>, DecodeError> {
        let Some(field) = self.id else { return Ok(None) };
        let id = field.value.as_integer().ok_or(field.wrong(ErrorKind::InvalidAckId))?;
        match u64::try_from(id) {
            Ok(id) if id <= AckId::MAX.0 => Ok(Some(AckId(id))),
            Ok(id) if profile.allows(Leniency::ROUNDED_ACK_ID) => {
                #[expect(clippy::cast_precision_loss, reason = "rounding is what is tolerated")]
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a u64")]
                let rounded = id as f64 as u64;
                Ok(Some(AckId(rounded)))
            }
            Err(_) if profile.allows(Leniency::NEGATIVE_ACK_ID) => Ok(Some(AckId::UNMATCHED)),
            Ok(_) => Err(field.wrong(ErrorKind::AckIdTooLarge)),
            Err(_) => Err(field.wrong(ErrorKind::InvalidAckId)),
        }
    }
}
