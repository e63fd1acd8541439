//! One Socket.IO packet from any text.

use crate::{assert_inside, naive};
use siospec_codec::socket::{Body, Owned, Packet, placeholders};
use siospec_codec::{Encode, Profile};

/// Decoding ends in a packet or in an error inside the input; it agrees with the naive twin; slices lie
/// inside the input; what is decoded and encoded stays as it is; the reference profile takes all that the
/// strict one takes, and an owned packet is the borrowed one.
pub fn holds(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let decoded = Packet::decode(text);
    let reference = Packet::decode_as(text, &Profile::reference());
    if let Some(expected) = naive::socket::packet(text) {
        assert_eq!(decoded.ok().map(|packet| naive::socket::Parts::of(&packet)), expected, "{decoded:?}");
    }
    match decoded {
        Ok(packet) => {
            assert_eq!(reference, Ok(packet));
            slices_lie_inside(text, &packet);
            stays(&packet);
            assert_eq!(Owned::decode(text).map(|owned| owned.text().len()), Ok(text.len()));
            assert_eq!(Owned::decode(text).as_ref().map(Owned::packet), Ok(packet));
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
