//! The handshake: which requests open a session, and what the open packet says.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    rule::{Rule, Source},
    scenario::{Need, Transport, needs::ECHO},
    scenarios,
    stage::{Heard, Hello, Stage},
    verdict::{Check, SetUp, Stop},
};

const OPEN_PACKET: Rule = Rule::must(
    "engine/handshake/open-packet",
    Source::engine("Handshake"),
    "A handshake is answered by one open packet, and by nothing else.",
)
.broken_by(&["open-then-noop"]);

const OPEN_FIELDS: Rule = Rule::must(
    "engine/handshake/open-fields",
    Source::engine("Handshake"),
    "The open packet holds sid, upgrades, pingInterval, pingTimeout and maxPayload, each of its type.",
)
.broken_by(&["open-lacks-max-payload"])
.users("Clients cannot size their payloads, or compute a ping deadline of NaN.");

const UPGRADES_OFFERED: Rule = Rule::must(
    "engine/handshake/upgrades-offered",
    Source::engine("Upgrade"),
    "A polling session is offered the upgrade to websocket.",
)
.broken_by(&["no-upgrades-offered"])
.users("Clients stay on long-polling for ever.");

const NO_UPGRADES_ON_WEBSOCKET: Rule = Rule::reference(
    "engine/handshake/no-upgrades-on-websocket",
    Source::observed("a WebSocket session is offered no upgrade"),
    "A session opened over WebSocket is offered no upgrade.",
)
.broken_by(&["websocket-offers-upgrades"]);

const SID_UNGUESSABLE: Rule = Rule::reference(
    "engine/handshake/sid-unguessable",
    Source::observed("session ids are 20 characters, 15 bytes of which are random or counted"),
    "Session ids are at least 16 characters long and differ in more than a counter.",
)
.broken_by(&["sid-sequential"])
.users("Anybody can take over the session of somebody else.")
.seen(&["CVE-2017-16031"]);

const VERSION_MISSING: Rule = Rule::must(
    "engine/handshake/version-missing",
    Source::engine("Query parameters"),
    "A handshake without the query parameter EIO is refused.",
)
.broken_by(&["version-missing-accepted"]);

const VERSION_UNKNOWN: Rule = Rule::must(
    "engine/handshake/version-unknown",
    Source::engine("Query parameters"),
    "A handshake with a protocol version that does not exist is refused.",
)
.broken_by(&["version-unknown-accepted"]);

const TRANSPORT_MISSING: Rule = Rule::must(
    "engine/handshake/transport-missing",
    Source::engine("Query parameters"),
    "A handshake without the query parameter transport is refused.",
)
.broken_by(&["transport-missing-accepted"]);

const TRANSPORT_UNKNOWN: Rule = Rule::must(
    "engine/handshake/transport-unknown",
    Source::engine("Query parameters"),
    "A handshake for a transport that does not exist is refused; names are case-sensitive.",
)
.broken_by(&["transport-unknown-accepted"]);

const SID_UNKNOWN: Rule = Rule::must(
    "engine/handshake/sid-unknown",
    Source::engine("HTTP long-polling"),
    "A request with an unknown session id is refused, whatever the id looks like.",
)
.broken_by(&["sid-unknown-opens-session"])
.users("A client of a restarted server talks to a new, empty session without noticing.");

const POST_REFUSED: Rule = Rule::must(
    "engine/handshake/post-refused",
    Source::engine("Handshake"),
    "A POST without a session id is refused: a handshake is a GET.",
)
.broken_by(&["post-handshake-accepted"]);

const METHOD_REFUSED: Rule = Rule::must(
    "engine/handshake/method-refused",
    Source::engine("Handshake"),
    "A handshake with any other method is refused.",
)
.broken_by(&["put-handshake-accepted"]);

const WEBSOCKET_NEEDS_UPGRADE: Rule = Rule::reference(
    "engine/handshake/websocket-needs-upgrade",
    Source::observed("a plain GET with transport=websocket is answered 400"),
    "A plain GET that names the transport websocket is refused.",
)
.broken_by(&["plain-websocket-get-accepted"]);

const UNKNOWN_QUERY_IGNORED: Rule = Rule::reference(
    "engine/handshake/unknown-query-ignored",
    Source::socket("Sample session"),
    "Query parameters that the protocol does not name, such as the cache-buster t, are ignored.",
)
.broken_by(&["unknown-query-refused"]);

const QUERY_IS_DECODED: Rule = Rule::should(
    "engine/handshake/query-is-decoded",
    Source::observed("transport=%70olling opens a polling session"),
    "Values of query parameters are percent-decoded.",
)
.broken_by(&["query-not-decoded"]);

const NOT_CACHED: Rule = Rule::should(
    "engine/handshake/not-cached",
    Source::observed("answers to polling requests carry Cache-Control: no-store"),
    "The answer to a handshake forbids caches to keep it.",
)
.broken_by(&["no-cache-control"])
.users("A proxy hands the same session id to two clients.");

const CONTENT_TYPE: Rule = Rule::should(
    "engine/handshake/content-type",
    Source::observed("polling answers are text/plain; charset=UTF-8"),
    "The answer to a polling handshake is declared as plain text.",
)
.broken_by(&["open-as-octet-stream"]);

const EMPTY_SID: Rule = Rule::should(
    "engine/handshake/empty-sid",
    Source::observed("an empty sid is none"),
    "A handshake with an empty sid opens a session.",
)
.broken_by(&["empty-sid-refused"]);

const VERSION_THREE: Rule = Rule::reference(
    "engine/handshake/version-three",
    Source::observed("version 3 is refused unless it was switched on"),
    "A handshake with version 3 is refused where the server does not offer it.",
)
.broken_by(&["version-three-accepted"]);

const MISMATCH: Rule = Rule::reference(
    "engine/handshake/transport-mismatch",
    Source::observed("a plain GET with the transport websocket is refused and does the session no harm"),
    "A poll of a session that names the transport websocket is refused, and the session goes on.",
)
.broken_by(&["mismatch-accepted"]);

scenarios! {
    EMPTY_SID => an_empty_sid_is_none over [Polling, Websocket];
    VERSION_THREE => version_three_is_refused over [Polling, Websocket] needs [Need::Without("eio3")];
    MISMATCH => the_wrong_transport_is_refused over [Polling] needs [ECHO];
    OPEN_PACKET => one_open_packet over [Polling, Websocket];
    OPEN_FIELDS => all_fields_are_there over [Polling, Websocket];
    UPGRADES_OFFERED => websocket_is_offered over [Polling] needs [Need::Feature("upgrade")];
    NO_UPGRADES_ON_WEBSOCKET => nothing_is_offered over [Websocket];
    SID_UNGUESSABLE => ids_are_unlike_each_other over [Polling, Websocket];
    VERSION_MISSING => a_missing_version_is_refused over [Polling, Websocket] needs [Need::Without("eio3")];
    VERSION_UNKNOWN => an_unknown_version_is_refused over [Polling, Websocket] needs [Need::Without("eio3")];
    TRANSPORT_MISSING => a_missing_transport_is_refused over [Polling];
    TRANSPORT_UNKNOWN => an_unknown_transport_is_refused over [Polling, Websocket];
    SID_UNKNOWN => an_unknown_sid_is_refused over [Polling, Websocket];
    POST_REFUSED => a_post_opens_nothing over [Polling];
    METHOD_REFUSED => other_methods_open_nothing over [Polling];
    WEBSOCKET_NEEDS_UPGRADE => a_plain_get_opens_no_websocket over [Polling];
    UNKNOWN_QUERY_IGNORED => more_parameters_do_no_harm over [Polling, Websocket];
    QUERY_IS_DECODED => an_encoded_name_is_understood over [Polling];
    NOT_CACHED => caches_are_told_off over [Polling];
    CONTENT_TYPE => the_answer_is_plain_text over [Polling];
}

const POLLING: &str = "EIO=4&transport=polling";

async fn one_open_packet(stage: &mut Stage) -> Check {
    let (hello, extra) = greet(stage, "EIO=4").await?;
    match extra {
        None => Ok(()),
        Some(extra) => Err(Stop::violation("nothing after the open packet", extra, hello.at)),
    }
}

async fn all_fields_are_there(stage: &mut Stage) -> Check {
    let (hello, _) = greet(stage, "EIO=4").await?;
    let is_number = |field: &str| hello.json[field].as_u64().is_some();
    let strings = |list: &Vec<Value>| list.iter().all(Value::is_string);
    let holds = hello.json["sid"].is_string()
        && hello.json["upgrades"].as_array().is_some_and(strings)
        && ["pingInterval", "pingTimeout", "maxPayload"].into_iter().all(is_number);
    let expected =
        "sid (text), upgrades (list of text), pingInterval, pingTimeout, maxPayload (whole numbers)";
    stage.demand(holds, expected, hello.json.to_string(), hello.at)
}

async fn websocket_is_offered(stage: &mut Stage) -> Check {
    let (hello, _) = greet(stage, "EIO=4").await?;
    let offered = hello.upgrades.iter().any(|name| name == "websocket");
    stage.demand(offered, "websocket among the upgrades", hello.json["upgrades"].to_string(), hello.at)
}

async fn nothing_is_offered(stage: &mut Stage) -> Check {
    let (hello, _) = greet(stage, "EIO=4").await?;
    stage.demand(hello.upgrades.is_empty(), "upgrades: []", hello.json["upgrades"].to_string(), hello.at)
}

async fn ids_are_unlike_each_other(stage: &mut Stage) -> Check {
    const SESSIONS: usize = 8;
    let mut sids = Vec::new();
    let mut last = None;
    while sids.len() < SESSIONS {
        let (hello, _) = greet(stage, "EIO=4").await?;
        sids.push(hello.sid.clone());
        last = Some(hello.at);
    }
    let at = last.expect("at least one session was opened");
    let distinct: BTreeSet<&String> = sids.iter().collect();
    let long = sids.iter().all(|sid| sid.chars().count() >= 16);
    let alike = sids.windows(2).any(|pair| differing(&pair[0], &pair[1]) < 6);
    let expected = "ids of 16 characters or more, any two of which differ in at least 6";
    stage.demand(distinct.len() == SESSIONS && long && !alike, expected, sids.join(", "), at)
}

async fn a_missing_version_is_refused(stage: &mut Stage) -> Check {
    is_refused(stage, &format!("transport={}", stage.over())).await
}

async fn an_unknown_version_is_refused(stage: &mut Stage) -> Check {
    for version in ["5", "abc", "04", ""] {
        is_refused(stage, &format!("EIO={version}&transport={}", stage.over())).await?;
    }
    Ok(())
}

async fn an_empty_sid_is_none(stage: &mut Stage) -> Check {
    greet(stage, "EIO=4&sid=").await.map(drop)
}

async fn version_three_is_refused(stage: &mut Stage) -> Check {
    is_refused(stage, &format!("EIO=3&transport={}", stage.over())).await
}

async fn the_wrong_transport_is_refused(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let query = session.query().replace("transport=polling", "transport=websocket");
    stage.request("GET", &query, None).await?.is_refusal()?;
    session.echoes("still polling").await
}

async fn a_missing_transport_is_refused(stage: &mut Stage) -> Check {
    is_refused(stage, "EIO=4").await
}

async fn an_unknown_transport_is_refused(stage: &mut Stage) -> Check {
    for transport in ["abc", "POLLING", "WebSocket", ""] {
        is_refused(stage, &format!("EIO=4&transport={transport}")).await?;
    }
    Ok(())
}

async fn an_unknown_sid_is_refused(stage: &mut Stage) -> Check {
    for sid in ["unknown", "AAAAAAAAAAAAAAAAAAAA", "__proto__", "a%20b"] {
        let query = format!("EIO=4&transport={}&sid={sid}", stage.over());
        is_refused(stage, &query).await?;
    }
    let post = "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA";
    stage.request("POST", post, Some("40")).await?.is_refusal()
}

async fn a_post_opens_nothing(stage: &mut Stage) -> Check {
    stage.request("POST", POLLING, Some("40")).await?.is_refusal()
}

async fn other_methods_open_nothing(stage: &mut Stage) -> Check {
    for method in ["PUT", "DELETE", "PATCH"] {
        stage.request(method, POLLING, None).await?.is_refusal()?;
    }
    Ok(())
}

async fn a_plain_get_opens_no_websocket(stage: &mut Stage) -> Check {
    stage.request("GET", "EIO=4&transport=websocket", None).await?.is_refusal()
}

async fn more_parameters_do_no_harm(stage: &mut Stage) -> Check {
    greet(stage, "EIO=4&t=P3x.0&colour=%E2%82%AC&empty=").await.map(drop)
}

async fn an_encoded_name_is_understood(stage: &mut Stage) -> Check {
    let reply = stage.request("GET", "EIO=4&transport=%70olling", None).await?;
    reply.has_status(200)
}

async fn caches_are_told_off(stage: &mut Stage) -> Check {
    let reply = stage.request("GET", POLLING, None).await?;
    let value = reply.header("cache-control").unwrap_or("no Cache-Control").to_owned();
    let holds = ["no-store", "no-cache"].iter().any(|word| value.contains(word));
    stage.demand(holds, "Cache-Control: no-store", value, reply.at)
}

async fn the_answer_is_plain_text(stage: &mut Stage) -> Check {
    let reply = stage.request("GET", POLLING, None).await?;
    let value = reply.header("content-type").unwrap_or("no Content-Type").to_owned();
    stage.demand(value.starts_with("text/plain"), "Content-Type: text/plain", value, reply.at)
}

/// How many characters two ids differ in.
fn differing(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).filter(|(a, b)| a != b).count()
}

/// Opens a session over the case's transport; gives the announcement, and what came along with it.
async fn greet(stage: &mut Stage, query: &str) -> Check<(Hello, Option<String>)> {
    let query = format!("{query}&transport={}", stage.over());
    if stage.over() == Transport::Polling {
        let reply = stage.request("GET", &query, None).await?;
        reply.has_status(200)?;
        let body = reply.text();
        let (open, extra) =
            body.split_once('\u{1e}').map_or((body.as_str(), None), |(open, extra)| (open, Some(extra)));
        // When the first ping comes is a rule of its own.
        let extra = extra.filter(|extra| *extra != "2").map(str::to_owned);
        return Ok((Hello::read(open, reply.at)?, extra));
    }
    let mut ws = stage.websocket(&query).await?.open()?;
    let hello = match ws.next().await? {
        Heard::Text(text, at) => Hello::read(&text, at)?,
        other => return Err(Stop::violation("an open packet", other.describe(), other.at())),
    };
    // What the server says without being asked arrives before the answer to a ping frame.
    ws.ping(b"fence").await?;
    loop {
        match ws.next().await.set_up("waiting for the answer to a ping frame")? {
            Heard::Pong(..) => return Ok((hello, None)),
            // When the first ping comes is a rule of its own.
            Heard::Text(text, _) if text == "2" => {}
            other => return Ok((hello, Some(other.describe()))),
        }
    }
}

/// Demands that a request opens no session, over the case's transport.
async fn is_refused(stage: &mut Stage, query: &str) -> Check {
    if stage.over() == Transport::Polling {
        return stage.request("GET", query, None).await?.is_refusal();
    }
    stage.websocket(query).await?.is_refused().await
}
