//! Events: names, arguments and their order.

use serde_json::{Value, json};

use crate::{
    rule::{Rule, Source},
    scenario::needs::ECHO,
    scenarios,
    stage::{Stage, event},
    verdict::{Check, SetUp},
};

const ECHO_INTACT: Rule = Rule::must(
    "socket/events/echo",
    Source::socket("Sending and receiving data"),
    "Arguments of every JSON type arrive intact.",
)
.broken_by(&["null-argument-dropped", "large-numbers-wrap", "empty-key-dropped"]);

const ORDER: Rule = Rule::reference(
    "socket/events/order",
    Source::docs("delivery-guarantees: message ordering"),
    "Events of one connection are handled in the order they were sent, each once.",
)
.broken_by(&["fourth-event-after-fifth", "websocket-joins-packets"]);

const ESCAPED_NAME: Rule = Rule::must(
    "socket/events/escaped-name",
    Source::socket("Packet encoding"),
    "An event's name written with JSON escapes is the same name.",
)
.broken_by(&["escaped-name-unknown"]);

const UNKNOWN_IGNORED: Rule = Rule::reference(
    "socket/events/unknown-ignored",
    Source::observed("an event without a handler has no effect"),
    "An event without a handler has no effect, and the connection stays.",
)
.broken_by(&["unknown-event-closes"]);

const DASH_IN_PAYLOAD: Rule = Rule::must(
    "socket/events/dash-in-payload",
    Source::socket("Packet encoding"),
    "Dashes, digits and commas in a payload belong to the payload.",
)
.broken_by(&["dash-read-as-count"])
.seen(&["python-socketio#36", "python-socketio#51", "python-socketio#675"]);

const PROTO_KEY: Rule = Rule::reference(
    "socket/events/proto-key",
    Source::observed("__proto__ keys in JSON are data"),
    "Keys that mean something to a programming language are data.",
)
.broken_by(&["proto-key-dropped", "placeholder-in-text-replaced", "false-placeholder-replaced"]);

const LARGE: Rule = Rule::reference(
    "socket/events/large",
    Source::observed("arguments of up to maxPayload bytes arrive intact"),
    "A large argument arrives intact.",
)
.broken_by(&["large-string-truncated"])
.seen(&["engine.io-server-java#49"]);

const UNKNOWN_UNANSWERED: Rule = Rule::reference(
    "socket/events/unknown-unanswered",
    Source::observed("an event that nobody listens for gets no answer"),
    "An event that nobody listens for is not acknowledged, though it asks for it.",
)
.broken_by(&["unknown-event-acked", "unknown-event-closes"])
.users("Clients take for done what nobody has done.");

scenarios! {
    ECHO_INTACT => every_type_comes_back over [Polling, Websocket, Upgraded] needs [ECHO];
    ORDER => events_are_answered_in_order over [Polling, Websocket, Upgraded] needs [ECHO];
    ESCAPED_NAME => an_escaped_name_is_the_same over [Polling, Websocket, Upgraded] needs [ECHO];
    UNKNOWN_UNANSWERED => nobody_answers over [Polling, Websocket, Upgraded] needs [ECHO];
    UNKNOWN_IGNORED => an_unknown_event_is_ignored over [Polling, Websocket, Upgraded] needs [ECHO];
    DASH_IN_PAYLOAD => dashes_are_data over [Polling, Websocket, Upgraded] needs [ECHO];
    PROTO_KEY => special_keys_are_data over [Polling, Websocket, Upgraded] needs [ECHO];
    LARGE => a_large_argument_is_intact over [Polling, Websocket, Upgraded] needs [ECHO];
}

async fn every_type_comes_back(stage: &mut Stage) -> Check {
    let args = [
        json!(null),
        json!(true),
        json!(-12.5),
        json!(9_007_199_254_740_991_u64),
        json!(""),
        json!("text \"quoted\" \\ \n"),
        json!([]),
        json!([1, [2, [3]], {}]),
        json!({ "a": { "b": [false, null] }, "": 0 }),
    ];
    echoes(stage, &args).await
}

async fn events_are_answered_in_order(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    for number in 1..=8 {
        session.says(&event("message", [json!(number)]));
    }
    for number in 1..=8 {
        session.hears(&event("message-back", [json!(number)])).await?;
    }
    session.hears_nothing_more("/").await
}

async fn an_escaped_name_is_the_same(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(r#"42["\u006des\u0073age","escaped"]"#);
    session.hears(&event("message-back", [json!("escaped")])).await
}

async fn an_unknown_event_is_ignored(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event(&stage.own("nobody listens"), [json!(1)]));
    session.hears_nothing_more("/").await
}

async fn nobody_answers(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event(&stage.own("nobody listens"), [json!(1)]).with_id(2_500_000));
    session.hears_nothing_more("/").await
}

async fn dashes_are_data(stage: &mut Stage) -> Check {
    echoes(stage, &[json!("1-2"), json!("-"), json!({ "3-a": "4-,5" }), json!("5-[\"x\"]")]).await
}

async fn special_keys_are_data(stage: &mut Stage) -> Check {
    let keys = json!({ "__proto__": { "x": 1 }, "constructor": 2, "toString": null, "_placeholder": false });
    echoes(stage, &[keys]).await
}

async fn a_large_argument_is_intact(stage: &mut Stage) -> Check {
    const BYTES: usize = 100_000;
    let session = stage.session().await?;
    // Far enough below the limit for the rest of the packet.
    let bytes = BYTES.min(session.hello.testable_limit()? / 2);
    echoes(stage, &[json!("0123456789".repeat(bytes / 10)), json!("the end")]).await
}

/// Sends the arguments and demands them back.
async fn echoes(stage: &mut Stage, args: &[Value]) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message", args.iter().cloned()));
    session.hears(&event("message-back", args.iter().cloned())).await
}
