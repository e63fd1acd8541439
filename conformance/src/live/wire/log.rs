//! What a case saw: every reply, every message, every end of a connection, and when.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::Notify;

/// What the connections of one case saw.
#[derive(Debug, Default)]
pub(in crate::live) struct Log {
    seen: Mutex<Seen>,
    /// Told of everything new.
    pub(in crate::live) news: Notify,
}

/// The same, as long as nothing is added.
#[derive(Debug, Default)]
pub(in crate::live) struct Seen {
    /// Each connection, in the order in which they were opened.
    pub(in crate::live) lines: Vec<LineLog>,
    /// What was heard, in the order in which it came. No more than the first [`MOST_HEARD`].
    pub(in crate::live) heard: Vec<Heard>,
    /// The sessions that were opened, and by whom.
    pub(in crate::live) sids: Vec<(usize, String)>,
}

/// A connection.
#[derive(Debug)]
pub(in crate::live) struct LineLog {
    /// Whose it is.
    pub(in crate::live) actor: usize,
    /// How it ended.
    pub(in crate::live) ended: Option<Ended>,
    /// The requests that were sent on it whole.
    pub(in crate::live) exchanges: Vec<Exchange>,
    /// Ping packets that came on it as a WebSocket.
    pub(in crate::live) pings: u32,
    /// When it became a WebSocket.
    pub(in crate::live) upgraded: Option<Instant>,
    /// What a peer may do as it likes with: we sent what is no HTTP, ended half of it, or stopped reading.
    pub(in crate::live) odd: bool,
    /// When a frame was sent that RFC 6455 has a server fail the connection for.
    pub(in crate::live) broke: Option<Instant>,
}

/// A request, and what came of it.
#[derive(Debug, Clone)]
pub(in crate::live) struct Exchange {
    /// The method and the target.
    pub(in crate::live) what: String,
    /// When its last byte was sent.
    pub(in crate::live) sent: Instant,
    /// Whether it asks for packets, and may wait for some.
    pub(in crate::live) waits: bool,
    /// Whether it is of the path that the server answers for.
    pub(in crate::live) ours: bool,
    /// Bytes of its body.
    pub(in crate::live) body_bytes: usize,
    /// The status that came.
    pub(in crate::live) status: Option<u16>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::live) enum Ended {
    /// We did it.
    ByUs,
    /// The server did it.
    ByServer,
}

/// Something that was heard.
#[derive(Debug, Clone)]
pub(in crate::live) struct Heard {
    /// Who heard it.
    pub(in crate::live) actor: usize,
    /// What it was.
    pub(in crate::live) what: What,
}

/// What can be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::live) enum What {
    /// An HTTP reply: its status and the beginning of its body.
    Reply(u16, String),
    /// A text message on a WebSocket, its beginning.
    Text(String),
    /// A binary message of so many bytes.
    Binary(usize),
    /// A control frame, by its opcode.
    Control(u8),
    /// A connection ended.
    End,
}

/// No more is kept.
pub(in crate::live) const MOST_HEARD: usize = 4_000;

impl Log {
    pub(in crate::live) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a new connection; gives its number.
    pub(in crate::live) fn opened(&self, actor: usize) -> usize {
        let mut seen = self.lock();
        seen.lines.push(LineLog {
            actor,
            ended: None,
            exchanges: Vec::new(),
            pings: 0,
            upgraded: None,
            odd: false,
            broke: None,
        });
        seen.lines.len() - 1
    }

    /// Changes what is known of a connection.
    pub(in crate::live) fn of_line<T>(&self, line: usize, change: impl FnOnce(&mut LineLog) -> T) -> T {
        change(self.lock().lines.get_mut(line).expect("the numbers of connections come from `opened`"))
    }

    /// Notes something heard.
    pub(in crate::live) fn hears(&self, actor: usize, what: What) {
        let mut seen = self.lock();
        if let What::Reply(_, text) | What::Text(text) = &what
            && let Some(sid) = sid_of(text)
        {
            seen.sids.push((actor, sid));
        }
        if seen.heard.len() < MOST_HEARD {
            seen.heard.push(Heard { actor, what });
        }
        drop(seen);
        self.news.notify_waiters();
    }

    /// Notes the end of a connection, once.
    pub(in crate::live) fn ends(&self, line: usize, how: Ended) {
        let (first, actor) = self.of_line(line, |line| {
            let first = line.ended.is_none();
            line.ended.get_or_insert(how);
            (first, line.actor)
        });
        if first && how == Ended::ByServer {
            self.hears(actor, What::End);
        }
    }
}

impl Seen {
    /// The session that an actor opened last.
    pub(in crate::live) fn sid(&self, actor: usize) -> Option<&str> {
        self.sids.iter().rev().find(|(owner, _)| *owner == actor).map(|(_, sid)| sid.as_str())
    }

    /// How much an actor has heard.
    pub(in crate::live) fn heard_by(&self, actor: usize) -> usize {
        self.heard.iter().filter(|heard| heard.actor == actor).count()
    }
}

/// The session id in an open packet, of version 4 or of version 3 with its length before it.
fn sid_of(text: &str) -> Option<String> {
    let json = text.get(text.find("0{\"")?..)?.strip_prefix('0')?;
    let end = json.find('}')?;
    let open: serde_json::Value = serde_json::from_str(json.get(..=end)?).ok()?;
    // A CONNECT of Socket.IO holds an id too, and nothing else.
    open.get("pingInterval")?;
    Some(open["sid"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_known_by_their_open_packet() {
        let open = r#"{"sid":"x1","upgrades":[],"pingInterval":1,"pingTimeout":1}"#;
        assert_eq!(sid_of(&format!("0{open}")).as_deref(), Some("x1"));
        assert_eq!(sid_of(&format!("97:0{open}2:40")).as_deref(), Some("x1"));
        assert_eq!(sid_of(r#"40{"sid":"y"}"#), None);
        assert_eq!(sid_of("0{\"sid\""), None);
    }
}
