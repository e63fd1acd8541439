//! Steps as a whole: taken out, put in, done again, done by others.

use fastrand::Rng;

use super::{REACTS_MS, UPGRADE, hears, words};
use crate::{
    live::case::ATTACKERS,
    siot::{Act, Data, Step},
};

/// The beginning of one and the end of the other.
pub(super) fn splice(rng: &mut Rng, one: &[Step], other: &[Step]) -> Vec<Step> {
    let cut = rng.usize(..=one.len());
    let from = rng.usize(..=other.len());
    let mut steps = one[..cut].to_vec();
    match rng.u8(..3) {
        0 => steps.extend_from_slice(&other[from..]),
        1 => {
            // The other one in the middle of it.
            steps.extend_from_slice(&other[from..]);
            steps.extend_from_slice(&one[cut..]);
        }
        _ => {
            // By turns.
            let mut rest = one[cut..].iter();
            for step in &other[from..] {
                steps.push(step.clone());
                steps.extend(rest.next().cloned());
            }
            steps.extend(rest.cloned());
        }
    }
    steps
}

/// Changes the order, the number or the actors of steps.
pub(super) fn mutate(rng: &mut Rng, steps: &mut Vec<Step>) {
    if steps.is_empty() {
        return;
    }
    let at = rng.usize(..steps.len());
    let actor = steps[at].actor().unwrap_or(ATTACKERS[0]).to_owned();
    let act = |act| Step::Act(actor.clone(), act);
    match rng.u8(..20) {
        0 | 1 => drop(steps.remove(at)),
        2 => {
            let to = rng.usize(..steps.len());
            steps.swap(at, to);
        }
        3 | 4 => {
            let again = steps[at].clone();
            steps.insert(rng.usize(at..=steps.len()), again);
        }
        5..8 => {
            // Of what is cheap there may be many.
            let first = if matches!(steps[at], Step::Act(_, Act::Bytes(_))) { 5 } else { 0 };
            let times = words::TIMES[rng.usize(first..words::TIMES.len())];
            let step = &mut steps[at];
            if let Step::Act(_, act) = step
                && let Some(most) = most_times(act)
            {
                *act = Act::Times(times.min(most), Box::new(act.clone()));
            }
        }
        8..11 => steps.insert(at + 1, act(if rng.u8(..3) == 0 { Act::Drop } else { Act::Reset })),
        11 => steps.insert(at + 1, act(Act::Finish)),
        12 => steps.insert(at, Step::Wait([1, 5, 20, 100][rng.usize(..4)])),
        13 => {
            let other = ATTACKERS[rng.usize(..ATTACKERS.len())];
            if let Step::Act(name, _) = &mut steps[at] {
                other.clone_into(name);
            }
        }
        14 => steps.insert(at, act(if rng.bool() { Act::Pause } else { Act::Mute })),
        15 => {
            let to = rng.usize(at..=steps.len());
            steps.insert(to, act(Act::Uncork));
            steps.insert(at, act(Act::Cork));
        }
        16 => steps.insert(at + 1, Step::See(hears(&actor, REACTS_MS))),
        // Nothing is waited for.
        17 => steps.retain(|step| !matches!(step, Step::See(_) | Step::Wait(_))),
        _ => in_lines(rng, steps, at),
    }
}

/// A request is written line by line, some of them more than once, as bytes.
fn in_lines(rng: &mut Rng, steps: &mut Vec<Step>, at: usize) {
    let Step::Act(actor, act) = &steps[at] else { return };
    let path = match rng.u8(..4) {
        0 => {
            words::pick(rng, &["/", "/x", "/socket.io", "/engine.io/", "*", "//", "/socket.io/socket.io.js"])
        }
        _ => "$path",
    };
    let header = match rng.bool() {
        true => SHORT,
        false => words::HEADERS[rng.usize(..words::HEADERS.len())],
    };
    let times = if rng.bool() { words::TIMES[rng.usize(..words::TIMES.len())] } else { 1 };
    let actor = actor.clone();
    let Some(mut written) = written(rng, &actor, act, path, header, times) else { return };
    if rng.u8(..3) == 0 {
        // Cut off in the middle.
        written.truncate(rng.usize(1..=written.len()));
    }
    if rng.bool() {
        written.push(Step::See(hears(&actor, REACTS_MS)));
    }
    steps.splice(at..=at, written);
}

/// A header so short that there can be many before any limit of bytes.
const SHORT: (&str, &str) = ("a", "b");

/// A request with a header many times in it; nothing where an act is none.
pub(in crate::live) fn with_headers(rng: &mut Rng, actor: &str, act: &Act, times: u32) -> Option<Vec<Step>> {
    written(rng, actor, act, "$path", SHORT, times)
}

/// The steps that write a request as bytes, with a header so many times in it.
fn written(
    rng: &mut Rng,
    actor: &str,
    act: &Act,
    path: &str,
    (name, value): (&str, &str),
    times: u32,
) -> Option<Vec<Step>> {
    let (method, query, upgrades, more) = match act {
        Act::Websocket(query) => ("GET", query.as_str(), true, &[][..]),
        Act::Open(_) => ("GET", "EIO=4&transport=websocket", true, &[][..]),
        Act::Request { method, query: Some(query), headers, .. } => {
            (method.as_str(), query.as_str(), false, &headers[..])
        }
        Act::Head { method, query, headers, .. } => (method.as_str(), query.as_str(), false, &headers[..]),
        _ => return None,
    };
    let mut lines = vec![format!("{method} {path}?{query} HTTP/1.1\r\n"), "Host: $host\r\n".to_owned()];
    if upgrades {
        lines.extend(UPGRADE.split_inclusive("\r\n").map(str::to_owned));
    }
    lines.extend(more.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    // Before all others it may push them out.
    let at = if rng.bool() { 1 } else { rng.usize(1..=lines.len()) };
    let line = format!("{name}:{value}\r\n");
    let bytes = |text: &str| Act::Bytes(Data::Text(text.to_owned()));
    let mut written = vec![Act::Connect];
    if times > 1 {
        written.push(bytes(&lines[..at].concat()));
        written.push(Act::Times(times, Box::new(bytes(&line))));
        written.push(bytes(&(lines[at..].concat() + "\r\n")));
    } else {
        lines.insert(at, line);
        written.push(bytes(&(lines.concat() + "\r\n")));
    }
    Some(written.into_iter().map(|act| Step::Act(actor.to_owned(), act)).collect())
}

/// How often an act may be done in one step; nothing for those that make no sense more than once.
pub(in crate::live) fn most_times(act: &Act) -> Option<u32> {
    match act {
        Act::Send(_) | Act::Frame { .. } | Act::PingFrame(_) | Act::CloseFrame | Act::Bytes(_) => {
            Some(10_000)
        }
        Act::Request { .. }
        | Act::Poll
        | Act::Websocket(_)
        | Act::Open(_)
        | Act::Handshake
        | Act::Connect => Some(100),
        Act::Head { .. } => Some(100),
        _ => None,
    }
}
