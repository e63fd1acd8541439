//! Websockets: the transport itself, and those that want to become it.

use std::time::Instant;

use bytes::Bytes;
use siospec_codec::engine::{Data, Packet};

use super::{Carrier, Farewell, Phase, Session};
use crate::{
    engine::{
        outbox::{Frame, Text},
        polling::SEPARATOR,
        signals::{Output, Reason, SocketId, ToSocket},
        upgrade::Verdict,
    },
    fault::Fault,
};

impl Session {
    /// What this websocket is to do next, if anything.
    pub fn poll_socket(&mut self, socket: SocketId, now: Instant) -> Option<ToSocket> {
        if self.carrier == Carrier::WebSocket(socket) {
            if self.cut {
                return Some(ToSocket::Cut);
            }
            let plain = self.outbox.is_next_plain();
            if let Some(frame) = self.next_frame(now) {
                return Some(if plain { ToSocket::Plain(frame) } else { ToSocket::Frame(frame) });
            }
            return match self.phase {
                Phase::Open | Phase::Ending(..) => None,
                Phase::Closing { .. } | Phase::Closed => Some(ToSocket::Close),
            };
        }
        if self.upgrade.is(socket) {
            return self.upgrade.poll().map(ToSocket::Frame);
        }
        Some(ToSocket::Close)
    }

    pub(super) fn socket_opened(&mut self, socket: SocketId, now: Instant) {
        if self.carrier == Carrier::WebSocket(socket) {
            return;
        }
        let wanted = self.carrier == Carrier::Polling || self.config.faulty(Fault::SecondWebsocketAccepted);
        if self.phase != Phase::Open || !wanted || !self.upgrade.offer(socket, now) {
            return;
        }
        if self.config.faulty(Fault::OpenOnUpgrade) {
            self.upgrade.say(self.open_packet());
        }
    }

    pub(super) fn socket_text(&mut self, socket: SocketId, text: Text, now: Instant) {
        if self.carrier == Carrier::WebSocket(socket) {
            if self.config.faulty(Fault::WebsocketSplitsSeparator) && text.as_str().contains(SEPARATOR) {
                return self.payload(&text, now);
            }
            let packet = self.dialect.decode(text.as_str());
            if let Ok(Packet::Message(Data::Text(message))) = packet
                && self.phase == Phase::Open
                // Faults look at packets where they are read.
                && self.config.fault.is_none()
            {
                // Taken over, where a payload of several packets would be shared.
                let skipped = text.as_str().len() - message.len();
                return self.outputs.push_back(Output::Text(text.skip(skipped)));
            }
            return self.packet(packet, &text, now);
        }
        if !self.upgrade.is(socket) {
            return;
        }
        if self.config.faulty(Fault::BusyUpgradeStarves) && self.outbox.iter().count() > 20 {
            return;
        }
        match self.upgrade.text(text.as_str()) {
            Verdict::Stays => {
                if let Some(held) = &mut self.in_flight.get {
                    held.before_probe = true;
                }
            }
            Verdict::Wins if self.carrier == Carrier::Polling => self.complete_upgrade(socket),
            Verdict::Wins => {}
            Verdict::Loses => self.lose_candidate(Fault::BadProbeClosesSession),
        }
    }

    pub(super) fn socket_binary(&mut self, socket: SocketId, bytes: Bytes) {
        if self.carrier == Carrier::WebSocket(socket) {
            self.in_between = false;
            if self.phase == Phase::Open {
                match self.dialect.decode_binary(&self.config, bytes) {
                    Ok(bytes) => self.outputs.push_back(Output::Binary(bytes)),
                    Err(_) => self.end(Reason::ParseError, Farewell::Close),
                }
            }
        } else if self.upgrade.is(socket) {
            self.lose_candidate(Fault::BadProbeClosesSession);
        }
    }

    pub(super) fn socket_gone(&mut self, socket: SocketId, reason: Reason) {
        if self.carrier == Carrier::WebSocket(socket) {
            self.end(reason, Farewell::Close);
        } else if self.upgrade.is(socket) {
            self.lose_candidate(Fault::DroppedProbeClosesSession);
        }
    }

    /// The upgrade failed; the session stays on polling, as in socket.io 4.8.
    fn lose_candidate(&mut self, fatal: Fault) {
        self.upgrade.end();
        if self.config.faulty(fatal) {
            self.end(Reason::TransportError, Farewell::Close);
        }
    }

    fn complete_upgrade(&mut self, socket: SocketId) {
        self.carrier = Carrier::WebSocket(socket);
        self.outputs.push_back(Output::Upgraded);
        self.outbox.push_first(self.upgrade.end());
        let waits =
            self.outbox.iter().any(|frame| matches!(frame, Frame::Text(text) if text.as_str() == "2"));
        self.heartbeat.upgraded(!waits);
        if self.config.faulty(Fault::UpgradeDropsBuffer) {
            let kept = self.outbox.take().into_iter().filter(|frame| !is_message(frame));
            kept.for_each(|frame| self.outbox.push(frame));
        }
        if let Some(frame) = self.last_polled.take_if(|frame| is_echo(frame)) {
            self.outbox.push(frame);
        }
        if self.config.faulty(Fault::NoopAfterUpgrade) {
            self.outbox.push(Frame::text("6"));
        }
    }

    fn next_frame(&mut self, now: Instant) -> Option<Frame> {
        if self.dialect.is_old() {
            return self.outbox.pop().map(|frame| self.dialect.frame(&self.config, frame));
        }
        if self.config.faulty(Fault::WebsocketJoinsPackets) {
            return self.next_joined(now);
        }
        let frame = self.outbox.pop()?;
        if let Frame::Binary(bytes) = &frame
            && bytes.first() == Some(&0x34)
            && self.config.faulty(Fault::WebsocketBinaryPrefixed)
        {
            return Some(Frame::Binary([&[0x04], &bytes[..]].concat().into()));
        }
        Some(frame)
    }

    fn next_joined(&mut self, now: Instant) -> Option<Frame> {
        let echoes = self.outbox.iter().take_while(|frame| is_echo(frame)).count();
        let alone = echoes == 1 && self.outbox.iter().count() == 1;
        if alone && self.join_by.is_some_and(|until| now < until) && self.phase == Phase::Open {
            return None;
        }
        self.join_by = None;
        if echoes < 2 {
            return self.outbox.pop();
        }
        let echoes: Vec<Frame> = (0..echoes).filter_map(|_| self.outbox.pop()).collect();
        let texts = echoes.iter().map(|frame| if let Frame::Text(text) = frame { text.as_str() } else { "" });
        Some(Frame::text(texts.collect::<Vec<_>>().join("\u{1e}")))
    }
}

fn is_message(frame: &Frame) -> bool {
    match frame {
        Frame::Text(text) => text.as_str().starts_with('4'),
        Frame::Binary(_) => true,
    }
}

fn is_echo(frame: &Frame) -> bool {
    matches!(frame, Frame::Text(text) if text.as_str().starts_with(r#"42["message-back""#))
}
