//! What was found, for people and for machines.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    cli::{Exit, Failure},
    explore::{Found, Limits, Played, Report},
    report::{
        Event, Reports, Spec,
        event::{self, Case, Counts, End, Group, Line, Start},
        text::{ends, excerpt, time, visible},
    },
    siot::Field,
    transcript::{Entry, Way},
};

/// Tells what is found: on standard output as soon as it is, unless a report wants that, and in reports at the end.
pub(super) struct Teller {
    reports: Reports,
    to_people: bool,
    colour: bool,
    /// Where transcripts go.
    folder: Option<PathBuf>,
    bar: ProgressBar,
    /// The transcript of each finding, if one was written.
    replays: Vec<Option<String>>,
    trouble: Option<io::Error>,
}

/// Lines of a timeline that are shown: from its head, and from its tail.
const SHOWN: (usize, usize) = (10, 40);

impl Teller {
    /// Opens the reports and the folder of transcripts.
    ///
    /// # Errors
    /// A path cannot be written.
    pub(super) fn open(specs: &[Spec], folder: Option<PathBuf>, colour: bool) -> Result<Self, Failure> {
        let mut reporters = Vec::new();
        for spec in specs {
            reporters.push(spec.open(colour)?);
        }
        if let Some(folder) = &folder {
            fs::create_dir_all(folder).map_err(|error| {
                Failure::usage(format!("cannot make the folder {}: {error}", folder.display()))
            })?;
        }
        let to_people = !specs.iter().any(Spec::is_stdout);
        let colour = colour && console::Term::stdout().features().colors_supported();
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("  {spinner} {pos} histories  {per_sec}  {elapsed}");
        bar.set_style(style.expect("the template is well-formed"));
        bar.enable_steady_tick(Duration::from_millis(200));
        let reports = Reports::new(reporters);
        Ok(Self { reports, to_people, colour, folder, bar, replays: Vec::new(), trouble: None })
    }

    /// Tells what is explored.
    pub(super) fn begins(&mut self, report: &Report, limits: &Limits) {
        let about = &report.about;
        self.says(&format!(
            "siospec {} · {} {} ({}) · contract {} · seed {}",
            env!("CARGO_PKG_VERSION"),
            visible(&about.name),
            visible(&about.version),
            visible(&about.language),
            report.offers.0,
            limits.seed
        ));
    }

    /// Tells how far it is, and everything of a history if that is asked for.
    pub(super) fn goes_on(&mut self, histories: u64, played: Option<&Played>) {
        self.bar.set_position(histories);
        if let Some(played) = played {
            let lines = lines(&played.transcript, played.guilty.map(|guilty| guilty.0));
            let mut told = b"\n".to_vec();
            // Nothing fails on the way to memory.
            let _always = self.timeline(&mut told, &lines, (lines.len(), 0));
            self.says(&String::from_utf8_lossy(&told));
        }
    }

    /// Tells of a finding, and writes its transcript.
    pub(super) fn finds(&mut self, found: &Found, limits: &Limits) {
        let replay = self.write(found);
        let mut told = Vec::new();
        // Nothing fails on the way to memory.
        let _always = self.found(&mut told, found, limits, replay.as_deref());
        self.says(&String::from_utf8_lossy(&told));
        self.replays.push(replay);
    }

    /// Tells how it ended, and reports everything.
    ///
    /// # Errors
    /// A report or a transcript cannot be written.
    pub(super) fn ends(
        &mut self,
        report: &Report,
        limits: &Limits,
        took: Duration,
        exit: Exit,
    ) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        self.says(&summary(report, took, exit));
        self.reports.event(&Event::Start(start(report, limits)))?;
        let mut counts = Counts::default();
        for (found, replay) in report.found.iter().zip(&self.replays) {
            let case = case(found, replay.clone(), Duration::from_secs_f64(found.seconds));
            counts += &case;
            self.reports.event(&Event::Finding(finding(found, replay.clone())))?;
            self.reports.event(&Event::Verdict(case))?;
        }
        let end = End { counts, seconds: took.as_secs_f64(), exit: exit.code(), again: None };
        self.reports.event(&Event::End(end))?;
        self.reports.finish()?;
        match self.trouble.take() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    fn says(&mut self, text: &str) {
        if self.to_people {
            let told = self.bar.suspend(|| writeln!(io::stdout().lock(), "{}", text.trim_end()));
            self.trouble = self.trouble.take().or(told.err());
        }
    }

    /// The path of the transcript, if one was written.
    fn write(&mut self, found: &Found) -> Option<String> {
        let (folder, script) = self.folder.as_ref().zip(found.script.as_ref())?;
        let name = format!("explore-{}", found.finding.anomaly.name().to_lowercase());
        let same = |replay: &&Option<String>| replay.as_ref().is_some_and(|path| path.contains(&name));
        let path = match self.replays.iter().filter(same).count() {
            0 => folder.join(format!("{name}.siot")),
            before => folder.join(format!("{name}-{}.siot", before + 1)),
        };
        match fs::write(&path, script.to_string()) {
            Ok(()) => Some(path.display().to_string()),
            Err(error) => {
                self.trouble.get_or_insert(error);
                None
            }
        }
    }

    fn found(
        &self,
        out: &mut impl Write,
        found: &Found,
        limits: &Limits,
        replay: Option<&str>,
    ) -> io::Result<()> {
        let Found { finding, plan, played, script, .. } = found;
        let bad = |text: &str| console::style(text.to_owned()).red().bold().force_styling(self.colour);
        writeln!(out, "\n {}  {}", bad(finding.anomaly.name()), visible(&finding.what))?;
        writeln!(out, "   rule   {}", finding.anomaly.says())?;
        writeln!(
            out,
            "   seen   after {:.1} s in history {} of seed {}; {} smaller ones were tried",
            found.seconds, found.history, limits.seed, found.tried
        )?;
        writeln!(out, "   left   {} clients, {} steps:", plan.clients().len(), plan.steps.len())?;
        for step in &plan.steps {
            writeln!(out, "          {step}")?;
        }
        self.timeline(out, &lines(&played.transcript, played.guilty.map(|guilty| guilty.0)), SHOWN)?;
        match (replay, script.as_ref().and_then(|script| script.field(Field::Unreplayable))) {
            (_, Some(why)) => {
                writeln!(out, "   replay it cannot be played from a transcript: {}", visible(why))
            }
            (Some(path), None) => writeln!(out, "   replay siospec replay {path}"),
            (None, None) => {
                writeln!(out, "   replay with --out DIR, a transcript for `siospec replay` is written")
            }
        }
    }

    fn timeline(&self, out: &mut impl Write, lines: &[Line], shown: (usize, usize)) -> io::Result<()> {
        let bad = |text: &str| console::style(text.to_owned()).red().bold().force_styling(self.colour);
        let columns = lines.iter().map(|line| ends(line).chars().count()).max().unwrap_or(0);
        for line in excerpt(lines, shown.0, shown.1) {
            let Some(line) = line else {
                writeln!(out, "   …")?;
                continue;
            };
            let text = format!("{}  {:columns$}  {}", time(line), ends(line), visible(&line.what));
            match line.guilty {
                true => writeln!(out, " {} {}", bad("▶"), bad(&text))?,
                false => writeln!(out, "   {text}")?,
            }
        }
        Ok(())
    }
}

fn summary(report: &Report, took: Duration, exit: Exit) -> String {
    let mut text = String::new();
    for doubt in &report.doubtful {
        text += &format!("\n  seen once and not again, so that it says nothing: {}\n", visible(doubt));
    }
    let mut parts = vec![format!("{} histories", report.histories)];
    parts.push(match report.found.len() {
        0 => "nothing found".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    });
    if report.again > 0 {
        parts.push(format!("{} showed the same again", report.again));
    }
    if report.known > 0 {
        parts.push(format!("{} showed what is known", report.known));
    }
    if let (many @ 1.., why) = &report.spoilt {
        let why = why.as_deref().unwrap_or_default();
        parts.push(format!("{many} could not be acted out ({})", visible(why)));
    }
    parts.push(format!("{:.1} s", took.as_secs_f64()));
    text + &format!("\n  {}          exit {}", parts.join(" · "), exit.code())
}

fn start(report: &Report, limits: &Limits) -> Start {
    let told = |text: &String| (!text.is_empty()).then(|| text.clone());
    let found = report.found.len();
    Start {
        tool: "siospec".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: limits.seed,
        target: event::Target {
            name: report.about.name.clone(),
            version: told(&report.about.version),
            language: told(&report.about.language),
            contract: report.offers.0.clone(),
            features: report.offers.1.clone(),
        },
        selected: found,
        rules: found,
        not_offered: 0,
        groups: (0..found).map(|_| Group { name: "explore".to_owned(), cases: 1 }).collect(),
    }
}

fn finding(found: &Found, replay: Option<String>) -> event::Finding {
    event::Finding {
        oracle: "delivery".to_owned(),
        signature: found.finding.anomaly.name().to_owned(),
        seconds: found.seconds,
        cases: found.cases,
        replay,
        message: found.finding.what.clone(),
    }
}

/// The finding as the case that it would be in a catalogue.
fn case(found: &Found, replay: Option<String>, took: Duration) -> Case {
    let steps: Vec<String> = found.plan.steps.iter().map(ToString::to_string).collect();
    Case {
        rule: format!("explore/{}", found.finding.anomaly.name().to_lowercase()),
        level: "docs".to_owned(),
        says: found.finding.anomaly.says().to_owned(),
        source: format!("a history of {} steps: {}", steps.len(), steps.join("; ")),
        over: found.plan.over().name().to_owned(),
        variant: found.variant.name().to_owned(),
        verdict: event::Outcome::Fail,
        expected: Some(found.finding.anomaly.says().to_owned()),
        observed: Some(found.finding.what.clone()),
        ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        timeline: lines(&found.played.transcript, found.played.guilty.map(|guilty| guilty.0)),
        replay,
        ..Case::default()
    }
}

fn lines(entries: &[Entry], guilty: Option<usize>) -> Vec<Line> {
    let line = |(number, entry): (usize, &Entry)| Line {
        at_ms: u64::try_from(entry.at.as_millis()).unwrap_or(u64::MAX),
        actor: entry.actor.to_string(),
        way: match entry.way {
            Way::Sent => event::Way::Sent,
            Way::Received => event::Way::Received,
            Way::Note => event::Way::Note,
        },
        what: entry.what.clone(),
        guilty: guilty == Some(number),
    };
    entries.iter().enumerate().map(line).collect()
}
