//! Carries signals between sessions, the hub and the network.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxHashMap;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    link::{Handled, Link},
    metrics::Metrics,
    timers::Timers,
};

use crate::{
    adapter::{Cluster, Letter, Letters, Seat},
    app::Application,
    config::Config,
    engine::{
        admission::{Known, Query},
        dialect::Dialect,
        session::Session,
        sid::Sids,
        signals::{Input, Output, RequestId, SocketId, Transport},
    },
    fault::Fault,
    hub::{self, Effect, Hub},
    io::{App, Handlers, Io},
    socket::namespace::SessionId,
};

/// Everything the tasks of a server share.
///
/// Two kinds of locks: the one of the core, under which the outputs of sessions reach the hub and its effects reach
/// sessions, one at a time; and one per session. The core's is always taken first, which makes broadcasts atomic:
/// every client sees them in the order in which their causes were handled.
pub(crate) struct Driver {
    pub(super) config: Arc<Config>,
    core: Mutex<Core>,
    registry: Mutex<Registry>,
    timers: Timers,
    ids: AtomicU64,
    /// Its place in a cluster, until it stops.
    seat: Mutex<Option<Seat>>,
    pub(super) metrics: Arc<Metrics>,
    pub(crate) tasks: TaskTracker,
    /// The server stops: sessions are closed, connections finish what they do.
    pub(crate) stop: CancellationToken,
    /// What has not finished by now is dropped.
    pub(crate) kill: CancellationToken,
}

/// Whoever runs a server: when this goes, the server stops at once.
pub(super) struct Owner(pub(super) Arc<Driver>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.shut_down();
        self.0.kill.cancel();
    }
}

struct Core {
    hub: Hub,
    /// The ids are ours, so that nobody can make them collide.
    links: FxHashMap<SessionId, Arc<Link>>,
    armed: Option<Instant>,
    /// Links that say something right now.
    unsettled: Vec<Arc<Link>>,
    /// Links whose websockets have something to write.
    to_be_written: Vec<Arc<Link>>,
}

struct Registry {
    sids: Sids,
    links: HashMap<String, Arc<Link>>,
    /// Sessions that are over; only with faults that confuse them with others.
    former: HashMap<String, Transport>,
}

impl Driver {
    pub(super) fn new(config: Config, app: Arc<dyn Application>) -> Arc<Self> {
        let (driver, letters) = Self::idle(config, app);
        driver.start(letters);
        driver
    }

    /// A driver that does nothing yet, and what the other nodes of its cluster say from now on.
    fn idle(config: Config, app: Arc<dyn Application>) -> (Arc<Self>, Option<Letters>) {
        let config = Arc::new(config.bounded());
        let hub = Hub::with_app(config.clone(), app, Instant::now());
        let sids = Sids::new(config.clone());
        let (seat, others, letters) = match config.cluster.as_ref().map(Cluster::join) {
            Some((seat, others, letters)) => (Some(seat), others, Some(letters)),
            None => (None, Vec::new(), None),
        };
        let driver = Arc::new(Self {
            config,
            core: Mutex::new(Core {
                hub,
                links: FxHashMap::default(),
                armed: None,
                unsettled: Vec::new(),
                to_be_written: Vec::new(),
            }),
            registry: Mutex::new(Registry { sids, links: HashMap::new(), former: HashMap::new() }),
            timers: Timers::default(),
            ids: AtomicU64::new(0),
            seat: Mutex::new(seat),
            metrics: Arc::new(Metrics::new()),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
        });
        driver.act(|hub| others.into_iter().for_each(|node| hub.node_arrived(node)));
        (driver, letters)
    }

    fn start(self: &Arc<Self>, letters: Option<Letters>) {
        self.tasks.spawn(self.clone().keep_time());
        if let Some(letters) = letters {
            self.tasks.spawn(self.clone().read(letters));
        }
    }

    /// A driver for an application, and the application's hold on it.
    pub(super) fn with_app(config: Config, app: App) -> (Arc<Self>, Io) {
        let handlers = Handlers::new(app);
        let (driver, letters) = Self::idle(config, handlers.clone());
        // What other nodes say may be for the handlers, who need a driver to run on.
        handlers.attach(&driver);
        driver.start(letters);
        (driver, Io::new(handlers))
    }

    pub(super) fn request_id(&self) -> RequestId {
        RequestId(self.next_id())
    }

    pub(super) fn socket_id(&self) -> SocketId {
        SocketId(self.next_id())
    }

    fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// What is known of a session id, and the session if there is one.
    pub(super) fn find(&self, sid: &str) -> (Known, Option<Arc<Link>>) {
        let registry = self.registry.lock();
        match registry.links.get(sid) {
            Some(link) if link.is_old => (Known::OldSession, Some(link.clone())),
            Some(link) => (Known::Session, Some(link.clone())),
            None => match registry.former.get(sid) {
                Some(transport) => (Known::FormerSession { transport: *transport }, None),
                None => (Known::Nothing, None),
            },
        }
    }

    /// Opens a session: on this websocket, or on polling.
    pub(super) fn open(self: &Arc<Self>, socket: Option<SocketId>, query: Query) -> (Arc<Link>, String) {
        let now = Instant::now();
        let sid = self.registry.lock().sids.session();
        let (session, transport) = match socket {
            Some(socket) => {
                (Session::open_websocket(self.config.clone(), sid.clone(), socket, now), Transport::WebSocket)
            }
            None => (Session::open_polling(self.config.clone(), sid.clone(), now), Transport::Polling),
        };
        let session = session.in_dialect(Dialect::of(&self.config, &query), now);
        let link = Arc::new(Link::new(SessionId(self.next_id()), session));
        self.registry.lock().links.insert(sid.clone(), link.clone());
        {
            let mut core = self.core.lock();
            core.links.insert(link.id, link.clone());
            core.hub.handle(link.id, hub::Input::Opened { sid: sid.clone(), transport, query }, now);
            self.carry_out(&mut core, Some(&link), now);
            core.unsettled.push(link.clone());
            self.settle(&mut core, Some(&link), now);
        }
        self.metrics.opened(transport);
        tracing::debug!(sid, transport = transport.name(), "session opened");
        if self.stop.is_cancelled() {
            self.step(&link, Input::ShutDown);
        }
        (link, sid)
    }

    /// Something happened to a session.
    pub(super) fn step(&self, link: &Arc<Link>, input: Input) {
        let mut turn = self.turn(link);
        turn.handle(input);
        turn.finish();
    }

    /// Several things are about to happen to a session.
    pub(super) fn turn<'a>(&'a self, link: &'a Arc<Link>) -> Turn<'a> {
        Turn { driver: self, link, core: None, now: Instant::now() }
    }

    /// Lets the application act on its own.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Hub) -> T) -> T {
        let now = Instant::now();
        let (result, written) = {
            let core = &mut *self.core.lock();
            core.hub.act_at(now);
            let result = act(&mut core.hub);
            self.carry_out(core, None, now);
            self.settle(core, None, now);
            (result, std::mem::take(&mut core.to_be_written))
        };
        written.iter().for_each(|link| link.write(now));
        result
    }

    /// Reads what the other nodes of the cluster say.
    async fn read(self: Arc<Self>, mut letters: Letters) {
        loop {
            let letter = tokio::select! {
                letter = letters.next() => letter,
                () = self.stop.cancelled() => return,
            };
            match letter {
                Some(Letter::Said(node, message)) => self.act(|hub| hub.told(node, message)),
                Some(Letter::Arrived(node)) => self.act(|hub| hub.node_arrived(node)),
                Some(Letter::Gone(node)) => self.act(|hub| hub.node_gone(node)),
                None => return,
            }
        }
    }

    /// Closes every session.
    pub(super) fn shut_down(&self) {
        self.stop.cancel();
        *self.seat.lock() = None;
        let links: Vec<_> = self.registry.lock().links.values().cloned().collect();
        for link in links {
            self.step(&link, Input::ShutDown);
        }
    }

    /// Closes every session, and waits for every task to end; for those that do not, no longer than this.
    pub(super) async fn finish(&self, grace: Duration) {
        self.shut_down();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            self.kill.cancel();
            self.tasks.wait().await;
        }
    }

    /// Lets sessions say all they have to say, and those they speak to as well. What is to be written to websockets
    /// because of it is left to the caller, who knows about its own session.
    fn settle(&self, core: &mut Core, own: Option<&Arc<Link>>, now: Instant) {
        while let Some(link) = core.unsettled.pop() {
            while let Some(output) = link.poll() {
                let input = match output {
                    Output::Answer(request, answer) => {
                        link.answer(request, answer);
                        continue;
                    }
                    Output::Upgraded => {
                        self.metrics.upgraded();
                        hub::Input::Upgraded
                    }
                    Output::Text(text) => hub::Input::Text(text),
                    Output::Binary(bytes) => hub::Input::Binary(bytes),
                    Output::Ended(reason) => hub::Input::Ended(reason),
                };
                core.hub.handle(link.id, input, now);
                self.carry_out(core, own, now);
            }
            let settled = link.settled(&self.timers);
            if let Some((sid, transport)) = settled.closed {
                self.forget(core, &link, &sid, transport);
            }
            if settled.to_be_written && own.is_none_or(|own| own.id != link.id) {
                core.to_be_written.push(link);
            }
        }
        if core.hub.deadline().is_some_and(|at| core.armed.is_none_or(|armed| at < armed)) {
            self.timers.rearm();
        }
    }

    fn carry_out(&self, core: &mut Core, own: Option<&Arc<Link>>, now: Instant) {
        while let Some(effect) = core.hub.poll() {
            let (session, input) = match effect {
                Effect::Send(session, outgoing) => (session, Input::Send(outgoing)),
                Effect::Close(session) => (session, Input::Close),
                Effect::Cut(session) => (session, Input::Cut),
                Effect::Tell(node, message) => {
                    self.seat.lock().iter().for_each(|seat| seat.tell(node, &message));
                    continue;
                }
            };
            let own = own.filter(|own| own.id == session);
            let Some(link) = own.or_else(|| core.links.get(&session)) else { continue };
            match link.handle(input, now, &self.timers) {
                Handled::Unsettled if core.unsettled.last().is_some_and(|last| last.id == session) => {}
                Handled::Unsettled => core.unsettled.push(link.clone()),
                Handled::ToBeWritten if own.is_none() => core.to_be_written.push(link.clone()),
                Handled::ToBeWritten | Handled::Settled => {}
            }
        }
    }

    fn forget(&self, core: &mut Core, link: &Link, sid: &str, transport: Transport) {
        if core.links.remove(&link.id).is_some() {
            self.metrics.closed(transport);
            tracing::debug!(sid, transport = transport.name(), "session closed");
        }
        let mut registry = self.registry.lock();
        let remembered = [Fault::SidUnknownOpensSession, Fault::SidSurvivesClose];
        if registry.links.remove(sid).is_some() && remembered.iter().any(|fault| self.config.faulty(*fault)) {
            registry.former.insert(sid.to_owned(), transport);
        }
    }

    /// The timer of the hub and of all sessions.
    async fn keep_time(self: Arc<Self>) {
        loop {
            let hub = {
                let mut core = self.core.lock();
                core.armed = core.hub.deadline();
                core.armed
            };
            let deadline = [hub, self.timers.first()].into_iter().flatten().min();
            let sleep = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep => self.time_is_up(Instant::now()),
                () = self.timers.earlier() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    fn time_is_up(&self, now: Instant) {
        while let Some(session) = self.timers.pop(now) {
            let link = self.core.lock().links.get(&session).cloned();
            if let Some(link) = link.filter(|link| link.is_due(now, &self.timers)) {
                self.step(&link, Input::Timeout);
            }
        }
        let written = {
            let core = &mut *self.core.lock();
            if core.hub.deadline().is_none_or(|at| at > now) {
                return;
            }
            core.hub.handle_timeout(now);
            self.carry_out(core, None, now);
            self.settle(core, None, now);
            std::mem::take(&mut core.to_be_written)
        };
        written.iter().for_each(|link| link.write(now));
    }
}

/// Things that happen to a session without anything in between, as far as it is concerned.
///
/// What they make sessions say is written at the end, so that it shares a system call.
pub(super) struct Turn<'a> {
    driver: &'a Driver,
    link: &'a Arc<Link>,
    core: Option<MutexGuard<'a, Core>>,
    now: Instant,
}

impl Turn<'_> {
    /// Something happened.
    pub(super) fn handle(&mut self, input: Input) {
        if self.link.handle(input, self.now, &self.driver.timers) == Handled::Unsettled {
            let core = self.core.get_or_insert_with(|| self.driver.core.lock());
            core.unsettled.push(self.link.clone());
            self.driver.settle(core, Some(self.link), self.now);
        }
    }

    /// Writes what sessions have to say.
    pub(super) fn finish(self) {
        self.link.write(self.now);
        self.hold();
    }

    /// Writes what sessions have to say, except for the one to which it happened: [`Link::write`] follows soon.
    pub(super) fn hold(self) {
        let Some(mut core) = self.core else { return };
        let others = std::mem::take(&mut core.to_be_written);
        drop(core);
        others.iter().for_each(|link| link.write(self.now));
    }
}
