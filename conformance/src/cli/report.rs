//! `siospec report`: a recorded run, rendered again.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::PathBuf,
};

use console::Term;

use super::{Exit, Failure};
use crate::report::{Event, Kind, Page, Reporter, read};

/// Render a recorded run again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A run is recorded with `siospec test … --report jsonl=run.jsonl`.

Examples:
  siospec report run.jsonl
  siospec report run.jsonl --as markdown >> \"$GITHUB_STEP_SUMMARY\"
  siospec report run.jsonl --as junit > junit.xml")]
pub struct Args {
    /// The recorded run; - is standard input
    file: PathBuf,
    /// What to make of it
    #[arg(long = "as", value_name = "KIND", value_enum, default_value_t = Kind::Human)]
    kind: Kind,
}

pub(super) fn run(args: &Args, colour: bool) -> Result<Exit, Failure> {
    let input: Box<dyn BufRead> = if args.file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&args.file).map_err(|reason| args.unreadable(&reason))?;
        Box::new(BufReader::new(file))
    };
    // Nothing moves: the run is over.
    let page = Page { live: None, ..Page::of_terminal(&Term::stdout()).coloured(colour) };
    let mut reporter = args.kind.reporter(io::stdout(), page);
    let result = render(input, reporter.as_mut(), args);
    reporter.finish()?;
    result
}

fn render(input: impl BufRead, reporter: &mut dyn Reporter, args: &Args) -> Result<Exit, Failure> {
    let mut begun = false;
    for event in read(input) {
        let event = event.map_err(|reason| args.unreadable(&reason))?;
        begun |= matches!(event, Event::Start(_));
        if !begun {
            return Err(args.unreadable(&"the run does not begin with a start event"));
        }
        reporter.event(&event)?;
    }
    if begun { Ok(Exit::Fine) } else { Err(args.unreadable(&"it holds no run")) }
}

impl Args {
    fn unreadable(&self, reason: &dyn std::fmt::Display) -> Failure {
        Failure::usage(format!("cannot read {}: {reason}", self.file.display()))
    }
}
