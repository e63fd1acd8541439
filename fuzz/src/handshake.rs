//! The JSON of a handshake, in Engine.IO version 4 and 3.

use siospec_codec::Encode;
use siospec_codec::engine::{Handshake, v3};

/// The handshakes of both versions differ in one field, and stay as they are; an error lies inside the input.
pub fn holds(data: &[u8]) {
    let Ok(json) = core::str::from_utf8(data) else { return };
    let three = v3::decode_handshake(json);
    match Handshake::decode(json) {
        Ok(four) => {
            let without = Handshake { max_payload_bytes: u64::MAX, ..four.clone() };
            assert_eq!(three.as_ref(), Ok(&without));
            assert_eq!(Handshake::decode(&four.to_text()), Ok(four.clone()));
        }
        Err(error) => assert!(error.offset <= json.len()),
    }
    match three {
        Ok(three) => {
            let mut text = String::new();
            v3::encode_handshake(&three, &mut text);
            assert_eq!(v3::decode_handshake(&text), Ok(three));
        }
        Err(error) => assert!(error.offset <= json.len()),
    }
}
