//! The acts of a case and what its actors saw, taken down so that they can be played again.
//!
//! Beside the transcript, which is for people, the tape holds what a scenario did with its actors: not the requests of a
//! client that polls by itself, but that it opened, sent and heard, in the order of the scenario.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    siot::{Act, Data, Item, Role, See, Sight, Status, Step},
    transcript::EntryId,
    verdict::Stop,
};

/// What was taken down, shared by the actors of a case.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    tag: Arc<str>,
    reel: Arc<Mutex<Reel>>,
}

/// Everything that was taken down of a case.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The prefix of the case's own rooms and events.
    pub tag: Arc<str>,
    /// The steps.
    pub taken: Vec<Taken>,
}

#[derive(Debug, Default)]
struct Reel {
    taken: Vec<Taken>,
    bytes: usize,
    is_cut: bool,
}

/// A step that was taken down. Its texts stand for themselves: there are no variables in them yet.
#[derive(Debug, Clone)]
pub struct Taken {
    /// When it ended, since the case began.
    pub at: Duration,
    /// The step.
    pub step: Step,
    /// Its entry in the transcript, where something was seen.
    pub entry: Option<EntryId>,
}

/// No more is taken down of a case than this.
const MAX_BYTES: usize = 1 << 20;
/// Nor more steps.
const MAX_STEPS: usize = 5000;

impl Tape {
    /// An empty tape of a case whose rooms and events begin with `tag`.
    pub(crate) fn of(tag: &str) -> Self {
        Self { tag: tag.into(), reel: Arc::default() }
    }

    /// Takes a step down.
    pub(crate) fn take(&self, at: Duration, step: Step, entry: Option<EntryId>) {
        let mut reel = self.reel.lock().unwrap_or_else(PoisonError::into_inner);
        reel.bytes += weight(&step);
        if reel.is_cut || reel.bytes > MAX_BYTES || reel.taken.len() >= MAX_STEPS {
            reel.is_cut = true;
            return;
        }
        reel.taken.push(Taken { at, step, entry });
    }

    /// What was taken down; nothing if it was too much.
    pub fn taken(&self) -> Option<Recording> {
        let reel = self.reel.lock().unwrap_or_else(PoisonError::into_inner);
        (!reel.is_cut).then(|| Recording { tag: Arc::clone(&self.tag), taken: in_order(reel.taken.clone()) })
    }

    /// What was seen since the given number of steps, and how many steps there are now.
    pub(crate) fn seen_since(&self, read: usize) -> (Vec<Sight>, usize) {
        let reel = self.reel.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = reel.taken.iter().skip(read).filter_map(|taken| match &taken.step {
            Step::See(see) => Some(see.sight.clone()),
            _ => None,
        });
        (seen.collect(), reel.taken.len())
    }
}

/// The same steps, those in one order that were waited for at the same time: what is read on connections beside the first
/// of an actor, one right after the other.
fn in_order(mut taken: Vec<Taken>) -> Vec<Taken> {
    let beside = |taken: &Taken| {
        let reads = matches!(taken.step, Step::See(_) | Step::Act(_, Act::Drop));
        reads && taken.step.actor().is_some_and(|actor| actor.contains('.'))
    };
    for run in taken.chunk_by_mut(|one, other| beside(one) && beside(other)) {
        run.sort_by(|one, other| one.step.actor().cmp(&other.step.actor()));
    }
    // Whether an acknowledgement still comes through a connection that is about to be closed is chance.
    let chance: Vec<bool> =
        (0..taken.len()).map(|at| is_last_word(taken.get(at..).unwrap_or_default())).collect();
    let mut chance = chance.into_iter();
    taken.retain(|_| !chance.next().unwrap_or_default());
    taken
}

/// Whether the first step is an acknowledgement, and the next thing that its actor sees before anybody acts is the end.
fn is_last_word(steps: &[Taken]) -> bool {
    let Some((Taken { step: Step::See(See { actor, sight: Sight::Text(text), .. }), .. }, after)) =
        steps.split_first()
    else {
        return false;
    };
    let mut seen = after.iter().map_while(|taken| match &taken.step {
        Step::See(see) => Some(see),
        _ => None,
    });
    text.starts_with("43")
        && seen.find(|see| see.actor == *actor).is_some_and(|see| matches!(see.sight, Sight::Closed(_)))
}

/// Something seen, on the way to the tape.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) sight: Sight,
    pub(crate) within: Option<Duration>,
    pub(crate) any: bool,
    pub(crate) entry: Option<EntryId>,
}

impl Seen {
    pub(crate) fn new(sight: Sight, entry: impl Into<Option<EntryId>>) -> Self {
        Self { sight, within: None, any: false, entry: entry.into() }
    }

    /// What a stop shows, if it shows something.
    pub(crate) fn of_stop(stop: &Stop) -> Option<Self> {
        let Stop::Violation(violation) = stop else { return None };
        let observed = violation.observed.as_str();
        let silent = ["nothing", "no answer for", "no ping"].iter().any(|sign| observed.starts_with(sign));
        let status = observed.strip_prefix("status ").and_then(|rest| rest.get(..3)?.parse().ok());
        let sight = match status {
            Some(code) => Sight::Reply { status: Status::Code(code), headers: Vec::new(), body: None },
            None if silent => Sight::Nothing,
            None => Sight::Closed(None),
        };
        Some(Self::new(sight, violation.at))
    }

    /// The same, waited for so long.
    pub(crate) fn within(self, within: Duration) -> Self {
        Self { within: Some(within), ..self }
    }

    pub(crate) fn into_step(self, actor: &str) -> Step {
        let within_ms = self.within.map(|within| u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
        Step::See(See {
            actor: name(actor),
            within_ms,
            any: self.any,
            role: Role::Passing,
            sight: self.sight,
            was: None,
        })
    }
}

/// A reply as a sight.
pub(crate) fn reply(status: u16, headers: &[(String, String)], body: &[u8]) -> Sight {
    match status {
        0 => Sight::Closed(None),
        _ => Sight::Reply {
            status: Status::Code(status),
            headers: headers.to_vec(),
            body: Some(Data::of(body)),
        },
    }
}

/// The name of an actor in a transcript that can be played.
pub(crate) fn name(actor: &str) -> String {
    actor.replace(' ', "")
}

fn weight(step: &Step) -> usize {
    let data = |data: &Data| match data {
        Data::Text(text) => text.len(),
        Data::Bytes(bytes) => bytes.len(),
    };
    let size = match step {
        Step::Act(_, Act::Send(items)) => items
            .iter()
            .map(|item| match item {
                Item::Text(text) => text.len(),
                Item::Binary(bytes) => bytes.len(),
            })
            .sum(),
        Step::Act(_, Act::Request { body: Some(body), .. }) => data(body),
        Step::Act(_, Act::Bytes(bytes)) => data(bytes),
        Step::Act(_, Act::Frame { payload, .. }) => payload.len(),
        Step::See(See { sight, .. }) => match sight {
            Sight::Text(text) => text.len(),
            Sight::Binary(bytes) => bytes.len(),
            Sight::Reply { body: Some(body), .. } => data(body),
            Sight::Packets(packets) => packets.iter().map(String::len).sum(),
            _ => 0,
        },
        _ => 0,
    };
    size + 64
}
