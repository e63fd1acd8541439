//! How packets may be written: blanks, counts, placeholders, and what only looks like a packet.

use serde_json::json;

use super::packet::each_closes;
use crate::{
    rule::{Rule, Source},
    scenario::needs::{ECHO, feature},
    scenarios,
    stage::{Kind, Sio, Stage, ack, bytes, event},
    verdict::{Check, SetUp, Stop, expecting},
};

const BLANKS_BEHIND: Rule = Rule::reference(
    "socket/grammar/blanks-behind",
    Source::observed("blanks and line feeds behind the payload are read as JSON reads them"),
    "Blanks and line feeds may follow the payload.",
)
.broken_by(&["blanks-behind-close"]);

const BLANKS_INSIDE: Rule = Rule::must(
    "socket/grammar/blanks-inside",
    Source::socket("Packet encoding"),
    "A payload may hold blanks wherever JSON may.",
)
.broken_by(&["blanks-inside-close"])
.users("Clients whose library writes JSON in a wider way are cut off.");

const MAIN_SPELLED: Rule = Rule::reference(
    "socket/grammar/main-spelled-out",
    Source::observed("/ and /, name the main namespace"),
    "The main namespace may be named, as / or /, with its comma.",
)
.broken_by(&["slash-is-unknown"]);

const CONNECT_PAYLOAD: Rule = Rule::should(
    "socket/grammar/connect-payload",
    Source::observed("a CONNECT whose payload is no object closes the connection"),
    "A CONNECT whose payload is no object is not admitted.",
)
.broken_by(&["connect-payload-unchecked"]);

const ACK_PAYLOAD: Rule = Rule::must(
    "socket/grammar/ack-payload",
    Source::socket("Acknowledgement"),
    "An acknowledgement whose payload is no array closes the connection.",
)
.broken_by(&["bad-ack-payload-ignored"]);

const COUNT: Rule = Rule::reference(
    "socket/grammar/attachment-count",
    Source::observed("a binary packet without a whole number and a dash closes the connection"),
    "A binary packet that does not say how many attachments follow closes the connection.",
)
.broken_by(&["attachment-count-ignored"]);

const NO_ATTACHMENTS: Rule = Rule::reference(
    "socket/grammar/no-attachments",
    Source::observed("a binary packet that announces no attachment is refused, or delivered and done with"),
    "A binary packet that announces no attachment closes the connection, or leaves it as able to hear as before.",
)
.broken_by(&["no-attachments-deafens"])
.users("Everything that the client says from then on is lost.")
.seen(&["GHSA-677m-j7p3-52f9", "python-socketio"]);

const BASE64: Rule = Rule::reference(
    "socket/grammar/base64-on-websocket",
    Source::observed("b and base64 in a text message is binary, over WebSocket too"),
    "Over WebSocket an attachment may come as b and base64, as clients with forceBase64 send it.",
)
.broken_by(&["base64-on-websocket-closes"]);

const PONG_IN_BETWEEN: Rule = Rule::reference(
    "socket/grammar/pong-in-between",
    Source::observed("heartbeats may come between a packet and its attachments"),
    "A pong that comes between a packet and its attachments is none of them.",
)
.broken_by(&["pong-in-between-closes"]);

const PLACEHOLDER_TRUE: Rule = Rule::reference(
    "socket/grammar/placeholder-is-true",
    Source::observed("only an object whose _placeholder is true is a placeholder"),
    "An object whose _placeholder is false is data.",
)
.broken_by(&["false-placeholder-replaced"]);

const SWAPPED: Rule = Rule::must(
    "socket/grammar/placeholders-swapped",
    Source::socket("Packet encoding: BINARY_EVENT"),
    "Attachments go where their numbers say, in whatever order these stand.",
)
.broken_by(&["placeholders-read-in-order", "attachments-swapped"]);

const TWICE: Rule = Rule::reference(
    "socket/grammar/placeholder-twice",
    Source::observed("an attachment may stand in two places"),
    "An attachment may stand in two places.",
)
.broken_by(&["placeholders-read-in-order", "second-place-emptied"]);

const UNUSED: Rule = Rule::reference(
    "socket/grammar/attachment-unused",
    Source::observed("an attachment that stands nowhere does no harm"),
    "An attachment that stands nowhere does no harm.",
)
.broken_by(&["unused-attachment-closes"]);

const JSON_ONLY: Rule = Rule::must(
    "socket/grammar/json-only",
    Source::socket("Packet encoding"),
    "What the server sends is JSON, though what it was sent is not quite.",
)
.broken_by(&["nan-repeated"])
.users("Clients close the connection, since they cannot read NaN.")
.seen(&["python-socketio"]);

const UNRESERVED: Rule = Rule::reference(
    "socket/grammar/unreserved-names",
    Source::observed("ping, connection and open are names of events like any other"),
    "Events named ping, connection or open are events like any other.",
)
.broken_by(&["ping-event-closes", "unknown-event-closes"]);

scenarios! {
    BLANKS_BEHIND => blanks_may_follow over [Polling, Websocket, Upgraded] needs [ECHO];
    BLANKS_INSIDE => blanks_may_be_inside over [Polling, Websocket, Upgraded] needs [ECHO];
    MAIN_SPELLED => the_main_namespace_may_be_named over [Polling, Websocket, Upgraded];
    CONNECT_PAYLOAD => another_payload_is_not_admitted over [Polling, Websocket, Upgraded];
    ACK_PAYLOAD => another_ack_payload_closes over [Polling, Websocket, Upgraded] needs [ECHO];
    COUNT => a_count_is_needed over [Polling, Websocket, Upgraded] needs [ECHO, feature("binary")];
    NO_ATTACHMENTS => none_is_a_number_too over [Polling, Websocket, Upgraded] needs [ECHO, feature("binary")];
    BASE64 => base64_is_an_attachment over [Websocket, Upgraded] needs [ECHO, feature("binary")];
    PONG_IN_BETWEEN => a_pong_is_no_attachment over [Polling, Websocket] needs [ECHO, feature("binary")];
    PLACEHOLDER_TRUE => a_false_placeholder_is_data over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("binary")];
    SWAPPED => numbers_say_where over [Polling, Websocket, Upgraded] needs [ECHO, feature("binary")];
    TWICE => two_places_get_it over [Polling, Websocket, Upgraded] needs [ECHO, feature("binary")];
    UNUSED => no_place_gets_it over [Polling, Websocket, Upgraded] needs [ECHO, feature("binary")];
    JSON_ONLY => what_comes_is_json over [Polling, Websocket, Upgraded] needs [ECHO];
    UNRESERVED => such_names_have_no_effect over [Polling, Websocket, Upgraded] needs [ECHO];
}

async fn blanks_may_follow(stage: &mut Stage) -> Check {
    is_echoed(stage, "42[\"message\",\"blank\"] \n", &[], event("message-back", [json!("blank")])).await
}

async fn blanks_may_be_inside(stage: &mut Stage) -> Check {
    let sent = "42[ \"message\" ,\n {\t\"a\" : [ 1 , 2 ] } ]";
    is_echoed(stage, sent, &[], event("message-back", [json!({ "a": [1, 2] })])).await
}

async fn the_main_namespace_may_be_named(stage: &mut Stage) -> Check {
    for packet in ["40/,", "40/"] {
        let mut session = stage.session().await?;
        session.sends(packet);
        session.admitted("/").await?;
    }
    Ok(())
}

async fn another_payload_is_not_admitted(stage: &mut Stage) -> Check {
    for packet in ["40[]", "40\"token\"", "40[1]"] {
        let mut session = stage.session().await?;
        session.sends(packet);
        // The answer to this shows that the server passed over what came before.
        session.sends("40/nowhere,");
        match session.next_or_closed().await? {
            None => {}
            Some((answer, _)) if answer.kind == Kind::ConnectError => {}
            Some((answer, at)) => {
                let want = format!("the connection closed, or {packet} refused");
                return Err(Stop::violation(want, answer.to_string(), at));
            }
        }
    }
    Ok(())
}

async fn another_ack_payload_closes(stage: &mut Stage) -> Check {
    each_closes(stage, &["431{}", "431null", "431\"x\""]).await
}

async fn a_count_is_needed(stage: &mut Stage) -> Check {
    each_closes(stage, &["451[\"message\"]", "45", "45a-[\"message\"]", "451.5-[\"message\"]"]).await
}

async fn none_is_a_number_too(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends("450-[\"message\",\"no bytes\"]");
    let fence = ack(6_100_000, [json!("fence")]);
    session.says(&event("message-with-ack", [json!("fence")]).with_id(6_100_000));
    const WANT: &str = "the connection closed, or the next event answered";
    while let Some((packet, at)) = session.next_or_closed().await.map_err(|stop| expecting(stop, WANT))? {
        if packet == fence {
            break;
        }
        let delivered = packet == event("message-back", [json!("no bytes")]);
        stage.demand(delivered, WANT, packet.to_string(), at)?;
    }
    Ok(())
}

async fn base64_is_an_attachment(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(r#"451-["message",{"_placeholder":true,"num":0}]"#);
    session.sends("bAQID");
    session.hears(&event("message-back", [bytes(&[1, 2, 3])])).await
}

async fn a_pong_is_no_attachment(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.stops_answering();
    session.next_ping().await.set_up("waiting for a ping")?;
    session.sends(r#"451-["message",{"_placeholder":true,"num":0}]"#);
    session.sends("3");
    session.sends_binary(&[1, 2, 3]);
    session.hears(&event("message-back", [bytes(&[1, 2, 3])])).await
}

async fn a_false_placeholder_is_data(stage: &mut Stage) -> Check {
    let sent = r#"451-["message",{"_placeholder":true,"num":0},{"_placeholder":false,"num":0}]"#;
    let want = [bytes(&[1, 2, 3]), json!({ "_placeholder": false, "num": 0 })];
    is_echoed(stage, sent, &[&[1, 2, 3]], event("message-back", want)).await
}

async fn numbers_say_where(stage: &mut Stage) -> Check {
    let sent = r#"452-["message",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    let want = event("message-back", [bytes(&[2, 2]), bytes(&[1])]);
    is_echoed(stage, sent, &[&[1], &[2, 2]], want).await
}

async fn two_places_get_it(stage: &mut Stage) -> Check {
    let sent = r#"451-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#;
    let want = event("message-back", [bytes(&[1, 2]), bytes(&[1, 2])]);
    is_echoed(stage, sent, &[&[1, 2]], want).await
}

async fn no_place_gets_it(stage: &mut Stage) -> Check {
    is_echoed(stage, r#"451-["message","text"]"#, &[&[1, 2]], event("message-back", [json!("text")])).await
}

async fn what_comes_is_json(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends("42[\"message\",NaN]");
    session.sends("40/nowhere,");
    // Closing, passing over and answering null are all in use; what cannot be read is a violation.
    while let Some((packet, _)) = session.next_or_closed().await? {
        if packet.kind == Kind::ConnectError {
            break;
        }
    }
    Ok(())
}

async fn such_names_have_no_effect(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    for name in ["ping", "connection", "open"] {
        session.says(&event(name, [json!("x")]));
    }
    session.hears_nothing_more("/").await
}

/// A packet and its attachments, just as they are, are answered with this one.
async fn is_echoed(stage: &mut Stage, packet: &str, attachments: &[&[u8]], want: Sio) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(packet);
    for attachment in attachments {
        session.sends_binary(attachment);
    }
    session.hears(&want).await
}
