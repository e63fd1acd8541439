//! From suspects to a finding: which case it was, three times of three, and the smallest that does it.

use std::{
    slice,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Bench, Case, Evidence, MOST_ALIKE, Run, is_mild};
use crate::{
    live::{
        confirm::{Patience, harms, is_same},
        finding::{Finding, signature},
        generate::texts_of,
        minimise::minimise,
        oracle::{Class, Oracle},
    },
    siot::Step,
    target::TargetError,
};

/// How long a case may be made smaller.
const MINIMISING: Duration = Duration::from_secs(5);
/// The same for what ends nothing.
const MINIMISING_MILD: Duration = Duration::from_secs(3);
/// The same where each try has to wait for what comes late.
const MINIMISING_LATE: Duration = Duration::from_secs(12);
/// How often a finding has to show.
const TIMES: usize = 3;
/// How long suspects are tried.
const TRYING: Duration = Duration::from_secs(12);
/// After so many that could not be shown again, only few more are tried.
const MANY_IN_VAIN: usize = 12;

impl<'c> Run<'c> {
    /// Something happened to the server while many cases were done: finds out which it was.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn investigates(
        &mut self,
        suspects: Vec<Case>,
        evidence: Evidence,
    ) -> Result<(), TargetError> {
        self.tells("investigating");
        if !is_mild(evidence.oracle) {
            self.falls().await;
        }
        if !self.campaign.host.is_ours() {
            // Nobody starts it again: there is nothing left to try it on.
            return self.last_suspect(suspects, evidence).await;
        }
        // The same again, and nothing new in it.
        let again = self
            .report
            .findings
            .iter()
            .filter(|found| !evidence.trace.is_empty() && is_same(&found.evidence, &evidence));
        if again.count() >= MOST_ALIKE {
            return Ok(());
        }
        let mut bench = self.bench(evidence.oracle);
        match culprit(&mut bench, suspects, &evidence).await? {
            Some((case, evidence)) if !self.is_behind(&case, &evidence) => {
                self.makes_smaller(bench, &case, evidence).await
            }
            Some(_) => {
                self.goes_on_with(bench.clear().await).await;
                Ok(())
            }
            None => {
                self.goes_on_with(bench.clear().await).await;
                self.report.unconfirmed.push(format!("{}: {}", evidence.oracle, evidence.what));
                Ok(())
            }
        }
    }

    async fn last_suspect(&mut self, suspects: Vec<Case>, evidence: Evidence) -> Result<(), TargetError> {
        let seconds = self.began.elapsed().as_secs_f64();
        match self.campaign.host.start().await {
            // It serves again, or still: whoever watches over it may have started it.
            Ok(server) => {
                self.server = Some(server);
                let mut bench = self.bench(evidence.oracle);
                let found = culprit(&mut bench, suspects, &evidence).await;
                self.goes_on_with(bench.clear().await).await;
                if let Ok(Some((case, evidence))) = found {
                    self.finds(evidence, case, seconds);
                } else {
                    self.report.unconfirmed.push(format!("{}: {}", evidence.oracle, evidence.what));
                }
                Ok(())
            }
            Err(error) => {
                // It is gone, and one of those under way did it.
                let Some(case) = suspects.into_iter().next() else { return Err(error) };
                self.finds(evidence, case, seconds);
                Err(error)
            }
        }
    }

    /// One case saw something: shows it again, makes the case smaller, and keeps it.
    ///
    /// # Errors
    /// No server can be started.
    pub(super) async fn looks_into(&mut self, case: &Case, evidence: Evidence) -> Result<(), TargetError> {
        let is_vain = self.vain > MANY_IN_VAIN && !self.report.cases.is_multiple_of(16);
        if is_vain || self.is_behind(case, &evidence) {
            return Ok(());
        }
        self.tells("confirming");
        if harms(evidence.oracle) || evidence.oracle.weighs() {
            self.falls().await;
        }
        let mut bench = self.bench(evidence.oracle);
        match bench.confirms(case, &evidence, Patience::QUICK, 1).await? {
            Some(evidence) => self.makes_smaller(bench, case, evidence).await,
            None => {
                self.goes_on_with(bench.clear().await).await;
                self.in_vain(&evidence);
                Ok(())
            }
        }
    }

    fn bench(&self, oracle: Oracle) -> Bench<'c> {
        Bench::new(&self.campaign.host, &self.campaign.oracles, Arc::clone(&self.lag)).looking_for(oracle)
    }

    fn in_vain(&mut self, evidence: &Evidence) {
        self.vain += 1;
        self.report.unconfirmed.push(format!("{}: {}", evidence.oracle, evidence.what));
    }

    /// Whether the same was found by what is in the case.
    fn is_behind(&self, case: &Case, evidence: &Evidence) -> bool {
        self.report.findings.iter().any(|found| found.oracle() == evidence.oracle) && self.is_fenced(case)
    }

    /// Makes a case smaller that showed something alone, shows it again, and keeps it.
    async fn makes_smaller(
        &mut self,
        bench: Bench<'c>,
        case: &Case,
        confirmed: Evidence,
    ) -> Result<(), TargetError> {
        self.confirming.send_replace(true);
        let made = self.makes_the_smallest(bench, case, confirmed).await;
        self.confirming.send_replace(false);
        made
    }

    async fn makes_the_smallest(
        &mut self,
        mut bench: Bench<'c>,
        case: &Case,
        confirmed: Evidence,
    ) -> Result<(), TargetError> {
        self.tells("confirming");
        let patience = Patience::QUICK;
        let seconds = self.began.elapsed().as_secs_f64();
        let known: Vec<String> = self.report.findings.iter().map(Finding::signature).collect();
        let is_alike = self.report.findings.iter().any(|found| is_same(&found.evidence, &confirmed));
        let waiting = case.waiting();
        // After the server's own time-outs it may be another bug with the same words: if it shows after all of the time.
        let is_another = is_alike
            && case.pauses()
            && (bench.tries(&waiting, confirmed.oracle, patience).await?)
                .is_some_and(|again| is_same(&again, &confirmed));
        let mut smallest = if is_another {
            smaller(&mut bench, &waiting, &confirmed, patience, &known).await
        } else {
            smaller(&mut bench, case, &confirmed, patience, &[]).await
        };
        if known.contains(&signature(&confirmed, &smallest)) {
            self.goes_on_with(bench.clear().await).await;
            // Only what happens at once is known to be the same.
            if !case.pauses() {
                self.fences_off(&smallest);
            }
            return Ok(());
        }
        // It was shown once already. Something shorter may show itself not every time where the whole case does.
        let mut shown = bench.confirms(&smallest, &confirmed, patience, TIMES - 1).await?;
        if shown.is_none() && smallest != *case {
            smallest.clone_from(case);
            shown = bench.confirms(&smallest, &confirmed, patience, TIMES).await?;
        }
        self.goes_on_with(bench.clear().await).await;
        match shown {
            Some(evidence) => self.finds(evidence, smallest, seconds),
            None => self.in_vain(&confirmed),
        }
        Ok(())
    }

    pub(super) fn is_fenced(&self, case: &Case) -> bool {
        self.fences.iter().any(|fence| fence.holds(case))
    }
}

/// The case that does it again alone: suspects are tried a few at the same time, and those that did it in halves.
async fn culprit(
    bench: &mut Bench<'_>,
    suspects: Vec<Case>,
    evidence: &Evidence,
) -> Result<Option<(Case, Evidence)>, TargetError> {
    /// How many are tried at the same time before one server.
    const FEW: usize = 8;
    /// The same where the harm stays, whatever others do, and takes longer to show.
    const MANY: usize = 24;
    let deadline = Instant::now() + TRYING;
    let quick = Patience { open: Duration::from_millis(20), closed: Duration::from_millis(40) };
    // What takes its time to show is waited for.
    let slow = Patience { open: Duration::from_millis(1300), closed: Duration::from_millis(600) };
    let few = if evidence.oracle.class() == Class::Hang { MANY } else { FEW };
    for patience in [quick, slow] {
        for some in suspects.chunks(few * bench.breadth()) {
            if Instant::now() > deadline {
                return Ok(None);
            }
            let groups: Vec<&[Case]> = some.chunks(few).collect();
            let found = bench.tries_each(&groups, evidence.oracle, patience).await?;
            for (few, found) in groups.into_iter().zip(found) {
                let Some(found) = found else { continue };
                if let Some(culprit) = one_of(bench, few, &found, patience).await? {
                    return Ok(Some(culprit));
                }
            }
        }
    }
    Ok(None)
}

/// The one of a few that does it: they are divided, into halves or more, until one is left.
async fn one_of(
    bench: &mut Bench<'_>,
    few: &[Case],
    found: &Evidence,
    patience: Patience,
) -> Result<Option<(Case, Evidence)>, TargetError> {
    let patience = Patience { open: patience.open, closed: patience.closed.max(Patience::QUICK.closed) };
    let mut few = few;
    let mut last = found.clone();
    while few.len() > 1 {
        let mut parts: Vec<&[Case]> = few.chunks(few.len().div_ceil(bench.breadth() + 1)).collect();
        // If none of the others does it, the last one does.
        few = parts.pop().unwrap_or_default();
        let found = bench.tries_each(&parts, last.oracle, patience).await?;
        if let Some((part, evidence)) =
            parts.into_iter().zip(found).find_map(|(part, found)| Some((part, found?)))
        {
            (few, last) = (part, evidence);
        }
    }
    let [case] = few else { return Ok(None) };
    bench.fresh().await?;
    let again = bench.tries(case, last.oracle, Patience::QUICK).await?;
    let again = again.filter(|again| again.oracle.class() == last.oracle.class());
    Ok(again.map(|again| (case.clone(), again)))
}

/// The smallest case that shows the same.
async fn smaller(
    bench: &mut Bench<'_>,
    case: &Case,
    like: &Evidence,
    patience: Patience,
    known: &[String],
) -> Case {
    let time = match like.oracle {
        Oracle::Heartbeat | Oracle::SessionKept | Oracle::MemoryKept | Oracle::Delivery => MINIMISING_LATE,
        oracle if is_mild(oracle) => MINIMISING_MILD,
        oracle if case.pauses() || oracle.class() == Class::Hang => MINIMISING_LATE,
        _ => MINIMISING,
    };
    let deadline = Instant::now() + time;
    let packets = heads(case);
    let is_another = |smaller: &Case| {
        // What is found already is another way to the same harm.
        let is_known = known.contains(&signature(like, smaller));
        // A shorter way to the same harm may be another bug: the types of the packets stay what they were.
        is_known || (like.oracle.weighs() && heads(smaller).iter().any(|head| !packets.contains(head)))
    };
    minimise(case, bench.breadth(), async |few: &[Case]| {
        if Instant::now() > deadline {
            return None;
        }
        let tried: Vec<usize> = (0..few.len()).filter(|at| !is_another(&few[*at])).collect();
        let groups: Vec<&[Case]> = tried.iter().map(|at| slice::from_ref(&few[*at])).collect();
        let found = bench.tries_each(&groups, like.oracle, patience).await.ok()?;
        let shows = |found: &Option<Evidence>| found.as_ref().is_some_and(|found| is_same(found, like));
        Some(tried.into_iter().zip(found).find(|(_, found)| shows(found)).map(|(at, _)| at))
    })
    .await
}

fn heads(case: &Case) -> Vec<String> {
    let evidence = Evidence::new(Oracle::Answer, "");
    let mut all = Vec::new();
    for step in &case.steps {
        if let Step::Act(_, act) = step
            && !texts_of(act).is_empty()
        {
            all.push(signature(&evidence, &Case::new(vec![step.clone()])));
        }
    }
    all
}
