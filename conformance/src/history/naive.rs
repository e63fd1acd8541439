//! A naive server that makes right histories, for tests: it does one thing after the other, at some moment between the
//! question and the answer, and what it sends waits in a queue for each client.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use fastrand::Rng;
use serde_json::{Value, json};

use super::{Address, Call, CallId, Emission, History, Record, SocketId, Traits};

/// What a client still has to receive.
enum Packet {
    Record(Record),
    Event { socket: SocketId, namespace: String, uid: u64, args: Vec<Value>, offset: bool, asks: bool },
}

#[derive(Default)]
struct Socket {
    client: usize,
    sid: String,
    rooms: BTreeSet<String>,
    data: Value,
    present: bool,
    /// Lost, and what it misses.
    missed: Option<Vec<(u64, Vec<Value>)>>,
    recovered: bool,
}

struct Pending {
    call: CallId,
    by: SocketId,
    what: Call,
}

/// See [`self`].
pub(super) struct Naive {
    rng: Rng,
    pub(super) history: History,
    sockets: BTreeMap<SocketId, Socket>,
    /// What each client has asked for, in order: one client's calls are handled in order.
    pending: BTreeMap<usize, VecDeque<Pending>>,
    queues: BTreeMap<usize, VecDeque<Packet>>,
    calls: usize,
    uid: u64,
    /// Answers to an emission that have come so far, and who owes one.
    asking: BTreeMap<u64, (CallId, usize, BTreeSet<SocketId>, Vec<Value>)>,
    at: u64,
}

const NAMESPACE: &str = "/";

/// A right history. One that is sequential waits for everything before it goes on.
pub(super) fn history(seed: u64, sequential: bool, recovers: bool) -> History {
    let mut naive = Naive::new(seed, recovers);
    for client in 0..3 {
        naive.connects(client);
    }
    for _ in 0..60 {
        naive.step();
        if sequential {
            naive.drain();
        }
    }
    naive.finish();
    naive.history
}

impl Naive {
    fn new(seed: u64, recovers: bool) -> Self {
        let traits = Traits { own_rooms: true, recovers, greets: true };
        Self {
            rng: Rng::with_seed(seed),
            history: History { traits, ..History::default() },
            sockets: BTreeMap::new(),
            pending: BTreeMap::new(),
            queues: BTreeMap::new(),
            calls: 0,
            uid: 0,
            asking: BTreeMap::new(),
            at: 0,
        }
    }

    fn note(&mut self, record: Record) {
        self.at += 1;
        self.history.push(Duration::from_millis(self.at), record);
    }

    fn send(&mut self, client: usize, packet: Packet) {
        self.queues.entry(client).or_default().push_back(packet);
    }

    fn socket_of(&self, client: usize) -> Option<SocketId> {
        self.sockets.iter().rev().find(|(_, it)| it.client == client && it.present).map(|(id, _)| *id)
    }

    fn connects(&mut self, client: usize) {
        let socket = self.sockets.len();
        let sid = format!("sid-{socket}");
        let auth = json!({ "number": socket });
        let namespace = NAMESPACE.to_owned();
        self.note(Record::Connects { socket, client, namespace, auth: auth.clone(), prompt: true });
        let rooms = [sid.clone()].into();
        let it =
            Socket { client, sid: sid.clone(), rooms, data: json!({}), present: true, ..Socket::default() };
        self.sockets.insert(socket, it);
        self.send(client, Packet::Record(Record::Connected { socket, sid, pid: None }));
        self.send(client, Packet::Record(Record::Greeted { socket, args: vec![auth] }));
        self.drain();
    }

    fn step(&mut self) {
        match self.rng.u8(0..10) {
            0..=4 => {
                let client = self.rng.usize(0..3);
                match self.socket_of(client) {
                    Some(by) => self.asks(client, by),
                    None => self.comes_back(client),
                }
            }
            5..=7 => {
                let client = self.rng.usize(0..3);
                self.handle(client);
            }
            _ => {
                let client = self.rng.usize(0..3);
                self.receive(client);
            }
        }
    }

    fn asks(&mut self, client: usize, by: SocketId) {
        let what = match self.rng.u8(0..12) {
            0 | 1 => Call::Move { whom: None, rooms: vec![self.room()], join: true },
            2 => Call::Move { whom: None, rooms: vec![self.room()], join: false },
            3 => {
                let values = vec![json!(self.calls), json!("asked")];
                Call::Ask { values, asks: true }
            }
            4 => Call::Session,
            5 => Call::Keep(json!({ "kept": self.calls })),
            6 => Call::Lookup(Address { by_server: true, ..Address::default() }),
            7 => Call::Move { whom: Some(self.others()), rooms: vec![self.room()], join: self.rng.bool() },
            8 if self.rng.u8(0..4) == 0 => return self.ends(client, by),
            _ => Call::Emit(self.emission()),
        };
        self.calls_for(client, by, what);
    }

    fn calls_for(&mut self, client: usize, by: SocketId, what: Call) {
        let call = self.calls;
        self.calls += 1;
        self.note(Record::Calls { call, by, what: what.clone() });
        self.pending.entry(client).or_default().push_back(Pending { call, by, what });
    }

    fn emission(&mut self) -> Emission {
        self.uid += 1;
        let uid = self.uid;
        let asks = (self.rng.u8(0..6) == 0).then_some(Duration::from_secs(3600));
        let address = match self.rng.u8(0..4) {
            0 => Address::default(),
            1 => Address { broadcast: true, ..Address::default() },
            2 => self.others(),
            _ => Address { to: vec![self.room()], except: vec![self.room()], ..Address::default() },
        };
        Emission {
            uid,
            namespace: NAMESPACE.to_owned(),
            address,
            volatile: false,
            asks,
            args: vec![json!(uid * 7)],
        }
    }

    fn others(&mut self) -> Address {
        let to = if self.rng.bool() { vec![self.room()] } else { Vec::new() };
        let except = if self.rng.u8(0..3) == 0 { vec![self.room()] } else { Vec::new() };
        Address { by_server: true, to, except, ..Address::default() }
    }

    fn room(&mut self) -> String {
        format!("r{}", self.rng.u8(0..2))
    }

    /// Everything is settled first: a socket may leave for good, or lose its connection.
    fn ends(&mut self, client: usize, by: SocketId) {
        self.drain();
        self.calls_for(client, by, Call::Fence);
        self.drain();
        if self.history.traits.recovers && self.rng.u8(0..3) > 0 {
            self.note(Record::Fades { socket: by });
            self.note(Record::Gone { socket: by });
            self.sockets.entry(by).and_modify(|it| (it.present, it.missed) = (false, Some(Vec::new())));
        } else {
            self.note(Record::Leaves { socket: by });
            self.note(Record::Gone { socket: by });
            self.sockets.entry(by).and_modify(|it| it.present = false);
            self.connects(client);
        }
    }

    fn comes_back(&mut self, client: usize) {
        let lost = self.sockets.iter_mut().find(|(_, it)| it.client == client && it.missed.is_some());
        let Some((&socket, it)) = lost else { return };
        let missed = it.missed.take().unwrap_or_default();
        (it.present, it.recovered) = (true, true);
        self.note(Record::Returns { socket });
        self.note(Record::Recovered { socket, pid: None });
        for (uid, args) in missed {
            let namespace = NAMESPACE.to_owned();
            self.send(client, Packet::Event { socket, namespace, uid, args, offset: true, asks: false });
        }
    }

    fn meant(&self, by: SocketId, address: &Address, lasting: bool) -> Vec<SocketId> {
        let meant = self.sockets.iter().filter(|(id, it)| {
            let there = it.present || (lasting && it.missed.is_some());
            let addressed = match address.is_itself() {
                true => **id == by,
                false => address.to.is_empty() || address.to.iter().any(|room| it.rooms.contains(room)),
            };
            let left_out = address.except.iter().any(|room| it.rooms.contains(room))
                || (!address.by_server && !address.is_itself() && **id == by);
            there && addressed && !left_out
        });
        meant.map(|(id, _)| *id).collect()
    }

    /// The server handles the next call of a client.
    fn handle(&mut self, client: usize) {
        let Some(Pending { call, by, what }) = self.pending.entry(client).or_default().pop_front() else {
            return;
        };
        let answer = match what {
            Call::Emit(emission) => match self.emits(call, client, by, &emission) {
                Some(answer) => answer,
                None => return,
            },
            Call::Ask { values, .. } => values,
            Call::Move { whom, rooms, join } => {
                let whom = whom.map_or(vec![by], |whom| self.meant(by, &whom, false));
                for socket in whom {
                    let Some(it) = self.sockets.get_mut(&socket) else { continue };
                    for room in &rooms {
                        if join {
                            it.rooms.insert(room.clone())
                        } else {
                            it.rooms.remove(room)
                        };
                    }
                }
                vec![json!({})]
            }
            Call::Lookup(address) => {
                let found = self.meant(by, &address, false);
                let list: Vec<Value> = found
                    .iter()
                    .filter_map(|id| self.sockets.get(id))
                    .map(|it| json!({ "id": it.sid, "rooms": it.rooms, "data": {} }))
                    .collect();
                vec![json!({ "sockets": list })]
            }
            Call::Session => {
                let it = &self.sockets[&by];
                vec![json!({ "id": it.sid, "rooms": it.rooms, "data": it.data, "recovered": it.recovered })]
            }
            Call::Keep(data) => {
                self.sockets.entry(by).and_modify(|it| it.data = data);
                vec![json!({})]
            }
            _ => vec![json!("fence")],
        };
        self.send(client, Packet::Record(Record::Answered { call, values: answer }));
    }

    fn emits(
        &mut self,
        call: CallId,
        client: usize,
        by: SocketId,
        emission: &Emission,
    ) -> Option<Vec<Value>> {
        let (uid, recovers) = (emission.uid, self.history.traits.recovers);
        let lasting = emission.asks.is_none() && recovers;
        let meant = self.meant(by, &emission.address, lasting);
        for &socket in &meant {
            let Some(it) = self.sockets.get_mut(&socket) else { continue };
            let args = emission.args.clone();
            if let Some(missed) = &mut it.missed {
                missed.push((uid, args));
                continue;
            }
            let (to, namespace, asks) = (it.client, NAMESPACE.to_owned(), emission.asks.is_some());
            self.send(to, Packet::Event { socket, namespace, uid, args, offset: lasting, asks });
        }
        if emission.asks.is_none() {
            return Some(vec![json!({})]);
        }
        if meant.is_empty() {
            return Some(vec![json!({ "responses": [], "timedOut": false })]);
        }
        self.asking.insert(uid, (call, client, meant.into_iter().collect(), Vec::new()));
        None
    }

    /// A client receives the next of what was sent to it.
    fn receive(&mut self, client: usize) {
        let Some(packet) = self.queues.entry(client).or_default().pop_front() else { return };
        match packet {
            Packet::Record(record) => self.note(record),
            Packet::Event { socket, namespace, uid, args, offset, asks } => {
                self.note(Record::Hears {
                    client,
                    namespace,
                    socket: Some(socket),
                    uid: Some(uid),
                    args,
                    offset,
                });
                if asks {
                    self.replies(client, socket, uid);
                }
            }
        }
    }

    fn replies(&mut self, client: usize, socket: SocketId, uid: u64) {
        let value = json!({ "who": socket, "of": uid });
        self.note(Record::Replies { socket, uid, value: value.clone() });
        self.calls_for(client, socket, Call::Fence);
        let Some((call, asker, owing, responses)) = self.asking.get_mut(&uid) else { return };
        owing.remove(&socket);
        responses.push(value);
        if owing.is_empty() {
            let answer = vec![json!({ "responses": responses, "timedOut": false })];
            let (call, asker) = (*call, *asker);
            self.send(asker, Packet::Record(Record::Answered { call, values: answer }));
        }
    }

    fn drain(&mut self) {
        loop {
            let busy = self.pending.values().any(|it| !it.is_empty())
                || self.queues.values().any(|it| !it.is_empty());
            if !busy {
                return;
            }
            for client in 0..3 {
                self.handle(client);
                self.receive(client);
            }
        }
    }

    fn finish(&mut self) {
        self.drain();
        for client in 0..3 {
            if self.socket_of(client).is_none() {
                self.comes_back(client);
            }
        }
        self.drain();
        for client in 0..3 {
            if let Some(by) = self.socket_of(client) {
                self.calls_for(client, by, Call::Fence);
            }
        }
        self.drain();
    }
}
