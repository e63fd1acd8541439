//! Doing a case again before a server that does nothing else: what harmed one that was busy with others is found out here.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use super::{
    bench::Bench,
    case::Case,
    evidence::Evidence,
    judge,
    lag::Lag,
    oracle::{Class, Oracle, Oracles},
    perform::Performance,
    server::{Host, Server},
    weigh,
    wire::{Line, Log, What},
};
use crate::{
    siot::{Field, Script},
    target::TargetError,
};

/// How long harm may take to show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// While what the case opened is still open.
    pub(super) open: Duration,
    /// After it is closed.
    pub(super) closed: Duration,
}

impl Patience {
    /// For what happens at once.
    pub(super) const QUICK: Self =
        Self { open: Duration::from_millis(40), closed: Duration::from_millis(60) };
}

/// Several cases at the same time do not take longer: what harms a server does so sooner.
const LONGEST_FEW: Duration = Duration::from_millis(2500);

/// Whether two pieces of evidence tell of the same harm.
pub(super) fn is_same(one: &Evidence, other: &Evidence) -> bool {
    // What keeps a server busy may keep it from its bystander, or one of its threads only.
    let hangs = |oracle| matches!(oracle, Oracle::BystanderLate | Oracle::Cpu);
    let alike = one.oracle == other.oracle || (hangs(one.oracle) && hangs(other.oracle));
    alike && one.trace == other.trace
}

/// Whether nothing can be judged by a server any more of which this is said.
pub(super) fn harms(oracle: Oracle) -> bool {
    matches!(
        oracle,
        Oracle::ProcessEnded
            | Oracle::Refused
            | Oracle::BystanderLate
            | Oracle::BystanderDropped
            | Oracle::CrossTalk
            | Oracle::MemoryLimit
            | Oracle::Cpu
    )
}

/// Does several cases at the same time, and says what harms the server as a whole.
pub(super) async fn tried_together(
    server: &mut Server,
    cases: &[Case],
    wanted: Oracle,
    patience: Patience,
    oracles: &Oracles,
    lag: &Lag,
) -> Option<Evidence> {
    let mut doing = JoinSet::new();
    for case in cases {
        let (ground, case) = (Arc::clone(&server.ground), case.clone());
        doing.spawn(async move {
            let mut one = Performance::new(&ground);
            one.does(&case).await;
            one
        });
    }
    let mut done = Vec::new();
    let mut found = None;
    let deadline = Instant::now() + patience.open + LONGEST_FEW;
    while !doing.is_empty() && found.is_none() && Instant::now() < deadline {
        tokio::select! {
            one = doing.join_next() => done.extend(one.and_then(Result::ok)),
            () = sleep(Duration::from_millis(10)) => {
                if let Some(evidence) = server.trouble(lag, oracles) {
                    found = Some(cause(server, evidence, oracles, lag).await);
                }
            }
        }
    }
    doing.shutdown().await;
    if found.is_none() {
        found = harm(server, patience.open, oracles, lag).await;
    }
    for one in &mut done {
        one.ends().await;
    }
    if found.is_none() {
        found = harm(server, patience.closed, oracles, lag).await;
    }
    if found.is_none() && wanted.class() == Class::Hang && oracles.holds(Oracle::Cpu) {
        found = weigh::is_busy(server).await;
    }
    if found.is_none() && wanted == Oracle::Stderr {
        found = server.tells(oracles);
    }
    found
}

/// Does a case, and says what speaks against the server: what is wanted, or whatever harms it as a whole.
pub(super) async fn tried(
    server: &mut Server,
    case: &Case,
    wanted: Oracle,
    patience: Patience,
    oracles: &Oracles,
    lag: &Lag,
) -> Option<Evidence> {
    if wanted.weighs() {
        let found = weigh::shows(server, case, wanted).await;
        return match found {
            Some(evidence) => Some(evidence),
            None => harm(server, Duration::ZERO, oracles, lag).await,
        };
    }
    let mut done = weigh::run(server, case).await;
    match wanted {
        Oracle::Unanswered | Oracle::NotClosed => {
            for one in &done {
                one.settles(judge::longest_due(&server.ground) + lag.worst()).await;
            }
        }
        Oracle::Heartbeat => {
            if let Some(time) = done.iter().filter_map(|one| judge::lingers(one, &server.ground)).max() {
                sleep(time).await;
            }
        }
        Oracle::SessionKept => {}
        Oracle::ServerError | Oracle::Limit | Oracle::Answer | Oracle::State => sleep(patience.open).await,
        Oracle::Delivery => {
            sleep(patience.open).await;
            judge::answers_come(case, &done, &server.ground, lag.worst()).await;
        }
        _ => {
            if let Some(evidence) = harm(server, patience.open, oracles, lag).await {
                return Some(evidence);
            }
        }
    }
    let told = done.iter().flat_map(|one| judge::judge(case, one, &server.ground, oracles, lag.worst()));
    let mut told: Vec<Evidence> = told.filter(|evidence| !evidence.faint).collect();
    let sids: Vec<String> = done.iter().flat_map(judge::sessions).collect();
    for one in &mut done {
        one.ends().await;
    }
    if let Some(found) = told.iter().position(|evidence| evidence.oracle == wanted) {
        return Some(told.swap_remove(found));
    }
    if wanted == Oracle::Stderr {
        sleep(patience.closed).await;
        if let Some(evidence) = server.tells(oracles) {
            return Some(evidence);
        }
    }
    if wanted == Oracle::SessionKept {
        let by = judge::reclaimed_by(&server.ground);
        sleep(by.saturating_duration_since(Instant::now())).await;
        for sid in &sids {
            if let Some(evidence) = still_there(server, sid).await {
                return Some(evidence);
            }
        }
    }
    if let Some(evidence) = harm(server, patience.closed, oracles, lag).await {
        return Some(evidence);
    }
    // A thread that is lost may not be missed by a bystander.
    match wanted.class() {
        Class::Hang => weigh::is_busy(server).await.filter(|_| oracles.holds(Oracle::Cpu)),
        _ => None,
    }
}

/// What harms the server as a whole, if it shows within some time. Nothing does if its bystander is answered to what it asked
/// after that: whatever was sent before is read before.
async fn harm(server: &mut Server, within: Duration, oracles: &Oracles, lag: &Lag) -> Option<Evidence> {
    const LOOK: Duration = Duration::from_millis(5);
    /// The question under way, and one that was asked later.
    const ANSWERS: u64 = 2;
    let deadline = Instant::now() + within;
    let wanted = server.answers() + ANSWERS;
    loop {
        if let Some(evidence) = server.trouble(lag, oracles) {
            return Some(cause(server, evidence, oracles, lag).await);
        }
        let is_late = Instant::now() > deadline + server.ground.scaled(3000);
        if Instant::now() >= deadline && (server.answers() >= wanted || is_late) {
            return None;
        }
        sleep(LOOK).await;
    }
}

/// What it was that showed first in another way: a process that ends loses its bystander before it is gone.
pub(super) async fn cause(server: &mut Server, evidence: Evidence, oracles: &Oracles, lag: &Lag) -> Evidence {
    const DYING: Duration = Duration::from_millis(250);
    let mut evidence = evidence;
    if matches!(evidence.oracle, Oracle::BystanderDropped | Oracle::Refused) {
        let deadline = Instant::now() + DYING;
        while evidence.oracle != Oracle::ProcessEnded && Instant::now() < deadline {
            sleep(Duration::from_millis(10)).await;
            match server.trouble(lag, oracles) {
                Some(now) if now.oracle == Oracle::ProcessEnded => evidence = now,
                _ => {}
            }
        }
        if evidence.oracle == Oracle::BystanderDropped && !server.accepts().await {
            evidence = Evidence::new(Oracle::Refused, "connections are refused");
        }
    }
    match evidence.oracle {
        Oracle::ProcessEnded | Oracle::Refused | Oracle::BystanderDropped => {
            let trouble = server.confession().await;
            evidence.with(trouble.as_ref())
        }
        _ => evidence,
    }
}

/// Whether the server still knows a session that nobody has used for longer than it announces. One that only takes leave of
/// its client is over.
pub(super) async fn still_there(server: &Server, sid: &str) -> Option<Evidence> {
    /// What may wait for the client, and the farewell.
    const POLLS: usize = 4;
    let log = Arc::new(Log::default());
    let line = Line::connect(&server.ground.authority, &server.ground.path, &log, 0).await.ok()?;
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\n{}\r\n",
        server.ground.target(&format!("EIO=4&transport=polling&sid={sid}")),
        server.ground.authority,
        server.ground.headers
    );
    let mut status = None;
    for _ in 0..POLLS {
        log.lock().heard.clear();
        line.write(head.as_bytes()).await;
        let deadline = Instant::now() + server.ground.scaled(1500);
        let mut reply = None;
        while reply.is_none() && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
            reply = log.lock().heard.iter().find_map(|heard| match &heard.what {
                What::Reply(status, body) => Some((*status, body.clone())),
                What::End => Some((0, String::new())),
                _ => None,
            });
        }
        let is_farewell =
            |body: &str| body.split('\u{1e}').any(|packet| packet == "1") || body.ends_with("1:1");
        status = match reply {
            Some((200, body)) if is_farewell(&body) => Some(0),
            reply => reply.map(|(status, _)| status),
        };
        if status != Some(200) {
            break;
        }
    }
    line.close(false).await;
    let budget = server.ground.budget().as_secs_f64();
    let what = match status {
        Some(200) => "is answered",
        None => "is kept waiting",
        Some(_) => return None,
    };
    Some(Evidence::new(
        Oracle::SessionKept,
        format!("a poll of a session that was left more than twice {budget:.1} s before {what}"),
    ))
}

/// Plays a transcript of a finding again, before a fresh server: what speaks against it, if anything does.
///
/// # Errors
/// The server cannot be started, or the transcript names no oracle.
pub async fn replay(script: &Script, host: &Host) -> Result<Option<Evidence>, TargetError> {
    let name = script.field(Field::Oracle).unwrap_or_default();
    let oracle =
        Oracle::from_name(name).ok_or_else(|| TargetError::Usage(format!("no oracle is called {name:?}")))?;
    let oracles = Oracles::new(&[], &[]);
    let lag = Arc::new(Lag::measured());
    let mut host = host.clone();
    host.learn().await?;
    let mut bench = Bench::new(&host, &oracles, lag);
    let patience = Patience { open: Duration::from_millis(300), closed: Duration::from_millis(400) };
    let found = bench.tries(&Case::of(script), oracle, patience).await;
    if let Some(server) = bench.clear().await {
        server.stop().await;
    }
    // Another harm than the one that was found is another finding.
    Ok(found?.filter(|evidence| evidence.oracle.class() == oracle.class()))
}
