//! What is worth doing many times over: a step, one of its packets, a header, a parameter, or a whole case.

use std::collections::{BTreeMap, VecDeque};

use fastrand::Rng;

use super::{
    case::{ATTACKERS, Case},
    generate::{all_begun, most_times, with_headers},
    reaction::{Reaction, item_class, step_class},
};
use crate::siot::{Act, Item, Step};

/// What could be weighed, and how often something like it was.
#[derive(Debug)]
pub(super) struct Amplifier {
    rng: Rng,
    /// What only the grammar knows of.
    begun: VecDeque<Case>,
    /// How often all of that was drawn.
    passes: usize,
    all: Vec<Candidate>,
    /// Each candidate by its state and what is repeated.
    known: BTreeMap<(String, String), usize>,
    /// How many cases were drawn.
    drawn: u64,
    /// How many of the reactions were looked at.
    looked: usize,
    /// How often each thing was repeated, in any state.
    repeated: BTreeMap<String, u32>,
    /// How often anything was repeated in each state.
    states: BTreeMap<String, u32>,
    /// How often each thing was repeated because of a faint sign.
    hinted: BTreeMap<String, u32>,
}

#[derive(Debug, Clone)]
struct Candidate {
    case: Case,
    step: usize,
    way: Way,
    what: String,
    state: String,
    /// Whether something had begun that had not ended.
    amid: bool,
    visits: u32,
}

/// What of a step is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The step.
    Step,
    /// One of its packets.
    Item(usize),
    /// A header of its request.
    Header,
    /// A parameter of its query.
    Parameter,
    /// All of the case, each time closed.
    Rounds,
}

impl Amplifier {
    /// Begins with what the grammar alone says.
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            rng,
            begun: VecDeque::new(),
            passes: 0,
            all: Vec::new(),
            known: BTreeMap::new(),
            drawn: 0,
            looked: 0,
            repeated: BTreeMap::new(),
            states: BTreeMap::new(),
            hinted: BTreeMap::new(),
        }
    }

    /// Takes in what was seen since.
    pub(super) fn takes(&mut self, reactions: &[Reaction]) {
        for reaction in reactions.get(self.looked..).unwrap_or_default() {
            self.adds(reaction);
        }
        self.looked = reactions.len();
    }

    fn adds(&mut self, reaction: &Reaction) {
        let Some(Step::Act(_, act)) = reaction.case.steps.get(reaction.step) else { return };
        let act = once(act);
        let mut ways = repeats(act);
        if matches!(act, Act::Request { .. } | Act::Head { .. } | Act::Websocket(_) | Act::Open(_)) {
            ways.push((Way::Header, format!("header {}", step_class(act))));
            ways.push((Way::Parameter, format!("parameter {}", step_class(act))));
        }
        if !reaction.case.pauses() {
            ways.push((Way::Rounds, format!("rounds {}", step_class(act))));
        }
        for (way, what) in ways {
            // A packet before it in the same step may be what it is about.
            let mut state = reaction.state.clone();
            if let (Way::Item(at), Act::Send(items)) = (way, act) {
                state.extend(items.iter().take(at).map(|item| format!(" {}", item_class(item))));
            }
            let key = (state.clone(), what.clone());
            if self.known.contains_key(&key) {
                continue;
            }
            self.known.insert(key, self.all.len());
            let (case, step) = (reaction.case.clone(), reaction.step);
            let amid = reaction.amid && way != Way::Rounds;
            self.all.push(Candidate { case, step, way, what, state, amid, visits: 0 });
        }
    }

    /// Takes in a case in which there was a faint sign of something: whatever it does is done many times over next.
    pub(super) fn hints(&mut self, case: &Case) {
        /// The same sign comes of many cases.
        const OFTEN: u32 = 3;
        for (step, act) in case.steps.iter().enumerate() {
            let Step::Act(_, act) = act else { continue };
            let act = once(act);
            for (way, what) in repeats(act) {
                let hinted = self.hinted.entry(what.clone()).or_default();
                *hinted += 1;
                if *hinted <= OFTEN {
                    let (case, state) = (case.clone(), String::new());
                    let candidate = Candidate { case, step, way, what, state, amid: false, visits: 1 };
                    if let Some(case) = candidate.amplified(&mut self.rng) {
                        self.begun.push_front(case);
                    }
                }
            }
        }
    }

    /// The next case to weigh.
    pub(super) fn next(&mut self) -> Option<Case> {
        self.drawn += 1;
        // What was seen is worth a look too, long before the grammar is through.
        match self.drawn % 12 {
            0 => self.seen(true).or_else(|| self.said()),
            3 | 6 | 9 => self.seen(false).or_else(|| self.said()),
            _ => self.said(),
        }
    }

    /// What the grammar says, in passes: first not very often, then more and more.
    fn said(&mut self) -> Option<Case> {
        const TIMES: [u32; 3] = [300, 2500, 10_000];
        if self.begun.is_empty() {
            let times = TIMES[self.passes.min(TIMES.len() - 1)];
            self.begun = all_begun(&mut self.rng, times).into();
            self.passes += 1;
        }
        self.begun.pop_front()
    }

    /// What was repeated least, in a state where least was repeated: all of a case, or something in it.
    fn seen(&mut self, rounds: bool) -> Option<Case> {
        let rank = |candidate: &Candidate| {
            let repeated = self.repeated.get(&candidate.what).copied().unwrap_or_default();
            let state = self.states.get(&candidate.state).copied().unwrap_or_default();
            4 * candidate.visits + 2 * repeated + state.min(4) + u32::from(!candidate.amid)
        };
        let (at, _) = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, candidate)| (candidate.way == Way::Rounds) == rounds)
            .min_by_key(|(_, candidate)| rank(candidate))?;
        let candidate = &mut self.all[at];
        candidate.visits += 1;
        *self.repeated.entry(candidate.what.clone()).or_default() += 1;
        *self.states.entry(candidate.state.clone()).or_default() += 1;
        let candidate = candidate.clone();
        candidate.amplified(&mut self.rng)
    }
}

impl Candidate {
    /// The case up to the step, and that many times over.
    fn amplified(&self, rng: &mut Rng) -> Option<Case> {
        if self.way == Way::Rounds {
            return Some(again(&self.case));
        }
        let mut steps = self.case.steps.get(..self.step)?.to_vec();
        let Step::Act(name, act) = self.case.steps.get(self.step)? else { return None };
        let act = once(act).clone();
        // A head that is written in pieces goes on.
        let rest = self.case.steps.get(self.step + 1..)?;
        let rest = if matches!(act, Act::Bytes(_)) { rest.to_vec() } else { Vec::new() };
        match (self.way, act) {
            (Way::Item(at), Act::Send(items)) => {
                if at > 0 {
                    let before = items.get(..at)?.to_vec();
                    steps.push(Step::Act(name.clone(), Act::Send(before)));
                }
                steps.push(many(name, &Act::Send(vec![items.get(at)?.clone()]), self.visits)?);
            }
            (Way::Header, act) => {
                const TIMES: [u32; 3] = [2500, 1000, 100];
                let times = TIMES[self.visits.saturating_sub(1) as usize % TIMES.len()];
                steps.extend(with_headers(rng, name, &act, times)?);
            }
            (Way::Parameter, act) => steps.push(Step::Act(name.clone(), parameters(&act)?)),
            (_, act) => steps.push(many(name, &act, self.visits)?),
        }
        steps.extend(rest);
        Some(Case::new(steps))
    }
}

/// What of an act can be repeated as it is: each of its packets, if there are some, or all of it.
fn repeats(act: &Act) -> Vec<(Way, String)> {
    match act {
        Act::Send(items) if items.len() > 1 => {
            items.iter().enumerate().map(|(at, item)| (Way::Item(at), item_class(item))).collect()
        }
        act if most_times(act).is_some() => vec![(Way::Step, step_class(act))],
        _ => Vec::new(),
    }
}

/// An act without its repetition.
fn once(act: &Act) -> &Act {
    if let Act::Times(_, act) = act { once(act) } else { act }
}

/// An act so often that what each holds adds up; large and few the first time, small and many the next.
fn many(name: &str, act: &Act, visit: u32) -> Option<Step> {
    /// So much in all.
    const MOST_BYTES: usize = 24 << 20;
    /// As large as many a limit allows.
    const LARGE: usize = 32 << 10;
    const TIMES: [u32; 3] = [2500, 10_000, 1000];
    let mut act = act.clone();
    let large = !visit.is_multiple_of(2);
    if let Act::Send(items) = &mut act
        && let [Item::Binary(bytes)] = items.as_mut_slice()
        && large
    {
        bytes.resize(LARGE, 7);
    }
    if let Act::Frame { payload, opcode: 0..3, .. } = &mut act
        && large
    {
        payload.resize(LARGE, b'7');
    }
    let size = Case::new(vec![Step::Act(name.to_owned(), act.clone())]).weight().max(1);
    let fitting = u32::try_from(MOST_BYTES / size).unwrap_or(u32::MAX);
    let times = TIMES[visit.saturating_sub(1) as usize % TIMES.len()].min(most_times(&act)?).min(fitting);
    Some(Step::Act(name.to_owned(), Act::Times(times.max(2), Box::new(act))))
}

/// A request with as many parameters as a limit of its line allows.
fn parameters(act: &Act) -> Option<Act> {
    const TIMES: usize = 1500;
    let more = |query: &str| format!("{query}{}", "&a=1".repeat(TIMES));
    Some(match act {
        Act::Websocket(query) => Act::Websocket(more(query)),
        Act::Open(_) => Act::Websocket(more("EIO=4&transport=websocket")),
        Act::Head { method, query, headers } => {
            Act::Head { method: method.clone(), query: more(query), headers: headers.clone() }
        }
        Act::Request { method, query: Some(query), headers, body } => Act::Request {
            method: method.clone(),
            query: Some(more(query)),
            headers: headers.clone(),
            body: body.clone(),
        },
        _ => return None,
    })
}

/// The whole case many times over, each time closed.
fn again(case: &Case) -> Case {
    const ROUNDS: u32 = 200;
    let mut steps: Vec<Step> = case
        .steps
        .iter()
        .filter(|step| !matches!(step, Step::Wait(_)))
        .map(|step| match step {
            Step::Act(name, Act::Times(times, act)) => {
                Step::Act(name.clone(), Act::Times((*times).min(3), act.clone()))
            }
            step => step.clone(),
        })
        .collect();
    for name in ATTACKERS {
        let last = steps.iter().rev().find_map(|step| match step {
            Step::Act(actor, act) if actor == name => Some(act),
            _ => None,
        });
        if !matches!(last, None | Some(Act::Drop | Act::Reset)) {
            steps.push(Step::Act(name.to_owned(), Act::Drop));
        }
    }
    Case { steps, rounds: ROUNDS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::siot::parse;

    #[test]
    fn what_a_faint_sign_may_come_of_is_done_many_times_over_next() {
        let script = parse("siot 1\nalice > open websocket\nalice > send 3\nalice > drop\n").unwrap();
        let mut amplifier = Amplifier::new(Rng::with_seed(1));
        for _ in 0..9 {
            amplifier.hints(&Case::of(&script));
        }
        let is_hinted = |case: &Case| {
            let acts: Vec<_> = case.steps.iter().collect();
            matches!(acts[..], [.., Step::Act(_, Act::Times(2.., act))]
                if **act == Act::Send(vec![Item::Text("3".to_owned())]) && acts.len() == 2)
        };
        let drawn: Vec<Case> = std::iter::from_fn(|| amplifier.next()).take(6).collect();
        assert_eq!(drawn.iter().filter(|case| is_hinted(case)).count(), 3, "{drawn:#?}");
    }
}
