//! `siospec list`: the catalogue.

use super::Selector;

/// List the rules, and what they are about
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  siospec list
  siospec list 'delivery/**'
  siospec list --coverage")]
pub struct Args {
    /// Only these rules: ids with globs, like engine/upgrade or **/acks/*
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<Selector>,
    /// Show over which transports each rule is judged, what it needs, and which faults prove it
    #[arg(long)]
    pub coverage: bool,
}
