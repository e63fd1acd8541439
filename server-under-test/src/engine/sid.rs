//! Session ids.

use std::sync::Arc;

use crate::{config::Config, fault::Fault};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const RANDOM_BYTES: usize = 15;

/// Gives out ids that nobody can guess: 15 random bytes as 20 characters of the url-safe base64 alphabet, the shape
/// they have in socket.io 4.8.
#[derive(Debug)]
pub struct Sids {
    config: Arc<Config>,
    given: u64,
}

impl Sids {
    /// A source of ids.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config, given: 0 }
    }

    /// An id for an Engine.IO session.
    pub fn session(&mut self) -> String {
        if self.config.faulty(Fault::SidSequential) {
            self.given += 1;
            return format!("{:020}", self.given);
        }
        random()
    }

    /// An id for a socket of a namespace.
    pub fn socket(&mut self) -> String {
        random()
    }
}

fn random() -> String {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    let mut id = String::with_capacity(RANDOM_BYTES / 3 * 4);
    for [a, b, c] in bytes.as_chunks().0 {
        let group = u32::from_be_bytes([0, *a, *b, *c]);
        id.extend([18, 12, 6, 0].map(|shift| char::from(ALPHABET[(group >> shift) as usize & 63])));
    }
    id
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::random;

    #[test]
    fn ids_are_long_and_distinct() {
        let ids: HashSet<String> = (0..1000).map(|_| random()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 20));
    }
}
