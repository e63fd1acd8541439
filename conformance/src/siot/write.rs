//! A transcript as text.

use std::fmt::{self, Write as _};

use super::model::{Act, Data, Item, Role, Script, See, Sight, Step};

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "siot 1")?;
        for (name, value) in &self.fields {
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f)?;
        let width = self.steps.iter().filter_map(Step::actor).map(str::len).max().unwrap_or_default();
        self.steps.iter().try_for_each(|step| match step {
            Step::Wait(ms) => writeln!(f, "wait {ms} ms"),
            Step::Act(actor, act) => write_act(f, &format!("{actor:width$}"), act),
            Step::See(see) => write_see(f, &format!("{:width$}", see.actor), see),
        })
    }
}

impl fmt::Display for Sight {
    /// The sight on one line, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&head(self))?;
        for part in parts(self) {
            write!(f, " + {part}")?;
        }
        Ok(())
    }
}

fn write_act(f: &mut fmt::Formatter<'_>, actor: &str, act: &Act) -> fmt::Result {
    let (head, parts) = described(act);
    writeln!(f, "{}", format!("{actor} > {head}").trim_end())?;
    parts.iter().try_for_each(|part| writeln!(f, "{actor} + {part}"))
}

/// An act as the words of its line, and the lines that go on with it.
fn described(act: &Act) -> (String, Vec<String>) {
    match act {
        Act::Open(over) => (format!("open {over}"), Vec::new()),
        Act::Handshake => ("handshake".to_owned(), Vec::new()),
        Act::Carry(of) => (format!("carry {of}"), Vec::new()),
        Act::Upgrade => ("upgrade".to_owned(), Vec::new()),
        Act::Mute => ("mute".to_owned(), Vec::new()),
        Act::Send(items) => {
            let mut items = items.iter().map(item);
            let head = items.next().map_or_else(|| "send".to_owned(), |first| format!("send {first}"));
            (head, items.collect())
        }
        Act::HangUp => ("hang up".to_owned(), Vec::new()),
        Act::Drop => ("drop".to_owned(), Vec::new()),
        Act::Request { method, query, headers, body } => {
            let query = query.as_deref().map(|query| format!(" {}", quoted(query))).unwrap_or_default();
            let mut parts: Vec<String> = headers.iter().map(header).collect();
            parts.extend(body.iter().map(|body| format!("body {}", data(body))));
            (format!("request {method}{query}"), parts)
        }
        Act::Poll => ("poll".to_owned(), Vec::new()),
        Act::Hold(of) => (format!("hold {of}"), Vec::new()),
        Act::Begin { of, headers, first } => {
            let mut parts: Vec<String> = headers.iter().map(header).collect();
            parts.push(format!("body {}", data(first)));
            (format!("begin {of}"), parts)
        }
        Act::Connect => ("connect".to_owned(), Vec::new()),
        Act::Head { method, query, headers } => {
            (format!("head {method} {}", quoted(query)), headers.iter().map(header).collect())
        }
        Act::Bytes(bytes) => (format!("bytes {}", data(bytes)), Vec::new()),
        Act::Websocket(query) => (format!("websocket {}", quoted(query)), Vec::new()),
        Act::Frame { last, reserved, opcode, payload } => {
            (format!("frame {} {reserved} {opcode} {}", u8::from(*last), hex(payload)), Vec::new())
        }
        Act::PingFrame(bytes) => (format!("ping {}", hex(bytes)), Vec::new()),
        Act::CloseFrame => ("close".to_owned(), Vec::new()),
        Act::Settle => ("settle".to_owned(), Vec::new()),
        Act::Reset => ("reset".to_owned(), Vec::new()),
        Act::Finish => ("finish".to_owned(), Vec::new()),
        Act::Pause => ("pause".to_owned(), Vec::new()),
        Act::Resume => ("resume".to_owned(), Vec::new()),
        Act::Cork => ("cork".to_owned(), Vec::new()),
        Act::Uncork => ("uncork".to_owned(), Vec::new()),
        Act::Times(times, act) => {
            let (head, parts) = described(act);
            (format!("{times} times {head}"), parts)
        }
    }
}

fn write_see(f: &mut fmt::Formatter<'_>, actor: &str, see: &See) -> fmt::Result {
    let way = match see.role {
        Role::Passing => '<',
        Role::Must => '!',
        Role::Like => '~',
    };
    let within = see.within_ms.map(|ms| format!("within {ms} ms ")).unwrap_or_default();
    let any = if see.any { "any " } else { "" };
    writeln!(f, "{actor} {way} {within}{any}{}", head(&see.sight))?;
    parts(&see.sight).iter().try_for_each(|part| writeln!(f, "{actor} + {part}"))?;
    let Some(was) = &see.was else { return Ok(()) };
    writeln!(f, "{actor} ? {}", head(was))?;
    parts(was).iter().try_for_each(|part| writeln!(f, "{actor} + {part}"))
}

fn head(sight: &Sight) -> String {
    match sight {
        Sight::Anything => "anything".to_owned(),
        Sight::Text(words) => text(words),
        Sight::Binary(bytes) => format!("binary {}", hex(bytes)),
        Sight::Ping(packet) => format!("ping {}", text(packet)),
        Sight::PongFrame(bytes) => format!("pong {}", hex(bytes)),
        Sight::Opened => "open".to_owned(),
        Sight::Closed(None) => "closed".to_owned(),
        Sight::Closed(Some(code)) => format!("closed {code}"),
        Sight::Nothing => "nothing".to_owned(),
        Sight::Reply { status, body, .. } => {
            let body = body.as_ref().map(|body| format!(" {}", data(body))).unwrap_or_default();
            format!("status {status}{body}")
        }
        Sight::Packets(_) => "packets".to_owned(),
        Sight::Alive => "alive".to_owned(),
    }
}

fn parts(sight: &Sight) -> Vec<String> {
    match sight {
        Sight::Reply { headers, .. } => headers.iter().map(header).collect(),
        Sight::Packets(packets) => packets.iter().map(|packet| text(packet)).collect(),
        _ => Vec::new(),
    }
}

fn header((name, value): &(String, String)) -> String {
    format!("header {name}: {}", quoted(value))
}

fn item(item: &Item) -> String {
    match item {
        Item::Text(words) => text(words),
        Item::Binary(bytes) => format!("binary {}", hex(bytes)),
    }
}

fn data(data: &Data) -> String {
    match data {
        Data::Text(words) => text(words),
        Data::Bytes(bytes) => format!("binary {}", hex(bytes)),
    }
}

/// Text as it is where it begins like a packet and holds nothing odd; otherwise between quotes.
fn text(words: &str) -> String {
    let plain = words.starts_with(|first: char| first.is_ascii_digit() || first == '{')
        && !words.ends_with(char::is_whitespace)
        && !words.chars().any(is_odd);
    if plain { words.to_owned() } else { quoted(words) }
}

/// Text between quotes, as JSON writes it, so that it holds no line feed and nothing that cannot be seen.
fn quoted(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 2);
    out.push('"');
    for char in words.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if is_odd(char) => {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}").expect("writing to a string does not fail");
                }
            }
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

/// Whether a character cannot be seen, breaks a line or rearranges it.
pub(super) fn is_odd(char: char) -> bool {
    const UNSEEN: [std::ops::RangeInclusive<char>; 6] = [
        '\u{ad}'..='\u{ad}',
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{feff}'..='\u{feff}',
        '\u{e0000}'..='\u{e007f}',
    ];
    char.is_control()
        || (char.is_whitespace() && char != ' ')
        || UNSEEN.iter().any(|range| range.contains(&char))
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("writing to a string does not fail");
    }
    if digits.is_empty() { "-".to_owned() } else { digits }
}
