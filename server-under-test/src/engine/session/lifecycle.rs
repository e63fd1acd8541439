//! Heartbeat and close.

use std::time::Instant;

use super::{Carrier, Farewell, Phase, Session};
use crate::{
    engine::{
        heartbeat::Beat,
        outbox::Frame,
        signals::{Answer, Output, Reason},
    },
    fault::Fault,
};

impl Session {
    pub(super) fn timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::Closing { until } if until <= now => self.phase = Phase::Closed,
            Phase::Open => {
                self.join_by.take_if(|by| *by <= now);
                if self.upgrade.deadline().is_some_and(|until| until <= now) {
                    self.upgrade.end();
                }
                match self.heartbeat.poll(now) {
                    Some(Beat::Ping) if self.config.faulty(Fault::PingWithData) => {
                        self.outbox.push(Frame::text("2x"))
                    }
                    Some(Beat::Ping)
                        if self.config.faulty(Fault::PingLostWithoutGet)
                            && self.carrier == Carrier::Polling
                            && self.in_flight.get.is_none() => {}
                    Some(Beat::Ping) => self.outbox.push(Frame::text("2")),
                    Some(Beat::Dead) => self.end(Reason::PingTimeout, Farewell::Close),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// The server closes: what waits is delivered, then the client is told.
    pub(super) fn close(&mut self, now: Instant) {
        if let Phase::Ending(Reason::TransportClose, Farewell::Noop) = self.phase {
            self.config.dies_of(Fault::ClosingTwiceKills);
        }
        if self.phase != Phase::Open {
            return;
        }
        if self.config.faulty(Fault::CloseDropsAnswer) {
            let kept = self.outbox.take().into_iter().filter(|frame| !is_acknowledgement(frame));
            kept.for_each(|frame| self.outbox.push(frame));
        }
        let can_tell = self.outbox.is_empty() && self.in_flight.get.is_some();
        if self.carrier != Carrier::Polling || can_tell {
            return self.end(Reason::ForcedClose, Farewell::Close);
        }
        self.abandon_candidate();
        // More than any session has that is closed in the course of something else.
        let many = self.in_flight.get.is_none() && self.outbox.iter().count() >= 5;
        if many && self.config.faulty(Fault::CloseDropsQueue) {
            self.outbox.take();
        }
        self.strands_get = many && self.config.faulty(Fault::CloseStrandsNextGet);
        self.cut_post();
        self.phase = Phase::Closing { until: now + self.config.farewell_timeout };
        self.outputs.push_back(Output::Ended(Reason::ForcedClose));
    }

    pub(super) fn end(&mut self, reason: Reason, farewell: Farewell) {
        match self.phase {
            Phase::Open => self.phase = Phase::Ending(reason, farewell),
            // The layer above knows already.
            Phase::Closing { .. } => {
                self.outbox.take();
                self.finish(reason, farewell);
                self.outputs.retain(|output| !matches!(output, Output::Ended(_)));
            }
            Phase::Ending(..) | Phase::Closed => return,
        }
        self.abandon_candidate();
    }

    pub(super) fn abandon_candidate(&mut self) {
        if !self.config.faulty(Fault::CloseLeavesProbeOpen) {
            self.upgrade.end();
        }
    }

    /// Everything that came before the end has been answered: now say goodbye.
    pub(super) fn finish(&mut self, reason: Reason, farewell: Farewell) {
        self.phase = Phase::Closed;
        self.cut = farewell == Farewell::Cut;
        if let Some(held) = self.in_flight.get.take() {
            let answer = match farewell {
                Farewell::Cut => Answer::Cut,
                _ if !self.outbox.is_empty() && self.carrier == Carrier::Polling => self.take_payload(),
                Farewell::Close => self.control(&["1"]),
                Farewell::Noop => self.control(&["6"]),
            };
            self.answer(held.request, answer);
        }
        self.cut_post();
        self.outputs.push_back(Output::Ended(reason));
    }

    /// A POST that is not complete is not waited for: nobody would hear it.
    fn cut_post(&mut self) {
        if let Some(post) = self.in_flight.post.take()
            && !self.config.faulty(Fault::CloseStrandsPost)
        {
            self.answer(post, Answer::Cut);
        }
    }
}

fn is_acknowledgement(frame: &Frame) -> bool {
    matches!(frame, Frame::Text(text) if text.as_str().starts_with("43"))
}
