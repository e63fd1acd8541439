//! Recordings with variables in the place of what differs from run to run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::normal::with_json;
use crate::{
    siot::{ANYTHING, Act, Data, Item, Sight, Step, escape},
    tape::Recording,
};

/// Values of one recording and the variables that stand for them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    values: Vec<(String, String)>,
    /// Acknowledgement ids that the server chose. These are numbers: they mean something only in their place.
    ids: Vec<String>,
    /// Offsets of events of sessions that can be recovered. Those that nobody names again are not named.
    offsets: Vec<String>,
}

/// Ids that are shorter may be anything.
const SHORTEST_ID: usize = 6;

impl Names {
    /// The ids that the server gave out, in order of appearance, and the case's own prefix.
    pub(crate) fn of(recording: &Recording) -> Self {
        let mut names = Self::default();
        let mut counts = BTreeMap::new();
        let mut sent = Vec::new();
        for taken in &recording.taken {
            sent.extend(sent_texts(&taken.step));
            if let Step::See(see) = &taken.step {
                for text in texts(&see.sight) {
                    names.find_ids(text, &sent, &mut counts);
                    if let Some((_, id, _)) = with_id(text, ['2', '5'])
                        && !names.ids.iter().any(|known| known == id)
                    {
                        names.ids.push(id.to_owned());
                    }
                }
            }
        }
        names.find_named_offsets(recording);
        names.find_offsets(recording);
        names.values.push((recording.tag.trim_end_matches('~').to_owned(), "tag".to_owned()));
        let digits: String = recording.tag.chars().filter(char::is_ascii_digit).collect();
        names.values.push((format!("/dynamic-{digits}0"), "digits0".to_owned()));
        names.values.push((format!("/dynamic-{digits}"), "digits".to_owned()));
        names
    }

    /// Whether a value has a variable.
    pub(super) fn knows(&self, value: &str) -> bool {
        self.values.iter().any(|(known, _)| known == value)
    }

    /// The last arguments of events that we did not make up, where sessions can be recovered: they say where in the
    /// server's memory an event stands.
    fn find_offsets(&mut self, recording: &Recording) {
        if !self.values.iter().any(|(_, name)| name.starts_with("pid")) {
            return;
        }
        let sent: Vec<&str> = recording.taken.iter().flat_map(|taken| sent_texts(&taken.step)).collect();
        let mut offsets = BTreeSet::new();
        for taken in &recording.taken {
            let Step::See(see) = &taken.step else { continue };
            for text in texts(&see.sight).into_iter().filter(|text| is_event(text)) {
                let Some((_, Value::Array(args))) = with_json(text) else { continue };
                let Some(Value::String(last)) = args.get(1..).and_then(<[Value]>::last) else { continue };
                let of_ours = sent.iter().any(|text| text.contains(last.as_str()));
                if !of_ours && !self.knows(last) {
                    offsets.insert(last.clone());
                }
            }
        }
        self.offsets.extend(offsets);
    }

    /// The offsets that we send back to the server: whoever recovers a connection says what it heard last.
    fn find_named_offsets(&mut self, recording: &Recording) {
        let mut heard = Vec::new();
        let mut count = 0;
        for taken in &recording.taken {
            match &taken.step {
                Step::See(see) => heard.extend(texts(&see.sight)),
                Step::Act(..) => {
                    for (_, json) in sent_texts(&taken.step).filter_map(with_json) {
                        let offset = json["offset"].as_str().filter(|offset| offset.len() >= 2);
                        let Some(offset) = offset else { continue };
                        if !self.knows(offset) && heard.iter().any(|text| text.contains(offset)) {
                            count += 1;
                            self.values.push((offset.to_owned(), format!("offset{count}")));
                        }
                    }
                }
                Step::Wait(_) => {}
            }
        }
    }

    /// The ids in a text; what we sent before is none of the server's.
    fn find_ids(&mut self, text: &str, sent: &[&str], counts: &mut BTreeMap<&'static str, usize>) {
        for packet in text.split('\u{1e}') {
            let json = packet.find(['{', '[']).and_then(|start| packet.get(start..));
            // In version 3 the next packet of the payload may follow.
            let first =
                json.and_then(|json| serde_json::Deserializer::from_str(json).into_iter::<Value>().next());
            let Some(Ok(value)) = first else { continue };
            self.walk(&value, sent, counts);
        }
    }

    /// Nesting is bounded by the parser that read the value.
    fn walk(&mut self, value: &Value, sent: &[&str], counts: &mut BTreeMap<&'static str, usize>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let kind = ["sid", "pid"].into_iter().find(|kind| kind == key);
                    match (kind, value) {
                        (Some(kind), Value::String(id))
                            if id.len() >= SHORTEST_ID
                                && !self.knows(id)
                                && !sent.iter().any(|text| text.contains(id.as_str())) =>
                        {
                            let count = counts.entry(kind).or_default();
                            *count += 1;
                            self.values.push((id.clone(), format!("{kind}{count}")));
                        }
                        _ => self.walk(value, sent, counts),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.walk(value, sent, counts)),
            _ => {}
        }
    }

    /// A text that was sent, with variables: it may acknowledge an event of the server.
    fn sent(&self, text: &str) -> String {
        self.with_ids(text, ['3', '6'])
    }

    /// A text that was received, with variables: it may be an event that wants an acknowledgement, or has an offset.
    fn received(&self, text: &str) -> String {
        let named = self.with_ids(text, ['2', '5']);
        if !is_event(text) {
            return named;
        }
        let ends = self.offsets.iter().map(|offset| format!(",{}]", Value::String(escape(offset))));
        match ends.into_iter().find_map(|end| named.strip_suffix(&end)) {
            Some(lead) => format!("{lead},\"{ANYTHING}\"]"),
            None => named,
        }
    }

    fn with_ids(&self, text: &str, kinds: [char; 2]) -> String {
        let number = |id: &str| self.ids.iter().position(|known| known == id);
        match with_id(text, kinds).and_then(|(head, id, rest)| Some((head, number(id)?, rest))) {
            Some((head, number, rest)) => {
                format!("{}$id{}{}", self.text(head), number + 1, self.text(rest))
            }
            None => self.text(text),
        }
    }

    /// A text with variables.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = escape(text);
        for (value, name) in &self.values {
            let (lead, value) = match value.strip_prefix("/dynamic-") {
                Some(digits) => ("/dynamic-", digits),
                None => ("", value.as_str()),
            };
            text = replace(&text, lead, &escape(value), name);
        }
        text
    }

    pub(crate) fn step(&self, step: &Step) -> Step {
        match step {
            Step::Act(actor, act) => Step::Act(actor.clone(), self.act(act)),
            Step::See(see) => {
                let mut see = see.clone();
                see.sight = self.sight(&see.sight);
                Step::See(see)
            }
            Step::Wait(ms) => Step::Wait(*ms),
        }
    }

    fn act(&self, act: &Act) -> Act {
        let all = |headers: &[(String, String)]| self.headers(headers);
        match act {
            Act::Send(items) => Act::Send(
                items
                    .iter()
                    .map(|item| match item {
                        Item::Text(text) => Item::Text(self.sent(text)),
                        Item::Binary(bytes) => Item::Binary(bytes.clone()),
                    })
                    .collect(),
            ),
            Act::Request { method, query, headers, body } => Act::Request {
                method: method.clone(),
                query: query.as_deref().map(|query| self.text(query)),
                headers: all(headers),
                body: body.as_ref().map(|body| self.data(body)),
            },
            Act::Begin { of, headers, first } => {
                Act::Begin { of: of.clone(), headers: all(headers), first: self.data(first) }
            }
            Act::Head { method, query, headers } => {
                Act::Head { method: method.clone(), query: self.text(query), headers: all(headers) }
            }
            Act::Bytes(bytes) => Act::Bytes(self.data(bytes)),
            Act::Websocket(query) => Act::Websocket(self.text(query)),
            other => other.clone(),
        }
    }

    pub(super) fn sight(&self, sight: &Sight) -> Sight {
        match sight {
            Sight::Text(text) => Sight::Text(self.received(text)),
            Sight::Ping(text) => Sight::Ping(self.text(text)),
            Sight::Packets(packets) => {
                Sight::Packets(packets.iter().map(|packet| self.received(packet)).collect())
            }
            Sight::Reply { status, headers, body } => Sight::Reply {
                status: *status,
                headers: self.headers(headers),
                body: body.as_ref().map(|body| self.data(body)),
            },
            other => other.clone(),
        }
    }

    fn headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| (name.clone(), self.text(value))).collect()
    }

    fn data(&self, data: &Data) -> Data {
        match data {
            Data::Text(text) => Data::Text(self.text(text)),
            Data::Bytes(bytes) => Data::Bytes(bytes.clone()),
        }
    }
}

/// Whether a packet of Engine.IO holds an event.
fn is_event(packet: &str) -> bool {
    packet.starts_with("42") || packet.starts_with("45")
}

/// A packet of one of these kinds, cut around its acknowledgement id, if it has one.
fn with_id(packet: &str, kinds: [char; 2]) -> Option<(&str, &str, &str)> {
    let rest = packet.strip_prefix('4')?.strip_prefix(kinds)?;
    let start = rest.find('[')?;
    let lead = rest.get(..start)?;
    // What stands before the id ends with the number of attachments or the namespace.
    let digits = lead.rfind(['-', ',']).map_or(0, |end| end + 1);
    let id =
        lead.get(digits..).filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))?;
    let before = packet.len() - rest.len() + digits;
    Some((packet.get(..before)?, id, packet.get(before + id.len()..)?))
}

/// Puts a variable in the place of a value, where the text goes on in a way that ends the variable's name.
fn replace(text: &str, lead: &str, value: &str, name: &str) -> String {
    if value.is_empty() {
        return text.to_owned();
    }
    let whole = format!("{lead}{value}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(whole.as_str()) {
        out.push_str(before);
        out.push_str(lead);
        if after.starts_with(|char: char| char.is_ascii_alphanumeric()) {
            out.push_str(value);
        } else {
            out.push('$');
            out.push_str(name);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The texts that a step sends in a session.
fn sent_texts(step: &Step) -> impl Iterator<Item = &str> {
    let items = match step {
        Step::Act(_, Act::Send(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(|item| match item {
        Item::Text(text) => Some(text.as_str()),
        Item::Binary(_) => None,
    })
}

fn texts(sight: &Sight) -> Vec<&str> {
    match sight {
        Sight::Text(text) | Sight::Ping(text) => vec![text],
        Sight::Packets(packets) => packets.iter().map(String::as_str).collect(),
        Sight::Reply { body: Some(Data::Text(text)), .. } => vec![text],
        _ => Vec::new(),
    }
}
