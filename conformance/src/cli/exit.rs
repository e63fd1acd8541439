//! How the command ends: exit codes, and errors for people.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use crate::{baseline::BaselineError, report, target::TargetError};

/// The exit codes, for the help text.
pub(super) const HELP: &str = "\
Exit codes:
  0    conformant at the chosen level, or done
  1    a rule is broken, the server crashed or hangs, or a packet is malformed
  2    usage: the command line makes no sense, or a file cannot be read or written
  3    the server is unreachable, or lacks the contract that was stated
  4    nothing is selected
  5    only stale entries of the baseline
  6    our own fault
  130  interrupted; what was judged is reported";

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Conformant at the chosen level, or simply done.
    Fine = 0,
    /// The thing under judgement is at fault.
    Guilty = 1,
    /// The command line makes no sense, or a file cannot be read or written.
    Usage = 2,
    /// The server is unreachable, or lacks the contract that was stated.
    Unreachable = 3,
    /// Nothing is selected.
    NothingSelected = 4,
    /// Nothing failed that is not known, but something known passed.
    Stale = 5,
    /// Our own fault.
    OwnFault = 6,
    /// Interrupted; a partial report is written.
    Interrupted = 130,
}

/// Why a command could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong, and what to do; empty if nobody is left to read it.
    pub message: String,
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl Failure {
    /// A failure with this exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// The command line makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Says what went wrong on standard error.
    pub fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            // Where standard error is gone too, the exit code has to do.
            let _ = writeln!(io::stderr(), "error: {}", self.message);
        }
        self.exit.into()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

impl From<io::Error> for Failure {
    /// Writing to standard output failed. That its reader has heard enough is no failure.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Fine, ""),
            _ => Self::new(Exit::OwnFault, format!("cannot write the output: {error}")),
        }
    }
}

impl From<report::OpenError> for Failure {
    fn from(error: report::OpenError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<BaselineError> for Failure {
    fn from(error: BaselineError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let exit = match error {
            TargetError::Unreachable(_) | TargetError::ContractMissing(_) => Exit::Unreachable,
            TargetError::Usage(_) => Exit::Usage,
        };
        Self::new(exit, error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
