//! The baseline: a file of the failures that a server is expected to have, each with its reason.
//!
//! Listed cases still run. One that fails as described is *known* and does not count; one that passes is
//! *stale*; one that fails in another way fails. The file is TOML, a table for each rule:
//!
//! ```toml
//! ["engine/upgrade/late-poll-released"]
//! outcome = "fail"                 # fail, warn, inconclusive, crash or hang
//! message = "status 200 with 2"    # how the observed text begins; one or a list
//! over = ["upgraded"]              # only over these transports; all unless given
//! reason = "one noop per upgrade, reported upstream"
//! expires = 2027-03-01             # counts again from this day on
//! flaky = true                     # a pass is not stale
//! ```
//!
//! A rule with several such failures has an array of tables, `[["engine/…"]]`. Globs may match 20 rules at most.
//! The table `profile` describes the server; it is for people.

mod edit;
mod parse;

use std::{fmt, path::PathBuf};

use chrono::NaiveDate;

pub use self::edit::{Updated, update};
use crate::{
    report::event::{Case, Outcome},
    selector::Selector,
};

/// How many rules one entry may stand for; more would hide what it means.
pub const MOST_RULES: usize = 20;

/// The expected failures of a server.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
}

/// An expected failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The rules it is about.
    pub rules: Selector,
    /// What becomes of them.
    pub outcome: Outcome,
    /// How the observed text begins: one of these; any text if there are none.
    pub messages: Vec<String>,
    /// The transports it is about, by name; all if there are none.
    pub over: Vec<String>,
    /// Why it is expected.
    pub reason: String,
    /// The day from which it counts again.
    pub expires: Option<NaiveDate>,
    /// Whether a pass is to be expected, too.
    pub flaky: bool,
    /// The line of the file, counted from 1.
    pub line: usize,
}

/// What the baseline says of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Nothing: it counts as it is.
    New,
    /// It is expected.
    Known(&'a Entry),
    /// A failure was expected, and it passed.
    Stale(&'a Entry),
}

/// A baseline cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1, if it is about one.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl Baseline {
    /// What the baseline says of a case on this day.
    pub fn standing(&self, case: &Case, today: NaiveDate) -> Standing<'_> {
        let mut about = self.entries.iter().filter(|entry| entry.is_about(case) && !entry.has_expired(today));
        if case.verdict == Outcome::Pass {
            let mut all = about.filter(|entry| !entry.flaky).peekable();
            return all.next().map_or(Standing::New, Standing::Stale);
        }
        about.find(|entry| entry.describes(case)).map_or(Standing::New, Standing::Known)
    }
}

impl Entry {
    /// Whether it is about this case, whatever became of it.
    pub fn is_about(&self, case: &Case) -> bool {
        self.rules.selects(&case.rule) && (self.over.is_empty() || self.over.contains(&case.over))
    }

    /// Whether the case failed as expected.
    pub fn describes(&self, case: &Case) -> bool {
        let observed = told(case);
        self.is_about(case)
            && self.outcome == case.verdict
            && (self.messages.is_empty() || self.messages.iter().any(|start| observed.starts_with(start)))
    }

    /// Whether its day has come.
    pub fn has_expired(&self, today: NaiveDate) -> bool {
        self.expires.is_some_and(|day| day <= today)
    }
}

/// The text of a case that messages are compared with: what was observed, or else what is said of it.
pub(crate) fn told(case: &Case) -> &str {
    case.observed.as_deref().or(case.message.as_deref()).unwrap_or_default()
}

/// The day it is here.
pub fn today() -> NaiveDate {
    chrono::Local::now().date_naive()
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "baseline {}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for BaselineError {}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
["a/b/c"]
outcome = "fail"
message = "nothing"
reason = "slow"

["a/x/*"]
outcome = "hang"
over = ["polling"]
reason = "stuck"
expires = 2027-01-01

["a/y/z"]
outcome = "fail"
reason = "now and then"
flaky = true
"#;

    fn case(rule: &str, over: &str, verdict: Outcome, observed: &str) -> Case {
        Case {
            rule: rule.to_owned(),
            over: over.to_owned(),
            verdict,
            observed: Some(observed.to_owned()),
            ..Case::default()
        }
    }

    #[test]
    fn a_case_is_known_only_as_described() {
        let rules = ["a/b/c", "a/x/y", "a/y/z"];
        let baseline = Baseline::parse(FILE, "b.toml".as_ref(), &rules).unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let standing = |case: Case, today: &str| match baseline.standing(&case, day(today)) {
            Standing::New => "new".to_owned(),
            Standing::Known(entry) => format!("known {}", entry.reason),
            Standing::Stale(entry) => format!("stale {}", entry.reason),
        };
        for (rule, over, verdict, observed, today, expected) in [
            ("a/b/c", "polling", Outcome::Fail, "nothing for 1 s", "2026-01-01", "known slow"),
            ("a/b/c", "polling", Outcome::Fail, "status 500", "2026-01-01", "new"),
            ("a/b/c", "polling", Outcome::Crash, "nothing", "2026-01-01", "new"),
            ("a/b/c", "polling", Outcome::Pass, "", "2026-01-01", "stale slow"),
            ("a/b/d", "polling", Outcome::Fail, "nothing", "2026-01-01", "new"),
            ("a/x/y", "polling", Outcome::Hang, "any", "2026-12-31", "known stuck"),
            ("a/x/y", "polling", Outcome::Hang, "any", "2027-01-01", "new"),
            ("a/x/y", "polling", Outcome::Pass, "", "2027-01-01", "new"),
            ("a/x/y", "websocket", Outcome::Hang, "any", "2026-12-31", "new"),
            ("a/y/z", "polling", Outcome::Pass, "", "2026-12-31", "new"),
            ("a/y/z", "polling", Outcome::Fail, "x", "2026-12-31", "known now and then"),
        ] {
            assert_eq!(
                standing(case(rule, over, verdict, observed), today),
                expected,
                "{rule} {over} {verdict} {observed}"
            );
        }
    }
}
