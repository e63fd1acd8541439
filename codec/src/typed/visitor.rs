//! Hands the attachments down to whatever a visitor meets inside a value.

use super::attachments::With;
use core::fmt;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// A visitor, seed or access of serde together with the attachments.
pub(super) struct Wrapped<'de, V, B> {
    pub(super) visitor: V,
    pub(super) attachments: &'de [B],
}

impl<'de, V, B> Wrapped<'de, V, B> {
    /// The same attachments with something else.
    fn also<W>(&self, visitor: W) -> Wrapped<'de, W, B> {
        Wrapped { visitor, attachments: self.attachments }
    }
}

macro_rules! forward {
    ($($method:ident: $type:ty;)*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>, B: AsRef<[u8]>> Visitor<'de> for Wrapped<'de, V, B> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    forward! {
        visit_bool: bool;
        visit_i64: i64;
        visit_i128: i128;
        visit_u64: u64;
        visit_u128: u128;
        visit_f64: f64;
        visit_char: char;
        visit_str: &str;
        visit_borrowed_str: &'de str;
        visit_bytes: &[u8];
        visit_borrowed_bytes: &'de [u8];
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(With { inner, attachments: self.attachments })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(With { inner, attachments: self.attachments })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        let seq = self.also(seq);
        self.visitor.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let map = self.also(map);
        self.visitor.visit_map(map)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let access = self.also(access);
        self.visitor.visit_enum(access)
    }
}

impl<'de, S: DeserializeSeed<'de>, B: AsRef<[u8]>> DeserializeSeed<'de> for Wrapped<'de, S, B> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.visitor.deserialize(With { inner, attachments: self.attachments })
    }
}

impl<'de, A: SeqAccess<'de>, B: AsRef<[u8]>> SeqAccess<'de> for Wrapped<'de, A, B> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.also(seed);
        self.visitor.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.visitor.size_hint()
    }
}

impl<'de, A: MapAccess<'de>, B: AsRef<[u8]>> MapAccess<'de> for Wrapped<'de, A, B> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        // A name is no place for bytes.
        self.visitor.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.also(seed);
        self.visitor.next_value_seed(seed)
    }
}

impl<'de, A: EnumAccess<'de>, B: AsRef<[u8]>> EnumAccess<'de> for Wrapped<'de, A, B> {
    type Error = A::Error;
    type Variant = Wrapped<'de, A::Variant, B>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, variant) = self.visitor.variant_seed(seed)?;
        Ok((name, Wrapped { visitor: variant, attachments: self.attachments }))
    }
}

impl<'de, A: VariantAccess<'de>, B: AsRef<[u8]>> VariantAccess<'de> for Wrapped<'de, A, B> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.visitor.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.also(seed);
        self.visitor.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = self.also(visitor);
        self.visitor.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.also(visitor);
        self.visitor.struct_variant(fields, visitor)
    }
}
