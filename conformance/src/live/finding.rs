//! Something that is wrong with the server, shown three times of three.

use super::{case::Case, evidence::Evidence, generate::texts_of, oracle::Oracle};
use crate::siot::{Act, Data, Field, Script, Step};

/// A finding.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What the oracle says.
    pub evidence: Evidence,
    /// The smallest case that shows it.
    pub case: Case,
    /// Seconds into the run at which it was found and confirmed.
    pub seconds: f64,
    /// How many cases had been tried by then.
    pub cases: u64,
    /// Why it was expected, if it is listed.
    pub known: Option<String>,
}

impl Finding {
    /// The oracle that says it.
    pub fn oracle(&self) -> Oracle {
        self.evidence.oracle
    }

    /// The same for the same harm done in the same way, whatever the seed: the oracle, what the server printed, and the
    /// kinds of steps.
    pub fn signature(&self) -> String {
        signature(&self.evidence, &self.case)
    }

    /// The transcript that replays it.
    pub fn script(&self) -> Script {
        let mut script = Script::default();
        script.set(Field::Oracle, self.oracle().name());
        script.set(Field::Verdict, self.oracle().class().name());
        script.set(Field::Observed, &self.evidence.what);
        script.set(Field::Says, &self.signature());
        let played = self.case.script();
        script.fields.extend(played.fields);
        script.steps = played.steps;
        script
    }
}

/// What makes a finding the same as another one.
pub(super) fn signature(evidence: &Evidence, case: &Case) -> String {
    let parts = [evidence.oracle.name().to_owned(), evidence.trace.clone(), case.shape(), packets(case)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// The beginnings of the packets in a case: none or some attachments, but not how many.
fn packets(case: &Case) -> String {
    let mut heads: Vec<String> = Vec::new();
    for step in &case.steps {
        if let Step::Act(_, act) = step {
            heads.extend(texts_of(act).into_iter().map(head).filter(|head| !head.is_empty()));
            heads.extend(foreign(act).map(str::to_owned));
        }
    }
    heads.dedup();
    heads.truncate(4);
    heads.join(" ")
}

/// Whether a request that is written out goes to another path than the server's.
fn foreign(act: &Act) -> Option<&'static str> {
    match act {
        Act::Times(_, act) => foreign(act),
        Act::Bytes(Data::Text(text)) if text.starts_with("GET ") && !text.contains("$path") => {
            Some("foreign")
        }
        _ => None,
    }
}

fn head(text: &str) -> String {
    let head: String = text.chars().take(2).filter(char::is_ascii_digit).collect();
    let rest = text.get(head.len()..).unwrap_or_default();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest.get(digits..).unwrap_or_default().starts_with('-') {
        true if rest.get(..digits).unwrap_or_default().bytes().all(|digit| digit == b'0') => {
            format!("{head}0-")
        }
        true => format!("{head}N-"),
        false => head,
    }
}
