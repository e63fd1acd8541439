//! Variables: values that differ from run to run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Data, Sight};

/// Stands for anything.
pub const ANYTHING: &str = "$*";

/// Lists in answers of the testee contract that have no order.
pub(crate) const UNORDERED: [&str; 3] = ["responses", SOCKETS, "rooms"];
/// The list of the sockets of a namespace.
pub(crate) const SOCKETS: &str = "sockets";
/// Longer lists are compared in the order they have.
const LONGEST_SET: usize = 64;

/// The values of variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bindings(BTreeMap<String, String>);

/// A piece of a text with variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Plain(&'a str),
    Variable(&'a str),
    Anything,
}

/// A text as a pattern that stands for itself.
pub fn escape(text: &str) -> String {
    text.replace('$', "$$")
}

/// The names of the variables in a text.
pub fn variables(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        _ => None,
    })
}

impl Bindings {
    /// Binds a variable, unless its value is another one's, or made of this run's own prefix: no server makes that up.
    pub fn bind(&mut self, name: &str, value: &str) -> bool {
        let is_ours = || self.0.get("tag").is_some_and(|tag| value.contains(tag.as_str()));
        match self.0.get(name) {
            Some(bound) => bound == value,
            None if is_ours() || self.0.values().any(|other| other == value) => false,
            None => {
                self.0.insert(name.to_owned(), value.to_owned());
                true
            }
        }
    }

    /// Whether a variable has a value.
    pub fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether some variable has this value.
    pub fn has_value(&self, value: &str) -> bool {
        self.0.values().any(|bound| bound == value)
    }

    /// A text with the values of its variables.
    ///
    /// # Errors
    /// The name of a variable that has none.
    pub fn fill<'t>(&self, text: &'t str) -> Result<String, &'t str> {
        let mut filled = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Plain(plain) => filled.push_str(plain),
                Piece::Variable(name) => filled.push_str(self.0.get(name).ok_or(name)?),
                Piece::Anything => return Err("*"),
            }
        }
        Ok(filled)
    }

    /// A text in which each variable is replaced by what is said of it.
    pub fn substitute<'v>(text: &str, value: impl Fn(&str) -> &'v str) -> String {
        let mut filled = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Plain(plain) => filled.push_str(plain),
                Piece::Variable(name) => filled.push_str(value(name)),
                Piece::Anything => filled.push('*'),
            }
        }
        filled
    }

    /// Whether what is seen is what a sight stands for; binds its variables if it is.
    pub fn see(&mut self, wanted: &Sight, seen: &Sight) -> bool {
        let mut bound = self.clone();
        let same = bound.matches(wanted, seen);
        if same {
            *self = bound;
        }
        same
    }

    fn matches(&mut self, wanted: &Sight, seen: &Sight) -> bool {
        match (wanted, seen) {
            (Sight::Anything, _) | (Sight::Closed(None), Sight::Closed(_)) => true,
            (Sight::Text(wanted), Sight::Text(seen)) | (Sight::Ping(wanted), Sight::Ping(seen)) => {
                self.packet(wanted, seen)
            }
            (Sight::Packets(wanted), Sight::Packets(seen)) => {
                wanted.len() == seen.len()
                    && wanted.iter().zip(seen).all(|(wanted, seen)| self.packet(wanted, seen))
            }
            (
                Sight::Reply { status, headers, body },
                Sight::Reply { status: got, headers: sent, body: seen },
            ) => {
                let super::model::Status::Code(got) = got else { return status == got };
                status.holds(*got)
                    && headers.iter().all(|wanted| self.header(wanted, sent))
                    && body.as_ref().is_none_or(|body| self.body(body, seen.as_ref()))
            }
            (wanted, seen) => wanted == seen,
        }
    }

    /// Whether a header is sent with such a value; `$absent` is one that is not sent at all.
    fn header(&mut self, (name, wanted): &(String, String), sent: &[(String, String)]) -> bool {
        let mut values = sent.iter().filter(|(sent, _)| sent == name).map(|(_, value)| value).peekable();
        if wanted == "$absent" {
            return values.peek().is_none();
        }
        values.any(|value| self.text(wanted, value))
    }

    fn body(&mut self, wanted: &Data, seen: Option<&Data>) -> bool {
        match (wanted, seen) {
            (Data::Text(wanted), Some(Data::Text(seen))) => {
                let (ours, theirs) = (wanted.split('\u{1e}'), seen.split('\u{1e}'));
                let (ours, theirs): (Vec<_>, Vec<_>) = (ours.collect(), theirs.collect());
                ours.len() == theirs.len()
                    && ours.iter().zip(&theirs).all(|(wanted, seen)| self.packet(wanted, seen))
            }
            (Data::Text(wanted), None) => wanted.is_empty(),
            (wanted, seen) => Some(wanted) == seen,
        }
    }

    /// Whether a packet is meant, however its JSON is written.
    fn packet(&mut self, wanted: &str, seen: &str) -> bool {
        let (Some((head, json)), Some((seen_head, seen_json))) = (with_json(wanted), with_json(seen)) else {
            return self.text(wanted, seen);
        };
        self.text(head, seen_head) && self.json(&json, &seen_json)
    }

    /// Nesting is bounded by the parser that read the values.
    fn json(&mut self, wanted: &Value, seen: &Value) -> bool {
        match (wanted, seen) {
            (Value::String(wanted), _) if wanted == ANYTHING => true,
            (Value::String(wanted), Value::String(seen)) => self.text(wanted, seen),
            (Value::Array(wanted), Value::Array(seen)) => {
                wanted.len() == seen.len()
                    && wanted.iter().zip(seen).all(|(wanted, seen)| self.json(wanted, seen))
            }
            (Value::Object(wanted), Value::Object(seen)) => {
                wanted.len() == seen.len()
                    && wanted.iter().all(|(key, wanted)| {
                        // Keys hold no variables, so that each has one partner.
                        seen.get(&key.replace("$$", "$")).is_some_and(|seen| self.member(key, wanted, seen))
                    })
            }
            (wanted, seen) => wanted == seen,
        }
    }

    fn member(&mut self, key: &str, wanted: &Value, seen: &Value) -> bool {
        match (wanted, seen) {
            // Others may be there who do not take part.
            (Value::Array(wanted), Value::Array(seen)) if key == SOCKETS => {
                let id = |socket: &Value| socket["id"].as_str().map(str::to_owned);
                let ours = |socket: &&Value| id(socket).is_none_or(|id| self.has_value(&id));
                let seen: Vec<Value> = seen.iter().filter(ours).take(LONGEST_SET + 1).cloned().collect();
                let named = |socket: &&Value| id(socket).is_none_or(|id| id != ANYTHING);
                let wanted: Vec<Value> = wanted.iter().filter(named).cloned().collect();
                wanted.len() <= LONGEST_SET && self.set(&wanted, &seen)
            }
            (Value::Array(wanted), Value::Array(seen))
                if UNORDERED.contains(&key) && wanted.len() <= LONGEST_SET =>
            {
                self.set(wanted, seen)
            }
            (wanted, seen) => self.json(wanted, seen),
        }
    }

    /// Whether two lists hold the same, in whatever order.
    fn set(&mut self, wanted: &[Value], seen: &[Value]) -> bool {
        let mut left: Vec<&Value> = seen.iter().collect();
        wanted.len() == seen.len()
            && wanted.iter().all(|wanted| {
                let found = left.iter().position(|seen| {
                    let mut bound = self.clone();
                    let same = bound.json(wanted, seen);
                    if same {
                        *self = bound;
                    }
                    same
                });
                found.map(|found| left.swap_remove(found)).is_some()
            })
    }

    fn text(&mut self, wanted: &str, seen: &str) -> bool {
        let pieces = pieces(wanted);
        let mut rest = seen;
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Plain(plain) => match rest.strip_prefix(plain) {
                    Some(after) => rest = after,
                    None => return false,
                },
                Piece::Anything | Piece::Variable(_) => {
                    let known = match piece {
                        Piece::Variable(name) => self.0.get(*name).cloned(),
                        _ => None,
                    };
                    let length = match (&known, pieces.get(index + 1)) {
                        (Some(value), _) if rest.starts_with(value.as_str()) => value.len(),
                        (Some(_), _) => return false,
                        // The shortest value that lets the text go on.
                        (None, Some(Piece::Plain(next))) => match rest.find(next) {
                            Some(length) => length,
                            None => return false,
                        },
                        (None, _) => rest.len(),
                    };
                    let (Some(value), Some(after)) = (rest.get(..length), rest.get(length..)) else {
                        return false;
                    };
                    if let Piece::Variable(name) = piece
                        && (value.is_empty() || !self.bind(name, value))
                    {
                        return false;
                    }
                    rest = after;
                }
            }
        }
        rest.is_empty()
    }
}

/// The pieces of a text, `$$` resolved.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('$') {
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        let name = after.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (name, behind) = after.split_at_checked(name).unwrap_or_default();
        match (name, behind.chars().next()) {
            ("", Some('$')) => {
                pieces.push(Piece::Plain("$"));
                rest = behind.get(1..).unwrap_or_default();
            }
            ("", Some('*')) => {
                pieces.push(Piece::Anything);
                rest = behind.get(1..).unwrap_or_default();
            }
            // A dollar sign that begins nothing stands for itself.
            ("", _) => {
                pieces.push(Piece::Plain("$"));
                rest = behind;
            }
            (name, _) => {
                pieces.push(Piece::Variable(name));
                rest = behind;
            }
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    pieces
}

/// A packet taken apart: what stands before its JSON, and the JSON.
fn with_json(packet: &str) -> Option<(&str, Value)> {
    let start = packet.find(['{', '['])?;
    let (head, json) = packet.split_at_checked(start)?;
    Some((head, serde_json::from_str(json).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Sight {
        Sight::Text(text.to_owned())
    }

    #[test]
    fn variables_are_bound_where_they_are_first_seen() {
        let mut bindings = Bindings::default();
        assert!(bindings.see(&text(r#"40{"sid":"$a"}"#), &text(r#"40{"sid":"x1"}"#)));
        assert!(bindings.see(&text(r#"42["left","$a"]"#), &text(r#"42["left","x1"]"#)));
        assert!(!bindings.see(&text(r#"42["left","$a"]"#), &text(r#"42["left","x2"]"#)));
        assert_eq!(bindings.fill("42[\"$a\"] $$").unwrap(), "42[\"x1\"] $");
        assert_eq!(bindings.fill("$b"), Err("b"));
    }

    #[test]
    fn two_variables_are_never_the_same() {
        let mut bindings = Bindings::default();
        assert!(bindings.see(&text("0 $a"), &text("0 x")));
        assert!(!bindings.see(&text("0 $b"), &text("0 x")));
        assert!(bindings.see(&text("0 $b"), &text("0 y")));
    }

    #[test]
    fn no_server_makes_up_what_is_ours() {
        let mut bindings = Bindings::default();
        assert!(bindings.bind("tag", "~a1.1"));
        assert!(!bindings.see(&text(r#"40{"pid":"$pid1"}"#), &text(r#"40{"pid":"~a1.1~nobody"}"#)));
        assert!(bindings.see(&text(r#"42["$tag~x"]"#), &text(r#"42["~a1.1~x"]"#)));
    }

    #[test]
    fn json_is_compared_as_json() {
        let mut bindings = Bindings::default();
        assert!(bindings.see(&text(r#"0{"a":1,"b":"$*"}"#), &text(r#"0{"b":[1], "a":1}"#)));
        assert!(!bindings.see(&text(r#"0{"a":1}"#), &text(r#"0{"a":1,"b":2}"#)));
        assert!(bindings.see(&text("42[\"$$x\"]"), &text("42[\"$x\"]")));
    }

    #[test]
    fn strangers_among_sockets_do_not_count() {
        let mut bindings = Bindings::default();
        assert!(bindings.see(&text(r#"40{"sid":"$a"}"#), &text(r#"40{"sid":"x1"}"#)));
        let due = text(r#"43[{"sockets":[{"id":"$a","rooms":["red"]}]}]"#);
        assert!(bindings.see(&due, &text(r#"43[{"sockets":[{"id":"zz"},{"id":"x1","rooms":["red"]}]}]"#)));
        assert!(!bindings.see(&due, &text(r#"43[{"sockets":[{"id":"zz"}]}]"#)));
    }

    #[test]
    fn some_lists_have_no_order() {
        let mut bindings = Bindings::default();
        assert!(bindings.see(&text(r#"43[{"rooms":["a","$b"]}]"#), &text(r#"43[{"rooms":["c","a"]}]"#)));
        assert!(!bindings.see(&text(r#"43[{"rooms":["a","a"]}]"#), &text(r#"43[{"rooms":["a","c"]}]"#)));
        assert!(!bindings.see(&text(r#"43[{"list":["a","b"]}]"#), &text(r#"43[{"list":["b","a"]}]"#)));
    }

    #[test]
    fn what_does_not_match_binds_nothing() {
        let mut bindings = Bindings::default();
        assert!(!bindings.see(&text(r#"42["$a","other"]"#), &text(r#"42["x","y"]"#)));
        assert!(!bindings.knows("a"));
    }
}
