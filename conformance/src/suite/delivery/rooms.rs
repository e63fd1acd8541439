//! Rooms: joined and left on the server, addressed one by one or together.

use serde_json::{Value, json};

use super::{emit, enters, news};
use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, feature},
    scenarios,
    stage::{Client, Stage},
    verdict::{Check, SetUp, Stop},
};

const JOIN: Rule = Rule::docs(
    "delivery/rooms/join",
    Source::docs("rooms: joining and leaving"),
    "What is sent to a room reaches its members.",
)
.broken_by(&["join-ignored"]);

const MEMBERS_ONLY: Rule = Rule::docs(
    "delivery/rooms/members-only",
    Source::docs("rooms: joining and leaving"),
    "What is sent to a room reaches nobody else.",
)
.broken_by(&["room-filter-ignored"])
.seen(&["socket.io#2962", "socket.io#2996"]);

const EXCLUDES_SENDER: Rule = Rule::docs(
    "delivery/rooms/excludes-sender",
    Source::docs("rooms: joining and leaving"),
    "What a socket sends to a room does not come back to it.",
)
.broken_by(&["room-emit-includes-sender"])
.seen(&["socket.io#4524"]);

const SERVER_INCLUDES_ALL: Rule = Rule::docs(
    "delivery/rooms/server-includes-all",
    Source::docs("rooms: joining and leaving"),
    "What the server sends to a room reaches every member, the one that asked for it too.",
)
.broken_by(&["server-room-emit-excludes-caller", "join-ignored"]);

const LEAVE: Rule = Rule::docs(
    "delivery/rooms/leave",
    Source::docs("rooms: joining and leaving"),
    "Who has left a room hears no more of it.",
)
.broken_by(&["leave-ignored", "room-filter-ignored", "unknown-room-reaches-all"]);

const UNION_ONCE: Rule = Rule::docs(
    "delivery/rooms/union-once",
    Source::docs("rooms: joining and leaving"),
    "Who is in several of the rooms addressed hears it once.",
)
.broken_by(&["union-delivers-twice"]);

const EXCEPT: Rule = Rule::docs(
    "delivery/rooms/except",
    Source::docs("rooms: joining and leaving"),
    "Members of a room that is excepted hear nothing.",
)
.broken_by(&["except-ignored"]);

const OWN_ID: Rule = Rule::docs(
    "delivery/rooms/own-id",
    Source::docs("rooms: default room"),
    "Each socket is in a room named by its id.",
)
.broken_by(&["own-room-missing"]);

const OWN_ID_EXCLUDES_SELF: Rule = Rule::docs(
    "delivery/rooms/own-id-excludes-self",
    Source::docs("emit-cheatsheet"),
    "What a socket sends to its own id reaches nobody.",
)
.broken_by(&["self-addressed", "room-filter-ignored"]);

const PER_NAMESPACE: Rule = Rule::docs(
    "delivery/rooms/per-namespace",
    Source::docs("namespaces"),
    "Rooms of the same name in two namespaces are two rooms.",
)
.broken_by(&["rooms-shared-by-namespaces"])
.seen(&["netty-socketio#677"]);

const LEFT_ON_DISCONNECT: Rule = Rule::docs(
    "delivery/rooms/left-on-disconnect",
    Source::docs("rooms: disconnection"),
    "Sockets leave their rooms when they disconnect.",
)
.broken_by(&["rooms-survive-disconnect"])
.seen(&["socket.io-adapter#74"]);

const UNKNOWN: Rule = Rule::reference(
    "delivery/rooms/unknown-reaches-nobody",
    Source::observed("a room without members reaches nobody"),
    "What is sent to a room without members reaches nobody.",
)
.broken_by(&["unknown-room-reaches-all", "room-filter-ignored"]);

const LISTED: Rule = Rule::docs(
    "delivery/rooms/listed",
    Source::docs("server-socket-instance: rooms"),
    "A socket's rooms are its own id and those it has joined and not left.",
)
.broken_by(&["session-rooms-empty", "join-ignored", "leave-ignored", "own-room-missing"]);

const OF_ANOTHER: Rule = Rule::should(
    "delivery/rooms/of-another",
    Source::observed("a room named after another socket can be joined as any other"),
    "Who joins the room that is named after another socket hears what is sent there.",
)
.broken_by(&["foreign-id-not-joined", "join-ignored"]);

scenarios! {
    JOIN => members_hear over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    MEMBERS_ONLY => others_do_not_hear over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    EXCLUDES_SENDER => the_sender_does_not_hear over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")];
    SERVER_INCLUDES_ALL => the_caller_hears_the_server over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")];
    LEAVE => who_left_does_not_hear over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    UNION_ONCE => a_member_of_both_hears_once over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")];
    EXCEPT => the_excepted_do_not_hear over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("except")];
    OWN_ID => a_private_message_arrives over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    OWN_ID_EXCLUDES_SELF => nobody_hears_what_is_for_oneself over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")];
    PER_NAMESPACE => rooms_belong_to_a_namespace over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")];
    LEFT_ON_DISCONNECT => the_room_is_empty_afterwards over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("sockets"), feature("watch")];
    UNKNOWN => an_unknown_room_reaches_nobody over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")];
    LISTED => the_rooms_are_listed over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    OF_ANOTHER => the_room_of_another_can_be_joined over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")];
}

async fn members_hear(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("red")] }))).await?;
    bob.hears(news(stage, "hello")).await
}

async fn others_do_not_hear(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut carol, "blue").await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("red")] }))).await?;
    carol.hears_nothing_more().await?;
    // A room of nobody must not become a message to everybody, nor the next one to the last room.
    alice.commands(emit(stage, "for blue", json!({ "to": [stage.own("blue")] }))).await?;
    carol.hears(news(stage, "for blue")).await.set_up("hearing what is for us")
}

async fn the_sender_does_not_hear(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut alice, "red").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("red")] }))).await?;
    alice.hears_nothing_more().await
}

async fn the_caller_hears_the_server(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut alice, "red").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(emit(stage, "hello", json!({ "via": "server", "to": [stage.own("red")] }))).await?;
    alice.hears(news(stage, "hello")).await?;
    bob.hears(news(stage, "hello")).await.set_up("hearing as another member")
}

async fn who_left_does_not_hear(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    bob.commands(json!({ "op": "leave", "rooms": [stage.own("red")] })).await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("red")] }))).await?;
    bob.hears_nothing_more().await
}

async fn a_member_of_both_hears_once(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut bob, "blue").await?;
    let both = json!({ "to": [stage.own("red"), stage.own("blue")] });
    alice.commands(emit(stage, "hello", both)).await?;
    bob.hears(news(stage, "hello")).await.set_up("hearing it at all")?;
    bob.hears_nothing_more().await
}

async fn the_excepted_do_not_hear(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut carol, "red").await?;
    enters(stage, &mut carol, "blue").await?;
    let address = json!({ "to": [stage.own("red")], "except": [stage.own("blue")] });
    alice.commands(emit(stage, "hello", address)).await?;
    bob.hears(news(stage, "hello")).await.set_up("hearing it as one that is not excepted")?;
    carol.hears_nothing_more().await
}

async fn a_private_message_arrives(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    alice.commands(emit(stage, "psst", json!({ "to": [bob.sid] }))).await?;
    bob.hears(news(stage, "psst")).await?;
    carol.hears_nothing_more().await.set_up("hearing nothing as a third")
}

async fn nobody_hears_what_is_for_oneself(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    alice.commands(emit(stage, "psst", json!({ "to": [alice.sid] }))).await?;
    alice.hears_nothing_more().await?;
    bob.hears_nothing_more().await
}

async fn rooms_belong_to_a_namespace(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let [mut bob] = stage.join("/custom").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(emit(stage, "for the main namespace", json!({ "to": [stage.own("red")] }))).await?;
    bob.hears_nothing_more().await
}

async fn the_room_is_empty_afterwards(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    bob.emits(crate::stage::disconnect());
    alice.hears_of("left", &bob.sid).await.set_up("hearing of the departure")?;
    let lookup = json!({ "op": "sockets", "via": "server", "to": [stage.own("red")] });
    let answer = alice.commands(lookup).await?;
    let mut found = answer["sockets"].as_array().into_iter().flatten();
    let gone = !found.any(|socket| socket["id"] == json!(bob.sid));
    gone.then_some(())
        .ok_or_else(|| Stop::violation("the socket is not in the room", answer.to_string(), None))
}

async fn an_unknown_room_reaches_nobody(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    alice.commands(emit(stage, "hello", json!({ "via": "server", "to": [stage.own("empty")] }))).await?;
    alice.hears_nothing_more().await?;
    bob.hears_nothing_more().await
}

async fn the_rooms_are_listed(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    enters(stage, &mut alice, "red").await?;
    enters(stage, &mut alice, "blue").await?;
    alice.commands(json!({ "op": "leave", "rooms": [stage.own("red")] })).await?;
    has_rooms(stage, &mut alice, &["blue"]).await
}

async fn the_room_of_another_can_be_joined(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    bob.commands(json!({ "op": "join", "rooms": [alice.sid] })).await?;
    alice.commands(emit(stage, "for alice", json!({ "via": "server", "to": [alice.sid] }))).await?;
    bob.hears(news(stage, "for alice")).await
}

/// Demands that the client's socket is in its own room and these.
async fn has_rooms(stage: &Stage, client: &mut Client, rooms: &[&str]) -> Check {
    let answer = client.commands(json!({ "op": "session" })).await?;
    let mut want: Vec<String> = rooms.iter().map(|room| stage.own(room)).collect();
    want.push(client.sid.clone());
    want.sort();
    let mut got: Vec<&str> =
        answer["rooms"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    got.sort_unstable();
    (got == want)
        .then_some(())
        .ok_or_else(|| Stop::violation(want.join(", "), answer["rooms"].to_string(), None))
}
