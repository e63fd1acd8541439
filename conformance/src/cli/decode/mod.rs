//! `siospec decode`: packets, annotated byte by byte.

mod annotate;
mod show;

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::Path,
};

use self::annotate::Annotation;
use super::{Exit, Failure};

/// Show what each byte of a packet means
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The packet is what an Engine.IO text frame or polling body holds. Packets of a polling body are separated by the
byte 1e; an argument can hold it as $'…\\x1e…'. A line break at the end of a file is not part of the packet.

Examples:
  siospec decode '42[\"hello\",1]'
  siospec decode $'42[\"a\"]\\x1e2\\x1ebAQID'
  siospec decode --socket '51-[\"file\",{\"_placeholder\":true,\"num\":0}]'
  siospec decode --hex '34 32 5b 22 61 22 5d'
  siospec decode body.txt
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
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let bytes = args.bytes()?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            return Err(Failure::new(Exit::Guilty, format!("a text frame is UTF-8, but byte {at} is not")));
        }
    };
    let annotation = if args.socket { Annotation::of_socket(text) } else { Annotation::of_engine(text) };
    let mut out = io::stdout().lock();
    if args.json {
        show::json(&mut out, text, &annotation)?;
        return Ok(if annotation.error.is_some() { Exit::Guilty } else { Exit::Fine });
    }
    show::human(&mut out, text, &annotation)?;
    match &annotation.error {
        None => Ok(Exit::Fine),
        Some(error) => Err(Failure::new(Exit::Guilty, show::problem(text, error))),
    }
}

impl Args {
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
