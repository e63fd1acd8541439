//! Weighs a server: what a case takes up when it is done many times over while nothing else goes on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use super::{
    case::Case, evidence::Evidence, oracle::Oracle, perform::Performance, server::Server, vitals::Vitals,
};
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
    // Whatever is on its way arrives.
    let peak = steady(server).await?;
    let (mut sent_bytes, mut open) = (0, 0);
    for (_, one) in &mut done {
        sent_bytes += one.sent_bytes as u64;
        if stays {
            open += one.open_lines() as u64;
        } else {
            one.ends().await;
        }
    }
    let pieces = cases.iter().map(pieces).sum();
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
        let kib = u32::try_from(self.sent_bytes / 1024).unwrap_or(u32::MAX);
        let pieces = u32::try_from(self.pieces).unwrap_or(u32::MAX);
        spent > BESIDE + SLOW_PIECE.saturating_mul(pieces) + SLOW_KIB.saturating_mul(kib)
    }
}

/// Looks closely at one suspicion before a server that does nothing else: what is the matter, and the case that shows it,
/// which may do more often what the other did.
pub(super) async fn verify(server: &Server, case: &Case, oracle: Oracle) -> Option<(Evidence, Case)> {
    match oracle {
        Oracle::MemoryHeld => grows(server, case).await,
        oracle => Some((shows(server, case, oracle).await?, case.clone())),
    }
}

/// Whether a case shows what is suspected; the server should be a fresh one.
pub(super) async fn shows(server: &Server, case: &Case, oracle: Oracle) -> Option<Evidence> {
    match oracle {
        Oracle::MemoryHeld => held(server, case).await?.evidence(),
        Oracle::MemoryKept => kept(server, case).await,
        Oracle::Cpu => slow(server, case).await,
        Oracle::Threads => left(server, case, oracle, |vitals| vitals.threads).await,
        Oracle::Descriptors => left(server, case, oracle, |vitals| vitals.descriptors).await,
        _ => None,
    }
}

/// What a server holds while connections are open.
struct Held {
    memory_bytes: u64,
    sent_bytes: u64,
}

/// No runtime leaves so much uncollected.
const LEFT_FOR_LATER_BYTES: u64 = 96 << 20;

impl Held {
    /// Whether it is more than a runtime ever leaves for later, and most of what was sent.
    fn evidence(&self) -> Option<Evidence> {
        let Self { memory_bytes, sent_bytes } = self;
        let too_much = *memory_bytes > LEFT_FOR_LATER_BYTES && memory_bytes * 10 > sent_bytes * 7;
        too_much.then(|| {
            let what =
                format!("{:.0} MiB held on open connections after {sent_bytes} bytes", mib(*memory_bytes));
            Evidence::new(Oracle::MemoryHeld, what)
        })
    }
}

/// Does a case once: what is held then; nothing where the connection was closed over it.
async fn held(server: &Server, case: &Case) -> Option<Held> {
    // Whoever does not read what is answered has the server hold it.
    if case.steps.iter().any(|step| matches!(step, Step::Act(_, Act::Pause))) {
        return None;
    }
    let before = server.vitals()?;
    let mut done = run(server, case).await;
    let peak = steady(server).await?;
    let open = done.iter().any(|one| one.open_lines() > 0);
    let sent_bytes = done.iter().map(|one| one.sent_bytes as u64).sum::<u64>();
    for one in &mut done {
        one.ends().await;
    }
    sleep(2 * RELEASE).await;
    open.then(|| Held { memory_bytes: peak.memory_bytes.saturating_sub(before.memory_bytes), sent_bytes })
}

/// Memory held while a connection is open has to grow with what is sent, until it is more than a runtime ever leaves
/// for later.
async fn grows(server: &Server, case: &Case) -> Option<(Evidence, Case)> {
    const MOST_SENT_BYTES: u64 = 256 << 20;
    const MOST_FACTOR: u64 = 64;
    /// A server that is slow at it is not waited for.
    const LONGEST: Duration = Duration::from_secs(5);
    // What was given back by what was done before is used again first.
    let mut factor: u64 = 2;
    for _ in 0..3 {
        let case = times(case, u32::try_from(factor).ok()?)?;
        let began = Instant::now();
        let now = held(server, &case).await?;
        if let Some(evidence) = now.evidence() {
            return Some((evidence, case));
        }
        // What holds no more than a part of what it was sent will not hold more later.
        let little = now.memory_bytes < NOISE_BYTES || now.memory_bytes * 3 < now.sent_bytes;
        let wanted = (LEFT_FOR_LATER_BYTES * 3 / 2).div_ceil(now.memory_bytes.max(1)).max(2) * factor;
        let sending = now.sent_bytes / factor * wanted;
        let taking = began.elapsed().mul_f64(wanted as f64 / factor as f64);
        if little || wanted > MOST_FACTOR || sending > MOST_SENT_BYTES || taking > LONGEST {
            return None;
        }
        factor = wanted;
    }
    None
}

/// What the server takes up once it has read what was sent: it answers others, has nothing to do, and grows no more.
async fn steady(server: &Server) -> Option<Vitals> {
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
        if is_idle && now.memory_bytes <= last.memory_bytes + (256 << 10) {
            return Some(now);
        }
        last = now;
    }
    Some(last)
}

/// Memory kept after the connections were closed and every time-out is over: as much again each time.
async fn kept(server: &Server, case: &Case) -> Option<Evidence> {
    const SETS: usize = 5;
    let mut levels = Vec::new();
    for _ in 0..SETS {
        for mut one in run(server, case).await {
            one.ends().await;
        }
        // Everything that a server may still wait for is over then.
        sleep(server.ground.budget() + Duration::from_millis(700)).await;
        levels.push(server.vitals()?.memory_bytes);
        // The first time warms up.
        if let [.., before, now] = levels[..]
            && levels.len() > 2
            && now < before + NOISE_BYTES / 16
        {
            return None;
        }
    }
    let steps: Vec<u64> = levels.windows(2).skip(1).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let mean = steps.iter().sum::<u64>() / steps.len().max(1) as u64;
    let steady = steps.iter().all(|step| step * 2 > mean);
    (steady && mean > NOISE_BYTES / 8).then(|| {
        let what = format!(
            "{:.1} MiB more each time that {} rounds of {} bytes are over and closed",
            mib(mean),
            case.rounds,
            case.weight() / case.rounds.max(1) as usize
        );
        Evidence::new(Oracle::MemoryKept, what)
    })
}

/// Time on the processor far above what was asked of it, or that goes on though nobody asks for anything.
async fn slow(server: &Server, case: &Case) -> Option<Evidence> {
    let (weight, _) = weigh(server, std::slice::from_ref(case), false).await?;
    if weight.is_slow() {
        let spent = weight.after.cpu.saturating_sub(weight.before.cpu);
        let what = format!("{:.1} s on the processor for {} bytes", spent.as_secs_f64(), weight.sent_bytes);
        return Some(Evidence::new(Oracle::Cpu, what));
    }
    sleep(RELEASE).await;
    is_busy(server).await
}

/// Whether the server works hard though nobody asks for anything but a bystander's echo.
pub(super) async fn is_busy(server: &Server) -> Option<Evidence> {
    const LOOK: Duration = Duration::from_millis(250);
    let mut busy = 0.0;
    for _ in 0..2 {
        let before = server.vitals()?;
        sleep(LOOK).await;
        let wanted = server.vitals()?.wanted.saturating_sub(before.wanted);
        busy = wanted.as_secs_f64() / LOOK.as_secs_f64();
        if busy < 0.7 {
            return None;
        }
    }
    let what = format!("{:.0} % of a processor wanted though nobody asks for anything", busy * 100.0);
    Some(Evidence::new(Oracle::Cpu, what))
}

/// Threads or descriptors that pile up on a few connections, or stay behind after every time-out.
async fn left(
    server: &Server,
    case: &Case,
    oracle: Oracle,
    count: impl Fn(&Vitals) -> u64,
) -> Option<Evidence> {
    if let Some(evidence) = piled(server, case, oracle, &count).await {
        return Some(evidence);
    }
    let mut levels = Vec::new();
    for _ in 0..3 {
        for mut one in run(server, case).await {
            one.ends().await;
        }
        sleep(2 * server.ground.budget() + Duration::from_millis(500)).await;
        levels.push(count(&server.vitals()?));
        // The first time warms up.
        if let [.., before, now] = levels[..]
            && now <= before + 2
        {
            return None;
        }
    }
    let [first, second, third] = levels[..] else { return None };
    Some(Evidence::new(
        oracle,
        format!("{first}, {second}, {third} {oracle} after the first, second and third time"),
    ))
}

/// Threads or descriptors that grow with what is sent, not with the number of connections.
async fn piled(
    server: &Server,
    case: &Case,
    oracle: Oracle,
    count: impl Fn(&Vitals) -> u64,
) -> Option<Evidence> {
    /// A pool that every server may have.
    const POOL: u64 = 48;
    /// So many for each connection are nobody's.
    const MANY: u64 = 8;
    let before = count(&server.vitals()?);
    let mut levels = Vec::new();
    for factor in [1, 2] {
        let mut done = run(server, &times(case, factor)?).await;
        steady(server).await?;
        let more = count(&server.vitals()?).saturating_sub(before);
        let open = done.iter().map(|one| one.open_lines() as u64).sum::<u64>();
        for one in &mut done {
            one.ends().await;
        }
        levels.push((more, open));
        sleep(server.ground.budget() + Duration::from_millis(300)).await;
    }
    let [(one, _), (two, open)] = levels[..] else { return None };
    (open > 0 && one > POOL && two > POOL + MANY * open && two * 2 > one * 3)
        .then(|| Evidence::new(oracle, format!("{one} {oracle} more, then {two}, on {open} connections")))
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

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
