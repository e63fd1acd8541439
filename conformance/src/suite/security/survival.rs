//! Input that has ended servers: this one has to serve the next client.

use crate::{
    rule::{Rule, Source},
    scenario::{Transport, needs::ECHO},
    scenarios,
    stage::Stage,
    verdict::{Check, SetUp, Stop},
};

const INHERITED_TRANSPORT: Rule = Rule::reference(
    "security/survival/inherited-transport",
    Source::observed("a transport named like a member of every object is refused (CVE-2023-31125)"),
    "A request that names a transport like a member of every object is refused, and the server lives on.",
)
.broken_by(&["inherited-transport-kills", "transport-unknown-accepted"])
.users("One request from anybody ends the process.")
.seen(&["CVE-2023-31125"]);

const RESERVED_EVENT: Rule = Rule::reference(
    "security/survival/reserved-event",
    Source::observed("an event with a reserved name ends no process (CVE-2024-38355)"),
    "An event with a reserved name does not end the server.",
)
.broken_by(&["reserved-event-kills"])
.users("One packet from anybody ends the process.")
.seen(&["CVE-2024-38355"]);

const EVENT_NAME: Rule = Rule::reference(
    "security/survival/event-name",
    Source::observed("an event whose name is an object ends no process (CVE-2023-32695)"),
    "An event whose name is an object, a list or a truth value does not end the server.",
)
.broken_by(&["event-name-object-kills"])
.users("One packet from anybody ends the process.")
.seen(&["CVE-2023-32695"]);

const CONNECT_ERROR: Rule = Rule::reference(
    "security/survival/connect-error",
    Source::observed("a CONNECT_ERROR of a client ends no process (CVE-2024-38355)"),
    "A CONNECT_ERROR of a client does not end the server.",
)
.broken_by(&["connect-error-kills"])
.users("One packet from anybody ends the process.")
.seen(&["CVE-2024-38355"]);

const PLACEHOLDER: Rule = Rule::reference(
    "security/survival/placeholder",
    Source::observed("placeholders with names for numbers end no process (CVE-2022-2421)"),
    "A placeholder whose number is the name of a method does not end the server.",
)
.broken_by(&["placeholder-name-kills"])
.seen(&["CVE-2022-2421"]);

const ATTACHMENT_COUNT: Rule = Rule::reference(
    "security/survival/attachment-count",
    Source::observed("a packet that announces a million attachments ends no process (CVE-2026-33151)"),
    "A packet that announces more attachments than can ever come does not end the server.",
)
.broken_by(&["attachment-count-kills"])
.seen(&["CVE-2026-33151"]);

const ODD_PACKETS: Rule = Rule::reference(
    "security/survival/odd-packets",
    Source::observed("open, upgrade, noop and ping packets of a client end no process"),
    "Engine.IO packets that no client sends do not end the server.",
)
.broken_by(&["odd-packet-kills"]);

const DEEP: Rule = Rule::reference(
    "security/survival/deep",
    Source::observed("a payload nested 20 000 levels deep ends no process"),
    "A payload nested very deep does not end the server.",
)
.broken_by(&["deep-payload-kills"])
.users("One packet from anybody ends the process.");

const UPGRADE_BODY: Rule = Rule::reference(
    "security/survival/upgrade-with-body",
    Source::observed("a request for a WebSocket with a body ends no process (CVE-2022-21676)"),
    "A request for a WebSocket that has a body does not end the server.",
)
.broken_by(&["upgrade-with-body-kills"])
.seen(&["CVE-2022-21676"]);

const FIRST_FRAME: Rule = Rule::reference(
    "security/survival/first-frame",
    Source::observed("an invalid frame right behind the handshake ends no process (CVE-2022-21676)"),
    "An invalid frame right behind the opening handshake of a WebSocket does not end the server.",
)
.broken_by(&["invalid-first-frame-kills"])
.seen(&["CVE-2022-21676"]);

const RESET: Rule = Rule::reference(
    "security/survival/reset-after-refusal",
    Source::observed(
        "a connection that is reset while its upgrade is refused ends no process (CVE-2022-41940)",
    ),
    "A client that resets its connection while it is refused a WebSocket does not end the server.",
)
.broken_by(&["reset-after-refusal-kills"])
.seen(&["CVE-2022-41940"]);

const MANY_HEADERS: Rule = Rule::reference(
    "security/survival/many-headers",
    Source::observed("a request for a WebSocket with thousands of headers ends no process (CVE-2024-37890)"),
    "A request for a WebSocket with thousands of headers does not end the server.",
)
.broken_by(&["many-headers-kill"])
.seen(&["CVE-2024-37890"]);

const SUBPROTOCOL: Rule = Rule::reference(
    "security/survival/subprotocol-blanks",
    Source::observed("thousands of blanks in Sec-WebSocket-Protocol are read in no time (CVE-2021-32640)"),
    "A subprotocol of thousands of blanks neither ends the server nor keeps it busy.",
)
.broken_by(&["subprotocol-blanks-kill"])
.seen(&["CVE-2021-32640"]);

scenarios! {
    INHERITED_TRANSPORT => the_next_client_is_served_after_a_request over [Polling, Websocket];
    RESERVED_EVENT => the_next_client_is_served_after_an_event over [Polling, Websocket, Upgraded] needs [ECHO];
    EVENT_NAME => served_after_names_that_are_none over [Polling, Websocket, Upgraded] needs [ECHO];
    CONNECT_ERROR => served_after_connect_errors over [Polling, Websocket, Upgraded] needs [ECHO];
    PLACEHOLDER => served_after_placeholders over [Polling, Websocket, Upgraded] needs [ECHO];
    ATTACHMENT_COUNT => served_after_counts over [Polling, Websocket, Upgraded] needs [ECHO];
    ODD_PACKETS => served_after_odd_packets over [Polling, Websocket, Upgraded] needs [ECHO];
    DEEP => served_after_depth over [Polling, Websocket] needs [ECHO];
    UPGRADE_BODY => served_after_a_body over [Websocket];
    FIRST_FRAME => served_after_a_frame over [Websocket];
    RESET => served_after_a_reset over [Websocket];
    MANY_HEADERS => served_after_headers over [Websocket];
    SUBPROTOCOL => served_after_blanks over [Websocket];
}

const QUERY: &str = "EIO=4&transport=websocket";
const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async fn the_next_client_is_served_after_a_request(stage: &mut Stage) -> Check {
    for name in ["__proto__", "constructor"] {
        let query = format!("EIO=4&transport={name}");
        match stage.over() {
            Transport::Polling => stage.request("GET", &query, None).await?.is_refusal()?,
            _ => stage.websocket(&query).await?.is_refused().await?,
        }
    }
    serves(stage).await
}

async fn the_next_client_is_served_after_an_event(stage: &mut Stage) -> Check {
    let names = ["error", "connect", "disconnect", "disconnecting", "newListener", "removeListener"];
    served_after(stage, &names.map(|name| vec![format!("42[\"{name}\",\"x\"]")])).await
}

async fn served_after_names_that_are_none(stage: &mut Stage) -> Check {
    let names = [r#"{"toString":"foo"}"#, r#"["a"]"#, "true"];
    served_after(stage, &names.map(|name| vec![format!("42[{name}]")])).await
}

async fn served_after_connect_errors(stage: &mut Stage) -> Check {
    let packets = [r#"44{"message":"x"}"#, "44\"x\"", "45woooot"];
    served_after(stage, &packets.map(|packet| vec![packet.to_owned()])).await
}

async fn served_after_placeholders(stage: &mut Stage) -> Check {
    let numbers = [r#","num":"splice""#, r#","num":"__proto__""#, r#","num":"constructor""#, ""];
    let packets = numbers.map(|number| {
        vec![format!(r#"451-["message",{{"_placeholder":true{number}}}]"#), "bAQID".to_owned()]
    });
    served_after(stage, &packets).await
}

async fn served_after_counts(stage: &mut Stage) -> Check {
    let counts = ["999999", "4294967296", "99999999999999999999999999"];
    served_after(stage, &counts.map(|count| vec![format!("45{count}-[\"message\"]"), "bAQID".to_owned()]))
        .await
}

async fn served_after_odd_packets(stage: &mut Stage) -> Check {
    let packets = ["0", "0{}", "5", "6", "3probe", "2", "2probe"];
    served_after(stage, &packets.map(|packet| vec![packet.to_owned()])).await
}

async fn served_after_depth(stage: &mut Stage) -> Check {
    const LEVELS: usize = 20_000;
    let deep = format!("42[\"nobody\",{}{}]", "[".repeat(LEVELS), "]".repeat(LEVELS));
    served_after(stage, &[vec![deep]]).await
}

async fn served_after_a_body(stage: &mut Stage) -> Check {
    let mut raw = stage.raw().await?;
    raw.head("GET", QUERY, &format!("{UPGRADE}Content-Length: 4\r\n")).await?;
    raw.body(b"test").await?;
    // Refusing and ignoring are both in use.
    let _answer = raw.reply().await;
    drop(raw);
    serves(stage).await
}

async fn served_after_a_frame(stage: &mut Stage) -> Check {
    let mut raw = stage.raw().await?;
    raw.head("GET", QUERY, UPGRADE).await?;
    // All of its reserved bits are set.
    raw.body(&[0xf1, 0x80, 0, 0, 0, 0]).await?;
    let _answer = raw.reply().await;
    drop(raw);
    serves(stage).await
}

async fn served_after_a_reset(stage: &mut Stage) -> Check {
    for _ in 0..3 {
        let mut raw = stage.raw().await?;
        raw.head("GET", "EIO=4&transport=flashsocket", UPGRADE).await?;
        // A round trip on another connection: the server has read the request, and refuses it just now.
        stage.request("GET", "EIO=4&transport=none", None).await.set_up("a round trip")?;
        raw.resets();
    }
    serves(stage).await
}

async fn served_after_headers(stage: &mut Stage) -> Check {
    const HEADERS: usize = 2_100;
    let mut raw = stage.raw().await?;
    // The server may hang up before it has read them all.
    let _lost = raw.head("GET", QUERY, &format!("{}{UPGRADE}", "a: b\r\n".repeat(HEADERS))).await;
    let _answer = raw.reply().await;
    drop(raw);
    serves(stage).await
}

async fn served_after_blanks(stage: &mut Stage) -> Check {
    const BLANKS: usize = 10_000;
    let mut raw = stage.raw().await?;
    let offer = format!("Sec-WebSocket-Protocol: b{}x\r\n", " ".repeat(BLANKS));
    let _lost = raw.head("GET", QUERY, &format!("{UPGRADE}{offer}")).await;
    let _answer = raw.reply().await;
    drop(raw);
    serves(stage).await
}

/// Sends these packets, each list on a connection of its own; then the next client is served.
async fn served_after(stage: &mut Stage, hostile: &[Vec<String>]) -> Check {
    for packets in hostile {
        let mut session = stage.session().await?;
        session.joins("/", None).await.set_up("joining the main namespace")?;
        for packet in packets {
            session.sends(packet);
        }
        // Closing and ignoring are both in use: an answer to this, or none, is all the same.
        session.sends("40/custom,");
        // So is silence: that a connection has gone deaf is a rule of its own.
        let _silence = session.next_heard_within(stage.patience().release()).await;
    }
    serves(stage).await
}

/// Demands that a fresh client is served.
async fn serves(stage: &mut Stage) -> Check {
    let fresh = match stage.over() {
        Transport::Websocket => stage.session().await.map(drop),
        _ => stage.polling().await.map(drop),
    };
    fresh.map_err(|stop| match stop {
        Stop::Inconclusive(why) => Stop::violation("a session for the next client", why, None),
        other => other,
    })
}
