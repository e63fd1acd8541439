//! Between two batches: what one step or one case takes up when it is done many times over.

use std::time::{Duration, Instant};

use super::{Case, Run};
use crate::{
    live::{judge, weigh},
    target::TargetError,
};

/// How long the server is weighed between two batches.
const WEIGHING: Duration = Duration::from_millis(1500);

impl Run<'_> {
    /// Weighs what reactions the last cases showed, the newest first seen first.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn weigh(&mut self, number: u64) -> Result<(), TargetError> {
        if !self.campaign.host.is_ours() || self.reactions.count() == 0 {
            return Ok(());
        }
        self.tells("weighing");
        let mut rng = self.generator.rng(number ^ 0x5ca1e5);
        let deadline = Instant::now() + WEIGHING;
        let mut tries = 0;
        while Instant::now() < deadline && tries < 16 {
            tries += 1;
            let reaction = self.reactions.found[self.weighed % self.reactions.count()].clone();
            self.weighed += 1;
            let case = match reaction.quiet {
                true if rng.u8(..4) != 0 => weigh::amplified(&mut rng, &reaction.case, reaction.step),
                _ => None,
            };
            let case = case.unwrap_or_else(|| weigh::again(&reaction.case));
            if self.is_fenced(&case) {
                continue;
            }
            self.weighs(&case).await?;
            if self.server.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn weighs(&mut self, case: &Case) -> Result<(), TargetError> {
        let (oracles, lag) = (&self.campaign.oracles, &self.lag);
        let Some(server) = &mut self.server else { return Ok(()) };
        let Some((weight, done)) = weigh::weigh(server, case).await else { return Ok(()) };
        self.report.cases += u64::from(case.rounds);
        if let Some(evidence) = server.trouble(lag, oracles) {
            return self.investigates(vec![case.clone()], evidence).await;
        }
        let mut told = Vec::new();
        for one in &done {
            told.extend(judge::judge(case, one, &server.ground, oracles, lag.worst()));
        }
        if let Some(evidence) = told.into_iter().next() {
            return self.looks_into(case, evidence).await;
        }
        for oracle in weight.suspicions() {
            if !oracles.holds(oracle) {
                continue;
            }
            // A second look, cheap, at the same server: most of it is a runtime that has not tidied up.
            let Some(server) = &mut self.server else { return Ok(()) };
            let again = weigh::weigh(server, case).await;
            if !again.is_some_and(|(weight, _)| weight.suspicions().contains(&oracle)) {
                continue;
            }
            if let Some(evidence) = weigh::verify(server, case, oracle).await {
                return self.looks_into(case, evidence).await;
            }
        }
        Ok(())
    }
}
