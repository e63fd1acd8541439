//! What cannot be judged is told apart: each way has its own message and exit code.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::{Command, Output},
    thread,
};

/// Runs `siospec`; gives its exit code and what it said on standard error.
fn siospec(arguments: &[&str]) -> (i32, String) {
    let output: Output =
        Command::new(env!("CARGO_BIN_EXE_siospec")).args(arguments).output().expect("siospec starts");
    let code = output.status.code().expect("siospec ends by itself");
    (code, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Demands an exit code and words of the message.
fn fails(arguments: &[&str], code: i32, words: &[&str]) {
    let (got, message) = siospec(arguments);
    assert_eq!(got, code, "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: {word:?} is missing in: {message}");
    }
}

/// An address on which nobody listens.
fn deserted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("it is bound"))
}

#[test]
fn an_unknown_selector_selects_nothing() {
    fails(&["test", "engine/nonsense"], 4, &["engine/nonsense", "siospec list"]);
    fails(&["test", "engine/upgrade", "--over", "polling"], 4, &["transports"]);
    fails(&["test", "delivery", "--level", "must"], 4, &["protocol texts", "--level reference"]);
    fails(&["explain", "late-poll"], 4, &["engine/upgrade/late-poll-released"]);
}

#[test]
fn a_url_where_nobody_listens_is_unreachable() {
    let url = deserted();
    fails(&["test", &url], 3, &[&url, "connection refused", "is the server running"]);
}

#[test]
fn what_is_no_url_is_a_usage_error() {
    fails(&["test", "https://127.0.0.1:1"], 2, &["https://127.0.0.1:1", "TLS"]);
    fails(&["test", "ftp://127.0.0.1:1"], 2, &["the scheme must be http"]);
}

#[test]
fn a_server_that_answers_html_is_no_engine() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    // Ends with the test's process: it waits for a connection that nobody makes.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let Ok(copy) = stream.try_clone() else { continue };
            let head = BufReader::new(copy).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            head.for_each(drop);
            let body = "<!DOCTYPE html><title>Welcome</title>";
            let length = body.len();
            let _gone = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    fails(&["test", &url], 3, &["no Engine.IO handshake", "<!DOCTYPE html>", "--path"]);
}

#[test]
fn a_command_that_cannot_be_started_is_named() {
    fails(&["test", "--", "no-such-command-anywhere"], 3, &["no-such-command-anywhere", "is it installed"]);
}

#[test]
fn another_version_of_the_contract_is_not_the_stated_one() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/testees/socket.io");
    let testee = std::fs::read_to_string(format!("{fixture}/testee.js")).expect("the fixture is there");
    let folder = tempfile::tempdir().expect("a folder for the testee");
    let file = folder.path().join("testee.js");
    std::fs::write(&file, testee.replace("contract: 1,", "contract: 2,")).expect("the folder can be written");
    let packages = format!("NODE_PATH={fixture}/node_modules");
    let file = file.to_str().expect("a path in plain words");
    let arguments =
        ["test", "engine/handshake", "--contract", "delivery", "--env", &packages, "--", "node", file];
    fails(&arguments, 3, &["answers `about` with {\"contract\":2", "siospec contract"]);
}

#[cfg(unix)]
#[test]
fn a_command_that_dies_at_once_is_quoted() {
    let script = "echo 'no configuration found' >&2; exit 7";
    fails(
        &["test", "--", "sh", "-c", script],
        3,
        &["ended at once with exit status: 7", "| no configuration found"],
    );
}

#[cfg(unix)]
#[test]
fn a_command_that_never_listens_is_given_up() {
    let script = "echo 'still warming up'; exec sleep 600";
    let arguments = ["test", "--timeout-scale", "0.1", "--", "sh", "-c", script];
    fails(&arguments, 3, &["does not listen on 127.0.0.1:", "$PORT", "| still warming up"]);
}

#[test]
fn a_report_that_cannot_be_written_is_found_before_the_run() {
    let arguments = ["test", "--report", "junit=/no/such/folder/junit.xml"];
    fails(&arguments, 2, &["/no/such/folder/junit.xml"]);
}

#[cfg(feature = "embedded")]
#[test]
fn a_port_in_use_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    fails(&["serve", "--listen", &address], 2, &["cannot listen on", &address]);
    fails(&["serve", "--fault", "nonsense"], 2, &["nonsense", "--fault list"]);
}
