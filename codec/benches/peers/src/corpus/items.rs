//! The items, class by class.

use super::random::Random;
use super::{Kind, base64};

/// Text of which every character takes three bytes.
const CJK: &str = "春眠不覚暁処処聞啼鳥夜来風雨声花落知多少안녕하세요세계여러분";

/// An item as its class describes it: name, text, and how large its attachments are.
pub(super) type Draft = (&'static str, String, &'static [usize]);

/// A class: its name, what its items are, how they are made, and how many there are.
pub(super) type Class = (&'static str, Kind, fn(&mut Random) -> Vec<Draft>);

/// The 18 classes of packets and payloads, then those of single strings.
pub(super) const CLASSES: [Class; 24] = [
    ("small", Kind::Socket, small),
    ("chat", Kind::Socket, chat),
    ("chat-uni", Kind::Socket, chat_unicode),
    ("json1k", Kind::Socket, json1k),
    ("json10k", Kind::Socket, json10k),
    ("json100k", Kind::Socket, |random| vec![records("json100k-records", 100_000, random)]),
    ("json1m", Kind::Socket, json1m),
    ("ack", Kind::Socket, acks),
    ("control", Kind::Socket, control),
    ("nsp", Kind::Socket, namespaced),
    ("bin", Kind::Socket, binary),
    ("binlarge", Kind::Socket, binary_large),
    ("eio", Kind::Engine, transport),
    ("eio-b64", Kind::Engine, transport_base64),
    ("payload1", Kind::Payload, payload_of_1),
    ("payload16", Kind::Payload, |random| payloads("payload16-small", "payload16-chat", 16, random)),
    ("payload256", Kind::Payload, |random| payloads("payload256-small", "payload256-chat", 256, random)),
    ("payloadbin", Kind::Payload, payload_binary),
    ("ascii-10k", Kind::Text, |random| vec![string("ascii-10k", &random.words(2_000))]),
    ("ascii-100k", Kind::Text, |random| vec![string("ascii-100k", &random.words(20_000))]),
    ("ascii-1m", Kind::Text, |random| vec![string("ascii-1m", &random.words(200_000))]),
    ("utf8-10k", Kind::Text, |_| vec![string("utf8-10k", &CJK.repeat(110))]),
    ("utf8-100k", Kind::Text, |_| vec![string("utf8-100k", &CJK.repeat(1_100))]),
    ("utf8-1m", Kind::Text, |_| vec![string("utf8-1m", &CJK.repeat(11_000))]),
];

fn plain<const N: usize>(items: [(&'static str, &str); N]) -> Vec<Draft> {
    items.into_iter().map(|(name, text)| (name, text.to_owned(), &[][..])).collect()
}

fn event(name: &'static str, event: &str, body: &str) -> Draft {
    (name, format!("2[\"{event}\",{body}]"), &[])
}

fn string(name: &'static str, text: &str) -> Draft {
    (name, format!("\"{text}\""), &[])
}

fn small(_: &mut Random) -> Vec<Draft> {
    plain([
        ("small-name", r#"2["hello"]"#),
        ("small-typing", r#"2["typing",{"user":"u123"}]"#),
        ("small-number", r#"2["tick",1763900000123]"#),
        ("small-cursor", r#"2["cursor",{"x":120,"y":443}]"#),
        ("small-arguments", r#"2["move","e2","e4",true,null]"#),
        ("small-string", r#"2["message","hi there"]"#),
        ("small-price", r#"2["px",{"s":"BTCUSD","p":67123.25,"q":0.014}]"#),
        ("small-empty", r#"2["ready",{}]"#),
    ])
}

fn chat(random: &mut Random) -> Vec<Draft> {
    let quotes = format!(r#"He wrote \"no\"\n\tand went /o\\ {}"#, random.words(12));
    vec![
        ("chat-a", random.chat(20), &[]),
        ("chat-b", random.chat(24), &[]),
        event("chat-quotes", "chat message", &random.chat_body(&quotes)),
        ("chat-namespace", random.chat(18).replacen('2', "2/chat,", 1), &[]),
        ("chat-ack-id", random.chat(18).replacen('2', "217", 1), &[]),
    ]
}

fn chat_unicode(random: &mut Random) -> Vec<Draft> {
    let latin = format!("Là-bas, l’été dernier… ça sentait déjà la forêt {}", random.words(8));
    vec![
        event("chat-latin", "chat message", &random.chat_body(&latin)),
        event("chat-emoji", "chat message", &random.chat_body(&"🎉🎉 we did it 🚀🚀 ".repeat(3))),
        event("chat-cjk", "chat message", &random.chat_body(CJK)),
    ]
}

fn records(name: &'static str, bytes: usize, random: &mut Random) -> Draft {
    event(name, "update", &random.records(bytes))
}

fn json1k(random: &mut Random) -> Vec<Draft> {
    let friends: Vec<String> = (0..4).map(|_| random.user()).collect();
    let (user, about) = (random.user(), random.words(60));
    let profile = format!("{{\"user\":{user},\"about\":\"{about}\",\"friends\":[{}]}}", friends.join(","));
    vec![records("json1k", 900, random), event("json1k-object", "profile", &profile)]
}

fn json10k(random: &mut Random) -> Vec<Draft> {
    let (title, body) = (random.words(6), random.words(1_900));
    let lines: Vec<String> =
        (0..170).map(|_| format!(r#""D:\\logs\\a.txt\t\"{}\"\n""#, random.words(6))).collect();
    vec![
        records("json10k-records", 10_000, random),
        event("json10k-text", "doc", &format!("{{\"title\":\"{title}\",\"body\":\"{body}\"}}")),
        event("json10k-numbers", "series", &random.numbers(980, 3)),
        event("json10k-cjk", "doc", &format!("{{\"body\":\"{}\"}}", CJK.repeat(110))),
        event("json10k-escapes", "log", &format!("{{\"lines\":[{}]}}", lines.join(","))),
    ]
}

fn json1m(random: &mut Random) -> Vec<Draft> {
    vec![
        records("json1m-records", 1_000_000, random),
        event("json1m-text", "doc", &format!("{{\"body\":\"{}\"}}", random.words(190_000))),
        event("json1m-numbers", "series", &random.numbers(96_000, 0)),
    ]
}

fn acks(random: &mut Random) -> Vec<Draft> {
    let object = format!(r#"34711[{{"status":"ok","id":"{}"}}]"#, random.hex(16));
    plain([
        ("ack-empty", "30[]"),
        ("ack-ok", r#"313["ok"]"#),
        ("ack-object", &object),
        ("ack-large-id", r#"3123456789[null,{"n":1}]"#),
        ("ack-namespace", r#"3/admin,7[{"status":"ok"}]"#),
    ])
}

fn control(random: &mut Random) -> Vec<Draft> {
    let token = base64(&random.bytes(180)).split_off(1);
    let connect = format!(r#"0/admin,{{"token":"{token}"}}"#);
    plain([
        ("connect", "0"),
        ("connect-auth", r#"0{"token":"abc123"}"#),
        ("connect-namespace", "0/admin,"),
        ("connect-token", &connect),
        ("connect-reply", r#"0{"sid":"qG5fXk9TzVw1LrYbAAAC"}"#),
        ("connect-error", r#"4{"message":"Not authorized"}"#),
        (
            "connect-error-data",
            r#"4/admin,{"message":"Not authorized","data":{"code":"E42","label":"wrong token"}}"#,
        ),
        ("disconnect", "1"),
        ("disconnect-namespace", "1/admin,"),
    ])
}

fn namespaced(random: &mut Random) -> Vec<Draft> {
    let body = random.words(10);
    let long = format!(r#"2/space/7f3a9c/projects/alpha/board,99["update",{}]"#, random.chat_body(&body));
    plain([
        ("nsp-small", r#"2/admin,["hello",1]"#),
        ("nsp-ack", r#"2/tenant-42/board,12["save",{"id":5}]"#),
        ("nsp-long", &long),
    ])
}

fn binary(_: &mut Random) -> Vec<Draft> {
    let hole = |num: usize| format!(r#"{{"_placeholder":true,"num":{num}}}"#);
    let [first, second, third] = [hole(0), hole(1), hole(2)];
    vec![
        ("bin1-16", format!(r#"51-["frame",{first}]"#), &[16]),
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
    ]
}

fn binary_large(_: &mut Random) -> Vec<Draft> {
    let text = r#"51-["chunk",{"seq":1,"data":{"_placeholder":true,"num":0}}]"#;
    vec![("bin1-64k", text.to_owned(), &[1 << 16]), ("bin1-1m", text.to_owned(), &[1 << 20])]
}

fn transport(_: &mut Random) -> Vec<Draft> {
    plain([
        (
            "eio-open",
            r#"0{"sid":"Jb4mVQ0xUu7sYk2pAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
        ),
        ("eio-ping", "2"),
        ("eio-pong", "3"),
        ("eio-probe", "2probe"),
        ("eio-upgrade", "5"),
        ("eio-message", r#"42["hello",{"a":1}]"#),
    ])
}

fn transport_base64(random: &mut Random) -> Vec<Draft> {
    let items = [("eio-b64-16", 16), ("eio-b64-4k", 4096), ("eio-b64-64k", 1 << 16)];
    items.into_iter().map(|(name, size)| (name, base64(&random.bytes(size)), &[][..])).collect()
}

/// A polling body of packets.
fn payload(name: &'static str, packets: &[String]) -> Draft {
    (name, packets.join("\u{1e}"), &[])
}

fn small_packet(random: &mut Random) -> String {
    format!("4{}", random.cursor())
}

fn chat_packet(random: &mut Random) -> String {
    let words = 12 + random.below(16) as usize;
    format!("42[\"chat message\",{{\"text\":\"{}\"}}]", random.words(words))
}

fn payload_of_1(random: &mut Random) -> Vec<Draft> {
    let (_, large, _) = records("payload1-10k", 10_000, random);
    vec![
        payload("payload1-small", &[small_packet(random)]),
        payload("payload1-chat", &[chat_packet(random)]),
        payload("payload1-10k", &[format!("4{large}")]),
    ]
}

fn payloads(small: &'static str, chat: &'static str, count: usize, random: &mut Random) -> Vec<Draft> {
    let small = payload(small, &(0..count).map(|_| small_packet(random)).collect::<Vec<_>>());
    vec![small, payload(chat, &(0..count).map(|_| chat_packet(random)).collect::<Vec<_>>())]
}

fn payload_binary(random: &mut Random) -> Vec<Draft> {
    let mut mixed = |at: usize| match at % 4 {
        0 => r#"451-["frame",{"_placeholder":true,"num":0}]"#.to_owned(),
        1 => {
            let size = 200 + random.below(1000) as usize;
            base64(&random.bytes(size))
        }
        2 => small_packet(random),
        _ => chat_packet(random),
    };
    let (few, many): (Vec<_>, Vec<_>) =
        ((0..16).map(&mut mixed).collect(), (0..256).map(&mut mixed).collect());
    vec![
        payload("payload16-mixed", &few),
        payload("payload256-mixed", &many),
        payload("payload1-b64-4k", &[base64(&random.bytes(4096))]),
    ]
}
