//! `siospec list`: the catalogue.

use std::io::{self, Write};

use serde_json::json;

use super::{Exit, Failure, coverage};
use crate::{scenario::Scenario, selector::Selector, suite};

/// List the rules, and what they are about
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  siospec list
  siospec list 'delivery/**'
  siospec list --faults
  siospec list --coverage
  siospec list --coverage EIO-UP SIO-PK-015
  siospec list --json")]
pub struct Args {
    /// Only these rules: ids with globs, like engine/upgrade or **/acks/*; with --coverage only rows whose ids begin so
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<Selector>,
    /// Show which observable behaviours are covered by which rules, which are not and why, and which public reports
    #[arg(long, conflicts_with = "faults")]
    pub coverage: bool,
    /// Show over which transports each rule is judged, and which faults prove it
    #[arg(long, conflicts_with = "json")]
    pub faults: bool,
    /// Write everything about each rule, as a JSON array
    #[arg(long)]
    pub json: bool,
}

/// Prints the rules that are chosen, a line each.
///
/// # Errors
/// Nothing is chosen, or standard output cannot be written.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if args.coverage {
        let words: Vec<String> = args.selectors.iter().map(ToString::to_string).collect();
        return coverage::run(&words, args.json);
    }
    let chosen = |scenario: &Scenario| {
        args.selectors.is_empty() || args.selectors.iter().any(|selector| selector.selects(scenario.rule.id))
    };
    let scenarios: Vec<Scenario> = suite::all().into_iter().filter(chosen).collect();
    if scenarios.is_empty() {
        return Err(Failure::new(
            Exit::NothingSelected,
            "no rule is selected; `siospec list` shows them all",
        ));
    }
    let mut out = io::stdout().lock();
    if args.json {
        let rules: Vec<serde_json::Value> = scenarios.iter().map(described).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&rules).expect("values without odd keys are JSON"))?;
        return Ok(Exit::Fine);
    }
    let id_width = scenarios.iter().map(|scenario| scenario.rule.id.len()).max().unwrap_or_default();
    for scenario in &scenarios {
        let rule = scenario.rule;
        let (id, level) = (rule.id, rule.level.name());
        if args.faults {
            let over: Vec<&str> = scenario.over.iter().map(|over| over.name()).collect();
            writeln!(out, "{id:id_width$}  {level:9}  {:28}  {}", over.join(" "), rule.faults.join(" "))?;
        } else {
            writeln!(out, "{id:id_width$}  {level:9}  {}", rule.says)?;
        }
    }
    let cases: usize = scenarios.iter().map(|scenario| scenario.over.len()).sum();
    writeln!(out, "\n{} rules, {cases} cases", scenarios.len())?;
    Ok(Exit::Fine)
}

/// Everything about a rule.
fn described(scenario: &Scenario) -> serde_json::Value {
    let rule = scenario.rule;
    let over: Vec<&str> = scenario.over.iter().map(|over| over.name()).collect();
    let needs: Vec<String> = scenario.needs.iter().map(ToString::to_string).collect();
    json!({
        "id": rule.id,
        "level": rule.level.name(),
        "says": rule.says,
        "source": rule.source.to_string(),
        "over": over,
        "needs": needs,
        "variant": scenario.variant.name(),
        "users": rule.users,
        "seen": rule.seen,
        "faults": rule.faults,
    })
}
