//! Sessions that nobody uses any more: a sample of them is asked for once their time is over.

use std::{collections::VecDeque, time::Instant};

use super::{Case, Run};
use crate::{
    live::{confirm::still_there, ground::Ground, judge, oracle::Oracle, perform::Performance},
    target::TargetError,
};

/// A session of a case that is over.
pub(super) struct Abandoned {
    case: Case,
    sid: String,
    /// When it must be gone.
    gone_by: Instant,
}

/// How many are kept in mind.
const MOST: usize = 64;

/// Keeps in mind what a case left behind that is over now, if there is room.
pub(super) fn abandon(all: &mut VecDeque<Abandoned>, case: &Case, done: &Performance, ground: &Ground) {
    for sid in judge::sessions(done).into_iter().take(2) {
        if all.len() < MOST {
            all.push_back(Abandoned { case: case.clone(), sid, gone_by: judge::reclaimed_by(ground) });
        }
    }
}

impl Run<'_> {
    /// Asks for those whose time is over.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn asks_for_sessions(&mut self) -> Result<(), TargetError> {
        if !self.campaign.oracles.holds(Oracle::SessionKept) {
            return Ok(());
        }
        while let Some(server) = &self.server
            && let Some(one) = self.abandoned.pop_front_if(|one| one.gone_by < Instant::now())
        {
            if let Some(evidence) = still_there(server, &one.sid).await {
                return self.looks_into(&one.case, evidence).await;
            }
        }
        Ok(())
    }
}
