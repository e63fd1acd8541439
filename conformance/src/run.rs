//! Runs the chosen cases: variants side by side, cases concurrently, and every death of the server
//! charged to the case that did it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    net::TcpStream,
    sync::{RwLock, Semaphore, mpsc::UnboundedSender, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    contract::About,
    scenario::{Scenario, Transport, Variant},
    stage::{Patience, Site, Stage},
    target::{Approach, Running, Target, TargetError},
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
    /// What crossed the wire.
    pub transcript: Vec<Entry>,
    /// The guilty entry.
    pub guilty: Option<EntryId>,
    /// Whether our side was too slow.
    late: bool,
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
    site: Arc<Site>,
    about: About,
    began: Instant,
}

/// A server in the configuration of one variant, and its replacements.
#[derive(Debug)]
struct Ground {
    variant: Variant,
    target: Target,
    approach: Approach,
    /// Cases read, a replacement writes: nobody is on the ground while the server changes.
    running: RwLock<Option<Running>>,
    generation: AtomicU64,
    /// Whether a server that is not ours to start again was found dead.
    gone: AtomicBool,
}

/// What came of acting a case out.
enum Acted {
    Outcome(Box<Outcome>),
    /// The server is dead: whoever was there may have done it.
    Suspect(Case),
}

/// A case that went wrong while our own clock stumbled is acted out again, so often at most; one whose set-up
/// failed is given a second chance.
const MAX_ATTEMPTS: u32 = 6;
/// A pause of our own event loop that casts doubt on what was measured.
const STUMBLE: Duration = Duration::from_millis(80);

impl Arena {
    /// Starts a server for each variant that the cases want, or finds the one that runs.
    ///
    /// # Errors
    /// If a server cannot be started or found.
    pub async fn open(plan: Plan) -> Result<Self, TargetError> {
        let grounds = open_grounds(&plan).await?;
        let first =
            grounds.values().next().ok_or_else(|| TargetError::Usage("no case is selected".to_owned()))?;
        let (site, about) = match first.running.read().await.as_ref() {
            Some(running) => (Arc::clone(&running.site), running.about.clone()),
            None => return Err(TargetError::Unreachable("the server is gone already".to_owned())),
        };
        Ok(Self { plan, grounds, site, about, began: Instant::now() })
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

    async fn judge(&self, outcomes: UnboundedSender<Outcome>) {
        let clock = Clock::start();
        let jobs = Arc::new(Semaphore::new(self.plan.jobs.max(1)));
        let began = self.began;
        let mut acting = JoinSet::new();
        let mut suspects = Vec::new();
        for (number, case) in self.plan.cases.iter().cloned().enumerate() {
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
                    Acted::Suspect(case) => Some((ground, case)),
                }
            });
            while let Some(done) = acting.try_join_next() {
                suspects.extend(done.expect("a case does not panic"));
            }
        }
        while let Some(done) = acting.join_next().await {
            suspects.extend(done.expect("a case does not panic"));
        }
        // One at a time, whoever kills the server again did it before.
        for (number, (ground, case)) in suspects.into_iter().enumerate() {
            let outcome = ground.act_alone(case, &format!("{:x}.9{number}", self.plan.seed), began).await;
            let _nobody_listens = outcomes.send(outcome);
        }
    }
}

/// The servers for the variants in use, started side by side.
async fn open_grounds(plan: &Plan) -> Result<BTreeMap<Variant, Arc<Ground>>, TargetError> {
    let variants: BTreeSet<Variant> = plan.cases.iter().map(|case| plan.variant_of(case)).collect();
    let mut starting = JoinSet::new();
    for variant in variants {
        let (target, approach) = (plan.target.clone(), plan.approach.clone());
        starting.spawn(async move {
            let running = target.start(variant, &approach).await?;
            let (generation, gone) = (AtomicU64::new(0), AtomicBool::new(false));
            Ok(Ground { variant, target, approach, running: RwLock::new(Some(running)), generation, gone })
        });
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

impl Ground {
    /// Acts a case out beside others.
    async fn act(&self, case: Case, tag: &str, clock: &Clock, run_began: Instant) -> Acted {
        let mut attempt = 1;
        loop {
            let guard = self.running.read().await;
            let generation = self.generation.load(Ordering::SeqCst);
            let Some(site) = guard.as_ref().map(|running| Arc::clone(&running.site)) else {
                let why = "the server died before, and could not be started again".to_owned();
                return Acted::Outcome(Box::new(self.without_acting(case, Verdict::Inconclusive(why))));
            };
            let began = Instant::now();
            let outcome = self.act_once(&case, &site, &format!("{tag}.{attempt}"), run_began).await;
            let alive = listens(&site).await;
            drop(guard);
            let sound = matches!(outcome.verdict, Verdict::Pass | Verdict::Skipped(_));
            if !alive || (!sound && !self.converses(&site).await) {
                self.replace(generation).await;
                return Acted::Suspect(case);
            }
            // What went wrong while we ourselves were held up says nothing about the server.
            let unlucky = attempt == 1 && matches!(outcome.verdict, Verdict::Inconclusive(_));
            let doubtful = unlucky || outcome.late || clock.stumbled_since(began);
            if sound || !doubtful || attempt == MAX_ATTEMPTS {
                return Acted::Outcome(Box::new(outcome));
            }
            attempt += 1;
        }
    }

    /// Acts a case out with nobody else on the ground, and charges it with the death of the server.
    async fn act_alone(&self, case: Case, tag: &str, run_began: Instant) -> Outcome {
        let generation = self.generation.load(Ordering::SeqCst);
        let mut guard = self.running.write().await;
        let Some(running) = guard.as_mut() else {
            let why = "the server died before, and could not be started again".to_owned();
            return self.without_acting(case, Verdict::Inconclusive(why));
        };
        let site = Arc::clone(&running.site);
        if !listens(&site).await {
            return self.without_server(case);
        }
        let mut outcome = self.act_once(&case, &site, tag, run_began).await;
        let dead =
            if listens(&site).await { None } else { Some("it no longer accepts connections".to_owned()) };
        let ended = running.ended();
        let hangs = dead.is_none() && ended.is_none() && !self.converses(&site).await;
        drop(guard);
        if let Some(how) = ended.or(dead) {
            outcome.verdict = Verdict::Crash(how);
        } else if hangs {
            outcome.verdict = Verdict::Hang("a fresh client can no longer open a session".to_owned());
        } else {
            return outcome;
        }
        self.replace(generation).await;
        outcome
    }

    /// A server that we cannot start again is gone: one verdict says so, and all that was not judged is told.
    fn without_server(&self, case: Case) -> Outcome {
        let verdict = if self.gone.swap(true, Ordering::SeqCst) {
            Verdict::Inconclusive("the server is gone, and is not ours to start again".to_owned())
        } else {
            let how = "it no longer accepts connections; this case or another that ran beside it did it \
                       (--jobs 1 runs them one by one)";
            Verdict::Crash(how.to_owned())
        };
        self.without_acting(case, verdict)
    }

    /// Acts a case out on a stage of its own.
    async fn act_once(&self, case: &Case, site: &Arc<Site>, tag: &str, run_began: Instant) -> Outcome {
        if let Some(lacks) = case.scenario.needs.iter().find_map(|need| site.lacks(*need)) {
            return self.without_acting(case.clone(), Verdict::Skipped(lacks));
        }
        let began = Instant::now();
        let mut stage =
            Stage::new(Arc::clone(site), case.over, Patience::new(self.approach.timeout_scale), tag);
        let check = (case.scenario.run)(&mut stage).await;
        let verdict = Verdict::of(check, case.scenario.rule.level);
        let guilty = match &verdict {
            Verdict::Fail(violation) | Verdict::Warn(violation) => violation.at,
            _ => None,
        };
        Outcome {
            case: case.clone(),
            variant: self.variant,
            verdict,
            began: began - run_began,
            took: began.elapsed(),
            transcript: stage.transcript().entries(),
            guilty,
            late: stage.was_late(),
        }
    }

    fn without_acting(&self, case: Case, verdict: Verdict) -> Outcome {
        let (began, took) = (Duration::ZERO, Duration::ZERO);
        Outcome {
            case,
            variant: self.variant,
            verdict,
            began,
            took,
            transcript: Vec::new(),
            guilty: None,
            late: false,
        }
    }

    /// Whether a fresh client can connect, say something and leave.
    async fn converses(&self, site: &Arc<Site>) -> bool {
        let patience = Patience::new(self.approach.timeout_scale);
        for over in [Transport::Polling, Transport::Websocket] {
            let mut stage = Stage::new(Arc::clone(site), over, patience, "sanity");
            if stage.session().await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Replaces a server that died, unless somebody else did already.
    async fn replace(&self, generation: u64) {
        let mut running = self.running.write().await;
        if self.generation.load(Ordering::SeqCst) != generation || !self.target.has_variants() {
            return;
        }
        if let Some(dead) = running.take() {
            dead.stop().await;
        }
        *running = self.target.start(self.variant, &self.approach).await.ok();
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

/// Whether the server accepts connections.
async fn listens(site: &Site) -> bool {
    for _ in 0..2 {
        if let Ok(Ok(_)) = timeout(Duration::from_secs(5), TcpStream::connect(&site.authority)).await {
            return true;
        }
        // A full backlog refuses for a moment; a dead server still refuses after it.
        sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Watches our own event loop: a measurement taken while it stood still is no measurement.
#[derive(Debug, Clone)]
struct Clock {
    stumbles: Arc<Mutex<Vec<Instant>>>,
    _ticking: Arc<JoinSet<()>>,
}

impl Clock {
    fn start() -> Self {
        const TICK: Duration = Duration::from_millis(10);
        let stumbles = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&stumbles);
        let mut ticking = JoinSet::new();
        ticking.spawn(async move {
            loop {
                let slept = Instant::now();
                sleep(TICK).await;
                if slept.elapsed() > TICK + STUMBLE {
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
                }
            }
        });
        Self { stumbles, _ticking: Arc::new(ticking) }
    }

    fn stumbled_since(&self, began: Instant) -> bool {
        let stumbles = self.stumbles.lock().unwrap_or_else(PoisonError::into_inner);
        stumbles.last().is_some_and(|last| *last >= began)
    }
}
