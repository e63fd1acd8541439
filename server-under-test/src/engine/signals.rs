//! What goes into a session and what comes out of it.

use bytes::Bytes;

use super::outbox::{Frame, Text};

/// A polling request, so that it can be answered later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub u64);

/// A websocket connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketId(pub u64);

/// How a client talks to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

impl Transport {
    /// The name in the `transport` query parameter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// Packets that travel together, without anything in between: a packet and its attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// An Engine.IO message packet: text with its type digit, or binary where packets are MessagePack.
    pub head: Frame,
    /// The binary messages that follow it.
    pub attachments: Vec<Bytes>,
    /// How they are sent.
    pub manner: Manner,
}

/// How packets are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Dropped unless they can leave at once.
    pub volatile: bool,
    /// Compressed where the server and the client have agreed on it.
    pub compress: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self { volatile: false, compress: true }
    }
}

impl Outgoing {
    /// A packet without attachments, sent as usual.
    #[must_use]
    pub fn new(head: Frame) -> Self {
        Self { head, attachments: Vec::new(), manner: Manner::default() }
    }

    /// The payload bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.head.len_bytes() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// The text, if it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.head {
            Frame::Text(text) => Some(text.as_str()),
            Frame::Binary(_) => None,
        }
    }
}

/// Something happened to a session.
#[derive(Debug)]
pub enum Input {
    /// A GET arrived.
    Get(RequestId),
    /// The connection of a GET was lost before the answer.
    GetLost(RequestId),
    /// The head of a POST arrived.
    PostBegun(RequestId),
    /// The body of a POST is complete.
    PostBody(RequestId, Bytes),
    /// The body of a POST is complete, and the client says that it is bytes.
    PostOctets(RequestId, Bytes),
    /// The body of a POST is not accepted; the driver has answered it.
    PostRefused(RequestId),
    /// The connection of a POST was lost before the body was complete.
    PostLost(RequestId),
    /// A websocket was opened for this session.
    SocketOpened(SocketId),
    /// A text message arrived.
    SocketText(SocketId, Text),
    /// A binary message arrived.
    SocketBinary(SocketId, Bytes),
    /// The peer closed the websocket, or the connection was lost.
    SocketClosed(SocketId),
    /// The peer broke the websocket protocol or a limit.
    SocketFailed(SocketId),
    /// The application sends.
    Send(Outgoing),
    /// The application closes the session; what was sent before still arrives.
    Close,
    /// The application cuts the connection without a goodbye.
    Cut,
    /// The server stops; what was not sent is lost.
    ShutDown,
    /// The deadline is reached.
    Timeout,
}

/// A session wants something.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// A request is to be answered.
    Answer(RequestId, Answer),
    /// A text message for the layer above, without the type digit.
    Text(Text),
    /// A binary message for the layer above.
    Binary(Bytes),
    /// The session moved to websocket.
    Upgraded,
    /// The session is over. Nothing for the layer above follows.
    Ended(Reason),
}

/// The answer to a polling request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200 with packets.
    Payload(Vec<u8>),
    /// 200 with packets as bytes, for a client of version 3.
    Octets(Vec<u8>),
    /// One of these two, to be left uncompressed.
    Plain(Box<Answer>),
    /// 200: the packets of a POST were taken.
    Taken,
    /// 400 with a reason.
    Refused(Refusal),
    /// 400 without one: a request of this kind is in flight already.
    Overlap,
    /// None: the connection is dropped.
    Cut,
}

impl Answer {
    /// The body, if it is packets.
    #[must_use]
    pub fn packets(&self) -> Option<&[u8]> {
        match self {
            Self::Payload(body) | Self::Octets(body) => Some(body),
            Self::Plain(packets) => packets.packets(),
            _ => None,
        }
    }
}

/// Something for a websocket connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToSocket {
    /// Send a message.
    Frame(Frame),
    /// Send a message, and do not compress it.
    Plain(Frame),
    /// Close with an empty Close frame.
    Close,
    /// Drop the connection.
    Cut,
}

/// Why a request is refused; codes and texts are those of socket.io 4.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No transport of this name.
    TransportUnknown,
    /// No session of this id.
    SidUnknown,
    /// A handshake is a GET.
    BadMethod,
    /// The request does not fit the session.
    BadRequest,
    /// Not protocol version 4.
    VersionUnsupported,
}

impl Refusal {
    /// The number in the error body.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::TransportUnknown => 0,
            Self::SidUnknown => 1,
            Self::BadMethod => 2,
            Self::BadRequest => 3,
            Self::VersionUnsupported => 5,
        }
    }

    /// The text in the error body.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::SidUnknown => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::VersionUnsupported => "Unsupported protocol version",
        }
    }
}

/// Why a session or a socket went; the names are those of socket.io 4.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The connection ended from the other side.
    TransportClose,
    /// The transport failed: overlapping requests, a broken frame.
    TransportError,
    /// The server closed the connection, or the client broke a Socket.IO rule.
    ForcedClose,
    /// No pong in time.
    PingTimeout,
    /// What arrived is no Engine.IO packet.
    ParseError,
    /// The server stopped.
    ShuttingDown,
    /// The client left the namespace.
    ClientLeft,
    /// The server removed the socket from the namespace.
    ServerLeft,
}

impl Reason {
    /// The name of the reason.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ForcedClose => "forced close",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ShuttingDown => "server shutting down",
            Self::ClientLeft => "client namespace disconnect",
            Self::ServerLeft => "server namespace disconnect",
        }
    }
}
