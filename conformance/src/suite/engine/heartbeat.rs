//! The heartbeat: the server pings, the client answers, silence ends the session.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::needs::ECHO,
    scenarios,
    stage::{Ping, Stage, Wire, event},
    verdict::{Check, SetUp},
};

const PING: Rule = Rule::must(
    "engine/heartbeat/ping",
    Source::engine("Heartbeat"),
    "The server sends a ping once pingInterval has passed.",
)
.broken_by(&["no-ping", "upgrade-stops-heartbeat"]);

const PING_IS_BARE: Rule = Rule::must(
    "engine/heartbeat/ping-is-bare",
    Source::engine("Heartbeat"),
    "A ping of the server carries no data.",
)
.broken_by(&["ping-with-data"]);

const PING_NOT_EARLY: Rule = Rule::should(
    "engine/heartbeat/ping-not-early",
    Source::observed("the first ping comes one interval after the handshake"),
    "The first ping does not come before pingInterval has passed.",
)
.broken_by(&["ping-at-once"])
.seen(&["socketioxide#390"]);

const PING_REPEATS: Rule = Rule::must(
    "engine/heartbeat/ping-repeats",
    Source::engine("Heartbeat"),
    "Each answered ping is followed by another one.",
)
.broken_by(&["ping-once"]);

const SILENCE_CLOSES: Rule = Rule::must(
    "engine/heartbeat/silence-closes",
    Source::engine("Heartbeat"),
    "A session whose ping stays unanswered for pingTimeout is closed.",
)
.broken_by(&["ping-timeout-ignored", "no-ping", "upgrade-stops-heartbeat"]);

const LATE_PONG: Rule = Rule::must(
    "engine/heartbeat/late-pong-accepted",
    Source::engine("Heartbeat"),
    "A pong that comes late, but before pingTimeout has passed, keeps the session.",
)
.broken_by(&["ping-timeout-halved"])
.seen(&["socketioxide#50", "go-engine.io#81"]);

const PONG_BEHIND_DATA: Rule = Rule::must(
    "engine/heartbeat/pong-behind-data",
    Source::engine("Heartbeat"),
    "A pong that comes in time keeps the session, however many messages it comes behind.",
)
.broken_by(&["busy-pong-missed", "ping-once", "unknown-event-closes"])
.users("Clients that send much lose their connections.")
.seen(&["socket.io#5450", "socket.io#5523"]);

const PING_KEPT: Rule = Rule::reference(
    "engine/heartbeat/ping-kept",
    Source::observed("a ping that is due while no GET waits is the answer to the next"),
    "A ping that is due while no GET waits is kept for the next GET, and may still be answered then.",
)
.broken_by(&["ping-lost-without-get", "ping-timeout-halved", "no-ping"])
.users("Clients on slow connections are taken for dead.");

const PONG_AFTER_UPGRADE: Rule = Rule::reference(
    "engine/heartbeat/pong-after-upgrade",
    Source::observed("a ping that went by polling may be answered on the WebSocket"),
    "A ping that came by polling, just before an upgrade, may be answered on the WebSocket.",
)
.broken_by(&[
    "upgrade-forgets-ping",
    "ping-timeout-halved",
    "ping-once",
    "upgrade-stops-heartbeat",
    "upgrade-ignored",
])
.users("Clients lose their connections right after the upgrade.");

const SILENT_UPGRADE: Rule = Rule::should(
    "engine/heartbeat/silence-across-upgrade",
    Source::engine("Heartbeat"),
    "A ping that came by polling and stays unanswered across an upgrade ends the session, though the reference implementation forgets it.",
)
.broken_by(&["upgrade-forgives-ping", "ping-timeout-ignored", "upgrade-stops-heartbeat"])
.users("Connections that nobody answers on are kept.");

scenarios! {
    PING => a_ping_comes over [Polling, Websocket, Upgraded] in Limits;
    PING_IS_BARE => a_ping_is_bare over [Polling, Websocket] in Limits;
    PING_NOT_EARLY => the_first_ping_waits over [Polling, Websocket] in Limits;
    PING_REPEATS => pings_repeat over [Polling, Websocket, Upgraded] in Limits;
    SILENCE_CLOSES => silence_closes over [Polling, Websocket, Upgraded] in Limits;
    PONG_BEHIND_DATA => a_pong_counts_behind_data over [Polling, Websocket, Upgraded] needs [ECHO] in Limits;
    PING_KEPT => a_ping_is_kept over [Polling] needs [ECHO] in Limits;
    PONG_AFTER_UPGRADE => a_pong_counts_after_an_upgrade over [Upgraded] needs [ECHO] in Limits;
    SILENT_UPGRADE => silence_across_an_upgrade_closes over [Upgraded] in Limits;
    LATE_PONG => a_late_pong_is_accepted over [Polling, Websocket] needs [ECHO] in Limits;
}

async fn a_ping_comes(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    session.next_ping().await.map(drop)
}

async fn a_ping_is_bare(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    let ping = session.next_ping().await.set_up("waiting for a ping")?;
    stage.demand(ping.packet == "2", "2", ping.packet, ping.at)
}

async fn the_first_ping_waits(stage: &mut Stage) -> Check {
    let asked = Instant::now();
    let mut session = joined(stage).await?;
    let ping = session.next_ping().await.set_up("waiting for a ping")?;
    let waited = ping.when - asked;
    let due = Duration::from_millis(session.hello.ping_interval_ms);
    let expected = format!("the first ping {} ms after the handshake", due.as_millis());
    // Half the interval is early beyond doubt.
    stage.demand(waited >= due / 2, &expected, format!("after {} ms", waited.as_millis()), ping.at)
}

async fn pings_repeat(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    session.next_ping().await.set_up("waiting for the first ping")?;
    session.next_ping().await?;
    session.next_ping().await.map(drop)
}

async fn silence_closes(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    session.stops_answering();
    let within = stage.patience().silence(&session.hello);
    session.closes_within(within).await
}

async fn a_late_pong_is_accepted(stage: &mut Stage) -> Check {
    let mut session = joined(stage).await?;
    session.stops_answering();
    let timeout = Duration::from_millis(session.hello.ping_timeout_ms);
    for _ in 0..2 {
        let ping = session.next_ping().await.set_up("waiting for a ping")?;
        stage.patience().pause_until(ping.when + timeout.mul_f64(0.55)).await;
        session.sends("3");
        // Once this is answered, the pong has been read.
        let answered = session.hears_nothing_more("/").await;
        let took = ping.when.elapsed();
        if took > timeout.mul_f64(0.8) {
            return Err(
                stage.too_late(format!("our pong was read up to {} ms after the ping", took.as_millis()))
            );
        }
        answered?;
    }
    Ok(())
}

async fn a_ping_is_kept(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let opened = Instant::now();
    session.connect().await.set_up("joining the main namespace")?;
    let timeout = Duration::from_millis(session.hello.ping_timeout_ms);
    let due = opened + Duration::from_millis(session.hello.ping_interval_ms);
    // Nobody polls when the ping is due.
    stage.patience().pause_until(due + timeout.mul_f64(0.55)).await;
    let reply = session.send_within("GET", &[], None, stage.patience().ping(&session.hello)).await?;
    let is_late = || due.elapsed() > timeout.mul_f64(0.8);
    // A session that ended while our GET was on its way says nothing.
    if reply.status != 200 && is_late() {
        return Err(stage.too_late("our GET was read when the session had ended"));
    }
    reply.demand(reply.is_ping(), "the ping that was due")?;
    session.post("3").await?;
    let lives = session.echoes("still here").await;
    if is_late() {
        return Err(stage.too_late("our pong may have been read too late"));
    }
    lives
}

async fn a_pong_counts_after_an_upgrade(stage: &mut Stage) -> Check {
    let (mut session, ping) = upgraded_unanswered(stage).await?;
    let timeout = Duration::from_millis(session.hello.ping_timeout_ms);
    stage.patience().pause_until(ping.when + timeout.mul_f64(0.55)).await;
    session.sends("3");
    // Once this is answered, the pong has been read.
    session.says(&event("message", [json!("behind the pong")]));
    let answered = session.hears(&event("message-back", [json!("behind the pong")])).await;
    let took = ping.when.elapsed();
    if took > timeout.mul_f64(0.8) {
        return Err(stage.too_late(format!("our pong was read up to {} ms after the ping", took.as_millis())));
    }
    answered?;
    // Who is taken for dead is not pinged again.
    session.next_ping().await.map(drop)
}

async fn silence_across_an_upgrade_closes(stage: &mut Stage) -> Check {
    let (mut session, _ping) = upgraded_unanswered(stage).await?;
    // The upgrade packet may count as a sign of life, once.
    let within = stage.patience().after(2 * Duration::from_millis(session.hello.ping_timeout_ms));
    session.closes_within(within).await
}

/// A session that upgraded with a ping, which came by polling, still to be answered.
async fn upgraded_unanswered(stage: &mut Stage) -> Check<(Wire, Ping)> {
    let (_, mut session) = stage.polling_with_client().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.stops_answering();
    let ping = session.next_ping().await.set_up("waiting for a ping")?;
    session.upgrades().await.set_up("upgrading")?;
    Ok((session, ping))
}

async fn a_pong_counts_behind_data(stage: &mut Stage) -> Check {
    const MESSAGES: usize = 120;
    let mut session = joined(stage).await?;
    session.stops_answering();
    let timeout = Duration::from_millis(session.hello.ping_timeout_ms);
    let ping = session.next_ping().await.set_up("waiting for a ping")?;
    let unheard = stage.own("unheard");
    for number in 0..MESSAGES {
        session.says(&event(&unheard, [json!(number)]));
    }
    session.sends("3");
    // Once this is answered, the pong has been read.
    let answered = session.hears_nothing_more("/").await;
    let took = ping.when.elapsed();
    if took > timeout.mul_f64(0.8) {
        return Err(stage.too_late(format!("our pong was read up to {} ms after the ping", took.as_millis())));
    }
    answered?;
    // Who is taken for dead is not pinged again.
    session.next_ping().await.map(drop)
}

/// A session that has joined a namespace: one that has not is closed for that.
async fn joined(stage: &mut Stage) -> Check<Wire> {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    Ok(session)
}
