//! How strict to be: named leniencies, each with the reason why somebody needs it.

use crate::Limits;
use core::fmt;
use core::ops::{BitOr, BitOrAssign, Sub};

/// What a decoder demands: the deviations it tolerates and the limits it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Profile {
    /// The deviations that are tolerated. None by default.
    pub leniency: Leniency,
    /// The bounds that are held.
    pub limits: Limits,
}

impl Profile {
    /// No leniency, default limits.
    pub const STRICT: Self = Self { leniency: Leniency::NONE, limits: Limits::DEFAULT };

    /// No leniency, these limits.
    #[must_use]
    pub const fn strict(limits: Limits) -> Self {
        Self { leniency: Leniency::NONE, limits }
    }

    /// Accepts and refuses what socket.io-parser 4.2.7 and engine.io-parser 5.2.3 do.
    #[must_use]
    pub const fn reference() -> Self {
        Self { leniency: Leniency::REFERENCE, limits: Limits::REFERENCE }
    }

    pub(crate) const fn allows(&self, leniency: Leniency) -> bool {
        self.leniency.contains(leniency)
    }
}

/// A set of tolerated deviations from the protocol texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Leniency(u32);

/// Declares the flags once; positions follow the order of declaration.
macro_rules! leniencies {
    ($($(#[doc = $doc:literal])+ $flag:ident = $bit:literal, $name:literal;)+) => {
        impl Leniency {
            $($(#[doc = $doc])+ pub const $flag: Self = Self(1 << $bit);)+

            /// Every flag with its name, in the order of declaration.
            pub const ALL: &[(Self, &str)] = &[$((Self::$flag, $name),)+];
        }
    };
}

leniencies! {
    /// A blank or absent packet type is CONNECT. Socket.IO protocol, "Packet encoding", names a digit;
    /// observed in socket.io-parser 4.2.7, where `Number("")` and `Number(" ")` are 0.
    BLANK_TYPE = 0, "blank-type";
    /// CONNECT, DISCONNECT and CONNECT_ERROR with an acknowledgement id, which is dropped. Socket.IO
    /// protocol, "Packet encoding", has ids for events only; observed in socket.io-parser 4.2.7.
    ACK_ID_ON_CONTROL = 1, "ack-id-on-control";
    /// Blanks count as digits of an acknowledgement id. Socket.IO protocol, "Acknowledgement", has an
    /// integer; observed in socket.io-parser 4.2.7, where `Number(" ")` is 0.
    BLANK_ACK_ID = 2, "blank-ack-id";
    /// An acknowledgement id above 2^53−1 becomes the nearest double. The texts are silent; strict refuses
    /// because the acknowledgement would go to another id. Observed in socket.io-parser 4.2.7.
    ROUNDED_ACK_ID = 3, "rounded-ack-id";
    /// An acknowledgement without an id, which acknowledges nothing. Against Socket.IO protocol,
    /// "Acknowledgement"; observed in socket.io-parser 4.2.7.
    ACK_WITHOUT_ID = 4, "ack-without-id";
    /// An event, acknowledgement or CONNECT_ERROR that ends before its payload. Against Socket.IO protocol,
    /// "Sending and receiving data"; observed in socket.io-parser 4.2.7.
    MISSING_PAYLOAD = 5, "missing-payload";
    /// CONNECT_ERROR with a string. Socket.IO protocol, "Connection to a namespace", has an object since
    /// version 5; observed in socket.io-parser 4.2.7.
    CONNECT_ERROR_STRING = 6, "connect-error-string";
    /// An event with one of the six names that JavaScript emitters use for themselves. The texts are silent
    /// and socket.io-parser 4.2.7 refuses them; observed in python-socketio 5.18.1.
    RESERVED_EVENT_NAME = 7, "reserved-event-name";
    /// An attachment count in any form that JavaScript's `Number()` reads as an integer: blanks, sign,
    /// decimals, exponent, hexadecimal. Socket.IO protocol, "Packet encoding", shows digits; observed in
    /// socket.io-parser 4.2.7.
    LOOSE_ATTACHMENT_COUNT = 8, "loose-attachment-count";
    /// A binary packet that announces no attachments. The texts are silent; observed in socket.io-parser
    /// 4.2.6, refused by 4.2.7.
    NO_ATTACHMENTS = 9, "no-attachments";
    /// A placeholder with a fractional number within the range, which stands for nothing. Against
    /// Socket.IO protocol, "Packet encoding"; observed in socket.io-parser 4.2.7.
    FRACTIONAL_PLACEHOLDER = 10, "fractional-placeholder";
    /// Base64 as Node's `Buffer.from` reads it: foreign characters are skipped, padding is optional, the
    /// url-safe alphabet counts. Against RFC 4648, section 3; observed in engine.io-parser 5.2.3.
    FORGIVING_BASE64 = 11, "forgiving-base64";
    /// The length of a packet in a version 3 payload in any form that JavaScript's `Number()` reads as an
    /// integer. Engine.IO protocol, version 3, "Payload", has digits; observed in engine.io 6.6.9.
    LOOSE_FRAME_LENGTH = 12, "loose-frame-length";
    /// A MessagePack event without a name: an empty array, or one that begins with something else. Against
    /// Socket.IO protocol, "Sending and receiving data"; observed in socket.io-msgpack-parser 3.0.2.
    NAMELESS_EVENT = 13, "nameless-event";
    /// An acknowledgement id below zero in a MessagePack packet. The texts are silent; strict refuses because
    /// a text packet could not carry it. Observed in socket.io-msgpack-parser 3.0.2.
    NEGATIVE_ACK_ID = 14, "negative-ack-id";
    /// CONNECT_ERROR with any JSON value. Socket.IO protocol, version 4, "ERROR", where the packet of that
    /// number tells of any error; for connections of Engine.IO version 3.
    ERROR_VALUE = 15, "error-value";
}

impl Leniency {
    /// Nothing is tolerated.
    pub const NONE: Self = Self(0);

    /// What socket.io-parser 4.2.7 and engine.io-parser 5.2.3 tolerate.
    pub const REFERENCE: Self = Self(
        Self::BLANK_TYPE.0
            | Self::ACK_ID_ON_CONTROL.0
            | Self::BLANK_ACK_ID.0
            | Self::ROUNDED_ACK_ID.0
            | Self::ACK_WITHOUT_ID.0
            | Self::MISSING_PAYLOAD.0
            | Self::CONNECT_ERROR_STRING.0
            | Self::LOOSE_ATTACHMENT_COUNT.0
            | Self::FRACTIONAL_PLACEHOLDER.0
            | Self::FORGIVING_BASE64.0
            | Self::LOOSE_FRAME_LENGTH.0
            | Self::NAMELESS_EVENT.0
            | Self::NEGATIVE_ACK_ID.0,
    );

    /// What version 4 of the Socket.IO protocol allows beyond version 5.
    pub const VERSION_4: Self = Self::ERROR_VALUE;

    /// Whether all of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the flags in this set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| *name)
    }

    /// The flag of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(flag, _)| *flag)
    }
}

impl BitOr for Leniency {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Leniency {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Sub for Leniency {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for Leniency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
