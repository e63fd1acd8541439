//! Socket.IO packets as scenarios write and compare them: plain values, attachments in their places.

use std::fmt;

use serde_json::{Map, Value, json};
use siospec_codec::{
    Encode, Leniency, Limits, Profile, msgpack,
    socket::{AckId, Args, Assembler, Body, Message, Namespace, Packet},
};

use super::websocket::hex;

/// A Socket.IO packet with its attachments.
///
/// Whether a text at the end of an event is an offset cannot be seen: packets are the same if they are with what was
/// taken off, or without it.
#[derive(Debug, Clone)]
pub struct Sio {
    /// The namespace.
    pub namespace: String,
    /// What it is.
    pub kind: Kind,
    /// CONNECT and CONNECT_ERROR: the payload; events and acknowledgements: the arguments, an array.
    pub data: Value,
    /// The acknowledgement id.
    pub id: Option<u64>,
    /// Whether it was sent as a binary packet.
    pub binary: bool,
    /// What was taken off the arguments of an event from a server whose sessions can come back.
    pub offset: Option<String>,
}

impl PartialEq for Sio {
    fn eq(&self, other: &Self) -> bool {
        let same = self.namespace == other.namespace
            && self.kind == other.kind
            && self.id == other.id
            && self.binary == other.binary;
        same && (self.data == other.data || self.whole() == other.whole())
    }
}

/// The kinds of Socket.IO packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Joins a namespace.
    Connect,
    /// Leaves a namespace.
    Disconnect,
    /// An event, binary or not.
    Event,
    /// An acknowledgement, binary or not.
    Ack,
    /// A refusal to join.
    ConnectError,
}

/// The key of a value that stands for an attachment: `{"$bytes": "0102ff"}`.
const BYTES: &str = "$bytes";

/// An attachment, as a value among arguments.
pub fn bytes(bytes: &[u8]) -> Value {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ BYTES: digits })
}

/// An event for the main namespace.
pub fn event(name: &str, args: impl IntoIterator<Item = Value>) -> Sio {
    let data: Vec<Value> = [Value::from(name)].into_iter().chain(args).collect();
    Sio::new(Kind::Event, Value::Array(data))
}

/// An acknowledgement for the main namespace.
pub fn ack(id: u64, args: impl IntoIterator<Item = Value>) -> Sio {
    Sio { id: Some(id), ..Sio::new(Kind::Ack, Value::Array(args.into_iter().collect())) }
}

/// A request to join the main namespace; `Null` is no payload.
pub fn connect(data: Value) -> Sio {
    Sio::new(Kind::Connect, data)
}

/// A departure from the main namespace.
pub fn disconnect() -> Sio {
    Sio::new(Kind::Disconnect, Value::Null)
}

impl Sio {
    fn new(kind: Kind, data: Value) -> Self {
        let binary = has_bytes(&data);
        Self { namespace: "/".to_owned(), kind, data, id: None, binary, offset: None }
    }

    /// The same packet in another namespace.
    #[must_use]
    pub fn on(self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self }
    }

    /// The same event, asking for an acknowledgement.
    #[must_use]
    pub fn with_id(self, id: u64) -> Self {
        Self { id: Some(id), ..self }
    }

    /// The event's name, if it is an event with a textual name.
    pub fn event_name(&self) -> Option<&str> {
        (self.kind == Kind::Event).then(|| self.data.get(0).and_then(Value::as_str)).flatten()
    }

    /// Reads an Engine.IO message with a Socket.IO packet that has no attachments.
    pub fn of_text(text: &str) -> Option<Self> {
        let mut assembler = Assembler::new(Limits::DEFAULT);
        let message = assembler.text(text.strip_prefix('4')?).ok()??;
        Self::read(&message).ok()
    }

    /// Reads a MessagePack packet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn unpack(bytes: &[u8]) -> Result<Self, String> {
        let limits = Limits { max_attachments: u32::MAX, ..Limits::DEFAULT };
        // Errors that servers in use send are understood, since most rules are not about them.
        let profile = Profile { leniency: Leniency::CONNECT_ERROR_STRING, limits };
        let packet = msgpack::Packet::decode_as(bytes, &profile).map_err(|error| error.to_string())?;
        let msgpack::Transcoded { text, attachments } = msgpack::to_socket(&packet);
        let mut assembler = Assembler::with_profile(profile);
        let mut message = assembler.text(&text).map_err(|error| error.to_string())?;
        for attachment in attachments {
            message = assembler.binary(attachment.to_vec()).map_err(|error| error.to_string())?;
        }
        Self::read(&message.ok_or("attachments that no placeholder names")?)
    }

    /// The packet as MessagePack.
    pub fn pack(&self) -> Vec<u8> {
        let (text, attachments) = self.write();
        let limits = Limits { max_attachments: u32::MAX, ..Limits::DEFAULT };
        let packet = Packet::decode_as(&text, &Profile::strict(limits)).expect("it was just written");
        let mut bytes = Vec::new();
        msgpack::from_socket(&packet, &attachments, &mut bytes).expect("all attachments are there");
        bytes
    }

    /// Reads a packet that has all its attachments.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(message: &Message<Vec<u8>>) -> Result<Self, String> {
        let packet = message.packet();
        let json = |text: &str| serde_json::from_str(text).map_err(|error| format!("{error} in {text}"));
        let filled = |args: &Args<'_>| -> Result<Value, String> {
            let mut args = json(args.as_str())?;
            fill(&mut args, &message.attachments)?;
            Ok(args)
        };
        let (kind, data, id, binary) = match &packet.body {
            Body::Connect(payload) => {
                let payload = payload.as_ref().map_or(Ok(Value::Null), |payload| json(payload.as_str()))?;
                (Kind::Connect, payload, None, false)
            }
            Body::Disconnect => (Kind::Disconnect, Value::Null, None, false),
            Body::ConnectError(payload) => (Kind::ConnectError, json(payload.as_str())?, None, false),
            Body::Event { args, ack, attachments: None } => {
                (Kind::Event, json(args.as_str())?, ack.map(|id| id.0), false)
            }
            Body::Event { args, ack, .. } => (Kind::Event, filled(args)?, ack.map(|id| id.0), true),
            Body::Ack { args, id, attachments: None } => (Kind::Ack, json(args.as_str())?, Some(id.0), false),
            Body::Ack { args, id, .. } => (Kind::Ack, filled(args)?, Some(id.0), true),
        };
        Ok(Self { namespace: packet.namespace.as_str().to_owned(), kind, data, id, binary, offset: None })
    }

    /// Takes the offset off an event that can be sent again: the last of its arguments.
    #[must_use]
    pub fn without_offset(mut self) -> Self {
        if self.kind == Kind::Event
            && self.id.is_none()
            && let Value::Array(args) = &mut self.data
            && args.len() > 1
            && let Some(offset) = args.pop_if(|last| last.is_string())
        {
            self.offset = offset.as_str().map(str::to_owned);
        }
        self
    }

    /// The data as it was sent.
    fn whole(&self) -> Value {
        let mut data = self.data.clone();
        if let (Value::Array(args), Some(offset)) = (&mut data, &self.offset) {
            args.push(Value::from(offset.as_str()));
        }
        data
    }

    /// The packet's text, without the Engine.IO type, and its attachments.
    pub fn write(&self) -> (String, Vec<Vec<u8>>) {
        let mut data = self.whole();
        let mut attachments = Vec::new();
        if self.binary {
            extract(&mut data, &mut attachments);
        }
        let json = data.to_string();
        let args = || Args::new(&json).expect("arguments are an array, by construction");
        let payload = || siospec_codec::json::Json::parse(&json).expect("a value's text is JSON");
        let count = self.binary.then(|| u32::try_from(attachments.len()).expect("scenarios attach few"));
        let body = match self.kind {
            Kind::Connect => Body::Connect((!data.is_null()).then(payload)),
            Kind::Disconnect => Body::Disconnect,
            Kind::ConnectError => Body::ConnectError(payload()),
            Kind::Event => Body::Event { args: args(), ack: self.id.map(AckId), attachments: count },
            Kind::Ack => {
                Body::Ack { args: args(), id: AckId(self.id.unwrap_or_default()), attachments: count }
            }
        };
        let namespace = Namespace::new(&self.namespace).expect("scenarios name valid namespaces");
        let packet = Packet { namespace, body };
        let mut text = Vec::with_capacity(packet.encoded_len());
        packet.encode(&mut text);
        (String::from_utf8(text).expect("packets are text"), attachments)
    }
}

impl fmt::Display for Sio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, attachments) = self.write();
        write!(f, "4{}", super::http::readable(&text))?;
        for attachment in attachments {
            write!(f, " + binary {}", hex(&attachment))?;
        }
        Ok(())
    }
}

fn has_bytes(value: &Value) -> bool {
    match value {
        Value::Object(map) if map.contains_key(BYTES) => true,
        Value::Object(map) => map.values().any(has_bytes),
        Value::Array(list) => list.iter().any(has_bytes),
        _ => false,
    }
}

/// Takes attachments out, leaving placeholders numbered from 0 in order of appearance.
fn extract(value: &mut Value, attachments: &mut Vec<Vec<u8>>) {
    match value {
        Value::Object(map) => match map.get(BYTES).and_then(Value::as_str) {
            Some(digits) => {
                let digits: Vec<char> = digits.chars().collect();
                let byte =
                    |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap_or_default();
                let placeholder = json!({ "_placeholder": true, "num": attachments.len() });
                attachments.push(digits.chunks(2).map(byte).collect());
                *value = placeholder;
            }
            None => map.values_mut().for_each(|value| extract(value, attachments)),
        },
        Value::Array(list) => list.iter_mut().for_each(|value| extract(value, attachments)),
        _ => {}
    }
}

/// Puts attachments in the places of their placeholders.
fn fill(value: &mut Value, attachments: &[Vec<u8>]) -> Result<(), String> {
    match value {
        Value::Object(map) if map.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number =
                map.get("num").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            let attachment = number.and_then(|number| attachments.get(number));
            let attachment =
                attachment.ok_or_else(|| format!("a placeholder without attachment: {}", show(map)))?;
            *value = bytes(attachment);
            Ok(())
        }
        Value::Object(map) => map.values_mut().try_for_each(|value| fill(value, attachments)),
        Value::Array(list) => list.iter_mut().try_for_each(|value| fill(value, attachments)),
        _ => Ok(()),
    }
}

fn show(map: &Map<String, Value>) -> String {
    Value::Object(map.clone()).to_string()
}
