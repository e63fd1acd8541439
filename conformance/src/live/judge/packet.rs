//! Packets of Socket.IO as far as the oracles have to understand them.

use serde_json::Value;

/// A packet of Socket.IO in a message of Engine.IO.
#[derive(Debug, PartialEq)]
pub(super) struct Packet<'t> {
    /// The digit of its type.
    pub(super) kind: char,
    /// How many attachments it announces.
    pub(super) attachments: u32,
    /// Its namespace.
    pub(super) namespace: &'t str,
    /// The acknowledgement id.
    pub(super) id: Option<u64>,
    /// The elements of its payload, if that is a list.
    pub(super) args: Vec<Value>,
}

impl<'t> Packet<'t> {
    /// Reads a message of Engine.IO; nothing if it holds none, or one with numbers beyond measure.
    pub(super) fn of(message: &'t str) -> Option<Self> {
        let text = message.strip_prefix('4')?;
        let kind = text.chars().next().filter(|kind| ('0'..='6').contains(kind))?;
        let mut rest = text.get(1..)?;
        let mut attachments = 0;
        if matches!(kind, '5' | '6') {
            let (announced, behind) = rest.split_once('-')?;
            attachments = announced.parse().ok()?;
            rest = behind;
        }
        let mut namespace = "/";
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (id, payload) = rest.split_at_checked(digits)?;
        let id = if id.is_empty() { None } else { Some(id.parse().ok()?) };
        let args = match payload {
            "" => Vec::new(),
            payload => match serde_json::from_str(payload).ok()? {
                Value::Array(args) => args,
                _ => Vec::new(),
            },
        };
        Some(Self { kind, attachments, namespace, id, args })
    }
}

/// Whether a value holds nothing that languages write in different ways. Nesting is bounded by the parser.
pub(super) fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::String(text) => text.chars().all(|char| char.is_ascii_alphanumeric()),
        Value::Number(number) => number.as_u64().is_some_and(|number| number < 1 << 31),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(members) => members.iter().all(|(key, value)| !key.starts_with('_') && is_plain(value)),
    }
}

/// Whether a value stands for the first attachment.
pub(super) fn is_placeholder(value: &Value) -> bool {
    *value == serde_json::json!({"_placeholder": true, "num": 0})
}
