//! Every vector of `fixtures/vectors`: the files against their schema, our codec against the files.

#![expect(clippy::unwrap_used, reason = "a panic in a test is the failure report")]

mod support;

use serde::Deserialize;
use serde_json::Value;
use siospec_codec::{ErrorKind, Leniency, Profile};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use support::decoded::{Failure, Input, Layer, Outcome, decode};
use support::schema::violations;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "$schema")]
    _schema: String,
    layer: Layer,
    vectors: Vec<Vector>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    #[serde(rename = "note")]
    _note: Option<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "role")]
    _role: String,
    input: Input,
    verdict: Verdict,
    decoded: Option<Value>,
    error: Option<Failure>,
    #[serde(default)]
    leniency: Vec<String>,
    reference: Option<Reference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Valid,
    Invalid,
    Lenient,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reference {
    Accepts,
    Refuses,
}

#[test]
fn every_file_keeps_the_schema() {
    let schema = read(&fixtures().join("schema.json"));
    for (path, text) in files() {
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(violations(&schema, &file), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn the_schema_names_every_error_and_every_leniency() {
    let schema = read(&fixtures().join("schema.json"));
    let names = |pointer: &str| -> Vec<String> {
        serde_json::from_value(schema.pointer(pointer).unwrap().clone()).unwrap()
    };
    let kinds: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names("/$defs/error/properties/kind/enum"), kinds);
    let flags: Vec<_> = Leniency::ALL.iter().map(|(_, name)| *name).collect();
    assert_eq!(names("/$defs/vector/properties/leniency/items/enum"), flags);
}

#[test]
fn strict_decoding_gives_what_the_vectors_say() {
    for_each(|_, vector, layer| {
        let outcome = decode(layer, &vector.input, &Profile::STRICT);
        // What a lenient reader makes of it is another test's business.
        let decoded =
            if vector.verdict == Verdict::Lenient { outcome.decoded.clone() } else { vector.decoded.clone() };
        assert_eq!(outcome, Outcome { decoded, error: vector.error.clone() });
        assert_eq!(vector.error.is_none(), vector.verdict == Verdict::Valid);
        if let (Some(error), Input::Text(text)) = (&vector.error, &vector.input) {
            assert!(error.offset <= text.len());
        }
    });
}

#[test]
fn the_leniencies_named_are_needed_and_suffice() {
    for_each(|_, vector, layer| {
        assert_eq!(vector.leniency.is_empty(), vector.verdict != Verdict::Lenient);
        if vector.verdict != Verdict::Lenient {
            return;
        }
        let with = |names: &[&str]| {
            let flags = names.iter().map(|name| Leniency::from_name(name).expect("a known leniency"));
            let leniency = flags.fold(Leniency::NONE, |all, flag| all | flag);
            decode(layer, &vector.input, &Profile { leniency, ..Profile::STRICT })
        };
        let all: Vec<&str> = vector.leniency.iter().map(String::as_str).collect();
        assert_eq!(with(&all), Outcome { decoded: vector.decoded.clone(), error: None });
        for name in &all {
            let others: Vec<&str> = all.iter().copied().filter(|other| other != name).collect();
            assert!(with(&others).error.is_some(), "accepted without {name}");
        }
    });
}

#[test]
fn the_reference_profile_gives_the_verdicts_that_were_observed() {
    for_each(|_, vector, layer| {
        // For JSON, the profile's limits count and its leniency does not.
        let ours = decode(layer, &vector.input, &Profile::reference());
        if let Some(observed) = vector.reference {
            assert_eq!(ours.error.is_none(), observed == Reference::Accepts, "{:?}", ours.error);
        }
    });
}

#[test]
fn ids_are_unique_and_every_layer_has_vectors() {
    let mut counts = BTreeSet::new();
    for (path, text) in files() {
        let file: File = serde_json::from_str(&text).unwrap();
        let ids: BTreeSet<_> = file.vectors.iter().map(|vector| vector.id.as_str()).collect();
        assert_eq!(ids.len(), file.vectors.len(), "an id of {path} comes twice");
        counts.insert(format!("{:?}", file.layer));
    }
    assert_eq!(counts.len(), 10, "{counts:?}");
}

/// Runs a check on every vector and reports all that fail.
fn for_each(check: impl Fn(&str, &Vector, Layer) + std::panic::RefUnwindSafe) {
    let (mut seen, mut failed) = (0, Vec::new());
    for (path, text) in files() {
        let file: File = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        for vector in &file.vectors {
            seen += 1;
            let run = std::panic::AssertUnwindSafe(|| check(&path, vector, file.layer));
            if std::panic::catch_unwind(run).is_err() {
                failed.push(format!("{path}: {}", vector.id));
            }
        }
    }
    assert!(seen >= 250, "only {seen} vectors were found");
    assert!(failed.is_empty(), "{} of {seen} failed:\n{}", failed.len(), failed.join("\n"));
}

/// The name and the text of every file of vectors.
fn files() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(fixtures().join("vectors"))
        .expect("fixtures/vectors exists")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "fixtures/vectors holds no file");
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn read(path: &PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}
