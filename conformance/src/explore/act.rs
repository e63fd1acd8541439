//! Acts a plan out before a server.

mod connections;
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    Plan, Ways,
    board::{Board, Place, Shared, Standing, fence},
    members::Names,
    peer::Connection,
};
use crate::{
    history::{Anomaly, Call, CallId, Emission, Finding, History, Record, Traits, check},
    scenario::Transport,
    stage::{Patience, Sio, Site, Stage},
    tape::Recording,
    transcript::{Entry, EntryId},
    verdict::{Check, Stop},
};

/// What came of acting a plan out.
#[derive(Debug)]
pub struct Played {
    /// What was seen.
    pub history: History,
    /// What is wrong with it, in the order in which it shows.
    pub findings: Vec<Finding>,
    /// What crossed the wire.
    pub transcript: Vec<Entry>,
    /// Where in it the first finding shows.
    pub guilty: Option<EntryId>,
    /// The same as steps that can be played again.
    pub tape: Option<Recording>,
    /// Why it says nothing about the server, if that is so.
    pub spoilt: Option<Stop>,
}

/// A plan that is acted out.
struct Play {
    stage: Stage,
    site: Arc<Site>,
    ways: Ways,
    names: Names,
    board: Shared,
    patience: Patience,
    connections: BTreeMap<usize, Connection>,
    tasks: JoinSet<()>,
    opened: usize,
    sockets: usize,
    uid: u64,
    /// The last acknowledgement id of each question, and its call.
    asked: BTreeMap<Place, (u64, Option<CallId>)>,
    under_way: Vec<(usize, CallId)>,
    /// When clients lost their connections.
    lost: BTreeMap<usize, Instant>,
    over: BTreeMap<usize, Transport>,
    /// Connections that have been told to move to a WebSocket.
    moved: BTreeSet<usize>,
}

/// The namespace that lets in who has the token.
const GUARDED: &str = "/auth";

/// How long what is missing is waited for, though a fence says that nothing more comes: an answer may overtake an event
/// that its server hands to somebody else.
const GRACE: Duration = Duration::from_millis(700);

/// Acts a plan out; `tag` is unlike that of any other play at the time.
pub async fn act_out(site: &Arc<Site>, plan: &Plan, ways: Ways, timeout_scale: f64, tag: &str) -> Played {
    let mut ways = ways;
    ways.watch &= plan.has_leavers();
    let patience = Patience::new(timeout_scale);
    let stage = Stage::new(Arc::clone(site), Transport::Websocket, patience, tag);
    let shared = ["/", "/custom", GUARDED].into_iter().filter(|name| ways.middleware || *name != GUARDED);
    let own = ways.dynamic.then(|| stage.own_namespace());
    let namespaces = own.into_iter().chain(shared.map(str::to_owned)).collect();
    let names = Names { rooms: stage.own(""), namespaces };
    let traits = Traits { own_rooms: ways.own_id, recovers: site.recovers(), greets: true };
    let board = Arc::new(Board::new(stage.own("e"), traits, ways.binary));
    let mut play = Play {
        stage,
        site: Arc::clone(site),
        ways,
        names,
        board,
        patience,
        connections: BTreeMap::new(),
        tasks: JoinSet::new(),
        opened: 0,
        sockets: 0,
        uid: 0,
        asked: BTreeMap::new(),
        under_way: Vec::new(),
        lost: BTreeMap::new(),
        over: BTreeMap::new(),
        moved: BTreeSet::new(),
    };
    let spoilt = play.act(plan).await.err();
    let spoilt = match spoilt {
        Some(Goes::Spoilt(stop)) => Some(stop),
        // What is wrong is in the history.
        Some(Goes::Wrong) | None => None,
    };
    let findings = if spoilt.is_none() { play.verdict().await } else { Vec::new() };
    play.tasks.shutdown().await;
    let state = play.board.lock();
    let guilty = findings.first().and_then(|finding| finding.witness.last());
    let guilty = guilty.and_then(|&at| state.notes.get(at).copied().flatten());
    let transcript = play.stage.transcript();
    Played {
        history: state.history.clone(),
        findings,
        transcript: transcript.entries(),
        guilty,
        tape: transcript.tape.taken(),
        spoilt,
    }
}

/// Why a play ends before its end.
enum Goes {
    /// It says nothing about the server.
    Spoilt(Stop),
    /// What is wrong has been written down.
    Wrong,
}

type Goings<T = ()> = Result<T, Goes>;

impl From<Stop> for Goes {
    fn from(stop: Stop) -> Self {
        Goes::Spoilt(stop)
    }
}

/// The way that a call takes, so that people can leave it out.
const fn with(call: &Call) -> &'static str {
    match call {
        Call::Remove { close: true, .. } => "what --without close leaves out",
        Call::Remove { whom: None, .. } => "what --without disconnect leaves out",
        Call::Move { whom: Some(_), .. } | Call::Remove { .. } | Call::Lookup(_) => {
            "what --without sockets leaves out"
        }
        Call::Emit(Emission { asks: Some(_), .. }) => "what --without acks or broadcast-acks leaves out",
        Call::Keep(_) => "what --without data leaves out",
        Call::Watch => "what --without watch leaves out",
        Call::Drop => "what --without drop leaves out",
        _ => "a command",
    }
}

impl Play {
    async fn act(&mut self, plan: &Plan) -> Goings {
        for step in &plan.steps {
            self.step(step).await?;
        }
        self.settle().await?;
        self.fences(|_| true).await
    }

    /// What is wrong. What is missing may still be on its way.
    async fn verdict(&mut self) -> Vec<Finding> {
        let until = Instant::now() + self.patience.rescaled(GRACE);
        loop {
            let (findings, seen) = {
                let state = self.board.lock();
                (check(&state.history), state.history.entries.len())
            };
            let missing =
                findings.iter().all(|it| matches!(it.anomaly, Anomaly::Lost | Anomaly::RecoveryGap));
            if findings.is_empty() || !missing {
                return findings;
            }
            let more = self.board.until(until, |state| state.history.entries.len() > seen).await;
            if !more {
                return findings;
            }
        }
    }

    fn soon(&self) -> Instant {
        Instant::now() + self.patience.answer()
    }

    fn is_in(&self, place: &Place) -> bool {
        self.board.lock().members.get(place).is_some_and(|member| member.standing == Standing::In)
    }

    fn says(&self, client: usize, packet: Sio) {
        if let Some(connection) = self.connections.get(&client) {
            connection.says(packet);
        }
    }

    /// Waits for the answer to a call. One that does not come ends the play, unless the connection is gone too.
    async fn answered(&mut self, client: usize, call: CallId, more: Duration) -> Goings {
        let connection = self.connections.get(&client).map(|connection| connection.number);
        let closed = |closed: &BTreeSet<usize>| connection.is_none_or(|number| closed.contains(&number));
        let deadline = self.soon() + more;
        let done =
            self.board.until(deadline, |state| state.answered.contains(&call) || closed(&state.closed)).await;
        let error = self.board.lock().errors.get(&call).cloned();
        if let Some(error) = error {
            let not_offered = error == "not offered";
            let what = self.board.lock().history.call(call).map_or("a command", with);
            let why = || Stop::Unsupported(format!("{what} is not offered"));
            return Err(if not_offered { Goes::Spoilt(why()) } else { Goes::Wrong });
        }
        if !done {
            self.board.note(Record::Unanswered { call });
            return Err(Goes::Wrong);
        }
        Ok(())
    }

    /// Waits for everything that is under way.
    async fn settle(&mut self) -> Goings {
        for (client, call) in std::mem::take(&mut self.under_way) {
            self.answered(client, call, Duration::ZERO).await?;
        }
        self.have_moved().await
    }

    /// Makes sure that everything sent to some sockets so far has arrived.
    async fn fences(&mut self, whose: impl Fn(&Place) -> bool) -> Goings {
        let places: Vec<Place> = {
            let state = self.board.lock();
            let members = state.members.iter();
            members
                .filter(|(place, member)| member.standing == Standing::In && whose(place))
                .map(|(place, _)| place.clone())
                .collect()
        };
        let mut set = Vec::new();
        for place in places {
            if let Some((call, id)) = self.board.calls(&place, Call::Fence, None) {
                self.says(place.0, fence(id).on(&place.1));
                set.push((place.0, call));
            }
        }
        for (client, call) in set {
            self.answered(client, call, Duration::ZERO).await?;
        }
        Ok(())
    }

    async fn session(&mut self, client: usize, over: Transport) -> Check {
        let name = crate::stage::name_of(client);
        let before = self.over.insert(client, over).is_some();
        self.opened += 1;
        self.stage.calls_next(&if before { format!("{name}.{}", self.opened) } else { name });
        let wire = self.stage.session_over(over).await?;
        let board = Arc::clone(&self.board);
        board.lock().dropping.remove(&client);
        let (connection, task) = Connection::run(self.opened, client, wire, board);
        self.connections.insert(client, connection);
        self.tasks.spawn(task);
        Ok(())
    }
}
