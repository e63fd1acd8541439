//! Upgrades of sessions that have much to say, or whose client is slow.

use crate::{
    rule::{Rule, Source},
    scenario::needs::ECHO,
    scenarios,
    stage::{Polling, Stage, Ws},
    verdict::{Check, SetUp, expecting},
};

const WHILE_BUSY: Rule = Rule::reference(
    "engine/upgrade/while-busy",
    Source::observed("a session with packets to send upgrades like any other"),
    "A session with many packets to send upgrades, and sends them all on the WebSocket.",
)
.broken_by(&[
    "busy-upgrade-starves",
    "fourth-event-after-fifth",
    "websocket-joins-packets",
    "upgrade-ignored",
    "upgrade-drops-buffer",
    "probe-unanswered",
    "open-on-upgrade",
])
.users("The busier a server, the longer its clients stay on long-polling.")
.seen(&["python-engineio#16", "socket.io-client#989"]);

const ONE_NOOP: Rule = Rule::reference(
    "engine/upgrade/one-noop",
    Source::observed("a poll during an upgrade is answered with one noop"),
    "A poll during an upgrade is answered with no more than one noop.",
)
.broken_by(&["noops-pile-up"])
.seen(&["engine.io#174"]);

scenarios! {
    WHILE_BUSY => a_busy_session_upgrades over [Upgraded] needs [ECHO];
    ONE_NOOP => one_noop_is_enough over [Upgraded] needs [ECHO] in Calm;
}

async fn a_busy_session_upgrades(stage: &mut Stage) -> Check {
    const EVENTS: usize = 30;
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    // Nobody polls: the echoes wait in the server.
    for number in 0..EVENTS {
        session.post(&format!("42[\"message\",{number}]")).await?.has_status(200)?;
    }
    let mut ws = probed(stage, &session).await?;
    ws.text("5").await?;
    for number in 0..EVENTS {
        ws.hears(&format!("42[\"message-back\",{number}]")).await?;
    }
    Ok(())
}

async fn one_noop_is_enough(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let _ws = probed(stage, &session).await.set_up("probing")?;
    for _ in 0..3 {
        let held = session.hold().await?;
        let reply = held.reply_within(stage.patience().release()).await.set_up("being released")?;
        let noops = reply.text().split('\u{1e}').filter(|packet| *packet == "6").count();
        reply.demand(noops <= 1, "one noop, or packets")?;
    }
    Ok(())
}

/// A WebSocket for a polling session whose probe has been answered.
async fn probed(stage: &mut Stage, session: &Polling) -> Check<Ws> {
    let opening = stage.websocket(&session.upgrade_query()).await?;
    let mut ws = opening.open().set_up("opening a WebSocket for the session")?;
    ws.text("2probe").await?;
    ws.hears("3probe").await.map_err(|stop| expecting(stop, "3probe"))?;
    Ok(ws)
}
