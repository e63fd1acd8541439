//! Whether clients that keep to the protocol get what they are due: each answer once, and the echoes in the order of the events.

use std::collections::BTreeSet;

use super::{
    legal::{Due, Part, packets, parts},
    packet::Packet,
};
use crate::live::{
    case::Case,
    evidence::Evidence,
    oracle::Oracle,
    perform::Performance,
    wire::{Ended, Seen},
};

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
            all.push(Evidence::of_kind(
                Oracle::Delivery,
                "doubled",
                format!("{} came more often than it was asked for", again.text()),
            ));
        } else if !is_in_order(&part.due, &heard) {
            let order: Vec<String> = heard.iter().map(Due::text).collect();
            all.push(Evidence::of_kind(
                Oracle::Delivery,
                "reordered",
                format!("it came out of order: {}", order.join(", ")),
            ));
        }
        if is_over && let Some(missing) = lost(&part, seen).first() {
            all.push(Evidence::of_kind(Oracle::Delivery, "lost", format!("{} never came", missing.text())));
        }
    }
    all
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

/// What a packet of the server is an answer to.
fn answer(packet: &Packet<'_>) -> Option<Due> {
    match packet.kind {
        '2' | '5' if packet.args.first()?.as_str() == Some("message-back") => Due::echo(packet),
        '3' | '6' => Due::acknowledgement(packet),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::legal::asks, *};

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
