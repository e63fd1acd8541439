//! Puts the requests and messages of an export in order, session by session.

use super::{
    super::annotate::{Carrier, Dialect, Engine, Parser, Reader},
    Content,
    export::{self, Entry, Export},
};

/// Everything that a session sent and received.
#[derive(Debug)]
pub(super) struct Session {
    /// None if the server never opened it.
    pub(super) sid: Option<String>,
    /// The server, without the query.
    pub(super) url: String,
    /// The version of Engine.IO.
    pub(super) version: u8,
    /// In order of time.
    pub(super) events: Vec<Event>,
}

/// A body or a WebSocket message.
#[derive(Debug)]
pub(super) struct Event {
    /// Milliseconds since the first event of the session.
    pub(super) at_ms: f64,
    pub(super) way: Way,
    /// For people: `polling body, status 200, 95 bytes`.
    pub(super) what: String,
    /// Which entry of the export, from 1 on.
    pub(super) entry: usize,
    /// Which of its WebSocket messages, from 1 on.
    pub(super) message: Option<usize>,
    /// What it says, or why nobody can tell.
    pub(super) content: Result<Content, String>,
}

impl Event {
    /// Whether it was recorded and cannot be decoded.
    pub(super) fn is_wrong(&self) -> bool {
        self.content.as_ref().is_ok_and(|(_, annotation)| annotation.error.is_some())
    }
}

/// Who sends to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The client to the server.
    Up,
    /// The server to the client.
    Down,
}

/// Every session, in the order in which they began.
///
/// # Errors
/// Where the time of an entry cannot be read.
pub(super) fn of(export: &Export, parser: Parser) -> Result<Vec<Session>, String> {
    let mut raw: Vec<Raw> = Vec::new();
    for (index, entry) in export.log.entries.iter().enumerate() {
        let Some(target) = Target::of(&entry.request.url) else { continue };
        let time = &entry.started_date_time;
        let start = export::milliseconds(time)
            .ok_or_else(|| format!("log.entries[{index}].startedDateTime: `{time}` is no time"))?;
        let found = Raw::of(target, entry, index + 1, start);
        match raw.iter_mut().find(|raw| raw.is_same(&found)) {
            Some(session) => session.events.extend(found.events),
            None => raw.push(found),
        }
    }
    Ok(raw.into_iter().map(|raw| raw.read(parser)).collect())
}

/// What a URL says about a connection.
struct Target {
    url: String,
    version: u8,
    is_polling: bool,
    sid: Option<String>,
}

impl Target {
    /// None for a request that is not to an Engine.IO server.
    fn of(url: &str) -> Option<Self> {
        let (server, query) = url.split_once('?')?;
        let query = query.split('#').next().unwrap_or_default();
        let get = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        Some(Self {
            // Both transports have the same server.
            url: server.replacen("ws", "http", usize::from(server.starts_with("ws"))),
            version: if get("EIO")? == "3" { 3 } else { 4 },
            is_polling: get("transport")? == "polling",
            sid: get("sid").map(str::to_owned),
        })
    }
}

/// A session before its messages are decoded.
struct Raw {
    target: Target,
    events: Vec<RawEvent>,
}

struct RawEvent {
    /// Milliseconds since 1970.
    time: f64,
    way: Way,
    what: String,
    entry: usize,
    message: Option<usize>,
    carrier: Carrier,
    bytes: Result<Vec<u8>, String>,
}

impl Raw {
    fn of(mut target: Target, entry: &Entry, number: usize, start: f64) -> Self {
        let mut events = if target.is_polling { polling(entry, number, start) } else { Vec::new() };
        events.extend(entry.messages.iter().enumerate().filter_map(|(index, message)| {
            let carrier = match message.opcode {
                1.0 => Carrier::TextFrame,
                2.0 => Carrier::BinaryFrame,
                _ => return None,
            };
            let encoding = (carrier == Carrier::BinaryFrame).then_some("base64");
            let bytes = export::body(Some(&message.data), encoding);
            let kind = if carrier == Carrier::TextFrame { "text" } else { "binary" };
            Some(RawEvent {
                time: message.time * 1000.0,
                way: if message.kind == "send" { Way::Up } else { Way::Down },
                what: format!("WebSocket {kind}, {}", size(&bytes)),
                entry: number,
                message: Some(index + 1),
                carrier,
                bytes,
            })
        }));
        if target.sid.is_none() {
            target.sid = events.iter().filter(|event| event.way == Way::Down).find_map(opened);
        }
        Self { target, events }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.target.sid.is_some()
            && self.target.sid == other.target.sid
            && self.target.url == other.target.url
    }

    fn read(mut self, parser: Parser) -> Session {
        self.events.sort_by(|one, other| one.time.total_cmp(&other.time));
        let first = self.events.first().map_or(0.0, |event| event.time);
        let engine = if self.target.version == 3 { Engine::V3 } else { Engine::V4 };
        let reader = || Reader::new(Dialect { engine, parser });
        let (mut up, mut down) = (reader(), reader());
        let events = self.events.into_iter().map(|event| {
            let reader = if event.way == Way::Up { &mut up } else { &mut down };
            Event {
                at_ms: event.time - first,
                way: event.way,
                what: event.what,
                entry: event.entry,
                message: event.message,
                content: event.bytes.map(|bytes| {
                    let annotation = reader.read(&bytes, event.carrier);
                    (bytes, annotation)
                }),
            }
        });
        let events = events.collect();
        Session { sid: self.target.sid, url: self.target.url, version: self.target.version, events }
    }
}

/// The body that was posted, and the body that came back. The answer to a POST is `ok`, and no payload; so is the
/// text of an error.
fn polling(entry: &Entry, number: usize, start: f64) -> Vec<RawEvent> {
    let event = |time, way, what, bytes| RawEvent {
        time,
        way,
        what,
        entry: number,
        message: None,
        carrier: Carrier::Body,
        bytes,
    };
    let status = entry.response.status;
    if entry.request.method == "POST" {
        let bytes = entry.request.post_data.as_ref().unwrap_or(&export::Body::default()).bytes();
        return vec![event(
            start,
            Way::Up,
            format!("polling body, answered with {status}, {}", size(&bytes)),
            bytes,
        )];
    }
    let end = start + entry.time.filter(|time| *time > 0.0).unwrap_or(0.0);
    let bytes = entry.response.content.bytes();
    if status == 200 {
        return vec![event(end, Way::Down, format!("polling body, status 200, {}", size(&bytes)), bytes)];
    }
    let said = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let why = match status {
        ..=0 => "no response: the request was broken off".to_owned(),
        _ => format!("no payload but an error: {}", crate::report::text::visible(&said)),
    };
    vec![event(end, Way::Down, format!("status {status}"), Err(why))]
}

fn size(bytes: &Result<Vec<u8>, String>) -> String {
    bytes
        .as_ref()
        .map_or("not recorded".to_owned(), |bytes| super::super::annotate::count(bytes.len(), "byte"))
}

/// The id in an open packet, whatever version frames it.
fn opened(event: &RawEvent) -> Option<String> {
    // A binary body of version 3 is no text around the packet.
    let text = String::from_utf8_lossy(event.bytes.as_ref().ok()?);
    let object = text.get(text.find('{')?..)?;
    let end = object.find('\u{1e}').unwrap_or(object.len());
    let mut values = serde_json::Deserializer::from_str(&object[..end]).into_iter::<serde_json::Value>();
    let sid = values.next()?.ok()?.get("sid")?.as_str()?.to_owned();
    let is_open = text[..text.find('{')?].ends_with('0');
    is_open.then_some(sid)
}
