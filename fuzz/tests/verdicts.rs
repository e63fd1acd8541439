//! What the parsers of JavaScript and of Python made of many generated inputs (`fixtures/verdicts`), held against
//! the codec's verdicts.

use siospec_codec::{DecodeError, Leniency, Profile};
use siospec_fuzz::verdict_table::{
    Difference, Layer, Recorded, decode, differences, javascript, python, recording,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// The leniencies of what is not recorded here: version 3 and MessagePack.
const ELSEWHERE: [Leniency; 3] =
    [Leniency::LOOSE_FRAME_LENGTH, Leniency::NAMELESS_EVENT, Leniency::NEGATIVE_ACK_ID];

/// Why an input is judged as it is: the number of a difference, or none where nobody differs.
type Judge = fn(&Recorded) -> Result<Option<usize>, Result<(), DecodeError>>;

#[test]
fn the_reference_profile_decides_as_the_reference_did() {
    every_difference_is_explained(javascript, differences::JAVASCRIPT);
}

#[test]
fn the_strict_profile_differs_from_python_where_it_is_known() {
    every_difference_is_explained(python, differences::PYTHON);
}

fn every_difference_is_explained(judge: Judge, differences: &[Difference]) {
    let mut unexplained = Vec::new();
    let mut explained = vec![0_usize; differences.len()];
    for recorded in recording() {
        match judge(recorded) {
            Ok(None) => {}
            Ok(Some(difference)) => explained[difference] += 1,
            Err(ours) => unexplained.push(format!("{:?}: {:?}: {ours:?}", recorded.layer, recorded.input)),
        }
    }
    for (difference, count) in differences.iter().zip(&explained) {
        println!("{count:6} {}", difference.reason);
    }
    let count = unexplained.len();
    unexplained.truncate(50);
    assert_eq!(count, 0, "{count} differences without an explanation:\n{}", unexplained.join("\n"));
    let stale: Vec<_> = differences.iter().zip(&explained).filter(|(_, count)| **count == 0).collect();
    let reasons: Vec<_> = stale.iter().map(|(difference, _)| difference.reason).collect();
    assert!(reasons.is_empty(), "differences that no input shows: {reasons:?}");
}

#[test]
fn the_recording_is_large_and_knows_both_verdicts_of_both() {
    let mut counts: BTreeMap<(Layer, bool, bool), usize> = BTreeMap::new();
    for recorded in recording() {
        *counts.entry((recorded.layer, recorded.javascript, recorded.python)).or_default() += 1;
    }
    assert!(counts.values().sum::<usize>() >= 100_000, "{counts:?}");
    for layer in [Layer::SocketPacket, Layer::EnginePacket, Layer::Payload] {
        for parser in [0, 1] {
            for accepts in [true, false] {
                let of = counts.iter().filter(|((of, javascript, python), _)| {
                    *of == layer && [*javascript, *python][parser] == accepts
                });
                assert!(of.map(|(_, count)| count).sum::<usize>() >= 300, "{counts:?}");
            }
        }
    }
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
        let mut inputs = inputs.iter().filter(|recorded| recorded.javascript == accepted);
        let noticed = inputs.any(|recorded| decode(recorded, &profile).is_ok() != accepted);
        assert!(noticed, "no input tells whether {name} is tolerated");
    }
}

#[test]
fn the_parsers_of_javascript_still_decide_as_recorded() {
    let packages = fixtures().join("readers/javascript/node_modules/socket.io-parser/package.json");
    assert!(packages.exists(), "the parsers of fixtures/readers/javascript are missing; {INSTALL}");
    still_decides(Command::new("node").arg(fixtures().join("verdicts/generate.mjs")).arg("--check"));
}

#[test]
fn the_parsers_of_python_still_decide_as_recorded() {
    let python = fixtures().join("readers/python/.venv/bin/python");
    assert!(python.exists(), "the parsers of fixtures/readers/python are missing; {INSTALL}");
    // `-B`: a test leaves no compiled files behind.
    still_decides(Command::new(python).arg("-B").arg(fixtures().join("verdicts/python.py")).arg("--check"));
}

fn still_decides(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {INSTALL}"));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.trim_end().ends_with(" inputs, 0 recorded otherwise"), "{told}");
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

const INSTALL: &str = "please run scripts/setup.sh";
