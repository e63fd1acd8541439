//! The steps of a plan.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Goes, Goings, Play};
use crate::{
    explore::{
        Act, Answers, Audience, Id, Operators, Shape, Step,
        board::{Place, Standing},
        members::{command, with},
    },
    history::{Address, Call, Emission, Record, reached},
    stage::event,
};

/// The acknowledgement id of what nobody listens for.
const UNHEARD_ID: u64 = 6_000_000;
/// The time for acknowledgements that all come, and for those of which some do not.
const ENOUGH_MS: u64 = 1500;
const SHORT_MS: u64 = 200;

impl Play {
    pub(super) async fn step(&mut self, step: &Step) -> Goings {
        let place = (step.client, self.names.namespace(step.namespace));
        match &step.act {
            Act::Open(over) => return self.open(step.client, *over).await,
            Act::Upgrade => {
                self.upgrades(step.client);
                return if step.flows { Ok(()) } else { self.settle().await };
            }
            Act::Enter => return self.enter(&place).await,
            Act::Return(over) => return self.come_back(step.client, *over).await,
            _ if !self.is_in(&place) => return Ok(()),
            _ => {}
        }
        if !step.flows && !step.act.can_flow() {
            self.settle().await?;
        }
        let before = self.under_way.len();
        self.acts(&place, &step.act).await?;
        if !step.flows && self.under_way.len() > before {
            self.settle().await?;
        }
        Ok(())
    }

    async fn acts(&mut self, place: &Place, act: &Act) -> Goings {
        match act {
            Act::Open(_) | Act::Upgrade | Act::Enter | Act::Return(_) => {}
            Act::Exit => return self.exit(place).await,
            Act::Drop => return self.lose(place.0).await,
            Act::Join(rooms) => self.moves(place, self.names.rooms(rooms), true),
            Act::Leave(rooms) => self.moves(place, self.names.rooms(rooms), false),
            Act::LeaveOwn => {
                let own = {
                    let mut state = self.board.lock();
                    let member = state.members.get(place).cloned();
                    state.roomless.extend(member.as_ref().map(|member| member.socket));
                    member.and_then(|member| member.sid)
                };
                self.moves(place, own.into_iter().collect(), false);
            }
            Act::Emit { to, shape, with, answers: None } => self.emits(place, to, shape, *with),
            Act::Emit { to, shape, answers: Some(answers), .. } => {
                return self.questions(place, to, shape, *answers).await;
            }
            Act::Echo(shape) => return self.echoes(place, shape).await,
            Act::Ask(shape, id) => self.asks(place, shape.as_ref(), *id),
            // Nobody can answer it, though it asks.
            Act::Unheard => {
                let unheard = event(&self.stage.own("unheard"), [json!(1)]).with_id(UNHEARD_ID);
                self.says(place.0, unheard.on(&place.1));
            }
            Act::Lookup(audience) => {
                if let Some(address) = self.address(place, audience) {
                    let command = command("sockets", &address);
                    self.begins(place, Call::Lookup(address), command);
                }
            }
            Act::Session => self.begins(place, Call::Session, json!({ "op": "session" })),
            Act::Keep(shape) => {
                self.uid += 1;
                let data = json!({ "kept": plain(shape, self.uid) });
                let command = json!({ "op": "set-data", "data": data });
                self.begins(place, Call::Keep(data), command);
            }
            Act::MoveOthers(audience, rooms, join) => self.moves_others(place, audience, rooms, *join),
            Act::RemoveOthers(audience, close) => return self.removes(place, audience, *close).await,
            Act::Disconnect(close) => return self.is_removed(place, *close).await,
        }
        Ok(())
    }

    /// Sends a command whose answer is waited for later.
    fn begins(&mut self, place: &Place, what: Call, command: Value) {
        if let Some((call, id)) = self.board.calls(place, what, None) {
            self.says(place.0, event("do", [command]).with_id(id).on(&place.1));
            self.under_way.push((place.0, call));
        }
    }

    fn address(&self, place: &Place, audience: &Audience) -> Option<Address> {
        self.names.address(audience, &place.1, &self.board.lock())
    }

    fn moves(&mut self, place: &Place, rooms: Vec<String>, join: bool) {
        let command = json!({ "op": if join { "join" } else { "leave" }, "rooms": rooms });
        self.begins(place, Call::Move { whom: None, rooms, join }, command);
    }

    fn moves_others(&mut self, place: &Place, audience: &Audience, rooms: &[u8], join: bool) {
        let Some(address) = self.address(place, audience) else { return };
        let rooms = self.names.rooms(rooms);
        let mut command = command(if join { "sockets-join" } else { "sockets-leave" }, &address);
        command["rooms"] = json!(rooms);
        self.begins(place, Call::Move { whom: Some(address), rooms, join }, command);
    }

    fn emission(&mut self, place: &Place, address: Address, shape: &Shape) -> Emission {
        self.uid += 1;
        let (uid, namespace) = (self.uid, place.1.clone());
        Emission { uid, namespace, address, volatile: false, asks: None, args: shape.values(uid) }
    }

    fn emits(&mut self, place: &Place, to: &Audience, shape: &Shape, operators: Operators) {
        let Some(address) = self.address(place, to) else { return };
        let mut command = command("emit", &address);
        // With the reference, this operator alone makes a broadcast of an event for the socket itself.
        let operators = Operators { local: operators.local && !address.is_itself(), ..operators };
        let mut emission = self.emission(place, address, shape);
        emission.volatile = operators.volatile;
        if let Some(elsewhere) = to.elsewhere {
            let namespace = self.names.namespace(elsewhere);
            // It must not be brought into being by asking.
            if !self.board.lock().members.keys().any(|(_, known)| *known == namespace) {
                return;
            }
            command["namespace"] = json!(namespace);
            emission.namespace = namespace;
        }
        with(&mut command, operators);
        self.fill(&mut command, &emission);
        self.begins(place, Call::Emit(emission), command);
    }

    /// Names the event and its arguments.
    fn fill(&self, command: &mut Value, emission: &Emission) {
        command["event"] = json!(self.board.event);
        let args = [json!(emission.uid)].into_iter().chain(emission.args.iter().cloned());
        command["args"] = args.collect();
    }

    /// Emits an event that asks for acknowledgements, and waits for them.
    async fn questions(&mut self, place: &Place, to: &Audience, shape: &Shape, answers: Answers) -> Goings {
        let Some(address) = self.address(place, to) else { return Ok(()) };
        // In a namespace that others use too, they would be asked as well.
        if self.is_shared(place) && address.to.is_empty() && !address.is_itself() {
            return Ok(());
        }
        let mut command = command("emit", &address);
        let mut emission = self.emission(place, address, shape);
        let within = self.patience.millis(if answers == Answers::All { ENOUGH_MS } else { SHORT_MS });
        emission.asks = Some(Duration::from_millis(within));
        command["ack"] = json!(true);
        command["timeout"] = json!(within);
        self.fill(&mut command, &emission);
        self.board.is_answered_by(emission.uid, answers);
        self.commands(place, Call::Emit(emission), command, Duration::from_millis(within)).await?;
        let late = self.board.late_answers();
        let clients: Vec<usize> = late.iter().map(|(client, _)| *client).collect();
        for (client, packet) in late {
            self.says(client, packet);
        }
        if !clients.is_empty() {
            self.fences(|place| clients.contains(&place.0)).await?;
        }
        Ok(())
    }

    fn is_shared(&self, place: &Place) -> bool {
        !self.ways.dynamic || place.1 != self.names.namespace(0)
    }

    async fn echoes(&mut self, place: &Place, shape: &Shape) -> Goings {
        let emission = self.emission(place, Address::default(), shape);
        let args: Vec<Value> =
            [json!(emission.uid)].into_iter().chain(emission.args.iter().cloned()).collect();
        let _sent = self.board.calls(place, Call::Echo(emission), None);
        self.says(place.0, event("message", args).on(&place.1));
        // Nothing announces the answer, but for a fence.
        if self.ways.bursts { Ok(()) } else { self.fences(|other| other == place).await }
    }

    fn asks(&mut self, place: &Place, shape: Option<&Shape>, id: Id) {
        const HUGE: u64 = 5_000_000_000;
        self.uid += 1;
        let uid = self.uid;
        let values =
            shape.map_or_else(Vec::new, |shape| [json!(uid)].into_iter().chain(shape.values(uid)).collect());
        let (last, call) = self.asked.get(place).copied().unzip();
        let answered = call.flatten().is_some_and(|call| self.board.lock().answered.contains(&call));
        let next = last.map_or(0, |last| last % HUGE + 1);
        let id = match id {
            Id::None => None,
            Id::Again if answered => last,
            Id::Huge => Some(HUGE + next),
            Id::Next | Id::Again => Some(next),
        };
        let packet = event("message-with-ack", values.iter().cloned()).on(&place.1);
        let Some(id) = id else {
            let _sent = self.board.calls(place, Call::Ask { values, asks: false }, Some(0));
            return self.says(place.0, packet);
        };
        let called = self.board.calls(place, Call::Ask { values, asks: true }, Some(id));
        self.says(place.0, packet.with_id(id));
        self.asked.insert(place.clone(), (id, called.map(|(call, _)| call)));
        self.under_way.extend(called.map(|(call, _)| (place.0, call)));
    }

    /// Disconnects others, and waits until they have been told.
    async fn removes(&mut self, place: &Place, audience: &Audience, close: bool) -> Goings {
        let Some((address, by)) = self.address(place, audience).zip(self.socket(place)) else {
            return Ok(());
        };
        self.fences(|_| true).await?;
        let (sure, maybe) = reached(&self.board.lock().history, by, &address);
        if !maybe.is_empty() {
            return Ok(());
        }
        let mut command = command("disconnect-sockets", &address);
        command["close"] = json!(close);
        self.commands(place, Call::Remove { whom: Some(address), close }, command, Duration::ZERO).await?;
        self.are_gone(&sure, close).await
    }

    async fn is_removed(&mut self, place: &Place, close: bool) -> Goings {
        self.fences(|other| other.0 == place.0).await?;
        let Some(socket) = self.socket(place) else { return Ok(()) };
        let command = json!({ "op": "disconnect", "close": close });
        self.commands(place, Call::Remove { whom: None, close }, command, Duration::ZERO).await?;
        self.are_gone(&[socket], close).await
    }

    async fn are_gone(&mut self, sockets: &[usize], close: bool) -> Goings {
        let numbers: Vec<(Place, Option<usize>)> = {
            let state = self.board.lock();
            let of_them = state.members.iter().filter(|(_, member)| sockets.contains(&member.socket));
            let number = |client| self.connections.get(&client).map(|connection| connection.number);
            of_them.map(|(place, _)| (place.clone(), number(place.0))).collect()
        };
        let deadline = Instant::now() + self.patience.answer();
        let gone = self.board.until(deadline, |state| {
            numbers.iter().all(|(place, number)| {
                let out = state.members.get(place).is_some_and(|member| member.standing == Standing::Out);
                out && (!close || number.is_none_or(|number| state.closed.contains(&number)))
            })
        });
        if gone.await {
            return Ok(());
        }
        // The checker says that they are still there.
        self.board.note(Record::Waited);
        Err(Goes::Wrong)
    }
}

/// What can be kept with a socket: no attachments.
fn plain(shape: &Shape, uid: u64) -> Vec<Value> {
    let pieces = shape.0.iter().copied().filter(|piece| !piece.is_binary() && !piece.is_large());
    Shape(pieces.collect()).values(uid)
}
