//! The judge.

pub mod report;
