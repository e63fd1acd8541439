//! Where the parts of a packet lie in its text: the grammar, acted out once.
//!
//! ```text
//! packet    = type [ count "-" ] [ namespace "," ] [ ack-id ] [ json ]      count: types 5 and 6 only
//! type      = "0" to "6"
//! namespace = "/" *( any but "," )                    the comma may lack when nothing follows
//! ack-id    = 1*digit
//! ```
//!
//! Source: Socket.IO protocol, version 5, "Packet encoding"; the end of a namespace and blanks behind the
//! JSON as observed in socket.io-parser 4.2.7.

use super::{AckId, Args, Body, EventName, Namespace, Packet, placeholder};
use crate::json::window::{self, Comma};
use crate::json::{Json, Named, Scanned, scan, scan_named};
use crate::number;
use crate::{DecodeError, ErrorKind, Leniency, Profile};
use core::ops::Range;

/// A decoded packet without its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Layout {
    parts: Parts,
    /// None only where there is no payload.
    payload: Option<Range<usize>>,
}

/// What stands in front of a packet's payload, without the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Parts {
    pub(super) kind: Kind,
    /// Empty for the main namespace, unless the packet spells it out.
    pub(super) namespace: Range<usize>,
    pub(super) ack: Option<AckId>,
    pub(super) attachments: Option<u32>,
    /// Where the payload begins, if there is one.
    pub(super) payload_at: usize,
}

/// What a packet is for. Types 2 and 5 are both events, 3 and 6 both acknowledgements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `0`: a client joins a namespace, or the server confirms.
    Connect,
    /// `1`: one side leaves the namespace.
    Disconnect,
    /// `4`: the server refuses the namespace.
    ConnectError,
    /// `2`, and `5` with attachments.
    Event,
    /// `3`, and `6` with attachments: the answer to an event.
    Ack,
}

impl Parts {
    /// Reads everything up to the payload, and nothing of that.
    #[inline(always)]
    pub(super) fn of(text: &str, profile: &Profile) -> Result<Self, DecodeError> {
        let bytes = text.as_bytes();
        let (kind, binary, mut at) = packet_type(text, profile)?;
        let mut attachments = None;
        if binary {
            let (count, behind) = attachment_count(text, at, profile)?;
            (attachments, at) = (Some(count), behind);
        }
        let mut namespace = at..at;
        if bytes.get(at) == Some(&b'/') {
            namespace.end = namespace_end(bytes, at, profile)?;
            // The comma may lack only where the text ends.
            at = bytes.len().min(namespace.end + 1);
        }
        let (ack, payload_at) = ack_id(text, at, profile)?;
        let control = matches!(kind, Kind::Connect | Kind::Disconnect | Kind::ConnectError);
        if control && ack.is_some() && !profile.allows(Leniency::ACK_ID_ON_CONTROL) {
            return Err(DecodeError::new(ErrorKind::UnexpectedAckId, at));
        }
        if kind == Kind::Ack && ack.is_none() && !profile.allows(Leniency::ACK_WITHOUT_ID) {
            return Err(DecodeError::new(ErrorKind::MissingAckId, at));
        }
        Ok(Self { kind, namespace, ack, attachments, payload_at })
    }

    /// The namespace, given the text that the parts were read from.
    #[inline(always)]
    pub(super) fn namespace<'a>(&self, text: &'a str) -> Namespace<'a> {
        if self.namespace.is_empty() {
            return Namespace::ROOT;
        }
        text.get(self.namespace.clone()).map_or(Namespace::ROOT, Namespace::proven)
    }
}

impl Layout {
    /// Reads a packet.
    #[inline]
    pub(super) fn of(text: &str, profile: &Profile) -> Result<Self, DecodeError> {
        Self::complete(Parts::of(text, profile)?, text, profile)
    }

    /// Reads the payload of a packet whose other parts are read.
    #[inline]
    pub(super) fn complete(parts: Parts, text: &str, profile: &Profile) -> Result<Self, DecodeError> {
        let payload = payload(text, parts.payload_at, parts.kind, profile)?;
        let layout = Self { parts, payload };
        if let Some(count) = layout.parts.attachments {
            let (start, args) =
                (layout.payload.as_ref().map_or(0, |payload| payload.start), layout.args(text));
            placeholder::check(args, count, profile).map_err(|error| error.shifted(start))?;
        }
        Ok(layout)
    }

    /// The packet, given the text that it was read from.
    #[inline]
    pub(super) fn packet<'a>(&self, text: &'a str) -> Packet<'a> {
        let Parts { ack, attachments, .. } = self.parts;
        let body = match self.parts.kind {
            Kind::Connect => Body::Connect(self.json(text)),
            Kind::Disconnect => Body::Disconnect,
            Kind::ConnectError => Body::ConnectError(self.json(text).unwrap_or_default()),
            Kind::Event => Body::Event { args: self.args(text), ack, attachments },
            Kind::Ack => {
                Body::Ack { args: self.args(text), id: ack.unwrap_or(AckId::UNMATCHED), attachments }
            }
        };
        Packet { namespace: self.parts.namespace(text), body }
    }

    pub(super) fn attachments(&self) -> u32 {
        self.parts.attachments.unwrap_or(0)
    }

    fn json<'a>(&self, text: &'a str) -> Option<Json<'a>> {
        let range = self.payload.as_ref()?;
        Some(Json::cut(text, range.start, range.end))
    }

    fn args<'a>(&self, text: &'a str) -> Args<'a> {
        self.payload.as_ref().map_or(Args::EMPTY, |range| Args::cut(text, range.start, range.end))
    }
}

/// The type, whether it is a binary one, and what follows it.
#[inline(always)]
fn packet_type(text: &str, profile: &Profile) -> Result<(Kind, bool, usize), DecodeError> {
    let (kind, binary) = match text.as_bytes().first() {
        Some(b'2') => (Kind::Event, false),
        Some(b'3') => (Kind::Ack, false),
        Some(b'0') => (Kind::Connect, false),
        Some(b'1') => (Kind::Disconnect, false),
        Some(b'4') => (Kind::ConnectError, false),
        Some(b'5') => (Kind::Event, true),
        Some(b'6') => (Kind::Ack, true),
        _ => return blank_type(text, profile),
    };
    Ok((kind, binary, 1))
}

#[cold]
fn blank_type(text: &str, profile: &Profile) -> Result<(Kind, bool, usize), DecodeError> {
    let lenient = profile.allows(Leniency::BLANK_TYPE);
    match text.chars().next() {
        None if lenient => Ok((Kind::Connect, false, 0)),
        None => Err(DecodeError::new(ErrorKind::EmptyPacket, 0)),
        Some(blank) if lenient && number::is_blank(blank) => Ok((Kind::Connect, false, blank.len_utf8())),
        Some(_) => Err(DecodeError::new(ErrorKind::UnknownPacketType, 0)),
    }
}

/// How many attachments are announced at `at`, and what follows the dash.
#[inline(always)]
fn attachment_count(text: &str, at: usize, profile: &Profile) -> Result<(u32, usize), DecodeError> {
    // Nearly every count is one digit.
    match text.as_bytes().get(at..).and_then(<[u8]>::first_chunk) {
        Some([digit @ b'1'..=b'9', b'-']) if u32::from(digit - b'0') <= profile.limits.max_attachments => {
            Ok((u32::from(digit - b'0'), at + 2))
        }
        _ => any_attachment_count(text, at, profile),
    }
}

#[inline(never)]
fn any_attachment_count(text: &str, at: usize, profile: &Profile) -> Result<(u32, usize), DecodeError> {
    let invalid = |offset| DecodeError::new(ErrorKind::InvalidAttachmentCount, offset);
    let bytes = text.as_bytes();
    let digits = count_digits(bytes, at);
    let (count, dash) = if digits > at && bytes.get(digits) == Some(&b'-') {
        (number::decimal(bytes.get(at..digits).unwrap_or_default()).unwrap_or(u64::MAX), digits)
    } else if profile.allows(Leniency::LOOSE_ATTACHMENT_COUNT) {
        let rest = bytes.get(at..).unwrap_or_default();
        let dash = at + memchr::memchr(b'-', rest).ok_or_else(|| invalid(bytes.len()))?;
        let count = text.get(at..dash).and_then(number::loose).ok_or_else(|| invalid(at))?;
        (count, dash)
    } else {
        return Err(invalid(digits));
    };
    if count == 0 && !profile.allows(Leniency::NO_ATTACHMENTS) {
        return Err(DecodeError::new(ErrorKind::NoAttachments, at));
    }
    match u32::try_from(count) {
        Ok(count) if count <= profile.limits.max_attachments => Ok((count, dash + 1)),
        _ => Err(DecodeError::new(ErrorKind::TooManyAttachments, at)),
    }
}

/// Where the namespace that begins at `at` ends: at its comma, or with the text.
#[inline(always)]
fn namespace_end(bytes: &[u8], at: usize, profile: &Profile) -> Result<usize, DecodeError> {
    let end = window::find::<Comma>(bytes, at);
    let longest = at.saturating_add(profile.limits.max_namespace_bytes);
    if end > longest { Err(DecodeError::new(ErrorKind::NamespaceTooLong, longest)) } else { Ok(end) }
}

/// The acknowledgement id at `at`, if there is one, and what follows it.
#[inline(always)]
fn ack_id(text: &str, at: usize, profile: &Profile) -> Result<(Option<AckId>, usize), DecodeError> {
    let bytes = text.as_bytes();
    let (mut end, mut id) = (at, 0_u64);
    match bytes.get(at) {
        // What usually follows is neither a digit nor a blank.
        None | Some(b'[' | b'{') => return Ok((None, at)),
        Some(b'0'..=b'9') => {}
        Some(_) => return any_ack_id(text, at, profile),
    }
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        id = id.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        end += 1;
    }
    // With fifteen digits it is below 2^53, and only what is certain to follow an id is no blank.
    if end - at <= 15 && matches!(bytes.get(end), Some(b'[' | b'{')) {
        return Ok((Some(AckId(id)), end));
    }
    any_ack_id(text, at, profile)
}

#[inline(never)]
fn any_ack_id(text: &str, at: usize, profile: &Profile) -> Result<(Option<AckId>, usize), DecodeError> {
    let bytes = text.as_bytes();
    if profile.allows(Leniency::BLANK_ACK_ID) {
        return Ok(blank_ack_id(text, at));
    }
    let end = count_digits(bytes, at);
    if end == at {
        return Ok((None, at));
    }
    match number::decimal(bytes.get(at..end).unwrap_or_default()) {
        Some(id) if id <= AckId::MAX.0 => Ok((Some(AckId(id)), end)),
        _ if profile.allows(Leniency::ROUNDED_ACK_ID) => {
            Ok((Some(text.get(at..end).map_or(AckId::UNMATCHED, rounded_id)), end))
        }
        _ => Err(DecodeError::new(ErrorKind::AckIdTooLarge, at)),
    }
}

/// Like [`ack_id`], with blanks among the digits: around them they vanish, between them they make an id
/// that is not a number.
fn blank_ack_id(text: &str, at: usize) -> (Option<AckId>, usize) {
    let rest = text.get(at..).unwrap_or_default();
    let len = rest.find(|c: char| !c.is_ascii_digit() && !number::is_blank(c)).unwrap_or(rest.len());
    let id = (len > 0).then(|| rest.get(..len).map_or(AckId::UNMATCHED, rounded_id));
    (id, at + len)
}

/// What `Number()` makes of an acknowledgement id: the nearest double.
fn rounded_id(text: &str) -> AckId {
    number::loose(text).map_or(AckId::UNMATCHED, AckId)
}

fn count_digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The payload that begins at `at`, checked for what the packet's type asks.
fn payload(
    text: &str,
    at: usize,
    kind: Kind,
    profile: &Profile,
) -> Result<Option<Range<usize>>, DecodeError> {
    let Some(first) = text.as_bytes().get(at) else {
        return match kind {
            Kind::Connect | Kind::Disconnect => Ok(None),
            _ if profile.allows(Leniency::MISSING_PAYLOAD) => Ok(None),
            _ => Err(DecodeError::new(ErrorKind::MissingPayload, at)),
        };
    };
    let wrong = match kind {
        Kind::Disconnect => Some(ErrorKind::UnexpectedPayload),
        Kind::Connect if *first != b'{' => Some(ErrorKind::ExpectedObject),
        Kind::ConnectError if profile.allows(Leniency::ERROR_VALUE) => None,
        Kind::ConnectError if *first == b'"' && profile.allows(Leniency::CONNECT_ERROR_STRING) => None,
        Kind::ConnectError if *first != b'{' => Some(ErrorKind::ExpectedObject),
        Kind::Event | Kind::Ack if *first != b'[' => Some(ErrorKind::ExpectedArray),
        _ => None,
    };
    if let Some(kind) = wrong {
        return Err(DecodeError::new(kind, at));
    }
    let max_depth = profile.limits.max_depth;
    if kind != Kind::Event {
        let Scanned { start, end } = scan(text, at, max_depth)?;
        return Ok(Some(start..end));
    }
    match scan_named(text, at, max_depth)? {
        Some(Named { array, name }) => {
            unreserved(text, name, profile)?;
            Ok(Some(array.start..array.end))
        }
        None => Err(nameless(text, at, scan(text, at, max_depth)?)),
    }
}

/// Checks that an event's name, a string or a number, is not kept for other things.
fn unreserved(text: &str, name: Scanned, profile: &Profile) -> Result<(), DecodeError> {
    let Some(text) = Json::cut(text, name.start, name.end).as_json_str() else { return Ok(()) };
    if EventName::Text(text).is_reserved() && !profile.allows(Leniency::RESERVED_EVENT_NAME) {
        return Err(DecodeError::new(ErrorKind::ReservedEventName, name.start));
    }
    Ok(())
}

/// What is wrong with an array that begins with neither a string nor a number.
#[cold]
fn nameless(text: &str, at: usize, array: Scanned) -> DecodeError {
    let mut elements = Args::cut(text, array.start, array.end).iter();
    match elements.next() {
        None => DecodeError::new(ErrorKind::MissingEventName, at),
        Some(first) => {
            let offset = at + elements.position() - first.as_str().len();
            DecodeError::new(ErrorKind::InvalidEventName, offset)
        }
    }
}
