//! HTTP requests of a session: which are answered, when, and with what around the packets.

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::{
        Need,
        needs::{DELIVERY, ECHO, feature},
    },
    scenarios,
    stage::{Reply, Stage, event},
    verdict::{Check, SetUp},
};

const HEAD: Rule = Rule::reference(
    "engine/requests/head-refused",
    Source::observed("a HEAD is answered 400 and opens nothing"),
    "A HEAD opens no session.",
)
.broken_by(&["head-handshake-accepted"]);

const OTHER_METHODS: Rule = Rule::reference(
    "engine/requests/other-methods",
    Source::observed(
        "requests of a session with other methods than GET and POST get no packets and do no harm",
    ),
    "A PUT, PATCH or DELETE with the id of a session takes no packets from it, and the session goes on.",
)
.broken_by(&["put-with-sid-answered"]);

const CONNECTION_CLOSE: Rule = Rule::reference(
    "engine/requests/connection-close",
    Source::observed("requests with Connection: close do not end the session"),
    "A request that asks for its connection to be closed does not end the session.",
)
.broken_by(&["connection-close-ends-session"])
.users("Sessions end behind a proxy that keeps no connections.");

const GET_WAITS: Rule = Rule::reference(
    "engine/requests/get-waits",
    Source::observed("a GET waits until there is a packet"),
    "A GET waits while there is nothing to say, and is answered with what is said then.",
)
.broken_by(&["get-answered-at-once"])
.users("Clients poll without a pause, as fast as the network lets them.");

const VERSION: Rule = Rule::should(
    "engine/requests/version",
    Source::engine("Query parameters"),
    "A request of a session without the query parameter EIO is refused.",
)
.broken_by(&["later-version-unchecked"]);

const CONTENT_TYPE: Rule = Rule::should(
    "engine/requests/content-type",
    Source::observed("polling answers are text/plain; charset=UTF-8"),
    "The answer to a poll is declared as plain text.",
)
.broken_by(&["poll-as-octet-stream"]);

const POST_CONTENT_TYPE: Rule = Rule::should(
    "engine/requests/post-content-type",
    Source::observed("the answer to a POST is text/html; others say text/plain"),
    "The answer to a POST is declared as text.",
)
.broken_by(&["post-as-octet-stream"]);

const NOT_CACHED: Rule = Rule::should(
    "engine/requests/not-cached",
    Source::observed("answers to polling requests carry Cache-Control: no-store"),
    "The answers to a poll and to a POST forbid caches to keep them.",
)
.broken_by(&["poll-may-be-cached", "no-cache-control"]);

const BAD_PACKET_RELEASES: Rule = Rule::reference(
    "engine/requests/bad-packet-releases-get",
    Source::observed(
        "a GET that waits is answered with a close packet when the session ends over a bad packet",
    ),
    "When what is no packet ends the session, a GET that waits is answered.",
)
.broken_by(&["bad-packet-strands-get", "unknown-packet-ignored"]);

const ABORTED_POST: Rule = Rule::reference(
    "engine/requests/aborted-post",
    Source::observed("a POST whose connection ends before its body is complete is not handled"),
    "A POST whose connection is lost before its body is complete is not handled.",
)
.broken_by(&["aborted-post-handled"])
.users("Half of what a client said is taken for all of it.");

const NOTHING_AFTER_CLOSE: Rule = Rule::reference(
    "engine/requests/nothing-after-close",
    Source::observed("packets behind a close packet in the same payload are dropped"),
    "What follows a close packet in a payload is not handled.",
)
.broken_by(&["packets-after-close-handled", "close-packet-ignored"]);

const NO_COOKIE: Rule = Rule::reference(
    "engine/requests/no-cookie",
    Source::observed("no cookie is set unless the option asks for one"),
    "A server that was not told to sets no cookie.",
)
.broken_by(&["cookie-unasked"]);

const NOT_COMPRESSED: Rule = Rule::reference(
    "engine/requests/not-compressed-unasked",
    Source::observed("without Accept-Encoding no answer is compressed"),
    "An answer to a client that accepts no coding is not compressed.",
)
.broken_by(&["compressed-unasked"]);

const COMPRESSION_DECLARED: Rule = Rule::reference(
    "engine/requests/compression-declared",
    Source::observed("a compressed answer names its coding"),
    "An answer is compressed as it says, and says so if it is.",
)
.broken_by(&["compression-undeclared"]);

scenarios! {
    HEAD => a_head_opens_nothing over [Polling];
    OTHER_METHODS => other_methods_take_nothing over [Polling] needs [ECHO];
    CONNECTION_CLOSE => the_session_outlives_connections over [Polling] needs [ECHO];
    GET_WAITS => a_get_waits over [Polling] needs [ECHO] in Calm;
    VERSION => a_missing_version_is_refused over [Polling] needs [Need::Without("eio3")];
    CONTENT_TYPE => a_poll_is_plain_text over [Polling] needs [ECHO];
    POST_CONTENT_TYPE => the_ok_is_text over [Polling];
    NOT_CACHED => caches_are_told_off over [Polling] needs [ECHO];
    BAD_PACKET_RELEASES => a_bad_packet_releases_the_get over [Polling] needs [ECHO] in Calm;
    ABORTED_POST => half_a_post_is_lost over [Polling] needs [ECHO];
    NOTHING_AFTER_CLOSE => a_close_packet_is_the_last over [Polling] needs [DELIVERY, feature("rooms")];
    NO_COOKIE => no_cookie_is_set over [Polling] needs [Need::Without("cookie")];
    NOT_COMPRESSED => nothing_is_compressed_unasked over [Polling] needs [ECHO];
    COMPRESSION_DECLARED => what_is_compressed_says_so over [Polling] needs [ECHO];
}

const POLLING: &str = "EIO=4&transport=polling";

async fn a_head_opens_nothing(stage: &mut Stage) -> Check {
    stage.request("HEAD", POLLING, None).await?.is_refusal()
}

async fn other_methods_take_nothing(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    for method in ["PUT", "PATCH", "DELETE"] {
        // There is something to be taken.
        session.post(&format!(r#"42["message","{method}"]"#)).await?.has_status(200)?;
        let reply = session.send(method, &[], None).await?;
        let taken = (200..300).contains(&reply.status) && reply.body.starts_with(b"4");
        reply.demand(!taken, "a refusal, or no packets")?;
        session.hears(&[event("message-back", [method.into()])]).await?;
    }
    Ok(())
}

async fn the_session_outlives_connections(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    for word in ["one", "two"] {
        let body = format!(r#"42["message","{word}"]"#).into_bytes();
        session.send("POST", &[("connection", "close")], Some(body)).await?.has_status(200)?;
        let reply = session.send("GET", &[("connection", "close")], None).await?;
        reply.has_status(200)?;
        if reply.is_ping() {
            session.post("3").await.set_up("answering a ping")?;
            // The answer may have come with the ping.
            if !reply.text().contains("message-back") {
                session.hears(&[event("message-back", [word.into()])]).await?;
            }
        }
    }
    session.echoes("still here").await
}

async fn a_get_waits(stage: &mut Stage) -> Check {
    // A ping may be due just then; there are servers that begin with one.
    loop {
        let session = stage.polling().await?;
        session.connect().await.set_up("joining the main namespace")?;
        let held = session.hold().await?;
        session.post(r#"42["message","now"]"#).await?.has_status(200)?;
        let reply = held.reply_within(stage.patience().answer()).await?;
        if !reply.is_ping() || stage.tried_often() {
            let said = stage.read(&reply.text()) == Some(event("message-back", [json!("now")]));
            // A message to everybody may come first.
            let said = said || reply.body.starts_with(b"42[\"~");
            return reply.demand(said, r#"42["message-back","now"], once it is said"#);
        }
    }
}

async fn a_missing_version_is_refused(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let query = session.query().replace("EIO=4&", "");
    stage.request("POST", &query, Some("40")).await?.is_refusal()
}

async fn a_poll_is_plain_text(stage: &mut Stage) -> Check {
    let reply = polled(stage, "short", &[]).await?;
    let value = reply.header("content-type").unwrap_or("no Content-Type").to_owned();
    stage.demand(value.starts_with("text/plain"), "Content-Type: text/plain", value, reply.at)
}

async fn the_ok_is_text(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let reply = session.post("40").await?;
    let value = reply.header("content-type").unwrap_or("no Content-Type").to_owned();
    stage.demand(value.starts_with("text/"), "Content-Type: text/html, or other text", value, reply.at)
}

async fn caches_are_told_off(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let post = session.post("40").await?;
    for reply in [post, session.get().await?] {
        let value = reply.header("cache-control").unwrap_or("no Cache-Control").to_owned();
        let holds = ["no-store", "no-cache"].iter().any(|word| value.contains(word));
        stage.demand(holds, "Cache-Control: no-store", value, reply.at)?;
    }
    Ok(())
}

async fn a_bad_packet_releases_the_get(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let held = session.hold().await?;
    session.post("abc").await?;
    held.reply_within(stage.patience().answer()).await.map(drop)
}

async fn half_a_post_is_lost(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let half = session.begin_post("Content-Length: 60\r\n", br#"42["message","cut"]"#).await?;
    drop(half);
    session.settle().await?;
    // The reference ends the session, others forget the request. When they notice is their affair.
    if session.post(r#"42["message","next"]"#).await?.status != 200 {
        return Ok(());
    }
    let heard = session.hears(&[event("message-back", ["next".into()])]).await;
    if heard.is_err() && session.is_gone().await.is_ok() { Ok(()) } else { heard }
}

async fn a_close_packet_is_the_last(stage: &mut Stage) -> Check {
    let [mut bob] = stage.join("/").await?;
    let room = stage.own("red");
    bob.commands(json!({ "op": "join", "rooms": [room] })).await.set_up("joining a room")?;
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let command = json!({ "op": "emit", "to": [room], "event": stage.own("news"), "args": ["too late"] });
    session.post(&format!("1\u{1e}42{}", json!(["do", command]))).await?;
    bob.hears_nothing_more().await
}

async fn no_cookie_is_set(stage: &mut Stage) -> Check {
    let reply = stage.request("GET", POLLING, None).await?;
    let cookie = reply.header("set-cookie").unwrap_or_default().to_owned();
    stage.demand(cookie.is_empty(), "no Set-Cookie", cookie, reply.at)
}

/// So long that a server which compresses at all would do it.
const LONG: usize = 3_000;

async fn nothing_is_compressed_unasked(stage: &mut Stage) -> Check {
    let reply = polled(stage, &"x".repeat(LONG), &[]).await?;
    let coding = reply.header("content-encoding").unwrap_or("none").to_owned();
    stage.demand(["none", "identity"].contains(&&*coding), "no Content-Encoding", coding, reply.at)
}

async fn what_is_compressed_says_so(stage: &mut Stage) -> Check {
    let accept = ("accept-encoding", "gzip, deflate");
    let reply = polled(stage, &"x".repeat(LONG), &[accept]).await?;
    let coding = reply.header("content-encoding").unwrap_or("identity").to_owned();
    let plain = reply.body.starts_with(b"4");
    let holds = match coding.as_str() {
        "identity" => plain,
        // What every text compressed like this begins with (RFC 1952, section 2.3.1).
        "gzip" => reply.body.starts_with(&[0x1f, 0x8b]),
        "deflate" => !plain,
        _ => false,
    };
    let shown =
        format!("Content-Encoding {coding}, and {}", if plain { "plain text" } else { "no plain text" });
    stage.demand(holds, "a body that is compressed as its header says", shown, reply.at)
}

/// The answer to a poll that holds an echo; `headers` are those of the poll.
async fn polled(stage: &mut Stage, word: &str, headers: &[(&str, &str)]) -> Check<Reply> {
    loop {
        let session = stage.polling().await?;
        session.connect().await.set_up("joining the main namespace")?;
        session.post(&format!(r#"42["message","{word}"]"#)).await?.has_status(200)?;
        let reply = session.send("GET", headers, None).await?;
        reply.has_status(200)?;
        // A ping may be due just then.
        if !reply.is_ping() || stage.tried_often() {
            return Ok(reply);
        }
    }
}
