//! What the fuzzer does to a server: the steps of a transcript of which none is judged.

use std::collections::BTreeSet;

use crate::siot::{Act, Data, Field, Item, Script, Step};

/// The attackers. Their names are also the variables that hold the id of the session each opened last.
pub(super) const ATTACKERS: [&str; 4] = ["alice", "bob", "carol", "dave"];
/// Most rounds of one case.
pub(super) const MAX_ROUNDS: u32 = 5_000;

/// A case: steps of one to four attackers, played once or several times over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What they do.
    pub steps: Vec<Step>,
    /// How often all of it is done.
    pub rounds: u32,
}

impl Case {
    /// Steps that are played once.
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps, rounds: 1 }
    }

    /// The steps of a transcript.
    pub fn of(script: &Script) -> Self {
        let rounds = script.field(Field::Rounds).and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
        Self { steps: script.steps.clone(), rounds: u32::clamp(rounds, 1, MAX_ROUNDS) }
    }

    /// The transcript of these steps, without fields that say more than what is done.
    pub fn script(&self) -> Script {
        let mut script = Script { fields: Vec::new(), steps: self.steps.clone() };
        if self.rounds > 1 {
            script.set(Field::Rounds, &self.rounds.to_string());
        }
        script
    }

    /// Whoever takes part, in the order of the attackers' names.
    pub(super) fn actors(&self) -> BTreeSet<&str> {
        self.steps.iter().filter_map(Step::actor).collect()
    }

    /// What kinds of steps it is made of, for signatures: two cases that end a server in the same way do so by the
    /// same kinds of steps.
    pub(super) fn shape(&self) -> String {
        let mut verbs: Vec<&'static str> = Vec::new();
        for step in &self.steps {
            match step {
                Step::Act(_, act) => verbs.push(verb(act)),
                step if is_long(step) => verbs.push("pause"),
                _ => {}
            }
        }
        verbs.dedup();
        verbs.join(" ")
    }

    /// Whether it lets a server's own time-outs pass, after which the server may be in another state.
    pub(super) fn pauses(&self) -> bool {
        self.steps.iter().any(is_long)
    }

    /// The same, where whoever listens for long waits all of that time, whatever is heard.
    pub(super) fn waiting(&self) -> Self {
        let mut case = self.clone();
        for step in case.steps.iter_mut().filter(|step| is_long(step)) {
            if let Step::See(see) = step {
                *step = Step::Wait(see.within_ms.unwrap_or_default());
            }
        }
        case
    }

    /// About how many bytes it sends, all repetitions counted.
    pub(super) fn weight(&self) -> usize {
        let once: usize = self
            .steps
            .iter()
            .map(|step| match step {
                Step::Act(_, act) => weight(act),
                Step::Wait(_) | Step::See(_) => 0,
            })
            .sum();
        once.saturating_mul(self.rounds as usize)
    }
}

fn is_long(step: &Step) -> bool {
    match step {
        Step::Wait(ms) => *ms >= 1000,
        Step::See(see) => see.within_ms.unwrap_or_default() >= 1000,
        Step::Act(..) => false,
    }
}

/// The word that an act begins with in a transcript.
pub(super) fn verb(act: &Act) -> &'static str {
    match act {
        Act::Open(_) => "open",
        Act::Handshake => "handshake",
        Act::Request { .. } => "request",
        Act::Websocket(_) => "websocket",
        Act::Send(_) => "send",
        Act::Head { .. } | Act::Bytes(_) | Act::Connect | Act::Begin { .. } => "bytes",
        Act::Frame { .. } | Act::PingFrame(_) | Act::CloseFrame => "frame",
        Act::Drop | Act::HangUp => "drop",
        Act::Reset => "reset",
        Act::Finish => "finish",
        Act::Pause => "pause",
        Act::Poll | Act::Hold(_) => "poll",
        Act::Times(_, act) => verb(act),
        Act::Carry(_) | Act::Upgrade | Act::Mute | Act::Settle | Act::Resume | Act::Cork | Act::Uncork => {
            "other"
        }
    }
}

fn weight(act: &Act) -> usize {
    /// A request of an ordinary size.
    const REQUEST: usize = 150;
    let data = |data: &Data| match data {
        Data::Text(text) => text.len(),
        Data::Bytes(bytes) => bytes.len(),
    };
    match act {
        Act::Send(items) => items
            .iter()
            .map(|item| match item {
                Item::Text(text) => text.len() + 6,
                Item::Binary(bytes) => bytes.len() + 6,
            })
            .sum(),
        Act::Request { headers, body, .. } => REQUEST + body.as_ref().map_or(0, data) + lines(headers),
        Act::Head { headers, .. } => REQUEST + lines(headers),
        Act::Bytes(bytes) => data(bytes),
        Act::Frame { payload, .. } => payload.len() + 6,
        Act::PingFrame(payload) => payload.len() + 6,
        Act::Times(times, act) => weight(act).saturating_mul(*times as usize),
        Act::Open(_) | Act::Handshake | Act::Websocket(_) | Act::Poll => REQUEST,
        _ => 0,
    }
}

fn lines(headers: &[(String, String)]) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum()
}
