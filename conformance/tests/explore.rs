//! Exploring the reference server: nothing is found where nothing is wrong, and what is wrong is found.

#![cfg(feature = "embedded")]
#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::{sync::Arc, time::Duration};

use siospec::{
    explore::{Act, Limits, Report, explore},
    history::Anomaly,
    scenario::Transport,
    siot::Field,
    target::{Approach, Target},
};

fn limits(histories: u64) -> Limits {
    Limits {
        // The number of histories is the limit.
        time: Duration::from_secs(3600),
        first: 0,
        histories: Some(histories),
        seed: 1,
        clients: 4,
        transports: Transport::ALL.to_vec(),
        jobs: 8,
        shrinking: Duration::ZERO,
        transcript: false,
        known: Vec::new(),
        without: Vec::new(),
        stop_at_first: true,
        over: Arc::default(),
    }
}

async fn explored(fault: Option<&str>, limits: &Limits) -> Report {
    let target = Target::Embedded { fault: fault.map(str::to_owned) };
    explore(&target, &Approach::default(), limits, &mut |_| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_where_nothing_is_wrong() {
    let report = explored(None, &limits(120)).await;
    let found: Vec<_> = report.found.iter().map(|found| (&found.finding, &found.plan)).collect();
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!((report.histories, report.spoilt), (120, (0, None)));
    assert_eq!(report.doubtful, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_and_named() {
    for (fault, anomalies) in [
        // Who is away misses it too.
        ("local-reaches-nobody", &[Anomaly::Lost, Anomaly::RecoveryGap][..]),
        ("union-delivers-twice", &[Anomaly::Duplicate][..]),
        ("broadcast-includes-sender", &[Anomaly::SelfEcho][..]),
        ("broadcast-overtakes", &[Anomaly::Reordered][..]),
        ("auth-before-connect", &[Anomaly::BeforeConnect][..]),
        ("missed-sent-twice", &[Anomaly::RecoveryRepeat][..]),
        ("missed-broadcasts-lost", &[Anomaly::RecoveryGap][..]),
    ] {
        let report = explored(Some(fault), &limits(2000)).await;
        let found = report.found.first().map(|found| found.finding.anomaly);
        assert!(found.is_some_and(|found| anomalies.contains(&found)), "{fault}: {report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_small_and_can_be_played_again() {
    let report = certainly_explored("broadcast-delivers-twice", &limits(2000)).await;
    let found = report.found.first().unwrap();
    let script = found.script.as_ref().unwrap();
    assert_eq!(script.field(Field::Unreplayable), None, "{script}");
    // A client comes and speaks to everybody.
    assert!(found.plan.steps.len() <= 4, "{:#?}", found.plan);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_behind_what_it_has_found() {
    let limits = Limits { stop_at_first: false, ..limits(100) };
    let report = certainly_explored("broadcast-delivers-twice", &limits).await;
    // Almost every history shows it.
    assert_eq!(report.histories, 100);
    assert!(!report.found.is_empty() && report.again > report.found.len() as u64, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_when_a_session_upgrades_is_found() {
    // One history in some hundreds shows it.
    let report = certainly_explored("upgrade-repeats-last", &limits(20_000)).await;
    let found = report.found.first().unwrap();
    assert_eq!(found.finding.anomaly, Anomaly::Duplicate, "{report:#?}");
    // A client comes, speaks and upgrades.
    let steps = &found.plan.steps;
    assert!(steps.iter().any(|step| step.act == Act::Upgrade) && steps.len() <= 5, "{steps:#?}");
}

/// As [`explored`], with all the time that it takes to make a finding small, on whatever machine.
async fn certainly_explored(fault: &str, limits: &Limits) -> Report {
    let limits =
        Limits { shrinking: Duration::from_secs(3600), transcript: limits.stop_at_first, ..limits.clone() };
    let target = Target::Embedded { fault: Some(fault.to_owned()) };
    // Deadlines are for what never comes.
    let approach = Approach { timeout_scale: 4.0, ..Approach::default() };
    explore(&target, &approach, &limits, &mut |_| {}).await.unwrap()
}
