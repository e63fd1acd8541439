//! Polling by scripts, for browsers that are older than CORS (Engine.IO protocol v3, "URLs"; the forms of what is sent
//! and answered are those of engine.io 6.6).

use siospec_codec::json::quote;

use super::admission::Query;
use crate::{config::Config, fault::Fault};

/// A request that wants a script for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jsonp {
    /// The digits that name the function to be called.
    index: String,
}

impl Jsonp {
    /// What a request with these parameters asks for.
    #[must_use]
    pub fn of(config: &Config, query: &Query) -> Option<Self> {
        let index = query.get("j").filter(|_| config.old_clients)?;
        Some(Self { index: index.chars().filter(char::is_ascii_digit).collect() })
    }

    /// A payload as a script.
    #[must_use]
    pub fn script(&self, config: &Config, payload: &[u8]) -> Vec<u8> {
        if config.faulty(Fault::OldJsonpBare) {
            return payload.to_vec();
        }
        let mut text = String::new();
        quote(&String::from_utf8_lossy(payload), &mut text);
        // Ends of lines in JavaScript, though not in JSON.
        let text = text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        format!("___eio[{}]({text});", self.index).into_bytes()
    }

    /// The payload in a form: its field `d`, in which line ends are written as a backslash and an n.
    #[must_use]
    pub fn payload(config: &Config, form: &[u8]) -> Vec<u8> {
        if config.faulty(Fault::OldFormTakenAsPackets) {
            return form.to_vec();
        }
        let form = Query::form(&String::from_utf8_lossy(form));
        unescaped(form.get("d").unwrap_or_default()).into_bytes()
    }
}

/// Two backslashes before an n stand for one, one stands for the end of a line.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (written, length) = match from {
            _ if from.starts_with("\\\\n") => ("\\n", 3),
            _ if from.starts_with("\\n") => ("\n", 2),
            _ => ("\\", 1),
        };
        out.push_str(written);
        rest = &from[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{Config, Jsonp, Query};

    #[test]
    fn a_payload_becomes_a_script() {
        let config = Config { old_clients: true, ..Config::default() };
        let jsonp = Jsonp::of(&config, &Query::parse(&config, "EIO=3&j=a1b2")).unwrap();
        let script = jsonp.script(&config, "6:4\"\u{2028}\n".as_bytes());
        assert_eq!(String::from_utf8(script).unwrap(), r#"___eio[12]("6:4\"\u2028\n");"#);
        assert_eq!(Jsonp::of(&Config::default(), &Query::parse(&config, "j=1")), None);
    }

    #[test]
    fn a_form_becomes_a_payload() {
        let config = Config::default();
        for (form, payload) in [
            (r"d=4:4a\nb", "4:4a\nb"),
            (r"d=5:4a\\nb", r"5:4a\nb"),
            ("x=1&d=3%3A4%C3%A9%2B", "3:4é+"),
            (r"d=\", r"\"),
            ("", ""),
        ] {
            assert_eq!(Jsonp::payload(&config, form.as_bytes()), payload.as_bytes(), "{form}");
        }
    }
}
