//! Who does not come back, but begins anew.

use std::time::Instant;

use serde_json::json;

use super::{DROP, RECOVERY, Return, Ticket, WATCH, loses, two, window};
use crate::{
    rule::{Rule, Source},
    scenario::needs::RECOVERY_WINDOW,
    scenarios,
    stage::{Client, Stage, disconnect},
    verdict::{Check, SetUp},
};

const EXPIRED: Rule = Rule::docs(
    "delivery/recovery/expires",
    Source::docs("Connection state recovery: maxDisconnectionDuration"),
    "Who comes back after the time for it is over begins anew.",
)
.broken_by(&["recovery-never-expires"]);

const UNKNOWN_PID: Rule = Rule::reference(
    "delivery/recovery/unknown-private-id",
    Source::observed("an unknown pid begins a new session with a pid of its own"),
    "Who names a private id that nobody has begins anew, with another one.",
)
.broken_by(&["foreign-pid-adopted"])
.users("Whoever makes up an id that others then use would share their sessions.");

const UNKNOWN_OFFSET: Rule = Rule::reference(
    "delivery/recovery/unknown-offset",
    Source::observed("an offset that is not in the log begins a new session"),
    "Who names an offset that no event had begins anew: nobody knows what it missed.",
)
.broken_by(&["unknown-offset-accepted"]);

const NO_OFFSET: Rule = Rule::should(
    "delivery/recovery/no-offset",
    Source::observed("a pid without an offset begins a new session"),
    "Who names no offset begins anew.",
)
.broken_by(&["offset-optional"])
.seen(&["socket.io#5538"]);

const LEFT: Rule = Rule::docs(
    "delivery/recovery/after-leaving",
    Source::docs("Connection state recovery"),
    "Who left the namespace begins anew.",
)
.broken_by(&["leaver-recovered", "reason-always-transport-close"]);

const REMOVED: Rule = Rule::docs(
    "delivery/recovery/after-removal",
    Source::docs("Connection state recovery"),
    "Who was disconnected by the server begins anew.",
)
.broken_by(&["removed-recovered"]);

const OTHER_NAMESPACE: Rule = Rule::reference(
    "delivery/recovery/other-namespace",
    Source::observed("each namespace remembers its own losses"),
    "The private id of a session in one namespace restores nothing in another.",
)
.broken_by(&["pid-of-other-namespace-accepted"]);

const CONNECTED: Rule = Rule::reference(
    "delivery/recovery/not-while-connected",
    Source::observed("a session that is still connected cannot be recovered"),
    "Who names the private id of a client that is still connected begins anew.",
)
.broken_by(&["connected-recovered"])
.users("Two clients share an id, and hear what is for one of them.");

scenarios! {
    CONNECTED => the_connected_are_not_doubled over [Polling, Websocket, Upgraded] needs [RECOVERY] in Recovery;
    EXPIRED => the_late_begin_anew over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP, RECOVERY_WINDOW] in Recovery;
    UNKNOWN_PID => strangers_begin_anew over [Polling, Websocket, Upgraded] needs [RECOVERY] in Recovery;
    UNKNOWN_OFFSET => an_unknown_offset_begins_anew over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
    NO_OFFSET => no_offset_begins_anew over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
    LEFT => leavers_begin_anew over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH] in Recovery;
    REMOVED => the_removed_begin_anew over [Polling, Websocket, Upgraded] needs [RECOVERY, WATCH] in Recovery;
    OTHER_NAMESPACE => elsewhere_it_begins_anew over [Polling, Websocket, Upgraded]
        needs [RECOVERY, WATCH, DROP] in Recovery;
}

impl Return {
    /// Demands that the client was received as a new one.
    fn is_new(&self, stage: &Stage) -> Check {
        stage.demand(self.greeted, "a new session", format!("the old session: {}", self.answer), self.at)
    }
}

async fn the_late_begin_anew(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    let ticket = loses(&mut alice, bob).await?;
    stage.patience().pause_until(Instant::now() + window(stage).mul_f64(1.1)).await;
    ticket.returns(stage).await?.is_new(stage)
}

async fn the_connected_are_not_doubled(stage: &mut Stage) -> Check {
    let namespace = stage.own_namespace();
    let [mut alice] = stage.join(&namespace).await?;
    let ticket = Ticket::of(&alice)?;
    ticket.returns(stage).await?.is_new(stage)?;
    alice.hears_nothing_more().await
}

async fn strangers_begin_anew(stage: &mut Stage) -> Check {
    let namespace = stage.own_namespace();
    let [alice] = stage.join(&namespace).await?;
    let ticket = Ticket { pid: stage.own("nobody"), ..Ticket::of(&alice)? };
    let back = ticket.returns(stage).await?;
    back.is_new(stage)?;
    let other = back.answer["pid"] != json!(ticket.pid);
    stage.demand(other, "another private id than the one named", back.answer.to_string(), back.at)
}

async fn an_unknown_offset_begins_anew(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    let ticket = Ticket { offset: Some("bogus".to_owned()), ..loses(&mut alice, bob).await? };
    ticket.returns(stage).await?.is_new(stage)
}

async fn no_offset_begins_anew(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    let ticket = Ticket { offset: None, ..loses(&mut alice, bob).await? };
    ticket.returns(stage).await?.is_new(stage)
}

async fn leavers_begin_anew(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    let ticket = Ticket::of(&bob)?;
    bob.emits(disconnect());
    gone(&mut alice, &ticket).await?;
    ticket.returns(stage).await?.is_new(stage)
}

async fn the_removed_begin_anew(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = two(stage).await?;
    let ticket = Ticket::of(&bob)?;
    bob.asks(json!({ "op": "disconnect", "close": true }));
    gone(&mut alice, &ticket).await?;
    ticket.returns(stage).await?.is_new(stage)
}

async fn elsewhere_it_begins_anew(stage: &mut Stage) -> Check {
    let [mut alice, bob] = two(stage).await?;
    let ticket = loses(&mut alice, bob).await?;
    let elsewhere = Ticket { namespace: "/custom".to_owned(), ..ticket };
    elsewhere.returns(stage).await?.is_new(stage)
}

/// Waits until the watcher has heard that a socket is gone.
async fn gone(watcher: &mut Client, ticket: &Ticket) -> Check {
    watcher.hears_of("left", &ticket.sid).await.set_up("hearing of the departure").map(drop)
}
