//! `siospec test --out` and `siospec replay`, as a user runs them.
#![cfg(feature = "embedded")]
#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const RULE: &str = "engine/upgrade/late-poll-released";
const FAULT: &str = "late-poll-not-released";
const BINARY: &str = env!("CARGO_BIN_EXE_siospec");

/// What a command says, and its exit code.
fn siospec(arguments: &[&str], server: &[&str]) -> (String, i32) {
    let output = Command::new(BINARY)
        .args(arguments)
        .args(if server.is_empty() { &[][..] } else { &["--", BINARY, "serve"] })
        .args(server)
        .output()
        .unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    (text, output.status.code().unwrap())
}

/// The transcript of a failure, written to a folder.
fn transcript(folder: &Path, rule: &str, fault: &str) -> PathBuf {
    let out = folder.to_str().unwrap();
    let (text, exit) = siospec(
        &["test", rule, "--contract", "delivery", "--level", "all", "--out", out],
        &["--fault", fault],
    );
    assert_eq!(exit, 1, "{text}");
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "{text}");
    let named = text.lines().any(|line| line.trim_start().starts_with("replay siospec replay "));
    assert!(named, "{text}");
    files[0].clone()
}

#[test]
fn a_failure_is_written_and_played_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = transcript(folder.path(), RULE, FAULT);
    assert_eq!(file.file_name().unwrap(), "engine-upgrade-late-poll-released.upgraded.siot");
    let file = file.to_str().unwrap();
    let (text, exit) = siospec(&["replay", file], &["--fault", FAULT]);
    assert!(exit == 1 && text.starts_with("FAILED "), "{text}");
    let (text, exit) = siospec(&["replay", file, "--repeat", "3"], &[]);
    assert!(exit == 0 && text.starts_with("FIXED "), "{text}");
    let (text, exit) = siospec(&["replay", file, "--json"], &["--fault", FAULT]);
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((exit, answer["answer"].as_str(), answer["rule"].as_str()), (1, Some("failed"), Some(RULE)));
}

#[test]
fn a_transcript_is_made_smaller_and_still_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = transcript(folder.path(), RULE, FAULT);
    let small = folder.path().join("small.siot");
    let (file, small) = (file.to_str().unwrap(), small.to_str().unwrap());
    let (text, exit) =
        siospec(&["replay", "--timeout-scale", "0.3", "--minimise", small, file], &["--fault", FAULT]);
    assert_eq!(exit, 1, "{text}");
    let steps = |path: &str| siospec::siot::parse(&fs::read_to_string(path).unwrap()).unwrap().steps.len();
    assert!(steps(small) < steps(file), "{text}");
    assert!(siospec(&["replay", small], &["--fault", FAULT]).0.starts_with("FAILED "));
    assert!(siospec(&["replay", small], &[]).0.starts_with("FIXED "));
}

#[test]
fn what_lies_in_time_is_an_error_and_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = transcript(folder.path(), "engine/heartbeat/ping-not-early", "ping-at-once");
    let (text, exit) = siospec(&["replay", file.to_str().unwrap()], &[]);
    assert_eq!(exit, 6, "{text}");
    assert!(text.starts_with("ERROR ") && text.contains("not replayable"), "{text}");
}

#[test]
fn what_cannot_be_read_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.siot");
    fs::write(&file, "siot 1\nalice > open pigeon\n").unwrap();
    let (text, exit) = siospec(&["replay", file.to_str().unwrap()], &[]);
    assert_eq!(exit, 6, "{text}");
    assert!(text.contains("line 2, column 14"), "{text}");
    let (text, exit) = siospec(&["replay", "/does/not/exist.siot"], &[]);
    assert!(exit == 6 && text.contains("cannot be read"), "{text}");
    let (text, exit) = siospec(&["replay", "http://127.0.0.1:1"], &[]);
    assert!(exit == 2 && text.contains("no transcript is named"), "{text}");
}
