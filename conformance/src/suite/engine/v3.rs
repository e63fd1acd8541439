//! Version 3 of the protocol, for clients of version 2 of Socket.IO.

use std::time::{Duration, Instant};

use crate::{
    rule::{Rule, Source},
    scenario::{
        Need, Transport,
        needs::{ECHO, feature},
    },
    scenarios,
    stage::{Heard, Hello, OldPacket, OldPolling, Stage, Ws, framed, read_old, script},
    transcript::EntryId,
    verdict::{Check, SetUp, Stop},
};

const OLD: Need = feature("eio3");
const JSONP: Need = feature("jsonp");

const OPEN: Rule = Rule::docs(
    "engine/v3/handshake",
    Source::engine3("Payload"),
    "A handshake is answered by a payload whose first packet is an open packet, behind its length.",
)
.broken_by(&["old-handshake-unframed"]);

const WRITTEN: Rule = Rule::docs(
    "engine/v3/lengths-written",
    Source::engine3("Payload"),
    "The length before a packet counts UTF-16 code units, whatever the characters are.",
)
.broken_by(&["old-lengths-in-bytes", "non-bmp-replaced"])
.seen(&["socketioxide#742", "engine.io-client#600", "engine.io-protocol#16", "python-engineio#55"]);

const READ: Rule = Rule::docs(
    "engine/v3/lengths-read",
    Source::engine3("Payload"),
    "A packet of a payload ends where its length in UTF-16 code units says, and the next one begins there.",
)
.broken_by(&["old-lengths-read-in-characters"])
.seen(&["socketioxide#742", "engine.io-protocol#16"]);

const BAD_LENGTH: Rule = Rule::reference(
    "engine/v3/bad-length-closes",
    Source::observed("a payload of version 3 with a wrong length ends the session"),
    "A payload whose lengths are wrong ends the session.",
)
.broken_by(&["old-bad-length-ignored", "unknown-packet-ignored"]);

const BASE64: Rule = Rule::docs(
    "engine/v3/base64",
    Source::engine3("Payload"),
    "A client that asks for base64 is sent bytes as text: b, the type, and the digits.",
)
.broken_by(&["old-base64-bare"]);

const OCTETS: Rule = Rule::docs(
    "engine/v3/octets",
    Source::engine3("Payload"),
    "A client that reads bytes is sent them as they are, in a body of type application/octet-stream.",
)
.broken_by(&["old-octets-as-text"]);

const OCTETS_READ: Rule = Rule::docs(
    "engine/v3/octets-read",
    Source::engine3("Payload"),
    "A body of type application/octet-stream is read as a payload of bytes.",
)
.broken_by(&["old-octets-refused", "unknown-content-type-refused", "split-body-truncated"]);

const PREFIX_WRITTEN: Rule = Rule::docs(
    "engine/v3/binary-prefix-written",
    Source::engine3("Packet"),
    "A binary message on a WebSocket begins with the byte 4, the type of its packet.",
)
.broken_by(&["old-binary-unprefixed"])
.seen(&["socketioxide#277"]);

const PREFIX_READ: Rule = Rule::docs(
    "engine/v3/binary-prefix-read",
    Source::engine3("Packet"),
    "The first byte of a binary message on a WebSocket is no part of what was sent.",
)
.broken_by(&["old-prefix-kept"])
.seen(&["socketioxide#277"]);

const PONG: Rule =
    Rule::docs("engine/v3/pong", Source::engine3("ping"), "A ping of the client is answered by a pong.")
        .broken_by(&["old-ping-unanswered"]);

const NO_PING: Rule =
    Rule::docs("engine/v3/no-server-ping", Source::engine3("ping"), "The server does not ping.")
        .broken_by(&["old-server-pings"]);

const TIMEOUT: Rule = Rule::reference(
    "engine/v3/silence-closes",
    Source::observed(
        "a session of version 3 ends an interval and a time-out after the last ping of its client",
    ),
    "A session whose client does not ping ends.",
)
.broken_by(&["old-timeout-ignored"]);

const EXTENDED: Rule = Rule::reference(
    "engine/v3/ping-extends",
    Source::observed("a ping of the client starts the time of a session of version 3 anew"),
    "A session whose client pings stays open.",
)
.broken_by(&["old-ping-extends-nothing"]);

const NOOP: Rule = Rule::docs(
    "engine/v3/noop",
    Source::engine3("noop"),
    "A poll that is held when a client probes a WebSocket is released by a noop, as text.",
)
.broken_by(&["old-noop-as-octets", "held-poll-not-released"])
.seen(&["socketioxide#560"]);

const SCRIPT: Rule = Rule::docs(
    "engine/v3/jsonp",
    Source::engine3("URLs"),
    "A poll that names a number j is answered by a script that hands the payload to the function of this number.",
)
.broken_by(&["old-jsonp-bare"]);

const FORM: Rule = Rule::reference(
    "engine/v3/jsonp-form",
    Source::observed("the payload of a JSONP client is the field d of a form"),
    "The payload of a JSONP client is the field d of a form, in which the end of a line is a backslash and an n.",
)
.broken_by(&["old-form-taken-as-packets", "unknown-content-type-refused"]);

scenarios! {
    OPEN => the_open_packet_has_a_length over [Polling] needs [OLD] in Old;
    WRITTEN => lengths_count_units over [Polling] needs [OLD, ECHO] in Old;
    READ => lengths_are_read_as_units over [Polling] needs [OLD, ECHO] in Old;
    BAD_LENGTH => wrong_lengths_close over [Polling] needs [OLD, ECHO] in Old;
    BASE64 => bytes_are_base64 over [Polling, Websocket] needs [OLD, ECHO] in Old;
    OCTETS => bytes_are_bytes over [Polling] needs [OLD, ECHO] in Old;
    OCTETS_READ => bytes_are_read over [Polling] needs [OLD, ECHO] in Old;
    PREFIX_WRITTEN => binary_messages_begin_with_a_type over [Websocket] needs [OLD, ECHO] in Old;
    PREFIX_READ => the_type_is_taken_off over [Websocket] needs [OLD, ECHO] in Old;
    PONG => a_ping_is_answered over [Polling, Websocket] needs [OLD] in Old;
    NO_PING => nothing_but_pongs_comes over [Websocket] needs [OLD, ECHO] in Old;
    TIMEOUT => the_silent_are_closed over [Websocket] needs [OLD] in Old;
    EXTENDED => who_pings_stays over [Websocket] needs [OLD, ECHO] in Old;
    NOOP => a_held_poll_is_released over [Upgraded] needs [OLD, ECHO] in Old;
    SCRIPT => a_poll_is_a_script over [Polling] needs [OLD, JSONP] in Old;
    FORM => a_form_is_a_payload over [Polling] needs [OLD, ECHO, JSONP] in Old;
}

const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":0}"#;

async fn the_open_packet_has_a_length(stage: &mut Stage) -> Check {
    let reply = stage.request("GET", "EIO=3&transport=polling", None).await?;
    reply.has_status(200)?;
    let packets = read_old(&reply)?;
    let open = match packets.first() {
        Some(OldPacket::Text(text)) => Hello::read(text, reply.at).is_ok(),
        _ => false,
    };
    reply.demand(open, "an open packet behind its length")
}

async fn lengths_count_units(stage: &mut Stage) -> Check {
    let mut session = joined(stage, "&b64=1").await?;
    for text in ["plain", "é ß", "€ 漢字", "😀 𝄞", "e\u{301} \u{feff}", "👨\u{200d}👩\u{200d}👧"]
    {
        session.says(&[&format!(r#"42["message","{text}"]"#)]).await?;
        session.hears(&format!(r#"42["message-back","{text}"]"#)).await?;
    }
    Ok(())
}

async fn lengths_are_read_as_units(stage: &mut Stage) -> Check {
    let mut session = joined(stage, "&b64=1").await?;
    // Nobody asks for an acknowledgement of the first, so that only the second is answered.
    session.says(&[r#"42["message-with-ack","😀 👨‍👩‍👧"]"#, r#"42["message","after"]"#]).await?;
    session.hears(r#"42["message-back","after"]"#).await
}

async fn wrong_lengths_close(stage: &mut Stage) -> Check {
    for body in ["9:4", "4hello", "x:4"] {
        let session = joined(stage, "&b64=1").await?;
        session.post("text/plain;charset=UTF-8", body.as_bytes()).await?;
        let reply = session.get().await?;
        let closed = reply.status != 200 || read_old(&reply)?.contains(&OldPacket::Text("1".to_owned()));
        reply.demand(closed, "the session closed: a refusal, or a close packet")?;
    }
    Ok(())
}

async fn bytes_are_base64(stage: &mut Stage) -> Check {
    let event = format!(r#"451-["message",{PLACEHOLDER}]"#);
    if stage.over() == Transport::Websocket {
        let (mut ws, _) = on_websocket(stage, "&b64=1").await?;
        ws.text(&event).await?;
        ws.text("b4AQID").await?;
        ws.hears(&format!(r#"451-["message-back",{PLACEHOLDER}]"#)).await.set_up("hearing the header")?;
        return ws.hears("b4AQID").await;
    }
    let mut session = joined(stage, "&b64=1").await?;
    session.says(&[&event, "b4AQID"]).await?;
    let (packet, at) = after_header(&mut session).await?;
    stage.demand(packet == OldPacket::Binary(vec![1, 2, 3]), "b4AQID", format!("{packet:?}"), at)
}

async fn bytes_are_bytes(stage: &mut Stage) -> Check {
    let session = joined(stage, "").await?;
    session.says(&[&format!(r#"451-["message",{PLACEHOLDER}]"#), "b4AQID"]).await?;
    let reply = session.get().await?;
    let octets = reply.header("content-type").is_some_and(|it| it.starts_with("application/octet-stream"));
    reply.demand(octets, "a body of type application/octet-stream")?;
    let whole = read_old(&reply)?.contains(&OldPacket::Binary(vec![1, 2, 3]));
    reply.demand(whole, "a packet of the bytes 1, 2 and 3")
}

async fn bytes_are_read(stage: &mut Stage) -> Check {
    let mut session = joined(stage, "").await?;
    let event = format!(r#"451-["message",{PLACEHOLDER}]"#);
    let digits: Vec<u8> = event.len().to_string().bytes().map(|digit| digit - b'0').collect();
    let body = [&[0], &digits[..], &[0xff], event.as_bytes(), &[1, 4, 0xff, 4, 1, 2, 3]].concat();
    session.post("application/octet-stream", &body).await?.has_status(200)?;
    session.hears(&format!(r#"451-["message-back",{PLACEHOLDER}]"#)).await?;
    let (packet, at) = session.next().await?;
    stage.demand(
        packet == OldPacket::Binary(vec![1, 2, 3]),
        "the bytes 1, 2 and 3",
        format!("{packet:?}"),
        at,
    )
}

async fn binary_messages_begin_with_a_type(stage: &mut Stage) -> Check {
    let (heard, shown) = binary_echo(stage).await?;
    let typed = matches!(&heard, Heard::Binary(bytes, _) if bytes.first() == Some(&4));
    stage.demand(typed, "a binary message that begins with 4", shown, heard.at())
}

async fn the_type_is_taken_off(stage: &mut Stage) -> Check {
    let (heard, shown) = binary_echo(stage).await?;
    let same = matches!(&heard, Heard::Binary(bytes, _) if matches!(bytes[..], [4, 9, 8, 7] | [9, 8, 7]));
    stage.demand(same, "the bytes 9, 8 and 7 behind their type", shown, heard.at())
}

/// What comes back when the bytes 9, 8 and 7 are sent.
async fn binary_echo(stage: &mut Stage) -> Check<(Heard, String)> {
    let (mut ws, _) = on_websocket(stage, "").await?;
    ws.text(&format!(r#"451-["message",{PLACEHOLDER}]"#)).await?;
    ws.binary(&[4, 9, 8, 7]).await?;
    ws.hears(&format!(r#"451-["message-back",{PLACEHOLDER}]"#)).await.set_up("hearing the header")?;
    let heard = ws.next().await?;
    let shown = heard.describe();
    Ok((heard, shown))
}

async fn a_ping_is_answered(stage: &mut Stage) -> Check {
    if stage.over() == Transport::Websocket {
        let (mut ws, _) = on_websocket(stage, "").await?;
        ws.text("2").await?;
        return is_pong(stage, ws.next().await?);
    }
    let session = joined(stage, "&b64=1").await?;
    session.says(&["2"]).await?;
    let reply = session.get().await?;
    let packets = read_old(&reply)?;
    let pong = packets.iter().any(|packet| matches!(packet, OldPacket::Text(text) if text.starts_with('3')));
    reply.demand(pong, "a pong")
}

async fn nothing_but_pongs_comes(stage: &mut Stage) -> Check {
    let (mut ws, hello) = on_websocket(stage, "").await?;
    for word in ["first", "second", "third"] {
        ws.text("2").await?;
        ws.text(&format!(r#"42["message","{word}"]"#)).await?;
        let (ping, at) = until_echo(&mut ws).await?;
        stage.demand(ping.is_none(), "no ping of the server", ping.unwrap_or_default(), at)?;
        stage.patience().pause_until(Instant::now() + interval(&hello)).await;
    }
    Ok(())
}

/// Listens until an echo, and gives a ping of the server that came before it.
async fn until_echo(ws: &mut Ws) -> Check<(Option<String>, EntryId)> {
    let mut ping = None;
    loop {
        match ws.next().await? {
            Heard::Text(text, at) if text.starts_with("42[\"message-back\"") => return Ok((ping, at)),
            Heard::Text(text, _) if text.starts_with('2') => ping = Some(text),
            Heard::Closed(how, at) => return Err(Stop::violation("an echo", format!("closed: {how}"), at)),
            _ => {}
        }
    }
}

async fn the_silent_are_closed(stage: &mut Stage) -> Check {
    let (mut ws, hello) = on_websocket(stage, "").await?;
    let within = stage.patience().after(lifetime(&hello));
    ws.closes_within(within).await
}

async fn who_pings_stays(stage: &mut Stage) -> Check {
    let (mut ws, hello) = on_websocket(stage, "").await?;
    let end = Instant::now() + lifetime(&hello).mul_f64(1.1);
    while Instant::now() < end {
        ws.text("2").await?;
        stage.patience().pause_until(Instant::now() + interval(&hello)).await;
    }
    ws.text(r#"42["message","still here"]"#).await?;
    until_echo(&mut ws).await.map(drop)
}

async fn a_held_poll_is_released(stage: &mut Stage) -> Check {
    let session = joined(stage, "").await?;
    let mut held = session.hold().await?;
    let mut ws = stage.websocket(&session.upgrade_query()).await?.open().set_up("opening a WebSocket")?;
    ws.text("2probe").await?;
    ws.hears("3probe").await.set_up("probing")?;
    let reply = held.reply_within(stage.patience().release()).await?;
    let text = reply.header("content-type").is_some_and(|it| it.starts_with("text/plain"));
    reply.demand(reply.status == 200 && reply.text() == framed("6") && text, "a noop as text, 1:6")
}

async fn a_poll_is_a_script(stage: &mut Stage) -> Check {
    let reply = stage.request("GET", "EIO=3&transport=polling&j=7", None).await?;
    reply.has_status(200)?;
    let body = reply.text();
    let whole = body.starts_with("___eio[7](") && script(&body).is_some_and(|text| text.contains("0{"));
    reply.demand(whole, r#"___eio[7]("…:0{…}…");"#)
}

async fn a_form_is_a_payload(stage: &mut Stage) -> Check {
    let mut session = joined(stage, "&j=0").await?;
    // 42["message","a\nb"], in which JSON escapes the end of the line and the form escapes the backslash.
    let event = r#"42["message","a\nb"]"#;
    let payload = framed(event).replace("\\n", "\\\\n");
    let form = format!("d={}", encoded(&payload));
    session.post("application/x-www-form-urlencoded", form.as_bytes()).await?.has_status(200)?;
    session.hears(r#"42["message-back","a\nb"]"#).await
}

/// A polling session that is in the main namespace.
async fn joined(stage: &mut Stage, more: &str) -> Check<OldPolling> {
    let mut session = stage.old_polling(more).await?;
    session.is_joined().await.set_up("joining the main namespace")?;
    Ok(session)
}

/// A WebSocket session that is in the main namespace.
async fn on_websocket(stage: &mut Stage, more: &str) -> Check<(Ws, Hello)> {
    let query = format!("EIO=3&transport=websocket{more}");
    let mut ws = stage.websocket(&query).await?.open().set_up("opening a WebSocket")?;
    let Heard::Text(open, at) = ws.next().await.set_up("opening a session")? else {
        return Err(Stop::Inconclusive("the session did not begin with an open packet".to_owned()));
    };
    let hello = Hello::read(&open, at).set_up("opening a session")?;
    let mut due = vec!["40", "42[\"auth\""];
    while !due.is_empty() {
        match ws.next().await.set_up("joining the main namespace")? {
            Heard::Text(text, _) => due.retain(|due| !text.starts_with(due)),
            Heard::Closed(how, _) => {
                return Err(Stop::Inconclusive(format!("the WebSocket was closed: {how}")));
            }
            _ => {}
        }
    }
    Ok((ws, hello))
}

/// The packet behind the header of a binary echo.
async fn after_header(session: &mut OldPolling) -> Check<(OldPacket, EntryId)> {
    session.hears(&format!(r#"451-["message-back",{PLACEHOLDER}]"#)).await?;
    session.next().await
}

fn is_pong(stage: &Stage, heard: Heard) -> Check {
    let shown = heard.describe();
    // The text wants the data of the ping repeated, the reference leaves it out.
    let pong = matches!(&heard, Heard::Text(text, _) if text.starts_with('3'));
    stage.demand(pong, "a pong, 3", shown, heard.at())
}

fn interval(hello: &Hello) -> Duration {
    Duration::from_millis(hello.ping_interval_ms)
}

/// How long a session lasts without a ping of its client.
fn lifetime(hello: &Hello) -> Duration {
    interval(hello) + Duration::from_millis(hello.ping_timeout_ms)
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
