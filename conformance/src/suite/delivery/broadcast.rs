//! Broadcasts: to everybody in a namespace, once, in order, and nobody else.

use serde_json::json;

use super::{emit, enters, news};
use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, feature},
    scenarios,
    stage::{Client, Kind, Stage, bytes, connect, disconnect, event},
    verdict::{Check, SetUp},
};

const EXCLUDES_SENDER: Rule = Rule::docs(
    "delivery/broadcast/excludes-sender",
    Source::docs("broadcasting-events"),
    "A broadcast of a socket does not come back to it.",
)
.broken_by(&["broadcast-includes-sender"])
.seen(&["socketioxide#138", "socket.io#4524"]);

const EVERYONE_ONCE: Rule = Rule::docs(
    "delivery/broadcast/reaches-everyone-once",
    Source::docs("broadcasting-events"),
    "A broadcast reaches every other socket of the namespace, once.",
)
.broken_by(&["broadcast-delivers-twice"]);

const SERVER_INCLUDES_CALLER: Rule = Rule::docs(
    "delivery/broadcast/server-emit-includes-caller",
    Source::docs("broadcasting-events"),
    "What the server emits to a namespace reaches every socket, the one that asked for it too.",
)
.broken_by(&["server-emit-excludes-caller"]);

const NAMESPACE_ONLY: Rule = Rule::docs(
    "delivery/broadcast/namespace-only",
    Source::docs("namespaces"),
    "A broadcast stays in its namespace.",
)
.broken_by(&["broadcast-crosses-namespaces", "main-joined-implicitly"])
.seen(&["netty-socketio#677"]);

const EXCEPT: Rule = Rule::docs(
    "delivery/broadcast/except",
    Source::docs("emit-cheatsheet"),
    "Members of a room that is excepted do not hear a broadcast.",
)
.broken_by(&["broadcast-ignores-except", "join-ignored"]);

const BINARY: Rule = Rule::docs(
    "delivery/broadcast/binary",
    Source::docs("emitting-events: serialization"),
    "Everybody gets the attachments of a broadcast.",
)
.broken_by(&["broadcast-shares-attachments"]);

const ORDER: Rule = Rule::docs(
    "delivery/broadcast/order",
    Source::docs("delivery-guarantees: message ordering"),
    "Events to one socket and broadcasts arrive in the order they were sent.",
)
.broken_by(&["broadcast-overtakes", "broadcast-delivers-twice", "server-emit-excludes-caller"]);

const OTHER_NAMESPACE: Rule = Rule::docs(
    "delivery/broadcast/other-namespace",
    Source::docs("emit-cheatsheet"),
    "The server can emit to any namespace.",
)
.broken_by(&["of-namespace-ignored"]);

const NOT_AFTER_DISCONNECT: Rule = Rule::docs(
    "delivery/broadcast/not-after-disconnect",
    Source::docs("server-socket-instance: disconnect"),
    "A socket that has left hears no broadcast, though its connection stays.",
)
.broken_by(&["broadcast-reaches-departed", "broadcast-crosses-namespaces", "repeated-ack-id-ignored"]);

const NOT_TO_REFUSED: Rule = Rule::reference(
    "delivery/broadcast/not-to-refused",
    Source::observed("a socket is in its namespace once every middleware has let it in"),
    "Who was refused by a middleware hears nothing of what is sent to the namespace.",
)
.broken_by(&["refused-hears-broadcasts", "broadcast-crosses-namespaces"])
.users("Who lacks the password reads what members write.");

scenarios! {
    EXCLUDES_SENDER => a_broadcast_excludes_its_sender over [Polling, Websocket, Upgraded] needs [DELIVERY] beside nobody;
    EVERYONE_ONCE => everyone_else_hears_once over [Polling, Websocket, Upgraded] needs [DELIVERY] beside nobody;
    SERVER_INCLUDES_CALLER => the_caller_hears_the_server over [Polling, Websocket, Upgraded] needs [DELIVERY] beside nobody;
    NAMESPACE_ONLY => a_broadcast_stays_in_its_namespace over [Polling, Websocket, Upgraded] needs [DELIVERY] beside nobody;
    EXCEPT => the_excepted_do_not_hear over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("except")] beside nobody;
    BINARY => everyone_gets_the_bytes over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("binary")] beside nobody;
    ORDER => nothing_overtakes over [Polling, Websocket, Upgraded] needs [DELIVERY] beside nobody;
    OTHER_NAMESPACE => another_namespace_hears over [Polling, Websocket, Upgraded] needs [DELIVERY] beside nobody;
    NOT_AFTER_DISCONNECT => who_left_hears_nothing over [Polling, Websocket, Upgraded] needs [DELIVERY] beside nobody;
    NOT_TO_REFUSED => the_refused_hear_nothing over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("middleware")] beside nobody;
}

async fn a_broadcast_excludes_its_sender(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    alice.commands(emit(stage, "hello", json!({ "broadcast": true }))).await?;
    bob.hears(news(stage, "hello")).await.set_up("hearing it as another")?;
    alice.hears_nothing_more().await
}

async fn everyone_else_hears_once(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    alice.commands(emit(stage, "hello", json!({ "broadcast": true }))).await?;
    bob.hears(news(stage, "hello")).await?;
    carol.hears(news(stage, "hello")).await?;
    bob.hears_nothing_more().await?;
    carol.hears_nothing_more().await
}

async fn the_caller_hears_the_server(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    alice.commands(emit(stage, "hello", json!({ "via": "server" }))).await?;
    alice.hears(news(stage, "hello")).await?;
    bob.hears(news(stage, "hello")).await.set_up("hearing it as another")
}

async fn a_broadcast_stays_in_its_namespace(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let [mut bob] = stage.join("/custom").await?;
    alice.commands(emit(stage, "hello", json!({ "via": "server" }))).await?;
    bob.hears_nothing_more().await
}

async fn the_excepted_do_not_hear(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut carol, "blue").await?;
    let address = json!({ "broadcast": true, "except": [stage.own("blue")] });
    alice.commands(emit(stage, "hello", address)).await?;
    bob.hears(news(stage, "hello")).await.set_up("hearing it as one that is not excepted")?;
    carol.hears_nothing_more().await
}

async fn everyone_gets_the_bytes(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    let mut command = emit(stage, "", json!({ "broadcast": true }));
    command["args"] = json!([bytes(&[1, 2, 3]), "and", { "deep": bytes(&[4, 5]) }]);
    alice.commands(command).await?;
    let args = [bytes(&[1, 2, 3]), json!("and"), json!({ "deep": bytes(&[4, 5]) })];
    bob.hears(event(&stage.own("news"), args.clone())).await?;
    carol.hears(event(&stage.own("news"), args)).await
}

async fn nothing_overtakes(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let oneself = json!({});
    let everyone = json!({ "via": "server" });
    // Each is carried out before the next is asked for: handlers may run side by side.
    for (word, address) in [("1", &oneself), ("2", &everyone), ("3", &oneself), ("4", &everyone)] {
        alice.commands(emit(stage, word, address.clone())).await?;
    }
    for word in ["1", "2", "3", "4"] {
        alice.hears(news(stage, word)).await?;
    }
    alice.hears_nothing_more().await
}

async fn another_namespace_hears(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let [mut bob] = stage.join("/custom").await?;
    alice.commands(emit(stage, "hello", json!({ "via": "server", "namespace": "/custom" }))).await?;
    bob.hears(news(stage, "hello")).await?;
    alice.hears_nothing_more().await.set_up("hearing nothing in another namespace")
}

async fn who_left_hears_nothing(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    bob.wire.joins("/custom", None).await.set_up("joining /custom")?;
    bob.emits(disconnect());
    bob.wire.hears_nothing_more("/custom").await.set_up("leaving the main namespace")?;
    alice.commands(emit(stage, "hello", json!({ "broadcast": true }))).await?;
    bob.wire.hears_nothing_more("/custom").await
}

async fn the_refused_hear_nothing(stage: &mut Stage) -> Check {
    let wire = stage.session().await?;
    let token = json!({ "token": "open sesame" });
    let mut alice = Client::join(wire, "/auth", Some(token)).await.set_up("joining /auth")?;
    let [mut bob] = stage.join("/").await?;
    bob.wire.says(&connect(json!({})).on("/auth"));
    let (answer, at) = bob.next("a refusal").await.set_up("asking without the token")?;
    let refused = answer.kind == Kind::ConnectError && answer.namespace == "/auth";
    stage.demand(refused, "a refusal", answer.to_string(), at).set_up("asking without the token")?;
    alice.commands(emit(stage, "for members", json!({ "via": "server" }))).await?;
    alice.hears(news(stage, "for members")).await.set_up("hearing it as a member")?;
    bob.hears_nothing_more().await
}
