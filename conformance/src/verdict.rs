//! What became of a case, and the ways a scenario stops early.

use crate::{rule::Level, transcript::EntryId};

/// The result of acting out a scenario: the rule held, or why the acting stopped.
pub type Check<T = ()> = Result<T, Stop>;

/// Why a scenario stopped before its end; carried by `?`.
#[derive(Debug, Clone)]
pub enum Stop {
    /// The server broke the rule.
    Violation(Violation),
    /// Our side or the set-up went wrong; says nothing about the rule.
    Inconclusive(String),
    /// The server does not offer what the scenario needs.
    Unsupported(String),
}

/// A broken rule: what was due, what came instead, and where.
#[derive(Debug, Clone)]
pub struct Violation {
    /// What the rule demands here.
    pub expected: String,
    /// What was observed.
    pub observed: String,
    /// The guilty entry of the transcript, where there is one.
    pub at: Option<EntryId>,
}

impl Violation {
    /// Whether it is about time: something did not come, or was closed, or a ping came first. Such a thing may
    /// be our own doing, if we ourselves were held up.
    pub fn is_about_time(&self) -> bool {
        const SIGNS: [&str; 7] = [
            "nothing",
            "no ",
            "closed",
            "the session was closed",
            "the connection was closed",
            // A ping, and the refusal of a session that timed out.
            "status 200 with 2",
            "status 400 with {\"code\":1",
        ];
        SIGNS.iter().any(|sign| self.observed.starts_with(sign)) || self.observed == "2"
    }
}

impl Stop {
    /// A violation, with the entry that shows it.
    pub fn violation(
        expected: impl Into<String>,
        observed: impl Into<String>,
        at: impl Into<Option<EntryId>>,
    ) -> Self {
        Stop::Violation(Violation { expected: expected.into(), observed: observed.into(), at: at.into() })
    }

    /// The same stop during set-up, where it does not count against the rule.
    #[must_use]
    pub fn during(self, what: &str) -> Self {
        match self {
            Stop::Violation(Violation { expected, observed, .. }) => {
                Stop::Inconclusive(format!("{what}: wanted {expected}, got {observed}"))
            }
            other => other,
        }
    }
}

/// Turns what goes wrong in set-up into an inconclusive case.
pub trait SetUp<T> {
    /// Names the step, for the message.
    ///
    /// # Errors
    /// The same stop, with a violation turned into [`Stop::Inconclusive`].
    fn set_up(self, what: &str) -> Check<T>;
}

impl<T> SetUp<T> for Check<T> {
    fn set_up(self, what: &str) -> Check<T> {
        self.map_err(|stop| stop.during(what))
    }
}

/// The same stop, a violation saying that `want` was due.
pub(crate) fn expecting(stop: Stop, want: &str) -> Stop {
    match stop {
        Stop::Violation(violation) => Stop::violation(want, violation.observed, violation.at),
        other => other,
    }
}

/// What became of a case.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The rule held.
    Pass,
    /// A rule that decides nothing differs.
    Warn(Violation),
    /// The rule is broken.
    Fail(Violation),
    /// Our side or the set-up.
    Inconclusive(String),
    /// Not offered, with the reason.
    Skipped(String),
    /// The server died.
    Crash(String),
    /// A fresh client no longer gets its echo.
    Hang(String),
}

impl Verdict {
    /// The verdict on a rule of the given level.
    pub fn of(check: Check, level: Level) -> Self {
        match check {
            Ok(()) => Verdict::Pass,
            Err(Stop::Violation(violation)) if level.fails() => Verdict::Fail(violation),
            Err(Stop::Violation(violation)) => Verdict::Warn(violation),
            Err(Stop::Inconclusive(why)) => Verdict::Inconclusive(why),
            Err(Stop::Unsupported(what)) => Verdict::Skipped(what),
        }
    }

    /// The word used in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn(_) => "warn",
            Verdict::Fail(_) => "fail",
            Verdict::Inconclusive(_) => "inconclusive",
            Verdict::Skipped(_) => "skipped",
            Verdict::Crash(_) => "crash",
            Verdict::Hang(_) => "hang",
        }
    }
}
