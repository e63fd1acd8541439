//! The command line, run as a user runs it.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
};

use clap::CommandFactory;
use siospec::cli::Cli;

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn decode_annotates_an_event() {
    insta::assert_snapshot!(siospec(&["decode", r#"42/chat,7["hello",1,{"key":null}]"#], ""));
}

#[test]
fn decode_annotates_a_payload_with_an_attachment() {
    let payload =
        "451-[\"file\",{\"in\":[{\"_placeholder\":true,\"num\":0}]}]\u{1e}bAQID\u{1e}2probe\u{1e}bBA==";
    insta::assert_snapshot!(siospec(&["decode", payload], ""));
}

#[test]
fn decode_annotates_a_handshake() {
    let open = r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    insta::assert_snapshot!(siospec(&["decode", "-"], open));
}

#[test]
fn decode_counts_what_is_missing() {
    insta::assert_snapshot!(siospec(
        &["decode", "--socket", r#"52-["two",{"_placeholder":true,"num":1}]"#],
        ""
    ));
}

#[test]
fn decode_points_at_the_error() {
    insta::assert_snapshot!(siospec(&["decode", "40\u{1e}42[\"ключ\",]"], ""));
}

#[test]
fn decode_points_into_a_long_packet() {
    let long = format!("42[\"x\",\"{}\",!,\"{}\"]", "é".repeat(200), "y".repeat(200));
    insta::assert_snapshot!(siospec(&["decode", &long], ""));
}

#[test]
fn decode_refuses_text_instead_of_an_attachment() {
    let payload = "451-[\"file\",{\"_placeholder\":true,\"num\":0}]\u{1e}42[\"text\"]";
    insta::assert_snapshot!(siospec(&["decode", payload], ""));
}

#[test]
fn decode_writes_json() {
    insta::assert_snapshot!(siospec(&["decode", "--json", r#"430["ok"]"#], ""));
    insta::assert_snapshot!(siospec(&["decode", "--json", "4"], ""));
}

#[test]
fn decode_reads_files_and_hexadecimal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("packet");
    fs::write(&file, "3 4 32\n5b2261 225d\n").unwrap();
    insta::assert_snapshot!(siospec(&["decode", "--hex", file.to_str().unwrap()], ""));
    insta::assert_snapshot!(siospec(&["decode", "--hex", "34ff"], ""));
}

#[test]
fn decode_reads_version_3() {
    insta::assert_snapshot!(siospec(
        &["decode", "--eio", "3", "14:42[\"hi\",\"é😀\"]0:10:b4AQIDBA==1:3"],
        ""
    ));
    insta::assert_snapshot!(siospec(
        &["decode", "--eio", "3", "--hex", "00 02 ff 34 30 01 04 ff 04 01 02 03"],
        ""
    ));
    insta::assert_snapshot!(siospec(&["decode", "--eio", "3", "--hex", "04 ff"], ""));
    insta::assert_snapshot!(siospec(&["decode", "--eio", "3", "2probe"], ""));
    insta::assert_snapshot!(siospec(&["decode", "--eio", "3", "9:42[\"a\"]"], ""));
    insta::assert_snapshot!(siospec(&["decode", "--eio", "3", "--json", "--hex", "01 09 ff 04"], ""));
}

#[test]
fn decode_reads_messagepack() {
    let packet = "84a47479706502a464617461 94a568656c6c6fc4020102d40000a178 a26964 07 a36e7370a22f61";
    insta::assert_snapshot!(siospec(&["decode", "--parser", "msgpack", "--hex", packet], ""));
    insta::assert_snapshot!(siospec(
        &["decode", "--parser", "msgpack", "--socket", "--json", "--hex", packet],
        ""
    ));
    let connect = "2\u{1e}bg6R0eXBlAKNuc3ChL6RkYXRhgaV0b2tlbqEx";
    insta::assert_snapshot!(siospec(&["decode", "--parser", "msgpack", connect], ""));
    insta::assert_snapshot!(siospec(
        &["decode", "--parser", "msgpack", "--hex", "82a47479706502a36e7370a12fc1"],
        ""
    ));
}

#[test]
fn decode_reads_what_a_browser_recorded() {
    insta::assert_snapshot!(siospec(&["decode", &har("session.har")], ""));
    let json = siospec(&["decode", "--json", &har("session.har")], "");
    let document: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    let events = document["sessions"][0]["events"].as_array().unwrap();
    assert_eq!((events.len(), &document["sessions"][0]["eio"]), (22, &4.into()));
    assert!(json.ends_with("exit 0\n"), "{json}");
}

#[test]
fn decode_reads_a_recording_with_oddities() {
    insta::assert_snapshot!(siospec(&["decode", &har("odd.har")], ""));
    insta::assert_snapshot!(siospec(&["decode", "--har", "--json", &har("odd.har")], ""));
}

#[test]
fn decode_says_what_is_wrong_with_a_recording() {
    let whole = fs::read_to_string(har("session.har")).unwrap();
    let cases = [
        &whole[..whole.len() / 2],
        "{}",
        r#"{"log":{"entries":[{"startedDateTime":"2026-01-31T12:00:00Z","request":{"method":"GET"}}]}}"#,
        r#"{"log":{"entries":[]}}"#,
        r#"{"log":{"entries":[{"startedDateTime":"today","request":{"method":"GET","url":"http://a/?EIO=4&transport=polling"},"response":{"status":200}}]}}"#,
        "42[\"a\"]",
    ];
    let said: Vec<_> = cases.iter().map(|case| siospec(&["decode", "--har", "-"], case)).collect();
    insta::assert_snapshot!(said.join("\n"));
}

fn har(name: &str) -> String {
    format!("{}/../fixtures/har/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn report_renders_a_recorded_run() {
    let run = concat!(
        r#"{"event":"start","tool":"siospec","version":"0.1.0","seed":7,"target":{"name":"chat","contract":"echo","features":[]},"selected":1,"rules":1,"groups":[{"name":"socket/acks","cases":1}]}"#,
        "\n",
        r#"{"event":"verdict","rule":"socket/acks/zero","level":"reference","over":"polling","variant":"default","verdict":"fail","known":false,"expected":"430[]","observed":"nothing","at_ms":0,"ms":40}"#,
        "\n",
        r#"{"event":"end","counts":{"fail":1},"seconds":0.04,"exit":1}"#,
        "\n"
    );
    insta::assert_snapshot!(siospec(&["report", "-"], run));
    insta::assert_snapshot!(siospec(&["report", "-", "--as", "markdown"], run));
}

#[test]
fn report_names_the_line_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    fs::write(&file, "{\"event\":\"start\"}\nnonsense\n").unwrap();
    let text = siospec(&["report", file.to_str().unwrap()], "");
    assert!(text.contains("line 2 is not an event of a run"), "{text}");
    assert!(text.ends_with("exit 2\n"), "{text}");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(siospec(&["completions", shell], "").contains("decode"), "{shell}");
    }
}

#[test]
fn contract_prints_the_contract() {
    let text = siospec(&["contract"], "");
    assert!(text.starts_with("# The testee contract") && text.contains("SIO_PING_INTERVAL"), "{text}");
}

#[cfg(feature = "embedded")]
#[test]
fn the_reference_server_is_a_command_that_can_be_judged() {
    let binary = env!("CARGO_BIN_EXE_siospec");
    let text = siospec(&["test", "engine/handshake", "--contract", "delivery", "--", binary, "serve"], "");
    assert!(text.ends_with("exit 0\n"), "{text}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_reported_and_leaves_nothing_behind() {
    let testee = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/testees/socket.io/testee.js");
    let (exit, report, processes) = interrupted(&["node", testee]);
    assert_eq!(exit, Some(130), "{report}");
    let last = report.lines().last().unwrap_or_default();
    assert!(last.contains(r#""event":"end""#) && last.contains(r#""exit":130"#), "{last}");
    assert!(!processes.is_empty());
    for process in processes {
        assert!(!fs::exists(format!("/proc/{process}")).unwrap(), "the testee {process} still runs");
    }
}

/// Interrupts a long run after its first event; gives the exit code, the report and the testees' process ids.
#[cfg(unix)]
fn interrupted(testee: &[&str]) -> (Option<i32>, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("ids");
    // Says who it is, then becomes the testee.
    let script = r#"echo $$ >> "$0"; exec "$@""#;
    let mut child = Command::new(env!("CARGO_BIN_EXE_siospec"))
        .args(["test", "--repeat", "200", "--report", "jsonl=-", "--", "sh", "-c", script])
        .arg(&ids)
        .args(testee)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut report = String::new();
    out.read_line(&mut report).unwrap();
    assert!(report.contains(r#""event":"start""#), "has scripts/setup.sh run? {report}");
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    out.read_to_string(&mut report).unwrap();
    let exit = child.wait().unwrap().code();
    let ids = fs::read_to_string(&ids).unwrap();
    (exit, report, ids.lines().map(str::to_owned).collect())
}

#[test]
fn usage_errors_end_with_2() {
    for arguments in
        [&["nonsense"][..], &[], &["report"], &["decode", "--nonsense"], &["report", "/does/not/exist"]]
    {
        let text = siospec(arguments, "");
        assert!(text.ends_with("exit 2\n"), "{arguments:?}: {text}");
    }
}

/// Everything the command says, and its exit code.
fn siospec(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_siospec"))
        .args(arguments)
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    text + &format!("exit {}\n", output.status.code().unwrap())
}
