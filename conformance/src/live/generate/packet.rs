//! A packet taken apart, whatever it is: each part is there or empty, and together they are the text again.

use fastrand::Rng;

use super::{json, words};

/// The parts of a text that may be a Socket.IO packet inside an Engine.IO packet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Packet {
    /// The type of the Engine.IO packet.
    pub(super) engine: String,
    /// The type of the Socket.IO packet.
    pub(super) kind: String,
    /// How many attachments are announced, with the dash.
    pub(super) attachments: String,
    /// The namespace, with the comma.
    pub(super) namespace: String,
    /// The id of an acknowledgement.
    pub(super) id: String,
    /// The rest.
    pub(super) data: String,
}

impl Packet {
    /// Takes a text apart.
    pub(super) fn of(text: &str) -> Self {
        let mut rest = text;
        let mut take = |wanted: &dyn Fn(&str) -> usize| {
            let (taken, left) = rest.split_at_checked(wanted(rest)).unwrap_or((rest, ""));
            rest = left;
            taken.to_owned()
        };
        let digit = |text: &str| usize::from(text.starts_with(|first: char| first.is_ascii_digit()));
        let engine = take(&digit);
        let kind = if engine == "4" { take(&digit) } else { String::new() };
        let attachments = take(&|text| {
            let digits = digits(text);
            if text[digits..].starts_with('-') { digits + 1 } else { 0 }
        });
        let namespace = take(&|text| match text.starts_with('/') {
            true => text.find(',').map_or(text.len(), |comma| comma + 1),
            false => 0,
        });
        let id = take(&|text| if kind.is_empty() { 0 } else { digits(text) });
        Self { engine, kind, attachments, namespace, id, data: rest.to_owned() }
    }

    /// Changes one part.
    pub(super) fn mutate(&mut self, rng: &mut Rng) {
        match rng.u8(..16) {
            0 => self.engine = rng.digit(10).to_string(),
            1 => self.kind = rng.digit(10).to_string(),
            2 => self.engine.clear(),
            3 => self.kind.clear(),
            4 => self.attachments = format!("{}-", words::pick(rng, &words::NUMBERS)),
            5 => self.attachments = words::pick(rng, &words::NUMBERS).to_owned(),
            6 => self.attachments.clear(),
            7 => self.namespace = format!("{},", words::pick(rng, &words::NAMESPACES)),
            8 => self.namespace = words::pick(rng, &words::NAMESPACES).to_owned(),
            9 => self.id = words::pick(rng, &words::NUMBERS).to_owned(),
            10 => self.id.clear(),
            11 => self.data.clear(),
            12 => std::mem::swap(&mut self.id, &mut self.attachments),
            _ => self.data = json::mutated(rng, &self.data),
        }
    }

    /// The text again.
    pub(super) fn text(&self) -> String {
        let Self { engine, kind, attachments, namespace, id, data } = self;
        [engine, kind, attachments, namespace, id, data].map(String::as_str).concat()
    }
}

fn digits(text: &str) -> usize {
    text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_put_together_as_it_was() {
        for text in [
            "",
            "2",
            "40",
            "4",
            "42[\"a\"]",
            "451-/a,12[\"x\",1]",
            "2probe",
            "45",
            "nonsense",
            "4ü",
            "42/a",
            "b4Aw==",
        ] {
            assert_eq!(Packet::of(text).text(), text);
        }
        let packet = Packet::of("451-/a,12[\"x\"]");
        assert_eq!((packet.attachments.as_str(), packet.namespace.as_str()), ("1-", "/a,"));
        assert_eq!((packet.id.as_str(), packet.data.as_str()), ("12", "[\"x\"]"));
    }
}
