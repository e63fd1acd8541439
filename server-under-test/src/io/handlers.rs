//! Carries what happens in the hub to the handlers of an application.

use std::{
    any::{Any, TypeId},
    collections::HashSet,
    fmt,
    future::{self, Future},
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use siospec_codec::socket::Args;
use tokio::sync::oneshot;

use super::{
    App, Namespace, Socket,
    app::Pattern,
    extract::{Asker, Call, Cause, Message, name_of},
    inbox::Inbox,
    operator::{Answer, Answers},
};
use crate::{
    adapter::Found,
    app::{Admission, Applicant, Application, Event, Refusal},
    engine::signals::Reason,
    hub::{AskingNode, Hub},
    net::Driver,
    socket::{
        acks::Collected,
        namespace::{AckPurpose, FindPurpose, NamespaceId, SessionId, SocketKey, SocketRef},
        value::Value,
    },
};

/// An application that runs.
pub(crate) struct Handlers {
    this: Weak<Self>,
    app: App,
    /// Set once, right after the driver was made.
    driver: OnceLock<Weak<Driver>>,
    /// Who joined and did not leave.
    sockets: Mutex<FxHashMap<SocketKey, (Socket, Inbox)>>,
    /// What other nodes sent, for each namespace that handles it.
    from_nodes: Mutex<FxHashMap<NamespaceId, Inbox>>,
    /// Clients on whom a middleware has not decided yet.
    applicants: Mutex<HashSet<(SessionId, String)>>,
    /// Handlers that wait for acknowledgements.
    asking: Mutex<FxHashMap<u64, oneshot::Sender<Answers>>>,
    /// Handlers that wait to be told which sockets there are.
    finding: Mutex<FxHashMap<u64, oneshot::Sender<Lookup>>>,
    asked: AtomicU64,
}

/// The sockets that were looked for, or how many nodes did not answer in time.
type Lookup = Result<Vec<Found>, usize>;

impl Handlers {
    pub(crate) fn new(app: App) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            app,
            driver: OnceLock::new(),
            sockets: Mutex::default(),
            from_nodes: Mutex::default(),
            applicants: Mutex::default(),
            asking: Mutex::default(),
            finding: Mutex::default(),
            asked: AtomicU64::new(0),
        })
    }

    /// The driver whose hub runs this application.
    pub(crate) fn attach(&self, driver: &Arc<Driver>) {
        self.driver.set(Arc::downgrade(driver)).expect("an application runs once");
    }

    /// Does something with the hub, unless the server is gone.
    pub(super) fn act<T: Default>(&self, act: impl FnOnce(&mut Hub) -> T) -> T {
        self.driver().map(|driver| driver.act(act)).unwrap_or_default()
    }

    pub(super) fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let state: Arc<dyn Any + Send + Sync> = self.app.state.get(&TypeId::of::<T>())?.clone();
        state.downcast().ok()
    }

    /// The answers to a question that is asked under this number.
    pub(super) fn expect_answers(&self) -> (AckPurpose, oneshot::Receiver<Answers>) {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.asking.lock().insert(number, sender);
        (AckPurpose::Handler(number), receiver)
    }

    /// The sockets that are looked for under this number.
    pub(super) fn expect_found(&self) -> (FindPurpose, oneshot::Receiver<Lookup>) {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.finding.lock().insert(number, sender);
        (FindPurpose::Handler(number), receiver)
    }

    /// There is nothing to find.
    pub(super) fn stop_finding(&self, purpose: FindPurpose) {
        if let FindPurpose::Handler(number) = purpose {
            self.finding.lock().remove(&number);
        }
    }

    /// Nobody can answer this question.
    pub(super) fn give_up(&self, purpose: AckPurpose) {
        if let AckPurpose::Handler(number) = purpose {
            self.asking.lock().remove(&number);
        }
    }

    /// Ends when the server stops.
    fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let stop = self.driver().map(|driver| driver.stop.clone());
        async move {
            if let Some(stop) = stop {
                stop.cancelled().await;
            }
        }
    }

    /// What is sent, unless nobody sends it any more: the server stops, and keeps no time.
    pub(super) async fn unless_stopped<T>(&self, sent: oneshot::Receiver<T>) -> Option<T> {
        tokio::select! {
            biased;
            sent = sent => sent.ok(),
            () = self.stopped() => None,
        }
    }

    fn driver(&self) -> Option<Arc<Driver>> {
        self.driver.get().and_then(Weak::upgrade)
    }

    /// The handlers of a namespace; none for a main namespace that the application does not mention.
    fn routes(&self, name: &str) -> Option<&Arc<Namespace>> {
        let named =
            |namespace: &&Arc<Namespace>| matches!(&namespace.pattern, Pattern::Name(it) if it == name);
        let fits =
            |namespace: &&Arc<Namespace>| matches!(&namespace.pattern, Pattern::Matching(fits) if fits(name));
        self.app.namespaces.iter().find(named).or_else(|| self.app.namespaces.iter().find(fits))
    }

    /// Runs a task for as long as it takes, or until the server is stopped by force.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Some(driver) = self.driver() else { return };
        let kill = driver.kill.clone();
        driver.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = kill.cancelled() => {}
            }
        });
    }

    /// The same application; this fails only while it goes.
    fn this(&self) -> Option<Arc<Self>> {
        self.this.upgrade()
    }
}

impl Application for Handlers {
    fn namespaces(&self) -> Vec<&str> {
        let mut names = vec!["/"];
        for namespace in &self.app.namespaces {
            match &namespace.pattern {
                Pattern::Name(name) if !names.contains(&name.as_str()) => names.push(name),
                _ => {}
            }
        }
        names
    }

    fn is_dynamic(&self, name: &str) -> bool {
        self.routes(name).is_some()
    }

    fn admit(&self, applicant: &Applicant<'_>) -> Admission {
        let Some(routes) = self.routes(applicant.namespace).filter(|routes| !routes.admit.is_empty()) else {
            return Admission::Granted;
        };
        let (Some(app), routes) = (self.this(), routes.clone()) else { return Admission::Pending };
        let (session, name) = (applicant.session, applicant.namespace.to_owned());
        if !self.applicants.lock().insert((session, name.clone())) {
            return Admission::Pending;
        }
        let auth = applicant.auth.map(ToOwned::to_owned);
        let message = Message {
            app: app.clone(),
            namespace: name.as_str().into(),
            socket: None,
            query: Arc::new(applicant.query.clone()),
            auth: auth.as_deref().map(Into::into),
            cause: Cause::Applies,
        };
        self.spawn(async move {
            let message = Arc::new(message);
            let mut verdict = Ok(());
            for middleware in &routes.admit {
                verdict = middleware(message.clone()).await;
                if verdict.is_err() {
                    break;
                }
            }
            app.applicants.lock().remove(&(session, name.clone()));
            app.act(|hub| match (verdict, hub.find_namespace(&name)) {
                (Ok(()), Some(namespace)) => hub.admitted(session, namespace, auth),
                (Ok(()), None) => {}
                (Err(refused), _) => {
                    hub.refused(session, &name, &Refusal { message: refused.message, data: refused.data });
                }
            });
        });
        Admission::Pending
    }

    fn on_connection(&self, hub: &mut Hub, at: SocketRef) {
        let name = hub.namespace(at.namespace).name.clone();
        let (Some(app), Some(routes), Some(it)) = (self.this(), self.routes(&name), hub.socket(at)) else {
            return;
        };
        let query = hub.handshake(at).map(|(_, query)| query.clone()).unwrap_or_default();
        let socket = Socket::new(app, at, name, &it.id, Some(&it.auth), query);
        let (inbox, run) = Inbox::new(routes.clone(), future::pending());
        self.spawn(run);
        inbox.put(socket.message(Cause::Joined));
        self.sockets.lock().insert(at.key, (socket, inbox));
    }

    fn on_disconnecting(&self, hub: &mut Hub, socket: SocketRef, reason: Reason) {
        let rooms = hub.namespace(socket.namespace).rooms.of(socket.key);
        let rooms = rooms.into_iter().map(ToOwned::to_owned).collect();
        if let Some((socket, inbox)) = self.sockets.lock().remove(&socket.key) {
            inbox.put(socket.message(Cause::Left { reason, rooms }));
        }
    }

    fn on_event(&self, hub: &mut Hub, at: SocketRef, event: Event<'_>) {
        let full = {
            let sockets = self.sockets.lock();
            let Some((socket, inbox)) = sockets.get(&at.key) else { return };
            let full = inbox.unfinished_bytes() > hub.config().max_outbox_bytes;
            inbox.put(socket.message(Cause::Event(Call {
                args: event.args.as_str().to_owned(),
                attachments: event.attachments.to_vec(),
                asker: event.ack.map(|id| Asker::Client(at, id)),
            })));
            full
        };
        if full {
            tracing::warn!("a socket sends faster than its handlers finish: it is closed");
            hub.close_of(at);
        }
    }

    fn on_server_side(&self, hub: &mut Hub, namespace: NamespaceId, args: Value, asker: Option<AskingNode>) {
        let name = hub.namespace(namespace).name.clone();
        let (args, attachments) = args.into_parts();
        let (Some(app), Some(routes), Ok(event)) = (self.this(), self.routes(&name), Args::new(&args)) else {
            return;
        };
        if !routes.server_side.contains_key(&name_of(event)) {
            return;
        }
        let mut inboxes = self.from_nodes.lock();
        let inbox = inboxes.entry(namespace).or_insert_with(|| {
            let (inbox, run) = Inbox::new(routes.clone(), self.stopped());
            self.spawn(run);
            inbox
        });
        if inbox.unfinished_bytes() > hub.config().max_outbox_bytes {
            tracing::warn!("other nodes send faster than the handlers here finish: an event is lost");
            return;
        }
        inbox.put(Message {
            app,
            namespace: name,
            socket: None,
            query: Arc::default(),
            auth: None,
            cause: Cause::ServerSide(Call { args, attachments, asker: asker.map(Asker::Node) }),
        });
    }

    fn on_answers(&self, _: &mut Hub, collected: Collected<AckPurpose>, timed_out: bool) {
        let Collected { responses, purpose: AckPurpose::Handler(number) } = collected else { return };
        if let Some(handler) = self.asking.lock().remove(&number) {
            let responses = responses.into_iter().map(Answer).collect();
            // The handler may have stopped waiting.
            let _ = handler.send(Answers { responses, timed_out });
        }
    }

    fn on_found(&self, _: &mut Hub, purpose: FindPurpose, found: Result<Vec<Found>, usize>) {
        let FindPurpose::Handler(number) = purpose else { return };
        if let Some(handler) = self.finding.lock().remove(&number) {
            // The handler may have stopped waiting.
            let _ = handler.send(found);
        }
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").field("app", &self.app).finish_non_exhaustive()
    }
}
