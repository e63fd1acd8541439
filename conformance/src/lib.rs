//! Judges Socket.IO servers: rules, the scenarios that act them out, and the runner.
//!
//! Without the feature `judge` there are only transcripts ([`siot`]), which need neither a network nor a command line.

#[cfg(feature = "judge")]
pub mod baseline;
#[cfg(feature = "judge")]
pub mod cli;
#[cfg(feature = "judge")]
pub mod contract;
#[cfg(feature = "judge")]
pub mod coverage;
#[cfg(feature = "judge")]
pub mod explore;
#[cfg(feature = "judge")]
pub mod history;
#[cfg(feature = "judge")]
mod judge;
#[cfg(feature = "judge")]
pub mod live;
#[cfg(feature = "judge")]
pub mod probe;
#[cfg(feature = "embedded")]
pub mod prove;
#[cfg(feature = "judge")]
pub mod replay;
#[cfg(feature = "judge")]
pub mod report;
#[cfg(feature = "judge")]
pub mod rule;
#[cfg(feature = "judge")]
pub mod run;
#[cfg(feature = "judge")]
pub mod scenario;
#[cfg(feature = "judge")]
pub mod selector;
pub mod siot;
#[cfg(feature = "judge")]
pub mod stage;
#[cfg(feature = "judge")]
pub mod suite;
#[cfg(feature = "judge")]
pub mod tape;
#[cfg(feature = "judge")]
pub mod target;
#[cfg(feature = "judge")]
pub mod transcript;
mod transport;
#[cfg(feature = "judge")]
pub mod verdict;

#[cfg(feature = "judge")]
pub use judge::{Judgement, Judging, judge};
