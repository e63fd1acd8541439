//! What waits for handlers, and how they are run.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use siospec_codec::socket::Args;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{
    Namespace,
    extract::{Cause, Message, name_of},
    handler::Failure,
};

/// What waits for the handlers of a socket, or for those of what other nodes send to a namespace.
pub(super) struct Inbox {
    jobs: UnboundedSender<Message>,
    /// What the handlers have not finished with, in bytes.
    unfinished: Arc<AtomicUsize>,
}

impl Inbox {
    /// An inbox, and what is to be run: the handlers for what is put into it, until it goes or `stopped` is over.
    pub(super) fn new(
        routes: Arc<Namespace>,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let unfinished = Arc::new(AtomicUsize::new(0));
        let run = run(routes, receiver, unfinished.clone(), stopped);
        (Self { jobs, unfinished }, run)
    }

    pub(super) fn put(&self, message: Message) {
        self.unfinished.fetch_add(cost_bytes(&message.cause), Ordering::Relaxed);
        // The task is gone when the server is stopped by force.
        let _ = self.jobs.send(message);
    }

    /// What the handlers have not finished with, in bytes.
    pub(super) fn unfinished_bytes(&self) -> usize {
        self.unfinished.load(Ordering::Relaxed)
    }
}

/// What a message costs while it is handled, in bytes.
fn cost_bytes(cause: &Cause) -> usize {
    const HANDLING: usize = 512;
    match cause {
        Cause::Event(call) | Cause::ServerSide(call) => {
            HANDLING + call.args.len() + call.attachments.iter().map(Bytes::len).sum::<usize>()
        }
        Cause::Applies | Cause::Joined | Cause::Left { .. } => 0,
    }
}

/// Handlers begin in the order of the messages, and go on side by side.
async fn run(
    routes: Arc<Namespace>,
    mut jobs: UnboundedReceiver<Message>,
    unfinished: Arc<AtomicUsize>,
    stopped: impl Future<Output = ()>,
) {
    let mut running = FuturesUnordered::new();
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            job = jobs.recv() => {
                let Some(message) = job else { break };
                let cost = cost_bytes(&message.cause);
                let mut handling = Box::pin(handle(routes.clone(), message).map(move |()| cost));
                match futures_util::poll!(handling.as_mut()) {
                    Poll::Ready(cost) => _ = unfinished.fetch_sub(cost, Ordering::Relaxed),
                    Poll::Pending => running.push(handling),
                }
            }
            Some(cost) = running.next(), if !running.is_empty() => {
                unfinished.fetch_sub(cost, Ordering::Relaxed);
            }
            () = &mut stopped => break,
        }
    }
    while running.next().await.is_some() {}
}

async fn handle(routes: Arc<Namespace>, message: Message) {
    let message = Arc::new(message);
    let none = &Vec::new();
    let named = |args: &str| name_of(Args::new(args).expect("the arguments of an event"));
    let (kind, general, own) = match &message.cause {
        Cause::Applies => return,
        Cause::Joined => ("connect", &routes.connect, none),
        Cause::Left { .. } => ("disconnect", &routes.disconnect, none),
        Cause::Event(call) => ("event", &routes.any, routes.events.get(&named(&call.args)).unwrap_or(none)),
        Cause::ServerSide(call) => {
            ("server-side event", none, routes.server_side.get(&named(&call.args)).unwrap_or(none))
        }
    };
    if matches!(message.cause, Cause::Event(_)) {
        for middleware in &routes.before {
            if let Err(error) = guarded(middleware(message.clone())).await {
                tracing::debug!(%error, "a middleware refused an event");
                return;
            }
        }
    }
    for handler in general.iter().chain(own) {
        if let Err(error) = guarded(handler(message.clone())).await {
            tracing::warn!(%error, kind, "a handler failed");
        }
    }
}

/// A handler that panics takes nothing else along.
async fn guarded(handler: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    match AssertUnwindSafe(handler).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(_) => Err("it panicked".into()),
    }
}
