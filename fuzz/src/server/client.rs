//! A client: what it has open, what it receives, and what it did that may end its session.

use super::model::{Heard, Who};
use super::operation::Said;
use super::rig::Rig;
use bytes::Bytes;
use siospec_codec::engine::base64;
use siospec_codec::{Encode as _, Profile, engine};
use siospec_server::engine::outbox::{Frame, Text};
use siospec_server::engine::session::Session;
use siospec_server::engine::signals::{Input, Reason, RequestId, SocketId, ToSocket, Transport};
use std::time::Instant;

pub(super) struct Client {
    pub(super) session: Session,
    pub(super) opened: Instant,
    /// It is certain to have lived then.
    pub(super) alive: Instant,
    /// It may have lived then.
    pub(super) perhaps_alive: Instant,
    /// Reads what is sent, and always has a GET in flight.
    attentive: bool,
    pub(super) silent: bool,
    owes_pong: bool,
    /// Was told `3probe`.
    pub(super) probed: bool,
    pub(super) get: Option<RequestId>,
    pub(super) post: Option<RequestId>,
    /// The websockets that are open; the one in use comes first.
    pub(super) sockets: Vec<SocketId>,
    pub(super) carrier: Option<SocketId>,
    pub(super) ended: Option<Reason>,
    /// What it has given cause for.
    pub(super) may_end: Vec<Reason>,
}

impl Client {
    pub(super) fn new(session: Session, socket: Option<SocketId>, attentive: bool, now: Instant) -> Self {
        Self {
            session,
            opened: now,
            alive: now,
            perhaps_alive: now,
            attentive,
            silent: false,
            owes_pong: false,
            probed: false,
            get: None,
            post: None,
            sockets: socket.into_iter().collect(),
            carrier: socket,
            ended: None,
            may_end: Vec::new(),
        }
    }

    pub(super) fn may_end(&mut self, reason: Reason) {
        self.may_end.push(reason);
    }

    /// The websocket that wants to take over.
    pub(super) fn candidate(&self) -> Option<SocketId> {
        self.sockets.iter().rev().find(|socket| Some(**socket) != self.carrier).copied()
    }
}

impl Rig {
    /// A client receives an Engine.IO packet.
    pub(super) fn hear(&mut self, who: Who, packet: &str) {
        let heard = match packet.split_at_checked(1) {
            Some(("4", text)) => Heard::Text(format!("4{}", without_id(text))),
            Some(("b", text)) => {
                let bytes = base64::decode(text, &Profile::STRICT).expect("base64");
                Heard::Binary(bytes.into())
            }
            Some(("0", _)) => return self.note(format!("{who} is greeted")),
            Some(("1", "")) => return self.told_goodbye(who),
            Some(("2", "")) => {
                self.clients[who].owes_pong = true;
                return self.note(format!("{who} is pinged"));
            }
            Some(("3", "probe")) => {
                self.clients[who].probed = true;
                return self.note(format!("{who} reads {packet}"));
            }
            Some(("6", "")) => return self.note(format!("{who} reads {packet}")),
            _ => panic!("{who} is sent {packet:?}"),
        };
        self.hear_message(who, heard);
    }

    fn hear_message(&mut self, who: Who, heard: Heard) {
        self.note(format!("{who} reads {heard:?}"));
        self.model.receive(who, &heard);
    }

    fn told_goodbye(&mut self, who: Who) {
        self.note(format!("{who} is told goodbye"));
        let client = &self.clients[who];
        // What was sent before still arrives, unless the server stops.
        if client.ended == Some(Reason::ForcedClose) && !client.may_end.contains(&Reason::ShuttingDown) {
            self.model.assert_all_received(who);
        }
    }

    /// A client reads what its websockets have for it.
    pub(super) fn read(&mut self, who: Who) {
        for socket in self.clients[who].sockets.clone() {
            while let Some(next) = self.clients[who].session.poll_socket(socket, self.now) {
                match next {
                    ToSocket::Frame(frame) | ToSocket::Plain(frame) => match frame {
                        Frame::Text(text) => self.hear(who, text.as_str()),
                        Frame::Binary(bytes) => self.hear_message(who, Heard::Binary(bytes)),
                    },
                    ToSocket::Close | ToSocket::Cut => {
                        if self.clients[who].carrier == Some(socket) && next == ToSocket::Close {
                            self.told_goodbye(who);
                        }
                        self.clients[who].sockets.retain(|it| *it != socket);
                        self.input(who, Input::SocketClosed(socket));
                        break;
                    }
                }
            }
        }
    }

    /// Clients do what they do on their own: those that are attentive read, and those that were pinged answer.
    pub(super) fn attend(&mut self) {
        for who in 0..self.clients.len() {
            if self.clients[who].attentive {
                self.read(who);
                let client = &self.clients[who];
                let polls = client.session.transport() == Transport::Polling && client.get.is_none();
                if polls && client.ended.is_none() {
                    self.get(who);
                }
            }
            let client = &mut self.clients[who];
            if client.owes_pong && !client.silent && client.ended.is_none() {
                self.say(who, &[Said::Text("3".to_owned())]);
            }
        }
    }

    /// A client says something on the transport in use, if that can take it.
    pub(super) fn say(&mut self, who: Who, said: &[Said]) {
        match self.clients[who].carrier {
            Some(socket) => said.iter().for_each(|it| self.say_on(who, socket, it)),
            None if self.clients[who].post.is_some() => {}
            None => {
                self.post_begins(who);
                self.post_ends(who, said);
            }
        }
    }

    /// A client says something on a websocket.
    pub(super) fn say_on(&mut self, who: Who, socket: SocketId, said: &Said) {
        match said {
            Said::Text(text) => {
                if self.clients[who].carrier == Some(socket) {
                    self.expect_end(who, text);
                }
                let closes = text == "1" && self.clients[who].carrier == Some(socket);
                self.input(who, Input::SocketText(socket, Text::copied(text)));
                if closes {
                    self.assert_ended(who);
                }
            }
            Said::Binary(bytes) => {
                self.input(who, Input::SocketBinary(socket, Bytes::copy_from_slice(bytes)));
            }
        }
        let client = &mut self.clients[who];
        if client.carrier.is_none() && client.session.transport() == Transport::WebSocket {
            client.carrier = Some(socket);
        }
    }

    /// A client sends the body of its POST, if it has one in flight.
    pub(super) fn post_ends(&mut self, who: Who, said: &[Said]) {
        let Some(request) = self.clients[who].post else { return };
        let packets = said.iter().map(|it| match it {
            Said::Text(text) => text.clone(),
            Said::Binary(bytes) => engine::Packet::binary(bytes).to_text(),
        });
        let body = packets.collect::<Vec<_>>().join("\u{1e}");
        if body.len() > self.config.max_payload_bytes {
            return self.post_refused(who);
        }
        body.split('\u{1e}').for_each(|packet| self.expect_end(who, packet));
        let closes = body == "1";
        self.input(who, Input::PostBody(request, body.into()));
        if closes {
            self.assert_ended(who);
        }
    }

    /// The driver refuses the body of a POST.
    pub(super) fn post_refused(&mut self, who: Who) {
        if let Some(request) = self.clients[who].post.take() {
            self.give_up(request);
            self.input(who, Input::PostRefused(request));
        }
    }

    pub(super) fn assert_ended(&self, who: Who) {
        assert!(self.clients[who].ended.is_some(), "{who} should be over");
    }

    /// What a packet may end, or keep from ending.
    fn expect_end(&mut self, who: Who, packet: &str) {
        let client = &mut self.clients[who];
        match packet {
            "3" => {
                client.owes_pong = false;
                (client.alive, client.perhaps_alive) = (self.now, self.now);
            }
            "1" => client.may_end(Reason::TransportClose),
            _ if packet.starts_with('4') => {}
            _ => {
                client.perhaps_alive = self.now;
                client.may_end.extend([Reason::ParseError, Reason::TransportError, Reason::TransportClose]);
            }
        }
    }
}

/// The text without what nobody can foresee: the ids of a socket, and the offset of an event.
fn without_id(text: &str) -> String {
    let (kind, rest) = text.split_at_checked(1).unwrap_or_default();
    match (kind, rest.split_once(r#"{"sid":""#), rest.rsplit_once(r##","#"##)) {
        ("0", Some((before, ids)), _) => {
            let (sid, after) = ids.split_at_checked(20).expect("an id");
            assert!(sid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{sid}");
            let private = after.strip_prefix(r#"","pid":""#).and_then(|pid| pid.split_at_checked(20));
            let after = private.map_or(after, |(_, after)| after);
            format!(r#"0{before}{{"sid":"<sid>{after}"#)
        }
        ("2" | "5", _, Some((event, offset))) if is_offset(offset) => format!("{kind}{event}]"),
        _ => text.to_owned(),
    }
}

/// Whether this is the rest of an offset, and of the event that it ends.
fn is_offset(text: &str) -> bool {
    text.strip_suffix(r#""]"#).is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}
