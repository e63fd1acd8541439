//! Decoded values as the vectors write them: plain JSON that any language can compare.

use serde_json::{Map, Value, json};
use siospec_codec::engine::{self, Base64, Data, Handshake, packets, v3};
use siospec_codec::json::Json;
use siospec_codec::msgpack;
use siospec_codec::socket::{AckId, Args, Assembler, Body, EventName, Packet};
use siospec_codec::{DecodeError, Profile};

/// What an input is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Layer {
    EnginePacket,
    Payload,
    EnginePacketV3,
    PayloadV3,
    Base64,
    Handshake,
    SocketPacket,
    MsgpackPacket,
    Assembly,
    Json,
}

/// One message of a connection, or the whole of another input.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Input {
    Text(String),
    Hex(String),
    Messages(Vec<Input>),
}

/// What decoding gave: a description, and an error where there is one. A payload or an assembly may have both.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) decoded: Option<Value>,
    pub(crate) error: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) offset: usize,
    /// Which message of an assembly, from 0 on.
    #[serde(default)]
    pub(crate) message: Option<usize>,
}

pub(crate) fn decode(layer: Layer, input: &Input, profile: &Profile) -> Outcome {
    if layer == Layer::Assembly {
        return assembly(input, profile);
    }
    let text = match (layer, input) {
        (_, Input::Text(text)) => text,
        (Layer::EnginePacketV3, Input::Hex(hex)) => {
            return outcome(v3::decode_binary(&bytes(hex)).as_ref().map(engine_packet));
        }
        (Layer::MsgpackPacket, Input::Hex(hex)) => {
            return outcome(msgpack::Packet::decode_as(&bytes(hex), profile).as_ref().map(msgpack_packet));
        }
        (Layer::PayloadV3, Input::Hex(hex)) => return payload(v3::binary_packets(&bytes(hex))),
        _ => panic!("{input:?} is no {layer:?}"),
    };
    match layer {
        Layer::EnginePacket => outcome(engine::Packet::decode_as(text, profile).as_ref().map(engine_packet)),
        Layer::Payload => payload(packets(text).with_profile(profile)),
        Layer::EnginePacketV3 => outcome(v3::decode_as(text, profile).as_ref().map(engine_packet)),
        Layer::PayloadV3 => payload(v3::packets(text).with_profile(profile)),
        Layer::Base64 => outcome(
            Base64::parse_as(text, profile)
                .map(|base64| json!({"hex": hex(&base64.to_vec())}))
                .as_ref()
                .cloned(),
        ),
        Layer::Handshake => outcome(Handshake::decode(text).as_ref().map(handshake)),
        Layer::SocketPacket => outcome(Packet::decode_as(text, profile).as_ref().map(socket_packet)),
        Layer::Json => {
            let value = Json::parse_with(text, profile.limits.max_depth);
            outcome(value.as_ref().map(|value| json!({"value": value.as_str()})))
        }
        Layer::MsgpackPacket | Layer::Assembly => unreachable!("handled above"),
    }
}

fn outcome(result: Result<Value, impl std::borrow::Borrow<DecodeError>>) -> Outcome {
    match result {
        Ok(decoded) => Outcome { decoded: Some(decoded), error: None },
        Err(error) => Outcome { decoded: None, error: Some(failure(error.borrow(), None)) },
    }
}

fn failure(error: &DecodeError, message: Option<usize>) -> Failure {
    Failure { kind: error.kind.name().to_owned(), offset: error.offset, message }
}

fn engine_packet(packet: &engine::Packet<'_>) -> Value {
    match *packet {
        engine::Packet::Open(data) => json!({"type": "open", "text": data}),
        engine::Packet::Close => json!({"type": "close"}),
        engine::Packet::Ping(data) => json!({"type": "ping", "text": data}),
        engine::Packet::Pong(data) => json!({"type": "pong", "text": data}),
        engine::Packet::Message(Data::Text(text)) => json!({"type": "message", "text": text}),
        engine::Packet::Message(Data::Binary(bytes)) => json!({"type": "message", "hex": hex(bytes)}),
        engine::Packet::Message(Data::Base64(text)) => json!({"type": "message", "hex": hex(&text.to_vec())}),
        engine::Packet::Upgrade => json!({"type": "upgrade"}),
        engine::Packet::Noop => json!({"type": "noop"}),
    }
}

fn payload<'a>(packets: impl Iterator<Item = Result<engine::Packet<'a>, DecodeError>>) -> Outcome {
    let (mut decoded, mut error) = (Vec::new(), None);
    for packet in packets {
        match packet {
            Ok(packet) => decoded.push(engine_packet(&packet)),
            Err(found) => error = Some(failure(&found, None)),
        }
    }
    Outcome { decoded: Some(json!({"packets": decoded})), error }
}

fn handshake(handshake: &Handshake<'_>) -> Value {
    json!({
        "sid": handshake.sid,
        "upgrades": handshake.upgrades,
        "pingInterval": handshake.ping_interval_ms,
        "pingTimeout": handshake.ping_timeout_ms,
        "maxPayload": handshake.max_payload_bytes,
    })
}

pub(crate) fn socket_packet(packet: &Packet<'_>) -> Value {
    let mut decoded = Map::new();
    let mut put = |name: &str, value: Value| decoded.insert(name.to_owned(), value);
    match packet.body {
        Body::Connect(payload) => {
            put("type", json!("connect"));
            payload.map(|payload| put("payload", json!(payload.as_str())));
        }
        Body::Disconnect => drop(put("type", json!("disconnect"))),
        Body::ConnectError(payload) => {
            put("type", json!("connect-error"));
            put("payload", json!(payload.as_str()));
        }
        Body::Event { args, ack, attachments } => {
            put("type", json!("event"));
            match args.event_name() {
                Some(EventName::Text(name)) => put("event", json!(name.unescape())),
                Some(EventName::Number(name)) => put("event", name.parse().expect("a number")),
                None => None,
            };
            ack.map(|ack| put("ack", ack_id(ack)));
            attachments.map(|count| put("attachments", json!(count)));
            put("payload", json!(args.as_str()));
        }
        Body::Ack { args, id, attachments } => {
            put("type", json!("ack"));
            put("ack", ack_id(id));
            attachments.map(|count| put("attachments", json!(count)));
            put("payload", json!(args.as_str()));
        }
    }
    put("namespace", json!(packet.namespace.as_str()));
    let placeholders = placeholders(packet);
    if !placeholders.is_empty() {
        put("placeholders", json!(placeholders));
    }
    Value::Object(decoded)
}

/// The text packet that means the same.
fn msgpack_packet(packet: &msgpack::Packet<'_>) -> Value {
    let text = msgpack::to_socket(packet);
    let attachments: Vec<String> = text.attachments.iter().map(|bytes| hex(bytes)).collect();
    json!({"text": text.text, "attachmentsHex": attachments})
}

fn placeholders(packet: &Packet<'_>) -> Vec<u32> {
    let args: Args<'_> = match packet.body {
        Body::Event { args, attachments: Some(_), .. } | Body::Ack { args, attachments: Some(_), .. } => args,
        _ => return Vec::new(),
    };
    siospec_codec::socket::placeholders(args).map(|found| found.num).collect()
}

/// Null stands for an id that no event has.
fn ack_id(id: AckId) -> Value {
    if id == AckId::UNMATCHED { Value::Null } else { json!(id.0) }
}

fn assembly(input: &Input, profile: &Profile) -> Outcome {
    let Input::Messages(messages) = input else { panic!("{input:?} is no list of messages") };
    let mut assembler = Assembler::with_profile(*profile);
    let mut decoded = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let result = match message {
            Input::Text(text) => assembler.text(text),
            Input::Hex(hex) => assembler.binary(bytes(hex)),
            Input::Messages(_) => panic!("a message is no list"),
        };
        match result {
            Ok(None) => {}
            Ok(Some(message)) => {
                let mut packet = socket_packet(&message.packet());
                packet["attachmentsHex"] = message.attachments.iter().map(|bytes| hex(bytes)).collect();
                decoded.push(packet);
            }
            Err(error) => {
                let error = Some(failure(&error, Some(at)));
                return Outcome { decoded: Some(json!({"packets": decoded})), error };
            }
        }
    }
    let waiting = assembler.is_waiting();
    Outcome { decoded: Some(json!({"packets": decoded, "waiting": waiting})), error: None }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        hex.chars().map(|digit| digit.to_digit(16).expect("a hexadecimal digit")).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits")).collect()
}
