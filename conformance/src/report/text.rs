//! Text of strangers made fit for a page: visible, short, wrapped.

use std::{borrow::Cow, fmt::Write as _};

use super::event::{Line, Start, Way};

/// Characters that the note takes in an elided text, about.
const NOTE: usize = 20;

/// Shows control characters as pictures, and characters that rearrange a line as their code.
///
/// What a server sent must not move the cursor of whoever reads about it.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unfit) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match char {
            // The control pictures stand in the order of the control characters.
            '\0'..='\x1f' => shown.extend(char::from_u32(0x2400 + u32::from(char))),
            '\x7f' => shown.push('␡'),
            _ if is_unfit(char) => {
                write!(shown, "\\u{{{:x}}}", u32::from(char)).expect("writing to a string does not fail");
            }
            _ => shown.push(char),
        }
    }
    Cow::Owned(shown)
}

/// Cuts the middle out of a text of more than `max` characters, and says how many bytes went.
pub(crate) fn elide(text: &str, max: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= max {
        return Cow::Borrowed(text);
    }
    let kept = max.saturating_sub(NOTE);
    let head = kept * 2 / 3;
    let tail = kept - head;
    let start = byte_at(text, head);
    let end = byte_at(text, length - tail);
    // No-break spaces keep the note on one row.
    let note = format!("…{} bytes…", thousands(end - start)).replace(' ', "\u{a0}");
    Cow::Owned(format!("{} {note} {}", &text[..start], &text[end..]))
}

/// `1 187`
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Whether two texts differ in nothing but ids and measures: in words that hold digits, and are no short numbers.
pub(super) fn alike(one: &str, other: &str) -> bool {
    shape(one).eq(shape(other))
}

/// `1 case`, `1 187 cases`
pub(super) fn counted(number: usize, what: &str) -> String {
    format!("{} {what}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// `socket.io 4.8.4 (JavaScript) · contract delivery · seed 8113`
pub(super) fn subject(start: &Start) -> String {
    let target = &start.target;
    let name = if target.name.is_empty() { "unnamed server" } else { &target.name };
    let mut text = visible(name).into_owned();
    if let Some(version) = &target.version {
        text = format!("{text} {}", visible(version));
    }
    if let Some(language) = &target.language {
        text = format!("{text} ({})", visible(language));
    }
    if !target.contract.is_empty() {
        text = format!("{text} · contract {}", visible(&target.contract));
    }
    format!("{text} · seed {}", start.seed)
}

/// `+0.004`, in seconds since the case began.
pub(crate) fn time(line: &Line) -> String {
    format!("+{}.{:03}", line.at_ms / 1000, line.at_ms % 1000)
}

/// The two ends of what a line tells: `alice → server`.
pub(crate) fn ends(line: &Line) -> String {
    let actor = visible(&line.actor);
    match line.way {
        Way::Sent => format!("{actor} → server"),
        Way::Received => format!("server → {actor}"),
        Way::Note => format!("({actor})"),
    }
}

/// The lines of a timeline that fit a page: its head, its tail and the guilty ones; `None` stands for what is left out.
pub(crate) fn excerpt(timeline: &[Line], head: usize, tail: usize) -> Vec<Option<&Line>> {
    let mut lines = Vec::new();
    for (index, line) in timeline.iter().enumerate() {
        if index < head || index + tail >= timeline.len() || line.guilty {
            lines.push(Some(line));
        } else if !matches!(lines.last(), Some(None)) {
            lines.push(None);
        }
    }
    lines
}

/// The words of a text and what stands between them; all ids and measures look the same.
fn shape(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |char: char| char.is_ascii_alphanumeric() || "._-".contains(char);
    let is_digit = |char: char| char.is_ascii_digit();
    // A status code or a packet type means something.
    let varies =
        move |word: &str| word.contains(is_digit) && !(word.len() <= 3 && word.chars().all(is_digit));
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.find(|char| is_word(char) != is_word(first)).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        Some(if varies(piece) { "0" } else { piece })
    })
}

fn is_unfit(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn byte_at(text: &str, char: usize) -> usize {
    text.char_indices().nth(char).map_or(text.len(), |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(visible("4a\u{1e}4b\x1b[2J\n\x7f\u{202e}ok"), "4a␞4b␛[2J␊␡\\u{202e}ok");
        assert!(matches!(visible("plain é 🙂"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_middle_of_a_long_text_is_counted() {
        let text = format!("42[\"{}é\"]", "x".repeat(99_990));
        let shown = elide(&text, 60);
        assert!(shown.chars().count() <= 64, "{shown}");
        assert!(shown.starts_with("42[\"xxx") && shown.ends_with("xé\"]"), "{shown}");
        assert!(shown.contains("…99\u{a0}9"), "{shown}");
        assert_eq!(elide("short", 60), "short");
    }

    #[test]
    fn no_limit_is_too_small_to_elide() {
        for max in 0..30 {
            assert!(elide(&"é".repeat(40), max).contains("bytes"));
        }
    }

    #[test]
    fn ids_and_numbers_make_no_difference() {
        assert!(alike(r#"42["~5c21.13.1~news","hello"]"#, r#"42["~5c21.14.1~news","hello"]"#));
        assert!(alike("nothing for 1.5 s, then \"2\"", "nothing for 0.3 s, then \"2\""));
        assert!(alike("sid uS0z0GFmEJVcZAUwLmLv", "sid ars-7dIelBMxsXTs-sKx"));
        assert!(!alike("status 200 with 2", "status 400 with 2"));
        assert!(!alike("a", "b") && !alike("a", "a ") && !alike("", "a") && alike("", ""));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            ["0", "999", "1 187", "1 000 000"],
            [0, 999, 1187, 1_000_000].map(thousands).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn an_excerpt_keeps_head_tail_and_guilt() {
        let timeline: Vec<_> =
            (0..10).map(|at_ms| Line { at_ms, guilty: at_ms == 4, ..Line::default() }).collect();
        let kept: Vec<_> = excerpt(&timeline, 2, 2).iter().map(|line| line.map(|line| line.at_ms)).collect();
        assert_eq!(kept, [Some(0), Some(1), None, Some(4), None, Some(8), Some(9)]);
    }
}
