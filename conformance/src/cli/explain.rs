//! `siospec explain`: one rule.

use std::io::{self, Write};

use super::{Exit, Failure};
use crate::{
    coverage::{sections, sightings},
    rule::Level,
    suite,
};

/// Explain a rule: its sentence, its source, and what breaks it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  siospec explain engine/upgrade/late-poll-released")]
pub struct Args {
    /// The rule's id
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Prints all there is to know about a rule.
///
/// # Errors
/// There is no such rule, or standard output cannot be written.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let scenarios = suite::all();
    let Some(scenario) = scenarios.iter().find(|scenario| scenario.rule.id == args.id) else {
        let near: Vec<&str> =
            scenarios.iter().map(|scenario| scenario.rule.id).filter(|id| is_near(&args.id, id)).collect();
        let hint = if near.is_empty() {
            "`siospec list` shows them all".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        return Err(Failure::new(Exit::NothingSelected, format!("there is no rule {}; {hint}", args.id)));
    };
    let rule = scenario.rule;
    let over: Vec<&str> = scenario.over.iter().map(|over| over.name()).collect();
    let needs: Vec<String> = scenario.needs.iter().map(|need| need.to_string()).collect();
    let mut out = io::stdout().lock();
    writeln!(out, "{}\n", rule.id)?;
    writeln!(out, "  rule    {}", rule.says)?;
    writeln!(out, "  level   {}: {}", rule.level, meaning(rule.level))?;
    writeln!(out, "  source  {}", rule.source)?;
    writeln!(out, "  over    {}", over.join(", "))?;
    if !needs.is_empty() {
        writeln!(out, "  needs   {}", needs.join(", "))?;
    }
    if let Some(users) = rule.users {
        writeln!(out, "  users   {users}")?;
    }
    if !rule.seen.is_empty() {
        writeln!(out, "  seen    {}", rule.seen.join(" · "))?;
    }
    for sighting in
        sightings().iter().filter(|sighting| sighting.reports.iter().any(|report| rule.seen.contains(report)))
    {
        writeln!(out, "          {}: {}", sighting.number, sighting.about)?;
    }
    let rows = sections().into_iter().flat_map(|section| section.rows);
    let rows =
        rows.filter(|row| row.rules().contains(&rule.id)).map(|row| format!("{} {}", row.id, row.about));
    let rows: Vec<String> = rows.collect();
    if !rows.is_empty() {
        writeln!(out, "  covers  {}", rows.join(" · "))?;
    }
    for fault in rule.faults {
        writeln!(out, "  fault   {fault}{}", description(fault))?;
    }
    writeln!(out, "\n  siospec test {}", rule.id)?;
    Ok(Exit::Fine)
}

/// What an authority means.
fn meaning(level: Level) -> &'static str {
    match level {
        Level::Must => "the protocol text demands it",
        Level::Docs => "the documentation promises it",
        Level::Reference => "the reference implementation does it, and clients rely on it",
        Level::Should => "recommended; a deviation is a warning",
        Level::Info => "worth knowing; decides nothing",
    }
}

/// Whether somebody who wrote `wanted` may have meant `id`.
fn is_near(wanted: &str, id: &str) -> bool {
    let last = wanted.rsplit('/').next().unwrap_or_default();
    !last.is_empty() && id.rsplit('/').next().is_some_and(|name| name.contains(last) || last.contains(name))
}

#[cfg(feature = "embedded")]
fn description(fault: &str) -> String {
    let found = crate::target::faults().find(|(name, _)| *name == fault);
    found.map(|(_, text)| format!(": {text}")).unwrap_or_default()
}

#[cfg(not(feature = "embedded"))]
fn description(_fault: &str) -> &'static str {
    ""
}
