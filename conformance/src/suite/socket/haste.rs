//! Clients that do not wait: what comes right behind a CONNECT, or right behind the end of a socket.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, ECHO, feature},
    scenarios,
    stage::{Client, Kind, Stage, ack, connect, event},
    verdict::{Check, SetUp, Stop, expecting},
};

const BEHIND_CONNECT: Rule = Rule::reference(
    "socket/haste/behind-connect",
    Source::observed("an event right behind CONNECT is answered after it, or closes the connection"),
    "An event right behind CONNECT never overtakes it, nor leaves the connection deaf.",
)
.broken_by(&["event-in-place-of-connect"])
.users("Handlers run for sockets that are not there yet.");

const BEHIND_REFUSAL: Rule = Rule::reference(
    "socket/haste/behind-refusal",
    Source::observed("an event behind a CONNECT that a middleware refuses closes the connection"),
    "An event right behind a CONNECT that is refused never reaches a handler.",
)
.broken_by(&["event-behind-refusal-handled", "event-without-namespace-handled"])
.users("Who does not know the password can do what it protects.")
.seen(&["python-socketio#325", "python-socketio#333"]);

const GONE: Rule = Rule::reference(
    "socket/haste/gone-behind-connect",
    Source::observed("a socket whose connection ends while it joins is not in its namespace"),
    "Who goes right behind its CONNECT is not found in the namespace.",
)
.broken_by(&["silent-leaver-stays", "drop-unnoticed"])
.users("Lists of who is there grow for ever.")
.seen(&["socket.io-18f3fda"]);

const BEHIND_REMOVAL: Rule = Rule::reference(
    "socket/haste/behind-removal",
    Source::observed("packets of a socket that was disconnected meanwhile are dropped"),
    "What a client says before it hears that the server has disconnected it is not answered any more.",
)
.broken_by(&["event-after-removal-handled", "event-after-disconnect-handled"]);

scenarios! {
    BEHIND_CONNECT => an_event_waits_its_turn over [Polling, Websocket, Upgraded] needs [ECHO];
    BEHIND_REFUSAL => a_refusal_is_not_passed over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("middleware")];
    GONE => nobody_stays_behind over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("sockets"), feature("dynamic-namespaces")];
    BEHIND_REMOVAL => the_removed_are_not_heard over [Polling, Websocket, Upgraded] needs [DELIVERY];
}

async fn an_event_waits_its_turn(stage: &mut Stage) -> Check {
    const WANT: &str = "an answer to CONNECT before one to the event, or the connection closed";
    let hello = if stage.auth().is_null() { json!({}) } else { stage.auth() };
    let mut session = stage.session().await?;
    let (hello, _) = connect(hello).write();
    session.sends_together(&[&format!("4{hello}"), r#"42["message","hasty"]"#]);
    loop {
        match session.next_or_closed().await.map_err(|stop| expecting(stop, WANT))? {
            None => return Ok(()),
            Some((packet, _)) if packet.kind == Kind::Connect => break,
            // Whether the greeting may come before is a rule of its own.
            Some((packet, at)) => {
                stage.demand(packet.event_name() == Some("auth"), WANT, packet.to_string(), at)?;
            }
        }
    }
    let fence = ack(5_300_000, [json!("fence")]);
    session.says(&event("message-with-ack", [json!("fence")]).with_id(5_300_000));
    let known = [event("message-back", [json!("hasty")]), fence.clone()];
    while let Some((packet, at)) = session.next_or_closed().await.map_err(|stop| expecting(stop, WANT))? {
        if packet == fence {
            break;
        }
        let due = packet.event_name() == Some("auth") || known.contains(&packet);
        stage.demand(due, "both events answered", packet.to_string(), at)?;
    }
    Ok(())
}

async fn a_refusal_is_not_passed(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    let sneaky = r#"42/auth,5300001["message-with-ack","sneaky"]"#;
    session.sends_together(&[r#"40/auth,{"token":"wrong"}"#, sneaky]);
    session.says(&event("message-with-ack", [json!("fence")]).with_id(5_300_000));
    // The reference closes the connection, others pass over the event.
    while let Some((packet, at)) = session.next_or_closed().await? {
        if packet == ack(5_300_000, [json!("fence")]) {
            break;
        }
        let refused = packet.kind == Kind::ConnectError;
        stage.demand(refused, "a refusal, and no answer to the event", packet.to_string(), at)?;
    }
    Ok(())
}

async fn nobody_stays_behind(stage: &mut Stage) -> Check {
    const LOOK_AGAIN: Duration = Duration::from_millis(20);
    let namespace = stage.own_namespace();
    let [mut alice] = stage.join(&namespace).await?;
    for _ in 0..4 {
        let mut session = stage.session().await?;
        session.says(&connect(Value::Null).on(&namespace));
        session.starts_hanging_up();
        while session.next_or_closed().await.set_up("hanging up")?.is_some() {}
    }
    // The end of a connection may be known to its socket a moment after its client has seen it.
    let deadline = Instant::now() + stage.patience().answer();
    loop {
        let answer = alice.commands(json!({ "op": "sockets", "via": "server" })).await?;
        let found: Vec<&Value> =
            answer["sockets"].as_array().into_iter().flatten().map(|socket| &socket["id"]).collect();
        if found == [&json!(alice.sid)] {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Stop::violation(
                format!("only {} in the namespace", alice.sid),
                answer.to_string(),
                None,
            ));
        }
        stage.patience().pause_until(Instant::now() + LOOK_AGAIN).await;
    }
}

async fn the_removed_are_not_heard(stage: &mut Stage) -> Check {
    let [Client { wire: mut session, .. }] = stage.join("/").await?;
    session.joins("/custom", None).await.set_up("joining /custom")?;
    let late = r#"425300001["message-with-ack","late"]"#;
    session.sends_together(&[r#"425300002["do",{"op":"disconnect","close":false}]"#, late]);
    // What comes before the goodbye was handled before it.
    loop {
        match session.next_or_closed().await.set_up("being disconnected")? {
            None => return Ok(()),
            Some((packet, _)) if packet.kind == Kind::Disconnect => break,
            Some(_) => {}
        }
    }
    session.says(&event("message-with-ack", [json!("fence")]).with_id(5_300_000).on("/custom"));
    let fence = ack(5_300_000, [json!("fence")]).on("/custom");
    while let Some((packet, at)) = session.next_or_closed().await? {
        if packet == fence {
            break;
        }
        let answered = packet.namespace == "/" && packet.kind == Kind::Ack;
        stage.demand(!answered, "no answer to the event", packet.to_string(), at)?;
    }
    Ok(())
}
