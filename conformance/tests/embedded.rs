//! The reference server keeps every rule.
#![cfg(feature = "embedded")]

mod common;

use siospec::{target::Target, verdict::Verdict};

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
