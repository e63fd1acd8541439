//! `siospec probe`: the card of the reference server, of socket.io, and of what is no server of ours.
#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_siospec");
const TESTEE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/testees/socket.io/testee.js");

/// A server, and the URL where it listens. It ends with this.
struct Served {
    child: Child,
    url: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(feature = "embedded")]
fn reference(variables: &[(&str, &str)]) -> Served {
    let mut child = Command::new(BINARY)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    Served { child, url }
}

/// A free port below the range that systems take for outgoing connections: from within it, a connection to a server that
/// does not listen yet may be connected to itself.
fn free_port() -> u16 {
    let drawn = |attempt: u64| u16::try_from(10_240 + RandomState::new().hash_one(attempt) % 22_000).unwrap();
    (0..64).map(drawn).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn socket_io(variables: &[(&str, &str)]) -> Served {
    let port = free_port();
    let child = Command::new("node")
        .arg(TESTEE)
        .env("PORT", port.to_string())
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let served = Served { child, url: format!("http://127.0.0.1:{port}") };
    // It listens once it can be connected to.
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        thread::yield_now();
    }
    served
}

fn probe(url: &str, more: &[&str]) -> (String, i32) {
    let output = Command::new(BINARY).args(["probe", url]).args(more).output().unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    (text, output.status.code().unwrap())
}

fn card(url: &str) -> Value {
    let (text, exit) = probe(url, &["--json"]);
    assert_eq!(exit, 0, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The card without what differs from run to run.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let (before, after) = line.split_once("upgrade in ").unwrap_or((line, ""));
        let after = after.trim_start_matches(|char: char| char.is_ascii_digit());
        let at = if after.is_empty() { "" } else { "upgrade in N" };
        steady.push_str(&format!("{before}{at}{after}\n"));
    }
    steady
}

#[cfg(feature = "embedded")]
#[test]
fn the_card_of_the_reference_server() {
    let served = reference(&[]);
    let (text, exit) = probe(&served.url, &[]);
    assert_eq!(exit, 0, "{text}");
    insta::assert_snapshot!(steady(&text));
}

#[cfg(feature = "embedded")]
#[test]
fn a_card_tells_how_a_server_is_set_up() {
    let served = reference(&[
        ("SIO_PING_INTERVAL", "1500"),
        ("SIO_MAX_PAYLOAD", "5000"),
        ("SIO_COOKIE", "io"),
        ("SIO_CORS", "*"),
    ]);
    let card = card(&served.url);
    assert_eq!(card["heartbeat"]["interval_ms"], 1500, "{card:#}");
    assert_eq!((&card["max_payload_bytes"], &card["limit"]), (&5000.into(), &"enforced".into()), "{card:#}");
    assert_eq!(card["cookie"], "io", "{card:#}");
}

#[cfg(feature = "embedded")]
#[test]
fn a_fault_shows_on_the_card() {
    let mut child = Command::new(BINARY)
        .args(["serve", "--listen", "127.0.0.1:0", "--fault", "probe-unanswered"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let served = Served { child, url };
    assert_eq!(card(&served.url)["transports"]["upgrade"], "silent");
}

#[test]
fn the_card_of_socket_io() {
    let served = socket_io(&[]);
    let (text, exit) = probe(&served.url, &[]);
    assert_eq!(exit, 0, "has scripts/setup.sh run? {text}");
    insta::assert_snapshot!(steady(&text));
}

#[test]
fn a_card_tells_of_recovery_and_of_version_3() {
    let served = socket_io(&[("SIO_RECOVERY", "60000"), ("SIO_EIO3", "1")]);
    let card = card(&served.url);
    assert_eq!(card["socket_io"]["recovery"], true, "{card:#}");
    assert_eq!(card["engine_io"]["three_status"], 200, "{card:#}");
}

#[test]
fn a_card_tells_of_another_parser() {
    let served = socket_io(&[("SIO_PARSER", "msgpack")]);
    let card = card(&served.url);
    assert_eq!(card["socket_io"]["parser"], "msgpack", "{card:#}");
}

#[test]
fn where_nobody_listens_there_is_no_card() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (text, exit) = probe(&url, &[]);
    assert!(exit == 3 && text.contains("no Engine.IO handshake"), "{text}");
    assert_eq!(probe("ftp://127.0.0.1", &[]).1, 2);
}

#[test]
fn what_answers_everything_with_one_page_has_no_card() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the test's process; it serves nobody else.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
            });
        }
    });
    let (text, exit) = probe(&url, &[]);
    assert!(exit == 3 && text.contains("status 200 with hello"), "{text}");
}
