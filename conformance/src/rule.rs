//! A rule: one sentence about the protocol that a server can break.

use std::fmt;

/// One sentence that can be broken, where it comes from and how much it weighs.
///
/// Rules are constants; everything that lists or explains them is derived from these.
#[derive(Debug)]
pub struct Rule {
    /// Path of the rule, `area/group/name`; stable, selected by globs.
    pub id: &'static str,
    /// The authority behind the sentence.
    pub level: Level,
    /// The sentence, in our own words.
    pub says: &'static str,
    /// Where the sentence comes from.
    pub source: Source,
    /// What a user of a server that breaks the rule would see.
    pub users: Option<&'static str>,
    /// Public reports of servers that broke it.
    pub seen: &'static [&'static str],
    /// Faults of the reference server that break this rule.
    pub faults: &'static [&'static str],
}

/// The authority behind a rule, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The protocol text demands it.
    Must,
    /// The documentation promises it.
    Docs,
    /// The reference implementation does it, and clients rely on it.
    Reference,
    /// The text recommends it, or servers in use differ: a deviation is a warning.
    Should,
    /// Worth knowing; decides nothing.
    Info,
}

/// The place that a rule's sentence was taken from.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The document.
    pub document: Document,
    /// Its section, or the observed behaviour.
    pub section: &'static str,
}

/// The documents that rules are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// The Engine.IO protocol, version 4.
    EngineIo4,
    /// The Engine.IO protocol, version 3.
    EngineIo3,
    /// The Socket.IO protocol, version 5.
    SocketIo5,
    /// The documentation of Socket.IO version 4.
    SocketIoDocs,
    /// The WebSocket protocol.
    Rfc6455,
    /// What socket.io 4.8.4 with engine.io 6.6 was observed to do.
    Observed,
}

impl Rule {
    /// A rule with the given authority; the other constructors are shorthands for it.
    const fn new(id: &'static str, level: Level, source: Source, says: &'static str) -> Self {
        Self { id, level, says, source, users: None, seen: &[], faults: &[] }
    }

    /// A rule that the protocol text demands.
    pub const fn must(id: &'static str, source: Source, says: &'static str) -> Self {
        Self::new(id, Level::Must, source, says)
    }

    /// A rule that the documentation promises.
    pub const fn docs(id: &'static str, source: Source, says: &'static str) -> Self {
        Self::new(id, Level::Docs, source, says)
    }

    /// A rule that the reference implementation keeps and clients rely on.
    pub const fn reference(id: &'static str, source: Source, says: &'static str) -> Self {
        Self::new(id, Level::Reference, source, says)
    }

    /// A rule whose breach is a warning.
    pub const fn should(id: &'static str, source: Source, says: &'static str) -> Self {
        Self::new(id, Level::Should, source, says)
    }

    /// Adds the faults of the reference server that break this rule.
    pub const fn broken_by(mut self, faults: &'static [&'static str]) -> Self {
        self.faults = faults;
        self
    }

    /// Adds what a user would see.
    pub const fn users(mut self, users: &'static str) -> Self {
        self.users = Some(users);
        self
    }

    /// Adds public reports of servers that broke the rule.
    pub const fn seen(mut self, seen: &'static [&'static str]) -> Self {
        self.seen = seen;
        self
    }

    /// The rule's group: its id without the last part.
    pub fn group(&self) -> &'static str {
        self.id.rsplit_once('/').map_or(self.id, |(group, _)| group)
    }
}

impl Source {
    /// A section of the Engine.IO protocol, version 4.
    pub const fn engine(section: &'static str) -> Self {
        Self { document: Document::EngineIo4, section }
    }

    /// A section of the Engine.IO protocol, version 3.
    pub const fn engine3(section: &'static str) -> Self {
        Self { document: Document::EngineIo3, section }
    }

    /// A section of the Socket.IO protocol, version 5.
    pub const fn socket(section: &'static str) -> Self {
        Self { document: Document::SocketIo5, section }
    }

    /// A page of the Socket.IO documentation.
    pub const fn docs(section: &'static str) -> Self {
        Self { document: Document::SocketIoDocs, section }
    }

    /// A section of RFC 6455.
    pub const fn websocket(section: &'static str) -> Self {
        Self { document: Document::Rfc6455, section }
    }

    /// A behaviour of the reference implementation, seen on the wire.
    pub const fn observed(behaviour: &'static str) -> Self {
        Self { document: Document::Observed, section: behaviour }
    }
}

impl Level {
    /// The word used in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Must => "must",
            Level::Docs => "docs",
            Level::Reference => "reference",
            Level::Should => "should",
            Level::Info => "info",
        }
    }

    /// Whether a breach is a failure; otherwise it is a warning.
    pub const fn fails(self) -> bool {
        matches!(self, Level::Must | Level::Docs | Level::Reference)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let document = match self.document {
            Document::EngineIo4 => "Engine.IO protocol v4",
            Document::EngineIo3 => "Engine.IO protocol v3",
            Document::SocketIo5 => "Socket.IO protocol v5",
            Document::SocketIoDocs => "Socket.IO documentation v4",
            Document::Rfc6455 => "RFC 6455",
            Document::Observed => "observed in socket.io 4.8.4",
        };
        write!(f, "{document}, \"{}\"", self.section)
    }
}
