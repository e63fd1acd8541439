//! What a session writes to one websocket.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::IoSlice,
    sync::Arc,
    task::{Context, Waker},
    time::Instant,
};

use bytes::{Buf as _, Bytes};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::{deflate, frames, metrics::Metrics, wire::Writer};
use crate::engine::{
    outbox::Frame,
    session::Session,
    signals::{SocketId, ToSocket, Transport},
};

/// Frames are gathered up to this size, and leave with one system call.
const GATHER_BYTES: usize = 16 << 10;
/// A payload of this size is not worth copying behind others.
const LARGE_BYTES: usize = 4 << 10;

thread_local! {
    /// Where frames are gathered; connections are many and mostly idle.
    static GATHERED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Why nothing more is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// The session is done with the websocket.
    Close,
    /// The session wants it gone without a goodbye.
    Cut,
    /// The connection is gone.
    Lost,
}

/// The writing side of a websocket.
///
/// Whoever has something for it writes it at once: no task is woken unless the peer does not keep up.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) socket: SocketId,
    writer: Writer,
    /// The task that reads from the websocket.
    task: Waker,
    /// What the connection has not taken yet.
    left: VecDeque<Bytes>,
    /// The answer to the last ping.
    pong: Option<Bytes>,
    /// The connection takes no more for now.
    full: bool,
    last: Option<Last>,
    /// Messages of this size and more are compressed.
    deflate_from_bytes: Option<usize>,
    metrics: Arc<Metrics>,
}

impl Outlet {
    pub(super) fn new(
        socket: SocketId,
        writer: Writer,
        deflate_from_bytes: Option<usize>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            socket,
            writer,
            task: Waker::noop().clone(),
            left: VecDeque::new(),
            pong: None,
            full: false,
            last: None,
            deflate_from_bytes,
            metrics,
        }
    }

    /// Answers a ping. Only the last one needs an answer (RFC 6455, section 5.5.3).
    pub(super) fn pong(&mut self, payload: Bytes) {
        self.pong = Some(payload);
    }

    /// Writes what the session has for this websocket, as much as the connection takes.
    pub(super) fn write(&mut self, session: &mut Session, now: Instant) {
        if self.full || self.last.is_some() {
            // The task does not wait long for the peer of a session that is over.
            if session.is_closed() {
                self.task.wake_by_ref();
            }
            return;
        }
        GATHERED.with_borrow_mut(|gathered| {
            while self.write_left() {
                gathered.clear();
                let large = self.gather(session, gathered, now);
                if gathered.is_empty() {
                    break;
                }
                self.write_gathered(gathered, large);
            }
        });
        if self.full || self.last.is_some() {
            self.task.wake_by_ref();
        }
    }

    /// The task waits: gives why nothing more will be written, if so.
    pub(super) fn attend(&mut self, session: &mut Session, cx: &mut Context<'_>) -> Option<Last> {
        if !self.task.will_wake(cx.waker()) {
            self.task = cx.waker().clone();
        }
        while self.full && self.writer.poll_ready(cx).is_ready() {
            self.full = false;
            self.write(session, Instant::now());
            if matches!(self.writer, Writer::Other(_)) {
                break;
            }
        }
        self.last
    }

    /// Whether the peer does not keep up.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn into_writer(self) -> Writer {
        self.writer
    }

    /// Takes frames, the last of which may be so large that its payload is given instead of being copied.
    fn gather(&mut self, session: &mut Session, out: &mut Vec<u8>, now: Instant) -> Option<Bytes> {
        if let Some(payload) = self.pong.take() {
            frames::begin(OpCode::Control(Control::Pong), false, payload.len(), out);
            out.extend_from_slice(&payload);
        }
        let (mut packets, mut bytes) = (0, 0);
        let mut large = None;
        while out.len() < GATHER_BYTES && large.is_none() {
            let (frame, plain) = match session.poll_socket(self.socket, now) {
                Some(ToSocket::Frame(frame)) => (frame, false),
                Some(ToSocket::Plain(frame)) => (frame, true),
                // What was gathered leaves first; the session says it again.
                Some(_) if !out.is_empty() => break,
                Some(ToSocket::Close) => {
                    self.last = Some(Last::Close);
                    break;
                }
                Some(ToSocket::Cut) => {
                    self.last = Some(Last::Cut);
                    break;
                }
                None => break,
            };
            let (kind, payload) = match frame {
                Frame::Text(text) => (Data::Text, text.into_bytes()),
                Frame::Binary(bytes) => (Data::Binary, bytes),
            };
            packets += 1;
            bytes += payload.len();
            let packed = if plain { None } else { self.pack(&payload) };
            let compressed = packed.is_some();
            let payload = packed.unwrap_or(payload);
            frames::begin(OpCode::Data(kind), compressed, payload.len(), out);
            match payload.len() >= LARGE_BYTES {
                true => large = Some(payload),
                false => out.extend_from_slice(&payload),
            }
        }
        if packets > 0 {
            self.metrics.of(Transport::WebSocket).sent.add(packets, bytes);
        }
        large
    }

    /// The payload, compressed if that is agreed and makes it smaller.
    fn pack(&self, payload: &Bytes) -> Option<Bytes> {
        self.deflate_from_bytes.filter(|least| payload.len() >= *least)?;
        let packed = deflate::pack(payload);
        (packed.len() < payload.len()).then(|| packed.into())
    }

    fn write_gathered(&mut self, gathered: &[u8], large: Option<Bytes>) {
        let large = large.unwrap_or_default();
        let written = match large.is_empty() {
            true => self.writer.try_write(&[IoSlice::new(gathered)], &self.task),
            false => self.writer.try_write(&[IoSlice::new(gathered), IoSlice::new(&large)], &self.task),
        };
        let written = match written {
            Ok(written) => written.unwrap_or_default(),
            Err(_) => return self.last = Some(Last::Lost),
        };
        let unwritten = gathered.get(written..).unwrap_or_default();
        if !unwritten.is_empty() {
            self.left.push_back(Bytes::copy_from_slice(unwritten));
        }
        let large = large.slice(written.saturating_sub(gathered.len()).min(large.len())..);
        if !large.is_empty() {
            self.left.push_back(large);
        }
    }

    /// Writes what is left; true if more can be written.
    fn write_left(&mut self) -> bool {
        while let Some(bytes) = self.left.front_mut() {
            match self.writer.try_write(&[IoSlice::new(bytes)], &self.task) {
                Ok(Some(written)) => bytes.advance(written),
                Ok(None) => {
                    self.full = true;
                    return false;
                }
                Err(_) => {
                    self.last = Some(Last::Lost);
                    return false;
                }
            }
            if bytes.is_empty() {
                self.left.pop_front();
            }
        }
        // The space is not kept for the next time.
        self.left = VecDeque::new();
        self.writer.flush(&self.task);
        true
    }
}
