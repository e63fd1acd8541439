//! Weighs a server: what a case takes up when it is done many times over while nothing else goes on.

mod closely;

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::sleep};

pub(super) use self::closely::{is_busy, shows, verify};
use super::{case::Case, oracle::Oracle, perform::Performance, server::Server, vitals::Vitals};
use crate::siot::{Act, Step};

/// What the server took up before, during and after a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    before: Vitals,
    peak: Vitals,
    after: Vitals,
    sent_bytes: u64,
    /// Messages, requests and connections, about.
    pieces: u64,
    /// How often all of it was done.
    rounds: u32,
    /// Connections that are still open.
    open: u64,
}

/// How many cases are done at the same time where one is done many times over.
const ABREAST: usize = 32;
/// The time in which a server lets go of what a closed connection held.
const RELEASE: Duration = Duration::from_millis(60);
/// Memory below this is noise of a runtime.
const NOISE_BYTES: u64 = 6 << 20;
/// Time on the processor for one small message or request, far above what any server needs.
const SLOW_PIECE: Duration = Duration::from_millis(8);
/// Time on the processor for a KiB.
const SLOW_KIB: Duration = Duration::from_millis(2);
/// What a server may do beside, at the same time.
const BESIDE: Duration = Duration::from_millis(150);

/// Does cases and weighs the server; nothing where the system tells nothing.
///
/// What was opened stays open if it `stays`; it is closed otherwise.
pub(super) async fn weigh(
    server: &Server,
    cases: &[Case],
    stays: bool,
) -> Option<(Weight, Vec<(Case, Performance)>)> {
    let before = server.vitals()?;
    let mut done = Vec::new();
    if let [case] = cases {
        done.extend(run(server, case).await.into_iter().map(|one| (case.clone(), one)));
    } else {
        let mut running: JoinSet<(Case, Performance)> = JoinSet::new();
        for case in cases {
            let (ground, case) = (Arc::clone(&server.ground), case.clone());
            running.spawn(async move {
                let mut one = Performance::new(&ground);
                one.does(&case).await;
                (case, one)
            });
        }
        done.extend(running.join_all().await);
    }
    let pieces = cases.iter().map(pieces).sum();
    let sent_bytes = done.iter().map(|(_, one)| one.sent_bytes as u64).sum();
    // Whatever is on its way arrives. What takes up far too much may never come to rest.
    let peak = steady(server, before.cpu + 2 * allowed(pieces, sent_bytes)).await?;
    let mut open = 0;
    for (_, one) in &mut done {
        if stays {
            open += one.open_lines() as u64;
        } else {
            one.ends().await;
        }
    }
    let rounds = cases.iter().map(|case| case.rounds).max().unwrap_or(1);
    let mut after = peak;
    if !stays {
        sleep(RELEASE).await;
        after = server.vitals()?;
    }
    Some((Weight { before, peak, after, sent_bytes, pieces, rounds, open }, done))
}

/// Does a case so often as it says, some at the same time; what the last ones opened is still open.
pub(super) async fn run(server: &Server, case: &Case) -> Vec<Performance> {
    let case = Arc::new(case.clone());
    let mut running = JoinSet::new();
    let mut done: Vec<Performance> = Vec::new();
    for _ in 0..case.rounds {
        if running.len() >= ABREAST
            && let Some(Ok(one)) = running.join_next().await
        {
            done.push(one);
        }
        let (ground, case) = (Arc::clone(&server.ground), Arc::clone(&case));
        running.spawn(async move {
            let mut one = Performance::new(&ground);
            one.does(&case).await;
            one
        });
        if done.len() > 4 * ABREAST {
            done.remove(0).ends().await;
        }
    }
    while let Some(Ok(one)) = running.join_next().await {
        done.push(one);
    }
    done
}

impl Weight {
    /// Whatever looks as if more were taken up than is right; only a closer look tells.
    pub(super) fn suspicions(&self) -> Vec<Oracle> {
        let Self { before, peak, after, sent_bytes, rounds, open, .. } = self;
        let mut all = Vec::new();
        let held = peak.memory_bytes.saturating_sub(before.memory_bytes);
        let kept = after.memory_bytes.saturating_sub(before.memory_bytes);
        if held > NOISE_BYTES && held > sent_bytes / 2 {
            all.push(Oracle::MemoryHeld);
        }
        if *rounds > 1 && kept > NOISE_BYTES / 3 {
            all.push(Oracle::MemoryKept);
        }
        if self.is_slow() {
            all.push(Oracle::Cpu);
        }
        // A server may have a few for each connection.
        if after.threads > before.threads + 4 * open + 3 {
            all.push(Oracle::Threads);
        }
        if after.descriptors > before.descriptors + 2 * open + 3 {
            all.push(Oracle::Descriptors);
        }
        all
    }

    fn is_slow(&self) -> bool {
        let spent = self.after.cpu.saturating_sub(self.before.cpu);
        spent > allowed(self.pieces, self.sent_bytes)
    }
}

/// Time on the processor that nobody wonders about.
fn allowed(pieces: u64, sent_bytes: u64) -> Duration {
    let kib = u32::try_from(sent_bytes / 1024).unwrap_or(u32::MAX);
    let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
    BESIDE + SLOW_PIECE.saturating_mul(pieces) + SLOW_KIB.saturating_mul(kib)
}

/// What the server takes up once it has read what was sent: it answers others, has nothing to do, and grows no more; or
/// once it has been on the processor for so long since it began.
async fn steady(server: &Server, most: Duration) -> Option<Vitals> {
    const LOOK: Duration = Duration::from_millis(50);
    const LOOKS: usize = 40;
    const BUSY: Duration = Duration::from_millis(20);
    /// The question under way, and one that was asked later: whatever was sent before is read before.
    const ANSWERS: u64 = 2;
    let mut last = server.vitals()?;
    for _ in 0..LOOKS {
        let wanted = server.answers() + ANSWERS;
        sleep(LOOK).await;
        if server.answers() < wanted {
            sleep(LOOK).await;
        }
        let now = server.vitals()?;
        let is_idle = server.answers() >= wanted && now.cpu.saturating_sub(last.cpu) <= BUSY;
        let is_steady = is_idle && now.memory_bytes <= last.memory_bytes + (256 << 10);
        if is_steady || now.cpu > most {
            return Some(now);
        }
        last = now;
    }
    Some(last)
}

/// The same case with what is repeated in it repeated so many times more often.
fn times(case: &Case, factor: u32) -> Option<Case> {
    let mut more = case.clone();
    let mut found = false;
    for step in &mut more.steps {
        if let Step::Act(_, Act::Times(times, _)) = step {
            *times = times.saturating_mul(factor);
            found = true;
        }
    }
    found.then_some(more)
}

fn pieces(case: &Case) -> u64 {
    let once: u64 = case
        .steps
        .iter()
        .map(|step| match step {
            Step::Act(_, Act::Times(times, act)) => u64::from(*times) * items(act),
            Step::Act(_, act) => items(act),
            _ => 0,
        })
        .sum();
    once * u64::from(case.rounds)
}

fn items(act: &Act) -> u64 {
    match act {
        Act::Send(items) => items.len() as u64,
        _ => 1,
    }
}
