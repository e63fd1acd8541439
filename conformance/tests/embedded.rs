//! The reference server keeps every rule.
#![cfg(feature = "embedded")]

mod common;

use std::{collections::BTreeSet, process::Command, sync::Arc};

use siospec::{
    report::{Event, read},
    run::Case,
    scenario::{Acting, Scenario, Transport},
    stage::Stage,
    suite,
    target::Target,
    verdict::Verdict,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_server_keeps_every_rule() {
    let outcomes = common::judge(Target::Embedded { fault: None }, 1.0).await;
    let others: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !matches!(outcome.verdict, Verdict::Pass))
        .map(common::show)
        .collect();
    assert!(outcomes.len() > 300, "only {} cases were judged", outcomes.len());
    assert!(others.is_empty(), "{} of {} did not pass:\n{}", others.len(), outcomes.len(), others.join("\n"));
}

#[test]
fn what_only_a_variant_offers_is_offered() {
    let output = Command::new(env!("CARGO_BIN_EXE_siospec"))
        .args(["test", "socket/msgpack", "socket/events", "--report", "jsonl=-"])
        .output()
        .expect("siospec starts");
    let mut events = read(output.stdout.as_slice());
    let Some(Ok(Event::Start(start))) = events.next() else { panic!("the run is not recorded: {output:?}") };
    assert!(start.rules > 0);
    assert_eq!(start.not_offered, 0, "{start:?}");
}

#[test]
fn only_what_the_texts_demand_is_played_on_request() {
    let levels = |level: &str| {
        let arguments = ["test", "engine/polling", "--level", level, "--report", "jsonl=-"];
        let output = Command::new(env!("CARGO_BIN_EXE_siospec")).args(arguments).output();
        let output = output.expect("siospec starts");
        let levels = read(output.stdout.as_slice()).filter_map(|event| match event {
            Ok(Event::Verdict(case)) => Some(case.level),
            _ => None,
        });
        levels.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(levels("must"), "must");
    assert_eq!(levels("reference"), "must reference should");
}

fn breaks(stage: &mut Stage) -> Acting<'_> {
    Box::pin(async move {
        let _wire = stage.session().await?;
        panic!("on purpose");
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_panics_is_inconclusive() {
    let sound = suite::all().into_iter().next().expect("the catalogue is not empty");
    let broken =
        Scenario { run: breaks, ..suite::all().into_iter().next().expect("the catalogue is not empty") };
    let cases =
        [broken, sound].map(|scenario| Case { scenario: Arc::new(scenario), over: Transport::Polling });
    let outcomes = common::judge_cases(Target::Embedded { fault: None }, 1.0, cases.to_vec()).await;
    let [broken, sound] = &outcomes[..] else { panic!("{outcomes:?}") };
    let (broken, sound) =
        if matches!(broken.verdict, Verdict::Pass) { (sound, broken) } else { (broken, sound) };
    assert!(matches!(sound.verdict, Verdict::Pass), "{}", common::show(sound));
    let Verdict::Inconclusive(why) = &broken.verdict else { panic!("{}", common::show(broken)) };
    assert!(why.contains("on purpose"), "{why}");
    assert!(!broken.transcript.is_empty(), "what crossed the wire is kept");
}
