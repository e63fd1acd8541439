//! Every state that a client can leave half-done, and everything that can be said in it, over and over.

use fastrand::Rng;

use super::{REACTS_MS, hears, request, steps::with_headers};
use crate::{
    live::case::{ATTACKERS, Case},
    scenario::Transport,
    siot::{Act, Data, Item, Step},
};

/// How large what is repeated may be, bytes: what is large shows sooner, what is small shows what each costs beside.
const LARGE: usize = 32 << 10;
/// How much all of it is at most, bytes.
const MOST_BYTES: usize = 12 << 20;

/// All of them in an order of its own for each seed, those first that are in the middle of something; those that send much
/// are evenly spread. What is small is done so many times.
pub(in crate::live) fn all(rng: &mut Rng, times: u32) -> Vec<Case> {
    let mut middle = Vec::new();
    let mut others = Vec::new();
    for (state, is_middle) in states() {
        for act in sayings() {
            let case = repeated(&state, act, times);
            if is_middle { &mut middle } else { &mut others }.push(case);
        }
    }
    middle.extend(requests(rng, times));
    rng.shuffle(&mut middle);
    rng.shuffle(&mut others);
    middle.extend(others);
    let (large, small): (Vec<Case>, Vec<Case>) =
        middle.into_iter().partition(|case| case.weight() > MOST_BYTES / 2);
    let mut large = large.into_iter();
    let mut all = Vec::new();
    for few in small.chunks(4) {
        all.extend(large.next());
        all.extend_from_slice(few);
    }
    all.extend(large);
    all
}

/// The case in which a step is done very often at the end: so many times, or as many as there may be of what is large.
fn repeated(state: &[Act], act: Act, times: u32) -> Case {
    let size = Case::new(vec![step(act.clone())]).weight().max(1);
    let fitting = u32::try_from(MOST_BYTES / size).unwrap_or(u32::MAX);
    let times = if size > 1000 { fitting } else { times.min(fitting) };
    let times = times.min(super::most_times(&act).unwrap_or(1));
    let mut steps = as_steps(state);
    steps.push(step(Act::Times(times.max(2), Box::new(act))));
    Case::new(steps)
}

/// The acts that lead to each state of a WebSocket, and whether something has begun in it.
fn states() -> Vec<(Vec<Act>, bool)> {
    let open = Act::Open(Transport::Websocket);
    let joined = [open.clone(), send("40")];
    let with = |more: Act| joined.iter().cloned().chain([more]).collect::<Vec<_>>();
    vec![
        (vec![open.clone()], false),
        (joined.to_vec(), true),
        // Attachments are announced, few or many, and do not come.
        (with(send("4510-[\"message\",{\"_placeholder\":true,\"num\":0}]")), true),
        (with(send("4565536-[\"message\",{\"_placeholder\":true,\"num\":0}]")), true),
        // A message that does not end.
        (with(frame(false, 1, b"42[")), true),
        // In the middle of an upgrade.
        (
            vec![
                Act::Handshake,
                Act::Websocket(format!("EIO=4&transport=websocket&sid=${}", ATTACKERS[0])),
                send("2probe"),
            ],
            true,
        ),
        (vec![Act::Websocket("EIO=3&transport=websocket".to_owned())], false),
    ]
}

/// What can be said on a WebSocket, the frames of control too.
fn sayings() -> Vec<Act> {
    const TEXTS: [&str; 20] = [
        "",
        "0",
        "2",
        "2probe",
        "3",
        "4",
        "5",
        "6",
        "40",
        "40/custom,",
        "41",
        "42[\"message\",1]",
        "421[\"message-with-ack\",1]",
        "431[1]",
        "44",
        "451-[\"message\",{\"_placeholder\":true,\"num\":0}]",
        "452-[\"message\",{\"_placeholder\":true,\"num\":0}]",
        "461-1[{\"_placeholder\":true,\"num\":0}]",
        "42",
        "7",
    ];
    let mut all: Vec<Act> = TEXTS.into_iter().map(send).collect();
    all.extend([3, LARGE].map(|size| Act::Send(vec![Item::Binary(vec![7; size])])));
    all.push(send(&format!("42[\"message\",\"{}\"]", "a".repeat(LARGE))));
    all.extend([frame(true, 9, b""), frame(true, 10, b""), frame(true, 0, b"x")]);
    all.extend([frame(false, 1, b"x"), frame(false, 0, b"x"), frame(false, 0, &[b'7'; LARGE])]);
    all
}

/// Requests, whole and in pieces, and what can be many in them.
fn requests(rng: &mut Rng, times: u32) -> Vec<Case> {
    const NEW: &str = "EIO=4&transport=polling";
    let own = format!("EIO=4&transport=polling&sid=${}", ATTACKERS[0]);
    let get = |query: &str| request("GET", query, None);
    let post = |body: &str| request("POST", &own, Some(body));
    let mut all = Vec::new();
    let polling = [Act::Handshake];
    let joined = [Act::Handshake, post("40"), Act::Poll];
    for act in
        [Act::Handshake, Act::Connect, get(&own), get("EIO=3&transport=polling"), post("3"), post("40")]
    {
        all.push(repeated(&joined, act, times));
    }
    for packet in ["", "2", "3", "6", "40", "42[\"message\",1]", "452-[\"message\"]", "bAAAA"] {
        let body = vec![packet; 1000].join("\u{1e}");
        all.push(Case::new(as_steps(&[&polling[..], &[post(&body)]].concat())));
    }
    let own_websocket = format!("EIO=4&transport=websocket&sid=${}", ATTACKERS[0]);
    for query in ["EIO=4&transport=websocket", own_websocket.as_str()] {
        all.push(repeated(&polling, Act::Websocket(query.to_owned()), times));
    }
    // Headers and parameters, as many as fit below the usual limits of bytes, and fewer.
    for act in [Act::Open(Transport::Websocket), get(NEW), Act::Websocket(own_websocket), post("40")] {
        for times in [2500, 1000] {
            let lines = with_headers(rng, ATTACKERS[0], &act, times).unwrap_or_default();
            all.push(Case::new([as_steps(&polling), lines].concat()));
        }
    }
    for query in [NEW, &own] {
        all.push(Case::new(as_steps(&[Act::Handshake, get(&format!("{query}{}", "&a=1".repeat(1500)))])));
    }
    // Bodies that do not end, and requests in a row that nobody waits for.
    let head = |method: &str, more: &str| {
        let query = if method == "GET" { NEW } else { &own };
        format!("{method} $path?{query} HTTP/1.1\r\nHost: $host\r\n{more}\r\n")
    };
    let bytes = |text: String| Act::Bytes(Data::Text(text));
    let chunk = format!("{LARGE:x}\r\n{}\r\n", "a".repeat(LARGE));
    for (head, piece) in [
        (head("POST", "Content-Length: 100000000\r\n"), "a".repeat(LARGE)),
        (head("POST", "Transfer-Encoding: chunked\r\n"), chunk),
        (head("POST", "Transfer-Encoding: chunked\r\n"), "1;a=b\r\na\r\n".to_owned()),
        (String::new(), head("GET", "")),
        (String::new(), head("OPTIONS", "")),
        (String::new(), "\r\n".to_owned()),
    ] {
        let mut state = vec![Act::Handshake, Act::Connect];
        state.extend((!head.is_empty()).then(|| bytes(head)));
        all.push(repeated(&state, bytes(piece), times));
    }
    all
}

/// The steps of one attacker, with a look at what came of those that are answered.
fn as_steps(acts: &[Act]) -> Vec<Step> {
    let mut steps = Vec::new();
    for act in acts {
        steps.push(step(act.clone()));
        let answered = matches!(act, Act::Send(items) if matches!(&items[..], [Item::Text(text)]
            if matches!(text.as_str(), "40" | "2probe")));
        if answered {
            steps.push(Step::See(hears(ATTACKERS[0], REACTS_MS)));
        }
    }
    steps
}

fn step(act: Act) -> Step {
    Step::Act(ATTACKERS[0].to_owned(), act)
}

fn send(text: &str) -> Act {
    Act::Send(vec![Item::Text(text.to_owned())])
}

fn frame(last: bool, opcode: u8, payload: &[u8]) -> Act {
    Act::Frame { last, reserved: 0, opcode, payload: payload.to_vec() }
}
