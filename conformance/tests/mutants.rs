//! Every rule can fail: each fault of the reference server is caught by the rules that name it, and by no others.
#![cfg(feature = "embedded")]

use siospec::{
    prove::{Matrix, Reach, faults, prove},
    suite,
};

/// How many faulty servers are judged at the same time. With more, cases run out of time, and their servers are judged
/// again one by one.
const AT_A_TIME: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_caught_by_its_rules_and_by_no_others() {
    let proofs =
        prove(&faults(), Reach::EveryRule, AT_A_TIME, |_| {}).await.expect("the reference server starts");
    let rules = suite::all().iter().map(|scenario| scenario.rule.id).collect();
    let matrix = Matrix { rules, proofs, whole: true };
    let mut text = Vec::new();
    matrix.write_text(&mut text).expect("memory takes everything");
    assert!(matrix.holds(), "{}", String::from_utf8_lossy(&text));
}
