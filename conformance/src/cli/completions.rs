//! `siospec completions`: completion scripts for shells.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{Cli, Exit, Failure};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  siospec completions bash > ~/.local/share/bash-completion/completions/siospec
  siospec completions zsh > \"${fpath[1]}/_siospec\"
  siospec completions fish > ~/.config/fish/completions/siospec.fish")]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    // The generator panics where it cannot write, so it writes into memory.
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "siospec", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Fine)
}
