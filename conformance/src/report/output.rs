//! Where reports go: the kinds, the `KIND=PATH` of the command line, and the set of reports of a run.

use std::{
    error, fmt,
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    str::FromStr,
};

use console::Term;

use super::{Event, Html, Human, JsonLines, Junit, Markdown, Page};

/// Makes something readable of the events of a run.
pub trait Reporter: Send {
    /// Takes the next event.
    ///
    /// # Errors
    /// What it is written to fails.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Writes what is still missing. The run is over, or broke half-way; nothing is to come after this.
    ///
    /// # Errors
    /// What it is written to fails.
    fn finish(&mut self) -> io::Result<()>;
}

/// The kinds of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// The page that the terminal shows.
    Human,
    /// The events themselves, one JSON object a line.
    Jsonl,
    /// JUnit XML, for CI systems.
    Junit,
    /// A Markdown summary, for CI systems.
    Markdown,
    /// One HTML file without external parts, with a sequence diagram for each failure.
    Html,
}

/// A report asked for: `junit=out/junit.xml`; the path `-` is standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// What kind.
    pub kind: Kind,
    /// Where it goes.
    pub path: PathBuf,
}

/// The reports of a run. Whatever ends the run, each of them is finished: at the latest when this is dropped.
pub struct Reports {
    reporters: Vec<Box<dyn Reporter>>,
    finished: bool,
}

/// A report cannot be written.
#[derive(Debug)]
pub struct OpenError {
    path: PathBuf,
    reason: io::Error,
}

impl Spec {
    /// Whether the report goes to standard output.
    pub fn is_stdout(&self) -> bool {
        self.path.as_os_str() == "-"
    }

    /// Opens what the report is written to, so that a path that cannot be written is found before a run begins.
    /// Colours are for a terminal that has some, and only if `colour`.
    ///
    /// # Errors
    /// The path cannot be written.
    pub fn open(&self, colour: bool) -> Result<Box<dyn Reporter>, OpenError> {
        if self.is_stdout() {
            let page = Page::of_terminal(&Term::stdout()).coloured(colour);
            return Ok(self.kind.reporter(io::stdout(), page));
        }
        let file =
            File::create(&self.path).map_err(|reason| OpenError { path: self.path.clone(), reason })?;
        Ok(self.kind.reporter(BufWriter::new(file), Page::PLAIN))
    }
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, path) =
            text.split_once('=').ok_or("a report is KIND=PATH, for example junit=junit.xml")?;
        let kind = <Kind as clap::ValueEnum>::from_str(kind, false).map_err(|_| {
            format!("no report is called `{kind}`; there are human, jsonl, junit, markdown and html")
        })?;
        if path.is_empty() {
            return Err("the path is missing; `-` is standard output".into());
        }
        Ok(Self { kind, path: path.into() })
    }
}

impl Kind {
    /// A report of this kind on `out`.
    pub fn reporter(self, out: impl Write + Send + 'static, page: Page) -> Box<dyn Reporter> {
        match self {
            Kind::Human => Box::new(Human::new(out, page)),
            Kind::Jsonl => Box::new(JsonLines::new(out)),
            Kind::Junit => Box::new(Junit::new(out)),
            Kind::Markdown => Box::new(Markdown::new(out)),
            Kind::Html => Box::new(Html::new(out)),
        }
    }
}

impl Reports {
    /// The reports asked for, and the page for whoever looks on: on standard output, or on standard error
    /// if a report asked for takes standard output.
    ///
    /// # Errors
    /// A path cannot be written. This is known before the run begins.
    pub fn open(specs: &[Spec], colour: bool) -> Result<Self, OpenError> {
        let mut reporters = Vec::new();
        for spec in specs {
            reporters.push(spec.open(colour)?);
        }
        let onlooker = |term: &Term| Page::of_terminal(term).coloured(colour);
        if !specs.iter().any(Spec::is_stdout) {
            reporters.push(Kind::Human.reporter(io::stdout(), onlooker(&Term::stdout())));
        } else if !specs.iter().any(|spec| spec.is_stdout() && spec.kind == Kind::Human) {
            reporters.push(Kind::Human.reporter(io::stderr(), onlooker(&Term::stderr())));
        }
        Ok(Self::new(reporters))
    }

    /// These reports.
    pub fn new(reporters: Vec<Box<dyn Reporter>>) -> Self {
        Self { reporters, finished: false }
    }

    /// Adds a report, if it is one.
    pub fn also(&mut self, reporter: Option<Box<dyn Reporter>>) {
        self.reporters.extend(reporter);
    }

    /// Tells every report what happened.
    ///
    /// # Errors
    /// The first error of a report; the others have been told all the same.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        self.each(|reporter| reporter.event(event))
    }

    /// Finishes every report.
    ///
    /// # Errors
    /// The first error of a report; the others have been finished all the same.
    pub fn finish(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        self.each(|reporter| reporter.finish())
    }

    fn each(&mut self, mut tell: impl FnMut(&mut dyn Reporter) -> io::Result<()>) -> io::Result<()> {
        let mut first_error = Ok(());
        self.reporters.retain_mut(|reporter| match tell(reporter.as_mut()) {
            // Whoever read this report has gone. That ends neither the run nor the other reports.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => false,
            result => {
                if first_error.is_ok() {
                    first_error = result;
                }
                true
            }
        });
        first_error
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        // Nobody is left to hear of an error; `finish` is for those who want to.
        drop(self.finish());
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").field("reporters", &self.reporters.len()).finish_non_exhaustive()
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write report {}: {}", self.path.display(), self.reason)
    }
}

impl error::Error for OpenError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.reason)
    }
}
