//! A found anomaly as a transcript that `siospec replay` plays.
//!
//! The same plan acted out on the reference server says what is due: the judged step is where what one client saw parts
//! from what it sees there. What does not lead to the right answer on both servers says that it cannot be played.

use serde_json::Value;

use super::{
    Plan, Played, act_out,
    run::{Ground, Limits},
};
use crate::{
    history::Finding,
    replay::{Ending, Names, Writer, common, covers, play, reference, with_json},
    siot::{self, ANYTHING, Field, Role, Script, See, Sight, Step},
    stage::name_of,
    tape::Recording,
    target::{Approach, Target},
};

/// How often the plan is acted out on the reference server, to tell what is always so.
const REFERENCES: usize = 2;
/// How often it is tried to find a judged step.
const TRIALS: usize = 3;

/// Writes the transcript.
#[expect(clippy::too_many_arguments, reason = "everything that is known of a finding goes into its file")]
pub(super) async fn write(
    plan: &Plan,
    played: &Played,
    finding: &Finding,
    ground: &Ground,
    target: &Target,
    approach: &Approach,
    limits: &Limits,
    number: u64,
) -> Script {
    let mut head = Script::default();
    head.set(Field::Rule, &format!("explore/{}", finding.anomaly.name().to_lowercase()));
    head.set(Field::Says, finding.anomaly.says());
    head.set(Field::Over, plan.over().name());
    head.set(Field::Variant, ground.variant.name());
    head.set(Field::Needs, "contract delivery");
    head.set(Field::Seed, &limits.seed.to_string());
    head.set(Field::Verdict, "fail");
    head.set(Field::Expected, finding.anomaly.says());
    head.set(Field::Observed, &finding.what);
    head.fields.push(("history".to_owned(), number.to_string()));
    let unplayable = |why: &str| {
        let mut script = head.clone();
        script.set(Field::Unreplayable, why);
        script
    };
    if plan.steps.iter().any(|step| step.flows) {
        return unplayable("several calls were under way at a time, and what comes depends on their race");
    }
    let Some(tape) = &played.tape else { return unplayable("too much crossed the wire to be kept") };
    let mut steps: Vec<Step> = Vec::new();
    let mut why = "there is no reference server at hand to say what is due".to_owned();
    for _ in 0..TRIALS {
        let references = references(plan, ground, limits, approach).await;
        if references.is_empty() {
            break;
        }
        let mut script = head.clone();
        match compose(tape, &references, &name_of(finding.client)) {
            Ok(composed) => {
                steps.clone_from(&composed);
                script.steps = composed;
            }
            Err(reason) => {
                reason.clone_into(&mut why);
                continue;
            }
        }
        match tried(&script, ground, approach).await {
            Ok(()) => {}
            Err(reason) => {
                why = reason;
                continue;
            }
        }
        // A server of ours has to break it again.
        if Writer::new(approach.timeout_scale).confirm(&mut script, target, approach).await.is_ok()
            && script.field(Field::Unreplayable).is_none()
        {
            return script;
        }
        script
            .field(Field::Unreplayable)
            .unwrap_or("the server could not be started again")
            .clone_into(&mut why);
    }
    Script { steps, ..unplayable(&why) }
}

/// The plan acted out on healthy servers.
async fn references(plan: &Plan, ground: &Ground, limits: &Limits, approach: &Approach) -> Vec<Recording> {
    let mut recordings = Vec::new();
    for time in 0..REFERENCES {
        let Some(Ok(running)) = reference(ground.variant).await else { break };
        let ways = ground.recipe(limits).ways;
        let tag = format!("{}0{time}", std::process::id());
        let played = act_out(&running.site, plan, ways, approach.timeout_scale, &tag).await;
        running.stop().await;
        if played.findings.is_empty() && played.spoilt.is_none() {
            recordings.extend(played.tape);
        }
    }
    recordings
}

/// Plays it on a healthy server: it has to be right there.
async fn tried(script: &Script, ground: &Ground, approach: &Approach) -> Result<(), String> {
    let Some(Ok(running)) = reference(ground.variant).await else {
        return Err("there is no reference server at hand to say what is due".to_owned());
    };
    let ending = play(script, &running.site, approach.timeout_scale).await;
    running.stop().await;
    match ending {
        Ending::Fixed => Ok(()),
        Ending::Failed(got) => Err(format!("played on the reference server it fails: {got}")),
        Ending::Error { why, .. } => Err(format!("it cannot be played on the reference server: {why}")),
    }
}

/// The steps up to the one where what somebody sees parts from what the reference shows; the witness is asked first.
fn compose(tape: &Recording, references: &[Recording], witness: &str) -> Result<Vec<Step>, &'static str> {
    let names = Names::of(tape);
    let mut steps: Vec<Step> = tape.taken.iter().map(|taken| plain(names.step(&taken.step))).collect();
    // That everybody goes home is no part of it.
    while matches!(steps.last(), Some(Step::Act(_, siot::Act::Drop))) {
        steps.pop();
    }
    let due: Vec<Vec<Step>> = references
        .iter()
        .map(|recording| {
            let names = Names::of(recording);
            recording.taken.iter().map(|taken| plain(names.step(&taken.step))).collect()
        })
        .collect();
    let mut actors: Vec<&str> = steps.iter().filter_map(Step::actor).collect();
    actors.sort_unstable();
    actors.dedup();
    // The connections of the witness, the newest first, and then everybody else.
    actors.sort_by_key(|actor| (actor.split('.').next() != Some(witness), std::cmp::Reverse(*actor)));
    let parting = actors.iter().find_map(|actor| parting(&steps, &due, actor));
    let (at, judged) =
        parting.ok_or("what came is what the reference server sends too: the difference lies in time")?;
    // Who is told of a newcomer hears an id that nobody has heard before.
    let arrives = |step: &Step| matches!(step, Step::See(See { sight: Sight::Text(text), .. }) if text.contains("[\"arrived\""));
    let mut kept: Vec<Step> = steps[..at].iter().filter(|step| !arrives(step)).cloned().collect();
    for step in &mut kept {
        loosen(step);
    }
    kept.push(Step::See(judged));
    Ok(kept)
}

/// Where what an actor sees parts from what the references show, and what is due there.
fn parting(steps: &[Step], due: &[Vec<Step>], actor: &str) -> Option<(usize, See)> {
    let sights = |steps: &'_ [Step]| -> Vec<(usize, See)> {
        let seen = steps.iter().enumerate().filter_map(|(at, step)| match step {
            Step::See(see) if see.actor == actor => Some((at, see.clone())),
            _ => None,
        });
        seen.collect()
    };
    let seen = sights(steps);
    let due: Vec<Vec<(usize, See)>> = due.iter().map(|steps| sights(steps)).collect();
    let shortest = due.iter().map(Vec::len).min().unwrap_or_default();
    for number in 0..shortest {
        let all = due.iter().map(|seen| seen[number].1.sight.clone());
        let Some(wanted) = all.reduce(|one, other| common(&one, &other)) else { continue };
        match seen.get(number) {
            Some((_, see)) if covers(&wanted, &see.sight) => {}
            _ if wanted == Sight::Anything => {}
            Some((at, see)) => {
                let was = Some(see.sight.clone());
                return Some((
                    *at,
                    See { role: Role::Like, sight: wanted, was, within_ms: None, ..see.clone() },
                ));
            }
            // Nothing more came.
            None => {
                let see = &due[0][number].1;
                let was = Some(Sight::Nothing);
                let judged = See { role: Role::Like, sight: wanted, was, within_ms: None, ..see.clone() };
                return Some((steps.len(), judged));
            }
        }
    }
    // Something more came than the reference shows: before it comes nothing.
    let (at, see) = seen.get(shortest).filter(|_| shortest > 0)?;
    let was = Some(see.sight.clone());
    Some((*at, See { role: Role::Like, sight: Sight::Nothing, was, within_ms: Some(1000), ..see.clone() }))
}

/// A step without offsets: each event has another one. Those that we send back are variables already.
fn plain(mut step: Step) -> Step {
    let Step::See(See { sight: Sight::Text(text), .. }) = &mut step else { return step };
    let kind = text.strip_prefix("42").or_else(|| text.strip_prefix("45"));
    let Some((head, Value::Array(mut args))) = kind.and_then(|_| with_json(text)) else { return step };
    if args.len() > 1
        && let Some(Value::String(last)) = args.last_mut()
        && !last.contains("$offset")
        && !last.contains("$sid")
    {
        ANYTHING.clone_into(last);
        *text = format!("{head}{}", Value::Array(args));
    }
    step
}

/// What is not judged need not be the same in its details.
fn loosen(step: &mut Step) {
    if let Step::See(see) = step {
        see.within_ms = None;
        if let Sight::Text(text) = &mut see.sight
            && text.starts_with("0{")
        {
            // The numbers of a handshake.
            see.sight = Sight::Anything;
        }
    }
}
