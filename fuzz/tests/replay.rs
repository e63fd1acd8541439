//! Every property over its tracked seeds, and over what once broke it.

use siospec_fuzz::PROPERTIES;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_seed_holds() {
    for (name, holds) in PROPERTIES {
        let seeds = files(&folder("seeds").join(name));
        assert!(!seeds.is_empty(), "fuzz/seeds/{name} holds no seed");
        replay(&seeds, *holds);
        // What fuzzing has found beyond them: `fuzz/coverage.sh --corpus` names the folder it lies in.
        let corpus = std::env::var_os("SIOSPEC_FUZZ_CORPUS").filter(|folder| !folder.is_empty());
        replay(&corpus.map(|corpus| files(&Path::new(&corpus).join(name))).unwrap_or_default(), *holds);
    }
}

#[test]
fn what_once_broke_holds() {
    for (name, holds) in PROPERTIES {
        replay(&files(&folder("regressions").join(name)), *holds);
    }
}

#[test]
fn every_folder_and_target_belongs_to_a_property() {
    for place in ["seeds", "regressions", "dictionaries", "fuzz_targets"] {
        for entry in fs::read_dir(folder(place)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let shared = place == "dictionaries" && stem == "packets";
            let known = PROPERTIES.iter().any(|(name, _)| *name == stem);
            assert!(known || shared, "{} belongs to no property", path.display());
        }
    }
    for (name, _) in PROPERTIES {
        let target = folder("fuzz_targets").join(name).with_extension("rs");
        assert!(target.is_file(), "{} lacks", target.display());
    }
}

fn replay(files: &[PathBuf], holds: fn(&[u8])) {
    for file in files {
        // The test's captured output names the input that a panic is about.
        println!("{}", file.display());
        holds(&fs::read(file).expect("a tracked file can be read"));
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files of a folder in order; none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

#[test]
fn the_dictionary_holds_the_generators_words() {
    let dictionary = fs::read_to_string(folder("dictionaries").join("packets.dict")).unwrap();
    let expected: Vec<String> = siospec_codec::testing::WORDS.iter().map(|word| entry(word)).collect();
    let entries: Vec<&str> = dictionary.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(entries, expected);
}

/// A word as libFuzzer's dictionaries write it.
fn entry(word: &str) -> String {
    let plain = |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && byte != b'"' && byte != b'\\';
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("\\x{byte:02x}") };
    format!("\"{}\"", word.bytes().map(escape).collect::<String>())
}
