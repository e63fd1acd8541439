//! The property `server` can fail: its seeds show these faults of the reference server, by name.

use siospec_fuzz::server::holds_despite;
use siospec_server::Fault;
use std::{fs, panic, path::Path};

const SHOWN: &[&str] = &[
    "trailing-separator",
    "base64-url-safe",
    "second-get-accepted",
    "second-get-strands-first",
    "second-post-accepted",
    "close-packet-ignored",
    "close-strands-get",
    "bad-packet-skipped",
    "websocket-joins-packets",
    "websocket-binary-prefixed",
    "websocket-close-packet-ignored",
    "probe-unanswered",
    "held-poll-not-released",
    "upgrade-ignored",
    "upgrade-drops-buffer",
    "bad-probe-closes-session",
    "dropped-probe-closes-session",
    "close-leaves-probe-open",
    "upgrade-stops-heartbeat",
    "no-ping",
    "ping-with-data",
    "ping-at-once",
    "ping-once",
    "ping-timeout-ignored",
    "ping-timeout-halved",
    "connect-without-sid",
    "auth-before-connect",
    "auth-dropped",
    "unknown-namespace-closes",
    "connect-error-as-string",
    "event-before-connect-ignored",
    "no-connect-timeout",
    "second-connect-accepted",
    "middleware-data-dropped",
    "unparsable-ignored",
    "bad-event-payload-ignored",
    "bad-ack-id-ignored",
    "malformed-json-ignored",
    "namespace-answers-on-main",
    "main-joined-implicitly",
    "namespace-needs-comma",
    "event-without-namespace-handled",
    "dynamic-refused",
    "ack-id-off-by-one",
    "ack-without-namespace",
    "unknown-ack-closes",
    "acks-share-last-id",
    "client-ack-lost",
    "ack-timeout-unnoticed",
    "binary-namespace-before-count",
    "empty-attachment-dropped",
    "stray-binary-ignored",
    "text-taken-as-attachment",
    "disconnect-answered",
    "server-disconnect-unannounced",
    "disconnect-close-stays-open",
    "server-disconnect-hits-all",
    "drop-unnoticed",
    "join-ignored",
    "room-filter-ignored",
    "room-emit-includes-sender",
    "server-room-emit-excludes-caller",
    "leave-ignored",
    "union-delivers-twice",
    "except-ignored",
    "rooms-survive-disconnect",
    "unknown-room-reaches-all",
    "only-first-room-joined",
    "rooms-remembered",
    "sockets-disconnect-stays-open",
    "sockets-join-ignored",
    "sockets-leave-ignored",
    "sockets-disconnect-ignored",
    "volatile-dropped",
    "broadcast-includes-sender",
    "broadcast-delivers-twice",
    "server-emit-excludes-caller",
    "broadcast-crosses-namespaces",
    "broadcast-ignores-except",
    "broadcast-ack-misses-one",
    "broadcast-ack-drops-partial",
    "broadcast-ack-waits-for-nobody",
];

#[test]
fn the_seeds_of_the_server_show_its_faults() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/server");
    let seeds = fs::read_dir(folder).expect("seeds").map(|entry| fs::read(entry.expect("a seed").path()));
    let seeds: Vec<Vec<u8>> = seeds.map(|seed| seed.expect("a seed can be read")).collect();
    // Panics are what is wanted here.
    panic::set_hook(Box::new(|_| {}));
    let shows = |fault| seeds.iter().any(|seed| panic::catch_unwind(|| holds_despite(seed, fault)).is_err());
    let unseen: Vec<&str> = SHOWN
        .iter()
        .copied()
        .filter(|name| !shows(Fault::from_name(name).unwrap_or_else(|| panic!("no fault {name}"))))
        .collect();
    drop(panic::take_hook());
    assert!(unseen.is_empty(), "no seed shows {unseen:?}");
}
