//! Rules of connection state recovery: who loses its connection comes back as if nothing had happened.

pub mod missed;
pub mod refused;
pub mod restored;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{emit, enters, news};
use crate::{
    scenario::{
        Need,
        needs::{RECOVERY, WATCH, feature},
    },
    stage::{Client, Kind, Sio, Stage, Wire, ack, connect, event},
    transcript::EntryId,
    verdict::{Check, SetUp, Stop},
};

/// A connection is lost by command, and the loss is noticed.
const DROP: Need = feature("drop");

/// What a client needs to come back.
#[derive(Debug, Clone)]
struct Ticket {
    namespace: String,
    sid: String,
    pid: String,
    /// Of the last event it heard.
    offset: Option<String>,
    /// Before the connection was lost.
    since: Instant,
}

/// How a client that asked for its session was received.
pub(super) struct Return {
    client: Client,
    /// The payload of the answer to CONNECT.
    answer: Value,
    /// Where it is in the transcript.
    at: EntryId,
    /// The events that came with it, before or after.
    missed: Vec<Sio>,
    /// Whether the application greeted it as a new one.
    greeted: bool,
}

impl Ticket {
    /// What this client would need, had it lost its connection.
    fn of(client: &Client) -> Check<Self> {
        let pid = client.pid.clone();
        Ok(Self {
            namespace: client.namespace.clone(),
            sid: client.sid.clone(),
            pid: pid.ok_or_else(|| Stop::Inconclusive("the server gave no private id".to_owned()))?,
            offset: client.wire.offset(&client.namespace).map(str::to_owned),
            since: Instant::now(),
        })
    }

    /// Comes back, as set-up.
    async fn is_back(&self, stage: &mut Stage) -> Check<Return> {
        let back = self.returns(stage).await?;
        let recovered = self.is_recovered(stage, &back);
        recovered.set_up("coming back")?;
        Ok(back)
    }

    /// Comes back with what is known.
    async fn returns(&self, stage: &mut Stage) -> Check<Return> {
        let mut payload = json!({ "pid": self.pid });
        if let Some(offset) = &self.offset {
            payload["offset"] = json!(offset);
        }
        let wire = stage.session().await?;
        received(wire, &self.namespace, payload).await.set_up("joining again")
    }

    /// Demands that the client was received as the one that left. If we were too slow ourselves, that says nothing.
    fn is_recovered(&self, stage: &Stage, back: &Return) -> Check {
        if back.greeted && self.since.elapsed() >= window(stage) {
            return Err(stage.too_late("the session may have expired before we asked for it"));
        }
        stage.demand(!back.greeted, "the session that was lost", "a new session", back.at)
    }
}

impl Return {
    /// Demands that an event of [`emit`] with this word came with the answer.
    fn must_have_heard(&self, stage: &Stage, word: &str) -> Check {
        let want = news(stage, word).on(&self.client.namespace);
        stage.demand(self.missed.contains(&want), &want.to_string(), self.shown(), self.at)
    }

    /// Demands that it did not come.
    pub(super) fn must_not_have_heard(&self, stage: &Stage, word: &str) -> Check {
        // In whatever namespace.
        let want = news(stage, word);
        let heard = self.missed.iter().any(|missed| missed.clone().on(&want.namespace) == want);
        stage.demand(!heard, &format!("no {want}"), self.shown(), self.at)
    }

    fn shown(&self) -> String {
        match &self.missed[..] {
            [] => "no missed events".to_owned(),
            missed => missed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }
    }
}

/// Joins with this payload, and takes in everything that is said meanwhile.
pub(super) async fn received(mut wire: Wire, namespace: &str, payload: Value) -> Check<Return> {
    const FENCE_ID: u64 = 6_999_997;
    wire.says(&connect(payload).on(namespace));
    let fence = ack(FENCE_ID, [json!("back")]).on(namespace);
    let (mut answer, mut missed, mut greeted) = (None, Vec::new(), false);
    loop {
        let (packet, at) = wire.next().await?;
        match packet.kind {
            Kind::Connect if packet.namespace == namespace => {
                answer = Some((packet.data, at));
                // Whatever comes with the answer precedes the answer to this.
                wire.says(&event("message-with-ack", [json!("back")]).with_id(FENCE_ID).on(namespace));
            }
            Kind::Event if packet.event_name() == Some("auth") => greeted = true,
            Kind::Event => missed.push(packet),
            Kind::Ack if packet == fence => break,
            _ => {
                return Err(Stop::violation(
                    format!("an answer to CONNECT {namespace}"),
                    packet.to_string(),
                    at,
                ));
            }
        }
    }
    let (answer, at) = answer.expect("the fence is set when the answer has come");
    let client = Client::of(wire, namespace, &answer);
    Ok(Return { client, answer, at, missed, greeted })
}

/// Two clients in a namespace of this case, the first of which is told who comes and goes.
async fn two(stage: &mut Stage) -> Check<[Client; 2]> {
    let namespace = stage.own_namespace();
    let [mut alice, bob] = stage.join(&namespace).await?;
    alice.commands(json!({ "op": "watch" })).await.set_up("watching")?;
    Ok([alice, bob])
}

/// Loses the connection of a client, and waits until somebody else has heard of it.
async fn loses(watcher: &mut Client, mut client: Client) -> Check<Ticket> {
    let ticket = Ticket::of(&client)?;
    // The answer may be lost with the connection.
    client.asks(json!({ "op": "drop" }));
    watcher.hears_of("left", &ticket.sid).await.set_up("hearing of the loss")?;
    Ok(ticket)
}

/// Emits an event of this case to whom `address` says, as set-up.
async fn says(stage: &Stage, client: &mut Client, word: &str, address: Value) -> Check {
    client.commands(emit(stage, word, address)).await.set_up("emitting an event").map(drop)
}

/// How long a lost session can come back, at least; that of the reference where it is not known.
fn window(stage: &Stage) -> Duration {
    const USUAL: Duration = Duration::from_secs(120);
    stage.site().settings.and_then(|settings| settings.recovery_window).unwrap_or(USUAL)
}
