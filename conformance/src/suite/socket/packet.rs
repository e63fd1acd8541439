//! What is no Socket.IO packet closes the connection.

use crate::{
    rule::{Rule, Source},
    scenarios,
    stage::Stage,
    verdict::{Check, SetUp},
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

scenarios! {
    UNPARSABLE => what_is_no_packet_closes over [Polling, Websocket, Upgraded];
    BAD_PAYLOAD => a_bad_payload_closes over [Polling, Websocket, Upgraded];
    BAD_ACK_ID => a_bad_ack_id_closes over [Polling, Websocket, Upgraded];
    MALFORMED_JSON => malformed_json_closes over [Polling, Websocket, Upgraded];
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
