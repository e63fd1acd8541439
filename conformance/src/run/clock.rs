//! Watches our own event loop: a measurement taken while it stood still is no measurement.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

/// A pause of our own event loop that casts doubt on what was measured.
const STUMBLE: Duration = Duration::from_millis(80);

/// Ticks while a run goes on, and remembers when a tick came late.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    stumbles: Arc<Mutex<Vec<Instant>>>,
    _ticking: Arc<JoinSet<()>>,
}

impl Clock {
    pub(super) fn start() -> Self {
        const TICK: Duration = Duration::from_millis(10);
        let stumbles = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&stumbles);
        let mut ticking = JoinSet::new();
        ticking.spawn(async move {
            loop {
                let slept = Instant::now();
                sleep(TICK).await;
                if slept.elapsed() > TICK + STUMBLE {
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
                }
            }
        });
        Self { stumbles, _ticking: Arc::new(ticking) }
    }

    pub(super) fn stumbled_since(&self, began: Instant) -> bool {
        let stumbles = self.stumbles.lock().unwrap_or_else(PoisonError::into_inner);
        stumbles.last().is_some_and(|last| *last >= began)
    }
}
