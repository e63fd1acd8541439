//! Our codec beside its peers, over a corpus made here.
//!
//! Without arguments: nanoseconds per packet, the least of several rounds. With `OPERATION CODEC ITEM COUNT`:
//! runs one of them so often and nothing else, for an instruction counter. With `list`: what there is.

mod corpus;
mod ours;
mod peers;

use corpus::Item;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What is measured; every operation runs over one whole item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    /// From text to a packet, or to the packets of a payload; base64 to bytes.
    Decode,
    /// Decode, and find the event's name: what a server does before it can route.
    Route,
    /// From a packet whose payload is JSON text to text.
    Encode,
}

/// Does an operation once; gives something that depends on the result.
type Run = Box<dyn FnMut() -> usize>;

/// A codec by name: what it does for an operation on an item, if it can.
type Codec = (&'static str, fn(Operation, &'static Item) -> Option<Run>);

const OPERATIONS: [Operation; 3] = [Operation::Decode, Operation::Route, Operation::Encode];

const CODECS: [Codec; 4] = [
    ("siospec", ours::make),
    ("socketioxide", peers::socketioxide),
    ("engineioxide", peers::engineioxide),
    ("serde_json", peers::ignored_json),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let items: &'static [Item] = Box::leak(corpus::items().into_boxed_slice());
    match arguments.as_slice() {
        [] => table(items),
        [word] if word == "list" => list(items),
        [operation, codec, item, count] => {
            let count = count.parse().expect("a number");
            let operation =
                OPERATIONS.into_iter().find(|known| name(*known) == *operation).expect("an operation");
            let (_, make) = CODECS.into_iter().find(|(known, _)| known == codec).expect("a codec");
            let item = items.iter().find(|known| known.name == item).expect("an item");
            let mut run = make(operation, item).expect("something that the codec can do");
            for _ in 0..count {
                black_box(run());
            }
        }
        _ => eprintln!("no arguments, `list`, or OPERATION CODEC ITEM COUNT"),
    }
}

fn list(items: &'static [Item]) {
    for operation in OPERATIONS {
        for (codec, make) in CODECS {
            for item in items.iter().filter(|item| make(operation, item).is_some()) {
                println!("{} {codec} {}", name(operation), item.name);
            }
        }
    }
}

fn table(items: &'static [Item]) {
    for operation in OPERATIONS {
        print!("\n{:<16}{:>10}{:>9}", name(operation), "bytes", "packets");
        CODECS.iter().for_each(|(codec, _)| print!("{codec:>14}"));
        println!("   ns per packet");
        for item in items.iter().filter(|item| CODECS.iter().any(|(_, make)| make(operation, item).is_some()))
        {
            print!("{:<16}{:>10}{:>9}", item.name, item.text.len(), item.packets);
            for (_, make) in CODECS {
                match make(operation, item) {
                    Some(run) => print!("{:>14.1}", nanoseconds(run) / item.packets as f64),
                    None => print!("{:>14}", ""),
                }
            }
            println!();
        }
    }
}

/// The least time of one run over 15 rounds of about five milliseconds.
fn nanoseconds(mut run: Run) -> f64 {
    let mut repeat = 1_u32;
    let mut least = f64::MAX;
    for _ in 0..15 {
        let start = Instant::now();
        for _ in 0..repeat {
            black_box(run());
        }
        let took = start.elapsed();
        least = least.min(took.as_nanos() as f64 / f64::from(repeat));
        if took < Duration::from_millis(5) {
            repeat = ((5e6 / least) as u32).clamp(1, 10_000_000);
        }
    }
    least
}

fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Decode => "decode",
        Operation::Route => "route",
        Operation::Encode => "encode",
    }
}
