//! Version 4 of the Socket.IO protocol, which goes with version 3 of Engine.IO.

use crate::{
    rule::{Rule, Source},
    scenario::{
        Need,
        needs::{ECHO, feature},
    },
    scenarios,
    stage::{Heard, Stage, Ws},
    transcript::EntryId,
    verdict::{Check, SetUp, Stop, expecting},
};

const OLD: Need = feature("eio3");

const MAIN: Rule = Rule::reference(
    "socket/v3/main-namespace",
    Source::observed("who connects with version 3 of Engine.IO is in the main namespace"),
    "A client of version 3 of Engine.IO is in the main namespace without asking for it.",
)
.broken_by(&["old-not-connected"])
.users("Clients of version 2 of Socket.IO connect, and never hear that they did.");

const BARE: Rule = Rule::reference(
    "socket/v3/connect-without-payload",
    Source::observed("a client of version 3 of Engine.IO is told 40 or 40/custom, and no id"),
    "The answer to CONNECT has no payload for clients of version 3 of Engine.IO.",
)
.broken_by(&["old-answer-has-payload"]);

const QUERY: Rule = Rule::reference(
    "socket/v3/namespace-query",
    Source::observed(
        "the query behind the name of a namespace is none of it for clients of version 3 of Engine.IO",
    ),
    "Clients of version 3 of Engine.IO may put a query behind the name of a namespace.",
)
.broken_by(&["old-query-kept"])
.seen(&["python-socketio#124", "netty-socketio#1020"]);

scenarios! {
    MAIN => the_main_namespace_is_joined over [Websocket] needs [OLD, ECHO] in Old;
    BARE => answers_are_bare over [Websocket] needs [OLD, ECHO] in Old;
    QUERY => a_query_is_no_name over [Websocket] needs [OLD, ECHO] in Old;
}

async fn opened(stage: &mut Stage) -> Check<Ws> {
    let mut ws = stage.websocket("EIO=3&transport=websocket").await?.open().set_up("opening a WebSocket")?;
    let _open = ws.next().await.set_up("opening a session")?;
    Ok(ws)
}

/// The next text that begins like this. Greetings and others are passed over.
async fn next_like(ws: &mut Ws, start: &str) -> Check<(String, EntryId)> {
    loop {
        match ws.next().await? {
            Heard::Text(text, at) if text.starts_with(start) || text.starts_with("44") => {
                return Ok((text, at));
            }
            Heard::Closed(how, at) => return Err(Stop::violation(start, how, at)),
            _ => {}
        }
    }
}

async fn the_main_namespace_is_joined(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    next_like(&mut ws, "40").await.map_err(|stop| expecting(stop, "40"))?;
    ws.text(r#"42["message","here"]"#).await?;
    next_like(&mut ws, r#"42["message-back""#).await.map(drop)
}

async fn answers_are_bare(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    let (text, at) = next_like(&mut ws, "40").await.set_up("joining the main namespace")?;
    stage.demand(text == "40", "40", text, at)?;
    ws.text("40/custom,").await?;
    let (text, at) = next_like(&mut ws, "40/custom").await.set_up("joining /custom")?;
    stage.demand(["40/custom,", "40/custom"].contains(&&*text), "40/custom,", text, at)
}

async fn a_query_is_no_name(stage: &mut Stage) -> Check {
    let mut ws = opened(stage).await?;
    next_like(&mut ws, "40").await.set_up("joining the main namespace")?;
    ws.text("40/custom?from=old,").await?;
    let (text, at) = next_like(&mut ws, "40/custom").await?;
    stage.demand(text.starts_with("40/custom") && !text.contains('?'), "40/custom,", text, at)
}
