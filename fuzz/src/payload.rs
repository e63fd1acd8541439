//! A polling body from any text.

use crate::naive;
use siospec_codec::engine::{Packet, packets, payload};
use siospec_codec::testing::EnginePacket;
use siospec_codec::{ErrorKind, Limits};

/// The packets are those of the naive twin; the iterator ends within length + 1 steps and stays ended; the
/// packets joined again make the body they came from; the limit counts.
pub fn holds(data: &[u8]) {
    let Ok(body) = core::str::from_utf8(data) else { return };
    let results: Vec<_> = packets(body).take(body.len() + 2).collect();
    assert!(results.len() <= body.len() + 1);
    let models: Vec<_> = results.iter().map(|result| result.as_ref().ok().map(EnginePacket::of)).collect();
    assert_eq!(models, naive::engine::payload(body));
    if let Some(Err(error)) = results.last() {
        assert!(error.offset <= body.len());
    }
    let good: Vec<Packet<'_>> = results.iter().filter_map(|result| result.ok()).collect();
    joins(&good);
    stops_at_the_limit(body, good.len());
}

/// Packets survive being joined and cut again.
fn joins(good: &[Packet<'_>]) {
    let mut text = String::new();
    payload::encode(good, &mut text);
    assert_eq!(text.len(), payload::encoded_len(good));
    if !good.is_empty() {
        assert_eq!(packets(&text).collect::<Result<Vec<_>, _>>().as_deref(), Ok(good));
    }
}

fn stops_at_the_limit(body: &str, good: usize) {
    let limits = Limits { max_packets: good.saturating_sub(1), ..Limits::DEFAULT };
    let limited: Vec<_> = packets(body).with_limits(&limits).collect();
    if good > 0 {
        assert_eq!(limited.len(), good);
        assert_eq!(
            limited.last().and_then(|last| last.err()).map(|error| error.kind),
            Some(ErrorKind::TooManyPackets)
        );
    }
}
