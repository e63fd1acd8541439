//! A session with everything that waits for it.

use std::{task::Context, time::Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::sync::oneshot;

use super::{
    outlet::{Last, Outlet},
    timers::Timers,
    wire::Writer,
};
use crate::{
    engine::{
        session::Session,
        signals::{Answer, Input, Output, RequestId, SocketId, Transport},
    },
    socket::namespace::SessionId,
};

/// One session.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: SessionId,
    /// Whether it is a session of version 3 of the protocol.
    pub(super) is_old: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    session: Session,
    waiting: Vec<(RequestId, oneshot::Sender<Answer>)>,
    /// Rarely more than one: a websocket that wants to take over is closed if it does not.
    outlets: SmallVec<[Outlet; 1]>,
    /// Somebody is about to call [`Link::write`].
    to_be_written: bool,
    /// When the session will be called.
    armed: Option<Instant>,
}

/// What is to be done after something was handed to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handled {
    /// It has something to say to it: [`Link::poll`] is to be called.
    Unsettled,
    /// [`Link::write`] is to be called.
    ToBeWritten,
    /// Nothing.
    Settled,
}

/// What is to be done for a session that has said all it has to say.
#[derive(Debug)]
pub(super) struct Settled {
    /// [`Link::write`] is to be called.
    pub(super) to_be_written: bool,
    /// The id and the transport, if the session is over.
    pub(super) closed: Option<(String, Transport)>,
}

/// Why the task of a websocket has nothing more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Everything is written.
    Written(Last),
    /// The session is over, but the peer does not read what is left.
    Stuck,
}

impl State {
    /// Whether somebody has to see to it that what the session says is written, who is the caller from now on.
    fn is_to_be_written(&mut self) -> bool {
        !self.outlets.is_empty() && !std::mem::replace(&mut self.to_be_written, true)
    }
}

impl Link {
    pub(super) fn new(id: SessionId, session: Session) -> Self {
        let (waiting, outlets) = (Vec::new(), SmallVec::new());
        let is_old = session.dialect().is_old();
        let state = State { session, waiting, outlets, to_be_written: false, armed: None };
        Self { id, is_old, state: Mutex::new(state) }
    }

    /// Hands something to the session.
    pub(super) fn handle(&self, input: Input, now: Instant, timers: &Timers) -> Handled {
        let mut state = self.state.lock();
        state.session.handle(input, now);
        if !state.session.is_idle() || state.session.is_closed() {
            return Handled::Unsettled;
        }
        self.arm(&mut state, timers);
        match state.is_to_be_written() {
            true => Handled::ToBeWritten,
            false => Handled::Settled,
        }
    }

    /// What the session wants next.
    pub(super) fn poll(&self) -> Option<Output> {
        self.state.lock().session.poll()
    }

    /// The session has said all it has to say.
    pub(super) fn settled(&self, timers: &Timers) -> Settled {
        let mut state = self.state.lock();
        self.arm(&mut state, timers);
        let to_be_written = state.is_to_be_written();
        let session = &state.session;
        let closed = session.is_closed().then(|| (session.sid().to_owned(), session.transport()));
        Settled { to_be_written, closed }
    }

    fn arm(&self, state: &mut State, timers: &Timers) {
        if let Some(at) = state.session.deadline()
            && state.armed.is_none_or(|armed| at < armed)
        {
            state.armed = Some(at);
            timers.arm(at, self.id);
        }
    }

    /// The session is called; true if that is what it wanted.
    pub(super) fn is_due(&self, now: Instant, timers: &Timers) -> bool {
        let mut state = self.state.lock();
        // An earlier call was asked for meanwhile, and is still to come.
        if state.armed.is_some_and(|armed| armed > now) {
            return false;
        }
        state.armed = None;
        let due = state.session.deadline().is_some_and(|at| at <= now);
        if !due {
            self.arm(&mut state, timers);
        }
        due
    }

    /// A websocket is there to be written to, which the session knows of; what it has for it already is written.
    pub(super) fn attach(&self, mut outlet: Outlet, now: Instant) {
        let state = &mut *self.state.lock();
        outlet.write(&mut state.session, now);
        state.outlets.push(outlet);
    }

    /// The websocket is no longer written to here.
    pub(super) fn detach(&self, socket: SocketId) -> Option<Writer> {
        let outlets = &mut self.state.lock().outlets;
        let index = outlets.iter().position(|outlet| outlet.socket == socket)?;
        Some(outlets.swap_remove(index).into_writer())
    }

    /// Answers a ping of the peer.
    pub(super) fn pong(&self, socket: SocketId, payload: Bytes) {
        let mut state = self.state.lock();
        let outlet = state.outlets.iter_mut().find(|outlet| outlet.socket == socket);
        outlet.into_iter().for_each(|outlet| outlet.pong(payload.clone()));
    }

    /// Writes what the session has for its websockets.
    pub(super) fn write(&self, now: Instant) {
        let state = &mut *self.state.lock();
        state.to_be_written = false;
        for outlet in &mut state.outlets {
            outlet.write(&mut state.session, now);
        }
    }

    /// The task of a websocket waits for something to happen, or is over.
    pub(super) fn attend(&self, socket: SocketId, cx: &mut Context<'_>) -> Option<Over> {
        let state = &mut *self.state.lock();
        let Some(outlet) = state.outlets.iter_mut().find(|outlet| outlet.socket == socket) else {
            return Some(Over::Written(Last::Cut));
        };
        let last = outlet.attend(&mut state.session, cx);
        let stuck = outlet.is_full() && state.session.is_closed();
        last.map(Over::Written).or_else(|| stuck.then_some(Over::Stuck))
    }

    /// Where the answer to a request will arrive.
    pub(super) fn expect(&self, request: RequestId) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.state.lock().waiting.push((request, sender));
        receiver
    }

    pub(super) fn answer(&self, request: RequestId, answer: Answer) {
        let mut state = self.state.lock();
        let Some(index) = state.waiting.iter().position(|(waiting, _)| *waiting == request) else { return };
        // A request that is lost meanwhile reports itself.
        let _ = state.waiting.swap_remove(index).1.send(answer);
    }

    /// Nobody waits for the answer any more.
    pub(super) fn forget(&self, request: RequestId) {
        self.state.lock().waiting.retain(|(waiting, _)| *waiting != request);
    }
}
