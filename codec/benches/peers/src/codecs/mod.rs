//! Who is measured, and at what.

mod engineioxide;
mod references;
mod siospec;
mod socketioxide;

use crate::corpus::Item;

/// What is measured; every operation runs over one whole item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// The header of a Socket.IO packet, its JSON left alone; attachments gathered.
    Split,
    /// The whole of an event with its attachments, and its name: what a server needs in order to route it.
    Event,
    /// The JSON in an item, checked; ours reads the packets around it as well.
    Json,
    /// Engine.IO packets and polling bodies; base64 becomes bytes.
    Engine,
    /// Polling bodies of Engine.IO version 3.
    Version3,
    /// A Socket.IO packet from MessagePack.
    MessagePack,
    /// From base64 to bytes.
    FromBase64,
    /// From bytes to base64.
    ToBase64,
    /// From a Socket.IO packet whose payload is JSON text to text.
    Encode,
    /// The same, into a buffer that is there already; a peer that cannot do so makes one.
    EncodeInto,
    /// From Engine.IO packets to a polling body.
    EncodeEngine,
}

impl Operation {
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Split, "split"),
        (Self::Event, "event"),
        (Self::Json, "json"),
        (Self::Engine, "engine"),
        (Self::Version3, "version-3"),
        (Self::MessagePack, "msgpack"),
        (Self::FromBase64, "from-base64"),
        (Self::ToBase64, "to-base64"),
        (Self::Encode, "encode"),
        (Self::EncodeInto, "encode-into"),
        (Self::EncodeEngine, "encode-engine"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(operation, _)| *operation == self).map_or("", |(_, name)| name)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(operation, _)| operation)
    }
}

/// Does an operation once; gives something that depends on the result.
pub type Run = Box<dyn FnMut() -> usize>;

/// A codec by name: what it does for an operation on an item, if it can.
pub type Codec = (&'static str, fn(Operation, &'static Item) -> Option<Run>);

pub const CODECS: [Codec; 8] = [
    ("siospec", siospec::make),
    ("socketioxide", socketioxide::common),
    ("socketioxide-msgpack", socketioxide::msgpack),
    ("engineioxide", engineioxide::make),
    ("serde_json", references::ignored_json),
    ("base64-simd", references::base64),
    ("simdutf8", references::utf8),
    ("copy", references::copy),
];
