//! Socket.IO packets of text.

use siospec_codec::{
    DecodeError,
    socket::{self, Args, Body, placeholders},
};

use super::{
    Packet, Parser, Reader, messagepack,
    parts::{Parts, count, kind},
};

impl Reader {
    /// A Socket.IO packet without an Engine.IO packet around it.
    pub(super) fn message(&mut self, packets: &mut Vec<Packet>, input: &[u8]) -> Result<(), DecodeError> {
        let mut parts = Parts::of(input);
        let range = 0..input.len();
        if self.dialect.parser == Parser::Msgpack {
            messagepack::annotate(&mut parts, 0, input)?;
            packets.push(parts.into_binary_packet(range));
            return Ok(());
        }
        let text = std::str::from_utf8(input)
            .map_err(|error| DecodeError::new(siospec_codec::ErrorKind::InvalidUtf8, error.valid_up_to()))?;
        self.socket(&mut parts, 0, text)?;
        packets.push(parts.into_packet(range));
        Ok(())
    }

    /// Annotates a packet that begins at `at` of the input.
    pub(super) fn socket(&mut self, parts: &mut Parts<'_>, at: usize, text: &str) -> Result<(), DecodeError> {
        let packet = socket::Packet::decode(text).map_err(|error| error.shifted(at))?;
        self.expect(packet.attachments());
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
        let next = head(parts, at + 1, &packet);
        match packet.body {
            Body::Connect(Some(json)) => parts.object(json, "the payload", |_, _| None),
            Body::ConnectError(json) => parts.object(json, "why", |_, _| None),
            Body::Connect(None) | Body::Disconnect => {}
            Body::Event { args, ack, .. } => {
                if ack.is_some() {
                    let digits = next..next + parts.digits(next);
                    parts.add(digits, 0, "asks for an acknowledgement under this id");
                }
                let name = args.event_name().map(|name| name.to_string()).unwrap_or_default();
                let arguments = count(args.len().saturating_sub(1), "argument");
                arguments_of(parts, args, &format!("the event {name:?} with {arguments}"), Some("its name"));
            }
            Body::Ack { args, .. } => {
                parts.add(next..next + parts.digits(next), 0, "acknowledges the event of this id");
                let answer = format!("the answer: {}", count(args.len(), "argument"));
                arguments_of(parts, args, &answer, None);
            }
        }
        Ok(())
    }
}

/// Attachment count and namespace; gives where the rest begins.
fn head(parts: &mut Parts<'_>, mut at: usize, packet: &socket::Packet<'_>) -> usize {
    if let Body::Event { attachments: Some(number), .. } | Body::Ack { attachments: Some(number), .. } =
        packet.body
    {
        let digits = parts.digits(at);
        let attachments = if number == 1 { "attachment follows" } else { "attachments follow" };
        parts.add(at..at + digits + 1, 0, format!("{number} {attachments}, each in a message of its own"));
        at += digits + 1;
    }
    let Some(range) = parts.place(packet.namespace.as_str().as_bytes()) else {
        // Left out: the main namespace.
        return at;
    };
    let comma = usize::from(parts.input.get(range.end) == Some(&b','));
    let end = range.end + comma;
    parts.add(range, 0, "the namespace");
    end
}

fn arguments_of(parts: &mut Parts<'_>, args: Args<'_>, meaning: &str, name: Option<&str>) {
    let Some(whole) = parts.place(args.as_str().as_bytes()) else { return };
    let start = whole.start;
    parts.add(whole, 0, meaning);
    let mut stand_ins: Vec<_> = placeholders(args).collect();
    for (number, argument) in args.iter().enumerate() {
        let Some(range) = parts.place(argument.as_str().as_bytes()) else { continue };
        let meaning = match name {
            Some(name) if number == 0 => name.to_owned(),
            _ => format!("argument {}, {}", number + usize::from(name.is_none()), kind(argument)),
        };
        parts.add(range.clone(), 1, meaning);
        stand_ins.retain(|placeholder| {
            let place = start + placeholder.range.start..start + placeholder.range.end;
            let inside = range.contains(&place.start);
            if inside {
                parts.add(place, 2, format!("stands for attachment {}", placeholder.num));
            }
            !inside
        });
    }
}
