//! How late our own machine is: what is measured while it is busy says nothing about the server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinHandle, time::sleep};

/// Measures all the time how much later than asked we are woken.
#[derive(Debug)]
pub(super) struct Lag {
    worst_us: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Lag {
    /// Begins to measure.
    pub(super) fn measured() -> Self {
        const TICK: Duration = Duration::from_millis(10);
        let worst_us = Arc::new(AtomicU64::new(0));
        let worst = Arc::clone(&worst_us);
        let task = tokio::spawn(async move {
            loop {
                let before = Instant::now();
                sleep(TICK).await;
                let late = before.elapsed().saturating_sub(TICK);
                let late = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
                // What is past counts less and less.
                let faded = worst.load(Ordering::SeqCst) * 199 / 200;
                worst.store(late.max(faded), Ordering::SeqCst);
            }
        });
        Self { worst_us, task }
    }

    /// The worst of the last seconds.
    pub(super) fn worst(&self) -> Duration {
        Duration::from_micros(self.worst_us.load(Ordering::SeqCst))
    }
}

impl Drop for Lag {
    fn drop(&mut self) {
        self.task.abort();
    }
}
