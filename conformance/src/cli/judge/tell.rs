//! A run, as reports tell it: what is about to be judged, and what became of each case.

use std::collections::BTreeSet;

use super::super::options::Trace;
use crate::{
    report::event::{self, Group, Line, Start},
    run::{Arena, Case, Outcome},
    transcript,
    verdict::Verdict,
};

/// What is about to be judged.
pub(super) fn start(arena: &Arena, cases: &[Case], seed: u64) -> Start {
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
        if arena.why_not(case).is_some() {
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
pub(in crate::cli) fn told(outcome: &Outcome, trace: Trace) -> event::Case {
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
    let witness = verdict != event::Outcome::Pass || trace == Trace::All;
    let timeline = if witness { lines.collect() } else { Vec::new() };
    event::Case {
        rule: rule.id.to_owned(),
        level: rule.level.name().to_owned(),
        says: rule.says.to_owned(),
        source: rule.source.to_string(),
        over: outcome.case.over.name().to_owned(),
        variant: outcome.variant.name().to_owned(),
        verdict,
        known: false,
        stale: false,
        reason: None,
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

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
