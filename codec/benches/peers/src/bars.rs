//! What is to be reached, and whether it is.

use crate::codecs::Operation::{self, *};
use crate::measure::Figures;

/// Ours may take so much of what the peer takes.
pub struct Bar {
    pub what: &'static str,
    pub operation: Operation,
    pub peer: &'static str,
    pub at_most: f64,
    /// No class: every class that was measured.
    pub classes: &'static [&'static str],
}

const LONG: &[&str] = &["ascii-10k", "utf8-10k", "ascii-100k", "utf8-100k", "ascii-1m", "utf8-1m"];
const PACKETS: &[&str] = &[
    "small",
    "chat",
    "chat-uni",
    "json1k",
    "json10k",
    "json100k",
    "json1m",
    "ack",
    "control",
    "nsp",
    "bin",
    "binlarge",
    "eio",
    "payload1",
    "payload16",
    "payload256",
    "payloadbin",
];

pub const BARS: &[Bar] = &[
    Bar {
        what: "header alone",
        operation: Split,
        peer: "socketioxide",
        at_most: 0.4,
        classes: &["small", "chat", "ack", "nsp", "bin"],
    },
    Bar { what: "event, JSON checked", operation: Event, peer: "socketioxide", at_most: 0.5, classes: &[] },
    Bar { what: "packet, JSON checked", operation: Json, peer: "serde_json", at_most: 0.8, classes: PACKETS },
    Bar { what: "long string", operation: Json, peer: "serde_json", at_most: 0.5, classes: LONG },
    Bar { what: "long string", operation: Json, peer: "simdutf8", at_most: 4.0, classes: LONG },
    Bar {
        what: "polling body",
        operation: Engine,
        peer: "engineioxide",
        at_most: 0.15,
        classes: &["payload16", "payload256"],
    },
    Bar { what: "base64 to bytes", operation: FromBase64, peer: "base64-simd", at_most: 1.25, classes: &[] },
    Bar { what: "bytes to base64", operation: ToBase64, peer: "base64-simd", at_most: 1.25, classes: &[] },
    Bar { what: "encode", operation: Encode, peer: "socketioxide", at_most: 0.4, classes: &[] },
    Bar {
        what: "encode into a buffer",
        operation: EncodeInto,
        peer: "socketioxide",
        at_most: 0.4,
        classes: &[],
    },
    Bar {
        what: "MessagePack",
        operation: MessagePack,
        peer: "socketioxide-msgpack",
        at_most: 0.6,
        classes: &[],
    },
];

/// Prints every bar, class by class; `unit` tells what is counted.
pub fn print(figures: &Figures, unit: &str) {
    println!(
        "\n{:<22} {:<11} {:>12} {:>12}  {:<21} {:>6} {:>6}   {unit} per packet",
        "bar", "class", "siospec", "peer", "", "ratio", "bar"
    );
    let mut missed = 0;
    let mut met = 0;
    for bar in BARS {
        let ours = figures.iter().filter(|(key, _)| {
            key.operation == bar.operation
                && key.codec == "siospec"
                && (bar.classes.is_empty() || bar.classes.contains(&key.class))
        });
        for (key, ours) in ours {
            let mut theirs = *key;
            theirs.codec = bar.peer;
            let Some(peer) = figures.get(&theirs) else { continue };
            let ratio = ours / peer;
            let verdict = if ratio <= bar.at_most { "met" } else { "MISSED" };
            if ratio <= bar.at_most {
                met += 1
            } else {
                missed += 1
            }
            println!(
                "{:<22} {:<11} {ours:>12.1} {peer:>12.1}  {:<21} {ratio:>6.2} {:>6.2}   {verdict}",
                bar.what, key.class, bar.peer, bar.at_most
            );
        }
    }
    println!("{met} met, {missed} missed");
}
