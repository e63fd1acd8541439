//! `siospec fuzz`: a crash is found from nothing, written down, and played again.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

const SIOSPEC: &str = env!("CARGO_BIN_EXE_siospec");

fn fuzz(folder: &Path, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let report = folder.join("run.jsonl");
    let output = Command::new(SIOSPEC)
        .arg("fuzz")
        .arg("--report")
        .arg(format!("jsonl={}", report.display()))
        .arg("--out")
        .arg(folder.join("found"))
        .args(arguments)
        .output()
        .expect("siospec runs");
    let lines = fs::read_to_string(report).unwrap_or_default();
    let events =
        lines.lines().map(|line| serde_json::from_str(line).expect("each line is an event")).collect();
    (output.status.code(), events, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_crash_is_found_from_nothing_and_played_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let testees = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/testees");
    let [fragile, sound] = ["fragile", "socket.io"].map(|name| testees.join(name).join("testee.js"));
    let [fragile, sound] = [&fragile, &sound].map(|path| path.to_str().expect("a path of this project"));
    // A message that has no type of Socket.IO is the end of it.
    let server = ["--env", "FRAGILE=crash", "--env", "FRAGILE_ON=^[^0-6]", "--", "node", fragile];
    let search = ["--seed", "1", "--cases", "4000", "--max-findings", "1", "--oracle", "process-ended"];
    let (exit, events, told) = fuzz(folder.path(), &[&search[..], &server].concat());
    assert_eq!(exit, Some(1), "{told}");
    let finding = events.iter().find(|event| event["event"] == "finding").expect("a finding is reported");
    assert_eq!(finding["oracle"], "process-ended");
    let file = finding["replay"].as_str().expect("it is written down");
    for (server, answer) in [(&server[..], "FAILED"), (&["--", "node", sound][..], "FIXED")] {
        let output =
            Command::new(SIOSPEC).args(["replay", file]).args(server).output().expect("siospec runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(answer), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_same_seed_prints_the_same_cases() {
    let print = |seed: &str| {
        let output = Command::new(SIOSPEC)
            .args(["fuzz", "--print", "50", "--seed", seed])
            .output()
            .expect("siospec runs");
        String::from_utf8(output.stdout).expect("transcripts are text")
    };
    let cases = print("7");
    assert_eq!(cases, print("7"));
    assert_ne!(cases, print("8").replace("of seed 8", "of seed 7"));
    assert_eq!(cases.matches("# case ").count(), 50);
}

#[test]
fn other_machines_are_left_alone_unless_it_is_said_otherwise() {
    let output = Command::new(SIOSPEC)
        .args(["fuzz", "http://192.0.2.1:3000", "--time", "1"])
        .output()
        .expect("siospec runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--allow-host"));
}

#[test]
fn a_server_that_cannot_be_fuzzed_is_no_finding() {
    let output = Command::new(SIOSPEC).args(["fuzz", "--", "false"]).output().expect("siospec runs");
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a server does not let go of, the oracle that says so, and the rest of a transcript: fields, an empty line, steps.
const LEAKS: [(&str, &str, &str); 5] = [
    (
        "held",
        "memory-held",
        r#"
alice > open websocket
alice > send 40
alice < within 1000 ms any anything
alice > 3000 times send 42["x"]
"#,
    ),
    (
        "memory",
        "memory-kept",
        r#"rounds: 60

alice > open websocket
alice > send 40
alice > send 42["x"]
alice < within 100 ms any anything
alice > drop
"#,
    ),
    (
        "threads",
        "threads",
        r#"
alice > open websocket
alice > send 40
alice < within 1000 ms any anything
alice > send 42["x"]
alice + 42["x"]
alice + 42["x"]
alice + 42["x"]
wait 100 ms
alice > drop
"#,
    ),
    (
        "descriptors",
        "descriptors",
        r#"
alice > open websocket
alice > send 40
alice < within 1000 ms any anything
alice > 40 times send 42["x"]
wait 100 ms
alice > drop
"#,
    ),
    (
        "sessions",
        "session-kept",
        r"
alice > handshake
alice > poll
alice > drop
",
    ),
];

#[test]
fn whatever_is_not_let_go_of_is_told_from_what_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let testees = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/testees");
    let leaky = testees.join("leaky/testee.js");
    let leaky = leaky.to_str().expect("a path of this project");
    std::thread::scope(|scope| {
        for (leak, oracle, rest) in LEAKS {
            let file = folder.path().join(format!("{leak}.siot"));
            fs::write(&file, format!("siot 1\noracle: {oracle}\n{rest}")).expect("a transcript");
            for (env, answer) in [(format!("LEAK={leak}"), "FAILED"), ("LEAK=nothing".to_owned(), "FIXED")] {
                let file = file.clone();
                scope.spawn(move || {
                    let output = Command::new(SIOSPEC)
                        .arg("replay")
                        .arg(file)
                        .args(["--env", &env, "--", "node", leaky])
                        .output()
                        .expect("siospec runs");
                    let said = String::from_utf8_lossy(&output.stdout);
                    assert!(
                        said.contains(answer),
                        "{leak} with {env}: {said}{}",
                        String::from_utf8_lossy(&output.stderr)
                    );
                });
            }
        }
    });
}

/// A fault of the reference server, the oracle that says so, and the steps that show it.
const WRONG: [(&str, &str, &str); 4] = [
    (
        "ack-zero-ignored",
        "delivery",
        r#"
alice > open websocket
alice > send 40
alice < within 1000 ms any anything
alice > send 420["message-with-ack",1]
"#,
    ),
    (
        "upgrade-repeats-last",
        "delivery",
        r#"
bob > handshake
bob > send 40
bob > poll
bob > send 42["message",1]
bob > poll
bob > websocket "EIO=4&transport=websocket&sid=$bob"
bob > send 2probe
bob < within 1000 ms any anything
bob > send 5
"#,
    ),
    (
        "unasked-ack",
        "state",
        r#"
alice > open websocket
alice > send 40
alice < within 1000 ms any anything
alice > send 42["message-with-ack",1]
"#,
    ),
    (
        "auth-before-connect",
        "state",
        r"
alice > open websocket
alice > send 40
",
    ),
];

#[test]
fn what_a_legal_client_is_not_due_is_told_from_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        for (fault, oracle, rest) in WRONG {
            let file = folder.path().join(format!("{fault}.siot"));
            fs::write(&file, format!("siot 1\noracle: {oracle}\n{rest}")).expect("a transcript");
            for (wrong, answer) in [(vec!["--fault", fault], "FAILED"), (Vec::new(), "FIXED")] {
                let file = file.clone();
                scope.spawn(move || {
                    let output = Command::new(SIOSPEC)
                        .arg("replay")
                        .arg(file)
                        .args(["--", SIOSPEC, "serve"])
                        .args(&wrong)
                        .output()
                        .expect("siospec runs");
                    let said = String::from_utf8_lossy(&output.stdout);
                    let told = String::from_utf8_lossy(&output.stderr);
                    assert!(said.contains(answer), "{fault} {wrong:?}: {said}{told}");
                });
            }
        }
    });
}
