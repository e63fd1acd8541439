//! Playing a transcript again: from the tape of a case to a file, and from a file to an answer.

mod compose;
mod minimise;
mod names;
mod normal;
mod play;

use std::sync::Arc;

pub use self::{
    compose::compose,
    minimise::{Shrunk, minimise},
    play::{Ending, play},
};
pub(crate) use self::{
    names::Names,
    normal::{common, covers, with_json},
};
use crate::{
    run::Outcome,
    scenario::Variant,
    siot::{Field, Role, Script, See, Sight, Step},
    stage::{Patience, Stage},
    suite,
    tape::Recording,
    target::{Approach, Running, Target, TargetError},
};

/// Writes transcripts of cases that went wrong, with reference servers at hand to say what is due.
#[derive(Debug, Clone, Copy)]
pub struct Writer {
    timeout_scale: f64,
}

/// Rules, and groups of rules, whose cases are not for replaying. Some of them could be played nearly always.
const FICKLE: [(&str, &str); 8] = [
    ("delivery/crowd/storm", AT_ONCE),
    ("delivery/crowd/dynamic-race", AT_ONCE),
    ("delivery/crowd/churn", AT_ONCE),
    ("delivery/crowd/lost-leave-rooms", AT_ONCE),
    ("delivery/operators/volatile-burst", "which volatile events are dropped is chance"),
    ("socket/haste/gone-behind-connect", "how much is heard of a connection before its end is chance"),
    (
        "engine/heartbeat/pong-behind-data",
        "how soon a pong comes behind a hundred events lies in the machine",
    ),
    ("engine/schedule/", "which of two requests the server sees first, when both are under way, is chance"),
];
/// Why a case is not for replaying in which many act at the same time.
const AT_ONCE: &str = "what many clients say at once comes in another order every time";
/// How often a case is acted out on the reference server, to tell what is always so from what differs every time.
const REFERENCES: usize = 2;
/// How often a transcript is tried on the reference server before it is given away.
const TRIALS: usize = 4;
/// How often it is tried to write a transcript.
const ATTEMPTS: usize = 4;

impl Writer {
    /// A writer of transcripts of a run whose deadlines are stretched by `timeout_scale`.
    pub fn new(timeout_scale: f64) -> Self {
        Self { timeout_scale }
    }

    /// The transcript of a case that went wrong. One that does not lead to the right answer on the reference server says
    /// so.
    pub async fn write(&self, outcome: &Outcome, seed: u64) -> Script {
        let mut recordings = Vec::new();
        let mut script = compose(outcome, &[], seed);
        // What differs from run to run even on one server may need a few runs to show.
        for _ in 0..ATTEMPTS {
            let more = self.act_out(outcome).await;
            if more.is_empty() {
                break;
            }
            recordings.extend(more);
            script = compose(outcome, &recordings, seed);
            let id = outcome.case.scenario.rule.id;
            if let Some((_, why)) = FICKLE.iter().find(|(rules, _)| id.starts_with(rules)) {
                script.set(Field::Unreplayable, why);
                break;
            }
            script = self.tried(script).await;
            if script.field(Field::Unreplayable).is_none() {
                break;
            }
        }
        script
    }

    /// Plays a transcript before a fresh server that broke the rule: it has to fail there again. One that does not says so.
    ///
    /// # Errors
    /// The server cannot be started.
    pub async fn confirm(
        &self,
        script: &mut Script,
        target: &Target,
        approach: &Approach,
    ) -> Result<(), TargetError> {
        if script.field(Field::Unreplayable).is_some() {
            return Ok(());
        }
        // Whoever waits in vain waits long enough for once.
        let trials = match script.judged().and_then(|see| see.was.as_ref()) {
            Some(Sight::Nothing) => 1,
            _ => TRIALS,
        };
        let mut trial = 0;
        let mut widened = 0;
        while trial < trials {
            trial += 1;
            let running = target.start(variant_of(script), approach).await?;
            let ending = play(script, &running.site, self.timeout_scale).await;
            running.stop().await;
            let why = match ending {
                Ending::Failed(_) => continue,
                Ending::Fixed => "played before the same server it did not fail".to_owned(),
                Ending::Error { seen: Some(seen), .. } if widened < TRIALS && widen(script, &seen) => {
                    (trial, widened) = (0, widened + 1);
                    continue;
                }
                Ending::Error { why, .. } => format!("played before the same server: {why}"),
            };
            script.set(Field::Unreplayable, &why);
            break;
        }
        Ok(())
    }

    /// The transcript, tried on the reference server; what differs there from run to run is let pass.
    async fn tried(&self, mut script: Script) -> Script {
        let mut trials = 0;
        while trials < TRIALS && script.field(Field::Unreplayable).is_none() {
            trials += 1;
            let Some(Ok(running)) = reference(variant_of(&script)).await else { break };
            let ending = play(&script, &running.site, self.timeout_scale).await;
            running.stop().await;
            match ending {
                Ending::Fixed => {}
                Ending::Failed(got) => {
                    script
                        .set(Field::Unreplayable, &format!("played on the reference server it fails: {got}"));
                }
                Ending::Error { step, .. } if step.is_some_and(|step| script.loosen(step)) => trials = 0,
                Ending::Error { seen: Some(seen), .. } if widen_due(&mut script, &seen) => trials = 0,
                Ending::Error { why, .. } => {
                    let why = format!("it cannot be played on the reference server: {why}");
                    script.set(Field::Unreplayable, &why);
                }
            }
        }
        script
    }

    /// The case acted out on reference servers, fresh ones: what was there before is seen by nobody.
    async fn act_out(&self, outcome: &Outcome) -> Vec<Recording> {
        let mut recordings = Vec::new();
        for number in 0..REFERENCES {
            let Some(Ok(running)) = reference(outcome.variant).await else { break };
            let patience = Patience::new(self.timeout_scale);
            let tag = format!("reference.{number}");
            let mut stage = Stage::new(Arc::clone(&running.site), outcome.case.over, patience, &tag);
            let transcript = stage.transcript().clone();
            let _held_there = (outcome.case.scenario.run)(&mut stage).await;
            recordings.extend(transcript.tape.taken());
            running.stop().await;
        }
        recordings
    }
}

/// Starts a healthy server of this variant; nothing if this build has none.
#[cfg(feature = "embedded")]
pub async fn reference(variant: Variant) -> Option<Result<Running, TargetError>> {
    Some(Target::Embedded { fault: None }.start(variant, &Approach::default()).await)
}

/// Starts a healthy server of this variant; nothing if this build has none.
#[cfg(not(feature = "embedded"))]
pub async fn reference(_variant: Variant) -> Option<Result<Running, TargetError>> {
    None
}

/// The configuration of the server that a transcript wants.
pub fn variant_of(script: &Script) -> Variant {
    let name = script.field(Field::Variant);
    let variants = suite::all().into_iter().map(|scenario| scenario.variant);
    variants.into_iter().find(|variant| Some(variant.name()) == name).unwrap_or(Variant::Default)
}

/// Takes what the reference server shows this time for what is due too, as long as it is not what came instead.
fn widen_due(script: &mut Script, seen: &Sight) -> bool {
    let seen = Names::default().sight(seen);
    let judged = script.steps.iter_mut().find_map(|step| match step {
        Step::See(See { role: Role::Like, sight, was: Some(was), .. }) => Some((sight, was)),
        _ => None,
    });
    let Some((due, was)) = judged else { return false };
    let wider = common(due, &seen);
    let distinct = wider != Sight::Anything && wider != *due && !covers(&wider, was);
    if distinct {
        *due = wider;
    }
    distinct
}

/// Takes what came this time for what came instead too, as long as it is not what is due.
fn widen(script: &mut Script, seen: &Sight) -> bool {
    let seen = Names::default().sight(seen);
    let judged = script.steps.iter_mut().find_map(|step| match step {
        Step::See(See { role: Role::Must | Role::Like, sight, was: Some(was), .. }) => Some((sight, was)),
        _ => None,
    });
    let Some((due, was)) = judged else { return false };
    let wider = common(was, &seen);
    let wider = if wider == Sight::Anything { return false } else { wider };
    let distinct = !covers(due, &seen) && wider != *was;
    if distinct {
        *was = wider;
    }
    distinct
}
