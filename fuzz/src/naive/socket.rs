//! Socket.IO packets with the help of serde_json.

use super::json;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use siospec_codec::socket::{AckId, Body, Packet, RESERVED_EVENT_NAMES};

/// What a packet consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the grammar's own names")]
pub struct Parts {
    pub kind: char,
    pub attachments: Option<u32>,
    pub namespace: String,
    pub ack_id: Option<u64>,
    pub payload: Option<String>,
}

impl Parts {
    /// The parts of a decoded packet.
    #[must_use]
    pub fn of(packet: &Packet<'_>) -> Self {
        let (kind, attachments, ack_id, payload) = match packet.body {
            Body::Connect(payload) => ('0', None, None, payload),
            Body::Disconnect => ('1', None, None, None),
            Body::ConnectError(payload) => ('4', None, None, Some(payload)),
            Body::Event { args, ack, attachments } => ('2', attachments, ack, Some(args.as_json())),
            Body::Ack { args, id, attachments } => ('3', attachments, Some(id), Some(args.as_json())),
        };
        Self {
            // The binary types are three above the plain ones.
            kind: if attachments.is_some() { if kind == '2' { '5' } else { '6' } } else { kind },
            attachments,
            namespace: packet.namespace.to_string(),
            ack_id: ack_id.map(|AckId(id)| id),
            payload: payload.map(|payload| payload.as_str().to_owned()),
        }
    }
}

/// Socket.IO protocol, version 5, "Packet encoding", read strictly: the parts, or none for an invalid packet.
/// The outer option is none where serde_json cannot tell.
#[must_use]
pub fn packet(text: &str) -> Option<Option<Parts>> {
    let Some(parts) = split(text) else { return Some(None) };
    let payload_fits = match (parts.kind, parts.payload.as_deref()) {
        ('0' | '1', None) => true,
        (_, None) | ('1', Some(_)) => false,
        (kind, Some(payload)) => {
            let valid = serde_json::from_str::<IgnoredAny>(payload).is_ok() && json::depth(payload) <= 128;
            let object = matches!(kind, '0' | '4');
            valid
                && payload.starts_with(if object { '{' } else { '[' })
                && (!matches!(kind, '2' | '5') || has_name(payload)?)
                && placeholders_fit(payload, parts.attachments)?
        }
    };
    Some(payload_fits.then_some(parts))
}

fn split(text: &str) -> Option<Parts> {
    let kind = text.chars().next().filter(|kind| ('0'..='6').contains(kind))?;
    let mut rest = &text[1..];
    let mut attachments = None;
    if matches!(kind, '5' | '6') {
        let (count, behind) = rest.split_once('-')?;
        attachments = Some(number(count).filter(|count| (1..=10).contains(count))? as u32);
        rest = behind;
    }
    let mut namespace = "/";
    if rest.starts_with('/') {
        (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
    }
    let payload = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &rest[..rest.len() - payload.len()];
    let ack_id = if digits.is_empty() { None } else { Some(number(digits)?) };
    let fits = match kind {
        '0' | '1' | '4' => ack_id.is_none(),
        '3' | '6' => ack_id.is_some(),
        _ => true,
    };
    let payload = payload.trim_end_matches([' ', '\t', '\r', '\n']);
    let payload = if text.ends_with(payload) && payload.is_empty() && rest.len() == digits.len() {
        None
    } else {
        Some(payload.to_owned())
    };
    (fits && namespace.len() <= 1024).then(|| Parts {
        kind,
        attachments,
        namespace: namespace.to_owned(),
        ack_id,
        payload,
    })
}

/// Decimal digits up to 2^53−1.
fn number(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value = if all_digits { digits.parse().ok() } else { None };
    value.filter(|value| *value <= AckId::MAX.0)
}

fn has_name(payload: &str) -> Option<bool> {
    let elements: Vec<&RawValue> = serde_json::from_str(payload).ok()?;
    let Some(first) = elements.first().map(|first| first.get()) else { return Some(false) };
    if !first.starts_with('"') {
        return Some(first.starts_with(|c: char| c == '-' || c.is_ascii_digit()));
    }
    // Half a surrogate pair, which serde_json refuses, is in no reserved name.
    let name: String = serde_json::from_str(first).unwrap_or_default();
    Some(!RESERVED_EVENT_NAMES.contains(&name.as_str()))
}

fn placeholders_fit(payload: &str, attachments: Option<u32>) -> Option<bool> {
    let Some(count) = attachments else { return Some(true) };
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    deserializer.disable_recursion_limit();
    let tree = json::Tree::deserialize(&mut deserializer).ok()?;
    Some(fits(&tree, count))
}

/// Recursion is bounded: the depth was checked before. What a later member of the same name hides counts too.
fn fits(tree: &json::Tree, count: u32) -> bool {
    let last = |members: &[(String, json::Tree)], name| {
        members.iter().rev().find(|(member, _)| member == name).map(|(_, value)| value.clone())
    };
    match tree {
        json::Tree::Array(values) => values.iter().all(|value| fits(value, count)),
        json::Tree::Object(members) if last(members, "_placeholder") == Some(json::Tree::Bool(true)) => {
            let Some(json::Tree::Number(num)) = last(members, "num") else { return false };
            num >= 0.0 && num < f64::from(count) && num.fract() == 0.0
        }
        json::Tree::Object(members) => members.iter().all(|(_, value)| fits(value, count)),
        _ => true,
    }
}
