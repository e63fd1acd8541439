//! Conversations as clients have them, and the grammar without any sense.

use fastrand::Rng;

use super::{REACTS_MS, UPGRADE, hears, mutate, request, words};
use crate::{
    live::case::ATTACKERS,
    scenario::Transport,
    siot::{Act, Data, Item, Step},
};

/// A legal conversation of one client or a few.
pub(super) fn draw(rng: &mut Rng) -> Vec<Step> {
    let mut steps = Vec::new();
    let clients = [1, 1, 1, 1, 2, 2, 3, 4][rng.usize(..8)];
    for name in &ATTACKERS[..clients] {
        let mut one = Vec::new();
        client(rng, name, &mut one);
        if rng.bool() {
            steps.extend(one);
        } else {
            // At the same time as those before.
            let mut rest = std::mem::take(&mut steps).into_iter();
            for step in one {
                steps.extend(rest.next());
                steps.push(step);
            }
            steps.extend(rest);
        }
    }
    steps
}

/// Acts that make no sense together.
pub(super) fn nonsense(rng: &mut Rng) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..rng.usize(1..=8) {
        let name = ATTACKERS[rng.usize(..2)];
        let mut one = Vec::new();
        client(rng, name, &mut one);
        let at = rng.usize(..one.len());
        steps.push(one.swap_remove(at));
        if rng.u8(..3) == 0 {
            mutate::mutate(rng, &mut steps, 1000);
        }
    }
    steps
}

fn client(rng: &mut Rng, name: &str, steps: &mut Vec<Step>) {
    match rng.u8(..13) {
        0..5 => websocket(rng, name, steps),
        5..7 => polling(rng, name, steps),
        7..10 => upgrade(rng, name, steps),
        10 => old(rng, name, steps),
        _ => requests(rng, name, steps),
    }
}

fn websocket(rng: &mut Rng, name: &str, steps: &mut Vec<Step>) {
    steps.push(act(name, Act::Open(Transport::Websocket)));
    talk(rng, name, steps, true);
}

fn polling(rng: &mut Rng, name: &str, steps: &mut Vec<Step>) {
    steps.push(act(name, Act::Handshake));
    talk(rng, name, steps, false);
    if rng.bool() {
        steps.push(act(name, Act::Poll));
    }
}

fn upgrade(rng: &mut Rng, name: &str, steps: &mut Vec<Step>) {
    steps.push(act(name, Act::Handshake));
    if rng.bool() {
        talk(rng, name, steps, false);
    }
    if rng.u8(..3) == 0 {
        // A poll that waits while the upgrade goes on, on a connection of its own.
        let query = format!("EIO=4&transport=polling&sid=${name}");
        steps.push(act(name, request("GET", &query, None)));
    }
    steps.push(act(name, Act::Websocket(format!("EIO=4&transport=websocket&sid=${name}"))));
    steps.push(send(name, "2probe"));
    steps.push(Step::See(hears(name, REACTS_MS)));
    steps.push(send(name, "5"));
    talk(rng, name, steps, true);
}

/// Version 3, whose client sends the pings.
fn old(rng: &mut Rng, name: &str, steps: &mut Vec<Step>) {
    if rng.bool() {
        steps.push(act(name, Act::Websocket("EIO=3&transport=websocket".to_owned())));
        steps.push(send(name, "2"));
        steps.push(send(name, "42[\"message\",1]"));
    } else {
        steps.push(act(name, request("GET", "EIO=3&transport=polling", None)));
        let query = format!("EIO=3&transport=polling&sid=${name}");
        steps.push(act(name, request("POST", &query, Some("15:42[\"message\",1]"))));
        steps.push(act(name, request("GET", &query, None)));
    }
}

/// Requests that belong to no session.
fn requests(rng: &mut Rng, name: &str, steps: &mut Vec<Step>) {
    let query = ["EIO=4&transport=polling", "EIO=4&transport=polling&t=x", "EIO=4&transport=polling&j=0", ""]
        [rng.usize(..4)];
    let method = ["GET", "OPTIONS", "POST", "HEAD"][rng.usize(..4)];
    let body = (method == "POST").then_some("40");
    steps.push(act(name, request(method, query, body)));
    steps.push(act(
        name,
        Act::Head {
            method: "POST".to_owned(),
            query: query.to_owned(),
            headers: vec![("Content-Length".to_owned(), "100".to_owned())],
        },
    ));
    steps.push(act(name, Act::Bytes(Data::Text("40".to_owned()))));
    match rng.u8(..4) {
        0 => steps.push(act(name, Act::Finish)),
        1 => {
            // A slow client: one line at a time.
            let rest = format!("{UPGRADE}\r\n");
            let first = "GET $path?EIO=4&transport=websocket HTTP/1.1\r\nHost: $host\r\n";
            let lines = [first, "a:b\r\n", &rest];
            steps.push(act(name, Act::Connect));
            steps.extend(lines.map(|line| act(name, Act::Bytes(Data::Text(line.to_owned())))));
        }
        2 => {
            // Another service may have a WebSocket too.
            let path = ["/", "/other/", "$path"][rng.usize(..3)];
            let bytes = upgrade_of(path, "");
            steps.push(act(name, Act::Connect));
            steps.push(act(name, Act::Bytes(Data::Text(bytes))));
        }
        _ => {}
    }
}

/// A request for a WebSocket, written out.
pub(super) fn upgrade_of(path: &str, query: &str) -> String {
    format!("GET {path}{query} HTTP/1.1\r\nHost: $host\r\n{UPGRADE}\r\n")
}

/// Joins a namespace, and says something.
fn talk(rng: &mut Rng, name: &str, steps: &mut Vec<Step>, over_websocket: bool) {
    let namespace = if rng.u8(..4) == 0 { "/custom," } else { "" };
    steps.push(send(name, &format!("40{namespace}")));
    if !over_websocket {
        steps.push(act(name, Act::Poll));
    } else if rng.u8(..4) != 0 {
        steps.push(Step::See(hears(name, REACTS_MS)));
    }
    for _ in 0..rng.usize(..=3) {
        let id = rng.u32(..100);
        let word = match rng.u8(..3) {
            0 => words::pick(rng, &words::EVENTS),
            _ => words::pick(rng, &["message", "message-with-ack", "hello"]),
        };
        match rng.u8(..10) {
            0..4 => steps.push(send(name, &format!("42{namespace}{id}[\"{word}\",{id},\"x\"]"))),
            4 => steps.push(send(name, &format!("42{namespace}[\"{word}\",{{\"a\":[1,null]}}]"))),
            5 | 6 => steps.push(act(
                name,
                Act::Send(vec![
                    Item::Text(format!(
                        "451-{namespace}{id}[\"{word}\",{{\"_placeholder\":true,\"num\":0}}]"
                    )),
                    Item::Binary(vec![1, 2, 3]),
                ]),
            )),
            7 => steps.push(send(name, &format!("43{namespace}{id}[1]"))),
            8 if over_websocket => {
                let payload = format!("42{namespace}[\"{word}\"]").into_bytes();
                let half = payload.len() / 2;
                let frame = |last, opcode, payload: &[u8]| Act::Frame {
                    last,
                    reserved: 0,
                    opcode,
                    payload: payload.to_vec(),
                };
                steps.push(act(name, frame(false, 1, &payload[..half])));
                steps.push(act(name, frame(true, 0, &payload[half..])));
            }
            8 => steps.push(act(name, Act::Poll)),
            _ if over_websocket && rng.bool() => steps.push(act(name, Act::PingFrame(b"x".to_vec()))),
            _ => steps.push(send(name, "3")),
        }
    }
    match rng.u8(..8) {
        0 => steps.push(send(name, &format!("41{namespace}"))),
        1 => steps.push(send(name, "1")),
        2 if over_websocket => steps.push(act(name, Act::CloseFrame)),
        3 if over_websocket => steps.push(Step::See(hears(name, REACTS_MS))),
        _ => {}
    }
}

fn act(name: &str, act: Act) -> Step {
    Step::Act(name.to_owned(), act)
}

fn send(name: &str, text: &str) -> Step {
    act(name, Act::Send(vec![Item::Text(text.to_owned())]))
}
