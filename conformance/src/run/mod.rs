//! Runs the chosen cases: variants side by side, cases concurrently, and every death of the server
//! charged to the case that did it.

mod clock;
mod ground;
mod sanity;
mod suspects;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{
        Semaphore,
        mpsc::{UnboundedSender, unbounded_channel},
        watch,
    },
    task::JoinSet,
};

pub(crate) use self::sanity::serves;
use self::{
    clock::Clock,
    ground::{Acted, Ground},
    suspects::AllSuspects,
};
use crate::{
    contract::About,
    scenario::{Scenario, Transport, Variant},
    stage::Site,
    tape::Recording,
    target::{Approach, Target, TargetError},
    transcript::{Entry, EntryId},
    verdict::Verdict,
};

/// One scenario over one transport.
#[derive(Debug, Clone)]
pub struct Case {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The transport.
    pub over: Transport,
}

/// What became of a case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The case.
    pub case: Case,
    /// The configuration of the server that was judged.
    pub variant: Variant,
    /// The verdict.
    pub verdict: Verdict,
    /// When it began, since the run began.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// How often it was acted out; this is about the last time.
    pub attempts: u32,
    /// What crossed the wire.
    pub transcript: Vec<Entry>,
    /// The same as steps that can be played again; nothing if it was too much.
    pub tape: Option<Recording>,
    /// The guilty entry.
    pub guilty: Option<EntryId>,
    /// Whether our side was too slow.
    late: bool,
    /// Whether it would be no use to act it out again.
    settled: bool,
}

/// How to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is judged.
    pub target: Target,
    /// What the user said about it.
    pub approach: Approach,
    /// The cases.
    pub cases: Vec<Case>,
    /// How many cases run at the same time.
    pub jobs: usize,
    /// Tags of events, rooms and namespaces derive from it.
    pub seed: u64,
}

/// The servers of a run, ready for its cases.
#[derive(Debug)]
pub struct Arena {
    plan: Plan,
    grounds: BTreeMap<Variant, Arc<Ground>>,
    /// Each server as it was found.
    sites: BTreeMap<Variant, Arc<Site>>,
    /// The first of them.
    site: Arc<Site>,
    about: About,
    began: Instant,
}

impl Arena {
    /// Starts a server for each variant that the cases want, or finds the one that runs.
    ///
    /// # Errors
    /// If a server cannot be started or found.
    pub async fn open(plan: Plan) -> Result<Self, TargetError> {
        let grounds = open_grounds(&plan).await?;
        let mut sites = BTreeMap::new();
        let mut first = None;
        for (variant, ground) in &grounds {
            let running = ground.running.read().await;
            let gone = || TargetError::Unreachable("the server is gone already".to_owned());
            let running = running.as_ref().ok_or_else(gone)?;
            sites.insert(*variant, Arc::clone(&running.site));
            first.get_or_insert_with(|| (Arc::clone(&running.site), running.about.clone()));
        }
        let (site, about) = first.ok_or_else(|| TargetError::Usage("no case is selected".to_owned()))?;
        Ok(Self { plan, grounds, sites, site, about, began: Instant::now() })
    }

    /// Why a case cannot be acted out on the server of its variant, or nothing if it can.
    pub fn why_not(&self, case: &Case) -> Option<String> {
        self.sites[&self.plan.variant_of(case)].why_not(&case.scenario, case.over)
    }

    /// The server under judgement; that of the first variant where there are several.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// What the server calls itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Acts out all cases and tells their outcomes as they come, until all are judged or `stop` turns true.
    /// Then ends every server that was started.
    pub async fn run(self, outcomes: UnboundedSender<Outcome>, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.judge(outcomes) => {}
            // An error means that nobody can stop us any more: the judging above goes on.
            Ok(_) = stop.wait_for(|stop| *stop) => {}
        }
        for ground in self.grounds.into_values() {
            if let Some(running) = ground.running.write().await.take() {
                running.stop().await;
            }
        }
    }

    /// Acts out all cases, and gives their outcomes once all are judged.
    pub async fn outcomes(self) -> Vec<Outcome> {
        let (outcomes, mut judged) = unbounded_channel();
        let (_go_on, stop) = watch::channel(false);
        self.run(outcomes, stop).await;
        let mut all = Vec::new();
        while let Some(outcome) = judged.recv().await {
            all.push(outcome);
        }
        all
    }

    async fn judge(&self, outcomes: UnboundedSender<Outcome>) {
        const NO_PANIC: &str = "a case that panics has a task of its own";
        let clock = Clock::start();
        let began = self.began;
        let mut suspects = AllSuspects::default();
        // Those that speak to everybody come last, one by one: nobody else is there to hear them.
        for alone in [false, true] {
            let jobs = Arc::new(Semaphore::new(if alone { 1 } else { self.plan.jobs.max(1) }));
            let mut acting = JoinSet::new();
            let cases = self.plan.cases.iter().enumerate().filter(|(_, case)| case.scenario.alone == alone);
            // Most of what waits for seconds needs a variant, of recovery and of version 3 above all: it waits while
            // the others are acted out.
            let mut cases: Vec<_> = cases.collect();
            cases.sort_by_key(|(_, case)| Reverse(self.plan.variant_of(case)));
            for (number, case) in cases {
                let case = case.clone();
                let ground = Arc::clone(&self.grounds[&self.plan.variant_of(&case)]);
                let turn = Arc::clone(&jobs).acquire_owned().await.expect("the semaphore is never closed");
                let tag = format!("{:x}.{number}", self.plan.seed);
                let (clock, outcomes) = (clock.clone(), outcomes.clone());
                acting.spawn(async move {
                    let acted = ground.act(case, &tag, &clock, began).await;
                    drop(turn);
                    match acted {
                        Acted::Outcome(outcome) => {
                            let _nobody_listens = outcomes.send(*outcome);
                            None
                        }
                        Acted::Suspect(case, generation) => Some((ground, generation, case)),
                    }
                });
                while let Some(done) = acting.try_join_next() {
                    suspects.extend(done.expect(NO_PANIC));
                }
            }
            while let Some(done) = acting.join_next().await {
                suspects.extend(done.expect(NO_PANIC));
            }
        }
        for (number, group) in suspects.into_groups().enumerate() {
            for outcome in group.act_alone(&format!("{:x}.9{number}.", self.plan.seed), began).await {
                let _nobody_listens = outcomes.send(outcome);
            }
        }
    }
}

/// The servers for the variants in use, started side by side.
async fn open_grounds(plan: &Plan) -> Result<BTreeMap<Variant, Arc<Ground>>, TargetError> {
    let variants: BTreeSet<Variant> = plan.cases.iter().map(|case| plan.variant_of(case)).collect();
    let mut starting = JoinSet::new();
    for variant in variants {
        let (target, approach) = (plan.target.clone(), plan.approach.clone());
        starting.spawn(Ground::open(target, variant, approach));
    }
    let mut grounds = BTreeMap::new();
    let mut failed = None;
    while let Some(started) = starting.join_next().await {
        match started.expect("starting a server does not panic") {
            Ok(ground) => {
                grounds.insert(ground.variant, Arc::new(ground));
            }
            Err(error) => failed = Some(error),
        }
    }
    let Some(error) = failed else { return Ok(grounds) };
    for ground in grounds.into_values() {
        if let Some(running) = ground.running.write().await.take() {
            running.stop().await;
        }
    }
    Err(error)
}

impl Plan {
    /// A server that runs already is what it is: there is one variant.
    fn variant_of(&self, case: &Case) -> Variant {
        if self.target.has_variants() { case.scenario.variant } else { Variant::Default }
    }
}
