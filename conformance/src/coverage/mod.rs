//! What the catalogue covers: every behaviour of a server that can be seen on the wire, row by row, and public reports of
//! servers that were wrong.
//!
//! The tables are data beside the rules, and are checked against the catalogue by a test: a row cannot claim a rule that does
//! not exist.

use std::collections::BTreeSet;

use crate::rule::{Document, Rule};

/// One behaviour that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id: `EIO-HS-001`.
    pub id: &'static str,
    /// `M` the texts demand it, `R` the reference does it, `O` optional.
    pub level: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Which rules cover it.
    pub covered: Covered,
}

/// Which rules cover a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covered {
    /// These do.
    By(Vec<&'static str>),
    /// These do in part; what is missing.
    Partly(Vec<&'static str>, &'static str),
    /// None, with the reason.
    Not(Reason),
}

/// Why no rule covers a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nobody has written one.
    NoRule,
    /// The server would have to be set up in a way that no variant has.
    Config,
    /// It shows inside the server only.
    Inside,
    /// The application would have to do something that the testee contract does not offer.
    Api,
    /// Servers differ here and no text decides: whatever a server does is right.
    Differs,
    /// It takes longer than a run should.
    Slow,
    /// It lies in time alone, which a busy machine spoils.
    Time,
    /// It takes several nodes.
    Cluster,
}

/// A part of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The common beginning of its ids.
    pub prefix: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A public report of something that was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Its number.
    pub number: usize,
    /// Who can show it: `server`, `client` or `cluster`.
    pub role: &'static str,
    /// The reports.
    pub reports: Vec<&'static str>,
    /// What was wrong.
    pub about: &'static str,
}

const ROWS: &str = include_str!("rows.txt");
const SIGHTINGS: &str = include_str!("sightings.txt");

impl Reason {
    /// Every reason, by its word in the table.
    const ALL: [(&'static str, Reason); 8] = [
        ("none", Reason::NoRule),
        ("config", Reason::Config),
        ("inside", Reason::Inside),
        ("api", Reason::Api),
        ("differs", Reason::Differs),
        ("slow", Reason::Slow),
        ("time", Reason::Time),
        ("cluster", Reason::Cluster),
    ];

    /// The reason in words.
    pub const fn text(self) -> &'static str {
        match self {
            Reason::NoRule => "no rule yet",
            Reason::Config => "no variant sets a server up like this",
            Reason::Inside => "shows inside the server only",
            Reason::Api => "the testee contract has no command for it",
            Reason::Differs => "servers differ, and no text decides",
            Reason::Slow => "takes longer than a run should",
            Reason::Time => "lies in time alone",
            Reason::Cluster => "takes several nodes",
        }
    }
}

impl Row {
    /// The rules that cover it, wholly or in part.
    pub fn rules(&self) -> &[&'static str] {
        match &self.covered {
            Covered::By(rules) | Covered::Partly(rules, _) => rules,
            Covered::Not(_) => &[],
        }
    }
}

impl Sighting {
    /// The rules that name one of its reports.
    pub fn rules<'r>(&self, rules: &[&'r Rule]) -> Vec<&'r str> {
        let names = |rule: &&&Rule| rule.seen.iter().any(|seen| self.reports.contains(seen));
        rules.iter().filter(names).map(|rule| rule.id).collect()
    }
}

/// The table of behaviours, in the order of their ids.
///
/// # Panics
/// The table in this program is not well-formed; a test reads it.
pub fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in ROWS.lines() {
        if let Some((prefix, title)) = line.strip_prefix("# ").and_then(|line| line.split_once(' '))
            && prefix.contains('-')
        {
            sections.push(Section { prefix, title, rows: Vec::new() });
        } else if let Some(row) = (!line.starts_with('#')).then(|| row(line)).flatten() {
            sections.last_mut().expect("a row stands below the title of its section").rows.push(row);
        }
    }
    sections
}

fn row(line: &'static str) -> Option<Row> {
    let [id, level, about, covered] = line.split(" | ").collect::<Vec<_>>()[..] else { return None };
    let (mark, rest) = covered.split_once(' ')?;
    let rules = |text: &'static str| text.split_whitespace().collect();
    let covered = match mark {
        "=" => Covered::By(rules(rest)),
        "~" => {
            let (named, missing) = rest.split_once(" ; ")?;
            Covered::Partly(rules(named), missing)
        }
        _ => Covered::Not(Reason::ALL.iter().find(|(word, _)| *word == rest)?.1),
    };
    Some(Row { id, level, about, covered })
}

/// The reports, in the order of their numbers.
pub fn sightings() -> Vec<Sighting> {
    let lines = SIGHTINGS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(sighting).collect()
}

fn sighting(line: &'static str) -> Option<Sighting> {
    let [number, role, reports, about] = line.split(" | ").collect::<Vec<_>>()[..] else { return None };
    Some(Sighting {
        number: number.parse().ok()?,
        role,
        reports: reports.split_whitespace().collect(),
        about,
    })
}

/// The sections of a protocol's text that demand something of a server, as far as its rules name them: the section, and the
/// rules taken from it.
pub fn text_sections<'r>(document: Document, rules: &[&'r Rule]) -> Vec<(&'static str, Vec<&'r str>)> {
    let known: &[&str] = match document {
        Document::EngineIo4 => &ENGINE_SECTIONS,
        Document::SocketIo5 => &SOCKET_SECTIONS,
        _ => &[],
    };
    let ours: Vec<&&Rule> = rules.iter().filter(|rule| rule.source.document == document).collect();
    let mut sections: Vec<&str> = known.to_vec();
    let named: BTreeSet<&str> = ours.iter().map(|rule| rule.source.section).collect();
    sections.extend(named.iter().filter(|section| !known.contains(section)));
    let of = |section: &str| {
        ours.iter().filter(|rule| rule.source.section == section).map(|rule| rule.id).collect()
    };
    sections.into_iter().map(|section| (section, of(section))).collect()
}

/// The sections of the Engine.IO protocol that are about behaviour.
const ENGINE_SECTIONS: [&str; 13] = [
    "Handshake",
    "Query parameters",
    "Heartbeat",
    "Upgrade",
    "HTTP long-polling",
    "HTTP long-polling: Headers",
    "HTTP long-polling: Sending data",
    "HTTP long-polling: Receiving data",
    "WebSocket",
    "Packet encoding",
    "Packet encoding: HTTP long-polling",
    "Packet encoding: WebSocket",
    "Packet encoding: close",
];

/// The sections of the Socket.IO protocol that are about behaviour.
const SOCKET_SECTIONS: [&str; 10] = [
    "Introduction: multiplexing",
    "Connection to a namespace",
    "Sending and receiving data",
    "Acknowledgement",
    "Acknowledgement: BINARY_ACK",
    "Disconnection from a namespace",
    "Packet encoding",
    "Packet encoding: BINARY_EVENT",
    "Packet encoding: BINARY_ACK",
    "History: v5",
];
