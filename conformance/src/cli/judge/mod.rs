//! Carries out `siospec test`: chooses the cases, runs them, and tells the reports.

mod choose;
mod scripts;
mod tell;

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::Instant,
};

use tokio::sync::{mpsc::unbounded_channel, watch};

pub(super) use self::tell::told;
use self::{choose::choose, scripts::Scripts, tell::start};
use super::{
    Exit, Failure,
    interrupt::Interrupt,
    last_run,
    options::Deciding,
    runner::Runner,
    test::{Args, Named},
};
use crate::{
    baseline::{self, Baseline, Standing},
    report::{
        Event, Reports,
        event::{self, Counts, End},
    },
    rule::Level,
    run::{Arena, Plan},
    suite,
    target::{Target, parse_url},
    verdict::Verdict,
};

/// How many cases run at the same time, unless the user says otherwise.
const USUAL_JOBS: u16 = 16;

/// Judges the server that is named.
///
/// # Errors
/// If the command line makes no sense, or the server cannot be judged at all.
pub(super) fn run(args: &Args, colour: bool) -> Result<Exit, Failure> {
    Runner::start()?.does(judge(args, colour))
}

async fn judge(args: &Args, colour: bool) -> Result<Exit, Failure> {
    let (target, path) = target(args)?;
    let cases = choose(args)?;
    let seed = args.cases.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 100_000);
    let rules: Vec<&str> = suite::all().iter().map(|scenario| scenario.rule.id).collect();
    let mut baseline = Baseline::default();
    for path in &args.cases.baselines {
        baseline.entries.extend(Baseline::load(path, &rules)?.entries);
    }
    let today = baseline::today();
    let mut reports = Reports::open(&args.output.reports, colour)?;
    reports.also(last_run::writer());
    let approach = args.server.approach(path);
    let scale = approach.timeout_scale;
    let scripts = args.output.out.as_deref().map(|folder| Scripts::open(folder, scale, seed));
    let mut scripts = scripts.transpose()?;
    let plan = Plan {
        target: target.clone(),
        approach: approach.clone(),
        cases: cases.clone(),
        jobs: args.cases.jobs.unwrap_or(USUAL_JOBS).into(),
        seed,
    };
    let mut interrupt = Interrupt::listen()?;
    let arena = tokio::select! {
        arena = Arena::open(plan) => arena?,
        // What was started so far ends with the opening.
        () = interrupt.came() => {
            return Err(Failure::new(Exit::Interrupted, "interrupted before anything was judged"));
        }
    };
    let began = Instant::now();
    reports.event(&Event::Start(start(&arena, &cases, seed)))?;

    let (stop, stopped) = watch::channel(false);
    let (outcomes, mut judged) = unbounded_channel();
    let running = tokio::spawn(arena.run(outcomes, stopped));
    let mut counts = Counts::default();
    let (mut deciding, mut undecided) = (0, 0);
    let mut interrupted = false;
    loop {
        let outcome = tokio::select! {
            outcome = judged.recv() => outcome,
            () = interrupt.came(), if !interrupted => {
                interrupted = true;
                stop.send_replace(true);
                continue;
            }
        };
        let Some(outcome) = outcome else { break };
        let mut case = told(&outcome, args.output.trace);
        if let Some(scripts) = &mut scripts {
            case.replay = scripts.add(&outcome).await?;
        }
        let standing = baseline.standing(&case, today);
        compare(&mut case, standing);
        counts += &case;
        let level = outcome.case.scenario.rule.level;
        if !case.known {
            deciding += usize::from(decides(args.cases.level, level, &outcome.verdict));
            let unclear = matches!(outcome.verdict, Verdict::Inconclusive(_));
            undecided += usize::from(unclear && args.cases.level.counts(level));
        }
        reports.event(&Event::Verdict(case))?;
        if args.cases.max_fail.is_some_and(|most| deciding >= most as usize) {
            stop.send_replace(true);
        }
    }
    running.await.map_err(|error| Failure::new(Exit::OwnFault, format!("the runner broke: {error}")))?;
    if let Some(scripts) = scripts.filter(|_| !interrupted) {
        scripts.confirm(&target, &approach).await?;
    }

    let exit = match () {
        () if interrupted => Exit::Interrupted,
        () if deciding > 0 => Exit::Guilty,
        // A run that could not judge what was selected is no pass.
        () if undecided > 0 => Exit::OwnFault,
        () if counts.inconclusive > 0 && counts.inconclusive == counts.judged() => Exit::OwnFault,
        () if counts.judged() == 0 => Exit::NothingSelected,
        () if counts.stale > 0 => Exit::Stale,
        () => Exit::Fine,
    };
    let again = (exit != Exit::Fine).then(|| again(args, seed));
    reports.event(&Event::End(End {
        counts,
        seconds: began.elapsed().as_secs_f64(),
        exit: exit.code(),
        again,
    }))?;
    reports.finish()?;
    Ok(exit)
}

/// The server, and the path in its URL.
fn target(args: &Args) -> Result<(Target, Option<String>), Failure> {
    Ok(match args.target()? {
        Named::Url(url) => {
            let (authority, path) = parse_url(&url)?;
            (Target::Url { authority }, path)
        }
        Named::Command(command, env) => (Target::Process { command, env }, None),
        #[cfg(feature = "embedded")]
        Named::Nothing => (Target::Embedded { fault: None }, None),
        #[cfg(not(feature = "embedded"))]
        Named::Nothing => {
            let why =
                "no server is named, and this build has none embedded: give a URL, or a command after --";
            return Err(Failure::usage(why));
        }
    })
}

/// Writes into a case what the baseline says of it.
fn compare(case: &mut event::Case, standing: Standing<'_>) {
    let (known, stale, entry) = match standing {
        Standing::New => return,
        Standing::Known(entry) => (true, false, entry),
        Standing::Stale(entry) => (false, true, entry),
    };
    (case.known, case.stale, case.reason) = (known, stale, Some(entry.reason.clone()));
}

/// Whether a verdict on a rule of this authority makes the run fail.
fn decides(chosen: Deciding, level: Level, verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Crash(_) | Verdict::Hang(_) => true,
        Verdict::Fail(_) | Verdict::Warn(_) => chosen.counts(level),
        Verdict::Pass | Verdict::Inconclusive(_) | Verdict::Skipped(_) => false,
    }
}

/// The command line that runs the same again.
fn again(args: &Args, seed: u64) -> String {
    let mut words: Vec<String> = std::env::args().collect();
    words[0] = "siospec".to_owned();
    if args.cases.seed.is_none() {
        let command = words.iter().position(|word| word == "--").unwrap_or(words.len());
        words.splice(command..command, ["--seed".to_owned(), seed.to_string()]);
    }
    let quoted = words.into_iter().map(|word| {
        let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=,@%+".contains(char);
        if !word.is_empty() && word.chars().all(plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
