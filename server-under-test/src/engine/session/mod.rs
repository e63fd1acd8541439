//! One Engine.IO connection.

mod lifecycle;
mod packets;
mod requests;
mod websockets;

use std::{collections::VecDeque, sync::Arc, time::Instant};

use super::{
    dialect::Dialect,
    heartbeat::Heartbeat,
    outbox::{Frame, Outbox},
    polling::InFlight,
    signals::{Input, Output, Reason, SocketId, Transport},
    upgrade::Upgrade,
};
use crate::{config::Config, fault::Fault};

/// The state of one connection: its transport, its upgrade, its heartbeat, and what waits to be sent.
///
/// Law: after every [`Session::handle`], call [`Session::poll`] until it returns `None`, letting the layer above
/// answer each output before the next is asked for; then call [`Session::poll_socket`] for each websocket that can
/// take more; then wait until [`Session::deadline`], and hand in [`Input::Timeout`].
#[derive(Debug)]
pub struct Session {
    config: Arc<Config>,
    sid: String,
    phase: Phase,
    carrier: Carrier,
    dialect: Dialect,
    in_flight: InFlight,
    upgrade: Upgrade,
    heartbeat: Heartbeat,
    outbox: Outbox,
    outputs: VecDeque<Output>,
    /// It ended without a goodbye.
    cut: bool,
    /// When a held-back packet leaves alone; only with `websocket-joins-packets`.
    join_by: Option<Instant>,
    /// What polling delivered last; only with `upgrade-repeats-last`.
    last_polled: Option<Frame>,
    /// A packet waits for its attachments; only with `pong-in-between-closes`.
    in_between: bool,
    /// The next poll is not told that the session is over; only with `close-strands-next-get`.
    strands_get: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Over, but what the layer above still has to say to packets that came before is sent.
    Ending(Reason, Farewell),
    /// Closed by the server; waits for a poll in order to say so.
    Closing {
        until: Instant,
    },
    Closed,
}

/// What a held GET gets when the session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Farewell {
    /// A close packet.
    Close,
    /// A noop packet, because the close came from the client.
    Noop,
    /// Nothing: its connection is dropped.
    Cut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Polling,
    WebSocket(SocketId),
}

impl Session {
    /// A session that begins with a GET, which is to be handed in next.
    #[must_use]
    pub fn open_polling(config: Arc<Config>, sid: String, now: Instant) -> Self {
        Self::open(config, sid, Carrier::Polling, now)
    }

    /// A session that begins with a websocket.
    #[must_use]
    pub fn open_websocket(config: Arc<Config>, sid: String, socket: SocketId, now: Instant) -> Self {
        Self::open(config, sid, Carrier::WebSocket(socket), now)
    }

    fn open(config: Arc<Config>, sid: String, carrier: Carrier, now: Instant) -> Self {
        let mut session = Self {
            sid,
            phase: Phase::Open,
            carrier,
            dialect: Dialect::Four,
            in_flight: InFlight::default(),
            upgrade: Upgrade::new(config.clone()),
            heartbeat: Heartbeat::new(config.clone(), now),
            outbox: Outbox::default(),
            outputs: VecDeque::new(),
            cut: false,
            join_by: None,
            last_polled: None,
            in_between: false,
            strands_get: false,
            config,
        };
        session.outbox.push(session.open_packet());
        if session.config.faulty(Fault::OpenThenNoop) {
            session.outbox.push(Frame::text("6"));
        }
        session
    }

    /// The same session, just opened, as one that speaks like this.
    #[must_use]
    pub fn in_dialect(mut self, dialect: Dialect, now: Instant) -> Self {
        self.dialect = dialect;
        if dialect.is_old() {
            self.heartbeat = Heartbeat::reversed(self.config.clone(), now);
        }
        self
    }

    /// How it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The id by which requests name this session.
    #[must_use]
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// The transport that is in use.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.carrier {
            Carrier::Polling => Transport::Polling,
            Carrier::WebSocket(_) => Transport::WebSocket,
        }
    }

    /// Whether nothing more can happen: its id is to be forgotten.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether [`Session::poll`] has nothing to say.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.outputs.is_empty() && !matches!(self.phase, Phase::Ending(..)) && self.in_flight.get.is_none()
    }

    /// The bytes that wait to be sent.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.outbox.len_bytes()
    }

    /// When [`Input::Timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Open => {
                [self.heartbeat.deadline(), self.upgrade.deadline(), self.join_by].into_iter().flatten().min()
            }
            Phase::Closing { until } => Some(until),
            Phase::Ending(..) | Phase::Closed => None,
        }
    }

    /// Something happened.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Get(request) => self.get(request),
            Input::GetLost(request) => {
                if self.in_flight.get.is_some_and(|held| held.request == request) {
                    self.in_flight.get = None;
                    self.end(Reason::TransportError, Farewell::Close);
                }
            }
            Input::PostBegun(request) => self.post_begun(request),
            Input::PostBody(request, body) => self.post_body(request, &body, false, now),
            Input::PostOctets(request, body) => self.post_body(request, &body, true, now),
            Input::PostRefused(request) => {
                self.post_over(request);
            }
            Input::PostLost(request) => {
                if self.post_over(request) {
                    self.end(Reason::TransportError, Farewell::Close);
                }
            }
            Input::SocketOpened(socket) => self.socket_opened(socket, now),
            Input::SocketText(socket, text) => self.socket_text(socket, text, now),
            Input::SocketBinary(socket, bytes) => self.socket_binary(socket, bytes),
            Input::SocketClosed(socket) => self.socket_gone(socket, Reason::TransportClose),
            Input::SocketFailed(socket) => self.socket_gone(socket, Reason::TransportError),
            Input::Send(outgoing) => self.send(outgoing, now),
            Input::Close => self.close(now),
            Input::Cut => self.end(Reason::TransportClose, Farewell::Cut),
            Input::ShutDown => {
                self.outbox.take();
                self.end(Reason::ShuttingDown, Farewell::Close);
            }
            Input::Timeout => self.timeout(now),
        }
    }

    /// What is to be done next, if anything.
    pub fn poll(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            match self.phase {
                Phase::Ending(reason, farewell) => self.finish(reason, farewell),
                _ => self.release_get(),
            }
        }
        self.outputs.pop_front()
    }
}
