//! Upgrades in every order that a client may take them: what is sent is held back at our end until it is its turn.
//!
//! The steps of an upgrade come one after the other. A poll with its reply, a second poll, or events that the server answers
//! may come anywhere between them, and each of these orders is a rule of its own, named after it: a race that a test meets
//! once in a thousand runs is here one case, which fails each time.

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::{Scenario, Transport, Variant, needs::ECHO},
    stage::{Heard, Held, Polling, Sio, Stage, Ws, event},
    transcript::EntryId,
    verdict::{Check, SetUp, Stop, expecting},
};

/// One thing that a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Sends a GET, and does not wait for its answer.
    Poll,
    /// Reads the answer.
    Reply,
    /// Posts two events, which the server answers with two events.
    Message,
    /// Opens the WebSocket.
    Open,
    /// Sends the probe.
    Probe,
    /// Reads the answer to the probe.
    Pong,
    /// Sends the upgrade packet.
    Upgrade,
}

use Step::{Message, Open, Poll, Pong, Probe, Reply, Upgrade};

// The faults that show in an order, by what happens in it.
const PLAIN: &[&str] = &["upgrade-ignored", "probe-unanswered", "open-on-upgrade"];
const LEFT: &[&str] = &[
    "upgrade-ignored",
    "probe-unanswered",
    "open-on-upgrade",
    "upgrade-drops-buffer",
    "websocket-joins-packets",
];
const HELD: &[&str] = &["upgrade-ignored", "probe-unanswered", "open-on-upgrade", "held-poll-not-released"];
const LATE: &[&str] = &["upgrade-ignored", "probe-unanswered", "open-on-upgrade", "late-poll-not-released"];
const HELD_AND_LATE: &[&str] = &[
    "upgrade-ignored",
    "probe-unanswered",
    "open-on-upgrade",
    "held-poll-not-released",
    "late-poll-not-released",
];
const READ: &[&str] = &["upgrade-ignored", "probe-unanswered", "open-on-upgrade", "upgrade-repeats-last"];
const HELD_AND_LEFT: &[&str] = &[
    "upgrade-ignored",
    "probe-unanswered",
    "open-on-upgrade",
    "held-poll-not-released",
    "upgrade-drops-buffer",
    "websocket-joins-packets",
];
const LATE_AND_LEFT: &[&str] = &[
    "upgrade-ignored",
    "probe-unanswered",
    "open-on-upgrade",
    "late-poll-not-released",
    "upgrade-drops-buffer",
    "websocket-joins-packets",
];

/// Makes each order a rule, and the scenario that acts it out.
macro_rules! orders {
    ($($faults:ident $name:literal [$($step:ident),+];)+) => {
        /// The scenarios of this file.
        pub fn scenarios() -> Vec<Scenario> {
            vec![$(Scenario {
                rule: const {
                    &Rule::reference(
                        concat!("engine/schedule/", $name),
                        Source::observed("an upgrade loses and doubles nothing, whenever its steps happen"),
                        concat!("Nothing is lost or doubled by an upgrade in the order ", $name, "."),
                    )
                    .broken_by($faults)
                    .seen(&["socket.io-client#989", "python-engineio#160", "go-engine.io#33"])
                },
                name: $name,
                over: &[Transport::Upgraded],
                needs: &[ECHO],
                variant: Variant::Calm,
                alone: false,
                run: |stage| Box::pin(act(stage, &[$($step),+])),
            }),+]
        }

        #[cfg(test)]
        const ORDERS: &[(&str, &[Step])] = &[$(($name, &[$($step),+])),+];
    };
}

orders! {
    PLAIN "open-probe-pong-upgrade" [Open, Probe, Pong, Upgrade];
    LEFT "message-open-probe-pong-upgrade" [Message, Open, Probe, Pong, Upgrade];
    LEFT "open-message-probe-pong-upgrade" [Open, Message, Probe, Pong, Upgrade];
    LEFT "open-probe-message-pong-upgrade" [Open, Probe, Message, Pong, Upgrade];
    LEFT "open-probe-pong-message-upgrade" [Open, Probe, Pong, Message, Upgrade];
    HELD "poll-open-probe-reply-pong-upgrade" [Poll, Open, Probe, Reply, Pong, Upgrade];
    HELD "poll-open-probe-pong-reply-upgrade" [Poll, Open, Probe, Pong, Reply, Upgrade];
    HELD "open-poll-probe-reply-pong-upgrade" [Open, Poll, Probe, Reply, Pong, Upgrade];
    HELD "open-poll-probe-pong-reply-upgrade" [Open, Poll, Probe, Pong, Reply, Upgrade];
    LATE "open-probe-poll-reply-pong-upgrade" [Open, Probe, Poll, Reply, Pong, Upgrade];
    LATE "open-probe-poll-pong-reply-upgrade" [Open, Probe, Poll, Pong, Reply, Upgrade];
    LATE "open-probe-pong-poll-reply-upgrade" [Open, Probe, Pong, Poll, Reply, Upgrade];
    HELD_AND_LATE "poll-open-probe-reply-pong-poll-reply-upgrade" [Poll, Open, Probe, Reply, Pong, Poll, Reply, Upgrade];
    HELD_AND_LATE "poll-open-probe-reply-poll-pong-reply-upgrade" [Poll, Open, Probe, Reply, Poll, Pong, Reply, Upgrade];
    HELD_AND_LATE "poll-open-probe-reply-poll-reply-pong-upgrade" [Poll, Open, Probe, Reply, Poll, Reply, Pong, Upgrade];
    HELD_AND_LATE "poll-open-probe-pong-reply-poll-reply-upgrade" [Poll, Open, Probe, Pong, Reply, Poll, Reply, Upgrade];
    HELD_AND_LATE "open-poll-probe-reply-pong-poll-reply-upgrade" [Open, Poll, Probe, Reply, Pong, Poll, Reply, Upgrade];
    HELD_AND_LATE "open-poll-probe-reply-poll-pong-reply-upgrade" [Open, Poll, Probe, Reply, Poll, Pong, Reply, Upgrade];
    HELD_AND_LATE "open-poll-probe-reply-poll-reply-pong-upgrade" [Open, Poll, Probe, Reply, Poll, Reply, Pong, Upgrade];
    HELD_AND_LATE "open-poll-probe-pong-reply-poll-reply-upgrade" [Open, Poll, Probe, Pong, Reply, Poll, Reply, Upgrade];
    LATE "open-probe-poll-reply-pong-poll-reply-upgrade" [Open, Probe, Poll, Reply, Pong, Poll, Reply, Upgrade];
    LATE "open-probe-poll-reply-poll-pong-reply-upgrade" [Open, Probe, Poll, Reply, Poll, Pong, Reply, Upgrade];
    LATE "open-probe-poll-reply-poll-reply-pong-upgrade" [Open, Probe, Poll, Reply, Poll, Reply, Pong, Upgrade];
    LATE "open-probe-poll-pong-reply-poll-reply-upgrade" [Open, Probe, Poll, Pong, Reply, Poll, Reply, Upgrade];
    LATE "open-probe-pong-poll-reply-poll-reply-upgrade" [Open, Probe, Pong, Poll, Reply, Poll, Reply, Upgrade];
    READ "poll-message-reply-open-probe-pong-upgrade" [Poll, Message, Reply, Open, Probe, Pong, Upgrade];
    READ "poll-message-open-reply-probe-pong-upgrade" [Poll, Message, Open, Reply, Probe, Pong, Upgrade];
    READ "poll-message-open-probe-reply-pong-upgrade" [Poll, Message, Open, Probe, Reply, Pong, Upgrade];
    READ "poll-message-open-probe-pong-reply-upgrade" [Poll, Message, Open, Probe, Pong, Reply, Upgrade];
    READ "poll-open-message-reply-probe-pong-upgrade" [Poll, Open, Message, Reply, Probe, Pong, Upgrade];
    READ "poll-open-message-probe-reply-pong-upgrade" [Poll, Open, Message, Probe, Reply, Pong, Upgrade];
    READ "poll-open-message-probe-pong-reply-upgrade" [Poll, Open, Message, Probe, Pong, Reply, Upgrade];
    HELD_AND_LEFT "poll-open-probe-reply-message-pong-upgrade" [Poll, Open, Probe, Reply, Message, Pong, Upgrade];
    HELD_AND_LEFT "poll-open-probe-reply-pong-message-upgrade" [Poll, Open, Probe, Reply, Pong, Message, Upgrade];
    LEFT "poll-open-probe-message-reply-pong-upgrade" [Poll, Open, Probe, Message, Reply, Pong, Upgrade];
    LEFT "poll-open-probe-message-pong-reply-upgrade" [Poll, Open, Probe, Message, Pong, Reply, Upgrade];
    HELD_AND_LEFT "poll-open-probe-pong-reply-message-upgrade" [Poll, Open, Probe, Pong, Reply, Message, Upgrade];
    LEFT "poll-open-probe-pong-message-reply-upgrade" [Poll, Open, Probe, Pong, Message, Reply, Upgrade];
    READ "message-poll-reply-open-probe-pong-upgrade" [Message, Poll, Reply, Open, Probe, Pong, Upgrade];
    READ "message-poll-open-reply-probe-pong-upgrade" [Message, Poll, Open, Reply, Probe, Pong, Upgrade];
    READ "message-poll-open-probe-reply-pong-upgrade" [Message, Poll, Open, Probe, Reply, Pong, Upgrade];
    READ "message-poll-open-probe-pong-reply-upgrade" [Message, Poll, Open, Probe, Pong, Reply, Upgrade];
    READ "message-open-poll-reply-probe-pong-upgrade" [Message, Open, Poll, Reply, Probe, Pong, Upgrade];
    READ "message-open-poll-probe-reply-pong-upgrade" [Message, Open, Poll, Probe, Reply, Pong, Upgrade];
    READ "message-open-poll-probe-pong-reply-upgrade" [Message, Open, Poll, Probe, Pong, Reply, Upgrade];
    READ "message-open-probe-poll-reply-pong-upgrade" [Message, Open, Probe, Poll, Reply, Pong, Upgrade];
    READ "message-open-probe-poll-pong-reply-upgrade" [Message, Open, Probe, Poll, Pong, Reply, Upgrade];
    READ "message-open-probe-pong-poll-reply-upgrade" [Message, Open, Probe, Pong, Poll, Reply, Upgrade];
    READ "open-poll-message-reply-probe-pong-upgrade" [Open, Poll, Message, Reply, Probe, Pong, Upgrade];
    READ "open-poll-message-probe-reply-pong-upgrade" [Open, Poll, Message, Probe, Reply, Pong, Upgrade];
    READ "open-poll-message-probe-pong-reply-upgrade" [Open, Poll, Message, Probe, Pong, Reply, Upgrade];
    HELD_AND_LEFT "open-poll-probe-reply-message-pong-upgrade" [Open, Poll, Probe, Reply, Message, Pong, Upgrade];
    HELD_AND_LEFT "open-poll-probe-reply-pong-message-upgrade" [Open, Poll, Probe, Reply, Pong, Message, Upgrade];
    LEFT "open-poll-probe-message-reply-pong-upgrade" [Open, Poll, Probe, Message, Reply, Pong, Upgrade];
    LEFT "open-poll-probe-message-pong-reply-upgrade" [Open, Poll, Probe, Message, Pong, Reply, Upgrade];
    HELD_AND_LEFT "open-poll-probe-pong-reply-message-upgrade" [Open, Poll, Probe, Pong, Reply, Message, Upgrade];
    LEFT "open-poll-probe-pong-message-reply-upgrade" [Open, Poll, Probe, Pong, Message, Reply, Upgrade];
    READ "open-message-poll-reply-probe-pong-upgrade" [Open, Message, Poll, Reply, Probe, Pong, Upgrade];
    READ "open-message-poll-probe-reply-pong-upgrade" [Open, Message, Poll, Probe, Reply, Pong, Upgrade];
    READ "open-message-poll-probe-pong-reply-upgrade" [Open, Message, Poll, Probe, Pong, Reply, Upgrade];
    READ "open-message-probe-poll-reply-pong-upgrade" [Open, Message, Probe, Poll, Reply, Pong, Upgrade];
    READ "open-message-probe-poll-pong-reply-upgrade" [Open, Message, Probe, Poll, Pong, Reply, Upgrade];
    READ "open-message-probe-pong-poll-reply-upgrade" [Open, Message, Probe, Pong, Poll, Reply, Upgrade];
    LATE_AND_LEFT "open-probe-poll-reply-message-pong-upgrade" [Open, Probe, Poll, Reply, Message, Pong, Upgrade];
    LATE_AND_LEFT "open-probe-poll-reply-pong-message-upgrade" [Open, Probe, Poll, Reply, Pong, Message, Upgrade];
    LEFT "open-probe-poll-message-reply-pong-upgrade" [Open, Probe, Poll, Message, Reply, Pong, Upgrade];
    LEFT "open-probe-poll-message-pong-reply-upgrade" [Open, Probe, Poll, Message, Pong, Reply, Upgrade];
    LATE_AND_LEFT "open-probe-poll-pong-reply-message-upgrade" [Open, Probe, Poll, Pong, Reply, Message, Upgrade];
    LEFT "open-probe-poll-pong-message-reply-upgrade" [Open, Probe, Poll, Pong, Message, Reply, Upgrade];
    READ "open-probe-message-poll-reply-pong-upgrade" [Open, Probe, Message, Poll, Reply, Pong, Upgrade];
    READ "open-probe-message-poll-pong-reply-upgrade" [Open, Probe, Message, Poll, Pong, Reply, Upgrade];
    READ "open-probe-message-pong-poll-reply-upgrade" [Open, Probe, Message, Pong, Poll, Reply, Upgrade];
    LATE_AND_LEFT "open-probe-pong-poll-reply-message-upgrade" [Open, Probe, Pong, Poll, Reply, Message, Upgrade];
    LEFT "open-probe-pong-poll-message-reply-upgrade" [Open, Probe, Pong, Poll, Message, Reply, Upgrade];
    READ "open-probe-pong-message-poll-reply-upgrade" [Open, Probe, Pong, Message, Poll, Reply, Upgrade];
}

/// A client in the middle of an upgrade.
struct Upgrading {
    session: Polling,
    held: Option<Held>,
    ws: Option<Ws>,
    /// The events heard so far, on whatever transport.
    heard: Vec<Sio>,
    /// Where the last was heard.
    last: Option<EntryId>,
}

async fn act(stage: &mut Stage, steps: &[Step]) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let mut client = Upgrading { session, held: None, ws: None, heard: Vec::new(), last: None };
    for step in steps {
        client.takes(stage, *step).await?;
    }
    if steps.contains(&Message) {
        client.hears(stage, &["one", "two"]).await?;
    }
    client.socket()?.text(r#"42["message","three"]"#).await?;
    let all: &[&str] = if steps.contains(&Message) { &["one", "two", "three"] } else { &["three"] };
    client.hears(stage, all).await
}

impl Upgrading {
    async fn takes(&mut self, stage: &mut Stage, step: Step) -> Check {
        match step {
            Poll => self.held = Some(self.session.hold().await?),
            Reply => {
                let held =
                    self.held.take().ok_or_else(|| Stop::Inconclusive("no poll to read".to_owned()))?;
                let within = stage.patience().answer();
                let reply = held.reply_within(within).await?;
                reply.has_status(200)?;
                self.last = Some(reply.at);
                self.heard.extend(reply.text().split('\u{1e}').filter_map(|packet| echo(stage, packet)));
            }
            Message => {
                let events = "42[\"message\",\"one\"]\u{1e}42[\"message\",\"two\"]";
                self.session.post(events).await?.has_status(200)?;
            }
            Open => {
                let opening = stage.websocket(&self.session.upgrade_query()).await?;
                self.ws = Some(opening.open().set_up("opening a WebSocket for the session")?);
            }
            Probe => {
                self.socket()?.text("2probe").await?;
                // What follows goes another way, and must not overtake it.
                self.socket()?.is_written_to().await;
            }
            Pong => self.socket()?.hears("3probe").await?,
            Upgrade => self.socket()?.text("5").await?,
        }
        Ok(())
    }

    /// Reads on until these events, and no others, have been heard. The first two may come in either order: handlers may run
    /// side by side.
    async fn hears(&mut self, stage: &Stage, want: &[&str]) -> Check {
        let want: Vec<Sio> = want.iter().map(|word| event("message-back", [json!(word)])).collect();
        let expected = shown(&want);
        loop {
            let mut missing = want.clone();
            let strange = self.heard.iter().find(|heard| {
                let found = missing.iter().position(|missing| missing == *heard);
                found.map(|found| missing.remove(found)).is_none()
            });
            if let Some(strange) = strange {
                let observed = format!("{strange} once too often: {}", shown(&self.heard));
                return Err(Stop::violation(expected, observed, self.last));
            }
            if missing.is_empty() {
                return Ok(());
            }
            match self.socket()?.next_packet().await.map_err(|stop| expecting(stop, &expected))? {
                Heard::Text(text, at) => {
                    let echo = echo(stage, &text);
                    self.heard.push(echo.ok_or_else(|| Stop::violation(&expected, text, at))?);
                    self.last = Some(at);
                }
                other => return Err(Stop::violation(expected, other.describe(), other.at())),
            }
        }
    }

    fn socket(&mut self) -> Check<&mut Ws> {
        self.ws.as_mut().ok_or_else(|| Stop::Inconclusive("no WebSocket is open".to_owned()))
    }
}

/// The packet, if it is an answer to one of our events.
fn echo(stage: &Stage, packet: &str) -> Option<Sio> {
    stage.read(packet).filter(|packet| packet.event_name() == Some("message-back"))
}

fn shown(packets: &[Sio]) -> String {
    packets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every order of these steps that a client may take, found without cleverness.
    fn legal(rest: &[Step], taken: &mut Vec<Step>, orders: &mut BTreeSet<String>) {
        if rest.is_empty() {
            orders.insert(named(taken));
        }
        for (index, step) in rest.iter().enumerate() {
            let mut others = rest.to_vec();
            others.remove(index);
            let polls = |step| taken.iter().filter(|other| **other == step).count();
            let may = match step {
                // One poll at a time, and none when the upgrade packet is sent.
                Poll => polls(Poll) == polls(Reply),
                // Only what is answered can be read: the first poll by the events, any by the probe.
                Reply => {
                    let answered = taken.contains(&Message) && polls(Reply) == 0;
                    polls(Poll) > polls(Reply) && (answered || taken.contains(&Probe))
                }
                Message | Open => true,
                Probe => taken.contains(&Open),
                Pong => taken.contains(&Probe),
                Upgrade => taken.contains(&Pong) && others.is_empty(),
            };
            if may {
                taken.push(*step);
                legal(&others, taken, orders);
                taken.pop();
            }
        }
    }

    fn named(steps: &[Step]) -> String {
        steps.iter().map(|step| format!("{step:?}").to_lowercase()).collect::<Vec<_>>().join("-")
    }

    #[test]
    fn every_legal_order_is_there_under_its_name() {
        let upgrade = [Open, Probe, Pong, Upgrade];
        let mut orders = BTreeSet::new();
        let among: [&[Step]; 5] =
            [&[], &[Message], &[Poll, Reply], &[Poll, Reply, Poll, Reply], &[Poll, Reply, Message]];
        for more in among {
            legal(&[&upgrade, more].concat(), &mut Vec::new(), &mut orders);
        }
        let ours: BTreeSet<String> = ORDERS.iter().map(|(_, steps)| named(steps)).collect();
        assert_eq!(ours, orders);
        assert!(ORDERS.iter().all(|(name, steps)| *name == named(steps)));
    }
}
