//! A Markdown summary, for the pages that CI systems show.

use std::io::{self, Write};

use super::{
    Event, Reporter,
    event::{Case, End, Outcome, Start},
    tally::{Story, Tally},
    text::{counted, elide, ends, excerpt, subject, thousands, time, visible},
};

/// Stories told in full; the pages of CI systems are limited in size.
const STORIES: usize = 50;
/// Characters of one payload.
const PAYLOAD: usize = 240;

/// Collects the cases, and writes the summary when the run is over or has broken off.
#[derive(Debug)]
pub struct Markdown<W> {
    out: W,
    start: Start,
    tally: Tally,
    end: Option<End>,
    written: bool,
}

impl<W: Write> Markdown<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, start: Start::default(), tally: Tally::default(), end: None, written: false }
    }

    fn write(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.written, true) {
            return Ok(());
        }
        self.head()?;
        self.groups()?;
        let guilty = self.tally.stories(Outcome::is_guilty);
        section(&mut self.out, "Broken rules", &guilty)?;
        section(&mut self.out, "Warnings", &self.tally.stories(|outcome| outcome == Outcome::Warn))?;
        section(
            &mut self.out,
            "Inconclusive",
            &self.tally.stories(|outcome| outcome == Outcome::Inconclusive),
        )?;
        self.expected()?;
        self.skips()?;
        self.out.flush()
    }

    fn head(&mut self) -> io::Result<()> {
        let counts = self.tally.counts();
        let result = match &self.end {
            None => format!("broke off after {} of {}", counts.total(), counted(self.start.selected, "case")),
            Some(end) if counts.guilty() > 0 || end.exit != 0 => {
                format!("{} of {} failed", thousands(counts.guilty()), counted(counts.judged(), "case"))
            }
            Some(_) => format!("{} passed", counted(counts.pass, "case")),
        };
        writeln!(self.out, "## siospec: {result}\n")?;
        write!(self.out, "{} {} · {}", self.start.tool, self.start.version, escaped(&subject(&self.start)))?;
        match &self.end {
            Some(end) => writeln!(self.out, " · {:.1} s · exit code {}\n", end.seconds, end.exit),
            None => writeln!(self.out, "\n"),
        }
    }

    fn groups(&mut self) -> io::Result<()> {
        writeln!(
            self.out,
            "| group | pass | fail | warn | inconclusive | known | stale | skipped | seconds |"
        )?;
        writeln!(self.out, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        for group in self.tally.groups.iter().filter(|group| group.counts.total() > 0) {
            let counts = &group.counts;
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {:.1} |",
                group.name,
                counts.pass,
                counts.guilty(),
                counts.warn,
                counts.inconclusive,
                counts.known,
                counts.stale,
                counts.skipped,
                group.seconds()
            )?;
        }
        writeln!(self.out)
    }

    /// What the baseline lists, a line each.
    fn expected(&mut self) -> io::Result<()> {
        for (title, stories) in
            [("Known failures", self.tally.known()), ("Stale entries of the baseline", self.tally.stale())]
        {
            if stories.is_empty() {
                continue;
            }
            writeln!(self.out, "### {title}\n")?;
            for story in stories {
                let reason = visible(story.case.reason.as_deref().unwrap_or_default());
                let circumstances = escaped(&story.circumstances());
                writeln!(self.out, "- `{}` {circumstances}: {}", story.case.rule, escaped(&reason))?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn skips(&mut self) -> io::Result<()> {
        if self.tally.skips.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "### Skipped\n")?;
        for (reason, times) in &self.tally.skips {
            writeln!(self.out, "- {}: {}", thousands(*times), escaped(&visible(reason)))?;
        }
        writeln!(self.out)
    }
}

impl<W: Write + Send> Reporter for Markdown<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Start(start) => {
                self.tally = Tally::of(start);
                self.start = start.clone();
            }
            Event::Verdict(case) => {
                self.tally.add(case);
            }
            // Told as a case too.
            Event::Finding(_) => {}
            Event::End(end) => self.end = Some(end.clone()),
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write()
    }
}

fn section(out: &mut impl Write, title: &str, stories: &[&Story]) -> io::Result<()> {
    if stories.is_empty() {
        return Ok(());
    }
    writeln!(out, "### {title}\n")?;
    for story in stories.iter().take(STORIES) {
        tell(out, story)?;
    }
    match stories.len().saturating_sub(STORIES) {
        0 => Ok(()),
        more => writeln!(out, "… and {} more.\n", thousands(more)),
    }
}

fn tell(out: &mut impl Write, story: &Story) -> io::Result<()> {
    let case = &story.case;
    let label = case.verdict.name().to_uppercase();
    let circumstances = escaped(&story.circumstances());
    writeln!(out, "<details><summary><b>{label}</b> <code>{}</code> {circumstances}</summary>\n", case.rule)?;
    if !case.says.is_empty() {
        writeln!(out, "{} ({})\n", escaped(&case.says), escaped(&case.source))?;
    }
    writeln!(out, "{}", fenced(&record(case)))?;
    if let Some(users) = &case.users {
        writeln!(out, "\n{}", escaped(users))?;
    }
    if !case.seen.is_empty() {
        writeln!(out, "\nSeen: {}", escaped(&case.seen.join(" · ")))?;
    }
    writeln!(out, "\n</details>\n")
}

fn record(case: &Case) -> String {
    let mut text = String::new();
    let told = case.expected.is_some() || case.observed.is_some();
    let why = case.message.as_deref().filter(|_| !told);
    for (name, value) in [("want", case.expected.as_deref()), ("got", case.observed.as_deref()), ("why", why)]
    {
        if let Some(value) = value {
            text.push_str(&format!("{name:5} {}\n", visible(&elide(value, 2 * PAYLOAD))));
        }
    }
    for line in excerpt(&case.timeline, 15, 40) {
        let Some(line) = line else {
            text.push_str("  …\n");
            continue;
        };
        let mark = if line.guilty { "▶" } else { " " };
        let what = elide(&line.what, PAYLOAD);
        text.push_str(&format!("{mark} {}  {}  {}\n", time(line), ends(line), visible(&what)));
    }
    text
}

/// A code block whose fence is longer than any run of backticks in the text.
fn fenced(text: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}text\n{text}{fence}")
}

/// Text that Markdown and HTML take as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => escaped.extend(['\\', char]),
            _ => escaped.push(char),
        }
    }
    escaped
}
