//! One Socket.IO packet from any text.

use crate::assert_inside;
use siospec_codec::socket::{Body, Owned, Packet, placeholders};
use siospec_codec::{Encode, Profile};

/// Decoding ends in a packet or in an error inside the input; slices lie inside the input; what is decoded and
/// encoded stays as it is; the reference profile takes all that the strict one takes, and an owned packet is the
/// borrowed one. (The naive twin, which is slow, has a [target of its own](crate::naive_twin).)
pub fn holds(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let decoded = Packet::decode(text);
    let reference = Packet::decode_as(text, &Profile::reference());
    match decoded {
        Ok(packet) => {
            assert_eq!(reference, Ok(packet));
            slices_lie_inside(text, &packet);
            stays(&packet);
            let owned = Owned::decode(text).expect("what is a packet borrowed is one owned");
            assert_eq!((*owned.text(), owned.packet()), (text, packet));
        }
        Err(error) => assert!(error.offset <= text.len()),
    }
    if let Err(error) = reference {
        assert!(error.offset <= text.len());
    }
}

fn slices_lie_inside(text: &str, packet: &Packet<'_>) {
    if !packet.namespace.is_root() {
        assert_inside(text, packet.namespace.as_str());
    }
    match packet.body {
        Body::Connect(Some(payload)) | Body::ConnectError(payload) => assert_inside(text, payload.as_str()),
        Body::Event { args, attachments, .. } | Body::Ack { args, attachments, .. } => {
            assert_inside(text, args.as_str());
            assert_eq!(args.len(), args.iter().count());
            for placeholder in placeholders(args).take_while(|_| attachments.is_some()) {
                assert!(Some(placeholder.num) < attachments);
                let object = args.as_str().get(placeholder.range).expect("a range of the arguments");
                assert!(object.starts_with('{') && object.ends_with('}'));
            }
        }
        Body::Connect(None) | Body::Disconnect => {}
    }
}

fn stays(packet: &Packet<'_>) {
    let encoded = packet.to_text();
    assert_eq!(encoded.len(), packet.encoded_len());
    assert_eq!(Packet::decode(&encoded), Ok(*packet));
}
