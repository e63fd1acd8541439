//! Text as a transcript, with the line and the column of what is wrong in it.

mod cursor;

use std::fmt;

use self::cursor::Cursor;
use super::model::{Act, Data, Item, Role, Script, See, Sight, Step};
use crate::transport::Transport;

/// Largest transcript that is read.
const MAX_BYTES: usize = 8 << 20;
/// Most steps that a transcript may have.
const MAX_STEPS: usize = 20_000;
/// How often a step may be repeated.
const MAX_TIMES: u64 = 1_000_000;
/// Longest time that a step may take.
const MAX_MS: u64 = 600_000;
const FIRST_LINE: &str = "siot 1";

/// A text is no transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.why)
    }
}

impl std::error::Error for ParseError {}

/// Reads a transcript.
///
/// # Errors
/// The first thing that is wrong, and where.
pub fn parse(text: &str) -> Result<Script, ParseError> {
    let error = |line, why: &str| ParseError { line, column: 1, why: why.to_owned() };
    if text.len() > MAX_BYTES {
        return Err(error(1, "a transcript of more than 8 MiB"));
    }
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).zip(1..);
    match lines.next() {
        Some((first, _)) if first.trim() == FIRST_LINE => {}
        _ => return Err(error(1, "a transcript begins with the line `siot 1`")),
    }
    let mut script = Script::default();
    for (line, number) in lines {
        let mut cursor = Cursor::new(line, number);
        cursor.skip_blanks();
        if cursor.is_done() || cursor.rest().starts_with('#') {
            continue;
        }
        if script.steps.len() >= MAX_STEPS {
            return Err(cursor.wrong("more than 20000 steps"));
        }
        read_line(&mut script, &mut cursor)?;
    }
    if script.steps.iter().filter(|step| is_judged(step)).count() > 1 {
        return Err(error(1, "more than one step is judged (`!` or `~`)"));
    }
    Ok(script)
}

fn is_judged(step: &Step) -> bool {
    matches!(step, Step::See(See { role: Role::Must | Role::Like, .. }))
}

fn read_line(script: &mut Script, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let before = cursor.clone();
    let word =
        cursor.take_while(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || ".-".contains(char));
    if word.is_empty() {
        return Err(cursor.wrong("a line begins with an actor, `wait`, or the name of a field"));
    }
    if cursor.take(":") {
        if !script.steps.is_empty() {
            return Err(before.wrong("fields stand before the steps"));
        }
        script.fields.push((word.to_owned(), cursor.take_rest().trim().to_owned()));
        return Ok(());
    }
    cursor.skip_blanks();
    if word == "wait" {
        let ms = read_ms(cursor)?;
        cursor.end()?;
        script.steps.push(Step::Wait(ms));
        return Ok(());
    }
    let actor = word.to_owned();
    let way = cursor.clone();
    match cursor.next_char() {
        Some('>') => {
            cursor.skip_blanks();
            let act = read_act(cursor)?;
            script.steps.push(Step::Act(actor, act));
        }
        Some(sign @ ('<' | '!' | '~')) => {
            let role = match sign {
                '<' => Role::Passing,
                '!' => Role::Must,
                _ => Role::Like,
            };
            cursor.skip_blanks();
            let within_ms = if cursor.take_word("within") { Some(read_ms(cursor)?) } else { None };
            cursor.skip_blanks();
            let any = cursor.take_word("any");
            let sight = read_sight(cursor)?;
            script.steps.push(Step::See(See { actor, within_ms, any, role, sight, was: None }));
        }
        Some('?') => {
            cursor.skip_blanks();
            let sight = read_sight(cursor)?;
            match script.steps.last_mut() {
                Some(Step::See(see))
                    if see.actor == actor && see.role != Role::Passing && see.was.is_none() =>
                {
                    see.was = Some(sight);
                }
                _ => return Err(way.wrong("`?` goes with a judged step of the same actor just above it")),
            }
        }
        Some('+') => {
            cursor.skip_blanks();
            add_part(script.steps.last_mut(), &actor, cursor, &way)?;
        }
        _ => return Err(way.wrong("an actor is followed by one of > < ! ~ ? +")),
    }
    cursor.end()
}

fn read_act(cursor: &mut Cursor<'_>) -> Result<Act, ParseError> {
    if !cursor.rest().starts_with(|char: char| char.is_ascii_digit()) {
        return read_single_act(cursor);
    }
    let times = u32::try_from(read_number(cursor, MAX_TIMES)?).unwrap_or(u32::MAX);
    if !cursor.take_word("times") {
        return Err(cursor.wrong("a number before an act is followed by `times`"));
    }
    cursor.skip_blanks();
    Ok(Act::Times(times, Box::new(read_single_act(cursor)?)))
}

fn read_single_act(cursor: &mut Cursor<'_>) -> Result<Act, ParseError> {
    let before = cursor.clone();
    let verb = cursor.take_while(|char| char.is_ascii_lowercase());
    cursor.skip_blanks();
    Ok(match verb {
        "open" => {
            let before = cursor.clone();
            let name = cursor.take_while(|char| char.is_ascii_lowercase());
            let over = Transport::ALL.iter().find(|over| over.name() == name);
            Act::Open(*over.ok_or_else(|| before.wrong("a transport is polling, websocket or upgraded"))?)
        }
        "handshake" => Act::Handshake,
        "carry" => Act::Carry(read_actor(cursor)?),
        "upgrade" => Act::Upgrade,
        "mute" => Act::Mute,
        "send" if cursor.is_done() => Act::Send(Vec::new()),
        "send" => Act::Send(vec![read_item(cursor)?]),
        "hang" if cursor.take_word("up") => Act::HangUp,
        "drop" => Act::Drop,
        "request" => {
            let method = read_method(cursor)?;
            let query = if cursor.is_done() { None } else { Some(cursor.quoted()?) };
            Act::Request { method, query, headers: Vec::new(), body: None }
        }
        "poll" => Act::Poll,
        "hold" => Act::Hold(read_actor(cursor)?),
        "begin" => {
            Act::Begin { of: read_actor(cursor)?, headers: Vec::new(), first: Data::Text(String::new()) }
        }
        "connect" => Act::Connect,
        "head" => Act::Head { method: read_method(cursor)?, query: cursor.quoted()?, headers: Vec::new() },
        "bytes" => Act::Bytes(read_data(cursor)?),
        "websocket" => Act::Websocket(cursor.quoted()?),
        "frame" => Act::Frame {
            last: read_number(cursor, 1)? == 1,
            reserved: read_small(cursor, 7)?,
            opcode: read_small(cursor, 15)?,
            payload: read_hex(cursor)?,
        },
        "ping" => Act::PingFrame(read_hex(cursor)?),
        "close" => Act::CloseFrame,
        "settle" => Act::Settle,
        "reset" => Act::Reset,
        "finish" => Act::Finish,
        "pause" => Act::Pause,
        "resume" => Act::Resume,
        "cork" => Act::Cork,
        "uncork" => Act::Uncork,
        _ => {
            return Err(before.wrong(
                "an act is open, handshake, carry, upgrade, mute, send, hang up, drop, request, poll, hold, begin, \
                 connect, head, bytes, websocket, frame, ping, close, settle, reset, finish, pause, resume, cork or \
                 uncork, perhaps behind `NUMBER times`",
            ));
        }
    })
}

fn read_sight(cursor: &mut Cursor<'_>) -> Result<Sight, ParseError> {
    cursor.skip_blanks();
    if cursor.begins_text() {
        return Ok(Sight::Text(cursor.text()?));
    }
    let before = cursor.clone();
    let word = cursor.take_while(|char| char.is_ascii_lowercase());
    cursor.skip_blanks();
    Ok(match word {
        "anything" => Sight::Anything,
        "binary" => Sight::Binary(read_hex(cursor)?),
        "ping" => Sight::Ping(cursor.text()?),
        "pong" => Sight::PongFrame(read_hex(cursor)?),
        "open" => Sight::Opened,
        "closed" if cursor.is_done() => Sight::Closed(None),
        "closed" => Sight::Closed(Some(read_code(cursor)?)),
        "nothing" => Sight::Nothing,
        "status" => {
            let status = cursor.status()?;
            cursor.skip_blanks();
            let body = if cursor.is_done() { None } else { Some(read_data(cursor)?) };
            Sight::Reply { status, headers: Vec::new(), body }
        }
        "packets" => Sight::Packets(Vec::new()),
        "alive" => Sight::Alive,
        _ => {
            return Err(before.wrong(
                "what is seen is a packet, or else anything, binary, ping, pong, open, closed, nothing, status, \
                 packets or alive",
            ));
        }
    })
}

/// The status code of a close frame.
fn read_code(cursor: &mut Cursor<'_>) -> Result<u16, ParseError> {
    let before = cursor.clone();
    let digits = cursor.take_while(|char| char.is_ascii_digit());
    digits.parse().map_err(|_| before.wrong("behind `closed` stands nothing, or a status code such as 1000"))
}

/// Adds a part to the step above.
fn add_part(
    step: Option<&mut Step>,
    actor: &str,
    cursor: &mut Cursor<'_>,
    way: &Cursor<'_>,
) -> Result<(), ParseError> {
    let wrong = || way.wrong("`+` goes on with a step of the same actor just above it that has such parts");
    let step = step.filter(|step| step.actor() == Some(actor)).ok_or_else(wrong)?;
    match step {
        Step::Act(_, act) => {
            let act = if let Act::Times(_, act) = act { act } else { act };
            add_part_of_act(act, cursor, &wrong)?;
        }
        Step::See(see) => match see.was.as_mut().unwrap_or(&mut see.sight) {
            Sight::Packets(packets) => packets.push(cursor.text()?),
            Sight::Reply { headers, .. } => headers.push(read_header(cursor)?),
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    }
    Ok(())
}

fn add_part_of_act(
    act: &mut Act,
    cursor: &mut Cursor<'_>,
    wrong: &dyn Fn() -> ParseError,
) -> Result<(), ParseError> {
    match act {
        Act::Send(items) => items.push(read_item(cursor)?),
        Act::Request { headers, body, .. } => {
            if cursor.take_word("body") {
                cursor.skip_blanks();
                *body = Some(read_data(cursor)?);
            } else {
                headers.push(read_header(cursor)?);
            }
        }
        Act::Begin { headers, first, .. } => {
            if cursor.take_word("body") {
                cursor.skip_blanks();
                *first = read_data(cursor)?;
            } else {
                headers.push(read_header(cursor)?);
            }
        }
        Act::Head { headers, .. } => headers.push(read_header(cursor)?),
        _ => return Err(wrong()),
    }
    Ok(())
}

fn read_item(cursor: &mut Cursor<'_>) -> Result<Item, ParseError> {
    if cursor.take_word("binary") {
        cursor.skip_blanks();
        return Ok(Item::Binary(read_hex(cursor)?));
    }
    Ok(Item::Text(cursor.text()?))
}

fn read_data(cursor: &mut Cursor<'_>) -> Result<Data, ParseError> {
    Ok(match read_item(cursor)? {
        Item::Text(text) => Data::Text(text),
        Item::Binary(bytes) => Data::Bytes(bytes),
    })
}

fn read_header(cursor: &mut Cursor<'_>) -> Result<(String, String), ParseError> {
    if !cursor.take_word("header") {
        return Err(cursor.wrong("a part is `header NAME: \"VALUE\"`, `body …` or a packet"));
    }
    cursor.skip_blanks();
    let name = cursor.take_while(|char| char.is_ascii_graphic() && char != ':' && char != '"').to_owned();
    if name.is_empty() || !cursor.take(":") {
        return Err(cursor.wrong("a header is NAME: \"VALUE\""));
    }
    cursor.skip_blanks();
    Ok((name, cursor.quoted()?))
}

fn read_actor(cursor: &mut Cursor<'_>) -> Result<String, ParseError> {
    let name =
        cursor.take_while(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || ".-".contains(char));
    if name.is_empty() { Err(cursor.wrong("the name of an actor is missing")) } else { Ok(name.to_owned()) }
}

fn read_method(cursor: &mut Cursor<'_>) -> Result<String, ParseError> {
    let method = cursor.take_while(|char| char.is_ascii_alphabetic()).to_owned();
    cursor.skip_blanks();
    if method.is_empty() { Err(cursor.wrong("the method is missing")) } else { Ok(method) }
}

fn read_ms(cursor: &mut Cursor<'_>) -> Result<u64, ParseError> {
    cursor.skip_blanks();
    let ms = read_number(cursor, MAX_MS)?;
    if cursor.take_word("ms") { Ok(ms) } else { Err(cursor.wrong("a time is a number and `ms`")) }
}

fn read_small(cursor: &mut Cursor<'_>, most: u8) -> Result<u8, ParseError> {
    Ok(u8::try_from(read_number(cursor, most.into())?).unwrap_or(most))
}

fn read_number(cursor: &mut Cursor<'_>, most: u64) -> Result<u64, ParseError> {
    let before = cursor.clone();
    let number =
        cursor.take_while(|char| char.is_ascii_digit()).parse().ok().filter(|number| *number <= most);
    cursor.skip_blanks();
    number.ok_or_else(|| before.wrong(&format!("a number from 0 to {most} is due here")))
}

fn read_hex(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, ParseError> {
    if cursor.take("-") {
        return Ok(Vec::new());
    }
    let before = cursor.clone();
    let digits = cursor.take_while(|char| char.is_ascii_hexdigit());
    let wrong = || before.wrong("bytes are pairs of hexadecimal digits, or - for none");
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let byte = |pair: &[u8]| Some(nibble(*pair.first()?)? << 4 | nibble(*pair.get(1)?)?);
    digits.as_bytes().chunks(2).map(|pair| byte(pair).ok_or_else(wrong)).collect()
}
