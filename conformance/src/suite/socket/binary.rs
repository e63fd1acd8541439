//! Attachments: binary values travel beside the packet that holds their placeholders.

use serde_json::json;

use super::disconnect::watched;
use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, ECHO, WATCH},
    scenarios,
    stage::{Client, Sio, Stage, ack, bytes, event},
    verdict::{Check, SetUp, Stop, expecting},
};

const EVENT: Rule = Rule::must(
    "socket/binary/event",
    Source::socket("Packet encoding: BINARY_EVENT"),
    "The attachments of an event arrive in their places.",
)
.broken_by(&["attachments-swapped"]);

const ACK: Rule = Rule::must(
    "socket/binary/ack",
    Source::socket("Packet encoding: BINARY_ACK"),
    "An acknowledgement with attachments is a BINARY_ACK.",
)
.broken_by(&["binary-ack-typed-as-event"])
.seen(&["netty-socketio#464"]);

const NAMESPACE: Rule = Rule::must(
    "socket/binary/namespace",
    Source::socket("Packet encoding"),
    "In a binary packet the namespace follows the number of attachments.",
)
.broken_by(&["binary-namespace-before-count"])
.seen(&["socketioxide#91"]);

const NESTED: Rule = Rule::must(
    "socket/binary/nested",
    Source::socket("Packet encoding: BINARY_EVENT"),
    "Attachments may sit anywhere inside the arguments.",
)
.broken_by(&["nested-attachment-dropped", "placeholders-read-in-order"]);

const EMPTY: Rule = Rule::reference(
    "socket/binary/empty",
    Source::observed("an attachment of no bytes is an attachment"),
    "An attachment may be empty.",
)
.broken_by(&["empty-attachment-dropped"]);

const STRAY: Rule = Rule::reference(
    "socket/binary/stray-closes",
    Source::observed("binary that no packet announced closes the connection"),
    "Binary that no packet has announced closes the connection.",
)
.broken_by(&["stray-binary-ignored"]);

const TEXT_IN_BETWEEN: Rule = Rule::reference(
    "socket/binary/text-in-between",
    Source::observed("text while attachments are missing closes the connection"),
    "Text that comes while attachments are missing is never taken for an attachment.",
)
.broken_by(&["text-taken-as-attachment"])
.seen(&["python-socketio"]);

const OUT_OF_RANGE: Rule = Rule::reference(
    "socket/binary/placeholder-out-of-range",
    Source::observed("a placeholder without attachment closes the connection"),
    "An event with a placeholder that has no attachment never reaches a handler, nor leaves the connection deaf.",
)
.broken_by(&["placeholder-out-of-range-delivered"])
.seen(&["CVE-2022-2421"]);

const NAME: Rule = Rule::reference(
    "socket/binary/name-is-attachment",
    Source::observed("an event whose name is a placeholder closes the connection"),
    "An event whose name is an attachment never reaches a handler, nor leaves the connection deaf.",
)
.broken_by(&["attachment-as-name"])
.users("Bytes are taken for the name of whatever a server keeps by name.");

const HALF: Rule = Rule::reference(
    "socket/binary/half-packet-forgotten",
    Source::observed("half a packet is forgotten with its connection"),
    "Who lost its connection in the middle of a binary packet begins anew on the next one.",
)
.broken_by(&["half-packets-survive"])
.users("After a loss the first event closes the connection, or holds the bytes of another one.");

const BACK_TO_BACK: Rule = Rule::must(
    "socket/binary/back-to-back",
    Source::socket("Packet encoding: BINARY_EVENT"),
    "Many binary events in a row each keep their own bytes.",
)
.broken_by(&["attachments-mixed-up"])
.seen(&["python-socketio#37", "Flask-SocketIO#385", "socketioxide#232"]);

scenarios! {
    EVENT => attachments_come_back over [Polling, Websocket, Upgraded] needs [ECHO];
    ACK => an_ack_has_attachments over [Polling, Websocket, Upgraded] needs [ECHO];
    NAMESPACE => a_namespace_has_attachments over [Polling, Websocket, Upgraded] needs [ECHO];
    NESTED => attachments_sit_anywhere over [Polling, Websocket, Upgraded] needs [ECHO];
    EMPTY => an_attachment_is_empty over [Polling, Websocket, Upgraded] needs [ECHO];
    STRAY => stray_binary_closes over [Polling, Websocket, Upgraded] needs [ECHO];
    TEXT_IN_BETWEEN => text_is_no_attachment over [Polling, Websocket, Upgraded] needs [ECHO];
    OUT_OF_RANGE => a_lonely_placeholder_is_not_delivered over [Polling, Websocket, Upgraded] needs [ECHO];
    NAME => an_attachment_is_no_name over [Polling, Websocket, Upgraded] needs [ECHO];
    HALF => half_a_packet_is_forgotten over [Polling, Websocket, Upgraded] needs [DELIVERY, WATCH];
    BACK_TO_BACK => each_event_keeps_its_bytes over [Polling, Websocket, Upgraded] needs [ECHO];
}

async fn attachments_come_back(stage: &mut Stage) -> Check {
    let args = [bytes(&[1, 2, 3]), json!("between"), bytes(&[4, 5, 6])];
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message", args.clone()));
    session.hears(&event("message-back", args)).await
}

async fn an_ack_has_attachments(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message-with-ack", [bytes(&[1, 2, 3])]).with_id(4_000_000));
    session.hears(&ack(4_000_000, [bytes(&[1, 2, 3])])).await
}

async fn a_namespace_has_attachments(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/custom", None).await.set_up("joining /custom")?;
    session.says(&event("message", [bytes(&[1, 2, 3])]).on("/custom"));
    session.hears(&event("message-back", [bytes(&[1, 2, 3])]).on("/custom")).await
}

async fn attachments_sit_anywhere(stage: &mut Stage) -> Check {
    let args = [json!({ "list": [0, bytes(&[1])], "deep": { "er": [[bytes(&[2, 2])]] } }), bytes(&[3, 3, 3])];
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message", args.clone()));
    session.hears(&event("message-back", args)).await
}

async fn an_attachment_is_empty(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message", [bytes(&[])]));
    session.hears(&event("message-back", [bytes(&[])])).await
}

async fn stray_binary_closes(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends_binary(&[1, 2, 3]);
    // An answer to this shows that the server passed over what came before.
    session.sends("40/custom,");
    session.closes().await
}

async fn text_is_no_attachment(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(r#"451-["message",{"_placeholder":true,"num":0}]"#);
    session.says(&event("message", [json!("in between")]));
    session.sends_binary(&[1, 2, 3]);
    let in_between = event("message-back", [json!("in between")]);
    let whole = event("message-back", [bytes(&[1, 2, 3])]);
    // The reference closes the connection; who handles the text out of band must keep both intact.
    while let Some((packet, at)) = session.next_or_closed().await? {
        if packet == whole {
            break;
        }
        if packet != in_between {
            return Err(Stop::violation(
                "the connection closed, or both events intact",
                packet.to_string(),
                at,
            ));
        }
    }
    Ok(())
}

async fn a_lonely_placeholder_is_not_delivered(stage: &mut Stage) -> Check {
    for number in ["1", "-1", "\"0\""] {
        let packet = format!("451-[\"message\",{{\"_placeholder\":true,\"num\":{number}}}]");
        is_not_delivered(stage, &packet, &[1, 2, 3]).await?;
    }
    Ok(())
}

async fn an_attachment_is_no_name(stage: &mut Stage) -> Check {
    is_not_delivered(stage, r#"451-[{"_placeholder":true,"num":0},"x"]"#, b"message").await
}

/// An event with an attachment closes the connection, or is passed over.
async fn is_not_delivered(stage: &mut Stage, packet: &str, attachment: &[u8]) -> Check {
    const WANT: &str = "the connection closed, or the event passed over";
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(packet);
    session.sends_binary(attachment);
    session.says(&event("message-with-ack", [json!("fence")]).with_id(4_000_000));
    match session.next_or_closed().await.map_err(|stop| expecting(stop, WANT))? {
        None => Ok(()),
        Some((packet, _)) if packet == ack(4_000_000, [json!("fence")]) => Ok(()),
        Some((packet, at)) => Err(Stop::violation(WANT, packet.to_string(), at)),
    }
}

async fn half_a_packet_is_forgotten(stage: &mut Stage) -> Check {
    let [mut alice, _] = watched(stage).await?;
    // Whoever recognises a client knows it by this.
    let mut auth = stage.auth();
    auth["client"] = json!(stage.own("bob"));
    let wire = stage.session().await?;
    let mut bob = Client::join(wire, "/", Some(auth.clone())).await.set_up("joining the main namespace")?;
    bob.wire.sends(r#"451-["message",{"_placeholder":true,"num":0}]"#);
    bob.wire.starts_hanging_up();
    while alice.hears_of_any(&bob.sid).await.set_up("hearing of the loss")?.0 != "left" {}
    let mut session = stage.session().await?;
    session.joins("/", Some(auth)).await.set_up("joining the main namespace")?;
    for args in [[json!("anew")], [bytes(&[4, 5, 6])]] {
        session.says(&event("message", args.clone()));
        session.hears(&event("message-back", args)).await?;
    }
    Ok(())
}

async fn each_event_keeps_its_bytes(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    for number in 0..20_u8 {
        session.says(&event("message", [json!(number), bytes(&[number; 5])]));
    }
    let echoes: Vec<Sio> =
        (0..20_u8).map(|number| event("message-back", [json!(number), bytes(&[number; 5])])).collect();
    session.hears_all(&echoes).await
}
