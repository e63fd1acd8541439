//! Packets as MessagePack: each is one binary message that holds its bytes.

use serde_json::{Value, json};
use siospec_codec::{
    json::Json,
    msgpack::{Body, Packet, from_json},
};

use crate::{
    rule::{Rule, Source},
    scenario::needs::{ECHO, feature},
    scenarios,
    stage::{Heard, Kind, Stage, Wire, ack, bytes, connect, event},
    verdict::{Check, SetUp},
};

const PARSER: &str = "Custom parser: socket.io-msgpack-parser";

const INLINE: Rule = Rule::docs(
    "socket/msgpack/inline",
    Source::docs(PARSER),
    "An event with binary is one message, and holds its bytes.",
)
.broken_by(&["packed-bytes-apart"]);

const VALUES: Rule = Rule::docs(
    "socket/msgpack/values",
    Source::docs(PARSER),
    "Values of every kind and size arrive as they were sent.",
)
.broken_by(&[
    "packed-text-as-bytes",
    "large-numbers-wrap",
    "fractions-cut",
    "null-argument-dropped",
    "nested-attachment-dropped",
    "deep-values-dropped",
    "arguments-cut-at-ten",
    "packed-bytes-apart",
]);

const LARGE: Rule = Rule::should(
    "socket/msgpack/large-numbers",
    Source::docs(PARSER),
    "A whole number that no integer of 64 bits holds arrives as it was sent, though with the reference it is 0.",
)
.broken_by(&["packed-large-numbers-zero"]);

const ACK: Rule = Rule::docs(
    "socket/msgpack/acknowledgement",
    Source::docs(PARSER),
    "An event with an id is acknowledged under this number.",
)
.broken_by(&[
    "packed-ack-id-as-text",
    "ack-id-off-by-one",
    "ack-zero-ignored",
    "acks-share-last-id",
    "packed-root-omitted",
    "packed-bytes-apart",
    "binary-ack-typed-as-event",
]);

const NAMESPACE: Rule = Rule::reference(
    "socket/msgpack/names-its-namespace",
    Source::observed("each packet names its namespace, the main one too"),
    "Every packet names its namespace, also where it is the main one.",
)
.broken_by(&["packed-root-omitted"]);

const REFUSAL: Rule = Rule::reference(
    "socket/msgpack/refusal",
    Source::observed("the refusal of a namespace is a packet of type 4 whose data holds a message"),
    "A namespace that does not exist is refused with a message.",
)
.broken_by(&["packed-refusal-empty", "connect-error-as-string", "unknown-namespace-closes"]);

const KEY_ORDER: Rule = Rule::reference(
    "socket/msgpack/key-order",
    Source::observed("the order of the members of a packet means nothing"),
    "The members of a packet may come in any order.",
)
.broken_by(&["packed-key-order-matters"]);

const UNDEFINED: Rule = Rule::reference(
    "socket/msgpack/undefined",
    Source::observed("a member that is undefined, fixext 1 of type 0, is as none"),
    "A CONNECT whose data is undefined, as the JavaScript client sends it, is admitted.",
)
.broken_by(&["packed-undefined-refused"]);

const BINARY_TYPES: Rule = Rule::reference(
    "socket/msgpack/binary-types-close",
    Source::observed("there are no types 5 and 6: an unknown type closes the connection"),
    "A packet of the types that announce attachments closes the connection: there are none.",
)
.broken_by(&["packed-binary-types-accepted"]);

const TRAILING: Rule = Rule::reference(
    "socket/msgpack/trailing-closes",
    Source::observed("bytes behind a packet close the connection"),
    "Bytes behind a packet close the connection.",
)
.broken_by(&["packed-trailing-ignored"]);

const TEXT: Rule = Rule::reference(
    "socket/msgpack/text-closes",
    Source::observed("a packet as text closes the connection"),
    "A packet as text closes the connection.",
)
.broken_by(&["packed-text-ignored"])
.users("A client that is set to the other parser waits for ever.");

const GARBAGE: Rule = Rule::reference(
    "socket/msgpack/garbage-closes",
    Source::observed("what is no MessagePack, or ends too early, closes the connection"),
    "What is no MessagePack closes the connection.",
)
.broken_by(&["packed-garbage-ignored"]);

const NO_NAMESPACE: Rule = Rule::reference(
    "socket/msgpack/no-namespace-closes",
    Source::observed("a packet without a namespace closes the connection"),
    "A packet that names no namespace closes the connection.",
)
.broken_by(&["packed-root-assumed"]);

const NO_LIST: Rule = Rule::reference(
    "socket/msgpack/no-list-closes",
    Source::observed("an event whose data is no list closes the connection"),
    "An event whose data is no list closes the connection.",
)
.broken_by(&["packed-map-ignored"]);

scenarios! {
    INLINE => bytes_stay_inside over [Polling, Websocket, Upgraded] needs [ECHO, feature("msgpack")] in Msgpack;
    VALUES => every_value_survives over [Polling, Websocket, Upgraded] needs [ECHO, feature("msgpack")] in Msgpack;
    LARGE => large_numbers_survive over [Polling, Websocket, Upgraded] needs [ECHO, feature("msgpack")] in Msgpack;
    ACK => an_event_is_acknowledged over [Polling, Websocket, Upgraded] needs [ECHO, feature("msgpack")] in Msgpack;
    NAMESPACE => the_namespace_is_named over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("msgpack")] in Msgpack;
    REFUSAL => an_unknown_namespace_is_refused over [Polling, Websocket, Upgraded]
        needs [feature("msgpack")] in Msgpack;
    KEY_ORDER => any_order_will_do over [Polling, Websocket, Upgraded] needs [ECHO, feature("msgpack")] in Msgpack;
    UNDEFINED => undefined_is_nothing over [Polling, Websocket, Upgraded] needs [feature("msgpack")] in Msgpack;
    BINARY_TYPES => types_of_binary_packets_close over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("msgpack")] in Msgpack;
    TRAILING => trailing_bytes_close over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("msgpack")] in Msgpack;
    TEXT => text_closes over [Polling, Websocket, Upgraded] needs [feature("msgpack")] in Msgpack;
    GARBAGE => garbage_closes over [Polling, Websocket, Upgraded] needs [feature("msgpack")] in Msgpack;
    NO_NAMESPACE => a_nameless_packet_closes over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("msgpack")] in Msgpack;
    NO_LIST => a_map_of_arguments_closes over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("msgpack")] in Msgpack;
}

async fn bytes_stay_inside(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    session.says(&event("message", [bytes(&[1, 2, 3])]));
    let heard = session.next_heard().await?;
    let (shown, at) = (heard.describe(), heard.at());
    let holds = match &heard {
        Heard::Binary(message, _) => match Packet::decode(message).map(|packet| packet.body) {
            Ok(Body::Event { args, .. }) => {
                let mut args = args.elements().into_iter().flatten();
                args.nth(1).is_some_and(|arg| arg.as_binary() == Some(&[1, 2, 3]))
            }
            _ => false,
        },
        _ => false,
    };
    stage.demand(holds, "an event of type 2 that holds three bytes", shown, at)
}

async fn every_value_survives(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    let values = [
        json!([null, true, false, "", "é 😀"]),
        json!([
            0,
            1,
            127,
            128,
            255,
            256,
            65535,
            65536,
            4_294_967_295_u64,
            4_294_967_296_u64,
            9_007_199_254_740_991_u64
        ]),
        json!([
            -1,
            -32,
            -33,
            -128,
            -129,
            -32768,
            -32769,
            -2_147_483_648_i64,
            -2_147_483_649_i64,
            -9_007_199_254_740_991_i64
        ]),
        json!([0.5, -1.25, 0.123_456_789_012_3, 1e-300]),
        json!("x".repeat(31)),
        json!("x".repeat(32)),
        json!("x".repeat(300)),
        json!((0..20).collect::<Vec<_>>()),
        json!({ "a": { "b": [{}, [], { "c": null }] } }),
        json!({ "deep": [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]] }),
        json!({ "inside": [bytes(&[]), bytes(&[0; 300])] }),
    ];
    for value in values {
        let args = match value {
            Value::Array(values) => values,
            value => vec![value.clone(), Value::Null, value],
        };
        session.says(&event("message", args.clone()));
        session.hears(&event("message-back", args)).await?;
    }
    Ok(())
}

async fn large_numbers_survive(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    session.says(&event("message", [json!(1e300), json!(-1e20)]));
    session.hears(&event("message-back", [json!(1e300), json!(-1e20)])).await
}

async fn an_event_is_acknowledged(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    for id in [0, 1, 127, 128, 70_000] {
        session.says(&event("message-with-ack", [json!(id), bytes(&[7])]).with_id(id));
        session.hears(&ack(id, [json!(id), bytes(&[7])])).await?;
    }
    Ok(())
}

async fn the_namespace_is_named(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    session.says(&event("message-with-ack", [json!("here")]).with_id(5));
    let heard = session.next_heard().await?;
    let (shown, at) = (heard.describe(), heard.at());
    let named = match &heard {
        Heard::Binary(message, _) => has_part(message, b"\xa3nsp\xa1/"),
        _ => false,
    };
    stage.demand(named, "an acknowledgement with the member nsp", shown, at)
}

async fn an_unknown_namespace_is_refused(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.says(&connect(Value::Null).on("/nowhere"));
    let (packet, at) = session.next().await?;
    let refused =
        packet.kind == Kind::ConnectError && packet.data == json!({ "message": "Invalid namespace" });
    stage.demand(refused, r#"a refusal with {"message":"Invalid namespace"}"#, packet.to_string(), at)
}

async fn any_order_will_do(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    let args = packed(&json!(["message", "any order"]));
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]] {
        let members = [("type", packed(&json!(2))), ("nsp", packed(&json!("/"))), ("data", args.clone())];
        session.sends_binary(&map(order.map(|index: usize| members[index].clone())));
        session.hears(&event("message-back", [json!("any order")])).await?;
    }
    Ok(())
}

async fn undefined_is_nothing(stage: &mut Stage) -> Check {
    const UNDEFINED: [u8; 3] = [0xd4, 0, 0];
    let mut session = stage.session().await?;
    let namespace = packed(&json!("/custom"));
    let data = UNDEFINED.to_vec();
    session.sends_binary(&map([("type", packed(&json!(0))), ("data", data), ("nsp", namespace)]));
    session.admitted("/custom").await.map(drop)
}

async fn types_of_binary_packets_close(stage: &mut Stage) -> Check {
    closes(stage, &[&packet(5, &json!(["message", "five"]))]).await
}

async fn trailing_bytes_close(stage: &mut Stage) -> Check {
    closes(stage, &[&[&packet(2, &json!(["message", "more"]))[..], &[0]].concat()]).await
}

async fn text_closes(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    session.sends(r#"42["message","text"]"#);
    session.closes().await
}

async fn garbage_closes(stage: &mut Stage) -> Check {
    let whole = packet(2, &json!(["message", "cut"]));
    // A byte that is never used, a packet without its last byte, and a map of more members than any message holds.
    closes(stage, &[&[0xc1], &whole[..whole.len() - 1], &[0xdf, 0x7f, 0xff, 0xff, 0xff]]).await
}

async fn a_nameless_packet_closes(stage: &mut Stage) -> Check {
    let nameless = map([("type", packed(&json!(2))), ("data", packed(&json!(["message", "nameless"])))]);
    closes(stage, &[&nameless]).await
}

async fn a_map_of_arguments_closes(stage: &mut Stage) -> Check {
    closes(stage, &[&packet(2, &json!({ "0": "message" }))]).await
}

/// Demands that each of these messages closes the connection it is sent on.
async fn closes(stage: &mut Stage, messages: &[&[u8]]) -> Check {
    for message in messages {
        let mut session = joined(stage).await?;
        session.sends_binary(message);
        session.closes().await?;
    }
    Ok(())
}

async fn joined(stage: &mut Stage) -> Check<Wire> {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    Ok(session)
}

/// A packet of the main namespace.
fn packet(kind: u8, data: &Value) -> Vec<u8> {
    map([("type", packed(&json!(kind))), ("data", packed(data)), ("nsp", packed(&json!("/")))])
}

/// A map of a few members, each value packed already.
fn map(members: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Vec<u8> {
    let mut count = 0;
    let mut packed_members = Vec::new();
    for (name, value) in members {
        count += 1;
        packed_members.extend(packed(&json!(name)));
        packed_members.extend(value);
    }
    [&[0x80 | count], &packed_members[..]].concat()
}

fn packed(value: &Value) -> Vec<u8> {
    let text = value.to_string();
    let json = Json::parse(&text).expect("a value's text is JSON");
    let mut packed = Vec::new();
    from_json(json, None::<&[Vec<u8>]>, &mut packed).expect("there is nothing to attach");
    packed
}

fn has_part(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
