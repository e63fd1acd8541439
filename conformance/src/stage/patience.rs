//! How long to wait, derived from what the server announced; never a literal in a scenario.

use std::time::{Duration, Instant};

use super::session::Hello;

/// Deadlines for a case. They only cost time when a server does not do what it should.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    scale: f64,
}

impl Patience {
    /// Deadlines stretched by `scale` (1 is usual; a slow machine wants more).
    pub fn new(scale: f64) -> Self {
        Self { scale }
    }

    /// For an answer that is due at once.
    pub fn answer(&self) -> Duration {
        self.scaled(Duration::from_secs(4))
    }

    /// A time that the server is given, stretched for slow machines.
    pub fn millis(&self, millis: u64) -> u64 {
        u64::try_from(self.scaled(Duration::from_millis(millis)).as_millis()).unwrap_or(u64::MAX).max(millis)
    }

    /// For connecting to the server.
    pub fn connect(&self) -> Duration {
        self.scaled(Duration::from_secs(10))
    }

    /// For a GET during an upgrade to be released. The reference implementation looks for one every 100 ms;
    /// a server that forgets it leaves it waiting for a whole ping interval.
    pub fn release(&self) -> Duration {
        self.scaled(Duration::from_secs(1)).max(Duration::from_millis(500))
    }

    /// For the next ping: the announced interval and some slack.
    pub fn ping(&self, hello: &Hello) -> Duration {
        Duration::from_millis(hello.ping_interval_ms) + self.slack()
    }

    /// For a session without pongs to end: interval, time-out and some slack. The newest reference
    /// server lets a packet that follows a ping extend the time-out once.
    pub fn silence(&self, hello: &Hello) -> Duration {
        Duration::from_millis(hello.ping_interval_ms + 2 * hello.ping_timeout_ms) + self.slack()
    }

    /// For something that is due after a configured time.
    pub fn after(&self, due: Duration) -> Duration {
        due + self.slack()
    }

    /// Lets time pass, where passing time is what a rule is about.
    pub async fn pause_until(&self, when: Instant) {
        tokio::time::sleep_until(when.into()).await;
    }

    /// A time as it would be for a machine of the usual speed.
    pub(crate) fn unscaled(&self, time: Duration) -> Duration {
        time.div_f64(self.scale)
    }

    /// A time for a machine of the usual speed, as it is for this one.
    pub(crate) fn rescaled(&self, time: Duration) -> Duration {
        self.scaled(time)
    }

    fn slack(&self) -> Duration {
        self.scaled(Duration::from_millis(1500)).max(Duration::from_secs(1))
    }

    fn scaled(&self, time: Duration) -> Duration {
        time.mul_f64(self.scale)
    }
}
