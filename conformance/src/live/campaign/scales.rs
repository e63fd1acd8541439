//! Between two batches: what one step or one case takes up when it is done many times over.

use std::time::{Duration, Instant};

use super::{Case, Run, hunt::Waiting};
use crate::{
    live::{confirm, judge, oracle::Oracle, weigh},
    target::TargetError,
};

/// How long the server is weighed between two batches.
const WEIGHING: Duration = Duration::from_millis(2500);
/// How often the server is weighed at most between two batches.
const TRIALS: usize = 16;
/// What was weighed before is no suspect.
const MOST_WEIGHED: usize = 12;
/// What is larger is weighed alone, before a fresh server: whatever memory others gave back would be used again, and nothing
/// would show.
const HEAVY_BYTES: usize = 1 << 20;

impl Run<'_> {
    /// Weighs what reactions the last cases showed, the newest first seen first.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn weigh(&mut self) -> Result<(), TargetError> {
        let nobody_looks =
            !Oracle::ALL.into_iter().any(|oracle| oracle.weighs() && self.campaign.oracles.holds(oracle));
        if nobody_looks || !self.campaign.host.is_ours() {
            return Ok(());
        }
        self.tells("weighing");
        self.amplifier.takes(&self.reactions.found);
        let began = Instant::now();
        for _ in 0..TRIALS {
            if began.elapsed() > WEIGHING {
                break;
            }
            let few = self.next_few();
            if few.is_empty() {
                break;
            }
            self.weighs(&few).await?;
            if self.server.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Cases that can be weighed together: light ones. One that is heavy would outweigh the others.
    fn next_few(&mut self) -> Vec<Case> {
        const FEW: usize = 4;
        const MOST_DRAWN: usize = 64;
        let mut few = Vec::new();
        for _ in 0..MOST_DRAWN {
            let next = self.heavy.take().or_else(|| self.amplifier.next());
            let Some(case) = next else { break };
            if self.is_fenced(&case) {
                continue;
            }
            let is_heavy = case.rounds > 1 || case.weight() > HEAVY_BYTES;
            if is_heavy && !few.is_empty() {
                self.heavy = Some(case);
                break;
            }
            few.push(case);
            if is_heavy || few.len() == FEW {
                break;
            }
        }
        few
    }

    async fn weighs(&mut self, few: &[Case]) -> Result<(), TargetError> {
        self.weighed = few.iter().chain(&self.weighed).take(MOST_WEIGHED).cloned().collect();
        let (oracles, lag) = (&self.campaign.oracles, &self.lag);
        let is_heavy = few.iter().any(|case| case.weight() > HEAVY_BYTES);
        let server = if is_heavy {
            self.scales.fresh().await?;
            self.scales.server()
        } else {
            self.server.as_mut()
        };
        let Some(server) = server else { return Ok(()) };
        let stays = few.iter().all(|case| case.rounds == 1);
        let weighed = weigh::weigh(server, few, stays).await;
        self.report.cases += few.iter().map(|case| u64::from(case.rounds)).sum::<u64>();
        if let Some(evidence) = server.trouble(lag, oracles) {
            let evidence = confirm::cause(server, evidence, oracles, lag).await;
            return self.investigates(self.weighed.clone(), evidence).await;
        }
        let Some((weight, done)) = weighed else { return Ok(()) };
        let suspicions = weight.suspicions();
        let mut told = Vec::new();
        for (case, mut one) in done {
            // Pings that come too often come later: it stays open while others are hunted.
            let lingers = (stays && !is_heavy).then(|| judge::lingers(&one, &server.ground)).flatten();
            if let Some(time) = lingers {
                self.waiting.push(Waiting::new(case, one, time));
                continue;
            }
            let against = judge::judge(&case, &one, &server.ground, oracles, lag.worst());
            told.extend(against.into_iter().map(|evidence| (case.clone(), evidence)));
            one.ends().await;
        }
        for (case, evidence) in told {
            self.sees(case, evidence).await?;
        }
        for oracle in suspicions.into_iter().filter(|oracle| self.campaign.oracles.holds(*oracle)) {
            for case in few {
                self.suspects(case, oracle, is_heavy).await?;
            }
        }
        Ok(())
    }

    /// Looks at a suspicion twice: most of it is a runtime that has not tidied up.
    async fn suspects(&mut self, case: &Case, oracle: Oracle, is_heavy: bool) -> Result<(), TargetError> {
        let server = if is_heavy { self.scales.server() } else { self.server.as_mut() };
        let Some(server) = server else { return Ok(()) };
        // Whether memory is held shows as it grows.
        if oracle != Oracle::MemoryHeld {
            let again = weigh::weigh(server, std::slice::from_ref(case), false).await;
            if !again.is_some_and(|(weight, _)| weight.suspicions().contains(&oracle)) {
                return Ok(());
            }
        }
        match weigh::verify(server, case, oracle).await {
            Some((evidence, case)) => self.looks_into(&case, evidence).await,
            None => Ok(()),
        }
    }
}
