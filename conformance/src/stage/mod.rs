//! What a scenario may touch: actors that speak to the server, and the record of what they saw.

mod client;
mod http;
mod old;
mod opening;
mod packet;
mod patience;
mod polling;
mod pump;
mod raw;
mod session;
mod site;
mod websocket;
mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

pub use self::{
    client::Client,
    http::Reply,
    old::{OldPacket, OldPolling, framed, read as read_old, script},
    opening::Opening,
    packet::{Kind, Sio, ack, bytes, connect, disconnect, event},
    patience::Patience,
    polling::{Held, Polling},
    pump::Ping,
    raw::Raw,
    session::Hello,
    site::{Settings, Site},
    websocket::{Data, Frame, Heard, OpCode, Ws},
    wire::Wire,
};
use crate::{
    scenario::{Contract, Transport},
    siot::{Act, Sight, Step},
    tape::{self, Seen},
    transcript::{EntryId, Transcript, Way},
    verdict::{Check, SetUp, Stop},
};

/// What the actors of one case share.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) site: Arc<Site>,
    pub(crate) over: Transport,
    pub(crate) patience: Patience,
    pub(crate) transcript: Transcript,
    /// Prefix of this case's event and room names: cases share a server and must not hear each other.
    pub(crate) tag: String,
    /// Whether our side was too slow for what it wanted to see.
    pub(crate) late: AtomicBool,
    /// Connections beside the first of an actor.
    pub(crate) lines: AtomicUsize,
}

/// The place where a scenario is acted out: one case, one transport, one record.
#[derive(Debug)]
pub struct Stage {
    scene: Arc<Scene>,
    actors: usize,
    attempts: usize,
    /// The name of the next actor, where it is not the next in the list.
    called: Option<Arc<str>>,
}

/// Names for actors, in order of appearance.
const NAMES: [&str; 8] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];

/// The name of the actor with this number, counted from 0.
pub(crate) fn name_of(number: usize) -> String {
    NAMES.get(number).map_or_else(|| format!("actor {}", number + 1), ToString::to_string)
}

impl Stage {
    /// A stage before the given server. `tag` must differ between cases that run at the same time.
    pub fn new(site: Arc<Site>, over: Transport, patience: Patience, tag: &str) -> Self {
        let tag = format!("~{tag}~");
        let transcript = Transcript::begin(&tag);
        let late = AtomicBool::new(false);
        let scene = Scene { site, over, patience, transcript, tag, late, lines: AtomicUsize::new(0) };
        Self { scene: Arc::new(scene), actors: 0, attempts: 0, called: None }
    }

    /// The record of this case.
    pub fn transcript(&self) -> &Transcript {
        &self.scene.transcript
    }

    /// The transport this case is about.
    pub fn over(&self) -> Transport {
        self.scene.over
    }

    /// The server's address and what is known of it.
    pub fn site(&self) -> &Site {
        &self.scene.site
    }

    /// The same, to be shared.
    pub(crate) fn shared_site(&self) -> Arc<Site> {
        Arc::clone(&self.scene.site)
    }

    /// The payload of a CONNECT to the main namespace: what the user said, or nothing.
    pub fn auth(&self) -> Value {
        self.scene.site.auth.clone().unwrap_or_default()
    }

    /// Deadlines.
    pub fn patience(&self) -> Patience {
        self.scene.patience
    }

    /// Our side was too slow for what it wanted to see: says nothing about the server, and is worth another try.
    pub fn too_late(&self, why: impl Into<String>) -> Stop {
        self.scene.late.store(true, Ordering::SeqCst);
        Stop::Inconclusive(why.into())
    }

    /// Counts an attempt that chance spoilt, such as a ping that was due at the wrong moment; true once that
    /// can be no chance any more.
    pub fn tried_often(&mut self) -> bool {
        const OFTEN: usize = 10;
        self.attempts += 1;
        self.attempts >= OFTEN
    }

    /// Whether our side was too slow.
    pub fn was_late(&self) -> bool {
        self.scene.late.load(Ordering::SeqCst)
    }

    /// A name for an event or a room that belongs to this case alone.
    pub fn own(&self, name: &str) -> String {
        format!("{}{name}", self.scene.tag)
    }

    /// A dynamic namespace that belongs to this case alone.
    pub fn own_namespace(&self) -> String {
        let digits: String = self.scene.tag.chars().filter(char::is_ascii_digit).collect();
        format!("/dynamic-{digits}")
    }

    /// Another one. No case has it for its first: the names of those end with the number of an attempt.
    pub fn second_namespace(&self) -> String {
        format!("{}0", self.own_namespace())
    }

    /// Sends one HTTP request with the method, query and body given, and returns the reply.
    ///
    /// # Errors
    /// A violation if the server answers nothing at all.
    pub async fn request(&mut self, method: &str, query: &str, body: Option<&str>) -> Check<Reply> {
        self.request_with(method, query, &[], body.map(|body| body.as_bytes().to_vec())).await
    }

    /// Sends one HTTP request with headers of its own.
    ///
    /// # Errors
    /// A violation if the server answers nothing at all.
    pub async fn request_with(
        &mut self,
        method: &str,
        query: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Check<Reply> {
        let actor = self.actor();
        let within = self.scene.patience.answer();
        self.scene.acts(&actor, http::taken(method, Some(query), headers, body.as_deref()));
        let reply =
            http::request(&self.scene, &actor, http::Request { method, query, headers, body, within }).await;
        self.scene.sees_reply(&actor, &reply, None);
        reply
    }

    /// Opens a polling session, as set-up.
    ///
    /// # Errors
    /// Inconclusive if the handshake fails.
    pub async fn polling(&mut self) -> Check<Polling> {
        let actor = self.actor();
        Polling::handshake(&self.scene, &actor).await.set_up("opening a polling session")
    }

    /// Opens a polling session that a well-behaved client looks after while the scenario sends requests of
    /// its own, as set-up.
    ///
    /// # Errors
    /// Inconclusive if the handshake fails.
    pub async fn polling_with_client(&mut self) -> Check<(Polling, Wire)> {
        let polling = self.polling().await?;
        let wire = self.carries(&polling);
        Ok((polling, wire))
    }

    /// Opens a polling session of version 3 of the protocol, as set-up; `more` are further parameters of its
    /// requests, each behind `&`.
    ///
    /// # Errors
    /// Inconclusive if the handshake fails.
    pub async fn old_polling(&mut self, more: &str) -> Check<OldPolling> {
        let actor = self.actor();
        OldPolling::open(&self.scene, &actor, more).await.set_up("opening a polling session of version 3")
    }

    /// A well-behaved client for a polling session.
    pub(crate) fn carries(&mut self, polling: &Polling) -> Wire {
        let actor = self.actor();
        self.scene.acts(&actor, Act::Carry(tape::name(&polling.actor)));
        Wire::over_polling(&self.scene, &actor, polling)
    }

    /// Tries to open a WebSocket with the given query.
    ///
    /// # Errors
    /// Inconclusive if the server cannot be reached.
    pub async fn websocket(&mut self, query: &str) -> Check<Opening> {
        let actor = self.actor();
        self.scene.acts(&actor, Act::Websocket(query.to_owned()));
        let opening = Ws::open(&self.scene, &actor, query).await;
        Ok(match opening? {
            Opening::Open(ws) => {
                self.scene.sees(&actor, Seen::new(Sight::Opened, None));
                Opening::Open(Box::new(ws.on_tape()))
            }
            Opening::Refused(reply) => {
                self.scene.sees(&actor, Seen::new(reply.sight(), reply.at));
                Opening::Refused(reply)
            }
        })
    }

    /// Opens a session over the transport of this case, as set-up. Pings are answered from here on.
    ///
    /// # Errors
    /// Inconclusive if the session cannot be opened.
    pub async fn session(&mut self) -> Check<Wire> {
        self.session_over(self.over()).await
    }

    /// As [`Stage::session`], over any transport.
    ///
    /// # Errors
    /// Inconclusive if the session cannot be opened.
    pub(crate) async fn session_over(&mut self, over: Transport) -> Check<Wire> {
        let actor = self.actor();
        Wire::open(&self.scene, &actor, over).await.set_up("opening a session")
    }

    /// A bare TCP connection to the server, for bytes that no HTTP library would send.
    ///
    /// # Errors
    /// Inconclusive if the server cannot be reached.
    pub async fn raw(&mut self) -> Check<Raw> {
        let actor = self.actor();
        self.scene.acts(&actor, Act::Connect);
        let line = Arc::clone(&actor);
        Raw::connect(&self.scene, &actor, line).await
    }

    /// Opens a session for each client and joins the namespace, as set-up.
    ///
    /// # Errors
    /// Inconclusive if a client cannot join.
    pub async fn join<const N: usize>(&mut self, namespace: &str) -> Check<[Client; N]> {
        let mut clients = Vec::with_capacity(N);
        for _ in 0..N {
            let wire = self.session().await?;
            let client = Client::join(wire, namespace, None).await.set_up("joining a namespace")?;
            if client.sid.is_empty() {
                return Err(Stop::Inconclusive("the server gave no id to the socket".to_owned()));
            }
            clients.push(client);
        }
        Ok(clients.try_into().expect("exactly N clients were pushed"))
    }

    /// Reads an Engine.IO message with a Socket.IO packet that has no attachments.
    pub fn read(&self, text: &str) -> Option<Sio> {
        self.scene.read(text)
    }

    /// Fails the case with what was due and what came.
    ///
    /// # Errors
    /// Always, unless `holds`.
    pub fn demand(&self, holds: bool, expected: &str, observed: impl Into<String>, at: EntryId) -> Check {
        holds.then_some(()).ok_or_else(|| Stop::violation(expected, observed, at))
    }

    /// Gives the next actor this name.
    pub(crate) fn calls_next(&mut self, name: &str) {
        self.called = Some(name.into());
    }

    fn actor(&mut self) -> Arc<str> {
        if let Some(name) = self.called.take() {
            return name;
        }
        let name = name_of(self.actors);
        self.actors += 1;
        name.into()
    }
}

impl Scene {
    /// Takes down what an actor does.
    pub(crate) fn acts(&self, actor: &str, act: Act) {
        self.transcript.take(Step::Act(tape::name(actor), act), None);
    }

    /// Takes down what an actor sees.
    pub(crate) fn sees(&self, actor: &str, seen: Seen) {
        let entry = seen.entry;
        self.transcript.take(seen.into_step(actor), entry);
    }

    /// Takes down what became of a request.
    pub(crate) fn sees_reply(&self, actor: &str, reply: &Check<Reply>, within: Option<Duration>) {
        let seen = match reply {
            Ok(reply) => Some(Seen::new(reply.sight(), reply.at)),
            Err(stop) => Seen::of_stop(stop),
        };
        if let Some(seen) = seen {
            self.sees(actor, Seen { within: within.map(|within| self.patience.unscaled(within)), ..seen });
        }
    }

    /// A name on the tape for a further connection of an actor.
    pub(crate) fn line(&self, actor: &str) -> Arc<str> {
        let number = self.lines.fetch_add(1, Ordering::SeqCst) + 2;
        format!("{}.{number}", tape::name(actor)).into()
    }

    pub(crate) fn sent(&self, actor: &Arc<str>, what: impl Into<String>) -> EntryId {
        self.transcript.record(actor, Way::Sent, what)
    }

    pub(crate) fn received(&self, actor: &Arc<str>, what: impl Into<String>) -> EntryId {
        self.transcript.record(actor, Way::Received, what)
    }

    /// Whether the testee plays the echo application.
    pub(crate) fn echoes(&self) -> bool {
        self.site.contract >= Contract::Echo
    }

    /// Reads an Engine.IO message with a Socket.IO packet that has no attachments, an offset taken off.
    pub(crate) fn read(&self, text: &str) -> Option<Sio> {
        let packet = Sio::of_text(text)?;
        Some(if self.site.recovers() { packet.without_offset() } else { packet })
    }

    /// Whether two texts are the same packet, however their JSON is written.
    pub(crate) fn is_same(&self, got: &str, want: &str) -> bool {
        got == want || self.read(got).is_some_and(|got| Sio::of_text(want) == Some(got))
    }

    /// Whether a text is an event that nobody in this case asked for.
    pub(crate) fn is_strange(&self, text: &str) -> bool {
        Sio::of_text(text).is_some_and(|packet| self.is_unasked(&packet))
    }

    /// Whether an event is none that this case asked for.
    pub(crate) fn is_unasked(&self, packet: &Sio) -> bool {
        match packet.kind {
            // An application that we know nothing of may say what it likes.
            Kind::Event if !self.echoes() => true,
            _ => packet.event_name().is_some_and(|name| self.is_foreign(name)),
        }
    }

    /// Whether an event belongs to another case that runs at the same time.
    pub(crate) fn is_foreign(&self, event: &str) -> bool {
        event.starts_with('~') && !event.starts_with(&self.tag)
    }
}
