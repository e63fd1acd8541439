//! Expected failures, the last run, and shares of the catalogue, as a user works with them.
#![cfg(feature = "embedded")]
#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use siospec::report::{Event, event::Case, read};

/// Two rules of which the fault breaks the second.
const RULES: [&str; 2] = ["delivery/rooms/join", "delivery/rooms/members-only"];
const FAULT: &str = "room-filter-ignored";

/// Runs the command in a folder, which is also where it keeps its last run.
fn siospec(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_siospec"))
        .args(arguments)
        .current_dir(folder)
        .env("SIOSPEC_CACHE_DIR", folder.join("cache"))
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

/// Judges the reference server with this fault, or without.
fn judge(folder: &Path, fault: Option<&str>, options: &[&str]) -> (Option<i32>, String) {
    let mut arguments = vec!["test", "--timeout-scale", "0.3"];
    arguments.extend(options);
    arguments.extend(["--", env!("CARGO_BIN_EXE_siospec"), "serve"]);
    if let Some(fault) = fault {
        arguments.extend(["--fault", fault]);
    }
    siospec(folder, &arguments)
}

#[test]
fn a_known_failure_counts_again_when_it_passes_or_differs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let with_baseline = [&RULES[..], &["--baseline", "known.toml"]].concat();

    let (exit, said) = judge(folder, Some(FAULT), &RULES);
    assert_eq!(exit, Some(1), "{said}");

    let (exit, said) = siospec(folder, &["baseline", "update", "known.toml", "--reason", "being mended"]);
    assert_eq!(exit, Some(0), "{said}");
    let file = fs::read_to_string(folder.join("known.toml")).unwrap();
    assert!(file.contains(RULES[1]) && file.contains("being mended") && !file.contains(RULES[0]), "{file}");

    let (exit, said) = judge(folder, Some(FAULT), &with_baseline);
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("KNOWN") && said.contains("being mended"), "{said}");

    let (exit, said) = judge(folder, None, &with_baseline);
    assert_eq!(exit, Some(5), "{said}");
    assert!(said.contains("STALE"), "{said}");

    let other = file.replace("outcome = \"fail\"", "outcome = \"fail\"\nmessage = \"a smell of burning\"");
    fs::write(folder.join("known.toml"), other).unwrap();
    let (exit, said) = judge(folder, Some(FAULT), &with_baseline);
    assert_eq!(exit, Some(1), "{said}");
}

#[test]
fn a_baseline_is_checked_against_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    judge(folder, None, &[RULES[1], "--report", "jsonl=run.jsonl"]);
    let entry = format!("[\"{}\"]\noutcome = \"fail\"\nreason = \"old\"\n", RULES[1]);
    fs::write(folder.join("known.toml"), entry).unwrap();
    let (exit, said) = siospec(folder, &["baseline", "check", "known.toml"]);
    assert_eq!(exit, Some(0), "{said}");
    let (exit, said) = siospec(folder, &["baseline", "check", "known.toml", "--against", "run.jsonl"]);
    assert_eq!(exit, Some(5), "{said}");
    assert!(said.contains("stale over polling: line 1"), "{said}");
    fs::write(folder.join("known.toml"), "[\"no/such/rule\"]\n").unwrap();
    let (exit, said) = siospec(folder, &["baseline", "check", "known.toml"]);
    assert_eq!(exit, Some(2), "{said}");
    assert!(said.contains("known.toml, line 1: no rule is called no/such/rule"), "{said}");
}

#[test]
fn what_failed_is_run_again_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (exit, said) = judge(folder, None, &["--failed"]);
    assert_eq!(exit, Some(2), "{said}");
    assert!(said.contains("no run is on record"), "{said}");
    judge(folder, Some(FAULT), &RULES);
    let (exit, said) = judge(folder, None, &["--failed", "--report", "jsonl=run.jsonl"]);
    assert_eq!(exit, Some(0), "{said}");
    assert_eq!(rules(&folder.join("run.jsonl")), [RULES[1]].map(str::to_owned).into());
    let (exit, said) = judge(folder, None, &["--failed"]);
    assert_eq!(exit, Some(4), "{said}");
}

#[test]
fn selectors_come_from_a_file_and_are_shared_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("chosen"), format!("# two of them\n{}\n\n{}\n", RULES[0], RULES[1])).unwrap();
    let mut all = BTreeSet::new();
    for (shard, report) in [("1/2", "one.jsonl"), ("2/2", "two.jsonl")] {
        let report_option = format!("jsonl={report}");
        let (exit, said) = judge(folder, None, &["@chosen", "--shard", shard, "--report", &report_option]);
        assert_eq!(exit, Some(0), "{said}");
        let rules = rules(&folder.join(report));
        assert_eq!(rules.len(), 1, "{rules:?}");
        all.extend(rules);
    }
    assert_eq!(all, RULES.map(str::to_owned).into());
}

/// The rules of a recorded run.
fn rules(run: &Path) -> BTreeSet<String> {
    let run = fs::read(run).unwrap();
    let events = read(run.as_slice()).map(Result::unwrap);
    events
        .filter_map(|event| match event {
            Event::Verdict(Case { rule, .. }) => Some(rule),
            _ => None,
        })
        .collect()
}
