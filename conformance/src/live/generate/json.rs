//! JSON changed as a tree.

use fastrand::Rng;
use serde_json::Value;

use super::{bytes, words};

/// JSON with one thing in it changed; what is no JSON is changed as bytes are.
pub(super) fn mutated(rng: &mut Rng, text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return if rng.bool() {
            words::pick(rng, &words::VALUES).to_owned()
        } else {
            bytes::mutated(rng, text)
        };
    };
    // What serde_json cannot hold, such as numbers of any size, is put in afterwards.
    const MARK: &str = "\u{1}here\u{1}";
    let nodes = count(&value);
    let mut at = rng.usize(..nodes);
    let mut put = None;
    change(rng, &mut value, &mut at, &mut put, MARK);
    let text = value.to_string();
    match put {
        Some(raw) => text.replace("\"\\u0001here\\u0001\"", &raw),
        None => text,
    }
}

/// How many values there are in it, itself included. Nesting is bounded by the parser.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

fn change(rng: &mut Rng, value: &mut Value, at: &mut usize, put: &mut Option<String>, mark: &str) {
    if *at == 0 {
        *at = usize::MAX;
        return change_here(rng, value, put, mark);
    }
    *at -= 1;
    match value {
        Value::Array(values) => {
            for value in values {
                if *at != usize::MAX {
                    change(rng, value, at, put, mark);
                }
            }
        }
        Value::Object(members) => {
            for (_, value) in members.iter_mut() {
                if *at != usize::MAX {
                    change(rng, value, at, put, mark);
                }
            }
        }
        _ => {}
    }
}

fn change_here(rng: &mut Rng, value: &mut Value, put: &mut Option<String>, mark: &str) {
    match (rng.u8(..10), &mut *value) {
        (0, Value::Array(values)) if !values.is_empty() => drop(values.remove(rng.usize(..values.len()))),
        (1, Value::Array(values)) if !values.is_empty() => {
            values.push(values[rng.usize(..values.len())].clone())
        }
        (2, Value::Array(values)) => values.insert(0, event(rng)),
        (3, Value::Array(values)) if !values.is_empty() => values[0] = event(rng),
        (4, Value::Object(members)) => {
            let key = words::pick(rng, &words::INHERITED).to_owned();
            members.insert(key, Value::from(1));
        }
        (0..5, Value::String(_)) => *value = event(rng),
        (5, _) => *put = Some(nested(rng)),
        (6, Value::String(text)) => *text = bytes::mutated(rng, text),
        (6, _) => *put = Some(words::pick(rng, &words::NUMBERS).to_owned()),
        // What every object has is something else in this one: one thing, or all of them.
        (7, _) => {
            let (name, hidden) = (words::pick(rng, &words::INHERITED), words::pick(rng, &words::VALUES));
            let names = if rng.bool() { &[name][..] } else { &words::INHERITED };
            let members: Vec<String> = names.iter().map(|name| format!("\"{name}\":{hidden}")).collect();
            *put = Some(format!("{{{}}}", members.join(",")));
        }
        _ => *put = Some(words::pick(rng, &words::VALUES).to_owned()),
    }
    if put.is_some() {
        *value = Value::from(mark);
    }
}

fn event(rng: &mut Rng) -> Value {
    let inherited = rng.u8(..5) == 0;
    Value::from(words::pick(rng, if inherited { &words::INHERITED } else { &words::EVENTS }))
}

/// Lists and objects one in the other.
fn nested(rng: &mut Rng) -> String {
    let depth = [2, 10, 100, 1000, 10_000][rng.usize(..5)];
    match rng.u8(..3) {
        0 => format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        1 => "[".repeat(depth),
        _ => format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)),
    }
}
