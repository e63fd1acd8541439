//! The events of a run, and how they are written as JSON lines.
//!
//! One object a line, told apart by `event`: one `start`, one `verdict` for each case, one `finding` for each thing that
//! was found by cases that are made up, one `end`. Fields without a value are left out. Readers must ignore fields they do
//! not know: new ones may be added, none changes its meaning.

use std::{fmt, iter::Sum, ops::AddAssign};

use serde::{Deserialize, Serialize};

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// The run begins; always the first event.
    Start(Start),
    /// A case was judged.
    Verdict(Case),
    /// Something was found that no case looked for.
    Finding(Finding),
    /// The run is over; always the last event, and missing from a run that broke half-way.
    End(End),
}

/// What is about to be judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Start {
    /// The judge: `siospec`.
    pub tool: String,
    /// The judge's version.
    pub version: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The server under judgement.
    pub target: Target,
    /// How many verdicts are to come, the skipped cases included.
    pub selected: usize,
    /// How many rules these cases belong to.
    pub rules: usize,
    /// For how many of these rules the server does not offer what they need, over one transport at least.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_offered: usize,
    /// The groups of these cases, in the order of reports.
    pub groups: Vec<Group>,
}

/// The server under judgement, as far as it told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// Name of the implementation, or its address if it did not tell.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The language it is written in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The level of the testee contract that it is judged at.
    pub contract: String,
    /// The features it names.
    pub features: Vec<String>,
}

/// A group of rules that is reported on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The common part of their ids: `engine/handshake`.
    pub name: String,
    /// How many verdicts it will have, the skipped cases included.
    pub cases: usize,
}

/// A rule acted out once, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Case {
    /// Id of the rule: `engine/handshake/open-packet`.
    pub rule: String,
    /// The rule's authority: `must`, `docs`, `reference`, `should` or `info`.
    pub level: String,
    /// The rule's sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// Where the sentence comes from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The transport: `polling`, `websocket` or `upgraded`.
    pub over: String,
    /// The configuration of the server: `default`, …
    pub variant: String,
    /// What became of it.
    pub verdict: Outcome,
    /// Whether the outcome was expected and does not count.
    pub known: bool,
    /// Whether it passed though a failure was expected.
    #[serde(skip_serializing_if = "is_false")]
    pub stale: bool,
    /// Why a failure was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// One line on what happened; the reason of a case that was skipped or is inconclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the rule demands here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was observed instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// When the case began, in milliseconds since the run began.
    pub at_ms: u64,
    /// How long the case took, in milliseconds.
    pub ms: u64,
    /// What crossed the wire; recorded where it helps to understand the verdict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Line>,
    /// What users of a server that breaks the rule would see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<String>,
    /// Public reports of servers that broke the rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// A file that replays the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
}

/// What `siospec explore` or another command that makes up its cases has found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// Who says that it is wrong.
    pub oracle: String,
    /// What tells it from other findings.
    pub signature: String,
    /// Time until it was seen.
    pub seconds: f64,
    /// Cases until then.
    pub cases: u64,
    /// A file that replays it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// One sentence.
    pub message: String,
}

/// One thing that crossed the wire, or a remark.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// When, in milliseconds since the case began.
    pub at_ms: u64,
    /// The actor at the judge's end.
    pub actor: String,
    /// Which way it went.
    pub way: Way,
    /// What it was, as a person would read it.
    pub what: String,
    /// Whether this is where the rule was seen to be broken.
    #[serde(skip_serializing_if = "is_false")]
    pub guilty: bool,
}

/// Which way something went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// From the actor to the server.
    Sent,
    /// From the server to the actor.
    Received,
    /// Nothing on the wire.
    #[default]
    Note,
}

/// What became of a case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The rule held.
    Pass,
    /// A rule that decides nothing differs.
    Warn,
    /// The rule is broken.
    Fail,
    /// The judge's side or the set-up; says nothing about the server.
    #[default]
    Inconclusive,
    /// Not offered by this server.
    Skipped,
    /// The server died.
    Crash,
    /// A fresh client no longer gets its echo.
    Hang,
}

/// How many cases had which outcome. What is known or stale is counted as that alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each field is the outcome of its name")]
pub struct Counts {
    pub pass: usize,
    pub warn: usize,
    pub fail: usize,
    pub inconclusive: usize,
    pub skipped: usize,
    pub crash: usize,
    pub hang: usize,
    #[serde(skip_serializing_if = "is_zero")]
    pub known: usize,
    #[serde(skip_serializing_if = "is_zero")]
    pub stale: usize,
}

/// How the run ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// The cases by outcome.
    pub counts: Counts,
    /// Wall time of the run.
    pub seconds: f64,
    /// The exit code.
    pub exit: u8,
    /// A command that runs the same again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
}

impl Case {
    /// The case's group: the rule's id without its last part.
    pub fn group(&self) -> &str {
        self.rule.rsplit_once('/').map_or(self.rule.as_str(), |(group, _)| group)
    }
}

impl Outcome {
    /// Every outcome, in the order of reports.
    pub const ALL: [Outcome; 7] = [
        Outcome::Pass,
        Outcome::Fail,
        Outcome::Crash,
        Outcome::Hang,
        Outcome::Warn,
        Outcome::Inconclusive,
        Outcome::Skipped,
    ];

    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Warn => "warn",
            Outcome::Fail => "fail",
            Outcome::Inconclusive => "inconclusive",
            Outcome::Skipped => "skipped",
            Outcome::Crash => "crash",
            Outcome::Hang => "hang",
        }
    }

    /// Whether the server is found guilty.
    pub const fn is_guilty(self) -> bool {
        matches!(self, Outcome::Fail | Outcome::Crash | Outcome::Hang)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Counts {
    /// How many cases had this outcome.
    pub const fn of(&self, outcome: Outcome) -> usize {
        match outcome {
            Outcome::Pass => self.pass,
            Outcome::Warn => self.warn,
            Outcome::Fail => self.fail,
            Outcome::Inconclusive => self.inconclusive,
            Outcome::Skipped => self.skipped,
            Outcome::Crash => self.crash,
            Outcome::Hang => self.hang,
        }
    }

    /// All cases.
    pub fn total(&self) -> usize {
        let plain: usize = Outcome::ALL.iter().map(|&outcome| self.of(outcome)).sum();
        plain + self.known + self.stale
    }

    /// The cases that ran.
    pub fn judged(&self) -> usize {
        self.total() - self.skipped
    }

    /// The cases that find the server guilty.
    pub const fn guilty(&self) -> usize {
        self.fail + self.crash + self.hang
    }
}

impl AddAssign<&Case> for Counts {
    fn add_assign(&mut self, case: &Case) {
        *match case.verdict {
            _ if case.known => &mut self.known,
            _ if case.stale => &mut self.stale,
            Outcome::Pass => &mut self.pass,
            Outcome::Warn => &mut self.warn,
            Outcome::Fail => &mut self.fail,
            Outcome::Inconclusive => &mut self.inconclusive,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Crash => &mut self.crash,
            Outcome::Hang => &mut self.hang,
        } += 1;
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, counts| Self {
            pass: sum.pass + counts.pass,
            warn: sum.warn + counts.warn,
            fail: sum.fail + counts.fail,
            inconclusive: sum.inconclusive + counts.inconclusive,
            skipped: sum.skipped + counts.skipped,
            crash: sum.crash + counts.crash,
            hang: sum.hang + counts.hang,
            known: sum.known + counts.known,
            stale: sum.stale + counts.stale,
        })
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn is_false(value: &bool) -> bool {
    !value
}
