//! The event stream as JSON lines, written and read.

use std::{
    error, fmt,
    io::{self, BufRead, Write},
};

use super::{Event, Reporter};

/// Writes every event as one line, at once: a run that breaks leaves whole lines behind.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
}

/// A recorded run cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// Reading failed.
    Io(io::Error),
    /// A line is not an event.
    Line {
        /// Its number, counted from 1.
        number: usize,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
}

/// Reads the events of a recorded run. Empty lines are passed over.
///
/// # Errors
/// Yields an error for a line that cannot be read or is not an event.
pub fn read(lines: impl BufRead) -> impl Iterator<Item = Result<Event, ReadError>> {
    lines.lines().zip(1..).filter_map(|(line, number)| match line {
        Err(reason) => Some(Err(ReadError::Io(reason))),
        Ok(line) if line.trim().is_empty() => None,
        Ok(line) => Some(serde_json::from_str(&line).map_err(|reason| ReadError::Line { number, reason })),
    })
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write + Send> Reporter for JsonLines<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(reason) => reason.fmt(f),
            ReadError::Line { number, reason } => {
                write!(f, "line {number} is not an event of a run: {reason}")
            }
        }
    }
}

impl error::Error for ReadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            ReadError::Io(reason) => Some(reason),
            ReadError::Line { reason, .. } => Some(reason),
        }
    }
}
