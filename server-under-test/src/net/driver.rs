//! Carries signals between sessions, the hub and the network.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::{Mutex, MutexGuard};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{link::Link, timers::Timers};
use crate::{
    config::Config,
    engine::{
        admission::{Known, Query},
        session::Session,
        sid::Sids,
        signals::{Input, Output, RequestId, SocketId, Transport},
    },
    fault::Fault,
    hub::{self, Effect, Hub},
    socket::namespace::SessionId,
};

/// Everything the tasks of a server share.
///
/// Two kinds of locks: the one of the core, under which the outputs of sessions reach the hub and its effects reach
/// sessions, one at a time; and one per session. The core's is always taken first, which makes broadcasts atomic:
/// every client sees them in the order in which their causes were handled.
pub(super) struct Driver {
    pub(super) config: Arc<Config>,
    core: Mutex<Core>,
    registry: Mutex<Registry>,
    timers: Timers,
    ids: AtomicU64,
    pub(super) tasks: TaskTracker,
    /// The server stops: sessions are closed, connections finish what they do.
    pub(super) stop: CancellationToken,
    /// What has not finished by now is dropped.
    pub(super) kill: CancellationToken,
}

struct Core {
    hub: Hub,
    links: HashMap<SessionId, Arc<Link>>,
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
    pub(super) fn new(config: Config) -> Arc<Self> {
        let config = Arc::new(config);
        let hub = Hub::new(config.clone(), Instant::now());
        let sids = Sids::new(config.clone());
        let driver = Arc::new(Self {
            config,
            core: Mutex::new(Core {
                hub,
                links: HashMap::new(),
                armed: None,
                unsettled: Vec::new(),
                to_be_written: Vec::new(),
            }),
            registry: Mutex::new(Registry { sids, links: HashMap::new(), former: HashMap::new() }),
            timers: Timers::default(),
            ids: AtomicU64::new(0),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
        });
        driver.tasks.spawn(driver.clone().keep_time());
        driver
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

    /// What is known of a session id.
    pub(super) fn known(&self, sid: &str) -> Known {
        let registry = self.registry.lock();
        match registry.former.get(sid) {
            _ if registry.links.contains_key(sid) => Known::Session,
            Some(transport) => Known::FormerSession { transport: *transport },
            None => Known::Nothing,
        }
    }

    pub(super) fn find(&self, sid: &str) -> Option<Arc<Link>> {
        self.registry.lock().links.get(sid).cloned()
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
        let link = Arc::new(Link::new(SessionId(self.next_id()), session));
        self.registry.lock().links.insert(sid.clone(), link.clone());
        {
            let mut core = self.core.lock();
            core.links.insert(link.id, link.clone());
            core.hub.handle(link.id, hub::Input::Opened { sid: sid.clone(), transport, query }, now);
            self.settle(&mut core, &link, now);
        }
        tracing::debug!(sid, transport = transport.name(), "session opened");
        if self.stop.is_cancelled() {
            self.step(&link, Input::ShutDown);
        }
        (link, sid)
    }

    /// Something happened to a session.
    pub(super) fn step(&self, link: &Arc<Link>, input: Input<'_>) {
        let mut turn = self.turn(link);
        turn.handle(input);
        turn.finish();
    }

    /// Several things are about to happen to a session.
    pub(super) fn turn<'a>(&'a self, link: &'a Arc<Link>) -> Turn<'a> {
        Turn { driver: self, link, core: None, now: Instant::now() }
    }

    /// Closes every session.
    pub(super) fn shut_down(&self) {
        self.stop.cancel();
        let links: Vec<_> = self.registry.lock().links.values().cloned().collect();
        for link in links {
            self.step(&link, Input::ShutDown);
        }
    }

    /// Lets a session say all it has to say, and those it speaks to as well. What they say to websockets is to be
    /// written afterwards; the caller knows about the session itself.
    fn settle(&self, core: &mut Core, own: &Arc<Link>, now: Instant) {
        let mut unsettled = std::mem::take(&mut core.unsettled);
        unsettled.push(own.clone());
        while let Some(link) = unsettled.pop() {
            while let Some(output) = link.poll() {
                let input = match output {
                    Output::Answer(request, answer) => {
                        link.answer(request, answer);
                        continue;
                    }
                    Output::Upgraded => hub::Input::Upgraded,
                    Output::Text(text) => hub::Input::Text(text),
                    Output::Binary(bytes) => hub::Input::Binary(bytes),
                    Output::Ended(reason) => hub::Input::Ended(reason),
                };
                core.hub.handle(link.id, input, now);
                self.carry_out(core, &mut unsettled, now);
            }
            let settled = link.settled(&self.timers);
            if let Some((sid, transport)) = settled.closed {
                self.forget(core, &link, &sid, transport);
            }
            if settled.to_be_written && !Arc::ptr_eq(&link, own) {
                core.to_be_written.push(link);
            }
        }
        core.unsettled = unsettled;
        if core.hub.deadline().is_some_and(|at| core.armed.is_none_or(|armed| at < armed)) {
            self.timers.rearm();
        }
    }

    fn carry_out(&self, core: &mut Core, unsettled: &mut Vec<Arc<Link>>, now: Instant) {
        while let Some(effect) = core.hub.poll() {
            let (Effect::Send(session, _) | Effect::Close(session) | Effect::Cut(session)) = &effect;
            let Some(link) = core.links.get(session) else { continue };
            link.handle(
                match &effect {
                    Effect::Send(_, outgoing) => Input::Send(outgoing),
                    Effect::Close(_) => Input::Close,
                    Effect::Cut(_) => Input::Cut,
                },
                now,
                &self.timers,
            );
            if !unsettled.last().is_some_and(|last| Arc::ptr_eq(last, link)) {
                unsettled.push(link.clone());
            }
        }
    }

    fn forget(&self, core: &mut Core, link: &Link, sid: &str, transport: Transport) {
        if core.links.remove(&link.id).is_some() {
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
            let mut unsettled = Vec::new();
            self.carry_out(core, &mut unsettled, now);
            for link in unsettled {
                self.settle(core, &link, now);
                core.to_be_written.push(link);
            }
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
    pub(super) fn handle(&mut self, input: Input<'_>) {
        if self.link.handle(input, self.now, &self.driver.timers) {
            let core = self.core.get_or_insert_with(|| self.driver.core.lock());
            self.driver.settle(core, self.link, self.now);
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
