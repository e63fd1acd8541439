//! Headers, one by one, and how often each.

use fastrand::Rng;

use super::{bytes, words};

/// Changes the headers of a request.
pub(super) fn mutate(rng: &mut Rng, headers: &mut Vec<(String, String)>) {
    let at = rng.usize(..=headers.len());
    match rng.u8(..9) {
        0 if at < headers.len() => drop(headers.remove(at)),
        1 if at < headers.len() => headers.push(headers[at].clone()),
        2 if at < headers.len() => {
            headers[at].1 = bytes::mutated(rng, &headers[at].1).replace(['\r', '\n'], " ");
        }
        3 => headers
            .insert(at, ("Content-Type".to_owned(), words::pick(rng, &words::CONTENT_TYPES).to_owned())),
        4 if at < headers.len() => {
            let to = rng.usize(..headers.len());
            headers.swap(at, to);
        }
        5 => {
            // Values as long as some limit.
            let long = "a".repeat([100, 1000, 8000, 16_000][rng.usize(..4)]);
            headers.insert(at, ("X-Long".to_owned(), long));
        }
        _ => {
            let (name, value) = words::HEADERS[rng.usize(..words::HEADERS.len())];
            headers.insert(at, (name.to_owned(), value.to_owned()));
        }
    }
}
