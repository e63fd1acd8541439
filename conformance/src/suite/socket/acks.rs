//! Acknowledgements in both directions.

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, ECHO, feature},
    scenarios,
    stage::{Stage, ack, bytes, event},
    verdict::{Check, SetUp, Stop},
};

const ANSWERED: Rule = Rule::must(
    "socket/acks/answered",
    Source::socket("Acknowledgement"),
    "An event that asks for it is acknowledged with the same id.",
)
.broken_by(&["ack-id-off-by-one", "acks-share-last-id"]);

const ZERO: Rule = Rule::reference(
    "socket/acks/zero",
    Source::observed("0 is the first id of the JavaScript client"),
    "The id 0 is an id.",
)
.broken_by(&["ack-zero-ignored"])
.users("The first acknowledgement of every JavaScript client never comes.")
.seen(&["python-socketio#1329"]);

const LARGE_ID: Rule = Rule::reference(
    "socket/acks/large-id",
    Source::observed("ids up to 2^53-1 are exact"),
    "Ids are exact up to 2^53-1.",
)
.broken_by(&["ack-id-wraps-at-32-bits"]);

const NAMESPACE: Rule = Rule::must(
    "socket/acks/namespace",
    Source::socket("Acknowledgement"),
    "An acknowledgement carries the namespace of its event.",
)
.broken_by(&["ack-without-namespace", "ack-id-off-by-one"])
.seen(&["socket.io-server-java#7"]);

const EMPTY: Rule = Rule::must(
    "socket/acks/empty",
    Source::socket("Acknowledgement"),
    "An acknowledgement without arguments is an empty array.",
)
.broken_by(&["empty-ack-omitted"]);

const UNKNOWN_IGNORED: Rule = Rule::reference(
    "socket/acks/unknown-ignored",
    Source::observed("an acknowledgement that nobody waits for has no effect"),
    "An acknowledgement that nobody waits for has no effect.",
)
.broken_by(&["unknown-ack-closes"]);

const CONCURRENT: Rule = Rule::must(
    "socket/acks/concurrent",
    Source::socket("Acknowledgement"),
    "Each of several events that wait is acknowledged once, with its own id and arguments.",
)
.broken_by(&["acks-share-last-id", "ack-id-off-by-one"]);

const FROM_CLIENT: Rule = Rule::docs(
    "socket/acks/from-client",
    Source::docs("emitting-events: acknowledgements"),
    "What a client acknowledges an event of the server with reaches the server.",
)
.broken_by(&["client-ack-lost"]);

const FROM_CLIENT_BINARY: Rule = Rule::docs(
    "socket/acks/from-client-binary",
    Source::socket("Acknowledgement: BINARY_ACK"),
    "A client may acknowledge with attachments.",
)
.broken_by(&["client-binary-ack-lost", "binary-ack-typed-as-event"])
.seen(&["netty-socketio#464", "netty-socketio#466"]);

const TIMEOUT: Rule = Rule::docs(
    "socket/acks/timeout",
    Source::docs("emitting-events: with timeout"),
    "An acknowledgement that does not come in time is reported as timed out.",
)
.broken_by(&["ack-timeout-unnoticed"]);

const LATE_IGNORED: Rule = Rule::reference(
    "socket/acks/late-ignored",
    Source::observed("an acknowledgement after the time-out has no effect"),
    "An acknowledgement that comes after the time-out has no effect, and the connection stays.",
)
.broken_by(&["late-ack-closes"]);

const UNASKED: Rule = Rule::must(
    "socket/acks/unasked",
    Source::socket("Acknowledgement"),
    "An event that asks for no acknowledgement gets none.",
)
.broken_by(&["unasked-ack"]);

const REPEATED_ID: Rule = Rule::reference(
    "socket/acks/repeated-id",
    Source::observed("two events with the same id are both acknowledged"),
    "Two events in a row with the same id are both acknowledged.",
)
.broken_by(&["repeated-ack-id-ignored"]);

const RESERVED_NAME: Rule = Rule::reference(
    "socket/acks/reserved-name",
    Source::observed("the values of an acknowledgement are no event"),
    "An acknowledgement may begin with a name that no event may have.",
)
.broken_by(&["reserved-ack-lost", "client-ack-lost"]);

scenarios! {
    UNASKED => nothing_is_acknowledged over [Polling, Websocket, Upgraded] needs [ECHO];
    REPEATED_ID => both_are_acknowledged over [Polling, Websocket, Upgraded] needs [ECHO];
    ANSWERED => an_event_is_acknowledged over [Polling, Websocket, Upgraded] needs [ECHO];
    ZERO => zero_is_an_id over [Polling, Websocket, Upgraded] needs [ECHO];
    LARGE_ID => large_ids_are_exact over [Polling, Websocket, Upgraded] needs [ECHO];
    NAMESPACE => the_namespace_is_kept over [Polling, Websocket, Upgraded] needs [ECHO];
    EMPTY => an_empty_ack_is_an_array over [Polling, Websocket, Upgraded] needs [ECHO];
    UNKNOWN_IGNORED => an_unknown_ack_is_ignored over [Polling, Websocket, Upgraded] needs [ECHO];
    CONCURRENT => several_wait_at_once over [Polling, Websocket, Upgraded] needs [ECHO];
    FROM_CLIENT => the_clients_answer_arrives over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("acks"), feature("timeout")];
    FROM_CLIENT_BINARY => the_clients_bytes_arrive over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("acks"), feature("timeout"), feature("binary")];
    RESERVED_NAME => the_name_is_a_value over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("acks"), feature("timeout")];
    TIMEOUT => silence_times_out over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("acks"), feature("timeout")];
    LATE_IGNORED => a_late_ack_is_ignored over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("acks"), feature("timeout")];
}

/// Long enough for a busy machine.
const PATIENT_MS: u64 = 10_000;
/// So short that nobody waits for it.
const SHORT_MS: u64 = 100;

async fn an_event_is_acknowledged(stage: &mut Stage) -> Check {
    acknowledges(stage, "/", &[1, 456, 999]).await
}

async fn zero_is_an_id(stage: &mut Stage) -> Check {
    acknowledges(stage, "/", &[0]).await
}

async fn large_ids_are_exact(stage: &mut Stage) -> Check {
    acknowledges(stage, "/", &[1 << 31, 1 << 32, (1 << 53) - 1]).await
}

async fn the_namespace_is_kept(stage: &mut Stage) -> Check {
    acknowledges(stage, "/custom", &[5000]).await
}

async fn an_empty_ack_is_an_array(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message-with-ack", []).with_id(3_000_000));
    session.hears(&ack(3_000_000, [])).await
}

async fn nothing_is_acknowledged(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message-with-ack", [json!("no answer, please")]));
    session.hears_nothing_more("/").await
}

async fn both_are_acknowledged(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    for word in ["one", "two"] {
        session.says(&event("message-with-ack", [json!(word)]).with_id(3_500_000));
        session.hears(&ack(3_500_000, [json!(word)])).await?;
    }
    Ok(())
}

async fn an_unknown_ack_is_ignored(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&ack(987_654, [json!("nobody asked")]));
    session.hears_nothing_more("/").await
}

async fn several_wait_at_once(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    let ids = [3000, 3001, 5000, 3002];
    for id in ids {
        session.says(&event("message-with-ack", [json!(format!("for {id}"))]).with_id(id));
    }
    session.hears_all(&ids.map(|id| ack(id, [json!(format!("for {id}"))]))).await
}

async fn the_clients_answer_arrives(stage: &mut Stage) -> Check {
    is_answered_with(stage, json!({ "yes": [1, "two"] })).await
}

async fn the_clients_bytes_arrive(stage: &mut Stage) -> Check {
    is_answered_with(stage, bytes(&[1, 2, 3])).await
}

async fn the_name_is_a_value(stage: &mut Stage) -> Check {
    is_answered_with(stage, json!("connect")).await
}

async fn silence_times_out(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let name = stage.own("question");
    let command = json!({ "op": "emit", "event": name, "args": [], "ack": true, "timeout": SHORT_MS });
    let answer = alice.commands(command).await?;
    let timed_out = answer["timedOut"] == json!(true) && answer["responses"] == json!([]);
    let (_, at) = alice.next("the question").await.set_up("hearing the question")?;
    stage.demand(timed_out, r#"{"responses":[],"timedOut":true}"#, answer.to_string(), at)
}

async fn a_late_ack_is_ignored(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let name = stage.own("question");
    let command = json!({ "op": "emit", "event": name, "args": [], "ack": true, "timeout": SHORT_MS });
    alice.commands(command).await.set_up("a question that times out")?;
    let (question, at) = alice.next("the question").await.set_up("hearing the question")?;
    let id = question.id.ok_or_else(|| Stop::violation("an acknowledgement id", question.to_string(), at));
    alice.emits(ack(id.set_up("hearing the question")?, [json!("too late")]));
    alice.hears_nothing_more().await
}

/// Events with these ids are acknowledged in the namespace.
async fn acknowledges(stage: &mut Stage, namespace: &str, ids: &[u64]) -> Check {
    let mut session = stage.session().await?;
    session.joins(namespace, None).await.set_up("joining the namespace")?;
    for id in ids {
        session.says(
            &event("message-with-ack", [json!(1), json!("2"), json!({ "3": [false] })])
                .with_id(*id)
                .on(namespace),
        );
        session.hears(&ack(*id, [json!(1), json!("2"), json!({ "3": [false] })]).on(namespace)).await?;
    }
    Ok(())
}

/// The server asks, we acknowledge with this value, and the server has it.
async fn is_answered_with(stage: &mut Stage, value: serde_json::Value) -> Check {
    let [mut alice] = stage.join("/").await?;
    let name = stage.own("question");
    let command =
        json!({ "op": "emit", "event": name, "args": ["well?"], "ack": true, "timeout": PATIENT_MS });
    let asked = alice.asks(command.clone());
    let (question, at) = alice.next("the question").await?;
    let id = question.id.filter(|_| question.event_name() == Some(&name));
    let id =
        id.ok_or_else(|| Stop::violation("an event with an acknowledgement id", question.to_string(), at))?;
    alice.emits(ack(id, [value.clone()]));
    let answer = alice.answered(asked, &command).await?;
    let arrived = answer["responses"] == json!([value]) && answer["timedOut"] == json!(false);
    stage.demand(arrived, &format!("the answer {value} at the server"), answer.to_string(), at)
}
