//! Right histories are right, and each way of spoiling one is named.

mod anomalies;

use proptest::prelude::*;
use serde_json::json;

use super::{Anomaly, Call, Entry, History, Record, check, naive};

fn names(history: &History) -> Vec<Anomaly> {
    check(history).iter().map(|finding| finding.anomaly).collect()
}

/// Where events arrive.
fn arrivals(history: &History) -> Vec<usize> {
    let hears = |entry: &Entry| matches!(entry.record, Record::Hears { .. });
    (0..history.entries.len()).filter(|&at| hears(&history.entries[at])).collect()
}

fn pick(many: &[usize], which: usize) -> Option<usize> {
    (!many.is_empty()).then(|| many[which % many.len()])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn right_histories_are_right(seed: u64, sequential: bool, recovers: bool) {
        let history = naive::history(seed, sequential, recovers);
        prop_assert_eq!(check(&history), []);
    }

    #[test]
    fn what_is_missing_is_lost(seed: u64, recovers: bool, which: usize) {
        let mut history = naive::history(seed, true, recovers);
        let Some(at) = pick(&arrivals(&history), which) else { return Ok(()) };
        history.entries.remove(at);
        let names = names(&history);
        prop_assert!(names == [Anomaly::Lost] || names == [Anomaly::RecoveryGap], "{:?}", names);
    }

    #[test]
    fn what_comes_again_is_a_duplicate(seed: u64, recovers: bool, which: usize) {
        let mut history = naive::history(seed, true, recovers);
        let Some(at) = pick(&arrivals(&history), which) else { return Ok(()) };
        let again = history.entries[at].clone();
        history.entries.insert(at + 1, again);
        let names = names(&history);
        prop_assert!(names == [Anomaly::Duplicate] || names == [Anomaly::RecoveryRepeat], "{:?}", names);
    }

    #[test]
    fn what_is_changed_is_corrupt(seed: u64, recovers: bool, which: usize) {
        let mut history = naive::history(seed, true, recovers);
        let Some(at) = pick(&arrivals(&history), which) else { return Ok(()) };
        if let Record::Hears { args, .. } = &mut history.entries[at].record {
            args.push(json!(null));
        }
        prop_assert_eq!(names(&history), [Anomaly::Corrupt]);
    }

    #[test]
    fn who_is_not_meant_hears_a_leak(seed: u64, recovers: bool, which: usize) {
        let mut history = naive::history(seed, true, recovers);
        let Some(at) = pick(&arrivals(&history), which) else { return Ok(()) };
        let Record::Hears { client, uid, socket, .. } = history.entries[at].record.clone() else { unreachable!() };
        let heard = |other: usize| history.entries.iter().any(|entry| {
            matches!(&entry.record, Record::Hears { client, uid: theirs, .. } if *client == other && *theirs == uid)
        });
        // Somebody who is there and did not hear it.
        let other = (0..3).find(|&other| other != client && !heard(other));
        let there = other.and_then(|other| {
            history.entries[..at].iter().rev().find_map(|entry| match &entry.record {
                Record::Connects { socket, client, .. } if *client == other => Some(*socket),
                _ => None,
            })
        });
        let (Some(other), Some(theirs)) = (other, there) else { return Ok(()) };
        prop_assume!(socket != Some(theirs));
        let mut leaked = history.entries[at].clone();
        if let Record::Hears { client, socket, .. } = &mut leaked.record {
            (*client, *socket) = (other, Some(theirs));
        }
        history.entries.insert(at + 1, leaked);
        let names = names(&history);
        let leaks = [Anomaly::Leak, Anomaly::StaleRoom, Anomaly::SelfEcho];
        prop_assert!(names.len() == 1 && leaks.contains(&names[0]), "{:?}", names);
    }

    #[test]
    fn two_events_of_one_sender_keep_their_order(seed: u64, which: usize) {
        let mut history = naive::history(seed, true, false);
        let all = arrivals(&history);
        let from = |at: usize| {
            let Record::Hears { socket, uid, .. } = &history.entries[at].record else { unreachable!() };
            let sender = history.entries.iter().find_map(|entry| match &entry.record {
                Record::Calls { by, what: Call::Emit(emission), .. } if Some(emission.uid) == *uid => Some(*by),
                _ => None,
            });
            (*socket, sender, *uid)
        };
        let pairs: Vec<(usize, usize)> = all.iter().flat_map(|&one| {
            all.iter().filter(move |&&other| other > one).map(move |&other| (one, other))
        }).filter(|&(one, other)| {
            let (one, other) = (from(one), from(other));
            (one.0, one.1) == (other.0, other.1) && one.2 != other.2
        }).collect();
        // Neighbours only: a fence between the two would show a loss as well.
        let pairs: Vec<_> = pairs.into_iter().filter(|&(one, other)| {
            !history.entries[one..other].iter().any(|entry| matches!(&entry.record, Record::Replies { .. }))
                && !all.iter().any(|&at| at > one && at < other)
        }).collect();
        prop_assume!(!pairs.is_empty());
        let (one, other) = pairs[which % pairs.len()];
        // The earlier event arrives behind the later one.
        let late = history.entries.remove(one);
        history.entries.insert(other, late);
        let names = names(&history);
        prop_assert!(names.contains(&Anomaly::Reordered), "{:?}", names);
    }

    #[test]
    fn an_answer_comes_once_and_to_its_question(seed: u64, which: usize) {
        let history = naive::history(seed, true, false);
        let asked: Vec<usize> = history.entries.iter().filter_map(|entry| match &entry.record {
            Record::Calls { call, what: Call::Ask { .. }, .. } => Some(*call),
            _ => None,
        }).collect();
        let place = |call: usize| {
            history.entries.iter().position(
                |entry| matches!(&entry.record, Record::Answered { call: of, .. } if *of == call),
            ).expect("it is answered")
        };
        let Some(call) = pick(&asked, which) else { return Ok(()) };
        let mut twice = history.clone();
        let again = history.entries[place(call)].clone();
        twice.entries.insert(place(call) + 1, again);
        prop_assert_eq!(names(&twice), [Anomaly::DoubleAck]);
        let Some(other) = asked.iter().copied().find(|other| *other != call) else { return Ok(()) };
        let mut crossed = history.clone();
        let values = |at: usize| match &history.entries[at].record {
            Record::Answered { values, .. } => values.clone(),
            _ => unreachable!(),
        };
        if let Record::Answered { values: answer, .. } = &mut crossed.entries[place(call)].record {
            *answer = values(place(other));
        }
        prop_assert_eq!(names(&crossed), [Anomaly::AckCrosstalk]);
    }
}
