//! Recordings with variables in the place of what differs from run to run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    siot::{ANYTHING, Act, Data, Item, SOCKETS, Sight, Status, Step, UNORDERED, escape},
    tape::Recording,
};

/// Values of one recording and the variables that stand for them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    values: Vec<(String, String)>,
    /// Acknowledgement ids that the server chose. These are numbers: they mean something only in their place.
    ids: Vec<String>,
}

/// Ids that are shorter may be anything.
const SHORTEST_ID: usize = 6;

impl Names {
    /// The ids that the server gave out, in order of appearance, and the case's own prefix.
    pub(crate) fn of(recording: &Recording) -> Self {
        let mut names = Self::default();
        let mut counts = BTreeMap::new();
        for taken in &recording.taken {
            if let Step::See(see) = &taken.step {
                for text in texts(&see.sight) {
                    names.find_ids(text, &mut counts);
                    if let Some((_, id, _)) = with_id(text, ['2', '5'])
                        && !names.ids.iter().any(|known| known == id)
                    {
                        names.ids.push(id.to_owned());
                    }
                }
            }
        }
        names.find_offsets(recording);
        names.values.push((recording.tag.trim_end_matches('~').to_owned(), "tag".to_owned()));
        let digits: String = recording.tag.chars().filter(char::is_ascii_digit).collect();
        names.values.push((format!("/dynamic-{digits}"), "digits".to_owned()));
        names
    }

    /// The offsets that we send back to the server: whoever recovers a connection says what it heard last.
    fn find_offsets(&mut self, recording: &Recording) {
        let mut heard = Vec::new();
        let mut count = 0;
        for taken in &recording.taken {
            match &taken.step {
                Step::See(see) => heard.extend(texts(&see.sight)),
                Step::Act(_, Act::Send(items)) => {
                    let texts = items.iter().filter_map(|item| match item {
                        Item::Text(text) => with_json(text),
                        Item::Binary(_) => None,
                    });
                    for (_, json) in texts {
                        let offset = json["offset"].as_str().filter(|offset| offset.len() >= 2);
                        let Some(offset) = offset else { continue };
                        let known = self.values.iter().any(|(known, _)| known == offset);
                        if !known && heard.iter().any(|text| text.contains(offset)) {
                            count += 1;
                            self.values.push((offset.to_owned(), format!("offset{count}")));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn find_ids(&mut self, text: &str, counts: &mut BTreeMap<&'static str, usize>) {
        for packet in text.split('\u{1e}') {
            let json = packet.find(['{', '[']).and_then(|start| packet.get(start..));
            // In version 3 the next packet of the payload may follow.
            let first =
                json.and_then(|json| serde_json::Deserializer::from_str(json).into_iter::<Value>().next());
            let Some(Ok(value)) = first else { continue };
            self.walk(&value, counts);
        }
    }

    /// Nesting is bounded by the parser that read the value.
    fn walk(&mut self, value: &Value, counts: &mut BTreeMap<&'static str, usize>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let kind = ["sid", "pid"].into_iter().find(|kind| kind == key);
                    match (kind, value) {
                        (Some(kind), Value::String(id))
                            if id.len() >= SHORTEST_ID
                                && !self.values.iter().any(|(known, _)| known == id) =>
                        {
                            let count = counts.entry(kind).or_default();
                            *count += 1;
                            self.values.push((id.clone(), format!("{kind}{count}")));
                        }
                        _ => self.walk(value, counts),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.walk(value, counts)),
            _ => {}
        }
    }

    /// A text that was sent, with variables: it may acknowledge an event of the server.
    fn sent(&self, text: &str) -> String {
        self.with_ids(text, ['3', '6'])
    }

    /// A text that was received, with variables: it may be an event that wants an acknowledgement.
    fn received(&self, text: &str) -> String {
        self.with_ids(text, ['2', '5'])
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

fn texts(sight: &Sight) -> Vec<&str> {
    match sight {
        Sight::Text(text) | Sight::Ping(text) => vec![text],
        Sight::Packets(packets) => packets.iter().map(String::as_str).collect(),
        Sight::Reply { body: Some(Data::Text(text)), .. } => vec![text],
        _ => Vec::new(),
    }
}

/// What two sights have in common: `$*` stands where they differ.
pub(crate) fn common(one: &Sight, other: &Sight) -> Sight {
    match (one, other) {
        (Sight::Text(one), Sight::Text(other)) => Sight::Text(common_text(one, other)),
        (Sight::Ping(one), Sight::Ping(other)) => Sight::Ping(common_text(one, other)),
        (Sight::Packets(one), Sight::Packets(other)) if one.len() == other.len() => {
            Sight::Packets(one.iter().zip(other).map(|(one, other)| common_text(one, other)).collect())
        }
        (
            Sight::Reply { status, headers, body },
            Sight::Reply { status: status2, headers: headers2, body: body2 },
        ) if status == status2 => {
            let headers = headers.iter().filter(|header| headers2.contains(header)).cloned().collect();
            let body = match (body, body2) {
                (Some(Data::Text(one)), Some(Data::Text(other))) => {
                    let (ones, others): (Vec<_>, Vec<_>) =
                        (one.split('\u{1e}').collect(), other.split('\u{1e}').collect());
                    let both = ones.iter().zip(&others).map(|(one, other)| common_text(one, other));
                    (ones.len() == others.len()).then(|| Data::Text(both.collect::<Vec<_>>().join("\u{1e}")))
                }
                (one, other) if one == other => one.clone(),
                _ => None,
            };
            Sight::Reply { status: *status, headers, body }
        }
        (one, other) if one == other => one.clone(),
        _ => Sight::Anything,
    }
}

/// Whether a sight that was seen is one of those that are due: they have nothing more in common than the due one says.
pub(crate) fn covers(due: &Sight, seen: &Sight) -> bool {
    if let (Sight::Reply { status, body: None, headers }, Sight::Reply { status: Status::Code(got), .. }) =
        (due, seen)
        && headers.is_empty()
    {
        return status.holds(*got);
    }
    common(due, seen) == common(due, due)
}

fn common_text(one: &str, other: &str) -> String {
    match (with_json(one), with_json(other)) {
        (Some((head, one)), Some((head2, other))) if head == head2 => {
            format!("{head}{}", common_json(one, other))
        }
        _ if one == other => one.to_owned(),
        _ => ANYTHING.to_owned(),
    }
}

/// Nesting is bounded by the parser that read the values.
fn common_json(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            Value::Array(one.into_iter().zip(other).map(|(one, other)| common_json(one, other)).collect())
        }
        (Value::Object(one), Value::Object(mut other))
            if one.len() == other.len() && one.keys().all(|key| other.contains_key(key)) =>
        {
            let both = one.into_iter().map(|(key, mut one)| {
                let mut other = other.remove(&key).unwrap_or_default();
                if UNORDERED.contains(&key.as_str()) {
                    in_order(&key, &mut one);
                    in_order(&key, &mut other);
                }
                (key, common_json(one, other))
            });
            Value::Object(both.collect())
        }
        (one, other) if one == other => one,
        _ => Value::String(ANYTHING.to_owned()),
    }
}

/// The same sight, anything in the place of what stands in lists without order.
pub(super) fn vague(sight: &Sight) -> Sight {
    let Sight::Text(text) = sight else { return sight.clone() };
    let Some((head, Value::Array(mut args))) = with_json(text) else { return sight.clone() };
    for value in args.iter_mut().filter_map(Value::as_object_mut).flat_map(|map| map.iter_mut()) {
        if let (key, Value::Array(list)) = value
            && UNORDERED.contains(&key.as_str())
        {
            let scalars = list.iter_mut().filter(|value| !value.is_array() && !value.is_object());
            scalars.for_each(|value| *value = Value::String(ANYTHING.to_owned()));
        }
    }
    Sight::Text(format!("{head}{}", Value::Array(args)))
}

/// Puts a list that has no order into one. Sockets that do not take part are left out.
fn in_order(key: &str, value: &mut Value) {
    if let Value::Array(list) = value {
        let ours =
            |socket: &Value| socket["id"].as_str().is_none_or(|id| id.starts_with('$') && id != ANYTHING);
        list.retain(|value| key != SOCKETS || ours(value));
        list.sort_by_cached_key(Value::to_string);
    }
}

pub(crate) fn with_json(packet: &str) -> Option<(&str, Value)> {
    let start = packet.find(['{', '['])?;
    let (head, json) = packet.split_at_checked(start)?;
    Some((head, serde_json::from_str(json).ok()?))
}
