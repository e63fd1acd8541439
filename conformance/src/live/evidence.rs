//! What speaks against a server.

use super::{oracle::Oracle, stderr::Trouble};

/// What an oracle says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Who says it.
    pub oracle: Oracle,
    /// What happened, for people.
    pub what: String,
    /// What the server printed about it, without what differs from run to run, or else which of the things it is that its
    /// oracle tells apart; empty if it is neither.
    pub trace: String,
    /// Whether it is too faint to be shown again in a short time, so that it only says where to look.
    pub faint: bool,
}

impl Evidence {
    pub(super) fn new(oracle: Oracle, what: impl Into<String>) -> Self {
        Self { oracle, what: what.into(), trace: String::new(), faint: false }
    }

    /// One of several things that an oracle tells apart.
    pub(super) fn of_kind(oracle: Oracle, kind: impl Into<String>, what: impl Into<String>) -> Self {
        Self { trace: kind.into(), ..Self::new(oracle, what) }
    }

    pub(super) fn printed(oracle: Oracle, trouble: &Trouble) -> Self {
        Self { oracle, what: trouble.line.clone(), trace: trouble.signature.clone(), faint: false }
    }

    /// Adds what the server printed.
    pub(super) fn with(mut self, trouble: Option<&Trouble>) -> Self {
        if let Some(trouble) = trouble {
            self.what = format!("{}: {}", self.what, trouble.line);
            self.trace.clone_from(&trouble.signature);
        }
        self
    }
}
