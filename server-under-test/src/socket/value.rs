//! Values that may hold binary.

use std::ops::Range;

use bytes::Bytes;
use siospec_codec::{
    json::quote,
    socket::{Args, placeholders},
};

/// JSON text in which placeholders, numbered in the order they are written, stand for attachments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    json: String,
    /// Where the placeholders are, in the order of the attachments.
    placeholders: Vec<Range<usize>>,
    attachments: Vec<Bytes>,
}

impl Value {
    /// The value of a part of a message that came with these attachments.
    #[must_use]
    pub fn cut(json: &str, attachments: &[Bytes]) -> Self {
        let mut composer = Composer::default();
        composer.part(json, attachments);
        composer.finish()
    }

    /// One of the values of a list that came with these attachments, null where there is none.
    #[must_use]
    pub fn nth(list: Args<'_>, index: usize, attachments: &[Bytes]) -> Self {
        let value = list.iter().nth(index);
        value.map_or_else(|| Self::json("null"), |value| Self::cut(value.as_str(), attachments))
    }

    /// A value without binary, from JSON text.
    #[must_use]
    pub fn json(json: impl Into<String>) -> Self {
        Self { json: json.into(), ..Self::default() }
    }

    /// A list of values.
    #[must_use]
    pub fn list<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut composer = Composer::default();
        composer.list(values);
        composer.finish()
    }

    /// Adds a string to the end of a list that is not empty.
    pub fn push_string(&mut self, text: &str) {
        debug_assert!(self.json.ends_with(']') && self.json != "[]", "{}", self.json);
        self.json.pop();
        self.json.push(',');
        quote(text, &mut self.json);
        self.json.push(']');
    }

    /// The JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// What the placeholders stand for.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// The text and the attachments.
    #[must_use]
    pub fn into_parts(self) -> (String, Vec<Bytes>) {
        (self.json, self.attachments)
    }
}

/// Puts a value together, piece by piece.
#[derive(Debug, Default)]
pub struct Composer(Value);

impl Composer {
    /// Room for so many bytes of JSON text.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Value { json: String::with_capacity(bytes), ..Value::default() })
    }

    /// Adds JSON text as it is.
    pub fn raw(&mut self, text: &str) -> &mut Self {
        self.0.json.push_str(text);
        self
    }

    /// Adds a JSON string.
    pub fn string(&mut self, text: &str) -> &mut Self {
        quote(text, &mut self.0.json);
        self
    }

    /// Adds a list of strings.
    pub fn strings(&mut self, texts: impl IntoIterator<Item = impl AsRef<str>>) -> &mut Self {
        self.0.json.push('[');
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                self.0.json.push(',');
            }
            self.string(text.as_ref());
        }
        self.0.json.push(']');
        self
    }

    /// Adds a value; its placeholders are numbered on from those that are there.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        self.within(value, 0..value.json.len())
    }

    /// Adds the elements of a list, without its brackets.
    pub fn elements(&mut self, list: &Value) -> &mut Self {
        debug_assert!(list.json.starts_with('[') && list.json.ends_with(']'), "{}", list.json);
        self.within(list, 1..list.json.len() - 1)
    }

    /// Adds a part of a value, with all that is binary in it.
    fn within(&mut self, value: &Value, part: Range<usize>) -> &mut Self {
        let mut copied = part.start;
        for (range, attachment) in value.placeholders.iter().zip(&value.attachments) {
            self.raw(&value.json[copied..range.start]).attachment(attachment.clone());
            copied = range.end;
        }
        self.raw(&value.json[copied..part.end])
    }

    /// Adds a list of values.
    pub fn list<'a>(&mut self, values: impl IntoIterator<Item = &'a Value>) -> &mut Self {
        self.0.json.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.0.json.push(',');
            }
            self.value(value);
        }
        self.0.json.push(']');
        self
    }

    /// Adds a part of a message that came with these attachments. An attachment that the part does not name is left
    /// out, one that it names twice is sent twice, as in socket.io 4.8.
    pub fn part(&mut self, json: &str, attachments: &[Bytes]) -> &mut Self {
        if attachments.is_empty() {
            return self.raw(json);
        }
        let list = format!("[{json}]");
        let args = Args::new(&list).expect("a message is JSON, and its parts are nested less deeply");
        let mut copied = 1;
        for placeholder in placeholders(args) {
            self.raw(&list[copied..placeholder.range.start]);
            copied = placeholder.range.end;
            match attachments.get(placeholder.num as usize) {
                Some(bytes) => self.attachment(bytes.clone()),
                None => self.raw("null"),
            };
        }
        self.raw(&list[copied..list.len() - 1])
    }

    /// Adds bytes, as a placeholder.
    pub fn attachment(&mut self, bytes: Bytes) -> &mut Self {
        let num = self.0.attachments.len().to_string();
        let start = self.0.json.len();
        self.raw(r#"{"_placeholder":true,"num":"#).raw(&num).raw("}");
        self.0.placeholders.push(start..self.0.json.len());
        self.0.attachments.push(bytes);
        self
    }

    /// The value; the composer is empty again.
    pub fn finish(&mut self) -> Value {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Composer, Value};

    #[test]
    fn placeholders_are_numbered_anew() {
        let blobs = [Bytes::from_static(b"a"), Bytes::from_static(b"b")];
        let second = Value::cut(r#"{"x":{"_placeholder":true,"num":1}}"#, &blobs);
        assert_eq!(second.as_json(), r#"{"x":{"_placeholder":true,"num":0}}"#);
        assert_eq!(second.attachments(), [Bytes::from_static(b"b")]);

        let mut composer = Composer::default();
        composer.value(&second).raw(",").part(r#"{"num":0,"_placeholder":true}"#, &blobs);
        let both = composer.finish();
        assert_eq!(both.as_json(), r#"{"x":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}"#);
        assert_eq!(both.attachments(), [Bytes::from_static(b"b"), Bytes::from_static(b"a")]);
    }

    #[test]
    fn elements_keep_what_is_binary() {
        let blobs = [Bytes::from_static(b"a")];
        let list = Value::cut(r#"["e",{"_placeholder":true,"num":0}]"#, &blobs);
        let mut composer = Composer::default();
        let longer = composer.raw("[").attachment(Bytes::new()).raw(",").elements(&list).raw("]").finish();
        let expected = r#"[{"_placeholder":true,"num":0},"e",{"_placeholder":true,"num":1}]"#;
        assert_eq!(longer.as_json(), expected);
        assert_eq!(longer.attachments(), [Bytes::new(), Bytes::from_static(b"a")]);
    }

    #[test]
    fn what_looks_like_a_placeholder_in_text_stays() {
        let json = r#"[{"_placeholder":true,"num":0}]"#;
        assert_eq!(Value::cut(json, &[]).as_json(), json);
    }
}
