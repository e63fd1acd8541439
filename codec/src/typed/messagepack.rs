//! MessagePack values as types of the application.

use super::ReadError;
use super::error::At;
use crate::msgpack::{Elements, Kind, Members, Value};
use rmp_serde::decode::Error;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::Track;

/// How deep arrays and maps may lie inside one another, as in serde_json: reading them recurses.
const MAX_DEPTH: usize = 128;

/// Reads a proven value.
pub(super) fn read<'a, T: Deserialize<'a>>(value: Value<'a>) -> Result<T, ReadError> {
    let mut track = Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(Reader { value, depth: 0 }, &mut track);
    T::deserialize(deserializer).map_err(|error| At::new(&track.path(), &error).in_msgpack(value))
}

/// Walks through arrays and maps itself, so that `undefined` is found everywhere; rmp-serde reads the rest.
#[derive(Clone, Copy)]
struct Reader<'de> {
    value: Value<'de>,
    depth: usize,
}

impl<'de> Reader<'de> {
    fn inside(self, value: Value<'de>) -> Result<Self, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::DepthLimitExceeded);
        }
        Ok(Self { value, depth: self.depth + 1 })
    }

    fn is_nothing(self) -> bool {
        matches!(self.value.kind(), Kind::Nil | Kind::Undefined)
    }

    /// The bytes that rmp-serde reads; `undefined` is `nil`.
    fn bytes(self) -> &'de [u8] {
        if self.is_nothing() { Value::NIL.as_bytes() } else { self.value.as_bytes() }
    }
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Error> {
            rmp_serde::Deserializer::from_read_ref(self.bytes()).$method($($argument,)* visitor)
        }
    )*};
}

macro_rules! walk {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Error> {
            if let Some(elements) = self.value.elements() {
                return visitor.visit_seq(Inside { outer: self, items: elements });
            }
            if let Some(members) = self.value.members() {
                return visitor.visit_map(Pairs { inside: Inside { outer: self, items: members }, value: None });
            }
            rmp_serde::Deserializer::from_read_ref(self.bytes()).$method($($argument,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Error;

    walk! {
        deserialize_any();
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
    }

    forward! {
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
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_nothing() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The values inside an array, or the pairs inside a map.
struct Inside<'de, I> {
    outer: Reader<'de>,
    items: I,
}

impl<'de> SeqAccess<'de> for Inside<'de, Elements<'de>> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(value) = self.items.next() else { return Ok(None) };
        seed.deserialize(self.outer.inside(value)?).map(Some)
    }
}

/// The pairs inside a map, and the value whose name was just read.
struct Pairs<'de> {
    inside: Inside<'de, Members<'de>>,
    value: Option<Value<'de>>,
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some((name, value)) = self.inside.items.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(self.inside.outer.inside(name)?).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let value = self.value.take().ok_or_else(|| Error::custom("a value without its name"))?;
        seed.deserialize(self.inside.outer.inside(value)?)
    }
}
