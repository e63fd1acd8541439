//! `siospec test`: judges a server.

use super::{
    Failure,
    options::{Cases, Output, Pair, Server, pair},
};
use crate::selector::Selector;

/// Judge a server: one that runs, one started by a command, or the embedded reference
#[derive(Debug, Clone, clap::Args)]
#[command(
    override_usage = "siospec test [OPTIONS] [URL] [SELECTOR]... [-- COMMAND...]",
    after_help = "\
With a COMMAND, the server is started with the environment of the testee contract (`siospec contract`), once for each
configuration that rules want: it listens on 127.0.0.1:$PORT and ends on SIGTERM. With a URL, every rule is judged on
the one server that runs, by the numbers that it announces. With neither, the embedded reference is judged.

Examples:
  siospec test http://127.0.0.1:3000
  siospec test http://127.0.0.1:3000 engine/upgrade 'delivery/**' --over polling
  siospec test --contract delivery -- node testee.js
  siospec test http://127.0.0.1:3000 --level must --report junit=junit.xml"
)]
pub struct Args {
    /// The URL of a running server, then ids of rules with globs: engine/upgrade, delivery/**, **/acks/*
    #[arg(value_name = "URL or SELECTOR")]
    words: Vec<String>,
    /// How to reach it.
    #[command(flatten)]
    pub server: Server,
    /// Which cases, and how.
    #[command(flatten)]
    pub cases: Cases,
    /// Where reports go.
    #[command(flatten)]
    pub output: Output,
    /// Add a variable to the environment of the COMMAND
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair, help_heading = "Server")]
    env: Vec<Pair>,
    /// A command that starts the server, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// The server that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its URL.
    Url(String),
    /// By the command that starts it, with additions to its environment.
    Command(Vec<String>, Vec<Pair>),
    /// Not at all: the embedded reference.
    Nothing,
}

impl Args {
    /// The server that is named.
    ///
    /// # Errors
    /// A usage error: two servers are named, or a variable has no command to go to.
    pub fn target(&self) -> Result<Named, Failure> {
        let url = self.words.first().filter(|word| is_url(word));
        let late = self.words.iter().skip(1).find(|word| is_url(word));
        match (url, late, self.command.is_empty()) {
            (Some(_), Some(late), _) => {
                Err(Failure::usage(format!("one server at a time: {late} is a second URL")))
            }
            (None, Some(late), _) => {
                Err(Failure::usage(format!("the URL comes before the selectors: {late}")))
            }
            (Some(url), _, false) => Err(Failure::usage(format!(
                "either a URL or a command, not both: {url} -- {}",
                self.command.join(" ")
            ))),
            _ if self.command.is_empty() && !self.env.is_empty() => {
                Err(Failure::usage("--env needs a command that starts the server: -- COMMAND"))
            }
            (Some(url), ..) => Ok(Named::Url(url.clone())),
            (None, _, false) => Ok(Named::Command(self.command.clone(), self.env.clone())),
            (None, _, true) => Ok(Named::Nothing),
        }
    }

    /// The selectors; none chooses everything.
    pub fn selectors(&self) -> Vec<Selector> {
        let words = self.words.iter().filter(|word| !is_url(word));
        words.map(|word| word.parse().unwrap_or_else(|never| match never {})).collect()
    }
}

fn is_url(word: &str) -> bool {
    word.contains("://")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::{cli::options::Deciding, scenario::Transport};

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        args: Args,
    }

    fn parse(line: &str) -> Args {
        Alone::try_parse_from(format!("test {line}").split(' ').filter(|word| !word.is_empty())).unwrap().args
    }

    #[test]
    fn a_word_with_a_scheme_is_the_server() {
        let args =
            parse("http://127.0.0.1:3000 engine/upgrade delivery/** --over polling,websocket --level all");
        assert_eq!(args.target().unwrap(), Named::Url("http://127.0.0.1:3000".into()));
        let selectors: Vec<_> = args.selectors().iter().map(ToString::to_string).collect();
        assert_eq!(selectors, ["engine/upgrade", "delivery/**"]);
        assert_eq!(args.cases.over, [Transport::Polling, Transport::Websocket]);
        assert_eq!(args.cases.level, Deciding::All);
    }

    #[test]
    fn without_a_scheme_it_is_a_selector() {
        let args = parse("engine");
        assert_eq!(args.target().unwrap(), Named::Nothing);
        assert_eq!(args.selectors().len(), 1);
    }

    #[test]
    fn behind_two_dashes_is_the_command() {
        let args = parse("engine --env A=1 -- node testee.js --report x");
        let command = ["node", "testee.js", "--report", "x"].map(str::to_owned).to_vec();
        assert_eq!(args.target().unwrap(), Named::Command(command, vec![("A".into(), "1".into())]));
    }

    #[test]
    fn two_servers_are_one_too_many() {
        for (line, complaint) in [
            ("http://a -- node b", "either a URL or a command"),
            ("http://a http://b", "http://b is a second URL"),
            ("engine http://b", "comes before the selectors"),
            ("--env A=1", "--env needs a command"),
        ] {
            let failure = parse(line).target().unwrap_err();
            assert!(failure.message.contains(complaint), "{failure}");
        }
    }
}
