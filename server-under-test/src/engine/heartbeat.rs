//! When to ping, and when to give up (Engine.IO protocol v4, "Heartbeat").

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{config::Config, fault::Fault};

/// The heartbeat of one session.
///
/// Law: call [`Heartbeat::poll`] at every [`Heartbeat::deadline`], and do what it says.
#[derive(Debug)]
pub struct Heartbeat {
    config: Arc<Config>,
    state: State,
    pings: u64,
    /// Messages since the last ping.
    messages: u64,
    /// The next pong does not count; only with `upgrade-forgets-ping`.
    forgets: bool,
}

/// As good as for ever.
const FORGIVEN: Duration = Duration::from_secs(86_400);

#[derive(Debug, Clone, Copy)]
enum State {
    /// The peer is known to live; a ping is due then.
    PingAt(Instant),
    /// A ping is under way; without a pong the session ends then.
    PongBy(Instant),
    /// The peer is of version 3 and pings: without a ping the session ends then.
    PingBy(Instant),
    /// Only for faults.
    Stopped,
}

/// What a heartbeat asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// A ping is due.
    Ping,
    /// The pong is overdue.
    Dead,
}

impl Heartbeat {
    /// The heartbeat of a session that was opened now.
    #[must_use]
    pub fn new(config: Arc<Config>, now: Instant) -> Self {
        let first = if config.faulty(Fault::PingAtOnce) { now } else { now + config.ping_interval };
        let state = if config.faulty(Fault::NoPing) { State::Stopped } else { State::PingAt(first) };
        Self { config, state, pings: 0, messages: 0, forgets: false }
    }

    /// The heartbeat of a session of version 3, whose client pings (Engine.IO protocol v3, "ping").
    #[must_use]
    pub fn reversed(config: Arc<Config>, now: Instant) -> Self {
        let state = match config.faulty(Fault::OldTimeoutIgnored) {
            true => State::Stopped,
            false => State::PingBy(now + config.ping_interval + config.ping_timeout),
        };
        Self { config, state, pings: 0, messages: 0, forgets: false }
    }

    /// The client pinged.
    pub fn ping(&mut self, now: Instant) {
        if let State::PingBy(until) = &mut self.state
            && !self.config.faulty(Fault::OldPingExtendsNothing)
        {
            *until = now + self.config.ping_interval + self.config.ping_timeout;
        }
    }

    /// A message arrived, which says nothing about the heartbeat.
    pub fn message(&mut self) {
        self.messages += 1;
    }

    /// A pong arrived. One that answers no ping postpones the next, as in socket.io 4.8.
    pub fn pong(&mut self, now: Instant) {
        if std::mem::take(&mut self.forgets) {
            return;
        }
        if self.messages > 100 && self.config.faulty(Fault::BusyPongMissed) {
            return;
        }
        self.state = match self.state {
            State::Stopped => State::Stopped,
            _ if self.pings == 1 && self.config.faulty(Fault::PingOnce) => State::Stopped,
            _ => State::PingAt(now + self.config.ping_interval),
        }
    }

    /// What is due now, if anything.
    pub fn poll(&mut self, now: Instant) -> Option<Beat> {
        match self.state {
            State::PingAt(at) if at <= now => {
                self.pings += 1;
                self.messages = 0;
                self.state = if self.config.faulty(Fault::PingTimeoutIgnored) {
                    State::PingAt(now + self.config.ping_interval)
                } else if self.config.faulty(Fault::PingTimeoutHalved) {
                    State::PongBy(now + self.config.ping_timeout.mul_f64(0.4))
                } else {
                    State::PongBy(now + self.config.ping_timeout)
                };
                Some(Beat::Ping)
            }
            State::PongBy(at) | State::PingBy(at) if at <= now => {
                self.state = State::Stopped;
                Some(Beat::Dead)
            }
            _ => None,
        }
    }

    /// When something is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::PingAt(at) | State::PongBy(at) | State::PingBy(at) => Some(at),
            State::Stopped => None,
        }
    }

    /// An upgrade leaves the heartbeat alone: no timer is started again, and a pong that is due stays due. `pinged` says
    /// that the ping it answers went by polling.
    pub fn upgraded(&mut self, pinged: bool) {
        match (self.config.fault, &mut self.state) {
            (Some(Fault::UpgradeStopsHeartbeat), state) => *state = State::Stopped,
            (Some(Fault::UpgradeForgetsPing), State::PongBy(_)) => self.forgets = pinged,
            // As in socket.io 4.8.
            (Some(Fault::UpgradeForgivesPing), State::PongBy(until)) if pinged => *until += FORGIVEN,
            _ => {}
        }
    }
}
