//! Rewriting a baseline after a run. Comments and what the run says nothing about stay.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::{Baseline, Entry, Standing, told};
use crate::report::event::{Case, Outcome};

/// Characters of an observed text that an entry holds at most.
const MESSAGE: usize = 80;

/// A baseline rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The new text of the file.
    pub text: String,
    /// The rules that an entry was added for.
    pub added: Vec<String>,
    /// The rules whose entry went, or is about fewer transports now.
    pub removed: Vec<String>,
    /// The rules with an entry that is stale in part, which a person has to look at: one with globs.
    pub doubtful: Vec<String>,
}

/// A failure to be written down: rule, outcome, beginning of the observed text.
type Failure = (String, Outcome, String);

/// Makes every failure of these cases known, for the reason given, and takes out what is stale.
///
/// # Errors
/// The text is no TOML. (It was read as a baseline before.)
pub fn update(
    text: &str,
    baseline: &Baseline,
    cases: &[Case],
    reason: &str,
    today: NaiveDate,
) -> Result<Updated, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let mut updated =
        Updated { text: String::new(), added: Vec::new(), removed: Vec::new(), doubtful: Vec::new() };
    retire(&mut document, baseline, cases, today, &mut updated);
    for ((rule, outcome, message), over) in failures(baseline, cases, today) {
        let all: BTreeSet<&str> =
            cases.iter().filter(|case| case.rule == rule).map(|case| case.over.as_str()).collect();
        let narrow = over.len() < all.len();
        let mut table = Table::new();
        table["outcome"] = value(outcome.name());
        if !message.is_empty() {
            table["message"] = value(message);
        }
        if narrow {
            table["over"] = value(over.iter().map(String::as_str).collect::<Array>());
        }
        table["reason"] = value(reason);
        add(&mut document, &rule, table);
        updated.added.push(rule);
    }
    updated.text = document.to_string();
    Ok(updated)
}

/// What failed and is not known, with the transports.
fn failures(baseline: &Baseline, cases: &[Case], today: NaiveDate) -> BTreeMap<Failure, BTreeSet<String>> {
    let mut failures: BTreeMap<Failure, BTreeSet<String>> = BTreeMap::new();
    for case in cases {
        let failed = case.verdict.is_guilty() || case.verdict == Outcome::Inconclusive;
        if failed && baseline.standing(case, today) == Standing::New {
            let failure = (case.rule.clone(), case.verdict, beginning(told(case)));
            failures.entry(failure).or_default().insert(case.over.clone());
        }
    }
    failures
}

/// Takes out the entries that are stale, or the transports they are stale over.
fn retire(
    document: &mut DocumentMut,
    baseline: &Baseline,
    cases: &[Case],
    today: NaiveDate,
    updated: &mut Updated,
) {
    // From the last to the first, so that places in an array stay true.
    let mut later: BTreeMap<String, usize> = BTreeMap::new();
    for entry in &baseline.entries {
        *later.entry(entry.rules.to_string()).or_default() += 1;
    }
    for entry in baseline.entries.iter().rev() {
        let rule = entry.rules.to_string();
        let place = later.get_mut(&rule).map_or(0, |count| {
            *count -= 1;
            *count
        });
        if entry.flaky || entry.has_expired(today) {
            continue;
        }
        let about: Vec<&Case> = cases.iter().filter(|case| entry.is_about(case)).collect();
        let passed = about.iter().any(|case| case.verdict == Outcome::Pass);
        let held: BTreeSet<&str> =
            about.iter().filter(|case| entry.describes(case)).map(|case| case.over.as_str()).collect();
        if !passed {
            continue;
        }
        if held.is_empty() {
            remove(document, &rule, place);
            updated.removed.push(rule);
        } else if rule.contains('*') {
            updated.doubtful.push(rule);
        } else if let Some(table) = table_of(document, &rule, place) {
            table["over"] = value(held.into_iter().collect::<Array>());
            updated.removed.push(rule);
        }
    }
}

fn table_of<'a>(document: &'a mut DocumentMut, rule: &str, place: usize) -> Option<&'a mut Table> {
    match document.get_mut(rule)? {
        Item::Table(table) => Some(table),
        Item::ArrayOfTables(tables) => tables.get_mut(place),
        _ => None,
    }
}

fn remove(document: &mut DocumentMut, rule: &str, place: usize) {
    let gone = match document.get_mut(rule) {
        Some(Item::ArrayOfTables(tables)) => {
            tables.remove(place);
            tables.is_empty()
        }
        _ => true,
    };
    if gone {
        document.remove(rule);
    }
}

fn add(document: &mut DocumentMut, rule: &str, mut table: Table) {
    table.decor_mut().set_prefix("\n");
    match document.get_mut(rule) {
        None => {
            document.insert(rule, Item::Table(table));
        }
        Some(Item::ArrayOfTables(tables)) => tables.push(table),
        Some(item) => {
            let mut tables = ArrayOfTables::new();
            if let Item::Table(first) = std::mem::take(item) {
                tables.push(first);
            }
            tables.push(table);
            *item = Item::ArrayOfTables(tables);
        }
    }
}

/// The beginning of an observed text, up to what may differ next time: a number, other than the status of an
/// answer, or the beginning of a packet.
fn beginning(text: &str) -> String {
    let mut end = 0;
    let mut after_status = false;
    for word in text.split_inclusive(' ') {
        let volatile = word.chars().any(|char| char.is_control() || "{[\"".contains(char))
            || (word.contains(|char: char| char.is_ascii_digit()) && !after_status);
        if volatile || end + word.len() > MESSAGE {
            break;
        }
        after_status = word == "status ";
        end += word.len();
    }
    text.get(..end).unwrap_or_default().trim_end().to_owned()
}

impl Entry {
    /// One line that names the entry.
    pub fn line_of(&self) -> String {
        let over =
            if self.over.is_empty() { String::new() } else { format!(" over {}", self.over.join(", ")) };
        format!("line {}: {} {}{over}: {}", self.line, self.rules, self.outcome, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# What this server is known for.
[profile]
name = \"x\"

# Reported upstream.
[\"a/b/c\"]
outcome = \"fail\"
reason = \"old\"

[[\"a/b/d\"]]
outcome = \"fail\"
message = \"one\"
reason = \"first\"

[[\"a/b/d\"]]
outcome = \"fail\"
message = \"two\"
reason = \"second\"
";

    fn case(rule: &str, over: &str, verdict: Outcome, observed: &str) -> Case {
        Case {
            rule: rule.to_owned(),
            over: over.to_owned(),
            verdict,
            observed: Some(observed.to_owned()),
            ..Case::default()
        }
    }

    fn updated(cases: &[Case]) -> Updated {
        let baseline = Baseline::parse(FILE, "b.toml".as_ref(), &["a/b/c", "a/b/d", "a/b/e"]).unwrap();
        update(FILE, &baseline, cases, "new", NaiveDate::MIN).unwrap()
    }

    #[test]
    fn a_run_that_says_nothing_changes_nothing() {
        assert_eq!(updated(&[]).text, FILE);
        assert_eq!(updated(&[case("a/b/c", "polling", Outcome::Skipped, "")]).text, FILE);
        assert_eq!(updated(&[case("a/b/c", "polling", Outcome::Fail, "x")]).text, FILE);
    }

    #[test]
    fn new_failures_are_added_with_their_transports() {
        let updated = updated(&[
            case("a/b/e", "polling", Outcome::Fail, "status 400 with {\"sid\":\"aB3\"}"),
            case("a/b/e", "websocket", Outcome::Pass, ""),
        ]);
        assert_eq!(updated.added, ["a/b/e"]);
        assert!(updated.text.starts_with(FILE), "{}", updated.text);
        let added = &updated.text[FILE.len()..];
        assert_eq!(
            added,
            "\n[\"a/b/e\"]\noutcome = \"fail\"\nmessage = \"status 400 with\"\nover = [\"polling\"]\nreason = \"new\"\n"
        );
    }

    #[test]
    fn stale_entries_go_and_their_neighbours_stay() {
        let updated = updated(&[
            case("a/b/c", "polling", Outcome::Fail, "x"),
            case("a/b/c", "websocket", Outcome::Pass, ""),
            case("a/b/d", "polling", Outcome::Fail, "two of them"),
            case("a/b/d", "websocket", Outcome::Pass, ""),
        ]);
        assert_eq!(updated.removed, ["a/b/d", "a/b/d", "a/b/c"]);
        assert!(updated.text.contains("# Reported upstream.\n[\"a/b/c\"]"), "{}", updated.text);
        assert!(updated.text.contains("over = [\"polling\"]"), "{}", updated.text);
        assert!(!updated.text.contains("first"), "{}", updated.text);
        assert!(updated.text.contains("second"), "{}", updated.text);
    }

    #[test]
    fn messages_end_before_what_changes_from_run_to_run() {
        for (text, expected) in [
            ("nothing for 1.5 s, then 2", "nothing for"),
            ("status 400 with {\"code\":1}", "status 400 with"),
            ("closed", "closed"),
            ("aB3x is gone", ""),
            ("it took 12345 ms", "it took"),
            ("[\"news\"] first", ""),
        ] {
            assert_eq!(beginning(text), expected);
        }
    }
}
