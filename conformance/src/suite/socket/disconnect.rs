//! Leaving a namespace, by the client or by the server.

use serde_json::{Value, json};

use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, ECHO, WATCH, feature},
    scenarios,
    stage::{Client, Kind, Sio, Stage, Wire, ack, connect, disconnect, event},
    transcript::EntryId,
    verdict::{Check, SetUp},
};

const SILENT: Rule = Rule::must(
    "socket/disconnect/silent",
    Source::socket("Disconnection from a namespace"),
    "A DISCONNECT of the client is not answered, and the connection stays.",
)
.broken_by(&["disconnect-answered", "unknown-namespace-closes"]);

const OTHERS_STAY: Rule = Rule::must(
    "socket/disconnect/others-stay",
    Source::socket("Disconnection from a namespace"),
    "Leaving one namespace leaves the others joined.",
)
.broken_by(&["disconnect-leaves-all"]);

const EVENTS_STOP: Rule = Rule::reference(
    "socket/disconnect/events-stop",
    Source::observed("an event after DISCONNECT closes the connection"),
    "After DISCONNECT events of the client never reach a handler.",
)
.broken_by(&["event-after-disconnect-handled"]);

const PAYLOAD: Rule = Rule::reference(
    "socket/disconnect/payload",
    Source::observed("a DISCONNECT with a payload closes the connection"),
    "A DISCONNECT with a payload closes the connection, or leaves the namespace as one without.",
)
.broken_by(&["disconnect-payload-ignored"])
.users("Sockets stay in a namespace that their client has left.");

const NEW_SID: Rule = Rule::reference(
    "socket/disconnect/reconnect-new-sid",
    Source::observed("a CONNECT after DISCONNECT gets a new id"),
    "Who joins again gets a new id.",
)
.broken_by(&["reconnect-same-sid"]);

const BY_SERVER: Rule = Rule::must(
    "socket/disconnect/by-server",
    Source::socket("Disconnection from a namespace"),
    "A socket that the server disconnects is told with a DISCONNECT, and its connection stays.",
)
.broken_by(&["server-disconnect-unannounced"]);

const BY_SERVER_CLOSES: Rule = Rule::docs(
    "socket/disconnect/by-server-closes",
    Source::docs("server-api: socket.disconnect"),
    "When the server disconnects with close, the connection is closed too.",
)
.broken_by(&["disconnect-close-stays-open", "close-drops-answer", "close-delayed"]);

const BY_SERVER_ONE: Rule = Rule::must(
    "socket/disconnect/by-server-one-namespace",
    Source::socket("Disconnection from a namespace"),
    "When the server disconnects a socket, the client's other namespaces stay joined.",
)
.broken_by(&["server-disconnect-hits-all"]);

const REASON_LEAVE: Rule = Rule::docs(
    "socket/disconnect/reason-leave",
    Source::docs("server-socket-instance: disconnect"),
    "When a client leaves, the reason is: client namespace disconnect.",
)
.broken_by(&["reason-always-transport-close"]);

const REASON_CLOSE: Rule = Rule::docs(
    "socket/disconnect/reason-transport-close",
    Source::docs("server-socket-instance: disconnect"),
    "When the connection is lost, the socket leaves at once, and the reason is: transport close or transport error.",
)
.broken_by(&["drop-unnoticed"]);

const ROOMS: Rule = Rule::docs(
    "socket/disconnect/rooms-while-disconnecting",
    Source::docs("server-socket-instance: disconnecting"),
    "While a socket is disconnecting, its rooms are still known.",
)
.broken_by(&["left-without-rooms", "join-ignored"]);

const NAMED: Rule = Rule::must(
    "socket/disconnect/by-server-names-namespace",
    Source::socket("Disconnection from a namespace"),
    "The DISCONNECT of the server names the namespace that it is about.",
)
.broken_by(&["server-disconnect-unnamed", "server-disconnect-unannounced"])
.seen(&["python-socketio#671"]);

const REASON_SERVER: Rule = Rule::docs(
    "socket/disconnect/reason-server",
    Source::docs("server-socket-instance: disconnect"),
    "When the server disconnects a socket, the reason is: server namespace disconnect.",
)
.broken_by(&["reason-server-as-client"]);

const REASON_PING: Rule = Rule::docs(
    "socket/disconnect/reason-ping-timeout",
    Source::docs("server-socket-instance: disconnect"),
    "When a client answers no ping, the reason is: ping timeout.",
)
.broken_by(&["reason-ping-timeout-as-close", "ping-timeout-ignored", "no-ping", "upgrade-stops-heartbeat"]);

const REASON_FORCED: Rule = Rule::reference(
    "socket/disconnect/reason-broken-packet",
    Source::observed("a client that sends what is no packet leaves with the reason forced close"),
    "When a client sends what is no Socket.IO packet, the reason is: forced close, or parse error.",
)
.broken_by(&["reason-forced-as-close", "unparsable-ignored"]);

const REASON_PARSE: Rule = Rule::reference(
    "socket/disconnect/reason-parse-error",
    Source::observed("a client that sends what is no Engine.IO packet leaves with the reason parse error"),
    "When a client sends what is no Engine.IO packet, the reason is: parse error.",
)
.broken_by(&["reason-parse-error-as-close", "unknown-packet-ignored", "bad-packet-skipped"]);

const LOSS_LEAVES_ALL: Rule = Rule::docs(
    "socket/disconnect/loss-leaves-all",
    Source::docs("server-socket-instance: disconnect"),
    "Who loses its connection leaves every namespace it was in.",
)
.broken_by(&["loss-leaves-first-only", "drop-unnoticed"])
.users("Sockets that are gone stay in the lists of who is there.");

const BROKEN_LEAVES_ALL: Rule = Rule::reference(
    "socket/disconnect/broken-packet-leaves-all",
    Source::observed("a broken packet ends every namespace of its connection"),
    "Who sends what is no packet leaves every namespace it was in.",
)
.broken_by(&["broken-packet-leaves-first-only", "unparsable-ignored"]);

scenarios! {
    NAMED => the_namespace_is_named over [Polling, Websocket, Upgraded] needs [DELIVERY];
    REASON_SERVER => the_reason_is_the_server over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH];
    REASON_PING => the_reason_is_silence over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH] in Limits;
    REASON_FORCED => the_reason_is_a_broken_packet over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH];
    REASON_PARSE => the_reason_is_no_packet over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH];
    LOSS_LEAVES_ALL => a_loss_leaves_all over [Websocket, Upgraded] needs [DELIVERY, WATCH];
    BROKEN_LEAVES_ALL => a_broken_packet_leaves_all over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH];
    SILENT => leaving_is_silent over [Polling, Websocket, Upgraded];
    OTHERS_STAY => other_namespaces_stay over [Polling, Websocket, Upgraded] needs [ECHO];
    EVENTS_STOP => events_stop over [Polling, Websocket, Upgraded] needs [ECHO];
    PAYLOAD => a_payload_changes_nothing over [Polling, Websocket, Upgraded] needs [ECHO];
    NEW_SID => a_new_id_is_given over [Polling, Websocket, Upgraded] needs [ECHO];
    BY_SERVER => the_server_says_goodbye over [Polling, Websocket, Upgraded] needs [DELIVERY];
    BY_SERVER_CLOSES => the_server_hangs_up over [Polling, Websocket, Upgraded] needs [DELIVERY];
    BY_SERVER_ONE => one_namespace_is_hit over [Polling, Websocket, Upgraded] needs [DELIVERY];
    REASON_LEAVE => the_reason_is_leaving over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH];
    REASON_CLOSE => the_reason_is_the_loss over [Websocket, Upgraded] needs [DELIVERY, WATCH];
    ROOMS => rooms_are_still_known over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH, feature("rooms")];
}

async fn the_namespace_is_named(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/custom").await?;
    alice.wire.joins("/", None).await.set_up("joining the main namespace")?;
    alice.commands(json!({ "op": "disconnect", "close": false })).await?;
    let (packet, at) = alice.wire.next().await?;
    let named = packet.kind == Kind::Disconnect && packet.namespace == "/custom";
    stage.demand(named, "41/custom,", packet.to_string(), at)
}

async fn the_reason_is_the_server(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = watched(stage).await?;
    bob.asks(json!({ "op": "disconnect", "close": false }));
    leaves_for(stage, &mut alice, &bob.sid, &["server namespace disconnect"]).await
}

async fn the_reason_is_silence(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = watched(stage).await?;
    bob.wire.stops_answering();
    leaves_for(stage, &mut alice, &bob.sid, &["ping timeout"]).await
}

async fn the_reason_is_a_broken_packet(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = watched(stage).await?;
    bob.wire.sends("4abc");
    leaves_for(stage, &mut alice, &bob.sid, &["forced close", "parse error"]).await
}

async fn the_reason_is_no_packet(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = watched(stage).await?;
    bob.wire.sends("abc");
    leaves_for(stage, &mut alice, &bob.sid, &["parse error"]).await
}

async fn a_loss_leaves_all(stage: &mut Stage) -> Check {
    let ([mut alice, mut carol], bob, ids) = in_two_namespaces(stage).await?;
    bob.wire.drops();
    alice.hears_of("left", &ids[0]).await?;
    carol.hears_of("left", &ids[1]).await.map(drop)
}

async fn a_broken_packet_leaves_all(stage: &mut Stage) -> Check {
    let ([mut alice, mut carol], mut bob, ids) = in_two_namespaces(stage).await?;
    bob.wire.sends("4abc");
    alice.hears_of("left", &ids[0]).await?;
    carol.hears_of("left", &ids[1]).await.map(drop)
}

/// Two clients that are told who comes and goes in two namespaces, one that is in both, and the ids it has there.
async fn in_two_namespaces(stage: &mut Stage) -> Check<([Client; 2], Client, [String; 2])> {
    let [alice, mut bob] = watched(stage).await?;
    let answer = bob.wire.joins("/custom", None).await.set_up("joining /custom")?;
    let [mut carol] = stage.join("/custom").await?;
    carol.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    let ids = [bob.sid.clone(), answer["sid"].as_str().unwrap_or_default().to_owned()];
    Ok(([alice, carol], bob, ids))
}

/// Demands that a socket leaves, for one of these reasons.
async fn leaves_for(stage: &Stage, watcher: &mut Client, sid: &str, reasons: &[&str]) -> Check {
    let (args, at) = watcher.hears_of("left", sid).await?;
    let reason = args.first().and_then(Value::as_str).unwrap_or_default();
    stage.demand(reasons.contains(&reason), &reasons.join(", or "), reason, at)
}

async fn leaving_is_silent(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&disconnect());
    // The answer to this must be the next thing heard.
    session.says(&connect(Value::Null).on("/nowhere"));
    let (packet, at) = session.next().await?;
    let quiet = packet.kind == Kind::ConnectError;
    stage.demand(quiet, "no answer to DISCONNECT, and a connection that stays", packet.to_string(), at)
}

async fn other_namespaces_stay(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.joins("/custom", None).await.set_up("joining /custom")?;
    session.says(&disconnect().on("/custom"));
    session.says(&event("message", [json!("still here")]));
    let echo = event("message-back", [json!("still here")]);
    let (packet, at) = after_goodbye(&mut session).await?;
    stage.demand(packet == echo, &echo.to_string(), packet.to_string(), at)
}

async fn events_stop(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.joins("/custom", None).await.set_up("joining /custom")?;
    session.says(&disconnect());
    a_late_event_is_unanswered(stage, &mut session).await
}

async fn a_payload_changes_nothing(stage: &mut Stage) -> Check {
    for packet in ["41{}", "41null", "41[]"] {
        let mut session = stage.session().await?;
        session.joins("/", None).await.set_up("joining the main namespace")?;
        session.joins("/custom", None).await.set_up("joining /custom")?;
        session.sends(packet);
        // A round trip: what a client does at the same time is not what this is about.
        session.says(&connect(Value::Null).on("/nowhere"));
        if session.next_or_closed().await?.is_some() {
            a_late_event_is_unanswered(stage, &mut session).await?;
        }
    }
    Ok(())
}

/// An event for the main namespace, which was left, is not answered; /custom stays joined, or the connection closes.
async fn a_late_event_is_unanswered(stage: &Stage, session: &mut Wire) -> Check {
    session.says(&event("message-with-ack", [json!("too late")]).with_id(5_000_000));
    session.says(&event("message-with-ack", [json!("fence")]).with_id(5_000_001).on("/custom"));
    // The reference closes the connection, others pass over the event.
    let fence = ack(5_000_001, [json!("fence")]).on("/custom");
    while let Some((packet, at)) = session.next_or_closed().await? {
        if packet == fence {
            break;
        }
        let expected = "the connection closed, or the event passed over";
        stage.demand(packet.kind == Kind::Disconnect, expected, packet.to_string(), at)?;
    }
    Ok(())
}

async fn a_new_id_is_given(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    let first = session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&disconnect());
    // A round trip: the reference leaves a namespace a moment after it has read the packet.
    session.says(&connect(Value::Null).on("/nowhere"));
    after_goodbye(&mut session).await.set_up("leaving the namespace")?;
    session.says(&connect(stage.auth()));
    let (again, at) = session.admitted("/").await?;
    // Where a socket's id is that of its session there is no other; that is a rule of its own.
    let renewed = first["sid"] != again || again == session.hello.sid;
    stage.demand(renewed, &format!("another id than {}", first["sid"]), again, at)
}

async fn the_server_says_goodbye(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    alice.commands(json!({ "op": "disconnect", "close": false })).await?;
    alice.hears(disconnect()).await?;
    alice.wire.joins("/custom", None).await.map(drop)
}

async fn the_server_hangs_up(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    alice.commands(json!({ "op": "disconnect", "close": true })).await?;
    alice.wire.closes().await
}

async fn one_namespace_is_hit(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    alice.wire.joins("/custom", None).await.set_up("joining /custom")?;
    alice.commands(json!({ "op": "disconnect", "close": false })).await?;
    alice.wire.says(&event("message", [json!("still here")]).on("/custom"));
    let echo = event("message-back", [json!("still here")]).on("/custom");
    let (packet, at) = after_goodbye(&mut alice.wire).await?;
    stage.demand(packet == echo, &echo.to_string(), packet.to_string(), at)
}

async fn the_reason_is_leaving(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = watched(stage).await?;
    bob.emits(disconnect());
    let (args, at) = alice.hears_of("left", &bob.sid).await?;
    let reason = args.first().and_then(Value::as_str).unwrap_or_default();
    stage.demand(reason == "client namespace disconnect", "client namespace disconnect", reason, at)
}

async fn the_reason_is_the_loss(stage: &mut Stage) -> Check {
    let [mut alice, bob] = watched(stage).await?;
    let sid = bob.sid.clone();
    bob.wire.drops();
    let (args, at) = alice.hears_of("left", &sid).await?;
    let reason = args.first().and_then(Value::as_str).unwrap_or_default();
    let lost = ["transport close", "transport error"].contains(&reason);
    stage.demand(lost, "transport close, or transport error", reason, at)
}

async fn rooms_are_still_known(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = watched(stage).await?;
    let room = stage.own("room");
    bob.commands(json!({ "op": "join", "rooms": [room] })).await.set_up("joining a room")?;
    bob.emits(disconnect());
    let (args, at) = alice.hears_of("left", &bob.sid).await?;
    let rooms = args.get(1).cloned().unwrap_or_default();
    let known = rooms.as_array().is_some_and(|rooms| rooms.contains(&json!(room)));
    stage.demand(known, &format!("{room:?} among the rooms"), rooms.to_string(), at)
}

/// The next packet, a goodbye passed over: whether it is announced is a rule of its own.
async fn after_goodbye(session: &mut Wire) -> Check<(Sio, EntryId)> {
    match session.next().await? {
        (packet, _) if packet.kind == Kind::Disconnect => session.next().await,
        other => Ok(other),
    }
}

/// Two clients, the first of which is told who comes and goes.
pub(super) async fn watched(stage: &mut Stage) -> Check<[Client; 2]> {
    let [mut alice, bob] = stage.join("/").await?;
    alice.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    Ok([alice, bob])
}
