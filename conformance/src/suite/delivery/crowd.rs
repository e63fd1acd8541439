//! Many clients at once: what goes wrong only when several do something at the same time, or one after the other.

use serde_json::{Value, json};

use super::{emit, enters, news, recovery::received};
use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, WATCH, feature},
    scenarios,
    stage::{Client, Sio, Stage},
    verdict::{Check, SetUp, Stop},
};

const STORM: Rule = Rule::docs(
    "delivery/crowd/storm",
    Source::docs("delivery-guarantees: message ordering"),
    "When everybody broadcasts at once, everybody hears all of the others, each in the order it spoke, and once.",
)
.broken_by(&["fifth-broadcast-lost", "broadcast-includes-sender", "broadcast-delivers-twice"])
.users("Messages are missing in a busy chat, or the server ends.")
.seen(&["go-socket.io#182", "go-socket.io#287", "socket.io-golang#40"]);

const RACE: Rule = Rule::docs(
    "delivery/crowd/dynamic-race",
    Source::docs("namespaces: dynamic namespaces"),
    "Those who bring a dynamic namespace into being at the same time are all in it.",
)
.broken_by(&["dynamic-made-twice", "dynamic-refused"])
.users("Some of those who joined first hear nothing.")
.seen(&["socket.io#4136"]);

const CHURN: Rule = Rule::docs(
    "delivery/crowd/churn",
    Source::docs("rooms: joining and leaving"),
    "Who stays in a room hears everything, though others come and go meanwhile.",
)
.broken_by(&["broadcast-after-leave-lost", "join-ignored"])
.seen(&["socket.io-adapter#74"]);

const LOST: Rule = Rule::docs(
    "delivery/crowd/lost-leave-rooms",
    Source::docs("rooms: disconnection"),
    "Who joined a room and lost its connection at once is not found in the room.",
)
.broken_by(&["rooms-survive-disconnect", "fetch-ignores-room", "join-ignored"])
.seen(&["socket.io-18f3fda"]);

const VOLATILE: Rule = Rule::docs(
    "delivery/crowd/volatile-not-kept",
    Source::docs("emitting-events: volatile events"),
    "A volatile event is not kept for a client that does not poll just then; others are.",
)
.broken_by(&["volatile-kept"])
.users("Positions of a minute ago arrive all at once.");

const AT_MOST_ONCE: Rule = Rule::docs(
    "delivery/crowd/at-most-once",
    Source::docs("delivery-guarantees: message arrival"),
    "What is sent while a client is away is not kept for it: who comes back as a new socket does not hear it.",
)
.broken_by(&["kept-for-the-next"])
.users("Events arrive twice, or those of one user at the next.");

const PAST_THE_LOST: Rule = Rule::reference(
    "delivery/crowd/past-the-lost",
    Source::observed("what is sent to a connection that closes is dropped, and others are served"),
    "Members of a room hear what is sent to it, though one of them is just being lost.",
)
.broken_by(&["loss-silences-room", "join-ignored"])
.users("When somebody leaves, others miss messages.");

const RESERVED: Rule = Rule::reference(
    "delivery/crowd/reserved-not-sent",
    Source::observed("an event with a reserved name is refused to the application"),
    "No event with a reserved name is sent, even if the application asks for it.",
)
.broken_by(&["reserved-name-sent"])
.users("JavaScript clients close the connection.");

scenarios! {
    STORM => everybody_hears_everybody over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("dynamic-namespaces")];
    RACE => all_are_in_it over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("dynamic-namespaces")];
    CHURN => who_stays_hears_all over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    LOST => the_lost_are_not_found over [Websocket, Upgraded]
        needs [DELIVERY, WATCH, feature("rooms"), feature("sockets")];
    VOLATILE => nothing_volatile_is_kept over [Polling] needs [DELIVERY, feature("volatile")];
    AT_MOST_ONCE => what_it_missed_is_lost over [Polling, Websocket, Upgraded]
        needs [DELIVERY, WATCH, feature("drop"), feature("dynamic-namespaces")];
    PAST_THE_LOST => others_are_served over [Polling, Websocket, Upgraded]
        needs [DELIVERY, WATCH, feature("rooms"), feature("drop")];
    RESERVED => reserved_names_stay_here over [Polling, Websocket, Upgraded] needs [DELIVERY];
}

async fn everybody_hears_everybody(stage: &mut Stage) -> Check {
    const EACH: usize = 5;
    let mut crowd: [Client; 6] = stage.join(&stage.own_namespace()).await?;
    let words = |speaker: usize| (0..EACH).map(move |number| format!("{speaker}.{number}"));
    for number in 0..EACH {
        let mut asked = Vec::new();
        for (speaker, client) in crowd.iter_mut().enumerate() {
            let command = emit(stage, &format!("{speaker}.{number}"), json!({ "broadcast": true }));
            asked.push((client.asks(command.clone()), command));
        }
        // Each is carried out before its client asks for the next: handlers may run side by side.
        for (client, (id, command)) in crowd.iter_mut().zip(asked) {
            client.answered(id, &command).await?;
        }
    }
    for (listener, client) in crowd.iter_mut().enumerate() {
        let speakers = (0..6).filter(|speaker| *speaker != listener);
        let mut due: Vec<Vec<Sio>> = speakers
            .map(|speaker| {
                words(speaker).map(|word| news(stage, &word).on(&client.namespace)).rev().collect()
            })
            .collect();
        while due.iter().any(|words| !words.is_empty()) {
            let (packet, at) = client.next("the broadcasts of the others").await?;
            // The next of somebody, in the order it was said.
            match due.iter_mut().find(|words| words.last() == Some(&packet)) {
                Some(words) => drop(words.pop()),
                None => {
                    let want = "the next broadcast of one of the others";
                    return Err(Stop::violation(want, packet.to_string(), at));
                }
            }
        }
    }
    Ok(())
}

async fn all_are_in_it(stage: &mut Stage) -> Check {
    let namespace = stage.own_namespace();
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(stage.session().await?);
    }
    for session in &mut sessions {
        session.says(&crate::stage::connect(Value::Null).on(&namespace));
    }
    let mut crowd = Vec::new();
    for mut session in sessions {
        let (sid, _) = session.admitted(&namespace).await?;
        crowd.push(Client::of(session, &namespace, &json!({ "sid": sid })));
    }
    let mut caller = crowd.pop().ok_or_else(|| Stop::Inconclusive("nobody joined".to_owned()))?;
    caller.commands(emit(stage, "everybody?", json!({ "via": "server" }))).await?;
    let want = news(stage, "everybody?").on(&namespace);
    for client in &mut crowd {
        loop {
            let (packet, at) = client.next(&want.to_string()).await?;
            if packet == want {
                break;
            }
            // The greeting may still be on its way.
            stage.demand(packet.event_name() == Some("auth"), &want.to_string(), packet.to_string(), at)?;
        }
    }
    Ok(())
}

async fn who_stays_hears_all(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    for round in 0..3 {
        enters(stage, &mut carol, "red").await?;
        alice.commands(emit(stage, &format!("{round} with"), json!({ "to": [stage.own("red")] }))).await?;
        bob.hears(news(stage, &format!("{round} with"))).await?;
        carol
            .commands(json!({ "op": "leave", "rooms": [stage.own("red")] }))
            .await
            .set_up("leaving a room")?;
        alice.commands(emit(stage, &format!("{round} without"), json!({ "to": [stage.own("red")] }))).await?;
        bob.hears(news(stage, &format!("{round} without"))).await?;
    }
    bob.hears_nothing_more().await
}

async fn the_lost_are_not_found(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    let crowd: [Client; 3] = stage.join("/").await?;
    for mut lost in crowd {
        let sid = lost.sid.clone();
        enters(stage, &mut lost, "red").await?;
        lost.wire.drops();
        loop {
            let (args, _) = alice.hears_of_any(&sid).await.set_up("hearing of the loss")?;
            if args == "left" {
                break;
            }
        }
    }
    let lookup = json!({ "op": "sockets", "via": "server", "to": [stage.own("red")] });
    let answer = alice.commands(lookup).await?;
    let found: Vec<&Value> =
        answer["sockets"].as_array().into_iter().flatten().map(|socket| &socket["id"]).collect();
    (found == [&json!(bob.sid)])
        .then_some(())
        .ok_or_else(|| Stop::violation(format!("only {} in the room", bob.sid), answer.to_string(), None))
}

async fn nothing_volatile_is_kept(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let say = |word: &str, volatile: bool| {
        let event = stage.own("news");
        format!("42{}", json!(["do", { "op": "emit", "event": event, "args": [word], "volatile": volatile }]))
    };
    // Nobody polls.
    session.post(&say("now or never", true)).await?.has_status(200)?;
    session.post(&say("whenever", false)).await?.has_status(200)?;
    loop {
        let (packets, at) = session.packets().await?;
        for packet in packets.iter().filter_map(|packet| stage.read(packet)) {
            let kept = packet == news(stage, "now or never");
            stage.demand(!kept, "no volatile event", packet.to_string(), at)?;
            if packet == news(stage, "whenever") {
                return Ok(());
            }
        }
    }
}

async fn what_it_missed_is_lost(stage: &mut Stage) -> Check {
    let namespace = stage.own_namespace();
    let [mut alice, mut bob] = stage.join(&namespace).await?;
    alice.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    let sid = bob.sid.clone();
    // The answer may be lost with the connection.
    bob.asks(json!({ "op": "drop" }));
    alice.hears_of("left", &sid).await.set_up("hearing of the loss")?;
    alice.commands(emit(stage, "meanwhile", json!({ "via": "server" }))).await?;
    alice.commands(emit(stage, "to its id", json!({ "to": [sid] }))).await?;
    let wire = stage.session().await?;
    let back = received(wire, &namespace, stage.auth()).await.set_up("joining again")?;
    back.must_not_have_heard(stage, "meanwhile")?;
    back.must_not_have_heard(stage, "to its id")
}

async fn others_are_served(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut carol, "red").await?;
    alice.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    let red = json!({ "to": [stage.own("red")] });
    let sid = bob.sid.clone();
    bob.asks(json!({ "op": "drop" }));
    // While the connection is lost, and once that is known.
    alice.commands(emit(stage, "meanwhile", red.clone())).await?;
    alice.hears_of("left", &sid).await.set_up("hearing of the loss")?;
    alice.commands(emit(stage, "afterwards", red)).await?;
    carol.hears(news(stage, "meanwhile")).await?;
    carol.hears(news(stage, "afterwards")).await
}

async fn reserved_names_stay_here(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    for name in ["connect", "disconnect", "disconnecting", "newListener"] {
        let asked = alice.asks(json!({ "op": "emit", "event": name, "args": ["x"] }));
        // Refusing and passing over are both in use: that there is an answer is enough.
        loop {
            let (packet, at) = alice.next("an answer").await?;
            if packet.id == Some(asked) {
                break;
            }
            stage.demand(false, "no event with a reserved name", packet.to_string(), at)?;
        }
    }
    alice.asks(emit(stage, "fence", json!({})));
    let fence = news(stage, "fence");
    loop {
        let (packet, at) = alice.next("the event that was asked for last").await?;
        if packet == fence {
            return Ok(());
        }
        let expected = "no event with a reserved name";
        stage.demand(packet.kind == crate::stage::Kind::Ack, expected, packet.to_string(), at)?;
    }
}
