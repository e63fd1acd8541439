//! The verdict on a history.

use super::{
    Address, Anomaly, Call, Finding, History, Record, SocketId, answers, deliveries, facts::Facts,
    life::Window, sure::Sure,
};

/// Everything that is wrong with a history, in the order in which it shows.
pub fn check(history: &History) -> Vec<Finding> {
    let facts = Facts::of(history);
    let mut findings = Vec::new();
    garbled(history, &mut findings);
    deliveries::check(&facts, &mut findings);
    answers::check(&facts, &mut findings);
    endings(&facts, &mut findings);
    newcomers(&facts, &mut findings);
    findings.sort_by_key(|finding| (finding.witness.last().copied(), finding.anomaly));
    findings
}

/// Whom an address means at the end of a history: sockets that are certainly meant, and those that may be.
pub(crate) fn reached(history: &History, by: SocketId, address: &Address) -> (Vec<SocketId>, Vec<SocketId>) {
    let facts = Facts::of(history);
    let end = history.entries.len();
    let now = Window { from: end, to: end };
    let Some(namespace) = facts.lives.get(&by).map(|life| life.namespace.as_str()) else {
        return (Vec::new(), Vec::new());
    };
    let (mut sure, mut maybe) = (Vec::new(), Vec::new());
    for &socket in facts.lives.keys() {
        match facts.reaches(socket, by, address, namespace, now, false) {
            Sure::Yes => sure.push(socket),
            Sure::Maybe => maybe.push(socket),
            Sure::No => {}
        }
    }
    (sure, maybe)
}

fn garbled(history: &History, findings: &mut Vec<Finding>) {
    for (at, entry) in history.entries.iter().enumerate() {
        if let Record::Garbled { client, what } = &entry.record {
            findings.push(Finding {
                anomaly: Anomaly::Corrupt,
                what: format!("a Socket.IO packet was due, and {what} came"),
                witness: vec![at],
                client: *client,
            });
        }
    }
}

/// Sockets that ended and nobody had ended, and the other way round; those that come back, and do not.
fn endings(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    for (socket, life) in &facts.lives {
        let finding = |anomaly, what, witness| Finding { anomaly, what, witness, client: life.client };
        if let Some(gone) = life.gone
            && !life.ends.iter().chain(life.breaks.iter().map(|it| &it.fades)).any(|&end| end < gone)
        {
            let what = format!("{} was cut off, and nobody had ended it", facts.name(*socket));
            findings.push(finding(Anomaly::CutOff, what, vec![life.connects, gone]));
        }
        for (number, (at, pid)) in life.pids.iter().enumerate().filter(|_| facts.traits.recovers) {
            if pid.is_some() && *pid == life.sid {
                let what = format!("the private id of {} is its public one", facts.name(*socket));
                findings.push(finding(Anomaly::WrongAnswer, what, vec![*at]));
            }
            if number > 0 && *pid != life.pids[0].1 {
                let what = format!("{} came back, and its private id is another one", facts.name(*socket));
                findings.push(finding(Anomaly::WrongAnswer, what, vec![life.pids[0].0, *at]));
            }
        }
        if let Some(refused) = life.refused {
            let what =
                format!("{} came back in time, and was not let in as the one it was", facts.name(*socket));
            let witness = life.breaks.last().map_or(vec![refused], |it| vec![it.fades, refused]);
            findings.push(finding(Anomaly::RecoveryGap, what, witness));
        }
    }
    for &(socket, call, close) in &facts.removed {
        let (Some(life), Some(call)) = (facts.lives.get(&socket), facts.calls.get(&call)) else { continue };
        let finding = |what, end: usize| Finding {
            anomaly: Anomaly::StaleRoom,
            what,
            witness: vec![call.from, end],
            client: life.client,
        };
        // Somebody has looked for long enough, and says so with a fence or by giving up.
        let end = facts.history.entries.len().saturating_sub(1);
        let closed = facts.closed.iter().any(|(at, client)| *client == life.client && *at > call.from);
        if life.gone.is_none() && !call.answers.is_empty() {
            findings
                .push(finding(format!("{} was disconnected, and is still there", facts.name(socket)), end));
        } else if close && !closed && !call.answers.is_empty() {
            let what =
                format!("the connection of {} was to be closed, and is still open", facts.name(socket));
            findings.push(finding(what, end));
        }
    }
}

/// Who asked to be told is told of everybody who comes, and of everybody who comes back.
fn newcomers(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    let watching =
        facts.calls.values().filter(|call| matches!(call.what, Call::Watch) && !call.answers.is_empty());
    for (watcher, since) in watching.map(|call| (call.by, call.window())) {
        let Some(it) = facts.lives.get(&watcher) else { continue };
        for (socket, life) in facts.lives.iter().filter(|(socket, _)| **socket != watcher) {
            let Some(sid) = life.sid.as_ref().filter(|_| life.namespace == it.namespace) else { continue };
            let first = life.connected.map(|to| Window { from: life.connects, to });
            let again =
                life.breaks.iter().filter_map(|it| Some(Window { from: it.returns?, to: it.recovered? }));
            for coming in first.into_iter().chain(again) {
                let there = since.precedes(coming) && it.is_there(coming, false).is_yes();
                let Some(fence) = it.fence_after(coming.to).filter(|_| there) else { continue };
                // Whoever tells it may take their time: it has to be there until the end. A loss of its own may swallow it.
                let end = facts.history.entries.len();
                let all_along = Window { from: coming.from, to: end };
                // What is sent to it alone may go by its own room.
                let own = |sid: &String| facts.is_in(watcher, sid, all_along).is_yes();
                let alone = !facts.traits.own_rooms || it.sid.as_ref().is_some_and(own);
                let kept = alone && it.is_there(all_along, false).is_yes();
                let told = facts.history.entries[coming.from..].iter().any(|entry| {
                    matches!(&entry.record, Record::Told { socket, sid: of } if *socket == watcher && of == sid)
                });
                if kept && !told {
                    findings.push(Finding {
                        anomaly: Anomaly::Lost,
                        what: format!(
                            "{} was not told that {} came",
                            facts.name(watcher),
                            facts.name(*socket)
                        ),
                        witness: vec![coming.from, fence.to],
                        client: it.client,
                    });
                }
            }
        }
    }
}
