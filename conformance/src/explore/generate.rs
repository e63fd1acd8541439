//! Plans from seeds.

use fastrand::Rng;

use super::{Act, Answers, Audience, Id, Operators, Piece, Place, Plan, Shape, Step, Ways};
use crate::scenario::Transport;

/// What plans are made of.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// What the server offers.
    pub ways: Ways,
    /// The transports.
    pub over: Vec<Transport>,
    /// How many clients at most.
    pub clients: usize,
}

/// Rooms of a play.
const ROOMS: u8 = 3;
/// How many steps beyond the opening.
const STEPS: std::ops::Range<usize> = 12..36;

/// What most steps of a plan are about, so that what needs many of a kind comes up.
#[derive(Clone, Copy)]
enum Theme {
    Everything,
    Rooms,
    Answers,
    Echoes,
    Losses,
}

struct Maker<'a> {
    rng: Rng,
    recipe: &'a Recipe,
    clients: usize,
    /// A namespace of its own comes first, if the server has some.
    namespaces: usize,
    theme: Theme,
    /// Whether several calls are under way at a time.
    concurrent: bool,
}

/// The plan of a seed.
pub fn generate(seed: u64, recipe: &Recipe) -> Plan {
    let mut rng = Rng::with_seed(seed);
    let clients = rng.usize(2..=recipe.clients.max(2));
    let namespaces = rng.usize(1..=4);
    let theme = match rng.u8(0..10) {
        0..=2 => Theme::Everything,
        3 | 4 => Theme::Rooms,
        5 => Theme::Answers,
        6 => Theme::Echoes,
        _ if recipe.ways.recovery => Theme::Losses,
        _ => Theme::Rooms,
    };
    let concurrent = recipe.ways.bursts && rng.bool();
    Maker { rng, recipe, clients, namespaces, theme, concurrent }.plan()
}

impl Maker<'_> {
    fn plan(mut self) -> Plan {
        let mut steps = Vec::new();
        for client in 0..self.clients {
            steps.push(step(client, 0, Act::Open(self.transport())));
            for namespace in 0..self.namespaces {
                if namespace == 0 || self.rng.u8(0..3) > 0 {
                    steps.push(step(client, namespace, Act::Enter));
                }
            }
        }
        let many = self.rng.usize(STEPS);
        while steps.len() < many + 2 * self.clients {
            self.add(&mut steps);
        }
        Plan { steps }
    }

    fn add(&mut self, steps: &mut Vec<Step>) {
        let client = self.rng.usize(..self.clients);
        let namespace = if self.rng.u8(0..4) > 0 { 0 } else { self.rng.usize(..self.namespaces) };
        if matches!(self.theme, Theme::Echoes) && self.rng.u8(0..3) == 0 {
            let act = match self.rng.u8(0..3) {
                0 => self.emit(client),
                _ if self.recipe.ways.echo => Act::Echo(self.shape()),
                _ => self.emit(client),
            };
            let many = self.rng.usize(5..14);
            let flows = self.concurrent;
            steps.extend((0..many).map(|_| Step { flows, ..step(client, namespace, act.clone()) }));
            return;
        }
        // Of those who poll only, and once.
        if self.recipe.ways.upgrade && self.rng.u8(0..12) == 0 {
            let flows = self.concurrent && self.rng.u8(0..4) > 0;
            steps.push(Step { flows, ..step(client, namespace, Act::Upgrade) });
            return;
        }
        let act = self.act(client);
        if matches!(act, Act::Drop) {
            return self.loss(client, namespace, steps);
        }
        let flows = self.concurrent && act.can_flow() && self.rng.u8(0..4) > 0;
        steps.push(Step { flows, ..step(client, namespace, act) });
        let last = steps.last().map(|step| &step.act);
        if matches!(last, Some(Act::Exit | Act::Disconnect(_) | Act::RemoveOthers(..))) {
            self.aftermath(namespace, steps);
        }
    }

    /// What happens when somebody is gone. What was ended is begun again, so that something is left to go wrong.
    fn aftermath(&mut self, namespace: usize, steps: &mut Vec<Step>) {
        for _ in 0..self.rng.usize(0..4) {
            let client = self.rng.usize(..self.clients);
            let act = self.emit(client);
            steps.push(step(client, namespace, act));
        }
        for client in 0..self.clients {
            steps.push(step(client, 0, Act::Open(self.transport())));
            steps.push(step(client, namespace, Act::Enter));
        }
    }

    /// A loss, what happens meanwhile, and the return.
    fn loss(&mut self, client: usize, namespace: usize, steps: &mut Vec<Step>) {
        steps.push(step(client, namespace, Act::Drop));
        for _ in 0..self.rng.usize(0..5) {
            let other = self.rng.usize(..self.clients);
            if other != client {
                let act = self.emit(other);
                steps.push(step(other, namespace, act));
            }
        }
        let over = self.transport();
        steps.push(step(client, namespace, Act::Return(over)));
        if !self.recipe.ways.recovery {
            steps.push(step(client, namespace, Act::Enter));
        }
    }

    fn act(&mut self, client: usize) -> Act {
        let ways = self.recipe.ways;
        loop {
            let die = self.rng.u8(0..100);
            let act = match (self.theme, die) {
                (Theme::Rooms, 0..25) | (_, 0..12) => Act::Join(self.rooms()),
                (Theme::Rooms, 25..35) | (_, 12..17) => Act::Leave(self.rooms()),
                (Theme::Answers, 35..60) if ways.acks => self.question(client),
                (Theme::Losses, 40..58) if ways.drop => Act::Drop,
                (_, 17..56) => self.emit(client),
                (_, 56..62) if ways.echo => Act::Echo(self.shape()),
                (Theme::Answers, 60..80) | (_, 62..68) => self.ask(),
                (_, 68..74) if ways.sockets => Act::Lookup(self.others()),
                (_, 74..78) => Act::Session,
                (_, 78..81) if ways.data => Act::Keep(self.shape()),
                (_, 81..86) if ways.sockets => {
                    Act::MoveOthers(self.some_others(), self.rooms(), self.rng.u8(0..3) > 0)
                }
                (_, 86..88) if ways.sockets && ways.disconnect => {
                    Act::RemoveOthers(self.some_others(), self.closes())
                }
                (_, 88..90) if ways.disconnect => Act::Disconnect(self.closes()),
                (_, 90..92) if ways.leave => Act::Exit,
                (_, 92..94) if ways.drop => Act::Drop,
                (_, 94..96) if ways.acks => self.question(client),
                (_, 96) => Act::Unheard,
                // With recovery, what is sent to a socket alone may go by its own room, and a return joins that again.
                (_, 97..99) if ways.own_id && !ways.recovery => Act::LeaveOwn,
                _ => continue,
            };
            return act;
        }
    }

    fn closes(&mut self) -> bool {
        self.recipe.ways.close && self.rng.bool()
    }

    fn ask(&mut self) -> Act {
        let shape = (self.rng.u8(0..5) > 0).then(|| self.shape());
        let id = match self.rng.u8(0..8) {
            0 => Id::Huge,
            1 => Id::Again,
            2 => Id::None,
            _ => Id::Next,
        };
        Act::Ask(shape, id)
    }

    /// An event with acknowledgements.
    fn question(&mut self, client: usize) -> Act {
        let mut to = self.audience(client);
        if !self.recipe.ways.broadcast_acks {
            to = Audience::default();
        } else if to.to.is_empty() && !to.is_itself() && !self.recipe.ways.dynamic {
            to.to = self.places(client, 1);
        }
        to.elsewhere = None;
        let mask = self.rng.u8(..);
        let answers = match self.rng.u8(0..4) {
            0 => Answers::But(mask),
            1 => Answers::Late(mask),
            _ => Answers::All,
        };
        Act::Emit { to, shape: self.shape(), with: Operators::default(), answers: Some(answers) }
    }

    fn emit(&mut self, client: usize) -> Act {
        let ways = self.recipe.ways;
        let with = Operators {
            volatile: ways.volatile && self.rng.u8(0..6) == 0,
            local: ways.local && self.rng.u8(0..8) == 0,
            uncompressed: ways.compress && self.rng.u8(0..8) == 0,
        };
        let shape = self.shape();
        Act::Emit { to: self.audience(client), shape, with, answers: None }
    }

    fn audience(&mut self, client: usize) -> Audience {
        let mut audience = Audience::default();
        match self.rng.u8(0..10) {
            0 => return audience,
            1..=4 => audience.by_server = true,
            5 | 6 => audience.broadcast = true,
            _ => audience.to = self.places(client, 1),
        }
        if self.rng.u8(0..3) > 0 {
            let more = self.rng.usize(0..3);
            audience.to.extend(self.places(client, more));
        }
        if self.recipe.ways.except && self.rng.u8(0..3) == 0 {
            let many = self.rng.usize(1..3);
            audience.except = self.places(client, many);
        }
        // Another namespace has other sockets.
        let own = |place: &Place| matches!(place, Place::Own(_));
        let named = audience.to.iter().chain(&audience.except).any(own);
        if audience.by_server
            && self.namespaces > 1
            && self.recipe.ways.dynamic
            && !named
            && self.rng.u8(0..5) == 0
        {
            audience.elsewhere = Some(self.rng.usize(..self.namespaces));
        }
        audience
    }

    /// An audience for what looks up sockets: there is no such operation on oneself.
    fn others(&mut self) -> Audience {
        let mut audience = self.audience(0);
        audience.elsewhere = None;
        if audience.is_itself() {
            audience.by_server = true;
        }
        audience
    }

    /// An audience for what changes sockets: never all of a namespace that others use too.
    fn some_others(&mut self) -> Audience {
        let mut audience = self.others();
        if audience.to.is_empty() {
            audience.to = self.places(0, 1);
        }
        audience
    }

    fn places(&mut self, client: usize, many: usize) -> Vec<Place> {
        let own = self.recipe.ways.own_id;
        (0..many)
            .map(|_| match self.rng.u8(0..4) {
                0 if own && self.rng.u8(0..4) == 0 => Place::Own(client),
                0 if own => Place::Own(self.rng.usize(..self.clients)),
                // A room that nobody ever joins, now and then.
                1 if self.rng.u8(0..8) == 0 => Place::Room(ROOMS),
                _ => Place::Room(self.rng.u8(0..ROOMS)),
            })
            .collect()
    }

    fn rooms(&mut self) -> Vec<u8> {
        let many = if self.rng.u8(0..3) == 0 { 2 } else { 1 };
        (0..many).map(|_| self.rng.u8(0..ROOMS)).collect()
    }

    fn transport(&mut self) -> Transport {
        self.rng.choice(&self.recipe.over).copied().unwrap_or(Transport::Websocket)
    }

    fn shape(&mut self) -> Shape {
        const PLAIN: [Piece; 14] = [
            Piece::Number,
            Piece::Big,
            Piece::Fraction,
            Piece::Text,
            Piece::Foreign,
            Piece::Dash,
            Piece::Null,
            Piece::Nested,
            Piece::Deep,
            Piece::Proto,
            Piece::LookAlike,
            Piece::Nameless,
            Piece::NoPlaceholder,
            Piece::Nul,
        ];
        const BINARY: [Piece; 4] = [Piece::Bytes, Piece::Bytes, Piece::NoBytes, Piece::Inside];
        let ways = self.recipe.ways;
        if ways.large && self.rng.u8(0..50) == 0 {
            let binary = ways.binary && self.rng.bool();
            return Shape(vec![if binary { Piece::Blob } else { Piece::Long }]);
        }
        let binary = ways.binary && self.rng.u8(0..4) == 0;
        let many = match self.rng.u8(0..12) {
            0 => self.rng.usize(10..14),
            1 | 2 => 0,
            _ => self.rng.usize(1..4),
        };
        let pieces: &[Piece] = if binary { &BINARY } else { &PLAIN };
        Shape((0..many).filter_map(|_| self.rng.choice(pieces).copied()).collect())
    }
}

fn step(client: usize, namespace: usize, act: Act) -> Step {
    Step { client, namespace, act, flows: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Site;

    fn recipe() -> Recipe {
        let mut site = Site::new("nowhere");
        site.features = crate::contract::FEATURES.map(str::to_owned).into();
        site.contract = crate::scenario::Contract::Recovery;
        Recipe { ways: Ways::of(&site), over: Transport::ALL.to_vec(), clients: 4 }
    }

    #[test]
    fn a_seed_makes_the_same_plan_again() {
        for seed in 0..50 {
            assert_eq!(generate(seed, &recipe()), generate(seed, &recipe()));
        }
        assert_ne!(generate(1, &recipe()), generate(2, &recipe()));
    }

    #[test]
    fn what_is_left_out_is_in_no_plan() {
        let ways = recipe().ways;
        let ways = ["bursts", "binary", "large", "own-id"]
            .iter()
            .fold(ways, |ways, name| ways.without(name).unwrap());
        let recipe = Recipe { ways, ..recipe() };
        for seed in 0..200 {
            let shown = format!("{:?}", generate(seed, &recipe));
            for piece in ["flows: true", "Bytes", "Inside", "Long", "Blob", "Own("] {
                assert!(!shown.contains(piece), "{piece} in {shown}");
            }
        }
    }
}
