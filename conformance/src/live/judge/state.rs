//! What a server may say at all: packets that are some, answers to what was asked, and on a connection that one client
//! opened and nobody else had a hand in, nothing before it is due.

use std::collections::BTreeSet;

use siospec_codec::{Profile, socket};

use super::packet::Packet;
use crate::{
    live::{
        case::{ATTACKERS, Case},
        evidence::Evidence,
        generate::texts_of,
        oracle::Oracle,
        wire::{Heard, MOST_HEARD, Seen, What, is_kept_whole},
    },
    scenario::Transport,
    siot::{Act, Step},
};

/// The first packet that the server had no reason to send.
pub(super) fn judge(case: &Case, seen: &Seen) -> Option<Evidence> {
    if !is_new(case) || seen.heard.len() >= MOST_HEARD {
        return None;
    }
    let malformed = seen.heard.iter().filter_map(text_of).find_map(malformed);
    let unasked = || {
        let sent = sent(case)?;
        seen.heard.iter().filter_map(text_of).find_map(|text| unasked(text, &sent))
    };
    let early = || (0..ATTACKERS.len()).find_map(|actor| early(case, seen, actor));
    malformed.or_else(unasked).or_else(early)
}

/// Whether every request names version 4, in which binary is no text on a WebSocket. Version 3 has other packets, and whoever
/// names none may mean it.
fn is_new(case: &Case) -> bool {
    let is_plain = |query: &str| {
        let names_one = query.starts_with("EIO=4&") && query.matches("EIO").count() == 1;
        names_one && !query.contains("b64") && !query.contains('%')
    };
    case.steps.iter().all(|step| match step {
        Step::Act(_, Act::Websocket(query) | Act::Head { query, .. }) => is_plain(query),
        Step::Act(_, Act::Request { query: Some(query), .. }) => is_plain(query),
        Step::Act(_, Act::Times(_, act)) => matches!(**act, Act::Send(_) | Act::PingFrame(_) | Act::Poll),
        Step::Act(_, Act::Bytes(_)) => false,
        _ => true,
    })
}

fn says(how: &str, what: String) -> Evidence {
    Evidence::of_kind(Oracle::State, how, what)
}

/// The whole text of a message.
fn text_of(heard: &Heard) -> Option<&str> {
    match &heard.what {
        What::Text(text) => Some(text.as_str()).filter(|text| is_kept_whole(text)),
        _ => None,
    }
}

fn malformed(text: &str) -> Option<Evidence> {
    let why = match (text.chars().next(), text.get(1..)) {
        (Some('4'), Some(packet)) => {
            socket::Packet::decode_as(packet, &Profile::reference()).err()?.to_string()
        }
        (Some('0'..='6'), _) => return None,
        _ => "Engine.IO has no such type".to_owned(),
    };
    Some(says("no packet", format!("{text:?} is no packet: {why}")))
}

/// All that was said, if it was said in packets; bytes may mean anything.
fn sent(case: &Case) -> Option<Vec<&str>> {
    let mut all = Vec::new();
    for step in &case.steps {
        let Step::Act(_, act) = step else { continue };
        if matches!(act, Act::Frame { .. }) {
            return None;
        }
        if matches!(act, Act::Request { body: Some(_), .. }) && texts_of(act).is_empty() {
            return None;
        }
        all.extend(texts_of(act));
    }
    // Where a number ends depends on the language.
    let is_long =
        |text: &&str| text.split(|char: char| !char.is_ascii_digit()).any(|digits| digits.len() > 9);
    (!all.iter().any(is_long)).then_some(all)
}

/// An answer to what nobody asked, whoever it is that hears it.
fn unasked(text: &str, sent: &[&str]) -> Option<Evidence> {
    let was_said = |wanted: &str| sent.iter().any(|text| text.contains(wanted));
    if let Some(data) = text.strip_prefix('3') {
        let what = || says("pong", format!("{text:?} came, and nobody had sent a ping like it"));
        return (!was_said(&format!("2{data}"))).then(what);
    }
    let packet = Packet::of(text)?;
    match (packet.kind, packet.id) {
        ('3' | '6', Some(id)) if !was_said(&format!("{id}[")) => Some(says(
            "acknowledgement",
            format!("{text:?} came, and nobody had asked for an acknowledgement with this id"),
        )),
        ('0', _)
            if !sent.iter().any(|text| may_join(text))
                || (packet.namespace != "/" && !was_said(packet.namespace)) =>
        {
            Some(says("connect", format!("{text:?} came, and nobody had asked to join")))
        }
        _ => None,
    }
}

/// Whether a text may be taken for a wish to join: some read a type that is missing or blank as CONNECT (SIO-PK-002).
fn may_join(text: &str) -> bool {
    let has_blank_type = |packet: &str| {
        let rest = packet.strip_prefix('4');
        rest.is_some_and(|rest| {
            rest.chars().next().is_none_or(|char| char.is_whitespace() || char == '\u{feff}')
        })
    };
    text.contains("40") || text.split('\u{1e}').any(has_blank_type)
}

/// Something out of its turn on the only connection of a client, which is a WebSocket from the beginning.
fn early(case: &Case, seen: &Seen, actor: usize) -> Option<Evidence> {
    let mut acts = case.steps.iter().filter(|step| step.actor() == Some(ATTACKERS[actor]));
    if !matches!(acts.next()?, Step::Act(_, Act::Open(Transport::Websocket))) {
        return None;
    }
    let mut lines = seen.lines.iter().filter(|line| line.actor == actor);
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    if line.odd || line.upgraded.is_none() {
        return None;
    }
    let mut opened = false;
    let mut joined: BTreeSet<&str> = BTreeSet::new();
    let mut attachments = 0_u32;
    for heard in seen.heard.iter().filter(|heard| heard.actor == actor) {
        let text = match &heard.what {
            What::Text(text) if is_kept_whole(text) => text.as_str(),
            // Nobody knows what the rest says.
            What::Text(_) => return None,
            What::Binary(bytes) => {
                let what =
                    || says("attachment", format!("{bytes} bytes came, and no packet had announced them"));
                attachments = match attachments.checked_sub(1) {
                    Some(left) => left,
                    None => return Some(what()),
                };
                continue;
            }
            What::Reply(..) | What::Control(_) | What::End => continue,
        };
        if text.starts_with('0') == opened {
            let what = if opened { "came when the session was open" } else { "came before the open packet" };
            return Some(says("open", format!("{text:?} {what}")));
        }
        opened = true;
        let Some(packet) = Packet::of(text) else { continue };
        if attachments > 0 {
            let what = format!("{text:?} came where {attachments} attachments were due");
            return Some(says("attachment", what));
        }
        match packet.kind {
            '0' => drop(joined.insert(packet.namespace)),
            '2' | '3' | '5' | '6' if !joined.contains(packet.namespace) => {
                let what = format!("{text:?} came before the answer to CONNECT of {}", packet.namespace);
                return Some(says("early", what));
            }
            _ => {}
        }
        attachments = packet.attachments;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_type_may_be_a_wish_to_join() {
        let answer = "40{\"sid\":\"a\"}";
        for sent in ["40", "4", "4 ", "4\u{c}", "2\u{1e}4\u{a0}x", "4\u{feff}"] {
            assert!(unasked(answer, &[sent]).is_none(), "{sent:?}");
        }
        for sent in ["2", "42[\"a\"]", "41"] {
            assert!(unasked(answer, &[sent]).is_some(), "{sent:?}");
        }
    }
}
