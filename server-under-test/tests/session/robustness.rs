//! No input crashes the server, whatever is wrong with it.

use proptest::{collection::vec, prelude::*, sample::select};
use siospec_server::{Config, Fault, engine::signals::Input};

use super::rig::Rig;

/// Packets from which hostile ones are made.
const PACKETS: &[&str] = &[
    "40",
    "41",
    "40/custom,",
    "41/custom,",
    "40/dynamic-1,{}",
    r#"40/auth,{"token":"open sesame"}"#,
    r#"42["message",null,{"__proto__":1,"a":[1]}]"#,
    r#"42/custom,5["message-with-ack","1-2"]"#,
    r#"452-3["message",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#,
    r#"451-["do",{"op":"set-data","data":{"_placeholder":true,"num":0}}]"#,
    r#"421["do",{"op":"sockets","via":"server"}]"#,
    r#"422["do",{"op":"emit","event":"e","ack":true,"timeout":40,"via":"server"}]"#,
    r#"423["do",{"op":"emit","event":"e","ack":true,"timeout":1e300}]"#,
    r#"424["do",{"op":"session"}]"#,
    r#"425["do",{"op":"join","rooms":["a","b"]}]"#,
    r#"426["do",{"op":"disconnect-sockets","via":"server","to":["a"],"close":true}]"#,
    r#"427["do",{"op":"watch"}]"#,
    r#"428["do",{"op":"drop"}]"#,
    r#"430["x"]"#,
    r#"461-1[{"_placeholder":true,"num":0}]"#,
    "2probe",
    "5",
    "3",
    "1",
    "b////",
    "44{}",
];

#[derive(Clone, Debug)]
enum Move {
    Open {
        polling: bool,
    },
    Get,
    Post(String),
    PostLost,
    OpenSocket,
    Text(String),
    Binary(Vec<u8>),
    Lost,
    /// On a websocket of another session.
    Stranger(String),
    Close,
    Advance(u64),
}

/// A packet, or one that was cut, doubled or changed in one place.
fn packet() -> impl Strategy<Value = String> {
    let place = any::<prop::sample::Index>();
    (select(PACKETS), 0..8_u8, place, any::<char>()).prop_map(|(packet, change, place, with)| {
        let at = packet.floor_char_boundary(place.index(packet.len()));
        match change {
            0 => packet[..at].to_owned(),
            1 => format!("{packet}{packet}"),
            2 => format!("{}{with}{}", &packet[..at], &packet[at..]),
            _ => packet.to_owned(),
        }
    })
}

fn action() -> impl Strategy<Value = Move> {
    let payload = || vec(packet(), 1..5).prop_map(|packets| packets.join("|"));
    prop_oneof![
        2 => any::<bool>().prop_map(|polling| Move::Open { polling }),
        4 => Just(Move::Get),
        6 => payload().prop_map(Move::Post),
        1 => Just(Move::PostLost),
        2 => Just(Move::OpenSocket),
        12 => packet().prop_map(Move::Text),
        4 => vec(any::<u8>(), 0..5).prop_map(Move::Binary),
        1 => Just(Move::Lost),
        1 => packet().prop_map(Move::Stranger),
        1 => Just(Move::Close),
        3 => (0..700_u64).prop_map(Move::Advance),
    ]
}

proptest! {
    #[test]
    fn nothing_panics(
        fault in prop::option::of(select(Fault::ALL)),
        moves in vec((any::<prop::sample::Index>(), action()), 1..60),
    ) {
        let config = Config { fault, max_outbox_bytes: 2000, ..Config::testee() };
        let mut rig = Rig::with(config);
        let (client, socket, _) = rig.websocket();
        let (mut clients, mut sockets) = (vec![client], vec![(client, socket)]);
        for (index, action) in moves {
            let client = *index.get(&clients);
            let (owner, socket) = *index.get(&sockets);
            match action {
                Move::Open { polling: true } => clients.push(rig.polling().0),
                Move::Open { polling: false } => {
                    let (client, socket, _) = rig.websocket();
                    clients.push(client);
                    sockets.push((client, socket));
                }
                Move::Get => drop(rig.poll(client)),
                Move::Post(body) => drop(rig.post(client, &body)),
                Move::PostLost => {
                    let request = rig.post_begins(client);
                    rig.input(client, Input::PostLost(request));
                }
                Move::OpenSocket => sockets.push((client, rig.open_socket(client))),
                Move::Text(text) => rig.text(owner, socket, &text),
                Move::Binary(bytes) => rig.binary(owner, socket, &bytes),
                Move::Lost => rig.input(owner, Input::SocketClosed(socket)),
                Move::Stranger(text) => rig.text(client, socket, &text),
                Move::Close => rig.input(client, Input::Close),
                Move::Advance(ms) => rig.advance(ms),
            }
            for (client, socket) in &sockets {
                rig.messages(*client, *socket);
            }
        }
    }
}
