//! Values of the application as what travels: JSON, with attachments in place of bytes.

use std::fmt::{self, Display};

use bytes::Bytes;
use serde::ser::{self, Serialize, Serializer};

use crate::socket::value::{Composer, Value};

/// A value that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteError(String);

impl WriteError {
    pub(super) fn new(why: String) -> Self {
        Self(why)
    }
}

impl Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WriteError {}

impl ser::Error for WriteError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// One value. Bytes become attachments; numbers that are none become null, as in JavaScript.
pub(super) fn value(value: &(impl Serialize + ?Sized)) -> Result<Value, WriteError> {
    let mut composer = Composer::default();
    value.serialize(Writer { out: &mut composer, spread: false })?;
    Ok(composer.finish())
}

/// One value as JSON text, where no attachments can follow.
pub(super) fn without_bytes(data: &impl Serialize) -> Result<String, WriteError> {
    let (json, attachments) = value(data)?.into_parts();
    match attachments.is_empty() {
        true => Ok(json),
        false => Err(WriteError("bytes cannot be sent here".to_owned())),
    }
}

/// The arguments of an event, behind its name.
pub(super) fn event(name: &str, args: &(impl Serialize + ?Sized)) -> Result<Value, WriteError> {
    let mut composer = Composer::default();
    composer.raw("[").string(name);
    list(composer, args, ",")
}

/// The arguments of an acknowledgement.
pub(super) fn answer(args: &(impl Serialize + ?Sized)) -> Result<Value, WriteError> {
    let mut composer = Composer::default();
    composer.raw("[");
    list(composer, args, "")
}

/// A tuple is several arguments, `()` none, and everything else one.
fn list(
    mut composer: Composer,
    args: &(impl Serialize + ?Sized),
    before: &'static str,
) -> Result<Value, WriteError> {
    let mut arguments = Composer::default();
    args.serialize(Writer { out: &mut arguments, spread: true })?;
    let arguments = arguments.finish();
    if !arguments.as_json().is_empty() {
        composer.raw(before).value(&arguments);
    }
    Ok(composer.raw("]").finish())
}

/// Writes one value, or with `spread` the elements of a tuple.
struct Writer<'a> {
    out: &'a mut Composer,
    spread: bool,
}

impl<'a> Writer<'a> {
    fn plain(self, text: impl Display) -> Result<(), WriteError> {
        self.out.raw(&text.to_string());
        Ok(())
    }

    fn number(self, number: f64) -> Result<(), WriteError> {
        if number.is_finite() { self.plain(number) } else { self.plain("null") }
    }

    fn open(self, open: &str, close: &'static str) -> Compound<'a> {
        self.out.raw(open);
        Compound { out: self.out, first: true, close }
    }

    fn variant(self, name: &str, open: &str, close: &'static str) -> Compound<'a> {
        self.out.raw("{").string(name).raw(":");
        self.open(open, close)
    }
}

/// What JSON writes as Rust does.
macro_rules! plain {
    ($($method:ident $kind:ty,)*) => {$(
        fn $method(self, value: $kind) -> Result<(), WriteError> {
            self.plain(value)
        }
    )*};
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    plain! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
    }

    fn serialize_f32(self, value: f32) -> Result<(), WriteError> {
        self.number(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), WriteError> {
        self.number(value)
    }

    fn serialize_char(self, value: char) -> Result<(), WriteError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), WriteError> {
        self.out.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), WriteError> {
        self.out.attachment(Bytes::copy_from_slice(value));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), WriteError> {
        self.plain("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
        value.serialize(Self { spread: false, ..self })
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        if self.spread { Ok(()) } else { self.plain("null") }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
        self.plain("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), WriteError> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        value.serialize(Self { spread: false, ..self })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        self.out.raw("{").string(name).raw(":");
        value.serialize(Writer { out: &mut *self.out, spread: false })?;
        self.plain("}")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'a>, WriteError> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'a>, WriteError> {
        Ok(if self.spread { self.open("", "") } else { self.open("[", "]") })
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, WriteError> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, WriteError> {
        Ok(self.variant(name, "[", "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'a>, WriteError> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, WriteError> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, WriteError> {
        Ok(self.variant(name, "{", "}}"))
    }
}

/// A list or an object under way.
struct Compound<'a> {
    out: &'a mut Composer,
    first: bool,
    close: &'static str,
}

impl Compound<'_> {
    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.raw(",");
        }
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
        self.comma();
        value.serialize(Writer { out: self.out, spread: false })
    }

    /// Numbers and truth values are names as well, as in JavaScript.
    fn name(&mut self, name: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
        let name = value(name)?;
        let text = name.as_json();
        self.comma();
        match text.as_bytes().first() {
            Some(b'"') => self.out.raw(text),
            Some(b'[' | b'{' | b'n') | None => {
                return Err(WriteError("the name of a member must be a string".to_owned()));
            }
            Some(_) => self.out.string(text),
        };
        self.out.raw(":");
        Ok(())
    }

    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
        self.comma();
        self.out.string(name).raw(":");
        value.serialize(Writer { out: self.out, spread: false })
    }

    fn close(self) -> Result<(), WriteError> {
        self.out.raw(self.close);
        Ok(())
    }
}

/// What serde tells apart, and JSON does not.
macro_rules! elements {
    ($($kind:ident $method:ident,)*) => {$(
        impl ser::$kind for Compound<'_> {
            type Ok = ();
            type Error = WriteError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
                self.element(value)
            }

            fn end(self) -> Result<(), WriteError> {
                self.close()
            }
        }
    )*};
}

macro_rules! members {
    ($($kind:ident,)*) => {$(
        impl ser::$kind for Compound<'_> {
            type Ok = ();
            type Error = WriteError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), WriteError> {
                self.member(name, value)
            }

            fn end(self) -> Result<(), WriteError> {
                self.close()
            }
        }
    )*};
}

elements! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}
members! {
    SerializeStruct,
    SerializeStructVariant,
}

impl ser::SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = WriteError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), WriteError> {
        self.name(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        value.serialize(Writer { out: self.out, spread: false })
    }

    fn end(self) -> Result<(), WriteError> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::{answer, event, value};

    #[derive(Serialize)]
    enum Shape {
        Empty,
        Wrapped(u8),
        Pair(u8, &'static str),
        Named { side: Option<f64> },
    }

    struct Blob(&'static [u8]);

    impl Serialize for Blob {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    #[test]
    fn values_are_written_as_serde_json_writes_them() {
        let shapes = vec![
            Shape::Empty,
            Shape::Wrapped(7),
            Shape::Pair(1, "a\"\u{1}é"),
            Shape::Named { side: None },
            Shape::Named { side: Some(-0.5e-7) },
        ];
        let numbers = BTreeMap::from([(-3, true), (40, false)]);
        let all = (shapes, numbers, 'x', u64::MAX, i64::MIN, (), [[0_u8; 2]; 2]);
        let ours: serde_json::Value = serde_json::from_str(value(&all).unwrap().as_json()).unwrap();
        assert_eq!(ours, serde_json::to_value(&all).unwrap());
        assert_eq!(value(&f64::NAN).unwrap().as_json(), "null");
    }

    #[test]
    fn tuples_are_several_arguments() {
        assert_eq!(event("e", &()).unwrap().as_json(), r#"["e"]"#);
        assert_eq!(event("e", &(1, "b")).unwrap().as_json(), r#"["e",1,"b"]"#);
        assert_eq!(event("e", &vec![1, 2]).unwrap().as_json(), r#"["e",[1,2]]"#);
        assert_eq!(event("e", &((1, 2),)).unwrap().as_json(), r#"["e",[1,2]]"#);
        assert_eq!(answer(&()).unwrap().as_json(), "[]");
        assert_eq!(answer(&"x").unwrap().as_json(), r#"["x"]"#);
    }

    #[test]
    fn bytes_become_attachments() {
        let value = event("e", &(Blob(b"a"), vec![Blob(b"b")])).unwrap();
        let expected = r#"["e",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#;
        assert_eq!(value.as_json(), expected);
        assert_eq!(value.attachments(), [&b"a"[..], b"b"]);
    }

    #[test]
    fn names_of_members_are_no_lists() {
        let error = value(&BTreeMap::from([(vec![1], 1)])).unwrap_err();
        assert_eq!(error.to_string(), "the name of a member must be a string");
    }
}
