//! The classes of inputs on which the recorded parsers decide otherwise than the codec, each with its reason.

use super::{Difference, Layer};
use siospec_codec::json::{Json, Kind};
use siospec_codec::{DecodeError, ErrorKind};
use std::collections::BTreeSet;

/// Where `Profile::reference()` decides otherwise than socket.io-parser 4.2.7 and engine.io-parser 5.2.3.
pub const JAVASCRIPT: &[Difference] = &[Difference {
    reason: "JSON.parse keeps the last of two equal names, so the reference never sees a wrong placeholder \
             that an earlier one of them holds; a decoder that allocates nothing cannot know",
    applies: |recorded, ours| wrong_placeholder(ours) && repeats_a_name(&recorded.input),
}];

/// Where the strict profile decides otherwise than python-socketio 5.18.1 and python-engineio 4.15.1.
pub const PYTHON: &[Difference] = &[
    Difference {
        reason: "the parts of a packet are read, and whether a packet of its type may have them, or lack them, \
                 is left to the application",
        applies: |recorded, ours| {
            use ErrorKind as E;
            let kinds = [
                E::ExpectedArray,
                E::ExpectedObject,
                E::MissingEventName,
                E::InvalidEventName,
                E::MissingPayload,
                E::UnexpectedPayload,
                E::MissingAckId,
                E::UnexpectedAckId,
            ];
            recorded.layer == Layer::SocketPacket && kinds.contains(&kind(ours))
        },
    },
    Difference {
        reason: "no event name is reserved",
        applies: |_, ours| kind(ours) == ErrorKind::ReservedEventName,
    },
    Difference {
        reason: "acknowledgement ids are integers of up to 100 digits",
        applies: |_, ours| kind(ours) == ErrorKind::AckIdTooLarge,
    },
    Difference {
        reason: "any decimal digit of any script is a type; what is done with it is decided later",
        applies: |recorded, ours| {
            let at = ours.err().map_or(0, |error| error.offset);
            let type_of = |text: &str| text.chars().next().is_some_and(char::is_numeric);
            kind(ours) == ErrorKind::UnknownPacketType && recorded.input.get(at..).is_some_and(type_of)
        },
    },
    Difference {
        reason: "nothing at all is not decoded, and no error",
        applies: |recorded, _| recorded.input.is_empty(),
    },
    Difference {
        reason: "base64 is read with foreign characters skipped",
        applies: |recorded, ours| {
            recorded.layer != Layer::SocketPacket && kind(ours) == ErrorKind::InvalidBase64
        },
    },
    Difference {
        reason: "a binary packet may leave out its count of attachments, and then has none; digits of any \
                 script make a count",
        applies: |_, ours| kind(ours) == ErrorKind::InvalidAttachmentCount,
    },
    Difference {
        reason: "a binary packet may announce no attachments",
        applies: |_, ours| kind(ours) == ErrorKind::NoAttachments,
    },
    Difference {
        reason: "the count of attachments is limited to ten digits only",
        applies: |_, ours| kind(ours) == ErrorKind::TooManyAttachments,
    },
    Difference {
        reason: "nesting and namespaces have no limit; ours are limits of resources",
        applies: |_, ours| matches!(kind(ours), ErrorKind::TooDeep | ErrorKind::NamespaceTooLong),
    },
    Difference {
        reason: "the JSON reader takes the numbers that JSON does not have",
        applies: |recorded, ours| {
            let at = ours.err().map_or(0, |error| error.offset);
            let rest = recorded.input.get(at..).unwrap_or_default();
            kind(ours) == ErrorKind::UnexpectedCharacter
                && ["NaN", "Infinity"].iter().any(|name| rest.starts_with(name))
        },
    },
    Difference {
        reason: "of two equal names the last counts, so a wrong placeholder in an earlier one is never seen",
        applies: |recorded, ours| wrong_placeholder(ours) && repeats_a_name(&recorded.input),
    },
    Difference {
        reason: "a placeholder without a number is an ordinary object, and true is the number 1",
        applies: |recorded, ours| {
            kind(ours) == ErrorKind::InvalidPlaceholder
                && claims(&recorded.input)
                    .iter()
                    .any(|claim| claim.is_true() && claim.num.is_none_or(|num| num.kind() == Kind::Bool))
        },
    },
    Difference {
        reason: "a negative number counts from the last attachment on",
        applies: |recorded, ours| {
            kind(ours) == ErrorKind::PlaceholderOutOfRange
                && claims(&recorded.input).iter().any(|claim| {
                    claim.is_true() && claim.num.is_some_and(|num| num.as_str().starts_with('-'))
                })
        },
    },
    Difference {
        reason: "a number with a point or an exponent is no index, though it is whole",
        applies: |recorded, ours| {
            let fractional =
                |num: Json<'_>| num.kind() == Kind::Number && num.as_str().contains(['.', 'e', 'E']);
            ours.is_ok()
                && claims(&recorded.input)
                    .iter()
                    .any(|claim| claim.is_true() && claim.num.is_some_and(fractional))
        },
    },
    Difference {
        reason: "anything that is true in Python makes a placeholder, also one that no attachment fits",
        applies: |recorded, ours| {
            ours.is_ok() && claims(&recorded.input).iter().any(|claim| claim.is_truthy() && !claim.is_true())
        },
    },
];

/// Why the codec refused; something that no decoder of packets says if it did not.
fn kind(ours: Result<(), DecodeError>) -> ErrorKind {
    ours.err().map_or(ErrorKind::UnexpectedAttachment, |error| error.kind)
}

fn wrong_placeholder(ours: Result<(), DecodeError>) -> bool {
    matches!(kind(ours), ErrorKind::InvalidPlaceholder | ErrorKind::PlaceholderOutOfRange)
}

/// An object with a member `_placeholder`.
struct Claim<'a> {
    marker: Json<'a>,
    num: Option<Json<'a>>,
}

impl Claim<'_> {
    fn is_true(&self) -> bool {
        self.marker.as_bool() == Some(true)
    }

    fn is_truthy(&self) -> bool {
        let falsy = ["false", "null", "\"\"", "[]", "{}"];
        !falsy.contains(&self.marker.as_str()) && self.marker.as_f64() != Some(0.0)
    }
}

/// Every object of the payload with a member `_placeholder`.
fn claims(input: &str) -> Vec<Claim<'_>> {
    let json = payload(input).trim_start_matches(char::is_numeric);
    let mut open: Vec<Json<'_>> = Json::parse_with(json, usize::MAX).into_iter().collect();
    let mut found = Vec::new();
    while let Some(value) = open.pop() {
        if let Some(marker) = value.get("_placeholder") {
            found.push(Claim { marker, num: value.get("num") });
        }
        open.extend(value.elements().into_iter().flatten());
        open.extend(value.members().into_iter().flatten().map(|(_, value)| value));
    }
    found
}

/// Whether an object in the payload of this binary packet has a name twice.
fn repeats_a_name(input: &str) -> bool {
    let mut names_of_open_objects = Vec::new();
    let mut rest = payload(input);
    while let Some(at) = rest.find(['{', '}', '"']) {
        let (found, after) = rest[at..].split_at(1);
        rest = after;
        match found {
            "{" => names_of_open_objects.push(BTreeSet::new()),
            "}" => drop(names_of_open_objects.pop()),
            _ => {
                let end = end_of_string(after);
                rest = &after[end + 1..];
                let is_name = rest.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(':');
                let name = unescaped(&after[..end]);
                let names: Option<&mut BTreeSet<String>> = names_of_open_objects.last_mut();
                if is_name && names.is_some_and(|names| !names.insert(name)) {
                    return true;
                }
            }
        }
    }
    false
}

/// What follows the count of attachments and the namespace of a binary packet.
fn payload(input: &str) -> &str {
    let Some((_, rest)) = input.split_once('-') else { return "" };
    if rest.starts_with('/') { rest.split_once(',').map_or("", |(_, rest)| rest) } else { rest }
}

/// Where the quote is that ends the string.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    let ends = |character: char| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    };
    text.find(ends).expect("the JSON was found to be whole")
}

/// The text that is meant, or as it is written where half a surrogate pair has no such text.
fn unescaped(inner: &str) -> String {
    serde_json::from_str(&format!("\"{inner}\"")).unwrap_or_else(|_| inner.to_owned())
}
