//! Judging a server from within a test.
//!
//! ```no_run
//! # async fn a_test() -> Result<(), siospec::target::TargetError> {
//! let target = siospec::target::Target::Url { authority: "127.0.0.1:3000".to_owned() };
//! let judgement = siospec::judge(target).rules(["engine/upgrade", "delivery/**"]).await?;
//! judgement.assert_conformant();
//! # Ok(())
//! # }
//! ```

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    sync::Arc,
};

use crate::{
    report::text::visible,
    run::{Arena, Case, Outcome, Plan},
    scenario::{Contract, Transport},
    selector::{Selector, complaint},
    suite,
    target::{Approach, Target, TargetError},
    verdict::Verdict,
};

/// How many cases run at the same time.
const JOBS: usize = 16;

/// Judges a server with every rule that it offers what is needed for, unless fewer are chosen.
///
/// Awaited, it gives a [`Judgement`], or says why the server could not be judged at all.
pub fn judge(target: Target) -> Judging {
    Judging {
        target,
        approach: Approach::default(),
        selectors: Vec::new(),
        over: Transport::ALL.to_vec(),
        known: Vec::new(),
        jobs: JOBS,
    }
}

/// A judgement that is being prepared; see [`judge`].
#[derive(Debug, Clone)]
#[must_use = "nothing is judged before this is awaited"]
pub struct Judging {
    target: Target,
    approach: Approach,
    selectors: Vec<Selector>,
    over: Vec<Transport>,
    known: Vec<Selector>,
    jobs: usize,
}

impl Judging {
    /// Only these rules: paths with globs, such as `engine/upgrade` or `delivery/**`.
    pub fn rules<'a>(mut self, selectors: impl IntoIterator<Item = &'a str>) -> Self {
        self.selectors.extend(selectors.into_iter().map(Selector::from));
        self
    }

    /// Only over these transports.
    pub fn over(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.over = transports.into_iter().collect();
        self
    }

    /// These rules may fail: it is known that they do.
    pub fn known<'a>(mut self, selectors: impl IntoIterator<Item = &'a str>) -> Self {
        self.known.extend(selectors.into_iter().map(Selector::from));
        self
    }

    /// How much of the testee contract the server speaks; without this it is asked. State it: a server whose
    /// acknowledgements are broken cannot say what it speaks, and would be excused from every rule that needs them.
    pub fn contract(mut self, contract: Contract) -> Self {
        self.approach.contract = Some(contract);
        self
    }

    /// Everything else that may be said about the server: path, headers, deadlines.
    pub fn approach(mut self, approach: Approach) -> Self {
        let contract = approach.contract.or(self.approach.contract);
        self.approach = Approach { contract, ..approach };
        self
    }

    /// How many cases run at the same time.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    fn cases(&self) -> Vec<Case> {
        let chosen = |id| self.selectors.is_empty() || self.selectors.iter().any(|one| one.selects(id));
        let scenarios = suite::all().into_iter().filter(|scenario| chosen(scenario.rule.id)).map(Arc::new);
        let cases = scenarios.flat_map(|scenario| {
            let over = scenario.over.iter().copied().filter(|over| self.over.contains(over));
            over.map(|over| Case { scenario: Arc::clone(&scenario), over }).collect::<Vec<_>>()
        });
        cases.collect()
    }
}

impl IntoFuture for Judging {
    type Output = Result<Judgement, TargetError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let all = suite::all();
            let ids = all.iter().map(|scenario| scenario.rule.id);
            if let Some(why) = complaint(self.selectors.iter().chain(&self.known), ids) {
                return Err(TargetError::Usage(why));
            }
            let cases = self.cases();
            if cases.is_empty() {
                return Err(TargetError::Usage("no chosen rule applies over these transports".to_owned()));
            }
            let Self { target, approach, jobs, known, .. } = self;
            let plan = Plan { target, approach, cases, jobs, seed: u64::from(std::process::id()) };
            let outcomes = Arena::open(plan).await?.outcomes().await;
            Ok(Judgement { outcomes, known })
        })
    }
}

/// What became of the rules.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// Every case that was judged, in the order in which they ended.
    pub outcomes: Vec<Outcome>,
    known: Vec<Selector>,
}

impl Judgement {
    /// The cases that count against the server: broken rules that are not known to be, crashes and hangs.
    pub fn failures(&self) -> Vec<&Outcome> {
        let counts = |outcome: &&Outcome| {
            let wrong = matches!(outcome.verdict, Verdict::Fail(_) | Verdict::Crash(_) | Verdict::Hang(_));
            wrong && !self.known.iter().any(|known| known.selects(outcome.case.scenario.rule.id))
        };
        self.outcomes.iter().filter(counts).collect()
    }

    /// The cases that could not be judged, which says nothing about the server.
    pub fn inconclusive(&self) -> Vec<&Outcome> {
        self.outcomes.iter().filter(|it| matches!(it.verdict, Verdict::Inconclusive(_))).collect()
    }

    /// How many cases passed.
    pub fn passed(&self) -> usize {
        self.outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Pass)).count()
    }

    /// Whether nothing counts against the server, every case could be judged, and there was one that passed.
    pub fn is_conformant(&self) -> bool {
        self.failures().is_empty() && self.inconclusive().is_empty() && self.passed() > 0
    }

    /// For the end of a test.
    ///
    /// # Panics
    /// The server is not conformant; the message shows each failure with what crossed the wire.
    #[track_caller]
    pub fn assert_conformant(&self) {
        assert!(self.is_conformant(), "{self}");
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failures, inconclusive) = (self.failures(), self.inconclusive());
        let cases = self.outcomes.len();
        writeln!(
            f,
            "{cases} cases, {} passed, {} failed, {} inconclusive",
            self.passed(),
            failures.len(),
            inconclusive.len()
        )?;
        for outcome in failures.into_iter().chain(inconclusive) {
            let rule = outcome.case.scenario.rule;
            writeln!(f, "\n{} over {} ({})\n  {}", rule.id, outcome.case.over, rule.level, rule.says)?;
            match &outcome.verdict {
                Verdict::Fail(violation) => {
                    writeln!(
                        f,
                        "  want {}\n  got  {}",
                        visible(&violation.expected),
                        visible(&violation.observed)
                    )?;
                }
                Verdict::Crash(how) => writeln!(f, "  the server crashed: {how}")?,
                Verdict::Hang(how) | Verdict::Inconclusive(how) => writeln!(f, "  {how}")?,
                Verdict::Pass | Verdict::Warn(_) | Verdict::Skipped(_) => {}
            }
            for entry in &outcome.transcript {
                writeln!(f, "    {}", visible(&entry.line()))?;
            }
        }
        Ok(())
    }
}
