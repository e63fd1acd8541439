//! The data of an open packet.
//!
//! Source: Engine.IO protocol, version 4, "Handshake".

use crate::json::{Json, JsonStr, quote};
use crate::{DecodeError, Encode, ErrorKind, Sink};
use alloc::borrow::Cow;
use alloc::vec::Vec;

/// What the server announces when it opens a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handshake<'a> {
    /// The session id.
    pub sid: Cow<'a, str>,
    /// The transports that the session may move to.
    pub upgrades: Vec<Cow<'a, str>>,
    /// From one ping to the next, in milliseconds.
    pub ping_interval_ms: u64,
    /// How long an answer to a ping may take, in milliseconds.
    pub ping_timeout_ms: u64,
    /// How large a payload may be, in bytes.
    pub max_payload_bytes: u64,
}

impl<'a> Handshake<'a> {
    /// Reads the data of an open packet. Unknown fields are ignored; of a repeated one the last counts.
    ///
    /// # Errors
    /// Where the text is not JSON; [`ExpectedObject`](ErrorKind::ExpectedObject),
    /// [`MissingField`](ErrorKind::MissingField) or [`InvalidField`](ErrorKind::InvalidField).
    pub fn decode(text: &'a str) -> Result<Self, DecodeError> {
        let fields = Fields::read(text)?;
        let max_payload_bytes = fields.max_payload_bytes.ok_or(fields.missing)?;
        Ok(Self { max_payload_bytes, ..fields.without_max_payload()? })
    }
}

/// Writes the JSON, without the packet type.
impl Encode for Handshake<'_> {
    fn encode(&self, sink: &mut impl Sink) {
        self.encode_without_max_payload(sink);
        sink.write(",\"maxPayload\":");
        sink.write_decimal(self.max_payload_bytes);
        sink.write("}");
    }
}

impl Handshake<'_> {
    /// Writes the first four fields, and leaves the object open.
    pub(super) fn encode_without_max_payload(&self, sink: &mut impl Sink) {
        sink.write("{\"sid\":");
        quote(&self.sid, sink);
        sink.write(",\"upgrades\":[");
        let mut separator = "";
        for upgrade in &self.upgrades {
            sink.write(separator);
            quote(upgrade, sink);
            separator = ",";
        }
        sink.write("],\"pingInterval\":");
        sink.write_decimal(self.ping_interval_ms);
        sink.write(",\"pingTimeout\":");
        sink.write_decimal(self.ping_timeout_ms);
    }
}

/// The fields that were found.
pub(super) struct Fields<'a> {
    sid: Option<Cow<'a, str>>,
    upgrades: Option<Vec<Cow<'a, str>>>,
    ping_interval_ms: Option<u64>,
    ping_timeout_ms: Option<u64>,
    max_payload_bytes: Option<u64>,
    /// What to say when one lacks.
    missing: DecodeError,
}

impl<'a> Fields<'a> {
    /// Reads an object.
    pub(super) fn read(text: &'a str) -> Result<Self, DecodeError> {
        let json = Json::parse(text)?;
        let start = text.len() - text.trim_start().len();
        let Some(mut members) = json.members() else {
            return Err(DecodeError::new(ErrorKind::ExpectedObject, start));
        };
        let mut fields = Self {
            sid: None,
            upgrades: None,
            ping_interval_ms: None,
            ping_timeout_ms: None,
            max_payload_bytes: None,
            missing: DecodeError::new(ErrorKind::MissingField, start + json.as_str().len()),
        };
        while let Some((name, value)) = members.next() {
            let field = Field { value, offset: start + members.position() - value.as_str().len() };
            match &*name.unescape() {
                "sid" => fields.sid = Some(field.string()?),
                "upgrades" => fields.upgrades = Some(field.strings()?),
                "pingInterval" => fields.ping_interval_ms = Some(field.number()?),
                "pingTimeout" => fields.ping_timeout_ms = Some(field.number()?),
                "maxPayload" => fields.max_payload_bytes = Some(field.number()?),
                _ => {}
            }
        }
        Ok(fields)
    }

    /// The handshake, whatever it says about the size of payloads.
    pub(super) fn without_max_payload(self) -> Result<Handshake<'a>, DecodeError> {
        Ok(Handshake {
            sid: self.sid.ok_or(self.missing)?,
            upgrades: self.upgrades.ok_or(self.missing)?,
            ping_interval_ms: self.ping_interval_ms.ok_or(self.missing)?,
            ping_timeout_ms: self.ping_timeout_ms.ok_or(self.missing)?,
            max_payload_bytes: u64::MAX,
        })
    }
}

/// A value and where it begins.
struct Field<'a> {
    value: Json<'a>,
    offset: usize,
}

impl<'a> Field<'a> {
    fn string(&self) -> Result<Cow<'a, str>, DecodeError> {
        self.value.as_json_str().map(JsonStr::unescape).ok_or_else(|| self.invalid())
    }

    fn strings(&self) -> Result<Vec<Cow<'a, str>>, DecodeError> {
        let elements = self.value.elements().ok_or_else(|| self.invalid())?;
        elements
            .map(|element| element.as_json_str().map(JsonStr::unescape).ok_or_else(|| self.invalid()))
            .collect()
    }

    fn number(&self) -> Result<u64, DecodeError> {
        self.value.as_u64().ok_or_else(|| self.invalid())
    }

    fn invalid(&self) -> DecodeError {
        DecodeError::new(ErrorKind::InvalidField, self.offset)
    }
}
