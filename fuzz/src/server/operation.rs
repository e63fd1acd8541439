//! What scripted clients do, and how it is written.

use arbitrary::{Arbitrary, Result, Unstructured};

/// What happens, and to what kind of server.
#[derive(Arbitrary, Debug, Default, Clone)]
pub(super) struct Script {
    pub(super) steps: Vec<Step>,
    /// Whether lost sessions could come back, so that what they miss is kept for a while.
    pub(super) recovery: bool,
}

/// One of the clients does something.
#[derive(Arbitrary, Debug, Clone)]
pub(super) struct Step {
    pub(super) who: u8,
    pub(super) what: Operation,
}

/// What a client does.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    /// A client comes: opens a session with a GET or on a websocket; reads whatever there is at once, or when told to.
    Open { websocket: bool, attentive: bool },
    /// Sends a GET, even if another one is in flight.
    Get,
    /// Loses the connection of its GET.
    GetLost,
    /// Sends the head of a POST, even if another one is in flight.
    PostBegins,
    /// Sends the body of its POST.
    PostEnds(Vec<Saying>),
    /// Sends too large a body, which the driver refuses.
    PostRefused,
    /// Loses the connection of its POST.
    PostLost,
    /// Opens a websocket for its session.
    OpenCandidate,
    /// Says `2probe` there.
    Probe,
    /// Says `5` there.
    Upgrade,
    /// Changes to websocket as every client does, if nothing stands in the way; clients say something meanwhile.
    ChangeTransport(Vec<(u8, Saying)>),
    /// Says something there.
    Blurt(Saying),
    /// Says something on the transport in use: as a whole POST, or on its websocket.
    Say(Saying),
    /// Reads what its websockets have for it.
    Read,
    /// Does not answer pings any more.
    FallSilent,
    /// Sends an Engine.IO close packet.
    Close,
    /// Ends one of its websockets, with a Close frame or without.
    Hangup { candidate: bool, broken: bool },
    /// Time passes.
    Wait { ms: u16 },
    /// The server stops this session.
    ShutDown,
}

/// What a client says.
#[derive(Debug, Clone)]
pub(super) enum Saying {
    Connect(Place, bool),
    Leave(Place),
    Echo(Place),
    EchoWithAck(Place),
    EchoBinary(Place, Vec<u8>),
    Do(Place, Command),
    Answer(Place, u8),
    /// The attachment of nothing, or of what was said before.
    Attachment(Vec<u8>),
    /// A Socket.IO packet, or what might be one.
    Packet(String),
    /// An Engine.IO packet, or what might be one.
    Raw(String),
}

/// A namespace.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Main,
    Custom,
    Auth,
    Dynamic,
    Unknown,
}

/// A room.
#[derive(Arbitrary, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    A,
    B,
    C,
}

/// What the application is told to do.
#[derive(Arbitrary, Debug, Clone)]
pub(super) enum Command {
    Join(Vec<Room>),
    Leave(Vec<Room>),
    Emit(Emission),
    SocketsJoin { to: Vec<Room>, rooms: Vec<Room> },
    SocketsLeave { to: Vec<Room>, rooms: Vec<Room> },
    DisconnectSockets { to: Vec<Room>, close: bool },
    Disconnect { close: bool },
    Drop,
    Nonsense,
}

/// An event that the application is told to send.
#[derive(Arbitrary, Debug, Clone)]
pub(super) struct Emission {
    pub(super) by_server: bool,
    pub(super) broadcast: bool,
    pub(super) to: Vec<Room>,
    pub(super) except: Vec<Room>,
    pub(super) volatile: bool,
    /// For how many milliseconds acknowledgements are waited for, if they are.
    pub(super) ack: Option<u8>,
}

/// What is usual comes more often than what is not, so that something is left to go wrong.
impl<'a> Arbitrary<'a> for Operation {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.arbitrary::<u8>()? % 40 {
            0..=15 => Self::Say(u.arbitrary()?),
            16 | 17 => Self::Open { websocket: u.arbitrary()?, attentive: u.arbitrary()? },
            18 | 19 => Self::ChangeTransport(u.arbitrary()?),
            20 | 21 => Self::Wait { ms: u.arbitrary()? },
            22 | 23 => Self::Read,
            24 => Self::Get,
            25 => Self::GetLost,
            26 => Self::PostBegins,
            27 => Self::PostEnds(u.arbitrary()?),
            28 => Self::PostRefused,
            29 => Self::PostLost,
            30 => Self::OpenCandidate,
            31 => Self::Probe,
            32 => Self::Upgrade,
            33 | 34 => Self::Blurt(u.arbitrary()?),
            35 => Self::FallSilent,
            36 => Self::Close,
            37 | 38 => Self::Hangup { candidate: u.arbitrary()?, broken: u.arbitrary()? },
            _ => Self::ShutDown,
        })
    }
}

impl<'a> Arbitrary<'a> for Saying {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.arbitrary::<u8>()? % 24 {
            0..=9 => Self::Do(u.arbitrary()?, u.arbitrary()?),
            10..=13 => Self::Connect(u.arbitrary()?, u.arbitrary()?),
            14 | 15 => Self::Answer(u.arbitrary()?, u.arbitrary::<u8>()? % 8),
            16 => Self::Leave(u.arbitrary()?),
            17 => Self::Echo(u.arbitrary()?),
            18 => Self::EchoWithAck(u.arbitrary()?),
            19 | 20 => Self::EchoBinary(u.arbitrary()?, u.arbitrary()?),
            21 => Self::Attachment(u.arbitrary()?),
            22 => Self::Packet(u.arbitrary()?),
            _ => Self::Raw(u.arbitrary()?),
        })
    }
}

impl<'a> Arbitrary<'a> for Place {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.arbitrary::<u8>()? % 12 {
            0..=7 => Self::Main,
            8 => Self::Custom,
            9 => Self::Auth,
            10 => Self::Dynamic,
            _ => Self::Unknown,
        })
    }
}

impl Place {
    /// As packets say it.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Custom => "/custom,",
            Self::Auth => "/auth,",
            Self::Dynamic => "/dynamic-7,",
            Self::Unknown => "/unknown,",
        }
    }
}

/// One message of a client.
pub(super) enum Said {
    /// An Engine.IO text packet.
    Text(String),
    Binary(Vec<u8>),
}

impl Saying {
    /// The messages, with `tag` wherever something has to be told from everything else.
    pub(super) fn messages(&self, tag: u64) -> Vec<Said> {
        let text = |text: String| vec![Said::Text(text)];
        match self {
            Self::Connect(place, token) => {
                let auth = if *token { r#"{"token":"open sesame"}"# } else { "" };
                text(format!("40{}{auth}", place.prefix()))
            }
            Self::Leave(place) => text(format!("41{}", place.prefix())),
            Self::Echo(place) => text(format!(r#"42{}["message",{tag}]"#, place.prefix())),
            Self::EchoWithAck(place) => {
                text(format!(r#"42{}{tag}["message-with-ack",{tag}]"#, place.prefix()))
            }
            Self::EchoBinary(place, bytes) => {
                let prefix = place.prefix();
                let packet = format!(r#"451-{prefix}["message",{{"_placeholder":true,"num":0}}]"#);
                vec![Said::Text(packet), Said::Binary(bytes.clone())]
            }
            Self::Do(place, command) => {
                text(format!(r#"42{}{tag}["do",{{{}}}]"#, place.prefix(), command.members(tag)))
            }
            Self::Answer(place, id) => text(format!("43{}{id}[{tag}]", place.prefix())),
            Self::Attachment(bytes) => vec![Said::Binary(bytes.clone())],
            Self::Packet(packet) => text(format!("4{packet}")),
            Self::Raw(packet) => text(packet.clone()),
        }
    }
}

impl Command {
    /// The members of the command.
    pub(super) fn members(&self, tag: u64) -> String {
        match self {
            Self::Join(rooms) => format!(r#""op":"join","rooms":{}"#, list(rooms)),
            Self::Leave(rooms) => format!(r#""op":"leave","rooms":{}"#, list(rooms)),
            Self::SocketsJoin { to, rooms } => {
                format!(r#""op":"sockets-join","via":"server","to":{},"rooms":{}"#, list(to), list(rooms))
            }
            Self::SocketsLeave { to, rooms } => {
                format!(r#""op":"sockets-leave","via":"server","to":{},"rooms":{}"#, list(to), list(rooms))
            }
            Self::DisconnectSockets { to, close } => {
                format!(r#""op":"disconnect-sockets","via":"server","to":{},"close":{close}"#, list(to))
            }
            Self::Disconnect { close } => format!(r#""op":"disconnect","close":{close}"#),
            Self::Drop => r#""op":"drop""#.to_owned(),
            Self::Nonsense => r#""op":"dance""#.to_owned(),
            Self::Emit(emission) => {
                let Emission { by_server, to, except, volatile, ack, .. } = emission;
                let via = if *by_server { "server" } else { "socket" };
                let broadcast = emission.broadcast && !by_server;
                let ack = ack.map(|ms| format!(r#","ack":true,"timeout":{ms}"#)).unwrap_or_default();
                format!(
                    r#""op":"emit","event":"news","args":[{tag}],"via":"{via}","broadcast":{broadcast},"to":{},"except":{},"volatile":{volatile}{ack}"#,
                    list(to),
                    list(except)
                )
            }
        }
    }
}

fn list(rooms: &[Room]) -> String {
    format!("{:?}", rooms.iter().map(|room| format!("{room:?}")).collect::<Vec<_>>())
}
