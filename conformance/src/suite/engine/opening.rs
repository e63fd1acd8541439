//! The opening handshake of a WebSocket, which is an HTTP request first.

use crate::{
    rule::{Rule, Source},
    scenarios,
    stage::{Reply, Stage},
    verdict::Check,
};

const KEY_MISSING: Rule = Rule::must(
    "engine/opening/key-missing",
    Source::websocket("4.2.1 Reading the Client's Opening Handshake"),
    "A request for a WebSocket without Sec-WebSocket-Key is refused.",
)
.broken_by(&["websocket-key-optional"]);

const VERSION_UNSUPPORTED: Rule = Rule::must(
    "engine/opening/version-unsupported",
    Source::websocket("4.2.1 Reading the Client's Opening Handshake"),
    "A request for a WebSocket of a version that does not exist is refused.",
)
.broken_by(&["websocket-version-ignored"]);

const METHOD: Rule = Rule::must(
    "engine/opening/method",
    Source::websocket("4.2.1 Reading the Client's Opening Handshake"),
    "A POST opens no WebSocket.",
)
.broken_by(&["post-upgrade-accepted"]);

const SUBPROTOCOL: Rule = Rule::must(
    "engine/opening/subprotocol",
    Source::websocket("4.2.2 Sending the Server's Opening Handshake"),
    "A subprotocol in the answer is one of those that the client offered.",
)
.broken_by(&["subprotocol-invented"])
.users("Browsers fail the connection.");

const EXTENSION: Rule = Rule::must(
    "engine/opening/extension",
    Source::websocket("9.1 Negotiating Extensions"),
    "The answer names no extension that the client did not offer.",
)
.broken_by(&["extension-unasked"])
.users("Browsers fail the connection.");

const TRANSPORT_MISSING: Rule = Rule::must(
    "engine/opening/transport-missing",
    Source::engine("Query parameters"),
    "A WebSocket without the query parameter transport opens no session.",
)
.broken_by(&["websocket-transport-missing-accepted"]);

const NAMES_POLLING: Rule = Rule::reference(
    "engine/opening/names-polling",
    Source::observed("a WebSocket that names the transport polling is closed, and opens nothing"),
    "A WebSocket that names the transport polling opens no session.",
)
.broken_by(&["websocket-names-polling-accepted"]);

const QUERY_MISSING: Rule = Rule::reference(
    "engine/opening/query-missing",
    Source::observed("a request for a WebSocket without a query is answered 400"),
    "A request for a WebSocket without a query opens no session.",
)
.broken_by(&["websocket-query-missing-accepted"]);

scenarios! {
    KEY_MISSING => a_key_is_needed over [Websocket];
    VERSION_UNSUPPORTED => the_version_is_thirteen over [Websocket];
    METHOD => a_post_opens_no_websocket over [Websocket];
    SUBPROTOCOL => a_subprotocol_was_offered over [Websocket];
    EXTENSION => an_extension_was_offered over [Websocket];
    TRANSPORT_MISSING => a_missing_transport_opens_nothing over [Websocket];
    NAMES_POLLING => another_transport_opens_nothing over [Websocket];
    QUERY_MISSING => a_missing_query_opens_nothing over [Websocket];
}

const QUERY: &str = "EIO=4&transport=websocket";
const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";

async fn a_key_is_needed(stage: &mut Stage) -> Check {
    is_refused(&asked(stage, "GET", &format!("{UPGRADE}{VERSION}")).await?)
}

async fn the_version_is_thirteen(stage: &mut Stage) -> Check {
    is_refused(&asked(stage, "GET", &format!("{UPGRADE}{KEY}Sec-WebSocket-Version: 12\r\n")).await?)
}

async fn a_post_opens_no_websocket(stage: &mut Stage) -> Check {
    is_refused(&asked(stage, "POST", &format!("{UPGRADE}{KEY}{VERSION}Content-Length: 0\r\n")).await?)
}

async fn a_subprotocol_was_offered(stage: &mut Stage) -> Check {
    let offer = "Sec-WebSocket-Protocol: first, second\r\n";
    let reply = asked(stage, "GET", &format!("{UPGRADE}{KEY}{VERSION}{offer}")).await?;
    let chosen = reply.header("sec-websocket-protocol").unwrap_or_default().to_owned();
    let holds = ["", "first", "second"].contains(&&*chosen);
    stage.demand(holds, "first, second or no subprotocol", chosen, reply.at)
}

async fn an_extension_was_offered(stage: &mut Stage) -> Check {
    let reply = asked(stage, "GET", &format!("{UPGRADE}{KEY}{VERSION}")).await?;
    let named = reply.header("sec-websocket-extensions").unwrap_or_default().to_owned();
    stage.demand(named.is_empty(), "no extension", named, reply.at)
}

async fn a_missing_transport_opens_nothing(stage: &mut Stage) -> Check {
    stage.websocket("EIO=4").await?.is_refused().await
}

async fn another_transport_opens_nothing(stage: &mut Stage) -> Check {
    stage.websocket("EIO=4&transport=polling").await?.is_refused().await
}

async fn a_missing_query_opens_nothing(stage: &mut Stage) -> Check {
    stage.websocket("").await?.is_refused().await
}

/// The answer to a request for a WebSocket with these lines.
async fn asked(stage: &mut Stage, method: &str, headers: &str) -> Check<Reply> {
    let mut raw = stage.raw().await?;
    raw.head(method, QUERY, headers).await?;
    raw.reply().await
}

fn is_refused(reply: &Reply) -> Check {
    reply.demand(reply.status >= 400, "a refusal")
}
