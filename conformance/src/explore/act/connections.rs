//! How clients come and go.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{GUARDED, Goes, Goings, Play};
use crate::{
    explore::{
        board::{Member, Place, Standing, State},
        run::because,
    },
    history::{Call, Record, SocketId},
    scenario::Transport,
    stage::{connect, disconnect, event},
    verdict::Stop,
};

/// How long a lost session can come back, at least, where that is not known: that of the reference.
const USUAL_WINDOW: Duration = Duration::from_secs(120);

impl Play {
    pub(super) async fn open(&mut self, client: usize, over: Transport) -> Goings {
        let away = self.board.lock().dropping.contains(&client);
        if away || self.is_connected(client) {
            return Ok(());
        }
        Ok(self.session(client, over).await?)
    }

    /// Begins to move a connection that polls to a WebSocket.
    pub(super) fn upgrades(&mut self, client: usize) {
        let polls = self.over.get(&client) == Some(&Transport::Polling) && self.is_connected(client);
        let Some(connection) = self.connections.get(&client).filter(|_| polls) else { return };
        if self.moved.insert(connection.number) {
            self.board.lock().moving.insert(connection.number, None);
            connection.upgrades();
        }
    }

    /// Waits until connections that are on their way to a WebSocket are there, or closed.
    pub(super) async fn have_moved(&self) -> Goings {
        let still = |state: &State| {
            state.moving.iter().find(|(number, _)| !state.closed.contains(number)).map(|(_, why)| why.clone())
        };
        let mut done = self.board.until(self.soon(), |state| !matches!(still(state), Some(None))).await;
        if done {
            // One that failed since the connection was closed is known to be closed a moment later.
            done = self.board.until(self.soon(), |state| still(state).is_none()).await;
        }
        let (left, alarm) = {
            let state = self.board.lock();
            (still(&state), state.alarm)
        };
        match left {
            None => Ok(()),
            Some(_) if !done && alarm => Err(Goes::Wrong),
            // That upgrades are taken is a rule of its own.
            Some(Some(stop)) => {
                Err(Stop::Inconclusive(format!("an upgrade failed: {}", because(&stop))).into())
            }
            Some(None) => Err(Stop::Inconclusive("an upgrade did not end".to_owned()).into()),
        }
    }

    fn is_connected(&self, client: usize) -> bool {
        let connection = self.connections.get(&client);
        connection.is_some_and(|connection| !self.board.lock().closed.contains(&connection.number))
    }

    /// Joins a namespace.
    pub(super) async fn enter(&mut self, place: &Place) -> Goings {
        if !self.is_connected(place.0) || self.is_in(place) {
            return Ok(());
        }
        let socket: SocketId = self.sockets;
        self.sockets += 1;
        let auth = match place.1.as_str() {
            GUARDED => json!({ "number": socket, "token": "open sesame" }),
            _ => self.site.auth.clone().unwrap_or_else(|| json!({ "number": socket })),
        };
        let prompt = self.over.get(&place.0) != Some(&Transport::Polling);
        {
            let mut state = self.board.lock();
            let (client, namespace) = place.clone();
            let record = Record::Connects { socket, client, namespace, auth: auth.clone(), prompt };
            state.push(self.board.began(), record, None);
            let previous = state.members.get(place).map(|member| member.socket);
            let member = Member { socket, previous, sid: None, pid: None, standing: Standing::Asking };
            state.members.insert(place.clone(), member);
        }
        self.says(place.0, connect(auth).on(&place.1));
        self.is_let_in(place).await?;
        if !self.ways.haste {
            let greeted = |state: &State| state.greeted.contains(&socket) || is_out(state, place);
            // Who is never greeted is a finding of the checker.
            let _seen = self.board.until(self.soon(), greeted).await;
        }
        self.watches(place).await
    }

    async fn is_let_in(&mut self, place: &Place) -> Goings {
        let settled = |standing| !matches!(standing, Standing::Asking | Standing::Returning);
        let deadline = self.soon();
        let done = self
            .board
            .until(deadline, |state| state.members.get(place).is_some_and(|it| settled(it.standing)));
        if done.await {
            return Ok(());
        }
        if self.board.lock().alarm {
            return Err(Goes::Wrong);
        }
        let what = format!("nothing for {:.1} s after CONNECT", self.patience.answer().as_secs_f64());
        self.board.note(Record::Garbled { client: place.0, what });
        Err(Goes::Wrong)
    }

    /// Has itself told who comes and goes.
    async fn watches(&mut self, place: &Place) -> Goings {
        if !self.ways.watch || !self.is_in(place) {
            return Ok(());
        }
        self.commands(place, Call::Watch, json!({ "op": "watch" }), Duration::ZERO).await
    }

    /// Asks for something and waits for the answer.
    pub(super) async fn commands(
        &mut self,
        place: &Place,
        what: Call,
        command: Value,
        more: Duration,
    ) -> Goings {
        let Some((call, id)) = self.board.calls(place, what, None) else { return Ok(()) };
        self.says(place.0, event("do", [command]).with_id(id).on(&place.1));
        self.answered(place.0, call, more).await
    }

    /// Leaves a namespace; somebody else tells when that has happened.
    pub(super) async fn exit(&mut self, place: &Place) -> Goings {
        let Some(departure) = self.departure(place) else { return Ok(()) };
        self.settle().await?;
        self.fences(|other| other == place).await?;
        let Some(socket) = self.socket(place) else { return Ok(()) };
        self.board.note(Record::Leaves { socket });
        self.says(place.0, disconnect().on(&place.1));
        self.has_left(&departure).await?;
        self.board.lock().is_gone(self.board.began(), place, None);
        Ok(())
    }

    /// Loses a connection; somebody else tells when that has been noticed.
    pub(super) async fn lose(&mut self, client: usize) -> Goings {
        let places: Vec<Place> = self.places(client);
        let departures: Vec<Departure> = places.iter().filter_map(|place| self.departure(place)).collect();
        let (Some(first), false) = (places.first().cloned(), departures.is_empty()) else { return Ok(()) };
        self.settle().await?;
        self.fences(|place| place.0 == client).await?;
        {
            let mut state = self.board.lock();
            state.dropping.insert(client);
            for place in &places {
                if let Some(socket) = state.members.get(place).map(|member| member.socket) {
                    state.push(self.board.began(), Record::Fades { socket }, None);
                }
            }
        }
        self.lost.insert(client, Instant::now());
        // The answer may be lost with the connection.
        if let Some((_, id)) = self.board.calls(&first, Call::Drop, None) {
            self.says(client, event("do", [json!({ "op": "drop" })]).with_id(id).on(&first.1));
        }
        let number = self.connections.get(&client).map(|connection| connection.number);
        let deadline = self.soon();
        let closed =
            self.board.until(deadline, |state| number.is_some_and(|number| state.closed.contains(&number)));
        if !closed.await {
            return Err(Stop::Inconclusive("the connection was not dropped as asked for".to_owned()).into());
        }
        for departure in departures {
            self.has_left(&departure).await?;
        }
        let mut state = self.board.lock();
        for place in &places {
            if let Some(member) = state.members.get_mut(place) {
                let (socket, recovers) = (member.socket, self.ways.recovery);
                member.standing = if recovers { Standing::Away } else { Standing::Out };
                state.push(self.board.began(), Record::Gone { socket }, None);
            }
        }
        if !self.ways.recovery {
            state.dropping.remove(&client);
        }
        drop(state);
        self.connections.remove(&client);
        Ok(())
    }

    async fn has_left(&mut self, departure: &Departure) -> Goings {
        let deadline = self.soon();
        if self.board.until(deadline, |state| departure.count(state) > departure.before).await {
            return Ok(());
        }
        Err(if self.board.lock().alarm {
            Goes::Wrong
        } else {
            Stop::Inconclusive("nobody was told that a client had left".to_owned()).into()
        })
    }

    /// Comes back after a loss, in every namespace it was in.
    pub(super) async fn come_back(&mut self, client: usize, over: Transport) -> Goings {
        if !self.ways.recovery {
            return self.open(client, over).await;
        }
        if !self.board.lock().dropping.contains(&client) {
            return Ok(());
        }
        self.settle().await?;
        self.session(client, over).await?;
        let away: Vec<Place> = {
            let state = self.board.lock();
            let members = state.members.iter();
            members
                .filter(|(place, member)| place.0 == client && member.standing == Standing::Away)
                .map(|(place, _)| place.clone())
                .collect()
        };
        for place in away {
            self.asks_for_its_session(&place).await?;
        }
        Ok(())
    }

    async fn asks_for_its_session(&mut self, place: &Place) -> Goings {
        let (payload, idle) = {
            let mut state = self.board.lock();
            let offset = state.offsets.get(place).cloned();
            let Some(member) = state.members.get_mut(place) else { return Ok(()) };
            let (Some(pid), socket) = (member.pid.clone(), member.socket) else {
                return Err(Stop::Inconclusive("the server gave no private id".to_owned()).into());
            };
            member.standing = Standing::Returning;
            state.push(self.board.began(), Record::Returns { socket }, None);
            let mut payload = json!({ "pid": pid });
            let idle = offset.as_ref().map_or(Duration::ZERO, |(_, heard)| heard.elapsed());
            if let Some((offset, _)) = offset {
                payload["offset"] = json!(offset);
            }
            (payload, idle)
        };
        self.says(place.0, connect(payload).on(&place.1));
        self.is_let_in(place).await?;
        if !self.is_in(place) {
            let window =
                self.site.settings.and_then(|settings| settings.recovery_window).unwrap_or(USUAL_WINDOW);
            let away = self.lost.get(&place.0).map_or(Duration::ZERO, Instant::elapsed);
            // The reference forgets events that are older, and with them whoever heard nothing since.
            if away.max(idle) >= window {
                let why = "the session may have expired before it was asked for";
                return Err(Stop::Inconclusive(why.to_owned()).into());
            }
            if let Some(socket) = self.socket(place) {
                self.board.note(Record::Refused { socket });
            }
            return Err(Goes::Wrong);
        }
        self.watches(place).await
    }

    /// Where a client is.
    pub(super) fn places(&self, client: usize) -> Vec<Place> {
        let state = self.board.lock();
        let members = state.members.iter();
        members
            .filter(|(place, member)| place.0 == client && member.standing == Standing::In)
            .map(|(place, _)| place.clone())
            .collect()
    }

    pub(super) fn socket(&self, place: &Place) -> Option<SocketId> {
        self.board.lock().members.get(place).map(|member| member.socket)
    }

    /// Another client in the namespace that will be told when this one leaves.
    fn departure(&self, place: &Place) -> Option<Departure> {
        let state = self.board.lock();
        let is_in = |member: &Member| member.standing == Standing::In;
        let sid = state.members.get(place).filter(|member| self.ways.watch && is_in(member))?.sid.clone()?;
        let mut others = state.members.iter();
        let (watcher, _) = others.find(|(other, member)| {
            let hears = is_in(member) && !state.roomless.contains(&member.socket);
            other.0 != place.0 && other.1 == place.1 && hears
        })?;
        let departure = Departure { key: (watcher.clone(), sid), before: 0 };
        Some(Departure { before: departure.count(&state), ..departure })
    }
}

fn is_out(state: &State, place: &Place) -> bool {
    state.members.get(place).is_none_or(|member| member.standing == Standing::Out)
}

/// Who will be told of a departure, of whose, and how often that has happened before: who came back may leave again.
struct Departure {
    key: (Place, String),
    before: usize,
}

impl Departure {
    fn count(&self, state: &State) -> usize {
        state.left.get(&self.key).copied().unwrap_or_default()
    }
}
