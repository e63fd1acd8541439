//! A place in a line.

use super::{super::model::Status, ParseError};

/// A line and how much of it has been read.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    line: &'a str,
    number: usize,
    /// Bytes read; always between characters.
    read: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a str, number: usize) -> Self {
        Self { line, number, read: 0 }
    }

    /// An error at this place.
    pub(super) fn wrong(&self, why: &str) -> ParseError {
        let column = self.line.get(..self.read).map_or(0, |read| read.chars().count()) + 1;
        ParseError { line: self.number, column, why: why.to_owned() }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a str {
        self.line.get(self.read..).unwrap_or_default()
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    /// Demands that nothing but blanks is left.
    ///
    /// # Errors
    /// There is more.
    pub(super) fn end(&mut self) -> Result<(), ParseError> {
        self.skip_blanks();
        if self.is_done() { Ok(()) } else { Err(self.wrong("nothing more is due on this line")) }
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(|char| char == ' ' || char == '\t');
    }

    pub(super) fn next_char(&mut self) -> Option<char> {
        let char = self.rest().chars().next()?;
        self.read += char.len_utf8();
        Some(char)
    }

    pub(super) fn take_rest(&mut self) -> &'a str {
        let rest = self.rest();
        self.read = self.line.len();
        rest
    }

    /// Reads these characters, if they come next.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.read += word.len();
        }
        found
    }

    /// Reads this word, if it comes next and ends there.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self
            .rest()
            .strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|char: char| char.is_ascii_alphanumeric()));
        found && self.take(word)
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|char| !wanted(char)).unwrap_or(rest.len());
        self.read += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Whether text comes next: between quotes, or as it is.
    pub(super) fn begins_text(&self) -> bool {
        self.rest().starts_with(|char: char| char.is_ascii_digit() || char == '{' || char == '"')
    }

    /// Text between quotes, or as it is up to the end of the line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn text(&mut self) -> Result<String, ParseError> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        if self.begins_text() {
            return Ok(self.take_rest().to_owned());
        }
        Err(self.wrong("text stands between quotes, unless it begins with a digit or {"))
    }

    /// Text between quotes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn quoted(&mut self) -> Result<String, ParseError> {
        let opening = self.clone();
        if !self.take("\"") {
            return Err(self.wrong("text between quotes is due here"));
        }
        let mut text = String::new();
        loop {
            let before = self.clone();
            match self.next_char() {
                None => return Err(opening.wrong("the quote is not closed on this line")),
                Some('"') => return Ok(text),
                Some('\\') => {
                    let escape = match self.next_char() {
                        Some('n') => Some('\n'),
                        Some('r') => Some('\r'),
                        Some('t') => Some('\t'),
                        Some(char @ ('"' | '\\')) => Some(char),
                        Some('u') => self.code_point(),
                        _ => None,
                    };
                    let why = "an escape is one of \\\" \\\\ \\n \\r \\t \\uXXXX";
                    text.push(escape.ok_or_else(|| before.wrong(why))?);
                }
                Some(char) => text.push(char),
            }
        }
    }

    /// What stands behind `\u`, a second `\u` included where the first is half of a pair.
    fn code_point(&mut self) -> Option<char> {
        let high = self.unit()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high);
        }
        let low = self.take("\\u").then(|| self.unit()).flatten()?;
        let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)
    }

    fn unit(&mut self) -> Option<u32> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.read += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// A status code: three digits, or one and `xx`.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn status(&mut self) -> Result<Status, ParseError> {
        let before = self.clone();
        let word = self.take_while(|char| char.is_ascii_alphanumeric());
        let status = match (word.len(), word.strip_suffix("xx")) {
            (3, Some(digit)) => digit.parse().ok().map(Status::Class),
            (3, None) => word.parse().ok().map(Status::Code),
            _ => None,
        };
        status.ok_or_else(|| before.wrong("a status is three digits, or one and xx"))
    }
}
