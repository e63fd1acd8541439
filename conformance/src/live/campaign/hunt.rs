//! A batch of cases, many at the same time, until something happens to the server.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    task::{Id, JoinSet},
    time::{interval, timeout},
};

use super::{Case, Evidence, Run};
use crate::{
    live::{confirm, ground::Ground, judge, perform::Performance, reaction},
    target::TargetError,
};

/// What came of a batch.
pub(super) enum Hunted {
    /// The server is as it was; these cases saw something.
    Quiet(Vec<(Case, Evidence)>),
    /// Something happened to the server while, or soon after, these were done; the last one first.
    Harmed(Vec<Case>, Evidence),
}

/// A case that is done, and waits for what is still due.
struct Waiting {
    case: Case,
    done: Performance,
    until: Instant,
}

struct Done {
    number: u64,
    case: Case,
    done: Performance,
    triples: Vec<reaction::Triple>,
}

/// How many cases are under way at the same time.
const ABREAST: usize = 24;
/// How many wait for what is due.
const MOST_WAITING: usize = 64;
/// A case that ended earlier is no suspect.
const RECENT: Duration = Duration::from_millis(1500);
/// How many suspects there are at most.
const MOST_SUSPECTS: usize = 96;

impl Run<'_> {
    /// Does a batch.
    ///
    /// # Errors
    /// Never; starting a server may fail elsewhere.
    pub(super) async fn hunt(&mut self, batch: Vec<(u64, Case)>) -> Result<Hunted, TargetError> {
        let Some(server) = &mut self.server else { return Ok(Hunted::Quiet(Vec::new())) };
        let (oracles, lag) = (&self.campaign.oracles, &self.lag);
        let mut left = batch.into_iter();
        let mut running: JoinSet<Done> = JoinSet::new();
        let mut under_way: Vec<(Id, Case)> = Vec::new();
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut recent: VecDeque<(Instant, Case)> = VecDeque::new();
        let mut results = Vec::new();
        let mut suspects: Vec<(Case, Evidence)> = Vec::new();
        let mut look = interval(Duration::from_millis(20));
        let mut harm = None;
        let mut told: Vec<(Vec<Case>, Evidence)> = Vec::new();
        let mut done_cases = 0;
        loop {
            while running.len() < ABREAST
                && let Some((number, case)) = left.next()
            {
                let ground = Arc::clone(&server.ground);
                let handle = running.spawn(does(ground, number, case.clone()));
                under_way.push((handle.id(), case));
            }
            if running.is_empty() && waiting.is_empty() {
                break;
            }
            tokio::select! {
                Some(joined) = running.join_next_with_id(), if !running.is_empty() => {
                    let Ok((id, mut one)) = joined else { continue };
                    done_cases += 1;
                    under_way.retain(|(other, _)| *other != id);
                    let due = due(&one.done, &server.ground);
                    let until = Instant::now() + due;
                    if due.is_zero() || waiting.len() >= MOST_WAITING {
                        let against = judge::judge(&one.case, &one.done, &server.ground, oracles, lag.worst());
                        suspects.extend(against.into_iter().map(|evidence| (one.case.clone(), evidence)));
                        one.done.ends().await;
                        recent.push_back((Instant::now(), one.case.clone()));
                    } else {
                        waiting.push(Waiting { case: one.case.clone(), done: one.done, until });
                    }
                    results.push((one.number, one.case, one.triples));
                }
                _ = look.tick() => {
                    if let Some(evidence) = server.trouble(lag, oracles) {
                        harm = Some(evidence);
                        break;
                    }
                    if let Some(evidence) = server.tells(oracles) {
                        let doing = under_way.iter().rev().map(|(_, case)| case.clone());
                        let done = recent.iter().rev().map(|(_, case): &(Instant, Case)| case.clone());
                        told.push((doing.chain(done).take(MOST_SUSPECTS).collect(), evidence));
                    }
                    let mut still = Vec::new();
                    for mut one in waiting.drain(..) {
                        if one.until > Instant::now() && !due(&one.done, &server.ground).is_zero() {
                            still.push(one);
                            continue;
                        }
                        let against = judge::judge(&one.case, &one.done, &server.ground, oracles, lag.worst());
                        suspects.extend(against.into_iter().map(|evidence| (one.case.clone(), evidence)));
                        one.done.ends().await;
                        recent.push_back((Instant::now(), one.case));
                    }
                    waiting = still;
                    recent.retain(|(ended, _)| ended.elapsed() < RECENT);
                    // Nothing else is done any more: what waits would only keep us.
                    if running.is_empty() && left.len() == 0 && waiting.iter().all(|one| is_patient(&one.done)) {
                        break;
                    }
                }
            }
        }
        let harm = match harm {
            Some(evidence) => Some(confirm::cause(server, evidence, oracles, lag).await),
            None => None,
        };
        running.shutdown().await;
        let closing = waiting.iter().map(|one| one.case.clone());
        let mut suspected: Vec<Case> = under_way.into_iter().rev().map(|(_, case)| case).collect();
        suspected.extend(recent.into_iter().rev().map(|(_, case)| case));
        suspected.extend(closing);
        suspected.truncate(MOST_SUSPECTS);
        for mut one in waiting {
            one.done.ends().await;
        }
        results.sort_by_key(|(number, ..)| *number);
        for (_, case, triples) in &results {
            self.reactions.takes(case, triples);
        }
        self.report.cases += done_cases;
        for (suspects, evidence) in told {
            self.defers(suspects, evidence);
        }
        self.tells("hunting");
        Ok(match harm {
            Some(evidence) => Hunted::Harmed(suspected, evidence),
            None => Hunted::Quiet(suspects),
        })
    }
}

async fn does(ground: Arc<Ground>, number: u64, case: Case) -> Done {
    /// The time in which a server reacts that has nothing else to do.
    const REACTION: Duration = Duration::from_millis(12);
    let mut done = Performance::new(&ground);
    done.does(&case).await;
    if done.open_lines() > 0 {
        let news = done.log.news.notified();
        let _heard_or_quiet = timeout(REACTION, news).await;
    }
    let triples = reaction::triples(&case, &done);
    Done { number, case, done, triples }
}

/// For how long a case has to wait until nothing more is due.
fn due(done: &Performance, ground: &Ground) -> Duration {
    let seen = done.log.lock();
    let mut due = Duration::ZERO;
    for line in seen.lines.iter().filter(|line| line.ended.is_none() && !line.odd) {
        let open = line.exchanges.iter().any(|exchange| exchange.status.is_none() && exchange.ours);
        if open || line.broke.is_some() {
            due = judge::longest_due(ground);
        }
    }
    drop(seen);
    if due.is_zero() {
        judge::lingers(done, ground).filter(|time| wants(done, *time)).unwrap_or_default()
    } else {
        due
    }
}

/// Whether a connection has not been open for so long yet.
fn wants(done: &Performance, time: Duration) -> bool {
    let seen = done.log.lock();
    seen.lines
        .iter()
        .any(|line| line.ended.is_none() && line.upgraded.is_some_and(|upgraded| upgraded.elapsed() < time))
}

/// Whether all that is due is a poll that may wait, or pings that may come.
fn is_patient(done: &Performance) -> bool {
    let seen = done.log.lock();
    seen.lines.iter().all(|line| {
        line.ended.is_some()
            || line.exchanges.iter().all(|exchange| exchange.status.is_some() || exchange.waits)
    })
}
