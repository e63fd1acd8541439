//! Which cases are run.

use std::{collections::BTreeSet, fs, sync::Arc};

use super::super::{Exit, Failure, last_run, test::Args};
use crate::{
    report::{Event, event},
    run::Case,
    scenario::Scenario,
    selector::{Selector, complaint},
    suite,
};

/// The cases that the selectors, the level, the transports, the last run and the shard choose.
///
/// # Errors
/// A selector chooses nothing, or nothing is left in the end.
pub(super) fn choose(args: &Args) -> Result<Vec<Case>, Failure> {
    let scenarios: Vec<Arc<Scenario>> = suite::all().into_iter().map(Arc::new).collect();
    let selectors = selectors(args)?;
    if let Some(why) = complaint(&selectors, scenarios.iter().map(|scenario| scenario.rule.id)) {
        return Err(Failure::new(Exit::NothingSelected, why));
    }
    let failed = args.cases.failed.then(failed_before).transpose()?;
    let mut cases = Vec::new();
    let mut number = 0;
    for scenario in scenarios {
        let id = scenario.rule.id;
        if !selectors.is_empty() && !selectors.iter().any(|selector| selector.selects(id)) {
            continue;
        }
        if !args.cases.level.plays(scenario.rule.level) {
            continue;
        }
        number += 1;
        if args.cases.shard.is_some_and(|shard| !shard.holds(number - 1)) {
            continue;
        }
        for &over in scenario.over {
            let again =
                failed.as_ref().is_none_or(|failed| failed.contains(&(id.into(), over.name().into())));
            if again && (args.cases.over.is_empty() || args.cases.over.contains(&over)) {
                let scenario = Arc::clone(&scenario);
                cases.extend((0..args.cases.repeat).map(|_| Case { scenario: Arc::clone(&scenario), over }));
            }
        }
    }
    if cases.is_empty() {
        let why = match (args.cases.failed, args.cases.shard) {
            _ if number == 0 => {
                "no selected rule is demanded by the protocol texts; --level reference plays the others too"
            }
            (true, _) => "nothing that is selected failed in the last run",
            (false, Some(_)) => "no selected rule is in this shard",
            (false, None) => "no selected rule applies to these transports",
        };
        return Err(Failure::new(Exit::NothingSelected, why));
    }
    Ok(cases)
}

/// The selectors of the command line; `@FILE` stands for the lines of a file, of which those that begin
/// with `#` are remarks.
fn selectors(args: &Args) -> Result<Vec<Selector>, Failure> {
    let mut selectors = Vec::new();
    for selector in args.selectors() {
        let text = selector.to_string();
        let Some(path) = text.strip_prefix('@') else {
            selectors.push(selector);
            continue;
        };
        let lines = fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("cannot read the selectors in {path}: {error}")))?;
        let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        selectors.extend(lines.map(|line| line.parse().unwrap_or_else(|never| match never {})));
    }
    Ok(selectors)
}

/// Rule and transport of every case that found the server guilty in the last run.
fn failed_before() -> Result<BTreeSet<(String, String)>, Failure> {
    let mut failed = BTreeSet::new();
    for event in last_run::read()? {
        if let Event::Verdict(event::Case { rule, over, verdict, known: false, .. }) = event
            && verdict.is_guilty()
        {
            failed.insert((rule, over));
        }
    }
    Ok(failed)
}
