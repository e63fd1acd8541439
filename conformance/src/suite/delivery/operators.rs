//! The operators of the server API that change how something is sent.

use serde_json::{Value, json};

use super::{emit, enters, news};
use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, feature},
    scenarios,
    stage::{Sio, Stage, ack, bytes, event},
    verdict::{Check, Stop},
};

const VOLATILE: Rule = Rule::docs(
    "delivery/operators/volatile",
    Source::docs("Volatile events"),
    "A volatile event reaches a client that is ready for it.",
)
.broken_by(&["volatile-dropped", "join-ignored"]);

const UNCOMPRESSED: Rule = Rule::docs(
    "delivery/operators/uncompressed",
    Source::docs("Emit cheatsheet"),
    "An event that is not to be compressed arrives.",
)
.broken_by(&["uncompressed-dropped"]);

const LOCAL: Rule = Rule::docs(
    "delivery/operators/local",
    Source::docs("Emit cheatsheet"),
    "What is sent to the sockets of this node reaches those of the one node there is.",
)
.broken_by(&["local-reaches-nobody", "join-ignored"]);

const LARGE: Rule = Rule::reference(
    "delivery/operators/large",
    Source::observed("a broadcast of 100 000 bytes arrives intact"),
    "A large event reaches every member of a room intact.",
)
.broken_by(&["large-broadcast-lost", "join-ignored"]);

const DISCONNECT_CLOSES: Rule = Rule::docs(
    "delivery/operators/disconnect-closes",
    Source::docs("Server API: disconnectSockets"),
    "When the server disconnects sockets with close, their connections are closed too.",
)
.broken_by(&[
    "sockets-disconnect-stays-open",
    "sockets-disconnect-ignored",
    "disconnect-close-stays-open",
    "close-delayed",
    "join-ignored",
]);

const ERROR_NAME: Rule = Rule::reference(
    "delivery/operators/error-name",
    Source::observed("error is the name of an event as any other, since version 3"),
    "An event named error is sent.",
)
.broken_by(&["error-event-lost"]);

const VOLATILE_BURST: Rule = Rule::reference(
    "delivery/operators/volatile-burst",
    Source::observed("of volatile events in one go those are dropped that cannot be written at once"),
    "Of volatile events in a burst each arrives once or not at all, and an event behind them arrives.",
)
.broken_by(&["volatile-burst-takes-next"])
.users("What must not be lost is lost for coming behind what may be.");

const VOLATILE_WHOLE: Rule = Rule::reference(
    "delivery/operators/volatile-whole",
    Source::observed("a volatile event is dropped with its attachments, or sent with them"),
    "A volatile event with attachments arrives whole or not at all.",
)
.broken_by(&["volatile-lacks-attachments"])
.users("Clients take what comes next for an attachment, or close the connection.");

scenarios! {
    VOLATILE_BURST => the_last_one_arrives over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("volatile")];
    VOLATILE_WHOLE => all_or_nothing_arrives over [Websocket, Upgraded, Polling]
        needs [DELIVERY, feature("volatile"), feature("binary")];
    VOLATILE => who_is_ready_hears over [Websocket, Upgraded] needs [DELIVERY, feature("rooms"), feature("volatile")];
    UNCOMPRESSED => it_arrives over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("compress")];
    LOCAL => this_node_hears over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("local")];
    LARGE => members_hear_it_whole over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    ERROR_NAME => an_error_is_heard over [Polling, Websocket, Upgraded] needs [DELIVERY];
    DISCONNECT_CLOSES => the_connection_closes over [Websocket, Upgraded] needs [DELIVERY, feature("sockets")];
}

async fn who_is_ready_hears(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(emit(stage, "now", json!({ "to": [stage.own("red")], "volatile": true }))).await?;
    bob.hears(news(stage, "now")).await
}

async fn the_last_one_arrives(stage: &mut Stage) -> Check {
    let mut commands = volatile_commands(stage, |number| json!([number]));
    commands.push(emit(stage, "last", json!({})));
    let missing = burst(stage, &commands).await?;
    let arrived = !missing.contains(&news(stage, "last"));
    arrived
        .then_some(())
        .ok_or_else(|| Stop::violation(news(stage, "last").to_string(), "no such event", None))
}

async fn all_or_nothing_arrives(stage: &mut Stage) -> Check {
    let args = |number: u8| json!([number, bytes(&[number; 4]), bytes(&[number; 2000])]);
    let commands = volatile_commands(stage, args);
    burst(stage, &commands).await.map(drop)
}

/// Commands for volatile events, each with arguments of its own.
fn volatile_commands(stage: &Stage, args: impl Fn(u8) -> Value) -> Vec<Value> {
    let command = |number| emit(stage, "", json!({ "args": args(number), "volatile": true }));
    (0..6).map(command).collect()
}

/// Carries out commands to emit in one go: each event arrives whole, and at most once. Gives those that do not.
async fn burst(stage: &mut Stage, commands: &[Value]) -> Check<Vec<Sio>> {
    let [mut alice] = stage.join("/").await?;
    let asked: Vec<u64> = commands.iter().map(|command| alice.asks(command.clone())).collect();
    // Handlers may run side by side: after the answers all of them have run.
    for (id, command) in asked.into_iter().zip(commands) {
        alice.answered(id, command).await?;
    }
    alice.emits(event("message-with-ack", [json!("fence")]).with_id(6_300_000));
    let fence = ack(6_300_000, [json!("fence")]);
    let sent =
        |command: &Value| event(&stage.own("news"), command["args"].as_array().cloned().unwrap_or_default());
    let mut due: Vec<Sio> = commands.iter().map(sent).collect();
    loop {
        let (packet, at) = alice.next("an answer to the last event").await?;
        if packet == fence {
            return Ok(due);
        }
        let found = due.iter().position(|due| *due == packet);
        stage.demand(found.is_some(), "each event at most once", packet.to_string(), at)?;
        found.map(|found| due.remove(found));
    }
}

async fn it_arrives(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    alice.commands(emit(stage, "as it is", json!({ "compress": false }))).await?;
    alice.hears(news(stage, "as it is")).await
}

async fn this_node_hears(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    let address = json!({ "via": "server", "to": [stage.own("red")], "local": true });
    alice.commands(emit(stage, "nearby", address)).await?;
    bob.hears(news(stage, "nearby")).await
}

async fn members_hear_it_whole(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut carol, "red").await?;
    let long = "long ".repeat(20_000);
    alice.commands(emit(stage, &long, json!({ "to": [stage.own("red")] }))).await?;
    bob.hears(news(stage, &long)).await?;
    carol.hears(news(stage, &long)).await
}

async fn an_error_is_heard(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let word = stage.own("word");
    alice.commands(json!({ "op": "emit", "event": "error", "args": [word] })).await?;
    alice.hears(event("error", [json!(word)])).await
}

async fn the_connection_closes(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    let command =
        json!({ "op": "disconnect-sockets", "via": "server", "to": [stage.own("red")], "close": true });
    alice.commands(command).await?;
    bob.wire.closes().await
}
