//! The websocket that wants to take a polling session over (Engine.IO protocol v4, "Upgrade").

use std::{collections::VecDeque, sync::Arc, time::Instant};

use siospec_codec::engine::Packet;

use super::{outbox::Frame, signals::SocketId};
use crate::{config::Config, fault::Fault};

/// How many answers to probes may wait for a candidate that does not read them.
const MAX_UNREAD_PROBES: usize = 64;

/// The upgrade of one session. At most one websocket is a candidate at a time.
///
/// Law: every text message of the candidate goes to [`Upgrade::text`], and its verdict is carried out.
#[derive(Debug)]
pub struct Upgrade {
    config: Arc<Config>,
    /// Rare, and out of the way of what every message touches.
    candidate: Option<Box<Candidate>>,
}

#[derive(Debug)]
struct Candidate {
    socket: SocketId,
    until: Instant,
    probed: bool,
    outbox: VecDeque<Frame>,
}

/// What becomes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays one; what it gets to hear is in [`Upgrade::poll`].
    Stays,
    /// It is now the transport of the session.
    Wins,
    /// It broke the sequence and is closed; the session stays on polling.
    Loses,
}

impl Upgrade {
    /// No upgrade is under way.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config, candidate: None }
    }

    /// A websocket was opened; false if another one is in the middle of its upgrade.
    pub fn offer(&mut self, socket: SocketId, now: Instant) -> bool {
        if self.candidate.is_some() && !self.config.faulty(Fault::SecondProbeWins) {
            return false;
        }
        let until = now + self.config.upgrade_timeout;
        self.candidate = Some(Box::new(Candidate { socket, until, probed: false, outbox: VecDeque::new() }));
        true
    }

    /// Whether this websocket is the candidate.
    #[must_use]
    pub fn is(&self, socket: SocketId) -> bool {
        self.candidate.as_ref().is_some_and(|candidate| candidate.socket == socket)
    }

    /// Whether polls are released because the client is about to leave polling.
    #[must_use]
    pub fn probed(&self) -> bool {
        self.candidate.as_ref().is_some_and(|candidate| candidate.probed)
    }

    /// The candidate sent a text message. The probe may be repeated, and may be left out, as in socket.io 4.8.
    pub fn text(&mut self, text: &str) -> Verdict {
        let Some(candidate) = &mut self.candidate else { return Verdict::Loses };
        match Packet::decode(text) {
            Ok(Packet::Ping("probe")) if candidate.outbox.len() >= MAX_UNREAD_PROBES => Verdict::Loses,
            Ok(Packet::Ping("probe")) => {
                candidate.probed = true;
                if !self.config.faulty(Fault::ProbeUnanswered) {
                    candidate.outbox.push_back(Frame::text("3probe"));
                }
                Verdict::Stays
            }
            Ok(Packet::Upgrade) if text.len() > 1 && self.config.faulty(Fault::UpgradeDataRefused) => {
                Verdict::Loses
            }
            Ok(Packet::Upgrade) if self.config.faulty(Fault::UpgradeIgnored) => Verdict::Stays,
            Ok(Packet::Upgrade) => Verdict::Wins,
            _ => Verdict::Loses,
        }
    }

    /// Says something to the candidate.
    pub fn say(&mut self, frame: Frame) {
        if let Some(candidate) = &mut self.candidate {
            candidate.outbox.push_back(frame);
        }
    }

    /// The next message for the candidate.
    pub fn poll(&mut self) -> Option<Frame> {
        self.candidate.as_mut()?.outbox.pop_front()
    }

    /// The upgrade is over, one way or the other; gives what the candidate has not been told yet.
    pub fn end(&mut self) -> VecDeque<Frame> {
        self.candidate.take().map(|candidate| candidate.outbox).unwrap_or_default()
    }

    /// When the candidate must have completed the upgrade.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let until = self.candidate.as_ref()?.until;
        (!self.config.faulty(Fault::UpgradeNeverTimesOut)).then_some(until)
    }
}
