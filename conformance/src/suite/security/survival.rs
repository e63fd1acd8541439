//! Input that has ended servers: this one has to serve the next client.

use crate::{
    rule::{Rule, Source},
    scenario::{Transport, needs::ECHO},
    scenarios,
    stage::Stage,
    verdict::{Check, SetUp, Stop},
};

const INHERITED_TRANSPORT: Rule = Rule::reference(
    "security/survival/inherited-transport",
    Source::observed("a transport named like a member of every object is refused (CVE-2023-31125)"),
    "A WebSocket that names a transport like a member of every object is refused, and the server lives on.",
)
.broken_by(&["inherited-transport-kills", "transport-unknown-accepted"])
.users("One request from anybody ends the process.")
.seen(&["CVE-2023-31125"]);

const RESERVED_EVENT: Rule = Rule::reference(
    "security/survival/reserved-event",
    Source::observed("an event with a reserved name ends no process (CVE-2024-38355)"),
    "An event with a reserved name does not end the server.",
)
.broken_by(&["reserved-event-kills"])
.users("One packet from anybody ends the process.")
.seen(&["CVE-2024-38355"]);

scenarios! {
    INHERITED_TRANSPORT => the_next_client_is_served_after_a_request over [Websocket];
    RESERVED_EVENT => the_next_client_is_served_after_an_event over [Polling, Websocket, Upgraded] needs [ECHO];
}

async fn the_next_client_is_served_after_a_request(stage: &mut Stage) -> Check {
    for name in ["__proto__", "constructor"] {
        stage.websocket(&format!("EIO=4&transport={name}")).await?.is_refused().await?;
    }
    serves(stage).await
}

async fn the_next_client_is_served_after_an_event(stage: &mut Stage) -> Check {
    for name in ["error", "connect", "disconnect", "disconnecting", "newListener", "removeListener"] {
        let mut session = stage.session().await?;
        session.joins("/", None).await.set_up("joining the main namespace")?;
        session.sends(&format!("42[\"{name}\",\"x\"]"));
        // Closing and ignoring are both in use: an answer to this, or none, is all the same.
        session.sends("40/custom,");
        session.next_or_closed().await?;
    }
    serves(stage).await
}

/// Demands that a fresh client is served.
async fn serves(stage: &mut Stage) -> Check {
    let fresh = match stage.over() {
        Transport::Websocket => stage.session().await.map(drop),
        _ => stage.polling().await.map(drop),
    };
    fresh.map_err(|stop| match stop {
        Stop::Inconclusive(why) => Stop::violation("a session for the next client", why, None),
        other => other,
    })
}
