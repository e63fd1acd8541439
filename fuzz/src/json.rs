//! The JSON scanner, held against serde_json.

use crate::{assert_inside, naive};
use serde_json::value::RawValue;
use siospec_codec::ErrorKind;
use siospec_codec::json::{Json, JsonStr, Kind, quote};

/// The verdict is serde_json's, so are the boundaries of elements and the meaning of strings; the depth
/// limit counts what the naive twin counts; a quoted text means itself.
pub fn holds(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let scanned = Json::parse_with(text, usize::MAX);
    let expected = serde_json::from_str::<serde::de::IgnoredAny>(text);
    assert_eq!(scanned.is_ok(), expected.is_ok(), "{scanned:?} against {expected:?}");
    match scanned {
        Ok(json) => {
            assert_inside(text, json.as_str());
            agrees(json);
            depth_counts(text);
        }
        Err(error) => assert!(error.offset <= text.len()),
    }
    quotes(text);
}

fn agrees(json: Json<'_>) {
    if let Some(elements) = json.elements() {
        let ours: Vec<&str> = elements.map(Json::as_str).collect();
        let theirs: Vec<&RawValue> = serde_json::from_str(json.as_str()).expect("an array");
        assert_eq!(ours, theirs.into_iter().map(RawValue::get).collect::<Vec<_>>());
    }
    if let Some(members) = json.members() {
        let ours: Vec<&str> = members.map(|(_, value)| value.as_str()).collect();
        // serde_json refuses half a surrogate pair in a name, even in one that it skips.
        if let Ok(theirs) = serde_json::from_str::<naive::json::Members<'_>>(json.as_str()) {
            assert_eq!(ours, theirs.0);
        }
    }
    // serde_json refuses half a surrogate pair; where it does not, the meanings are the same.
    if let (Some(ours), Ok(theirs)) = (json.as_json_str(), serde_json::from_str::<String>(json.as_str())) {
        assert_eq!(ours.unescape(), theirs);
        assert_eq!(ours, *theirs);
    }
    if json.kind() == Kind::Number {
        assert!(json.as_f64().is_some());
        if let Ok(number) = serde_json::from_str::<u64>(json.as_str()) {
            assert_eq!(json.as_u64(), Some(number));
        }
    }
}

fn depth_counts(text: &str) {
    let depth = naive::json::depth(text);
    assert!(Json::parse_with(text, depth).is_ok());
    if depth > 0 {
        let error = Json::parse_with(text, depth - 1).expect_err("one level too many");
        assert_eq!(error.kind, ErrorKind::TooDeep);
    }
}

fn quotes(text: &str) {
    let mut quoted = String::new();
    quote(text, &mut quoted);
    assert_eq!(quoted, serde_json::to_string(text).expect("a string can be written"));
    let back = Json::parse(&quoted).expect("what is quoted is JSON").as_json_str().map(JsonStr::unescape);
    assert_eq!(back.as_deref(), Some(text));
}
