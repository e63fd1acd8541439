//! The cases of a batch, many at the same time, until something happens to the server.

use std::time::{Duration, Instant};

use tokio::{
    task::{Id, JoinSet},
    time::{interval, sleep, timeout},
};

use super::{Case, Evidence, Run, is_mild, sessions::abandon};
use crate::{
    live::{
        confirm,
        ground::Ground,
        judge,
        oracle::{Class, Oracle},
        perform::{Acts, Performance},
        reaction,
    },
    target::TargetError,
};

/// What came of it.
pub(super) enum Hunted {
    /// The server is as it was; these cases saw something.
    Quiet(Vec<(Case, Evidence)>),
    /// Something happened to the server while, or soon after, these were done; the last one first.
    Harmed(Vec<Case>, Evidence),
}

/// A case that is done, and waits for what is still due. The hunt goes on meanwhile, over many batches if it must.
pub(super) struct Waiting {
    attack: Attack,
    done: Performance,
    until: Instant,
}

impl Waiting {
    /// A case that begins to wait now.
    pub(super) fn new(case: Case, done: Performance, time: Duration) -> Self {
        Self::of(Attack::begins(case, &done), done, time)
    }

    fn of(attack: Attack, done: Performance, time: Duration) -> Self {
        Self { attack, done, until: Instant::now() + time }
    }
}

/// A case, and when it was under way.
pub(super) struct Attack {
    case: Case,
    acts: Acts,
    from: Instant,
    to: Option<Instant>,
}

impl Attack {
    fn begins(case: Case, done: &Performance) -> Self {
        Self { case, acts: done.acts.clone(), from: Instant::now(), to: None }
    }

    /// The same, over now.
    fn over(self) -> Self {
        Self { to: Some(Instant::now()), ..self }
    }

    /// How far it was from a moment.
    fn distance(&self, moment: Instant) -> Duration {
        let after = self.from.saturating_duration_since(moment);
        after.max(self.to.map_or(Duration::ZERO, |to| moment.saturating_duration_since(to)))
    }
}

struct Done {
    number: u64,
    case: Case,
    done: Performance,
    triples: Vec<reaction::Triple>,
}

/// How many cases are under way at the same time, and beside them how many of those that take their time: fewer while most
/// of what happens has to be looked into.
const ABREAST: usize = 32;
/// The same later.
const LATER_ABREAST: usize = 64;
/// How many of those that take their time later: most of them only wait.
const LATER_SLOW_ABREAST: usize = 192;
/// How many wait for what is due.
const MOST_WAITING: usize = 96;
/// How many of them wait for what need not come: a poll that may be held, pings that come too often.
const MOST_PATIENT: usize = 48;
/// How long it goes on before the server is weighed, while most of what is seen is new.
const SLICE: Duration = Duration::from_millis(2500);
/// How long it goes on later.
const LATER_SLICE: Duration = Duration::from_millis(7500);
/// A case that ended earlier is no suspect.
const RECENT: Duration = Duration::from_millis(1500);
/// What was done so shortly before a server was lost was done to one that was dying, most of it as its connections ended.
const DYING: Duration = Duration::from_millis(2);
/// Who was nearer to the moment at which a bystander was left says no more than this.
const NEAR: Duration = Duration::from_millis(250);
/// How many suspects there are at most.
const MOST_SUSPECTS: usize = 96;

impl Run<'_> {
    /// Does cases of the batch, for a while or until one of them saw something that is worth a look at once.
    pub(super) async fn hunt(&mut self) -> Hunted {
        let (slice, abreast, slow_abreast) = match self.is_early() {
            true => (SLICE, ABREAST, ABREAST),
            false => (LATER_SLICE, LATER_ABREAST, LATER_SLOW_ABREAST),
        };
        let Some(server) = &mut self.server else { return Hunted::Quiet(Vec::new()) };
        let (oracles, lag) = (&self.campaign.oracles, &self.lag);
        let began = Instant::now();
        let mut running: JoinSet<Done> = JoinSet::new();
        let mut under_way: Vec<(Id, Attack)> = Vec::new();
        let mut suspects: Vec<(Case, Evidence)> = Vec::new();
        let mut look = interval(Duration::from_millis(20));
        let mut harm = None;
        let mut told: Vec<(Vec<Case>, Evidence)> = Vec::new();
        loop {
            let goes_on =
                began.elapsed() < slice && suspects.iter().all(|(_, evidence)| is_mild(evidence.oracle));
            let slow_ones = under_way.iter().filter(|(_, one)| one.case.pauses()).count();
            let quick_ones = under_way.len() - slow_ones;
            let mut next = Vec::new();
            if goes_on {
                let room = slow_abreast.saturating_sub(slow_ones).min(self.slow.len());
                next.extend(self.slow.drain(..room));
                let room = abreast.saturating_sub(quick_ones).min(self.quick.len());
                next.extend(self.quick.drain(..room));
            }
            for (number, case) in next {
                let one = Performance::new(&server.ground);
                let attack = Attack::begins(case, &one);
                let handle = running.spawn(does(one, number, attack.case.clone()));
                under_way.push((handle.id(), attack));
            }
            tokio::select! {
                joined = running.join_next_with_id() => {
                    let Some(joined) = joined else { break };
                    let Ok((id, mut one)) = joined else { continue };
                    let Some(at) = under_way.iter().position(|(other, _)| *other == id) else { continue };
                    let (_, attack) = under_way.remove(at);
                    let due = due(&one.case, &one.done, &server.ground);
                    if due.is_zero() || !has_room(&self.waiting, &one.done) {
                        let against = judge::judge(&one.case, &one.done, &server.ground, oracles, lag.worst());
                        suspects.extend(against.into_iter().map(|evidence| (one.case.clone(), evidence)));
                        one.done.ends().await;
                        abandon(&mut self.abandoned, &one.case, &one.done, &server.ground);
                        self.recent.push_back(attack.over());
                    } else {
                        self.waiting.push(Waiting::of(attack, one.done, due));
                    }
                    self.results.push((one.number, one.case, one.triples));
                    self.report.cases += 1;
                }
                _ = look.tick() => {
                    if let Some(evidence) = server.trouble(lag, oracles) {
                        harm = Some(evidence);
                        break;
                    }
                    if let Some(evidence) = server.tells(oracles) {
                        let doing = under_way.iter().rev().map(|(_, one)| one.case.clone());
                        let done = self.recent.iter().rev().map(|one| one.case.clone());
                        told.push((doing.chain(done).take(MOST_SUSPECTS).collect(), evidence));
                    }
                    for mut one in over(&mut self.waiting, &server.ground) {
                        let case = &one.attack.case;
                        let against = judge::judge(case, &one.done, &server.ground, oracles, lag.worst());
                        suspects.extend(against.into_iter().map(|evidence| (case.clone(), evidence)));
                        one.done.ends().await;
                        abandon(&mut self.abandoned, case, &one.done, &server.ground);
                        self.recent.push_back(one.attack.over());
                    }
                    // Whoever waits in vain has done so for a while before anybody says so.
                    let kept = RECENT + server.asked().map_or(Duration::ZERO, |asked| asked.elapsed());
                    self.recent.retain(|one| one.to.is_none_or(|to| to.elapsed() < kept));
                }
            }
        }
        let asked = server.asked();
        let lost = server.lost().unwrap_or_else(Instant::now).checked_sub(DYING);
        let harm = match harm {
            Some(evidence) => Some(confirm::cause(server, evidence, oracles, lag).await),
            None => None,
        };
        running.shutdown().await;
        for (suspects, evidence) in told {
            self.defers(suspects, evidence);
        }
        self.tells("hunting");
        let Some(evidence) = harm else { return Hunted::Quiet(suspects) };
        // What was done before may show late.
        let before = if began.elapsed() < RECENT { std::mem::take(&mut self.weighed) } else { Vec::new() };
        let mut attacks: Vec<Attack> = under_way.into_iter().rev().map(|(_, one)| one).collect();
        attacks.extend(self.recent.drain(..).rev());
        let mut waiting: Vec<Attack> = self.waiting.drain(..).map(|one| one.attack).collect();
        match (evidence.oracle, asked) {
            // It was answered until then. Those that are tried quickly go first among those that were about as near.
            (Oracle::BystanderLate, Some(asked)) => {
                let distance = |one: &Attack| one.distance(asked).as_millis() / NEAR.as_millis();
                attacks.sort_by_key(|one| (distance(one), one.case.pauses()));
            }
            // Most servers die of what was done to them last.
            (oracle, _) if oracle.class() == Class::Crash => {
                attacks.append(&mut waiting);
                attacks
                    .sort_by_key(|one| lost.and_then(|lost| one.acts.before(lost)).unwrap_or(Duration::MAX));
            }
            _ => {}
        }
        attacks.append(&mut waiting);
        let mut suspected: Vec<Case> = attacks.into_iter().map(|one| one.case).collect();
        suspected.splice(0..0, before);
        suspected.truncate(MOST_SUSPECTS);
        Hunted::Harmed(suspected, evidence)
    }

    /// Waits until nothing is due any more to those that wait, and judges them.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn waits_for_the_last(&mut self) -> Result<(), TargetError> {
        let mut suspects = Vec::new();
        while let Some(server) = &self.server
            && !self.waiting.is_empty()
        {
            sleep(Duration::from_millis(20)).await;
            for mut one in over(&mut self.waiting, &server.ground) {
                let (oracles, lag) = (&self.campaign.oracles, self.lag.worst());
                let case = &one.attack.case;
                let against = judge::judge(case, &one.done, &server.ground, oracles, lag);
                suspects.extend(against.into_iter().map(|evidence| (case.clone(), evidence)));
                one.done.ends().await;
            }
        }
        for (case, evidence) in suspects {
            self.sees(case, evidence).await?;
        }
        Ok(())
    }
}

/// Takes those out of the waiting to whom nothing is due any more, or whose time is over.
fn over(waiting: &mut Vec<Waiting>, ground: &Ground) -> Vec<Waiting> {
    let now = Instant::now();
    waiting
        .extract_if(.., |one| one.until <= now || due(&one.attack.case, &one.done, ground).is_zero())
        .collect()
}

/// Whether one more may wait.
fn has_room(waiting: &[Waiting], done: &Performance) -> bool {
    let patient = || waiting.iter().filter(|one| is_patient(&one.done)).count();
    waiting.len() < MOST_WAITING && (!is_patient(done) || patient() < MOST_PATIENT)
}

async fn does(mut done: Performance, number: u64, case: Case) -> Done {
    /// The time in which a server reacts that has nothing else to do.
    const REACTION: Duration = Duration::from_millis(12);
    done.does(&case).await;
    if done.open_lines() > 0 {
        let news = done.log.news.notified();
        let _heard_or_quiet = timeout(REACTION, news).await;
    }
    let triples = reaction::triples(&case, &done);
    Done { number, case, done, triples }
}

/// For how long a case has to wait until nothing more is due.
fn due(case: &Case, done: &Performance, ground: &Ground) -> Duration {
    let mut due = judge::awaits(case, done, ground).unwrap_or_default();
    let seen = done.log.lock();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_under_way_at_a_moment_is_nearest_to_it() {
        let moment = Instant::now();
        let second = Duration::from_secs(1);
        let attack = |from, to| Attack { case: Case::new(Vec::new()), acts: Acts::default(), from, to };
        assert_eq!(attack(moment - second, None).distance(moment), Duration::ZERO);
        assert_eq!(attack(moment - second, Some(moment + second)).distance(moment), Duration::ZERO);
        assert_eq!(attack(moment - 3 * second, Some(moment - second)).distance(moment), second);
        assert_eq!(attack(moment + 2 * second, None).distance(moment), 2 * second);
    }
}
