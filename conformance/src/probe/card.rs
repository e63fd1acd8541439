//! The card, and how it is shown to people.

use std::fmt;

use serde::Serialize;

use crate::report::text::visible;

/// What a server can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The versions of Engine.IO.
    pub engine_io: Version,
    /// The transports.
    pub transports: Transports,
    /// What the handshake announces of the heartbeat.
    pub heartbeat: Heartbeat,
    /// The largest payload that the handshake announces, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_payload_bytes: Option<u64>,
    /// Whether a larger one is refused.
    pub limit: Limit,
    /// What browsers of other origins are told.
    pub cors: Cors,
    /// The name of the cookie that the handshake sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
    /// What it says to a Socket.IO CONNECT; nothing if it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket_io: Option<SocketIo>,
    /// Its namespaces, as far as they were tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Namespaces>,
    /// How much of the testee contract it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
}

/// The versions of Engine.IO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Whether it speaks version 4.
    pub four: bool,
    /// The status of a handshake of version 3: 200 if it speaks that too; nothing if there was no answer.
    #[serde(rename = "three_status")]
    pub three: Option<u16>,
}

/// The transports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transports {
    /// Whether a session can be opened with polling.
    pub polling: bool,
    /// Whether a session can be opened on a WebSocket.
    pub websocket: bool,
    /// The upgrades that the handshake offers.
    pub offered: Vec<String>,
    /// What came of one.
    pub upgrade: Upgrade,
}

/// What came of an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Upgrade {
    /// The probe was answered after so many milliseconds.
    Ms(u64),
    /// It was refused.
    Refused,
    /// The probe was not answered in time.
    Silent,
}

/// What the handshake announces of the heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Heartbeat {
    /// Time between pings, ms.
    pub interval_ms: u64,
    /// Time to answer one, ms.
    pub timeout_ms: u64,
}

/// Whether the announced limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// What is larger is refused.
    Enforced,
    /// What is larger is taken.
    Ignored,
    /// It is too large to be tried, or there is none.
    Untried,
}

/// What browsers of other origins are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cors {
    /// Nothing: they may not.
    None,
    /// Any origin may.
    Any,
    /// The origin that asks is named.
    Reflected,
    /// Another origin is named.
    Other(String),
}

/// What it says to a Socket.IO CONNECT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SocketIo {
    /// The revision of the protocol.
    pub revision: u8,
    /// The parser.
    pub parser: Parser,
    /// Whether CONNECT is answered with a pid, so that the state of a connection can be recovered.
    pub recovery: bool,
}

/// How packets are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Parser {
    /// As text with JSON.
    Default,
    /// As MessagePack.
    Msgpack,
}

/// The namespaces that were tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Namespaces {
    /// What the main namespace says: nothing if it admits us, or else why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Whether one that nobody can know admits us; nothing if it does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_admitted: Option<bool>,
}

/// How much of the testee contract it speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// Its level.
    pub level: &'static str,
    /// What it calls itself; empty if it does not say.
    pub name: String,
    /// Features of the contract that it does not name; empty if it names none at all.
    pub missing: Vec<String>,
}

/// Columns of the left half.
const LEFT: usize = 46;

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let three = match self.engine_io.three {
            Some(200) => "3 yes".to_owned(),
            Some(status) => format!("3 no ({status})"),
            None => "3 no answer".to_owned(),
        };
        let socket_io = match &self.socket_io {
            Some(SocketIo { revision, parser, .. }) => {
                let parser = if *parser == Parser::Default { "default" } else { "msgpack" };
                format!("{revision} · parser {parser}")
            }
            None => "no answer to CONNECT".to_owned(),
        };
        pair(f, ("Engine.IO", &format!("4 yes · {three}")), ("Socket.IO", &socket_io))?;
        line(f, "transports", &self.transports.to_string())?;
        let payload = match (self.max_payload_bytes, self.limit) {
            (None, _) => "not announced".to_owned(),
            (Some(bytes), Limit::Enforced) => format!("{}, enforced", thousands(bytes)),
            (Some(bytes), Limit::Ignored) => format!("{}, not enforced", thousands(bytes)),
            (Some(bytes), Limit::Untried) => format!("{}, not tried", thousands(bytes)),
        };
        let beat = format!(
            "every {}, time-out {}",
            duration(self.heartbeat.interval_ms),
            duration(self.heartbeat.timeout_ms)
        );
        pair(f, ("heartbeat", &beat), ("maxPayload", &payload))?;
        let recovery = match &self.socket_io {
            Some(SocketIo { recovery: true, .. }) => "on (pid in CONNECT)",
            Some(_) => "off",
            None => "unknown",
        };
        let namespaces = self.namespaces.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        pair(f, ("namespaces", &namespaces), ("recovery", recovery))?;
        let cookie = self.cookie.as_deref().unwrap_or("none");
        pair(f, ("CORS", &self.cors.to_string()), ("cookie", cookie))?;
        line(f, "contract", &self.contract.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string))
    }
}

impl fmt::Display for Transports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        for (name, there) in [("polling", self.polling), ("websocket", self.websocket)] {
            parts.push(if there { name.to_owned() } else { format!("no {name}") });
        }
        let others = self.offered.iter().filter(|name| *name != "websocket");
        parts.extend(others.map(|name| format!("{name} offered")));
        parts.push(match self.upgrade {
            Upgrade::Ms(ms) => format!("upgrade in {ms} ms"),
            Upgrade::Refused => "no upgrade".to_owned(),
            Upgrade::Silent => "upgrade without answer".to_owned(),
        });
        f.write_str(&parts.join(" · "))
    }
}

impl fmt::Display for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.refusal {
            None => f.write_str("/ open")?,
            Some(why) => write!(f, "/ refused ({why})")?,
        }
        match self.unknown_admitted {
            Some(true) => f.write_str(" · unknown ones admitted"),
            Some(false) => f.write_str(" · unknown ones refused"),
            None => f.write_str(" · unknown ones not answered"),
        }
    }
}

impl fmt::Display for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cors::None => f.write_str("no other origin"),
            Cors::Any => f.write_str("any origin"),
            Cors::Reflected => f.write_str("any origin, by name"),
            Cors::Other(origin) => write!(f, "only {origin}"),
        }
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.level)?;
        if !self.name.is_empty() {
            write!(f, " ({})", self.name)?;
        }
        if !self.missing.is_empty() {
            write!(f, "; missing: {}", self.missing.join(", "))?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {name:12} {}", visible(text))
}

fn pair(f: &mut fmt::Formatter<'_>, left: (&str, &str), right: (&str, &str)) -> fmt::Result {
    let half = format!("  {:12} {}", left.0, visible(left.1));
    writeln!(f, "{half:LEFT$}  {:11} {}", right.0, visible(right.1))
}

/// `25 s`, `300 ms`
fn duration(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

/// `1 000 000`
fn thousands(number: u64) -> String {
    crate::report::text::thousands(usize::try_from(number).unwrap_or(usize::MAX))
}
