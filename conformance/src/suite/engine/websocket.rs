//! The WebSocket transport: one packet a message, one WebSocket a session.

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::{Transport, needs::ECHO},
    scenarios,
    stage::{Data, Frame, Heard, OpCode, Stage, Wire, Ws, event},
    verdict::{Check, SetUp},
};

const ONE_PACKET_PER_MESSAGE: Rule = Rule::must(
    "engine/websocket/one-packet-per-message",
    Source::engine("Packet encoding: WebSocket"),
    "Each packet is a WebSocket message of its own.",
)
.broken_by(&["websocket-joins-packets"]);

const BINARY_AS_IS: Rule = Rule::must(
    "engine/websocket/binary-as-is",
    Source::engine("Packet encoding: WebSocket"),
    "A binary payload is a binary message with the same bytes and nothing else.",
)
.broken_by(&["websocket-binary-prefixed"])
.seen(&["socketioxide#277"]);

const SEPARATOR_IS_DATA: Rule = Rule::reference(
    "engine/websocket/separator-is-data",
    Source::observed("U+001E has no meaning over WebSocket"),
    "U+001E in a WebSocket message is data.",
)
.broken_by(&["websocket-splits-separator", "unknown-namespace-closes"]);

const MAX_PAYLOAD_ACCEPTED: Rule = Rule::reference(
    "engine/websocket/max-payload-accepted",
    Source::observed("a message of exactly maxPayload bytes is accepted"),
    "A message of exactly maxPayload bytes is accepted.",
)
.broken_by(&["websocket-max-payload-off-by-one"]);

const MAX_PAYLOAD_ENFORCED: Rule = Rule::should(
    "engine/websocket/max-payload-enforced",
    Source::observed("a message of more than maxPayload bytes closes the WebSocket with 1009"),
    "A message of more than maxPayload bytes ends the session.",
)
.broken_by(&["websocket-unlimited"])
.users("One client can make the server hold any amount of memory.");

const SECOND_REFUSED: Rule = Rule::must(
    "engine/websocket/second-is-refused",
    Source::engine("WebSocket"),
    "A second WebSocket for a session is refused or closed, and the first one is not harmed.",
)
.broken_by(&["second-websocket-accepted"])
.seen(&["engine.io-d5095fe"]);

const SECOND_ON_WEBSOCKET: Rule = Rule::should(
    "engine/websocket/second-on-websocket-session",
    Source::engine("WebSocket"),
    "A session that was opened over WebSocket answers no probe on a second one, though the reference implementation does.",
)
.broken_by(&["second-websocket-accepted"]);

const CLOSE_PACKET: Rule = Rule::should(
    "engine/websocket/close-packet",
    Source::engine("Packet encoding: close"),
    "A close packet ends a WebSocket session, though the reference implementation ignores it.",
)
.broken_by(&["websocket-close-packet-ignored"]);

const PING_FRAME: Rule = Rule::must(
    "engine/websocket/ping-frame",
    Source::websocket("5.5.2 Ping"),
    "A WebSocket ping frame is answered with a pong frame of the same data.",
)
.broken_by(&["websocket-ping-unanswered"]);

const FRAGMENTED: Rule = Rule::must(
    "engine/websocket/fragmented",
    Source::websocket("5.4 Fragmentation"),
    "The fragments of a message are put together.",
)
.broken_by(&["fragments-dropped"]);

scenarios! {
    ONE_PACKET_PER_MESSAGE => packets_come_one_by_one over [Websocket, Upgraded] needs [ECHO];
    BINARY_AS_IS => binary_is_sent_as_it_is over [Websocket, Upgraded] needs [ECHO];
    SEPARATOR_IS_DATA => the_separator_is_data over [Websocket];
    MAX_PAYLOAD_ACCEPTED => the_largest_message_is_accepted over [Websocket] needs [ECHO] in Limits;
    MAX_PAYLOAD_ENFORCED => a_larger_message_closes over [Websocket] needs [ECHO] in Limits;
    SECOND_REFUSED => a_second_websocket_is_refused over [Upgraded] needs [ECHO];
    SECOND_ON_WEBSOCKET => a_second_websocket_is_refused over [Websocket] needs [ECHO];
    CLOSE_PACKET => a_close_packet_closes over [Websocket];
    PING_FRAME => a_ping_frame_is_answered over [Websocket];
    FRAGMENTED => fragments_are_put_together over [Websocket] needs [ECHO];
}

async fn packets_come_one_by_one(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    // The answer to CONNECT and the greeting leave the server together.
    session.joins("/", None).await?;
    for word in ["one", "two", "three"] {
        session.says(&event("message", [json!(word)]));
    }
    session.hears_all(&["one", "two", "three"].map(|word| event("message-back", [json!(word)]))).await
}

async fn binary_is_sent_as_it_is(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(r#"451-["message",{"_placeholder":true,"num":0}]"#);
    // Bytes that would read as a text packet.
    session.sends_binary(b"4a");
    let header = session.next_heard().await?;
    stage.demand(
        matches!(&header, Heard::Text(..)),
        "the header of the echo",
        header.describe(),
        header.at(),
    )?;
    let heard = session.next_heard().await?;
    let same = matches!(&heard, Heard::Binary(bytes, _) if bytes == b"4a");
    stage.demand(same, "binary 34 61", heard.describe(), heard.at())
}

async fn the_separator_is_data(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.sends("40/a\u{1e}b,");
    let heard = session.next_heard().await?;
    let whole = matches!(&heard, Heard::Text(text, _) if text.starts_with("44/a\u{1e}b,"));
    stage.demand(whole, "a CONNECT_ERROR for the namespace /a␞b", heard.describe(), heard.at())
}

async fn the_largest_message_is_accepted(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    let word = filler(&session, 0)?;
    session.says(&event("message", [json!(word)]));
    session.hears(&event("message-back", [json!(word)])).await
}

async fn a_larger_message_closes(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    let word = filler(&session, 1)?;
    session.says(&event("message", [json!(word)]));
    session.closes().await
}

async fn a_second_websocket_is_refused(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    let query = format!("EIO=4&transport=websocket&sid={}", session.hello.sid);
    let second = stage.websocket(&query).await?;
    second.is_refused_even_with("2probe").await?;
    session.says(&event("message", [json!("first")]));
    session.hears(&event("message-back", [json!("first")])).await
}

async fn a_close_packet_closes(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.sends("1");
    // An answer to this shows that the session lives on; a server that closes it does not read this far.
    session.sends("40");
    session.closes().await
}

async fn a_ping_frame_is_answered(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.ping(b"are you there").await?;
    let heard = ws.next_packet().await?;
    let same = matches!(&heard, Heard::Pong(data, _) if data == b"are you there");
    stage.demand(same, "a pong frame with the same data", heard.describe(), heard.at())
}

async fn fragments_are_put_together(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.text("40").await?;
    for _ in ["the answer to CONNECT", "the greeting"] {
        ws.next_packet().await.set_up("joining the main namespace")?;
    }
    let fragment =
        |text: &str, code, last| Frame::message(text.as_bytes().to_vec(), OpCode::Data(code), last);
    ws.frame("fragment 42[\"mess", fragment("42[\"mess", Data::Text, false)).await?;
    ws.frame("fragment age\",\"in ", fragment("age\",\"in ", Data::Continue, false)).await?;
    ws.frame("last fragment three\"]", fragment("three\"]", Data::Continue, true)).await?;
    ws.hears("42[\"message-back\",\"in three\"]").await
}

/// An open WebSocket session without a client behind it.
async fn opened(stage: &mut Stage) -> Check<Ws> {
    let query = format!("EIO=4&transport={}", Transport::Websocket);
    let mut ws = stage.websocket(&query).await?.open().set_up("opening a WebSocket")?;
    ws.next().await.set_up("opening a session")?;
    Ok(ws)
}

/// An argument with which the event `message` is as long as the announced limit, and `more` bytes.
fn filler(session: &Wire, more: usize) -> Check<String> {
    let overhead = "42[\"message\",\"\"]".len();
    Ok("x".repeat(session.hello.testable_limit()? - overhead + more))
}
