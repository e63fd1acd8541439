//! Attackers whose part of a case is legal to the last step, and what they are due for it.
//!
//! What is due is known of what the application of the testee contract answers: `message` with `message-back`,
//! `message-with-ack` with an acknowledgement. Whoever does anything else that is not understood here is not looked at.

use std::collections::BTreeSet;

use serde_json::Value;

use super::packet::{Packet, is_placeholder, is_plain};
use crate::{
    live::{
        case::{ATTACKERS, Case},
        perform::Performance,
        wire::{Heard, MOST_HEARD, Seen, What, is_kept_whole},
    },
    scenario::Transport,
    siot::{Act, Item, Script, Step},
};

/// What a legal client asked for.
pub(super) struct Part {
    /// Who it was.
    pub(super) actor: usize,
    /// Every answer that is due, in the order of the questions.
    pub(super) due: Vec<Due>,
    /// Whether it left: what was under way then may be lost.
    pub(super) left: bool,
}

/// An answer, as far as it is certain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Due {
    /// The echoes in one namespace come in order; an acknowledgement may come whenever its handler is done.
    pub(super) stream: String,
    /// The arguments of an echo; of an acknowledgement it is only due that it comes.
    pub(super) answer: Value,
}

impl Due {
    /// The echo that an event is answered with, or that a packet is: the same arguments behind the name.
    pub(super) fn echo(packet: &Packet<'_>) -> Option<Self> {
        let answer = Value::Array(packet.args.get(1..)?.to_vec());
        Some(Self { stream: format!("message-back of {} ", packet.namespace), answer })
    }

    /// The acknowledgement that an event asks for, or that a packet is.
    pub(super) fn acknowledgement(packet: &Packet<'_>) -> Option<Self> {
        let stream = format!("acknowledgement {} of {}", packet.id?, packet.namespace);
        Some(Self { stream, answer: Value::Null })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        match &self.answer {
            Value::Null => self.stream.clone(),
            answer => format!("{}{answer}", self.stream),
        }
    }
}

/// What an event of a client is answered with; nothing if that is not certain. It may be that no answer is due.
pub(super) fn asks(packet: &Packet<'_>) -> Option<Option<Due>> {
    let is_simple = |value: &Value| is_plain(value) || (packet.kind == '5' && is_placeholder(value));
    let is_certain = matches!(packet.kind, '2' | '5') && packet.args.iter().skip(1).all(is_simple);
    match packet.args.first()?.as_str().filter(|_| is_certain)? {
        "message" => Due::echo(packet).map(Some),
        "message-with-ack" => Due::acknowledgement(packet).map(Some),
        "hello" => Some(None),
        _ => None,
    }
}

/// How far a client has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Nowhere,
    Polling,
    Opened,
    Probed,
    There,
}

/// The clients of a case that kept to the protocol.
pub(super) fn parts(case: &Case, done: &Performance, seen: &Seen) -> Vec<Part> {
    // Where something was not done, nobody knows what of it arrived.
    if done.finished.is_none() {
        return Vec::new();
    }
    let legal = (0..ATTACKERS.len()).filter_map(|actor| part(case, done, seen, actor));
    legal.filter(|part| !part.due.is_empty() && is_alone(case, part.actor)).collect()
}

/// What a client did, if all of it is legal.
fn part(case: &Case, done: &Performance, seen: &Seen, actor: usize) -> Option<Part> {
    let name = ATTACKERS[actor];
    let [poll, upgrade] = ["polling", "websocket"].map(|over| format!("EIO=4&transport={over}&sid=${name}"));
    let mut part = Part { actor, due: Vec::new(), left: false };
    let mut stage = Stage::Nowhere;
    let mut joined = BTreeSet::new();
    for (number, step) in case.steps.iter().enumerate() {
        let Step::Act(_, act) = step else { continue };
        if step.actor() != Some(name) {
            continue;
        }
        // Whoever left does nothing more that counts.
        if part.left {
            return None;
        }
        let knows = |text: &str| has_heard(seen, actor, *done.marks.get(number)?, text).then_some(());
        match (stage, act) {
            (Stage::Nowhere, Act::Open(Transport::Websocket)) => stage = Stage::There,
            (Stage::Nowhere, Act::Handshake) => stage = Stage::Polling,
            (Stage::Polling, Act::Poll) => {}
            (Stage::Polling, Act::Request { method, query: Some(query), headers, body: None })
                if method == "GET" && *query == poll && headers.is_empty() => {}
            (Stage::Polling, Act::Websocket(query)) if *query == upgrade => stage = Stage::Opened,
            (Stage::There, Act::PingFrame(payload)) if payload.len() <= 125 => {}
            (_, Act::CloseFrame | Act::Drop | Act::HangUp | Act::Reset | Act::Finish) => part.left = true,
            (_, Act::Send(items)) => match (stage, text_of(items)?) {
                (Stage::Opened, "2probe") => stage = Stage::Probed,
                (Stage::Probed, "5") => {
                    knows("3probe")?;
                    stage = Stage::There;
                }
                // Who joins a second time is another socket from then on.
                (Stage::There | Stage::Polling, text @ ("40" | "40/custom,")) => {
                    joined.insert(text).then_some(())?;
                }
                (Stage::There | Stage::Polling, "1" | "41" | "41/custom,") => part.left = true,
                (Stage::There | Stage::Polling, text) => {
                    let packet = Packet::of(text)?;
                    knows(&match packet.namespace {
                        "/" => "40{".to_owned(),
                        namespace => format!("40{namespace},{{"),
                    })?;
                    part.due.extend(asks(&packet)?);
                }
                _ => return None,
            },
            _ => return None,
        }
    }
    // Whoever polls has what is not fetched yet still to come.
    part.left |= stage != Stage::There;
    let is_well_heard = |heard: &Heard| match &heard.what {
        What::Text(text) | What::Reply(200 | 101, text) => is_kept_whole(text),
        What::Reply(..) => false,
        What::Binary(_) | What::Control(_) | What::End => true,
    };
    let mut heard = seen.heard.iter().filter(|heard| heard.actor == actor);
    (heard.all(is_well_heard) && seen.heard.len() < MOST_HEARD).then_some(part)
}

/// The text of what is sent, with one attachment at most, if it is of an ordinary size.
fn text_of(items: &[Item]) -> Option<&str> {
    /// No limit of any server comes near.
    const ORDINARY: usize = 1000;
    let (text, attachments) = match items {
        [Item::Text(text)] => (text, 0),
        [Item::Text(text), Item::Binary(bytes)] if bytes.len() < ORDINARY => (text, 1),
        _ => return None,
    };
    let announced = Packet::of(text).map_or(0, |packet| packet.attachments);
    (text.len() < ORDINARY && announced == attachments && !text.contains('$')).then_some(text)
}

/// Whether a client had heard a packet that begins like this when so much had been heard by all.
fn has_heard(seen: &Seen, actor: usize, mark: usize, beginning: &str) -> bool {
    let heard = seen.heard.iter().take(mark).filter(|heard| heard.actor == actor);
    heard.flat_map(packets).any(|packet| packet.starts_with(beginning))
}

/// Whether nobody else uses the session of a client.
fn is_alone(case: &Case, actor: usize) -> bool {
    let variable = format!("${}", ATTACKERS[actor]);
    let others = case.steps.iter().filter(|step| step.actor() != Some(ATTACKERS[actor]));
    let others = Script { fields: Vec::new(), steps: others.cloned().collect() };
    !others.to_string().contains(&variable)
}

/// The packets in what was heard, of text.
pub(super) fn packets(heard: &Heard) -> impl Iterator<Item = &str> {
    let text = match &heard.what {
        What::Text(text) | What::Reply(200, text) => text.as_str(),
        _ => "",
    };
    text.split('\u{1e}')
}
