//! What servers do, told apart as far as it shows where else to look: state, step, reaction.

use std::collections::BTreeMap;

use super::{
    case::{ATTACKERS, Case, verb},
    generate::texts_of,
    perform::Performance,
    wire::What,
};
use crate::siot::{Act, Data, Item, Step};

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
    /// The state it was done in, as far as it matters to what may pile up.
    pub(super) state: String,
    /// Whether something had begun that had not ended.
    pub(super) amid: bool,
}

/// One step of a case, as [`Reactions`] takes it in.
#[derive(Debug, Clone)]
pub(super) struct Triple {
    step: usize,
    text: String,
    state: String,
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
        for Triple { step, text, state, amid } in triples {
            if !self.seen.contains_key(text) {
                self.seen.insert(text.clone(), self.found.len());
                let (step, amid) = (*step, *amid);
                self.found.push(Reaction { case: case.clone(), step, state: state.clone(), amid });
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
        let reaction = reaction.unwrap_or_else(|| "-".to_owned());
        let state = &mut states[actor];
        let step = step_class(act);
        let text = format!("{} | {step} | {reaction}", state.text());
        let before = state.kind();
        let amid = !state.pending.is_empty() || matches!(state.upgrade, "opened" | "probed");
        state.moves(act, &reaction);
        triples.push(Triple { step: number, text, state: before, amid });
    }
    triples
}

impl State {
    /// All that tells reactions apart.
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

/// What kind of step it is.
pub(super) fn step_class(act: &Act) -> String {
    let inner = match act {
        Act::Send(items) => items.iter().map(item_class).take(3).collect::<Vec<_>>().join(","),
        Act::Request { method, query, .. } => {
            format!("{method} {}", parameters(query.as_deref().unwrap_or("own")))
        }
        Act::Websocket(query) => parameters(query),
        Act::Head { method, .. } => method.clone(),
        Act::Frame { opcode, last, .. } => format!("{opcode} {last}"),
        Act::Bytes(Data::Text(text)) => bytes_class(text),
        Act::Times(_, act) => return step_class(act),
        _ => String::new(),
    };
    format!("{} {inner}", verb(act))
}

/// What kind of packet it is.
pub(super) fn item_class(item: &Item) -> String {
    match item {
        Item::Text(text) => {
            let head: String = text.chars().take(2).map(plain).collect();
            let announced = matches!(head.as_str(), "45" | "46").then(|| announced(text));
            head + announced.unwrap_or_default()
        }
        Item::Binary(_) => "bin".to_owned(),
    }
}

/// What kind of a part of a request it is.
fn bytes_class(text: &str) -> String {
    let lines = text.matches("\r\n").count();
    let whole = if text.ends_with("\r\n\r\n") { " end" } else { "" };
    let upgrades = if text.contains("Upgrade: ") { " upgrade" } else { "" };
    match text.split(' ').next() {
        Some(method @ ("GET" | "POST" | "OPTIONS")) => format!("{method}{upgrades}{whole}"),
        _ if lines == 1 && text.contains(':') => "line".to_owned(),
        _ if lines > 0 => format!("lines{upgrades}{whole}"),
        _ => text.chars().take(1).map(plain).collect(),
    }
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
