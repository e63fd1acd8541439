//! Polling bodies of Engine.IO version 3, as text and as bytes.

use crate::naive;
use arbitrary::{Arbitrary, Unstructured};
use siospec_codec::engine::v3;
use siospec_codec::testing::EnginePacket;

/// The packets are those of the naive twin, whatever the body; the iterators end; packets survive both
/// kinds of body.
pub fn holds(data: &[u8]) {
    if let Ok(body) = core::str::from_utf8(data) {
        let results: Vec<_> = v3::packets(body).take(body.len() + 2).collect();
        assert!(results.len() <= body.len() + 1);
        let models: Vec<_> =
            results.iter().map(|result| result.ok().map(|packet| EnginePacket::of(&packet))).collect();
        assert_eq!(models, naive::engine_v3::payload(body));
        assert!(results.iter().flat_map(|result| result.err()).all(|error| error.offset <= body.len()));
    }
    let results: Vec<_> = v3::binary_packets(data).take(data.len() + 2).collect();
    assert!(results.len() <= data.len() + 1);
    let models: Vec<_> =
        results.iter().map(|result| result.ok().map(|packet| EnginePacket::of(&packet))).collect();
    assert_eq!(models, naive::engine_v3::binary_payload(data));
    assert!(results.iter().flat_map(|result| result.err()).all(|error| error.offset <= data.len()));

    if let Ok(models) = Vec::<EnginePacket>::arbitrary(&mut Unstructured::new(data)) {
        survive(&models);
    }
}

fn survive(models: &[EnginePacket]) {
    let packets: Vec<_> = models.iter().map(EnginePacket::borrow).collect();
    let mut text = String::new();
    v3::encode_payload(&packets, &mut text);
    let received: Vec<_> =
        v3::packets(&text).map(|packet| EnginePacket::of(&packet.expect("a packet"))).collect();
    assert_eq!(received, models);
    let mut bytes = Vec::new();
    v3::encode_binary_payload(&packets, &mut bytes);
    let received: Vec<_> =
        v3::binary_packets(&bytes).flatten().map(|packet| EnginePacket::of(&packet)).collect();
    assert_eq!(received, models);
}
