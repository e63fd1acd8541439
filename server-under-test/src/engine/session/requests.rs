//! Polling requests.

use std::time::Instant;

use bytes::Bytes;
use siospec_codec::{
    DecodeError,
    engine::{Data, Packet, packets},
};

use super::{Carrier, Farewell, Phase, Session};
use crate::{
    engine::{
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
            return self.answer(request, self.after_upgrade(Answer::Payload(b"6".to_vec())));
        }
        if let Some(first) = self.in_flight.get {
            if self.config.faulty(Fault::SecondGetAccepted) {
                self.answer(first.request, Answer::Payload(b"6".to_vec()));
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

    pub(super) fn post_body(&mut self, request: RequestId, body: &Bytes, now: Instant) {
        let awaited = self.post_over(request) || self.config.faulty(Fault::SecondPostAccepted);
        if !awaited || self.phase == Phase::Closed {
            return self.answer(request, Answer::Cut);
        }
        let text = Text::from_bytes_lossy(body.clone());
        self.payload(&text, now);
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
            _ => self.packets(packets(text.as_str()), text, now),
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
        let body = if !self.outbox.is_empty() && self.carrier == Carrier::Polling {
            self.take_payload()
        } else if let Phase::Closing { .. } = self.phase {
            self.phase = Phase::Closed;
            b"6\x1e1".to_vec()
        } else if upgrading || self.carrier != Carrier::Polling {
            b"6".to_vec()
        } else {
            return;
        };
        self.in_flight.get = None;
        self.answer(held.request, Answer::Payload(body));
    }

    pub(super) fn take_payload(&mut self) -> Vec<u8> {
        let frames = self.outbox.take();
        if self.config.faulty(Fault::UpgradeRepeatsLast) {
            self.last_polled = frames.back().cloned();
        }
        encode_payload(&self.config, frames.iter())
    }

    pub(super) fn answer(&mut self, request: RequestId, answer: Answer) {
        self.outputs.push_back(Output::Answer(request, answer));
    }
}
