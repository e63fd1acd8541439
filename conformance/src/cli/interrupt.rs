//! Ctrl-C and SIGTERM: the first asks the run to end, the second ends it at once.

use std::{io, process};

use tokio::sync::watch;

use super::{Exit, Failure};
use crate::target;

/// Tells of the first interruption, whenever it came since this was made.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system refuses to tell us.
    pub(super) fn listen() -> Result<Self, Failure> {
        let mut signals = Signals::listen().map_err(|error| {
            Failure::new(Exit::OwnFault, format!("cannot listen for interruptions: {error}"))
        })?;
        let (interrupted, interrupt) = watch::channel(false);
        tokio::spawn(async move {
            signals.next().await;
            interrupted.send_replace(true);
            signals.next().await;
            target::kill_all();
            process::exit(Exit::Interrupted.code().into());
        });
        Ok(Self(interrupt))
    }

    /// Waits for the first interruption.
    pub(super) async fn came(&mut self) {
        if self.0.wait_for(|interrupted| *interrupted).await.is_err() {
            // Nobody listens any more: none will come.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same face as on systems that may refuse")]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ended = tokio::signal::ctrl_c().await;
    }
}
