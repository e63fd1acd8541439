//! What a scenario may touch: actors that speak to the server, and the record of what they saw.

mod client;
mod http;
mod packet;
mod patience;
mod polling;
mod pump;
mod raw;
mod session;
mod site;
mod websocket;
mod wire;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::Value;

pub use self::{
    client::Client,
    http::Reply,
    packet::{Kind, Sio, ack, bytes, connect, disconnect, event},
    patience::Patience,
    polling::{Held, Polling},
    pump::Ping,
    raw::Raw,
    session::Hello,
    site::{Settings, Site},
    websocket::{Data, Frame, Heard, OpCode, Opening, Ws},
    wire::Wire,
};
use crate::{
    scenario::{Contract, Transport},
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
}

/// The place where a scenario is acted out: one case, one transport, one record.
#[derive(Debug)]
pub struct Stage {
    scene: Arc<Scene>,
    actors: usize,
    attempts: usize,
}

/// Names for actors, in order of appearance.
const NAMES: [&str; 8] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];

impl Stage {
    /// A stage before the given server. `tag` must differ between cases that run at the same time.
    pub fn new(site: Arc<Site>, over: Transport, patience: Patience, tag: &str) -> Self {
        let transcript = Transcript::begin();
        let late = AtomicBool::new(false);
        let scene = Scene { site, over, patience, transcript, tag: format!("~{tag}~"), late };
        Self { scene: Arc::new(scene), actors: 0, attempts: 0 }
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
        const OFTEN: usize = 4;
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

    /// Sends one HTTP request with the method, query and body given, and returns the reply.
    ///
    /// # Errors
    /// A violation if the server answers nothing at all.
    pub async fn request(&mut self, method: &str, query: &str, body: Option<&str>) -> Check<Reply> {
        self.request_with(method, query, &[], body).await
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
        body: Option<&str>,
    ) -> Check<Reply> {
        let actor = self.actor();
        let body = body.map(|body| body.as_bytes().to_vec());
        let within = self.scene.patience.answer();
        http::request(&self.scene, &actor, http::Request { method, query, headers, body, within }).await
    }

    /// Opens a polling session, as set-up.
    ///
    /// # Errors
    /// Inconclusive if the handshake fails.
    pub async fn polling(&mut self) -> Check<Polling> {
        let actor = self.actor();
        Polling::open(&self.scene, &actor).await.set_up("opening a polling session")
    }

    /// Opens a polling session that a well-behaved client looks after while the scenario sends requests of
    /// its own, as set-up.
    ///
    /// # Errors
    /// Inconclusive if the handshake fails.
    pub async fn polling_with_client(&mut self) -> Check<(Polling, Wire)> {
        let polling = self.polling().await?;
        let actor = self.actor();
        let wire = Wire::over_polling(&self.scene, &actor, &polling);
        Ok((polling, wire))
    }

    /// Tries to open a WebSocket with the given query.
    ///
    /// # Errors
    /// Inconclusive if the server cannot be reached.
    pub async fn websocket(&mut self, query: &str) -> Check<Opening> {
        let actor = self.actor();
        Ws::open(&self.scene, &actor, query).await
    }

    /// Opens a session over the transport of this case, as set-up. Pings are answered from here on.
    ///
    /// # Errors
    /// Inconclusive if the session cannot be opened.
    pub async fn session(&mut self) -> Check<Wire> {
        let actor = self.actor();
        Wire::open(&self.scene, &actor).await.set_up("opening a session")
    }

    /// A bare TCP connection to the server, for bytes that no HTTP library would send.
    ///
    /// # Errors
    /// Inconclusive if the server cannot be reached.
    pub async fn raw(&mut self) -> Check<Raw> {
        let actor = self.actor();
        Raw::connect(&self.scene, &actor).await
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

    fn actor(&mut self) -> Arc<str> {
        let name =
            NAMES.get(self.actors).map_or_else(|| format!("actor {}", self.actors + 1), ToString::to_string);
        self.actors += 1;
        name.into()
    }
}

impl Scene {
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
