//! What was said while a client was away, and what it must not hear of it.

use std::time::Instant;

use serde_json::{Value, json};

use super::{DROP, RECOVERY, Ticket, WATCH, emit, enters, loses, news, says, two};
use crate::{
    rule::{Rule, Source},
    scenario::needs::feature,
    scenarios,
    stage::{Client, Kind, Polling, Stage, bytes, connect, event},
    verdict::{Check, SetUp, Stop},
};

const ORDER: Rule = Rule::docs(
    "delivery/recovery/missed-in-order",
    Source::docs("Connection state recovery"),
    "Who comes back is sent the events that it missed, in the order they were sent.",
)
.broken_by(&["missed-newest-first", "own-room-missing"]);

const ONCE: Rule = Rule::docs(
    "delivery/recovery/missed-once",
    Source::docs("Connection state recovery"),
    "Who comes back is sent what it missed, and each event once.",
)
.broken_by(&["missed-sent-twice", "own-room-missing"]);

const BROADCAST: Rule = Rule::docs(
    "delivery/recovery/missed-broadcast",
    Source::docs("Connection state recovery"),
    "What was sent to the whole namespace meanwhile was missed.",
)
.broken_by(&["missed-broadcasts-lost"]);

const ROOM: Rule = Rule::docs(
    "delivery/recovery/missed-of-room",
    Source::docs("Connection state recovery"),
    "What was sent meanwhile to a room that the socket was in was missed.",
)
.broken_by(&["missed-rooms-lost", "join-ignored"]);

const BINARY: Rule = Rule::reference(
    "delivery/recovery/missed-binary",
    Source::observed("a missed event with binary is sent with its attachments"),
    "A missed event with binary arrives with its attachments.",
)
.broken_by(&["missed-binary-emptied", "own-room-missing"]);

const OTHER_ROOMS: Rule = Rule::reference(
    "delivery/recovery/not-of-other-rooms",
    Source::observed("what was sent to rooms that the socket was not in is not sent to it"),
    "What was sent to rooms that the socket was not in was not missed.",
)
.broken_by(&["missed-of-all-rooms"]);

const EXCEPT: Rule = Rule::reference(
    "delivery/recovery/not-if-excepted",
    Source::observed("what was sent except to a room that the socket was in is not sent to it"),
    "An event from which a room of the socket was excepted was not missed.",
)
.broken_by(&["missed-ignores-except", "join-ignored"]);

const OWN: Rule = Rule::reference(
    "delivery/recovery/not-its-own",
    Source::observed("a broadcast excepts the room of its sender, also when it is sent again"),
    "Who comes back does not hear its own broadcasts.",
)
.broken_by(&["missed-includes-own"]);

const HEARD: Rule = Rule::docs(
    "delivery/recovery/not-what-it-heard",
    Source::docs("Connection state recovery"),
    "Who comes back is not sent again what it heard before.",
)
.broken_by(&["last-heard-replayed"]);

const VOLATILE: Rule = Rule::reference(
    "delivery/recovery/not-volatile",
    Source::observed("a volatile event is not sent again"),
    "A volatile event is never sent later.",
)
.broken_by(&["volatile-replayed"]);

const ACKED: Rule = Rule::reference(
    "delivery/recovery/not-acknowledged",
    Source::observed("an event that asks for an acknowledgement is not sent again"),
    "An event that asked for an acknowledgement is not sent later: nobody waits for the answer any more.",
)
.broken_by(&["acked-replayed"]);

const NAMESPACES: Rule = Rule::reference(
    "delivery/recovery/not-of-other-namespaces",
    Source::observed("each namespace has a log of its own"),
    "What was sent in one namespace is not missed in another.",
)
.broken_by(&["missed-of-all-namespaces"]);

const UNSENT: Rule = Rule::reference(
    "delivery/recovery/missed-unsent",
    Source::observed("an event is kept when it is emitted, whether it is sent then or not"),
    "What still waited to be sent when the connection was lost was missed.",
)
.broken_by(&["sent-not-replayed", "own-room-missing"])
.users("What was said just before a loss is missing after it.");

const UNHEARD: Rule = Rule::reference(
    "delivery/recovery/missed-since-offset",
    Source::observed("the offset that a client names decides what is sent to it again"),
    "Who names an older offset is sent everything since, though it had been sent to it before.",
)
.broken_by(&["sent-not-replayed"])
.users("What was on its way when the connection was lost is missing after it.");

scenarios! {
    ORDER => missed_events_come_in_order over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
    ONCE => missed_events_come_once over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH, DROP] in Recovery;
    BROADCAST => a_broadcast_was_missed over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
    ROOM => what_its_room_heard_was_missed over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("rooms")] in Recovery;
    BINARY => a_binary_event_was_missed over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("binary")] in Recovery;
    OTHER_ROOMS => what_others_heard_was_not_missed over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("rooms")] in Recovery;
    EXCEPT => the_excepted_missed_nothing over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("except")] in Recovery;
    OWN => its_own_broadcast_was_not_missed over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
    HEARD => what_was_heard_is_not_sent_again over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
    VOLATILE => a_volatile_event_was_not_missed over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("volatile")] in Recovery;
    ACKED => a_question_was_not_missed over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("broadcast-acks")] in Recovery;
    NAMESPACES => other_namespaces_were_not_missed over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("dynamic-namespaces")] in Recovery;
    UNSENT => what_was_not_polled_was_missed over [Polling]
        needs [RECOVERY, WATCH, DROP, feature("dynamic-namespaces")] in Recovery;
    UNHEARD => the_offset_decides over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
}

/// To the client that is away, by its id.
fn to_it(ticket: &Ticket) -> Value {
    json!({ "to": [ticket.sid] })
}

/// Two clients, the second of which has lost its connection.
async fn one_away(stage: &mut Stage) -> Check<(Client, Ticket)> {
    let [mut alice, bob] = two(stage).await?;
    let ticket = loses(&mut alice, bob).await?;
    Ok((alice, ticket))
}

async fn missed_events_come_in_order(stage: &mut Stage) -> Check {
    let (mut alice, ticket) = one_away(stage).await?;
    for word in ["first", "second", "third"] {
        says(stage, &mut alice, word, to_it(&ticket)).await?;
    }
    let back = ticket.is_back(stage).await?;
    let mut words: Vec<_> = back.missed.iter().map(|missed| missed.data[1].clone()).collect();
    words.dedup();
    let ordered = words == [json!("first"), json!("second"), json!("third")];
    stage.demand(ordered, "first, second and third", back.shown(), back.at)
}

async fn missed_events_come_once(stage: &mut Stage) -> Check {
    let (mut alice, ticket) = one_away(stage).await?;
    says(stage, &mut alice, "hello", to_it(&ticket)).await?;
    let back = ticket.is_back(stage).await?;
    let want = news(stage, "hello").on(&ticket.namespace);
    stage.demand(back.missed == [want.clone()], &format!("{want}, once"), back.shown(), back.at)
}

async fn a_broadcast_was_missed(stage: &mut Stage) -> Check {
    let (mut alice, ticket) = one_away(stage).await?;
    says(stage, &mut alice, "for all", json!({ "broadcast": true })).await?;
    ticket.is_back(stage).await?.must_have_heard(stage, "for all")
}

async fn what_its_room_heard_was_missed(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    enters(stage, &mut bob, "red").await?;
    let ticket = loses(&mut alice, bob).await?;
    says(stage, &mut alice, "for red", json!({ "to": [stage.own("red")] })).await?;
    ticket.is_back(stage).await?.must_have_heard(stage, "for red")
}

async fn a_binary_event_was_missed(stage: &mut Stage) -> Check {
    let (mut alice, ticket) = one_away(stage).await?;
    let mut command = emit(stage, "", to_it(&ticket));
    command["args"] = json!([bytes(&[1, 2, 3])]);
    alice.commands(command).await.set_up("emitting an event")?;
    let back = ticket.is_back(stage).await?;
    let want = event(&stage.own("news"), [bytes(&[1, 2, 3])]).on(&ticket.namespace);
    stage.demand(back.missed.contains(&want), &want.to_string(), back.shown(), back.at)
}

async fn what_others_heard_was_not_missed(stage: &mut Stage) -> Check {
    let (mut alice, ticket) = one_away(stage).await?;
    says(stage, &mut alice, "for blue", json!({ "via": "server", "to": [stage.own("blue")] })).await?;
    ticket.is_back(stage).await?.must_not_have_heard(stage, "for blue")
}

async fn the_excepted_missed_nothing(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    enters(stage, &mut bob, "red").await?;
    let ticket = loses(&mut alice, bob).await?;
    says(stage, &mut alice, "not for red", json!({ "via": "server", "except": [stage.own("red")] })).await?;
    ticket.is_back(stage).await?.must_not_have_heard(stage, "not for red")
}

async fn its_own_broadcast_was_not_missed(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    says(stage, &mut bob, "from bob", json!({ "broadcast": true })).await?;
    alice.hears(news(stage, "from bob")).await.set_up("hearing the broadcast")?;
    let ticket = loses(&mut alice, bob).await?;
    ticket.is_back(stage).await?.must_not_have_heard(stage, "from bob")
}

async fn what_was_heard_is_not_sent_again(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    says(stage, &mut alice, "heard", json!({ "to": [bob.sid] })).await?;
    bob.hears(news(stage, "heard")).await.set_up("hearing the event")?;
    let ticket = loses(&mut alice, bob).await?;
    says(stage, &mut alice, "missed", json!({ "to": [ticket.sid] })).await?;
    ticket.is_back(stage).await?.must_not_have_heard(stage, "heard")
}

async fn a_volatile_event_was_not_missed(stage: &mut Stage) -> Check {
    let (mut alice, ticket) = one_away(stage).await?;
    says(stage, &mut alice, "gone", json!({ "via": "server", "volatile": true })).await?;
    ticket.is_back(stage).await?.must_not_have_heard(stage, "gone")
}

async fn a_question_was_not_missed(stage: &mut Stage) -> Check {
    const SHORT_MS: u64 = 50;
    let (mut alice, ticket) = one_away(stage).await?;
    let address = json!({ "via": "server", "to": [ticket.sid], "ack": true, "timeout": SHORT_MS });
    says(stage, &mut alice, "well?", address).await?;
    let back = ticket.is_back(stage).await?;
    let asked = back.missed.iter().any(|missed| missed.event_name() == Some(&stage.own("news")));
    stage.demand(!asked, "no event that asked for an acknowledgement", back.shown(), back.at)
}

async fn other_namespaces_were_not_missed(stage: &mut Stage) -> Check {
    let (_alice, ticket) = one_away(stage).await?;
    let [mut carol] = stage.join(&stage.second_namespace()).await?;
    says(stage, &mut carol, "elsewhere", json!({ "via": "server" })).await?;
    ticket.is_back(stage).await?.must_not_have_heard(stage, "elsewhere")
}

async fn what_was_not_polled_was_missed(stage: &mut Stage) -> Check {
    let namespace = stage.own_namespace();
    let [mut alice] = stage.join(&namespace).await?;
    alice.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    let bob = stage.polling().await?;
    let ticket = joins_by_hand(stage, &bob, &namespace).await?;
    // From here on nobody polls for it.
    says(stage, &mut alice, "unsent", to_it(&ticket)).await?;
    bob.post(&format!(r#"42{namespace},["do",{{"op":"drop"}}]"#)).await?;
    loop {
        let (what, _) = alice.hears_of_any(&ticket.sid).await.set_up("hearing of the loss")?;
        if what == "left" {
            break;
        }
    }
    ticket.is_back(stage).await?.must_have_heard(stage, "unsent")
}

async fn the_offset_decides(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    says(stage, &mut alice, "first", json!({ "to": [bob.sid] })).await?;
    bob.hears(news(stage, "first")).await.set_up("hearing the event")?;
    let noted = Ticket::of(&bob)?;
    says(stage, &mut alice, "second", json!({ "to": [bob.sid] })).await?;
    bob.hears(news(stage, "second")).await.set_up("hearing the event")?;
    let ticket = Ticket { offset: noted.offset, ..loses(&mut alice, bob).await? };
    ticket.is_back(stage).await?.must_have_heard(stage, "second")
}

/// Joins with a session that is polled by hand; what its client would need, had it lost its connection.
async fn joins_by_hand(stage: &Stage, session: &Polling, namespace: &str) -> Check<Ticket> {
    let since = Instant::now();
    let (connect, _) = connect(stage.auth()).on(namespace).write();
    session.post(&format!("4{connect}")).await?.has_status(200).set_up("joining a namespace")?;
    let (mut answer, mut offset) = (None, None);
    while answer.is_none() || offset.is_none() {
        let (packets, _) = session.packets().await.set_up("joining a namespace")?;
        for packet in packets.iter().filter_map(|packet| stage.read(packet)) {
            match packet.kind {
                Kind::Connect => answer = Some(packet.data),
                _ => offset = packet.offset,
            }
        }
    }
    let answer = answer.unwrap_or_default();
    let text = |field: &str| {
        let none = || Stop::Inconclusive(format!("the answer to CONNECT has no {field}"));
        answer[field].as_str().map(str::to_owned).ok_or_else(none)
    };
    Ok(Ticket { namespace: namespace.to_owned(), sid: text("sid")?, pid: text("pid")?, offset, since })
}
