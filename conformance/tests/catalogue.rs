//! The catalogue is in order: what its rules say of themselves is true.

use std::collections::BTreeSet;

use siospec::{
    rule::{Document, Level, Rule},
    suite,
};

fn rules() -> Vec<&'static Rule> {
    suite::all().into_iter().map(|scenario| scenario.rule).collect()
}

#[test]
fn ids_are_paths_of_three_plain_words() {
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-')
    };
    for rule in rules() {
        let parts: Vec<&str> = rule.id.split('/').collect();
        assert!(parts.len() == 3 && parts.iter().all(|part| plain(part)), "{}", rule.id);
    }
}

#[test]
fn ids_are_unique() {
    let mut seen = BTreeSet::new();
    for rule in rules() {
        assert!(seen.insert(rule.id), "{} stands twice", rule.id);
    }
}

#[test]
fn rules_of_a_group_stand_together() {
    let mut groups: Vec<&str> = rules().iter().map(|rule| rule.group()).collect();
    groups.dedup();
    let distinct: BTreeSet<&str> = groups.iter().copied().collect();
    assert_eq!(groups.len(), distinct.len(), "{groups:?}");
}

#[test]
fn a_rule_is_one_sentence_with_a_source() {
    for rule in rules() {
        assert!(
            rule.says.ends_with('.') && rule.says.starts_with(char::is_alphanumeric),
            "{}: {}",
            rule.id,
            rule.says
        );
        assert!(!rule.source.section.is_empty(), "{}", rule.id);
    }
}

#[test]
fn what_was_only_observed_is_no_must() {
    for rule in rules().iter().filter(|rule| rule.source.document == Document::Observed) {
        assert_ne!(rule.level, Level::Must, "{} has no text behind it", rule.id);
    }
}

#[test]
fn every_rule_has_a_transport_and_a_fault() {
    for scenario in suite::all() {
        assert!(!scenario.over.is_empty(), "{}", scenario.rule.id);
        assert!(!scenario.rule.faults.is_empty(), "nothing shows that {} can fail", scenario.rule.id);
    }
}

#[test]
fn the_catalogue_holds_sixty_rules_at_least() {
    assert!(rules().len() >= 60, "{} rules", rules().len());
}

#[test]
fn the_published_catalogue_is_fresh() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_siospec")).args(["list", "--json"]).output();
    let now = String::from_utf8(output.expect("siospec starts").stdout).expect("JSON is text");
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/rules.json");
    let then = std::fs::read_to_string(published).unwrap_or_default();
    assert!(now == then, "fixtures/rules.json is stale: siospec list --json > fixtures/rules.json");
}

#[cfg(feature = "embedded")]
#[test]
fn rules_and_faults_name_each_other() {
    let menu: BTreeSet<&str> = siospec::target::faults().map(|(name, _)| name).collect();
    let named: BTreeSet<&str> = rules().iter().flat_map(|rule| rule.faults).copied().collect();
    assert_eq!(named.difference(&menu).collect::<Vec<_>>(), Vec::<&&str>::new(), "faults that do not exist");
    assert_eq!(
        menu.difference(&named).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "faults that no rule looks for"
    );
}
