//! A case that did not simply pass, told to a person.

use std::io::{self, Write};

use super::{
    super::{
        event::{Case, Line, Outcome},
        tally::Story,
        text::{self, visible},
    },
    page::Page,
};

/// Lines of a timeline that are always told: from its head, and from its tail.
const TIMELINE: (usize, usize) = (15, 40);
/// Rows of the page that one payload may take.
const PAYLOAD_ROWS: usize = 2;
/// Columns kept for a rule's id, so that what stands behind it is aligned.
const RULE_COLUMNS: usize = 45;
/// Columns before the text of a field.
const INDENT: usize = 10;

/// Rule, source, want, got, timeline, users, seen, replay.
pub(super) fn in_full(out: &mut impl Write, page: &Page, story: &Story) -> io::Result<()> {
    let case = &story.case;
    head(out, page, story)?;
    field(out, page, "rule", &case.says)?;
    field(out, page, "source", &case.source)?;
    differences(out, page, case)?;
    timeline(out, page, &case.timeline)?;
    field(out, page, "users", case.users.as_deref().unwrap_or_default())?;
    field(out, page, "seen", &case.seen.join(" · "))?;
    replay(out, page, case)
}

/// What is needed to decide whether to look closer.
pub(super) fn in_brief(out: &mut impl Write, page: &Page, story: &Story) -> io::Result<()> {
    head(out, page, story)?;
    if story.case.verdict == Outcome::Warn {
        field(out, page, "rule", &story.case.says)?;
    }
    differences(out, page, &story.case)?;
    replay(out, page, &story.case)
}

fn replay(out: &mut impl Write, page: &Page, case: &Case) -> io::Result<()> {
    match &case.replay {
        Some(replay) => field(out, page, "replay", &format!("siospec replay {replay}")),
        None => Ok(()),
    }
}

/// One that the baseline lists: what it is, and why it was expected.
pub(super) fn expected(out: &mut impl Write, page: &Page, label: &str, story: &Story) -> io::Result<()> {
    let line = format!(" {label}  {}  {}", story.case.rule, story.circumstances());
    for row in page.wrapped(&line, 0, INDENT) {
        writeln!(out, "{}", page.doubtful(&row))?;
    }
    field(out, page, "why", story.case.reason.as_deref().unwrap_or_default())
}

fn head(out: &mut impl Write, page: &Page, story: &Story) -> io::Result<()> {
    let (rule, circumstances) = (&story.case.rule, story.circumstances());
    let label = story.case.verdict.name().to_uppercase();
    let columns = label.len() + rule.chars().count().max(RULE_COLUMNS) + circumstances.chars().count() + 4;
    let label = page.outcome(story.case.verdict, &label);
    writeln!(out)?;
    if columns > page.width {
        writeln!(out, " {label}  {rule}")?;
        return paragraph(out, page, "", &circumstances);
    }
    writeln!(out, " {label}  {rule:RULE_COLUMNS$} {}", page.dim(&circumstances))
}

fn differences(out: &mut impl Write, page: &Page, case: &Case) -> io::Result<()> {
    field(out, page, "want", case.expected.as_deref().unwrap_or_default())?;
    field(out, page, "got", case.observed.as_deref().unwrap_or_default())?;
    if case.expected.is_none() && case.observed.is_none() {
        field(out, page, "why", case.message.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

fn timeline(out: &mut impl Write, page: &Page, lines: &[Line]) -> io::Result<()> {
    let ends = lines.iter().map(|line| text::ends(line).chars().count()).max().unwrap_or(0);
    for line in text::excerpt(lines, TIMELINE.0, TIMELINE.1) {
        match line {
            Some(line) => entry(out, page, line, ends)?,
            None => writeln!(out, "   {}", page.dim("…"))?,
        }
    }
    Ok(())
}

/// `   +0.004  client → server   WS  open`; the guilty one is marked.
fn entry(out: &mut impl Write, page: &Page, line: &Line, ends_columns: usize) -> io::Result<()> {
    let lead = format!("{}  {:ends_columns$}  ", text::time(line), text::ends(line));
    let indent = 3 + lead.chars().count();
    let room = page.width.saturating_sub(indent).max(20);
    let what = text::elide(&line.what, room * PAYLOAD_ROWS);
    let what = visible(&what);
    let mut rows = page.wrapped(&what, indent, indent).into_iter();
    // The lead is set in the place of the first row's indent, so that colour does not count as width.
    let first = rows.next().unwrap_or_default();
    let first = first.trim_start();
    if line.guilty {
        writeln!(out, " {} {}", page.bad("▶"), page.bad(&format!("{lead}{first}")))?;
    } else {
        writeln!(out, "   {}{first}", page.dim(&lead))?;
    }
    for row in rows {
        writeln!(out, "{}", if line.guilty { page.bad(&row) } else { row })?;
    }
    Ok(())
}

fn field(out: &mut impl Write, page: &Page, name: &str, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let limit = page.width.saturating_sub(INDENT).max(20) * 6;
    paragraph(out, page, name, &visible(&text::elide(text, limit)))
}

fn paragraph(out: &mut impl Write, page: &Page, name: &str, text: &str) -> io::Result<()> {
    let mut rows = page.wrapped(text, INDENT, INDENT).into_iter();
    let first = rows.next().unwrap_or_default();
    writeln!(out, "   {} {}", page.dim(&format!("{name:6}")), first.trim_start())?;
    rows.try_for_each(|row| writeln!(out, "{row}"))
}
