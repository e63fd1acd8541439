//! Packets on their transports: how they are framed, and what is no packet.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    rule::{Rule, Source},
    scenario::needs::ECHO,
    scenarios,
    stage::{Sio, Stage, bytes, event},
    verdict::{Check, SetUp},
};

const PAYLOAD_ORDER: Rule = Rule::docs(
    "engine/payload/order",
    Source::docs("delivery-guarantees: message ordering"),
    "The packets of one POST are handled in their order, and so are their answers.",
)
.broken_by(&["payload-handled-backwards", "fourth-event-after-fifth"]);

const SEPARATOR: Rule = Rule::must(
    "engine/payload/separator",
    Source::engine("Packet encoding: HTTP long-polling"),
    "Packets of one payload are separated by U+001E; nothing follows the last.",
)
.broken_by(&["trailing-separator"])
.seen(&["netty-socketio#950", "netty-socketio#955"]);

const BINARY_AS_BASE64: Rule = Rule::must(
    "engine/payload/binary-as-base64",
    Source::engine("Packet encoding: HTTP long-polling"),
    "Over polling, binary is the letter b and padded base64 in the standard alphabet, in both directions.",
)
.broken_by(&["base64-url-safe"]);

const BAD_PACKET_STOPS: Rule = Rule::reference(
    "engine/payload/bad-packet-stops",
    Source::observed("decoding of a payload stops at the first bad packet"),
    "What follows a bad packet in a payload is not handled; what precedes it is.",
)
.broken_by(&["bad-packet-skipped", "unknown-packet-ignored"]);

const TEXT: Rule = Rule::must(
    "engine/payload/text",
    Source::engine("Packet encoding"),
    "Text arrives unchanged in both directions, whatever the characters.",
)
.broken_by(&["non-bmp-replaced"]);

const UNKNOWN_TYPE_CLOSES: Rule = Rule::must(
    "engine/payload/unknown-type-closes",
    Source::engine("Packet encoding"),
    "What is no packet closes the session.",
)
.broken_by(&["unknown-packet-ignored", "bad-packet-skipped"]);

const BEYOND_LIMIT: Rule = Rule::reference(
    "engine/payload/beyond-limit",
    Source::observed("maxPayload limits what clients send: what waits for a poll may be more in all"),
    "Events that wait for a poll all arrive, though they are more than maxPayload together.",
)
.broken_by(&["answer-cut-at-limit"])
.seen(&["socketioxide#738"]);

scenarios! {
    PAYLOAD_ORDER => a_payload_is_handled_in_order over [Polling] needs [ECHO];
    BEYOND_LIMIT => everything_arrives over [Polling] needs [ECHO] in Limits;
    SEPARATOR => packets_are_separated over [Polling] needs [ECHO];
    BINARY_AS_BASE64 => binary_travels_as_base64 over [Polling] needs [ECHO];
    BAD_PACKET_STOPS => a_bad_packet_ends_the_payload over [Polling] needs [ECHO];
    TEXT => every_character_survives over [Polling, Websocket, Upgraded] needs [ECHO];
    UNKNOWN_TYPE_CLOSES => an_unknown_packet_closes over [Polling, Websocket, Upgraded];
}

async fn a_payload_is_handled_in_order(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    // Some servers take no more at a time.
    const PACKETS: usize = 16;
    let payload: Vec<String> = (1..=PACKETS).map(|number| format!("42[\"message\",{number}]")).collect();
    session.sends(&payload.join("\u{1e}"));
    for number in 1..=PACKETS {
        session.hears(&event("message-back", [json!(number)])).await?;
    }
    Ok(())
}

async fn packets_are_separated(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    // Nobody polls meanwhile: the echoes wait for one another.
    for number in 1..=3 {
        session.post(&format!("42[\"message\",{number}]")).await?.has_status(200)?;
    }
    let mut got = Vec::new();
    let mut at = None;
    while got.len() < 3 {
        let (packets, entry) = session.payload().await?;
        got.extend(packets);
        at = Some(entry);
    }
    let want: Vec<Sio> = (1..=3).map(|number| event("message-back", [json!(number)])).collect();
    let read: Vec<Option<Sio>> = got.iter().map(|packet| stage.read(packet)).collect();
    let holds =
        read.len() == want.len() && read.iter().zip(&want).all(|(read, want)| read.as_ref() == Some(want));
    let at = at.expect("three packets came in some answer");
    stage.demand(holds, "three packets with two separators", got.join("␞"), at)
}

async fn everything_arrives(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    // Each fits into the limit, and all of them do not.
    let word = "x".repeat(session.hello.testable_limit()? / 2);
    let echoes: Vec<Sio> = (0..3).map(|number| event("message-back", [json!(number), json!(word)])).collect();
    session.connect().await.set_up("joining the main namespace")?;
    let begun = Instant::now();
    let mut replies = Vec::new();
    for number in 0..echoes.len() {
        replies.push(session.post(&format!("42[\"message\",{number},\"{word}\"]")).await?);
    }
    // Nobody polls meanwhile, so no ping is answered.
    let alive = Duration::from_millis(session.hello.ping_interval_ms + session.hello.ping_timeout_ms);
    if begun.elapsed() > alive / 2 {
        return Err(stage.too_late("the session may have come to its end while we were still sending"));
    }
    for reply in replies {
        reply.has_status(200)?;
    }
    // In which order is not asked here.
    let (mut missing, mut got) = (echoes, Vec::new());
    while !missing.is_empty() {
        let (packets, at) = session.payload().await?;
        for packet in packets.into_iter().filter(|packet| !packet.is_empty()) {
            let read = stage.read(&packet);
            let due = missing.iter().position(|echo| Some(echo) == read.as_ref());
            got.push(packet);
            match due {
                Some(index) => drop(missing.swap_remove(index)),
                None => return stage.demand(false, "the echoes, each once", got.join("␞"), at),
            }
        }
    }
    Ok(())
}

async fn binary_travels_as_base64(stage: &mut Stage) -> Check {
    let session = stage.polling().await?;
    session.connect().await.set_up("joining the main namespace")?;
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    // fb ef ff fe needs `+`, `/` and padding.
    let event = format!("451-[\"message\",{placeholder}]\u{1e}b++///g==");
    session.post(&event).await?.has_status(200)?;
    let mut got = Vec::new();
    let mut at = None;
    while got.len() < 2 {
        let (packets, entry) = session.packets().await?;
        got.extend(packets);
        at = Some(entry);
    }
    let at = at.expect("two packets came in some answer");
    stage.demand(got.get(1).is_some_and(|packet| packet == "b++///g=="), "b++///g==", got.join("␞"), at)
}

async fn a_bad_packet_ends_the_payload(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends("42[\"message\",\"before\"]\u{1e}x\u{1e}42[\"message\",\"after\"]");
    // The echo of what precedes may be lost with the session that is closed at once.
    session.closes_after(&event("message-back", [json!("before")])).await
}

async fn every_character_survives(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    for text in ["plain", "é ß ø", "€ ✓ 漢字", "😀 𝄞 🏴‍☠️", "e\u{301} \u{feff} \u{2028} \u{7f}"]
    {
        session.says(&event("message", [json!(text)]));
        session.hears(&event("message-back", [json!(text)])).await?;
    }
    session.says(&event("message", [bytes(&[0, 1, 127, 128, 255])]));
    session.hears(&event("message-back", [bytes(&[0, 1, 127, 128, 255])])).await
}

async fn an_unknown_packet_closes(stage: &mut Stage) -> Check {
    for packet in ["7", "abc", "-1"] {
        let mut session = stage.session().await?;
        // An answer to the second shows that the server passed over the first.
        session.sends_together(&[packet, "40"]);
        session.closes().await?;
    }
    Ok(())
}
