//! What servers print when something went wrong that nobody expected.

/// A stack trace, a panic, an error that nobody handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The line that says it.
    pub(super) line: String,
    /// The error and where it came from, without what differs from run to run.
    pub(super) signature: String,
}

/// The first trouble in what was printed that nobody expected. An error that was caught and told of is none.
pub(super) fn trouble(lines: &[String]) -> Option<Trouble> {
    let start = lines.iter().position(|line| begins(line))?;
    Some(told(&lines[start..]))
}

/// The last thing that was told before the end: an error and its stack, if there is one.
pub(super) fn last_words(lines: &[String]) -> Option<Trouble> {
    let start = lines
        .iter()
        .position(|line| begins(line))
        .or_else(|| lines.iter().rposition(|line| is_error(line)))?;
    Some(told(&lines[start..]))
}

fn told(lines: &[String]) -> Trouble {
    let (error, frame) = if lines[0].contains("Traceback (most recent call last)") {
        // Python names the innermost place last, and the error after it.
        let block: Vec<&String> =
            lines.iter().skip(1).take_while(|line| line.starts_with(' ') || line.contains('^')).collect();
        let frame = block.iter().rev().find(|line| line.trim_start().starts_with("File "));
        (lines.get(block.len() + 1), frame.copied())
    } else {
        let error = lines.iter().find(|line| is_error(line)).or(lines.first());
        (error, lines.iter().find(|line| line.trim_start().starts_with("at ")))
    };
    let error = error.map_or("", |line| line.trim());
    let frame = frame.map_or("", |line| line.trim());
    let line = if error.is_empty() { lines[0].clone() } else { error.to_owned() };
    Trouble { signature: format!("{} {}", normal(error), normal(&place(frame))).trim().to_owned(), line }
}

fn begins(line: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "Traceback (most recent call last)",
        "panicked at",
        "Unhandled",
        "UnhandledPromiseRejection",
        "uncaughtException",
        "Uncaught",
        "FATAL ERROR",
        "throw er;",
    ];
    SIGNS.iter().any(|sign| line.contains(sign)) || is_stack_overflow(line)
}

fn is_stack_overflow(line: &str) -> bool {
    line.contains("has overflowed its stack") || line.contains("Maximum call stack")
}

fn is_error(line: &str) -> bool {
    let word = line.split([':', ' ']).next().unwrap_or_default();
    !line.starts_with(' ') && (word.ends_with("Error") || word.ends_with("Exception"))
        || line.contains("panicked at")
        || line.contains("FATAL ERROR")
        || is_stack_overflow(line)
}

/// The function and the file of a line of a stack, without the folders and the numbers.
fn place(frame: &str) -> String {
    frame
        .split(['(', ')', '"', ' ', ','])
        .map(|word| word.rsplit(['/', '\\']).next().unwrap_or_default())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Numbers differ from run to run, and so do values in parentheses.
fn normal(text: &str) -> String {
    let mut normal = String::new();
    let end = text.find(" (<").or(text.find(" ({")).or(text.find(" ('")).unwrap_or(text.len());
    for char in text.get(..end).unwrap_or(text).chars().take(160) {
        match char {
            '0'..='9' if normal.ends_with('N') => {}
            '0'..='9' => normal.push('N'),
            char => normal.push(char),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Trouble> {
        trouble(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn errors_that_nobody_handled_are_named() {
        let node = "node:events:497\n      throw er; // Unhandled 'error' event\n      ^\n\nError: read ECONNRESET\n    \
                    at TCP.onStreamRead (node:internal/stream_base_commons:216:20)\n";
        let trouble = of(node).unwrap();
        assert_eq!(trouble.line, "Error: read ECONNRESET");
        assert_eq!(trouble.signature, "Error: read ECONNRESET at TCP.onStreamRead stream_base_commons:N:N");
        let python = "Traceback (most recent call last):\n  File \"/a/b/socket.py\", line 12, in receive\n    x()\n  File \
                      \"/a/b/base.py\", line 3, in x\n    y\nKeyError: 'x'\n";
        let trouble = of(python).unwrap();
        assert_eq!(trouble.signature, "KeyError: 'x' File base.py line N in x");
        let rust = "thread 'tokio-runtime-worker' panicked at src/packet.rs:449:14:\nindex out of bounds\n";
        assert!(of(rust).unwrap().signature.contains("panicked at src/packet.rs"));
    }

    #[test]
    fn what_servers_say_every_day_is_no_trouble() {
        assert_eq!(of("listening on 3000\nINFO: 127.0.0.1 - \"GET / HTTP/1.1\" 400 Bad Request\n"), None);
        assert_eq!(of(""), None);
        let caught = "Missing error handler on `socket`.\nError: bad\n    at Decoder.add (/a/index.js:1:2)\n";
        assert_eq!(of(caught), None);
        let lines: Vec<String> = caught.lines().map(str::to_owned).collect();
        assert_eq!(last_words(&lines).unwrap().signature, "Error: bad at Decoder.add index.js:N:N");
    }
}
