//! Where the clients of a play write down what they see, and look up what they know.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use serde_json::{Value, json};
use tokio::{sync::Notify, time::timeout_at};

use super::Answers;
use crate::{
    history::{Call, CallId, History, Record, SocketId, Traits},
    stage::{Kind, Sio, ack, bytes, event},
    transcript::EntryId,
    verdict::{Check, Stop},
};

/// See [`self`].
#[derive(Debug)]
pub(super) struct Board {
    began: Instant,
    state: Mutex<State>,
    changed: Notify,
    /// The name of the play's own events.
    pub(super) event: String,
    /// Whether some acknowledgements of ours are binary.
    binary: bool,
}

/// A client and a namespace.
pub(super) type Place = (usize, String);

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) history: History,
    /// The entry of the transcript for each entry of the history that is something received.
    pub(super) notes: Vec<Option<EntryId>>,
    pub(super) members: BTreeMap<Place, Member>,
    pub(super) answered: BTreeSet<CallId>,
    /// The commands that an error answered, by number.
    pub(super) errors: BTreeMap<CallId, String>,
    waiting: BTreeMap<(usize, String, u64), CallId>,
    policies: BTreeMap<u64, Answers>,
    late: Vec<(usize, Sio)>,
    /// How often clients were told of the departure of a socket, by its id.
    pub(super) left: BTreeMap<(Place, String), usize>,
    /// The last one heard, and when.
    pub(super) offsets: BTreeMap<Place, (String, Instant)>,
    pub(super) closed: BTreeSet<usize>,
    /// Sockets that the application has greeted.
    pub(super) greeted: BTreeSet<SocketId>,
    /// Sockets that have left the room of their id: servers may send to a socket by that.
    pub(super) roomless: BTreeSet<SocketId>,
    /// Connections that are on their way to a WebSocket, and those that cannot get there.
    pub(super) moving: BTreeMap<usize, Option<Stop>>,
    /// Clients whose connections are lost on purpose.
    pub(super) dropping: BTreeSet<usize>,
    /// Something is wrong for sure: there is no point in waiting for more.
    pub(super) alarm: bool,
    calls: usize,
    next_id: u64,
}

/// What a client is in a namespace.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) socket: SocketId,
    /// The one before on the same connection: what is still under way may be for it.
    pub(super) previous: Option<SocketId>,
    pub(super) sid: Option<String>,
    pub(super) pid: Option<String>,
    pub(super) standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Asking,
    /// For the socket it had.
    Returning,
    In,
    /// Its connection is lost, and it may come back.
    Away,
    /// Asked for its socket, and got another.
    Another,
    Out,
}

/// Ids of commands and fences begin here, apart from those that faults of a server may look at.
const FIRST_ID: u64 = 7_000_000;

impl Board {
    pub(super) fn new(event: String, traits: Traits, binary: bool) -> Self {
        let history = History { traits, ..History::default() };
        let state = State { history, next_id: FIRST_ID, ..State::default() };
        Self { began: Instant::now(), state: Mutex::new(state), changed: Notify::new(), event, binary }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A panicking client leaves whole entries behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes something down.
    pub(super) fn note(&self, record: Record) {
        self.lock().push(self.began, record, None);
        self.changed.notify_waiters();
    }

    /// Waits until something is so; false if it is not in time, or something is wrong already.
    pub(super) async fn until(&self, deadline: Instant, so: impl Fn(&State) -> bool) -> bool {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let state = self.lock();
                if so(&state) {
                    return true;
                }
                if state.alarm {
                    return false;
                }
            }
            if timeout_at(deadline.into(), changed).await.is_err() {
                return so(&self.lock());
            }
        }
    }

    /// Writes a call down, and gives its number and the id it has to be sent with.
    pub(super) fn calls(&self, place: &Place, what: Call, id: Option<u64>) -> Option<(CallId, u64)> {
        self.lock().calls(self.began, place, what, id)
    }

    /// Says how an emission is to be acknowledged.
    pub(super) fn is_answered_by(&self, uid: u64, answers: Answers) {
        self.lock().policies.insert(uid, answers);
    }

    /// The acknowledgements that were held back, with the clients that send them.
    pub(super) fn late_answers(&self) -> Vec<(usize, Sio)> {
        std::mem::take(&mut self.lock().late)
    }

    /// Takes in a packet; gives what the client sends in return.
    pub(super) fn hears(&self, client: usize, packet: &Sio, at: EntryId) -> Vec<Sio> {
        let mut state = self.lock();
        let place = (client, packet.namespace.clone());
        let replies = match packet.kind {
            Kind::Connect => {
                state.is_let_in(self.began, &place, &packet.data, at);
                Vec::new()
            }
            Kind::Disconnect => {
                state.is_gone(self.began, &place, Some(at));
                Vec::new()
            }
            Kind::Ack => {
                state.is_answered(self.began, &place, packet, at);
                Vec::new()
            }
            Kind::Event => self.event(&mut state, &place, packet, at),
            Kind::ConnectError => {
                let what = format!("the refusal {}", packet.data);
                state.push(self.began, Record::Garbled { client, what }, Some(at));
                state.alarm = true;
                Vec::new()
            }
        };
        drop(state);
        self.changed.notify_waiters();
        replies
    }

    fn event(&self, state: &mut State, place: &Place, packet: &Sio, at: EntryId) -> Vec<Sio> {
        let mut args = packet.data.as_array().cloned().unwrap_or_default();
        let name = if args.is_empty() { Value::Null } else { args.remove(0) };
        match name.as_str() {
            Some("auth") => {
                // Who asked for its session and got another one is told apart already.
                let member = state.members.get(place).filter(|member| member.standing != Standing::Another);
                if let Some(socket) = member.map(|member| member.socket) {
                    state.greeted.insert(socket);
                    state.push(self.began, Record::Greeted { socket, args }, Some(at));
                }
                Vec::new()
            }
            Some("arrived") => {
                if let (Some(socket), Some(sid)) = (state.hearer(place), args.first().and_then(Value::as_str))
                {
                    // It may be a client of ours that has not heard of its id yet.
                    let sid = sid.to_owned();
                    state.push(self.began, Record::Told { socket, sid }, Some(at));
                }
                Vec::new()
            }
            Some("left") => {
                if let Some(sid) = args.first().and_then(Value::as_str) {
                    *state.left.entry((place.clone(), sid.to_owned())).or_default() += 1;
                }
                Vec::new()
            }
            name => {
                let ours = name == Some(&*self.event) || name == Some("message-back");
                let uid = args.first().and_then(Value::as_u64).filter(|_| ours);
                if uid.is_some() {
                    args.remove(0);
                }
                let socket = state.hearer(place);
                let (client, namespace) = place.clone();
                let offset = packet.offset.is_some();
                let record = Record::Hears { client, namespace, socket, uid, args, offset };
                state.push(self.began, record, Some(at));
                let asked = packet.id.zip(uid).zip(socket);
                asked.map_or_else(Vec::new, |((id, uid), socket)| self.answer(state, place, socket, uid, id))
            }
        }
    }

    /// The acknowledgement of an event, and a fence behind it that shows when it has come to the server.
    fn answer(&self, state: &mut State, place: &Place, socket: SocketId, uid: u64, id: u64) -> Vec<Sio> {
        let mut value = json!({ "who": place.0, "of": uid });
        if self.binary && uid % 2 == 1 {
            value["raw"] = bytes(&[1, 2]);
        }
        let packet = ack(id, [value.clone()]).on(&place.1);
        let bit = |mask: u8| place.0 < 8 && mask & (1 << place.0) != 0;
        match state.policies.get(&uid) {
            Some(Answers::But(mask)) if bit(*mask) => Vec::new(),
            Some(Answers::Late(mask)) if bit(*mask) => {
                state.late.push((place.0, packet));
                Vec::new()
            }
            _ => {
                state.push(self.began, Record::Replies { socket, uid, value }, None);
                let fence = state.calls(self.began, place, Call::Fence, None);
                [packet].into_iter().chain(fence.map(|(_, id)| self::fence(id).on(&place.1))).collect()
            }
        }
    }

    /// A connection has moved to a WebSocket, or cannot.
    pub(super) fn has_moved(&self, connection: usize, moved: Check) {
        let mut state = self.lock();
        match moved {
            Ok(()) => drop(state.moving.remove(&connection)),
            Err(stop) => drop(state.moving.insert(connection, Some(stop))),
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// The connection of a client is closed.
    pub(super) fn is_closed(
        &self,
        client: usize,
        connection: usize,
        wrong: Option<(String, Option<EntryId>)>,
    ) {
        let mut state = self.lock();
        if let Some((what, at)) = wrong {
            state.push(self.began, Record::Garbled { client, what }, at);
            state.alarm = true;
        }
        state.closed.insert(connection);
        // When a connection is lost on purpose, others tell when the server has noticed.
        if !state.dropping.contains(&client) {
            let places: Vec<Place> =
                state.members.keys().filter(|place| place.0 == client).cloned().collect();
            for place in places {
                state.is_gone(self.began, &place, None);
            }
            state.push(self.began, Record::Closed { client }, None);
        }
        drop(state);
        self.changed.notify_waiters();
    }
}

/// What is acknowledged after everything that was sent before.
pub(super) fn fence(id: u64) -> Sio {
    event("message-with-ack", [json!("fence")]).with_id(id)
}

impl State {
    pub(super) fn push(&mut self, began: Instant, record: Record, at: Option<EntryId>) {
        self.history.push(began.elapsed(), record);
        self.notes.push(at);
    }

    fn calls(&mut self, began: Instant, place: &Place, what: Call, id: Option<u64>) -> Option<(CallId, u64)> {
        let by = self.members.get(place)?.socket;
        let call = self.calls;
        self.calls += 1;
        let id = id.unwrap_or_else(|| {
            self.next_id += 1;
            self.next_id - 1
        });
        let asks = !matches!(what, Call::Echo(_) | Call::Ask { asks: false, .. });
        if asks {
            self.waiting.insert((place.0, place.1.clone(), id), call);
        }
        self.push(began, Record::Calls { call, by, what }, None);
        Some((call, id))
    }

    fn is_let_in(&mut self, began: Instant, place: &Place, answer: &Value, at: EntryId) {
        let sid = answer["sid"].as_str().unwrap_or_default().to_owned();
        let Some(member) = self.members.get_mut(place) else { return };
        let socket = member.socket;
        let pid = answer["pid"].as_str().map(str::to_owned);
        member.pid.clone_from(&pid);
        let record = match member.standing {
            Standing::Returning if member.sid.as_deref() == Some(&*sid) => Record::Recovered { socket, pid },
            Standing::Returning => {
                member.standing = Standing::Another;
                return;
            }
            _ => Record::Connected { socket, sid: sid.clone(), pid },
        };
        member.standing = Standing::In;
        member.sid = Some(sid);
        self.push(began, record, Some(at));
    }

    /// A socket is gone, and nobody expects it back.
    pub(super) fn is_gone(&mut self, began: Instant, place: &Place, at: Option<EntryId>) {
        let Some(member) = self.members.get_mut(place) else { return };
        if matches!(member.standing, Standing::Out | Standing::Away) {
            return;
        }
        member.standing = Standing::Out;
        let socket = member.socket;
        self.push(began, Record::Gone { socket }, at);
    }

    fn is_answered(&mut self, began: Instant, place: &Place, packet: &Sio, at: EntryId) {
        let values = packet.data.as_array().cloned().unwrap_or_default();
        let id = packet.id.unwrap_or_default();
        let (client, namespace) = place.clone();
        let Some(&call) = self.waiting.get(&(client, namespace.clone(), id)) else {
            self.push(began, Record::Stray { client, namespace, id, values }, Some(at));
            self.alarm = true;
            return;
        };
        if let Some(error) = values.first().and_then(|answer| answer.get("error")).and_then(Value::as_str) {
            self.errors.insert(call, error.to_owned());
        }
        self.alarm |= !self.answered.insert(call);
        self.push(began, Record::Answered { call, values }, Some(at));
    }

    /// Which socket of a client hears what arrives in a namespace now.
    fn hearer(&self, place: &Place) -> Option<SocketId> {
        let member = self.members.get(place)?;
        match (member.standing, member.previous) {
            (Standing::Asking, Some(previous)) => Some(previous),
            _ => Some(member.socket),
        }
    }
}

impl Board {
    /// The time from which entries are counted.
    pub(super) fn began(&self) -> Instant {
        self.began
    }
}

/// Shared by the clients of a play.
pub(super) type Shared = Arc<Board>;
