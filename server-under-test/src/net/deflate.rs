//! Compressed websocket messages: permessage-deflate (RFC 7692), without context takeover.
//!
//! Each message is compressed for itself. That costs some of the gain, and saves the memory of two windows for every
//! connection.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// What is agreed on (section 7.1.1).
pub(super) const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
/// Every message ends with these bytes, which are not sent (section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
const LEAST_ROOM_BYTES: usize = 256;
/// Text rarely becomes smaller than that.
const USUAL_RATIO: usize = 4;

thread_local! {
    static PACKER: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    static UNPACKER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Whether one of the offers in Sec-WebSocket-Extensions can be agreed to (section 5.1).
pub(super) fn is_offered(extensions: &str) -> bool {
    extensions.split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        // Windows are as large as they can be, so that a client that has no room for them is told nothing.
        let fits = |parameter: &str| {
            let name = parameter.split('=').next().unwrap_or_default().trim();
            ["server_no_context_takeover", "client_no_context_takeover", "client_max_window_bits"]
                .contains(&name)
        };
        parts.next() == Some("permessage-deflate") && parts.all(fits)
    })
}

/// The payload of a compressed message.
pub(super) fn pack(payload: &[u8]) -> Vec<u8> {
    PACKER.with_borrow_mut(|packer| {
        packer.reset();
        let (mut rest, mut packed) = (payload, Vec::new());
        loop {
            packed.reserve(rest.len() / 2 + LEAST_ROOM_BYTES);
            let before = packer.total_in();
            packer
                .compress_vec(rest, &mut packed, FlushCompress::Sync)
                .expect("every byte can be compressed");
            rest = rest.get(advance(before, packer.total_in())..).unwrap_or_default();
            // With room to spare, there was nothing more to write.
            if rest.is_empty() && packed.len() < packed.capacity() {
                break;
            }
        }
        if packed.ends_with(&TAIL) {
            packed.truncate(packed.len() - TAIL.len());
        }
        packed
    })
}

/// The message in a compressed payload.
///
/// # Errors
///
/// It is larger than the limit, or not compressed at all.
pub(super) fn unpack(payload: &[u8], max_bytes: usize) -> Result<Vec<u8>, CloseCode> {
    UNPACKER.with_borrow_mut(|unpacker| {
        unpacker.reset(false);
        let mut message = Vec::new();
        for mut rest in [payload, &TAIL[..]] {
            loop {
                let room = (rest.len() * USUAL_RATIO + LEAST_ROOM_BYTES).min(max_bytes - message.len() + 1);
                message.reserve(room);
                let before = unpacker.total_in();
                let status = unpacker
                    .decompress_vec(rest, &mut message, FlushDecompress::Sync)
                    .map_err(|_| CloseCode::Invalid)?;
                if message.len() > max_bytes {
                    return Err(CloseCode::Size);
                }
                let used = advance(before, unpacker.total_in());
                rest = rest.get(used..).unwrap_or_default();
                let is_over = rest.is_empty() && message.len() < message.capacity();
                match status {
                    Status::StreamEnd => return Ok(message),
                    _ if is_over => break,
                    Status::BufError if used == 0 && message.len() < message.capacity() => {
                        return Err(CloseCode::Invalid);
                    }
                    _ => {}
                }
            }
        }
        Ok(message)
    })
}

fn advance(before: u64, after: u64) -> usize {
    usize::try_from(after - before).expect("no more is read than there is in memory")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CloseCode, is_offered, pack, unpack};

    #[test]
    fn offers_are_understood() {
        for (header, offered) in [
            ("permessage-deflate", true),
            ("permessage-deflate; client_max_window_bits", true),
            ("permessage-deflate; server_no_context_takeover; client_max_window_bits=10", true),
            ("permessage-deflate; server_max_window_bits=10", false),
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate", true),
            ("permessage-bzip2", false),
            ("permessage-deflate; unheard_of", false),
            ("", false),
        ] {
            assert_eq!(is_offered(header), offered, "{header}");
        }
    }

    #[test]
    fn a_small_message_may_be_large_inside() {
        let packed = pack(&vec![b'x'; 1_000_000]);
        assert!(packed.len() < 10_000);
        assert_eq!(unpack(&packed, 1_000_000).map(|it| it.len()), Ok(1_000_000));
        assert_eq!(unpack(&packed, 999_999), Err(CloseCode::Size));
        assert_eq!(unpack(&packed, 0), Err(CloseCode::Size));
    }

    #[test]
    fn the_example_of_the_text_is_understood() {
        // RFC 7692, section 7.2.3.1.
        assert_eq!(unpack(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 5).unwrap(), b"Hello");
        assert_eq!(unpack(&[], 5).unwrap(), b"");
        assert_eq!(unpack(&[0xff; 8], 5), Err(CloseCode::Invalid));
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(pieces in prop::collection::vec("[a-z]{0,8}|.{0,40}", 0..200)) {
            let message = pieces.concat();
            prop_assert_eq!(unpack(&pack(message.as_bytes()), message.len()).unwrap(), message.into_bytes());
        }

        #[test]
        fn no_bytes_make_it_panic_or_grow(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(message) = unpack(&bytes, 1000) {
                prop_assert!(message.len() <= 1000);
            }
        }
    }
}
