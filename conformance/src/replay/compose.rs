//! From the tape of a case that went wrong to a transcript.
//!
//! The same scenario acted out on the reference server says what is due: the judged step is where the two tapes part. What
//! stands before it has to come again for the acting to go on, as far as it came on both.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    names::Names,
    normal::{common, covers, told_of, vague, with_json},
};
use crate::{
    run::Outcome,
    siot::{ANYTHING, Data, Field, Role, Script, See, Sight, Status, Step},
    tape::Recording,
    verdict::{Verdict, Violation},
};

/// A pause of our side that is longer is part of what was acted out.
const PAUSE_MS: u128 = 150;
/// Pauses that are longer, all together, are what a rule is about.
const LONGEST_PAUSES_MS: u64 = 2000;
/// Where sessions can be recovered a pause is as long as the server remembers them, and decides nothing by the way.
const LONGEST_RECOVERY_PAUSES_MS: u64 = 2500;
/// Headers that say nothing about the protocol.
const NOISE: [&str; 6] =
    ["date", "connection", "keep-alive", "content-length", "transfer-encoding", "server"];

/// Composes the transcript of a case that went wrong. Without recordings of the reference server it is known what is due
/// only where the rule says so in so many words.
pub fn compose(outcome: &Outcome, references: &[Recording], seed: u64) -> Script {
    let mut script = Script::default();
    let rule = outcome.case.scenario.rule;
    script.set(Field::Rule, rule.id);
    script.set(Field::Says, rule.says);
    script.set(Field::Over, outcome.case.over.name());
    script.set(Field::Variant, outcome.variant.name());
    for need in outcome.case.scenario.needs {
        script.set(Field::Needs, &need.to_string());
    }
    script.set(Field::Seed, &seed.to_string());
    script.set(Field::Verdict, outcome.verdict.name());
    let composed = match &outcome.verdict {
        Verdict::Fail(violation) | Verdict::Warn(violation) => {
            script.set(Field::Expected, &violation.expected);
            script.set(Field::Observed, &violation.observed);
            failure(outcome, violation, references)
        }
        Verdict::Crash(how) | Verdict::Hang(how) => {
            script.set(Field::Expected, "the server serves a fresh client");
            script.set(Field::Observed, how);
            death(outcome)
        }
        _ => (Vec::new(), Some("the case did not fail".to_owned())),
    };
    script.steps = composed.0;
    if let Some(why) = composed.1 {
        script.set(Field::Unreplayable, &why);
    }
    script
}

/// Steps, and why they cannot be played.
type Steps = (Vec<Step>, Option<String>);

/// All that was done, and then the question whether the server lives.
fn death(outcome: &Outcome) -> Steps {
    let Some(recording) = &outcome.tape else { return (Vec::new(), Some(TOO_MUCH.to_owned())) };
    let names = Names::of(recording);
    let mut steps = paced(recording, recording.taken.len(), &names);
    // What it said before it died depends on when it died.
    for step in &mut steps {
        if let Step::See(see) = step {
            see.sight = if names_something(&see.sight) { see.sight.clone() } else { Sight::Anything };
            headless(&mut see.sight);
        }
    }
    steps.push(judged("server", Role::Must, Sight::Alive, None));
    (steps, None)
}

fn names_something(sight: &Sight) -> bool {
    let text = sight.to_string();
    text.contains("$sid") || text.contains("$pid")
}

const TOO_MUCH: &str = "too much crossed the wire to be kept";

fn failure(outcome: &Outcome, violation: &Violation, references: &[Recording]) -> Steps {
    let Some(recording) = &outcome.tape else { return (Vec::new(), Some(TOO_MUCH.to_owned())) };
    let recording = &without_strangers(recording);
    let names = Names::of(recording);
    let guilty = recording.taken.iter().rposition(|taken| {
        matches!(taken.step, Step::See(_)) && taken.entry.is_some() && taken.entry == violation.at
    });
    let last = recording.taken.iter().rposition(|taken| matches!(taken.step, Step::See(_)));
    let Some(guilty) = guilty.or(last) else {
        return (paced(recording, recording.taken.len(), &names), Some("nothing was seen".to_owned()));
    };
    let mut steps = paced(recording, last.map_or(0, |last| last + 1), &names);
    let expected = names.text(&violation.expected);
    let reference = match Reference::of(references) {
        Ok(reference) => reference,
        Err(why) => return (steps, Some(why)),
    };
    let pauses: u64 = steps.iter().map(|step| if let Step::Wait(ms) = step { *ms } else { 0 }).sum();
    let longest = match outcome.case.scenario.rule.id.starts_with("delivery/recovery/") {
        true => LONGEST_RECOVERY_PAUSES_MS,
        false => LONGEST_PAUSES_MS,
    };
    if pauses > longest {
        return (steps, Some("the acting itself takes its time, and what comes depends on it".to_owned()));
    }
    let places: Vec<usize> = (0..steps.len()).filter(|&at| !matches!(steps[at], Step::Wait(_))).collect();
    let verdict = match reference.parts_from(&steps, &places) {
        None => difference(&steps, &places, guilty, &reference, &expected),
        Some(number) => parting(&steps, places[number], reference.steps.get(number), &expected),
    };
    for (number, &at) in places.iter().enumerate() {
        let due = reference.sight(number);
        if let (Step::See(see), Some(due)) = (&mut steps[at], due) {
            see.sight = passing(&common(&see.sight, &due));
            see.within_ms = None;
        }
    }
    match verdict {
        Ok((at, judged)) => {
            steps.truncate(at);
            steps.push(Step::See(judged));
            (steps, None)
        }
        Err(why) => (steps, Some(why.to_owned())),
    }
}

/// A judged step and its place, or why there is none.
type Judged = Result<(usize, See), &'static str>;

/// The step where something else was seen than the reference shows: the guilty one, or else the nearest before it, or
/// after it.
fn difference(
    steps: &[Step],
    places: &[usize],
    guilty: usize,
    reference: &Reference,
    expected: &str,
) -> Judged {
    let backwards = (0..=guilty.min(places.len().saturating_sub(1))).rev();
    for number in backwards.chain(guilty + 1..places.len()) {
        let at = places[number];
        if let (Step::See(see), Some(due)) = (&steps[at], reference.sight(number)) {
            let (role, due, was) = decide(expected, due, see.sight.clone());
            if !covers(&due, &was) {
                return Ok((at, See { role, sight: due, was: Some(was), ..see.clone() }));
            }
        }
    }
    Err("what came is what the reference server sends too: the difference lies in time, or in a number")
}

/// The step where the two tapes part, since something more or less was seen.
fn parting(steps: &[Step], at: usize, due: Option<&Step>, expected: &str) -> Judged {
    match (&steps[at], due) {
        (Step::See(see), Some(Step::See(due))) if see.actor == due.actor => {
            let (role, due, was) = decide(expected, due.sight.clone(), see.sight.clone());
            Ok((at, See { role, sight: due, was: Some(was), ..see.clone() }))
        }
        (Step::Act(..), Some(Step::See(due))) => {
            Ok((at, See { role: Role::Like, was: None, within_ms: None, ..due.clone() }))
        }
        _ => Err("we act in another way before the reference server"),
    }
}

/// What the reference server shows at each place.
struct Reference {
    steps: Vec<Step>,
}

impl Reference {
    fn of(references: &[Recording]) -> Result<Self, String> {
        let mut all = references.iter().map(|recording| {
            let recording = without_strangers(recording);
            let names = Names::of(&recording);
            recording.taken.iter().map(|taken| names.step(&taken.step)).collect::<Vec<Step>>()
        });
        let mut steps = all.next().ok_or("there is no reference server at hand to say what is due")?;
        for other in all {
            for (one, other) in steps.iter_mut().zip(other) {
                if let (Step::See(one), Step::See(other)) = (one, other) {
                    one.sight = common(&one.sight, &other.sight);
                }
            }
        }
        Ok(Self { steps })
    }

    fn sight(&self, number: usize) -> Option<Sight> {
        match self.steps.get(number) {
            Some(Step::See(see)) => Some(see.sight.clone()),
            _ => None,
        }
    }

    /// Where the acts begin to differ, if they do: the last step before that at which something else was seen, or
    /// else the first that differs.
    fn parts_from(&self, steps: &[Step], places: &[usize]) -> Option<usize> {
        let alike = |number: usize, at: usize| match (&steps[at], self.steps.get(number)) {
            (Step::Act(actor, act), Some(Step::Act(other, other_act))) => actor == other && act == other_act,
            (Step::See(see), Some(Step::See(other))) => see.actor == other.actor,
            _ => false,
        };
        let differs = places.iter().enumerate().position(|(number, &at)| !alike(number, at))?;
        // Whoever hears something more acts a moment later: it was heard before.
        let heard = (0..differs).rev().take_while(|&number| matches!(steps[places[number]], Step::See(_)));
        let other = heard.filter(|&number| match (&steps[places[number]], self.sight(number)) {
            (Step::See(see), Some(due)) => !covers(&due, &see.sight),
            _ => false,
        });
        Some(other.last().unwrap_or(differs))
    }
}

/// What is due at the judged step and what came, made as loose as the rule is.
fn decide(expected: &str, due: Sight, was: Sight) -> (Role, Sight, Sight) {
    let loose = |status| Sight::Reply { status, headers: Vec::new(), body: None };
    if let (Sight::Reply { status, headers, body }, Sight::Reply { status: got, headers: sent, body: seen }) =
        (&due, &was)
    {
        let Status::Code(code) = *status else { return (Role::Like, due.clone(), was.clone()) };
        let bare = |status, body| Sight::Reply { status, headers: Vec::new(), body };
        if expected == format!("status {code}") {
            return (Role::Must, loose(*status), bare(*got, seen.clone()));
        }
        if (400..500).contains(&code) && expected.contains("refus") {
            return (Role::Must, loose(Status::Class(4)), bare(*got, seen.clone()));
        }
        if status == got && same_body(body.as_ref(), seen.as_ref()) {
            let (headers, sent) = differing(expected, headers, sent);
            return (
                Role::Like,
                Sight::Reply { status: *status, headers, body: None },
                Sight::Reply { status: *got, headers: sent, body: None },
            );
        }
        let role =
            if expected.starts_with(&format!("status {code} with ")) { Role::Must } else { Role::Like };
        return (role, bare(*status, body.clone()), bare(*got, seen.clone()));
    }
    // Where the rule names no status code, one does as well as another.
    let (due, was) = match expected.contains("close frame") {
        true => (due, was),
        false => (codeless(due), codeless(was)),
    };
    let role = match &due {
        Sight::Closed(_) if expected.contains("closed") => Role::Must,
        Sight::Text(text) if says_same(text, expected) => Role::Must,
        Sight::Text(_) if expected == "nothing more before the echo" => Role::Must,
        Sight::Packets(packets) if says_same(&packets.join("␞"), expected) => Role::Must,
        Sight::Ping(_) if expected.starts_with("a ping within") => Role::Must,
        _ => Role::Like,
    };
    let (mut due, mut was) = (due, was);
    headless(&mut due);
    headless(&mut was);
    // Which of several is missing may be another one the next time.
    let vaguer = vague(&was);
    if !covers(&due, &vaguer) && !covers(&vaguer, &due) {
        was = vaguer;
    }
    (role, due, was)
}

fn same_body(due: Option<&Data>, seen: Option<&Data>) -> bool {
    let sight = |body: Option<&Data>| Sight::Reply {
        status: Status::Code(200),
        headers: Vec::new(),
        body: body.cloned(),
    };
    covers(&sight(due), &sight(seen))
}

/// Names and values.
type Headers = Vec<(String, String)>;

/// The headers that differ; those that the rule names, if it names some.
fn differing(expected: &str, due: &[(String, String)], sent: &[(String, String)]) -> (Headers, Headers) {
    let mut names: Vec<&str> = due
        .iter()
        .filter(|header| !sent.contains(header))
        .chain(sent.iter().filter(|header| !due.contains(header)))
        .map(|(name, _)| name.as_str())
        .filter(|name| !NOISE.contains(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    let expected = expected.to_ascii_lowercase();
    if names.iter().any(|name| expected.contains(name)) {
        names.retain(|name| expected.contains(name));
    }
    let of = |headers: &[(String, String)]| {
        let named = |name: &&str| {
            let value = headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.clone());
            ((*name).to_owned(), value.unwrap_or_else(|| "$absent".to_owned()))
        };
        names.iter().map(named).collect()
    };
    (of(due), of(sent))
}

fn says_same(text: &str, expected: &str) -> bool {
    text == expected
        || matches!((with_json(text), with_json(expected)),
            (Some((head, json)), Some((head2, json2))) if head == head2 && json == json2)
}

/// What has to come before the judged step: without headers, the numbers of a handshake, and why somebody left.
fn passing(sight: &Sight) -> Sight {
    let mut sight = sight.clone();
    headless(&mut sight);
    let loosen = |packet: &mut String| {
        if let Some(("0", Value::Object(mut hello))) = with_json(packet) {
            for (key, value) in &mut hello {
                if key != "sid" {
                    *value = Value::String(ANYTHING.to_owned());
                }
            }
            *packet = format!("0{}", Value::Object(hello));
        }
        // How the loss of a connection is noticed, by its end or by an error, is chance.
        if let Some((head, Value::Array(mut args))) = with_json(packet)
            && args.first().is_some_and(|name| name == "left")
            && let Some(reason) = args.get_mut(2)
        {
            *reason = Value::String(ANYTHING.to_owned());
            *packet = format!("{head}{}", Value::Array(args));
        }
    };
    match &mut sight {
        Sight::Text(text) => loosen(text),
        Sight::Reply { body: Some(Data::Text(text)), .. } => loosen(text),
        _ => {}
    }
    codeless(sight)
}

/// The same, closed in whatever way.
fn codeless(sight: Sight) -> Sight {
    if let Sight::Closed(_) = sight { Sight::Closed(None) } else { sight }
}

fn headless(sight: &mut Sight) {
    if let Sight::Reply { headers, .. } = sight {
        headers.clear();
    }
}

fn judged(actor: &str, role: Role, sight: Sight, was: Option<Sight>) -> Step {
    Step::See(See { actor: actor.to_owned(), within_ms: None, any: false, role, sight, was })
}

/// The recording without what was told of clients that do not take part: who else comes and goes is chance. What
/// comes after that was waited for all the time.
fn without_strangers(recording: &Recording) -> Recording {
    let names = Names::of(recording);
    let mut waited: BTreeMap<String, u64> = BTreeMap::new();
    let mut taken = recording.taken.clone();
    taken.retain_mut(|taken| {
        let Step::See(see) = &mut taken.step else { return true };
        let before = waited.remove(&see.actor).unwrap_or_default();
        see.within_ms = see.within_ms.map(|within| within.max(before));
        let is_theirs = told_of(&see.sight).is_some_and(|sid| !names.knows(&sid));
        if is_theirs {
            waited.insert(see.actor.clone(), see.within_ms.unwrap_or_default());
        }
        !is_theirs
    });
    Recording { tag: recording.tag.clone(), taken }
}

/// The first steps of a recording, with variables, and with the pauses that our side made.
fn paced(recording: &Recording, many: usize, names: &Names) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut before = std::time::Duration::ZERO;
    for taken in recording.taken.iter().take(many) {
        let pause = taken.at.saturating_sub(before).as_millis();
        if matches!(taken.step, Step::Act(..)) && pause > PAUSE_MS {
            steps.push(Step::Wait(u64::try_from(pause.next_multiple_of(10)).unwrap_or_default()));
        }
        before = taken.at;
        steps.push(names.step(&taken.step));
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tape::Taken;

    #[test]
    fn who_is_passed_over_was_waited_for_as_well() {
        let see = |sight, within_ms| {
            let actor = "alice".to_owned();
            let see = See { actor, within_ms, any: false, role: Role::Passing, sight, was: None };
            Taken { at: Duration::ZERO, step: Step::See(see), entry: None }
        };
        let left = Sight::Text(r#"42["left","stranger","transport close"]"#.to_owned());
        let taken = vec![see(left.clone(), Some(1200)), see(left, Some(700)), see(Sight::Nothing, Some(0))];
        let kept = without_strangers(&Recording { tag: "a".into(), taken });
        assert_eq!(kept.taken.len(), 1);
        assert!(matches!(&kept.taken[0].step, Step::See(see) if see.within_ms == Some(1200)));
    }
}
