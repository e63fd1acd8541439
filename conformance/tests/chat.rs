//! Two browsers chat on `siospec serve --app chat`; one loses its network and comes back (`fixtures/clients/chat`).

#![cfg(feature = "embedded")]

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

#[tokio::test]
async fn who_loses_the_network_has_every_message_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = installed(&root, "fixtures/clients/socket.io-client", "socket.io-client/dist");
    let folder = installed(&root, "fixtures/clients/chat", "playwright-core").join("../..");
    let mut server = Command::new(env!("CARGO_BIN_EXE_siospec"))
        .args(["serve", "--app", "chat", "--listen", "127.0.0.1:0", "--client-files"])
        .arg(files)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let url = line.strip_prefix("listening on ").unwrap();
    let browsers = Command::new("node").arg(folder.join("chat.mjs")).arg(url).kill_on_drop(true).output();
    let output = browsers.await.expect("node is installed: scripts/test.sh installs it");
    server.kill().await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.trim_end().ends_with("\n0 failed"),
        "{}\n{told}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A package of a folder of the fixtures.
fn installed(root: &Path, folder: &str, package: &str) -> PathBuf {
    let path = root.join(folder).join("node_modules").join(package);
    assert!(path.is_dir(), "{} is missing: `scripts/test.sh` installs it", path.display());
    path
}
