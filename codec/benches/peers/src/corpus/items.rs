//! The items, class by class.

use super::random::Random;
use super::{Item, Kind, base64};
use bytes::Bytes;

/// Text of which every character takes three bytes.
const CJK: &str = "春眠不覚暁処処聞啼鳥夜来風雨声花落知多少안녕하세요세계여러분";

pub(super) fn make() -> Vec<Item> {
    let mut random = Random(0x5105_FEED_C0DE_2026);
    let mut items = Vec::new();
    small_events(&mut items);
    chats(&mut items, &mut random);
    bodies(&mut items, &mut random);
    answers_and_control(&mut items, &mut random);
    binary(&mut items, &mut random);
    transport(&mut items, &mut random);
    payloads(&mut items, &mut random);
    assert_eq!(items.len(), 72, "the corpus as README.md describes it");
    strings(&mut items, &mut random);
    items
}

fn socket(name: &'static str, class: &'static str, text: impl Into<String>) -> Item {
    Item::new(name, class, Kind::Socket, text.into()).with_attachments(Vec::new())
}

fn small_events(items: &mut Vec<Item>) {
    for (name, text) in [
        ("small-name", r#"2["hello"]"#),
        ("small-typing", r#"2["typing",{"user":"u123"}]"#),
        ("small-number", r#"2["tick",1763900000123]"#),
        ("small-cursor", r#"2["cursor",{"x":120,"y":443}]"#),
        ("small-arguments", r#"2["move","e2","e4",true,null]"#),
        ("small-string", r#"2["message","hi there"]"#),
        ("small-price", r#"2["px",{"s":"BTCUSD","p":67123.25,"q":0.014}]"#),
        ("small-empty", r#"2["ready",{}]"#),
    ] {
        items.push(socket(name, "small", text));
    }
}

fn chats(items: &mut Vec<Item>, random: &mut Random) {
    items.push(socket("chat-a", "chat", random.chat(20)));
    items.push(socket("chat-b", "chat", random.chat(24)));
    let quotes = format!(r#"He wrote \"no\"\n\tand went /o\\ {}"#, random.words(12));
    let unicode = [
        ("chat-latin", format!("Là-bas, l’été dernier… ça sentait déjà la forêt {}", random.words(8))),
        ("chat-emoji", "🎉🎉 we did it 🚀🚀 ".repeat(3)),
        ("chat-cjk", CJK.to_owned()),
    ];
    items.push(socket("chat-quotes", "chat", format!(r#"2["chat message",{}]"#, random.chat_body(&quotes))));
    for (name, text) in unicode {
        items.push(socket(name, "chat-uni", format!(r#"2["chat message",{}]"#, random.chat_body(&text))));
    }
    items.push(socket("chat-namespace", "chat", random.chat(18).replacen('2', "2/chat,", 1)));
    items.push(socket("chat-ack-id", "chat", random.chat(18).replacen('2', "217", 1)));
}

fn bodies(items: &mut Vec<Item>, random: &mut Random) {
    let event = |name: &str, body: &str| format!("2[\"{name}\",{body}]");
    items.push(socket("json1k", "json1k", event("update", &random.records(900))));
    let friends: Vec<String> = (0..4).map(|_| random.user()).collect();
    let (user, about) = (random.user(), random.words(60));
    let profile = format!("{{\"user\":{user},\"about\":\"{about}\",\"friends\":[{}]}}", friends.join(","));
    items.push(socket("json1k-object", "json1k", event("profile", &profile)));

    items.push(socket("json10k-records", "json10k", event("update", &random.records(10_000))));
    let (title, body) = (random.words(6), random.words(1_900));
    items.push(socket(
        "json10k-text",
        "json10k",
        event("doc", &format!("{{\"title\":\"{title}\",\"body\":\"{body}\"}}")),
    ));
    items.push(socket("json10k-numbers", "json10k", event("series", &random.numbers(980, 3))));
    items.push(socket(
        "json10k-cjk",
        "json10k",
        event("doc", &format!("{{\"body\":\"{}\"}}", CJK.repeat(100))),
    ));
    let lines: Vec<String> =
        (0..170).map(|_| format!(r#""D:\\logs\\a.txt\t\"{}\"\n""#, random.words(6))).collect();
    items.push(socket(
        "json10k-escapes",
        "json10k",
        event("log", &format!("{{\"lines\":[{}]}}", lines.join(","))),
    ));

    items.push(socket("json100k-records", "json100k", event("snapshot", &random.records(100_000))));
    items.push(socket("json1m-records", "json1m", event("snapshot", &random.records(1_000_000))));
    let body = random.words(190_000);
    items.push(socket("json1m-text", "json1m", event("doc", &format!("{{\"body\":\"{body}\"}}"))));
    items.push(socket("json1m-numbers", "json1m", event("series", &random.numbers(96_000, 0))));
}

fn answers_and_control(items: &mut Vec<Item>, random: &mut Random) {
    for (name, text) in [
        ("ack-empty", "30[]".to_owned()),
        ("ack-ok", r#"313["ok"]"#.to_owned()),
        ("ack-object", format!(r#"34711[{{"status":"ok","id":"{}"}}]"#, random.hex(16))),
        ("ack-large-id", r#"3123456789[null,{"n":1}]"#.to_owned()),
        ("ack-namespace", r#"3/admin,7[{"status":"ok"}]"#.to_owned()),
    ] {
        items.push(socket(name, "ack", text));
    }
    let token = base64(&random.bytes(180)).split_off(1);
    for (name, text) in [
        ("connect", "0".to_owned()),
        ("connect-auth", r#"0{"token":"abc123"}"#.to_owned()),
        ("connect-namespace", "0/admin,".to_owned()),
        ("connect-token", format!(r#"0/admin,{{"token":"{token}"}}"#)),
        ("connect-reply", r#"0{"sid":"qG5fXk9TzVw1LrYbAAAC"}"#.to_owned()),
        ("connect-error", r#"4{"message":"Not authorized"}"#.to_owned()),
        (
            "connect-error-data",
            r#"4/admin,{"message":"Not authorized","data":{"code":"E42","label":"wrong token"}}"#.to_owned(),
        ),
        ("disconnect", "1".to_owned()),
        ("disconnect-namespace", "1/admin,".to_owned()),
    ] {
        items.push(socket(name, "control", text));
    }
    let body = random.words(10);
    let body = random.chat_body(&body);
    items.push(socket("nsp-small", "nsp", r#"2/admin,["hello",1]"#));
    items.push(socket("nsp-ack", "nsp", r#"2/tenant-42/board,12["save",{"id":5}]"#));
    items.push(socket(
        "nsp-long",
        "nsp",
        format!(r#"2/space/7f3a9c/projects/alpha/board,99["update",{body}]"#),
    ));
}

fn binary(items: &mut Vec<Item>, random: &mut Random) {
    let hole = |num: usize| format!(r#"{{"_placeholder":true,"num":{num}}}"#);
    let [first, second, third] = [hole(0), hole(1), hole(2)];
    for (name, text, sizes) in [
        ("bin1-16", format!(r#"51-["frame",{first}]"#), &[16][..]),
        ("bin1-4k", format!(r#"51-["upload",{{"name":"a.png","data":{first}}}]"#), &[4096]),
        ("bin2", format!(r#"52-["pair",{first},{second}]"#), &[64, 1024]),
        (
            "bin3",
            format!(r#"53-["mesh",{{"v":{first},"n":{second},"i":[{third}],"meta":{{"id":3}}}}]"#),
            &[1200, 1200, 300],
        ),
        ("bin1-namespace-ack", format!(r#"51-/files,8["upload",{first}]"#), &[512]),
        ("binack", format!("61-15[{first}]"), &[128]),
        ("binack2-namespace", format!(r#"62-/files,456["ok",{first},{second}]"#), &[64, 64]),
        ("bin1-64k", format!(r#"51-["chunk",{{"seq":1,"data":{first}}}]"#), &[1 << 16]),
        ("bin1-1m", format!(r#"51-["chunk",{{"seq":1,"data":{first}}}]"#), &[1 << 20]),
    ] {
        let class = if sizes[0] < 1 << 16 { "bin" } else { "binlarge" };
        let attachments = sizes.iter().map(|size| Bytes::from(random.bytes(*size))).collect();
        items.push(Item::new(name, class, Kind::Socket, text).with_attachments(attachments));
    }
}

fn transport(items: &mut Vec<Item>, random: &mut Random) {
    for (name, text) in [
        (
            "eio-open",
            r#"0{"sid":"Jb4mVQ0xUu7sYk2pAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
        ),
        ("eio-ping", "2"),
        ("eio-pong", "3"),
        ("eio-probe", "2probe"),
        ("eio-upgrade", "5"),
        ("eio-message", r#"42["hello",{"a":1}]"#),
    ] {
        items.push(Item::new(name, "eio", Kind::Engine, text.to_owned()));
    }
    for (name, size) in [("eio-b64-16", 16), ("eio-b64-4k", 4096), ("eio-b64-64k", 1 << 16)] {
        items.push(Item::new(name, "eio-b64", Kind::Engine, base64(&random.bytes(size))));
    }
}

fn payloads(items: &mut Vec<Item>, random: &mut Random) {
    let mut payload = |name, class, packets: Vec<String>| {
        items.push(Item::new(name, class, Kind::Payload, packets.join("\u{1e}")));
    };
    let small = |random: &mut Random| format!("4{}", random.cursor());
    let chat = |random: &mut Random| {
        let words = 12 + random.below(16) as usize;
        format!("42[\"chat message\",{{\"text\":\"{}\"}}]", random.words(words))
    };
    payload("payload1-small", "payload1", vec![small(random)]);
    payload("payload1-chat", "payload1", vec![chat(random)]);
    payload("payload1-10k", "payload1", vec![format!("42[\"update\",{}]", random.records(10_000))]);
    for (class, small_name, chat_name, count) in [
        ("payload16", "payload16-small", "payload16-chat", 16),
        ("payload256", "payload256-small", "payload256-chat", 256),
    ] {
        payload(small_name, class, (0..count).map(|_| small(random)).collect());
        payload(chat_name, class, (0..count).map(|_| chat(random)).collect());
    }
    for (name, count) in [("payload16-mixed", 16), ("payload256-mixed", 256)] {
        let mixed = |at: usize| match at % 4 {
            0 => r#"451-["frame",{"_placeholder":true,"num":0}]"#.to_owned(),
            1 => {
                let size = 200 + random.below(1000) as usize;
                base64(&random.bytes(size))
            }
            2 => small(random),
            _ => chat(random),
        };
        payload(name, "payloadbin", (0..count).map(mixed).collect());
    }
    payload("payload1-b64-4k", "payloadbin", vec![base64(&random.bytes(4096))]);
}

/// Single JSON strings, which are not part of the classes above.
fn strings(items: &mut Vec<Item>, random: &mut Random) {
    for (ascii, unicode, size) in [
        ("ascii-10k", "utf8-10k", 10_000),
        ("ascii-100k", "utf8-100k", 100_000),
        ("ascii-1m", "utf8-1m", 1_000_000),
    ] {
        items.push(Item::new(ascii, ascii, Kind::Text, format!("\"{}\"", random.words(size / 5))));
        items.push(Item::new(unicode, unicode, Kind::Text, format!("\"{}\"", CJK.repeat(size / CJK.len()))));
    }
}
