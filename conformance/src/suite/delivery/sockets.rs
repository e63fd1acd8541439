//! Looking up and moving sockets from the server.

use serde_json::{Value, json};

use super::{emit, enters, news};
use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, feature},
    scenarios,
    stage::{Stage, disconnect},
    verdict::{Check, Stop},
};

const FETCH: Rule = Rule::docs(
    "delivery/sockets/fetch",
    Source::docs("server-instance: fetchSockets"),
    "Looking up the sockets of a room finds its members, and no others.",
)
.broken_by(&["fetch-ignores-room", "join-ignored"]);

const DATA: Rule = Rule::docs(
    "delivery/sockets/data",
    Source::docs("server-socket-instance: data"),
    "What is attached to a socket is found with it.",
)
.broken_by(&["data-not-kept"]);

const JOIN: Rule = Rule::docs(
    "delivery/sockets/join",
    Source::docs("server-instance: socketsJoin"),
    "The server can have the sockets of a room join another one.",
)
.broken_by(&["sockets-join-ignored", "join-ignored"]);

const LEAVE: Rule = Rule::docs(
    "delivery/sockets/leave",
    Source::docs("server-instance: socketsLeave"),
    "The server can have the sockets of a room leave it.",
)
.broken_by(&["sockets-leave-ignored", "room-filter-ignored", "unknown-room-reaches-all"]);

const DISCONNECT: Rule = Rule::docs(
    "delivery/sockets/disconnect",
    Source::docs("server-instance: disconnectSockets"),
    "The server can disconnect the sockets of a room, and only those.",
)
.broken_by(&["sockets-disconnect-ignored", "server-disconnect-unannounced", "join-ignored"]);

scenarios! {
    FETCH => the_members_are_found over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("sockets")];
    DATA => the_data_is_found over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("sockets")];
    JOIN => sockets_are_made_to_join over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("sockets")];
    LEAVE => sockets_are_made_to_leave over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("sockets")];
    DISCONNECT => sockets_are_disconnected over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("sockets")];
}

async fn the_members_are_found(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut carol, "blue").await?;
    let lookup = json!({ "op": "sockets", "via": "server", "to": [stage.own("red")] });
    let answer = alice.commands(lookup).await?;
    let found: Vec<&Value> =
        answer["sockets"].as_array().into_iter().flatten().map(|socket| &socket["id"]).collect();
    demand(found == [&json!(bob.sid)], &format!("the socket {}", bob.sid), &answer)
}

async fn the_data_is_found(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    bob.commands(json!({ "op": "set-data", "data": { "name": "bob", "n": 2 } })).await?;
    let answer = alice.commands(json!({ "op": "sockets", "via": "server" })).await?;
    let found =
        answer["sockets"].as_array().into_iter().flatten().find(|socket| socket["id"] == json!(bob.sid));
    let data = found.map(|socket| socket["data"].clone()).unwrap_or_default();
    demand(data == json!({ "name": "bob", "n": 2 }), "the data that was set", &data)
}

async fn sockets_are_made_to_join(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    let command = json!({ "op": "sockets-join", "via": "server", "to": [stage.own("red")], "rooms": [stage.own("green")] });
    alice.commands(command).await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("green")] }))).await?;
    bob.hears(news(stage, "hello")).await
}

async fn sockets_are_made_to_leave(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    let command = json!({ "op": "sockets-leave", "via": "server", "to": [stage.own("red")], "rooms": [stage.own("red")] });
    alice.commands(command).await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("red")] }))).await?;
    bob.hears_nothing_more().await
}

async fn sockets_are_disconnected(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    let command =
        json!({ "op": "disconnect-sockets", "via": "server", "to": [stage.own("red")], "close": false });
    alice.commands(command).await?;
    bob.hears(disconnect()).await?;
    bob.wire.joins("/custom", None).await?;
    carol.hears_nothing_more().await
}

fn demand(holds: bool, expected: &str, answer: &Value) -> Check {
    holds.then_some(()).ok_or_else(|| Stop::violation(expected, answer.to_string(), None))
}
