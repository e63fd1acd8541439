//! `siospec explore`: random histories of several clients, judged by the delivery checker.

mod tell;

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use clap::ValueHint;

use super::{
    Exit, Failure,
    interrupt::Interrupt,
    options::{Pair, Server, pair},
    runner::Runner,
};
use crate::{
    explore::{self, Limits, Told, Ways},
    history::Anomaly,
    report::Spec,
    scenario::Transport,
    target::{Approach, Target, parse_url},
};

/// Explore a server: random, legal histories of several clients, checked for what was lost, doubled, leaked or reordered
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "siospec explore [OPTIONS] [URL] [-- COMMAND...]",
    after_help = "\
Clients connect over all transports, join and leave namespaces and rooms, emit in every way of the server API with every
operator, acknowledge, look up and move each other, disconnect, lose their connections and come back. The server needs
the contract `delivery` (`siospec contract`). Half of the histories wait for each answer, the others do not; whatever
ran side by side may have gone either way. What is found is seen again before it is told, made as small as it can be,
and written as a transcript that `siospec replay` plays. Then it goes on, until --time is up: what shows the same anomaly
with the same operations is counted, and not looked into again.

A deviation that is known hides others: leave out the operations that it takes (--without), or let its anomaly not count
(--known). python-socketio 5.18.1 needs `--without binary,close,data`, and socketioxide 0.18.9 `--without own-id,bursts,haste,close`.

Anomalies: LOST, DUPLICATE, LEAK, SELF-ECHO, REORDERED, STALE-ROOM, BEFORE-CONNECT, DOUBLE-ACK, ACK-CROSSTALK,
RECOVERY-GAP, RECOVERY-REPEAT, CORRUPT, WRONG-ANSWER, CUT-OFF

Exit codes: 0 nothing was found, 1 something was, 2 usage, 3 the server cannot be explored, 130 interrupted

Examples:
  siospec explore
  siospec explore http://127.0.0.1:3000 --time 2m
  siospec explore --contract recovery --out found -- node testee.js
  siospec explore --fault union-delivers-twice
  siospec explore --seed 7 --histories 500 --report html=found.html -- ./my-server"
)]
pub struct Args {
    /// The URL of a running server; without it and a COMMAND the embedded reference is explored
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// How to reach it.
    #[command(flatten)]
    server: Server,
    /// No history is begun after this time: seconds, or 90s, 5m, 1h
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "30s")]
    time: Duration,
    /// No more histories than this
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    histories: Option<u64>,
    /// Only the history of this number, and what crossed the wire in it
    #[arg(long, value_name = "N", conflicts_with = "histories", requires = "seed")]
    history: Option<u64>,
    /// Seed of the histories: the same seed makes the same ones [default: chosen, and reported]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many clients take part in a history, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=8), default_value_t = 4)]
    clients: u8,
    /// Only these transports
    #[arg(long, value_enum, value_delimiter = ',', value_name = "TRANSPORT,…")]
    over: Vec<Transport>,
    /// How many histories are acted out at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), default_value_t = 8)]
    jobs: u16,
    /// Anomalies that are known and do not count
    #[arg(long, value_name = "ANOMALY,…", value_delimiter = ',', value_parser = anomaly)]
    known: Vec<Anomaly>,
    /// Leave out what the server is known to do otherwise: binary, except, volatile, acks, broadcast-acks, sockets, drop,
    /// recovery, own-id, bursts, haste, close, echo, large, leave, data, disconnect, upgrade, …
    #[arg(long, value_name = "WAY,…", value_delimiter = ',', value_parser = way)]
    without: Vec<String>,
    /// End with the first finding; otherwise it goes on, and passes over what is like something that it has found
    #[arg(long)]
    stop_at_first: bool,
    /// Give the embedded reference server this fault
    #[cfg(feature = "embedded")]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["url", "command"])]
    fault: Option<String>,
    /// Write a transcript of each finding to this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Write a report: human, jsonl, junit, markdown or html; the path - is standard output
    #[arg(long = "report", value_name = "KIND=PATH")]
    reports: Vec<Spec>,
    /// Add a variable to the environment of the COMMAND
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair, help_heading = "Server")]
    env: Vec<Pair>,
    /// A command that starts the server, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// How long what is found is made smaller.
const SHRINKING: Duration = Duration::from_secs(40);

/// Explores the server that is named.
///
/// # Errors
/// The command line makes no sense, the server cannot be explored, or a file cannot be written.
pub(super) fn run(args: &Args, colour: bool) -> Result<Exit, Failure> {
    Runner::start()?.does(explore(args, colour))
}

async fn explore(args: &Args, colour: bool) -> Result<Exit, Failure> {
    let (target, approach) = args.target()?;
    let mut teller = tell::Teller::open(&args.reports, args.out.clone(), colour)?;
    let limits = args.limits();
    let mut interrupt = Interrupt::listen()?;
    let over = Arc::clone(&limits.over);
    // What was found by then is told.
    tokio::spawn(async move {
        interrupt.came().await;
        over.store(true, Ordering::SeqCst);
    });
    let began = Instant::now();
    let mut tell = |told: Told<'_>| match told {
        Told::Begins(report) => teller.begins(report, &limits),
        Told::Histories(histories, played) => teller.goes_on(histories, args.history.map(|_| played)),
        Told::Finds(found) => teller.finds(found, &limits),
    };
    let report = explore::explore(&target, &approach, &limits, &mut tell).await?;
    let exit = match () {
        () if limits.over.load(Ordering::SeqCst) => Exit::Interrupted,
        () if !report.found.is_empty() => Exit::Guilty,
        () if report.spoilt.0 == report.histories => Exit::Unreachable,
        () => Exit::Fine,
    };
    teller.ends(&report, &limits, began.elapsed(), exit)?;
    Ok(exit)
}

impl Args {
    fn limits(&self) -> Limits {
        let seed = self.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 100_000);
        Limits {
            time: self.time,
            first: self.history.unwrap_or_default(),
            histories: self.history.map(|_| 1).or(self.histories),
            seed,
            clients: self.clients.into(),
            transports: if self.over.is_empty() { Transport::ALL.to_vec() } else { self.over.clone() },
            jobs: self.jobs.into(),
            shrinking: SHRINKING.mul_f64(self.server.timeout_scale.max(1.0)),
            transcript: self.out.is_some(),
            known: self.known.clone(),
            without: self.without.clone(),
            stop_at_first: self.stop_at_first,
            over: Arc::new(AtomicBool::new(false)),
        }
    }

    /// The server that is named, and how to reach it.
    fn target(&self) -> Result<(Target, Approach), Failure> {
        match (&self.url, self.command.is_empty()) {
            (Some(url), false) => Err(Failure::usage(format!("either a URL or a command, not both: {url}"))),
            (_, true) if !self.env.is_empty() => {
                Err(Failure::usage("--env needs a command that starts the server: -- COMMAND"))
            }
            (Some(url), true) => {
                let (authority, path) = parse_url(url)?;
                Ok((Target::Url { authority }, self.server.approach(path)))
            }
            (None, false) => {
                let (command, env) = (self.command.clone(), self.env.clone());
                Ok((Target::Process { command, env }, self.server.approach(None)))
            }
            (None, true) => Ok((self.embedded()?, self.server.approach(None))),
        }
    }

    #[cfg(feature = "embedded")]
    #[expect(clippy::unnecessary_wraps, reason = "the same face as without an embedded server")]
    fn embedded(&self) -> Result<Target, Failure> {
        Ok(Target::Embedded { fault: self.fault.clone() })
    }

    #[cfg(not(feature = "embedded"))]
    fn embedded(&self) -> Result<Target, Failure> {
        let why = "no server is named, and this build has none embedded: give a URL, or a command after --";
        Err(Failure::usage(why))
    }
}

/// Reads a time: a number of seconds, or of s, m or h.
fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        Some(seconds @ 1..=8_640_000) => Ok(Duration::from_secs(seconds)),
        _ => Err("it has to be a time like 45, 45s, 10m or 1h".to_owned()),
    }
}

fn anomaly(text: &str) -> Result<Anomaly, String> {
    Anomaly::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Anomaly::ALL.iter().map(|anomaly| anomaly.name()).collect();
        format!("there is no such anomaly; there are {}", names.join(", "))
    })
}

fn way(text: &str) -> Result<String, String> {
    if Ways::NAMES.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("there is no such way; there are {}", Ways::NAMES.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [("45", 45), ("45s", 45), ("2m", 120), ("1h", 3600)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "m", "0", "-1", "1d", "99999999999999999999", "1.5m"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_known_is_named_in_any_case() {
        assert_eq!(anomaly("self-echo"), Ok(Anomaly::SelfEcho));
        assert!(anomaly("nothing").unwrap_err().contains("LOST"));
        assert!(way("nothing").unwrap_err().contains("own-id"));
    }
}
