//! Judges Socket.IO servers: rules, the scenarios that act them out, and the runner.

pub mod baseline;
pub mod cli;
pub mod contract;
pub mod coverage;
mod judge;
pub mod probe;
#[cfg(feature = "embedded")]
pub mod prove;
pub mod replay;
pub mod report;
pub mod rule;
pub mod run;
pub mod scenario;
pub mod selector;
pub mod siot;
pub mod stage;
pub mod suite;
pub mod tape;
pub mod target;
pub mod transcript;
pub mod verdict;

pub use judge::{Judgement, Judging, judge};
