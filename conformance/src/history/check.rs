//! The verdict on a history.

use super::{
    Address, Anomaly, Finding, History, Record, SocketId, answers, deliveries, facts::Facts, life::Window,
    sure::Sure,
};

/// Everything that is wrong with a history, in the order in which it shows.
pub fn check(history: &History) -> Vec<Finding> {
    let facts = Facts::of(history);
    let mut findings = Vec::new();
    garbled(history, &mut findings);
    deliveries::check(&facts, &mut findings);
    answers::check(&facts, &mut findings);
    endings(&facts, &mut findings);
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
