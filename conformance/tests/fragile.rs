//! A server that dies is noticed, started again, and charged to the case that killed it; the run goes on.

use std::{collections::BTreeMap, process::Command};

use siospec::report::{
    Event,
    event::{Case, Outcome},
    read,
};

const TESTEE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/testees/fragile/testee.js");

/// Judges the fragile testee; gives the exit code and the cases by rule.
fn judge(variables: &[&str]) -> (i32, BTreeMap<String, Vec<Case>>) {
    let output = Command::new(env!("CARGO_BIN_EXE_siospec"))
        .args(["test", "socket/packet", "socket/events", "--timeout-scale", "0.3", "--report", "jsonl=-"])
        .args(variables.iter().flat_map(|variable| ["--env", variable]))
        .args(["--", "node", TESTEE])
        .output()
        .expect("siospec starts");
    let mut cases: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for event in read(output.stdout.as_slice()) {
        if let Event::Verdict(case) = event.expect("the run is recorded") {
            cases.entry(case.rule.clone()).or_default().push(case);
        }
    }
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(!cases.is_empty(), "nothing was judged; is Node.js there, and has scripts/setup.sh run? {shown}");
    (output.status.code().expect("siospec ends by itself"), cases)
}

fn is_charged(how: &str, charge: Outcome) {
    let (exit, cases) = judge(&[&format!("FRAGILE={how}")]);
    assert_eq!(exit, 1, "{cases:?}");
    for (rule, cases) in &cases {
        // The rules that send what is no packet.
        let is_fatal =
            ["socket/packet/unparsable-closes", "socket/packet/queue-first"].contains(&rule.as_str());
        let expected = if is_fatal { charge } else { Outcome::Pass };
        let verdicts: Vec<Outcome> = cases.iter().map(|case| case.verdict).collect();
        assert!(verdicts.iter().all(|verdict| *verdict == expected), "{rule}: {verdicts:?}");
    }
}

#[test]
fn a_crash_is_charged_to_its_case() {
    is_charged("crash", Outcome::Crash);
}

#[test]
fn a_hang_is_charged_to_its_case() {
    is_charged("hang", Outcome::Hang);
}

#[test]
fn a_crash_that_does_not_happen_again_is_no_pass() {
    let folder = tempfile::tempdir().expect("a folder for the marker");
    let marker = format!("FRAGILE_ONCE={}", folder.path().join("crashed").display());
    let (exit, cases) = judge(&["FRAGILE=crash", &marker]);
    assert_eq!(exit, 1, "{cases:?}");
    let crashes: Vec<&Case> = cases.values().flatten().filter(|case| case.verdict != Outcome::Pass).collect();
    let [crash] = crashes[..] else { panic!("{crashes:?}") };
    assert_eq!(crash.verdict, Outcome::Crash);
    let message = crash.message.as_deref().unwrap_or_default();
    for words in ["ended with exit status: 9", "socket/packet/unparsable-closes over", "did not happen again"]
    {
        assert!(message.contains(words), "{words:?} is missing in: {message}");
    }
}
