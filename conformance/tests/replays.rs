//! What goes wrong can be played again: the transcript of a failing case fails before the faulty server, and is fixed
//! before the healthy one, time after time.
#![cfg(feature = "embedded")]

use std::{collections::BTreeMap, sync::Arc};

use siospec::{
    prove::{TIMEOUT_SCALE, faults},
    replay::{Ending, Writer, play},
    run::{Arena, Case, Outcome, Plan},
    scenario::Variant,
    siot::{Field, Sight, parse},
    suite,
    target::{Approach, Running, Target},
    verdict::Verdict,
};
use tokio::{sync::Semaphore, task::JoinSet};

/// How often each transcript is played before each server.
const TIMES: usize = 10;
/// How many plays are under way at the same time; more would be in each other's way.
static PLAYS: Semaphore = Semaphore::const_new(24);
/// How many faulty servers are there at the same time.
const AT_A_TIME: usize = 16;

/// Names the only fault to look at, more closely.
const ONLY: &str = "SIOSPEC_REPLAY_FAULT";

/// What became of the transcripts of one fault.
#[derive(Debug, Default)]
struct Tale {
    replayed: Vec<String>,
    unreplayable: Vec<String>,
    wrong: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transcript_of_a_fault_fails_before_it_and_is_fixed_before_the_healthy_server() {
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    let mut telling = JoinSet::new();
    let only_fault = std::env::var(ONLY).ok();
    for fault in faults() {
        if only_fault.as_deref().is_some_and(|only| only != fault.name) {
            continue;
        }
        let turns = Arc::clone(&turns);
        telling.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("the semaphore is never closed");
            (fault.name, tale_of(fault.name).await)
        });
    }
    let mut tales = BTreeMap::new();
    while let Some(told) = telling.join_next().await {
        let (fault, tale) = told.expect("a tale does not panic");
        tales.insert(fault, tale);
    }
    let wrong: Vec<&String> = tales.values().flat_map(|tale| &tale.wrong).collect();
    let replayed = tales.values().filter(|tale| !tale.replayed.is_empty()).count();
    for (fault, tale) in &tales {
        if tale.replayed.is_empty() {
            println!("{fault}: {:?}", tale.unreplayable);
        }
    }
    println!(
        "{replayed} of {} faults; {} transcripts",
        tales.len(),
        tales.values().map(|tale| tale.replayed.len()).sum::<usize>()
    );
    assert!(wrong.is_empty(), "{} wrong:\n{wrong:#?}", wrong.len());
    // What lies in time, or in numbers that only many sessions show, is no matter of one transcript.
    let enough = if only() { 1 } else { 19 * tales.len() / 20 };
    assert!(replayed >= enough, "only {replayed} of {} faults can be played again", tales.len());
}

async fn tale_of(fault: &str) -> Tale {
    let target = Target::Embedded { fault: Some(fault.to_owned()) };
    let mut tale = Tale::default();
    // Over one transport each, which differs from rule to rule; over another where none of these can be played again.
    for turn in 0.. {
        let cases = cases(fault, turn);
        if cases.is_empty() || !tale.replayed.is_empty() || !tale.wrong.is_empty() {
            break;
        }
        for outcome in failures(cases, &target).await {
            retells(&mut tale, fault, &target, outcome).await;
        }
    }
    tale
}

/// Writes down what failed, and plays it before both servers.
async fn retells(tale: &mut Tale, fault: &str, target: &Target, outcome: Outcome) {
    let writer = Writer::new(TIMEOUT_SCALE);
    let name = format!("{fault}: {} over {}", outcome.case.scenario.rule.id, outcome.case.over);
    let mut script = writer.write(&outcome, 1).await;
    writer.confirm(&mut script, target, &Approach::default()).await.expect("it starts");
    let written = script.to_string();
    let script = match parse(&written) {
        Ok(again) if again == script => again,
        other => {
            tale.wrong.push(format!("{name}: written and read it is {other:?}\n{written}"));
            return;
        }
    };
    let variant = outcome.variant;
    if let Some(why) = script.field(Field::Unreplayable) {
        tale.unreplayable.push(format!("{name}: {why}"));
        if only() {
            println!("{written}");
        }
        return;
    }
    let case = &outcome.case.scenario;
    let id = case.rule.id;
    // Those that look at everybody who is there would see each other; a server that dies is dead for all.
    let apart = case.alone
        || ["delivery/", "socket/disconnect/"].iter().any(|area| id.starts_with(area))
        || matches!(outcome.verdict, Verdict::Crash(_) | Verdict::Hang(_));
    let before = [target.clone(), Target::Embedded { fault: None }];
    let mut playing = JoinSet::new();
    for target in before {
        let is_faulty = matches!(target, Target::Embedded { fault: Some(_) });
        // Only a faulty server does not do what is waited for.
        let waits = script.judged().is_some_and(|see| see.was == Some(Sight::Nothing));
        let dies = script.judged().is_some_and(|see| see.sight == Sight::Alive);
        let scale = if is_faulty && waits { TIMEOUT_SCALE } else { 1.0 };
        let shared = if apart { None } else { Some(Arc::new(start(&target, variant).await)) };
        for _ in 0..TIMES {
            let (script, shared, target) = (script.clone(), shared.clone(), target.clone());
            playing.spawn(async move {
                let _turn = PLAYS.acquire().await.expect("the semaphore is never closed");
                let ending = match shared {
                    Some(running) => play(&script, &running.site, scale).await,
                    None => {
                        let mut running = start(&target, variant).await;
                        let ending = play(&script, &running.site, scale).await;
                        let has_died = dies && running.has_ended();
                        running.stop().await;
                        // Another server of this test may have got its port by then, and answer in its place.
                        if has_died { Ending::Failed("the server ended".to_owned()) } else { ending }
                    }
                };
                (is_faulty, ending)
            });
        }
    }
    let mut right = true;
    while let Some(ending) = playing.join_next().await {
        match ending.expect("a play does not panic") {
            (true, Ending::Failed(_)) | (false, Ending::Fixed) => {}
            (before_faulty, ending) => {
                right = false;
                let server = if before_faulty { "faulty" } else { "healthy" };
                tale.wrong.push(format!("{name}: before the {server} server {ending:?}"));
            }
        }
    }
    if right {
        tale.replayed.push(name);
    } else if only() {
        println!("{written}");
    }
}

async fn start(target: &Target, variant: Variant) -> Running {
    target.start(variant, &Approach::default()).await.expect("the reference server starts")
}

fn only() -> bool {
    std::env::var_os(ONLY).is_some()
}

/// A case of each rule that names a fault. Each turn has another transport, until there is none.
fn cases(fault: &str, turn: usize) -> Vec<Case> {
    let scenarios = suite::all().into_iter().filter(|scenario| scenario.rule.faults.contains(&fault));
    let cases = scenarios.enumerate().filter_map(|(number, scenario)| {
        let many = scenario.over.len();
        let over = *scenario.over.get((number + turn) % many.max(1)).filter(|_| turn < many)?;
        Some(Case { scenario: Arc::new(scenario), over })
    });
    cases.collect()
}

/// Those of the cases that fail.
async fn failures(cases: Vec<Case>, target: &Target) -> Vec<Outcome> {
    // Where the server is told a time, a busy machine needs all of it.
    let hurried = cases.iter().all(|case: &Case| !case.scenario.rule.id.starts_with("delivery/acks/"));
    let timeout_scale = if hurried { TIMEOUT_SCALE } else { 1.0 };
    let approach = Approach { timeout_scale, ..Approach::default() };
    let plan = Plan { target: target.clone(), approach, cases, jobs: 16, seed: 1 };
    let outcomes = Arena::open(plan).await.expect("the reference server starts").outcomes().await;
    let wrong = |outcome: &Outcome| {
        !matches!(outcome.verdict, Verdict::Pass | Verdict::Inconclusive(_) | Verdict::Skipped(_))
    };
    outcomes.into_iter().filter(wrong).collect()
}
