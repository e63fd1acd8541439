//! A server in one configuration, its replacements, and the acting-out of cases on it.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::RwLock, task::JoinSet, time::timeout};

use super::{
    Case, Outcome,
    clock::Clock,
    sanity::{Fluency, is_hostile, listens},
};
use crate::{
    scenario::Variant,
    stage::{Patience, Site, Stage},
    target::{Approach, Running, Target, TargetError},
    transcript::Entry,
    verdict::Verdict,
};

/// A server in the configuration of one variant, and its replacements.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) variant: Variant,
    target: Target,
    approach: Approach,
    /// Cases read, a replacement writes: nobody is on the ground while the server changes.
    pub(super) running: RwLock<Option<Running>>,
    /// What the server could do when it was fresh.
    fluency: Fluency,
    /// When it was last asked whether it still can, beside other cases, and the answer.
    asked: tokio::sync::Mutex<Option<(Instant, bool)>>,
    /// Ping interval and time-out that the server announces, together.
    beat: Duration,
    generation: AtomicU64,
    /// How servers ended, by generation.
    deaths: Mutex<BTreeMap<u64, Death>>,
    /// Whether the end of a server that is not ours to start again has been told.
    told: AtomicBool,
}

/// What came of acting a case out.
pub(super) enum Acted {
    Outcome(Box<Outcome>),
    /// The server of this generation is dead: whoever was there may have done it.
    Suspect(Case, u64),
}

/// How a server was found dead.
#[derive(Debug, Clone)]
pub(super) enum Death {
    Crash(String),
    Hang,
}

/// A case that went wrong while our own clock stumbled is acted out again, so often at most; one whose set-up
/// failed is given a second chance.
const MAX_ATTEMPTS: u32 = 6;

impl Death {
    pub(super) fn verdict(self, when: &str) -> Verdict {
        match self {
            Death::Crash(how) => Verdict::Crash(format!("{how}{when}")),
            Death::Hang => Verdict::Hang(format!("a fresh client no longer gets its echo{when}")),
        }
    }
}

impl Ground {
    /// Starts a server of this variant, or finds the one that runs.
    ///
    /// # Errors
    /// If it cannot be started or found.
    pub(super) async fn open(
        target: Target,
        variant: Variant,
        approach: Approach,
    ) -> Result<Self, TargetError> {
        let running = target.start(variant, &approach).await?;
        Ok(Self {
            variant,
            fluency: Fluency::of(&running.site, approach.timeout_scale).await,
            asked: tokio::sync::Mutex::default(),
            beat: running.beat,
            target,
            approach,
            running: RwLock::new(Some(running)),
            generation: AtomicU64::new(0),
            deaths: Mutex::default(),
            told: AtomicBool::new(false),
        })
    }

    /// Acts a case out beside others.
    pub(super) async fn act(&self, case: Case, tag: &str, clock: &Clock, run_began: Instant) -> Acted {
        let mut attempt = 1;
        loop {
            let guard = self.running.read().await;
            let generation = self.generation.load(Ordering::SeqCst);
            let Some(site) = guard.as_ref().map(|running| Arc::clone(&running.site)) else {
                return Acted::Outcome(Box::new(self.without_replacement(case)));
            };
            if !self.target.has_variants() && self.death(generation).is_some() {
                return Acted::Suspect(case, generation);
            }
            let began = Instant::now();
            let mut outcome = self.act_once(&case, &site, &format!("{tag}.{attempt}"), run_began).await;
            outcome.attempts = attempt;
            let stumbled = clock.stumbled_since(began);
            let in_doubt = match &outcome.verdict {
                Verdict::Pass => is_hostile(case.scenario.rule),
                verdict => !matches!(verdict, Verdict::Skipped(_)),
            };
            let well =
                listens(&site).await && (!in_doubt || self.was_fluent_since(Instant::now(), &site).await);
            drop(guard);
            if !well {
                self.replace(generation).await;
                return Acted::Suspect(case, generation);
            }
            // What went wrong while we ourselves were held up says nothing about the server.
            let doubtful = match &outcome.verdict {
                Verdict::Inconclusive(_) => !outcome.settled && (attempt == 1 || outcome.late || stumbled),
                Verdict::Fail(violation) | Verdict::Warn(violation) => {
                    outcome.late || (stumbled && violation.is_about_time())
                }
                _ => false,
            };
            if !doubtful || attempt == MAX_ATTEMPTS {
                return Acted::Outcome(Box::new(outcome));
            }
            attempt += 1;
        }
    }

    /// Acts a case out with nobody else on the ground, and charges it with the death of the server.
    pub(super) async fn act_alone(&self, case: Case, tag: &str, run_began: Instant) -> Outcome {
        let mut guard = self.running.write().await;
        let Some(running) = guard.as_mut() else { return self.without_replacement(case) };
        let site = Arc::clone(&running.site);
        if !self.target.has_variants() {
            if self.told.load(Ordering::SeqCst) {
                let why = "the server is gone, and is not ours to start again";
                return self.without_acting(case, Verdict::Inconclusive(why.to_owned()));
            }
            if let Some(death) = self.death_of(running).await {
                self.told.store(true, Ordering::SeqCst);
                let who = "; this case or another that ran beside it did it (--jobs 1 runs them one by one)";
                return self.without_acting(case, death.verdict(who));
            }
        }
        let mut outcome = self.act_once(&case, &site, tag, run_began).await;
        if let Some(death) = self.death_of(running).await {
            outcome.verdict = death.verdict("");
            self.told.store(true, Ordering::SeqCst);
            self.restart(&mut guard).await;
        }
        outcome
    }

    /// Replaces a server that is found dead while nobody is on the ground; says how it ended.
    pub(super) async fn revive(&self) -> Option<Death> {
        let mut guard = self.running.write().await;
        let running = guard.as_mut().filter(|_| self.target.has_variants())?;
        let ended = running.ended();
        if ended.is_none() && listens(&running.site).await {
            return None;
        }
        let death = Death::Crash(ended.unwrap_or_else(refuses));
        self.restart(&mut guard).await;
        Some(death)
    }

    /// How the server of a generation ended, if it did.
    pub(super) fn death(&self, generation: u64) -> Option<Death> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner).get(&generation).cloned()
    }

    /// Replaces the server of this generation, unless somebody else did already, or it turns out to be well.
    async fn replace(&self, generation: u64) {
        let mut guard = self.running.write().await;
        if self.generation.load(Ordering::SeqCst) != generation || self.death(generation).is_some() {
            return;
        }
        let Some(running) = guard.as_mut() else { return };
        let Some(death) = self.death_of(running).await else { return };
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner).insert(generation, death);
        self.restart(&mut guard).await;
    }

    /// Starts the server again, if it is ours.
    async fn restart(&self, running: &mut Option<Running>) {
        if !self.target.has_variants() {
            return;
        }
        if let Some(dead) = running.take() {
            dead.stop().await;
        }
        *running = self.target.start(self.variant, &self.approach).await.ok();
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// How the server ended or hangs, if it does.
    async fn death_of(&self, running: &mut Running) -> Option<Death> {
        let site = Arc::clone(&running.site);
        let listens = listens(&site).await;
        if let Some(how) = running.ended() {
            return Some(Death::Crash(how));
        }
        if !listens {
            return Some(Death::Crash(refuses()));
        }
        // Nobody else is on the ground, so that more patience costs little.
        (!self.fluency.lasts(&site, 2.0 * self.approach.timeout_scale).await).then_some(Death::Hang)
    }

    /// Whether the server conversed well, asked after the given time. Those who ask at the same time share the
    /// answer.
    async fn was_fluent_since(&self, since: Instant, site: &Arc<Site>) -> bool {
        let mut asked = self.asked.lock().await;
        if let Some((when, fluent)) = *asked
            && when >= since
        {
            return fluent;
        }
        let now = Instant::now();
        let fluent = self.fluency.lasts(site, self.approach.timeout_scale).await;
        *asked = Some((now, fluent));
        fluent
    }

    fn without_replacement(&self, case: Case) -> Outcome {
        let why = "the server died before, and could not be started again";
        self.without_acting(case, Verdict::Inconclusive(why.to_owned()))
    }

    /// Acts a case out on a stage of its own.
    async fn act_once(&self, case: &Case, site: &Arc<Site>, tag: &str, run_began: Instant) -> Outcome {
        if let Some(lacks) = site.why_not(&case.scenario, case.over) {
            return self.without_acting(case.clone(), Verdict::Skipped(lacks));
        }
        let began = Instant::now();
        let patience = Patience::new(self.approach.timeout_scale);
        let mut stage = Stage::new(Arc::clone(site), case.over, patience, tag);
        let transcript = stage.transcript().clone();
        let scenario = Arc::clone(&case.scenario);
        let limit = self.limit();
        // A task of its own: it may panic.
        let mut acting = JoinSet::new();
        acting.spawn(async move {
            let check = timeout(limit, (scenario.run)(&mut stage)).await;
            (check, stage.was_late())
        });
        let (verdict, late, settled) = match acting.join_next().await.expect("a task was spawned") {
            Ok((Ok(check), late)) => (Verdict::of(check, case.scenario.rule.level), late, false),
            Ok((Err(_), late)) => {
                let why = format!("the case did not come to an end within {:.0} s", limit.as_secs_f64());
                (Verdict::Inconclusive(why), late, true)
            }
            Err(error) => (Verdict::Inconclusive(broke(error.try_into_panic().ok())), false, true),
        };
        let guilty = match &verdict {
            Verdict::Fail(violation) | Verdict::Warn(violation) => violation.at,
            _ => None,
        };
        let outcome = self.without_acting(case.clone(), verdict);
        let tape = if matches!(outcome.verdict, Verdict::Pass) { None } else { transcript.tape.taken() };
        let transcript: Vec<Entry> = transcript.entries();
        Outcome {
            tape,
            began: began - run_began,
            took: began.elapsed(),
            transcript,
            guilty,
            late,
            settled,
            ..outcome
        }
    }

    /// How long a case may take at most: far more than any takes that does not wait in vain, and more than a
    /// slow heartbeat needs.
    fn limit(&self) -> Duration {
        const CASE: Duration = Duration::from_secs(90);
        const BEATS: u32 = 10;
        const LONGEST_BEAT: Duration = Duration::from_secs(300);
        CASE.mul_f64(self.approach.timeout_scale) + BEATS * self.beat.min(LONGEST_BEAT)
    }

    fn without_acting(&self, case: Case, verdict: Verdict) -> Outcome {
        Outcome {
            case,
            variant: self.variant,
            verdict,
            began: Duration::ZERO,
            took: Duration::ZERO,
            attempts: 1,
            transcript: Vec::new(),
            tape: None,
            guilty: None,
            late: false,
            settled: false,
        }
    }
}

fn refuses() -> String {
    "it no longer accepts connections".to_owned()
}

/// What a panic said.
fn broke(panic: Option<Box<dyn Any + Send>>) -> String {
    let said = panic.as_ref().and_then(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied())
    });
    format!("the case itself broke: {}", said.unwrap_or("it ended early"))
}
