//! Text changed without knowing what it is.

use fastrand::Rng;

/// The text with a few characters changed.
pub(super) fn mutated(rng: &mut Rng, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = rng.usize(..=chars.len());
    match rng.u8(..8) {
        0 | 1 => chars.truncate(at),
        2 if at < chars.len() => chars[at] = odd(rng),
        3 if at < chars.len() => drop(chars.remove(at)),
        4 => drop(chars.drain(..at)),
        5 => {
            let piece: Vec<char> = chars.get(at..).unwrap_or_default().iter().take(8).copied().collect();
            for char in piece.into_iter().rev() {
                chars.insert(at, char);
            }
        }
        6 if at < chars.len() => {
            let to = rng.usize(..chars.len());
            chars.swap(at, to);
        }
        _ => chars.insert(at, odd(rng)),
    }
    chars.into_iter().collect()
}

fn odd(rng: &mut Rng) -> char {
    const ODD: [char; 24] = [
        '\u{1e}',
        '\0',
        '-',
        ',',
        '/',
        '"',
        '[',
        ']',
        '{',
        '}',
        ':',
        '0',
        '5',
        '9',
        'b',
        '\\',
        '%',
        '&',
        '=',
        '\u{e9}',
        '\u{20ac}',
        '\u{1f600}',
        '\n',
        ' ',
    ];
    if rng.u8(..4) == 0 { char::from(rng.u8(..128)) } else { ODD[rng.usize(..ODD.len())] }
}
