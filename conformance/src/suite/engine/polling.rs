//! HTTP long-polling: one GET and one POST at a time, and how a session ends.

use crate::{
    rule::{Rule, Source},
    scenario::needs::ECHO,
    scenarios,
    stage::{Polling, Reply, Stage, event},
    verdict::{Check, SetUp, Stop},
};

const POST_OK: Rule = Rule::must(
    "engine/polling/post-ok",
    Source::engine("HTTP long-polling: Sending data"),
    "A POST is answered with status 200 and the text ok.",
)
.broken_by(&["post-answers-upper-case"]);

const SECOND_GET_REFUSED: Rule = Rule::must(
    "engine/polling/second-get-refused",
    Source::engine("HTTP long-polling: Receiving data"),
    "A second GET while one is waiting is refused, and the session is closed.",
)
.broken_by(&["second-get-accepted", "get-answered-at-once"]);

const SECOND_GET_RELEASES_FIRST: Rule = Rule::reference(
    "engine/polling/second-get-releases-first",
    Source::observed("the first of two GETs is answered with a close packet"),
    "When a second GET closes the session, the first one is answered.",
)
.broken_by(&["second-get-strands-first", "second-get-accepted"])
.users("The request of the first GET hangs until its time-out.");

const SECOND_POST_REFUSED: Rule = Rule::must(
    "engine/polling/second-post-refused",
    Source::engine("HTTP long-polling: Sending data"),
    "A second POST while one is being sent is refused, and the session is closed.",
)
.broken_by(&["second-post-accepted"]);

const CLOSE_PACKET: Rule = Rule::must(
    "engine/polling/close-packet",
    Source::engine("Packet encoding: close"),
    "A close packet ends the session: its id is refused from then on.",
)
.broken_by(&["close-packet-ignored"]);

const CLOSE_WITH_DATA: Rule = Rule::should(
    "engine/polling/close-with-data",
    Source::observed("the data of a close packet is not looked at"),
    "A close packet with data ends the session as one without.",
)
.broken_by(&["close-data-ignored", "close-packet-ignored"]);

const CLOSE_RELEASES_GET: Rule = Rule::reference(
    "engine/polling/close-releases-get",
    Source::observed("a GET that waits is answered with a noop when the client posts a close packet"),
    "When the client closes the session, a GET that waits is answered with a noop or a close packet.",
)
.broken_by(&["close-strands-get", "close-packet-ignored"])
.seen(&["python-engineio"]);

const CONTENT_TYPE_IGNORED: Rule = Rule::should(
    "engine/polling/content-type-ignored",
    Source::engine("HTTP long-polling: Headers"),
    "A POST without a Content-Type, or with that of other text, is read as text.",
)
.broken_by(&["unknown-content-type-refused"]);

const CODING_IGNORED: Rule = Rule::should(
    "engine/polling/content-encoding-ignored",
    Source::observed("the Content-Encoding of a POST is not looked at"),
    "A POST that names a content coding is read as it came, or refused with 415.",
)
.broken_by(&["encoded-post-lost"]);

const CHUNKED_BODY: Rule = Rule::reference(
    "engine/polling/chunked-body",
    Source::observed("a POST with chunked transfer-encoding is accepted"),
    "A POST may be sent in chunks, without a Content-Length.",
)
.broken_by(&["chunked-body-refused"]);

const SPLIT_BODY: Rule = Rule::reference(
    "engine/polling/split-body",
    Source::observed("a body in pieces is put together, even when cut inside a character"),
    "The body of a POST that arrives in pieces is put together, even when cut inside a character.",
)
.broken_by(&["split-body-truncated"])
.seen(&["engine.io-server-java#49", "netty-socketio#264"]);

const MAX_PAYLOAD_ACCEPTED: Rule = Rule::reference(
    "engine/polling/max-payload-accepted",
    Source::observed("a POST of exactly maxPayload bytes is accepted"),
    "A POST of exactly maxPayload bytes is accepted.",
)
.broken_by(&["max-payload-off-by-one"]);

const MAX_PAYLOAD_ENFORCED: Rule = Rule::reference(
    "engine/polling/max-payload-enforced",
    Source::observed("a POST of more than maxPayload bytes is answered 413 and not delivered"),
    "A POST of more than maxPayload bytes is not delivered.",
)
.broken_by(&["polling-unlimited"]);

const LIMIT_IN_BYTES: Rule = Rule::reference(
    "engine/polling/max-payload-in-bytes",
    Source::observed("the limit counts bytes, not characters"),
    "The limit counts bytes, not characters.",
)
.broken_by(&["max-payload-in-characters", "polling-unlimited"]);

scenarios! {
    POST_OK => a_post_is_answered_ok over [Polling];
    SECOND_GET_REFUSED => a_second_get_is_refused over [Polling] in Calm;
    SECOND_GET_RELEASES_FIRST => a_second_get_releases_the_first over [Polling] in Calm;
    SECOND_POST_REFUSED => a_second_post_is_refused over [Polling];
    CLOSE_PACKET => a_close_packet_ends_the_session over [Polling] in Calm;
    CLOSE_WITH_DATA => data_does_no_harm over [Polling] in Calm;
    CLOSE_RELEASES_GET => a_close_packet_releases_the_get over [Polling] in Calm;
    CONTENT_TYPE_IGNORED => any_content_type_is_text over [Polling] needs [ECHO];
    CODING_IGNORED => a_coding_is_ignored over [Polling] needs [ECHO];
    CHUNKED_BODY => a_chunked_body_is_read over [Polling] needs [ECHO];
    SPLIT_BODY => a_split_body_is_put_together over [Polling] needs [ECHO];
    MAX_PAYLOAD_ACCEPTED => the_largest_body_is_accepted over [Polling] needs [ECHO] in Limits;
    MAX_PAYLOAD_ENFORCED => a_larger_body_is_not_delivered over [Polling] needs [ECHO] in Limits;
    LIMIT_IN_BYTES => long_characters_count_fully over [Polling] needs [ECHO] in Limits;
}

async fn a_post_is_answered_ok(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.post("40").await?.is("ok")
}

async fn a_second_get_is_refused(stage: &mut Stage) -> Check {
    let (session, replies) = two_gets(stage).await?;
    // Two connections may be served in either order.
    let statuses: Vec<u16> = replies.iter().flatten().map(|reply| reply.status).collect();
    let at = replies.iter().flatten().last().map(|reply| reply.at);
    let refused = statuses.iter().any(|status| (400..500).contains(status));
    let observed = format!("answers with status {statuses:?}");
    refused
        .then_some(())
        .ok_or_else(|| Stop::violation("one of two GETs refused (status 400)", observed, at))?;
    session.is_gone().await
}

async fn a_second_get_releases_the_first(stage: &mut Stage) -> Check {
    let (_, [first, second]) = two_gets(stage).await?;
    first.and(second).map(drop)
}

/// Two GETs at the same time, and what became of them. A ping or a message that released one of them is no
/// answer: we try again, unless there is nothing else.
async fn two_gets(stage: &mut Stage) -> Check<(Polling, [Check<Reply>; 2])> {
    loop {
        let session = stage.polling().await?;
        session.connect().await.set_up("joining the main namespace")?;
        let first = session.hold().await?;
        let second = session.hold().await?;
        let within = stage.patience().answer();
        let replies: [Check<Reply>; 2] =
            tokio::join!(first.reply_within(within), second.reply_within(within)).into();
        let spoilt = replies.iter().flatten().any(|reply| reply.is_ping() || reply.body.starts_with(b"4"));
        if !spoilt || stage.tried_often() {
            return Ok((session, replies));
        }
    }
}

async fn a_second_post_is_refused(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    // The first is not complete: ten bytes are announced, four are sent.
    let _first = session.begin_post("Content-Length: 10\r\n", b"42[\"").await?;
    session.post("40").await?.is_refusal()?;
    session.is_gone().await
}

async fn a_close_packet_ends_the_session(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    session.post("1").await?.has_status(200)?;
    session.is_gone().await
}

async fn data_does_no_harm(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    session.post("1foo").await?;
    session.is_gone().await
}

async fn a_close_packet_releases_the_get(stage: &mut Stage) -> Check {
    loop {
        let session = stage.polling().await?;
        session.connect().await.set_up("joining the main namespace")?;
        let held = session.hold().await?;
        session.post("1").await?;
        let reply = held.reply_within(stage.patience().answer()).await?;
        // A ping may be due just then, or a message to everybody.
        if (reply.is_ping() || reply.body.starts_with(b"4")) && !stage.tried_often() {
            continue;
        }
        let released = reply.status == 200 && ["6", "1", "6\u{1e}1"].contains(&reply.text().as_str());
        return reply.demand(released, "the waiting GET answered with a noop or a close packet");
    }
}

async fn any_content_type_is_text(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    // The first is none at all.
    for kind in ["", "application/json", "text/html; charset=utf-8", "application/x-www-form-urlencoded"] {
        let body = br#"42["message","typed"]"#.to_vec();
        session.send("POST", &[("content-type", kind)], Some(body)).await?.has_status(200)?;
        session.hears(&[event("message-back", ["typed".into()])]).await?;
    }
    Ok(())
}

async fn a_coding_is_ignored(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let body = br#"42["message","plain"]"#.to_vec();
    let reply = session.send("POST", &[("content-encoding", "gzip")], Some(body)).await?;
    // What HTTP has for a coding that is not understood (RFC 9110, section 15.5.16).
    if reply.status == 415 {
        return Ok(());
    }
    reply.has_status(200)?;
    session.hears(&[event("message-back", ["plain".into()])]).await
}

async fn a_chunked_body_is_read(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let mut post =
        session.begin_post("Transfer-Encoding: chunked\r\n", b"e\r\n42[\"message\",\"\r\n").await?;
    post.body(b"5\r\nparts\r\n2\r\n\"]\r\n0\r\n\r\n").await?;
    post.reply().await?.has_status(200)?;
    session.hears(&[event("message-back", ["parts".into()])]).await
}

async fn a_split_body_is_put_together(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let body = r#"42["message","€ and ✓"]"#.as_bytes();
    let length = format!("Content-Length: {}\r\n", body.len());
    // Cut inside the euro sign, and again inside the check mark.
    let mut post = session.begin_post(&length, &body[..15]).await?;
    post.body(&body[15..24]).await?;
    // The pieces arrive apart: a round trip lies between them.
    session.settle().await?;
    post.body(&body[24..]).await?;
    post.reply().await?.has_status(200)?;
    session.hears(&[event("message-back", ["€ and ✓".into()])]).await
}

async fn the_largest_body_is_accepted(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let limit = session.hello.testable_limit()?;
    session.connect().await.set_up("joining the main namespace")?;
    let word = "x".repeat(limit - r#"42["message",""]"#.len());
    session.post(&format!(r#"42["message","{word}"]"#)).await?.has_status(200)?;
    session.hears(&[event("message-back", [word.into()])]).await
}

async fn a_larger_body_is_not_delivered(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let limit = session.hello.testable_limit()?;
    session.connect().await.set_up("joining the main namespace")?;
    is_not_delivered(&session, padded("x", limit + 1)).await
}

async fn long_characters_count_fully(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let limit = session.hello.testable_limit()?;
    session.connect().await.set_up("joining the main namespace")?;
    // Far fewer characters than the limit, and more bytes.
    is_not_delivered(&session, padded("€", limit + 3)).await
}

/// Sends a body that is too large and demands that no handler saw it.
async fn is_not_delivered(session: &Polling, body: String) -> Check {
    // The server may hang up before it has read it all, refuse it, or close the session.
    match session.post(&body).await {
        Ok(reply) if reply.status == 200 => {}
        _ => return Ok(()),
    }
    match session.packets().await {
        Ok((packets, at)) if packets.iter().any(|packet| packet.starts_with("42")) => {
            Err(Stop::violation("the body refused, or the session closed", packets.join("␞"), at))
        }
        _ => Ok(()),
    }
}

/// An event of the given size in bytes.
fn padded(filler: &str, bytes: usize) -> String {
    let (head, tail) = ("42[\"message\",\"", "\"]");
    let room = bytes - head.len() - tail.len();
    let filled = filler.repeat(room / filler.len());
    let rest = "x".repeat(room % filler.len());
    format!("{head}{filled}{rest}{tail}")
}
