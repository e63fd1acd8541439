//! The end of a session.

use serde_json::{Value, json};

use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, WATCH, feature},
    scenarios,
    stage::{Client, Kind, Polling, Sio, Stage, ack, connect, event},
    verdict::{Check, SetUp, expecting},
};

const SID_DIES: Rule = Rule::must(
    "engine/close/sid-dies",
    Source::engine("HTTP long-polling"),
    "When its WebSocket is gone, the id of a session is refused.",
)
.broken_by(&["sid-survives-close", "upgrade-ignored"]);

const QUEUE_FIRST: Rule = Rule::reference(
    "engine/close/queue-first",
    Source::observed(
        "what waits for a poll when the server closes a session is delivered before the close packet",
    ),
    "What waits for a poll when the server closes the session is still delivered, in its order.",
)
.broken_by(&["close-drops-queue", "join-ignored"])
.users("The last events before a disconnect are lost, often the ones that say why.");

const NEXT_POLL_TOLD: Rule = Rule::reference(
    "engine/close/next-poll-told",
    Source::observed("the poll after a session was closed by the server is answered with a close packet, the next one refused"),
    "Who polls after the server has closed the session is told so: no poll is left waiting, and the id is refused.",
)
.broken_by(&["close-strands-next-get", "close-delayed", "disconnect-close-stays-open"])
.users("Clients notice a ping time-out later that they were disconnected.");

const DEAF: Rule = Rule::reference(
    "engine/close/deaf-afterwards",
    Source::observed("packets of a client are ignored once the server has begun to close its session"),
    "What a client posts after the server has closed the session is not handled.",
)
.broken_by(&["close-delayed", "disconnect-close-stays-open"])
.users("Who was thrown out goes on talking.");

const POST_ENDED: Rule = Rule::should(
    "engine/close/post-ended",
    Source::observed("a POST that is not complete when the server closes the session is aborted"),
    "A POST that is not complete when the server closes the session is answered, or its connection ended.",
)
.broken_by(&["close-strands-post"]);

const TWICE: Rule = Rule::reference(
    "engine/close/twice",
    Source::observed("a session that client and server close at the same time ends once"),
    "A session that client and server close at the same time is gone once, and does no harm.",
)
.broken_by(&["closing-twice-kills"]);

scenarios! {
    SID_DIES => the_sid_is_refused over [Websocket, Upgraded];
    QUEUE_FIRST => the_queue_is_delivered over [Polling] needs [DELIVERY, WATCH, feature("rooms")] in Calm;
    NEXT_POLL_TOLD => the_next_poll_is_told over [Polling] needs [DELIVERY, WATCH, feature("rooms")] in Calm;
    DEAF => nothing_is_heard_afterwards over [Polling] needs [DELIVERY, WATCH, feature("rooms")] in Calm;
    POST_ENDED => a_post_is_ended over [Polling] needs [DELIVERY, feature("rooms"), feature("sockets")] in Calm;
    TWICE => both_sides_close over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH] in Calm;
}

async fn the_sid_is_refused(stage: &mut Stage) -> Check {
    let session = stage.session().await?;
    let sid = session.hello.sid.clone();
    session.hangs_up().await.set_up("closing the WebSocket")?;
    let polling = format!("EIO=4&transport=polling&sid={sid}");
    stage.request("GET", &polling, None).await?.is_refusal()?;
    stage.websocket(&format!("EIO=4&transport=websocket&sid={sid}")).await?.is_refused().await
}

async fn the_queue_is_delivered(stage: &mut Stage) -> Check {
    let (session, _bob, due) = closed_with_a_queue(stage).await?;
    let shown = due.iter().map(ToString::to_string).collect::<Vec<_>>().join("␞");
    let mut heard: Vec<Sio> = Vec::new();
    while heard.len() < due.len() {
        let (packets, at) = session.packets().await.map_err(|stop| expecting(stop, &shown))?;
        let read = packets.iter().filter_map(|packet| stage.read(packet));
        // The answer to the command and the goodbye may stand anywhere.
        heard.extend(read.filter(|packet| packet.kind == Kind::Event));
        stage.demand(due.starts_with(&heard), &shown, packets.join("␞"), at)?;
    }
    Ok(())
}

async fn the_next_poll_is_told(stage: &mut Stage) -> Check {
    let (session, _bob, _) = closed_with_a_queue(stage).await?;
    session.is_gone().await
}

async fn nothing_is_heard_afterwards(stage: &mut Stage) -> Check {
    let (session, mut bob, _) = closed_with_a_queue(stage).await?;
    let room = stage.own("listeners");
    bob.commands(json!({ "op": "join", "rooms": [room] })).await.set_up("joining a room")?;
    let (connect, _) = connect(stage.auth()).write();
    let news = json!({ "op": "emit", "to": [room], "event": stage.own("news"), "args": ["too late"] });
    for packet in [format!("4{connect}"), command(1, &news)] {
        // Refused, or taken and dropped, or cut off: all the same.
        let _reply = session.post(&packet).await;
        session.settle().await?;
    }
    bob.hears_nothing_more().await
}

async fn a_post_is_ended(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let [mut bob] = stage.join("/").await?;
    let room = is_in_a_room(stage, &session).await.set_up("joining a room")?;
    let mut post = session.begin_post("Content-Length: 60\r\n", b"42[\"message\",\"").await?;
    let close = json!({ "op": "disconnect-sockets", "via": "server", "to": [room], "close": true });
    bob.commands(close).await.set_up("closing the session")?;
    session.is_gone().await.set_up("closing the session")?;
    post.is_over().await
}

async fn both_sides_close(stage: &mut Stage) -> Check {
    const FENCE: u64 = 5_000_000;
    let [mut alice] = stage.join("/").await?;
    let mut bob = witness(stage).await?;
    alice.wire.sends_together(&[&command(1, &close()), "1"]);
    bob.hears_of("left", &alice.sid).await?;
    // Gone a second time, it would be told of before the answer to this.
    bob.emits(event("message-with-ack", [json!("fence")]).with_id(FENCE));
    let fence = ack(FENCE, [json!("fence")]);
    loop {
        let (packet, at) = bob.wire.next().await.map_err(|stop| expecting(stop, &fence.to_string()))?;
        if packet == fence {
            return Ok(());
        }
        let again = packet.event_name() == Some("left") && packet.data.get(1) == Some(&json!(alice.sid));
        stage.demand(!again, "the socket gone once", packet.to_string(), at)?;
    }
}

/// A session that the server has closed while three events wait for the next poll; one who has seen it go; those events.
async fn closed_with_a_queue(stage: &mut Stage) -> Check<(Polling, Client, Vec<Sio>)> {
    let session = stage.polling().await?;
    let sid = session.joins().await.set_up("joining the main namespace")?;
    let room = is_in_a_room(stage, &session).await.set_up("joining a room")?;
    let mut bob = witness(stage).await?;
    let name = stage.own("news");
    for number in 1..=3 {
        let news = json!({ "op": "emit", "to": [room], "event": name, "args": [number] });
        bob.commands(news).await.set_up("sending an event")?;
    }
    let asked = session.post(&command(2, &close())).await.and_then(|reply| reply.has_status(200));
    asked.set_up("asking to be disconnected")?;
    bob.hears_of("left", &sid).await.set_up("being disconnected")?;
    Ok((session, bob, (1..=3).map(|number| event(&name, [json!(number)])).collect()))
}

/// A client that is told who goes, where the server can be told to close connections at all.
async fn witness(stage: &mut Stage) -> Check<Client> {
    let [mut bob, mut carol] = stage.join("/").await?;
    carol.commands(close()).await.set_up("having a connection closed")?;
    bob.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    Ok(bob)
}

/// Lets a client that polls by hand join a room of its own; gives its name.
async fn is_in_a_room(stage: &Stage, session: &Polling) -> Check<String> {
    const JOIN: u64 = 3;
    let room = stage.own("room");
    let join = json!({ "op": "join", "rooms": [room] });
    session.post(&command(JOIN, &join)).await?.has_status(200)?;
    session.hears(&[ack(JOIN, [json!({})])]).await?;
    Ok(room)
}

/// The command that has the server close the session.
fn close() -> Value {
    json!({ "op": "disconnect", "close": true })
}

/// A command in the main namespace, as a packet.
fn command(id: u64, command: &Value) -> String {
    format!("42{id}{}", json!(["do", command]))
}
