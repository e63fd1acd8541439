//! What a transcript is made of.

use std::fmt;

use crate::transport::Transport;

/// A transcript: which case it is about, and its steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Fields in the order of the file: names in lower case, values on one line.
    pub fields: Vec<(String, String)>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// The fields that mean something to us; others are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The id of the rule.
    Rule,
    /// The rule's sentence.
    Says,
    /// The transport of the case.
    Over,
    /// The configuration of the server.
    Variant,
    /// What the server must offer; may be repeated.
    Needs,
    /// The seed of the run.
    Seed,
    /// The verdict.
    Verdict,
    /// What was due.
    Expected,
    /// What came instead.
    Observed,
    /// Why the case cannot be played again from what crossed the wire.
    Unreplayable,
    /// The oracle of the fuzzer that decides; the steps are then played as the fuzzer plays them.
    Oracle,
    /// How often all steps are played, where an oracle decides.
    Rounds,
}

/// One step of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Lets time pass, in milliseconds.
    Wait(u64),
    /// One of our actors does something.
    Act(String, Act),
    /// One of our actors sees something.
    See(See),
}

/// What an actor can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Opens a session over a transport. From here on a well-behaved client polls or listens, and answers pings.
    Open(Transport),
    /// Opens a polling session whose requests are all written out.
    Handshake,
    /// A well-behaved client polls for the session of another actor.
    Carry(String),
    /// Moves a session that polls to a WebSocket, and goes on there.
    Upgrade,
    /// Leaves pings unanswered from now on.
    Mute,
    /// Sends packets: in one POST, or one after the other.
    Send(Vec<Item>),
    /// Closes a WebSocket as a client does that leaves.
    HangUp,
    /// Loses the connection without a goodbye.
    Drop,
    /// One whole HTTP request. Without a query it is one of the actor's session.
    Request {
        /// The method.
        method: String,
        /// The query.
        query: Option<String>,
        /// Headers of its own.
        headers: Vec<(String, String)>,
        /// The body.
        body: Option<Data>,
    },
    /// GETs until something else comes than pings, which are answered, and noops.
    Poll,
    /// A GET of another actor's session that is sent, and whose answer is read later.
    Hold(String),
    /// A POST of another actor's session of which only the first bytes are sent.
    Begin {
        /// Whose session.
        of: String,
        /// Whole lines of the head.
        headers: Vec<(String, String)>,
        /// The first bytes of the body.
        first: Data,
    },
    /// A TCP connection.
    Connect,
    /// The head of a request on a TCP connection.
    Head {
        /// The method.
        method: String,
        /// The query.
        query: String,
        /// Whole lines of the head.
        headers: Vec<(String, String)>,
    },
    /// Bytes on a TCP connection.
    Bytes(Data),
    /// A WebSocket with this query.
    Websocket(String),
    /// A frame just as it is: whether it is the last, its reserved bits, its opcode, its payload.
    Frame {
        /// Whether it is the last of its message.
        last: bool,
        /// The three reserved bits.
        reserved: u8,
        /// The opcode.
        opcode: u8,
        /// The payload.
        payload: Vec<u8>,
    },
    /// A ping frame.
    PingFrame(Vec<u8>),
    /// A close frame.
    CloseFrame,
    /// A round trip on another connection, so that what was sent before has arrived.
    Settle,
    /// Ends the connection with a reset.
    Reset,
    /// Ends the sending half of the connection, and goes on reading.
    Finish,
    /// Reads nothing more from the connection.
    Pause,
    /// Reads again.
    Resume,
    /// What is sent from here on waits until [`Act::Uncork`], and leaves in one piece.
    Cork,
    /// Sends what waits.
    Uncork,
    /// The same so many times, one right after the other.
    Times(u32, Box<Act>),
}

/// A packet, or a text message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Text.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// A body: text with variables, or bytes that are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What an actor sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct See {
    /// Who.
    pub actor: String,
    /// For how long it is waited for, in milliseconds, where that is another time than usual.
    pub within_ms: Option<u64>,
    /// Whether heartbeats and noops count; otherwise they are passed over.
    pub any: bool,
    /// What it decides.
    pub role: Role,
    /// What is due.
    pub sight: Sight,
    /// What came instead when the transcript was written.
    pub was: Option<Sight>,
}

/// What a step decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The acting goes on after it.
    Passing,
    /// The verdict: nothing else will do.
    Must,
    /// The verdict: the reference does it so.
    Like,
}

/// What can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Anything at all.
    Anything,
    /// A text message or packet.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping packet.
    Ping(String),
    /// The answer to a ping frame.
    PongFrame(Vec<u8>),
    /// A WebSocket that opened.
    Opened,
    /// The connection or the session is closed: with this status code, or in whatever way.
    Closed(Option<u16>),
    /// Nothing in the time given.
    Nothing,
    /// An HTTP reply.
    Reply {
        /// Its status.
        status: Status,
        /// Headers, names in lower case.
        headers: Vec<(String, String)>,
        /// Its body; nothing where any will do.
        body: Option<Data>,
    },
    /// The packets of a payload.
    Packets(Vec<String>),
    /// The server still serves: a fresh client gets its answer.
    Alive,
}

/// A status code, or its first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Just this one.
    Code(u16),
    /// Any that begins with this digit.
    Class(u8),
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 12] = [
        Field::Rule,
        Field::Says,
        Field::Over,
        Field::Variant,
        Field::Needs,
        Field::Seed,
        Field::Verdict,
        Field::Expected,
        Field::Observed,
        Field::Unreplayable,
        Field::Oracle,
        Field::Rounds,
    ];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Field::Rule => "rule",
            Field::Says => "says",
            Field::Over => "over",
            Field::Variant => "variant",
            Field::Needs => "needs",
            Field::Seed => "seed",
            Field::Verdict => "verdict",
            Field::Expected => "expected",
            Field::Observed => "observed",
            Field::Unreplayable => "unreplayable",
            Field::Oracle => "oracle",
            Field::Rounds => "rounds",
        }
    }
}

impl Script {
    /// The value of a field.
    pub fn field(&self, field: Field) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == field.name()).map(|(_, value)| value.as_str())
    }

    /// Adds a field; line feeds become blanks.
    pub fn set(&mut self, field: Field, value: &str) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        if !value.is_empty() {
            self.fields.push((field.name().to_owned(), value));
        }
    }

    /// Lets anything pass at a step, unless variables are bound there; says whether that changes something.
    #[cfg(feature = "judge")]
    pub(crate) fn loosen(&mut self, step: usize) -> bool {
        let Some(Step::See(see)) = self.steps.get_mut(step) else { return false };
        let binds = super::variables(&see.sight.to_string()).next().is_some();
        let changes = see.role == Role::Passing && see.sight != Sight::Anything && !binds;
        if changes {
            see.sight = Sight::Anything;
        }
        changes
    }

    /// The judged step, if there is one.
    pub fn judged(&self) -> Option<&See> {
        self.steps.iter().find_map(|step| match step {
            Step::See(see) if see.role != Role::Passing => Some(see),
            _ => None,
        })
    }
}

impl Step {
    /// Who is in it.
    pub fn actor(&self) -> Option<&str> {
        match self {
            Step::Wait(_) => None,
            Step::Act(actor, _) | Step::See(See { actor, .. }) => Some(actor),
        }
    }
}

impl Data {
    /// Text where the bytes are UTF-8.
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Data::Text(text.to_owned()),
            Err(_) => Data::Bytes(bytes.to_vec()),
        }
    }
}

impl Status {
    /// Whether a code is meant.
    pub fn holds(self, code: u16) -> bool {
        match self {
            Status::Code(wanted) => wanted == code,
            Status::Class(digit) => u16::from(digit) == code / 100,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Code(code) => write!(f, "{code:03}"),
            Status::Class(digit) => write!(f, "{digit}xx"),
        }
    }
}
