//! Between two batches: what one step or one case takes up when it is done many times over.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Case, Run};
use crate::{
    live::{judge, oracle::Oracle, perform::Performance, weigh},
    target::TargetError,
};

/// How long the server is weighed between two batches.
const WEIGHING: Duration = Duration::from_millis(1500);
/// How many things are weighed at most between two batches.
const TRIALS: usize = 24;

impl Run<'_> {
    /// Weighs what reactions the last cases showed, the newest first seen first.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn weigh(&mut self, number: u64) -> Result<(), TargetError> {
        let nobody_looks =
            !Oracle::ALL.into_iter().any(|oracle| oracle.weighs() && self.campaign.oracles.holds(oracle));
        if nobody_looks || !self.campaign.host.is_ours() || self.reactions.count() == 0 {
            return Ok(());
        }
        self.tells("weighing");
        self.amplifier.takes(&self.reactions.found);
        let mut rng = self.generator.rng(number ^ 0x5ca1e5);
        let began = Instant::now();
        let mut lingering = Vec::new();
        for _ in 0..TRIALS {
            if began.elapsed() > WEIGHING {
                break;
            }
            let Some(case) = self.amplifier.next(&mut rng) else { continue };
            if self.is_fenced(&case) {
                continue;
            }
            let t0=Instant::now();
            self.weighs(&case, &mut lingering).await?;
            if std::env::var_os("DBG").is_some() { eprintln!("trial {:?} rounds {} {}", t0.elapsed(), case.rounds, case.script().to_string().replace('\n', "; ").chars().take(300).collect::<String>()); }
            if self.server.is_none() {
                return Ok(());
            }
        }
        self.lets_linger(lingering).await
    }

    /// Waits until whatever comes too often has come.
    async fn lets_linger(&mut self, lingering: Vec<(Case, Performance)>) -> Result<(), TargetError> {
        let Some(server) = &self.server else { return Ok(()) };
        let times = lingering.iter().filter_map(|(_, done)| judge::lingers(done, &server.ground));
        sleep(times.max().unwrap_or_default()).await;
        let mut told = Vec::new();
        for (case, mut done) in lingering {
            let (oracles, lag) = (&self.campaign.oracles, self.lag.worst());
            let against = judge::judge(&case, &done, &server.ground, oracles, lag);
            told.extend(against.into_iter().map(|evidence| (case.clone(), evidence)));
            done.ends().await;
        }
        for (case, evidence) in told {
            self.sees(case, evidence).await?;
        }
        Ok(())
    }

    async fn weighs(
        &mut self,
        case: &Case,
        lingering: &mut Vec<(Case, Performance)>,
    ) -> Result<(), TargetError> {
        let (oracles, lag) = (&self.campaign.oracles, &self.lag);
        let Some(server) = &mut self.server else { return Ok(()) };
        let stays = case.rounds == 1;
        let Some((weight, mut done)) = weigh::weigh(server, case, stays).await else { return Ok(()) };
        self.report.cases += u64::from(case.rounds);
        if let Some(evidence) = server.trouble(lag, oracles) {
            return self.investigates(vec![case.clone()], evidence).await;
        }
        let mut told = Vec::new();
        if stays {
            lingering.extend(done.pop().map(|one| (case.clone(), one)));
        }
        for one in &done {
            told.extend(judge::judge(case, one, &server.ground, oracles, lag.worst()));
        }
        if let Some(evidence) = told.into_iter().next() {
            return self.sees(case.clone(), evidence).await;
        }
        for oracle in weight.suspicions() {
            if !oracles.holds(oracle) {
                continue;
            }
            // A second look, cheap, at the same server: most of it is a runtime that has not tidied up.
            let Some(server) = &mut self.server else { return Ok(()) };
            let again = weigh::weigh(server, case, false).await;
            if !again.is_some_and(|(weight, _)| weight.suspicions().contains(&oracle)) {
                continue;
            }
            let t0 = Instant::now();
            let verified = weigh::verify(server, case, oracle).await;
            if std::env::var_os("DBG").is_some() { eprintln!("  verify {oracle} {:?} {}", t0.elapsed(), verified.is_some()); }
            if let Some(evidence) = verified {
                return self.looks_into(case, evidence).await;
            }
        }
        Ok(())
    }
}
