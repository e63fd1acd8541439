//! What a run of the fuzzer tells: people while it runs, machines in reports.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use console::Term;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Args, Exit, Failure};
use crate::{
    live::{Class, Finding, Host, Oracle, Oracles, Progress, Report, Watcher},
    report::{
        Event, Reporter, Reports,
        event::{self, Case, Counts, End, Outcome, Start, Target},
    },
};

/// Tells of a run.
pub(super) struct Teller {
    reports: Reports,
    folder: PathBuf,
    bar: ProgressBar,
    on_terminal: bool,
    /// When something was told last where no terminal is.
    told: Instant,
    counts: Counts,
    again: String,
    trouble: Option<io::Error>,
}

/// How often a line is written where no terminal is.
const LINE: Duration = Duration::from_secs(10);

impl Teller {
    /// Opens the reports, and tells what is going to be done.
    ///
    /// # Errors
    /// A report cannot be written.
    pub(super) fn open(args: &Args, seed: u64, host: &Host, colour: bool) -> Result<Self, Failure> {
        let reporters: Vec<Box<dyn Reporter>> =
            args.reports.iter().map(|spec| spec.open(colour)).collect::<Result<_, _>>()?;
        let name = match &host.command {
            Some((command, _)) => command.join(" "),
            None => format!("http://{}{}", host.ground.authority, host.ground.path),
        };
        let mut again = format!("siospec fuzz --seed {seed}");
        if let Some(seconds) = args.time {
            again.push_str(&format!(" --time {seconds}"));
        }
        if let Some(cases) = args.cases {
            again.push_str(&format!(" --cases {cases}"));
        }
        again.push_str(&if host.is_ours() { format!(" -- {name}") } else { format!(" {name}") });
        let on_terminal = Term::stderr().is_term() && colour;
        let bar = if on_terminal { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{spinner} {msg}").expect("the template is well-formed"));
        let mut teller = Self {
            reports: Reports::new(reporters),
            folder: args.out.clone(),
            bar,
            on_terminal,
            told: Instant::now(),
            counts: Counts::default(),
            again,
            trouble: None,
        };
        teller.says(&format!("siospec {} · fuzzing {name} · seed {seed}", env!("CARGO_PKG_VERSION")));
        teller.event(Event::Start(Start {
            tool: "siospec".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            target: Target { name, ..Target::default() },
            ..Start::default()
        }));
        Ok(teller)
    }

    /// Tells how it ended.
    ///
    /// # Errors
    /// A report could not be written.
    pub(super) fn end(mut self, report: &Report, oracles: &Oracles, exit: Exit) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        for oracle in Oracle::ALL.into_iter().filter(|oracle| oracles.holds(*oracle)) {
            if report.findings.iter().all(|finding| finding.oracle() != oracle) {
                self.case(Case { verdict: Outcome::Pass, ..case(oracle) });
            }
        }
        let Report { cases, seconds, states, findings, .. } = report;
        let speed = *cases as f64 / report.hunted_seconds.max(0.001);
        self.says(&format!(
            "\n  {cases} cases in {seconds:.1} s, {speed:.0} per second while hunting · {states} reactions · {} findings",
            findings.len()
        ));
        if !report.fences.is_empty() {
            self.says(&format!(
                "  fenced off, {} cases left out: {}",
                report.fenced,
                report.fences.join("; ")
            ));
        }
        for what in report.unconfirmed.iter().take(5) {
            self.says(&format!("  seen, but not three times of three: {what}"));
        }
        let again = self.again.clone();
        self.says(&format!("  again: {again}"));
        self.event(Event::End(End {
            counts: self.counts,
            seconds: *seconds,
            exit: exit.code(),
            again: Some(again),
        }));
        self.reports.finish()?;
        match self.trouble.take() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    fn event(&mut self, event: Event) {
        if let Err(error) = self.reports.event(&event) {
            self.trouble.get_or_insert(error);
        }
    }

    fn case(&mut self, case: Case) {
        self.counts += &case;
        self.event(Event::Verdict(case));
    }

    /// People read standard error: standard output may be a report.
    fn says(&self, text: &str) {
        let told = if self.on_terminal {
            self.bar.suspend(|| writeln!(io::stderr(), "{text}"))
        } else {
            writeln!(io::stderr(), "{text}")
        };
        drop(told);
    }

    fn write(&mut self, finding: &Finding) -> Option<PathBuf> {
        let written = fs::create_dir_all(&self.folder).and_then(|()| {
            let name = finding.oracle().name();
            let path = (1..).map(|number| self.folder.join(format!("{name}-{number}.siot")));
            let path = path.into_iter().find(|path| !path.exists()).unwrap_or_default();
            fs::write(&path, finding.script().to_string())?;
            Ok(path)
        });
        match written {
            Ok(path) => Some(path),
            Err(error) => {
                self.trouble.get_or_insert(error);
                None
            }
        }
    }
}

impl Watcher for Teller {
    fn progress(&mut self, progress: Progress) {
        let Progress { cases, elapsed, states, findings, doing } = progress;
        let seconds = elapsed.as_secs_f64();
        let line = format!(
            "{seconds:.0} s · {cases} cases · {:.0}/s · {states} reactions · {findings} findings · {doing}",
            cases as f64 / seconds.max(0.001)
        );
        if self.on_terminal {
            self.bar.set_message(line);
            self.bar.tick();
        } else if self.told.elapsed() > LINE {
            self.told = Instant::now();
            self.says(&format!("  {line}"));
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let path = self.write(finding);
        let oracle = finding.oracle();
        let replay = path.as_ref().map(|path| path.display().to_string());
        let head = match &finding.known {
            Some(reason) => format!("KNOWN {} ({reason})", oracle.class().name()),
            None => oracle.class().name().to_uppercase(),
        };
        let steps: String = finding
            .case
            .script()
            .to_string()
            .lines()
            .skip(1)
            .filter(|line| !line.is_empty())
            .take(12)
            .fold(String::new(), |all, line| all + "\n     " + &line.chars().take(110).collect::<String>());
        self.says(&format!(
            "\n {head}  {oracle} after {:.1} s and {} cases\n   {}{steps}\n   signature {}\n   replay siospec replay {}",
            finding.seconds,
            finding.cases,
            finding.evidence.what,
            finding.signature(),
            replay.as_deref().unwrap_or("(it could not be written)")
        ));
        self.event(Event::Finding(event::Finding {
            oracle: oracle.name().to_owned(),
            signature: finding.signature(),
            seconds: finding.seconds,
            cases: finding.cases,
            replay: replay.clone(),
            message: finding.evidence.what.clone(),
        }));
        let verdict = match oracle.class() {
            Class::Crash => Outcome::Crash,
            Class::Hang => Outcome::Hang,
            Class::Leak | Class::Wrong => Outcome::Fail,
        };
        self.case(Case {
            verdict,
            known: finding.known.is_some(),
            reason: finding.known.clone(),
            message: Some(finding.evidence.what.clone()),
            observed: Some(finding.evidence.what.clone()),
            replay,
            ..case(oracle)
        });
    }
}

fn case(oracle: Oracle) -> Case {
    Case {
        rule: format!("fuzz/{}", oracle.name()),
        level: "must".to_owned(),
        over: "any".to_owned(),
        variant: "default".to_owned(),
        ..Case::default()
    }
}
