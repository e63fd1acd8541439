//! What the parsers of JavaScript and of Python made of many generated inputs (`fixtures/verdicts`), and what
//! the codec makes of them.

use flate2::read::GzDecoder;
use siospec_codec::{DecodeError, Profile, engine, socket};
use std::io::Read;
use std::sync::OnceLock;

pub mod differences;

/// The layers of which verdicts are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// A Socket.IO packet, with all announced attachments delivered.
    SocketPacket,
    /// An Engine.IO packet.
    EnginePacket,
    /// A polling body.
    Payload,
}

/// An input, and who accepted it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// What it was read as.
    pub layer: Layer,
    /// Whether socket.io-parser or engine.io-parser accepted it.
    pub javascript: bool,
    /// Whether python-socketio or python-engineio accepted it.
    pub python: bool,
    /// The input.
    pub input: String,
}

/// A class of inputs on which a recorded parser decides otherwise than the codec, and why.
pub struct Difference {
    /// Why.
    pub reason: &'static str,
    /// Whether an input belongs to it, given the codec's verdict.
    pub applies: fn(&Recorded, Result<(), DecodeError>) -> bool,
}

/// The input of this number, modulo how many there are, gets the verdict that was recorded, or one of the
/// listed differences explains why not.
pub fn holds(data: &[u8]) {
    let Some(number) = data.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)) else { return };
    let recorded = &recording()[number as usize % recording().len()];
    assert!(javascript(recorded).is_ok(), "{recorded:?}");
    assert!(python(recorded).is_ok(), "{recorded:?}");
}

/// Holds the profile that reproduces the reference against its verdict: the number of the difference that
/// explains why they differ, none if they do not.
///
/// # Errors
/// Where they differ without an explanation.
pub fn javascript(recorded: &Recorded) -> Result<Option<usize>, Result<(), DecodeError>> {
    let ours = decode(recorded, &Profile::reference());
    explain(recorded, ours, recorded.javascript, differences::JAVASCRIPT)
}

/// Holds the strict profile against the verdict of the parsers in Python.
///
/// # Errors
/// Where they differ without an explanation.
pub fn python(recorded: &Recorded) -> Result<Option<usize>, Result<(), DecodeError>> {
    explain(recorded, decode(recorded, &Profile::STRICT), recorded.python, differences::PYTHON)
}

fn explain(
    recorded: &Recorded,
    ours: Result<(), DecodeError>,
    accepted: bool,
    differences: &[Difference],
) -> Result<Option<usize>, Result<(), DecodeError>> {
    if ours.is_ok() == accepted {
        return Ok(None);
    }
    let explained = differences.iter().position(|difference| (difference.applies)(recorded, ours));
    explained.map(Some).ok_or(ours)
}

/// What the codec makes of an input.
///
/// # Errors
/// Where it refuses it.
pub fn decode(recorded: &Recorded, profile: &Profile) -> Result<(), DecodeError> {
    let input = &recorded.input;
    match recorded.layer {
        Layer::SocketPacket => socket::Packet::decode_as(input, profile).map(drop),
        Layer::EnginePacket => engine::Packet::decode_as(input, profile).map(drop),
        Layer::Payload => {
            engine::packets(input).with_profile(profile).try_for_each(|packet| packet.map(drop))
        }
    }
}

/// Every recorded input, in order.
///
/// # Panics
/// Where the recording is damaged.
pub fn recording() -> &'static [Recorded] {
    static RECORDING: OnceLock<Vec<Recorded>> = OnceLock::new();
    RECORDING.get_or_init(|| {
        // Part of the program, which may run where the sources are not.
        let lines = unpacked(include_bytes!("../../../fixtures/verdicts/verdicts.gz"));
        let python = unpacked(include_bytes!("../../../fixtures/verdicts/python.gz"));
        assert_eq!(lines.lines().count(), python.lines().count(), "both recordings are of the same inputs");
        lines.lines().zip(python.lines()).map(|(line, python)| recorded(line, python == "+")).collect()
    })
}

fn unpacked(packed: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).expect("the recording can be unpacked");
    text
}

/// A line as `generate.mjs` writes it.
fn recorded(line: &str, python: bool) -> Recorded {
    let (key, input) = line.split_at(2);
    let layer = match &key[..1] {
        "s" => Layer::SocketPacket,
        "e" => Layer::EnginePacket,
        "p" => Layer::Payload,
        other => panic!("no layer is called {other}"),
    };
    let input = serde_json::from_str(input).expect("an input is a JSON string");
    Recorded { layer, javascript: key.ends_with('+'), python, input }
}
