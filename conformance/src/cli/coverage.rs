//! `siospec list --coverage`: what the catalogue covers, and what it does not.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use serde_json::{Value, json};

use super::{Exit, Failure};
use crate::{
    coverage::{Covered, Row, Section, Sighting, sections, sightings, text_sections},
    rule::{Document, Rule},
    suite,
};

/// Prints the table, or what of it the words choose: beginnings of ids, like `EIO-UP`.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn run(words: &[String], as_json: bool) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let rules: Vec<&'static Rule> = suite::all().iter().map(|scenario| scenario.rule).collect();
    let chosen = |row: &Row| words.is_empty() || words.iter().any(|word| row.id.starts_with(word.as_str()));
    let sections: Vec<Section> = sections()
        .into_iter()
        .map(|section| Section { rows: section.rows.into_iter().filter(chosen).collect(), ..section })
        .filter(|section| !section.rows.is_empty())
        .collect();
    if sections.is_empty() {
        let why = "no row is selected; `siospec list --coverage` shows them all";
        return Err(Failure::new(Exit::NothingSelected, why));
    }
    if as_json {
        writeln!(out, "{:#}", as_value(&sections, &rules))?;
        return Ok(Exit::Fine);
    }
    for section in &sections {
        writeln!(out, "{}  {}\n", section.title, tally(section.rows.iter()))?;
        for row in &section.rows {
            write_row(&mut out, row)?;
        }
        writeln!(out)?;
    }
    if words.is_empty() {
        write_texts(&mut out, &rules)?;
        write_sightings(&mut out, &rules)?;
        write_beyond(&mut out, &sections, &rules)?;
        writeln!(out, "All rows: {}", tally(sections.iter().flat_map(|section| &section.rows)))?;
        let demanded = sections.iter().flat_map(|section| &section.rows).filter(|row| row.level == "M");
        writeln!(out, "Those that the texts demand: {}", tally(demanded))?;
    }
    Ok(Exit::Fine)
}

fn write_row(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let (id, level, about) = (row.id, row.level, row.about);
    match &row.covered {
        Covered::By(rules) => writeln!(out, "  {id}  {level}  {about:44}  {}", rules.join(" ")),
        Covered::Partly(rules, missing) => {
            writeln!(out, "  {id}  {level}  {about:44}  {} (in part: {missing})", rules.join(" "))
        }
        Covered::Not(reason) => writeln!(out, "  {id}  {level}  {about:44}  not covered: {}", reason.text()),
    }
}

fn write_texts(out: &mut impl Write, rules: &[&'static Rule]) -> io::Result<()> {
    for (name, document) in
        [("Engine.IO protocol v4", Document::EngineIo4), ("Socket.IO protocol v5", Document::SocketIo5)]
    {
        writeln!(out, "{name}, by section\n")?;
        for (section, rules) in text_sections(document, rules) {
            let many = if rules.is_empty() { "no rule".to_owned() } else { format!("{} rules", rules.len()) };
            writeln!(out, "  {section:36}  {many:9}  {}", rules.join(" "))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_sightings(out: &mut impl Write, rules: &[&'static Rule]) -> io::Result<()> {
    writeln!(out, "Public reports of what was wrong\n")?;
    for sighting in sightings() {
        let Sighting { number, role, about, .. } = &sighting;
        let named = sighting.rules(rules);
        let caught = match (named.is_empty(), *role) {
            (false, _) => named.join(" "),
            (true, "server") => "no rule names it".to_owned(),
            (true, role) => format!("not covered: takes a {role}"),
        };
        writeln!(out, "  {number:2}  {about:70}  {caught}")?;
    }
    writeln!(out)
}

/// The rules that hold more than any row says.
fn write_beyond(out: &mut impl Write, sections: &[Section], rules: &[&'static Rule]) -> io::Result<()> {
    let rows = sections.iter().flat_map(|section| &section.rows);
    let named: BTreeSet<&str> = rows.flat_map(|row| row.rules().iter().copied()).collect();
    writeln!(out, "Rules that belong to no row\n")?;
    for rule in rules.iter().filter(|rule| !named.contains(rule.id)) {
        writeln!(out, "  {:45}  {}", rule.id, rule.says)?;
    }
    writeln!(out)
}

/// `30 rows: 20 covered, 4 in part, 6 not`
fn tally<'r>(rows: impl Iterator<Item = &'r Row>) -> String {
    let (mut covered, mut partly, mut not) = (0, 0, 0);
    for row in rows {
        *match row.covered {
            Covered::By(_) => &mut covered,
            Covered::Partly(..) => &mut partly,
            Covered::Not(_) => &mut not,
        } += 1;
    }
    format!("{} rows: {covered} covered, {partly} in part, {not} not", covered + partly + not)
}

fn as_value(sections: &[Section], rules: &[&'static Rule]) -> Value {
    let rows = sections.iter().flat_map(|section| &section.rows).map(|row| {
        let (state, missing) = match &row.covered {
            Covered::By(_) => ("covered", None),
            Covered::Partly(_, missing) => ("in part", Some(*missing)),
            Covered::Not(reason) => ("not covered", Some(reason.text())),
        };
        json!({
            "id": row.id, "level": row.level, "about": row.about, "state": state, "rules": row.rules(),
            "missing": missing,
        })
    });
    let sightings = sightings().into_iter().map(|sighting| {
        json!({
            "number": sighting.number, "role": sighting.role, "reports": sighting.reports, "about": sighting.about,
            "rules": sighting.rules(rules),
        })
    });
    json!({ "rows": rows.collect::<Vec<_>>(), "sightings": sightings.collect::<Vec<_>>() })
}
