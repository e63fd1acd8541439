//! What servers do, told apart as far as it shows where else to look: state, step, reaction.

use std::collections::BTreeMap;

use super::{
    case::{ATTACKERS, Case, verb},
    generate::texts_of,
    perform::Performance,
    wire::What,
};
use crate::siot::{Act, Item, Step};

/// What was seen so far, each with the first case that showed it.
#[derive(Debug, Default)]
pub(super) struct Reactions {
    seen: BTreeMap<String, usize>,
    /// In the order in which they were found.
    pub(super) found: Vec<Reaction>,
}

/// A state, a step and a reaction, and where they were seen.
#[derive(Debug, Clone)]
pub(super) struct Reaction {
    /// The case.
    pub(super) case: Case,
    /// The number of the step.
    pub(super) step: usize,
    /// Whether nothing came of it, and the connection stayed.
    pub(super) quiet: bool,
    /// What of the state and the step is worth weighing once.
    pub(super) kind: String,
    /// Whether something had begun that had not ended.
    pub(super) amid: bool,
}

/// One step of a case, as [`Reactions`] takes it in.
#[derive(Debug, Clone)]
pub(super) struct Triple {
    step: usize,
    text: String,
    quiet: bool,
    kind: String,
    amid: bool,
}

/// The state of an attacker as far as what it sent and heard tells.
#[derive(Debug, Clone, Default)]
struct State {
    websocket: bool,
    session: bool,
    old: bool,
    joined: bool,
    pending: &'static str,
    upgrade: &'static str,
    last: String,
}

impl Reactions {
    /// Takes in what a case saw; says how much of it is new.
    pub(super) fn takes(&mut self, case: &Case, triples: &[Triple]) -> usize {
        let before = self.found.len();
        for Triple { step, text, quiet, kind, amid } in triples {
            if !self.seen.contains_key(text) {
                self.seen.insert(text.clone(), self.found.len());
                let (step, quiet, amid) = (*step, *quiet, *amid);
                self.found.push(Reaction { case: case.clone(), step, quiet, kind: kind.clone(), amid });
            }
        }
        self.found.len() - before
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }
}

/// The triples of a case.
pub(super) fn triples(case: &Case, done: &Performance) -> Vec<Triple> {
    let seen = done.log.lock();
    let mut states: [State; ATTACKERS.len()] = Default::default();
    let mut triples = Vec::new();
    for (number, step) in case.steps.iter().enumerate() {
        let Step::Act(name, act) = step else { continue };
        let Some(actor) = ATTACKERS.iter().position(|attacker| attacker == name) else { continue };
        let Some(&from) = done.marks.get(number) else { break };
        let to = done.marks.get(number + 1).copied().unwrap_or(seen.heard.len()).max(from);
        let heard = seen.heard.get(from..to).unwrap_or_default();
        let reaction =
            heard.iter().filter(|heard| heard.actor == actor).map(|heard| kind(&heard.what)).next_back();
        let quiet = reaction.is_none();
        let reaction = reaction.unwrap_or_else(|| "-".to_owned());
        let state = &mut states[actor];
        let step = step_class(act);
        let text = format!("{} | {step} | {reaction}", state.text());
        let before = state.kind();
        state.moves(act, &reaction);
        let kind = format!("{before} {step} {}", state.pending);
        let amid = !state.pending.is_empty() || matches!(state.upgrade, "opened" | "probed");
        triples.push(Triple { step: number, text, quiet, kind, amid });
    }
    triples
}

impl State {
    fn text(&self) -> String {
        let Self { websocket, session, old, joined, pending, upgrade, last } = self;
        format!("{websocket} {session} {old} {joined} {pending} {upgrade} {last}")
    }

    fn kind(&self) -> String {
        let Self { websocket, old, joined, pending, upgrade, .. } = self;
        format!("{websocket} {old} {joined} {pending} {upgrade}")
    }

    fn moves(&mut self, act: &Act, reaction: &str) {
        match act {
            Act::Open(_) => (self.websocket, self.session) = (true, true),
            Act::Handshake => self.session = true,
            Act::Websocket(query) => {
                self.websocket = true;
                self.old = query.contains("EIO=3");
                self.upgrade = if query.contains("sid=") { "opened" } else { self.upgrade };
            }
            Act::Request { query: Some(query), .. } => self.old = query.contains("EIO=3"),
            Act::Drop | Act::Reset | Act::HangUp => *self = Self::default(),
            _ => {}
        }
        for text in texts_of(act) {
            match text {
                "2probe" => self.upgrade = "probed",
                "5" => self.upgrade = "upgraded",
                _ if text.starts_with("40") => self.joined = true,
                _ if text.starts_with("41") => self.joined = false,
                _ if text.starts_with("450-") || text.starts_with("460-") => self.pending = "none",
                _ if text.starts_with("45") || text.starts_with("46") => self.pending = announced(text),
                _ => {}
            }
        }
        let has_attachment =
            matches!(act, Act::Send(items) if items.iter().any(|item| matches!(item, Item::Binary(_))));
        if has_attachment && self.pending == "one" {
            self.pending = "";
        }
        if reaction != "-" {
            reaction.clone_into(&mut self.last);
        }
    }
}

fn announced(text: &str) -> &'static str {
    let digits: &str = text.get(2..).and_then(|rest| rest.split('-').next()).unwrap_or_default();
    match digits.parse::<u64>() {
        Ok(1) => "one",
        Ok(2..=10) => "some",
        Ok(_) => "many",
        Err(_) => "odd",
    }
}

fn step_class(act: &Act) -> String {
    let inner = match act {
        Act::Send(items) => items
            .iter()
            .map(|item| match item {
                Item::Text(text) => text.chars().take(2).map(plain).collect::<String>(),
                Item::Binary(_) => "bin".to_owned(),
            })
            .take(3)
            .collect::<Vec<_>>()
            .join(","),
        Act::Request { method, query, .. } => {
            format!("{method} {}", parameters(query.as_deref().unwrap_or("own")))
        }
        Act::Websocket(query) => parameters(query),
        Act::Head { method, .. } => method.clone(),
        Act::Frame { opcode, .. } => opcode.to_string(),
        Act::Times(_, act) => step_class(act),
        _ => String::new(),
    };
    format!("{} {inner}", verb(act))
}

fn plain(char: char) -> char {
    if char.is_ascii_digit() || "b[{\"".contains(char) { char } else { '.' }
}

/// The names in a query, and the values that decide.
fn parameters(query: &str) -> String {
    const KNOWN: [&str; 4] = ["EIO=3", "EIO=4", "transport=polling", "transport=websocket"];
    let mut all: Vec<&str> = query
        .split('&')
        .map(|parameter| {
            if KNOWN.contains(&parameter) {
                parameter
            } else {
                parameter.split('=').next().unwrap_or_default()
            }
        })
        .filter(|name| name.len() < 24)
        .collect();
    all.dedup();
    all.join("&")
}

fn kind(what: &What) -> String {
    match what {
        What::Reply(status, body) => {
            format!("{status} {}", body.chars().take(1).map(plain).collect::<String>())
        }
        What::Text(text) => text.chars().take(2).map(plain).collect(),
        What::Binary(_) => "bin".to_owned(),
        What::Control(opcode) => format!("control {opcode}"),
        What::End => "end".to_owned(),
    }
}
