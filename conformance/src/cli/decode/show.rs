//! An annotation on the terminal, and as JSON.

use std::{
    io::{self, Write},
    ops::Range,
};

use console::measure_text_width;
use serde_json::json;
use siospec_codec::DecodeError;

use super::annotate::{Annotation, Packet, Part};
use crate::report::text::{elide, visible};

/// Characters of the text of one part.
const TEXT: usize = 60;
/// Bytes of a part without text.
const HEX: usize = 20;
/// Bytes on each side of the place of an error.
const AROUND_BYTES: usize = 12;
/// Characters before and behind the place of an error.
const AROUND: (usize, usize) = (50, 20);

/// A line for each part: bytes, text, meaning.
pub(super) fn human(out: &mut impl Write, input: &[u8], annotation: &Annotation) -> io::Result<()> {
    for (number, packet) in annotation.packets.iter().enumerate() {
        if annotation.packets.len() > 1 || annotation.error.is_some() {
            let separator = if number > 0 { "\n" } else { "" };
            writeln!(out, "{separator}packet {} at byte {}", number + 1, packet.range.start)?;
        }
        parts(out, input, packet)?;
    }
    if annotation.missing > 0 && annotation.error.is_none() {
        writeln!(out, "\nstill to come: {}", missing(annotation.missing))?;
    }
    Ok(())
}

/// One object: packets, their parts, what is missing, and the error.
pub(super) fn json(out: &mut impl Write, input: &[u8], annotation: &Annotation) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &as_json(input, annotation))?;
    writeln!(out)
}

/// The object that [`json()`] writes.
pub(super) fn as_json(input: &[u8], annotation: &Annotation) -> serde_json::Value {
    let packets: Vec<_> = annotation
        .packets
        .iter()
        .map(|packet| {
            let parts: Vec<_> = packet.parts.iter().map(|part| part_as_json(input, packet, part)).collect();
            json!({ "start": packet.range.start, "end": packet.range.end, "parts": parts })
        })
        .collect();
    let mut document = json!({ "packets": packets });
    if annotation.missing > 0 {
        document["missing_attachments"] = annotation.missing.into();
    }
    if let Some(error) = annotation.error {
        document["error"] =
            json!({ "kind": error.kind.name(), "message": error.kind.to_string(), "offset": error.offset });
    }
    document
}

/// The error, and a caret under the byte where it is.
pub(super) fn problem(input: &[u8], error: &DecodeError) -> String {
    let Ok(text) = str::from_utf8(input) else { return problem_in_bytes(input, error) };
    let at = text.floor_char_boundary(error.offset);
    let before: Vec<_> = text[..at].chars().rev().take(AROUND.0).collect();
    let before: String = before.into_iter().rev().collect();
    let behind: String = text[at..].chars().take(AROUND.1).collect();
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    let (head, tail) = (cut(before.len() < at), cut(behind.len() < text.len() - at));
    let line = format!("{head}{}", visible(&before));
    let caret = " ".repeat(measure_text_width(&line));
    format!("{error}\n  {line}{}{tail}\n  {caret}^", visible(&behind))
}

fn problem_in_bytes(input: &[u8], error: &DecodeError) -> String {
    let at = error.offset.min(input.len());
    let start = at.saturating_sub(AROUND_BYTES);
    let end = input.len().min(at + AROUND_BYTES);
    let line = hex(&input[start..at]);
    let gap = if line.is_empty() { "" } else { " " };
    let caret = " ".repeat(line.len() + gap.len());
    format!("{error}\n  {line}{gap}{}\n  {caret}^^", hex(&input[at..end]))
}

fn parts(out: &mut impl Write, input: &[u8], packet: &Packet) -> io::Result<()> {
    let rows: Vec<_> =
        packet.parts.iter().map(|part| (bytes(&part.range), shown(input, packet, part), part)).collect();
    let bytes_columns = rows.iter().map(|(bytes, ..)| bytes.len()).max().unwrap_or(0);
    let text_columns = rows.iter().map(|(_, shown, _)| measure_text_width(shown)).max().unwrap_or(0);
    for (bytes, shown, part) in rows {
        let gap = " ".repeat(text_columns - measure_text_width(&shown));
        writeln!(out, "  {bytes:>bytes_columns$}  {shown}{gap}  {}", visible(&part.meaning))?;
    }
    Ok(())
}

fn bytes(range: &Range<usize>) -> String {
    if range.len() == 1 { range.start.to_string() } else { format!("{}..{}", range.start, range.end) }
}

/// The text of a part, or its bytes where it has none.
fn shown(input: &[u8], packet: &Packet, part: &Part) -> String {
    let indent = "  ".repeat(part.depth);
    match text_of(input, packet, part) {
        Some(text) => format!("{indent}{}", visible(&elide(text, TEXT))),
        None => {
            let bytes = &input[part.range.clone()];
            let cut = if bytes.len() > HEX { "…" } else { "" };
            format!("{indent}{}{cut}", hex(&bytes[..bytes.len().min(HEX)]))
        }
    }
}

fn text_of<'a>(input: &'a [u8], packet: &Packet, part: &Part) -> Option<&'a str> {
    if packet.is_binary { None } else { str::from_utf8(&input[part.range.clone()]).ok() }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

fn missing(attachments: u32) -> String {
    if attachments == 1 { "1 attachment".to_owned() } else { format!("{attachments} attachments") }
}

fn part_as_json(input: &[u8], packet: &Packet, part: &Part) -> serde_json::Value {
    let (form, content) = match text_of(input, packet, part) {
        Some(text) => ("text", text.to_owned()),
        None => ("hex", hex(&input[part.range.clone()]).replace(' ', "")),
    };
    json!({
        "start": part.range.start,
        "end": part.range.end,
        "depth": part.depth,
        form: content,
        "meaning": part.meaning,
    })
}
