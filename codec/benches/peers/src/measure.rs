//! Figures per operation, codec and class.

use crate::codecs::{CODECS, Codec, Operation, Run};
use crate::corpus::Item;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What is measured at once: all items of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub operation: Operation,
    pub class: &'static str,
    pub codec: &'static str,
}

/// Nanoseconds or instructions per packet.
pub type Figures = BTreeMap<Key, f64>;

/// Everything there is to measure, in the order of the corpus.
pub fn keys(items: &'static [Item]) -> Vec<Key> {
    let mut classes: Vec<&'static str> = items.iter().map(|item| item.class).collect();
    classes.dedup();
    let mut keys = Vec::new();
    for (operation, _) in Operation::ALL {
        for &class in &classes {
            let able = able(items, operation, class);
            if able.len() > 1 && !common(items, operation, class).is_empty() {
                keys.extend(able.into_iter().map(|(codec, _)| Key { operation, class, codec }));
            }
        }
    }
    keys
}

/// The runs of a key, and how many packets they hold.
pub fn runs(items: &'static [Item], key: Key) -> (Vec<Run>, usize) {
    let (_, make) = CODECS.into_iter().find(|(name, _)| *name == key.codec).expect("a codec");
    let items = common(items, key.operation, key.class);
    let packets = items.iter().map(|item| item.packets).sum();
    (items.into_iter().filter_map(|item| make(key.operation, item)).collect(), packets)
}

/// The codecs that can do the operation on something of the class.
fn able(items: &'static [Item], operation: Operation, class: &str) -> Vec<Codec> {
    let can =
        |(_, make): &Codec| items.iter().any(|item| item.class == class && make(operation, item).is_some());
    CODECS.into_iter().filter(can).collect()
}

/// The items of the class that all those codecs take: otherwise they would be measured at different work.
fn common(items: &'static [Item], operation: Operation, class: &str) -> Vec<&'static Item> {
    let able = able(items, operation, class);
    let taken = |item: &'static Item| able.iter().all(|(_, make)| make(operation, item).is_some());
    items.iter().filter(|item| item.class == class && taken(item)).collect()
}

/// Nanoseconds per packet, the codecs of one operation and class round by round in turns, so that
/// whatever else the machine does meets all of them.
pub fn nanoseconds(items: &'static [Item]) -> Figures {
    let keys = keys(items);
    let mut figures = Figures::new();
    for group in keys.chunk_by(|one, other| (one.operation, one.class) == (other.operation, other.class)) {
        let mut contenders: Vec<_> = group.iter().map(|key| Contender::new(items, *key)).collect();
        for _ in 0..25 {
            contenders.iter_mut().for_each(Contender::round);
        }
        figures.extend(contenders.into_iter().map(|it| (it.key, it.least / it.packets as f64)));
    }
    figures
}

struct Contender {
    key: Key,
    runs: Vec<Run>,
    packets: usize,
    /// How often a round repeats the runs.
    repeat: u32,
    /// The least nanoseconds that the runs took.
    least: f64,
}

impl Contender {
    fn new(items: &'static [Item], key: Key) -> Self {
        let (runs, packets) = runs(items, key);
        Self { key, runs, packets, repeat: 1, least: f64::MAX }
    }

    fn round(&mut self) {
        const ROUND: Duration = Duration::from_millis(2);
        let start = Instant::now();
        for _ in 0..self.repeat {
            once(&mut self.runs);
        }
        let took = start.elapsed();
        self.least = self.least.min(took.as_nanos() as f64 / f64::from(self.repeat));
        if took < ROUND {
            self.repeat = ((ROUND.as_nanos() as f64 / self.least) as u32).clamp(1, 1_000_000);
        }
    }
}

pub fn once(runs: &mut [Run]) {
    for run in runs {
        black_box(run());
    }
}
