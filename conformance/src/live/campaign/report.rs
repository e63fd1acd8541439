//! What a run tells, as it goes on and in the end.

use std::time::Duration;

use crate::live::finding::Finding;

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Cases that were done.
    pub cases: u64,
    /// Time since it began.
    pub elapsed: Duration,
    /// Different reactions that were seen.
    pub states: usize,
    /// Findings so far.
    pub findings: usize,
    /// What is done now.
    pub doing: &'static str,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The findings, in the order in which they were made.
    pub findings: Vec<Finding>,
    /// Cases that were done.
    pub cases: u64,
    /// Cases that were left out because of what was found before.
    pub fenced: u64,
    /// What is fenced off.
    pub fences: Vec<String>,
    /// How often the server as a whole was in trouble, and nothing could be shown three times of three.
    pub unconfirmed: Vec<String>,
    /// Different reactions that were seen.
    pub states: usize,
    /// How long it took.
    pub seconds: f64,
    /// How long cases were hunted, investigations and weighing aside.
    pub hunted_seconds: f64,
}

/// Whoever looks on.
pub trait Watcher {
    /// The run goes on.
    fn progress(&mut self, progress: Progress);
    /// Something was found.
    fn finding(&mut self, finding: &Finding);
}
