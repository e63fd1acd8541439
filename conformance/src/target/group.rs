//! The process group of a server that we started: nothing of it outlives us.

use std::sync::{Mutex, PoisonError};

use tokio::process::Child;

/// A process and whatever it started. All of it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Group(Option<Id>);

#[cfg(unix)]
type Id = nix::unistd::Pid;
#[cfg(not(unix))]
type Id = std::convert::Infallible;

/// The groups that may still run. Nothing is dropped when the process ends at once, so that somebody has to know.
static GROUPS: Mutex<Vec<Id>> = Mutex::new(Vec::new());

/// Kills every server that we started, for somebody who is about to end the process at once.
pub fn kill_all() {
    for id in GROUPS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        signal(id, true);
    }
}

impl Group {
    /// The group that this process leads.
    pub(super) fn of(child: &Child) -> Self {
        let id = id(child);
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).extend(id);
        Self(id)
    }

    /// Asks the group to end.
    pub(super) fn terminate(&self) {
        if let Some(id) = self.0 {
            signal(id, false);
        }
    }

    /// Ends the group.
    pub(super) fn kill(&self) {
        if let Some(id) = self.0 {
            signal(id, true);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let mut groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|id| Some(*id) != self.0);
        self.kill();
    }
}

#[cfg(unix)]
fn id(child: &Child) -> Option<Id> {
    child.id().and_then(|id| i32::try_from(id).ok()).map(nix::unistd::Pid::from_raw)
}

#[cfg(not(unix))]
fn id(_child: &Child) -> Option<Id> {
    None
}

#[cfg(unix)]
fn signal(id: Id, kill: bool) {
    use nix::sys::signal::{Signal, killpg};
    // An error means that nothing of it is left.
    let _gone = killpg(id, if kill { Signal::SIGKILL } else { Signal::SIGTERM });
}

#[cfg(not(unix))]
fn signal(id: Id, _kill: bool) {
    match id {}
}
