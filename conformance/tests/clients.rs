//! Clients in other languages than JavaScript hold their conversations (`fixtures/clients`) with the reference server, and
//! with socket.io: those of python-socketio, synchronous and asynchronous, and that of rust_socketio.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::path::{Path, PathBuf};

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

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_rust_client_talks_to_the_reference_server() {
    let told = speak(rust_client(), Target::Embedded { fault: None }).await;
    assert!(told.ends_with("27 passed, 0 failed\n"), "{told}");
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_rust_client_notices_a_fault() {
    let told =
        speak(rust_client(), Target::Embedded { fault: Some("broadcast-includes-sender".to_owned()) }).await;
    for over in ["polling", "websocket", "upgrade"] {
        assert!(told.contains(&format!("FAIL  {over}: does not hear its own broadcast")), "{told}");
    }
}

/// What the clients of python-socketio told of their conversations with a server.
async fn converse(target: Target) -> String {
    let folder = fixtures().join("clients/python-socketio");
    let mut client = Command::new(installed(folder.join(".venv/bin/python")));
    client.arg(folder.join("drive.py"));
    speak(client, target).await
}

/// What a client, which takes the address as its last argument, told of its conversations with a server.
async fn speak(mut client: Command, target: Target) -> String {
    let server = target.start(Variant::Calm, &Approach::default()).await.unwrap();
    let url = format!("http://{}", server.site.authority);
    let output = client.arg(url).kill_on_drop(true).output().await;
    server.stop().await;
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[cfg(feature = "embedded")]
fn rust_client() -> Command {
    let target = fixtures().join("../target/clients/debug/siospec-client-rust_socketio");
    Command::new(installed(target))
}

fn installed(program: PathBuf) -> PathBuf {
    assert!(program.exists(), "{} is missing: `scripts/test.sh` installs it", program.display());
    program
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}
