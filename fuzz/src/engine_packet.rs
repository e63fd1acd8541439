//! One Engine.IO packet from any text.

use crate::assert_inside;
use siospec_codec::engine::{Data, Packet};
use siospec_codec::{Encode, Profile};

/// Decoding ends in a packet or in an error inside the input; slices lie inside the input; what is decoded and
/// encoded stays as it is; a lenient profile takes all that a strict one takes. (The naive twin is compared in
/// [whole payloads](crate::payload).)
pub fn holds(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let decoded = Packet::decode(text);
    let lenient = Packet::decode_as(text, &Profile::reference());
    match decoded {
        Ok(packet) => {
            assert!(lenient.is_ok());
            stays(text, &packet);
        }
        Err(error) => assert!(error.offset <= text.len()),
    }
    match lenient {
        Ok(Packet::Message(Data::Base64(base64))) => assert_eq!(base64.to_vec().len(), base64.decoded_len()),
        Ok(_) => {}
        Err(error) => assert!(error.offset <= text.len()),
    }
}

fn stays(text: &str, packet: &Packet<'_>) {
    match *packet {
        Packet::Open(data) | Packet::Ping(data) | Packet::Pong(data) | Packet::Message(Data::Text(data)) => {
            assert_inside(text, data);
            assert_eq!(packet.to_text(), text);
        }
        Packet::Message(Data::Base64(base64)) => {
            assert_inside(text, base64.as_str());
            let bytes = base64.to_vec();
            assert_eq!(Packet::binary(&bytes).to_text(), text);
        }
        _ => {}
    }
    let encoded = packet.to_text();
    assert_eq!(encoded.len(), packet.encoded_len());
    assert_eq!(Packet::decode(&encoded), Ok(*packet));
}
