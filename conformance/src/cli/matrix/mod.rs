//! `siospec matrix`: many servers, one page.

mod file;
mod page;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::ValueHint;

use self::file::Contestant;
use super::{Exit, Failure, interrupt::Interrupt, judge::told, options::Trace, runner::Runner};
use crate::{
    baseline::{self, Baseline, Standing},
    report::event::{self, Counts, Outcome},
    rule::Rule,
    run::{Arena, Case, Plan},
    selector::{Selector, complaint},
    suite,
};

/// Judge many servers, and draw one page of rules by servers
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FILE lists the servers, in TOML:

  [[server]]
  name = \"socket.io\"
  command = [\"node\", \"fixtures/testees/socket.io/testee.js\"]
  contract = \"recovery\"

  [[server]]
  name = \"mine\"
  url = \"http://127.0.0.1:3000\"
  env = { LOG = \"off\" }
  baseline = [\"known.toml\"]

Paths in it are relative to the folder that the command runs in.

Examples:
  siospec matrix servers.toml
  siospec matrix servers.toml engine/upgrade 'delivery/**' --html matrix.html")]
pub struct Args {
    /// The servers
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Only these rules: paths with globs
    #[arg(value_name = "SELECTOR")]
    selectors: Vec<Selector>,
    /// Where the page goes
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, default_value = "matrix.html")]
    html: PathBuf,
    /// How many cases run at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), default_value_t = 16)]
    jobs: u16,
}

/// A server, judged.
struct Column {
    name: String,
    /// What it calls itself.
    called: String,
    /// The cases of each rule, by its id.
    rules: BTreeMap<String, Vec<event::Case>>,
    counts: Counts,
}

/// Judges one server after the other, and writes the page.
///
/// # Errors
/// The file makes no sense, a server cannot be judged, or the page cannot be written.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let text = fs::read_to_string(&args.file)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", args.file.display())))?;
    let contestants =
        file::read(&text).map_err(|why| Failure::usage(format!("{}: {why}", args.file.display())))?;
    let cases = chosen(&args.selectors)?;
    // Before minutes of work: can its result be written?
    let mut page = fs::File::create(&args.html)
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", args.html.display())))?;
    let runner = Runner::start()?;
    let mut columns = Vec::new();
    let widest =
        contestants.iter().map(|contestant| contestant.name.chars().count()).max().unwrap_or_default();
    for contestant in &contestants {
        let column = runner.does(async {
            let mut interrupt = Interrupt::listen()?;
            tokio::select! {
                column = judged(contestant, &cases, args.jobs.into()) => column,
                () = interrupt.came() => Err(Failure::new(Exit::Interrupted, "interrupted; no page is written")),
            }
        })?;
        writeln!(io::stdout(), "  {:widest$}  {}", column.name, summed(&column.counts))?;
        columns.push(column);
    }
    let ids: Vec<&str> = cases.iter().map(|case| case.scenario.rule.id).collect();
    let rules = suite::all().into_iter().map(|scenario| scenario.rule).filter(|rule| ids.contains(&rule.id));
    let rules: Vec<&Rule> = rules.collect();
    page.write_all(page::page(&rules, &columns).into_string().as_bytes())
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", args.html.display())))?;
    writeln!(io::stdout(), "  {} rules by {} servers: {}", rules.len(), columns.len(), args.html.display())?;
    let guilty =
        columns.iter().any(|column| column.counts.fail + column.counts.crash + column.counts.hang > 0);
    Ok(if guilty { Exit::Guilty } else { Exit::Fine })
}

/// The cases of the rules that the selectors choose.
fn chosen(selectors: &[Selector]) -> Result<Vec<Case>, Failure> {
    let all = suite::all();
    if let Some(why) = complaint(selectors, all.iter().map(|scenario| scenario.rule.id)) {
        return Err(Failure::new(Exit::NothingSelected, why));
    }
    let wanted = |id| selectors.is_empty() || selectors.iter().any(|selector| selector.selects(id));
    let scenarios = all.into_iter().filter(|scenario| wanted(scenario.rule.id)).map(Arc::new);
    let cases = scenarios.flat_map(|scenario| {
        let over = scenario.over.iter();
        over.map(|&over| Case { scenario: Arc::clone(&scenario), over }).collect::<Vec<_>>()
    });
    Ok(cases.collect())
}

async fn judged(contestant: &Contestant, cases: &[Case], jobs: usize) -> Result<Column, Failure> {
    let ids: Vec<&str> = suite::all().iter().map(|scenario| scenario.rule.id).collect();
    let mut known = Baseline::default();
    for path in &contestant.baseline {
        known.entries.extend(Baseline::load(Path::new(path), &ids)?.entries);
    }
    let plan = Plan {
        target: contestant.target.clone(),
        approach: contestant.approach.clone(),
        cases: cases.to_vec(),
        jobs,
        seed: u64::from(std::process::id()),
    };
    let arena = Arena::open(plan).await?;
    let about = arena.about();
    let called = format!("{} {} ({})", about.name, about.version, about.language);
    let today = baseline::today();
    let mut column =
        Column { name: contestant.name.clone(), called, rules: BTreeMap::new(), counts: Counts::default() };
    for outcome in arena.outcomes().await {
        let mut case = told(&outcome, Trace::Fail);
        match known.standing(&case, today) {
            Standing::New => {}
            Standing::Known(entry) => {
                case.known = true;
                case.reason = Some(entry.reason.clone());
            }
            Standing::Stale(_) => case.stale = true,
        }
        column.counts += &case;
        column.rules.entry(case.rule.clone()).or_default().push(case);
    }
    Ok(column)
}

fn summed(counts: &Counts) -> String {
    let parts = [
        (counts.pass, "pass"),
        (counts.fail, "fail"),
        (counts.crash, "crash"),
        (counts.hang, "hang"),
        (counts.known, "known"),
        (counts.stale, "stale"),
        (counts.warn, "warn"),
        (counts.inconclusive, "inconclusive"),
        (counts.skipped, "skipped"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, name)| format!("{number} {name}")).collect::<Vec<_>>().join(" · ")
}

/// How bad an outcome is, for the colour of a rule that was judged over several transports.
fn badness(case: &event::Case) -> (u8, &'static str) {
    match case.verdict {
        _ if case.known => (4, "known"),
        _ if case.stale => (3, "stale"),
        Outcome::Crash => (8, "crash"),
        Outcome::Hang => (7, "hang"),
        Outcome::Fail => (6, "fail"),
        Outcome::Inconclusive => (5, "inconclusive"),
        Outcome::Warn => (2, "warn"),
        Outcome::Pass => (1, "pass"),
        Outcome::Skipped => (0, "skipped"),
    }
}
