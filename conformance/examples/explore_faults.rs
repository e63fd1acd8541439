//! How fast `siospec explore` finds each fault of the reference server that breaks a rule of delivery, from a cold start
//! and without any scenario for it: prints a table, and ends with 1 if one is not found that could be.
//!
//! `cargo run --release -p siospec --example explore_faults -- [--seconds 60] [--seed 1] [--jobs 3] [FAULT...]`

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use siospec::{
    explore::{Limits, Report, explore},
    scenario::Transport,
    siot::Field,
    suite,
    target::{Approach, Target, TargetError},
};
use tokio::{sync::Semaphore, task::JoinSet};

#[derive(Debug, Parser)]
struct Args {
    /// How long each fault is looked for
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Seed of the histories
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many faulty servers are explored at a time
    #[arg(long, default_value_t = 3)]
    jobs: usize,
    /// Only these faults
    faults: Vec<String>,
}

/// Rules about events, acknowledgements and delivery.
const RULES: [&str; 6] =
    ["delivery/", "socket/acks/", "socket/events/", "socket/values/", "socket/binary/", "socket/disconnect/"];

/// Faults of other areas that lose or double events.
const MORE: [&str; 2] = ["upgrade-drops-buffer", "upgrade-repeats-last"];

/// Faults that no history of ours shows, and why.
const UNSEEN: [(&str, &str); 40] = [
    ("escaped-name-unknown", "clients do not escape the names of events"),
    ("placeholder-order-matters", "clients do not change the order of what is in a placeholder"),
    ("stray-binary-ignored", "it takes a packet that no client sends"),
    ("text-taken-as-attachment", "it takes a packet that no client sends"),
    ("placeholder-out-of-range-delivered", "it takes a packet that no client sends"),
    ("unparsable-ignored", "it takes a packet that no client sends"),
    ("unknown-packet-ignored", "it takes a packet that no client sends"),
    ("reason-parse-error-as-close", "it takes a packet that no client sends"),
    ("bad-packet-skipped", "it takes a packet that no client sends"),
    ("broken-packet-leaves-first-only", "it takes a packet that no client sends"),
    ("reason-forced-as-close", "it takes a packet that no client sends"),
    ("reconnect-same-sid", "servers may use the id of a connection for its sockets, as socketioxide does"),
    ("error-event-lost", "nobody emits an event of that name"),
    ("reserved-ack-lost", "what clients acknowledge with are objects"),
    ("reserved-name-sent", "nobody emits an event whose name is reserved"),
    ("reason-server-as-client", "why somebody left is not judged"),
    ("reason-ping-timeout-as-close", "clients answer pings"),
    ("ping-timeout-ignored", "clients answer pings"),
    ("no-ping", "that pings come is not judged"),
    ("upgrade-stops-heartbeat", "that pings come is not judged"),
    ("volatile-kept", "a volatile event may arrive, and may not"),
    ("connected-recovered", "who is connected does not ask for its session"),
    ("unknown-ack-closes", "it takes an acknowledgement that nobody asked for"),
    ("unknown-namespace-closes", "clients ask for namespaces that exist"),
    ("event-after-disconnect-handled", "it takes an event in a namespace that was left"),
    ("empty-event-ignored", "an event without arguments cannot be told from another"),
    ("reason-always-transport-close", "why somebody left is not judged"),
    ("left-without-rooms", "the rooms of who left are not judged"),
    ("drop-unnoticed", "the loss is noticed in the end: only time tells"),
    ("without-own-room-hears-itself", "the reference does the same: either is right"),
    ("recovery-never-expires", "nobody stays away for longer than the window"),
    ("idle-offset-forgotten", "nobody is silent for longer than the window"),
    ("timeout-not-recovered", "it takes a client that stops answering pings"),
    ("foreign-pid-adopted", "it takes a private id that the server did not give"),
    ("pid-of-other-namespace-accepted", "it takes a private id in another namespace"),
    ("unknown-offset-accepted", "it takes an offset that the server did not give"),
    ("offset-optional", "clients send the offset of what they heard"),
    ("leaver-recovered", "who has left does not ask for its session"),
    ("removed-recovered", "who was removed does not ask for its session"),
    ("refusal-is-final", "clients do not ask where they are refused"),
];

#[tokio::main]
async fn main() -> Result<ExitCode, TargetError> {
    let args = Args::parse();
    let mut faults: Vec<&'static str> = Vec::new();
    for scenario in suite::all() {
        let rule = scenario.rule;
        if RULES.iter().any(|prefix| rule.id.starts_with(prefix)) {
            faults.extend(rule.faults.iter().filter(|fault| !faults.contains(fault)).collect::<Vec<_>>());
        }
    }
    faults.extend(MORE);
    if !args.faults.is_empty() {
        faults.retain(|fault| args.faults.iter().any(|named| named == fault));
    }
    println!(
        "{:34} {:16} {:>8} {:>9} {:>6} {:>8}  replay",
        "fault", "anomaly", "seconds", "histories", "steps", "clients"
    );
    let turns = Arc::new(Semaphore::new(args.jobs.max(1)));
    let mut exploring = JoinSet::new();
    for fault in faults {
        let (turns, seed, seconds) = (Arc::clone(&turns), args.seed, args.seconds);
        exploring.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("the semaphore is never closed");
            let began = Instant::now();
            (fault, look_for(fault, seed, seconds).await, began.elapsed())
        });
    }
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    while let Some(done) = exploring.join_next().await {
        let (fault, report, took) = done.expect("exploring does not panic");
        let report = report?;
        match report.found.first() {
            Some(it) => {
                let replay = it
                    .script
                    .as_ref()
                    .and_then(|script| script.field(Field::Unreplayable))
                    .map_or("yes".to_owned(), |why| format!("no: {why}"));
                println!(
                    "{fault:34} {:16} {:8.1} {:9} {:6} {:8}  {replay}",
                    it.finding.anomaly.name(),
                    it.seconds,
                    it.cases,
                    it.plan.steps.len(),
                    it.plan.clients().len()
                );
                found.push(it.seconds);
            }
            None => {
                let why = UNSEEN.iter().find(|(name, _)| *name == fault).map_or("not found", |(_, why)| why);
                println!("{fault:34} {why} ({} histories in {:.1} s)", report.histories, took.as_secs_f64());
                missed.push(fault);
            }
        }
    }
    found.sort_by(f64::total_cmp);
    let slowest = found.last().copied().unwrap_or_default();
    let median = found.get(found.len() / 2).copied().unwrap_or_default();
    println!(
        "\n{} found, median {median:.1} s, slowest {slowest:.1} s; {} not found",
        found.len(),
        missed.len()
    );
    let unexplained = missed.iter().any(|fault| UNSEEN.iter().all(|(name, _)| name != fault));
    Ok(if unexplained { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn look_for(fault: &str, seed: u64, seconds: u64) -> Result<Report, TargetError> {
    let target = Target::Embedded { fault: Some(fault.to_owned()) };
    let limits = Limits {
        time: Duration::from_secs(seconds),
        first: 0,
        histories: None,
        seed,
        clients: 4,
        transports: Transport::ALL.to_vec(),
        jobs: 8,
        shrinking: Duration::from_secs(20),
        transcript: true,
        known: Vec::new(),
        without: Vec::new(),
        stop_at_first: true,
        over: Arc::default(),
    };
    explore(&target, &Approach::default(), &limits, &mut |_| {}).await
}
