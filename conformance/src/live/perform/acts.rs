//! When a case did something.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The moments at which a case did something to the server, in their order.
#[derive(Debug, Clone, Default)]
pub(in crate::live) struct Acts(Arc<Mutex<Vec<Instant>>>);

impl Acts {
    /// Something is done now.
    pub(super) fn note(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    }

    /// How long before a moment something was done last; nothing if nothing was.
    pub(in crate::live) fn before(&self, moment: Instant) -> Option<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().find_map(|act| moment.checked_duration_since(*act))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_later_is_not_done_before() {
        let acts = Acts::default();
        let earlier = Instant::now();
        acts.note();
        let moment = Instant::now();
        assert_eq!(acts.before(earlier - Duration::from_millis(1)), None);
        assert!(acts.before(moment).is_some_and(|before| before <= moment - earlier));
        acts.note();
        let later = moment + Duration::from_secs(1);
        assert!(acts.before(later).is_some_and(|before| before <= Duration::from_secs(1)));
    }
}
