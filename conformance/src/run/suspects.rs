//! The cases that were there when a server died: one at a time, whoever kills it again did it before.

use std::{sync::Arc, time::Instant};

use super::{
    Case, Outcome,
    ground::{Death, Ground},
};
use crate::verdict::Verdict;

/// The suspects of the death of one server.
#[derive(Debug)]
pub(super) struct Suspects {
    ground: Arc<Ground>,
    generation: u64,
    cases: Vec<Case>,
}

/// The suspects of all deaths, in order of appearance.
#[derive(Debug, Default)]
pub(super) struct AllSuspects(Vec<Suspects>);

impl Extend<(Arc<Ground>, u64, Case)> for AllSuspects {
    fn extend<I: IntoIterator<Item = (Arc<Ground>, u64, Case)>>(&mut self, suspects: I) {
        for (ground, generation, case) in suspects {
            self.add(ground, generation, case);
        }
    }
}

impl AllSuspects {
    fn add(&mut self, ground: Arc<Ground>, generation: u64, case: Case) {
        let theirs = self
            .0
            .iter_mut()
            .find(|other| Arc::ptr_eq(&other.ground, &ground) && other.generation == generation);
        match theirs {
            Some(suspects) => suspects.cases.push(case),
            None => self.0.push(Suspects { ground, generation, cases: vec![case] }),
        }
    }

    pub(super) fn into_groups(self) -> impl Iterator<Item = Suspects> {
        self.0.into_iter()
    }
}

impl Suspects {
    /// Acts the cases out one at a time. If nobody can be convicted, the death is charged to all by way of the
    /// first: a server that died did not conform, whoever did it.
    pub(super) async fn act_alone(self, tag: &str, run_began: Instant) -> Vec<Outcome> {
        let names: Vec<String> =
            self.cases.iter().map(|case| format!("{} over {}", case.scenario.rule.id, case.over)).collect();
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (number, case) in self.cases.into_iter().enumerate() {
            let tag = format!("{tag}{number}");
            outcomes.push(self.ground.act_alone(case, &tag, run_began).await);
            // A server may take a moment to die.
            if let Some(death) = self.ground.revive().await {
                charge(&mut outcomes[number], death, "; a moment after this case");
            }
        }
        let convicted =
            outcomes.iter().any(|outcome| matches!(outcome.verdict, Verdict::Crash(_) | Verdict::Hang(_)));
        if !convicted
            && let Some(first) = outcomes.first_mut()
            && let Some(death) = self.ground.death(self.generation)
        {
            let when = format!(
                "; it died while these ran: {}; it did not happen again when they ran alone",
                names.join(", ")
            );
            charge(first, death, &when);
        }
        outcomes
    }
}

fn charge(outcome: &mut Outcome, death: Death, when: &str) {
    outcome.verdict = death.verdict(when);
    outcome.guilty = None;
}
