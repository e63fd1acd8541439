//! The runtime that commands do their work on.

use std::pin::Pin;

use tokio::runtime::{Builder, Runtime};

use super::{Exit, Failure};

/// A runtime with a thread for each processor.
pub(super) struct Runner(Runtime);

impl Runner {
    /// Starts its threads.
    ///
    /// # Errors
    /// The system gives none.
    pub(super) fn start() -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread().enable_all().build();
        runtime.map(Self).map_err(|error| Failure::new(Exit::OwnFault, format!("cannot start: {error}")))
    }

    /// Does something to its end.
    pub(super) fn does<T>(&self, doing: impl Future<Output = T>) -> T {
        // A runtime polls in several places, and each would hold a copy of all that a command does.
        let doing: Pin<Box<dyn Future<Output = T> + '_>> = Box::pin(doing);
        self.0.block_on(doing)
    }

    /// Waits for nothing that is still being done.
    pub(super) fn leaves(self) {
        self.0.shutdown_background();
    }
}
