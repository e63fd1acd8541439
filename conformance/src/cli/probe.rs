//! `siospec probe`: the capability card of a server.

use std::io::{self, Write};

use super::{Exit, Failure, options::Server, runner::Runner};
use crate::{probe, stage::Site, target::parse_url};

/// Ask a server what it can do: a card in two seconds, without its help
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 it is an Engine.IO server, 3 it is none, or nobody listens.

Examples:
  siospec probe http://127.0.0.1:3000
  siospec probe http://127.0.0.1:3000/chat --auth '{\"token\":\"open sesame\"}'
  siospec probe http://127.0.0.1:3000 --json")]
pub struct Args {
    /// The URL of the server
    #[arg(value_name = "URL")]
    url: String,
    /// How to reach it.
    #[command(flatten)]
    server: Server,
    /// Write the card as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the card.
///
/// # Errors
/// The URL makes no sense, or there is no Engine.IO server.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let (authority, path) = parse_url(&args.url)?;
    let approach = args.server.approach(path);
    let mut site = Site::new(authority);
    site.path = approach.path;
    site.headers = approach.headers;
    site.query = approach.query;
    site.auth = approach.auth;
    let shown = format!("http://{}{}", site.authority, site.path);
    let runner = Runner::start()?;
    let asked = runner.does(probe::probe(site));
    // Whoever did not answer is not waited for.
    runner.leaves();
    let card = asked.map_err(|why| {
        let hint = "is it an Engine.IO server, and is the path right? (--path)";
        Failure::new(Exit::Unreachable, format!("no Engine.IO handshake with {shown}: {why}; {hint}"))
    })?;
    let mut out = io::stdout().lock();
    if args.json {
        let json = serde_json::to_string_pretty(&card).expect("a card without odd keys is JSON");
        writeln!(out, "{json}")?;
    } else {
        write!(out, "{card}")?;
    }
    Ok(Exit::Fine)
}
