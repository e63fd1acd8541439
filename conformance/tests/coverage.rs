//! The table of what is covered says nothing about rules that do not exist, and leaves no row and no rule out.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;
use siospec::{
    coverage::{Covered, Row, sections, sightings},
    rule::Rule,
    suite,
};

fn rules() -> Vec<&'static Rule> {
    suite::all().iter().map(|scenario| scenario.rule).collect()
}

fn rows() -> Vec<Row> {
    sections().into_iter().flat_map(|section| section.rows).collect()
}

#[test]
fn every_line_of_the_tables_is_read() {
    let table = include_str!("../src/coverage/rows.txt");
    let lines = table.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    assert_eq!(rows().len(), lines.count());
    assert_eq!(rows().len(), 484);
    let numbers: Vec<usize> = sightings().iter().map(|sighting| sighting.number).collect();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
}

#[test]
fn a_row_stands_once_and_in_its_section() {
    let mut ids = BTreeSet::new();
    for section in sections() {
        for row in section.rows {
            assert!(row.id.starts_with(section.prefix), "{} in {}", row.id, section.prefix);
            assert!(ids.insert(row.id), "{} stands twice", row.id);
            assert!(["M", "R", "O"].contains(&row.level), "{}", row.id);
        }
    }
}

#[test]
fn rows_name_rules_that_exist() {
    let known: BTreeSet<&str> = rules().iter().map(|rule| rule.id).collect();
    for row in rows() {
        for rule in row.rules() {
            assert!(known.contains(rule), "{} names {rule}", row.id);
        }
        let claims = !matches!(row.covered, Covered::Not(_));
        assert_eq!(claims, !row.rules().is_empty(), "{}", row.id);
    }
}

#[test]
fn reports_that_rules_name_are_known() {
    let known: BTreeSet<&str> = sightings().iter().flat_map(|sighting| sighting.reports.clone()).collect();
    for rule in rules() {
        for seen in rule.seen.iter().filter(|seen| seen.contains('#')) {
            assert!(known.contains(seen), "{} names {seen}", rule.id);
        }
    }
}

#[test]
fn the_command_prints_the_table() {
    let siospec = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_siospec")).args(arguments).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
    };
    let (text, exit) = siospec(&["list", "--coverage"]);
    assert_eq!(exit, 0);
    for row in rows() {
        assert!(text.contains(row.id), "{}", row.id);
    }
    for rule in rules() {
        assert!(text.contains(rule.id), "{}", rule.id);
    }
    assert!(text.contains("Upgrade") && text.contains("not covered: takes a client"), "{text}");
    let (text, exit) = siospec(&["list", "--coverage", "EIO-UP-003"]);
    assert!(exit == 0 && text.contains("engine/upgrade/held-poll-released"), "{text}");
    assert_eq!(siospec(&["list", "--coverage", "NO-SUCH"]).1, 4);
    let (text, _) = siospec(&["list", "--coverage", "--json"]);
    let table: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(table["rows"].as_array().unwrap().len(), rows().len());
}
