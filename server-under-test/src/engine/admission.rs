//! What a request asks for, and whether it may.

use std::borrow::Cow;

use super::signals::{Refusal, Transport};
use crate::{config::Config, fault::Fault};

/// The version of the Engine.IO protocol that is spoken here, as the `EIO` parameter.
const VERSION: &str = "4";

/// The version of old clients, which are served on request.
pub(super) const OLD_VERSION: &str = "3";

/// The parameters of a request, in the order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Names and values, one behind the other: every request has some, and few of them are ever looked at.
    text: String,
    /// Where a name begins, where its value begins, and where that ends.
    parameters: Vec<[usize; 3]>,
}

impl Query {
    /// Reads the part of a URL behind the question mark (WHATWG URL, "application/x-www-form-urlencoded parsing").
    #[must_use]
    pub fn parse(config: &Config, text: &str) -> Self {
        match config.fault {
            Some(Fault::QueryNotDecoded) => Self::read(text, |part| part.into()),
            _ => Self::form(text),
        }
    }

    /// Reads a form, which is written as a query is.
    #[must_use]
    pub fn form(text: &str) -> Self {
        Self::read(text, decoded)
    }

    fn read(text: &str, decode: impl Fn(&str) -> Cow<'_, str>) -> Self {
        let mut query = Self { text: String::with_capacity(text.len()), parameters: Vec::new() };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let start = query.text.len();
            query.text.push_str(&decode(name));
            let middle = query.text.len();
            query.text.push_str(&decode(value));
            query.parameters.push([start, middle, query.text.len()]);
        }
        query
    }

    /// The value of a parameter; of several the last, as in socket.io 4.8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all().rev().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Every parameter once, with its last value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let last = |index: usize, name: &str| self.all().skip(index + 1).all(|(key, _)| key != name);
        self.all().enumerate().filter(move |(index, (name, _))| last(*index, name)).map(|(_, pair)| pair)
    }

    fn all(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> + ExactSizeIterator {
        self.parameters
            .iter()
            .map(|[start, middle, end]| (&self.text[*start..*middle], &self.text[*middle..*end]))
    }
}

/// The head of a request.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// Its parameters.
    pub query: &'a Query,
    /// Whether it asks to become a websocket.
    pub upgrade: bool,
}

/// What is known of a session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It names a session.
    Session,
    /// It names a session of version 3.
    OldSession,
    /// It named a session; told apart from [`Known::Nothing`] only for the sake of faults.
    FormerSession {
        /// What the session ended on.
        transport: Transport,
    },
    /// It names nothing.
    Nothing,
}

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission<'a> {
    /// Open a session.
    Open(Transport),
    /// Be part of the session with this id.
    Join(&'a str),
}

/// Judges a request, with the checks of socket.io 4.8 in their order: transport, session id, method, upgrade,
/// protocol version.
///
/// # Errors
///
/// The first check that failed.
pub fn admit<'a>(
    config: &Config,
    head: Head<'a>,
    known: impl FnOnce(&str) -> Known,
) -> Result<Admission<'a>, Refusal> {
    let is_bare = head.upgrade && head.query.iter().next().is_none();
    if is_bare && config.faulty(Fault::WebsocketQueryMissingAccepted) {
        return Ok(Admission::Open(Transport::WebSocket));
    }
    let transport = transport(config, head)?;
    let sid = head.query.get("sid").filter(|sid| !sid.is_empty() || config.faulty(Fault::EmptySidRefused));
    let post = head.method == "POST";
    if let Some(sid) = sid {
        match known(sid) {
            Known::Session
                if head.method == "GET" && !head.upgrade && config.faulty(Fault::MismatchAccepted) =>
            {
                return Ok(Admission::Join(sid));
            }
            Known::Session => return join(config, head, sid, transport, VERSION),
            Known::OldSession => return join(config, head, sid, transport, OLD_VERSION),
            Known::Nothing if config.faulty(Fault::SidUnknownOpensSession) => {
                return Ok(Admission::Open(transport));
            }
            Known::FormerSession { transport: Transport::WebSocket }
                if config.faulty(Fault::SidSurvivesClose) =>
            {
                return Ok(Admission::Open(transport));
            }
            _ => return Err(Refusal::SidUnknown),
        }
    }
    match head.method {
        "GET" => {}
        "POST" if config.faulty(Fault::PostHandshakeAccepted) => {}
        "POST" if head.upgrade && config.faulty(Fault::PostUpgradeAccepted) => {}
        "HEAD" if config.faulty(Fault::HeadHandshakeAccepted) => {}
        "PUT" | "DELETE" | "PATCH" if config.faulty(Fault::PutHandshakeAccepted) => {}
        _ => return Err(Refusal::BadMethod),
    }
    if head.upgrade && post && !config.faulty(Fault::PostUpgradeAccepted) {
        return Err(Refusal::BadMethod);
    }
    let transport = match (transport, head.upgrade) {
        (Transport::WebSocket, false) if config.faulty(Fault::PlainWebsocketGetAccepted) => {
            Transport::Polling
        }
        (Transport::Polling, true) if config.faulty(Fault::WebsocketNamesPollingAccepted) => {
            Transport::WebSocket
        }
        (Transport::WebSocket, false) | (Transport::Polling, true) => return Err(Refusal::BadRequest),
        _ => transport,
    };
    match head.query.get("EIO") {
        Some(VERSION) => {}
        Some(OLD_VERSION) if config.old_clients => {}
        None if config.faulty(Fault::VersionMissingAccepted) => {}
        Some("3") if config.faulty(Fault::VersionThreeAccepted) => {}
        Some(version) if version != "3" && config.faulty(Fault::VersionUnknownAccepted) => {}
        _ => return Err(Refusal::VersionUnsupported),
    }
    if config.faulty(Fault::UnknownQueryRefused)
        && head.query.iter().any(|(name, _)| !KNOWN_PARAMETERS.contains(&name))
    {
        return Err(Refusal::BadRequest);
    }
    Ok(Admission::Open(transport))
}

const KNOWN_PARAMETERS: [&str; 6] = ["EIO", "transport", "sid", "t", "b64", "j"];

fn transport(config: &Config, head: Head<'_>) -> Result<Transport, Refusal> {
    if head.upgrade && head.query.get("transport") == Some("__proto__") {
        config.dies_of(Fault::InheritedTransportKills);
    }
    if head.upgrade && head.query.get("transport") == Some("flashsocket") {
        config.dies_of(Fault::ResetAfterRefusalKills);
    }
    match head.query.get("transport") {
        Some("polling") => Ok(Transport::Polling),
        Some("websocket") => Ok(Transport::WebSocket),
        None if config.faulty(Fault::TransportMissingAccepted) && !head.upgrade => Ok(Transport::Polling),
        None if config.faulty(Fault::WebsocketTransportMissingAccepted) && head.upgrade => {
            Ok(Transport::WebSocket)
        }
        Some(_) if config.faulty(Fault::TransportUnknownAccepted) => match head.upgrade {
            true => Ok(Transport::WebSocket),
            false => Ok(Transport::Polling),
        },
        _ => Err(Refusal::TransportUnknown),
    }
}

/// A request of a session repeats the session's version, and names the transport that it is.
fn join<'a>(
    config: &Config,
    head: Head<'a>,
    sid: &'a str,
    transport: Transport,
    version: &str,
) -> Result<Admission<'a>, Refusal> {
    let fits = match head.method {
        "GET" => head.upgrade == (transport == Transport::WebSocket),
        "POST" => transport == Transport::Polling && !head.upgrade,
        _ => config.faulty(Fault::PutWithSidAnswered),
    };
    let versions_differ =
        head.query.get("EIO") != Some(version) && !config.faulty(Fault::LaterVersionUnchecked);
    if fits && !versions_differ { Ok(Admission::Join(sid)) } else { Err(Refusal::BadRequest) }
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| value.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::{Admission, Head, Known, Query, Refusal, Transport, admit};
    use crate::{config::Config, fault::Fault};

    fn judge(config: &Config, method: &str, query: &str, upgrade: bool) -> Result<Option<String>, Refusal> {
        let query = Query::parse(config, query);
        let known = |sid: &str| if sid == "alive" { Known::Session } else { Known::Nothing };
        admit(config, Head { method, query: &query, upgrade }, known).map(|admission| match admission {
            Admission::Open(_) => None,
            Admission::Join(sid) => Some(sid.to_owned()),
        })
    }

    #[test]
    fn the_first_failing_check_decides() {
        let config = Config::default();
        for (method, query, upgrade, verdict) in [
            ("GET", "EIO=4&transport=polling", false, Ok(None)),
            ("GET", "EIO=4&transport=websocket", true, Ok(None)),
            ("GET", "EIO=4&transport=%70olling&t=x&foo=+", false, Ok(None)),
            ("GET", "EIO=3&EIO=4&transport=polling", false, Ok(None)),
            ("GET", "EIO=4&transport=polling&sid=", false, Ok(None)),
            ("GET", "EIO=4&transport=polling&sid=alive", false, Ok(Some("alive".to_owned()))),
            ("POST", "EIO=4&transport=polling&sid=alive", false, Ok(Some("alive".to_owned()))),
            ("GET", "EIO=4&transport=websocket&sid=alive", true, Ok(Some("alive".to_owned()))),
            ("GET", "", false, Err(Refusal::TransportUnknown)),
            ("GET", "EIO=4&transport=POLLING&sid=x", false, Err(Refusal::TransportUnknown)),
            ("GET", "EIO=4&transport=polling&sid=__proto__", false, Err(Refusal::SidUnknown)),
            ("POST", "transport=polling", false, Err(Refusal::BadMethod)),
            ("GET", "EIO=4&transport=websocket", false, Err(Refusal::BadRequest)),
            ("GET", "EIO=4&transport=websocket&sid=alive", false, Err(Refusal::BadRequest)),
            ("GET", "EIO=3&transport=polling&sid=alive", false, Err(Refusal::BadRequest)),
            ("PUT", "EIO=4&transport=polling&sid=alive", false, Err(Refusal::BadRequest)),
            ("GET", "transport=polling", false, Err(Refusal::VersionUnsupported)),
            ("GET", "EIO=04&transport=polling", false, Err(Refusal::VersionUnsupported)),
        ] {
            assert_eq!(judge(&config, method, query, upgrade), verdict, "{method} {query}");
        }
    }

    #[test]
    fn a_fault_moves_one_check() {
        let faulty = Config::default().with_fault(Fault::TransportUnknownAccepted);
        assert_eq!(judge(&faulty, "GET", "EIO=4&transport=abc", true), Ok(None));
        assert_eq!(judge(&faulty, "GET", "EIO=4", true), Err(Refusal::TransportUnknown));
    }

    #[test]
    fn a_query_lists_each_parameter_once() {
        let query = Query::parse(&Config::default(), "a=1&b=2&a=3&&c");
        assert_eq!(query.iter().collect::<Vec<_>>(), [("b", "2"), ("a", "3"), ("c", "")]);
        assert_eq!(Transport::Polling.name(), "polling");
    }
}
