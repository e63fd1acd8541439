//! Who is to hear what, the obvious way: no queues, no indices, every question answered by looking at everybody.

use super::operation::{Command, Emission, Room};
use bytes::Bytes;
use siospec_codec::json::Json;
use siospec_codec::socket::{Assembler, Body, Message};
use siospec_codec::{Limits, Profile};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// The number of a client.
pub(super) type Who = usize;

/// What a client is to receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// A message packet; ids that nobody can foresee are `<sid>`.
    Text(String),
    Binary(Bytes),
}

#[derive(Debug)]
struct Due {
    heard: Heard,
    /// It may be dropped.
    volatile: bool,
}

/// The application and everybody who uses it.
pub(super) struct Model {
    people: Vec<Person>,
    members: BTreeMap<u64, Member>,
    joins: u64,
    questions: Vec<Question>,
    /// How many there were, by namespace.
    asked: HashMap<String, u64>,
    /// What the commands that somebody may send stand for, by their text.
    pub(super) commands: HashMap<String, Command>,
}

struct Person {
    assembler: Assembler<Bytes>,
    due: VecDeque<Due>,
    admitted: bool,
    /// Its connection is over: nothing it has said since counts.
    gone: bool,
}

/// Somebody in a namespace.
struct Member {
    who: Who,
    place: String,
    rooms: BTreeSet<Room>,
}

/// An acknowledgement that is waited for.
struct Question {
    place: String,
    id: u64,
    until: Instant,
    waiting: BTreeSet<u64>,
    answers: Vec<String>,
    asker: u64,
    tag: u64,
}

impl Model {
    pub(super) fn new() -> Self {
        let (people, members, questions) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { people, members, joins: 0, questions, asked: HashMap::new(), commands: HashMap::new() }
    }

    pub(super) fn opened(&mut self, max_payload_bytes: usize) {
        let usual = Limits::DEFAULT;
        let max_attachment_bytes = max_payload_bytes * usual.max_attachments as usize;
        let assembler = Assembler::with_profile(Profile::strict(Limits { max_attachment_bytes, ..usual }));
        self.people.push(Person { assembler, due: VecDeque::new(), admitted: false, gone: false });
    }

    /// A message arrived; gives the connections that are closed because of it.
    pub(super) fn text(&mut self, who: Who, text: &str, now: Instant) -> Vec<Who> {
        match self.people[who].assembler.text(text) {
            _ if self.people[who].gone => Vec::new(),
            Ok(message) => message.map(|it| self.message(who, &it, now)).unwrap_or_default(),
            Err(_) => self.close(who),
        }
    }

    /// Like [`text`](Self::text).
    pub(super) fn binary(&mut self, who: Who, bytes: Bytes, now: Instant) -> Vec<Who> {
        match self.people[who].assembler.binary(bytes) {
            _ if self.people[who].gone => Vec::new(),
            Ok(message) => message.map(|it| self.message(who, &it, now)).unwrap_or_default(),
            Err(_) => self.close(who),
        }
    }

    fn message(&mut self, who: Who, message: &Message<Bytes>, now: Instant) -> Vec<Who> {
        let packet = message.packet();
        let place = packet.namespace.as_str();
        let me = self.members.iter().find(|(_, it)| it.who == who && it.place == place).map(|(key, _)| *key);
        match (packet.body, me) {
            (Body::Connect(auth), None) => self.connect(who, place, auth),
            (Body::Disconnect, Some(me)) => drop(self.members.remove(&me)),
            (Body::Ack { args, id, .. }, Some(me)) => {
                self.answer(me, id.0, args.iter().next().map_or("null", Json::as_str));
            }
            (Body::Event { args, ack, .. }, Some(me)) => {
                let args = args.as_str();
                let prefix = prefix(place);
                if let Some(rest) = args.strip_prefix(r#"["message""#) {
                    let count = message.attachments.len();
                    let head = if count == 0 { "42".to_owned() } else { format!("45{count}-") };
                    self.say(me, format!(r#"{head}{prefix}["message-back"{rest}"#), false);
                    let frames = message.attachments.iter().cloned();
                    self.people[who]
                        .due
                        .extend(frames.map(|it| Due { heard: Heard::Binary(it), volatile: false }));
                } else if let Some(rest) = args.strip_prefix(r#"["message-with-ack","#) {
                    let id = ack.expect("only with an id").0;
                    self.say(me, format!("43{prefix}{id}[{rest}"), false);
                } else if let Some(members) = args.strip_prefix(r#"["do",{"#) {
                    let command = self.commands[members.trim_end_matches("}]")].clone();
                    let tag = ack.expect("only with an id").0;
                    return self.carry_out(me, &command, tag, now);
                }
            }
            _ => return self.close(who),
        }
        Vec::new()
    }

    fn connect(&mut self, who: Who, place: &str, auth: Option<Json<'_>>) {
        let prefix = prefix(place);
        let number = place.strip_prefix("/dynamic-").unwrap_or_default();
        let dynamic = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
        let token = auth.and_then(|auth| auth.get("token")).and_then(Json::as_json_str);
        let refusal = match place {
            "/auth" if token.is_none_or(|token| token.unescape() != "open sesame") => {
                r#"{"message":"not authorized","data":{"code":"E_AUTH"}}"#
            }
            "/" | "/custom" | "/auth" => "",
            _ if dynamic => "",
            _ => r#"{"message":"Invalid namespace"}"#,
        };
        if !refusal.is_empty() {
            let heard = Heard::Text(format!("44{prefix}{refusal}"));
            return self.people[who].due.push_back(Due { heard, volatile: false });
        }
        self.people[who].admitted = true;
        self.joins += 1;
        let me = self.joins;
        self.members.insert(me, Member { who, place: place.to_owned(), rooms: BTreeSet::new() });
        self.say(me, format!(r#"40{prefix}{{"sid":"<sid>"}}"#), false);
        self.say(me, format!(r#"42{prefix}["auth",{}]"#, auth.map_or("{}", Json::as_str)), false);
    }

    fn carry_out(&mut self, me: u64, command: &Command, tag: u64, now: Instant) -> Vec<Who> {
        let place = self.members[&me].place.clone();
        let done = |model: &mut Self, answer: &str| {
            model.say(me, format!("43{}{tag}[{answer}]", prefix(&place)), false)
        };
        match command {
            Command::Join(rooms) => self.members.get_mut(&me).expect("me").rooms.extend(rooms),
            Command::Leave(rooms) => {
                self.members.get_mut(&me).expect("me").rooms.retain(|room| !rooms.contains(room));
            }
            Command::SocketsJoin { to, rooms } => {
                for key in self.audience(&place, to, &[], None) {
                    self.members.get_mut(&key).expect("a hearer").rooms.extend(rooms);
                }
            }
            Command::SocketsLeave { to, rooms } => {
                for key in self.audience(&place, to, &[], None) {
                    self.members.get_mut(&key).expect("a hearer").rooms.retain(|room| !rooms.contains(room));
                }
            }
            Command::Emit(emission) => {
                if self.emit(me, emission, tag, now) {
                    return Vec::new();
                }
            }
            Command::Nonsense => {
                done(self, r#"{"error":"unknown op \"dance\""}"#);
                return Vec::new();
            }
            Command::Drop => {}
            Command::Disconnect { close } => {
                done(self, "{}");
                return self.disconnect(me, *close);
            }
            Command::DisconnectSockets { to, close } => {
                done(self, "{}");
                let leaving = self.audience(&place, to, &[], None);
                return leaving.into_iter().flat_map(|key| self.disconnect(key, *close)).collect();
            }
        }
        done(self, "{}");
        Vec::new()
    }

    /// True if the command is answered by the clients' acknowledgements.
    fn emit(&mut self, me: u64, emission: &Emission, tag: u64, now: Instant) -> bool {
        let Emission { by_server, broadcast, to, except, volatile, ack } = emission;
        let place = self.members[&me].place.clone();
        let alone = !by_server && !broadcast && to.is_empty() && except.is_empty();
        let hearers = match alone {
            true => vec![me],
            false => self.audience(&place, to, except, (!by_server).then_some(me)),
        };
        let mut id = String::new();
        if let Some(ms) = ack {
            let next = self.asked.entry(place.clone()).or_default();
            let question = Question {
                id: *next,
                until: now + Duration::from_millis(u64::from(*ms)),
                waiting: hearers.iter().copied().collect(),
                answers: Vec::new(),
                place: place.clone(),
                asker: me,
                tag,
            };
            id = next.to_string();
            *next += 1;
            match hearers.is_empty() {
                true => self.report(&question, false),
                false => self.questions.push(question),
            }
        }
        for key in hearers {
            self.say(key, format!(r#"42{}{id}["news",{tag}]"#, prefix(&place)), *volatile);
        }
        ack.is_some()
    }

    fn audience(&self, place: &str, to: &[Room], except: &[Room], without: Option<u64>) -> Vec<u64> {
        let is_in = |it: &Member, rooms: &[Room]| rooms.iter().any(|room| it.rooms.contains(room));
        let hears = |key: &u64, it: &Member| {
            it.place == place
                && (to.is_empty() || is_in(it, to))
                && !is_in(it, except)
                && Some(*key) != without
        };
        self.members.iter().filter(|(key, it)| hears(key, it)).map(|(key, _)| *key).collect()
    }

    fn disconnect(&mut self, me: u64, close: bool) -> Vec<Who> {
        let Some(who) = self.members.get(&me).map(|it| it.who) else { return Vec::new() };
        let mine = |key: &u64, it: &Member| *key == me || close && it.who == who;
        let leaving: Vec<u64> =
            self.members.iter().filter(|(key, it)| mine(key, it)).map(|(key, _)| *key).collect();
        for key in leaving {
            self.say(key, format!("41{}", prefix(&self.members[&key].place)), false);
            self.members.remove(&key);
        }
        if close { self.close(who) } else { Vec::new() }
    }

    fn answer(&mut self, me: u64, id: u64, value: &str) {
        let place = &self.members[&me].place;
        let asked = |it: &Question| it.id == id && it.place == *place && it.waiting.contains(&me);
        let Some(index) = self.questions.iter().position(asked) else { return };
        let question = &mut self.questions[index];
        question.waiting.remove(&me);
        question.answers.push(value.to_owned());
        if question.waiting.is_empty() {
            let question = self.questions.remove(index);
            self.report(&question, false);
        }
    }

    /// Time has passed.
    pub(super) fn expire(&mut self, now: Instant) {
        let due = |model: &Self| {
            let questions = model.questions.iter().enumerate().filter(|(_, it)| it.until <= now);
            questions.min_by_key(|(_, it)| it.until).map(|(index, _)| index)
        };
        while let Some(index) = due(self) {
            let question = self.questions.remove(index);
            self.report(&question, true);
        }
    }

    fn report(&mut self, question: &Question, timed_out: bool) {
        let (prefix, answers) = (prefix(&question.place), question.answers.join(","));
        let report =
            format!(r#"43{prefix}{}[{{"responses":[{answers}],"timedOut":{timed_out}}}]"#, question.tag);
        self.say(question.asker, report, false);
    }

    /// Says something to somebody who may be gone.
    fn say(&mut self, key: u64, text: String, volatile: bool) {
        if let Some(member) = self.members.get(&key) {
            self.people[member.who].due.push_back(Due { heard: Heard::Text(text), volatile });
        }
    }

    fn close(&mut self, who: Who) -> Vec<Who> {
        self.gone(who);
        vec![who]
    }

    /// A connection is over.
    pub(super) fn gone(&mut self, who: Who) {
        self.people[who].gone = true;
        self.members.retain(|_, member| member.who != who);
    }

    /// Whether the connection has joined a namespace.
    pub(super) fn is_admitted(&self, who: Who) -> bool {
        self.people[who].admitted
    }

    /// Somebody received something.
    pub(super) fn receive(&mut self, who: Who, heard: &Heard) {
        while let Some(due) = self.people[who].due.pop_front() {
            if due.heard == *heard {
                return;
            }
            assert!(due.volatile, "{who} received {heard:?} instead of {:?}", due.heard);
        }
        panic!("{who} received {heard:?}, which nobody sent");
    }

    /// The bytes that are still to be received, if nothing is dropped.
    pub(super) fn due_bytes(&self, who: Who) -> usize {
        let len = |due: &Due| match &due.heard {
            Heard::Text(text) => text.len() + 20,
            Heard::Binary(bytes) => bytes.len(),
        };
        self.people[who].due.iter().map(len).sum()
    }

    /// Fails unless everything was received.
    pub(super) fn assert_all_received(&self, who: Who) {
        let missing: Vec<_> = self.people[who].due.iter().filter(|due| !due.volatile).collect();
        assert!(missing.is_empty(), "{who} did not receive {missing:?}");
    }
}

/// A namespace as packets say it.
fn prefix(place: &str) -> String {
    if place == "/" { String::new() } else { format!("{place},") }
}
