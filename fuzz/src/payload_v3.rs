//! Polling bodies of Engine.IO version 3, as text and as bytes.

use crate::naive;
use arbitrary::{Arbitrary, Unstructured};
use siospec_codec::engine::v3;
use siospec_codec::testing::EnginePacket;
use siospec_codec::{ErrorKind, Limits};

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

    stops_at_the_limit(data);
    if let Ok(models) = Vec::<EnginePacket>::arbitrary(&mut Unstructured::new(data)) {
        survive(&models);
    }
}

/// One packet more than allowed is an error, in both kinds of body, wherever it stands.
fn stops_at_the_limit(data: &[u8]) {
    let limits = Limits { max_packets: 2, ..Limits::DEFAULT };
    let mut good = v3::binary_packets(data).flatten().count();
    let mut limited: Vec<_> = v3::binary_packets(data).with_limits(&limits).collect();
    assert_eq!(limited.iter().flatten().count(), good.min(2));
    let Ok(body) = core::str::from_utf8(data) else { return };
    if body.contains("0:") {
        // Packets of length 0, which are none, count all the same.
        return;
    }
    good = v3::packets(body).flatten().count();
    limited = v3::packets(body).with_limits(&limits).collect();
    assert_eq!(limited.iter().flatten().count(), good.min(2));
    if good > 2 {
        let last = limited.last().and_then(|last| last.err()).map(|error| error.kind);
        assert_eq!(last, Some(ErrorKind::TooManyPackets));
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
    // Base64 that came as text goes out as bytes.
    let relayed: Vec<_> = v3::packets(&text).flatten().collect();
    let mut again = Vec::new();
    v3::encode_binary_payload(&relayed, &mut again);
    assert_eq!(again, bytes);
}
