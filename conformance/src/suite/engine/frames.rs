//! WebSocket frames: what RFC 6455 demands of whoever receives them.

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::{Transport, needs::ECHO},
    scenarios,
    stage::{Data, Frame, Heard, Hello, OpCode, Stage, Ws, event},
    verdict::{Check, SetUp, Stop, expecting},
};

const RESERVED_BIT: Rule = Rule::must(
    "engine/frames/reserved-bit",
    Source::websocket("5.2 Base Framing Protocol"),
    "A frame with a reserved bit that no extension gave a meaning closes the WebSocket.",
)
.broken_by(&["reserved-bit-ignored"]);

const RESERVED_OPCODE: Rule = Rule::must(
    "engine/frames/reserved-opcode",
    Source::websocket("5.2 Base Framing Protocol"),
    "A frame with an opcode that does not exist closes the WebSocket.",
)
.broken_by(&["reserved-opcode-ignored"]);

const STRAY_CONTINUATION: Rule = Rule::must(
    "engine/frames/stray-continuation",
    Source::websocket("5.4 Fragmentation"),
    "A continuation of no message closes the WebSocket.",
)
.broken_by(&["stray-continuation-ignored", "fragments-dropped"]);

const INTERLEAVED: Rule = Rule::must(
    "engine/frames/interleaved",
    Source::websocket("5.4 Fragmentation"),
    "A message that begins inside of another closes the WebSocket.",
)
.broken_by(&["interleaved-message-taken"]);

const LARGE_CONTROL: Rule = Rule::must(
    "engine/frames/large-control",
    Source::websocket("5.5 Control Frames"),
    "A control frame of more than 125 bytes closes the WebSocket.",
)
.broken_by(&["large-control-accepted"]);

const CUT_CONTROL: Rule = Rule::must(
    "engine/frames/fragmented-control",
    Source::websocket("5.5 Control Frames"),
    "A control frame in fragments closes the WebSocket.",
)
.broken_by(&["fragmented-control-accepted", "fragments-dropped"]);

const INVALID_UTF8: Rule = Rule::must(
    "engine/frames/invalid-utf8",
    Source::websocket("8.1 Handling of Errors in UTF-8-Encoded Data"),
    "A text message that is not UTF-8 closes the WebSocket.",
)
.broken_by(&["invalid-utf8-accepted"]);

const PING_IN_BETWEEN: Rule = Rule::must(
    "engine/frames/ping-in-between",
    Source::websocket("5.4 Fragmentation"),
    "A ping frame between the fragments of a message is answered, and the message arrives whole.",
)
.broken_by(&["ping-in-between-closes", "fragments-dropped", "websocket-ping-unanswered"]);

const PONG_IGNORED: Rule = Rule::must(
    "engine/frames/pong-ignored",
    Source::websocket("5.5.3 Pong"),
    "A pong frame that nobody asked for has no effect.",
)
.broken_by(&["pong-frame-closes"]);

const LENGTHS: Rule = Rule::must(
    "engine/frames/lengths",
    Source::websocket("5.2 Base Framing Protocol"),
    "Messages arrive whose length is the last or the first to be written in a certain way: 125, 126, 65535 and 65536 bytes.",
)
.broken_by(&["message-of-65536-lost"])
.seen(&["socket.io-client-swift#177"]);

const CLOSE_ANSWERED: Rule = Rule::must(
    "engine/frames/close-answered",
    Source::websocket("5.5.1 Close"),
    "A close frame is answered with a close frame.",
)
.broken_by(&["close-frame-unanswered"])
.users("Browsers report a lost connection, 1006, where they had closed it in good order.");

const CLOSE_CODE: Rule = Rule::should(
    "engine/frames/close-code",
    Source::websocket("5.5.1 Close"),
    "The answer to a close frame repeats its status code.",
)
.broken_by(&["close-code-not-repeated", "close-frame-unanswered"]);

const UNMASKED: Rule = Rule::must(
    "engine/frames/unmasked",
    Source::websocket("5.1 Overview"),
    "A frame of a client that is not masked closes the WebSocket.",
)
.broken_by(&["unmasked-accepted"]);

const FORBIDDEN_CODE: Rule = Rule::must(
    "engine/frames/forbidden-close-code",
    Source::websocket("7.4.1 Defined Status Codes"),
    "A close frame with a status code that must not be sent is not answered with that code.",
)
.broken_by(&["close-code-unchecked"]);

const LIMIT_OF_FRAGMENTS: Rule = Rule::should(
    "engine/frames/limit-of-fragments",
    Source::observed("the fragments of a message together may not be more than maxPayload bytes"),
    "A message in fragments that is larger than maxPayload ends the session, though each fragment is smaller.",
)
.broken_by(&["fragments-unlimited", "websocket-unlimited"])
.users("One client can make the server hold any amount of memory.")
.seen(&["CVE-2016-10542"]);

const LIMIT_OF_BINARY: Rule = Rule::should(
    "engine/frames/limit-of-binary",
    Source::observed("a binary message of more than maxPayload bytes closes the WebSocket with 1009"),
    "A binary message of more than maxPayload bytes ends the session.",
)
.broken_by(&["binary-unlimited", "websocket-unlimited"])
.seen(&["CVE-2016-10542"]);

scenarios! {
    RESERVED_BIT => a_reserved_bit_closes over [Websocket];
    RESERVED_OPCODE => a_reserved_opcode_closes over [Websocket];
    STRAY_CONTINUATION => a_stray_continuation_closes over [Websocket];
    INTERLEAVED => a_message_inside_another_closes over [Websocket];
    LARGE_CONTROL => a_large_pong_closes over [Websocket];
    CUT_CONTROL => a_fragmented_ping_closes over [Websocket];
    INVALID_UTF8 => broken_text_closes over [Websocket];
    PING_IN_BETWEEN => a_ping_may_come_in_between over [Websocket] needs [ECHO];
    PONG_IGNORED => a_pong_has_no_effect over [Websocket] needs [ECHO];
    LENGTHS => every_length_arrives over [Websocket, Upgraded] needs [ECHO];
    CLOSE_ANSWERED => a_close_frame_is_answered over [Websocket, Upgraded];
    CLOSE_CODE => the_code_is_repeated over [Websocket, Upgraded];
    UNMASKED => an_unmasked_frame_closes over [Websocket];
    FORBIDDEN_CODE => a_forbidden_code_is_not_repeated over [Websocket, Upgraded];
    LIMIT_OF_FRAGMENTS => fragments_count_together over [Websocket] needs [ECHO] in Limits;
    LIMIT_OF_BINARY => a_large_binary_message_closes over [Websocket] needs [ECHO] in Limits;
}

const TEXT: OpCode = OpCode::Data(Data::Text);
const CONTINUATION: OpCode = OpCode::Data(Data::Continue);
/// The first opcode that is kept for later.
const UNKNOWN: u8 = 3;
const PING: u8 = 9;
const PONG: u8 = 10;

async fn a_reserved_bit_closes(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    let mut reserved = frame(b"40", TEXT, true);
    reserved.header_mut().rsv1 = true;
    ws.frame("text frame 40 with a reserved bit", reserved).await?;
    is_closed(ws).await
}

async fn a_reserved_opcode_closes(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.frame("frame 40 of opcode 3", frame(b"40", UNKNOWN.into(), true)).await?;
    is_closed(ws).await
}

async fn a_stray_continuation_closes(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.frame("continuation 40", frame(b"40", CONTINUATION, true)).await?;
    is_closed(ws).await
}

async fn a_message_inside_another_closes(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.frame("first fragment 4", frame(b"4", TEXT, false)).await?;
    ws.frame("text frame 0", frame(b"0", TEXT, true)).await?;
    is_closed(ws).await
}

async fn a_large_pong_closes(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.frame("pong frame of 126 bytes", frame(&[b'x'; 126], PONG.into(), true)).await?;
    is_closed(ws).await
}

async fn a_fragmented_ping_closes(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.frame("ping frame that is not the last", frame(b"x", PING.into(), false)).await?;
    is_closed(ws).await
}

async fn broken_text_closes(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.frame("text frame 40/ ff fe ,", frame(b"40/\xff\xfe,", TEXT, true)).await?;
    is_closed(ws).await
}

async fn a_ping_may_come_in_between(stage: &mut Stage) -> Check {
    let mut ws = joined(stage).await?;
    ws.frame("fragment 42[\"message\",", frame(b"42[\"message\",", TEXT, false)).await?;
    ws.ping(b"in between").await?;
    ws.frame("last fragment \"whole\"]", frame(b"\"whole\"]", CONTINUATION, true)).await?;
    let (mut answered, mut whole) = (false, false);
    while !(answered && whole) {
        match ws.next_packet().await.map_err(|stop| expecting(stop, "a pong frame, and the echo"))? {
            Heard::Pong(data, _) if data == b"in between" => answered = true,
            Heard::Text(text, at) => {
                let same = stage.read(&text) == Some(event("message-back", [json!("whole")]));
                stage.demand(same, "42[\"message-back\",\"whole\"]", text, at)?;
                whole = true;
            }
            other => return Err(Stop::violation("a pong frame, and the echo", other.describe(), other.at())),
        }
    }
    Ok(())
}

async fn a_pong_has_no_effect(stage: &mut Stage) -> Check {
    let mut ws = joined(stage).await?;
    ws.frame("pong frame", frame(b"unasked", PONG.into(), true)).await?;
    ws.text(r#"42["message","still here"]"#).await?;
    ws.hears(r#"42["message-back","still here"]"#).await
}

async fn every_length_arrives(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    let limit = session.hello.max_payload_bytes.unwrap_or(u64::MAX);
    for length in [125, 126, 65_535, 65_536].into_iter().filter(|length| *length <= limit) {
        let overhead = r#"42["message",""]"#.len() as u64;
        let word = "x".repeat(usize::try_from(length - overhead).unwrap_or_default());
        session.says(&event("message", [json!(word)]));
        session.hears(&event("message-back", [json!(word)])).await?;
    }
    Ok(())
}

async fn a_close_frame_is_answered(stage: &mut Stage) -> Check {
    is_answered_with(stage, "close frame").await
}

async fn the_code_is_repeated(stage: &mut Stage) -> Check {
    is_answered_with(stage, "close frame 1000").await
}

async fn an_unmasked_frame_closes(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    ws.bytes("text frame 40 without a mask", &[0x81, 2, b'4', b'0']).await?;
    is_closed(ws).await
}

async fn a_forbidden_code_is_not_repeated(stage: &mut Stage) -> Check {
    let mut ws = over_websocket(stage).await?;
    // It stands for a close frame without a code where there is no frame.
    ws.frame("close frame 1005", frame(&1005_u16.to_be_bytes(), 8.into(), true)).await?;
    let (code, at) = ws.last_words().await?;
    stage.demand(code != Some(1005), "another code than 1005, or none", "close frame 1005", at)
}

async fn fragments_count_together(stage: &mut Stage) -> Check {
    let mut ws = joined(stage).await?;
    let half = limit(stage).await? / 2;
    let head = format!("42[\"message\",\"{}", "x".repeat(half));
    let tail = format!("{}\"]", "x".repeat(half));
    ws.frame("first half of a message that is too large", frame(head.as_bytes(), TEXT, false)).await?;
    ws.frame("second half", frame(tail.as_bytes(), CONTINUATION, true)).await?;
    is_closed(ws).await
}

async fn a_large_binary_message_closes(stage: &mut Stage) -> Check {
    let mut ws = joined(stage).await?;
    let largest = limit(stage).await?;
    ws.text(r#"451-["message",{"_placeholder":true,"num":0}]"#).await?;
    ws.binary(&vec![0; largest + 1]).await?;
    is_closed(ws).await
}

/// The largest payload that the server announces.
async fn limit(stage: &mut Stage) -> Check<usize> {
    let mut ws = stage.websocket("EIO=4&transport=websocket").await?.open().set_up("opening a WebSocket")?;
    match ws.next().await.set_up("opening a session")? {
        Heard::Text(text, at) => Hello::read(&text, at).set_up("opening a session")?.testable_limit(),
        other => Err(Stop::Inconclusive(format!("no open packet, but {}", other.describe()))),
    }
}

fn frame(payload: &[u8], opcode: OpCode, last: bool) -> Frame {
    let mut frame = Frame::message(payload.to_vec(), TEXT, last);
    frame.header_mut().opcode = opcode;
    frame
}

/// An open WebSocket session without a client behind it.
async fn opened(stage: &mut Stage) -> Check<Ws> {
    let mut ws = stage.websocket("EIO=4&transport=websocket").await?.open().set_up("opening a WebSocket")?;
    ws.next().await.set_up("opening a session")?;
    Ok(ws)
}

/// The same, in the main namespace.
async fn joined(stage: &mut Stage) -> Check<Ws> {
    let mut ws = opened(stage).await?;
    ws.text("40").await?;
    for _ in ["the answer to CONNECT", "the greeting"] {
        ws.next_packet().await.set_up("joining the main namespace")?;
    }
    Ok(ws)
}

/// Demands that the WebSocket is closed, and nothing answered.
async fn is_closed(mut ws: Ws) -> Check {
    const WANT: &str = "the WebSocket closed";
    // An answer to this shows that the server passed over what came before.
    ws.text("40").await?;
    match ws.next_packet().await.map_err(|stop| expecting(stop, WANT))? {
        Heard::Closed(..) => Ok(()),
        other => Err(Stop::violation(WANT, other.describe(), other.at())),
    }
}

/// Demands that a close frame is answered like this.
async fn is_answered_with(stage: &mut Stage, want: &str) -> Check {
    let mut ws = over_websocket(stage).await?;
    ws.frame("close frame 1000", frame(&1000_u16.to_be_bytes(), 8.into(), true)).await?;
    loop {
        // What was on its way comes first.
        if let Heard::Closed(how, at) = ws.next_packet().await.map_err(|stop| expecting(stop, want))? {
            return stage.demand(how.starts_with(want), want, how, at);
        }
    }
}

/// A WebSocket that carries a session, opened or upgraded.
async fn over_websocket(stage: &mut Stage) -> Check<Ws> {
    if stage.over() == Transport::Websocket {
        return opened(stage).await;
    }
    let session = stage.polling().await?;
    let mut ws = stage.websocket(&session.upgrade_query()).await?.open().set_up("opening a WebSocket")?;
    ws.text("2probe").await?;
    ws.hears("3probe").await.set_up("probing")?;
    ws.text("5").await?;
    // Once this is answered, the upgrade was read.
    ws.ping(b"upgraded").await?;
    ws.next_packet().await.set_up("completing the upgrade")?;
    Ok(ws)
}
