//! Acknowledgements, and what the application tells about its sockets.

use std::time::Duration;

use serde_json::Value;

use super::{
    Anomaly, Call, Emission, Finding, Record, SocketId,
    deliveries::shown,
    facts::{Called, Facts, Sent, client_name},
    life::Window,
    sure::Sure,
};

pub(super) fn check(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    strays(facts, findings);
    for call in facts.calls.values() {
        let client = facts.client_of(call.by);
        let finding = |anomaly, what, at| Finding { anomaly, what, witness: vec![call.from, at], client };
        let asks = !matches!(call.what, Call::Echo(_) | Call::Ask { asks: false, .. });
        if let [_, (second, _), ..] = call.answers[..] {
            let what = format!("{} got a second answer to one question", client_name(client));
            findings.push(finding(Anomaly::DoubleAck, what, second));
        }
        match (call.answers.first(), call.unanswered) {
            (Some((at, values)), _) => {
                let wrong = wrong_answer(facts, call, values);
                findings.extend(wrong.map(|(anomaly, what)| finding(anomaly, what, *at)));
            }
            (None, Some(at)) if asks => {
                let what = format!("{} asked, and got no answer", client_name(client));
                findings.push(finding(Anomaly::Lost, what, at));
            }
            _ => {}
        }
    }
}

fn strays(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    for (at, entry) in facts.history.entries.iter().enumerate() {
        let Record::Stray { client, namespace, id, values } = &entry.record else { continue };
        let theirs = |call: &&Called<'_>| facts.client_of(call.by) == *client && call.from < at;
        // The answer to a question, at the wrong place.
        let misled = facts.calls.values().filter(theirs).any(|call| match call.what {
            Call::Ask { values: asked, asks: true } => call.answers.is_empty() && asked == values,
            _ => false,
        });
        let (anomaly, what) = match misled {
            true => (Anomaly::AckCrosstalk, "the answer to another question"),
            false => (Anomaly::DoubleAck, "an answer to nothing it has asked"),
        };
        let who = client_name(*client);
        let what = format!("{who} got in {namespace}, under the id {id}, {what}: {}", shown(values));
        findings.push(Finding { anomaly, what, witness: vec![at], client: *client });
    }
}

type Wrong = Option<(Anomaly, String)>;

fn wrong_answer(facts: &Facts<'_>, call: &Called<'_>, values: &[Value]) -> Wrong {
    if let Call::Ask { values: asked, .. } = call.what {
        return if asked == values { None } else { Some(other_values(facts, call, asked, values)) };
    }
    if matches!(call.what, Call::Fence) {
        return None;
    }
    let answer = values.first().cloned().unwrap_or_default();
    if let Some(error) = answer.get("error") {
        return Some((
            Anomaly::WrongAnswer,
            format!("a command that is right was answered with the error {error}"),
        ));
    }
    match call.what {
        Call::Emit(emission) => emission.asks.and_then(|within| {
            let sent = facts.emissions.get(&emission.uid)?;
            wrong_responses(facts, sent, emission, within, &answer)
        }),
        Call::Lookup(_) => wrong_sockets(facts, call, &answer),
        Call::Session => wrong_session(facts, call, &answer),
        _ => None,
    }
}

fn other_values(
    facts: &Facts<'_>,
    call: &Called<'_>,
    asked: &[Value],
    values: &[Value],
) -> (Anomaly, String) {
    let of_another = facts.calls.values().any(|other| match other.what {
        Call::Ask { values: theirs, .. } => other.from != call.from && theirs == values,
        _ => false,
    });
    let what = format!("{} was asked, and {} came", shown(asked), shown(values));
    (if of_another { Anomaly::AckCrosstalk } else { Anomaly::Corrupt }, what)
}

/// The answers of clients: all that were given in time, each once, and nothing else.
fn wrong_responses(
    facts: &Facts<'_>,
    sent: &Sent<'_>,
    emission: &Emission,
    within: Duration,
    answer: &Value,
) -> Wrong {
    let empty = Vec::new();
    let responses = answer["responses"].as_array().unwrap_or(&empty);
    let replies =
        || facts.replies.iter().filter(|reply| reply.uid == emission.uid && reply.at < sent.when.to);
    for (number, response) in responses.iter().enumerate() {
        if responses[..number].contains(response) {
            return Some((Anomaly::DoubleAck, format!("the answer {response} was reported twice")));
        }
        if !replies().any(|reply| reply.value == response) {
            let of_another = facts.replies.iter().any(|reply| reply.value == response);
            let what = format!("{response} was reported as an answer, and nobody had answered it");
            return Some((if of_another { Anomaly::AckCrosstalk } else { Anomaly::Corrupt }, what));
        }
    }
    for reply in replies().filter(|reply| in_time(facts, reply.socket, reply.at, sent, within)) {
        if !responses.contains(reply.value) {
            let who = facts.name(reply.socket);
            return Some((Anomaly::Lost, format!("{who} answered in time, and that was not reported")));
        }
    }
    let reached = facts.lives.keys().map(|&socket| (socket, facts.is_for(socket, sent)));
    let mut silence = Sure::No;
    for (socket, reach) in reached {
        let reply = facts.replies.iter().find(|reply| reply.uid == emission.uid && reply.socket == socket);
        let silent = match reply {
            Some(reply) if reply.at > sent.when.to => Sure::Yes,
            Some(reply) if in_time(facts, socket, reply.at, sent, within) => Sure::No,
            Some(_) => Sure::Maybe,
            None => Sure::Yes,
        };
        silence = silence.or(reach.and(silent));
    }
    // The single answer that a socket gives on behalf of itself is all there is.
    match (silence, answer["timedOut"].as_bool()) {
        (Sure::Yes, Some(true)) | (Sure::No, Some(false)) | (Sure::Maybe, Some(_)) => None,
        (Sure::Yes, told) => {
            Some((Anomaly::WrongAnswer, format!("somebody did not answer, and timedOut is {told:?}")))
        }
        (_, told) => {
            Some((Anomaly::WrongAnswer, format!("everybody answered in time, and timedOut is {told:?}")))
        }
    }
}

/// Whether an answer has surely come to the server in time: a fence that was set after it was answered before then.
fn in_time(facts: &Facts<'_>, socket: SocketId, at: usize, sent: &Sent<'_>, within: Duration) -> bool {
    let times = &facts.history.entries;
    let (Some(life), Some(asked)) = (facts.lives.get(&socket), times.get(sent.when.from)) else {
        return false;
    };
    let fences = life.fences.iter().filter(|fence| fence.from > at);
    fences.filter_map(|fence| times.get(fence.to)).any(|answered| answered.at < asked.at + within)
}

/// Exactly the sockets that are addressed, each with its rooms. Sockets that do not take part are passed over.
fn wrong_sockets(facts: &Facts<'_>, call: &Called<'_>, answer: &Value) -> Wrong {
    let Call::Lookup(address) = call.what else { return None };
    let namespace = &facts.lives.get(&call.by)?.namespace;
    let listed = answer["sockets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lives = || facts.lives.iter().filter(|(_, life)| life.namespace == *namespace);
    let mut ids: Vec<&str> = lives().filter_map(|(_, life)| life.sid.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        // Servers may use the id of a connection for its sockets, so that one that comes after another has the same.
        let of_id = lives().filter(|(_, life)| life.sid.as_deref() == Some(id)).map(|(&socket, _)| socket);
        let meant: Vec<(SocketId, Sure)> = of_id
            .map(|socket| (socket, facts.reaches(socket, call.by, address, namespace, call.window(), false)))
            .collect();
        let reach = meant.iter().map(|(_, reach)| *reach).fold(Sure::No, Sure::or);
        let possible: Vec<SocketId> =
            meant.iter().filter(|(_, reach)| !reach.is_no()).map(|(socket, _)| *socket).collect();
        let name = meant.last().map_or_else(String::new, |(socket, _)| facts.name(*socket));
        let listed: Vec<&Value> = listed.iter().filter(|it| it["id"].as_str() == Some(id)).collect();
        match (&listed[..], &possible[..]) {
            ([], _) if reach.is_yes() => {
                return Some((Anomaly::WrongAnswer, format!("{name} is there, and was not found")));
            }
            ([], _) => {}
            ([_], []) => return Some((Anomaly::WrongAnswer, format!("{name} was found where it is not"))),
            ([it], [socket]) => {
                if let Some(what) = wrong_rooms(facts, *socket, &it["rooms"], call.window()) {
                    return Some((Anomaly::WrongAnswer, what));
                }
            }
            ([_], _) => {}
            _ => return Some((Anomaly::WrongAnswer, format!("{name} was found twice"))),
        }
    }
    None
}

fn wrong_session(facts: &Facts<'_>, call: &Called<'_>, answer: &Value) -> Wrong {
    let life = facts.lives.get(&call.by)?;
    let name = facts.name(call.by);
    let wrong = |what| Some((Anomaly::WrongAnswer, what));
    if life.sid.as_deref() != answer["id"].as_str() {
        return wrong(format!("{name} was let in under {:?}, and its id is {}", life.sid, answer["id"]));
    }
    let back = life.breaks.iter().any(|it| it.recovered.is_some_and(|recovered| recovered < call.from));
    if answer["recovered"].as_bool() != Some(back) {
        return wrong(format!("{name} has come back: {back}, and recovered is {}", answer["recovered"]));
    }
    if let Some(kept) = kept(facts, call)
        && answer["data"] != kept
    {
        let anomaly = if back { Anomaly::RecoveryGap } else { Anomaly::WrongAnswer };
        return Some((anomaly, format!("{name} was to keep {kept}, and has {}", answer["data"])));
    }
    wrong_rooms(facts, call.by, &answer["rooms"], call.window()).and_then(wrong)
}

/// What a socket has to keep, if that is certain.
fn kept(facts: &Facts<'_>, call: &Called<'_>) -> Option<Value> {
    let mut kept = Value::Object(serde_json::Map::new());
    let mut last = 0;
    for other in facts.calls.values().filter(|other| other.by == call.by) {
        let Call::Keep(data) = other.what else { continue };
        let when = other.window();
        if when.overlaps(call.window()) {
            return None;
        }
        if when.precedes(call.window()) && other.from >= last {
            (kept, last) = (data.clone(), other.from);
        }
    }
    Some(kept)
}

/// What is wrong with a list of the rooms of a socket.
fn wrong_rooms(facts: &Facts<'_>, socket: SocketId, rooms: &Value, when: Window) -> Option<String> {
    let life = facts.lives.get(&socket)?;
    let listed: Vec<&str> = rooms.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut known: Vec<&str> = life.effects.iter().flat_map(|it| &it.rooms).map(String::as_str).collect();
    known.extend(life.sid.as_deref().filter(|_| facts.traits.own_rooms));
    let name = facts.name(socket);
    for room in &known {
        let (there, told) = (facts.is_in(socket, room, when), listed.contains(room));
        if there.is_yes() && !told {
            return Some(format!("{name} is in the room {room}, and is said not to be"));
        }
        if there.is_no() && told {
            return Some(format!("{name} is not in the room {room}, and is said to be"));
        }
    }
    let other = listed.into_iter().find(|room| !known.contains(room) && life.sid.as_deref() != Some(room));
    other.map(|room| format!("{name} never joined the room {room}, and is said to be in it"))
}
