//! Carries signals between sessions, the hub and the network.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::link::Link;
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
    hub_rearm: Notify,
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
            core: Mutex::new(Core { hub, links: HashMap::new(), armed: None }),
            registry: Mutex::new(Registry { sids, links: HashMap::new(), former: HashMap::new() }),
            hub_rearm: Notify::new(),
            ids: AtomicU64::new(0),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
        });
        driver.tasks.spawn(driver.clone().keep_hub_time());
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
            self.settle(&mut core, link.clone(), now);
        }
        tracing::debug!(sid, transport = transport.name(), "session opened");
        self.tasks.spawn(self.clone().keep_time(link.clone()));
        if self.stop.is_cancelled() {
            self.step(&link, Input::ShutDown);
        }
        (link, sid)
    }

    /// Something happened to a session.
    pub(super) fn step(&self, link: &Arc<Link>, input: Input<'_>) {
        let now = Instant::now();
        if link.handle(input, now) {
            self.settle(&mut self.core.lock(), link.clone(), now);
        }
    }

    /// Closes every session.
    pub(super) fn shut_down(&self) {
        self.stop.cancel();
        let links: Vec<_> = self.registry.lock().links.values().cloned().collect();
        for link in links {
            self.step(&link, Input::ShutDown);
        }
    }

    /// Lets a session say all it has to say, and those it speaks to as well.
    fn settle(&self, core: &mut Core, link: Arc<Link>, now: Instant) {
        let mut unsettled = vec![link];
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
            if let Some((sid, transport)) = link.settled() {
                self.forget(core, &link, &sid, transport);
            }
        }
        if core.hub.deadline().is_some_and(|at| core.armed.is_none_or(|armed| at < armed)) {
            self.hub_rearm.notify_one();
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
        link.ended.cancel();
        let mut registry = self.registry.lock();
        let remembered = [Fault::SidUnknownOpensSession, Fault::SidSurvivesClose];
        if registry.links.remove(sid).is_some() && remembered.iter().any(|fault| self.config.faulty(*fault)) {
            registry.former.insert(sid.to_owned(), transport);
        }
    }

    /// The timer of one session.
    async fn keep_time(self: Arc<Self>, link: Arc<Link>) {
        loop {
            tokio::select! {
                () = link.deadline() => self.step(&link, Input::Timeout),
                () = link.ended.cancelled() => return,
            }
        }
    }

    /// The timer of the hub.
    async fn keep_hub_time(self: Arc<Self>) {
        loop {
            let deadline = {
                let mut core = self.core.lock();
                core.armed = core.hub.deadline();
                core.armed
            };
            let sleep = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep => {
                    let now = Instant::now();
                    let mut core = self.core.lock();
                    core.hub.handle_timeout(now);
                    let mut unsettled = Vec::new();
                    self.carry_out(&mut core, &mut unsettled, now);
                    for link in unsettled {
                        self.settle(&mut core, link, now);
                    }
                }
                () = self.hub_rearm.notified() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }
}
