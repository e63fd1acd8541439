//! What is wrong with an input, and where.

use core::fmt;

/// Why an input was refused, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecodeError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where, in bytes from the start of the input. At most the input's length; equal to it when something
    /// is missing at the end.
    pub offset: usize,
}

impl DecodeError {
    /// An error of this kind at this byte offset.
    #[must_use]
    pub const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// The same error seen from an outer input in which the inner one begins at byte `by`.
    #[must_use]
    pub const fn shifted(self, by: usize) -> Self {
        Self { kind: self.kind, offset: self.offset.saturating_add(by) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl core::error::Error for DecodeError {}

/// Declares the kinds once: variant, name for other languages, text for people.
macro_rules! error_kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $text:literal;)+) => {
        /// The ways in which an input can be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The kind's stable name, as the test vectors spell it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl fmt::Display for ErrorKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)+ })
            }
        }
    };
}

error_kinds! {
    /// A packet without even a type.
    EmptyPacket = "empty-packet", "empty packet";
    /// The first character is no packet type.
    UnknownPacketType = "unknown-packet-type", "unknown packet type";
    /// Not the standard base64 alphabet with padding (RFC 4648, section 4).
    InvalidBase64 = "invalid-base64", "invalid base64";
    /// More packets in a payload than [`Limits::max_packets`](crate::Limits::max_packets).
    TooManyPackets = "too-many-packets", "too many packets in the payload";
    /// A packet of a payload in pieces is larger than
    /// [`Limits::max_packet_bytes`](crate::Limits::max_packet_bytes).
    PacketTooLarge = "packet-too-large", "packet too large";
    /// The payload's framing does not hold.
    InvalidFrame = "invalid-frame", "invalid payload framing";
    /// Bytes that should be text are not UTF-8.
    InvalidUtf8 = "invalid-utf-8", "invalid UTF-8";

    /// The text ends inside a JSON value.
    UnexpectedEnd = "unexpected-end", "unexpected end of JSON";
    /// A character that JSON does not allow here.
    UnexpectedCharacter = "unexpected-character", "unexpected character in JSON";
    /// A control character inside a JSON string.
    ControlCharacter = "control-character", "unescaped control character in a JSON string";
    /// A backslash followed by no JSON escape.
    InvalidEscape = "invalid-escape", "invalid escape in a JSON string";
    /// A JSON number is malformed.
    InvalidNumber = "invalid-number", "invalid JSON number";
    /// Something follows the JSON value.
    TrailingCharacters = "trailing-characters", "trailing characters after the JSON value";
    /// Arrays and objects nested deeper than [`Limits::max_depth`](crate::Limits::max_depth).
    TooDeep = "too-deep", "nested too deeply";

    /// A handshake lacks one of its fields, or a MessagePack packet its type or namespace.
    MissingField = "missing-field", "missing field";
    /// A field of a handshake or of a MessagePack packet has the wrong type.
    InvalidField = "invalid-field", "field of the wrong type";

    /// The namespace does not begin with a slash, or holds a comma.
    InvalidNamespace = "invalid-namespace", "invalid namespace";
    /// The namespace is longer than [`Limits::max_namespace_bytes`](crate::Limits::max_namespace_bytes).
    NamespaceTooLong = "namespace-too-long", "namespace too long";
    /// A binary packet whose type is not followed by decimal digits and a dash.
    InvalidAttachmentCount = "invalid-attachment-count", "invalid attachment count";
    /// A binary packet that announces no attachment.
    NoAttachments = "no-attachments", "binary packet without attachments";
    /// More attachments announced than [`Limits::max_attachments`](crate::Limits::max_attachments).
    TooManyAttachments = "too-many-attachments", "too many attachments";
    /// An acknowledgement id above 2^53−1, which not every implementation can hold.
    AckIdTooLarge = "ack-id-too-large", "acknowledgement id too large";
    /// An acknowledgement id that is no number, or below zero; only MessagePack can write one.
    InvalidAckId = "invalid-ack-id", "invalid acknowledgement id";
    /// An acknowledgement id on a packet that is never acknowledged.
    UnexpectedAckId = "unexpected-ack-id", "unexpected acknowledgement id";
    /// An acknowledgement that does not say what it acknowledges.
    MissingAckId = "missing-ack-id", "missing acknowledgement id";
    /// No payload on a packet that needs one.
    MissingPayload = "missing-payload", "missing payload";
    /// A payload on a packet that has none.
    UnexpectedPayload = "unexpected-payload", "unexpected payload";
    /// The payload has to be an object.
    ExpectedObject = "expected-object", "payload is not an object";
    /// The payload has to be an array.
    ExpectedArray = "expected-array", "payload is not an array";
    /// An event without a name.
    MissingEventName = "missing-event-name", "missing event name";
    /// An event name that is neither a string nor a number.
    InvalidEventName = "invalid-event-name", "event name is neither a string nor a number";
    /// An event name that libraries keep for themselves.
    ReservedEventName = "reserved-event-name", "reserved event name";
    /// A placeholder without a number, or with one that is no integer.
    InvalidPlaceholder = "invalid-placeholder", "invalid placeholder";
    /// A placeholder for an attachment that was not announced.
    PlaceholderOutOfRange = "placeholder-out-of-range", "placeholder names no announced attachment";

    /// The bytes end inside a MessagePack value.
    Truncated = "truncated", "unexpected end of MessagePack";
    /// The byte that MessagePack never uses.
    ReservedByte = "reserved-byte", "reserved byte in MessagePack";
    /// Something follows the MessagePack value.
    TrailingBytes = "trailing-bytes", "trailing bytes after the MessagePack value";

    /// A text packet where an attachment was due.
    TextInsteadOfAttachment = "text-instead-of-attachment", "text where an attachment was due";
    /// A binary message that no packet announced.
    UnexpectedAttachment = "unexpected-attachment", "attachment that no packet announced";
    /// Attachments larger in sum than [`Limits::max_attachment_bytes`](crate::Limits::max_attachment_bytes).
    AttachmentsTooLarge = "attachments-too-large", "attachments too large";
}
