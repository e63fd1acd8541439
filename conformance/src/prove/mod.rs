//! The proof that the catalogue can fail: every fault of the reference server is judged with every rule.
//!
//! A fault has to be caught by the rules that name it, and by no others. A rule that no fault breaks is a rule of
//! which nobody knows whether it would notice anything.

mod html;
mod matrix;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::{sync::Semaphore, task::JoinSet};

pub use self::matrix::Matrix;
use crate::{
    run::{Arena, Case, Outcome, Plan},
    scenario::{Scenario, Transport},
    suite,
    target::{Approach, Target, TargetError},
    verdict::Verdict,
};

/// A faulty server does not do what is waited for: there is no point in waiting long.
pub const TIMEOUT_SCALE: f64 = 0.3;

/// How many cases of one faulty server run at the same time. Most of them wait, some for seconds: with fewer, those that
/// wait would hold up the others.
const JOBS: usize = 48;

/// How much of the catalogue a faulty server is judged with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    Whole,
    /// The rules that name the fault, and those of their groups, over each transport; every other rule over one, which is
    /// another one from fault to fault; of the orders of an upgrade (`engine/schedule`) an eighth.
    EveryRule,
}

/// A fault of the reference server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// What the server does wrong.
    pub wrong: &'static str,
}

/// The verdicts on a server with one fault.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The fault.
    pub fault: Fault,
    /// The rules that caught it, and over which transports.
    pub caught: BTreeMap<&'static str, BTreeSet<Transport>>,
    /// The rules that name it.
    pub named: BTreeSet<&'static str>,
    /// A few outcomes that explain why the two differ.
    pub witnesses: Vec<Outcome>,
}

/// The faults of the reference server.
pub fn faults() -> Vec<Fault> {
    crate::target::faults().map(|(name, wrong)| Fault { name, wrong }).collect()
}

/// Judges a server with each of the faults, so many side by side, and tells of each as it is done. What looks
/// wrong is judged again alone: many faulty servers at a time are a burden.
///
/// # Errors
/// A server cannot be started.
pub async fn prove(
    faults: &[Fault],
    reach: Reach,
    at_a_time: usize,
    mut tell: impl FnMut(&Proof),
) -> Result<Vec<Proof>, TargetError> {
    let turns = Arc::new(Semaphore::new(at_a_time.max(1)));
    let mut judging = JoinSet::new();
    for (number, &fault) in faults.iter().enumerate() {
        let turns = Arc::clone(&turns);
        judging.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("the semaphore is never closed");
            judge(fault, reach, number).await
        });
    }
    let mut proofs = Vec::new();
    let mut doubtful = Vec::new();
    while let Some(done) = judging.join_next().await {
        let proof = done.expect("judging does not panic")?;
        if proof.holds() {
            tell(&proof);
            proofs.push(proof);
        } else {
            doubtful.push(proof.fault);
        }
    }
    for fault in doubtful {
        let proof = judge(fault, Reach::Whole, 0).await?;
        tell(&proof);
        proofs.push(proof);
    }
    proofs.sort_by_key(|proof| faults.iter().position(|fault| *fault == proof.fault));
    Ok(proofs)
}

/// Judges a server with a fault; `number` says which transport is the one for the rules that are judged over one.
async fn judge(fault: Fault, reach: Reach, number: usize) -> Result<Proof, TargetError> {
    let scenarios: Vec<Arc<Scenario>> = suite::all().into_iter().map(Arc::new).collect();
    let named: BTreeSet<&'static str> = scenarios
        .iter()
        .filter(|scenario| scenario.rule.faults.contains(&fault.name))
        .map(|scenario| scenario.rule.id)
        .collect();
    let groups: BTreeSet<&'static str> = scenarios
        .iter()
        .filter(|scenario| named.contains(scenario.rule.id))
        .map(|scenario| scenario.rule.group())
        .collect();
    let cases = scenarios.iter().enumerate().flat_map(|(place, scenario)| {
        let over = match reach {
            Reach::EveryRule if !groups.contains(scenario.rule.group()) => {
                // The orders of an upgrade are all of one kind: a few of them stand for the others.
                const ORDERS: usize = 8;
                if scenario.rule.group() == "engine/schedule" && place % ORDERS != number % ORDERS {
                    return Vec::new();
                }
                let one = (number + place) % scenario.over.len();
                scenario.over.get(one..=one).unwrap_or_default()
            }
            Reach::EveryRule | Reach::Whole => scenario.over,
        };
        over.iter().map(|&over| Case { scenario: Arc::clone(scenario), over }).collect::<Vec<_>>()
    });
    let plan = Plan {
        target: Target::Embedded { fault: Some(fault.name.to_owned()) },
        approach: Approach { timeout_scale: TIMEOUT_SCALE, ..Approach::default() },
        cases: cases.collect(),
        jobs: JOBS,
        seed: 1,
    };
    let outcomes = Arena::open(plan).await?.outcomes().await;
    Ok(Proof::of(fault, named, outcomes))
}

impl Proof {
    fn of(fault: Fault, named: BTreeSet<&'static str>, outcomes: Vec<Outcome>) -> Self {
        let mut caught: BTreeMap<&'static str, BTreeSet<Transport>> = BTreeMap::new();
        for outcome in &outcomes {
            if catches(&outcome.verdict) {
                caught.entry(outcome.case.scenario.rule.id).or_default().insert(outcome.case.over);
            }
        }
        let mut proof = Self { fault, caught, named, witnesses: Vec::new() };
        let (missed, beside) = (proof.missed(), proof.beside());
        let explains = |outcome: &Outcome| {
            let id = outcome.case.scenario.rule.id;
            missed.contains(&id) || (beside.contains(&id) && !matches!(outcome.verdict, Verdict::Pass))
        };
        proof.witnesses = outcomes.into_iter().filter(explains).take(3).collect();
        proof
    }

    /// Whether the fault is caught by the rules that name it, and by no others.
    pub fn holds(&self) -> bool {
        !self.named.is_empty() && self.caught.keys().eq(self.named.iter())
    }

    /// The rules that name the fault and did not catch it.
    pub fn missed(&self) -> Vec<&'static str> {
        self.named.iter().copied().filter(|rule| !self.caught.contains_key(rule)).collect()
    }

    /// The rules that caught the fault and do not name it.
    pub fn beside(&self) -> Vec<&'static str> {
        self.caught.keys().copied().filter(|rule| !self.named.contains(rule)).collect()
    }
}

/// Whether a verdict says that something is wrong with the server.
fn catches(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::Pass | Verdict::Inconclusive(_) | Verdict::Skipped(_))
}
