//! Names that mean something to a programming language, but nothing to the protocol.

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, ECHO, feature},
    scenarios,
    stage::{Kind, Stage, connect, event},
    verdict::{Check, SetUp},
};

const NAMESPACE: Rule = Rule::reference(
    "security/names/namespace",
    Source::observed("namespaces named like members of every object do not exist"),
    "A namespace named like a member of every object does not exist.",
)
.broken_by(&["inherited-namespace-accepted", "unknown-namespace-closes"]);

const EVENT: Rule = Rule::reference(
    "security/names/event",
    Source::observed("events named like members of every object are events without a handler"),
    "An event named like a member of every object has no handler, and does no harm.",
)
.broken_by(&["inherited-event-closes", "unknown-event-closes"]);

const ROOM: Rule = Rule::reference(
    "security/names/room",
    Source::observed("rooms named like members of every object are rooms like any other"),
    "A room named like a member of every object is a room like any other.",
)
.broken_by(&["inherited-room-lost", "join-ignored"]);

scenarios! {
    ROOM => it_is_a_room over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("dynamic-namespaces")];
    NAMESPACE => it_does_not_exist over [Polling, Websocket, Upgraded];
    EVENT => it_has_no_handler over [Polling, Websocket, Upgraded] needs [ECHO];
}

async fn it_does_not_exist(stage: &mut Stage) -> Check {
    for name in ["/__proto__", "/constructor", "/toString"] {
        let mut session = stage.session().await?;
        session.says(&connect(json!(null)).on(name));
        let (packet, at) = session.next().await?;
        let refused = packet.kind == Kind::ConnectError && packet.namespace == name;
        stage.demand(refused, &format!("44{name},…"), packet.to_string(), at)?;
    }
    Ok(())
}

async fn it_is_a_room(stage: &mut Stage) -> Check {
    // Of this case alone: the names of its rooms are nobody's.
    let [mut alice, mut bob] = stage.join(&stage.own_namespace()).await?;
    for name in ["__proto__", "constructor", "toString"] {
        bob.commands(json!({ "op": "join", "rooms": [name] })).await.set_up("joining a room")?;
        let command = json!({ "op": "emit", "event": stage.own("news"), "args": [name], "to": [name] });
        alice.commands(command).await?;
        bob.hears(event(&stage.own("news"), [json!(name)])).await?;
    }
    alice.hears_nothing_more().await
}

async fn it_has_no_handler(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    for name in ["__proto__", "constructor", "toString", "hasOwnProperty"] {
        session.says(&event(name, [json!(1)]));
    }
    session.hears_nothing_more("/").await
}
