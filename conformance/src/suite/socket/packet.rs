//! What is no Socket.IO packet closes the connection.

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, feature},
    scenarios,
    stage::{Stage, event},
    verdict::{Check, SetUp, expecting},
};

const UNPARSABLE: Rule = Rule::must(
    "socket/packet/unparsable-closes",
    Source::socket("Packet encoding"),
    "A message that is no packet closes the connection.",
)
.broken_by(&["unparsable-ignored"])
.seen(&["python-socketio"]);

const BAD_PAYLOAD: Rule = Rule::must(
    "socket/packet/bad-payload-closes",
    Source::socket("Sending and receiving data"),
    "An event whose payload is no array that begins with a name closes the connection.",
)
.broken_by(&["bad-event-payload-ignored"])
.seen(&["CVE-2023-32695", "python-socketio"]);

const BAD_ACK_ID: Rule = Rule::must(
    "socket/packet/bad-ack-id-closes",
    Source::socket("Acknowledgement"),
    "An acknowledgement id that is no number closes the connection.",
)
.broken_by(&["bad-ack-id-ignored"]);

const MALFORMED_JSON: Rule = Rule::must(
    "socket/packet/malformed-json-closes",
    Source::socket("Packet encoding"),
    "A payload that is no JSON closes the connection.",
)
.broken_by(&["malformed-json-ignored"]);

const QUEUE_FIRST: Rule = Rule::reference(
    "socket/packet/queue-first",
    Source::observed("what waits to be polled arrives before the close packet"),
    "What was sent before a broken packet still arrives, over polling too.",
)
.broken_by(&["broken-packet-drops-queue", "join-ignored"]);

scenarios! {
    QUEUE_FIRST => what_waits_still_arrives over [Polling] needs [DELIVERY, feature("rooms")];
    UNPARSABLE => what_is_no_packet_closes over [Polling, Websocket, Upgraded];
    BAD_PAYLOAD => a_bad_payload_closes over [Polling, Websocket, Upgraded];
    BAD_ACK_ID => a_bad_ack_id_closes over [Polling, Websocket, Upgraded];
    MALFORMED_JSON => malformed_json_closes over [Polling, Websocket, Upgraded];
}

async fn what_waits_still_arrives(stage: &mut Stage) -> Check {
    let [mut alice] = stage.join("/").await?;
    let bob = stage.polling().await?;
    bob.connect().await.set_up("joining the main namespace")?;
    let (room, word) = (stage.own("room"), stage.own("word"));
    let join = json!(["do", { "op": "join", "rooms": [room] }]);
    bob.post(&format!("425200000{join}")).await.set_up("joining a room")?;
    bob.packets().await.set_up("joining a room")?;
    // Nobody polls: it waits.
    alice.commands(json!({ "op": "emit", "event": word, "to": [room] })).await.set_up("sending an event")?;
    let _answers_differ = bob.post("4abc").await;
    let want = event(&word, []);
    let (packets, at) = bob.packets().await.map_err(|stop| expecting(stop, &want.to_string()))?;
    let arrived = packets.iter().any(|packet| stage.read(packet).as_ref() == Some(&want));
    stage.demand(arrived, &want.to_string(), packets.join("␞"), at)
}

async fn what_is_no_packet_closes(stage: &mut Stage) -> Check {
    each_closes(stage, &["4abc", "47[\"message\"]", "49"]).await
}

async fn a_bad_payload_closes(stage: &mut Stage) -> Check {
    each_closes(
        stage,
        &["42{}", "42[]", "42\"message\"", "42[{}]", "42[null]", "42null", "42false", "42[[]]"],
    )
    .await
}

async fn a_bad_ack_id_closes(stage: &mut Stage) -> Check {
    each_closes(
        stage,
        &[
            "42abc[\"message\"]",
            "42-1[\"message\"]",
            "421.5[\"message\"]",
            "42+1[\"message\"]",
            "421e3[\"message\"]",
        ],
    )
    .await
}

async fn malformed_json_closes(stage: &mut Stage) -> Check {
    each_closes(
        stage,
        &[
            "42[\"message\"",
            "42['message']",
            "42[\"message\",]",
            "42[\"message\"]x",
            "42[\"message\",\"a\nb\"]",
        ],
    )
    .await
}

/// Each packet closes a connection of its own that has joined the main namespace.
pub(super) async fn each_closes(stage: &mut Stage, packets: &[&str]) -> Check {
    for packet in packets {
        let mut session = stage.session().await?;
        session.joins("/", None).await.set_up("joining the main namespace")?;
        session.sends(packet);
        // An answer to this shows that the server passed over what came before.
        session.sends("40/custom,");
        session.closes().await?;
    }
    Ok(())
}
