//! A run: cases are hunted in batches, suspects investigated, and between two batches the server is weighed.

mod hunt;
mod investigate;
mod report;
mod scales;
mod sessions;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

pub use self::report::{Progress, Report, Watcher};
use self::{
    hunt::{Attack, Hunted, Waiting},
    sessions::Abandoned,
};
use super::{
    amplify::Amplifier,
    bench::Bench,
    case::Case,
    confirm::is_same,
    evidence::Evidence,
    fence::Fence,
    finding::Finding,
    generate::Generator,
    known::Known,
    lag::Lag,
    oracle::{Oracle, Oracles},
    reaction::{Reactions, Triple},
    server::{Host, Server},
};
use crate::target::TargetError;

/// What to do, and for how long.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The server.
    pub host: Host,
    /// Who judges.
    pub oracles: Oracles,
    /// Where chance comes from.
    pub seed: u64,
    /// How long.
    pub time: Option<Duration>,
    /// How many cases.
    pub cases: Option<u64>,
    /// What does not count.
    pub known: Known,
    /// The run ends with so many findings.
    pub max_findings: Option<usize>,
}

/// Cases of a batch. What is learned from one batch decides only what is in the next, so that the speed of a machine
/// decides nothing.
const BATCH: u64 = 768;
/// Cases of a batch later, when less is learned from each.
const LATER_BATCH: u64 = 4 * BATCH;
/// The first of those.
const LATER: u64 = 8 * BATCH;
/// As long as most of what is seen is new, weighing takes as much time as hunting.
const EARLY: Duration = Duration::from_secs(60);
/// How many times as long as it is weighed it is hunted then, and later.
const HUNTING_TO_WEIGHING: u32 = 1;
const LATER_HUNTING_TO_WEIGHING: u32 = 5;

/// What is being confirmed when the time is over is not thrown away: it gets so much more.
const CONFIRMING: Duration = Duration::from_secs(15);

/// Whether it ends nothing, or takes long to be shown again.
fn is_mild(oracle: Oracle) -> bool {
    matches!(oracle, Oracle::Stderr | Oracle::ServerError | Oracle::Unanswered | Oracle::NotClosed)
}

/// Ways to the same harm, by what the server printed, that are told of.
const MOST_ALIKE: usize = 3;

struct Run<'c> {
    campaign: &'c Campaign,
    watcher: &'c mut dyn Watcher,
    generator: Generator,
    began: Instant,
    lag: Arc<Lag>,
    server: Option<Server>,
    /// Whether a case that did something is being shown again.
    confirming: watch::Sender<bool>,
    reactions: Reactions,
    /// What is left of the batch: those that take their time, and the others.
    slow: VecDeque<(u64, Case)>,
    quick: VecDeque<(u64, Case)>,
    /// What the cases of the batch saw.
    results: Vec<(u64, Case, Vec<Triple>)>,
    /// Cases that are done, to which something is still due.
    waiting: Vec<Waiting>,
    /// Cases that are done, and may have done what shows later.
    recent: VecDeque<Attack>,
    /// Sessions that nobody uses any more.
    abandoned: VecDeque<Abandoned>,
    fences: Vec<Fence>,
    report: Report,
    /// What is to be weighed.
    amplifier: Amplifier,
    /// Where what is heavy is weighed.
    scales: Bench<'c>,
    /// What was weighed last, and may have done what shows later.
    weighed: Vec<Case>,
    /// What would outweigh others.
    heavy: Option<Case>,
    /// How often something that one case saw could not be shown again.
    vain: usize,
    /// What ends nothing, and is looked into when there is time.
    deferred: VecDeque<(Vec<Case>, Evidence)>,
    /// What was deferred before.
    noticed: BTreeSet<String>,
    /// The time that was spent on it.
    aside: Duration,
    hunted: Duration,
    /// The time that was spent on weighing.
    weighing: Duration,
}

impl Campaign {
    /// Runs until its time or its cases are over, or `stop` ends.
    ///
    /// # Errors
    /// The server cannot be started, or is no Engine.IO server.
    pub async fn run(
        &mut self,
        watcher: &mut dyn Watcher,
        stop: impl Future<Output = ()>,
    ) -> Result<Report, TargetError> {
        self.host.learn().await?;
        let mut run = Run::new(self, watcher);
        run.server = Some(run.campaign.host.start().await?);
        let left = run.campaign.time.unwrap_or(Duration::MAX);
        let mut confirming = run.confirming.subscribe();
        let time_is_over = async {
            sleep(left.min(Duration::from_secs(u64::from(u32::MAX)))).await;
            let _shown_or_not = timeout(CONFIRMING, confirming.wait_for(|confirming| !confirming)).await;
        };
        let ended = {
            let goes_on = run.goes_on();
            tokio::select! {
                ended = goes_on => ended,
                () = stop => Ok(()),
                () = time_is_over => Ok(()),
            }
        };
        for server in [run.server.take(), run.scales.clear().await].into_iter().flatten() {
            server.stop().await;
        }
        ended?;
        run.report.seconds = run.began.elapsed().as_secs_f64();
        run.report.hunted_seconds = run.hunted.as_secs_f64();
        run.report.states = run.reactions.count();
        run.report.fences = run.fences.iter().map(Fence::text).collect();
        Ok(run.report)
    }
}

impl<'c> Run<'c> {
    fn new(campaign: &'c Campaign, watcher: &'c mut dyn Watcher) -> Self {
        let report = Report {
            findings: Vec::new(),
            cases: 0,
            fenced: 0,
            fences: Vec::new(),
            unconfirmed: Vec::new(),
            states: 0,
            seconds: 0.0,
            hunted_seconds: 0.0,
        };
        let generator = Generator::new(campaign.seed, campaign.host.ground.max_payload_bytes);
        let lag = Arc::new(Lag::measured());
        Self {
            amplifier: Amplifier::new(generator.rng(u64::MAX)),
            scales: Bench::new(&campaign.host, &campaign.oracles, Arc::clone(&lag)),
            heavy: None,
            weighed: Vec::new(),
            generator,
            campaign,
            watcher,
            began: Instant::now(),
            lag,
            server: None,
            confirming: watch::Sender::new(false),
            reactions: Reactions::default(),
            slow: VecDeque::new(),
            quick: VecDeque::new(),
            results: Vec::new(),
            waiting: Vec::new(),
            recent: VecDeque::new(),
            abandoned: VecDeque::new(),
            fences: Vec::new(),
            report,
            vain: 0,
            deferred: VecDeque::new(),
            noticed: BTreeSet::new(),
            aside: Duration::ZERO,
            hunted: Duration::ZERO,
            weighing: Duration::ZERO,
        }
    }

    async fn goes_on(&mut self) -> Result<(), TargetError> {
        let mut number = 0;
        loop {
            if self.slow.is_empty() && self.quick.is_empty() {
                self.learns();
                let batch = if number < LATER { BATCH } else { LATER_BATCH };
                let upto = self.campaign.cases.unwrap_or(u64::MAX).min(number + batch);
                if upto == number || self.is_full() {
                    break;
                }
                self.draws(number..upto);
                number = upto;
            }
            let began = Instant::now();
            let hunted = self.hunt().await;
            self.hunted += began.elapsed();
            match hunted {
                Hunted::Quiet(suspects) => {
                    for (case, evidence) in suspects {
                        self.sees(case, evidence).await?;
                    }
                    self.stands().await?;
                    self.asks_for_sessions().await?;
                    let part = if self.is_early() { HUNTING_TO_WEIGHING } else { LATER_HUNTING_TO_WEIGHING };
                    if self.weighing < self.hunted / part {
                        let began = Instant::now();
                        self.weigh().await?;
                        self.weighing += began.elapsed();
                    }
                    self.looks_aside(false).await?;
                }
                Hunted::Harmed(suspects, evidence) => self.investigates(suspects, evidence).await?,
            }
            self.stands().await?;
            if self.is_full() {
                return Ok(());
            }
        }
        self.waits_for_the_last().await?;
        self.stands().await?;
        self.looks_aside(true).await
    }

    /// Takes in what the cases of a batch saw, in their order.
    fn learns(&mut self) {
        let mut results = std::mem::take(&mut self.results);
        results.sort_by_key(|(number, ..)| *number);
        for (_, case, triples) in &results {
            self.reactions.takes(case, triples);
        }
    }

    /// One case saw something.
    async fn sees(&mut self, case: Case, evidence: Evidence) -> Result<(), TargetError> {
        if is_mild(evidence.oracle) {
            self.defers(vec![case], evidence);
            return Ok(());
        }
        if evidence.oracle == Oracle::Heartbeat {
            // A few pings too many may take long to be told from none: many are not.
            self.amplifier.hints(&case);
        }
        if evidence.faint {
            return Ok(());
        }
        self.looks_into(&case, evidence).await
    }

    /// Keeps what ends nothing for later: whatever hides behind it is worth more.
    fn defers(&mut self, suspects: Vec<Case>, evidence: Evidence) {
        if self.noticed.insert(format!("{} {}", evidence.oracle, evidence.trace)) {
            self.deferred.push_back((suspects, evidence));
        }
    }

    /// Looks into what was kept for later, in a part of the time, or all of it at the end.
    async fn looks_aside(&mut self, all: bool) -> Result<(), TargetError> {
        const FIRST: Duration = Duration::from_secs(20);
        loop {
            let elapsed = self.began.elapsed();
            let now = all || (elapsed > FIRST && self.aside < elapsed / 5);
            if !now || self.is_full() {
                return Ok(());
            }
            let Some((suspects, evidence)) = self.deferred.pop_front() else { return Ok(()) };
            self.investigates(suspects, evidence).await?;
            self.stands().await?;
            self.aside += self.began.elapsed() - elapsed;
            if !all {
                return Ok(());
            }
        }
    }

    /// Draws the cases of the next batch, those left out that lie behind a fence.
    fn draws(&mut self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            let known = &self.reactions.found;
            let case = if number % 4 == 3 && !known.is_empty() {
                let mut rng = self.generator.rng(number ^ 0xfeed);
                let [parent, other] = [(); 2].map(|()| &known[rng.usize(..known.len())].case);
                self.generator.variation(number, parent, other)
            } else {
                self.generator.case(number)
            };
            if self.is_fenced(&case) {
                self.report.fenced += 1;
            } else if case.pauses() {
                self.slow.push_back((number, case));
            } else {
                self.quick.push_back((number, case));
            }
        }
    }

    /// A server to go on with.
    async fn stands(&mut self) -> Result<(), TargetError> {
        if self.server.is_none() {
            self.server = Some(self.campaign.host.start().await?);
        }
        Ok(())
    }

    /// Goes on with a server that nobody has used, if there is none.
    async fn goes_on_with(&mut self, spare: Option<Server>) {
        match (&self.server, spare) {
            (None, Some(spare)) if spare.is_well() => self.server = Some(spare),
            (_, Some(spare)) => spare.stop().await,
            (_, None) => {}
        }
    }

    async fn falls(&mut self) {
        // What was due to them comes from nobody any more.
        self.waiting.clear();
        self.recent.clear();
        self.abandoned.clear();
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    fn is_early(&self) -> bool {
        self.began.elapsed() < EARLY
    }

    fn is_full(&self) -> bool {
        self.campaign.max_findings.is_some_and(|most| self.report.findings.len() >= most)
    }

    fn tells(&mut self, doing: &'static str) {
        self.watcher.progress(Progress {
            cases: self.report.cases,
            elapsed: self.began.elapsed(),
            states: self.reactions.count(),
            findings: self.report.findings.len(),
            doing,
        });
    }

    /// Leaves out what lies behind a case that is found, of what is drawn already as well.
    fn fences_off(&mut self, case: &Case) {
        let fence = Fence::around(case);
        let before = self.quick.len() + self.slow.len();
        for queue in [&mut self.quick, &mut self.slow] {
            queue.retain(|(_, case)| !fence.holds(case));
        }
        self.report.fenced += (before - self.quick.len() - self.slow.len()) as u64;
        self.fences.push(fence);
    }

    fn finds(&mut self, evidence: Evidence, case: Case, seconds: f64) {
        let mut finding = Finding { evidence, case, seconds, cases: self.report.cases, known: None };
        let signature = finding.signature();
        self.fences_off(&finding.case);
        let alike = self.report.findings.iter().filter(|found| is_same(&found.evidence, &finding.evidence));
        if self.report.findings.iter().any(|found| found.signature() == signature)
            || (!finding.evidence.trace.is_empty() && alike.count() >= MOST_ALIKE)
        {
            return;
        }
        finding.known = self.campaign.known.reason(&finding, chrono::Local::now().date_naive());
        self.watcher.finding(&finding);
        self.report.findings.push(finding);
    }
}
