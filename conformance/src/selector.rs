//! Choosing rules by their ids.

use std::{convert::Infallible, fmt, str::FromStr};

/// Chooses rules: a path of which each part may hold globs.
///
/// `*` stands for any characters of one part, `**` for any number of parts. A selector that ends before an
/// id does chooses everything below it: `engine/upgrade` is a whole group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// Whether the rule of this id is chosen.
    pub fn selects(&self, id: &str) -> bool {
        let pattern: Vec<&str> = self.0.trim_matches('/').split('/').collect();
        let parts: Vec<&str> = id.split('/').collect();
        path_matches(&pattern, &parts)
    }
}

/// What is wrong with selectors of which one chooses none of the rules with these ids, if one does.
pub fn complaint<'a>(
    selectors: impl IntoIterator<Item = &'a Selector>,
    ids: impl Iterator<Item = &'static str> + Clone,
) -> Option<String> {
    let none = selectors.into_iter().find(|selector| !ids.clone().any(|id| selector.selects(id)))?;
    Some(format!("no rule is selected by {none}; `siospec list` shows the rules"))
}

impl FromStr for Selector {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl From<&str> for Selector {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the pattern matches the parts, or the first few of them.
///
/// `reached[i]` tells whether the first `i` parts of the pattern match the parts seen so far.
fn path_matches(pattern: &[&str], parts: &[&str]) -> bool {
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    skip_empty(&mut reached, pattern, |glob| glob == "**");
    for part in parts {
        if reached[pattern.len()] {
            return true;
        }
        let mut next = vec![false; reached.len()];
        for (at, glob) in pattern.iter().enumerate().filter(|(at, _)| reached[*at]) {
            if *glob == "**" {
                next[at] = true;
            } else if glob_matches(glob, part) {
                next[at + 1] = true;
            }
        }
        reached = next;
        skip_empty(&mut reached, pattern, |glob| glob == "**");
    }
    reached[pattern.len()]
}

/// Whether the glob matches the text; `*` stands for any characters, none included.
fn glob_matches(glob: &str, text: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let mut reached = vec![false; glob.len() + 1];
    reached[0] = true;
    skip_empty(&mut reached, &glob, |char| char == '*');
    for char in text.chars() {
        let mut next = vec![false; reached.len()];
        for (at, expected) in glob.iter().enumerate().filter(|(at, _)| reached[*at]) {
            if *expected == '*' {
                next[at] = true;
            } else if *expected == char {
                next[at + 1] = true;
            }
        }
        reached = next;
        skip_empty(&mut reached, &glob, |char| char == '*');
    }
    reached[glob.len()]
}

/// A star may stand for nothing: what is reached before it is reached behind it.
fn skip_empty<T: Copy>(reached: &mut [bool], pattern: &[T], is_star: impl Fn(T) -> bool) {
    for (at, item) in pattern.iter().enumerate() {
        if reached[at] && is_star(*item) {
            reached[at + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_choose_what_their_globs_say() {
        let cases = [
            ("engine/upgrade/probe", "engine/upgrade/probe", true),
            ("engine/upgrade/probe", "engine/upgrade/probes", false),
            ("engine/upgrade", "engine/upgrade/probe", true),
            ("engine", "engine/upgrade/probe", true),
            ("engine/", "engine/upgrade/probe", true),
            ("engine/up", "engine/upgrade/probe", false),
            ("engine/up*", "engine/upgrade/probe", true),
            ("*/acks", "delivery/acks/partial", true),
            ("*/acks", "delivery/rooms/acks", false),
            ("**/acks/*", "delivery/acks/partial", true),
            ("**/acks/*", "socket/acks/zero", true),
            ("**/*-sid", "socket/disconnect/reconnect-new-sid", true),
            ("**", "a/b/c", true),
            ("delivery/**", "delivery/rooms/join", true),
            ("delivery/**/join", "delivery/rooms/join", true),
            ("delivery/**/join", "delivery/join", true),
            ("engine/*/probe", "engine/upgrade/late-probe", false),
            ("engine/*/*-*-*", "engine/upgrade/late-poll-released", true),
            ("", "engine/upgrade/probe", false),
        ];
        for (selector, id, chosen) in cases {
            assert_eq!(selector.parse::<Selector>().unwrap().selects(id), chosen, "{selector} {id}");
        }
    }
}
