//! Pieces of packets from a generator that gives the same ones in every run.

use std::fmt::Write;

pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }

    pub(super) fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit(self.below(16) as u32, 16).expect("below 16")).collect()
    }

    /// Words as they are in English prose: most of them short.
    pub(super) fn words(&mut self, count: usize) -> String {
        const WORDS: [&str; 24] = [
            "a",
            "it",
            "so",
            "by",
            "the",
            "and",
            "for",
            "was",
            "not",
            "you",
            "that",
            "with",
            "from",
            "they",
            "have",
            "this",
            "which",
            "would",
            "there",
            "could",
            "people",
            "through",
            "between",
            "somewhere",
        ];
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.below(24) as usize]).collect();
        words.join(" ")
    }

    pub(super) fn cursor(&mut self) -> String {
        format!("2[\"cursor\",{{\"x\":{},\"y\":{}}}]", self.below(2000), self.below(2000))
    }

    pub(super) fn chat(&mut self, words: usize) -> String {
        let text = self.words(words);
        format!("2[\"chat message\",{}]", self.chat_body(&text))
    }

    /// What a chat sends; the text is already escaped.
    pub(super) fn chat_body(&mut self, text: &str) -> String {
        let (room, id) = (self.hex(6), self.hex(16));
        format!(
            "{{\"room\":\"r-{room}\",\"from\":\"mallory\",\"ts\":1763900000123,\"id\":\"{id}\",\"text\":\"{text}\"}}"
        )
    }

    pub(super) fn user(&mut self) -> String {
        let (id, picture) = (self.below(1_000_000), self.hex(12));
        format!("{{\"id\":{id},\"name\":\"peggy\",\"avatar\":\"https://files.example.org/p/{picture}.png\"}}")
    }

    /// Records of mixed members, as a database would give them, of at least so many bytes in sum.
    pub(super) fn records(&mut self, bytes: usize) -> String {
        let mut text = String::new();
        let mut id = 0;
        while text.len() < bytes {
            let (uid, name, tags) =
                (self.hex(24), self.words(3), [self.words(1), self.words(1), self.words(1)]);
            let (cents, count, active) = (self.below(100_000), self.below(1000), self.below(2) == 1);
            let (lat, lng) = (self.below(180_000_000), self.below(360_000_000));
            let comma = if id == 0 { "" } else { "," };
            write!(
                text,
                "{comma}{{\"id\":{id},\"uid\":\"{uid}\",\"name\":\"{name}\",\"price\":{}.{:02},\"qty\":{count},\
                 \"active\":{active},\"tags\":[\"{}\",\"{}\",\"{}\"],\"pos\":{{\"lat\":{}.{:06},\"lng\":-{}.{:06}}},\
                 \"note\":null}}",
                cents / 100,
                cents % 100,
                tags[0],
                tags[1],
                tags[2],
                lat / 2_000_000,
                lat % 1_000_000,
                lng / 2_000_000,
                lng % 1_000_000,
            )
            .expect("a string takes everything");
            id += 1;
        }
        format!("[{text}]")
    }

    /// Numbers with so many decimal places.
    pub(super) fn numbers(&mut self, count: usize, places: usize) -> String {
        let numbers: Vec<String> = (0..count)
            .map(|_| match places {
                0 => self.below(1_000_000_000).to_string(),
                _ => format!("{}.{:03}", self.below(1_000_000), self.below(1000)),
            })
            .collect();
        format!("[{}]", numbers.join(","))
    }
}
