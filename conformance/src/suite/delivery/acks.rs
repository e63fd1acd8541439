//! Broadcasts that ask every client for an acknowledgement.

use serde_json::{Value, json};

use super::{emit, enters};
use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, feature},
    scenarios,
    stage::{Client, Stage, ack},
    verdict::{Check, SetUp, Stop},
};

const COLLECTED: Rule = Rule::docs(
    "delivery/acks/collected",
    Source::docs("broadcasting-events: with acknowledgements"),
    "A broadcast that asks for acknowledgements collects one of each client.",
)
.broken_by(&["broadcast-ack-misses-one", "client-ack-lost", "room-filter-ignored", "join-ignored"])
.seen(&["socketioxide#782", "socket.io-redis-adapter#523", "socket.io-mongo-adapter#22"]);

const PARTIAL: Rule = Rule::docs(
    "delivery/acks/partial",
    Source::docs("broadcasting-events: with acknowledgements"),
    "When a client stays silent, the broadcast times out and gives the answers of the others.",
)
.broken_by(&["broadcast-ack-drops-partial", "client-ack-lost"]);

const NOBODY: Rule = Rule::reference(
    "delivery/acks/nobody",
    Source::observed("a broadcast to nobody is acknowledged at once by nobody"),
    "A broadcast to nobody is acknowledged by nobody, without a time-out.",
)
.broken_by(&["broadcast-ack-waits-for-nobody", "room-filter-ignored", "unknown-room-reaches-all"]);

const FIRST_VALUE: Rule = Rule::reference(
    "delivery/acks/first-value",
    Source::observed("of an acknowledgement with several values, a broadcast collects the first"),
    "A broadcast collects the first value of an acknowledgement that has several.",
)
.broken_by(&["broadcast-ack-takes-last", "broadcast-ack-misses-one", "client-ack-lost"]);

scenarios! {
    FIRST_VALUE => the_first_value_is_given over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("broadcast-acks")];
    COLLECTED => every_answer_is_collected over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("broadcast-acks")];
    PARTIAL => the_answers_so_far_are_given over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("broadcast-acks")];
    NOBODY => nobody_answers over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms"), feature("broadcast-acks")];
}

/// Long enough for a busy machine.
const PATIENT_MS: u64 = 10_000;
/// Short, and yet long enough for an answer that is on its way.
const SHORT_MS: u64 = 600;

async fn every_answer_is_collected(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut carol, "red").await?;
    let command = question(stage, "red", PATIENT_MS);
    let asked = alice.asks(command.clone());
    answers(&mut bob, "from bob").await?;
    answers(&mut carol, "from carol").await?;
    let answer = alice.answered(asked, &command).await?;
    let mut responses: Vec<&str> =
        answer["responses"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    responses.sort_unstable();
    let holds = responses == ["from bob", "from carol"] && answer["timedOut"] == json!(false);
    demand(holds, r#"the answers "from bob" and "from carol", not timed out"#, &answer)
}

async fn the_answers_so_far_are_given(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut carol, "red").await?;
    let command = question(stage, "red", stage.patience().millis(SHORT_MS));
    let asked = alice.asks(command.clone());
    answers(&mut bob, "from bob").await.set_up("answering the question")?;
    let answer = alice.answered(asked, &command).await?;
    let holds = answer["responses"] == json!(["from bob"]) && answer["timedOut"] == json!(true);
    demand(holds, r#"{"responses":["from bob"],"timedOut":true}"#, &answer)
}

async fn the_first_value_is_given(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    let command = question(stage, "red", PATIENT_MS);
    let asked = alice.asks(command.clone());
    let (question, _) = bob.next("the question").await.set_up("hearing the question")?;
    bob.emits(ack(question.id.unwrap_or_default(), ["first", "second", "third"].map(Value::from)));
    let answer = alice.answered(asked, &command).await?;
    demand(answer["responses"] == json!(["first"]), r#"{"responses":["first"],…}"#, &answer)
}

async fn nobody_answers(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let answer = alice.commands(question(stage, "empty", stage.patience().millis(SHORT_MS))).await?;
    let holds = answer["responses"] == json!([]) && answer["timedOut"] == json!(false);
    demand(holds, r#"{"responses":[],"timedOut":false}"#, &answer)
}

/// A broadcast to a room of this case that asks for acknowledgements.
fn question(stage: &Stage, room: &str, timeout_ms: u64) -> Value {
    emit(
        stage,
        "well?",
        json!({ "via": "server", "to": [stage.own(room)], "ack": true, "timeout": timeout_ms }),
    )
}

/// Hears the question and acknowledges it.
async fn answers(client: &mut Client, word: &str) -> Check {
    let (question, at) = client.next("the question").await?;
    let id = question.id.ok_or_else(|| Stop::violation("an event with an id", question.to_string(), at))?;
    client.emits(ack(id, [json!(word)]));
    Ok(())
}

fn demand(holds: bool, expected: &str, answer: &Value) -> Check {
    holds.then_some(()).ok_or_else(|| Stop::violation(expected, answer.to_string(), None))
}
