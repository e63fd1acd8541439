//! What the reference implementation made of many generated inputs (`fixtures/verdicts`), and what the
//! profile that reproduces it makes of them.

#![expect(clippy::unwrap_used, reason = "a panic in a test is the failure report")]

use flate2::read::GzDecoder;
use siospec_codec::{DecodeError, ErrorKind, Leniency, Profile, engine, socket};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

/// A class of inputs that we refuse and the reference accepts, on purpose.
struct Difference {
    reason: &'static str,
    applies: fn(&str, ErrorKind) -> bool,
}

const DIFFERENCES: &[Difference] = &[Difference {
    reason: "JSON.parse keeps the last of two equal names, so the reference never sees a wrong placeholder \
             that an earlier one of them holds; a decoder that allocates nothing cannot know",
    applies: |input, kind| {
        matches!(kind, ErrorKind::InvalidPlaceholder | ErrorKind::PlaceholderOutOfRange)
            && repeats_a_name(input)
    },
}];

/// The leniencies of what is not recorded here: version 3 and MessagePack.
const ELSEWHERE: [Leniency; 3] =
    [Leniency::LOOSE_FRAME_LENGTH, Leniency::NAMELESS_EVENT, Leniency::NEGATIVE_ACK_ID];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    SocketPacket,
    EnginePacket,
    Payload,
}

struct Recorded {
    layer: Layer,
    accepted: bool,
    input: String,
}

#[test]
fn the_reference_profile_decides_as_the_reference_did() {
    let profile = Profile::reference();
    let mut unexplained = Vec::new();
    let mut explained: BTreeMap<&str, usize> =
        DIFFERENCES.iter().map(|difference| (difference.reason, 0)).collect();
    for Recorded { layer, accepted, input } in recording() {
        let error = decode(layer, &input, &profile).err();
        if error.is_none() == accepted {
            continue;
        }
        let difference = error
            .and_then(|error| DIFFERENCES.iter().find(|difference| (difference.applies)(&input, error.kind)));
        match difference {
            Some(difference) => *explained.get_mut(difference.reason).unwrap() += 1,
            None => unexplained.push(format!("{layer:?}: {input:?}: {error:?}")),
        }
    }
    let count = unexplained.len();
    unexplained.truncate(50);
    assert_eq!(count, 0, "{count} differences without an explanation:\n{}", unexplained.join("\n"));
    let stale: Vec<_> = explained.iter().filter(|(_, count)| **count == 0).collect();
    assert!(stale.is_empty(), "differences that no input shows: {stale:?}");
}

#[test]
fn the_recording_is_large_and_knows_both_verdicts() {
    let mut counts: BTreeMap<(Layer, bool), usize> = BTreeMap::new();
    for recorded in recording() {
        *counts.entry((recorded.layer, recorded.accepted)).or_default() += 1;
    }
    assert!(counts.values().sum::<usize>() >= 100_000, "{counts:?}");
    assert_eq!(counts.len(), 6, "{counts:?}");
    assert!(counts.values().all(|&count| count >= 1000), "{counts:?}");
}

#[test]
fn the_recording_notices_each_leniency() {
    let text_packets = Leniency::ALL.iter().filter(|(flag, _)| !ELSEWHERE.contains(flag));
    let inputs = recording();
    for &(flag, name) in text_packets {
        let reference = Leniency::REFERENCE;
        let other = if reference.contains(flag) { reference - flag } else { reference | flag };
        let profile = Profile { leniency: other, ..Profile::reference() };
        // Without a flag something accepted is refused, with one more something refused is accepted.
        let accepted = reference.contains(flag);
        let mut inputs = inputs.iter().filter(|recorded| recorded.accepted == accepted);
        let noticed =
            inputs.any(|recorded| decode(recorded.layer, &recorded.input, &profile).is_ok() != accepted);
        assert!(noticed, "no input tells whether {name} is tolerated");
    }
}

#[test]
fn the_reference_still_decides_as_recorded() {
    let script = fixtures().join("verdicts/generate.mjs");
    let packages = fixtures().join("readers/javascript/node_modules/socket.io-parser/package.json");
    assert!(packages.exists(), "the parsers of fixtures/readers/javascript are missing; {INSTALL}");
    let output = Command::new("node").arg(script).arg("--check").output();
    let output = output.unwrap_or_else(|error| panic!("node: {error}; {INSTALL}"));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.trim_end().ends_with(" inputs, 0 recorded otherwise"), "{told}");
}

fn decode(layer: Layer, input: &str, profile: &Profile) -> Result<(), DecodeError> {
    match layer {
        Layer::SocketPacket => socket::Packet::decode_as(input, profile).map(drop),
        Layer::EnginePacket => engine::Packet::decode_as(input, profile).map(drop),
        Layer::Payload => {
            engine::packets(input).with_profile(profile).try_for_each(|packet| packet.map(drop))
        }
    }
}

/// Whether an object in the payload of this binary packet has a name twice.
fn repeats_a_name(input: &str) -> bool {
    let mut names_of_open_objects = Vec::new();
    let mut rest = payload(input);
    while let Some(at) = rest.find(['{', '}', '"']) {
        let (found, after) = rest[at..].split_at(1);
        rest = after;
        match found {
            "{" => names_of_open_objects.push(BTreeSet::new()),
            "}" => drop(names_of_open_objects.pop()),
            _ => {
                let end = end_of_string(after);
                rest = &after[end + 1..];
                let is_name = rest.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(':');
                let name = unescaped(&after[..end]);
                let names: Option<&mut BTreeSet<String>> = names_of_open_objects.last_mut();
                if is_name && names.is_some_and(|names| !names.insert(name)) {
                    return true;
                }
            }
        }
    }
    false
}

/// What follows the count of attachments and the namespace of a binary packet.
fn payload(input: &str) -> &str {
    let (_, rest) = input.split_once('-').expect("a binary packet counts its attachments");
    if rest.starts_with('/') { rest.split_once(',').map_or("", |(_, rest)| rest) } else { rest }
}

/// Where the quote is that ends the string.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    let ends = |character: char| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    };
    text.find(ends).expect("the JSON was found to be whole")
}

/// The text that is meant, or as it is written where half a surrogate pair has no such text.
fn unescaped(inner: &str) -> String {
    serde_json::from_str(&format!("\"{inner}\"")).unwrap_or_else(|_| inner.to_owned())
}

fn recording() -> Vec<Recorded> {
    let mut text = String::new();
    let file = File::open(fixtures().join("verdicts/verdicts.gz")).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(recorded).collect()
}

/// A line as `generate.mjs` writes it.
fn recorded(line: &str) -> Recorded {
    let (key, input) = line.split_at(2);
    let layer = match &key[..1] {
        "s" => Layer::SocketPacket,
        "e" => Layer::EnginePacket,
        "p" => Layer::Payload,
        other => panic!("no layer is called {other}"),
    };
    Recorded { layer, accepted: key.ends_with('+'), input: serde_json::from_str(input).unwrap() }
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

const INSTALL: &str = "please run scripts/setup.sh";
