//! A deserializer that gives attachments where a type asks for bytes and JSON has a placeholder.

use super::visitor::Wrapped;
use core::fmt;
use serde::de::value::SeqDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A deserializer of JSON, and the attachments that its placeholders stand for.
pub(super) struct With<'de, D, B> {
    pub(super) inner: D,
    pub(super) attachments: &'de [B],
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* Wrapped { visitor, attachments: self.attachments })
        }
    )*};
}

impl<'de, D: Deserializer<'de>, B: AsRef<[u8]>> Deserializer<'de> for With<'de, D, B> {
    type Error = D::Error;

    forward! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Bytes { visitor, attachments: self.attachments, one_by_one: false })
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_bytes(visitor)
    }

    /// `Vec<u8>` asks for a sequence, not for bytes.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Bytes { visitor, attachments: self.attachments, one_by_one: true })
    }
}

/// Wants bytes, and takes a placeholder for them.
struct Bytes<'de, V, B> {
    visitor: V,
    attachments: &'de [B],
    /// Whether the type takes a sequence of bytes.
    one_by_one: bool,
}

impl<'de, V: Visitor<'de>, B: AsRef<[u8]>> Visitor<'de> for Bytes<'de, V, B> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.visitor.visit_str(text)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.visitor.visit_borrowed_str(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        Wrapped { visitor: self.visitor, attachments: self.attachments }.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        let (mut claims, mut num) = (false, None);
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Placeholder => claims = map.next_value::<Value>()? == Value::Bool(true),
                Key::Num => num = map.next_value::<Value>()?.as_f64(),
                // Not held, so that what serde_json cannot hold is no hindrance: half a surrogate pair, or 1e999.
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if !claims {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        }
        let Some(bytes) = num.and_then(|num| self.attachment(num)) else {
            return Err(A::Error::custom("a placeholder for an attachment that is not there"));
        };
        if self.one_by_one {
            self.visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
        } else {
            self.visitor.visit_borrowed_bytes(bytes)
        }
    }
}

impl<'de, V, B: AsRef<[u8]>> Bytes<'de, V, B> {
    fn attachment(&self, num: f64) -> Option<&'de [u8]> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "compared with the original"
        )]
        let index = num as usize;
        #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "a whole number survives")]
        let exact = index as f64 == num;
        if exact { self.attachments.get(index).map(AsRef::as_ref) } else { None }
    }
}

/// The names that make a placeholder.
enum Key {
    Placeholder,
    Num,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    "_placeholder" => Key::Placeholder,
                    "num" => Key::Num,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_identifier(Name)
    }
}
