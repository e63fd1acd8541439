//! Sessions in a HAR export: polling bodies and WebSocket messages, put in order.

mod export;
mod session;

use std::io::{self, Write};

use serde_json::json;

use self::{
    export::Export,
    session::{Event, Session, Way},
};
use super::{
    Exit, Failure,
    annotate::{Annotation, Parser, count},
    show,
};

/// Shows every session of an export.
pub(super) fn run(bytes: &[u8], parser: Parser, as_json: bool) -> Result<Exit, Failure> {
    let export =
        Export::parse(bytes).map_err(|error| Failure::usage(format!("this is no HAR export: {error}")))?;
    let sessions = session::of(&export, parser).map_err(Failure::usage)?;
    if sessions.is_empty() {
        let entries = count(export.log.entries.len(), "request");
        return Err(Failure::usage(format!(
            "{entries}, and none to an Engine.IO server (a URL with EIO and transport)"
        )));
    }
    let mut out = io::stdout().lock();
    if as_json {
        let sessions: Vec<_> = sessions.iter().map(session_as_json).collect();
        serde_json::to_writer(&mut out, &json!({ "sessions": sessions })).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        for (number, session) in sessions.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            human(&mut out, session)?;
        }
    }
    let events = || sessions.iter().flat_map(|session| &session.events);
    let wrong = events().filter(|event| event.is_wrong()).count();
    if wrong == 0 {
        return Ok(Exit::Fine);
    }
    let all = count(events().count(), "message");
    Err(Failure::new(Exit::Guilty, format!("{wrong} of {all} cannot be decoded")))
}

fn human(out: &mut impl Write, session: &Session) -> io::Result<()> {
    let sid = session
        .sid
        .as_deref()
        .map_or("a session that never opened".to_owned(), |sid| format!("session {sid}"));
    writeln!(
        out,
        "{sid} · {} · Engine.IO {} · {}",
        session.url,
        session.version,
        count(session.events.len(), "message")
    )?;
    for event in &session.events {
        let [from, to] = event.way.names();
        let place = match event.message {
            Some(message) => format!("entry {}, message {message}", event.entry),
            None => format!("entry {}", event.entry),
        };
        writeln!(out, "\n+{:.3}  {from} → {to}  {} ({place})", event.at_ms / 1000.0, event.what)?;
        match &event.content {
            Ok((input, annotation)) => {
                show::human(out, input, annotation)?;
                if let Some(error) = &annotation.error {
                    writeln!(out, "  error: {}", show::problem(input, error).replace('\n', "\n  "))?;
                }
            }
            Err(why) => writeln!(out, "  {why}")?,
        }
    }
    Ok(())
}

fn session_as_json(session: &Session) -> serde_json::Value {
    let events: Vec<_> = session.events.iter().map(event_as_json).collect();
    json!({ "sid": session.sid, "url": session.url, "eio": session.version, "events": events })
}

fn event_as_json(event: &Event) -> serde_json::Value {
    let mut document = match &event.content {
        Ok((input, annotation)) => show::as_json(input, annotation),
        Err(why) => json!({ "unreadable": why }),
    };
    document["at_ms"] = json!((event.at_ms * 1000.0).round() / 1000.0);
    document["from"] = json!(event.way.names()[0]);
    document["what"] = json!(event.what);
    document["entry"] = json!(event.entry);
    if let Some(message) = event.message {
        document["message"] = json!(message);
    }
    document
}

/// A message that was read, and what it means.
type Content = (Vec<u8>, Annotation);

impl Way {
    const fn names(self) -> [&'static str; 2] {
        match self {
            Self::Up => ["client", "server"],
            Self::Down => ["server", "client"],
        }
    }
}
