//! Coming back as the same socket.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{DROP, RECOVERY, Ticket, WATCH, emit, enters, event, loses, news, says, two, window};
use crate::{
    rule::{Rule, Source},
    scenario::needs::{RECOVERY_WINDOW, feature},
    scenarios,
    stage::{Client, Kind, Stage, bytes},
    verdict::{Check, SetUp, Stop},
};

const PID: Rule = Rule::reference(
    "delivery/recovery/private-id",
    Source::observed("the answer to CONNECT holds the pid of the session"),
    "A new socket is given a private id, which is neither its own id nor that of its connection.",
)
.broken_by(&["pid-is-sid", "connect-without-sid"])
.users("Whoever sees the id of a socket could take its session over.");

const OFFSET: Rule = Rule::reference(
    "delivery/recovery/offset",
    Source::observed("an event that can be sent again ends with an offset"),
    "Events end with a text that none has in common with another, binary events too.",
)
.broken_by(&["binary-lacks-offset"]);

const ACKED: Rule = Rule::reference(
    "delivery/recovery/no-offset-if-acknowledged",
    Source::observed("an event that asks for an acknowledgement has no offset"),
    "An event that asks for an acknowledgement has no offset.",
)
.broken_by(&["acked-has-offset"]);

const VOLATILE: Rule = Rule::reference(
    "delivery/recovery/no-offset-if-volatile",
    Source::observed("a volatile event has no offset"),
    "A volatile event has no offset.",
)
.broken_by(&["volatile-has-offset"]);

const ACK: Rule = Rule::reference(
    "delivery/recovery/no-offset-on-acknowledgements",
    Source::observed("an acknowledgement has no offset"),
    "An acknowledgement has no offset.",
)
.broken_by(&["ack-has-offset"]);

const SAME_ID: Rule = Rule::docs(
    "delivery/recovery/same-id",
    Source::docs("Connection state recovery"),
    "A client that comes back in time has the id it had.",
)
.broken_by(&["recovered-under-new-id"])
.seen(&["socket.io#4733", "socket.io#4968"]);

const SAME_PID: Rule = Rule::reference(
    "delivery/recovery/same-private-id",
    Source::observed("a recovered session keeps its pid, by which clients know that it is recovered"),
    "A client that comes back in time has the private id it had.",
)
.broken_by(&["recovered-under-new-pid"]);

const FLAG: Rule = Rule::docs(
    "delivery/recovery/flag",
    Source::docs("Connection state recovery"),
    "The application can tell a recovered socket from a new one.",
)
.broken_by(&["recovered-unsaid"]);

const HANDLER: Rule = Rule::docs(
    "delivery/recovery/connection-handler",
    Source::docs("Connection state recovery"),
    "The application is told of the arrival of a recovered socket as of any other.",
)
.broken_by(&["recovered-unannounced"]);

const ROOMS: Rule = Rule::docs(
    "delivery/recovery/rooms",
    Source::docs("Connection state recovery"),
    "A recovered socket is in the rooms it was in.",
)
.broken_by(&["recovered-without-rooms", "join-ignored"]);

const DATA: Rule = Rule::docs(
    "delivery/recovery/data",
    Source::docs("Connection state recovery"),
    "A recovered socket has the data it had.",
)
.broken_by(&["recovered-without-data", "data-not-kept"]);

const MIDDLEWARE: Rule = Rule::docs(
    "delivery/recovery/middleware-skipped",
    Source::docs("Connection state recovery: skipMiddlewares"),
    "Middlewares are not asked about a recovered socket.",
)
.broken_by(&["middleware-runs-again"]);

const TWICE: Rule = Rule::reference(
    "delivery/recovery/twice",
    Source::observed("a recovered session can be recovered again"),
    "A session that was recovered can be recovered again.",
)
.broken_by(&["recovered-once"])
.seen(&["socket.io#4880"]);

const HALF_OPEN: Rule = Rule::reference(
    "delivery/recovery/after-silence",
    Source::observed("a session that ended by a ping time-out can be recovered"),
    "A session whose connection fell silent can be recovered once its ping time-out is over.",
)
.broken_by(&["timeout-not-recovered"])
.seen(&["socket.io#4880"]);

const IDLE: Rule = Rule::should(
    "delivery/recovery/idle",
    Source::docs("Connection state recovery"),
    "A session can be recovered though the last event it heard is older than the time for which losses are remembered.",
)
.broken_by(&["idle-offset-forgotten"])
.users("Who hears nothing for a while loses its state with its connection.")
.seen(&["socket.io#5282"]);

scenarios! {
    PID => a_private_id_is_given over [Polling, Websocket, Upgraded] needs [RECOVERY] in Recovery;
    OFFSET => events_have_offsets over [Polling, Websocket, Upgraded] needs [RECOVERY] in Recovery;
    ACKED => a_question_has_no_offset over [Polling, Websocket, Upgraded]
        needs [RECOVERY, feature("acks")] in Recovery;
    VOLATILE => a_volatile_event_has_no_offset over [Websocket, Upgraded]
        needs [RECOVERY, feature("volatile")] in Recovery;
    ACK => an_answer_has_no_offset over [Polling, Websocket, Upgraded] needs [RECOVERY] in Recovery;
    SAME_ID => the_id_is_the_same over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH, DROP] in Recovery;
    SAME_PID => the_private_id_is_the_same over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
    FLAG => the_application_knows over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH, DROP] in Recovery;
    HANDLER => the_arrival_is_told over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH, DROP] in Recovery;
    ROOMS => it_is_in_its_room over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("rooms")] in Recovery;
    DATA => it_has_its_data over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH, DROP] in Recovery;
    MIDDLEWARE => nobody_asks_for_the_token over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, feature("middleware")] in Recovery;
    TWICE => it_comes_back_twice over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH, DROP] in Recovery;
    HALF_OPEN => the_silent_come_back over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH] in Recovery;
    IDLE => the_idle_come_back over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, RECOVERY_WINDOW] in Recovery;
}

async fn a_private_id_is_given(stage: &mut Stage) -> Check {
    let namespace = stage.own_namespace();
    let mut session = stage.session().await?;
    let answer = session.joins(&namespace, None).await.set_up("joining a namespace")?;
    let pid = answer["pid"].as_str().unwrap_or_default();
    let private = !pid.is_empty() && answer["sid"] != answer["pid"] && session.hello.sid != pid;
    demand(private, "a pid beside the sid, and another than the ids of socket and connection", &answer)
}

async fn events_have_offsets(stage: &mut Stage) -> Check {
    let namespace = stage.own_namespace();
    let [mut alice] = stage.join(&namespace).await?;
    let mut offsets = Vec::new();
    for (arg, address) in [
        (json!(1), json!({})),
        (json!(2), json!({ "via": "server", "to": [alice.sid] })),
        (bytes(&[1, 2, 3]), json!({})),
        (json!(null), json!({ "via": "server", "to": [alice.sid], "except": ["nobody"] })),
    ] {
        let mut command = emit(stage, "", address);
        command["args"] = json!([arg]);
        alice.commands(command).await.set_up("emitting an event")?;
        let (packet, at) = alice.next("an event").await.set_up("hearing the event")?;
        let offset = packet.offset.clone().filter(|offset| !offset.is_empty() && !offsets.contains(offset));
        let wrong = || Stop::violation("a text of its own at the end", packet.to_string(), at);
        offsets.push(offset.ok_or_else(wrong)?);
    }
    Ok(())
}

async fn a_question_has_no_offset(stage: &mut Stage) -> Check {
    const SHORT_MS: u64 = 100;
    plain(stage, json!({ "ack": true, "timeout": SHORT_MS })).await
}

async fn a_volatile_event_has_no_offset(stage: &mut Stage) -> Check {
    plain(stage, json!({ "volatile": true })).await
}

/// Demands that an event to the socket itself has only its own argument.
async fn plain(stage: &mut Stage, how: Value) -> Check {
    let namespace = stage.own_namespace();
    let [mut alice] = stage.join(&namespace).await?;
    let mut command = emit(stage, "", how);
    command["args"] = json!([1]);
    alice.asks(command);
    loop {
        let (packet, at) = alice.next("an event").await.set_up("hearing the event")?;
        if packet.event_name() != Some(&stage.own("news")) {
            continue;
        }
        let alone = packet.offset.is_none() && packet.data == json!([stage.own("news"), 1]);
        return stage.demand(alone, "no argument but 1", packet.to_string(), at);
    }
}

async fn an_answer_has_no_offset(stage: &mut Stage) -> Check {
    const ID: u64 = 7;
    let namespace = stage.own_namespace();
    let [mut alice] = stage.join(&namespace).await?;
    alice.emits(event("message-with-ack", [json!(1)]).with_id(ID));
    let (packet, at) = alice.next("an acknowledgement").await.set_up("hearing the answer")?;
    // Whose answer it is, and where, are rules of their own.
    stage.demand(packet.kind == Kind::Ack && packet.data == json!([1]), "[1] alone", packet.to_string(), at)
}

async fn the_id_is_the_same(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    let ticket = loses(&mut alice, bob).await?;
    let back = ticket.returns(stage).await?;
    ticket.is_recovered(stage, &back)?;
    stage.demand(back.client.sid == ticket.sid, &format!("the id {}", ticket.sid), &*back.client.sid, back.at)
}

async fn the_private_id_is_the_same(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    let ticket = loses(&mut alice, bob).await?;
    let back = ticket.is_back(stage).await?;
    let same = back.answer["pid"] == json!(ticket.pid);
    stage.demand(same, &format!("the private id {}", ticket.pid), back.answer["pid"].to_string(), back.at)
}

async fn the_application_knows(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    let before = bob.commands(json!({ "op": "session" })).await?;
    let ticket = loses(&mut alice, bob).await?;
    let mut back = ticket.is_back(stage).await?;
    let after = back.client.commands(json!({ "op": "session" })).await?;
    demand(before["recovered"] == json!(false), "recovered: false", &before)?;
    demand(after["recovered"] == json!(true), "recovered: true", &after)
}

async fn the_arrival_is_told(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    let ticket = loses(&mut alice, bob).await?;
    let back = ticket.is_back(stage).await?;
    alice.hears_of("arrived", &back.client.sid).await.map(drop)
}

async fn it_is_in_its_room(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    enters(stage, &mut bob, "red").await?;
    let ticket = loses(&mut alice, bob).await?;
    let mut back = ticket.is_back(stage).await?;
    says(stage, &mut alice, "for red", json!({ "to": [stage.own("red")] })).await?;
    back.client.hears(news(stage, "for red")).await
}

async fn it_has_its_data(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    let data = json!({ "name": "bob", "n": 2 });
    bob.commands(json!({ "op": "set-data", "data": data })).await.set_up("setting data")?;
    let ticket = loses(&mut alice, bob).await?;
    let mut back = ticket.is_back(stage).await?;
    let session = back.client.commands(json!({ "op": "session" })).await?;
    demand(session["data"] == data, &data.to_string(), &session["data"])
}

async fn nobody_asks_for_the_token(stage: &mut Stage) -> Check {
    let token = json!({ "token": "open sesame" });
    let mut clients = Vec::new();
    for _ in 0..2 {
        let wire = stage.session().await?;
        clients.push(Client::join(wire, "/auth", Some(token.clone())).await.set_up("joining /auth")?);
    }
    let (bob, mut alice) = (clients.remove(1), clients.remove(0));
    alice.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    let ticket = loses(&mut alice, bob).await?;
    // Without the token: who is asked for it is refused.
    let wire = stage.session().await?;
    let payload = json!({ "pid": ticket.pid, "offset": ticket.offset });
    match super::received(wire, "/auth", payload).await {
        Ok(back) => ticket.is_recovered(stage, &back),
        Err(_) if ticket.since.elapsed() >= window(stage) => {
            Err(stage.too_late("the session may have expired before we asked for it"))
        }
        Err(refused) => Err(refused),
    }
}

async fn it_comes_back_twice(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    let first = loses(&mut alice, bob).await?;
    says(stage, &mut alice, "first", json!({ "to": [first.sid] })).await?;
    let back = first.is_back(stage).await?;
    alice.hears_of("arrived", &back.client.sid).await.set_up("hearing of the return")?;
    // The offset is that of the event that was missed the first time, if it was sent.
    let second = loses(&mut alice, back.client).await?;
    let offset = second.offset.clone().or(first.offset);
    let second = Ticket { offset, ..second };
    says(stage, &mut alice, "second", json!({ "to": [second.sid] })).await?;
    let back = second.returns(stage).await?;
    second.is_recovered(stage, &back)
}

async fn the_silent_come_back(stage: &mut Stage) -> Check {
    const A_WHILE: Duration = Duration::from_millis(300);
    let [mut alice, mut bob] = two(stage).await?;
    bob.wire.stops_answering();
    // That the offset is an old one is a matter of its own.
    let address = json!({ "to": [bob.sid] });
    says(stage, &mut alice, "tick", address.clone()).await?;
    while bob.wire.next_or_closed().await.set_up("hearing until the end")?.is_some() {
        stage.patience().pause_until(Instant::now() + A_WHILE).await;
        says(stage, &mut alice, "tick", address.clone()).await?;
    }
    let ticket = Ticket::of(&bob)?;
    alice.hears_of("left", &ticket.sid).await.set_up("hearing of the loss")?;
    let back = ticket.returns(stage).await?;
    ticket.is_recovered(stage, &back)
}

async fn the_idle_come_back(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    stage.patience().pause_until(Instant::now() + window(stage).mul_f64(1.1)).await;
    let ticket = loses(&mut alice, bob).await?;
    let back = ticket.returns(stage).await?;
    ticket.is_recovered(stage, &back)
}

fn demand(holds: bool, expected: &str, answer: &Value) -> Check {
    holds.then_some(()).ok_or_else(|| Stop::violation(expected, answer.to_string(), None))
}
