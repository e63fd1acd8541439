//! Several namespaces on one connection.

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, ECHO, feature},
    scenarios,
    stage::{Kind, Stage, ack, connect, event},
    verdict::{Check, SetUp, Stop},
};

const MULTIPLEXED: Rule = Rule::must(
    "socket/namespaces/multiplexed",
    Source::socket("Introduction: multiplexing"),
    "Namespaces on one connection are independent: each event is answered in its own.",
)
.broken_by(&["namespace-answers-on-main"]);

const MAIN_NOT_IMPLIED: Rule = Rule::must(
    "socket/namespaces/main-not-implied",
    Source::socket("History: v5"),
    "Joining another namespace does not join the main one.",
)
.broken_by(&["main-joined-implicitly"]);

const COMMA_OPTIONAL: Rule = Rule::must(
    "socket/namespaces/comma-optional",
    Source::socket("Packet encoding"),
    "The comma after the namespace may be missing where nothing follows.",
)
.broken_by(&["namespace-needs-comma"])
.seen(&["python-socketio#671"]);

const NOT_JOINED: Rule = Rule::must(
    "socket/namespaces/not-joined",
    Source::socket("Connection to a namespace"),
    "An event for a namespace that was not joined never reaches a handler.",
)
.broken_by(&["event-without-namespace-handled"])
.users("Clients get around the middleware that guards a namespace.")
.seen(&["python-socketio#325", "python-socketio#333"]);

const DYNAMIC: Rule = Rule::docs(
    "socket/namespaces/dynamic",
    Source::docs("namespaces: dynamic namespaces"),
    "A namespace that matches a dynamic one comes into being on first use; others do not.",
)
.broken_by(&["dynamic-refused"]);

const CASE_SENSITIVE: Rule = Rule::reference(
    "socket/namespaces/case-sensitive",
    Source::observed("namespaces are compared with regard to case and slashes"),
    "Names of namespaces differ when their case or their slashes differ.",
)
.broken_by(&["namespace-ignores-case"]);

scenarios! {
    MULTIPLEXED => each_namespace_answers_for_itself over [Polling, Websocket, Upgraded] needs [ECHO];
    MAIN_NOT_IMPLIED => the_main_namespace_is_not_implied over [Polling, Websocket, Upgraded] needs [ECHO];
    COMMA_OPTIONAL => the_comma_may_be_missing over [Polling, Websocket, Upgraded] needs [ECHO];
    NOT_JOINED => an_event_without_namespace_is_lost over [Polling, Websocket, Upgraded] needs [ECHO];
    DYNAMIC => a_dynamic_namespace_comes_into_being over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("dynamic-namespaces")];
    CASE_SENSITIVE => case_and_slashes_matter over [Polling, Websocket, Upgraded] needs [ECHO];
}

async fn each_namespace_answers_for_itself(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.joins("/custom", None).await.set_up("joining /custom")?;
    session.says(&event("message", [json!("a")]).on("/custom"));
    session.says(&event("message", [json!("b")]));
    let echoes = [event("message-back", [json!("a")]).on("/custom"), event("message-back", [json!("b")])];
    session.hears_all(&echoes).await?;
    // One id in two namespaces is two acknowledgements.
    session.says(&event("message-with-ack", [json!("c")]).with_id(2_000_000).on("/custom"));
    session.says(&event("message-with-ack", [json!("d")]).with_id(2_000_000));
    session.hears_all(&[ack(2_000_000, [json!("c")]).on("/custom"), ack(2_000_000, [json!("d")])]).await
}

async fn the_main_namespace_is_not_implied(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/custom", None).await?;
    session.says(&event("message-with-ack", [json!("sneaky")]).with_id(2_000_001));
    session.says(&event("message-with-ack", [json!("fence")]).with_id(2_000_002).on("/custom"));
    // The reference closes the connection, others pass over the event.
    let fence = ack(2_000_002, [json!("fence")]).on("/custom");
    match session.next_or_closed().await? {
        Some((packet, at)) if packet != fence => {
            stage.demand(false, "no answer in the main namespace", packet.to_string(), at)
        }
        _ => Ok(()),
    }
}

async fn the_comma_may_be_missing(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.sends("40/custom");
    session.admitted("/custom").await.map(drop)
}

async fn an_event_without_namespace_is_lost(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message-with-ack", [json!("sneaky")]).with_id(2_000_001).on("/custom"));
    session.says(&event("message-with-ack", [json!("fence")]).with_id(2_000_002));
    // The reference closes the connection, others pass over the event.
    match session.next_or_closed().await? {
        None => Ok(()),
        Some((packet, _)) if packet == ack(2_000_002, [json!("fence")]) => Ok(()),
        Some((packet, at)) => {
            Err(Stop::violation("the connection closed, or the event passed over", packet.to_string(), at))
        }
    }
}

async fn a_dynamic_namespace_comes_into_being(stage: &mut Stage) -> Check {
    let namespace = stage.own_namespace();
    let mut session = stage.session().await?;
    session.joins(&namespace, None).await?;
    session.says(&event("message", [json!("here")]).on(&namespace));
    session.hears(&event("message-back", [json!("here")]).on(&namespace)).await?;
    session.says(&connect(serde_json::Value::Null).on("/dynamic-x"));
    match session.next_or_closed().await? {
        Some((packet, at)) => {
            stage.demand(packet.kind == Kind::ConnectError, "44/dynamic-x,…", packet.to_string(), at)
        }
        None => Ok(()),
    }
}

async fn case_and_slashes_matter(stage: &mut Stage) -> Check {
    for namespace in ["/CUSTOM", "/Custom", "/custom/", "//custom"] {
        let mut session = stage.session().await?;
        session.says(&connect(serde_json::Value::Null).on(namespace));
        // Refusing it by closing the connection is a matter of another rule.
        if let Some((packet, at)) = session.next_or_closed().await? {
            let refused = packet.kind == Kind::ConnectError;
            stage.demand(refused, &format!("a CONNECT_ERROR for {namespace}"), packet.to_string(), at)?;
        }
    }
    Ok(())
}
