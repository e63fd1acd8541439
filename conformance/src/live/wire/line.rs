//! One TCP connection of an attacker.

use std::{
    io::Cursor,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex, Notify},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;

use super::{
    Ended, Exchange, Log, What, frame,
    http::{Framing, Sent, chunks_of, head_of},
};

/// A connection whose replies and messages are noted as they come.
#[derive(Debug)]
pub(in crate::live) struct Line {
    shared: Arc<Shared>,
    reader: std::sync::Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    log: Arc<Log>,
    number: usize,
    actor: usize,
    write: Mutex<Option<OwnedWriteHalf>>,
    sent: std::sync::Mutex<Sent>,
    paused: AtomicBool,
    resumed: Notify,
    /// Pings stay unanswered.
    muted: AtomicBool,
    /// The path that the server answers for.
    path: Arc<str>,
}

/// No write takes longer: a server that does not read is not waited for.
const WRITE: Duration = Duration::from_millis(1500);
/// Nobody takes longer to accept a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// What is not read to its end by then is thrown away.
const MOST_BUFFERED: usize = 8 << 20;
/// How much of a message is kept.
const KEPT: usize = 2_048;

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// The server does not accept the connection.
    pub(in crate::live) async fn connect(
        authority: &str,
        path: &Arc<str>,
        log: &Arc<Log>,
        actor: usize,
    ) -> std::io::Result<Self> {
        let stream = timeout(CONNECT, TcpStream::connect(authority)).await??;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        let shared = Arc::new(Shared {
            log: Arc::clone(log),
            number: log.opened(actor),
            actor,
            write: Mutex::new(Some(write)),
            sent: std::sync::Mutex::default(),
            paused: AtomicBool::new(false),
            resumed: Notify::new(),
            muted: AtomicBool::new(false),
            path: Arc::clone(path),
        });
        let reader = tokio::spawn(Arc::clone(&shared).read(read));
        Ok(Self { shared, reader: std::sync::Mutex::new(Some(reader)) })
    }

    /// Its number in the log.
    pub(in crate::live) fn number(&self) -> usize {
        self.shared.number
    }

    /// Whether it has become a WebSocket.
    pub(in crate::live) fn is_websocket(&self) -> bool {
        self.shared.log.of_line(self.shared.number, |line| line.upgraded.is_some())
    }

    /// Whether it is over.
    pub(in crate::live) fn has_ended(&self) -> bool {
        self.shared.log.of_line(self.shared.number, |line| line.ended.is_some())
    }

    /// Whether every request on it is answered.
    pub(in crate::live) fn is_idle(&self) -> bool {
        self.shared.log.of_line(self.shared.number, |line| {
            line.ended.is_none()
                && line.upgraded.is_none()
                && !line.odd
                && line.exchanges.iter().all(|exchange| exchange.status.is_some())
        })
    }

    /// Sends bytes; what a server does not take in time is lost.
    pub(in crate::live) async fn write(&self, bytes: &[u8]) {
        self.shared.notes_sent(bytes);
        let mut half = self.shared.write.lock().await;
        if let Some(half) = half.as_mut() {
            let _taken_or_lost = timeout(WRITE, half.write_all(bytes)).await;
        }
    }

    /// Notes that a frame goes out that a server has to fail the connection for.
    pub(in crate::live) fn breaks(&self) {
        self.shared.log.of_line(self.shared.number, |line| {
            line.broke.get_or_insert(Instant::now());
        });
    }

    /// Leaves pings unanswered.
    pub(in crate::live) fn mute(&self) {
        self.shared.muted.store(true, Ordering::SeqCst);
    }

    /// Stops reading.
    pub(in crate::live) fn pause(&self) {
        self.shared.log.of_line(self.shared.number, |line| line.odd = true);
        self.shared.paused.store(true, Ordering::SeqCst);
    }

    /// Reads again.
    pub(in crate::live) fn resume(&self) {
        self.shared.paused.store(false, Ordering::SeqCst);
        self.shared.resumed.notify_one();
    }

    /// Ends our half.
    pub(in crate::live) async fn finish(&self) {
        self.shared.log.of_line(self.shared.number, |line| line.odd = true);
        if let Some(half) = self.shared.write.lock().await.as_mut() {
            let _gone = half.shutdown().await;
        }
    }

    /// Ends it: with a reset, or as whoever closes it.
    pub(in crate::live) async fn close(&self, with_reset: bool) {
        self.shared.log.ends(self.shared.number, Ended::ByUs);
        let half = self.shared.write.lock().await.take();
        if let Some(half) = half {
            if with_reset {
                let _gone = half.as_ref().set_zero_linger();
            }
            // Dropped alone it would end our half only.
            half.forget();
        }
        // The connection is closed with its other half, which the reader holds.
        if let Some(reader) = self.take_reader() {
            reader.abort();
            let _aborted = reader.await;
        }
    }

    fn take_reader(&self) -> Option<JoinHandle<()>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(reader) = self.take_reader() {
            reader.abort();
        }
    }
}

impl Shared {
    fn notes_sent(&self, bytes: &[u8]) {
        if self.log.of_line(self.number, |line| line.upgraded.is_some()) {
            return;
        }
        let (whole, understood) = self.sent.lock().unwrap_or_else(PoisonError::into_inner).takes(bytes);
        self.log.of_line(self.number, |line| {
            line.odd |= !understood;
            for request in whole {
                line.exchanges.push(Exchange {
                    waits: request.method == "GET",
                    ours: request.target.split('?').next() == Some(&self.path),
                    what: format!("{} {}", request.method, request.target),
                    sent: Instant::now(),
                    body_bytes: request.body_bytes,
                    status: None,
                });
            }
        });
    }

    async fn read(self: Arc<Self>, mut half: OwnedReadHalf) {
        let mut bytes = Vec::with_capacity(1024);
        let mut in_frames = false;
        loop {
            while self.paused.load(Ordering::SeqCst) {
                self.resumed.notified().await;
            }
            match half.read_buf(&mut bytes).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
            let mut read = 0;
            loop {
                let rest = bytes.get(read..).unwrap_or_default();
                let took = if in_frames { self.frame(rest) } else { self.reply(rest, &mut in_frames) };
                match took {
                    Some(took @ 1..) => read += took,
                    _ => break,
                }
            }
            bytes.drain(..read);
            if bytes.len() > MOST_BUFFERED {
                bytes.clear();
            }
        }
        // A reply without a length ends with its connection.
        if !in_frames && let Ok(Some((status, head, Framing::Close))) = head_of(&bytes, false) {
            self.answered(status, bytes.get(head..).unwrap_or_default());
        }
        self.log.ends(self.number, Ended::ByServer);
    }

    /// Takes in a reply, if it is whole; gives how many bytes it took.
    fn reply(&self, bytes: &[u8], in_frames: &mut bool) -> Option<usize> {
        let of_head = self.log.of_line(self.number, |line| {
            let next = line.exchanges.iter().find(|exchange| exchange.status.is_none());
            next.is_some_and(|exchange| exchange.what.starts_with("HEAD "))
        });
        let (status, head, framing) = head_of(bytes, of_head).ok()??;
        if status == 101 {
            *in_frames = true;
            self.log.of_line(self.number, |line| line.upgraded = Some(Instant::now()));
        }
        if (100..200).contains(&status) && status != 101 {
            return Some(head);
        }
        let rest = bytes.get(head..).unwrap_or_default();
        match framing {
            Framing::Length(length) => {
                self.answered(status, rest.get(..length)?);
                Some(head + length)
            }
            Framing::Chunked => {
                let (body, took) = chunks_of(rest).ok()??;
                self.answered(status, &body);
                Some(head + took)
            }
            Framing::Close => None,
        }
    }

    fn answered(&self, status: u16, body: &[u8]) {
        self.log.of_line(self.number, |line| {
            if let Some(next) = line.exchanges.iter_mut().find(|exchange| exchange.status.is_none()) {
                next.status = Some(status);
            }
        });
        self.log.hears(self.actor, What::Reply(status, kept(body)));
    }

    /// Takes in a frame, if it is whole; gives how many bytes it took.
    fn frame(self: &Arc<Self>, bytes: &[u8]) -> Option<usize> {
        let mut cursor = Cursor::new(bytes);
        let (header, length) = FrameHeader::parse(&mut cursor).ok()??;
        let head = usize::try_from(cursor.position()).ok()?;
        let end = head.checked_add(usize::try_from(length).ok()?)?;
        let payload = bytes.get(head..end)?;
        match u8::from(header.opcode) {
            1 => self.text(payload),
            2 => self.log.hears(self.actor, What::Binary(payload.len())),
            opcode => self.log.hears(self.actor, What::Control(opcode)),
        }
        Some(end)
    }

    fn text(self: &Arc<Self>, payload: &[u8]) {
        if payload == b"2" {
            self.log.of_line(self.number, |line| line.pings = line.pings.saturating_add(1));
            if !self.muted.load(Ordering::SeqCst) {
                let shared = Arc::clone(self);
                // Whoever writes may wait for a server that waits for us to read.
                tokio::spawn(async move {
                    if let Ok(mut half) = shared.write.try_lock()
                        && let Some(half) = half.as_mut()
                    {
                        let _taken_or_lost = timeout(WRITE, half.write_all(&frame(true, 0, 1, b"3"))).await;
                    }
                });
            }
        }
        self.log.hears(self.actor, What::Text(kept(payload)));
    }
}

/// Whether a text is all of what came, as it came.
pub(in crate::live) fn is_kept_whole(text: &str) -> bool {
    text.len() < KEPT && !text.contains('\u{fffd}')
}

fn kept(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..bytes.len().min(KEPT)).unwrap_or_default()).into_owned()
}
