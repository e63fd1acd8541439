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

use super::{AckId, Args, Body, EventName, Namespace, Packet, args, placeholder};
use crate::json::window::{self, Comma};
use crate::json::{Json, Name, Named, scan, scan_named};
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
        let (kind, binary, at) = packet_type(text, profile)?;
        Self::behind_type(text, kind, binary, at, profile)
    }

    /// Reads what follows the type, up to the payload.
    #[inline(always)]
    fn behind_type(
        text: &str,
        kind: Kind,
        binary: bool,
        mut at: usize,
        profile: &Profile,
    ) -> Result<Self, DecodeError> {
        let bytes = text.as_bytes();
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

    /// Reads the payload and checks it for what the other parts ask; none only where there is none.
    #[inline(always)]
    pub(super) fn payload<'a>(
        &self,
        text: &'a str,
        profile: &Profile,
    ) -> Result<Option<Json<'a>>, DecodeError> {
        let payload = payload(text, self.payload_at, self.kind, profile)?;
        if let Some(count) = self.attachments {
            let args = payload.map_or(Args::EMPTY, Args::proven);
            placeholder::check(args, count, profile).map_err(|error| error.shifted(self.payload_at))?;
        }
        Ok(payload)
    }

    /// The packet, given its text and its payload.
    #[inline(always)]
    pub(super) fn with_payload<'a>(&self, text: &'a str, payload: Option<Json<'a>>) -> Packet<'a> {
        let (ack, attachments) = (self.ack, self.attachments);
        let args = || payload.map_or(Args::EMPTY, Args::proven);
        let body = match self.kind {
            Kind::Connect => Body::Connect(payload),
            Kind::Disconnect => Body::Disconnect,
            Kind::ConnectError => Body::ConnectError(payload.unwrap_or_default()),
            Kind::Event => Body::Event { args: args(), ack, attachments },
            Kind::Ack => Body::Ack { args: args(), id: ack.unwrap_or(AckId::UNMATCHED), attachments },
        };
        Packet { namespace: self.namespace(text), body }
    }
}

impl Layout {
    /// Reads a packet.
    pub(super) fn of(text: &str, profile: &Profile) -> Result<Self, DecodeError> {
        let parts = Parts::of(text, profile)?;
        let payload = parts.payload(text, profile)?.map(|json| range_in(text, json.as_str()));
        Ok(Self { parts, payload })
    }

    /// The packet, given the text that it was read from.
    pub(super) fn packet<'a>(&self, text: &'a str) -> Packet<'a> {
        let payload = self.payload.as_ref().map(|range| Json::cut(text, range.start, range.end));
        self.parts.with_payload(text, payload)
    }

    pub(super) fn attachments(&self) -> u32 {
        self.parts.attachments.unwrap_or(0)
    }
}

/// Where a part of a text lies in it.
fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    start..start + part.len()
}

/// Reads a packet.
#[inline]
pub(super) fn packet<'a>(text: &'a str, profile: &Profile) -> Result<Packet<'a>, DecodeError> {
    // A copy of the code for each type, in which the type is no question any more.
    match packet_type(text, profile)? {
        (Kind::Event, false, at) => packet_of(Kind::Event, false, text, at, profile),
        (Kind::Event, true, at) => packet_of(Kind::Event, true, text, at, profile),
        (Kind::Ack, false, at) => packet_of(Kind::Ack, false, text, at, profile),
        (Kind::Ack, true, at) => packet_of(Kind::Ack, true, text, at, profile),
        (kind, _, at) => packet_of(kind, false, text, at, profile),
    }
}

/// Reads what follows a packet's type.
#[inline(always)]
fn packet_of<'a>(
    kind: Kind,
    binary: bool,
    text: &'a str,
    at: usize,
    profile: &Profile,
) -> Result<Packet<'a>, DecodeError> {
    let parts = Parts::behind_type(text, kind, binary, at, profile)?;
    Ok(parts.with_payload(text, parts.payload(text, profile)?))
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
    match bytes.get(at) {
        // What usually follows is neither a digit nor a blank.
        None | Some(b'[' | b'{') => return Ok((None, at)),
        Some(b'0'..=b'9') => {}
        Some(_) => return any_ack_id(text, at, profile),
    }
    let (mut end, mut id) = (at, 0_u64);
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
#[inline(always)]
fn payload<'a>(
    text: &'a str,
    at: usize,
    kind: Kind,
    profile: &Profile,
) -> Result<Option<Json<'a>>, DecodeError> {
    let first = text.as_bytes().get(at).copied();
    let (max_depth, wrong) = (profile.limits.max_depth, |kind| Err(DecodeError::new(kind, at)));
    match (kind, first) {
        (Kind::Event, Some(b'[')) => match scan_named(text, at, max_depth)? {
            Some(Named { array, name }) => {
                unreserved(name, profile)?;
                return Ok(Some(array.of(text)));
            }
            None => return Err(nameless(text, at, scan(text, at, max_depth)?.of(text))),
        },
        (Kind::Ack, Some(b'[')) | (Kind::Connect | Kind::ConnectError, Some(b'{')) => {}
        (Kind::Connect | Kind::Disconnect, None) => return Ok(None),
        (_, None) if profile.allows(Leniency::MISSING_PAYLOAD) => return Ok(None),
        (_, None) => return wrong(ErrorKind::MissingPayload),
        (Kind::ConnectError, _) if profile.allows(Leniency::ERROR_VALUE) => {}
        (Kind::ConnectError, Some(b'"')) if profile.allows(Leniency::CONNECT_ERROR_STRING) => {}
        (Kind::Connect | Kind::ConnectError, _) => return wrong(ErrorKind::ExpectedObject),
        (Kind::Event | Kind::Ack, _) => return wrong(ErrorKind::ExpectedArray),
        (Kind::Disconnect, _) => return wrong(ErrorKind::UnexpectedPayload),
    }
    Ok(Some(scan(text, at, max_depth)?.of(text)))
}

/// Checks that an event's name is not kept for other things.
#[inline(always)]
fn unreserved(name: Name<'_>, profile: &Profile) -> Result<(), DecodeError> {
    match name {
        Name::Text { raw, at, plain: true } if args::is_reserved(raw.raw()) => reserved(at, profile),
        Name::Text { raw, at, plain: false } if EventName::Text(raw).is_reserved() => reserved(at, profile),
        _ => Ok(()),
    }
}

#[cold]
fn reserved(at: usize, profile: &Profile) -> Result<(), DecodeError> {
    if profile.allows(Leniency::RESERVED_EVENT_NAME) {
        return Ok(());
    }
    Err(DecodeError::new(ErrorKind::ReservedEventName, at))
}

/// What is wrong with an array that begins with neither a string nor a number.
#[cold]
fn nameless(text: &str, at: usize, array: Json<'_>) -> DecodeError {
    let mut elements = array.array_elements();
    match elements.next() {
        None => DecodeError::new(ErrorKind::MissingEventName, at),
        Some(first) => DecodeError::new(ErrorKind::InvalidEventName, range_in(text, first.as_str()).start),
    }
}
