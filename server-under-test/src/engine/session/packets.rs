//! Packets in and out.

use std::{
    iter,
    time::{Duration, Instant},
};

use bytes::Bytes;
use siospec_codec::{
    DecodeError, Encode as _,
    engine::{Data, Handshake, Packet},
};

use super::{Carrier, Farewell, Phase, Session};
use crate::{
    engine::{
        outbox::{Frame, Text},
        signals::{Outgoing, Output, Reason},
    },
    fault::Fault,
};

/// Pings that come no more often than this are rare, with the faults that want to know.
pub(super) const RARE_PINGS: Duration = Duration::from_secs(10);
/// How long `websocket-joins-packets` waits for a second packet.
const JOIN_WAIT: Duration = Duration::from_millis(50);

impl Session {
    /// Handles one packet, which lies in `text`.
    pub(super) fn packet(&mut self, packet: Result<Packet<'_>, DecodeError>, text: &Text, now: Instant) {
        if self.phase != Phase::Open {
            return;
        }
        if self.is_misread(&packet) {
            return self.end(Reason::ParseError, Farewell::Close);
        }
        if matches!(packet, Ok(Packet::Message(_))) {
            self.heartbeat.message();
        }
        match packet {
            Ok(Packet::Message(Data::Text(part))) => self.outputs.push_back(Output::Text(text.share(part))),
            Ok(Packet::Message(Data::Binary(bytes))) => {
                self.outputs.push_back(Output::Binary(Bytes::copy_from_slice(bytes)));
            }
            Ok(Packet::Message(Data::Base64(base64))) => {
                self.outputs.push_back(Output::Binary(base64.to_vec().into()));
            }
            Ok(Packet::Ping(_)) if self.dialect.is_old() => self.pinged(now),
            Ok(Packet::Pong(_)) if self.dialect.is_old() => {
                self.end(Reason::TransportError, Farewell::Close);
            }
            Ok(Packet::Pong(_)) => self.heartbeat.pong(now),
            // In version 4 of the protocol it is the server that pings.
            Ok(Packet::Ping(_)) => self.end(Reason::TransportError, Farewell::Close),
            Ok(Packet::Close) => self.client_closes(),
            Ok(Packet::Upgrade) => self.config.dies_of(Fault::OddPacketKills),
            Ok(Packet::Open(_) | Packet::Noop) => {}
            Err(_) if self.config.faulty(Fault::UnknownPacketIgnored) => {}
            Err(_) => {
                if self.config.faulty(Fault::BadPacketStrandsGet) && self.config.ping_interval >= RARE_PINGS {
                    self.in_flight.get = None;
                }
                self.end(Reason::ParseError, Farewell::Close);
            }
        }
    }

    /// Whether a fault finds something wrong with a packet; what else it does about it is done.
    fn is_misread(&mut self, packet: &Result<Packet<'_>, DecodeError>) -> bool {
        match (self.config.fault, packet) {
            (Some(Fault::NanRepeated), Ok(Packet::Message(Data::Text(text)))) if text.contains("NaN") => {
                self.outbox.push(Frame::text(r#"42["message-back",NaN]"#));
            }
            (Some(Fault::PongInBetweenCloses), Ok(Packet::Message(data))) => {
                self.in_between = matches!(data, Data::Text(text) if text.starts_with('5'));
            }
            (Some(Fault::PongInBetweenCloses), Ok(Packet::Pong(_))) => return self.in_between,
            (Some(Fault::Base64OnWebsocketCloses), Ok(Packet::Message(Data::Base64(_)))) => {
                return self.carrier != Carrier::Polling;
            }
            _ => {}
        }
        false
    }

    /// A client of version 3 pinged. The pong has no data, as from engine.io 6.6, whatever the text says.
    fn pinged(&mut self, now: Instant) {
        self.heartbeat.ping(now);
        if !self.config.faulty(Fault::OldPingUnanswered) {
            self.outbox.push(Frame::text("3"));
        }
        if self.config.faulty(Fault::OldServerPings) {
            self.outbox.push(Frame::text("2"));
        }
    }

    fn client_closes(&mut self) {
        let ignored = match self.carrier {
            Carrier::Polling => Fault::ClosePacketIgnored,
            Carrier::WebSocket(_) => Fault::WebsocketClosePacketIgnored,
        };
        if self.config.faulty(ignored) {
            return;
        }
        if self.config.faulty(Fault::CloseStrandsGet) {
            self.in_flight.get = None;
        }
        self.end(Reason::TransportClose, Farewell::Noop);
    }

    pub(super) fn send(&mut self, outgoing: Outgoing, now: Instant) {
        let still_heard = match self.phase {
            Phase::Open | Phase::Ending(..) => true,
            Phase::Closing { .. } => self.config.faulty(Fault::BadPacketSkipped),
            Phase::Closed => false,
        };
        if !still_heard {
            return;
        }
        let can_leave = match self.carrier {
            Carrier::Polling => self.in_flight.get.is_some(),
            Carrier::WebSocket(_) => true,
        };
        let kept = self.config.faulty(Fault::VolatileKept);
        if outgoing.manner.volatile && !(can_leave && self.outbox.is_empty()) && !kept {
            return;
        }
        let head = match (self.config.fault, outgoing.head) {
            (Some(Fault::NonBmpReplaced), Frame::Text(text)) => {
                let replaced = text.as_str().chars().map(|c| if c > '\u{ffff}' { '\u{fffd}' } else { c });
                Frame::Text(Text::new(replaced.collect()))
            }
            (_, head) => head,
        };
        for frame in iter::once(head).chain(outgoing.attachments.into_iter().map(Frame::Binary)) {
            match outgoing.manner.compress {
                true => self.outbox.push(frame),
                false => self.outbox.push_plain(frame),
            }
        }
        if self.config.faulty(Fault::WebsocketJoinsPackets) && self.carrier != Carrier::Polling {
            self.join_by.get_or_insert(now + JOIN_WAIT);
        }
        if self.outbox.len_bytes() > self.config.max_outbox_bytes {
            self.outbox.take();
            self.end(Reason::TransportError, Farewell::Close);
        }
    }

    pub(super) fn open_packet(&self) -> Frame {
        let offers_upgrade = match self.carrier {
            Carrier::Polling => !self.config.faulty(Fault::NoUpgradesOffered),
            Carrier::WebSocket(_) => self.config.faulty(Fault::WebsocketOffersUpgrades),
        };
        let handshake = Handshake {
            sid: self.sid.as_str().into(),
            upgrades: if offers_upgrade { vec!["websocket".into()] } else { Vec::new() },
            ping_interval_ms: self.config.ping_interval.as_millis() as u64,
            ping_timeout_ms: self.config.ping_timeout.as_millis() as u64,
            max_payload_bytes: self.config.max_payload_bytes as u64,
        };
        let mut json = b"0".to_vec();
        handshake.encode(&mut json);
        let text = String::from_utf8(json).expect("a handshake is JSON");
        if self.config.faulty(Fault::OpenLacksMaxPayload) {
            let lacking = text.split(r#","maxPayload""#).next().unwrap_or_default();
            return Frame::text(format!("{lacking}}}"));
        }
        Frame::text(text)
    }
}
