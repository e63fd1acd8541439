//! A polling session whose every request the scenario decides. Only pings are answered by themselves.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Raw, Scene,
    http::{self, Reply, Request, readable},
    packet::{Kind, Sio, connect, event},
    raw,
    session::Hello,
};
use crate::{
    siot::{Act, Data, Sight},
    tape::{self, Seen},
    transcript::EntryId,
    verdict::{Check, SetUp, Stop, expecting},
};

/// An Engine.IO session over HTTP long-polling.
#[derive(Debug, Clone)]
pub struct Polling {
    scene: Arc<Scene>,
    pub(super) actor: Arc<str>,
    /// What the handshake announced.
    pub hello: Hello,
    /// Whether its requests are taken down: not those that a pump sends.
    on_tape: bool,
}

/// A GET that has been sent and not been answered yet.
#[derive(Debug)]
pub struct Held {
    raw: Raw,
    within: Duration,
}

/// The query of a polling handshake.
pub(super) const HANDSHAKE: &str = "EIO=4&transport=polling";

impl Polling {
    pub(super) async fn open(scene: &Arc<Scene>, actor: &Arc<str>) -> Check<Self> {
        let within = scene.patience.answer();
        let request = Request { method: "GET", query: HANDSHAKE, headers: &[], body: None, within };
        let reply = http::request(scene, actor, request).await?;
        Self::read(scene, actor, &reply)
    }

    /// As [`Polling::open`], taken down.
    pub(super) async fn handshake(scene: &Arc<Scene>, actor: &Arc<str>) -> Check<Self> {
        let within = scene.patience.answer();
        let request = Request { method: "GET", query: HANDSHAKE, headers: &[], body: None, within };
        scene.acts(actor, Act::Handshake);
        let reply = http::request(scene, actor, request).await;
        scene.sees_reply(actor, &reply, None);
        Ok(Self { on_tape: true, ..Self::read(scene, actor, &reply?)? })
    }

    fn read(scene: &Arc<Scene>, actor: &Arc<str>, reply: &Reply) -> Check<Self> {
        reply.has_status(200)?;
        let body = reply.text();
        let first = body.split('\u{1e}').next().unwrap_or_default();
        let hello = Hello::read(first, reply.at)?;
        Ok(Self { scene: Arc::clone(scene), actor: Arc::clone(actor), hello, on_tape: false })
    }

    /// The query of this session's requests.
    pub fn query(&self) -> String {
        format!("{HANDSHAKE}&sid={}", self.hello.sid)
    }

    /// The query of a WebSocket for this session.
    pub fn upgrade_query(&self) -> String {
        format!("EIO=4&transport=websocket&sid={}", self.hello.sid)
    }

    /// One GET, answered at the latest by a ping.
    ///
    /// # Errors
    /// A violation if it is not answered.
    pub async fn get(&self) -> Check<Reply> {
        self.send("GET", &[], None).await
    }

    /// One POST.
    ///
    /// # Errors
    /// A violation if it is not answered.
    pub async fn post(&self, body: &str) -> Check<Reply> {
        self.send("POST", &[], Some(body.as_bytes().to_vec())).await
    }

    /// One request of this session with any method, headers and body.
    ///
    /// # Errors
    /// A violation if it is not answered.
    pub async fn send(&self, method: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Check<Reply> {
        let within = self.scene.patience.silence(&self.hello) + self.scene.patience.answer();
        self.send_within(method, headers, body, within).await
    }

    /// The same session, its requests not taken down.
    pub(super) fn off_tape(&self) -> Self {
        Self { on_tape: false, ..self.clone() }
    }

    /// As [`Polling::send`], within the given time.
    pub(crate) async fn send_within(
        &self,
        method: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
        within: Duration,
    ) -> Check<Reply> {
        if !self.on_tape {
            return self.exchange(method, headers, body, within).await;
        }
        self.scene.acts(&self.actor, http::taken(method, None, headers, body.as_deref()));
        let reply = self.exchange(method, headers, body, within).await;
        self.scene.sees_reply(&self.actor, &reply, Some(within));
        reply
    }

    async fn exchange(
        &self,
        method: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
        within: Duration,
    ) -> Check<Reply> {
        let query = self.query();
        http::request(&self.scene, &self.actor, Request { method, query: &query, headers, body, within })
            .await
    }

    /// Sends a GET on a connection of its own and returns once the server has had the time to read it.
    ///
    /// # Errors
    /// Inconclusive if the server cannot be reached.
    pub async fn hold(&self) -> Check<Held> {
        let line = self.scene.line(&self.actor);
        self.scene.acts(&line, Act::Hold(tape::name(&self.actor)));
        let mut raw = Raw::connect(&self.scene, &self.actor, line).await?;
        raw.sends_head("GET", &self.query(), "").await?;
        self.settles().await?;
        Ok(Held { raw, within: self.scene.patience.ping(&self.hello) })
    }

    /// Starts a POST and leaves it unfinished: only the first bytes of a longer body are sent.
    ///
    /// # Errors
    /// Inconclusive if the server cannot be reached.
    pub async fn begin_post(&self, headers: &str, first: &[u8]) -> Check<Raw> {
        let line = self.scene.line(&self.actor);
        let whole = format!("Content-Type: text/plain;charset=UTF-8\r\n{headers}");
        let (of, first_bytes) = (tape::name(&self.actor), Data::of(first));
        self.scene.acts(&line, Act::Begin { of, headers: raw::lines(&whole), first: first_bytes });
        let mut raw = Raw::connect(&self.scene, &self.actor, line).await?;
        raw.sends_head("POST", &self.query(), &whole).await?;
        raw.sends_body(first).await?;
        self.settles().await?;
        Ok(raw)
    }

    /// A round trip on another connection: what was sent before it has arrived, and a server that takes
    /// its connections in turn has read it.
    ///
    /// # Errors
    /// Inconclusive if the server does not answer.
    pub async fn settle(&self) -> Check {
        self.scene.acts(&self.actor, Act::Settle);
        self.settles().await
    }

    async fn settles(&self) -> Check {
        let within = self.scene.patience.answer();
        let query = "EIO=4&transport=none";
        let request = Request { method: "GET", query, headers: &[], body: None, within };
        http::request(&self.scene, &self.actor, request)
            .await
            .set_up("a round trip on another connection")
            .map(drop)
    }

    /// The packets of the next answer that holds more than pings and noops. Pings are answered.
    ///
    /// # Errors
    /// A violation if a GET is not answered with 200.
    pub async fn packets(&self) -> Check<(Vec<String>, EntryId)> {
        let deadline = Instant::now() + self.scene.patience.answer();
        loop {
            let (mut packets, at) = self.payload_before(deadline).await?;
            // How packets are separated is a rule of its own.
            packets.retain(|packet| !packet.is_empty());
            if !packets.is_empty() {
                return Ok((packets, at));
            }
        }
    }

    /// As [`Polling::packets`], with what stands before, between and after separators even if that is nothing.
    ///
    /// # Errors
    /// As [`Polling::packets`].
    pub async fn payload(&self) -> Check<(Vec<String>, EntryId)> {
        let deadline = Instant::now() + self.scene.patience.answer();
        self.payload_before(deadline).await
    }

    async fn payload_before(&self, deadline: Instant) -> Check<(Vec<String>, EntryId)> {
        self.scene.acts(&self.actor, Act::Poll);
        let payload = self.off_tape().poll_until(deadline).await;
        let seen = match &payload {
            Ok((packets, at)) => Some(Seen::new(Sight::Packets(packets.clone()), *at)),
            Err(stop) => Seen::of_stop(stop),
        };
        if let Some(seen) = seen {
            self.scene.sees(&self.actor, seen);
        }
        payload
    }

    async fn poll_until(&self, deadline: Instant) -> Check<(Vec<String>, EntryId)> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let observed = "nothing but pings";
                let at = self.scene.received(&self.actor, observed);
                return Err(Stop::violation("a message", observed, at));
            }
            let reply = self.exchange("GET", &[], None, left).await?;
            reply.has_status(200)?;
            let body = reply.text();
            let mut packets: Vec<String> = body.split('\u{1e}').map(str::to_owned).collect();
            if packets.iter().any(|packet| packet.starts_with('2')) {
                self.post("3").await?;
            }
            packets
                .retain(|packet| !packet.starts_with('2') && packet != "6" && !self.scene.is_strange(packet));
            if !packets.is_empty() {
                return Ok((packets, reply.at));
            }
        }
    }

    /// Demands that the next packets are these events of the main namespace, in this order, and no others.
    ///
    /// # Errors
    /// A violation if others come, or fewer.
    pub async fn hears(&self, want: &[Sio]) -> Check {
        let deadline = Instant::now() + self.scene.patience.answer();
        let shown: Vec<String> = want.iter().map(ToString::to_string).collect();
        let mut got = Vec::new();
        loop {
            let answer = self.payload_before(deadline).await;
            let (packets, at) = answer.map_err(|stop| expecting(stop, &shown.join("␞")))?;
            got.extend(packets.into_iter().filter(|packet| !packet.is_empty()));
            let read: Vec<Option<Sio>> = got.iter().map(|packet| self.scene.read(packet)).collect();
            if read.len() == want.len() && read.iter().zip(want).all(|(got, want)| got.as_ref() == Some(want))
            {
                return Ok(());
            }
            if read.len() >= want.len() {
                return Err(Stop::violation(shown.join("␞"), readable(&got.join("␞")), at));
            }
        }
    }

    /// Joins the main namespace and waits until the server has said all it says to a newcomer.
    ///
    /// # Errors
    /// A violation if the server does not admit us.
    pub async fn connect(&self) -> Check {
        self.joins().await.map(drop)
    }

    /// As [`Polling::connect`]; gives the id of the socket, empty if there is none.
    ///
    /// # Errors
    /// As [`Polling::connect`].
    pub async fn joins(&self) -> Check<String> {
        let (connect, _) = connect(self.scene.site.auth.clone().unwrap_or_default()).write();
        self.post(&format!("4{connect}")).await?.has_status(200)?;
        let mut due = if self.scene.echoes() { 2 } else { 1 };
        let mut sid = String::new();
        while due > 0 {
            let (packets, at) = self.packets().await?;
            if packets.iter().any(|packet| packet == "1" || packet.starts_with("44")) {
                return Err(Stop::violation("an answer to CONNECT", packets.join("␞"), at));
            }
            let answer = packets.iter().filter_map(|packet| self.scene.read(packet));
            if let Some(answer) = answer.into_iter().find(|packet| packet.kind == Kind::Connect) {
                answer.data["sid"].as_str().unwrap_or_default().clone_into(&mut sid);
            }
            due -= packets.len().min(due);
        }
        Ok(sid)
    }

    /// Demands that the session is gone: a GET with its id is refused. An answer that was still due
    /// (a close packet, a noop, what was buffered) may come first.
    ///
    /// # Errors
    /// A violation if the session lives on.
    pub async fn is_gone(&self) -> Check {
        const WANT: &str = "the session's id is refused (status 400)";
        const LEFTOVERS: usize = 3;
        let within = self.scene.patience.answer();
        for _ in 0..LEFTOVERS {
            let last =
                self.send_within("GET", &[], None, within).await.map_err(|stop| expecting(stop, WANT))?;
            if last.status != 200 {
                return last.demand((400..500).contains(&last.status), WANT);
            }
            // Only a session that lives is pinged.
            last.demand(!last.body.starts_with(b"2"), WANT)?;
        }
        self.send_within("GET", &[], None, within).await?.is_refusal()
    }

    /// Demands that the session lives: what is sent is echoed. Needs the main namespace to be joined.
    ///
    /// # Errors
    /// A violation if no echo comes.
    pub async fn echoes(&self, word: &str) -> Check {
        self.post(&format!("42[\"message\",\"{word}\"]")).await?.has_status(200)?;
        self.hears(&[event("message-back", [word.into()])]).await
    }
}

impl Held {
    /// The answer, at the latest when a ping would have been due.
    ///
    /// # Errors
    /// A violation if none comes.
    pub async fn reply(mut self) -> Check<Reply> {
        self.raw.reply_within(self.within).await
    }

    /// The answer, within the given time.
    ///
    /// # Errors
    /// A violation if none comes.
    pub async fn reply_within(mut self, within: Duration) -> Check<Reply> {
        self.raw.reply_within(within).await
    }

    /// Drops the connection without waiting for the answer.
    pub fn abort(self) {
        drop(self);
    }
}
