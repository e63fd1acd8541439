//! Explores a server: many plans side by side, and what they show made certain and small.

mod ground;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::mpsc::unbounded_channel, task::JoinSet};

pub use self::ground::Ground;
use super::{
    Plan, Played, Recipe, act_out, generate,
    marks::marks,
    script::write,
    shrink::{Shows, shrink},
};
use crate::{
    contract::About,
    history::{Anomaly, Finding},
    scenario::{Transport, Variant},
    siot::Script,
    target::{Approach, Target, TargetError},
    verdict::Stop,
};

/// How to explore.
#[derive(Debug, Clone)]
pub struct Limits {
    /// No plan is begun after so long.
    pub time: Duration,
    /// The number of the first plan.
    pub first: u64,
    /// No more plans than this.
    pub histories: Option<u64>,
    /// The seed of all plans.
    pub seed: u64,
    /// How many clients at most.
    pub clients: usize,
    /// The transports.
    pub transports: Vec<Transport>,
    /// How many plans at a time.
    pub jobs: usize,
    /// How long a plan that shows something is made smaller.
    pub shrinking: Duration,
    /// Whether a transcript is written of what is found.
    pub transcript: bool,
    /// Anomalies that are known and do not count.
    pub known: Vec<Anomaly>,
    /// Ways that are left out; see [`super::Ways::NAMES`].
    pub without: Vec<String>,
    /// Whether the first finding ends it.
    pub stop_at_first: bool,
    /// Ends it early once this is true.
    pub over: Arc<AtomicBool>,
}

impl Limits {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}

/// An anomaly, certain and small.
#[derive(Debug)]
pub struct Found {
    /// What is wrong.
    pub finding: Finding,
    /// The configuration of the server.
    pub variant: Variant,
    /// The smallest plan that shows it.
    pub plan: Plan,
    /// What came of it.
    pub played: Played,
    /// The same to be played again, if that was asked for.
    pub script: Option<Script>,
    /// The number of the plan that showed it first.
    pub history: u64,
    /// Time until it was seen.
    pub seconds: f64,
    /// Plans acted out until then.
    pub cases: u64,
    /// How many smaller plans were tried.
    pub tried: usize,
}

/// What came of exploring.
#[derive(Debug, Default)]
pub struct Report {
    /// What the server calls itself.
    pub about: About,
    /// The contract it is explored with, and its features.
    pub offers: (String, Vec<String>),
    /// How many plans were acted out.
    pub histories: u64,
    /// How many of them say nothing, and why the last one does not.
    pub spoilt: (u64, Option<String>),
    /// What was found.
    pub found: Vec<Found>,
    /// How many plans showed again what had been found before.
    pub again: u64,
    /// What was seen and not seen again, so that it says nothing.
    pub doubtful: Vec<String>,
    /// Known anomalies, and how often they were seen.
    pub known: u64,
}

/// Told while it goes on.
#[derive(Debug)]
pub enum Told<'a> {
    /// The server is there; nothing has been acted out so far.
    Begins(&'a Report),
    /// So many plans have been acted out, this one last.
    Histories(u64, &'a Played),
    /// Something was found.
    Finds(&'a Found),
}

/// Who is told.
pub type Progress<'a> = &'a mut (dyn FnMut(Told<'_>) + Send);

/// How often a plan is acted out to see an anomaly again.
const AGAIN: usize = 12;
/// How often a smaller plan is acted out at most, if it takes luck to see it.
const MOST_TRIES: usize = 8;
/// How often a plan is made smaller, if what came of it shows nothing: a smaller one may have shown it by luck.
const SHRINKS: usize = 3;
/// What is made smaller is not waited for as long as what is looked for.
const HASTE: f64 = 0.3;

/// Explores a server until a limit is reached.
///
/// # Errors
/// The server cannot be started, or lacks what was stated.
pub async fn explore(
    target: &Target,
    approach: &Approach,
    limits: &Limits,
    progress: Progress<'_>,
) -> Result<Report, TargetError> {
    let grounds = ground::open(target, approach, limits).await?;
    let report = explore_on(&grounds, target, approach, limits, progress).await;
    for ground in grounds {
        ground.close().await;
    }
    Ok(report)
}

async fn explore_on(
    grounds: &[Ground],
    target: &Target,
    approach: &Approach,
    limits: &Limits,
    progress: Progress<'_>,
) -> Report {
    let began = Instant::now();
    let first = grounds.last().expect("there is one server at least");
    let offers = (first.site().contract.name().to_owned(), first.site().features.iter().cloned().collect());
    let mut report = Report { about: first.about().clone(), offers, ..Report::default() };
    progress(Told::Begins(&report));
    let next = Arc::new(AtomicU64::new(limits.first));
    // After each of them it goes on where it was.
    while let Some((number, played)) =
        search(grounds, approach, limits, &next, began, &mut report, progress).await
    {
        let seconds = began.elapsed().as_secs_f64();
        let Some(first) = played.findings.first() else { continue };
        let ground = &grounds[ground::of(number, grounds.len())];
        let plan = generate(ground::seed(limits.seed, number), &ground.recipe(limits));
        let Some(shown) = look_into(ground, approach, &plan, first, limits).await else {
            report.doubtful.push(format!("history {number}: {} {}", first.anomaly, first.what));
            continue;
        };
        if report.found.iter().any(|found| marks(&found.plan) == marks(&shown.plan) && found.is(first)) {
            report.again += 1;
            continue;
        }
        let Shown { finding, plan, played, tried } = shown;
        let script = match limits.transcript {
            true => Some(write(&plan, &played, &finding, ground, target, approach, limits, number).await),
            false => None,
        };
        let (variant, cases) = (ground.variant, report.histories);
        let found = Found { variant, finding, plan, played, script, history: number, seconds, cases, tried };
        progress(Told::Finds(&found));
        report.found.push(found);
        if limits.stop_at_first {
            break;
        }
    }
    report
}

impl Found {
    fn is(&self, finding: &Finding) -> bool {
        self.finding.anomaly == finding.anomaly
    }

    /// Whether a plan that shows the same anomaly has everything that it took, so that nothing new can be told of it.
    fn covers(&self, finding: &Finding, plan: &Plan) -> bool {
        self.is(finding) && marks(&self.plan).is_subset(&marks(plan))
    }
}

/// Acts plans out side by side until one shows something.
async fn search(
    grounds: &[Ground],
    approach: &Approach,
    limits: &Limits,
    next: &Arc<AtomicU64>,
    began: Instant,
    report: &mut Report,
    progress: Progress<'_>,
) -> Option<(u64, Played)> {
    let stop = Arc::new(AtomicBool::new(false));
    let (done, mut played) = unbounded_channel();
    let mut tasks = JoinSet::new();
    for _ in 0..limits.jobs.max(1) {
        let sites: Vec<_> =
            grounds.iter().map(|ground| (Arc::clone(ground.site()), ground.recipe(limits))).collect();
        let (next, stop, done) = (Arc::clone(next), Arc::clone(&stop), done.clone());
        let (limits, scale) = (limits.clone(), approach.timeout_scale);
        tasks.spawn(async move {
            while !stop.load(Ordering::SeqCst) && began.elapsed() < limits.time && !limits.is_over() {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if limits.histories.is_some_and(|most| number - limits.first >= most) {
                    return;
                }
                let (site, recipe) = &sites[ground::of(number, sites.len())];
                let plan = generate(ground::seed(limits.seed, number), recipe);
                let played = act_out(site, &plan, recipe.ways, scale, &tag()).await;
                if done.send((number, played)).is_err() {
                    return;
                }
            }
        });
    }
    drop(done);
    let mut first: Option<(u64, Played)> = None;
    while let Some((number, mut played)) = played.recv().await {
        report.histories += 1;
        progress(Told::Histories(report.histories, &played));
        if let Some(why) = &played.spoilt {
            let why = format!("history {number}: {}", because(why));
            report.spoilt = (report.spoilt.0 + 1, Some(why));
        }
        let before = played.findings.len();
        played.findings.retain(|finding| !limits.known.contains(&finding.anomaly));
        report.known += u64::from(played.findings.len() < before);
        // What follows from something known says nothing either.
        if before > played.findings.len() || played.findings.is_empty() {
            continue;
        }
        let ground = &grounds[ground::of(number, grounds.len())];
        let plan = || generate(ground::seed(limits.seed, number), &ground.recipe(limits));
        if !report.found.is_empty()
            && let (Some(finding), plan) = (played.findings.first(), plan())
            && report.found.iter().any(|found| found.covers(finding, &plan))
        {
            report.again += 1;
            continue;
        }
        stop.store(true, Ordering::SeqCst);
        // The same one whatever came first, as far as that can be.
        if first.as_ref().is_none_or(|(other, _)| number < *other) {
            first = Some((number, played));
        }
    }
    tasks.shutdown().await;
    first
}

/// An anomaly that a plan shows, and the smallest plan that does.
struct Shown {
    finding: Finding,
    plan: Plan,
    played: Played,
    tried: usize,
}

/// Makes certain what a plan shows, and the plan as small as it can be; nothing if it is not seen again.
async fn look_into(
    ground: &Ground,
    approach: &Approach,
    plan: &Plan,
    first: &Finding,
    limits: &Limits,
) -> Option<Shown> {
    let recipe = ground.recipe(limits);
    let again = async |plan: &Plan| {
        for time in 1..=AGAIN {
            let played = act_out(ground.site(), plan, recipe.ways, approach.timeout_scale, &tag()).await;
            if played.findings.iter().any(|finding| finding.anomaly == first.anomaly) {
                return Some((played, time));
            }
            if limits.is_over() {
                break;
            }
        }
        None
    };
    let (certain, times) = again(plan).await?;
    // What runs side by side does not show the same every time.
    let tries = times.max(if plan.steps.iter().any(|step| step.flows) { 2 } else { 1 }).min(MOST_TRIES);
    let (mut plan, mut played, mut tried) = (plan.clone(), certain, 0);
    for _ in 0..SHRINKS {
        let smaller = smallest(ground, approach, &plan, &recipe, first.anomaly, tries, limits).await;
        tried += smaller.tried;
        if let Some((again, _)) = again(&smaller.plan).await {
            (plan, played) = (smaller.plan, again);
            break;
        }
    }
    let finding = played.findings.iter().find(|finding| finding.anomaly == first.anomaly).cloned()?;
    Some(Shown { finding, plan, played, tried })
}

/// The smallest plan that shows the anomaly.
async fn smallest(
    ground: &Ground,
    approach: &Approach,
    plan: &Plan,
    recipe: &Recipe,
    anomaly: Anomaly,
    tries: usize,
    limits: &Limits,
) -> super::Shrunk {
    let until = Instant::now() + limits.shrinking;
    let (site, ways) = (Arc::clone(ground.site()), recipe.ways);
    let scale = approach.timeout_scale * HASTE;
    let shows = |plan: Plan| -> Shows {
        let site = Arc::clone(&site);
        Box::pin(async move {
            for _ in 0..tries {
                let played = act_out(&site, &plan, ways, scale, &tag()).await;
                if played.findings.first().is_some_and(|finding| finding.anomaly == anomaly) {
                    return true;
                }
            }
            false
        })
    };
    shrink(plan, shows, || Instant::now() < until && !limits.is_over()).await
}

/// The tag of a play: numbers only, since namespaces are made of it, and unlike any other of this process.
fn tag() -> String {
    static PLAYS: AtomicU64 = AtomicU64::new(0);
    let play = PLAYS.fetch_add(1, Ordering::SeqCst);
    format!("{}{play:07}", std::process::id())
}

pub(super) fn because(stop: &Stop) -> String {
    match stop {
        Stop::Violation(violation) => violation.observed.clone(),
        Stop::Inconclusive(why) | Stop::Unsupported(why) => why.clone(),
    }
}
