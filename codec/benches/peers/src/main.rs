//! Our codec beside its peers, over a corpus made here. README.md tells what it is for.
//!
//! | arguments | what it does |
//! | --- | --- |
//! | none | nanoseconds per packet, and every bar |
//! | `list` | what there is to count: operation, codec, class, and how many runs are worth counting |
//! | `run OPERATION CODEC CLASS RUNS` | so many runs and nothing else, for an instruction counter |
//! | `bars FILE` | every bar, from lines of operation, codec, class and instructions per run |
//! | `corpus FOLDER` | writes the polling bodies, for benches in other languages |

mod bars;
mod codecs;
mod corpus;
mod measure;

use codecs::{CODECS, Operation};
use corpus::{Item, Kind};
use measure::{Figures, Key};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let items = |classes: &[&str]| -> &'static [Item] { corpus::items(classes).leak() };
    let all = || items(&corpus::classes());
    match arguments.as_slice() {
        [] => {
            let figures = measure::nanoseconds(all());
            table(&figures);
            bars::print(&figures, "ns");
        }
        ["list"] => {
            let items = all();
            for key in measure::keys(items) {
                println!("{} {} {} {}", key.operation.name(), key.codec, key.class, worthwhile(items, key));
            }
        }
        ["run", operation, codec, class, count] => {
            // Nothing else is made: a counter counts that too, at a fraction of the usual speed.
            let (mut runs, _) = measure::runs(items(&[class]), key(operation, codec, class));
            for _ in 0..count.parse().expect("a number") {
                measure::once(&mut runs);
            }
        }
        ["bars", file] => {
            let counts = std::fs::read_to_string(file).expect("a readable file");
            let items = all();
            let figures: Figures = counts.lines().map(|line| counted(items, line)).collect();
            table(&figures);
            bars::print(&figures, "instructions");
        }
        ["corpus", folder] => {
            for item in all().iter().filter(|item| item.kind == Kind::Payload) {
                std::fs::write(format!("{folder}/{}.txt", item.name), &item.text).expect("a writable folder");
            }
        }
        _ => {
            eprintln!("no arguments, `list`, `run …`, `bars FILE` or `corpus FOLDER`; see README.md");
            std::process::exit(2);
        }
    }
}

fn key(operation: &str, codec: &str, class: &str) -> Key {
    let operation = Operation::from_name(operation).expect("an operation");
    let (codec, _) = CODECS.into_iter().find(|(name, _)| *name == codec).expect("a codec");
    let class = corpus::classes().into_iter().find(|name| *name == class).expect("a class");
    Key { operation, class, codec }
}

/// How many runs make a count that start-up does not blur, and that ends before one loses patience.
fn worthwhile(items: &[Item], key: Key) -> usize {
    let bytes: usize = items.iter().filter(|item| item.class == key.class).map(|item| item.text.len()).sum();
    (200_000 / bytes).clamp(2, 500)
}

/// A line that `instructions.sh` wrote.
fn counted(items: &'static [Item], line: &str) -> (Key, f64) {
    let [operation, codec, class, count] =
        line.split_whitespace().collect::<Vec<_>>().try_into().expect("four words");
    let key = key(operation, codec, class);
    let (_, packets) = measure::runs(items, key);
    (key, count.parse::<f64>().expect("a number") / packets as f64)
}

fn table(figures: &Figures) {
    println!("{:<14} {:<11} codec, per packet", "operation", "class");
    let figures: Vec<_> = figures.iter().collect();
    for group in figures.chunk_by(|(a, _), (b, _)| (a.operation, a.class) == (b.operation, b.class)) {
        let (first, _) = group[0];
        print!("{:<14} {:<11}", first.operation.name(), first.class);
        for (key, figure) in group {
            print!(" {} {figure:.1} ", key.codec);
        }
        println!();
    }
}
