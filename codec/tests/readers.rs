//! The vectors as other languages read them (`fixtures/readers`): the parsers of JavaScript and of Python
//! differ from the vectors' verdicts where their lists of known differences say so, and nowhere else.

#![expect(clippy::unwrap_used, reason = "a panic in a test is the failure report")]

use std::path::PathBuf;
use std::process::Command;

#[test]
fn the_parsers_of_javascript_differ_only_where_it_is_known() {
    let folder = reader("javascript", "node_modules/socket.io-parser/package.json");
    reads(Command::new("node").arg(folder.join("check.mjs")), 600);
}

#[test]
fn the_parsers_of_python_differ_only_where_it_is_known() {
    let folder = reader("python", ".venv/bin/python");
    // `-B`: a test leaves no compiled files behind.
    reads(Command::new(folder.join(".venv/bin/python")).arg("-B").arg(folder.join("check.py")), 500);
}

/// Runs a reader, which has to find at least so many vectors: one that reads nothing finds no difference.
fn reads(command: &mut Command, at_least: usize) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {INSTALL}"));
    let told = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{told}{complaints}", output.status);
    let last = told.lines().last().unwrap_or_default();
    let vectors: usize = last.split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{told}"));
    assert!(vectors >= at_least, "only {vectors} vectors were read:\n{told}");
    assert!(last.ends_with(" known differences, 0 unlisted"), "{told}");
}

/// The folder of a reader whose packages are installed.
fn reader(language: &str, proof: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/readers").join(language);
    assert!(folder.join(proof).exists(), "fixtures/readers/{language}/{proof} is missing; {INSTALL}");
    folder
}

const INSTALL: &str = "please run scripts/setup.sh";
