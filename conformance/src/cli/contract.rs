//! `siospec contract`: what a server must offer to be judged.

use std::io::{self, Write};

use super::{Exit, Failure};

/// Print the testee contract: what a server must offer to be judged, and how it is configured
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  siospec contract | less
  siospec contract > CONTRACT.md")]
pub struct Args {}

const TEXT: &str = include_str!("../../CONTRACT.md");

pub(super) fn run(_args: &Args) -> Result<Exit, Failure> {
    io::stdout().write_all(TEXT.as_bytes())?;
    Ok(Exit::Fine)
}
