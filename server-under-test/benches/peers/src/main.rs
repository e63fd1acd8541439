//! Puts our server beside its peers and beside the floor, and prints which bars it meets.
//!
//! Servers run on core 0 and the load on core 1, one server at a time, all of them in turn. What counts is the
//! processor time that a server spends on a message: on a shared machine it varies less than how many there are per
//! second, and ratios within one run vary less than figures.

mod client;
mod load;
mod measure;
mod process;

use std::{
    collections::HashMap,
    env,
    error::Error,
    process::{Command, ExitCode},
    time::Duration,
};

use clap::Parser;
use measure::{Against, Server, TESTS, Test, broadcast};

const LOAD_CORE: &str = "1";
const PINNED: &str = "SIOSPEC_LOAD_PINNED";
const OURS: &str = "ours";

/// Compares servers under load.
#[derive(Debug, Parser)]
struct Args {
    /// How often everything is measured; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each measurement takes
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Only these measurements
    #[arg(long, value_delimiter = ',')]
    tests: Vec<String>,
    /// Only these servers
    #[arg(long, value_delimiter = ',')]
    servers: Vec<String>,
    /// One more server, as NAME=COMMAND: it speaks the testee contract and listens on $PORT
    #[arg(long)]
    also: Vec<String>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    if env::var_os(PINNED).is_none() {
        build_servers()?;
        let status = Command::new("taskset")
            .args(["--cpu-list", LOAD_CORE])
            .arg(env::current_exe()?)
            .args(env::args_os().skip(1))
            .env(PINNED, "1")
            .status()?;
        return Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let chosen = |wanted: &[String], name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    let servers: Vec<_> =
        servers(&args.also)?.into_iter().filter(|it| chosen(&args.servers, &it.name)).collect();
    let tests: Vec<_> = TESTS.iter().filter(|it| chosen(&args.tests, it.name)).collect();
    let mut figures: HashMap<(&str, &str), Vec<f64>> = HashMap::new();
    let mut all_measured = true;
    for round in 1..=args.rounds {
        for test in &tests {
            for server in servers.iter().filter(|server| test.fits(server)) {
                match test.measure(server, Duration::from_secs_f64(args.seconds)) {
                    Ok(figure) => {
                        eprintln!("{round} {} {}: {figure:.2} {}", test.name, server.name, test.unit);
                        figures.entry((test.name, &server.name)).or_default().push(figure);
                    }
                    Err(error) => {
                        all_measured = false;
                        eprintln!("{round} {} {}: {error}", test.name, server.name);
                    }
                }
            }
        }
    }
    let medians = figures.into_iter().map(|(key, figures)| (key, median(figures))).collect();
    let all_met = print(&tests, &servers, &medians);
    Ok(if all_met && all_measured { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the servers, which `cargo run` alone does not: they are programs of their own.
fn build_servers() -> Result<(), Box<dyn Error>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let status = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--bins", "--manifest-path", manifest])
        .status()?;
    if status.success() { Ok(()) } else { Err("the servers to compare cannot be built".into()) }
}

fn servers(also: &[String]) -> Result<Vec<Server>, Box<dyn Error>> {
    let folder = env::current_exe()?.parent().ok_or("a program lies in a folder")?.to_owned();
    let mut servers: Vec<_> =
        [(OURS, "ours", true), ("socketioxide", "socketioxide", false), ("floor", "floor", false)]
            .into_iter()
            .map(|(name, program, by_command)| Server {
                name: name.to_owned(),
                command: vec![folder.join(program).display().to_string()],
                broadcast: broadcast(by_command),
            })
            .collect();
    for server in also {
        let (name, command) = server.split_once('=').ok_or("--also needs NAME=COMMAND")?;
        let command = command.split_whitespace().map(str::to_owned).collect();
        servers.push(Server { name: name.to_owned(), command, broadcast: broadcast(true) });
    }
    Ok(servers)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() % 2 {
        0 => (figures[middle - 1] + figures[middle]) / 2.0,
        _ => figures[middle],
    }
}

/// Prints the table; true if every bar that could be checked is met.
fn print(tests: &[&Test], servers: &[Server], medians: &HashMap<(&str, &str), f64>) -> bool {
    let names: Vec<_> = servers.iter().map(|server| &*server.name).collect();
    println!("| measured | unit | {} | bars |", names.join(" | "));
    println!("| --- | --- |{} --- |", " ---: |".repeat(names.len()));
    let mut all_met = true;
    for test in tests {
        let figure = |name: &str| medians.get(&(test.name, name)).copied();
        let cells: Vec<_> =
            names.iter().map(|name| figure(name).map_or("–".to_owned(), |it| format!("{it:.1}"))).collect();
        let bars = test.bars.iter().filter_map(|(against, bar)| {
            let (whom, other) = match against {
                Against::Nobody => ("", 1.0),
                Against::Socketioxide => (" × socketioxide", figure("socketioxide")?),
                Against::Floor => (" × floor", figure("floor")?),
                Against::Best => {
                    let peers = names.iter().filter(|name| ![OURS, "floor"].contains(name));
                    (" × best peer", peers.filter_map(|name| figure(name)).min_by(f64::total_cmp)?)
                }
            };
            let ratio = figure(OURS)? / other;
            let (sign, met) = match test.more_is_better() {
                true => ('≥', ratio >= *bar),
                false => ('≤', ratio <= *bar),
            };
            all_met &= met;
            Some(format!("{ratio:.2} {sign} {bar}{whom}: {}", if met { "met" } else { "missed" }))
        });
        let bars: Vec<_> = bars.collect();
        println!("| {} | {} | {} | {} |", test.name, test.unit, cells.join(" | "), bars.join("; "));
    }
    all_met
}
