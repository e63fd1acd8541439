//! A session that behaves like a good client: it polls or listens all the time and answers pings,
//! over whichever transport the case is about.

mod demands;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use siospec_codec::{Leniency, Limits, Profile, socket::Assembler};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    Scene,
    http::readable,
    packet::Sio,
    polling::Polling,
    pump::{Moved, Piece, Ping, Pump},
    session::Hello,
    websocket::{Heard, Ws, hex},
};
use crate::{
    scenario::Transport,
    siot::{Act, Item, Sight},
    tape::Seen,
    transcript::{EntryId, Way},
    verdict::{Check, Stop},
};

/// An Engine.IO session with a well-behaved client at our end.
#[derive(Debug)]
pub struct Wire {
    pub(super) scene: Arc<Scene>,
    pub(super) actor: Arc<str>,
    /// What the handshake announced.
    pub hello: Hello,
    out: UnboundedSender<Vec<Piece>>,
    inbox: UnboundedReceiver<Heard>,
    pings: UnboundedReceiver<Ping>,
    answers: Arc<AtomicBool>,
    /// Tells a session that polls to move to a WebSocket.
    moves: Option<UnboundedSender<Moved>>,
    assembler: Assembler<Vec<u8>>,
    /// Whether nothing was heard so far.
    silent: bool,
    /// Whether the server has said goodbye on a WebSocket.
    parting: bool,
    /// The offset of the last event that was heard in each namespace, where there are offsets.
    offsets: HashMap<String, String>,
    /// Packets that were heard while something else was waited for.
    pub(super) aside: VecDeque<(Sio, EntryId)>,
    /// Ends the pumps with the session.
    _pumps: JoinSet<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.scene.acts(&self.actor, Act::Drop);
    }
}

/// How strictly a server's packets are read: errors that servers in use send are understood, since most rules
/// are not about them.
const LISTENING: Profile = Profile { leniency: Leniency::CONNECT_ERROR_STRING, limits: Limits::DEFAULT };

impl Wire {
    pub(super) async fn open(scene: &Arc<Scene>, actor: &Arc<str>, over: Transport) -> Check<Self> {
        scene.acts(actor, Act::Open(over));
        let opened = Self::opens(scene, actor, over).await;
        let seen = match &opened {
            Ok(wire) => Some(Seen::new(Sight::Text(format!("0{}", wire.hello.json)), wire.hello.at)),
            Err(stop) => Seen::of_stop(stop),
        };
        if let Some(seen) = seen {
            scene.sees(actor, seen);
        }
        opened
    }

    async fn opens(scene: &Arc<Scene>, actor: &Arc<str>, over: Transport) -> Check<Self> {
        match over {
            Transport::Polling => {
                let polling = Polling::open(scene, actor).await?;
                Ok(Self::over_polling(scene, actor, &polling))
            }
            Transport::Websocket => {
                let mut ws = Ws::open(scene, actor, "EIO=4&transport=websocket").await?.open()?;
                let hello = match ws.next().await? {
                    Heard::Text(text, at) => Hello::read(&text, at)?,
                    other => return Err(Stop::violation("an open packet", other.describe(), other.at())),
                };
                Ok(Self::over_websocket(scene, actor, ws, hello))
            }
            Transport::Upgraded => {
                let polling = Polling::open(scene, actor).await?;
                let mut ws = Ws::open(scene, actor, &polling.upgrade_query()).await?.open()?;
                ws.text("2probe").await?;
                ws.hears("3probe").await?;
                ws.text("5").await?;
                Ok(Self::over_websocket(scene, actor, ws, polling.hello))
            }
        }
    }

    /// Goes on with a polling session; from here on the pump polls.
    pub(super) fn over_polling(scene: &Arc<Scene>, actor: &Arc<str>, polling: &Polling) -> Self {
        let (mut wire, pump, out) = Self::prepare(scene, actor, polling.hello.clone());
        let (moves, orders) = unbounded_channel();
        wire.moves = Some(moves);
        wire._pumps.spawn(pump.poll(polling.off_tape(), out, orders));
        wire
    }

    /// Goes on with a WebSocket that is open and belongs to the session.
    pub(super) fn over_websocket(scene: &Arc<Scene>, actor: &Arc<str>, ws: Ws, hello: Hello) -> Self {
        let (mut wire, pump, out) = Self::prepare(scene, actor, hello);
        wire._pumps.spawn(async move { pump.carry(ws, out).await });
        wire
    }

    fn prepare(
        scene: &Arc<Scene>,
        actor: &Arc<str>,
        hello: Hello,
    ) -> (Self, Pump, UnboundedReceiver<Vec<Piece>>) {
        let (out, outgoing) = unbounded_channel();
        let (heard, inbox) = unbounded_channel();
        let (pinged, pings) = unbounded_channel();
        let answers = Arc::new(AtomicBool::new(true));
        let pump = Pump {
            scene: Arc::clone(scene),
            actor: Arc::clone(actor),
            inbox: heard,
            pings: pinged,
            out: out.clone(),
            answers: Arc::clone(&answers),
        };
        let wire = Self {
            scene: Arc::clone(scene),
            actor: Arc::clone(actor),
            hello,
            out,
            inbox,
            pings,
            answers,
            moves: None,
            assembler: Assembler::with_profile(LISTENING),
            silent: true,
            parting: false,
            offsets: HashMap::new(),
            aside: VecDeque::new(),
            _pumps: JoinSet::new(),
        };
        (wire, pump, outgoing)
    }

    /// From now on pings stay unanswered.
    pub fn stops_answering(&mut self) {
        self.scene.acts(&self.actor, Act::Mute);
        self.answers.store(false, Ordering::SeqCst);
        // Those that were answered already are not waited for.
        while self.pings.try_recv().is_ok() {}
    }

    /// Moves a session that polls to a WebSocket, as clients do; what is said and heard meanwhile is neither lost nor
    /// out of order at our end.
    ///
    /// # Errors
    /// The result is a violation if the server does not take the WebSocket, and inconclusive if the session does not
    /// poll, or ends meanwhile.
    pub(crate) fn upgrades(&mut self) -> impl Future<Output = Check> + Send + use<> {
        self.scene.acts(&self.actor, Act::Upgrade);
        let (moved, done) = oneshot::channel();
        // A session can move once.
        let told = self.moves.take().is_some_and(|moves| moves.send(moved).is_ok());
        async move {
            let why = if told { "the session ended during its upgrade" } else { "the session does not poll" };
            done.await.unwrap_or_else(|_| Err(Stop::Inconclusive(why.to_owned())))
        }
    }

    /// The offset of the last event that was heard in a namespace.
    pub fn offset(&self, namespace: &str) -> Option<&str> {
        self.offsets.get(namespace).map(String::as_str)
    }

    /// Sends one Engine.IO packet as text, just as it is.
    pub fn sends(&mut self, packet: &str) {
        self.put(vec![Piece::Text(packet.to_owned())]);
    }

    /// Sends Engine.IO packets just as they are: in one POST, or one after the other.
    pub fn sends_together(&mut self, packets: &[&str]) {
        self.put(packets.iter().map(|packet| Piece::Text((*packet).to_owned())).collect());
    }

    /// Sends one binary Engine.IO message.
    pub fn sends_binary(&mut self, bytes: &[u8]) {
        self.put(vec![Piece::Binary(bytes.to_vec())]);
    }

    /// Sends a Socket.IO packet with its attachments.
    pub fn says(&mut self, packet: &Sio) {
        if self.scene.site.packed {
            return self.put(vec![Piece::Binary(packet.pack())]);
        }
        let (text, attachments) = packet.write();
        let mut pieces = vec![Piece::Text(format!("4{text}"))];
        pieces.extend(attachments.into_iter().map(Piece::Binary));
        self.put(pieces);
    }

    /// A lost connection shows when listening, so a pump that ended is no error here.
    fn put(&mut self, pieces: Vec<Piece>) {
        let items = pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(Item::Text(text.clone())),
            Piece::Binary(bytes) => Some(Item::Binary(bytes.clone())),
            Piece::Close => None,
        });
        let items: Vec<Item> = items.collect();
        self.scene.acts(&self.actor, if items.is_empty() { Act::HangUp } else { Act::Send(items) });
        let _ended = self.out.send(pieces);
    }

    /// The next thing heard, heartbeats aside.
    ///
    /// # Errors
    /// A violation if nothing comes in time.
    pub async fn next_heard(&mut self) -> Check<Heard> {
        let within = self.scene.patience.answer();
        self.next_heard_within(within).await
    }

    /// The next thing heard within the given time, heartbeats aside.
    ///
    /// # Errors
    /// A violation if nothing comes in time.
    pub async fn next_heard_within(&mut self, within: Duration) -> Check<Heard> {
        let heard = self.listens(within).await;
        let seen = match &heard {
            // It is for somebody else.
            Ok(Heard::Text(text, _)) if self.scene.is_strange(text) => return heard,
            Ok(heard) => Some(Seen::new(heard.sight(), heard.at())),
            Err(stop) => Seen::of_stop(stop),
        };
        if let Some(seen) = seen {
            self.scene.sees(&self.actor, seen.within(self.scene.patience.unscaled(within)));
        }
        heard
    }

    async fn listens(&mut self, within: Duration) -> Check<Heard> {
        match timeout(within, self.inbox.recv()).await {
            Ok(Some(heard)) => {
                self.silent = false;
                Ok(heard)
            }
            Ok(None) => {
                let at = self.scene.received(&self.actor, "the connection is closed");
                Ok(Heard::Closed("earlier".to_owned(), at))
            }
            // Whether the upgrade took place at all is a rule of its own.
            Err(_) if self.silent && self.scene.over == Transport::Upgraded => {
                Err(Stop::Inconclusive("the server said nothing since the upgrade".to_owned()))
            }
            Err(_) => {
                let observed = format!("nothing for {:.1} s", within.as_secs_f64());
                let at = self.scene.received(&self.actor, &observed);
                Err(Stop::violation("something from the server", observed, at))
            }
        }
    }

    /// The next Socket.IO packet with all its attachments. What belongs to other cases is passed over.
    ///
    /// # Errors
    /// A violation if nothing comes in time, the connection closes, or what comes is no packet.
    pub async fn next(&mut self) -> Check<(Sio, EntryId)> {
        let deadline = Instant::now() + self.scene.patience.answer();
        self.next_before(deadline).await
    }

    /// As [`Wire::next`], until the given time.
    pub(super) async fn next_before(&mut self, deadline: Instant) -> Check<(Sio, EntryId)> {
        if let Some(packet) = self.aside.pop_front() {
            return Ok(packet);
        }
        let untried = self.silent && self.scene.over == Transport::Upgraded;
        loop {
            let heard = self.next_heard_within(deadline.saturating_duration_since(Instant::now())).await?;
            if untried && matches!(heard, Heard::Closed(..)) {
                let why = "the connection was closed before anything was said since the upgrade";
                return Err(Stop::Inconclusive(why.to_owned()));
            }
            if let Some(packet) = self.assemble(heard)? {
                return Ok(packet);
            }
        }
    }

    /// The next packet, however long it takes; nothing once the connection is closed. Giving up loses no packet.
    ///
    /// # Errors
    /// A violation if what comes is no packet.
    pub(crate) async fn listen(&mut self) -> Check<Option<(Sio, EntryId)>> {
        loop {
            let Some(heard) = self.inbox.recv().await else { return Ok(None) };
            self.silent = false;
            if !matches!(&heard, Heard::Text(text, _) if self.scene.is_strange(text)) {
                self.scene.sees(&self.actor, Seen::new(heard.sight(), heard.at()));
            }
            if matches!(heard, Heard::Closed(..)) {
                return Ok(None);
            }
            if let Some(packet) = self.assemble(heard)? {
                return Ok(Some(packet));
            }
        }
    }

    /// As [`Wire::next`]; nothing if the connection is closed instead.
    ///
    /// # Errors
    /// A violation if nothing comes in time, or what comes is no packet.
    pub async fn next_or_closed(&mut self) -> Check<Option<(Sio, EntryId)>> {
        let deadline = Instant::now() + self.scene.patience.answer();
        loop {
            match self.next_heard_within(deadline.saturating_duration_since(Instant::now())).await? {
                Heard::Closed(..) => return Ok(None),
                heard => {
                    if let Some(packet) = self.assemble(heard)? {
                        return Ok(Some(packet));
                    }
                }
            }
        }
    }

    /// Adds what was heard to the packet that is being received; gives the packet once it is whole.
    fn assemble(&mut self, heard: Heard) -> Check<Option<(Sio, EntryId)>> {
        const WANT: &str = "a Socket.IO packet";
        let at = heard.at();
        let broken = |why: String| Stop::violation(WANT, why, at);
        let message = match heard {
            // A goodbye, which the protocol allows and clients ignore: the connection has to close after it,
            // and what was on its way counts no more.
            Heard::Text(text, _) if text == "1" => {
                self.parting = true;
                return Ok(None);
            }
            Heard::Text(..) | Heard::Binary(..) if self.parting => return Ok(None),
            Heard::Binary(bytes, _) if self.scene.site.packed => {
                let shown = format!("binary {}", hex(&bytes));
                let packet = Sio::unpack(&bytes).map_err(|error| broken(format!("{shown} ({error})")))?;
                return Ok((!self.scene.is_unasked(&packet)).then_some((packet, at)));
            }
            Heard::Text(text, _) if self.scene.site.packed => return Err(broken(readable(&text))),
            Heard::Text(text, _) => {
                let text = text.strip_prefix('4').ok_or_else(|| broken(readable(&text)))?;
                self.assembler.text(text).map_err(|error| broken(format!("4{} ({error})", readable(text))))?
            }
            Heard::Binary(bytes, _) => {
                let shown = format!("binary {}", hex(&bytes));
                self.assembler.binary(bytes).map_err(|error| broken(format!("{shown} ({error})")))?
            }
            other => return Err(broken(other.describe())),
        };
        let Some(message) = message else { return Ok(None) };
        let mut packet = Sio::read(&message).map_err(broken)?;
        if self.scene.site.recovers() {
            packet = packet.without_offset();
            // Events of other cases do not count: they may be sent again, and are passed over again.
            let offset = packet.offset.as_ref().filter(|_| !self.scene.is_unasked(&packet));
            if let Some(offset) = offset {
                self.offsets.insert(packet.namespace.clone(), offset.clone());
            }
        }
        let unasked = self.scene.is_unasked(&packet);
        Ok((!unasked).then_some((packet, at)))
    }

    /// Sends Engine.IO packets, binary ones among them: in one POST, or one after the other.
    pub(crate) fn puts(&mut self, items: Vec<Item>) {
        let pieces = items.into_iter().map(|item| match item {
            Item::Text(text) => Piece::Text(text),
            Item::Binary(bytes) => Piece::Binary(bytes),
        });
        self.put(pieces.collect());
    }

    /// Loses the connection without a goodbye.
    pub fn drops(self) {
        self.scene.transcript.record(&self.actor, Way::Note, "drops the connection");
    }

    /// Whether it polls, and has not moved to a WebSocket.
    pub(crate) fn polls(&self) -> bool {
        self.moves.is_some()
    }

    /// The next ping.
    ///
    /// # Errors
    /// A violation if none arrives within the announced interval and some slack, or the session is closed.
    pub async fn next_ping(&mut self) -> Check<Ping> {
        let within = self.scene.patience.ping(&self.hello);
        let want = format!("a ping within {} ms", self.hello.ping_interval_ms);
        let observed = match timeout(within, self.pings.recv()).await {
            Ok(Some(ping)) => {
                let seen = Seen::new(Sight::Ping(ping.packet.clone()), ping.at);
                self.scene.sees(&self.actor, seen.within(self.scene.patience.unscaled(within)));
                return Ok(ping);
            }
            Ok(None) => "the session was closed".to_owned(),
            Err(_) => format!("no ping for {:.1} s", within.as_secs_f64()),
        };
        let at = self.scene.received(&self.actor, &observed);
        let stop = Stop::violation(want, observed, at);
        if let Some(seen) = Seen::of_stop(&stop) {
            self.scene.sees(&self.actor, seen.within(self.scene.patience.unscaled(within)));
        }
        Err(stop)
    }
}
