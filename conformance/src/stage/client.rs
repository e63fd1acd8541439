//! A Socket.IO client that has joined a namespace.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    packet::{Kind, Sio, connect, event},
    wire::Wire,
};
use crate::{
    transcript::EntryId,
    verdict::{Check, Stop, expecting},
};

/// A client in one namespace, on a session of its own (see [`Wire`] for several namespaces on one).
#[derive(Debug)]
pub struct Client {
    /// The session.
    pub wire: Wire,
    /// The namespace joined.
    pub namespace: String,
    /// The id the server gave to the socket; empty if it gave none.
    pub sid: String,
    /// The id by which it can come back, if the server gave one.
    pub pid: Option<String>,
    next_id: u64,
}

/// Acknowledgement ids of commands start here, apart from those that scenarios choose.
const FIRST_COMMAND_ID: u64 = 7_000_000;

impl Wire {
    /// Joins a namespace and takes in the greeting of the contract (`auth`). Gives the payload of the answer.
    ///
    /// # Errors
    /// A violation if the server does not admit us.
    pub async fn joins(&mut self, namespace: &str, auth: Option<Value>) -> Check<Value> {
        let auth = auth.or_else(|| self.scene.site.auth.clone());
        self.says(&connect(auth.unwrap_or(Value::Null)).on(namespace));
        let mut answer = None;
        let mut greeted = !self.scene.echoes();
        // Whether the greeting may precede the answer is a rule of its own.
        let deadline = Instant::now() + self.scene.patience.answer();
        while answer.is_none() || !greeted {
            let (packet, at) = self.next_before(deadline).await?;
            let ours = packet.namespace == namespace;
            match packet.kind {
                Kind::Connect if ours => answer = Some(packet.data),
                Kind::Event if ours && packet.event_name() == Some("auth") => greeted = true,
                _ => {
                    return Err(Stop::violation(
                        format!("an answer to CONNECT {namespace}"),
                        packet.to_string(),
                        at,
                    ));
                }
            }
        }
        Ok(answer.unwrap_or_default())
    }

    /// The socket's id in the answer to a CONNECT; events and goodbyes are passed over.
    ///
    /// # Errors
    /// A violation if we are not admitted, inconclusive if there is no id.
    pub async fn admitted(&mut self, namespace: &str) -> Check<(String, EntryId)> {
        let deadline = Instant::now() + self.scene.patience.answer();
        loop {
            let (packet, at) = self.next_before(deadline).await?;
            match packet.kind {
                Kind::Connect if packet.namespace == namespace => {
                    let sid = packet.data["sid"].as_str().filter(|sid| !sid.is_empty());
                    let missing = || Stop::Inconclusive("the server gave no id to the socket".to_owned());
                    return Ok((sid.ok_or_else(missing)?.to_owned(), at));
                }
                Kind::Event | Kind::Disconnect => {}
                _ => return Err(Stop::violation("an answer to CONNECT", packet.to_string(), at)),
            }
        }
    }

    /// Demands that nothing more was sent to us in this namespace: an acknowledged echo must be the next
    /// thing heard.
    ///
    /// # Errors
    /// A violation that shows what else came.
    pub async fn hears_nothing_more(&mut self, namespace: &str) -> Check {
        const FENCE_ID: u64 = 6_999_999;
        self.says(&event("message-with-ack", [json!("fence")]).with_id(FENCE_ID).on(namespace));
        let want = super::ack(FENCE_ID, [json!("fence")]).on(namespace);
        let (got, at) =
            self.next_watched(None).await.map_err(|stop| expecting(stop, "nothing more before the echo"))?;
        if got == want {
            return Ok(());
        }
        Err(Stop::violation("nothing more before the echo", got.to_string(), at))
    }

    /// The next packet that is not about the coming and going of sockets other than `about`: a watcher
    /// hears of every socket in its namespace, those of other cases too.
    async fn next_watched(&mut self, about: Option<&str>) -> Check<(Sio, EntryId)> {
        let within = self.scene.patience.answer();
        let deadline = Instant::now() + within;
        loop {
            let (packet, at) = self.next_before(deadline).await.map_err(|stop| waited(stop, within))?;
            let watched = matches!(packet.event_name(), Some("arrived" | "left"));
            if !watched || packet.data.get(1).and_then(Value::as_str) == about {
                return Ok((packet, at));
            }
        }
    }
}

/// The same stop, a violation saying that nothing came all the time. What was passed over meanwhile is nothing.
fn waited(stop: Stop, time: Duration) -> Stop {
    match stop {
        Stop::Violation(violation) if violation.observed.starts_with("nothing for ") => {
            let observed = format!("nothing for {:.1} s", time.as_secs_f64());
            Stop::violation(violation.expected, observed, violation.at)
        }
        other => other,
    }
}

impl Client {
    /// Joins a namespace on a new session.
    ///
    /// # Errors
    /// A violation if the server does not admit us.
    pub async fn join(mut wire: Wire, namespace: &str, auth: Option<Value>) -> Check<Self> {
        let answer = wire.joins(namespace, auth).await?;
        Ok(Self::of(wire, namespace, &answer))
    }

    /// A client that has joined already, with this answer to its CONNECT.
    pub fn of(wire: Wire, namespace: &str, answer: &Value) -> Self {
        let sid = answer["sid"].as_str().unwrap_or_default().to_owned();
        let pid = answer["pid"].as_str().map(str::to_owned);
        Self { wire, namespace: namespace.to_owned(), sid, pid, next_id: FIRST_COMMAND_ID }
    }

    /// A packet of this client's namespace.
    fn here(&self, packet: Sio) -> Sio {
        packet.on(&self.namespace)
    }

    /// Sends an event.
    pub fn emits(&mut self, packet: Sio) {
        let packet = self.here(packet);
        self.wire.says(&packet);
    }

    /// Demands that the next packet is this one, in the client's namespace.
    ///
    /// # Errors
    /// A violation if another comes, or none.
    pub async fn hears(&mut self, want: Sio) -> Check {
        let want = self.here(want);
        let (got, at) = self.next(&want.to_string()).await?;
        if got == want { Ok(()) } else { Err(Stop::violation(want.to_string(), got.to_string(), at)) }
    }

    /// The next packet, `want` being what is waited for.
    ///
    /// # Errors
    /// A violation if none comes.
    pub async fn next(&mut self, want: &str) -> Check<(Sio, EntryId)> {
        self.wire.next_watched(None).await.map_err(|stop| expecting(stop, want))
    }

    /// The next `arrived` or `left` about the socket with this id: its arguments after the id.
    ///
    /// # Errors
    /// A violation if another packet comes, or none.
    pub async fn hears_of(&mut self, what: &str, sid: &str) -> Check<(Vec<Value>, EntryId)> {
        let want = format!("the event {what} about {sid}");
        let (got, at) = self.wire.next_watched(Some(sid)).await.map_err(|stop| expecting(stop, &want))?;
        if got.event_name() == Some(what) {
            let args = got.data.as_array().map(|args| args.iter().skip(2).cloned().collect());
            return Ok((args.unwrap_or_default(), at));
        }
        Err(Stop::violation(want, got.to_string(), at))
    }

    /// The next event about the socket with this id, `arrived` or `left`.
    ///
    /// # Errors
    /// A violation if another packet comes, or none.
    pub async fn hears_of_any(&mut self, sid: &str) -> Check<(String, EntryId)> {
        let want = format!("an event about {sid}");
        let (got, at) = self.wire.next_watched(Some(sid)).await.map_err(|stop| expecting(stop, &want))?;
        match got.event_name() {
            Some(name @ ("arrived" | "left")) => Ok((name.to_owned(), at)),
            _ => Err(Stop::violation(want, got.to_string(), at)),
        }
    }

    /// Demands that nothing more was sent to this client.
    ///
    /// # Errors
    /// A violation that shows what else came.
    pub async fn hears_nothing_more(&mut self) -> Check {
        let namespace = self.namespace.clone();
        self.wire.hears_nothing_more(&namespace).await
    }

    /// Asks the testee to carry out a command, and returns its answer. Packets that arrive before the
    /// answer are kept for later.
    ///
    /// # Errors
    /// A violation if the command fails, unsupported if it is not offered.
    pub async fn commands(&mut self, command: Value) -> Check<Value> {
        let id = self.asks(command.clone());
        self.answered(id, &command).await
    }

    /// Sends a command without waiting for its answer; gives the id of the answer.
    pub fn asks(&mut self, command: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.emits(event("do", [command]).with_id(id));
        id
    }

    /// Waits for the answer to a command.
    ///
    /// # Errors
    /// As [`Client::commands`].
    pub async fn answered(&mut self, id: u64, command: &Value) -> Check<Value> {
        let want = format!("an answer to {command}");
        let mut aside = Vec::new();
        // Commands may name a time of their own.
        let within = Duration::from_millis(command["timeout"].as_u64().unwrap_or_default());
        let deadline = Instant::now() + within + self.wire.scene.patience.answer();
        let answer = loop {
            let (packet, at) =
                self.wire.next_before(deadline).await.map_err(|stop| expecting(stop, &want))?;
            if packet.kind == Kind::Ack && packet.id == Some(id) && packet.namespace == self.namespace {
                break (packet, at);
            }
            aside.push((packet, at));
        };
        for packet in aside.into_iter().rev() {
            self.wire.aside.push_front(packet);
        }
        let (packet, at) = answer;
        let answer = packet.data.get(0).cloned().unwrap_or_default();
        match answer.get("error").and_then(Value::as_str) {
            None => Ok(answer),
            Some("not offered") => {
                Err(Stop::Unsupported(format!("the server does not offer {}", command["op"])))
            }
            Some(error) => Err(Stop::violation(want, format!("the error {error:?}"), at)),
        }
    }
}
