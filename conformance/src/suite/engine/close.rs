//! The end of a session.

use crate::{
    rule::{Rule, Source},
    scenarios,
    stage::Stage,
    verdict::{Check, SetUp},
};

const SID_DIES: Rule = Rule::must(
    "engine/close/sid-dies",
    Source::engine("HTTP long-polling"),
    "When its WebSocket is gone, the id of a session is refused.",
)
.broken_by(&["sid-survives-close", "upgrade-ignored"]);

scenarios! {
    SID_DIES => the_sid_is_refused over [Websocket, Upgraded];
}

async fn the_sid_is_refused(stage: &mut Stage) -> Check {
    let session = stage.session().await?;
    let sid = session.hello.sid.clone();
    session.hangs_up().await.set_up("closing the WebSocket")?;
    let polling = format!("EIO=4&transport=polling&sid={sid}");
    stage.request("GET", &polling, None).await?.is_refusal()?;
    stage.websocket(&format!("EIO=4&transport=websocket&sid={sid}")).await?.is_refused().await
}
