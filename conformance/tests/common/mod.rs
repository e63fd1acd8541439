//! Running the judge inside a test.

use std::sync::Arc;

use siospec::{
    run::{Arena, Case, Outcome, Plan},
    suite,
    target::{Approach, Target},
};

/// Judges a target with the whole catalogue.
pub(crate) async fn judge(target: Target, timeout_scale: f64) -> Vec<Outcome> {
    let scenarios = suite::all().into_iter().map(Arc::new);
    let cases = scenarios.flat_map(|scenario| {
        let over = scenario.over.iter();
        over.map(move |&over| Case { scenario: Arc::clone(&scenario), over }).collect::<Vec<_>>()
    });
    judge_cases(target, timeout_scale, cases.collect()).await
}

/// Judges a target with these cases.
pub(crate) async fn judge_cases(target: Target, timeout_scale: f64, cases: Vec<Case>) -> Vec<Outcome> {
    let approach = Approach { timeout_scale, ..Approach::default() };
    let plan = Plan { target, approach, cases, jobs: 16, seed: 1 };
    Arena::open(plan).await.expect("the reference server starts").outcomes().await
}

/// An outcome and how it came about, for the message of a failing test.
pub(crate) fn show(outcome: &Outcome) -> String {
    let lines: Vec<String> =
        outcome.transcript.iter().map(|entry| format!("      {}", entry.line())).collect();
    format!(
        "{} over {}: {:?}\n{}",
        outcome.case.scenario.rule.id,
        outcome.case.over,
        outcome.verdict,
        lines.join("\n")
    )
}
