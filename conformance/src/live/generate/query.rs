//! Queries, parameter by parameter.

use fastrand::Rng;

use super::{bytes, words};
use crate::live::case::ATTACKERS;

/// The query with one parameter changed.
pub(super) fn mutated(rng: &mut Rng, query: &str) -> String {
    let mut parameters: Vec<String> = query.split('&').map(str::to_owned).collect();
    let at = rng.usize(..parameters.len());
    match rng.u8(..14) {
        0 => drop(parameters.remove(at)),
        1 => {
            let again = parameters[at].clone();
            parameters.push(again);
        }
        2 => {
            let to = rng.usize(..parameters.len());
            parameters.swap(at, to);
        }
        3 | 4 => {
            set(&mut parameters, "EIO", words::pick(rng, &["3", "4", "2", "5", "", "x", "3", "4", "44"]))
        }
        5 | 6 => set(&mut parameters, "transport", words::pick(rng, &words::TRANSPORTS)),
        7 | 8 => {
            let own = format!("${}", ATTACKERS[rng.usize(..2)]);
            let odd = words::pick(rng, &words::INHERITED).to_owned();
            let sid = [own.clone(), own, odd, String::new(), "AAAAAAAAAAAAAAAAAAAA".to_owned()]
                [rng.usize(..5)]
            .clone();
            set(&mut parameters, "sid", &sid);
        }
        9 => {
            let name = words::pick(rng, &words::PARAMETERS);
            let value = words::pick(rng, &words::NUMBERS);
            parameters.push(format!("{name}={value}"));
        }
        10 => {
            let name = words::pick(rng, &words::PARAMETERS);
            parameters.push(format!("{name}[{}]=1", words::pick(rng, &words::INHERITED)));
        }
        11 => parameters[at] = bytes::mutated(rng, &parameters[at]).replace([' ', '\r', '\n', '\0'], "%00"),
        12 => parameters.push("b64=1".to_owned()),
        _ => parameters.push(format!("j={}", words::pick(rng, &words::NUMBERS))),
    }
    parameters.join("&")
}

fn set(parameters: &mut Vec<String>, name: &str, value: &str) {
    let set = format!("{name}={value}");
    let key = format!("{name}=");
    match parameters.iter_mut().find(|parameter| parameter.starts_with(&key)) {
        Some(parameter) => *parameter = set,
        None => parameters.push(set),
    }
}
