//! How a case ends: most leave nothing open, so that others can come.

use fastrand::Rng;

use crate::{
    live::case::ATTACKERS,
    siot::{Act, Step},
};

/// Adds the endings of whoever is still there.
pub(super) fn add(rng: &mut Rng, steps: &mut Vec<Step>) {
    if rng.u8(..10) < 3 {
        return;
    }
    // Some wait until the server has had enough.
    let patient = rng.u8(..20) == 0;
    if patient {
        let name = steps.iter().find_map(Step::actor).unwrap_or(ATTACKERS[0]).to_owned();
        steps.push(Step::See(super::hears(&name, 1200)));
    }
    for name in ATTACKERS {
        let last = steps.iter().rev().find_map(|step| match step {
            Step::Act(actor, act) if actor == name => Some(act),
            _ => None,
        });
        if !matches!(last, None | Some(Act::Drop | Act::Reset)) {
            let act = if patient || rng.u8(..3) == 0 { Act::Reset } else { Act::Drop };
            steps.push(Step::Act(name.to_owned(), act));
        }
    }
}
