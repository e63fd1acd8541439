//! One connection as Socket.IO sees it: what it says, and which namespaces it is in.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use siospec_codec::{
    DecodeError, ErrorKind, Limits,
    socket::{Assembler, Body, Message, placeholders},
};

use super::{messagepack, namespace::SocketRef};
use crate::{
    config::{Config, Parser},
    fault::Fault,
};

/// The main namespace (Socket.IO protocol v5, "Introduction").
const MAIN: &str = "/";

/// How an event begins whose name is a placeholder.
const PLACEHOLDER_NAME: &str = r#"-[{"_placeholder":true,"num":0}"#;

/// The state of one connection.
///
/// Law: every message of the connection goes to [`Client::text`] or [`Client::binary`] in the order it came; after a
/// [`Violation`] the connection is closed and nothing more is handed in.
#[derive(Debug)]
pub struct Client {
    config: Arc<Config>,
    limits: Limits,
    assembler: Assembler<Bytes>,
    /// Its socket in the main namespace, which most connections are in.
    main: Option<SocketRef>,
    /// Its sockets in other namespaces.
    others: HashMap<String, SocketRef>,
    /// It joined a namespace once.
    admitted: bool,
    /// Namespaces whose events are handled though it is not in them; only for faults.
    departed: HashSet<String>,
    /// It hears nothing more; only with a fault.
    deaf: bool,
    /// It has said something else than CONNECT.
    spoke: bool,
}

/// What a client says.
#[derive(Debug)]
pub enum Incoming {
    /// It wants to join a namespace it is not in.
    Connect {
        /// The name, verbatim.
        namespace: String,
        /// The payload, an object.
        auth: Option<String>,
    },
    /// It leaves a namespace.
    Leave(SocketRef),
    /// An event.
    Event(SocketRef, Message<Bytes>),
    /// An acknowledgement.
    Ack(SocketRef, Message<Bytes>),
    /// An event for a namespace it is not in; only with faults.
    Stray(Message<Bytes>),
}

/// The client broke a rule; its connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// What came is no packet.
    Malformed(DecodeError),
    /// It is text where packets are MessagePack.
    WrongParser,
    /// The first packet was no CONNECT.
    NotConnected,
    /// A packet for a namespace that the connection has not joined.
    NotJoined,
    /// CONNECT to a namespace that the connection has joined.
    Twice,
    /// Clients do not refuse connections.
    ConnectError,
    /// Only with faults.
    Fault,
}

impl Client {
    /// A connection that is in no namespace.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let payload = config.max_payload_bytes;
        let default = Limits::DEFAULT;
        let max_attachment_bytes = payload.saturating_mul(default.max_attachments as usize);
        // Bytes inside of MessagePack are bounded by its message alone.
        let max_attachments = match config.parser {
            Parser::Text => default.max_attachments,
            Parser::MessagePack => u32::MAX,
        };
        let limits = Limits { max_attachments, max_attachment_bytes, ..default };
        let assembler = Assembler::new(limits);
        Self {
            config,
            limits,
            assembler,
            main: None,
            others: HashMap::new(),
            admitted: false,
            departed: HashSet::new(),
            deaf: false,
            spoke: false,
        }
    }

    /// A text message arrived.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn text(&mut self, text: &str) -> Result<Option<Incoming>, Violation> {
        if self.config.parser == Parser::MessagePack {
            return match self.config.faulty(Fault::PackedTextIgnored) {
                true => Ok(None),
                false => Err(Violation::WrongParser),
            };
        }
        if self.assembler.is_waiting() && self.config.faulty(Fault::TextTakenAsAttachment) {
            return self.binary(Bytes::copy_from_slice(text.as_bytes()));
        }
        if self.deaf {
            return Ok(None);
        }
        if self.is_misread(text) {
            return Err(Violation::Fault);
        }
        match self.assembler.text(text) {
            Ok(Some(message)) => self.message(message),
            Ok(None) => Ok(None),
            Err(error) => self.malformed(text, error),
        }
    }

    /// A binary message arrived.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn binary(&mut self, bytes: Bytes) -> Result<Option<Incoming>, Violation> {
        if self.config.parser == Parser::MessagePack {
            return self.packed(&bytes);
        }
        if bytes.is_empty()
            && self.assembler.is_waiting()
            && self.config.faulty(Fault::EmptyAttachmentDropped)
        {
            return Ok(None);
        }
        match self.assembler.binary(bytes) {
            Ok(Some(message)) => self.message(message),
            Ok(None) => Ok(None),
            Err(error)
                if error.kind == ErrorKind::UnexpectedAttachment
                    && self.config.faulty(Fault::StrayBinaryIgnored) =>
            {
                Ok(None)
            }
            Err(error) => Err(Violation::Malformed(error)),
        }
    }

    /// A packet as MessagePack, taken apart into text and attachments: the rest of the server knows only these.
    fn packed(&mut self, bytes: &Bytes) -> Result<Option<Incoming>, Violation> {
        let Some((text, attachments)) =
            messagepack::decode(&self.config, self.limits, bytes).map_err(Violation::Malformed)?
        else {
            return Ok(None);
        };
        let mut message = self.assembler.text(&text).map_err(Violation::Malformed)?;
        for attachment in attachments {
            message = self.assembler.binary(attachment).map_err(Violation::Malformed)?;
        }
        message.map_or(Ok(None), |message| self.message(message))
    }

    /// It is in the namespace from now on.
    pub fn joined(&mut self, namespace: &str, socket: SocketRef) {
        self.admitted = true;
        self.departed.remove(namespace);
        match namespace {
            MAIN => self.main = Some(socket),
            _ => drop(self.others.insert(namespace.to_owned(), socket)),
        }
    }

    /// It is no longer in the namespace.
    pub fn left(&mut self, namespace: &str) {
        match namespace {
            MAIN => self.main = None,
            _ => drop(self.others.remove(namespace)),
        }
        if self.config.faulty(Fault::EventAfterDisconnectHandled) {
            self.depart(namespace);
        }
    }

    /// Its events for this namespace are handled though it is not in it; only with faults.
    pub(crate) fn depart(&mut self, namespace: &str) {
        self.departed.insert(namespace.to_owned());
    }

    /// What it has begun to say, if it waits for attachments; only with a fault.
    pub(crate) fn take_half(&mut self) -> Option<Assembler<Bytes>> {
        let half = self.assembler.is_waiting();
        half.then(|| std::mem::replace(&mut self.assembler, Assembler::new(self.limits)))
    }

    /// It goes on with what another one has begun to say; only with a fault.
    pub(crate) fn go_on_with(&mut self, half: Assembler<Bytes>) {
        self.assembler = half;
    }

    /// Whether it has said something else than CONNECT.
    pub(crate) fn has_spoken(&self) -> bool {
        self.spoke
    }

    /// It counts as one that never joined; only with a fault.
    pub(crate) fn is_a_stranger(&mut self) {
        self.admitted = false;
    }

    /// Its socket in the namespace.
    #[must_use]
    pub fn socket(&self, namespace: &str) -> Option<SocketRef> {
        match namespace {
            MAIN => self.main,
            _ => self.others.get(namespace).copied(),
        }
    }

    /// All its sockets, in the order they joined.
    #[must_use]
    pub fn sockets(&self) -> Vec<SocketRef> {
        let mut sockets: Vec<_> = self.main.iter().chain(self.others.values()).copied().collect();
        sockets.sort_by_key(|socket| socket.key);
        sockets
    }

    /// The bytes of attachments that wait for the rest of their message.
    #[must_use]
    pub fn incomplete_bytes(&self) -> usize {
        self.assembler.held().1
    }

    /// Whether it joined a namespace in time; leaving it later does not count.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.admitted
    }

    fn message(&mut self, message: Message<Bytes>) -> Result<Option<Incoming>, Violation> {
        let packet = message.packet();
        let name = packet.namespace.as_str();
        if let Body::Connect(auth) = packet.body {
            if self.config.faulty(Fault::NamespaceNeedsComma)
                && name != "/"
                && !message.text.text().contains(',')
            {
                return Err(Violation::Fault);
            }
            let auth = auth.map(|auth| auth.as_str().to_owned());
            if auth.as_deref() == Some("{}") && self.config.faulty(Fault::EventInPlaceOfConnect) {
                self.depart(name);
                return Ok(None);
            }
            return Ok(Some(Incoming::Connect { namespace: name.to_owned(), auth }));
        }
        self.spoke = true;
        let Some(socket) = self.socket(name) else { return self.stranger(message) };
        if self.config.faulty(Fault::UnusedAttachmentCloses)
            && let Body::Event { args, attachments: Some(_), .. } = packet.body
            && placeholders(args).next().is_none()
        {
            return Err(Violation::Fault);
        }
        Ok(Some(match packet.body {
            Body::Event { .. } => Incoming::Event(socket, message),
            Body::Ack { .. } => Incoming::Ack(socket, message),
            Body::Disconnect => Incoming::Leave(socket),
            Body::ConnectError(_) => {
                self.config.dies_of(Fault::ConnectErrorKills);
                return Err(Violation::ConnectError);
            }
            Body::Connect(_) => return Ok(None),
        }))
    }

    /// A packet for a namespace that is not joined. The protocol text asks to close a connection whose first packet is
    /// not CONNECT; for later ones it is socket.io 4.8 that closes.
    fn stranger(&self, message: Message<Bytes>) -> Result<Option<Incoming>, Violation> {
        let packet = message.packet();
        let stray = match packet.body {
            Body::Event { .. } if self.departed.contains(packet.namespace.as_str()) => true,
            Body::Event { .. } => {
                self.admitted
                    && !packet.namespace.is_root()
                    && self.config.faulty(Fault::EventWithoutNamespaceHandled)
            }
            _ => false,
        };
        if stray {
            return Ok(Some(Incoming::Stray(message)));
        }
        match self.admitted {
            true => Err(Violation::NotJoined),
            false if self.config.faulty(Fault::EventBeforeConnectIgnored) => Ok(None),
            false if packet.attachments() > 0 && self.config.faulty(Fault::BinaryFirstIgnored) => Ok(None),
            false => Err(Violation::NotConnected),
        }
    }

    /// Whether a fault finds something wrong with a packet.
    fn is_misread(&self, text: &str) -> bool {
        match self.config.fault {
            Some(Fault::BlanksBehindClose) => text.ends_with([' ', '\n']),
            Some(Fault::BlanksInsideClose) => text.contains("[ "),
            Some(Fault::SlashIsUnknown) => ["0/", "0/,"].contains(&text),
            _ => false,
        }
    }

    fn malformed(&mut self, text: &str, error: DecodeError) -> Result<Option<Incoming>, Violation> {
        match error.kind {
            ErrorKind::ReservedEventName => self.config.dies_of(Fault::ReservedEventKills),
            ErrorKind::InvalidEventName if text.contains("toString") => {
                self.config.dies_of(Fault::EventNameObjectKills);
            }
            ErrorKind::TooManyAttachments => self.config.dies_of(Fault::AttachmentCountKills),
            ErrorKind::InvalidPlaceholder if text.contains("splice") => {
                self.config.dies_of(Fault::PlaceholderNameKills);
            }
            ErrorKind::TooDeep => self.config.dies_of(Fault::DeepPayloadKills),
            ErrorKind::NoAttachments if self.config.faulty(Fault::NoAttachmentsDeafens) => {
                self.deaf = true;
                return Ok(None);
            }
            ErrorKind::InvalidEventName
                if text.contains(PLACEHOLDER_NAME) && self.config.faulty(Fault::AttachmentAsName) =>
            {
                return self.text(&text.replacen(PLACEHOLDER_NAME, r#"-["message""#, 1));
            }
            ErrorKind::ExpectedObject if self.config.faulty(Fault::ConnectPayloadUnchecked) => {
                return Ok(Some(Incoming::Connect { namespace: MAIN.to_owned(), auth: None }));
            }
            _ if !self.admitted && self.config.faulty(Fault::UnparsableFirstIgnored) => return Ok(None),
            _ => {}
        }
        let ignored = match error.kind {
            ErrorKind::ExpectedArray if text.starts_with('3') => Fault::BadAckPayloadIgnored,
            ErrorKind::InvalidAttachmentCount => Fault::AttachmentCountIgnored,
            ErrorKind::UnexpectedPayload => Fault::DisconnectPayloadIgnored,
            ErrorKind::EmptyPacket | ErrorKind::UnknownPacketType => Fault::UnparsableIgnored,
            // Whatever stands between the type and a list is no acknowledgement id.
            ErrorKind::ExpectedArray if text.ends_with(']') => Fault::BadAckIdIgnored,
            ErrorKind::ExpectedArray | ErrorKind::MissingEventName | ErrorKind::InvalidEventName => {
                Fault::BadEventPayloadIgnored
            }
            ErrorKind::UnexpectedEnd | ErrorKind::UnexpectedCharacter => Fault::MalformedJsonIgnored,
            ErrorKind::PlaceholderOutOfRange if self.config.faulty(Fault::PlaceholderOutOfRangeDelivered) => {
                return self.text(&without_placeholder(text, error.offset));
            }
            _ => return Err(Violation::Malformed(error)),
        };
        if self.config.faulty(ignored) { Ok(None) } else { Err(Violation::Malformed(error)) }
    }
}

/// The text with null instead of the placeholder at this offset.
fn without_placeholder(text: &str, offset: usize) -> String {
    let (before, object) = text.split_at(offset);
    let after = object.split_once('}').map_or("", |(_, after)| after);
    format!("{before}null{after}")
}
