//! `siospec decode`: packets, annotated byte by byte.

mod annotate;
mod har;
mod show;

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::Path,
};

use self::annotate::{Carrier, Dialect, Engine, Parser, Reader};
use super::{Exit, Failure};

/// Show what each byte of a packet means
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The packet is what an Engine.IO text frame or polling body holds. Packets of a polling body are separated by the
byte 1e; an argument can hold it as $'…\\x1e…'. A line break at the end of a file is not part of the packet.

A file that ends in .har is what the network panel of a browser exports: every session in it is shown, with its polling
bodies and WebSocket messages in order. Whether it speaks version 3 of Engine.IO is told by its requests.

Examples:
  siospec decode '42[\"hello\",1]'
  siospec decode $'42[\"a\"]\\x1e2\\x1ebAQID'
  siospec decode --socket '51-[\"file\",{\"_placeholder\":true,\"num\":0}]'
  siospec decode --hex '34 32 5b 22 61 22 5d'
  siospec decode --eio 3 '13:42[\"hello\",1]1:3'
  siospec decode --parser msgpack --hex '83 a4 74797065 02 a4 64617461 91 a1 61 a3 6e7370 a1 2f'
  siospec decode body.txt
  siospec decode session.har
  curl -s \"$URL\" | siospec decode --json -")]
pub struct Args {
    /// The packet, a file that holds it, or - for standard input
    #[arg(value_name = "TEXT | FILE | -")]
    input: Option<String>,
    /// The input is written in hexadecimal; blanks are skipped
    #[arg(long)]
    hex: bool,
    /// The input is a Socket.IO packet, without the type of the Engine.IO packet around it
    #[arg(long)]
    socket: bool,
    /// The version of Engine.IO
    #[arg(long, value_name = "3|4", default_value_t = 4, value_parser = clap::value_parser!(u8).range(3..=4))]
    eio: u8,
    /// The parser of Socket.IO packets, on which both sides agree beforehand
    #[arg(long, value_name = "NAME", default_value = "default")]
    parser: Parser,
    /// The input is a HAR export, whatever its name
    #[arg(long, conflicts_with_all = ["hex", "socket", "eio"])]
    har: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let bytes = args.bytes()?;
    if args.har || args.names_a_har() {
        return har::run(&bytes, args.parser, args.json);
    }
    let carrier = args.carrier(&bytes);
    if carrier == Carrier::Body
        && args.eio == 4
        && let Err(error) = std::str::from_utf8(&bytes)
    {
        let at = error.valid_up_to();
        return Err(Failure::new(Exit::Guilty, format!("a text frame is UTF-8, but byte {at} is not")));
    }
    let engine = if args.eio == 3 { Engine::V3 } else { Engine::V4 };
    let annotation = Reader::new(Dialect { engine, parser: args.parser }).read(&bytes, carrier);
    let mut out = io::stdout().lock();
    if args.json {
        show::json(&mut out, &bytes, &annotation)?;
        return Ok(if annotation.error.is_some() { Exit::Guilty } else { Exit::Fine });
    }
    show::human(&mut out, &bytes, &annotation)?;
    match &annotation.error {
        None => Ok(Exit::Fine),
        Some(error) => Err(Failure::new(Exit::Guilty, show::problem(&bytes, error))),
    }
}

impl Args {
    fn names_a_har(&self) -> bool {
        let is_har =
            |path: &Path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("har"));
        !self.hex
            && !self.socket
            && self.input.as_deref().map(Path::new).is_some_and(|path| is_har(path) && path.is_file())
    }

    /// What brought the input: nobody says whether text came in a frame or in a body, and bytes tell themselves.
    fn carrier(&self, bytes: &[u8]) -> Carrier {
        let is_text = std::str::from_utf8(bytes).is_ok();
        if self.socket {
            Carrier::Nothing
        } else if self.eio == 4 {
            // The first byte of a map is no text, so a packet of MessagePack never is.
            if self.parser == Parser::Msgpack && !is_text { Carrier::BinaryFrame } else { Carrier::Body }
        } else {
            match bytes {
                [0 | 1, ..] => Carrier::Body,
                [4, ..] => Carrier::BinaryFrame,
                // What follows the type of a frame is seldom a colon after nothing but digits.
                _ if bytes.iter().find(|byte| !byte.is_ascii_digit()) == Some(&b':') => Carrier::Body,
                _ => Carrier::TextFrame,
            }
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let bytes = match self.input.as_deref() {
            None if io::stdin().is_terminal() => {
                return Err(Failure::usage(
                    "nothing to decode: give a packet, a file, or - for standard input",
                ));
            }
            None | Some("-") => {
                let mut bytes = Vec::new();
                let read = io::stdin().lock().read_to_end(&mut bytes);
                read.map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
                without_line_break(bytes)
            }
            Some(input) if Path::new(input).is_file() => {
                let bytes = fs::read(input);
                without_line_break(
                    bytes.map_err(|error| Failure::usage(format!("cannot read {input}: {error}")))?,
                )
            }
            Some(input) => input.as_bytes().to_vec(),
        };
        if self.hex { unhex(&bytes) } else { Ok(bytes) }
    }
}

fn without_line_break(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}

fn unhex(text: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut digits = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()) {
        let digit = char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digits.push(digit.ok_or_else(|| {
            Failure::usage(format!("`{}` at byte {at} is not a hexadecimal digit", byte.escape_ascii()))
        })?);
    }
    if digits.len() % 2 == 1 {
        return Err(Failure::usage("an odd number of hexadecimal digits makes no whole byte"));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_with_its_blanks() {
        assert_eq!(unhex(b"34 32\n5B").unwrap(), b"42[");
        assert_eq!(unhex(b"").unwrap(), b"");
        assert!(unhex(b"345").unwrap_err().message.contains("odd"));
        assert!(unhex(b"3g").unwrap_err().message.contains("`g` at byte 1"));
    }

    #[test]
    fn one_line_break_ends_a_file() {
        for (file, packet) in [("2\n", "2"), ("2\r\n", "2"), ("2\n\n", "2\n"), ("2", "2"), ("", "")] {
            assert_eq!(without_line_break(file.as_bytes().to_vec()), packet.as_bytes(), "{file:?}");
        }
    }
}
