//! What a page is: how wide, whether coloured, whether alive.

use std::env;

use console::{Style, Term};

use super::{Outcome, bars::Bars};

/// How a [`Human`](super::Human) report is laid out.
#[derive(Debug, Clone)]
pub struct Page {
    /// Columns.
    pub width: usize,
    /// Whether colours are used.
    pub colour: bool,
    /// The terminal that bars may move on.
    pub live: Option<Term>,
}

impl Page {
    /// For a file or a log: 100 columns without control characters.
    pub const PLAIN: Page = Page { width: 100, colour: false, live: None };

    /// For this terminal, if it is one and this is not CI; colours unless `NO_COLOR` is set.
    pub fn of_terminal(term: &Term) -> Self {
        if !term.is_term() || is_set("CI") {
            return Self::PLAIN;
        }
        let width = term.size_checked().map_or(Self::PLAIN.width, |(_, columns)| usize::from(columns));
        let colour = !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb");
        // Narrower than this nothing can be told; the terminal will wrap.
        Self { width: width.clamp(40, 160), colour, live: Some(term.clone()) }
    }

    /// The same page, without colours unless `colour`.
    #[must_use]
    pub fn coloured(mut self, colour: bool) -> Self {
        self.colour &= colour;
        self
    }

    pub(super) fn bars(&self, name_columns: usize) -> Option<Bars> {
        self.live.clone().map(|term| Bars::on(term, name_columns))
    }

    /// Lines of at most the page's width; the first indented by `first` spaces, the others by `others`.
    pub(super) fn wrapped(&self, text: &str, first: usize, others: usize) -> Vec<String> {
        let (first, others) = (" ".repeat(first), " ".repeat(others));
        let options = textwrap::Options::new(self.width)
            .initial_indent(&first)
            .subsequent_indent(&others)
            // Paths and ids stay whole, to be copied.
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::wrap(text, options).into_iter().map(|line| line.into_owned()).collect()
    }

    pub(super) fn good(&self, text: &str) -> String {
        self.styled(Style::new().green(), text)
    }

    pub(super) fn bad(&self, text: &str) -> String {
        self.styled(Style::new().red().bold(), text)
    }

    pub(super) fn doubtful(&self, text: &str) -> String {
        self.styled(Style::new().yellow(), text)
    }

    pub(super) fn dim(&self, text: &str) -> String {
        self.styled(Style::new().dim(), text)
    }

    pub(super) fn outcome(&self, outcome: Outcome, text: &str) -> String {
        match outcome {
            Outcome::Pass => self.good(text),
            Outcome::Fail | Outcome::Crash | Outcome::Hang => self.bad(text),
            Outcome::Warn | Outcome::Inconclusive => self.doubtful(text),
            Outcome::Skipped => self.dim(text),
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }
}

fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty() && value != "false")
}
