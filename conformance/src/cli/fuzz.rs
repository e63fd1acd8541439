//! `siospec fuzz`: a fuzzer of live servers.

mod tell;

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::ValueHint;

use self::tell::Teller;
use super::{
    Exit, Failure,
    interrupt::Interrupt,
    options::{Pair, Server, pair},
    runner::Runner,
};
use crate::{
    live::{Campaign, Class, Generator, Ground, Host, Known, Oracle, Oracles},
    report::Spec,
    target::{Approach, parse_url},
};

/// Fuzz a live server: find crashes, hangs, leaks and wrong answers, while a bystander must keep getting its echo
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "siospec fuzz [OPTIONS] <URL | -- COMMAND...>",
    after_help = "\
Cases are legal conversations of one to four clients, changed a little: a field, a packet, a request, a reset in the
middle. The same seed gives the same cases. Each finding is shown three times of three before a fresh server, made
smaller, and written as a transcript (.siot) that `siospec replay` plays again: FAILED where it still happens, FIXED
where it does not. A server that is started with a COMMAND can be started again, and weighed: memory, descriptors,
threads and time on the processor are judged only there.

Exit codes: 0 nothing was found, 1 something was, 2 usage, 3 the server could not be fuzzed, 130 interrupted.

Examples:
  siospec fuzz --time 60 -- node testee.js
  siospec fuzz http://127.0.0.1:3000 --cases 10000 --seed 7
  siospec fuzz --fail-on crash,hang --known known.toml --report junit=fuzz.xml --out findings -- ./my-server
  siospec replay findings/*.siot -- ./my-server
  siospec fuzz --seed 7 --print 3"
)]
pub struct Args {
    /// A server that runs
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    url: Option<String>,
    /// How to reach it.
    #[command(flatten)]
    server: Server,
    /// End after so many seconds; what is being confirmed then gets up to 15 more
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    time: Option<u64>,
    /// End after so many cases
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    cases: Option<u64>,
    /// End after so many findings
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_findings: Option<u32>,
    /// Seed of everything random [default: chosen, and reported]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The kinds of findings that end in exit code 1 [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    fail_on: Vec<Class>,
    /// Judge by these oracles only
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ORACLE,…")]
    oracle: Vec<Oracle>,
    /// Judge without these oracles
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ORACLE,…")]
    no_oracle: Vec<Oracle>,
    /// A TOML file of known findings, each `[[finding]]` with oracle, signature, reason and perhaps expires
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    known: Option<PathBuf>,
    /// Write a transcript of each finding to this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "findings")]
    out: PathBuf,
    /// Write a report: jsonl or junit (or any other kind); the path - is standard output
    #[arg(long = "report", value_name = "KIND=PATH")]
    reports: Vec<Spec>,
    /// End a server that takes up more memory, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 768, value_parser = clap::value_parser!(u64).range(64..))]
    memory_limit: u64,
    /// Fuzz a host that is not this machine; make sure that you may
    #[arg(long)]
    allow_host: bool,
    /// Print the first cases of the seed as transcripts, and do nothing else
    #[arg(long, value_name = "N")]
    print: Option<u64>,
    /// Add a variable to the environment of the COMMAND
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair, help_heading = "Server")]
    env: Vec<Pair>,
    /// A command that starts the server on 127.0.0.1:$PORT, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Fuzzes the server that is named.
///
/// # Errors
/// The command line makes no sense, or the server cannot be fuzzed.
pub(super) fn run(args: &Args, colour: bool) -> Result<Exit, Failure> {
    let seed = args.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 100_000);
    if let Some(count) = args.print {
        return print(seed, count);
    }
    Runner::start()?.does(fuzz(args, seed, colour))
}

async fn fuzz(args: &Args, seed: u64, colour: bool) -> Result<Exit, Failure> {
    let host = args.host()?;
    let known =
        args.known.as_deref().map(Known::read).transpose().map_err(Failure::usage)?.unwrap_or_default();
    let mut teller = Teller::open(args, seed, &host, colour)?;
    let mut campaign = Campaign {
        host,
        oracles: Oracles::new(&args.oracle, &args.no_oracle),
        seed,
        time: args.time.map(Duration::from_secs),
        cases: args.cases,
        known,
        max_findings: args.max_findings.map(|most| most as usize),
    };
    let mut interrupt = Interrupt::listen()?;
    let mut interrupted = false;
    let report = campaign
        .run(&mut teller, async {
            interrupt.came().await;
            interrupted = true;
        })
        .await?;
    let guilty =
        report.findings.iter().any(|finding| finding.known.is_none() && args.counts(finding.oracle()));
    let exit = match (interrupted, guilty) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Guilty,
        (false, false) => Exit::Fine,
    };
    teller.end(&report, &campaign.oracles, exit)?;
    Ok(exit)
}

fn print(seed: u64, count: u64) -> Result<Exit, Failure> {
    use std::io::Write;
    /// What servers usually announce.
    const MAX_PAYLOAD_BYTES: usize = 100_000;
    let generator = Generator::new(seed, MAX_PAYLOAD_BYTES);
    let mut out = std::io::stdout().lock();
    for number in 0..count {
        writeln!(out, "# case {number} of seed {seed}\n{}", generator.case(number).script())?;
    }
    Ok(Exit::Fine)
}

impl Args {
    fn host(&self) -> Result<Host, Failure> {
        let memory_limit_bytes = self.memory_limit << 20;
        match (&self.url, self.command.is_empty()) {
            (Some(url), true) => {
                let (authority, path) = parse_url(url)?;
                if !self.allow_host && !is_loopback(&authority) {
                    return Err(Failure::usage(format!(
                        "{authority} is not this machine: whoever fuzzes a server needs the leave of its owner; \
                         if you have it, say --allow-host"
                    )));
                }
                let ground = ground(&self.server.approach(path), authority);
                Ok(Host { ground, command: None, memory_limit_bytes })
            }
            (None, false) => {
                let ground = ground(&self.server.approach(None), String::new());
                let command = Some((self.command.clone(), self.env.clone()));
                Ok(Host { ground, command, memory_limit_bytes })
            }
            (Some(url), false) => Err(Failure::usage(format!("either a URL or a command, not both: {url}"))),
            (None, true) => Err(Failure::usage("no server is named: give a URL, or a command after --")),
        }
    }

    fn counts(&self, oracle: Oracle) -> bool {
        self.fail_on.is_empty() || self.fail_on.contains(&oracle.class())
    }
}

/// The server as attackers see it before anything is known of it.
pub(super) fn ground(approach: &Approach, authority: String) -> Ground {
    Ground {
        authority,
        path: Arc::from(approach.path.as_str()),
        headers: approach.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect(),
        query: approach.query.clone(),
        ping_interval: Duration::from_secs(25),
        ping_timeout: Duration::from_secs(20),
        begins_with_ping: false,
        max_payload_bytes: 1_000_000,
        echoes: false,
        scale: approach.timeout_scale,
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost:3000", "127.0.0.1:80", "127.8.8.8:1", "[::1]:3000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["example.org:80", "10.0.0.1:80", "localhost.example.org:80", "0.0.0.0:1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
