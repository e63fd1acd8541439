//! What a history says, put in order.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Address, Call, CallId, Emission, History, Record, SocketId,
    life::{Break, Effect, Life, Window},
    record::Traits,
    sure::Sure,
};

/// See [`self`].
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) history: &'a History,
    pub(super) traits: Traits,
    pub(super) lives: BTreeMap<SocketId, Life>,
    pub(super) calls: BTreeMap<CallId, Called<'a>>,
    /// Emissions by their numbers.
    pub(super) emissions: BTreeMap<u64, Sent<'a>>,
    /// When the connections of clients were closed.
    pub(super) closed: Vec<(usize, usize)>,
    pub(super) replies: Vec<Reply<'a>>,
    /// Sockets that a call has certainly removed, and whether with their connections.
    pub(super) removed: Vec<(SocketId, CallId, bool)>,
}

/// A call and its answers.
#[derive(Debug)]
pub(super) struct Called<'a> {
    pub(super) by: SocketId,
    pub(super) what: &'a Call,
    pub(super) from: usize,
    pub(super) answers: Vec<(usize, &'a [Value])>,
    pub(super) unanswered: Option<usize>,
}

/// An emission on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) by: SocketId,
    pub(super) emission: &'a Emission,
    pub(super) when: Window,
    /// The answer of `message`, which no acknowledgement announces.
    pub(super) is_echo: bool,
}

/// An acknowledgement by a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply<'a> {
    pub(super) at: usize,
    pub(super) socket: SocketId,
    pub(super) uid: u64,
    pub(super) value: &'a Value,
}

impl Called<'_> {
    pub(super) fn window(&self) -> Window {
        Window { from: self.from, to: self.answers.first().map_or(usize::MAX, |(at, _)| *at) }
    }
}

impl Sent<'_> {
    /// Whether it is kept for those who lost their connection.
    pub(super) fn lasts(&self) -> bool {
        !self.emission.volatile && self.emission.asks.is_none()
    }
}

impl<'a> Facts<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let mut facts = Self {
            history,
            traits: history.traits,
            lives: BTreeMap::new(),
            calls: BTreeMap::new(),
            emissions: BTreeMap::new(),
            closed: Vec::new(),
            replies: Vec::new(),
            removed: Vec::new(),
        };
        for (at, entry) in history.entries.iter().enumerate() {
            facts.take(at, &entry.record);
        }
        facts.note_fences();
        facts.note_emissions();
        facts.note_own_effects();
        facts.note_effects_on_others();
        facts
    }

    fn take(&mut self, at: usize, record: &'a Record) {
        match record {
            Record::Connects { socket, client, namespace, auth, prompt } => {
                let life = Life {
                    client: *client,
                    namespace: namespace.clone(),
                    auth: auth.clone(),
                    prompt: *prompt,
                    connects: at,
                    connected: None,
                    sid: None,
                    pids: Vec::new(),
                    greetings: Vec::new(),
                    ends: Vec::new(),
                    breaks: Vec::new(),
                    gone: None,
                    refused: None,
                    effects: Vec::new(),
                    fences: Vec::new(),
                };
                self.lives.insert(*socket, life);
            }
            Record::Calls { call, by, what } => {
                let called = Called { by: *by, what, from: at, answers: Vec::new(), unanswered: None };
                self.calls.insert(*call, called);
            }
            Record::Answered { call, values } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.answers.push((at, values));
                }
            }
            Record::Unanswered { call } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.unanswered = Some(at);
                }
            }
            Record::Closed { client } => self.closed.push((at, *client)),
            Record::Replies { socket, uid, value } => {
                self.replies.push(Reply { at, socket: *socket, uid: *uid, value });
            }
            Record::Hears { .. }
            | Record::Stray { .. }
            | Record::Garbled { .. }
            | Record::Told { .. }
            | Record::Waited => {}
            Record::Connected { socket, .. }
            | Record::Greeted { socket, .. }
            | Record::Leaves { socket }
            | Record::Fades { socket }
            | Record::Gone { socket }
            | Record::Returns { socket }
            | Record::Recovered { socket, .. }
            | Record::Refused { socket } => {
                if let Some(life) = self.lives.get_mut(socket) {
                    live(life, at, record);
                }
            }
        }
    }

    fn note_fences(&mut self) {
        for call in self.calls.values().filter(|call| matches!(call.what, Call::Fence)) {
            if let (Some(life), false) = (self.lives.get_mut(&call.by), call.answers.is_empty()) {
                life.fences.push(call.window());
            }
        }
        for life in self.lives.values_mut() {
            life.fences.sort_by_key(|fence| fence.from);
        }
    }

    fn note_emissions(&mut self) {
        for call in self.calls.values() {
            let (emission, is_echo) = match call.what {
                Call::Emit(emission) => (emission, false),
                Call::Echo(emission) => (emission, true),
                _ => continue,
            };
            let mut when = call.window();
            if is_echo {
                let fence = self.lives.get(&call.by).and_then(|life| life.fence_after(call.from));
                when.to = fence.map_or(usize::MAX, |fence| fence.to);
            }
            self.emissions.insert(emission.uid, Sent { by: call.by, emission, when, is_echo });
        }
    }

    fn note_own_effects(&mut self) {
        for (number, call) in &self.calls {
            let when = call.window();
            match call.what {
                Call::Move { whom: None, rooms, join } => {
                    if let Some(life) = self.lives.get_mut(&call.by) {
                        let (rooms, join) = (rooms.clone(), *join);
                        life.effects.push(Effect { when, rooms, join, certain: true });
                    }
                }
                Call::Remove { whom: None, close } => {
                    if self.lives.get(&call.by).is_some_and(|life| life.is_there(when, false).is_yes()) {
                        self.removed.push((call.by, *number, *close));
                    }
                    end(&mut self.lives, call.by, call.from, *close);
                }
                _ => {}
            }
        }
    }

    /// Those that concern sockets by their rooms: one after the other, and anything is possible where two run side by
    /// side.
    fn note_effects_on_others(&mut self) {
        let others = self.calls.iter().filter_map(|(number, call)| match call.what {
            Call::Move { whom: Some(whom), .. } | Call::Remove { whom: Some(whom), .. } => {
                Some((*number, call.by, call.window(), whom, call.what))
            }
            _ => None,
        });
        let mut others: Vec<_> = others.collect();
        others.sort_by_key(|(_, _, when, ..)| when.from);
        let windows: Vec<Window> = others.iter().map(|(_, _, when, ..)| *when).collect();
        for (number, (call, by, when, whom, what)) in others.into_iter().enumerate() {
            let beside = |(other, window): (usize, &Window)| other != number && window.overlaps(when);
            let alone = !windows.iter().enumerate().any(beside);
            let Some(namespace) = self.lives.get(&by).map(|life| life.namespace.clone()) else { continue };
            let sockets: Vec<SocketId> = self.lives.keys().copied().collect();
            let reached = sockets.into_iter().map(|socket| {
                let sure = self.reaches(socket, by, whom, &namespace, when, false);
                (socket, if alone { sure } else { Sure::Maybe })
            });
            for (socket, sure) in reached.filter(|(_, sure)| !sure.is_no()).collect::<Vec<_>>() {
                match what {
                    Call::Move { rooms, join, .. } => {
                        let effect =
                            Effect { when, rooms: rooms.clone(), join: *join, certain: sure.is_yes() };
                        self.lives.entry(socket).and_modify(|life| life.effects.push(effect));
                    }
                    Call::Remove { close, .. } => {
                        if sure.is_yes() {
                            self.removed.push((socket, call, *close));
                        }
                        end(&mut self.lives, socket, when.from, *close);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether something is for a socket.
    pub(super) fn reaches(
        &self,
        socket: SocketId,
        by: SocketId,
        address: &Address,
        namespace: &str,
        when: Window,
        lasting: bool,
    ) -> Sure {
        let Some(life) = self.lives.get(&socket) else { return Sure::No };
        if life.namespace != namespace {
            return Sure::No;
        }
        life.is_there(when, lasting)
            .and(self.is_addressed(socket, by, address, when))
            .and(!self.is_left_out(socket, by, address, when))
    }

    /// Whether something would be for a socket by its rooms at some time, were it there.
    pub(super) fn would_reach(
        &self,
        socket: SocketId,
        by: SocketId,
        address: &Address,
        when: Window,
    ) -> Sure {
        self.is_addressed(socket, by, address, when).and(!self.is_left_out(socket, by, address, when))
    }

    fn is_addressed(&self, socket: SocketId, by: SocketId, address: &Address, when: Window) -> Sure {
        if address.is_itself() {
            // Servers may send to a socket by the room that is named after it, as the reference does with recovery.
            let own = self.lives.get(&by).and_then(|life| life.sid.as_deref());
            return match own {
                Some(sid) if socket == by && self.traits.own_rooms && !self.is_in(by, sid, when).is_yes() => {
                    Sure::Maybe
                }
                _ => Sure::of(socket == by),
            };
        }
        if address.to.is_empty() {
            return Sure::Yes;
        }
        address.to.iter().map(|room| self.is_in(socket, room, when)).fold(Sure::No, Sure::or)
    }

    fn is_left_out(&self, socket: SocketId, by: SocketId, address: &Address, when: Window) -> Sure {
        let excepted =
            address.except.iter().map(|room| self.is_in(socket, room, when)).fold(Sure::No, Sure::or);
        excepted.or(self.is_without_itself(socket, by, address, when))
    }

    /// Whether a socket is left out as the sender. The reference leaves out whoever is in the sender's own room, which
    /// the sender may have left.
    fn is_without_itself(&self, socket: SocketId, by: SocketId, address: &Address, when: Window) -> Sure {
        if address.by_server || address.is_itself() || socket != by {
            return Sure::No;
        }
        let sid = self.lives.get(&socket).and_then(|life| life.sid.as_deref());
        match sid {
            Some(sid) if self.traits.own_rooms && !self.is_in(socket, sid, when).is_yes() => Sure::Maybe,
            _ => Sure::Yes,
        }
    }

    /// Whether a socket would be reached if senders heard themselves.
    pub(super) fn is_own(&self, socket: SocketId, sent: &Sent<'_>) -> bool {
        let address = &sent.emission.address;
        !self.is_without_itself(socket, sent.by, address, sent.when).is_no()
            && !self.is_addressed(socket, sent.by, address, sent.when).is_no()
    }

    /// Whether a socket is in a room.
    pub(super) fn is_in(&self, socket: SocketId, room: &str, when: Window) -> Sure {
        let Some(life) = self.lives.get(&socket) else { return Sure::No };
        let own = life.sid.as_deref() == Some(room) && self.traits.own_rooms;
        life.is_in(room, when, own)
    }

    /// Whether an emission is for a socket.
    pub(super) fn is_for(&self, socket: SocketId, sent: &Sent<'_>) -> Sure {
        let Emission { address, namespace, .. } = sent.emission;
        self.reaches(socket, sent.by, address, namespace, sent.when, sent.lasts() && self.traits.recovers)
    }

    pub(super) fn client_of(&self, socket: SocketId) -> usize {
        self.lives.get(&socket).map_or(0, |life| life.client)
    }

    /// A socket for people: its client and its namespace.
    pub(super) fn name(&self, socket: SocketId) -> String {
        match self.lives.get(&socket) {
            Some(life) => format!("{} in {}", client_name(life.client), life.namespace),
            None => "nobody".to_owned(),
        }
    }
}

/// A client for people.
pub(super) fn client_name(client: usize) -> String {
    crate::stage::name_of(client)
}

fn live(life: &mut Life, at: usize, record: &Record) {
    match record {
        Record::Connected { sid, pid, .. } => {
            life.connected.get_or_insert(at);
            life.sid = Some(sid.clone());
            life.pids.push((at, pid.clone()));
        }
        Record::Greeted { .. } => life.greetings.push(at),
        Record::Leaves { .. } => life.ends.push(at),
        Record::Fades { .. } => {
            life.breaks.push(Break { fades: at, gone: None, returns: None, recovered: None });
        }
        Record::Gone { .. } => {
            life.gone.get_or_insert(at);
            if let Some(broken) = life.breaks.last_mut() {
                broken.gone.get_or_insert(at);
            }
        }
        Record::Returns { .. } => {
            if let Some(broken) = life.breaks.last_mut() {
                broken.returns = Some(at);
            }
        }
        Record::Recovered { pid, .. } => {
            life.pids.push((at, pid.clone()));
            if let Some(broken) = life.breaks.last_mut() {
                broken.recovered = Some(at);
            }
            life.gone = None;
        }
        Record::Refused { .. } => life.refused = Some(at),
        _ => {}
    }
}

/// A socket may be no more from here on, and with its connection every other socket on it.
fn end(lives: &mut BTreeMap<SocketId, Life>, socket: SocketId, at: usize, close: bool) {
    let Some(client) = lives.get(&socket).map(|life| life.client) else { return };
    for (other, life) in lives {
        if *other == socket || (close && life.client == client && life.connects < at) {
            life.ends.push(at);
        }
    }
}
