//! Cases from a seed: legal conversations, changed a little; pieces of two of them; and what only a grammar would say.

mod begun;
mod bytes;
mod conversation;
mod ending;
mod header;
mod json;
mod left;
mod mutate;
mod packet;
mod query;
mod steps;
mod words;

use fastrand::Rng;

use super::case::Case;
use crate::siot::{Act, Data, Role, See, Sight, Step};

pub(super) use self::{
    begun::all as all_begun,
    mutate::texts_of,
    steps::{most_times, with_headers},
};

/// Draws cases. The same seed gives the same cases; those that grow out of others give the same if the others are.
#[derive(Debug, Clone)]
pub struct Generator {
    seed: u64,
    /// Largest payload that the server announces, bytes.
    max_payload_bytes: usize,
}

impl Generator {
    /// Draws by a seed for a server that takes payloads of so many bytes.
    pub fn new(seed: u64, max_payload_bytes: usize) -> Self {
        Self { seed, max_payload_bytes }
    }

    /// The case of a number, drawn without looking at any server.
    pub fn case(&self, number: u64) -> Case {
        let rng = &mut self.rng(number);
        let steps = match rng.u8(..100) {
            // A conversation as it should be, for what it leaves behind.
            0..5 => conversation::draw(rng),
            5..17 => {
                let steps = left::draw(rng);
                return Case::new(steps);
            }
            17..70 => {
                let mut steps = conversation::draw(rng);
                for _ in 0..rng.usize(1..=3) {
                    self.mutate(rng, &mut steps);
                }
                steps
            }
            70..90 => {
                let (one, other) = (conversation::draw(rng), conversation::draw(rng));
                let mut steps = steps::splice(rng, &one, &other);
                if rng.bool() {
                    self.mutate(rng, &mut steps);
                }
                steps
            }
            _ => conversation::nonsense(rng),
        };
        self.finished(rng, steps)
    }

    /// A case that grows out of another one.
    pub(super) fn variation(&self, number: u64, parent: &Case, other: &Case) -> Case {
        let rng = &mut self.rng(number);
        let mut steps = if rng.u8(..4) == 0 {
            steps::splice(rng, &parent.steps, &other.steps)
        } else {
            parent.steps.clone()
        };
        for _ in 0..rng.usize(1..=2) {
            self.mutate(rng, &mut steps);
        }
        self.finished(rng, steps)
    }

    /// A source of chance for something else of the run.
    pub(super) fn rng(&self, number: u64) -> Rng {
        // Neighbours have to have nothing in common.
        let mixed = (self.seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ number;
        let mut rng = Rng::with_seed(mixed.wrapping_mul(0x94d0_49bb_1331_11eb));
        rng.u64(..);
        rng
    }

    fn mutate(&self, rng: &mut Rng, steps: &mut Vec<Step>) {
        mutate::mutate(rng, steps, self.max_payload_bytes);
    }

    fn finished(&self, rng: &mut Rng, mut steps: Vec<Step>) -> Case {
        /// A case does not have more steps.
        const MOST_STEPS: usize = 40;
        steps.truncate(MOST_STEPS);
        ending::add(rng, &mut steps);
        Case::new(steps)
    }
}

/// The time in which any server reacts that has little else to do, ms.
const REACTS_MS: u64 = 100;

/// Waits until an attacker hears something.
pub(super) fn hears(actor: &str, within_ms: u64) -> See {
    See {
        actor: actor.to_owned(),
        within_ms: Some(within_ms),
        any: true,
        role: Role::Passing,
        sight: Sight::Anything,
        was: None,
    }
}

/// A whole request.
fn request(method: &str, query: &str, body: Option<&str>) -> Act {
    Act::Request {
        method: method.to_owned(),
        query: Some(query.to_owned()),
        headers: Vec::new(),
        body: body.map(|body| Data::Text(body.to_owned())),
    }
}

/// The lines of a head that ask for a WebSocket.
const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyBvaw==\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::siot::parse;

    #[test]
    fn the_same_seed_gives_the_same_cases() {
        let [one, two, other] = [7, 7, 8].map(|seed| Generator::new(seed, 100_000));
        let same = (0..300).filter(|&number| one.case(number) == other.case(number)).count();
        assert!((0..300).all(|number| one.case(number) == two.case(number)));
        assert!(same < 10, "{same}");
        let parent = one.case(3);
        assert_eq!(one.variation(9, &parent, &one.case(4)), two.variation(9, &parent, &two.case(4)));
    }

    #[test]
    fn every_case_is_a_transcript() {
        let generator = Generator::new(1, 100_000);
        for number in 0..2000 {
            let case = generator.case(number);
            let text = case.script().to_string();
            let read = parse(&text).unwrap_or_else(|error| panic!("{number}: {error}\n{text}"));
            assert_eq!(Case::of(&read), case, "{number}:\n{text}");
        }
    }
}
