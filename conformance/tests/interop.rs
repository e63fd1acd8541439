//! The official JavaScript client holds its conversation (`fixtures/clients/socket.io-client`) with the
//! reference server, and with the server it was written for.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure report")]

use std::path::{Path, PathBuf};

use siospec::{
    scenario::Variant,
    target::{Approach, Target},
};
use tokio::process::Command;

/// A script of the client with its options, and the server it is for.
type Conversation = (&'static [&'static str], Variant);

const DRIVE: Conversation = (&["drive.mjs"], Variant::Default);
const DRIVE_PACKED: Conversation = (&["drive.mjs", "msgpack"], Variant::Msgpack);
const THREE: Conversation = (&["drive.mjs", "3.1.3"], Variant::Default);
const OLD: Conversation = (&["old.mjs"], Variant::Old);
const RECOVER: Conversation = (&["recover.mjs"], Variant::Recovery);

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_talks_to_the_reference_server() {
    goes_well(converse(DRIVE, Target::Embedded { fault: None }).await);
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_notices_a_fault() {
    let told = converse(DRIVE, Target::Embedded { fault: Some("null-argument-dropped".to_owned()) })
        .await
        .unwrap_err();
    assert_eq!(
        told.matches("FAIL  ").count(),
        3,
        "one conversation each over polling, WebSocket, upgrade:\n{told}"
    );
    assert!(told.contains("FAIL  upgrade: exchanges events"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_talks_to_the_official_server() {
    goes_well(converse(DRIVE, socket_io()).await);
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_comes_back_to_the_reference_server() {
    goes_well(converse(RECOVER, Target::Embedded { fault: None }).await);
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_notices_what_it_missed_twice() {
    let told = converse(RECOVER, Target::Embedded { fault: Some("missed-sent-twice".to_owned()) }).await;
    let told = told.unwrap_err();
    assert!(told.contains("FAIL  polling: comes back with what it missed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_comes_back_to_the_official_server() {
    goes_well(converse(RECOVER, socket_io()).await);
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_writes_messagepack_to_the_reference_server() {
    goes_well(converse(DRIVE_PACKED, Target::Embedded { fault: None }).await);
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_notices_wrong_messagepack() {
    let told = converse(DRIVE_PACKED, Target::Embedded { fault: Some("packed-bytes-apart".to_owned()) });
    let told = told.await.unwrap_err();
    assert!(told.contains("FAIL  websocket: exchanges binary"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_writes_messagepack_to_the_official_server() {
    goes_well(converse(DRIVE_PACKED, socket_io()).await);
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_of_version_three_talks_to_the_reference_server() {
    goes_well(converse(THREE, Target::Embedded { fault: None }).await);
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_of_version_two_talks_to_the_reference_server() {
    goes_well(converse(OLD, Target::Embedded { fault: None }).await);
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_of_version_two_notices_a_fault() {
    let told = converse(OLD, Target::Embedded { fault: Some("null-argument-dropped".to_owned()) }).await;
    let told = told.unwrap_err();
    assert!(told.contains("FAIL  websocket: exchanges events"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_of_version_two_talks_to_the_official_server() {
    goes_well(converse(OLD, socket_io()).await);
}

/// The official server.
fn socket_io() -> Target {
    let folder = installed("testees/socket.io");
    let command = ["node".to_owned(), folder.join("testee.js").display().to_string()].to_vec();
    Target::Process { command, env: Vec::new() }
}

fn goes_well(conversation: Result<(), String>) {
    if let Err(told) = conversation {
        panic!("{told}");
    }
}

/// Starts the server, lets the client hold its conversation with it, and stops the server. An error is what the
/// client told of a conversation that went wrong.
async fn converse((words, variant): Conversation, target: Target) -> Result<(), String> {
    let folder = installed("clients/socket.io-client");
    let node = Command::new("node").arg("--version").output().await;
    assert!(node.is_ok(), "node is missing: scripts/test.sh installs it");
    let approach = Approach::default();
    let server = target.start(variant, &approach).await.unwrap();
    let url = format!("http://{}", server.site.authority);
    let [script, options @ ..] = words else { panic!("a conversation has a script") };
    let conversation = Command::new("node")
        .arg(folder.join(script))
        .arg(url)
        .args(options)
        .kill_on_drop(true)
        .output()
        .await;
    server.stop().await;
    let output = conversation.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && told.trim_end().ends_with(" 0 failed") {
        return Ok(());
    }
    Err(format!("{}\n{told}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// A folder of the fixtures whose packages are installed.
fn installed(folder: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
    assert!(
        folder.join("node_modules").is_dir(),
        "the packages of {} are missing: `scripts/test.sh` installs them, or `npm ci` in that folder",
        folder.display()
    );
    folder
}
