//! The `siospec` command line: what can be typed, and who does it.

mod baseline;
mod completions;
mod contract;
mod coverage;
mod decode;
mod exit;
mod explain;
mod explore;
mod fuzz;
mod interrupt;
mod judge;
mod last_run;
mod list;
mod matrix;
mod options;
mod probe;
#[cfg(feature = "embedded")]
mod prove;
mod replay;
mod report;
mod runner;
#[cfg(feature = "embedded")]
mod serve;
#[cfg(feature = "embedded")]
mod settings;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::{Exit, Failure};

/// Judge Socket.IO servers against every observable rule of Engine.IO and Socket.IO
#[derive(Debug, Parser)]
#[command(name = "siospec", version, propagate_version = true, after_help = exit::HELP)]
pub struct Cli {
    /// Write no colours, whatever the terminal can do
    #[arg(long, global = true)]
    pub no_color: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "each variant holds the arguments of the command of its name")]
pub enum Command {
    Test(Box<test::Args>),
    Probe(probe::Args),
    Fuzz(Box<fuzz::Args>),
    Explore(Box<explore::Args>),
    #[command(subcommand)]
    Baseline(baseline::Args),
    #[cfg(feature = "embedded")]
    Serve(Box<serve::Args>),
    List(list::Args),
    Explain(explain::Args),
    #[cfg(feature = "embedded")]
    Prove(prove::Args),
    Replay(Box<replay::Args>),
    Matrix(matrix::Args),
    Decode(decode::Args),
    Report(report::Args),
    Contract(contract::Args),
    Completions(completions::Args),
}

/// Does what the command line says, and ends with its exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.run(!cli.no_color) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

impl Command {
    fn run(&self, colour: bool) -> Result<Exit, Failure> {
        match self {
            Command::Test(args) => judge::run(args, colour),
            Command::Probe(args) => probe::run(args),
            Command::Fuzz(args) => fuzz::run(args, colour),
            Command::Explore(args) => explore::run(args, colour),
            Command::Baseline(args) => baseline::run(args),
            #[cfg(feature = "embedded")]
            Command::Serve(args) => serve::run(args),
            Command::List(args) => list::run(args),
            Command::Explain(args) => explain::run(args),
            #[cfg(feature = "embedded")]
            Command::Prove(args) => prove::run(args),
            Command::Replay(args) => replay::run(args),
            Command::Matrix(args) => matrix::run(args),
            Command::Decode(args) => decode::run(args),
            Command::Report(args) => report::run(args, colour),
            Command::Contract(args) => contract::run(args),
            Command::Completions(args) => completions::run(args),
        }
    }
}
