//! Feature `serde`: values as types of the application.
//!
//! The core knows nothing of serde. With the feature, a proven value is read by serde_json (rmp-serde for
//! MessagePack) straight into a type, which may borrow from the message: strings without escapes as `&'a str`,
//! attachments as `&'a [u8]`. Half a surrogate pair, which JSON can write and UTF-8 cannot, is an error here.
//!
//! ```
//! use serde::Deserialize;
//! use siospec_codec::socket::{Body, Packet};
//!
//! #[derive(Debug, Deserialize)]
//! struct Chat<'a> {
//!     from: &'a str,
//!     picture: &'a [u8],
//! }
//!
//! let text = r#"51-["chat",{"from":"ada","picture":{"_placeholder":true,"num":0}},7]"#;
//! let Body::Event { args, .. } = Packet::decode(text)?.body else { unreachable!("type 5 is an event") };
//! let (chat, number): (Chat<'_>, u32) = args.read_event_with(&[b"\x89PNG"])?;
//! assert_eq!((chat.from, chat.picture, number), ("ada", &b"\x89PNG"[..], 7));
//!
//! let error = args.read_event_with::<(Chat<'_>, &str), _>(&[b""]).unwrap_err();
//! assert_eq!(error.to_string(), "argument 2: invalid type: integer `7`, expected a borrowed string at byte 63");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attachments;
mod error;
mod messagepack;
mod visitor;

pub use error::ReadError;

use crate::json::Json;
use crate::msgpack;
use crate::socket::Args;
use attachments::With;
use core::fmt;
use core::marker::PhantomData;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_path_to_error::Track;

/// The attachments of a packet that has none.
const NONE: &[&[u8]] = &[];

impl<'a> Json<'a> {
    /// Reads the value into a type.
    ///
    /// # Errors
    /// Where the value does not fit.
    pub fn read<T: Deserialize<'a>>(self) -> Result<T, ReadError> {
        self.read_with(NONE)
    }

    /// Like [`read`](Self::read); where the type asks for bytes, a placeholder is the attachment it stands for.
    ///
    /// # Errors
    /// Where the value does not fit, or an attachment lacks.
    pub fn read_with<T: Deserialize<'a>, B: AsRef<[u8]>>(self, attachments: &'a [B]) -> Result<T, ReadError> {
        read(self, attachments, PhantomData).map_err(|at| at.in_value(self))
    }
}

impl<'a> Args<'a> {
    /// Reads all arguments into a type, usually a tuple. Of an event, the first one is its name.
    ///
    /// # Errors
    /// Where an argument does not fit, or there are more or fewer than asked for.
    pub fn read<T: Deserialize<'a>>(self) -> Result<T, ReadError> {
        self.read_with(NONE)
    }

    /// Like [`read`](Self::read), with the attachments of the packet.
    ///
    /// # Errors
    /// As [`read`](Self::read), or where an attachment lacks.
    pub fn read_with<T: Deserialize<'a>, B: AsRef<[u8]>>(self, attachments: &'a [B]) -> Result<T, ReadError> {
        read(self.as_json(), attachments, PhantomData).map_err(|at| at.in_arguments(self, 1))
    }

    /// Reads what follows the name of an event: `args.read_event::<(A, B)>()`.
    ///
    /// # Errors
    /// Where an argument does not fit, or there are more or fewer than asked for.
    pub fn read_event<T: Deserialize<'a>>(self) -> Result<T, ReadError> {
        self.read_event_with(NONE)
    }

    /// Like [`read_event`](Self::read_event), with the attachments of the packet.
    ///
    /// # Errors
    /// As [`read_event`](Self::read_event), or where an attachment lacks.
    pub fn read_event_with<T, B>(self, attachments: &'a [B]) -> Result<T, ReadError>
    where
        T: Deserialize<'a>,
        B: AsRef<[u8]>,
    {
        read(self.as_json(), attachments, BehindName(PhantomData)).map_err(|at| at.in_arguments(self, 0))
    }

    /// Reads one argument, counted from 0, whatever the others are; none if there are not so many.
    ///
    /// # Errors
    /// Where the argument does not fit.
    pub fn read_at<T: Deserialize<'a>>(self, index: usize) -> Option<Result<T, ReadError>> {
        self.read_at_with(index, NONE)
    }

    /// Like [`read_at`](Self::read_at), with the attachments of the packet.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at), or where an attachment lacks.
    pub fn read_at_with<T: Deserialize<'a>, B: AsRef<[u8]>>(
        self,
        index: usize,
        attachments: &'a [B],
    ) -> Option<Result<T, ReadError>> {
        let argument = self.iter().nth(index)?;
        let read = read(argument, attachments, PhantomData);
        Some(read.map_err(|at| at.in_argument(self, index, argument)))
    }
}

impl<'a> msgpack::Value<'a> {
    /// Reads the value into a type; text and bytes may be borrowed, and JavaScript's `undefined` is `nil`.
    ///
    /// # Errors
    /// Where the value does not fit, or nests deeper than 128 levels.
    pub fn read<T: Deserialize<'a>>(self) -> Result<T, ReadError> {
        messagepack::read(self)
    }
}

/// Reads a proven value. The path tells where it went wrong.
fn read<'a, S: DeserializeSeed<'a>>(
    json: Json<'a>,
    attachments: &'a [impl AsRef<[u8]>],
    seed: S,
) -> Result<S::Value, error::At> {
    let mut track = Track::new();
    let mut deserializer = serde_json::Deserializer::from_str(json.as_str());
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let value = seed.deserialize(With { inner: tracked, attachments });
    value.map_err(|error| error::At::new(&track.path(), &error))
}

/// Reads an array without its first element.
struct BehindName<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for BehindName<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for BehindName<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name and the arguments of an event")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        if seq.next_element::<IgnoredAny>()?.is_none() {
            return Err(A::Error::custom("an event without a name"));
        }
        let arguments = T::deserialize(SeqAccessDeserializer::new(&mut seq))?;
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(arguments),
            Some(_) => Err(A::Error::custom("more arguments than expected")),
        }
    }
}
