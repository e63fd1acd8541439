//! Every rule can fail: each fault of the reference server is caught by the rules that name it, and by no others.
#![cfg(feature = "embedded")]

mod common;

use std::{collections::BTreeSet, sync::Arc};

use siospec::{
    run::Outcome,
    suite,
    target::{Target, faults},
    verdict::Verdict,
};
use tokio::{sync::Semaphore, task::JoinSet};

/// How many faulty servers are judged at the same time; most of a run is waiting.
const AT_A_TIME: usize = 3;
/// A faulty server does not do what is waited for: there is no point in waiting long.
const TIMEOUT_SCALE: f64 = 0.3;

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_caught_by_its_rules_and_by_no_others() {
    // One alone, to look into: SIOSPEC_FAULT=join-ignored cargo test -p siospec --test mutants
    let only = std::env::var("SIOSPEC_FAULT").ok();
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    let mut judging = JoinSet::new();
    for (fault, _) in faults().filter(|(fault, _)| only.as_deref().is_none_or(|only| only == *fault)) {
        let turns = Arc::clone(&turns);
        judging.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("the semaphore is never closed");
            let target = Target::Embedded { fault: Some(fault.to_owned()) };
            (fault, common::judge(target, TIMEOUT_SCALE).await)
        });
    }
    let mut judged = 0;
    let mut doubtful = Vec::new();
    while let Some(done) = judging.join_next().await {
        let (fault, outcomes) = done.expect("judging does not panic");
        judged += 1;
        if misjudged(fault, &outcomes).is_some() {
            doubtful.push(fault);
        }
    }
    // So many servers at a time are a burden: what looks wrong is judged again, alone.
    let mut wrong = Vec::new();
    for fault in doubtful {
        let target = Target::Embedded { fault: Some(fault.to_owned()) };
        wrong.extend(misjudged(fault, &common::judge(target, TIMEOUT_SCALE).await));
    }
    wrong.sort();
    assert!(judged > 0, "no fault is named {}", only.unwrap_or_default());
    assert!(wrong.is_empty(), "{} of {judged} faults:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the verdicts on a faulty server.
fn misjudged(fault: &str, outcomes: &[Outcome]) -> Option<String> {
    let caught: BTreeSet<&str> = outcomes
        .iter()
        .filter(|outcome| {
            !matches!(outcome.verdict, Verdict::Pass | Verdict::Inconclusive(_) | Verdict::Skipped(_))
        })
        .map(|outcome| outcome.case.scenario.rule.id)
        .collect();
    let scenarios = suite::all();
    let named: BTreeSet<&str> = scenarios
        .iter()
        .map(|scenario| scenario.rule)
        .filter(|rule| rule.faults.contains(&fault))
        .map(|rule| rule.id)
        .collect();
    if caught == named {
        return None;
    }
    let missed: Vec<&&str> = named.difference(&caught).collect();
    let beside: Vec<&&str> = caught.difference(&named).collect();
    let witnesses: Vec<String> = outcomes
        .iter()
        .filter(|outcome| {
            let id = outcome.case.scenario.rule.id;
            (beside.contains(&&id) && !matches!(outcome.verdict, Verdict::Pass)) || missed.contains(&&id)
        })
        .take(3)
        .map(common::show)
        .collect();
    Some(format!("{fault}: not caught by {missed:?}, but by {beside:?}\n    {}", witnesses.join("\n    ")))
}
