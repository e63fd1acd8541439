//! The page for the terminal: a line a group, then what did not pass in full, then the sum.
//!
//! On a terminal there are also bars that move while a group runs. Elsewhere, and in CI, nothing is written
//! but plain lines.

mod bars;
mod page;
mod story;

use std::io::{self, Write};

use super::{
    Event, Reporter,
    event::{Case, Counts, End, Outcome, Start},
    tally::{GroupTally, Tally},
    text,
};
use bars::Bars;
pub use page::Page;

const BAR_CELLS: usize = 20;

/// The report for people.
#[derive(Debug)]
pub struct Human<W> {
    out: W,
    page: Page,
    bars: Option<Bars>,
    tally: Tally,
    expected: usize,
    name_columns: usize,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Over,
}

impl<W: Write> Human<W> {
    /// Writes to `out`, laid out for `page`.
    pub fn new(out: W, page: Page) -> Self {
        Self {
            out,
            page,
            bars: None,
            tally: Tally::default(),
            expected: 0,
            name_columns: 0,
            state: State::Waiting,
        }
    }

    fn start(&mut self, start: &Start) -> io::Result<()> {
        self.state = State::Running;
        self.tally = Tally::of(start);
        self.expected = start.selected;
        self.name_columns = start.groups.iter().map(|group| group.name.chars().count()).max().unwrap_or(0);
        self.bars = self.page.bars(self.name_columns);
        let mut rules = text::counted(start.rules, "rule");
        if start.not_offered > 0 {
            rules = format!("{rules}, {} not offered", text::thousands(start.not_offered));
        }
        let head = format!("{} {} · {} · {rules}", start.tool, start.version, text::subject(start));
        for line in self.page.wrapped(&head, 0, 2) {
            writeln!(self.out, "{line}")?;
        }
        writeln!(self.out)
    }

    fn case(&mut self, case: &Case) -> io::Result<()> {
        let group = self.tally.add(case);
        let line = group.is_over().then(|| group_line(group, &self.page, self.name_columns));
        let Some(bars) = &mut self.bars else {
            return line.map_or(Ok(()), |line| writeln!(self.out, "{line}"));
        };
        bars.advance(group);
        match line {
            Some(line) => bars.beside(|| writeln!(self.out, "{line}")),
            None => Ok(()),
        }
    }

    fn end(&mut self, end: Option<&End>) -> io::Result<()> {
        if self.state != State::Running {
            return Ok(());
        }
        self.state = State::Over;
        self.bars = None;
        for group in &self.tally.groups {
            if !group.is_over() && group.counts.total() > 0 {
                writeln!(self.out, "{}", group_line(group, &self.page, self.name_columns))?;
            }
        }
        for story in self.tally.stories(Outcome::is_guilty) {
            story::in_full(&mut self.out, &self.page, story)?;
        }
        for story in
            self.tally.stories(|outcome| outcome == Outcome::Warn || outcome == Outcome::Inconclusive)
        {
            story::in_brief(&mut self.out, &self.page, story)?;
        }
        self.expected()?;
        self.skips()?;
        writeln!(self.out)?;
        match end {
            Some(end) => self.summary(end)?,
            None => self.fragment()?,
        }
        self.out.flush()
    }

    /// What the baseline lists: a line each.
    fn expected(&mut self) -> io::Result<()> {
        for (label, stories) in [("KNOWN", self.tally.known()), ("STALE", self.tally.stale())] {
            if !stories.is_empty() {
                writeln!(self.out)?;
            }
            for story in stories {
                story::expected(&mut self.out, &self.page, label, story)?;
            }
        }
        Ok(())
    }

    fn skips(&mut self) -> io::Result<()> {
        if !self.tally.skips.is_empty() {
            writeln!(self.out)?;
        }
        for (reason, times) in &self.tally.skips {
            let text = format!("{:>7} skipped: {}", text::thousands(*times), text::visible(reason));
            for line in self.page.wrapped(&text, 0, 17) {
                writeln!(self.out, "{}", self.page.dim(&line))?;
            }
        }
        Ok(())
    }

    fn summary(&mut self, end: &End) -> io::Result<()> {
        let counts = self.tally.counts();
        let mut parts = vec![text::counted(counts.total(), "case")];
        let always = [Outcome::Pass, Outcome::Fail, Outcome::Warn, Outcome::Inconclusive];
        for outcome in Outcome::ALL {
            let count = counts.of(outcome);
            if count > 0 || always.contains(&outcome) {
                let part = format!("{} {outcome}", text::thousands(count));
                parts.push(if count > 0 { self.page.outcome(outcome, &part) } else { part });
            }
        }
        for (count, what) in expected(&counts) {
            parts.push(self.page.doubtful(&format!("{} {what}", text::thousands(count))));
        }
        parts.push(format!("{:.1} s", end.seconds));
        let exit = format!("exit {}", end.exit);
        let exit = if end.exit == 0 { self.page.good(&exit) } else { self.page.bad(&exit) };
        writeln!(self.out, "  {}          {exit}", parts.join(" · "))?;
        match &end.again {
            Some(again) => writeln!(self.out, "  again: {again}"),
            None => Ok(()),
        }
    }

    fn fragment(&mut self) -> io::Result<()> {
        let judged = text::thousands(self.tally.counts().total());
        let text = format!("the run broke off after {judged} of {}", text::counted(self.expected, "case"));
        writeln!(self.out, "  {}", self.page.bad(&text))
    }
}

impl<W: Write + Send> Reporter for Human<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Start(start) => self.start(start),
            Event::Verdict(case) => self.case(case),
            // Told as a case too.
            Event::Finding(_) => Ok(()),
            Event::End(end) => self.end(Some(end)),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.end(None)
    }
}

/// `engine/upgrade      ██████████████████░░  58/61   3 fail   2.1 s`
fn group_line(group: &GroupTally, page: &Page, name_columns: usize) -> String {
    let counts = &group.counts;
    let judged = counts.judged();
    let full = (counts.pass * BAR_CELLS).checked_div(judged).unwrap_or(0);
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR_CELLS - full));
    let bar = match () {
        () if counts.guilty() > 0 => page.bad(&bar),
        () if judged == 0 => page.dim(&bar),
        () if counts.pass < judged => page.doubtful(&bar),
        () => page.good(&bar),
    };
    let mut line = format!("  {:name_columns$}  {bar}  {}/{judged}", group.name, counts.pass);
    for outcome in Outcome::ALL.into_iter().filter(|&outcome| outcome != Outcome::Pass) {
        let count = counts.of(outcome);
        if count > 0 {
            line = format!("{line}   {}", page.outcome(outcome, &format!("{count} {outcome}")));
        }
    }
    for (count, what) in expected(counts) {
        line = format!("{line}   {}", page.doubtful(&format!("{count} {what}")));
    }
    if judged > 0 {
        line = format!("{line}   {:.1} s", group.seconds());
    }
    line
}

/// The counts of what the baseline lists, those that are not zero.
fn expected(counts: &Counts) -> impl Iterator<Item = (usize, &'static str)> {
    [(counts.known, "known"), (counts.stale, "stale")].into_iter().filter(|(count, _)| *count > 0)
}
