//! Reading a baseline.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use toml_edit::{Document, Item, TableLike, Value};

use super::{Baseline, BaselineError, Entry, MOST_RULES};
use crate::{report::event::Outcome, scenario::Transport, selector::Selector};

/// The table that is not about a rule.
pub(super) const PROFILE: &str = "profile";

const FIELDS: [&str; 6] = ["outcome", "message", "over", "reason", "expires", "flaky"];

/// The file being read.
struct Reader<'a> {
    path: PathBuf,
    text: &'a str,
}

impl Baseline {
    /// Reads a baseline for a catalogue of these rules.
    ///
    /// # Errors
    /// The file cannot be read, or an entry makes no sense: which, and what to do.
    pub fn load(path: &Path, rules: &[&str]) -> Result<Self, BaselineError> {
        let text = fs::read_to_string(path).map_err(|error| BaselineError {
            path: path.to_owned(),
            line: None,
            reason: error.to_string(),
        })?;
        Self::parse(&text, path, rules)
    }

    /// Reads the text of a baseline; the path is for errors.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn parse(text: &str, path: &Path, rules: &[&str]) -> Result<Self, BaselineError> {
        let reader = Reader { path: path.to_owned(), text };
        let document = Document::parse(text)
            .map_err(|error| reader.wrong(error.span().map(|span| span.start), error.message().to_owned()))?;
        let mut entries = Vec::new();
        for (rule, item) in document.iter().filter(|(rule, _)| *rule != PROFILE) {
            match item {
                Item::Table(table) => {
                    entries.push(reader.entry(rule, table, start(item), rules)?);
                }
                Item::ArrayOfTables(tables) => {
                    for table in tables {
                        let at = table.span().map(|span| span.start);
                        entries.push(reader.entry(rule, table, at, rules)?);
                    }
                }
                _ => {
                    let why = format!(
                        "`{rule}` is no table; an entry is a table named by its rule: [\"engine/upgrade/probe\"]"
                    );
                    return Err(reader.wrong(start(item), why));
                }
            }
        }
        Ok(Self { entries })
    }
}

impl Reader<'_> {
    fn entry(
        &self,
        rule: &str,
        table: &dyn TableLike,
        at: Option<usize>,
        rules: &[&str],
    ) -> Result<Entry, BaselineError> {
        let selector: Selector = rule.parse().unwrap_or_else(|never| match never {});
        match rules.iter().filter(|id| selector.selects(id)).count() {
            0 => return Err(self.wrong(at, format!("no rule is called {rule}; `siospec list` shows them"))),
            1..=MOST_RULES => {}
            many => {
                let why = format!("{rule} stands for {many} rules; one entry may stand for {MOST_RULES}");
                return Err(self.wrong(at, why));
            }
        }
        for (field, item) in table.iter() {
            if !FIELDS.contains(&field) {
                let why = format!("`{field}` means nothing here; an entry has {}", FIELDS.join(", "));
                return Err(self.wrong(start(item).or(at), why));
            }
        }
        let reason = self.texts(table, "reason", at)?.join(" ");
        if reason.trim().is_empty() {
            return Err(self.wrong(at, format!("{rule} has no `reason`: say why the failure is expected")));
        }
        Ok(Entry {
            rules: selector,
            outcome: self.outcome(table, rule, at)?,
            messages: self.texts(table, "message", at)?,
            over: self.over(table, at)?,
            reason,
            expires: self.expires(table, at)?,
            flaky: match table.get("flaky") {
                None => false,
                Some(item) => item
                    .as_bool()
                    .ok_or_else(|| self.wrong(start(item).or(at), "`flaky` is true or false".to_owned()))?,
            },
            line: self.line(at).unwrap_or(1),
        })
    }

    fn outcome(
        &self,
        table: &dyn TableLike,
        rule: &str,
        at: Option<usize>,
    ) -> Result<Outcome, BaselineError> {
        let item = table
            .get("outcome")
            .ok_or_else(|| self.wrong(at, format!("{rule} has no `outcome`: what is expected of it?")))?;
        let named = item.as_str().unwrap_or_default();
        let expected = [Outcome::Fail, Outcome::Warn, Outcome::Inconclusive, Outcome::Crash, Outcome::Hang];
        expected.into_iter().find(|outcome| outcome.name() == named).ok_or_else(|| {
            let names = expected.map(Outcome::name).join(", ");
            self.wrong(start(item).or(at), format!("`outcome` is one of {names}"))
        })
    }

    /// A text or a list of texts.
    fn texts(
        &self,
        table: &dyn TableLike,
        field: &str,
        at: Option<usize>,
    ) -> Result<Vec<String>, BaselineError> {
        let Some(item) = table.get(field) else { return Ok(Vec::new()) };
        let wrong = || self.wrong(start(item).or(at), format!("`{field}` is a text, or a list of texts"));
        match item.as_value() {
            Some(Value::String(text)) => Ok(vec![text.value().clone()]),
            Some(Value::Array(texts)) => {
                texts.iter().map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
            }
            _ => Err(wrong()),
        }
    }

    fn over(&self, table: &dyn TableLike, at: Option<usize>) -> Result<Vec<String>, BaselineError> {
        let over = self.texts(table, "over", at)?;
        let known = Transport::ALL.iter().map(|transport| transport.name()).collect::<Vec<_>>();
        match over.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                let why = format!("no transport is called {name}; there are {}", known.join(", "));
                Err(self.wrong(table.get("over").and_then(start).or(at), why))
            }
            None => Ok(over),
        }
    }

    fn expires(&self, table: &dyn TableLike, at: Option<usize>) -> Result<Option<NaiveDate>, BaselineError> {
        let Some(item) = table.get("expires") else { return Ok(None) };
        let date = item.as_datetime().and_then(|time| time.date);
        let day = date
            .and_then(|date| NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into()));
        let why = || self.wrong(start(item).or(at), "`expires` is a day: 2027-03-01".to_owned());
        day.map(Some).ok_or_else(why)
    }

    fn wrong(&self, at: Option<usize>, reason: String) -> BaselineError {
        BaselineError { path: self.path.clone(), line: self.line(at), reason }
    }

    fn line(&self, at: Option<usize>) -> Option<usize> {
        let before = self.text.as_bytes().get(..at?)?;
        Some(1 + before.iter().filter(|&&byte| byte == b'\n').count())
    }
}

fn start(item: &Item) -> Option<usize> {
    item.span().map(|span| span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_named_with_its_line() {
        let rules: Vec<String> = (0..21).map(|number| format!("a/b/{number}")).collect();
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        for (text, line, complaint) in [
            ("[\"a/b/1\"]\nreason = \"x\"", 1, "has no `outcome`"),
            ("\n[\"a/b/1\"]\noutcome = \"fail\"", 2, "has no `reason`"),
            ("[\"a/b/1\"]\noutcome = \"pass\"\nreason = \"x\"", 2, "`outcome` is one of fail, warn"),
            ("[\"a/b/99\"]\noutcome = \"fail\"\nreason = \"x\"", 1, "no rule is called a/b/99"),
            ("[\"a/b/*\"]\noutcome = \"fail\"\nreason = \"x\"", 1, "stands for 21 rules"),
            ("[\"a/b/1\"]\noutcome = \"fail\"\nreason = \"x\"\nwhy = 1", 4, "`why` means nothing here"),
            (
                "[\"a/b/1\"]\noutcome = \"fail\"\nreason = \"x\"\nover = [\"udp\"]",
                4,
                "no transport is called udp",
            ),
            ("[\"a/b/1\"]\noutcome = \"fail\"\nreason = \"x\"\nexpires = 3", 4, "`expires` is a day"),
            ("a = 1", 1, "`a` is no table"),
            ("[\"a/b/1\"]\noutcome = ", 2, ""),
        ] {
            let error = Baseline::parse(text, "known.toml".as_ref(), &rules).unwrap_err();
            assert_eq!(error.line, Some(line), "{text}: {error}");
            assert!(error.reason.contains(complaint), "{text}: {error}");
        }
    }

    #[test]
    fn a_rule_may_have_several_entries_and_a_profile_stands_beside_them() {
        let text = "[profile]\nname = \"x\"\n[[\"a/b/1\"]]\noutcome = \"fail\"\nreason = \"x\"\n\
                    [[\"a/b/1\"]]\noutcome = \"hang\"\nmessage = [\"p\", \"q\"]\nreason = \"y\"\n";
        let baseline = Baseline::parse(text, "known.toml".as_ref(), &["a/b/1"]).unwrap();
        let lines: Vec<_> = baseline.entries.iter().map(|entry| (entry.outcome, entry.line)).collect();
        assert_eq!(lines, [(Outcome::Fail, 3), (Outcome::Hang, 6)]);
        assert_eq!(baseline.entries[1].messages, ["p", "q"]);
    }
}
