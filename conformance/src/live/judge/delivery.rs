//! What a client that keeps to the protocol is due, whatever others do: each answer once, and in the order of the questions.
//!
//! Only attackers whose part of a case is legal to the last step are looked at, and of those only what the application of
//! the testee contract answers: `message` with `message-back`, `message-with-ack` with an acknowledgement.

use std::collections::BTreeSet;

use serde_json::Value;

use super::packet::{Packet, is_placeholder, is_plain};
use crate::{
    live::{
        case::{ATTACKERS, Case},
        evidence::Evidence,
        oracle::Oracle,
        perform::Performance,
        wire::{Ended, Heard, MOST_HEARD, Seen, What, is_kept_whole},
    },
    scenario::Transport,
    siot::{Act, Item, Script, Step},
};

/// What a legal client asked for.
struct Part {
    actor: usize,
    due: Vec<Due>,
    /// Whether it left: what was under way then may be lost.
    left: bool,
}

/// An answer, as far as it is certain.
#[derive(Debug, Clone, PartialEq)]
struct Due {
    /// The echoes in one namespace come in order; an acknowledgement may come whenever its handler is done.
    stream: String,
    /// The acknowledgement id, or the arguments.
    answer: Value,
}

/// Whether somebody who keeps to the protocol still waits for an answer.
pub(super) fn is_awaited(case: &Case, done: &Performance, seen: &Seen) -> bool {
    parts(case, done, seen).iter().any(|part| !lost(part, seen).is_empty())
}

/// What speaks against the server; `is_over` says that there was time enough for every answer.
pub(super) fn judge(case: &Case, done: &Performance, seen: &Seen, is_over: bool) -> Vec<Evidence> {
    let mut all = Vec::new();
    for part in parts(case, done, seen) {
        let heard = heard(&part, seen);
        if let Some(again) = doubled(&part.due, &heard) {
            all.push(says("doubled", format!("{} came more often than it was asked for", again.text())));
        } else if !is_in_order(&part.due, &heard) {
            let order: Vec<String> = heard.iter().map(Due::text).collect();
            all.push(says("reordered", format!("it came out of order: {}", order.join(", "))));
        }
        if is_over && let Some(missing) = lost(&part, seen).first() {
            all.push(says("lost", format!("{} never came", missing.text())));
        }
    }
    all
}

fn says(how: &str, what: String) -> Evidence {
    Evidence { trace: how.to_owned(), ..Evidence::new(Oracle::Delivery, what) }
}

impl Due {
    fn text(&self) -> String {
        format!("the answer {}{}", self.stream, self.answer)
    }
}

/// The answers that did not come to somebody who is still there.
fn lost(part: &Part, seen: &Seen) -> Vec<Due> {
    let is_gone = seen.lines.iter().any(|line| {
        line.actor == part.actor && line.upgraded.is_some() && line.ended == Some(Ended::ByServer)
    });
    if part.left || is_gone {
        return Vec::new();
    }
    let mut missing = part.due.clone();
    for answer in heard(part, seen) {
        if let Some(at) = missing.iter().position(|due| *due == answer) {
            missing.remove(at);
        }
    }
    missing
}

/// An answer that came more often than it was asked for.
fn doubled<'h>(due: &[Due], heard: &'h [Due]) -> Option<&'h Due> {
    let count = |all: &[Due], one: &Due| all.iter().filter(|other| *other == one).count();
    heard.iter().find(|answer| count(heard, answer) > count(due, answer))
}

/// Whether of each stream what was heard can be had from what is due by leaving out.
fn is_in_order(due: &[Due], heard: &[Due]) -> bool {
    let streams: BTreeSet<&str> = heard.iter().map(|answer| answer.stream.as_str()).collect();
    streams.into_iter().all(|stream| {
        let mut due = due.iter().filter(|due| due.stream == stream);
        heard.iter().filter(|answer| answer.stream == stream).all(|answer| due.any(|due| due == answer))
    })
}

/// The answers that a client heard, of those that it asked for at least once. What is said to it besides is no matter of
/// this oracle.
fn heard(part: &Part, seen: &Seen) -> Vec<Due> {
    let heard = seen.heard.iter().filter(|heard| heard.actor == part.actor);
    let answers = heard.flat_map(packets).filter_map(|text| answer(&Packet::of(text)?));
    answers.filter(|answer| part.due.contains(answer)).collect()
}

/// The packets in what was heard, of text.
fn packets(heard: &Heard) -> impl Iterator<Item = &str> {
    let text = match &heard.what {
        What::Text(text) | What::Reply(200, text) => text.as_str(),
        _ => "",
    };
    text.split('\u{1e}')
}

/// What a packet of the server is an answer to.
fn answer(packet: &Packet<'_>) -> Option<Due> {
    match packet.kind {
        '2' | '5' if packet.args.first()?.as_str() == Some("message-back") => Some(Due {
            stream: format!("message-back of {} ", packet.namespace),
            answer: Value::Array(packet.args.get(1..)?.to_vec()),
        }),
        '3' | '6' => Some(Due {
            stream: format!("acknowledgement {} of {} ", packet.id?, packet.namespace),
            answer: Value::from(packet.id?),
        }),
        _ => None,
    }
}

/// What an event of a client is answered with; nothing if that is not certain. It may be that no answer is due.
fn asks(packet: &Packet<'_>) -> Option<Option<Due>> {
    let is_simple = |value: &Value| is_plain(value) || (packet.kind == '5' && is_placeholder(value));
    let is_certain = matches!(packet.kind, '2' | '5') && packet.args.iter().skip(1).all(is_simple);
    let of = |what: &str, answer| Due { stream: format!("{what} of {} ", packet.namespace), answer };
    match (packet.args.first()?.as_str()?, packet.id) {
        ("message", _) if is_certain => {
            Some(Some(of("message-back", Value::Array(packet.args.get(1..)?.to_vec()))))
        }
        ("message-with-ack", Some(id)) if is_certain => {
            Some(Some(of(&format!("acknowledgement {id}"), Value::from(id))))
        }
        ("hello", _) if is_certain => Some(None),
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
fn parts(case: &Case, done: &Performance, seen: &Seen) -> Vec<Part> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(all: &[(&str, u64)]) -> Vec<Due> {
        all.iter()
            .map(|(stream, id)| Due { stream: (*stream).to_owned(), answer: Value::from(*id) })
            .collect()
    }

    #[test]
    fn order_counts_within_a_stream_and_numbers_over_all() {
        let due = answers(&[("a", 1), ("b", 1), ("a", 2), ("a", 1), ("b", 2)]);
        for heard in [
            &[("b", 1), ("a", 1), ("b", 2), ("a", 2), ("a", 1)][..],
            &[("a", 2), ("a", 1)],
            &[("a", 1), ("a", 1)],
            &[],
        ] {
            let heard = answers(heard);
            assert!(is_in_order(&due, &heard) && doubled(&due, &heard).is_none(), "{heard:?}");
        }
        assert!(!is_in_order(&due, &answers(&[("b", 2), ("b", 1)])));
        assert!(!is_in_order(&due, &answers(&[("a", 2), ("a", 2)])));
        assert_eq!(doubled(&due, &answers(&[("a", 1), ("a", 2), ("a", 2)])), answers(&[("a", 2)]).first());
    }

    #[test]
    fn what_is_due_is_known_of_plain_events_only() {
        let due = |text: &str| asks(&Packet::of(text).unwrap());
        assert_eq!(due(r#"42["hello",1]"#), Some(None));
        let echo = due(r#"42/custom,["message",1,{"a":[null]}]"#).unwrap().unwrap();
        let back = answer(&Packet::of(r#"42/custom,["message-back",1,{"a":[null]}]"#).unwrap()).unwrap();
        assert_eq!(echo, back);
        let asked = due(r#"451-7["message-with-ack",{"_placeholder":true,"num":0}]"#).unwrap().unwrap();
        assert_eq!(Some(&asked), answer(&Packet::of(r#"437["x"]"#).unwrap()).as_ref());
        for unclear in [
            r#"42["message-with-ack",1]"#,
            r#"42["message",1.5]"#,
            r#"42["disconnect"]"#,
            r#"42["message",{"_placeholder":true,"num":0}]"#,
            r#"451-["message",{"_placeholder":true,"num":1}]"#,
            "43[1]",
        ] {
            assert_eq!(due(unclear), None, "{unclear}");
        }
    }
}
