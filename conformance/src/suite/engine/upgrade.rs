//! The upgrade from polling to WebSocket: probe, release of the polls, switch, and what goes wrong on the way.

use crate::{
    rule::{Rule, Source},
    scenario::needs::{ECHO, UPGRADE_TIMEOUT},
    scenarios,
    stage::{Heard, Polling, Reply, Stage, Ws},
    verdict::{Check, SetUp, Stop},
};

const PROBE: Rule = Rule::must(
    "engine/upgrade/probe",
    Source::engine("Upgrade"),
    "A ping with the data probe on a new WebSocket is answered with a pong of the same data.",
)
.broken_by(&["probe-unanswered"])
.users("Clients never upgrade.");

const SILENT_UNTIL_PROBE: Rule = Rule::reference(
    "engine/upgrade/silent-until-probe",
    Source::observed("nothing is sent on the new WebSocket before the probe"),
    "The answer to the probe is the first packet on the new WebSocket.",
)
.broken_by(&["open-on-upgrade"]);

const HELD_POLL_RELEASED: Rule = Rule::must(
    "engine/upgrade/held-poll-released",
    Source::engine("Upgrade"),
    "A GET that waits when the probe arrives is answered, with a noop if there is nothing else.",
)
.broken_by(&["held-poll-not-released", "noops-pile-up"])
.users("Clients stall for one ping interval before they upgrade.")
.seen(&["engine.io-server-java#14", "python-engineio#76"]);

const LATE_POLL_RELEASED: Rule = Rule::must(
    "engine/upgrade/late-poll-released",
    Source::engine("Upgrade"),
    "Each GET that arrives after the probe is answered, with a noop if there is nothing else.",
)
.broken_by(&["late-poll-not-released", "noops-pile-up"])
.users("Clients stall for one ping interval before they upgrade.")
.seen(&["go-engine.io#33", "python-engineio#160", "socketioxide#479", "engine.io-server-java#34"]);

const COMPLETES: Rule = Rule::must(
    "engine/upgrade/completes",
    Source::engine("Upgrade"),
    "After the upgrade packet, messages travel on the WebSocket in both directions.",
)
.broken_by(&["upgrade-ignored"]);

const WITH_DATA: Rule = Rule::should(
    "engine/upgrade/with-data",
    Source::observed("the data of an upgrade packet is not looked at"),
    "An upgrade packet with data completes the upgrade as one without.",
)
.broken_by(&["upgrade-data-refused", "upgrade-ignored"])
.seen(&["python-engineio#7", "Flask-SocketIO#175"]);

const POLLING_REFUSED_AFTER: Rule = Rule::must(
    "engine/upgrade/polling-refused-after",
    Source::engine("Upgrade"),
    "After the upgrade, polling requests for the session are refused and do it no harm.",
)
.broken_by(&["polling-alive-after-upgrade"]);

const BUFFER_FLUSHED: Rule = Rule::reference(
    "engine/upgrade/buffer-flushed",
    Source::observed("packets buffered during an upgrade are sent on the WebSocket after it"),
    "What was buffered during the upgrade arrives on the WebSocket, in order, before what follows.",
)
.broken_by(&["upgrade-drops-buffer", "upgrade-ignored", "websocket-joins-packets"])
.seen(&["socket.io-client#989"]);

const NOTHING_REPEATED: Rule = Rule::reference(
    "engine/upgrade/nothing-repeated",
    Source::observed("no packet is delivered on both transports"),
    "What was delivered by polling is not delivered again on the WebSocket.",
)
.broken_by(&["upgrade-repeats-last", "upgrade-ignored"]);

const NO_NOOP_ON_WEBSOCKET: Rule = Rule::reference(
    "engine/upgrade/no-noop-on-websocket",
    Source::observed("noops release polls and are never sent on the WebSocket"),
    "No noop is sent on the WebSocket after the upgrade.",
)
.broken_by(&["noop-after-upgrade"])
.seen(&["socketioxide#94"]);

const FAILED_PROBE: Rule = Rule::should(
    "engine/upgrade/failed-probe-keeps-polling",
    Source::observed("a first frame other than the probe closes only the WebSocket"),
    "A WebSocket that begins with something else than the probe is closed, and polling goes on.",
)
.broken_by(&["bad-probe-closes-session"]);

const DROPPED_PROBE: Rule = Rule::should(
    "engine/upgrade/dropped-probe-keeps-polling",
    Source::observed("a WebSocket lost after the probe leaves the polling session alive"),
    "When the WebSocket is lost after the probe, polling goes on and a new upgrade succeeds.",
)
.broken_by(&["dropped-probe-closes-session", "upgrade-ignored", "upgrade-repeats-last"]);

const SECOND_PROBE: Rule = Rule::must(
    "engine/upgrade/second-probe-refused",
    Source::engine("WebSocket"),
    "While one WebSocket is probing, a second one is refused or closed, and the first can finish.",
)
.broken_by(&["second-probe-wins", "upgrade-ignored"]);

const SESSION_CLOSE: Rule = Rule::reference(
    "engine/upgrade/session-close-closes-probe",
    Source::observed("a session closed during an upgrade closes the probing WebSocket"),
    "When the session is closed during the upgrade, the WebSocket is closed too.",
)
.broken_by(&["close-leaves-probe-open", "close-packet-ignored"])
.seen(&["engine.io#141"]);

const TIMEOUT: Rule = Rule::reference(
    "engine/upgrade/timeout",
    Source::observed("an unfinished upgrade closes only the WebSocket after upgradeTimeout"),
    "An upgrade that is not finished in time is given up: the WebSocket is closed.",
)
.broken_by(&["upgrade-never-times-out"]);

const HEARTBEAT_GOES_ON: Rule = Rule::must(
    "engine/upgrade/heartbeat-goes-on",
    Source::engine("Heartbeat"),
    "Pings go on after the upgrade.",
)
.broken_by(&["upgrade-stops-heartbeat", "no-ping", "ping-once"])
.seen(&["socket.io-client-swift#1309"]);

scenarios! {
    PROBE => a_probe_is_answered over [Upgraded] in Calm;
    SILENT_UNTIL_PROBE => the_probe_is_answered_first over [Upgraded] in Calm;
    HELD_POLL_RELEASED => a_held_poll_is_released over [Upgraded] in Calm;
    LATE_POLL_RELEASED => late_polls_are_released over [Upgraded] in Calm;
    COMPLETES => messages_travel_on_the_websocket over [Upgraded] needs [ECHO];
    WITH_DATA => data_does_no_harm over [Upgraded] needs [ECHO];
    POLLING_REFUSED_AFTER => polling_is_over over [Upgraded] needs [ECHO];
    BUFFER_FLUSHED => the_buffer_is_flushed over [Upgraded] needs [ECHO];
    NOTHING_REPEATED => nothing_comes_twice over [Upgraded] needs [ECHO];
    NO_NOOP_ON_WEBSOCKET => no_noop_follows over [Upgraded] needs [ECHO];
    FAILED_PROBE => a_failed_probe_leaves_polling over [Upgraded] needs [ECHO];
    DROPPED_PROBE => a_dropped_probe_leaves_polling over [Upgraded] needs [ECHO];
    SECOND_PROBE => a_second_probe_is_refused over [Upgraded] needs [ECHO];
    SESSION_CLOSE => a_closed_session_closes_the_probe over [Upgraded];
    TIMEOUT => an_unfinished_upgrade_is_given_up over [Upgraded] needs [UPGRADE_TIMEOUT] in Limits;
    HEARTBEAT_GOES_ON => pings_go_on over [Upgraded];
}

async fn a_probe_is_answered(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let mut ws = second_transport(stage, &session).await?;
    ws.text("2probe").await?;
    loop {
        match ws.next_packet().await? {
            Heard::Text(text, _) if text == "3probe" => return Ok(()),
            // What else is said on the new WebSocket is a rule of its own.
            Heard::Text(text, _) if text.starts_with(['0', '6']) => {}
            other => return Err(Stop::violation("3probe", other.describe(), other.at())),
        }
    }
}

async fn the_probe_is_answered_first(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let mut ws = second_transport(stage, &session).await?;
    ws.text("2probe").await?;
    match ws.next_packet().await.set_up("waiting for the answer to the probe")? {
        Heard::Text(text, at) if text != "3probe" => {
            Err(Stop::violation("3probe before anything else", text, at))
        }
        Heard::Text(..) => Ok(()),
        other => Err(Stop::violation("3probe", other.describe(), other.at())
            .during("waiting for the answer to the probe")),
    }
}

async fn a_held_poll_is_released(stage: &mut Stage) -> Check {
    // A ping may be due just then; a server that releases nothing answers with pings only.
    loop {
        let session = stage.polling().await?;
        session.connect().await.set_up("joining the main namespace")?;
        let held = session.hold().await?;
        let mut ws = second_transport(stage, &session).await?;
        ws.text("2probe").await?;
        let reply = held.reply_within(stage.patience().release()).await?;
        if !reply.is_ping() || stage.tried_often() {
            return reply.demand(releases(&reply), "the waiting GET answered with a noop");
        }
    }
}

async fn late_polls_are_released(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let _ws = probed(stage, &session).await?;
    let mut released = 0;
    let mut pinged = 0;
    // A ping may be due just then; a server that releases nothing answers with pings only.
    while released < 3 {
        let late = session.hold().await?;
        let reply = late.reply_within(stage.patience().release()).await?;
        reply.demand((releases(&reply) || reply.is_ping()) && pinged < 3, "the GET answered with a noop")?;
        if reply.is_ping() {
            pinged += 1;
            session.post("3").await.set_up("answering a ping")?;
        } else {
            released += 1;
        }
    }
    Ok(())
}

async fn messages_travel_on_the_websocket(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let mut ws = probed(stage, &session).await?;
    ws.text("5").await?;
    ws.text(r#"42["message","upgraded"]"#).await?;
    ws.hears(r#"42["message-back","upgraded"]"#).await
}

async fn data_does_no_harm(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let mut ws = probed(stage, &session).await?;
    ws.text("52").await?;
    ws.text(r#"42["message","upgraded"]"#).await?;
    ws.hears(r#"42["message-back","upgraded"]"#).await
}

async fn polling_is_over(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let mut ws = probed(stage, &session).await?;
    ws.text("5").await?;
    ws.text(r#"42["message","upgraded"]"#).await?;
    ws.hears(r#"42["message-back","upgraded"]"#).await.set_up("completing the upgrade")?;
    session.get().await?.is_refusal()?;
    session.post(r#"42["message","late"]"#).await?.is_refusal()?;
    ws.text(r#"42["message","unharmed"]"#).await?;
    ws.hears(r#"42["message-back","unharmed"]"#).await
}

async fn the_buffer_is_flushed(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let mut ws = probed(stage, &session).await?;
    // Nobody polls: the echoes wait in the server.
    for number in 1..=3 {
        session.post(&format!("42[\"message\",{number}]")).await?.has_status(200)?;
    }
    ws.text("5").await?;
    ws.text(r#"42["message",4]"#).await?;
    for number in 1..=4 {
        ws.hears(&format!("42[\"message-back\",{number}]")).await?;
    }
    Ok(())
}

async fn nothing_comes_twice(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    session.echoes("by polling").await.set_up("an echo by polling")?;
    let mut ws = probed(stage, &session).await?;
    ws.text("5").await?;
    ws.text(r#"42["message","next"]"#).await?;
    ws.hears(r#"42["message-back","next"]"#).await
}

async fn no_noop_follows(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let mut ws = probed(stage, &session).await?;
    ws.text("5").await?;
    ws.text(r#"42["message","next"]"#).await?;
    loop {
        match ws.next().await? {
            Heard::Text(text, at) if text == "6" => {
                return Err(Stop::violation("no noop on the WebSocket", text, at));
            }
            Heard::Text(text, _) if text == r#"42["message-back","next"]"# => return Ok(()),
            Heard::Closed(how, at) => {
                return Err(Stop::violation("the echo", how, at).during("completing the upgrade"));
            }
            // What else should not be there is a rule of its own.
            _ => {}
        }
    }
}

async fn a_failed_probe_leaves_polling(stage: &mut Stage) -> Check {
    for first in ["2foo", "4hello", "6"] {
        let session = stage.polling().await?;
        session.connect().await.set_up("joining the main namespace")?;
        let mut ws = second_transport(stage, &session).await?;
        ws.text(first).await?;
        ws.closes().await?;
        session.echoes("still polling").await?;
    }
    Ok(())
}

async fn a_dropped_probe_leaves_polling(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let ws = probed(stage, &session).await?;
    drop(ws);
    session.echoes("still polling").await?;
    let mut again = second_transport_once_free(stage, &session).await?;
    again.text("5").await?;
    again.text(r#"42["message","upgraded"]"#).await?;
    again.hears(r#"42["message-back","upgraded"]"#).await
}

async fn a_second_probe_is_refused(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let mut first = probed(stage, &session).await?;
    stage.websocket(&session.upgrade_query()).await?.is_refused_even_with("2probe").await?;
    first.text("5").await?;
    first.text(r#"42["message","first"]"#).await?;
    first.hears(r#"42["message-back","first"]"#).await
}

async fn a_closed_session_closes_the_probe(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    let mut ws = probed(stage, &session).await?;
    session.post("1").await.set_up("closing the session")?.has_status(200).set_up("closing the session")?;
    ws.closes().await
}

async fn an_unfinished_upgrade_is_given_up(stage: &mut Stage) -> Check {
    let (session, mut client) = stage.polling_with_client().await?;
    client.joins("/", None).await.set_up("joining the main namespace")?;
    let mut ws = probed(stage, &session).await?;
    let due = stage.site().settings.map(|settings| settings.upgrade_timeout).unwrap_or_default();
    ws.closes_within(stage.patience().after(due)).await
}

async fn pings_go_on(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.next_ping().await?;
    session.next_ping().await.map(drop)
}

/// Whether an answer releases a poll without ending the session.
fn releases(reply: &Reply) -> bool {
    reply.status == 200 && (reply.body == b"6" || reply.body.starts_with(b"4"))
}

/// A WebSocket for a polling session, nothing said on it yet.
async fn second_transport(stage: &mut Stage, session: &Polling) -> Check<Ws> {
    stage.websocket(&session.upgrade_query()).await?.open().set_up("opening a WebSocket for the session")
}

/// A WebSocket for a polling session whose probe has been answered.
async fn probed(stage: &mut Stage, session: &Polling) -> Check<Ws> {
    let mut ws = second_transport(stage, session).await?;
    ws.text("2probe").await?;
    ws.hears("3probe").await.set_up("probing")?;
    Ok(ws)
}

/// As [`probed`], though the server may still be busy noticing the loss of an earlier one.
async fn second_transport_once_free(stage: &mut Stage, session: &Polling) -> Check<Ws> {
    let mut tried = probed(stage, session).await;
    for _ in 0..20 {
        if tried.is_ok() {
            break;
        }
        // Each round trip gives the server an occasion to notice.
        session.echoes("still polling").await?;
        tried = probed(stage, session).await;
    }
    tried.map_err(|stop| match stop {
        Stop::Inconclusive(why) => Stop::violation("a new upgrade succeeds", why, None),
        other => other,
    })
}
