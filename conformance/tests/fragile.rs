//! A server that dies is noticed, started again, and charged to the case that killed it; the run goes on.

use std::{collections::BTreeMap, process::Command};

use siospec::report::{Event, event::Outcome, read};

const TESTEE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/testees/fragile/testee.js");

/// Judges the fragile testee; gives the exit code and the verdicts by rule.
fn judge(how: &str) -> (i32, BTreeMap<String, Vec<Outcome>>) {
    let fragile = format!("FRAGILE={how}");
    let output = Command::new(env!("CARGO_BIN_EXE_siospec"))
        .args(["test", "socket/packet", "socket/events", "--timeout-scale", "0.3", "--report", "jsonl=-"])
        .args(["--env", &fragile, "--", "node", TESTEE])
        .output()
        .expect("siospec starts");
    let mut verdicts: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for event in read(output.stdout.as_slice()) {
        if let Event::Verdict(case) = event.expect("the run is recorded") {
            verdicts.entry(case.rule).or_default().push(case.verdict);
        }
    }
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(
        !verdicts.is_empty(),
        "nothing was judged; is Node.js there, and has scripts/setup.sh run? {shown}"
    );
    (output.status.code().expect("siospec ends by itself"), verdicts)
}

fn is_charged(how: &str, charge: Outcome) {
    let (exit, verdicts) = judge(how);
    assert_eq!(exit, 1, "{verdicts:?}");
    for (rule, outcomes) in &verdicts {
        let expected = if rule == "socket/packet/unparsable-closes" { charge } else { Outcome::Pass };
        assert_eq!(outcomes, &[expected; 3], "{rule}");
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
