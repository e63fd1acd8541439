//! Carries out `siospec test`: chooses the cases, runs them, and tells the reports.

use std::{
    collections::{BTreeSet, hash_map::RandomState},
    hash::{BuildHasher, Hasher},
    sync::Arc,
    time::Instant,
};

use tokio::sync::{mpsc::unbounded_channel, watch};

use super::{
    Exit, Failure,
    interrupt::Interrupt,
    options::Deciding,
    test::{Args, Named},
};
use crate::{
    report::{
        Event, Reports,
        event::{self, Counts, End, Group, Line, Start},
    },
    rule::Level,
    run::{Arena, Case, Outcome, Plan},
    scenario::Scenario,
    suite,
    target::{Target, parse_url},
    transcript,
    verdict::Verdict,
};

/// How many cases run at the same time, unless the user says otherwise.
const USUAL_JOBS: u16 = 16;

/// Judges the server that is named.
///
/// # Errors
/// If the command line makes no sense, or the server cannot be judged at all.
pub(super) fn run(args: &Args, colour: bool) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::OwnFault, format!("cannot start: {error}")))?;
    runtime.block_on(judge(args, colour))
}

async fn judge(args: &Args, colour: bool) -> Result<Exit, Failure> {
    let (target, path) = target(args)?;
    let cases = choose(args)?;
    let seed = args.cases.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 100_000);
    let mut reports = Reports::open(&args.output.reports, colour)?;
    let plan = Plan {
        target,
        approach: args.server.approach(path),
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
        let case = told(&outcome);
        counts += case.verdict;
        let level = outcome.case.scenario.rule.level;
        deciding += usize::from(decides(args.cases.level, level, &outcome.verdict));
        let unclear = matches!(outcome.verdict, Verdict::Inconclusive(_));
        undecided += usize::from(unclear && may_decide(args.cases.level, level));
        reports.event(&Event::Verdict(case))?;
        if args.cases.max_fail.is_some_and(|most| deciding >= most as usize) {
            stop.send_replace(true);
        }
    }
    running.await.map_err(|error| Failure::new(Exit::OwnFault, format!("the runner broke: {error}")))?;

    let exit = match () {
        () if interrupted => Exit::Interrupted,
        () if deciding > 0 => Exit::Guilty,
        // A run that could not judge what was selected is no pass.
        () if undecided > 0 => Exit::OwnFault,
        () if counts.inconclusive > 0 && counts.inconclusive == counts.judged() => Exit::OwnFault,
        () if counts.judged() == 0 => Exit::NothingSelected,
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

/// The cases that the selectors and transports choose.
fn choose(args: &Args) -> Result<Vec<Case>, Failure> {
    let selectors = args.selectors();
    let scenarios: Vec<Arc<Scenario>> = suite::all().into_iter().map(Arc::new).collect();
    for selector in &selectors {
        if !scenarios.iter().any(|scenario| selector.selects(scenario.rule.id)) {
            let why = format!("no rule is selected by {selector}; `siospec list` shows the rules");
            return Err(Failure::new(Exit::NothingSelected, why));
        }
    }
    let mut cases = Vec::new();
    for scenario in scenarios {
        if !selectors.is_empty() && !selectors.iter().any(|selector| selector.selects(scenario.rule.id)) {
            continue;
        }
        for &over in scenario.over {
            if args.cases.over.is_empty() || args.cases.over.contains(&over) {
                let scenario = Arc::clone(&scenario);
                cases.extend((0..args.cases.repeat).map(|_| Case { scenario: Arc::clone(&scenario), over }));
            }
        }
    }
    if cases.is_empty() {
        return Err(Failure::new(Exit::NothingSelected, "no selected rule applies to these transports"));
    }
    Ok(cases)
}

fn start(arena: &Arena, cases: &[Case], seed: u64) -> Start {
    let mut groups: Vec<Group> = Vec::new();
    let mut rules = BTreeSet::new();
    let mut missing = BTreeSet::new();
    for case in cases {
        let rule = case.scenario.rule;
        match groups.iter_mut().find(|group| group.name == rule.group()) {
            Some(group) => group.cases += 1,
            None => groups.push(Group { name: rule.group().to_owned(), cases: 1 }),
        }
        rules.insert(rule.id);
        if arena.site().why_not(&case.scenario, case.over).is_some() {
            missing.insert(rule.id);
        }
    }
    let (site, about) = (arena.site(), arena.about());
    let told = |text: &String| (!text.is_empty()).then(|| text.clone());
    Start {
        tool: "siospec".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed,
        target: event::Target {
            name: told(&about.name).unwrap_or_else(|| format!("http://{}{}", site.authority, site.path)),
            version: told(&about.version),
            language: told(&about.language),
            contract: site.contract.name().to_owned(),
            features: site.features.iter().cloned().collect(),
        },
        selected: cases.len(),
        rules: rules.len(),
        not_offered: missing.len(),
        groups,
    }
}

/// An outcome, as reports tell it.
fn told(outcome: &Outcome) -> event::Case {
    let rule = outcome.case.scenario.rule;
    let (verdict, mut message, violation) = match &outcome.verdict {
        Verdict::Pass => (event::Outcome::Pass, None, None),
        Verdict::Warn(violation) => (event::Outcome::Warn, None, Some(violation)),
        Verdict::Fail(violation) => (event::Outcome::Fail, None, Some(violation)),
        Verdict::Inconclusive(why) => (event::Outcome::Inconclusive, Some(why.clone()), None),
        Verdict::Skipped(why) => (event::Outcome::Skipped, Some(why.clone()), None),
        Verdict::Crash(how) => (event::Outcome::Crash, Some(how.clone()), None),
        Verdict::Hang(how) => (event::Outcome::Hang, Some(how.clone()), None),
    };
    if outcome.attempts > 1 && verdict != event::Outcome::Pass {
        let what = message.or_else(|| violation.map(|violation| violation.observed.clone()));
        message = Some(format!("{} (acted out {} times)", what.unwrap_or_default(), outcome.attempts));
    }
    let lines = outcome.transcript.iter().enumerate().map(|(number, entry)| Line {
        at_ms: millis(entry.at),
        actor: entry.actor.to_string(),
        way: match entry.way {
            transcript::Way::Sent => event::Way::Sent,
            transcript::Way::Received => event::Way::Received,
            transcript::Way::Note => event::Way::Note,
        },
        what: entry.what.clone(),
        guilty: outcome.guilty.is_some_and(|guilty| guilty.0 == number),
    });
    // What went well needs no witness.
    let timeline = if verdict == event::Outcome::Pass { Vec::new() } else { lines.collect() };
    event::Case {
        rule: rule.id.to_owned(),
        level: rule.level.name().to_owned(),
        says: rule.says.to_owned(),
        source: rule.source.to_string(),
        over: outcome.case.over.name().to_owned(),
        variant: outcome.variant.name().to_owned(),
        verdict,
        known: false,
        message,
        expected: violation.map(|violation| violation.expected.clone()),
        observed: violation.map(|violation| violation.observed.clone()),
        at_ms: millis(outcome.began),
        ms: millis(outcome.took),
        timeline,
        users: rule.users.map(str::to_owned),
        seen: rule.seen.iter().map(|seen| (*seen).to_owned()).collect(),
        replay: None,
    }
}

/// Whether a verdict on a rule of this authority makes the run fail.
fn decides(chosen: Deciding, level: Level, verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Crash(_) | Verdict::Hang(_) => true,
        Verdict::Fail(_) | Verdict::Warn(_) => may_decide(chosen, level),
        Verdict::Pass | Verdict::Inconclusive(_) | Verdict::Skipped(_) => false,
    }
}

/// Whether a breach of a rule of this authority makes the run fail.
fn may_decide(chosen: Deciding, level: Level) -> bool {
    match chosen {
        Deciding::Must => level == Level::Must,
        Deciding::Reference => level.fails(),
        Deciding::All => true,
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

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_decides_which_rules_count() {
        for (chosen, level, counts) in [
            (Deciding::Must, Level::Must, true),
            (Deciding::Must, Level::Reference, false),
            (Deciding::Must, Level::Info, false),
            (Deciding::Reference, Level::Docs, true),
            (Deciding::Reference, Level::Should, false),
            (Deciding::All, Level::Info, true),
        ] {
            assert_eq!(may_decide(chosen, level), counts, "{chosen:?} {level:?}");
        }
    }
}
