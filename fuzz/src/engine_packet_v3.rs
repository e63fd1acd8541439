//! One packet of Engine.IO version 3 from any text or bytes.

use crate::assert_inside;
use siospec_codec::engine::{Data, Packet, v3};
use siospec_codec::{Encode, Profile};

/// As for version 4: a packet or an error inside the input, slices of the input, and what is decoded and encoded
/// stays as it is. (The naive twin is compared in [whole payloads](crate::payload_v3).)
pub fn holds(data: &[u8]) {
    match v3::decode_binary(data) {
        Ok(packet) => {
            assert_eq!(packet, Packet::binary(&data[1..]));
            assert_eq!(data[0], 4);
        }
        Err(error) => assert!(error.offset <= data.len() && data.first() != Some(&4)),
    }
    let Ok(text) = core::str::from_utf8(data) else { return };
    let decoded = v3::decode(text);
    let lenient = v3::decode_as(text, &Profile::reference());
    match decoded {
        Ok(packet) => {
            assert!(lenient.is_ok());
            stays(text, &packet);
        }
        Err(error) => assert!(error.offset <= text.len()),
    }
    if let Err(error) = lenient {
        assert!(error.offset <= text.len());
    }
}

fn stays(text: &str, packet: &Packet<'_>) {
    let written = v3::Text(*packet);
    let encoded = written.to_text();
    assert_eq!(encoded.len(), written.encoded_len());
    assert_eq!(v3::decode(&encoded), Ok(*packet));
    match *packet {
        Packet::Open(data) | Packet::Ping(data) | Packet::Pong(data) | Packet::Message(Data::Text(data)) => {
            assert_inside(text, data);
        }
        Packet::Message(Data::Base64(base64)) => {
            assert_inside(text, base64.as_str());
            let bytes = base64.to_vec();
            assert_eq!(v3::Text(Packet::binary(&bytes)).to_text(), text);
        }
        _ => {}
    }
}
