//! `siospec prove`: the kill matrix.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::ValueHint;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Exit, Failure, interrupt::Interrupt, runner::Runner};
use crate::{
    prove::{self, Fault, Matrix, Reach},
    suite,
};

/// Judge every fault of the reference server: each rule has to be seen to fail
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each fault has to be caught by the rules that name it, and by no others; each rule has to catch a fault.

Examples:
  siospec prove
  siospec prove --html kills.html
  siospec prove --quick
  siospec prove join-ignored leave-ignored")]
pub struct Args {
    /// Only these faults; `siospec serve --fault list` shows them
    #[arg(value_name = "FAULT")]
    faults: Vec<String>,
    /// How many faulty servers are judged at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), default_value_t = 6)]
    jobs: u16,
    /// Judge rules of other groups than the fault's own over one transport each, another one from fault to fault
    #[arg(long)]
    quick: bool,
    /// Write the matrix as an HTML page
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    html: Option<PathBuf>,
    /// Print the matrix as JSON
    #[arg(long)]
    json: bool,
}

/// Judges the faults and prints the matrix.
///
/// # Errors
/// A fault is unknown, or a server or a file cannot be had.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let faults = chosen(args)?;
    let reach = if args.quick { Reach::EveryRule } else { Reach::Whole };
    // Before hours of work: can its result be written?
    let html = args.html.as_deref().map(create).transpose()?;
    let proofs = Runner::start()?.does(async {
        let mut interrupt = Interrupt::listen()?;
        let bar = bar(faults.len());
        let proving = prove::prove(&faults, reach, args.jobs.into(), |proof| {
            bar.set_message(proof.fault.name);
            bar.inc(1);
        });
        let proofs = tokio::select! {
            proofs = proving => proofs.map_err(Failure::from),
            () = interrupt.came() => Err(Failure::new(Exit::Interrupted, "interrupted; nothing is proven")),
        };
        bar.finish_and_clear();
        proofs
    })?;
    let mut rules: Vec<&str> = suite::all().iter().map(|scenario| scenario.rule.id).collect();
    rules.dedup();
    let matrix = Matrix { rules, proofs, whole: args.faults.is_empty() };
    if let Some((mut file, path)) = html.zip(args.html.as_ref()) {
        matrix
            .write_html(&mut file)
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
    }
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", matrix.to_json())?;
    } else {
        matrix.write_text(&mut out)?;
    }
    Ok(if matrix.holds() { Exit::Fine } else { Exit::Guilty })
}

fn chosen(args: &Args) -> Result<Vec<Fault>, Failure> {
    let all = prove::faults();
    if args.faults.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        all.iter().find(|fault| fault.name == name).copied().ok_or_else(|| {
            Failure::usage(format!("no fault is named {name:?}; `siospec serve --fault list` lists them"))
        })
    };
    args.faults.iter().map(find).collect()
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    let file = File::create(path);
    let file = file.map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
    Ok(BufWriter::new(file))
}

/// A bar on standard error, if that is a terminal.
fn bar(faults: usize) -> ProgressBar {
    let bar = ProgressBar::new(faults as u64);
    let style = ProgressStyle::with_template("  {bar:40} {pos}/{len} faults  {elapsed}  {msg}");
    bar.set_style(style.expect("the template is well-formed"));
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}
