//! Base64 in both directions.

use crate::naive;
use siospec_codec::engine::{Base64, Packet, base64};
use siospec_codec::{Encode, Profile};

/// Any bytes survive the way out and back, and any text gets the naive twin's verdict and bytes.
pub fn holds(data: &[u8]) {
    let packet = Packet::binary(data).to_text();
    let encoded = packet.strip_prefix('b').expect("binary packets begin with b");
    assert_eq!(encoded.len(), base64::encoded_len(data.len()));
    assert_eq!(Base64::parse(encoded).map(Base64::to_vec).as_deref(), Ok(data));

    let Ok(text) = core::str::from_utf8(data) else { return };
    let strict = Base64::parse(text);
    assert_eq!(strict.ok().map(Base64::to_vec), naive::base64::decode(text));
    if let Err(error) = strict {
        assert!(error.offset <= text.len());
    }
    let forgiving = Base64::parse_as(text, &Profile::reference()).expect("no text is refused");
    assert_eq!(forgiving.to_vec(), naive::base64::decode_forgiving(text));
    assert_eq!(forgiving.to_vec().len(), forgiving.decoded_len());
}
