//! What a plan is made of, so that two findings can be told apart.

use std::collections::BTreeSet;

use super::{Act, Answers, Audience, Place, Plan, Shape};
use crate::scenario::Transport;

/// The kinds of operations of a plan, with what makes them unlike others of their kind; how often, by whom and in which
/// order does not matter.
pub(super) fn marks(plan: &Plan) -> BTreeSet<String> {
    let of_steps = plan.steps.iter().flat_map(|step| {
        let side_by_side = step.flows.then(|| "side by side".to_owned());
        of_act(&step.act).into_iter().chain(side_by_side)
    });
    of_steps.collect()
}

fn of_act(act: &Act) -> Vec<String> {
    match act {
        // This one is what plans are made simpler to.
        Act::Open(Transport::Websocket) | Act::Enter => Vec::new(),
        Act::Open(over) | Act::Return(over) => vec![over.name().to_owned()],
        Act::Emit { to, shape, with, answers } => {
            let operators =
                [(with.volatile, "volatile"), (with.local, "local"), (with.uncompressed, "uncompressed")];
            let answers = answers.map(|answers| match answers {
                Answers::All => "all answer",
                Answers::But(_) => "some answer",
                Answers::Late(_) => "some answer late",
            });
            let words = operators.into_iter().filter_map(|(on, name)| on.then_some(name)).chain(answers);
            let mut marks: Vec<String> = words.chain([kind(act)]).map(str::to_owned).collect();
            marks.extend(of_audience(to));
            marks.extend(of_shape(shape));
            marks
        }
        Act::Echo(shape) | Act::Ask(Some(shape), _) | Act::Keep(shape) => {
            of_shape(shape).chain([kind(act).to_owned()]).collect()
        }
        Act::Lookup(whom) | Act::MoveOthers(whom, ..) | Act::RemoveOthers(whom, _) => {
            of_audience(whom).into_iter().chain([kind(act).to_owned()]).collect()
        }
        _ => vec![kind(act).to_owned()],
    }
}

fn of_shape(shape: &Shape) -> impl Iterator<Item = String> {
    shape.0.iter().map(|piece| format!("{piece:?}"))
}

const fn kind(act: &Act) -> &'static str {
    match act {
        Act::Open(_) => "open",
        Act::Upgrade => "upgrade",
        Act::Enter => "enter",
        Act::Exit => "exit",
        Act::Join(_) => "join",
        Act::Leave(_) => "leave",
        Act::LeaveOwn => "leave own room",
        Act::Emit { .. } => "emit",
        Act::Echo(_) => "echo",
        Act::Ask(..) => "ask",
        Act::Unheard => "unheard",
        Act::Lookup(_) => "look up",
        Act::Session => "session",
        Act::Keep(_) => "keep",
        Act::MoveOthers(_, _, true) => "make join",
        Act::MoveOthers(_, _, false) => "make leave",
        Act::RemoveOthers(_, false) => "disconnect others",
        Act::RemoveOthers(_, true) => "close others",
        Act::Disconnect(false) => "disconnect",
        Act::Disconnect(true) => "close",
        Act::Drop => "drop",
        Act::Return(_) => "return",
    }
}

fn of_audience(audience: &Audience) -> Vec<String> {
    let whom = match audience {
        Audience { by_server: true, .. } => "by the server",
        Audience { broadcast: true, .. } => "broadcast",
        _ if audience.is_itself() => "to itself",
        _ => "to others",
    };
    let mut marks = vec![whom.to_owned()];
    for (places, operator) in [(&audience.to, "to"), (&audience.except, "except")] {
        marks.extend(places.iter().map(|place| match place {
            Place::Room(_) => format!("{operator} a room"),
            Place::Own(_) => format!("{operator} an id"),
        }));
        if places.len() > 1 {
            marks.push(format!("{operator} several"));
        }
    }
    marks.extend(audience.elsewhere.map(|_| "another namespace".to_owned()));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::{Operators, Step};

    fn plan(acts: Vec<Act>) -> Plan {
        Plan {
            steps: acts.into_iter().map(|act| Step { client: 0, namespace: 0, act, flows: false }).collect(),
        }
    }

    #[test]
    fn operations_count_and_their_order_does_not() {
        let to = Audience { to: vec![Place::Room(1)], ..Audience::default() };
        let emit = Act::Emit { to, shape: Shape::default(), with: Operators::default(), answers: None };
        let one = plan(vec![Act::Enter, Act::Join(vec![1]), emit.clone()]);
        let other = plan(vec![emit.clone(), Act::Join(vec![2]), Act::Join(vec![1])]);
        assert_eq!(marks(&one), marks(&other));
        let more = plan(vec![emit, Act::Join(vec![1]), Act::Upgrade]);
        assert!(marks(&one).is_subset(&marks(&more)) && marks(&one) != marks(&more));
    }
}
