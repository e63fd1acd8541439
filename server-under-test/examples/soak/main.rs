//! Clients join rooms, leave them, speak to them, lose their connections and come back, for as long as it is wanted.
//!
//! ```text
//! cargo run --release -p siospec-server --example soak                        2,000 clients for ten minutes
//! cargo run --release -p siospec-server --example soak -- 200 30              200 clients for 30 seconds
//! ```
//!
//! Works in rounds. In each one every client does a few things at its own pace, all of them at the same time, and then
//! waits until it has heard everything that was sent before. What each heard is held against what it must have heard, and
//! against what it may have heard: a join that was under way while an event was sent leaves both open. Ends with 1 if an
//! event was lost, came twice, leaked, or came before an earlier one of its sender; if a client that came back was not
//! recovered; if memory grew from the first quarter to the last; or if a session is left. Linux only: the memory is read
//! from `/proc`.

mod client;
mod judge;
#[path = "../support/mod.rs"]
mod support;

use std::{
    env,
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use client::{Client, ROOMS};
use judge::{Anomalies, Round};
use siospec_server::Config;
use support::{Failure, memory_kib, sessions, start};
use tokio::task::JoinSet;

/// What each client does in a round.
const ACTS: usize = 3;
/// Growth of the memory that is still called flat: what allocators and tables keep from a busier moment.
const GROWTH: f64 = 0.05;
/// Only a run of so many seconds says something about memory: what is kept for recovery fills up first.
const SECONDS_FOR_MEMORY: usize = 120;
const REPORT_EVERY: Duration = Duration::from_secs(15);
/// What has not been reclaimed by then will not be.
const RECLAIMED_WITHIN: Duration = Duration::from_secs(60);

/// Counts up with everything that is begun or ended, so that one can tell what came first.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl Clock {
    fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    if support::is_server() {
        return support::serve(settings()).await;
    }
    let mut numbers = env::args().skip(1).map(|text| text.parse::<usize>());
    let (clients, seconds) =
        (numbers.next().transpose()?.unwrap_or(2000), numbers.next().transpose()?.unwrap_or(600));
    let (mut server, at) = start().await?;
    let pid = server.id().ok_or("the server ended")?;
    let clock = Arc::new(Clock::default());
    let mut all = all_clients(clients, at, &clock).await?;
    println!("{clients} clients in {ROOMS} rooms, for {seconds} s");

    let (began, mut reported) = (Instant::now(), Instant::now());
    let (mut memory, mut total) = (Vec::new(), Anomalies::default());
    while began.elapsed() < Duration::from_secs(seconds as u64) {
        all = one_round(all, memory.len()).await?;
        let mut round = Round::new(&mut all);
        total.add(&round.judge());
        memory.push(memory_kib(pid)?);
        if reported.elapsed() > REPORT_EVERY {
            reported = Instant::now();
            println!("{:>5} s  {:>6} MiB  {total}", began.elapsed().as_secs(), memory_kib(pid)? / 1024);
        }
    }
    drop(all);
    let left = reclaimed(at).await;
    let (early, late) = quarters(&memory);
    println!("{total}");
    println!("memory: {:.1} MiB in the second quarter, {:.1} MiB in the last", early / 1024.0, late / 1024.0);
    if seconds < SECONDS_FOR_MEMORY {
        println!("too short a run to say whether memory is flat: {SECONDS_FOR_MEMORY} s are needed");
    }
    println!("sessions left: {left}");
    let ended = server.try_wait()?.is_some();
    server.kill().await?;
    let wrong = [
        (total.any(), "deliveries went wrong"),
        (total.recovered == 0, "nobody was recovered"),
        (seconds >= SECONDS_FOR_MEMORY && late > early * (1.0 + GROWTH), "the memory grew"),
        (left > 0, "sessions are left"),
        (ended, "the server ended"),
    ];
    for (_, what) in wrong.iter().filter(|(is_so, _)| *is_so) {
        println!("WRONG: {what}");
    }
    Ok(if wrong.iter().any(|(is_so, _)| *is_so) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The settings of the server. Clients that wait for the end of a round answer no ping meanwhile.
fn settings() -> Config {
    let ping_timeout = Duration::from_secs(300);
    Config { recovery_window: Some(Duration::from_secs(10)), ping_timeout, ..Config::default() }
}

async fn all_clients(count: usize, at: SocketAddr, clock: &Arc<Clock>) -> Result<Vec<Client>, Failure> {
    let mut clients = Vec::with_capacity(count);
    for number in 0..count {
        clients.push(Client::connect(number, at, clock.clone()).await?);
    }
    Ok(clients)
}

/// Everybody acts; once all have, everybody catches up.
async fn one_round(clients: Vec<Client>, round: usize) -> Result<Vec<Client>, Failure> {
    let acting = clients.into_iter().map(|mut client| async move {
        for act in 0..ACTS {
            client.act(round * ACTS + act).await?;
        }
        Ok(client)
    });
    let clients = side_by_side(acting).await?;
    let catching_up = clients.into_iter().map(|mut client| async move {
        client.catch_up().await?;
        Ok(client)
    });
    side_by_side(catching_up).await
}

async fn side_by_side<F>(acts: impl Iterator<Item = F>) -> Result<Vec<Client>, Failure>
where
    F: Future<Output = Result<Client, Failure>> + Send + 'static,
{
    let mut running: JoinSet<_> = acts.collect();
    let mut clients = Vec::with_capacity(running.len());
    while let Some(client) = running.join_next().await {
        clients.push(client??);
    }
    Ok(clients)
}

/// The mean memory of the second quarter, when caches and logs have filled, and of the last.
fn quarters(memory: &[u64]) -> (f64, f64) {
    let quarter = (memory.len() / 4).max(1);
    let mean = |part: &[u64]| part.iter().sum::<u64>() as f64 / part.len().max(1) as f64;
    let second = memory.get(quarter..2 * quarter).unwrap_or(memory);
    (mean(second), mean(&memory[memory.len().saturating_sub(quarter)..]))
}

/// The sessions that are left when nothing is reclaimed any more.
async fn reclaimed(at: SocketAddr) -> u64 {
    let began = Instant::now();
    loop {
        let left = sessions(at).await.unwrap_or(u64::MAX);
        if left == 0 || began.elapsed() > RECLAIMED_WITHIN {
            return left;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
