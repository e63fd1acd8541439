//! What events carry.

use serde_json::{Map, Value, json};

use crate::stage::bytes;

/// The arguments of an event, without their contents: these depend on the number of the event, so that no two are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape(pub Vec<Piece>);

/// The kinds of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A small whole number.
    Number,
    /// A whole number beyond 32 bits.
    Big,
    /// A number with four decimal places.
    Fraction,
    /// A short text.
    Text,
    /// A text with escapes and characters from everywhere.
    Foreign,
    /// A digit and a dash.
    Dash,
    /// A text of more than 64 KiB.
    Long,
    /// Null.
    Null,
    /// An object in a list in an object.
    Nested,
    /// A list thirty levels deep.
    Deep,
    /// A member named `__proto__`.
    Proto,
    /// What looks like a placeholder, where there are no attachments.
    LookAlike,
    /// An object with a member without a name.
    Nameless,
    /// An object that says of itself that it is no placeholder.
    NoPlaceholder,
    /// A text with the character U+0000.
    Nul,
    /// An attachment.
    Bytes,
    /// An attachment without bytes.
    NoBytes,
    /// An attachment inside of an object.
    Inside,
    /// An attachment of more than 64 KiB.
    Blob,
}

/// Attachments of one event: more than this are refused by the reference.
const MOST_ATTACHMENTS: usize = 10;

/// What is large, bytes.
const LARGE_BYTES: usize = (64 << 10) + 500;

impl Piece {
    /// Whether it is or holds an attachment.
    pub const fn is_binary(self) -> bool {
        matches!(self, Piece::Bytes | Piece::NoBytes | Piece::Inside | Piece::Blob)
    }

    /// Whether it is more than 64 KiB.
    pub const fn is_large(self) -> bool {
        matches!(self, Piece::Long | Piece::Blob)
    }

    const fn attachments(self) -> usize {
        match self {
            Piece::Bytes | Piece::NoBytes | Piece::Blob => 1,
            Piece::Inside => 2,
            _ => 0,
        }
    }

    fn value(self, uid: u64, place: usize) -> Value {
        let low = u8::try_from((uid + place as u64) % 251).unwrap_or_default();
        match self {
            Piece::Number => json!(uid % 1000),
            Piece::Big => json!((1_u64 << 40) + uid),
            Piece::Fraction => json!(f64::from(low) + 0.0625),
            Piece::Text => json!(format!("text {uid}.{place}")),
            Piece::Foreign => json!(format!("\"{uid}\\ \u{1F40D} ключ\n")),
            Piece::Dash => json!(format!("{uid}-")),
            Piece::Long => json!(format!("{uid}.").repeat(LARGE_BYTES / 2)),
            Piece::Null => Value::Null,
            Piece::Nested => json!({ "a": [{ "b": uid }, null, true] }),
            Piece::Deep => (0..30).fold(json!(uid), |inner, _| json!([inner])),
            Piece::Proto => {
                let mut map = Map::new();
                map.insert("__proto__".to_owned(), json!(uid));
                Value::Object(map)
            }
            Piece::Nameless => json!({ "": uid }),
            Piece::NoPlaceholder => json!({ "_placeholder": false, "num": uid }),
            Piece::Nul => json!(format!("{uid}\u{0}{place}")),
            Piece::LookAlike => json!({ "_placeholder": true, "num": uid }),
            Piece::Bytes => bytes(&[low, 0, 255, u8::try_from(place % 251).unwrap_or_default()]),
            Piece::NoBytes => bytes(&[]),
            Piece::Inside => json!({ "file": bytes(&[low, 1]), "list": [bytes(&[2, low])] }),
            Piece::Blob => bytes(&vec![low; LARGE_BYTES]),
        }
    }
}

impl Shape {
    /// The arguments of the event with this number. The last one is no text: it would be taken for an offset.
    pub fn values(&self, uid: u64) -> Vec<Value> {
        let binary = self.0.iter().any(|piece| piece.is_binary());
        let mut attachments = 0;
        let pieces =
            self.0.iter().filter(|piece| !binary || **piece != Piece::LookAlike).take_while(|piece| {
                attachments += piece.attachments();
                attachments <= MOST_ATTACHMENTS
            });
        let mut values: Vec<Value> =
            pieces.enumerate().map(|(place, piece)| piece.value(uid, place)).collect();
        if values.last().is_some_and(Value::is_string) {
            values.push(Value::Bool(true));
        }
        values
    }
}
