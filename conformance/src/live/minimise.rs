//! Makes a case smaller as long as it shows the same: connections, then steps, then fields, then bytes, then delays.

use std::collections::BTreeSet;

use super::case::Case;
use crate::siot::{Act, Data, Item, Step};

/// The smallest case found. `stays` says which is the first of a few cases, `abreast` at most, that still shows it;
/// nothing more is tried once it says that it could not find out.
pub(super) async fn minimise(
    case: &Case,
    abreast: usize,
    mut stays: impl AsyncFnMut(&[Case]) -> Option<First>,
) -> Case {
    let mut smallest = case.clone();
    // What did not show it once is not tried again.
    let mut failed: BTreeSet<String> = BTreeSet::new();
    'smaller: loop {
        let mut left = candidates(&smallest).into_iter();
        loop {
            let mut few: Vec<Case> = Vec::new();
            while few.len() < abreast
                && let Some(candidate) = left.next()
            {
                if !failed.contains(&text(&candidate)) && !few.contains(&candidate) {
                    few.push(candidate);
                }
            }
            if few.is_empty() {
                return smallest;
            }
            let Some(first) = stays(&few).await else { return smallest };
            let many = first.unwrap_or(few.len());
            failed.extend(few[..many].iter().map(text));
            if first.is_some() {
                smallest = few.swap_remove(many);
                continue 'smaller;
            }
        }
    }
}

/// The first of a few that shows something, if any does.
pub(super) type First = Option<usize>;

fn text(case: &Case) -> String {
    case.script().to_string()
}

/// Smaller cases, those that lack most first.
fn candidates(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |steps: Vec<Step>| {
        if steps != case.steps {
            all.push(Case { steps, rounds: case.rounds });
        }
    };
    for actor in case.actors() {
        add(case.steps.iter().filter(|step| step.actor() != Some(actor)).cloned().collect());
    }
    // Half of the steps, a quarter, …, each alone: the last ones first, which depend on the others.
    let count = case.steps.len();
    let mut length = count.div_ceil(2);
    while length > 0 {
        for from in (0..count).step_by(length).rev() {
            let mut steps = case.steps.clone();
            steps.drain(from..(from + length).min(count));
            add(steps);
        }
        length /= 2;
    }
    for (at, step) in case.steps.iter().enumerate() {
        // What only takes its time may be a pause as well.
        if matches!(step, Step::Act(..)) && !matches!(case.steps.get(at + 1), Some(Step::Wait(_))) {
            let mut steps = case.steps.clone();
            steps[at] = Step::Wait(20);
            add(steps);
        }
        for smaller in smaller_steps(step) {
            let mut steps = case.steps.clone();
            steps[at] = smaller;
            add(steps);
        }
    }
    if case.rounds > 1 {
        for rounds in [1, case.rounds / 10, case.rounds / 2] {
            if rounds > 0 && rounds < case.rounds {
                all.push(Case { steps: case.steps.clone(), rounds });
            }
        }
    }
    all
}

fn smaller_steps(step: &Step) -> Vec<Step> {
    match step {
        Step::Wait(ms) => [ms / 10, ms / 2].into_iter().filter(|less| less < ms).map(Step::Wait).collect(),
        Step::See(_) => Vec::new(),
        Step::Act(name, act) => {
            smaller_acts(act).into_iter().map(|act| Step::Act(name.clone(), act)).collect()
        }
    }
}

fn smaller_acts(act: &Act) -> Vec<Act> {
    match act {
        Act::Times(times, act) => {
            let mut all = vec![(**act).clone()];
            all.extend(
                [times / 10, times / 2]
                    .into_iter()
                    .filter(|less| *less > 1)
                    .map(|less| Act::Times(less, act.clone())),
            );
            all.extend(smaller_acts(act).into_iter().map(|act| Act::Times(*times, Box::new(act))));
            all
        }
        Act::Send(items) => {
            let mut all: Vec<Act> = Vec::new();
            if items.len() > 1 {
                all.extend((0..items.len()).map(|at| {
                    let mut fewer = items.clone();
                    fewer.remove(at);
                    Act::Send(fewer)
                }));
            }
            for (at, item) in items.iter().enumerate() {
                all.extend(smaller_items(item).into_iter().map(|item| {
                    let mut smaller = items.clone();
                    smaller[at] = item;
                    Act::Send(smaller)
                }));
            }
            all
        }
        Act::Request { method, query, headers, body } => {
            let with = |query: Option<String>, headers: Vec<(String, String)>, body: Option<Data>| {
                Act::Request { method: method.clone(), query, headers, body }
            };
            let mut all = Vec::new();
            if body.is_some() {
                all.push(with(query.clone(), headers.clone(), None));
            }
            all.extend(fewer(headers).into_iter().map(|headers| with(query.clone(), headers, body.clone())));
            if let Some(query) = query {
                all.extend(
                    fewer_parameters(query)
                        .into_iter()
                        .map(|query| with(Some(query), headers.clone(), body.clone())),
                );
            }
            if let Some(Data::Text(text)) = body {
                all.extend(
                    smaller_texts(text)
                        .into_iter()
                        .map(|text| with(query.clone(), headers.clone(), Some(Data::Text(text)))),
                );
            }
            all
        }
        Act::Head { method, query, headers } => {
            let with = |query, headers| Act::Head { method: method.clone(), query, headers };
            let mut all: Vec<Act> =
                fewer(headers).into_iter().map(|headers| with(query.clone(), headers)).collect();
            all.extend(fewer_parameters(query).into_iter().map(|query| with(query, headers.clone())));
            all
        }
        Act::Websocket(query) => fewer_parameters(query).into_iter().map(Act::Websocket).collect(),
        Act::Bytes(Data::Text(text)) => {
            smaller_texts(text).into_iter().map(|text| Act::Bytes(Data::Text(text))).collect()
        }
        Act::Bytes(Data::Bytes(bytes)) => {
            halves(bytes).into_iter().map(|bytes| Act::Bytes(Data::Bytes(bytes))).collect()
        }
        Act::Frame { last, reserved, opcode, payload } => halves(payload)
            .into_iter()
            .map(|payload| Act::Frame { last: *last, reserved: *reserved, opcode: *opcode, payload })
            .collect(),
        Act::PingFrame(payload) => halves(payload).into_iter().map(Act::PingFrame).collect(),
        _ => Vec::new(),
    }
}

fn smaller_items(item: &Item) -> Vec<Item> {
    match item {
        Item::Text(text) => smaller_texts(text).into_iter().map(Item::Text).collect(),
        Item::Binary(bytes) => halves(bytes).into_iter().map(Item::Binary).collect(),
    }
}

fn fewer<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    let without = |from: usize, to: usize| {
        let mut fewer = all.to_vec();
        fewer.drain(from..to);
        fewer
    };
    let mut smaller = Vec::new();
    if all.len() > 2 {
        let half = all.len() / 2;
        smaller.extend([without(0, half), without(half, all.len())]);
    }
    smaller.extend((0..all.len()).map(|at| without(at, at + 1)));
    smaller
}

fn fewer_parameters(query: &str) -> Vec<String> {
    let parameters: Vec<&str> = query.split('&').filter(|parameter| !parameter.is_empty()).collect();
    let mut all: Vec<String> = fewer(&parameters).into_iter().map(|fewer| fewer.join("&")).collect();
    all.dedup();
    all
}

/// The text with pieces cut out: packets first, then halves, quarters, …, characters.
fn smaller_texts(text: &str) -> Vec<String> {
    /// Longer ones are cut in large pieces only.
    const SHORT: usize = 64;
    let mut all = Vec::new();
    // Of HTTP whole lines are left out: what is left can be read.
    let lines: Vec<&str> = text.split_inclusive("\r\n").collect();
    if lines.len() > 1 || text.ends_with("\r\n") {
        return fewer(&lines).into_iter().map(|fewer| fewer.concat()).collect();
    }
    let packets: Vec<&str> = text.split('\u{1e}').collect();
    if packets.len() > 1 {
        all.extend(fewer(&packets).into_iter().map(|fewer| fewer.join("\u{1e}")));
    }
    let chars: Vec<char> = text.chars().collect();
    let mut length = chars.len().div_ceil(2);
    while length > 0 && (chars.len() <= SHORT || length * 16 > chars.len()) {
        for from in (0..chars.len()).step_by(length).rev() {
            let kept = chars.iter().enumerate().filter(|(at, _)| *at < from || *at >= from + length);
            all.push(kept.map(|(_, char)| *char).collect());
        }
        length /= 2;
    }
    all
}

fn halves(bytes: &[u8]) -> Vec<Vec<u8>> {
    match bytes.len() {
        0 => Vec::new(),
        many => vec![Vec::new(), bytes[..many / 2].to_vec(), bytes[..many - 1].to_vec()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::siot::parse;

    fn case(steps: &str) -> Case {
        Case::of(&parse(&format!("siot 1\n{steps}")).unwrap())
    }

    #[tokio::test]
    async fn only_what_is_needed_is_left() {
        let all = case(
            "rounds: 40\nbob > open websocket\nalice > open websocket\nalice > send 40\nbob > send 40\nwait 100 ms\n\
             alice > 1000 times send 42[\"error\",{\"a\":[1,2,3]}]\nalice + 42[\"message\"]\nalice > drop\nbob > reset\n",
        );
        let mut tried = 0;
        let smallest = minimise(&all, 3, async |few: &[Case]| {
            tried += few.len();
            assert!(few.len() <= 3);
            Some(few.iter().position(|case| {
                let text = case.script().to_string();
                let joined =
                    text.find("send 40\n").zip(text.find("error")).is_some_and(|(join, error)| join < error);
                joined && text.contains("open websocket")
            }))
        })
        .await;
        let text = smallest.script().to_string();
        assert_eq!(smallest.steps.len(), 3, "{text}");
        assert_eq!(smallest.rounds, 1);
        assert!(text.contains("send \"error\"") && !text.contains("times"), "{text}");
        assert!(tried < 200, "{tried}");
    }

    #[tokio::test]
    async fn it_ends_when_nobody_wants_to_try_any_more() {
        let all = case("alice > open websocket\nalice > send 40\n");
        assert_eq!(minimise(&all, 1, async |_: &[Case]| None).await, all);
    }
}
