//! The clients of python-socketio, synchronous and asynchronous, hold their conversations
//! (`fixtures/clients/python-socketio`) with the reference server, and with socket.io.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::path::Path;

use siospec::{
    scenario::Variant,
    target::{Approach, Target},
};
use tokio::process::Command;

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_python_clients_talk_to_the_reference_server() {
    let told = converse(Target::Embedded { fault: None }).await;
    assert!(told.ends_with(", 0 failed\n"), "{told}");
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_python_clients_notice_a_fault() {
    let told = converse(Target::Embedded { fault: Some("null-argument-dropped".to_owned()) }).await;
    let transports = ["polling", "websocket", "upgrade"];
    for kind in ["sync", "asyncio"] {
        for over in transports {
            assert!(told.contains(&format!("FAIL  {kind}, {over}: exchanges events")), "{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_clients_talk_to_socket_io() {
    let testee = fixtures().join("testees/socket.io/testee.js").display().to_string();
    let told = converse(Target::Process { command: vec!["node".to_owned(), testee], env: Vec::new() }).await;
    assert!(told.ends_with(", 0 failed\n"), "{told}");
}

/// What the clients told of their conversations with a server.
async fn converse(target: Target) -> String {
    let folder = fixtures().join("clients/python-socketio");
    let python = folder.join(".venv/bin/python");
    assert!(python.exists(), "{} is missing: `scripts/test.sh` installs it", python.display());
    let server = target.start(Variant::Calm, &Approach::default()).await.unwrap();
    let url = format!("http://{}", server.site.authority);
    let output = Command::new(python).arg(folder.join("drive.py")).arg(url).kill_on_drop(true).output().await;
    server.stop().await;
    String::from_utf8(output.unwrap().stdout).unwrap()
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}
