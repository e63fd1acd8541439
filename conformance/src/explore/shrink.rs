//! Makes a plan as small as it can be while it shows the same.

use std::pin::Pin;

use super::{Act, Answers, Audience, Operators, Plan, Shape};
use crate::scenario::Transport;

/// A smaller plan, and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// How many smaller ones were tried.
    pub tried: usize,
}

/// Makes a plan smaller as long as `shows` says that it shows the same, and `goes_on` that there is time: first whole
/// clients are left out, then steps, many at a time and then one by one, and last what steps carry.
pub async fn shrink(
    plan: &Plan,
    shows: impl FnMut(Plan) -> Shows + Send,
    goes_on: impl Fn() -> bool + Send + Sync,
) -> Shrunk {
    let mut shrinker = Shrinker { shrunk: Shrunk { plan: plan.clone(), tried: 0 }, shows, goes_on };
    loop {
        let before = shrinker.shrunk.plan.clone();
        shrinker.leaves_out_clients().await;
        shrinker.leaves_out_steps().await;
        shrinker.makes_steps_simpler().await;
        if shrinker.shrunk.plan == before || !(shrinker.goes_on)() {
            return shrinker.shrunk;
        }
    }
}

/// Whether a plan shows it, once that is known.
pub type Shows = Pin<Box<dyn Future<Output = bool> + Send>>;

struct Shrinker<S, G> {
    shrunk: Shrunk,
    shows: S,
    goes_on: G,
}

impl<S: FnMut(Plan) -> Shows + Send, G: Fn() -> bool + Send + Sync> Shrinker<S, G> {
    /// Takes a smaller plan if it shows the same.
    async fn tries(&mut self, smaller: Plan) {
        if !(self.goes_on)() || smaller == self.shrunk.plan || smaller.steps.is_empty() {
            return;
        }
        self.shrunk.tried += 1;
        if (self.shows)(smaller.clone()).await {
            self.shrunk.plan = smaller;
        }
    }

    async fn leaves_out_clients(&mut self) {
        for client in self.shrunk.plan.clients() {
            let steps = self.shrunk.plan.steps.iter().filter(|step| step.client != client);
            let smaller = Plan { steps: steps.cloned().collect() };
            self.tries(smaller).await;
        }
    }

    /// Many at a time at first, and from the end: what comes first is needed most often.
    async fn leaves_out_steps(&mut self) {
        let mut size = self.shrunk.plan.steps.len().div_ceil(2);
        while size > 0 {
            let mut end = self.shrunk.plan.steps.len();
            while end > 0 {
                let start = end.saturating_sub(size);
                let mut smaller = self.shrunk.plan.clone();
                smaller.steps.drain(start..end);
                self.tries(smaller).await;
                end = start.min(self.shrunk.plan.steps.len());
            }
            size /= 2;
        }
    }

    async fn makes_steps_simpler(&mut self) {
        let mut at = 0;
        while at < self.shrunk.plan.steps.len() {
            for simpler in simpler(&self.shrunk.plan, at) {
                self.tries(simpler).await;
            }
            at += 1;
        }
    }
}

/// The plan with one step made simpler, in every way there is.
fn simpler(plan: &Plan, at: usize) -> Vec<Plan> {
    let step = &plan.steps[at];
    let mut plans = Vec::new();
    let mut add = |act: Act, flows: bool| {
        let mut simpler = plan.clone();
        (simpler.steps[at].act, simpler.steps[at].flows) = (act, flows);
        plans.push(simpler);
    };
    if step.flows {
        add(step.act.clone(), false);
    }
    match &step.act {
        Act::Open(over) if *over != Transport::Websocket => add(Act::Open(Transport::Websocket), step.flows),
        Act::Return(over) if *over != Transport::Websocket => {
            add(Act::Return(Transport::Websocket), step.flows)
        }
        Act::Join(rooms) if rooms.len() > 1 => {
            for room in rooms {
                add(Act::Join(vec![*room]), step.flows);
            }
        }
        Act::Leave(rooms) if rooms.len() > 1 => {
            for room in rooms {
                add(Act::Leave(vec![*room]), step.flows);
            }
        }
        Act::Emit { to, shape, with, answers } => {
            let emit = |to: &Audience, shape: &Shape, with: Operators, answers: Option<Answers>| Act::Emit {
                to: to.clone(),
                shape: shape.clone(),
                with,
                answers,
            };
            if *with != Operators::default() {
                add(emit(to, shape, Operators::default(), *answers), step.flows);
            }
            if answers.is_some() {
                add(emit(to, shape, *with, None), step.flows);
            }
            for to in narrower(to) {
                add(emit(&to, shape, *with, *answers), step.flows);
            }
            for shape in lighter(shape) {
                add(emit(to, &shape, *with, *answers), step.flows);
            }
        }
        Act::Echo(shape) => lighter(shape).into_iter().for_each(|shape| add(Act::Echo(shape), step.flows)),
        Act::Keep(shape) => lighter(shape).into_iter().for_each(|shape| add(Act::Keep(shape), step.flows)),
        Act::Ask(Some(shape), id) => {
            lighter(shape).into_iter().for_each(|shape| add(Act::Ask(Some(shape), *id), step.flows));
        }
        Act::Lookup(to) => narrower(to).into_iter().for_each(|to| add(Act::Lookup(to), step.flows)),
        _ => {}
    }
    plans
}

/// The audience with one room or operator less.
fn narrower(audience: &Audience) -> Vec<Audience> {
    let mut narrower = Vec::new();
    for at in 0..audience.to.len() {
        let mut less = audience.clone();
        less.to.remove(at);
        narrower.push(less);
    }
    for at in 0..audience.except.len() {
        let mut less = audience.clone();
        less.except.remove(at);
        narrower.push(less);
    }
    if audience.elsewhere.is_some() {
        narrower.push(Audience { elsewhere: None, ..audience.clone() });
    }
    narrower
}

/// The arguments without all, and without each.
fn lighter(shape: &Shape) -> Vec<Shape> {
    if shape.0.is_empty() {
        return Vec::new();
    }
    let without = |at: usize| {
        let mut less = shape.clone();
        less.0.remove(at);
        less
    };
    [Shape::default()].into_iter().chain((0..shape.0.len()).map(without)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::{Piece, Step};

    fn step(client: usize, act: Act) -> Step {
        Step { client, namespace: 0, act, flows: true }
    }

    #[tokio::test]
    async fn what_does_not_matter_is_left_out() {
        let mut steps = Vec::new();
        for client in 0..4 {
            steps.push(step(client, Act::Open(Transport::Polling)));
            steps.push(step(client, Act::Enter));
        }
        for number in 0..9 {
            steps.push(step(number % 4, Act::Echo(Shape(vec![Piece::Text, Piece::Null]))));
        }
        let shows = |plan: Plan| -> Shows {
            let null = plan.steps.iter().any(|step| match &step.act {
                Act::Echo(shape) => step.client == 2 && shape.0.contains(&Piece::Null),
                _ => false,
            });
            let shows = null && plan.steps.iter().any(|step| step.client == 2 && step.act == Act::Enter);
            Box::pin(std::future::ready(shows))
        };
        let shrunk = shrink(&Plan { steps }, shows, || true).await;
        let left = [
            Step { flows: false, ..step(2, Act::Enter) },
            Step { flows: false, ..step(2, Act::Echo(Shape(vec![Piece::Null]))) },
        ];
        assert_eq!(shrunk.plan.steps, left);
    }

    #[tokio::test]
    async fn it_ends_when_time_is_up() {
        let plan = Plan { steps: vec![step(0, Act::Session), step(0, Act::Session)] };
        let shrunk = shrink(&plan, |_| Box::pin(std::future::ready(true)), || false).await;
        assert_eq!((shrunk.plan, shrunk.tried), (plan, 0));
    }
}
