//! A closer look at a server that seems to take up too much.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{NOISE_BYTES, RELEASE, run, steady, times, weigh};
use crate::{
    live::{case::Case, evidence::Evidence, oracle::Oracle, server::Server, vitals::Vitals},
    siot::{Act, Step},
};

/// Looks closely at one suspicion before a server that does nothing else: what is the matter, and the case that shows it,
/// which may do more often what the other did.
pub(in crate::live) async fn verify(
    server: &Server,
    case: &Case,
    oracle: Oracle,
) -> Option<(Evidence, Case)> {
    match oracle {
        Oracle::MemoryHeld => grows(server, case).await,
        oracle => Some((shows(server, case, oracle).await?, case.clone())),
    }
}

/// Whether a case shows what is suspected; the server should be a fresh one.
pub(in crate::live) async fn shows(server: &Server, case: &Case, oracle: Oracle) -> Option<Evidence> {
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
    let peak = steady(server, Duration::MAX).await?;
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

/// Memory kept after the connections were closed and every time-out is over: as much again each time.
async fn kept(server: &Server, case: &Case) -> Option<Evidence> {
    const STEPS: u64 = 3;
    /// A runtime that collects its garbage late grows for a while as well, by little, and less evenly.
    const STEPS_WHERE_LITTLE: u64 = 10;
    const LITTLE_BYTES: u64 = NOISE_BYTES / 3;
    // Everything that a server may still wait for is over then.
    let over = server.ground.budget() + Duration::from_millis(700);
    let _warm = after(server, case, over).await?;
    let first = after(server, case, over).await?.memory_bytes;
    let (mut last, mut least, mut mean) = (first, u64::MAX, 0);
    for steps in 1..=STEPS_WHERE_LITTLE {
        let now = after(server, case, over).await?.memory_bytes;
        let step = now.saturating_sub(last);
        if step < NOISE_BYTES / 16 {
            return None;
        }
        last = now;
        least = least.min(step);
        mean = now.saturating_sub(first) / steps;
        // What is kept is as much each time.
        let is_uneven = least * 4 <= mean;
        if steps >= STEPS && (is_uneven || mean >= LITTLE_BYTES) {
            break;
        }
    }
    (least * 2 > mean && mean > NOISE_BYTES / 8).then(|| {
        let what = format!(
            "{:.1} MiB more each time that {} rounds of {} bytes are over and closed",
            mib(mean),
            case.rounds,
            case.weight() / case.rounds.max(1) as usize
        );
        Evidence::new(Oracle::MemoryKept, what)
    })
}

/// What a server takes up so long after a case was done and its connections were closed.
async fn after(server: &Server, case: &Case, time: Duration) -> Option<Vitals> {
    for mut one in run(server, case).await {
        one.ends().await;
    }
    sleep(time).await;
    server.vitals()
}

/// Time on the processor far above what was asked of it, or that goes on though nobody asks for anything.
async fn slow(server: &Server, case: &Case) -> Option<Evidence> {
    let (weight, _) = weigh(server, std::slice::from_ref(case), false).await?;
    sleep(RELEASE).await;
    if let Some(evidence) = is_busy(server).await {
        return Some(evidence);
    }
    weight.is_slow().then(|| {
        let spent = weight.after.cpu.saturating_sub(weight.before.cpu);
        let what = format!("{:.1} s on the processor for {} bytes", spent.as_secs_f64(), weight.sent_bytes);
        Evidence::new(Oracle::Cpu, what)
    })
}

/// Whether the server works hard though nobody asks for anything but a bystander's echo.
pub(in crate::live) async fn is_busy(server: &Server) -> Option<Evidence> {
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
        let over = 2 * server.ground.budget() + Duration::from_millis(500);
        levels.push(count(&after(server, case, over).await?));
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
        steady(server, Duration::MAX).await?;
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

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
