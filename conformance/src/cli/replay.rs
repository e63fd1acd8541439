//! `siospec replay`: plays transcripts again.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{
    Exit, Failure,
    interrupt::Interrupt,
    options::{Pair, Server, pair},
    runner::Runner,
};
use crate::{
    live::{self, Host},
    replay::{Ending, minimise, play, reference, variant_of},
    siot::{Field, Script, parse},
    target::{Approach, Target, parse_url},
};

/// Play transcripts of failures again: each is FIXED, FAILED or an ERROR
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "siospec replay [OPTIONS] FILE... [URL] [-- COMMAND...]",
    after_help = "\
`siospec test --out DIR` writes a transcript (.siot) for each failure. It can be read and edited: `#` begins a remark,
`>` is what we do, `<` what has to come for the acting to go on, `!` what is due (`~`: what the reference server shows)
and `?` what came instead.

FIXED   what is due came
FAILED  it went wrong again
ERROR   the transcript does not say: it cannot be played here, or what came is neither right nor what came before

Exit codes: 0 all are fixed, 1 at least one failed, 6 none failed and at least one is an error.

Examples:
  siospec replay out/*.siot http://127.0.0.1:3000
  siospec replay out/engine-upgrade-completes.upgraded.siot -- node testee.js
  siospec replay --minimise small.siot out/engine-upgrade-completes.upgraded.siot -- node testee.js"
)]
pub struct Args {
    /// Transcripts, and the URL of a running server; without a server the embedded reference plays
    #[arg(value_name = "FILE or URL", required = true)]
    words: Vec<String>,
    /// How to reach it.
    #[command(flatten)]
    server: Server,
    /// Play each so many times; it is fixed if it is fixed every time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), default_value_t = 1)]
    repeat: u32,
    /// Drop actors, packets and pauses from one transcript as long as it fails, and write what is left
    #[arg(long, alias = "minimize", value_name = "FILE", conflicts_with = "repeat")]
    minimise: Option<PathBuf>,
    /// Write one JSON object for each file
    #[arg(long, conflicts_with = "minimise")]
    json: bool,
    /// Add a variable to the environment of the COMMAND
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair, help_heading = "Server")]
    env: Vec<Pair>,
    /// A command that starts the server, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Plays the transcripts, and says of each what came of it.
///
/// # Errors
/// The command line makes no sense, the server cannot be started, or a file cannot be written.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    Runner::start()?.does(async {
        let mut interrupt = Interrupt::listen()?;
        tokio::select! {
            done = replay(args) => done,
            () = interrupt.came() => Err(Failure::new(Exit::Interrupted, "interrupted")),
        }
    })
}

async fn replay(args: &Args) -> Result<Exit, Failure> {
    let (target, approach) = args.target()?;
    let files: Vec<&Path> = args.files().collect();
    match (&args.minimise, files.as_slice()) {
        (_, []) => Err(Failure::usage("no transcript is named")),
        (Some(out), [file]) => shrink(args, file, out, &target, &approach).await,
        (Some(_), _) => Err(Failure::usage("one transcript at a time is made smaller")),
        (None, files) => play_all(args, files, &target, &approach).await,
    }
}

async fn play_all(
    args: &Args,
    files: &[&Path],
    target: &Target,
    approach: &Approach,
) -> Result<Exit, Failure> {
    let (mut fixed, mut failed, mut errors) = (0, 0, 0);
    for file in files {
        let (script, ending) = match read(file) {
            Ok(script) => {
                let ending = play_often(&script, target, approach, args.repeat).await?;
                (script, ending)
            }
            Err(why) => (Script::default(), Ending::Error { why, step: None, seen: None }),
        };
        *match ending {
            Ending::Fixed => &mut fixed,
            Ending::Failed(_) => &mut failed,
            Ending::Error { .. } => &mut errors,
        } += 1;
        tell(&mut io::stdout().lock(), args.json, file, &script, &ending)?;
    }
    if !args.json && files.len() > 1 {
        writeln!(io::stdout(), "\n{fixed} fixed, {failed} failed, {errors} errors")?;
    }
    Ok(match () {
        () if failed > 0 => Exit::Guilty,
        () if errors > 0 => Exit::OwnFault,
        () => Exit::Fine,
    })
}

/// Plays before a server of its own each time, so that a server that dies harms no other play.
async fn play_often(
    script: &Script,
    target: &Target,
    approach: &Approach,
    times: u32,
) -> Result<Ending, Failure> {
    if script.field(Field::Oracle).is_some() {
        return fuzzed_often(script, target, approach, times).await;
    }
    for _ in 0..times {
        let running = target.start(variant_of(script), approach).await?;
        let ending = play(script, &running.site, approach.timeout_scale).await;
        running.stop().await;
        if ending != Ending::Fixed {
            return Ok(ending);
        }
    }
    Ok(Ending::Fixed)
}

/// A finding of the fuzzer is played as the fuzzer plays it, and its oracle judges.
async fn fuzzed_often(
    script: &Script,
    target: &Target,
    approach: &Approach,
    times: u32,
) -> Result<Ending, Failure> {
    let (authority, command) = match target {
        Target::Url { authority } => (authority.clone(), None),
        Target::Process { command, env } => (String::new(), Some((command.clone(), env.clone()))),
        #[cfg(feature = "embedded")]
        Target::Embedded { .. } => {
            let why = "a finding of `siospec fuzz` is played before a server that is named: a URL, or a command after --";
            return Ok(Ending::Error { why: why.to_owned(), step: None, seen: None });
        }
    };
    let host =
        Host { ground: super::fuzz::ground(approach, authority), command, memory_limit_bytes: 768 << 20 };
    for _ in 0..times {
        if let Some(evidence) = live::replay(script, &host).await? {
            return Ok(Ending::Failed(format!("{}: {}", evidence.oracle, evidence.what)));
        }
    }
    Ok(Ending::Fixed)
}

async fn shrink(
    args: &Args,
    file: &Path,
    out: &Path,
    target: &Target,
    approach: &Approach,
) -> Result<Exit, Failure> {
    let script = read(file).map_err(|why| Failure::usage(format!("{}: {why}", file.display())))?;
    if script.field(Field::Oracle).is_some() {
        return Err(Failure::usage("a finding of `siospec fuzz` is as small as it can be already"));
    }
    let ending = play_often(&script, target, approach, args.repeat).await?;
    if !ending.is_failed() {
        tell(&mut io::stdout().lock(), false, file, &script, &ending)?;
        return Err(Failure::usage("what does not fail cannot be made smaller"));
    }
    let healthy = match reference(variant_of(&script)).await {
        Some(running) => Some(running?),
        None => None,
    };
    let shrunk = minimise(&script, async |smaller| {
        // A smaller one that fails wherever it is played shows nothing.
        let fixed = match &healthy {
            Some(running) => play(smaller, &running.site, approach.timeout_scale).await == Ending::Fixed,
            None => true,
        };
        fixed && play_often(smaller, target, approach, 1).await.is_ok_and(|ending| ending.is_failed())
    })
    .await;
    if let Some(running) = healthy {
        running.stop().await;
    }
    fs::write(out, shrunk.script.to_string())
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", out.display())))?;
    let (before, after) = (script.steps.len(), shrunk.script.steps.len());
    writeln!(
        io::stdout(),
        "{}: {after} of {before} steps are left, {} smaller ones were tried",
        out.display(),
        shrunk.tried
    )?;
    Ok(Exit::Guilty)
}

fn read(file: &Path) -> Result<Script, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("it cannot be read: {error}"))?;
    parse(&text).map_err(|error| error.to_string())
}

fn tell(
    out: &mut impl Write,
    as_json: bool,
    file: &Path,
    script: &Script,
    ending: &Ending,
) -> io::Result<()> {
    let (word, got) = match ending {
        Ending::Fixed => ("FIXED", None),
        Ending::Failed(got) => ("FAILED", Some(got)),
        Ending::Error { why, .. } => ("ERROR", Some(why)),
    };
    let rule = script.field(Field::Rule).or(script.field(Field::Oracle)).unwrap_or_default();
    let over = script.field(Field::Over).unwrap_or_default();
    if as_json {
        let answer = json!({
            "file": file.display().to_string(), "answer": word.to_lowercase(), "rule": rule, "over": over, "got": got,
        });
        return writeln!(out, "{answer}");
    }
    writeln!(out, "{word:6}  {}", file.display())?;
    if !rule.is_empty() {
        let over = if over.is_empty() { String::new() } else { format!(" over {over}") };
        writeln!(out, "        rule  {rule}{over}")?;
    }
    match ending {
        Ending::Fixed => Ok(()),
        Ending::Failed(got) => {
            let due = script.judged().map_or_else(|| "no harm".to_owned(), |see| see.sight.to_string());
            writeln!(out, "        want  {due}\n        got   {got}")
        }
        Ending::Error { why, .. } => writeln!(out, "        why   {why}"),
    }
}

impl Args {
    fn files(&self) -> impl Iterator<Item = &Path> {
        self.words.iter().filter(|word| !word.contains("://")).map(Path::new)
    }

    /// The server that is named, and how to reach it.
    fn target(&self) -> Result<(Target, Approach), Failure> {
        let mut urls = self.words.iter().filter(|word| word.contains("://"));
        match (urls.next(), urls.next(), self.command.is_empty()) {
            (Some(_), Some(second), _) => {
                Err(Failure::usage(format!("one server at a time: {second} is a second URL")))
            }
            (Some(url), None, false) => {
                Err(Failure::usage(format!("either a URL or a command, not both: {url}")))
            }
            (Some(url), None, true) => {
                let (authority, path) = parse_url(url)?;
                Ok((Target::Url { authority }, self.server.approach(path)))
            }
            (None, _, false) => {
                let (command, env) = (self.command.clone(), self.env.clone());
                Ok((Target::Process { command, env }, self.server.approach(None)))
            }
            (None, _, true) => Ok((embedded()?, self.server.approach(None))),
        }
    }
}

#[cfg(feature = "embedded")]
fn embedded() -> Result<Target, Failure> {
    Ok(Target::Embedded { fault: None })
}

#[cfg(not(feature = "embedded"))]
fn embedded() -> Result<Target, Failure> {
    Err(Failure::usage(
        "no server is named, and this build has none embedded: give a URL, or a command after --",
    ))
}
