//! What moves packets between a session and its scenario: it polls or listens all the time, posts one body at a
//! time, and answers pings.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender},
    oneshot, watch,
};

use super::{
    Scene,
    http::{self, Request},
    polling::Polling,
    websocket::{Heard, Ws},
};
use crate::{
    transcript::EntryId,
    verdict::{Check, Stop},
};

/// A ping that arrived.
#[derive(Debug, Clone)]
pub struct Ping {
    /// The whole packet.
    pub packet: String,
    /// When it arrived.
    pub when: Instant,
    /// Where in the transcript.
    pub at: EntryId,
}

/// One Engine.IO packet on its way out.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(String),
    Binary(Vec<u8>),
    /// A WebSocket close frame.
    Close,
}

/// No more packets are put into a POST that has reached this size.
const MAX_BATCH_BYTES: usize = 32 << 10;
/// No more packets are put into a POST that has so many; some servers take sixteen.
const MAX_BATCH_PACKETS: usize = 10;

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Text(text) => text.len(),
            Piece::Binary(bytes) => bytes.len(),
            Piece::Close => 1,
        }
    }
}

/// Told when a session has moved to a WebSocket, or why it cannot.
pub(super) type Moved = oneshot::Sender<Check>;

/// The pump's ends of the channels.
pub(super) struct Pump {
    pub(super) scene: Arc<Scene>,
    pub(super) actor: Arc<str>,
    pub(super) inbox: UnboundedSender<Heard>,
    pub(super) pings: UnboundedSender<Ping>,
    pub(super) out: UnboundedSender<Vec<Piece>>,
    pub(super) answers: Arc<AtomicBool>,
}

/// Reads base64 of either alphabet, padded or not: which one is sent is a rule of its own.
fn decode_base64(digits: &str) -> Option<Vec<u8>> {
    let standard: String = digits.trim_end_matches('=').replace('-', "+").replace('_', "/");
    BASE64_STANDARD_NO_PAD.decode(standard).ok()
}

impl Pump {
    /// Carries a session over a WebSocket until either end is gone.
    pub(super) async fn carry(&self, mut ws: Ws, mut out: UnboundedReceiver<Vec<Piece>>) {
        loop {
            tokio::select! {
                heard = ws.hear() => if !self.heard(heard) { return },
                pieces = out.recv() => {
                    let Some(pieces) = pieces else { return };
                    for piece in pieces {
                        let sent = match piece {
                            Piece::Text(text) => ws.text(&text).await,
                            Piece::Binary(bytes) => ws.binary(&bytes).await,
                            Piece::Close => ws.close().await,
                        };
                        if sent.is_err() { return }
                    }
                }
            }
        }
    }

    /// Carries a session by polling until either end is gone, or until it is told to move to a WebSocket and has.
    pub(super) async fn poll(
        self,
        polling: Polling,
        out: UnboundedReceiver<Vec<Piece>>,
        mut moves: UnboundedReceiver<Moved>,
    ) {
        let (pause, paused) = watch::channel(false);
        let query = polling.upgrade_query();
        let both = async {
            tokio::join!(
                self.poll_all(&polling, paused.clone()),
                self.post_all(&polling, out, paused.clone())
            )
        };
        tokio::pin!(both);
        let moved = tokio::select! {
            _ended = &mut both => return,
            moved = moves.recv() => moved,
        };
        let Some(moved) = moved else {
            both.await;
            return;
        };
        // As clients do: it polls and posts until the probe is answered, and what is under way then is waited for.
        let probed = tokio::select! {
            _ended = &mut both => return,
            probed = self.probe(&query) => probed,
        };
        let mut ws = match probed {
            Ok(ws) => ws,
            Err(stop) => {
                let _gone = moved.send(Err(stop));
                both.await;
                return;
            }
        };
        pause.send_replace(true);
        let (lives, out) = both.await;
        if lives && ws.text("5").await.is_ok() {
            let _gone = moved.send(Ok(()));
            self.carry(ws, out).await;
        }
    }

    async fn probe(&self, query: &str) -> Check<Ws> {
        let mut ws = Ws::open(&self.scene, &self.actor, query).await?.open()?;
        ws.text("2probe").await?;
        ws.hears("3probe").await?;
        Ok(ws)
    }

    /// Polls until the session ends, or pauses after a poll; says whether it goes on.
    async fn poll_all(&self, polling: &Polling, paused: watch::Receiver<bool>) -> bool {
        while !*paused.borrow() {
            let reply = match polling.get().await {
                Ok(reply) => reply,
                Err(Stop::Violation(violation)) => {
                    let at = violation.at.unwrap_or(EntryId(0));
                    self.heard(Heard::Closed(violation.observed, at));
                    return false;
                }
                Err(_) => return false,
            };
            if reply.status != 200 {
                self.heard(Heard::Closed(reply.describe(), reply.at));
                return false;
            }
            for packet in reply.text().split('\u{1e}').filter(|packet| !packet.is_empty()) {
                let heard = match packet.strip_prefix('b').and_then(decode_base64) {
                    Some(bytes) => Heard::Binary(bytes, reply.at),
                    _ if packet.starts_with('1') => Heard::Closed("close packet".to_owned(), reply.at),
                    _ => Heard::Text(packet.to_owned(), reply.at),
                };
                if !self.heard(heard) {
                    return false;
                }
            }
        }
        true
    }

    /// Posts what is put out, never two at a time, until it pauses; gives back what else is to be put out.
    async fn post_all(
        &self,
        polling: &Polling,
        mut out: UnboundedReceiver<Vec<Piece>>,
        mut paused: watch::Receiver<bool>,
    ) -> UnboundedReceiver<Vec<Piece>> {
        let query = polling.query();
        let room = polling.hello.max_payload_bytes.and_then(|limit| usize::try_from(limit / 2).ok());
        let room = room.unwrap_or(MAX_BATCH_BYTES).min(MAX_BATCH_BYTES);
        loop {
            let pieces = tokio::select! {
                biased;
                _paused = paused.wait_for(|paused| *paused) => return out,
                pieces = out.recv() => pieces,
            };
            let Some(mut pieces) = pieces else { return out };
            // As clients do: what has gathered while a POST was under way leaves with the next one.
            while pieces.len() < MAX_BATCH_PACKETS
                && pieces.iter().map(Piece::len).sum::<usize>() < room
                && let Ok(more) = out.try_recv()
            {
                pieces.extend(more);
            }
            let packets: Vec<String> = pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text,
                    Piece::Binary(bytes) => format!("b{}", BASE64_STANDARD.encode(bytes)),
                    Piece::Close => "1".to_owned(),
                })
                .collect();
            let body = Some(packets.join("\u{1e}").into_bytes());
            let within = self.scene.patience.answer();
            let request = Request { method: "POST", query: &query, headers: &[], body, within };
            // Whether the session is still there is told by the poll.
            let _answer = http::request(&self.scene, &self.actor, request).await;
        }
    }

    /// Passes on what was heard, answers pings; false once nothing more can be heard.
    fn heard(&self, heard: Heard) -> bool {
        match heard {
            Heard::Text(packet, at) if packet.starts_with('2') => {
                if self.answers.load(Ordering::SeqCst) {
                    let _ended = self.out.send(vec![Piece::Text("3".to_owned())]);
                }
                self.pings.send(Ping { packet, when: Instant::now(), at }).is_ok()
            }
            Heard::Text(packet, _) if packet == "6" => true,
            Heard::Closed(..) => {
                let _ended = self.inbox.send(heard);
                false
            }
            heard => self.inbox.send(heard).is_ok(),
        }
    }
}
