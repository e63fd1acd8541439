//! What is read and written: the same in every run.

use bytes::Bytes;
use std::fmt::Write;

/// How an item is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Socket.IO packet, with its attachments.
    Socket,
    /// An Engine.IO packet.
    Engine,
    /// A polling body.
    Payload,
}

/// One packet or payload.
pub struct Item {
    pub name: &'static str,
    pub kind: Kind,
    pub text: String,
    pub attachments: Vec<Bytes>,
    /// How many packets the text holds.
    pub packets: usize,
}

/// The corpus.
pub fn items() -> Vec<Item> {
    let mut random = Random(0x5105_FEED_C0DE_2026);
    let socket = |name, text| Item { name, kind: Kind::Socket, text, attachments: Vec::new(), packets: 1 };
    let engine = |name, text| Item { name, kind: Kind::Engine, text, attachments: Vec::new(), packets: 1 };
    let payload = |name, texts: Vec<String>| {
        let packets = texts.len();
        Item { name, kind: Kind::Payload, text: texts.join("\u{1e}"), attachments: Vec::new(), packets }
    };
    let placeholder = "{\"_placeholder\":true,\"num\":0}";
    let bytes = Bytes::from(random.bytes(4096));
    vec![
        socket("name-only", "2[\"hello\"]".into()),
        socket("cursor", random.cursor()),
        socket("chat", random.chat(20)),
        socket(
            "chat-cjk",
            format!(
                "2[\"chat message\",{{\"room\":\"r-1\",\"text\":\"{}\"}}]",
                "実時間通信の性能を測定する".repeat(4)
            ),
        ),
        socket("chat-ack", random.chat(18).replacen('2', "2/chat,17", 1)),
        socket("records-1k", random.records(1_000)),
        socket("records-100k", random.records(100_000)),
        socket("numbers-10k", random.numbers(980)),
        socket("text-10k", format!("2[\"doc\",\"{}\"]", random.words(1_900))),
        socket(
            "escapes-10k",
            format!("2[\"log\",\"{}\"]", r#"C:\\dir\\f.txt\t\"a few words\"\n"#.repeat(300)),
        ),
        socket("ack", "313[\"ok\"]".into()),
        socket("connect-auth", "0{\"token\":\"abc123\"}".into()),
        Item {
            attachments: vec![bytes],
            ..socket("binary-4k", format!("51-[\"upload\",{{\"name\":\"a.png\",\"data\":{placeholder}}}]"))
        },
        engine("ping", "2".into()),
        engine("message", "42[\"hello\",{\"a\":1}]".into()),
        engine("base64-16", random.base64(16)),
        engine("base64-4k", random.base64(4096)),
        payload("payload-1", vec![format!("4{}", random.cursor())]),
        payload("payload-16-chat", (0..16).map(|_| format!("4{}", random.chat(20))).collect()),
        payload("payload-256", (0..256).map(|_| format!("4{}", random.cursor())).collect()),
        payload(
            "payload-binary",
            (0..16).map(|at| if at % 2 == 0 { random.base64(600) } else { random.chat(9) }).collect(),
        ),
    ]
}

/// A generator that gives the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }

    fn base64(&mut self, count: usize) -> String {
        use siospec_codec::Encode;
        siospec_codec::engine::Packet::binary(&self.bytes(count)).to_text()
    }

    fn words(&mut self, count: usize) -> String {
        const WORDS: [&str; 12] =
            ["the", "of", "and", "look", "from", "people", "was", "she", "have", "could", "water", "long"];
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.below(12) as usize]).collect();
        words.join(" ")
    }

    fn cursor(&mut self) -> String {
        format!("2[\"cursor\",{{\"x\":{},\"y\":{}}}]", self.below(2000), self.below(2000))
    }

    fn chat(&mut self, words: usize) -> String {
        let (id, text) = (self.below(u64::MAX), self.words(words));
        format!(
            "2[\"chat message\",{{\"room\":\"r-37d2f2\",\"from\":\"alice\",\"ts\":1732222222123,\"id\":\"{id:016x}\",\"text\":\"{text}\"}}]"
        )
    }

    fn records(&mut self, bytes: usize) -> String {
        let mut text = String::from("2[\"update\"");
        let mut id = 0;
        while text.len() < bytes {
            id += 1;
            let (uid, name, price, lat) =
                (self.below(u64::MAX), self.words(3), self.below(100_000), self.below(90_000_000));
            write!(
                text,
                ",{{\"id\":{id},\"uid\":\"{uid:024x}\",\"name\":\"{name}\",\"price\":{}.{:02},\"active\":{},\"tags\":[\"a\",\"bc\"],\"pos\":{{\"lat\":{}.{:06}}},\"note\":null}}",
                price / 100, price % 100, price % 2 == 0, lat / 1_000_000, lat % 1_000_000
            )
            .expect("a string takes everything");
        }
        text + "]"
    }

    fn numbers(&mut self, count: usize) -> String {
        let numbers: Vec<String> =
            (0..count).map(|_| format!("{}.{:03}", self.below(1_000_000), self.below(1000))).collect();
        format!("2[\"series\",[{}]]", numbers.join(","))
    }
}
