//! `siospec baseline`: the file of expected failures.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::ValueHint;

use super::{Exit, Failure, last_run};
use crate::{
    baseline::{self, Baseline, Standing},
    report::{
        Event,
        event::{Case, Outcome},
    },
    suite,
};

/// Look after a file of expected failures
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Make every failure of a run known, and take out what is stale; comments stay
    #[command(after_help = "\
Examples:
  siospec test http://127.0.0.1:3000
  siospec baseline update known.toml --reason 'not looked into yet'
  siospec test http://127.0.0.1:3000 --baseline known.toml")]
    Update(Update),
    /// Say whether the file makes sense, and how a run compares with it
    Check(Check),
}

/// What to update, and from what.
#[derive(Debug, clap::Args)]
pub struct Update {
    /// The file; it is created if there is none
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Why the failures that are new are expected
    #[arg(long, value_parser = reason)]
    reason: String,
    /// A run recorded with --report jsonl=RUN [default: the last run in this folder]
    #[arg(long, value_name = "RUN", value_hint = ValueHint::FilePath)]
    from: Option<PathBuf>,
}

/// What to check, and against what.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// A run recorded with --report jsonl=RUN; without it only the file is checked
    #[arg(long, value_name = "RUN", value_hint = ValueHint::FilePath)]
    against: Option<PathBuf>,
}

/// Updates or checks a baseline.
///
/// # Errors
/// The file or the run cannot be read or written, or makes no sense.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    match args {
        Args::Update(args) => update(args),
        Args::Check(args) => check(args),
    }
}

fn update(args: &Update) -> Result<Exit, Failure> {
    let file = &args.file;
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?,
    };
    let baseline = Baseline::parse(&text, file, &rules())?;
    let cases = cases(args.from.as_deref())?;
    let updated = baseline::update(&text, &baseline, &cases, &args.reason, baseline::today())
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
    // Whole or not at all: reasons that people wrote must not get lost half-way.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut draft = tempfile::NamedTempFile::new_in(folder)?;
        draft.write_all(updated.text.as_bytes())?;
        // A draft is its owner's alone; the file is as open as it was, or as others that are new.
        File::options().create(true).append(true).open(file)?;
        fs::set_permissions(draft.path(), fs::metadata(file)?.permissions())?;
        draft.persist(file)?;
        Ok(())
    };
    write().map_err(|error| Failure::usage(format!("cannot write {}: {error}", file.display())))?;
    let mut out = io::stdout().lock();
    for (what, rules) in [
        ("added", &updated.added),
        ("taken out or narrowed", &updated.removed),
        ("stale in part, to be looked at", &updated.doubtful),
    ] {
        for rule in rules {
            writeln!(out, "{what}: {rule}")?;
        }
    }
    writeln!(out, "{}: {} added, {} taken out", file.display(), updated.added.len(), updated.removed.len())?;
    Ok(Exit::Fine)
}

fn check(args: &Check) -> Result<Exit, Failure> {
    let baseline = Baseline::load(&args.file, &rules())?;
    let today = baseline::today();
    let mut out = io::stdout().lock();
    let mut stale = 0;
    for entry in baseline.entries.iter().filter(|entry| entry.has_expired(today)) {
        writeln!(out, "expired: {}", entry.line_of())?;
        stale += 1;
    }
    let mut new = 0;
    if let Some(run) = &args.against {
        for case in cases(Some(run))? {
            match baseline.standing(&case, today) {
                Standing::Stale(entry) => {
                    writeln!(out, "stale over {}: {}", case.over, entry.line_of())?;
                    stale += 1;
                }
                Standing::New if case.verdict.is_guilty() || case.verdict == Outcome::Inconclusive => {
                    writeln!(out, "new: {} over {}: {}", case.rule, case.over, case.verdict)?;
                    new += 1;
                }
                Standing::New | Standing::Known(_) => {}
            }
        }
    }
    writeln!(out, "{}: {} entries, {stale} stale, {new} new", args.file.display(), baseline.entries.len())?;
    Ok(match (new, stale) {
        (0, 0) => Exit::Fine,
        (0, _) => Exit::Stale,
        _ => Exit::Guilty,
    })
}

/// The cases of a recorded run.
fn cases(run: Option<&Path>) -> Result<Vec<Case>, Failure> {
    let events = match run {
        Some(run) => last_run::read_from(run)?,
        None => last_run::read()?,
    };
    let cases = events.into_iter().filter_map(|event| match event {
        Event::Verdict(case) => Some(case),
        _ => None,
    });
    Ok(cases.collect())
}

fn rules() -> Vec<&'static str> {
    suite::all().iter().map(|scenario| scenario.rule.id).collect()
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why these failures are expected".to_owned()),
        text => Ok(text.to_owned()),
    }
}
