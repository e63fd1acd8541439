//! The file of findings that are known: each with its reason, and perhaps the day until which it is excused.

use std::path::Path;

use chrono::NaiveDate;
use serde::Deserialize;

use super::finding::Finding;

/// Findings that do not count.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Each one.
    #[serde(default)]
    finding: Vec<Entry>,
}

/// A finding that is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The name of the oracle.
    oracle: String,
    /// A part of the signature.
    signature: String,
    /// Why it is excused.
    reason: String,
    /// The last day on which it is, as `2026-12-31`.
    expires: Option<String>,
}

impl Known {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Self::parse(&text).map_err(|why| format!("{}: {why}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let known: Self = toml_edit::de::from_str(text).map_err(|error| error.to_string())?;
        for entry in &known.finding {
            if entry.reason.trim().is_empty() || entry.signature.is_empty() {
                return Err(format!("the entry for {} needs a signature and a reason", entry.oracle));
            }
            if super::Oracle::from_name(&entry.oracle).is_none() {
                return Err(format!("no oracle is called {:?}", entry.oracle));
            }
            entry.last_day()?;
        }
        Ok(known)
    }

    /// Why a finding is excused on a day, if it is.
    pub(super) fn reason(&self, finding: &Finding, today: NaiveDate) -> Option<String> {
        let signature = finding.signature();
        self.finding
            .iter()
            .filter(|entry| entry.oracle == finding.oracle().name() && signature.contains(&entry.signature))
            .find(|entry| entry.last_day().ok().flatten().is_none_or(|last| today <= last))
            .map(|entry| entry.reason.clone())
    }
}

impl Entry {
    fn last_day(&self) -> Result<Option<NaiveDate>, String> {
        let Some(text) = &self.expires else { return Ok(None) };
        let day = text.parse().map_err(|_| format!("{text:?} is no day; write it as 2026-12-31"))?;
        Ok(Some(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{case::Case, evidence::Evidence, oracle::Oracle};

    #[test]
    fn an_entry_excuses_until_its_last_day() {
        let text = "[[finding]]\noracle = \"stderr\"\nsignature = \"KeyError\"\nreason = \"reported\"\nexpires = \"2026-05-01\"\n";
        let known = Known::parse(text).unwrap();
        let mut evidence = Evidence::new(Oracle::Stderr, "x");
        evidence.trace = "KeyError: 'x'".to_owned();
        let finding = Finding { evidence, case: Case::new(Vec::new()), seconds: 0.0, cases: 1, known: None };
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(known.reason(&finding, day("2026-05-01")).as_deref(), Some("reported"));
        assert_eq!(known.reason(&finding, day("2026-05-02")), None);
    }

    #[test]
    fn a_file_says_what_is_wrong_with_it() {
        for (text, why) in [
            ("[[finding]]\noracle = \"x\"\nsignature = \"a\"\nreason = \"b\"\n", "no oracle"),
            ("[[finding]]\noracle = \"stderr\"\nsignature = \"a\"\nreason = \"\"\n", "reason"),
            (
                "[[finding]]\noracle = \"stderr\"\nsignature = \"a\"\nreason = \"b\"\nexpires = \"soon\"\n",
                "no day",
            ),
            ("nonsense", "expected"),
        ] {
            let error = Known::parse(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
