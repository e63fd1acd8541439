//! Polling requests.

use std::time::Instant;

use bytes::Bytes;
use siospec_codec::{
    DecodeError,
    engine::{Data, Packet, packets, v3},
};

use super::{Carrier, Farewell, Phase, Session, packets::RARE_PINGS};
use crate::{
    engine::{
        dialect::Dialect,
        outbox::Text,
        polling::{Held, SEPARATOR, encode_payload},
        signals::{Answer, Output, Reason, Refusal, RequestId},
    },
    fault::Fault,
};

impl Session {
    pub(super) fn get(&mut self, request: RequestId) {
        if self.phase == Phase::Closed {
            return self.answer(request, Answer::Refused(Refusal::SidUnknown));
        }
        if self.carrier != Carrier::Polling {
            return self.answer(request, self.after_upgrade(self.control(&["6"])));
        }
        if let Some(first) = self.in_flight.get {
            if self.config.faulty(Fault::SecondGetAccepted) {
                self.answer(first.request, self.control(&["6"]));
            } else {
                if self.config.faulty(Fault::SecondGetStrandsFirst) {
                    self.in_flight.get = None;
                }
                self.answer(request, Answer::Overlap);
                return self.end(Reason::TransportError, Farewell::Close);
            }
        }
        self.in_flight.get = Some(Held { request, before_probe: false });
    }

    pub(super) fn post_begun(&mut self, request: RequestId) {
        if self.phase == Phase::Closed {
            return self.answer(request, Answer::Refused(Refusal::SidUnknown));
        }
        if self.carrier != Carrier::Polling {
            return self.answer(request, self.after_upgrade(Answer::Taken));
        }
        if self.in_flight.post.is_some() && !self.config.faulty(Fault::SecondPostAccepted) {
            self.answer(request, Answer::Overlap);
            return self.end(Reason::TransportError, Farewell::Close);
        }
        self.in_flight.post = Some(request);
    }

    pub(super) fn post_body(&mut self, request: RequestId, body: &Bytes, octets: bool, now: Instant) {
        let awaited = self.post_over(request) || self.config.faulty(Fault::SecondPostAccepted);
        if !awaited || self.phase == Phase::Closed {
            return self.answer(request, Answer::Cut);
        }
        let octets = octets && !self.config.faulty(Fault::OldOctetsRefused);
        if self.dialect.is_old() && octets {
            self.old_packets(v3::binary_packets(body), now);
        } else if self.dialect.is_old() {
            self.old_payload(&Text::from_bytes_lossy(body.clone()), now);
        } else {
            self.payload(&Text::from_bytes_lossy(body.clone()), now);
        }
        self.answer(request, Answer::Taken);
    }

    /// Whether this was the POST in flight.
    pub(super) fn post_over(&mut self, request: RequestId) -> bool {
        self.in_flight.post.take_if(|post| *post == request).is_some()
    }

    /// Handles packets in order, up to the first bad one.
    pub(super) fn payload(&mut self, text: &Text, now: Instant) {
        match self.config.fault {
            Some(Fault::PayloadHandledBackwards) => self.payload_backwards(text, now),
            Some(fault @ (Fault::BadPacketSkipped | Fault::UnknownPacketIgnored)) => {
                let (good, bad) =
                    text.as_str().split(SEPARATOR).map(Packet::decode).partition::<Vec<_>, _>(Result::is_ok);
                self.packets(good, text, now);
                if !bad.is_empty() && fault == Fault::BadPacketSkipped {
                    self.close(now);
                }
            }
            Some(Fault::CloseDataIgnored) => {
                let has_data = |packet: &&str| packet.len() > 1 && packet.starts_with('1');
                let others = text.as_str().split(SEPARATOR).filter(|packet| !has_data(packet));
                self.packets(others.map(Packet::decode), text, now);
            }
            Some(Fault::PacketsAfterCloseHandled) => {
                let is_close = |packet: &Result<Packet<'_>, _>| matches!(packet, Ok(Packet::Close));
                let (closes, others): (Vec<_>, Vec<_>) = packets(text.as_str()).partition(is_close);
                self.packets(others.into_iter().chain(closes), text, now);
            }
            _ => self.packets(packets(text.as_str()), text, now),
        }
    }

    fn old_payload(&mut self, text: &Text, now: Instant) {
        let differs = text.as_str().contains(|character: char| character > '\u{ffff}');
        if differs && self.config.faulty(Fault::OldLengthsReadInCharacters) {
            return self.old_packets(in_characters(text.as_str()), now);
        }
        self.old_packets(v3::packets(text.as_str()), now);
    }

    /// Handles packets of version 3 in order, up to the first bad one.
    fn old_packets<'a>(
        &mut self,
        packets: impl Iterator<Item = Result<Packet<'a>, DecodeError>>,
        now: Instant,
    ) {
        for packet in packets {
            let is_framing =
                packet.as_ref().is_err_and(|error| error.kind == siospec_codec::ErrorKind::InvalidFrame);
            if is_framing && self.config.faulty(Fault::OldBadLengthIgnored) {
                return;
            }
            match packet {
                // Payloads of old clients are short, and few: their text is copied.
                Ok(Packet::Message(Data::Text(part))) if self.phase == Phase::Open => {
                    self.outputs.push_back(Output::Text(Text::copied(part)));
                }
                packet => self.packet(packet, &Text::copied(""), now),
            }
            if self.phase != Phase::Open {
                return;
            }
        }
    }

    fn payload_backwards(&mut self, text: &Text, now: Instant) {
        let mut all: Vec<_> = packets(text.as_str()).collect();
        let is_event = |packet: &Result<Packet<'_>, _>| match packet {
            Ok(Packet::Message(Data::Text(text))) => text.starts_with('2') && !text.starts_with("2/"),
            _ => false,
        };
        // So many that no client gathers them by chance.
        if all.len() >= 16 && all.iter().all(is_event) {
            all.reverse();
        }
        self.packets(all, text, now);
    }

    fn packets<'a>(
        &mut self,
        packets: impl IntoIterator<Item = Result<Packet<'a>, DecodeError>>,
        text: &Text,
        now: Instant,
    ) {
        for packet in packets {
            self.packet(packet, text, now);
            if self.phase != Phase::Open {
                return;
            }
        }
    }

    /// The answer to a polling request of a session that left polling.
    fn after_upgrade(&self, fault: Answer) -> Answer {
        if self.config.faulty(Fault::PollingAliveAfterUpgrade) {
            return fault;
        }
        Answer::Refused(Refusal::BadRequest)
    }

    /// Answers a held GET if there is something to say to it.
    pub(super) fn release_get(&mut self) {
        let Some(held) = self.in_flight.get else { return };
        let upgrading = self.upgrade.probed()
            && !self.config.faulty(match held.before_probe {
                true => Fault::HeldPollNotReleased,
                false => Fault::LatePollNotReleased,
            });
        let answer = if !self.outbox.is_empty() && self.carrier == Carrier::Polling {
            self.take_payload()
        } else if let (Phase::Closing { .. }, false) = (self.phase, self.strands_get) {
            self.phase = Phase::Closed;
            self.control(&["6", "1"])
        } else if upgrading && self.config.faulty(Fault::NoopsPileUp) && !self.dialect.is_old() {
            self.control(&["6", "6", "6"])
        } else if upgrading || self.carrier != Carrier::Polling || self.answers_at_once() {
            self.control(&["6"])
        } else {
            return;
        };
        self.in_flight.get = None;
        self.answer(held.request, answer);
    }

    /// Whether a GET never waits; only with a fault.
    fn answers_at_once(&self) -> bool {
        self.config.faulty(Fault::GetAnsweredAtOnce) && self.config.ping_interval >= RARE_PINGS
    }

    /// Packets without data, as the answer to a poll.
    pub(super) fn control(&self, packets: &[&str]) -> Answer {
        self.dialect.control(&self.config, packets)
    }

    pub(super) fn take_payload(&mut self) -> Answer {
        let plain = self.outbox.is_all_plain();
        let mut frames = self.outbox.take();
        if self.config.faulty(Fault::AnswerCutAtLimit) {
            let (mut room, mut first) = (self.config.max_payload_bytes, true);
            frames.retain(|frame| {
                room = room.saturating_sub(frame.len_bytes() + 1);
                std::mem::take(&mut first) || room > 0
            });
        }
        if self.config.faulty(Fault::UpgradeRepeatsLast) {
            self.last_polled = frames.back().cloned();
        }
        let answer = match self.dialect {
            Dialect::Four => Answer::Payload(encode_payload(&self.config, frames.iter())),
            old @ Dialect::Three { .. } => old.payload(&self.config, &frames.iter().collect::<Vec<_>>()),
        };
        if plain { Answer::Plain(Box::new(answer)) } else { answer }
    }

    pub(super) fn answer(&mut self, request: RequestId, answer: Answer) {
        self.outputs.push_back(Output::Answer(request, answer));
    }
}

/// Packets whose lengths count characters; only with a fault.
fn in_characters(mut body: &str) -> impl Iterator<Item = Result<Packet<'_>, DecodeError>> {
    std::iter::from_fn(move || {
        let (length, rest) = body.split_once(':')?;
        let end = rest.char_indices().nth(length.parse().ok()?).map_or(rest.len(), |(at, _)| at);
        let (packet, behind) = rest.split_at(end);
        body = behind;
        Some(v3::decode(packet))
    })
}
