//! Makes a transcript smaller: drops actors, packets and pauses as long as the failure stays.

use std::collections::BTreeSet;

use super::Ending;
use crate::siot::{Act, Item, Role, Script, See, Sight, Step};

/// A transcript made smaller.
#[derive(Debug)]
pub struct Shrunk {
    /// The transcript.
    pub script: Script,
    /// How many smaller ones were tried.
    pub tried: usize,
}

/// No more are tried.
const MAX_TRIALS: usize = 400;

/// Drops whatever can be dropped. `stays` says whether a transcript still shows the failure.
pub async fn minimise(script: &Script, mut stays: impl AsyncFnMut(&Script) -> bool) -> Shrunk {
    let mut script = script.clone();
    let mut tried = 0;
    loop {
        let mut smaller = None;
        for candidate in candidates(&script) {
            if tried >= MAX_TRIALS {
                return Shrunk { script, tried };
            }
            tried += 1;
            if stays(&candidate).await {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(candidate) => script = candidate,
            None => return Shrunk { script, tried },
        }
    }
}

impl Ending {
    /// Whether it went wrong again.
    pub fn is_failed(&self) -> bool {
        matches!(self, Ending::Failed(_))
    }
}

/// Smaller transcripts, those that lack most first.
fn candidates(script: &Script) -> Vec<Script> {
    let guilty = script.judged().map(|see| see.actor.clone());
    let mut all = Vec::new();
    let actors: BTreeSet<&str> = script.steps.iter().filter_map(Step::actor).collect();
    for actor in actors {
        // Whoever depends on an actor goes with it.
        let goes = |step: &Step| {
            step.actor() == Some(actor)
                || matches!(step, Step::Act(_, Act::Carry(of) | Act::Hold(of) | Act::Begin { of, .. }) if of == actor)
        };
        if guilty.as_deref() != Some(actor) {
            all.push(without(script, goes));
        }
    }
    let waits = script.steps.iter().filter(|step| matches!(step, Step::Wait(_))).count();
    if waits > 1 {
        all.push(without(script, |step| matches!(step, Step::Wait(_))));
    }
    // Longest first, so that what belongs together is dropped together.
    for length in [8, 4, 2, 1] {
        for first in (0..script.steps.len()).rev() {
            let range = first..first + length;
            let inside = script.steps.get(range.clone()).unwrap_or_default();
            if inside.is_empty() || inside.iter().any(|step| is_judged(step) || opens(step)) {
                continue;
            }
            let mut smaller = script.clone();
            smaller.steps.drain(range);
            all.push(smaller);
        }
    }
    for (at, step) in script.steps.iter().enumerate() {
        match step {
            Step::Act(actor, Act::Send(items)) if items.len() > 1 => {
                all.extend((0..items.len()).map(|item| {
                    let mut fewer: Vec<Item> = items.clone();
                    fewer.remove(item);
                    replaced(script, at, Step::Act(actor.clone(), Act::Send(fewer)))
                }));
            }
            Step::Wait(ms) if *ms > 20 => all.push(replaced(script, at, Step::Wait(ms / 2))),
            _ => {}
        }
    }
    all.sort_by_key(size);
    all.dedup();
    all
}

fn size(script: &Script) -> usize {
    script.steps.len()
}

fn is_judged(step: &Step) -> bool {
    matches!(step, Step::See(See { role: Role::Must | Role::Like, .. }))
}

/// Steps without which nothing of their actor makes sense; they go with the whole actor.
fn opens(step: &Step) -> bool {
    matches!(step, Step::Act(_, Act::Open(_) | Act::Handshake | Act::Connect | Act::Carry(_)))
        || matches!(step, Step::See(See { sight: Sight::Opened, .. }))
}

fn without(script: &Script, goes: impl Fn(&Step) -> bool) -> Script {
    let mut smaller = script.clone();
    smaller.steps.retain(|step| is_judged(step) || !goes(step));
    smaller
}

fn replaced(script: &Script, at: usize, step: Step) -> Script {
    let mut smaller = script.clone();
    if let Some(place) = smaller.steps.get_mut(at) {
        *place = step;
    }
    smaller
}
