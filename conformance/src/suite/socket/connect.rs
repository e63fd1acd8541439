//! Joining a namespace, and being refused.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{
    rule::{Rule, Source},
    scenario::{
        Need,
        needs::{CONNECT_TIMEOUT, DELIVERY, ECHO, feature},
    },
    scenarios,
    stage::{Kind, Stage, connect, disconnect, event},
    verdict::{Check, SetUp, Stop},
};

const ANSWERED: Rule = Rule::must(
    "socket/connect/answered",
    Source::socket("Connection to a namespace"),
    "A CONNECT that is admitted is answered with a CONNECT that holds the socket's id.",
)
.broken_by(&["connect-without-sid"]);

const BEFORE_EVENTS: Rule = Rule::reference(
    "socket/connect/before-events",
    Source::observed("CONNECT is answered before the connection handler runs"),
    "The answer to CONNECT precedes the events of the connection handler.",
)
.broken_by(&["auth-before-connect"])
.users("Clients that do not buffer lose the first events.")
.seen(&["python-socketio"]);

const AUTH: Rule = Rule::must(
    "socket/connect/auth",
    Source::socket("Connection to a namespace"),
    "The payload of CONNECT reaches the application; without one it sees an empty object.",
)
.broken_by(&["auth-dropped"])
.seen(&["socket.io-client#1604"]);

const SID_IS_OWN: Rule = Rule::should(
    "socket/connect/sid-is-own",
    Source::socket("History: v5"),
    "The id of a socket is not the id of its Engine.IO session.",
)
.broken_by(&["sid-shared-with-engine"])
.users("Whoever sees a socket's id, which applications show to others, can take over the session.");

const SID_PER_NAMESPACE: Rule = Rule::should(
    "socket/connect/sid-per-namespace",
    Source::observed("the socket's id differs for each namespace"),
    "A client has another id in each namespace.",
)
.broken_by(&["sid-shared-by-namespaces"]);

const UNKNOWN_NAMESPACE: Rule = Rule::must(
    "socket/connect/unknown-namespace",
    Source::socket("Connection to a namespace"),
    "A CONNECT to a namespace that does not exist is answered with a CONNECT_ERROR, and the connection stays.",
)
.broken_by(&["unknown-namespace-closes"]);

const ERROR_IS_OBJECT: Rule = Rule::must(
    "socket/connect/error-is-object",
    Source::socket("Connection to a namespace"),
    "The payload of CONNECT_ERROR is an object with a message: Invalid namespace, where there is none.",
)
.broken_by(&["connect-error-as-string"])
.seen(&["python-socketio"]);

const ERROR_NAMES_NAMESPACE: Rule = Rule::reference(
    "socket/connect/error-names-namespace",
    Source::observed("CONNECT_ERROR echoes the namespace exactly as requested"),
    "CONNECT_ERROR names the namespace exactly as it was asked for, with dashes and other alphabets.",
)
.broken_by(&["namespace-ignores-case"])
.seen(&["Flask-SocketIO#392", "python-socketio#66"]);

const QUERY_KEPT: Rule = Rule::should(
    "socket/connect/query-kept",
    Source::observed("a query belongs to the name of a namespace since protocol 5"),
    "A query in the name of a namespace belongs to the name.",
)
.broken_by(&["connect-error-lacks-namespace-query"])
.seen(&["python-socketio#124", "netty-socketio#1020"]);

const FIRST_PACKET: Rule = Rule::must(
    "socket/connect/first-packet",
    Source::socket("Connection to a namespace"),
    "A first packet that is no CONNECT closes the connection.",
)
.broken_by(&["event-before-connect-ignored"])
.seen(&["python-socketio#325", "python-socketio#333"]);

const BINARY_FIRST: Rule = Rule::reference(
    "socket/connect/binary-first",
    Source::observed("a binary event before any CONNECT closes the connection with its last attachment"),
    "A first packet with an attachment closes the connection, at the latest when the attachment has come.",
)
.broken_by(&["binary-first-ignored", "event-before-connect-ignored"]);

const TIMEOUT: Rule = Rule::must(
    "socket/connect/timeout",
    Source::socket("Connection to a namespace"),
    "A client that joins no namespace in time is disconnected, though it answers pings.",
)
.broken_by(&["no-connect-timeout"])
.users("Connections that do nothing are kept for ever.");

const TWICE: Rule = Rule::reference(
    "socket/connect/twice",
    Source::observed("a second CONNECT to a joined namespace closes the connection"),
    "A second CONNECT to a joined namespace never creates a second socket.",
)
.broken_by(&["second-connect-accepted"]);

const REFUSAL: Rule = Rule::docs(
    "socket/connect/middleware-refusal",
    Source::docs("middlewares"),
    "A refusal by a middleware reaches the client with its message and its data.",
)
.broken_by(&["middleware-data-dropped"]);

const RETRY: Rule = Rule::reference(
    "socket/connect/retry-after-refusal",
    Source::observed("a refused namespace can be asked for again on the same connection"),
    "A client that was refused may ask again on the same connection.",
)
.broken_by(&["refusal-is-final"]);

const UNPARSABLE: Rule = Rule::must(
    "socket/connect/unparsable-first",
    Source::socket("Connection to a namespace"),
    "A first message that is no packet closes the connection.",
)
.broken_by(&["unparsable-first-ignored", "unparsable-ignored"])
.seen(&["python-socketio"]);

const REFUSED_TIMES_OUT: Rule = Rule::reference(
    "socket/connect/refused-times-out",
    Source::observed("namespaces that refused a connection do not count as joined"),
    "A client that was refused is disconnected like one that never asked.",
)
.broken_by(&["refusal-counts-as-joined", "no-connect-timeout"]);

const LEFT_STAYS: Rule = Rule::reference(
    "socket/connect/left-stays",
    Source::observed("once a namespace was joined, the time to join one is over for good"),
    "A client that left its only namespace may come back later than a new one could.",
)
.broken_by(&["leaving-starts-the-clock"]);

const NO_PID: Rule = Rule::reference(
    "socket/connect/no-private-id",
    Source::observed("without connection state recovery the answer to CONNECT has no pid"),
    "A server that recovers no sessions gives no private id, though the client asks for its own.",
)
.broken_by(&["private-id-without-recovery"])
.users("Clients take a new session for their old one, and miss what they missed.");

scenarios! {
    UNPARSABLE => no_packet_at_first_closes over [Polling, Websocket, Upgraded];
    REFUSED_TIMES_OUT => the_refused_are_disconnected over [Polling, Websocket] needs [CONNECT_TIMEOUT] in Limits;
    LEFT_STAYS => who_left_may_come_back over [Polling, Websocket] needs [CONNECT_TIMEOUT] in Limits;
    NO_PID => no_private_id_is_given over [Polling, Websocket, Upgraded] needs [Need::Without("recovery")];
    ANSWERED => connect_is_answered over [Polling, Websocket, Upgraded];
    BEFORE_EVENTS => the_answer_comes_first over [Polling, Websocket, Upgraded] needs [ECHO];
    AUTH => the_payload_arrives over [Polling, Websocket, Upgraded] needs [ECHO];
    SID_IS_OWN => the_id_is_not_the_sessions over [Polling, Websocket, Upgraded];
    SID_PER_NAMESPACE => ids_differ_by_namespace over [Polling, Websocket, Upgraded] needs [ECHO];
    UNKNOWN_NAMESPACE => an_unknown_namespace_is_refused over [Polling, Websocket, Upgraded];
    ERROR_IS_OBJECT => the_error_is_an_object over [Polling, Websocket, Upgraded];
    ERROR_NAMES_NAMESPACE => the_error_names_the_namespace over [Polling, Websocket, Upgraded];
    QUERY_KEPT => the_query_is_kept over [Polling, Websocket, Upgraded];
    FIRST_PACKET => another_first_packet_closes over [Polling, Websocket, Upgraded];
    BINARY_FIRST => a_binary_first_packet_closes over [Polling, Websocket, Upgraded];
    TIMEOUT => a_silent_client_is_disconnected over [Polling, Websocket] needs [CONNECT_TIMEOUT] in Limits;
    TWICE => a_second_connect_creates_nothing over [Polling, Websocket, Upgraded];
    REFUSAL => a_refusal_arrives over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("middleware")];
    RETRY => a_refused_client_asks_again over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("middleware")];
}

async fn connect_is_answered(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(stage.auth()));
    loop {
        let (packet, at) = session.next().await?;
        // Which comes first is a rule of its own.
        if packet.kind != Kind::Event {
            let sid = packet.data["sid"].as_str().unwrap_or_default();
            let holds = packet.kind == Kind::Connect && packet.namespace == "/" && !sid.is_empty();
            return stage.demand(holds, "40{\"sid\":\"…\"}", packet.to_string(), at);
        }
    }
}

async fn the_answer_comes_first(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(stage.auth()));
    let (first, at) = session.next().await?;
    stage.demand(first.kind == Kind::Connect, "the answer to CONNECT, then events", first.to_string(), at)
}

async fn the_payload_arrives(stage: &mut Stage) -> Check {
    for (payload, seen) in [(json!({ "token": "123", "n": [1, null] }), None), (Value::Null, Some(json!({})))]
    {
        let mut session = stage.session().await?;
        session.says(&connect(payload.clone()));
        let greeting = event("auth", [seen.unwrap_or(payload)]);
        loop {
            match session.next().await? {
                // Which of the two comes first is a rule of its own.
                (packet, _) if packet.kind == Kind::Connect => {}
                (packet, _) if packet == greeting => break,
                (packet, at) => return Err(Stop::violation(greeting.to_string(), packet.to_string(), at)),
            }
        }
    }
    Ok(())
}

async fn the_id_is_not_the_sessions(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(stage.auth()));
    let (sid, at) = session.admitted("/").await.set_up("joining the main namespace")?;
    let expected = format!("another id than the session's, {}", session.hello.sid);
    stage.demand(sid != session.hello.sid, &expected, sid, at)
}

async fn ids_differ_by_namespace(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(stage.auth()));
    let (main, _) = session.admitted("/").await.set_up("joining the main namespace")?;
    session.says(&connect(Value::Null).on("/custom"));
    let (custom, at) = session.admitted("/custom").await.set_up("joining /custom")?;
    stage.demand(main != custom, &format!("another id than in the main namespace, {main}"), custom, at)
}

async fn an_unknown_namespace_is_refused(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(Value::Null).on("/nowhere"));
    let (packet, at) = session.next().await?;
    let refused = packet.kind == Kind::ConnectError && packet.namespace == "/nowhere";
    stage.demand(refused, "44/nowhere,…", packet.to_string(), at)?;
    session.joins("/", None).await.map(drop)
}

async fn the_error_is_an_object(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(Value::Null).on("/nowhere"));
    let (packet, at) = session.next().await.set_up("being refused")?;
    let expected = json!({ "message": "Invalid namespace" });
    stage.demand(packet.data == expected, &format!("44/nowhere,{expected}"), packet.to_string(), at)
}

async fn the_error_names_the_namespace(stage: &mut Stage) -> Check {
    is_named(stage, &["/CUSTOM", "/no-where-2", "/nirgendwö", "/custom/"]).await
}

async fn the_query_is_kept(stage: &mut Stage) -> Check {
    is_named(stage, &["/custom?token=1", "/nowhere?"]).await
}

/// CONNECT_ERROR names these namespaces, none of which exists, exactly.
async fn is_named(stage: &mut Stage, namespaces: &[&str]) -> Check {
    for namespace in namespaces {
        let mut session = stage.session().await?;
        session.says(&connect(Value::Null).on(namespace));
        let (packet, at) = session.next().await.set_up("being refused")?;
        let named = packet.kind == Kind::ConnectError && packet.namespace == *namespace;
        stage.demand(named, &format!("44{namespace},…"), packet.to_string(), at)?;
    }
    Ok(())
}

async fn another_first_packet_closes(stage: &mut Stage) -> Check {
    for packet in ["42[\"message\",1]", "41", "431[]"] {
        let mut session = stage.session().await?;
        session.sends(packet);
        // An answer to this shows that the server passed over what came before.
        session.sends("40");
        session.closes().await?;
    }
    Ok(())
}

async fn a_binary_first_packet_closes(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.sends(r#"451-["message",{"_placeholder":true,"num":0}]"#);
    session.sends_binary(&[1, 2, 3]);
    // An answer to this shows that the server passed over what came before.
    session.sends("40");
    session.closes().await
}

async fn a_silent_client_is_disconnected(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    let due = stage.site().settings.map(|settings| settings.connect_timeout).unwrap_or_default();
    session.closes_within(stage.patience().after(due)).await
}

async fn no_packet_at_first_closes(stage: &mut Stage) -> Check {
    for packet in ["4abc", "49"] {
        let mut session = stage.session().await?;
        session.sends(packet);
        // An answer to this shows that the server passed over what came before.
        session.sends("40");
        session.closes().await?;
    }
    Ok(())
}

async fn the_refused_are_disconnected(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(Value::Null).on("/nowhere"));
    let (packet, at) = session.next().await.set_up("being refused")?;
    let refused = packet.kind == Kind::ConnectError;
    stage.demand(refused, "a refusal", packet.to_string(), at).set_up("being refused")?;
    let due = stage.site().settings.map(|settings| settings.connect_timeout).unwrap_or_default();
    session.closes_within(stage.patience().after(due)).await
}

async fn who_left_may_come_back(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&disconnect());
    let due = stage.site().settings.map(|settings| settings.connect_timeout).unwrap_or_default();
    stage.patience().pause_until(Instant::now() + due.mul_f64(1.2)).await;
    session.says(&connect(stage.auth()));
    session.admitted("/").await.map(drop)
}

async fn no_private_id_is_given(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(json!({ "pid": "AAAAAAAAAAAAAAAAAAAA", "offset": "x" })));
    loop {
        let (packet, at) = session.next().await?;
        if packet.kind == Kind::Connect {
            let holds = packet.data.get("pid").is_none();
            return stage.demand(holds, "an answer without a pid", packet.to_string(), at);
        }
    }
}

async fn a_second_connect_creates_nothing(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    let first = session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&connect(stage.auth()));
    // Closing, refusing and ignoring are all in use; the answer to this one shows which it is.
    session.says(&connect(Value::Null).on("/nowhere"));
    while let Some((packet, at)) = session.next_or_closed().await? {
        match packet.kind {
            Kind::ConnectError if packet.namespace == "/nowhere" => break,
            Kind::ConnectError | Kind::Event => {}
            Kind::Connect if packet.data["sid"] == first["sid"] => {}
            _ => return Err(Stop::violation("no second socket in the namespace", packet.to_string(), at)),
        }
    }
    Ok(())
}

async fn a_refusal_arrives(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(json!({ "token": "wrong" })).on("/auth"));
    let (packet, at) = session.next().await?;
    let expected = json!({ "message": "not authorized", "data": { "code": "E_AUTH" } });
    let refused = packet.kind == Kind::ConnectError && packet.data == expected;
    stage.demand(refused, &format!("44/auth,{expected}"), packet.to_string(), at)
}

async fn a_refused_client_asks_again(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(Value::Null).on("/auth"));
    let (packet, at) = session.next().await?;
    stage
        .demand(packet.kind == Kind::ConnectError, "a refusal", packet.to_string(), at)
        .set_up("being refused")?;
    session.joins("/auth", Some(json!({ "token": "open sesame" }))).await.map(drop)
}
