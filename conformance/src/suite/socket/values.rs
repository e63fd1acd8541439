//! What an event may hold: any number of arguments, any depth, any number, any bytes, each as it was sent.

use serde_json::{Value, json};

use crate::{
    rule::{Rule, Source},
    scenario::needs::{ECHO, feature},
    scenarios,
    stage::{Heard, Stage, ack, bytes, event},
    verdict::{Check, SetUp, expecting},
};

const NO_ARGUMENTS: Rule = Rule::must(
    "socket/values/no-arguments",
    Source::socket("Sending and receiving data"),
    "An event may have no arguments.",
)
.broken_by(&["empty-event-ignored"]);

const MANY_ARGUMENTS: Rule = Rule::must(
    "socket/values/many-arguments",
    Source::socket("Sending and receiving data"),
    "An event may have many arguments.",
)
.broken_by(&["arguments-cut-at-ten"]);

const DEEP: Rule = Rule::reference(
    "socket/values/deep",
    Source::observed("values nested fifty levels deep come back"),
    "Arguments may be nested deep.",
)
.broken_by(&["deep-values-dropped"]);

const LARGE_NUMBERS: Rule = Rule::reference(
    "socket/values/large-numbers",
    Source::observed("whole numbers are exact up to 2^53-1"),
    "Whole numbers are exact up to 2^53-1.",
)
.broken_by(&["large-numbers-wrap"])
.users("Timestamps in milliseconds and ids from databases arrive as other numbers.");

const FRACTIONS: Rule = Rule::reference(
    "socket/values/fractions",
    Source::observed("numbers keep the precision of a double"),
    "Fractions keep their precision.",
)
.broken_by(&["fractions-cut"]);

const LOOKS_LIKE_PLACEHOLDER: Rule = Rule::reference(
    "socket/values/looks-like-placeholder",
    Source::observed("an event without attachments has no placeholders"),
    "What looks like a placeholder in an event without attachments is data.",
)
.broken_by(&["placeholder-in-text-replaced"]);

const PLACEHOLDER_ORDER: Rule = Rule::must(
    "socket/values/placeholder-key-order",
    Source::socket("Sending and receiving data"),
    "The members of a placeholder may come in any order.",
)
.broken_by(&["placeholder-order-matters"])
.seen(&["rust-socketio#422"]);

const MANY_ATTACHMENTS: Rule = Rule::must(
    "socket/values/many-attachments",
    Source::socket("Sending and receiving data"),
    "An event may have ten attachments, each in its place.",
)
.broken_by(&["tenth-attachment-emptied", "attachments-swapped"]);

const LARGE_ATTACHMENT: Rule = Rule::reference(
    "socket/values/large-attachment",
    Source::observed("an attachment of 100 000 bytes arrives intact"),
    "A large attachment arrives intact.",
)
.broken_by(&["large-attachment-truncated"]);

const ESCAPES: Rule = Rule::must(
    "socket/values/escapes",
    Source::socket("Packet encoding"),
    "Texts may hold every character that JSON can escape.",
)
.broken_by(&["text-cut-at-nul", "non-bmp-replaced"]);

const KEYS: Rule = Rule::must(
    "socket/values/keys",
    Source::socket("Packet encoding"),
    "The keys of an object may be empty, long, and of any alphabet.",
)
.broken_by(&["empty-key-dropped"]);

const HALF_CHARACTER: Rule = Rule::reference(
    "socket/values/half-character",
    Source::observed("half a surrogate pair comes back as the escape that it was"),
    "Text with half a surrogate pair comes back with it, or with U+FFFD in its place, or not at all.",
)
.broken_by(&["half-characters-dropped"])
.users("A text that was cut in the middle of an emoji closes the connection of everybody who is sent it.");

scenarios! {
    HALF_CHARACTER => half_a_character_does_no_harm over [Polling, Websocket, Upgraded] needs [ECHO];
    ESCAPES => escapes_come_back over [Polling, Websocket, Upgraded] needs [ECHO];
    KEYS => keys_come_back over [Polling, Websocket, Upgraded] needs [ECHO];
    NO_ARGUMENTS => nothing_comes_back over [Polling, Websocket, Upgraded] needs [ECHO];
    MANY_ARGUMENTS => a_hundred_come_back over [Polling, Websocket, Upgraded] needs [ECHO];
    DEEP => deep_values_come_back over [Polling, Websocket, Upgraded] needs [ECHO];
    LARGE_NUMBERS => large_numbers_come_back over [Polling, Websocket, Upgraded] needs [ECHO];
    FRACTIONS => fractions_come_back over [Polling, Websocket, Upgraded] needs [ECHO];
    LOOKS_LIKE_PLACEHOLDER => a_likeness_comes_back over [Polling, Websocket, Upgraded] needs [ECHO];
    PLACEHOLDER_ORDER => the_number_may_come_first over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("binary")];
    MANY_ATTACHMENTS => ten_attachments_come_back over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("binary")];
    LARGE_ATTACHMENT => a_large_attachment_comes_back over [Polling, Websocket, Upgraded]
        needs [ECHO, feature("binary")];
}

async fn escapes_come_back(stage: &mut Stage) -> Check {
    let text = "nul \u{0} bell \u{8} feed \u{c} line \n\r tab \t quote \" slash \\ / \u{2028} \u{1f600} end";
    comes_back(stage, vec![json!(text)]).await
}

async fn half_a_character_does_no_harm(stage: &mut Stage) -> Check {
    const WANT: &str = r"half \ud83d of it, or half \ufffd of it, or no answer";
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(r#"42["message","half \ud83d of it"]"#);
    let fence = ack(6_200_000, [json!("fence")]);
    session.says(&event("message-with-ack", [json!("fence")]).with_id(6_200_000));
    loop {
        // What cannot be written as UTF-8 cannot be read as a packet: it is looked at as text.
        match session.next_heard().await.map_err(|stop| expecting(stop, WANT))? {
            Heard::Text(text, at) if text.contains("message-back") => {
                let text = text.to_ascii_lowercase();
                let intact = [r"half \ud83d of it", r"half \ufffd of it", "half \u{fffd} of it"];
                stage.demand(intact.iter().any(|intact| text.contains(intact)), WANT, text, at)?;
            }
            Heard::Text(text, _) if stage.read(&text).as_ref() == Some(&fence) => return Ok(()),
            Heard::Closed(how, at) => return stage.demand(!how.contains("UTF-8"), WANT, how, at),
            _ => {}
        }
    }
}

async fn keys_come_back(stage: &mut Stage) -> Check {
    let long = "k".repeat(300);
    comes_back(stage, vec![json!({ "": { "": 0 }, "ключ": 1, "a b": 2, "\"": 3, long: 4 })]).await
}

async fn nothing_comes_back(stage: &mut Stage) -> Check {
    comes_back(stage, Vec::new()).await
}

async fn a_hundred_come_back(stage: &mut Stage) -> Check {
    comes_back(stage, (0..100).map(Value::from).collect()).await
}

async fn deep_values_come_back(stage: &mut Stage) -> Check {
    let deep = (0..50).fold(json!("bottom"), |inner, level| match level % 2 {
        0 => json!([inner]),
        _ => json!({ "in": inner }),
    });
    comes_back(stage, vec![deep]).await
}

async fn large_numbers_come_back(stage: &mut Stage) -> Check {
    const LARGEST: i64 = (1 << 53) - 1;
    comes_back(stage, [1 << 31, 1 << 32, 1_764_000_000_000, LARGEST, -LARGEST].map(Value::from).into()).await
}

async fn fractions_come_back(stage: &mut Stage) -> Check {
    comes_back(stage, [0.1, -0.125, 1234.56789, 0.0000015].map(Value::from).into()).await
}

async fn a_likeness_comes_back(stage: &mut Stage) -> Check {
    let likeness = r#"42["message",{"_placeholder":true,"num":0},"and more"]"#;
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(likeness);
    let want = [json!({ "_placeholder": true, "num": 0 }), json!("and more")];
    session.hears(&event("message-back", want)).await
}

async fn the_number_may_come_first(stage: &mut Stage) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.sends(r#"451-["message",{"num":0,"_placeholder":true}]"#);
    session.sends_binary(&[1, 2, 3]);
    session.hears(&event("message-back", [bytes(&[1, 2, 3])])).await
}

async fn ten_attachments_come_back(stage: &mut Stage) -> Check {
    comes_back(stage, (1..=10).map(|number| bytes(&[number; 3])).collect()).await
}

async fn a_large_attachment_comes_back(stage: &mut Stage) -> Check {
    let large: Vec<u8> = (0..100_000_u32).map(|number| (number % 251) as u8).collect();
    comes_back(stage, vec![bytes(&large)]).await
}

/// The arguments come back as they were sent.
async fn comes_back(stage: &mut Stage, args: Vec<Value>) -> Check {
    let mut session = stage.session().await?;
    session.joins("/", None).await.set_up("joining the main namespace")?;
    session.says(&event("message", args.clone()));
    session.hears(&event("message-back", args)).await
}
