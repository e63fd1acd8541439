//! One HTML file without external parts: an overview of all cases, and every rule with what was due, what came
//! instead, and a sequence diagram of what crossed the wire.

mod sequence;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Event, Reporter,
    event::{Case, Counts, End, Outcome, Start},
    text::{counted, elide, subject, thousands, visible},
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Characters of an observed text.
const TEXT: usize = 4000;

/// Collects the cases, and writes the page when the run is over or has broken off.
#[derive(Debug)]
pub struct Html<W> {
    out: W,
    start: Start,
    rules: Vec<Rule>,
    end: Option<End>,
    written: bool,
}

/// A rule and its cases, in the order they came.
#[derive(Debug)]
struct Rule {
    id: String,
    cases: Vec<Case>,
}

impl<W: Write> Html<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, start: Start::default(), rules: Vec::new(), end: None, written: false }
    }

    fn add(&mut self, case: &Case) {
        match self.rules.iter_mut().find(|rule| rule.id == case.rule) {
            Some(rule) => rule.cases.push(case.clone()),
            None => self.rules.push(Rule { id: case.rule.clone(), cases: vec![case.clone()] }),
        }
    }

    /// The groups in the order of the run, each with its rules by name.
    fn groups(&self) -> Vec<(&str, Vec<&Rule>)> {
        let mut groups: Vec<(&str, Vec<&Rule>)> =
            self.start.groups.iter().map(|group| (group.name.as_str(), Vec::new())).collect();
        for rule in &self.rules {
            let name = rule.group();
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, rules)) => rules.push(rule),
                // A recording may be cut at its head.
                None => groups.push((name, vec![rule])),
            }
        }
        groups.retain(|(_, rules)| !rules.is_empty());
        for (_, rules) in &mut groups {
            rules.sort_by(|one, other| one.id.cmp(&other.id));
        }
        groups
    }

    fn write(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.written, true) {
            return Ok(());
        }
        let groups = self.groups();
        let cases = || self.rules.iter().flat_map(|rule| &rule.cases);
        let mut counts = Counts::default();
        cases().for_each(|case| counts += case);
        let title = format!("siospec · {}", subject(&self.start));
        let page = page(
            &title,
            &html! {
                header {
                    h1 { "siospec " span.dim { (self.start.version) } }
                    p { (subject(&self.start)) }
                    (self.result(&counts))
                    (filters(&groups, cases()))
                }
                main {
                    section.overview aria-label="Overview" {
                        @for (name, rules) in &groups { (overview(name, rules)) }
                    }
                    @for (name, rules) in &groups {
                        section.group {
                            h2 { (name) }
                            @for rule in rules { (told(rule)) }
                        }
                    }
                }
            },
        );
        self.out.write_all(page.into_string().as_bytes())?;
        self.out.flush()
    }

    fn result(&self, counts: &Counts) -> Markup {
        let sum = |end: &End| format!("{} in {:.1} s", counted(counts.total(), "case"), end.seconds);
        html! {
            @match &self.end {
                Some(end) => p.result {
                    span class=(if end.exit == 0 { "mark pass" } else { "mark fail" }) {
                        (if end.exit == 0 { "conformant" } else { "not conformant" })
                    }
                    " " (sum(end)) " · exit code " (end.exit)
                    @if let Some(again) = &end.again { br; "again: " code { (again) } }
                },
                None => p.result {
                    span.mark.fail { "broke off" }
                    " after " (thousands(counts.total())) " of " (counted(self.start.selected, "case"))
                },
            }
        }
    }
}

impl Rule {
    fn group(&self) -> &str {
        self.id.rsplit_once('/').map_or(self.id.as_str(), |(group, _)| group)
    }
}

impl<W: Write + Send> Reporter for Html<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Start(start) => self.start = start.clone(),
            Event::Verdict(case) => self.add(case),
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

/// A page with this body; the style follows the reader's choice of dark or light.
pub(crate) fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Buttons that hide what is not looked for; without a script there is nothing to press.
fn filters<'a>(groups: &[(&str, Vec<&Rule>)], cases: impl Iterator<Item = &'a Case>) -> Markup {
    let mut levels: Vec<&str> = Vec::new();
    let mut standings: Vec<&str> = Vec::new();
    for case in cases {
        levels.push(&case.level);
        standings.push(standing(case));
    }
    let areas = groups.iter().map(|(name, _)| name.split('/').next().unwrap_or_default());
    html! {
        form.filters hidden {
            (choice("verdict", standings.into_iter()))
            (choice("level", levels.into_iter()))
            (choice("area", areas))
            input type="search" name="text" placeholder="part of a rule" aria-label="Part of a rule";
        }
    }
}

/// A group of boxes to tick, one for each name, with the number of those who bear it.
fn choice<'a>(field: &str, names: impl Iterator<Item = &'a str>) -> Markup {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match counted.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counted.push((name, 1)),
        }
    }
    html! {
        fieldset {
            legend { (field) }
            @for (name, count) in counted {
                label { input type="checkbox" name=(field) value=(name); " " (name) " "
                    @if field != "area" { span.dim { (thousands(count)) } } }
            }
        }
    }
}

/// A line with a square for each case.
fn overview(name: &str, rules: &[&Rule]) -> Markup {
    let cases = || rules.iter().flat_map(|rule| &rule.cases);
    let passed = cases().filter(|case| standing(case) == "pass").count();
    let judged = cases().filter(|case| case.verdict != Outcome::Skipped).count();
    html! {
        div.line {
            span.name { (name) }
            span.squares {
                @for case in cases() {
                    a class={ "square " (standing(case)) } href={ "#" (case.rule) }
                        title={ (case.rule) " over " (case.over) ": " (standing(case)) } {}
                }
            }
            span.count { (passed) "/" (judged) }
        }
    }
}

/// A rule, with everything that is known of its cases.
fn told(rule: &Rule) -> Markup {
    let Some(first) = rule.cases.first() else { return html! {} };
    let worth_a_look = |case: &&Case| standing(case) != "pass" || !case.timeline.is_empty();
    let bad = rule.cases.iter().any(|case| standing(case) != "pass" && case.verdict != Outcome::Skipped);
    let verdicts: Vec<&str> = rule.cases.iter().map(standing).collect();
    html! {
        details.rule id=(rule.id) open[bad] data-level=(first.level) data-verdict=(verdicts.join(" "))
            data-area=(rule.id.split('/').next().unwrap_or_default()) {
            summary {
                @for case in &rule.cases {
                    span class={ "mark " (standing(case)) } title=(case.over) { (standing(case)) }
                }
                code { (rule.id) }
                span.dim { (first.level) }
            }
            p.says { (first.says) }
            @if !first.source.is_empty() { p.dim { (first.source) } }
            @for case in rule.cases.iter().filter(worth_a_look) { (case_told(case)) }
            @if let Some(users) = &first.users { p { b { "Users: " } (users) } }
            @if !first.seen.is_empty() { p { b { "Seen: " } (first.seen.join(" · ")) } }
        }
    }
}

fn case_told(case: &Case) -> Markup {
    let fields = [
        ("want", case.expected.as_deref()),
        ("got", case.observed.as_deref()),
        ("why", case.message.as_deref()),
        ("listed", case.reason.as_deref()),
    ];
    html! {
        article.case {
            h3 {
                span class={ "mark " (standing(case)) } { (standing(case)) }
                " over " (case.over)
                @if !matches!(case.variant.as_str(), "" | "default") { " · " (case.variant) }
                span.dim { " " (case.ms) " ms" }
            }
            dl {
                @for (name, value) in fields {
                    @if let Some(value) = value { dt { (name) } dd { code { (visible(&elide(value, TEXT))) } } }
                }
                @if let Some(replay) = &case.replay { dt { "replay" } dd { code { "siospec replay " (replay) } } }
            }
            @if !case.timeline.is_empty() { (sequence::diagram(&case.timeline)) }
        }
    }
}

/// The word that a case is coloured by.
fn standing(case: &Case) -> &'static str {
    match case.verdict {
        _ if case.known => "known",
        _ if case.stale => "stale",
        verdict => verdict.name(),
    }
}
