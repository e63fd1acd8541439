//! Options that several commands share: how to reach a server, and what is said about it.

use std::{path::PathBuf, str::FromStr};

use clap::{ArgAction, ValueEnum, ValueHint};
use serde_json::Value;

use crate::{
    report::Spec,
    rule::Level,
    scenario::{Contract, Transport},
    target::Approach,
};

/// How to reach the server, and what is said about it.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct Server {
    /// State what the server offers of the testee contract; without it the server is asked
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub contract: Option<Contract>,
    /// Request path; also taken from the URL [default: /socket.io/]
    #[arg(long, value_parser = path, value_hint = ValueHint::Other)]
    pub path: Option<String>,
    /// Add a header to every request
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<Pair>,
    /// Add a parameter to the query of every request
    #[arg(long = "query", value_name = "NAME=VALUE", value_parser = pair)]
    pub queries: Vec<Pair>,
    /// CONNECT payload of clients that need none of their own, a JSON object
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub auth: Option<Value>,
    /// Stretch every deadline by this factor, for slow servers
    #[arg(long, value_name = "FACTOR", value_parser = factor, default_value_t = 1.0)]
    pub timeout_scale: f64,
}

/// Which cases to run, and how.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Cases")]
pub struct Cases {
    /// The authorities that decide the exit code
    #[arg(long, value_enum, default_value_t = Deciding::Reference)]
    pub level: Deciding,
    /// Only these transports
    #[arg(long, value_enum, value_delimiter = ',', value_name = "TRANSPORT,…")]
    pub over: Vec<Transport>,
    /// How many cases run at the same time [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Seed of everything random [default: chosen, and reported]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Run every case so many times
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), default_value_t = 1)]
    pub repeat: u32,
    /// End the run after so many failures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_fail: Option<u32>,
    /// Only what failed in the last run in this folder
    #[arg(long)]
    pub failed: bool,
    /// Only part I of N of the rules, to spread them over machines
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// A file of expected failures; see `siospec baseline`
    #[arg(long = "baseline", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baselines: Vec<PathBuf>,
}

/// Where reports go.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Reports")]
pub struct Output {
    /// Write a report: human, jsonl, junit, markdown or html; the path - is standard output
    #[arg(long = "report", value_name = "KIND=PATH", value_parser = Spec::from_str, action = ArgAction::Append)]
    pub reports: Vec<Spec>,
    /// Write a transcript of each failure to this folder; `siospec replay` plays it again
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Whose transcripts the reports hold
    #[arg(long, value_enum, value_name = "WHOSE", default_value_t = Trace::Fail)]
    pub trace: Trace,
}

/// Whose transcripts reports hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Trace {
    /// Those of cases that did not simply pass
    Fail,
    /// Those of all cases
    All,
}

/// The authorities whose breach makes a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deciding {
    /// Only what the protocol texts demand; other rules are not played
    Must,
    /// Also what the documentation promises, and what the reference does and clients rely on; the others only warn
    Reference,
    /// Warnings too
    All,
}

impl Deciding {
    /// Whether rules of this authority are worth playing: at `must`, somebody asks for a quick answer on the protocol.
    pub fn plays(self, level: Level) -> bool {
        self != Deciding::Must || self.counts(level)
    }

    /// Whether a breach of a rule of this authority makes the run fail.
    pub fn counts(self, level: Level) -> bool {
        match self {
            Deciding::Must => level == Level::Must,
            Deciding::Reference => level.fails(),
            Deciding::All => true,
        }
    }
}

/// A part of the rules: every N-th.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// Whether the rule of this number, counted from 0, is in it.
    pub fn holds(self, number: usize) -> bool {
        number % self.of == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((index @ 1.., of)) if index <= of => Ok(Self { index: index - 1, of }),
            _ => Err("it has to be I/N, like 2/5, with I from 1 to N".to_owned()),
        }
    }
}

/// A name and a value.
pub(super) type Pair = (String, String);

impl Server {
    /// The same for the runner. A path in the URL stands back behind `--path`.
    pub fn approach(&self, path_of_url: Option<String>) -> Approach {
        let path = self.path.clone().or(path_of_url).unwrap_or_else(|| "/socket.io/".to_owned());
        Approach {
            path,
            headers: self.headers.clone(),
            query: query(&self.queries),
            auth: self.auth.clone(),
            contract: self.contract,
            timeout_scale: self.timeout_scale,
        }
    }
}

/// Reads `NAME=VALUE`.
///
/// # Errors
/// Says what is wrong.
pub(super) fn pair(text: &str) -> Result<Pair, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it has to be NAME=VALUE".to_owned()),
    }
}

fn header(text: &str) -> Result<Pair, String> {
    let (name, value) = text.split_once(':').ok_or("it has to be NAME: VALUE")?;
    let is_token = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(format!("`{name}` is not the name of a header"));
    }
    if value.chars().any(char::is_control) {
        return Err("a header's value holds no control characters".to_owned());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn path(text: &str) -> Result<String, String> {
    if text.contains(['?', '#', ' ']) || text.chars().any(char::is_control) {
        return Err("a path holds no query, fragment, blanks or control characters".to_owned());
    }
    let inner = text.trim_matches('/');
    Ok(if inner.is_empty() { "/".to_owned() } else { format!("/{inner}/") })
}

fn object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("a CONNECT payload is a JSON object, like {\"token\":\"open sesame\"}".to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.1..=1000.0).contains(&factor) => Ok(factor),
        _ => Err("it has to be a number from 0.1 to 1000".to_owned()),
    }
}

/// The parameters as a query, whatever is not plain in them encoded.
fn query(pairs: &[Pair]) -> String {
    let encoded = |text: &str| {
        let mut encoded = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
        encoded
    };
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_get_their_slashes() {
        for (text, expected) in [("chat", "/chat/"), ("/a/b", "/a/b/"), ("/", "/"), ("", "/")] {
            assert_eq!(path(text).unwrap(), expected);
        }
        assert!(path("/a?b").is_err());
    }

    #[test]
    fn headers_are_taken_apart() {
        assert_eq!(
            header("Authorization: Bearer a:b").unwrap(),
            ("Authorization".into(), "Bearer a:b".into())
        );
        for wrong in ["Authorization", ": x", "a b: c", "a: b\r\nc: d"] {
            assert!(header(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_query_is_encoded() {
        let pairs = [pair("token=a=b&c").unwrap(), pair("ключ=").unwrap()];
        assert_eq!(query(&pairs), "token=a%3Db%26c&%D0%BA%D0%BB%D1%8E%D1%87=");
    }

    #[test]
    fn a_connect_payload_is_an_object() {
        assert!(object(r#"{"token":1}"#).is_ok());
        assert!(object("[1]").unwrap_err().contains("object"));
        assert!(object("{").unwrap_err().contains("not JSON"));
    }

    #[test]
    fn shards_share_everything_out() {
        let shards: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|text| text.parse().unwrap()).into();
        for number in 0..10 {
            assert_eq!(shards.iter().filter(|shard| shard.holds(number)).count(), 1, "{number}");
        }
        for wrong in ["0/3", "4/3", "1", "1/0", "a/b", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn factors_are_positive_numbers() {
        assert_eq!(factor("2.5"), Ok(2.5));
        for wrong in ["0", "-1", "NaN", "inf", "x"] {
            assert!(factor(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_level_decides_which_rules_count_and_are_played() {
        for (chosen, level, counts, plays) in [
            (Deciding::Must, Level::Must, true, true),
            (Deciding::Must, Level::Reference, false, false),
            (Deciding::Must, Level::Info, false, false),
            (Deciding::Reference, Level::Docs, true, true),
            (Deciding::Reference, Level::Should, false, true),
            (Deciding::All, Level::Info, true, true),
        ] {
            assert_eq!((chosen.counts(level), chosen.plays(level)), (counts, plays), "{chosen:?} {level:?}");
        }
    }
}
