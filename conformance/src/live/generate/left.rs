//! Connections that are left in the middle of something, at once or after the server has had enough, and what others do with
//! what is left of them.

use fastrand::Rng;

use super::{REACTS_MS, conversation, hears, request, words};
use crate::{
    live::case::ATTACKERS,
    scenario::Transport,
    siot::{Act, Data, Item, Step},
};

/// Somebody begins, and leaves.
pub(super) fn draw(rng: &mut Rng) -> Vec<Step> {
    let name = ATTACKERS[0];
    let mut steps = begun(rng, name);
    match rng.u8(..8) {
        0 => steps.push(Step::Wait(20)),
        // Until it has had enough.
        1..4 => steps.push(Step::See(hears(name, 1200))),
        4 => steps.push(Step::See(hears(name, REACTS_MS))),
        _ => {}
    }
    let endings: &[Act] = match rng.u8(..8) {
        0..4 => &[Act::Reset],
        4 => &[Act::Drop],
        5 => &[Act::Finish],
        6 => &[Act::Finish, Act::Reset],
        _ => &[Act::CloseFrame, Act::Reset],
    };
    steps.extend(endings.iter().map(|act| Step::Act(name.to_owned(), act.clone())));
    if rng.u8(..3) == 0 {
        steps.extend(used(rng, name));
    }
    steps
}

/// A state that is not the end of anything.
fn begun(rng: &mut Rng, name: &str) -> Vec<Step> {
    const POLLING: &str = "EIO=4&transport=polling";
    const WEBSOCKET: &str = "EIO=4&transport=websocket";
    let own = |transport: &str| format!("EIO=4&transport={transport}&sid=${name}");
    let send = |text: &str| Act::Send(vec![Item::Text(text.to_owned())]);
    let bytes = |text: String| Act::Bytes(Data::Text(text));
    let get = |query: String| request("GET", &query, None);
    let open = Act::Open(Transport::Websocket);
    let path = ["$path", "$path", "/", "/other/"][rng.usize(..4)];
    let acts = match rng.u8(..13) {
        0 => vec![Act::Connect],
        1 => vec![bytes(format!("GET $path?{POLLING} HTTP/1.1\r\nHost: $host\r\n"))],
        2 => vec![
            Act::Handshake,
            Act::Head {
                method: "POST".to_owned(),
                query: own("polling"),
                headers: vec![("Content-Length".to_owned(), "100".to_owned())],
            },
            bytes("40".to_owned()),
        ],
        3 | 4 => vec![bytes(conversation::upgrade_of(path, ""))],
        5 => {
            let sid = words::pick(rng, &["", "x", "$alice"]).to_owned();
            vec![bytes(conversation::upgrade_of("$path", &format!("?{WEBSOCKET}&sid={sid}")))]
        }
        6 => vec![open],
        7 => vec![open, send("40")],
        8 => vec![open, send("40"), send("451-[\"message\",{\"_placeholder\":true,\"num\":0}]")],
        9 => vec![Act::Handshake, Act::Websocket(own("websocket"))],
        10 => vec![Act::Handshake, Act::Websocket(own("websocket")), send("2probe")],
        11 => vec![Act::Handshake, get(own("polling"))],
        _ => vec![Act::Handshake, get(own("polling")), Act::Websocket(own("websocket")), send("2probe")],
    };
    acts.into_iter().map(|act| Step::Act(name.to_owned(), act)).collect()
}

/// Somebody else, or the same one again, takes up the session.
fn used(rng: &mut Rng, name: &str) -> Vec<Step> {
    let other = ATTACKERS[rng.usize(..2)].to_owned();
    let polling = format!("EIO=4&transport=polling&sid=${name}");
    let act = match rng.u8(..4) {
        0 => request("GET", &polling, None),
        1 => request("POST", &polling, Some("42[\"message\",1]")),
        2 => request("POST", &polling, Some("1")),
        _ => Act::Websocket(format!("EIO=4&transport=websocket&sid=${name}")),
    };
    vec![Step::Act(other, act)]
}
