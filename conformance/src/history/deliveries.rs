//! Events: who heard them, who should have, how often, in which order, and whether they are what was sent.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Anomaly, Finding, Record, SocketId,
    facts::{Facts, Sent, client_name},
    life::{Life, Window},
};

/// A volatile event may be lost by chance; so many of them may not.
const CHANCES: usize = 3;

/// An event that arrived.
#[derive(Debug, Clone, Copy)]
struct Arrival<'a> {
    at: usize,
    client: usize,
    namespace: &'a str,
    socket: Option<SocketId>,
    uid: u64,
    args: &'a [Value],
    offset: bool,
}

pub(super) fn check(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    let arrivals = arrivals(facts, findings);
    let mut volatile = Chances::default();
    for (uid, sent) in &facts.emissions {
        let of_it: Vec<&Arrival<'_>> = arrivals.iter().filter(|arrival| arrival.uid == *uid).collect();
        for arrival in &of_it {
            findings.extend(strays(facts, sent, arrival));
            findings.extend(differs(facts, sent, arrival));
        }
        for (&socket, life) in &facts.lives {
            let here: Vec<&Arrival<'_>> =
                of_it.iter().copied().filter(|arrival| arrival.is_at(socket, sent)).collect();
            let excused = here
                .first()
                .is_some_and(|first| comes_with_rooms(facts, &arrivals, sent, socket, life, first.at));
            findings.extend(delivery(facts, sent, socket, life, &here, excused));
            volatile.count(facts, sent, socket, life, &here);
        }
    }
    findings.extend(volatile.verdict());
    order(facts, &arrivals, findings);
    greetings(facts, findings);
}

impl Arrival<'_> {
    fn is_at(&self, socket: SocketId, sent: &Sent<'_>) -> bool {
        self.socket == Some(socket) && self.namespace == sent.emission.namespace
    }
}

/// What arrived; what cannot be read is a finding.
fn arrivals<'a>(facts: &Facts<'a>, findings: &mut Vec<Finding>) -> Vec<Arrival<'a>> {
    let mut arrivals = Vec::new();
    for (at, entry) in facts.history.entries.iter().enumerate() {
        let Record::Hears { client, namespace, socket, uid, args, offset } = &entry.record else { continue };
        match uid.filter(|uid| facts.emissions.contains_key(uid)) {
            Some(uid) => arrivals.push(Arrival {
                at,
                client: *client,
                namespace,
                socket: *socket,
                uid,
                args,
                offset: *offset,
            }),
            None => findings.push(Finding {
                anomaly: Anomaly::Corrupt,
                what: format!("{} heard in {namespace} what nobody has sent", client_name(*client)),
                witness: vec![at],
                client: *client,
            }),
        }
    }
    arrivals
}

/// An event that arrived where the client has no such socket, or before it has one.
fn strays(facts: &Facts<'_>, sent: &Sent<'_>, arrival: &Arrival<'_>) -> Option<Finding> {
    let finding = |anomaly, what| {
        let witness = vec![sent.when.from, arrival.at];
        Some(Finding { anomaly, what, witness, client: arrival.client })
    };
    let who = client_name(arrival.client);
    if arrival.namespace != sent.emission.namespace {
        let what =
            format!("{who} heard in {} what was sent in {}", arrival.namespace, sent.emission.namespace);
        return finding(Anomaly::Leak, what);
    }
    match arrival.socket.and_then(|socket| facts.lives.get(&socket)) {
        Some(life) if life.may_hear_at(arrival.at) => None,
        Some(_) => {
            let what = format!("{who} heard of {} before it was let in", arrival.namespace);
            finding(Anomaly::BeforeConnect, what)
        }
        None => {
            let here = facts.lives.values();
            let left = here
                .filter(|life| life.client == arrival.client && life.namespace == arrival.namespace)
                .any(|life| life.connects < arrival.at);
            if left {
                finding(
                    Anomaly::StaleRoom,
                    format!("{who} had left {}, and still hears of it", arrival.namespace),
                )
            } else {
                finding(Anomaly::Leak, format!("{who} never was in {}, and hears of it", arrival.namespace))
            }
        }
    }
}

/// An event that is not what was sent.
fn differs(facts: &Facts<'_>, sent: &Sent<'_>, arrival: &Arrival<'_>) -> Option<Finding> {
    let due = sent.lasts() && facts.traits.recovers;
    let what = if arrival.args != sent.emission.args {
        let (due, came) = (shown(&sent.emission.args), shown(arrival.args));
        format!("{} was sent {due}, and heard {came}", client_name(arrival.client))
    } else if due && !arrival.offset {
        "an event that is sent again to who missed it has no offset".to_owned()
    } else if !due && arrival.offset {
        "an event that is never sent again has an offset".to_owned()
    } else {
        return None;
    };
    let witness = vec![sent.when.from, arrival.at];
    Some(Finding { anomaly: Anomaly::Corrupt, what, witness, client: arrival.client })
}

/// Whether an event reached a socket as often as it had to.
fn delivery(
    facts: &Facts<'_>,
    sent: &Sent<'_>,
    socket: SocketId,
    life: &Life,
    here: &[&Arrival<'_>],
    excused: bool,
) -> Option<Finding> {
    let reach = facts.is_for(socket, sent);
    let name = facts.name(socket);
    let finding = |anomaly, what, witness| Some(Finding { anomaly, what, witness, client: life.client });
    match here {
        [] if reach.is_yes() && !sent.emission.volatile => {
            let fence = life.fence_after(if sent.is_echo { sent.when.from } else { sent.when.to })?;
            let missed = life.breaks.iter().any(|it| {
                it.recovered.is_some()
                    && sent.when.to > it.fades
                    && it.returns.is_some_and(|returns| sent.when.from < returns)
            });
            let (anomaly, what) = if missed {
                (Anomaly::RecoveryGap, format!("{name} was away, and never heard what it missed"))
            } else {
                (Anomaly::Lost, format!("{name} had to hear what {} sent, and did not", facts.name(sent.by)))
            };
            finding(anomaly, what, vec![sent.when.from, fence.to])
        }
        [first, ..] if reach.is_no() && !excused => {
            let (anomaly, what) = unasked(facts, sent, socket, life);
            finding(anomaly, what, vec![sent.when.from, first.at])
        }
        [first, second, ..] => {
            let (anomaly, what) = if life.came_back_between(first.at, second.at) {
                (Anomaly::RecoveryRepeat, format!("{name} heard again what it had heard before it was lost"))
            } else if life.came_back_between(sent.when.from, first.at) {
                (Anomaly::RecoveryRepeat, format!("{name} heard twice what it had missed"))
            } else {
                (Anomaly::Duplicate, format!("{name} heard {} times what was sent once", here.len()))
            };
            finding(anomaly, what, vec![sent.when.from, first.at, second.at])
        }
        _ => None,
    }
}

/// Whether an event may come to a socket that is back from a loss, though it was not in the room when that was sent: the
/// reference sends again what came behind the last event that was heard, by the rooms at the time of the loss.
fn comes_with_rooms(
    facts: &Facts<'_>,
    arrivals: &[Arrival<'_>],
    sent: &Sent<'_>,
    socket: SocketId,
    life: &Life,
    at: usize,
) -> bool {
    let came_back = |returns: Option<usize>| returns.is_some_and(|returns| returns < at);
    let last = life.breaks.iter().rfind(|it| it.recovered.is_some() && came_back(it.returns));
    let Some(loss) = last.filter(|loss| sent.lasts() && sent.when.from < loss.fades) else { return false };
    let heard = arrivals.iter().rev().find(|it| it.socket == Some(socket) && it.at < loss.fades && it.offset);
    let heard = heard.and_then(|it| facts.emissions.get(&it.uid)).map(|it| it.when);
    let behind = heard.is_none_or(|heard| !sent.when.precedes(heard));
    let then = Window { from: loss.fades, to: loss.fades };
    behind && !facts.would_reach(socket, sent.by, &sent.emission.address, then).is_no()
}

/// Why it is wrong that an event reached a socket.
fn unasked(facts: &Facts<'_>, sent: &Sent<'_>, socket: SocketId, life: &Life) -> (Anomaly, String) {
    let name = facts.name(socket);
    let address = &sent.emission.address;
    if facts.is_own(socket, sent) {
        return (Anomaly::SelfEcho, format!("{name} heard what it sent to others"));
    }
    let stale = address
        .to
        .iter()
        .any(|room| life.was_in(room, sent.when.from) && facts.is_in(socket, room, sent.when).is_no());
    if stale {
        return (Anomaly::StaleRoom, format!("{name} heard what was sent to a room that it had left"));
    }
    if life.gone.is_some_and(|gone| gone < sent.when.from) {
        return (Anomaly::StaleRoom, format!("{name} had left, and still hears what is sent"));
    }
    (Anomaly::Leak, format!("{name} heard what {} sent to others", facts.name(sent.by)))
}

/// Volatile events that had to arrive, but for chance.
#[derive(Default)]
struct Chances {
    arrived: bool,
    missed: BTreeMap<u64, Finding>,
}

impl Chances {
    fn count(
        &mut self,
        facts: &Facts<'_>,
        sent: &Sent<'_>,
        socket: SocketId,
        life: &Life,
        here: &[&Arrival<'_>],
    ) {
        if !sent.emission.volatile || !life.prompt || !facts.is_for(socket, sent).is_yes() {
            return;
        }
        // What was sent just before may be what keeps it from leaving at once.
        let others = || facts.emissions.values().filter(|other| !std::ptr::eq(*other, sent));
        if others().any(|other| other.when.from <= sent.when.to && sent.when.from <= other.when.to) {
            return;
        }
        self.arrived |= !here.is_empty();
        if let Some(fence) = life.fence_after(sent.when.to) {
            let what = format!(
                "{} was ready, and heard none of {CHANCES} volatile events or more",
                facts.name(socket)
            );
            let witness = vec![sent.when.from, fence.to];
            let finding = Finding { anomaly: Anomaly::Lost, what, witness, client: life.client };
            self.missed.insert(sent.emission.uid, finding);
        }
    }

    fn verdict(self) -> Option<Finding> {
        let enough = !self.arrived && self.missed.len() >= CHANCES;
        self.missed.into_values().next_back().filter(|_| enough)
    }
}

/// What one socket sends arrives in its order, wherever it arrives.
fn order(facts: &Facts<'_>, arrivals: &[Arrival<'_>], findings: &mut Vec<Finding>) {
    let mut last: BTreeMap<(SocketId, SocketId), (usize, usize)> = BTreeMap::new();
    let mut heard: Vec<(SocketId, u64)> = Vec::new();
    for arrival in arrivals {
        let (Some(socket), Some(sent)) = (arrival.socket, facts.emissions.get(&arrival.uid)) else {
            continue;
        };
        let meant = !facts.is_for(socket, sent).is_no();
        // What was sent before a loss comes after it only if it was not for certain whether it was meant at all.
        let late =
            facts.lives.get(&socket).is_some_and(|life| life.was_lost_between(sent.when.from, arrival.at));
        if late {
            continue;
        }
        if sent.emission.volatile || !meant || heard.contains(&(socket, arrival.uid)) {
            continue;
        }
        heard.push((socket, arrival.uid));
        let before = last.entry((socket, sent.by)).or_insert((sent.when.from, arrival.at));
        if sent.when.from < before.0 {
            let what = format!(
                "{} heard two events of {} in another order than they were sent",
                facts.name(socket),
                facts.name(sent.by)
            );
            let witness = vec![sent.when.from, before.0, before.1, arrival.at];
            let client = facts.client_of(socket);
            findings.push(Finding { anomaly: Anomaly::Reordered, what, witness, client });
        } else {
            *before = (sent.when.from, arrival.at);
        }
    }
}

/// Who is new is greeted once, with what it said of itself.
fn greetings(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    if !facts.traits.greets {
        return;
    }
    for (socket, life) in &facts.lives {
        let finding = |anomaly, what, at| {
            Some(Finding { anomaly, what, witness: vec![life.connects, at], client: life.client })
        };
        let name = facts.name(*socket);
        let Some(connected) = life.connected else { continue };
        findings.extend(match life.greetings[..] {
            [] => life
                .fence_after(connected)
                .and_then(|fence| finding(Anomaly::Lost, format!("{name} was never greeted"), fence.to)),
            [first, ..] if first < connected => {
                finding(Anomaly::BeforeConnect, format!("{name} was greeted before it was let in"), first)
            }
            [first] => match &facts.history.entries[first].record {
                Record::Greeted { args, .. } if args[..] != [life.auth.clone()] => {
                    let what =
                        format!("{name} said of itself {}, and was greeted with {}", life.auth, shown(args));
                    finding(Anomaly::Corrupt, what, first)
                }
                _ => None,
            },
            [_, second, ..] => finding(Anomaly::Duplicate, format!("{name} was greeted again"), second),
        });
    }
}

/// Values for people, cut when long.
pub(super) fn shown(values: &[Value]) -> String {
    const CHARS: usize = 120;
    let text = Value::Array(values.to_vec()).to_string();
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
