//! Fences around what is found already, so that a shallow bug does not hide what lies behind it.

use std::collections::BTreeSet;

use super::{
    case::{Case, verb},
    generate::texts_of,
};
use crate::siot::{Act, Data, Step};

/// What a case must not hold: steps like these, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    steps: Vec<Likeness>,
    /// Whether the server's own time-outs pass meanwhile.
    pauses: bool,
}

/// What makes a step like another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Likeness {
    verb: &'static str,
    /// Words that are in it.
    words: BTreeSet<String>,
    /// The beginnings of the packets in it.
    heads: Vec<(String, bool)>,
}

impl Fence {
    /// Around a case of which nothing can be left out.
    pub(super) fn around(case: &Case) -> Self {
        let acts = case.steps.iter().filter_map(|step| match step {
            Step::Act(_, act) => Some(act),
            _ => None,
        });
        Self { steps: acts.map(Likeness::of).collect(), pauses: case.pauses() }
    }

    /// Whether a case is inside.
    pub(super) fn holds(&self, case: &Case) -> bool {
        if case.pauses() && !self.pauses {
            return false;
        }
        let mut wanted = self.steps.iter().peekable();
        for step in &case.steps {
            if let (Step::Act(_, act), Some(next)) = (step, wanted.peek())
                && next.is_in(act)
            {
                wanted.next();
            }
        }
        wanted.peek().is_none()
    }

    /// For people: which part of the space is fenced off.
    pub(super) fn text(&self) -> String {
        let steps = self.steps.iter().map(|step| {
            let heads = step.heads.iter().map(|(head, _)| head.clone());
            let words: Vec<String> = heads.chain(step.words.iter().cloned()).take(4).collect();
            format!("{} {}", step.verb, words.join(" ")).trim().to_owned()
        });
        steps.collect::<Vec<_>>().join(" → ")
    }
}

impl Likeness {
    fn of(act: &Act) -> Self {
        Self { verb: verb(act), words: words(act), heads: texts_of(act).into_iter().map(head).collect() }
    }

    fn is_in(&self, act: &Act) -> bool {
        let other = Self::of(act);
        self.verb == other.verb
            && self.words.is_subset(&other.words)
            && self.heads.iter().all(|head| other.heads.contains(head))
    }
}

/// The type of a packet, and whether attachments are announced where some have to be.
fn head(text: &str) -> (String, bool) {
    let head: String = text.chars().take(2).filter(char::is_ascii_digit).collect();
    let rest = text.get(head.len()..).unwrap_or_default();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let zero = rest.get(..digits).unwrap_or_default().bytes().all(|digit| digit == b'0');
    let dash = rest.get(digits..).unwrap_or_default().starts_with('-');
    let head = if dash { format!("{head}{}-", if zero { '0' } else { 'N' }) } else { head };
    (head, dash)
}

/// Words of letters in whatever an act sends.
fn words(act: &Act) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut add = |text: &str| {
        let all = text.split(|char: char| !char.is_alphanumeric() && char != '_' && char != '=');
        let long = all.filter(|word| word.len() > 1 && word.chars().any(char::is_alphabetic));
        words.extend(long.map(|word| word.chars().take(32).collect::<String>()));
    };
    match act {
        Act::Times(_, act) => return self::words(act),
        Act::Request { method, query, headers, body } => {
            add(method);
            add(query.as_deref().unwrap_or_default());
            headers.iter().for_each(|(name, value)| [name, value].into_iter().for_each(|text| add(text)));
            if let Some(Data::Text(text)) = body {
                add(text);
            }
        }
        Act::Head { method, query, headers } => {
            add(method);
            add(query);
            headers.iter().for_each(|(name, _)| add(name));
        }
        Act::Websocket(query) => add(query),
        Act::Bytes(Data::Text(text)) => add(text),
        Act::Frame { opcode, reserved, last, .. } => add(&format!("frame{opcode}{reserved}{last}")),
        act => texts_of(act).into_iter().for_each(&mut add),
    }
    // Every attacker's sid is as good as the next one's.
    for name in super::case::ATTACKERS {
        words.remove(name);
        words.remove(&format!("sid={name}"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::siot::{Item, parse};

    fn case(steps: &str) -> Case {
        Case::of(&parse(&format!("siot 1\n{steps}")).unwrap())
    }

    #[test]
    fn a_fence_holds_what_does_the_same_with_more_around_it() {
        let fence =
            Fence::around(&case("alice > open websocket\nalice > send 40\nalice > send 42[\"error\"]\n"));
        assert!(fence.holds(&case(
            "bob > open websocket\nbob > send 40\nwait 5 ms\nbob > send 42[\"error\",{\"a\":1}]\nbob > drop\n"
        )));
        assert!(!fence.holds(&case("bob > open websocket\nbob > send 40\nbob > send 42[\"message\"]\n")));
        let fence = Fence::around(&case("alice > open websocket\nalice > send 45\n"));
        assert!(fence.holds(&case("alice > open websocket\nalice > send 45[\"x\"]\n")));
        assert!(!fence.holds(&case("alice > open websocket\nalice > send 451-[\"x\"]\n")));
        let binary = Act::Send(vec![Item::Binary(vec![1])]);
        assert!(Likeness::of(&binary).is_in(&binary));
    }
}
