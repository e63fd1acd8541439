//! A session with everything that waits for it.

use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{
        session::Session,
        signals::{Answer, Input, RequestId, SocketId, ToSocket, Transport},
    },
    socket::namespace::SessionId,
};

/// One session.
pub(super) struct Link {
    pub(super) id: SessionId,
    state: Mutex<State>,
    /// Changes when a websocket may have something to send.
    changed: watch::Sender<()>,
    /// The deadline moved to an earlier time.
    rearm: Notify,
    /// The session is closed.
    pub(super) ended: CancellationToken,
}

struct State {
    session: Session,
    waiting: Vec<(RequestId, oneshot::Sender<Answer>)>,
    /// When the timer of this session will look again.
    armed: Option<Instant>,
}

impl Link {
    pub(super) fn new(id: SessionId, session: Session) -> Self {
        Self {
            id,
            state: Mutex::new(State { session, waiting: Vec::new(), armed: None }),
            changed: watch::Sender::new(()),
            rearm: Notify::new(),
            ended: CancellationToken::new(),
        }
    }

    /// Hands something to the session; true if it has something to say to it.
    pub(super) fn handle(&self, input: Input<'_>, now: Instant) -> bool {
        let mut state = self.state.lock();
        state.session.handle(input, now);
        if state.session.is_idle() {
            self.awaken(&state);
            return state.session.is_closed();
        }
        true
    }

    /// What the session wants next. Answers are delivered here.
    pub(super) fn poll(&self) -> Option<crate::engine::signals::Output> {
        self.state.lock().session.poll()
    }

    /// The session has said all it has to say; gives its id and transport if it is closed.
    pub(super) fn settled(&self) -> Option<(String, Transport)> {
        let state = self.state.lock();
        self.awaken(&state);
        state.session.is_closed().then(|| (state.session.sid().to_owned(), state.session.transport()))
    }

    fn awaken(&self, state: &State) {
        self.changed.send_replace(());
        if state.session.deadline().is_some_and(|at| state.armed.is_none_or(|armed| at < armed)) {
            self.rearm.notify_one();
        }
    }

    /// What a websocket is to do next.
    pub(super) fn poll_socket(&self, socket: SocketId) -> Option<ToSocket> {
        self.state.lock().session.poll_socket(socket, Instant::now())
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
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

    /// Waits until the deadline of the session, or until it has none any more.
    pub(super) async fn deadline(&self) {
        loop {
            let deadline = {
                let mut state = self.state.lock();
                state.armed = state.session.deadline();
                state.armed
            };
            let sleep = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep => return,
                () = self.rearm.notified() => {}
            }
        }
    }
}
