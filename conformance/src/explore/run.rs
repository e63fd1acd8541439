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
    /// No more plans than this.
    pub histories: Option<u64>,
    /// The seed of all plans.
    pub seed: u64,
    /// How many clients at most.
    pub clients: usize,
    /// The transports.
    pub over: Vec<Transport>,
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
    /// The finding that ended it.
    pub found: Option<Found>,
    /// What was seen and not seen again, so that it says nothing.
    pub doubtful: Vec<String>,
    /// Known anomalies, and how often they were seen.
    pub known: u64,
}

/// Told while it goes on: how many plans have been acted out.
pub type Progress<'a> = &'a mut (dyn FnMut(u64) + Send);

/// How often a plan is acted out to see an anomaly again.
const AGAIN: usize = 12;
/// What is made smaller is not waited for as long as what is looked for.
const HASTE: f64 = 0.3;

/// Explores a server until something is found or a limit is reached.
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
    report
}

async fn explore_on(
    grounds: &[Ground],
    target: &Target,
    approach: &Approach,
    limits: &Limits,
    progress: Progress<'_>,
) -> Result<Report, TargetError> {
    let began = Instant::now();
    let first = grounds.last().expect("there is one server at least");
    let offers = (first.site().contract.name().to_owned(), first.site().features.iter().cloned().collect());
    let mut report = Report { about: first.about().clone(), offers, ..Report::default() };
    let next = Arc::new(AtomicU64::new(0));
    // After something doubtful it goes on where it was.
    while let Some((number, played)) =
        search(grounds, approach, limits, &next, began, &mut report, progress).await
    {
        let ground = &grounds[ground::of(number, grounds.len())];
        let seconds = began.elapsed().as_secs_f64();
        let recipe = ground.recipe(limits);
        let plan = generate(ground::seed(limits.seed, number), &recipe);
        let first = played.findings.first().cloned();
        let Some(first) = first else { continue };
        let Some(certain) = confirm(ground, approach, &plan, &recipe, first.anomaly).await else {
            report.doubtful.push(format!("history {number}: {} {}", first.anomaly, first.what));
            continue;
        };
        let cases = report.histories;
        let smaller = smallest(ground, approach, &plan, &recipe, first.anomaly, limits.shrinking).await;
        let played = match confirm(ground, approach, &smaller.plan, &recipe, first.anomaly).await {
            Some(played) => played,
            None => certain,
        };
        let finding =
            played.findings.iter().find(|finding| finding.anomaly == first.anomaly).cloned().unwrap_or(first);
        let script = match limits.transcript {
            true => {
                Some(write(&smaller.plan, &played, &finding, ground, target, approach, limits, number).await)
            }
            false => None,
        };
        let (plan, tried) = (smaller.plan, smaller.tried);
        report.found = Some(Found {
            variant: ground.variant,
            finding,
            plan,
            played,
            script,
            history: number,
            seconds,
            cases,
            tried,
        });
        break;
    }
    Ok(report)
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
            while !stop.load(Ordering::SeqCst) && began.elapsed() < limits.time {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if limits.histories.is_some_and(|most| number >= most) {
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
        progress(report.histories);
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
        stop.store(true, Ordering::SeqCst);
        // The same one whatever came first, as far as that can be.
        if first.as_ref().is_none_or(|(other, _)| number < *other) {
            first = Some((number, played));
        }
    }
    tasks.shutdown().await;
    first
}

/// Acts a plan out until it shows the anomaly again.
async fn confirm(
    ground: &Ground,
    approach: &Approach,
    plan: &Plan,
    recipe: &Recipe,
    anomaly: Anomaly,
) -> Option<Played> {
    for _ in 0..AGAIN {
        let tag = tag();
        let played = act_out(ground.site(), plan, recipe.ways, approach.timeout_scale, &tag).await;
        if played.findings.iter().any(|finding| finding.anomaly == anomaly) {
            return Some(played);
        }
    }
    None
}

/// The smallest plan that shows the anomaly.
async fn smallest(
    ground: &Ground,
    approach: &Approach,
    plan: &Plan,
    recipe: &Recipe,
    anomaly: Anomaly,
    within: Duration,
) -> super::Shrunk {
    let until = Instant::now() + within;
    let (site, ways) = (Arc::clone(ground.site()), recipe.ways);
    let scale = approach.timeout_scale * HASTE;
    let shows = |plan: Plan| -> Shows {
        let site = Arc::clone(&site);
        Box::pin(async move {
            // What runs side by side does not show the same every time.
            let tries = if plan.steps.iter().any(|step| step.flows) { 2 } else { 1 };
            for _ in 0..tries {
                let played = act_out(&site, &plan, ways, scale, &tag()).await;
                if played.findings.first().is_some_and(|finding| finding.anomaly == anomaly) {
                    return true;
                }
            }
            false
        })
    };
    shrink(plan, shows, || Instant::now() < until).await
}

/// The tag of a play: numbers only, since namespaces are made of it, and unlike any other of this process.
fn tag() -> String {
    static PLAYS: AtomicU64 = AtomicU64::new(0);
    let play = PLAYS.fetch_add(1, Ordering::SeqCst);
    format!("{}{play:07}", std::process::id())
}

fn because(stop: &Stop) -> String {
    match stop {
        Stop::Violation(violation) => violation.observed.clone(),
        Stop::Inconclusive(why) | Stop::Unsupported(why) => why.clone(),
    }
}
