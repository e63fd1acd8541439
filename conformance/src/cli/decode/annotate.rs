//! What each part of a packet means, and where it lies.

use std::ops::Range;

use siospec_codec::{
    DecodeError, ErrorKind,
    engine::{self, Data, Handshake},
    json::{Json, Kind},
    socket::{self, Args, Body, placeholders},
};

/// Everything about an input: its packets up to the first error.
#[derive(Debug, Default)]
pub(super) struct Annotation {
    pub(super) packets: Vec<Packet>,
    pub(super) error: Option<DecodeError>,
    /// Announced attachments that did not come.
    pub(super) missing: u32,
    announced: u32,
}

/// A packet and its parts.
#[derive(Debug)]
pub(super) struct Packet {
    /// In bytes of the input.
    pub(super) range: Range<usize>,
    pub(super) parts: Vec<Part>,
}

/// A part of a packet. Parts that lie inside another one follow it.
#[derive(Debug)]
pub(super) struct Part {
    /// In bytes of the input.
    pub(super) range: Range<usize>,
    /// How many parts it lies in.
    pub(super) depth: usize,
    pub(super) meaning: String,
}

impl Annotation {
    /// Annotates what an Engine.IO text frame or polling body holds.
    pub(super) fn of_engine(text: &str) -> Self {
        let mut annotation = Self::default();
        for (piece, packet) in text.split(engine::payload::SEPARATOR).zip(engine::packets(text)) {
            let at = within(text, piece).map_or(0, |range| range.start);
            let mut parts = Parts { text, list: Vec::new() };
            let result = packet.and_then(|packet| annotation.engine(&mut parts, at, piece, packet));
            if let Err(error) = result {
                annotation.error = Some(error);
                break;
            }
            annotation.packets.push(Packet { range: at..at + piece.len(), parts: parts.list });
        }
        annotation
    }

    /// Annotates a Socket.IO packet.
    pub(super) fn of_socket(text: &str) -> Self {
        let mut annotation = Self::default();
        let mut parts = Parts { text, list: Vec::new() };
        match annotation.socket(&mut parts, 0, text) {
            Ok(()) => annotation.packets.push(Packet { range: 0..text.len(), parts: parts.list }),
            Err(error) => annotation.error = Some(error),
        }
        annotation
    }

    fn engine(
        &mut self,
        parts: &mut Parts<'_>,
        at: usize,
        piece: &str,
        packet: engine::Packet<'_>,
    ) -> Result<(), DecodeError> {
        let data = at + 1..at + piece.len();
        let mut plain = |meaning: &str, of_data: &str| {
            parts.add(at..at + 1, 0, meaning);
            if !data.is_empty() {
                parts.add(data.clone(), 0, of_data);
            }
        };
        match packet {
            engine::Packet::Open(json) => {
                parts.add(at..at + 1, 0, "Engine.IO open: the server opens a session");
                Handshake::decode(json).map_err(|error| error.shifted(at + 1))?;
                let json = Json::parse(json).map_err(|error| error.shifted(at + 1))?;
                parts.object(json, "the handshake", handshake_field);
            }
            engine::Packet::Close => plain("Engine.IO close: the session ends", "ignored"),
            engine::Packet::Ping("probe") => {
                plain("Engine.IO ping", "a probe: the client tries this transport before it upgrades");
            }
            engine::Packet::Ping(_) => {
                plain("Engine.IO ping: the server asks whether the client lives", "its data")
            }
            engine::Packet::Pong("probe") => {
                plain("Engine.IO pong", "the answer to a probe: the transport works");
            }
            engine::Packet::Pong(_) => plain("Engine.IO pong: the client lives", "its data"),
            engine::Packet::Upgrade => {
                plain("Engine.IO upgrade: the client moves to this transport", "ignored")
            }
            engine::Packet::Noop => plain("Engine.IO noop: nothing, releases a waiting poll", "ignored"),
            engine::Packet::Message(Data::Text(text)) => {
                parts.add(at..at + 1, 0, "Engine.IO message, text");
                if self.missing > 0 {
                    return Err(DecodeError::new(ErrorKind::TextInsteadOfAttachment, at));
                }
                self.socket(parts, at + 1, text)?;
            }
            engine::Packet::Message(Data::Base64(base64)) => {
                plain("Engine.IO message, binary as base64", &self.attachment(base64.decoded_len()));
            }
            // No text decodes to this: it is what a binary WebSocket frame is.
            engine::Packet::Message(Data::Binary(bytes)) => {
                plain("Engine.IO message, binary", &self.attachment(bytes.len()));
            }
        }
        Ok(())
    }

    fn attachment(&mut self, bytes: usize) -> String {
        let bytes = count(bytes, "byte");
        if self.missing == 0 {
            return format!("{bytes}; no packet here announced an attachment");
        }
        let number = self.announced - self.missing;
        self.missing -= 1;
        format!("{bytes}: attachment {number} of {}", self.announced)
    }

    fn socket(&mut self, parts: &mut Parts<'_>, at: usize, text: &str) -> Result<(), DecodeError> {
        let packet = socket::Packet::decode(text).map_err(|error| error.shifted(at))?;
        self.announced = packet.attachments();
        self.missing = self.announced;
        let kind = match packet.body {
            Body::Connect(_) => "CONNECT: joins the namespace, or confirms that",
            Body::Disconnect => "DISCONNECT: leaves the namespace",
            Body::ConnectError(_) => "CONNECT_ERROR: the namespace refuses",
            Body::Event { attachments: None, .. } => "EVENT",
            Body::Event { .. } => "BINARY_EVENT",
            Body::Ack { attachments: None, .. } => "ACK",
            Body::Ack { .. } => "BINARY_ACK",
        };
        parts.add(at..at + 1, 0, format!("Socket.IO {kind}"));
        let next = parts.head(at + 1, &packet);
        match packet.body {
            Body::Connect(Some(json)) => parts.object(json, "the payload", |_, _| None),
            Body::ConnectError(json) => parts.object(json, "why", |_, _| None),
            Body::Connect(None) | Body::Disconnect => {}
            Body::Event { args, ack, .. } => {
                parts.ack(next, ack.is_some(), "asks for an acknowledgement under this id");
                let name = args.event_name().map(|name| name.to_string()).unwrap_or_default();
                let arguments = count(args.len().saturating_sub(1), "argument");
                parts.args(args, &format!("the event {name:?} with {arguments}"), Some("its name"));
            }
            Body::Ack { args, .. } => {
                parts.ack(next, true, "acknowledges the event of this id");
                parts.args(args, &format!("the answer: {}", count(args.len(), "argument")), None);
            }
        }
        Ok(())
    }
}

/// The parts of one packet, and the input they lie in.
struct Parts<'a> {
    text: &'a str,
    list: Vec<Part>,
}

impl Parts<'_> {
    fn add(&mut self, range: Range<usize>, depth: usize, meaning: impl Into<String>) {
        self.list.push(Part { range, depth, meaning: meaning.into() });
    }

    /// Attachment count and namespace; gives where the rest begins.
    fn head(&mut self, mut at: usize, packet: &socket::Packet<'_>) -> usize {
        if let Body::Event { attachments: Some(number), .. } | Body::Ack { attachments: Some(number), .. } =
            packet.body
        {
            let digits = self.digits(at);
            let attachments = if number == 1 { "attachment follows" } else { "attachments follow" };
            self.add(at..at + digits + 1, 0, format!("{number} {attachments}, each in a message of its own"));
            at += digits + 1;
        }
        let Some(range) = within(self.text, packet.namespace.as_str()) else {
            // Left out: the main namespace.
            return at;
        };
        let comma = usize::from(self.text.as_bytes().get(range.end) == Some(&b','));
        let end = range.end + comma;
        self.add(range, 0, "the namespace");
        end
    }

    fn ack(&mut self, at: usize, is_there: bool, meaning: &str) {
        if is_there {
            self.add(at..at + self.digits(at), 0, meaning);
        }
    }

    fn args(&mut self, args: Args<'_>, meaning: &str, name: Option<&str>) {
        let Some(whole) = within(self.text, args.as_str()) else { return };
        let start = whole.start;
        self.add(whole, 0, meaning);
        let mut stand_ins: Vec<_> = placeholders(args).collect();
        for (number, argument) in args.iter().enumerate() {
            let Some(range) = within(self.text, argument.as_str()) else { continue };
            let meaning = match name {
                Some(name) if number == 0 => name.to_owned(),
                _ => format!("argument {}, {}", number + usize::from(name.is_none()), kind(argument)),
            };
            self.add(range.clone(), 1, meaning);
            stand_ins.retain(|placeholder| {
                let place = start + placeholder.range.start..start + placeholder.range.end;
                let inside = range.contains(&place.start);
                if inside {
                    self.add(place, 2, format!("stands for attachment {}", placeholder.num));
                }
                !inside
            });
        }
    }

    fn object(&mut self, json: Json<'_>, meaning: &str, explain: fn(&str, Json<'_>) -> Option<String>) {
        let Some(whole) = within(self.text, json.as_str()) else { return };
        self.add(whole, 0, meaning);
        for (name, value) in json.members().into_iter().flatten() {
            let Some(range) = within(self.text, value.as_str()) else { continue };
            let name = name.unescape();
            let meaning = explain(&name, value).unwrap_or_else(|| format!("{name}, {}", kind(value)));
            self.add(range, 1, meaning);
        }
    }

    fn digits(&self, at: usize) -> usize {
        self.text.bytes().skip(at).take_while(u8::is_ascii_digit).count()
    }
}

fn handshake_field(name: &str, value: Json<'_>) -> Option<String> {
    Some(match name {
        "sid" => "sid: the session id, which every later request carries".to_owned(),
        "upgrades" => "upgrades: the transports that the session may move to".to_owned(),
        "pingInterval" => format!("pingInterval: a ping every {value} ms"),
        "pingTimeout" => format!("pingTimeout: each to be answered within {value} ms"),
        "maxPayload" => format!("maxPayload: at most {value} bytes in a payload"),
        _ => return None,
    })
}

fn kind(json: Json<'_>) -> &'static str {
    match json.kind() {
        Kind::Null => "null",
        Kind::Bool => "a truth value",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Where `inner` lies in `outer`, if it is a part of it and not merely equal to one.
fn within(outer: &str, inner: &str) -> Option<Range<usize>> {
    let start = (inner.as_ptr() as usize).checked_sub(outer.as_ptr() as usize)?;
    let end = start + inner.len();
    (end <= outer.len()).then_some(start..end)
}
